/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recording why a call fails. */
#ifndef DX_BASE_FAIL_H
#define DX_BASE_FAIL_H

#include "dmabufx/error.h"

/*
 * Records the reason in the thread and returns @err, a negative errno, so that
 * a check is one statement: return dx_fail(-EINVAL, ...).
 */
int dx_fail(int err, enum dmabufx_reason reason, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), cold));

/* A failure on the way of a call that succeeds leaves the last error as it was. */
void dx_fail_restore(const struct dmabufx_error *error);

/* For the failures every call can have. */
int dx_fail_null(const char *what) __attribute__((cold));
int dx_fail_memory(void) __attribute__((cold));
int dx_fail_flags(const char *what, uint32_t flags, uint32_t known) __attribute__((cold));

/* A system call failed: @what names the call and its object. */
int dx_fail_sys(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3), cold));

#endif

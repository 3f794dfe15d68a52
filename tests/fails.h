/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests of the library on a scripted kernel, and on interfaces. */
#ifndef TESTS_FAILS_H
#define TESTS_FAILS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dmabufx/error.h"

/*
 * The call answered -@err, and the last error says so with its reason and a
 * sentence in which each of the words stands.
 */
void check_fails(int ret, int err, enum dmabufx_reason reason, const char *const words[],
		 const char *call, const char *file, int line);

#endif

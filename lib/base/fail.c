// SPDX-License-Identifier: LGPL-2.1-or-later
/* Recording why a call fails. */
#include "base/fail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

/* Per thread, so that two threads in one ctx don't overwrite each other's reason. */
static __thread struct dmabufx_error last_error = { .text = "no call has failed in this thread" };

const struct dmabufx_error *dmabufx_last_error(void)
{
	return &last_error;
}

static void record(int err, enum dmabufx_reason reason, const char *fmt, va_list ap)
{
	last_error.err = err;
	last_error.reason = reason;
	vsnprintf(last_error.text, sizeof(last_error.text), fmt, ap);
}

int dx_fail(int err, enum dmabufx_reason reason, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	record(err, reason, fmt, ap);
	va_end(ap);
	return err;
}

void dx_fail_restore(const struct dmabufx_error *error)
{
	last_error = *error;
}

int dx_fail_null(const char *what)
{
	return dx_fail(-EINVAL, DMABUFX_REASON_NULL_ARGUMENT, "%s is NULL", what);
}

int dx_fail_memory(void)
{
	return dx_fail(-ENOMEM, DMABUFX_REASON_NO_MEMORY, "out of memory");
}

int dx_fail_flags(const char *what, uint32_t flags, uint32_t known)
{
	return dx_fail(-EINVAL, DMABUFX_REASON_BAD_FLAGS,
		       "%s: flags 0x%x hold 0x%x, which this library doesn't know; known are 0x%x",
		       what, flags, flags & ~known, known);
}

static enum dmabufx_reason reason_of(int err)
{
	switch (-err) {
	case ENOMEM:
		return DMABUFX_REASON_NO_MEMORY;
	case EPERM:
	case EACCES:
		return DMABUFX_REASON_PERMISSION;
	default:
		return DMABUFX_REASON_SYSTEM;
	}
}

static const char *mend_of(int err)
{
	switch (-err) {
	case EPERM:
	case EACCES:
		return "run as root or give this user access to it";
	case EMFILE:
		return "raise RLIMIT_NOFILE or close descriptors";
	case ENFILE:
		return "the machine is out of files: raise fs.file-max";
	case ENOMEM:
		return "free memory, or raise RLIMIT_MEMLOCK if memory is to be pinned";
	default:
		return "see the kernel log";
	}
}

int dx_fail_sys(int err, const char *fmt, ...)
{
	char what[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return dx_fail(err, reason_of(err), "%s: %s; %s", what, dmabufx_strerror(err),
		       mend_of(err));
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Option structs that grow: copied in by the size the caller knows. */
#include "base/opts.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/fail.h"

/* No option struct comes near it: a larger size is an uninitialised member. */
#define SIZE_SANE 4096

static int unknown(const void *opts, const char *what, size_t size, size_t known)
{
	const uint8_t *bytes = opts;

	if (size > SIZE_SANE)
		return dx_fail(-EINVAL, DMABUFX_REASON_OPTS_SIZE,
			       "struct %s: its size member says %zu bytes; declare it with DMABUFX_OPTS()",
			       what, size);
	for (size_t i = known; i < size; i++) {
		if (bytes[i])
			return dx_fail(-E2BIG, DMABUFX_REASON_OPTS_UNKNOWN,
				       "struct %s: a member at byte %zu is set, this library knows %zu bytes of it; leave newer members 0 or use a newer library",
				       what, i, known);
	}
	return 0;
}

int dx_opts_take_slow(const void *opts, const char *what, void *ret, size_t known)
{
	size_t size;

	memcpy(&size, opts, sizeof(size));
	if (size < sizeof(size))
		return dx_fail(-EINVAL, DMABUFX_REASON_OPTS_SIZE,
			       "struct %s: its size member is %zu; declare it with DMABUFX_OPTS()",
			       what, size);
	if (size > known) {
		int err = unknown(opts, what, size, known);

		if (err)
			return err;
		size = known;
	}
	memset(ret, 0, known);
	memcpy(ret, opts, size);
	return 0;
}

int dx_out_check(const void *out, const char *what, size_t known)
{
	size_t size;

	memcpy(&size, out, sizeof(size));
	if (size == known)
		return 0;
	if (size < known)
		return dx_fail(-EINVAL, DMABUFX_REASON_OPTS_SIZE,
			       "struct %s: its size member is %zu, needed are %zu; set it to sizeof",
			       what, size, known);
	return dx_fail(-E2BIG, DMABUFX_REASON_OPTS_UNKNOWN,
		       "struct %s: its size member is %zu, this library fills in %zu; use a newer library",
		       what, size, known);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Option structs that grow: copied in by the size the caller knows. */
#ifndef DX_BASE_OPTS_H
#define DX_BASE_OPTS_H

#include <stddef.h>
#include <string.h>

/*
 * Copies the caller's options, whose first member is their size, into @ret of
 * @known bytes; what the caller doesn't have is 0, NULL options are all 0.
 * 0, or -EINVAL or -E2BIG with the reason recorded. @what names the struct.
 */
int dx_opts_take_slow(const void *opts, const char *what, void *ret, size_t known);

static inline __attribute__((always_inline)) int dx_opts_take(const void *opts, const char *what,
							      void *ret, size_t known)
{
	size_t size;

	if (!opts) {
		memset(ret, 0, known);
		return 0;
	}
	memcpy(&size, opts, sizeof(size));
	if (__builtin_expect(size != known, 0))
		return dx_opts_take_slow(opts, what, ret, known);
	memcpy(ret, opts, known);
	return 0;
}

#define DX_OPTS_TAKE(type, opts, ret) dx_opts_take(opts, #type, ret, sizeof(struct type))

/* The same check for a struct that the library fills in. */
int dx_out_check(const void *out, const char *what, size_t known);

#endif

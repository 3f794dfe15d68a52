/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arithmetic on addresses that can't wrap unseen. */
#ifndef DX_BASE_NUM_H
#define DX_BASE_NUM_H

#include <stdbool.h>
#include <stdint.h>

static inline bool dx_is_aligned(uint64_t v, uint64_t align)
{
	return !(v & (align - 1));
}

static inline bool dx_is_pow2(uint64_t v)
{
	return v && !(v & (v - 1));
}

static inline uint64_t dx_align_down(uint64_t v, uint64_t align)
{
	return v & ~(align - 1);
}

/* False when the result doesn't fit. @align is a power of two. */
static inline bool dx_align_up(uint64_t v, uint64_t align, uint64_t *ret)
{
	if (__builtin_add_overflow(v, align - 1, ret))
		return false;
	*ret = dx_align_down(*ret, align);
	return true;
}

/* Last byte of [start, start + len); false when len is 0 or the range wraps. */
static inline bool dx_range_last(uint64_t start, uint64_t len, uint64_t *ret)
{
	return len && !__builtin_add_overflow(start, len - 1, ret);
}

#endif

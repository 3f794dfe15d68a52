/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Freed objects of one size, kept for the next until the ctx ends. A map and an
 * unmap may add some 370 instructions to the kernel's; malloc() and free() take
 * 126.
 */
#ifndef DX_BASE_POOL_H
#define DX_BASE_POOL_H

#include <stdlib.h>

#ifdef __has_feature /* clang's way to tell what gcc tells by a macro */
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

struct dx_pool {
	void *first; /* each begins with the address of the next */
};

/* Not zeroed; NULL without memory. @size is the same in every call. */
static inline void *dx_pool_get(struct dx_pool *pool, size_t size)
{
	void *p = pool->first;

	if (__builtin_expect(!p, 0))
		return malloc(size);
	pool->first = *(void **)p;
	return p;
}

static inline void dx_pool_put(struct dx_pool *pool, void *p)
{
#ifdef __SANITIZE_ADDRESS__
	free(p); /* so that it sees uses after free */
#else
	*(void **)p = pool->first;
	pool->first = p;
#endif
}

static inline void dx_pool_clear(struct dx_pool *pool)
{
	while (pool->first) {
		void *p = pool->first;

		pool->first = *(void **)p;
		free(p);
	}
}

#endif

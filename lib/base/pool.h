/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Freed objects of one size, kept for the next. A map and an unmap are allowed
 * some 370 instructions on top of the kernel's; malloc() and free() take 126.
 */
#ifndef DX_BASE_POOL_H
#define DX_BASE_POOL_H

#include <stdlib.h>

/* More are given back. With ASan all are, so that it sees uses after free. */
#ifdef __SANITIZE_ADDRESS__
#define DX_POOL_MAX 0
#else
#define DX_POOL_MAX 64
#endif

struct dx_pool {
	void *first; /* each begins with the address of the next */
	unsigned int n;
};

/* Not zeroed; NULL without memory. @size is the same in every call. */
static inline void *dx_pool_get(struct dx_pool *pool, size_t size)
{
	void *p = pool->first;

	if (__builtin_expect(!p, 0))
		return malloc(size);
	pool->first = *(void **)p;
	pool->n--;
	return p;
}

static inline void dx_pool_put(struct dx_pool *pool, void *p)
{
	if (pool->n >= DX_POOL_MAX) {
		free(p);
		return;
	}
	*(void **)p = pool->first;
	pool->first = p;
	pool->n++;
}

static inline void dx_pool_clear(struct dx_pool *pool)
{
	while (pool->first) {
		void *p = pool->first;

		pool->first = *(void **)p;
		free(p);
	}
	pool->n = 0;
}

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/* The heap, counted and failed: malloc() and its kin are wrapped by the linker. */
#include "heap.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>

void *__real_malloc(size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void __wrap_free(void *p);

static atomic_bool armed;
static atomic_bool failed;
static atomic_long bytes;
static atomic_uint allocs;
static unsigned int fail_at;

void heap_arm(void)
{
	bytes = 0;
	heap_fail_nth(0);
	armed = true;
}

void heap_fail_nth(unsigned int nth)
{
	allocs = 0;
	failed = false;
	fail_at = nth;
}

void heap_disarm(void)
{
	armed = false;
}

long heap_bytes(void)
{
	return bytes;
}

int heap_failed(void)
{
	return failed;
}

static bool refuse(void)
{
	if (!armed || ++allocs != fail_at)
		return false;
	failed = true;
	return true;
}

static void *count(void *p)
{
	if (armed && p)
		bytes += (long)malloc_usable_size(p);
	return p;
}

static void discount(void *p)
{
	if (armed && p)
		bytes -= (long)malloc_usable_size(p);
}

void *__wrap_malloc(size_t size)
{
	return refuse() ? NULL : count(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
	return refuse() ? NULL : count(__real_calloc(n, size));
}

void *__wrap_realloc(void *p, size_t size)
{
	if (refuse())
		return NULL;
	discount(p);
	return count(__real_realloc(p, size));
}

void __wrap_free(void *p)
{
	discount(p);
	__real_free(p);
}

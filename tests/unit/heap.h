/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The heap, counted and failed: malloc() and its kin are wrapped by the linker. */
#ifndef UNIT_HEAP_H
#define UNIT_HEAP_H

#include <stddef.h>

/* From now on allocations count. */
void heap_arm(void);
void heap_disarm(void);
/* The @nth allocation from now on fails; 0: none. */
void heap_fail_nth(unsigned int nth);

/* Usable bytes allocated and not freed since heap_arm(); negative when older ones were freed. */
long heap_bytes(void);
/* Whether the allocation to fail was reached. */
int heap_failed(void);

/* Past the counting. */
void *__real_calloc(size_t n, size_t size);
void __real_free(void *p);

#endif

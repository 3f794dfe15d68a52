/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ctx's lock: recursive, since a reset's callbacks may call the library,
 * and inline. Locking and unlocking a recursive pthread mutex takes 72
 * instructions, half of what the library may add to an unmap; this takes 15.
 */
#ifndef DX_BASE_MUTEX_H
#define DX_BASE_MUTEX_H

#include <stdbool.h>
#include <stdint.h>

struct dx_mutex {
	uint32_t state; /* 0: free, 1: held, 2: held and perhaps waited for */
	uint32_t depth; /* times its owner took it again; the owner's alone */
	uintptr_t owner; /* the owner's thread pointer, 0: none */
};

/* Taken by somebody: by this thread, or wait for it. */
void dx_mutex_lock_slow(struct dx_mutex *mutex, uintptr_t self);
void dx_mutex_wake(struct dx_mutex *mutex);

static inline void dx_mutex_lock(struct dx_mutex *mutex)
{
	uintptr_t self = (uintptr_t)__builtin_thread_pointer();
	uint32_t expected = 0;

	/* Acquire: pairs with the release in dx_mutex_unlock(). */
	if (__builtin_expect(!__atomic_compare_exchange_n(&mutex->state, &expected, 1, false,
							  __ATOMIC_ACQUIRE, __ATOMIC_RELAXED),
			     0)) {
		dx_mutex_lock_slow(mutex, self);
		return;
	}
	/* Relaxed: a thread finds itself here only if it was the last to write. */
	__atomic_store_n(&mutex->owner, self, __ATOMIC_RELAXED);
}

static inline void dx_mutex_unlock(struct dx_mutex *mutex)
{
	if (__builtin_expect(mutex->depth, 0)) {
		mutex->depth--;
		return;
	}
	__atomic_store_n(&mutex->owner, 0, __ATOMIC_RELAXED);
	/* Release: pairs with the acquires in dx_mutex_lock() and dx_mutex_lock_slow(). */
	if (__builtin_expect(__atomic_exchange_n(&mutex->state, 0, __ATOMIC_RELEASE) == 2, 0))
		dx_mutex_wake(mutex);
}

#endif

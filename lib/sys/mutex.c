// SPDX-License-Identifier: LGPL-2.1-or-later
/* Waiting for the ctx's lock. */
#include "base/mutex.h"

#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

void dx_mutex_lock_slow(struct dx_mutex *mutex)
{
	uintptr_t self = (uintptr_t)__builtin_thread_pointer();

	if (__atomic_load_n(&mutex->owner, __ATOMIC_RELAXED) == self) {
		mutex->depth++;
		return;
	}
	/*
	 * Whoever waits leaves 2 behind, also when it gets the lock: there may be
	 * others, and a wake too many does no harm. Acquire: as in dx_mutex_lock().
	 */
	while (__atomic_exchange_n(&mutex->state, 2, __ATOMIC_ACQUIRE))
		syscall(SYS_futex, &mutex->state, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0);
}

void dx_mutex_wake(struct dx_mutex *mutex)
{
	syscall(SYS_futex, &mutex->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

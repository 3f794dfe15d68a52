// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long a cache line takes from one processor to the other. On a virtual machine it
 * changes when the host moves a processor, and everything that two processors share
 * with it: so it is told with each result.
 */
#include "bench.h"

#include <pthread.h>

#define TURNS 20000u
#define TRIES 5

static struct {
	uint32_t value __attribute__((aligned(64)));
	char rest[60];
} line;

static void *answer(void *unused)
{
	pin(CPU_PEER);
	for (uint32_t i = 1; i < 2 * TURNS * TRIES; i += 2) {
		while (__atomic_load_n(&line.value, __ATOMIC_ACQUIRE) != i)
			cpu_relax();
		__atomic_store_n(&line.value, i + 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

static void *ask(void *ret)
{
	double *best = ret;
	uint32_t i = 1;

	pin(CPU_WORKER);
	for (int try = 0; try < TRIES; try++) {
		uint64_t start = now_ns();
		double ns;

		for (uint32_t turn = 0; turn < TURNS; turn++, i += 2) {
			__atomic_store_n(&line.value, i, __ATOMIC_RELEASE);
			while (__atomic_load_n(&line.value, __ATOMIC_ACQUIRE) != i + 1)
				cpu_relax();
		}
		ns = (double)(now_ns() - start) / (2.0 * TURNS);
		if (!*best || ns < *best)
			*best = ns;
	}
	return NULL;
}

double probe_line_ns(void)
{
	pthread_t threads[2];
	double best = 0;

	line.value = 0;
	if (pthread_create(&threads[0], NULL, answer, NULL))
		die("no thread for the probe");
	if (pthread_create(&threads[1], NULL, ask, &best))
		die("no thread for the probe");
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return best;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Samples of a call's cost, and what to make of them. */
#include "meter.h"

#include <stdlib.h>
#include <time.h>

uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t clock_cost(void)
{
	static uint64_t cost;

	for (int i = 0; i < 100 && !cost; i++) {
		uint64_t start = now();

		cost = now() - start;
	}
	return cost;
}

uint64_t median(uint64_t *samples, int n)
{
	qsort(samples, (size_t)n, sizeof(*samples), ascending);
	return samples[n / 2] - clock_cost();
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Samples of a call's cost, and what to make of them. */
#ifndef BENCH_METER_H
#define BENCH_METER_H

#include <stdint.h>

/* Under the lab's --icount, instructions: CLOCK_MONOTONIC in nanoseconds. */
uint64_t now(void);

/* Sorts the samples; without what the two readings of the clock cost by themselves. */
uint64_t median(uint64_t *samples, int n);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two sides of the closed loop. */
#ifndef CLOSED_H
#define CLOSED_H

#include "bench.h"

/**
 * struct circle_ops - packets that go round through one socket
 * @open: on an interface of the namespace that the caller stands in
 * @top_up: sends so many as are missing of @n that are there to be received; untimed
 * @turn: receives up to @n packets, @batch at a time, sends them again and gives back
 * the frames of those sent before, and wakes nobody; returns how many
 * @kick: has the kernel send; untimed
 */
struct circle_ops {
	void *(*open)(const char *ifname);
	void (*top_up)(void *circle, uint32_t n);
	uint32_t (*turn)(void *circle, uint32_t n, uint32_t batch);
	void (*kick)(void *circle);
	void (*close)(void *circle);
};

/*
 * Frames for each direction, and entries of the rings for them. Small, so that the rings
 * stay in the nearest cache and what is compared is the code.
 */
#define CIRCLE_FRAMES 512u

static inline void circle_layout(struct layout *l)
{
	*l = (struct layout){
		.chunk = 2048,
		.rx_frames = CIRCLE_FRAMES,
		.tx_frames = CIRCLE_FRAMES,
		.fill_ring = CIRCLE_FRAMES,
		.rx_ring = CIRCLE_FRAMES,
		.tx_ring = CIRCLE_FRAMES,
		.done_ring = CIRCLE_FRAMES,
		.budget = CIRCLE_FRAMES,
	};
}

extern const struct circle_ops circle_ours;
extern const struct circle_ops circle_libxdp;

static inline uint64_t ticks(void)
{
#if defined(__x86_64__)
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc; lfence" : "=a"(low), "=d"(high)::"memory");
	return (uint64_t)high << 32 | low;
#else
	return now_ns();
#endif
}

#endif

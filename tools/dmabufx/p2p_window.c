/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page of the BAR that the test writes, reached with the CPU. */
#include "p2p.h"

#include <stdio.h>
#include <string.h>

#define SHOWN 16

/* Aligned 8-byte accesses: a device's memory may take nothing odder. */
void window_read(const struct p2p *p, uint8_t *to)
{
	const volatile uint64_t *from = p->window;

	for (size_t i = 0; i < p->window_len / 8; i++) {
		uint64_t word = from[i];

		memcpy(to + 8 * i, &word, 8);
	}
}

void window_write(struct p2p *p, const uint8_t *from)
{
	volatile uint64_t *to = p->window;

	for (size_t i = 0; i < p->window_len / 8; i++) {
		uint64_t word;

		memcpy(&word, from + 8 * i, 8);
		to[i] = word;
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

const char *window_hex(const uint8_t *bytes, char buf[64])
{
	for (int i = 0; i < SHOWN; i++)
		snprintf(buf + 3 * i, 64 - 3 * (size_t)i, "%02x%s", bytes[i],
			 i < SHOWN - 1 ? " " : "");
	return buf;
}

size_t window_differs(const uint8_t *a, const uint8_t *b, size_t len)
{
	size_t i = 0;

	while (i < len && a[i] == b[i])
		i++;
	return i;
}

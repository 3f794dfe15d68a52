/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random numbers, progress, and what the kernel holds before and after. */
#include "seq.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

int seq_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	return -1;
}

void seq_progress(const char *format, ...)
{
	static uint64_t last;
	uint64_t now = guest_now_ns();
	va_list args;

	if (last && now - last < 5000000000ull)
		return;
	last = now;
	printf("  ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
}

uint64_t seq_random(uint64_t *state)
{
	uint64_t x = *state ? *state : 0x9e3779b97f4a7c15ull;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	*state = x;
	return x * 0x2545f4914f6cdd1dull;
}

uint32_t seq_below(uint64_t *state, uint32_t n)
{
	return (uint32_t)((seq_random(state) >> 32) % n);
}

struct seq_census seq_count(void)
{
	return (struct seq_census){
		.nfds = guest_count_fds(),
		.nbufs = guest_count_bufs(),
		.slab = guest_slab(),
	};
}

int seq_nothing_left(const struct seq_census *before, long slab)
{
	struct seq_census now;
	int64_t grown;

	/* What waits for RCU is as good as gone. */
	sleep(2);
	now = seq_count();
	if (now.nfds != before->nfds || now.nfds < 0)
		return seq_fail("%d descriptors, before %d", now.nfds, before->nfds);
	if (now.nbufs != before->nbufs || now.nbufs < 0)
		return seq_fail("%d dma-bufs in the kernel, before %d", now.nbufs, before->nbufs);
	grown = now.slab - before->slab;
	printf("  Slab grew by %" PRId64 " bytes\n", grown);
	/* What KASAN keeps in quarantine would count as well. */
	if (guest_finds_leaks())
		return guest_leaks("") ? seq_fail("leaks") : 0;
	if (grown > slab)
		return seq_fail("more than %ld", slab);
	return 0;
}

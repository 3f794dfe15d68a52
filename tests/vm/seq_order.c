/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps in random order, and all short orders there are, against the model. */
#include "seq_model.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SKIP 77
#define HISTORY 24

static void tell_history(const unsigned char *steps, long n)
{
	printf("  the last steps:");
	for (long i = n > HISTORY ? n - HISTORY : 0; i < n; i++)
		printf(" %s", seq_words[steps[i % HISTORY]]);
	printf("\n");
}

/* Things that are far away are done rarely, so that there mostly is something to lose. */
static enum seq_step choose(struct seq_world *w, uint64_t *state)
{
	if (!w->m.open && seq_below(state, 2))
		return SEQ_OPEN_DEV;
	if (w->buf < 0 && w->m.open && seq_below(state, 2))
		return SEQ_EXPORT;
	if (w->m.open && !w->m.mem && !seq_below(state, 3))
		return SEQ_ON;
	if (!w->m.mapped && seq_below(state, 2))
		return SEQ_MAP;
	return (enum seq_step)seq_below(state, SEQ_STEPS);
}

static int walk(struct seq_world *w, uint64_t seed, long rounds)
{
	unsigned char steps[HISTORY];
	uint64_t state = seed;
	int err = seq_world_reset(w);

	for (long i = 0; i < rounds && !err; i++) {
		enum seq_step step = choose(w, &state);

		steps[i % HISTORY] = (unsigned char)step;
		err = seq_world_step(w, step);
		if (!err)
			err = seq_world_check(w, !seq_below(&state, 8));
		if (err)
			tell_history(steps, i + 1);
		seq_progress("walk: %ld of %ld", i, rounds);
	}
	return err;
}

/* One of the orders, told by its number. */
static int try_order(struct seq_world *w, long number, int depth, bool dma)
{
	unsigned char steps[HISTORY];
	int err = seq_world_reset(w), i;

	for (i = 0; i < depth && !err; i++) {
		steps[i] = (unsigned char)(number % SEQ_LETTERS);
		number /= SEQ_LETTERS;
		err = seq_world_step(w, (enum seq_step)steps[i]);
		if (!err)
			err = seq_world_check(w, dma && i == depth - 1);
	}
	if (err)
		tell_history(steps, i);
	return err;
}

static int exhaust(struct seq_world *w, int depth)
{
	long orders = 1;
	int err = 0;

	for (int i = 0; i < depth; i++)
		orders *= SEQ_LETTERS;
	for (long i = 0; i < orders && !err; i++) {
		/* The engine is slow; a tenth shows that it and the model agree. */
		err = try_order(w, i, depth, i % 10 == 0);
		seq_progress("exhaust: %ld of %ld", i, orders);
	}
	printf("  %ld orders of %d steps\n", orders, depth);
	return err;
}

static int with_world(const struct seq_opts *opts, long rounds, int depth)
{
	struct seq_world w = { 0 };
	struct seq_census before = seq_count();
	int err = seq_world_make(&w, opts->device ? opts->device : "NVME1");

	if (err)
		return err == -ENODEV ? SKIP : seq_fail("the devices: %d", err);
	err = depth ? exhaust(&w, depth) : walk(&w, opts->seed, rounds);
	if (!err)
		err = seq_world_end(&w);
	return err ? err : seq_nothing_left(&before, 1024 * 1024 + rounds * 50);
}

int seq_walk(const struct seq_opts *opts)
{
	return with_world(opts, opts->rounds ? opts->rounds : 300, 0);
}

int seq_exhaust(const struct seq_opts *opts)
{
	if (opts->depth < 1 || opts->depth >= HISTORY)
		return seq_fail("no such depth: %d", opts->depth);
	return with_world(opts, 0, opts->depth);
}

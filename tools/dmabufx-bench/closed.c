// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ring code alone: packets go round by two veth pairs whose far ends reflect them,
 * one pair driven by this library, the other by libxdp's inline calls, in turn, on one
 * processor. Only the work on the rings is timed; the kernel is woken between.
 */
#include "closed.h"

#include <stdlib.h>
#include <string.h>

/* Packets on their way, and those of one measurement. */
#define PACKETS 256u
#define SECONDS 3u
#define SAMPLES_MAX 200000u
/* Other work on the machine only ever adds, so the least disturbed rounds count. */
#define QUANTILE 0.1

/* Least ratio to libxdp, and the batch it is asked of. */
static const struct {
	uint32_t batch;
	double least;
} gates[] = { { 1, 1.0 }, { 64, 1.3 }, { 256, 1.5 } };

#define GATES (sizeof(gates) / sizeof(gates[0]))

struct side {
	const struct circle_ops *ops;
	struct world world;
	void *circle;
	double *ns;
	size_t n;
};

static void side_open(struct side *side, const struct circle_ops *ops)
{
	side->ops = ops;
	world_new(&side->world);
	world_attach(&side->world, "reflect");
	world_enter(side->world.ns[NEAR]);
	side->circle = ops->open(world_ifname[NEAR]);
	world_home();
	side->ns = calloc(SAMPLES_MAX, sizeof(*side->ns));
	if (!side->ns)
		die("no memory");
}

static void side_close(struct side *side)
{
	side->ops->close(side->circle);
	world_free(&side->world);
	free(side->ns);
}

static void measure(struct side *side, uint32_t batch)
{
	uint64_t start;
	uint32_t n;

	side->ops->top_up(side->circle, PACKETS);
	start = ticks();
	n = side->ops->turn(side->circle, PACKETS, batch);
	start = ticks() - start;
	side->ops->kick(side->circle);
	/* A round that wasn't full has other costs. */
	if (n == PACKETS && side->n < SAMPLES_MAX)
		side->ns[side->n++] = (double)start / PACKETS;
}

static double ticks_a_ns(void)
{
	uint64_t ns = now_ns(), start = ticks();

	sleep_ms(50);
	start = ticks() - start;
	return (double)start / (double)(now_ns() - ns);
}

static bool compare(struct side sides[2], size_t gate, unsigned int seconds, double per_ns)
{
	uint64_t until = now_ns() + (uint64_t)seconds * 1000000000u;
	double ns[2], mid[2], ratio;

	sides[0].n = sides[1].n = 0;
	while (now_ns() < until)
		for (int i = 0; i < 2; i++)
			measure(&sides[i], gates[gate].batch);
	for (int i = 0; i < 2; i++) {
		if (!sides[i].n)
			die("no packet came back");
		ns[i] = quantile(sides[i].ns, sides[i].n, QUANTILE) / per_ns;
		mid[i] = median(sides[i].ns, sides[i].n) / per_ns;
	}
	ratio = ns[1] / ns[0];
	printf("{\"batch\": %u, \"ours_ns\": %.3f, \"libxdp_ns\": %.3f, \"ratio\": %.3f, "
	       "\"least\": %.1f, \"ours_median_ns\": %.3f, "
	       "\"libxdp_median_ns\": %.3f, \"rounds\": %zu}\n",
	       gates[gate].batch, ns[0], ns[1], ratio, gates[gate].least, mid[0], mid[1],
	       sides[0].n);
	return ratio >= gates[gate].least;
}

int cmd_closed(int argc, char **argv)
{
	unsigned int seconds = SECONDS, batch = 0;
	bool gate = false, good = true;
	struct side sides[2] = { 0 };
	double per_ns;

	for (int i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "--seconds=", 10))
			seconds = (unsigned int)atoi(argv[i] + 10);
		else if (!strncmp(argv[i], "--batch=", 8))
			batch = (unsigned int)atoi(argv[i] + 8);
		else if (!strcmp(argv[i], "--gate"))
			gate = true;
		else
			return fprintf(stderr, "dmabufx-bench: %s isn't understood\n", argv[i]),
			       BENCH_USAGE;
	}
	world_may();
	setenv("LIBXDP_SKIP_DISPATCHER", "1", 1);
	/* What is reflected arrives at the queue of the processor's number, here 0. */
	pin(CPU_PEER);
	per_ns = ticks_a_ns();
	side_open(&sides[0], &circle_ours);
	side_open(&sides[1], &circle_libxdp);
	for (size_t i = 0; i < GATES; i++)
		if (!batch || gates[i].batch == batch)
			good &= compare(sides, i, seconds, per_ns);
	for (int i = 0; i < 2; i++)
		side_close(&sides[i]);
	return gate && !good ? BENCH_FAILED : BENCH_OK;
}

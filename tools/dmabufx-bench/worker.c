// SPDX-License-Identifier: GPL-2.0-or-later
/* A worker: one way to do one work, on an interface of the namespace it is started in. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* A multiple of all usual batches, and less than the frames that there are to receive into. */
#define PRIMED 768u

volatile sig_atomic_t bench_stop;

static void on_signal(int sig)
{
	bench_stop = 1;
}

static void obey_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

static struct totals *share(int fd)
{
	struct totals *totals = mmap(NULL, sizeof(*totals), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
				     0);

	if (totals == MAP_FAILED)
		die("descriptor %d isn't memory of the driver's", fd);
	return totals;
}

/*
 * A loop that receives is run when so much is there that it never looks in vain: what
 * it takes is then the same each time.
 */
static void count_down(struct worker *w, const struct impl_ops *ops)
{
	bool receives = w->plan.work != WORK_TXONLY;
	uint64_t total = w->plan.count;

	while (w->packets < total && !bench_stop) {
		w->plan.count = receives ? PRIMED : total;
		if (receives)
			ops->prime(w, PRIMED);
		ops->loop[w->plan.work](w);
	}
}

static int run(struct worker *w, const struct impl_ops *ops)
{
	uint64_t start;
	int err = ops->open(w);

	if (err)
		return err;
	w->totals->ready = 1;
	start = now_ns();
	if (w->plan.count != FOREVER && w->plan.work < WORK_PING)
		count_down(w, ops);
	else
		ops->loop[w->plan.work](w);
	w->totals->loop_ns = now_ns() - start;
	ops->close(w);
	w->totals->packets = w->packets;
	w->totals->calls = w->calls;
	w->totals->empty = w->empty;
	w->totals->ended = 1;
	return BENCH_OK;
}

int cmd_worker(int argc, char **argv)
{
	static struct worker w;
	int fd = -1;

	for (int i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "--totals=", 9))
			fd = atoi(argv[i] + 9);
		else if (plan_option(&w.plan, argv[i]) != 1)
			die("%s is no option of a worker", argv[i]);
	}
	plan_defaults(&w.plan);
	layout_of(&w.plan, &w.layout);
	obey_signals();
	if (w.plan.impl == IMPL_TESTPMD || (w.plan.impl == IMPL_OURS && w.plan.work == WORK_ASK))
		die("%s can't do that", impl_names[w.plan.impl]);
	w.totals = share(fd);
	return run(&w, w.plan.impl == IMPL_OURS ? &ours_ops : &libxdp_ops);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Variants side by side: all are started once and frozen; each round thaws one after the
 * other for a short time, so that what changes on the machine hits all of them.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#define READY_MS 20000u
#define SETTLE_MS 30u

struct variant {
	struct plan plan;
	struct world world;
	struct child child;
	struct child asker;
	pid_t gen;
	uint32_t hist[HIST_BUCKETS];
};

static bool moves(struct variant *v)
{
	if (v->plan.work == WORK_PING) {
		for (unsigned int i = 0; i < HIST_BUCKETS; i++)
			if (__atomic_load_n(&v->asker.totals->hist[i], __ATOMIC_RELAXED))
				return true;
		return false;
	}
	return counter_goodput(&v->world, v->plan.work) > 1000;
}

static void freeze(struct variant *v)
{
	if (v->gen)
		child_freeze(v->gen);
	if (v->asker.pid)
		child_freeze(v->asker.pid);
	child_freeze(v->child.pid);
}

static void thaw(struct variant *v)
{
	child_thaw(v->child.pid);
	if (v->asker.pid)
		child_thaw(v->asker.pid);
	if (v->gen)
		child_thaw(v->gen);
}

static void start_asker(struct variant *v)
{
	struct plan plan = v->plan;

	plan.impl = IMPL_RAW;
	plan.work = WORK_ASK;
	plan.wait = WAIT_SPIN;
	child_worker(&v->asker, &v->world, &plan, NULL, FAR);
	if (!child_wait_ready(&v->asker, READY_MS))
		die("the one that asks didn't get ready");
}

static void start(struct variant *v, const struct plan *plan)
{
	unsigned int ms = 0;
	int status;

	v->plan = *plan;
	world_new(&v->world);
	if (plan->work != WORK_PING)
		world_attach(&v->world, "drop");
	if (plan->impl == IMPL_TESTPMD)
		child_testpmd(&v->child, &v->world, plan);
	else
		child_worker(&v->child, &v->world, plan, NULL, NEAR);
	if (plan->impl != IMPL_TESTPMD && !child_wait_ready(&v->child, READY_MS))
		die("%s didn't get ready", impl_names[plan->impl]);
	if (plan->work == WORK_PING)
		start_asker(v);
	else if (plan->work != WORK_TXONLY)
		v->gen = gen_start(&v->world, plan->size, plan->pps, FOREVER);
	while (!moves(v)) {
		if (ms++ >= READY_MS || (v->asker.pid && child_ended(&v->asker, &status)))
			die("%s: no packet moves", impl_names[plan->impl]);
		sleep_ms(1);
	}
	freeze(v);
}

static double stop(struct variant *v)
{
	const struct totals *t = v->child.totals;
	double calls = -1;

	if (v->gen)
		child_stop(v->gen);
	if (v->asker.pid)
		child_stop(v->asker.pid);
	child_stop(v->child.pid);
	if (t->ended && t->packets)
		calls = (double)t->calls / (double)t->packets;
	world_free(&v->world);
	return calls;
}

/* The median of what came since the last time. */
static double round_trip_us(struct variant *v)
{
	uint32_t now[HIST_BUCKETS];
	uint64_t n = 0, seen = 0;
	unsigned int i;

	for (i = 0; i < HIST_BUCKETS; i++) {
		now[i] = __atomic_load_n(&v->asker.totals->hist[i], __ATOMIC_RELAXED);
		n += now[i] - v->hist[i];
	}
	for (i = 0; i < HIST_BUCKETS && 2 * seen < n; i++)
		seen += now[i] - v->hist[i];
	memcpy(v->hist, now, sizeof(now));
	return i * (HIST_STEP_NS / 1000.0);
}

static void measure(struct variant *v, struct cell *cell, struct row *row, unsigned int round)
{
	uint64_t packets, cpu, ns;

	thaw(v);
	sleep_ms(cell->work == WORK_TXONLY ? SETTLE_MS / 3 : SETTLE_MS);
	if (cell->work == WORK_PING)
		round_trip_us(v);
	cpu = counter_cpu_ns(v->child.pid);
	packets = counter_goodput(&v->world, cell->work);
	ns = now_ns();
	sleep_ms(cell->ms);
	packets = counter_goodput(&v->world, cell->work) - packets;
	ns = now_ns() - ns;
	cpu = counter_cpu_ns(v->child.pid) - cpu;
	freeze(v);
	row->rate[round] = cell->work == WORK_PING ? round_trip_us(v) :
						     (double)packets * 1e9 / (double)ns;
	row->cpu[round] = packets ? (double)cpu / (double)packets : 0;
	row->cores[round] = (double)cpu / (double)ns;
}

/* The order turns with each round. */
void cell_measure(struct cell *cell, const struct plan plans[], unsigned int n)
{
	struct variant *variants = calloc(n, sizeof(*variants));

	if (!variants)
		die("no memory");
	cell->line_ns[0] = probe_line_ns();
	for (unsigned int i = 0; i < n; i++)
		start(&variants[i], &plans[i]);
	for (unsigned int round = 0; round < cell->rounds; round++) {
		for (unsigned int i = 0; i < n; i++) {
			unsigned int at = (i + round) % n;

			measure(&variants[at], cell, &cell->rows[at], round);
		}
		for (unsigned int i = 0; i < n; i++)
			cell->rows[i].ratio[round] = cell->rows[0].rate[round] > 0 ?
							     cell->rows[i].rate[round] /
								     cell->rows[0].rate[round] :
							     0;
	}
	for (unsigned int i = 0; i < n; i++)
		cell->rows[i].calls = stop(&variants[i]);
	cell->nrows = n;
	cell->line_ns[1] = probe_line_ns();
	free(variants);
}

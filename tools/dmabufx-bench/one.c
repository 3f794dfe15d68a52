// SPDX-License-Identifier: GPL-2.0-or-later
/* One worker in a world of its own; what it did is told as one line of JSON. */
#include "bench.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#define READY_MS 60000u
#define SETTLE_MS 300u
#define WORD(name) (!strncmp(argv[i], "--" name "=", sizeof("--" name "=") - 1))
#define VALUE(name) (argv[i] + sizeof("--" name "=") - 1)

struct run {
	struct plan plan;
	const char *wrap;
	uint64_t limit; /* packets that the generator sends */
};

static void wait_ended(struct child *child)
{
	int status = 0;

	while (!child_ended(child, &status))
		sleep_ms(2);
	if (status)
		die("the worker ended with %d", WIFEXITED(status) ? WEXITSTATUS(status) : status);
}

/* The worker is told to stop when the generator is through. */
static void wait_sent(const struct world *world, struct child *child, uint64_t limit)
{
	int status;

	while (*(volatile uint64_t *)&world->gen->sent < limit) {
		if (child_ended(child, &status))
			die("the worker ended early");
		sleep_ms(10);
	}
}

static void tell(const struct run *run, const struct child *child, uint64_t sent, uint64_t cpu_ns,
		 uint64_t ns)
{
	const struct totals *t = child->totals;

	printf("{\"impl\": \"%s\", \"work\": \"%s\", \"size\": %u, \"batch\": %u, "
	       "\"packets\": %llu, \"calls\": %llu, \"empty\": %llu, \"loop_ns\": %llu, "
	       "\"sent\": %llu, \"cpu\": %.4f}\n",
	       impl_names[run->plan.impl], work_names[run->plan.work], run->plan.size,
	       run->plan.batch, (unsigned long long)t->packets, (unsigned long long)t->calls,
	       (unsigned long long)t->empty, (unsigned long long)t->loop_ns,
	       (unsigned long long)sent, ns ? (double)cpu_ns / (double)ns : 0);
}

static int go(struct run *run)
{
	bool receives = run->plan.work != WORK_TXONLY;
	uint64_t cpu_ns = 0, ns = 0, sent = 0;
	struct child child;
	struct world world;
	pid_t gen = 0;

	world_new(&world);
	world_attach(&world, "drop");
	child_worker(&child, &world, &run->plan, run->wrap, NEAR);
	if (!child_wait_ready(&child, READY_MS))
		die("the worker didn't get ready");
	if (receives)
		gen = gen_start(&world, run->plan.size, run->plan.pps,
				run->limit ? run->limit : FOREVER);
	if (run->limit) {
		cpu_ns = counter_cpu_ns(child.pid);
		ns = now_ns();
		wait_sent(&world, &child, run->limit);
		cpu_ns = counter_cpu_ns(child.pid) - cpu_ns;
		ns = now_ns() - ns;
		sleep_ms(SETTLE_MS);
		sent = world.gen->sent;
		if (child_stop(child.pid))
			die("the worker failed");
	} else {
		wait_ended(&child);
	}
	if (gen)
		child_stop(gen);
	if (!child.totals->ended)
		die("the worker didn't come to an end");
	tell(run, &child, sent, cpu_ns, ns);
	world_free(&world);
	return BENCH_OK;
}

int cmd_one(int argc, char **argv)
{
	struct run run = { 0 };

	for (int i = 1; i < argc; i++) {
		if (WORD("wrap"))
			run.wrap = VALUE("wrap");
		else if (WORD("limit"))
			sscanf(VALUE("limit"), "%lu", &run.limit);
		else if (plan_option(&run.plan, argv[i]) != 1)
			return fprintf(stderr, "dmabufx-bench: %s isn't understood\n", argv[i]),
			       BENCH_USAGE;
	}
	plan_defaults(&run.plan);
	if (run.plan.count == FOREVER && !run.limit)
		return fprintf(stderr, "dmabufx-bench: --count or --limit is missing\n"),
		       BENCH_USAGE;
	world_may();
	return go(&run);
}

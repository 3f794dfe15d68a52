/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dmabufx xsk bench: rx, tx or fwd, and what a packet cost. */
#include "xsk_run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NS UINT64_C(1000000000)
#define SECONDS 10

static const struct {
	const char *name;
	int (*run)(struct cli *cli, int argc, char **argv);
} works[] = { { "rx", cmd_xsk_rx }, { "tx", cmd_xsk_tx }, { "fwd", cmd_xsk_fwd } };

int cmd_xsk_bench(struct cli *cli, int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(works) / sizeof(works[0]); i++) {
		if (!strcmp(argv[1], works[i].name))
			return works[i].run(cli, argc - 1, argv + 1);
	}
	if (argc > 1 && argv[1][0] == '-' && !cli_no_options(cli, argc, argv))
		return cli->exit;
	return cli_usage(cli,
			 "xsk bench wants rx, tx or fwd as its first word; to compare libraries "
			 "on interfaces of its own there is 'dmabufx-bench xsk'");
}

/* What this process took of processors, the kernel's part included. */
static uint64_t processor_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * NS + (uint64_t)ts.tv_nsec;
}

void xsk_bench_start(struct xsk_run *run)
{
	struct cli *cli = run->cli;

	if (cli->cmd->run != cmd_xsk_bench)
		return;
	if (!run->o->ns && !run->o->count)
		run->end = run->live.start + SECONDS * NS;
	run->bench = js_obj(cli->out, "bench");
	run->rates = js_array(run->bench, "packets_per_second");
	run->processor = processor_ns();
}

void xsk_bench_second(struct xsk_run *run, uint64_t now, uint64_t packets)
{
	double seconds = (double)(now - run->live.shown) / (double)NS;
	uint64_t rate = (uint64_t)((double)(packets - run->live.last.packets) / seconds);

	if (!run->bench)
		return;
	json_object_array_add(run->rates, json_object_new_uint64(rate));
	if (json_object_array_length(run->rates) == 1 || rate < run->slowest)
		run->slowest = rate;
	if (rate > run->fastest)
		run->fastest = rate;
}

void xsk_stop(struct xsk_run *run)
{
	run->stopped = live_now();
	if (run->bench)
		run->processor = processor_ns() - run->processor;
}

/* Sums of all sockets: system calls, and how many of them do without copying. */
static uint64_t calls(const struct xsk_run *run, uint32_t *zero_copy)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < run->n; i++) {
		struct dmabufx_xsk_info info = { .size = sizeof(info) };
		struct dmabufx_xsk_stats s = { .size = sizeof(s) };

		if (dmabufx_xsk_get_info(run->socks[i], &info) ||
		    dmabufx_xsk_get_stats(run->socks[i], &s))
			continue;
		sum += s.kicks + s.sleeps;
		*zero_copy += info.zero_copy;
	}
	return sum;
}

static void js_double(struct json_object *obj, const char *key, double val)
{
	json_object_object_add(obj, key, json_object_new_double(val));
}

void xsk_tell_bench(struct xsk_run *run, uint64_t packets)
{
	double ns = (double)(run->stopped - run->live.start), cpu = (double)run->processor;
	uint32_t zero_copy = 0;
	struct cli *cli = run->cli;
	char each[48] = "";
	uint64_t n;

	if (!run->bench || cli->exit != CLI_OK)
		return;
	n = calls(run, &zero_copy);
	js_double(run->bench, "mpps", (double)packets * 1e3 / ns);
	js_double(run->bench, "processors", cpu / ns);
	js_double(run->bench, "ns_per_packet", packets ? cpu / (double)packets : 0);
	js_num(run->bench, "system_calls", n);
	js_bool(run->bench, "zero_copy", zero_copy == run->n);
	if (!packets) {
		cli->exit = cli_fail(cli, -ENODATA, "system",
				     "no packet went through, so nothing was measured");
		return;
	}
	if (run->fastest)
		snprintf(each, sizeof(each), " (a second: %.3f to %.3f)",
			 (double)run->slowest / 1e6, (double)run->fastest / 1e6);
	cli_say(cli, "%.3f Mpps%s, %s; %.2f of a processor, %.0f ns of it a packet; ",
		(double)packets * 1e3 / ns, each,
		zero_copy == run->n ? "without copying" :
		zero_copy           ? "without copying on one side" :
				      "copying",
		cpu / ns, cpu / (double)packets);
	if (n)
		cli_say(cli, "a system call in %.0f packets\n", (double)packets / (double)n);
	else
		cli_say(cli, "no system call\n");
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Long sequences against export, revocation and mapping, by the kernel's own calls. */
#include "seq.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define SKIP 77

static const struct {
	const char *name;
	const char *prints;
	int (*run)(const struct seq_opts *opts);
} cases[] = {
	{ "fdlimit", "export_without_a_free_descriptor_leaves_nothing", seq_fdlimit },
	{ "closes", "device_and_buffers_are_closed_at_once", seq_closes },
	{ "walk", "random_order_is_as_the_model_says", seq_walk },
	{ "exhaust", "every_short_sequence_is_as_the_model_says", seq_exhaust },
	{ "revoke", "revocation_costs_the_same_for_each_mapping", seq_revoke_cost },
};

static void usage(FILE *to)
{
	fprintf(to, "usage: seq [options] [CASE]\n"
		    "  --rounds N   of each case\n"
		    "  --seed N     of all random choices\n"
		    "  --depth N    length of the sequences of exhaust (3)\n"
		    "  --device D   exporter of walk and exhaust: NVME1, IVSHMEM1\n"
		    "cases:");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		fprintf(to, " %s", cases[i].name);
	fprintf(to, "\nExit status: 0 passed, 1 failed, 2 usage, 77 can't run here.\n");
}

static int parse(int argc, char **argv, struct seq_opts *opts)
{
	static const struct option options[] = {
		{ "rounds", required_argument, NULL, 'r' },
		{ "seed", required_argument, NULL, 's' },
		{ "depth", required_argument, NULL, 'd' },
		{ "device", required_argument, NULL, 'e' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (c == 'r')
			opts->rounds = atol(optarg);
		else if (c == 's')
			opts->seed = strtoull(optarg, NULL, 0);
		else if (c == 'd')
			opts->depth = atoi(optarg);
		else if (c == 'e')
			opts->device = optarg;
		else if (c == 'h')
			return usage(stdout), 1;
		else
			return usage(stderr), -1;
	}
	if (optind < argc)
		opts->what = argv[optind++];
	return optind < argc ? usage(stderr), -1 : 0;
}

static int run_case(size_t i, const struct seq_opts *opts)
{
	uint64_t start = guest_now_ns();
	int err;

	printf("[ RUN      ] %s\n", cases[i].prints);
	fflush(stdout);
	err = cases[i].run(opts);
	/* After a failure things may be open still, and this would wait for them. */
	if (!err && seq_give_back())
		err = -1;
	printf("  seed %llu, %.1f s\n", (unsigned long long)opts->seed,
	       (double)(guest_now_ns() - start) / 1e9);
	printf("%s %s\n",
	       err == SKIP ? "[  SKIPPED ]" :
	       err         ? "[  FAILED  ]" :
			     "[       OK ]",
	       cases[i].prints);
	fflush(stdout);
	return err;
}

int main(int argc, char **argv)
{
	struct seq_opts opts = { .seed = 1, .depth = 3 };
	struct rlimit files = { 4096, 4096 };
	int err = parse(argc, argv, &opts), failed = 0, ran = 0, found = 0;

	if (err)
		return err < 0 ? 2 : 0;
	if (setrlimit(RLIMIT_NOFILE, &files))
		return seq_fail("no 4,096 descriptors"), 1;
	guest_forget_leaks();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (opts.what && strcmp(opts.what, cases[i].name))
			continue;
		found++;
		err = run_case(i, &opts);
		ran += err != SKIP;
		failed += err && err != SKIP;
	}
	if (!found)
		return usage(stderr), 2;
	return failed ? 1 : ran ? 0 : SKIP;
}

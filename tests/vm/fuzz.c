/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random calls, from one or two threads; each answer is one that is documented for it. */
#include "fuzz.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define SKIP 77
#define CALLS 64
#define THREADS 8
#define CASE "random_calls_answer_as_documented_and_leave_nothing"

static const char *const exporters[FUZZ_DEVS] = { "NVME1", "IVSHMEM0" };

static const struct fuzz_call *calls[CALLS];
static int ncalls;
static unsigned long counts[CALLS];
static uint64_t slowest[CALLS];
static unsigned long answers[CALLS][FUZZ_ERRNOS];
static uint64_t end;
static bool stop;
/* Some answer wasn't documented; all of them are wanted, so the run goes on. */
static bool odd;

static void collect(const struct fuzz_call *list)
{
	for (; list->name; list++)
		calls[ncalls++] = list;
}

static int pick(struct fuzz *f)
{
	int total = 0, i, n;

	for (i = 0; i < ncalls; i++)
		total += calls[i]->weight;
	n = (int)fuzz_below(f, (uint32_t)total);
	for (i = 0; n >= calls[i]->weight; i++)
		n -= calls[i]->weight;
	return i;
}

static bool is_documented(const struct fuzz_call *c, int err)
{
	for (const int *e = c->errnos; *e; e++) {
		if (*e == err)
			return true;
	}
	return false;
}

static int do_one(struct fuzz *f)
{
	uint64_t start = guest_now_ns();
	int i = pick(f), ret = calls[i]->run(f);
	uint64_t took = guest_now_ns() - start;

	if (ret == FUZZ_NOTHING)
		return 0;
	if (took > slowest[i])
		slowest[i] = took;
	__atomic_fetch_add(&counts[i], 1, __ATOMIC_RELAXED);
	if (ret == FUZZ_WRONG)
		return -1;
	if (ret >= 0)
		ret = 0;
	if (ret <= -FUZZ_ERRNOS)
		return seq_fail("%s gives %d, which is no errno", calls[i]->name, ret);
	if (!__atomic_fetch_add(&answers[i][-ret], 1, __ATOMIC_RELAXED) && ret &&
	    !is_documented(calls[i], -ret)) {
		seq_fail("%s gives %d (%s), which isn't documented for it", calls[i]->name, ret,
			 strerror(-ret));
		odd = true;
	}
	return 0;
}

static void *run(void *arg)
{
	struct fuzz *f = arg;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED) && guest_now_ns() < end && !f->failed)
		f->failed = do_one(f);
	__atomic_store_n(&stop, stop || f->failed, __ATOMIC_RELAXED);
	return NULL;
}

static void tell_answers(void)
{
	for (int i = 0; i < ncalls; i++) {
		printf("  %-15s %8lu, %4lu ms at most, %8lu good", calls[i]->name, counts[i],
		       (unsigned long)(slowest[i] / 1000000), answers[i][0]);
		for (int e = 1; e < FUZZ_ERRNOS; e++) {
			if (answers[i][e])
				printf(", %s %lu", strerrorname_np(e), answers[i][e]);
		}
		printf("\n");
	}
}

static int make_world(struct fuzz_world *w)
{
	const char *flavour = getenv("LAB_FLAVOUR");
	uint64_t off;

	pthread_mutex_init(&w->lock, NULL);
	w->strict = flavour && !strcmp(flavour, "lts");
	for (int i = 0; i < FUZZ_BUFS; i++)
		w->bufs[i] = -1;
	for (int i = 0; i < FUZZ_IOMMUFDS; i++)
		w->iommufds[i] = fuzz_new_iommufd();
	for (int i = 0; i < FUZZ_DEVS; i++) {
		int err = seq_open(&w->devs[i], w->iommufds[i % FUZZ_IOMMUFDS], 1);

		if (err)
			return seq_fail("open: %d", err);
		for (uint32_t bar = 0; bar < 6; bar++) {
			seq_region(&w->devs[i], bar, &off, &w->bar_len[i][bar]);
			/* What is smaller than a page, or not whole pages, can't be exported. */
			if (w->bar_len[i][bar] % SEQ_PAGE)
				w->bar_len[i][bar] = 0;
		}
	}
	return 0;
}

static int end_world(struct fuzz_world *w)
{
	for (int i = 0; i < FUZZ_BUFS; i++) {
		if (w->bufs[i] >= 0)
			close(w->bufs[i]);
	}
	for (int i = 0; i < FUZZ_DEVS; i++) {
		if (w->devs[i].cdev >= 0)
			seq_close(&w->devs[i]);
	}
	for (int i = 0; i < FUZZ_IOMMUFDS; i++)
		close(w->iommufds[i]);
	return 0;
}

/* Whether each device still opens, exports and closes. */
static int devices_work(struct fuzz_world *w)
{
	for (int i = 0; i < FUZZ_DEVS; i++) {
		struct seq_dev *dev = &w->devs[i];
		int iommufd = raw_iommufd(), err = seq_open(dev, iommufd, 0), fd;

		if (err)
			return seq_fail("%s doesn't open any more: %d", dev->bdf, err);
		fd = seq_export(dev, 0);
		if (fd < 0)
			return seq_fail("%s doesn't export any more: %d", dev->bdf, fd);
		close(fd);
		seq_close(dev);
		close(iommufd);
	}
	return 0;
}

static int fuzz_for(const struct seq_opts *opts, struct fuzz_world *w, double seconds)
{
	struct fuzz threads[THREADS] = { 0 };
	pthread_t ids[THREADS];
	int err = make_world(w);

	if (err)
		return err;
	stop = false;
	end = guest_now_ns() + (uint64_t)(seconds * 1e9);
	for (int i = 0; i < opts->threads; i++) {
		threads[i].world = w;
		threads[i].state = opts->seed * 0x9e3779b97f4a7c15ull + (uint64_t)i;
		pthread_create(&ids[i], NULL, run, &threads[i]);
	}
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED) && guest_now_ns() < end) {
		usleep(200000);
		seq_progress("fuzz: %.0f s to go", ((double)end - (double)guest_now_ns()) / 1e9);
	}
	for (int i = 0; i < opts->threads; i++) {
		pthread_join(ids[i], NULL);
		err |= threads[i].failed;
	}
	end_world(w);
	return err ? -1 : 0;
}

static int fuzz(const struct seq_opts *opts)
{
	struct fuzz_world w = { 0 };
	struct seq_census before;
	int err = 0;

	w.arena = mmap(NULL, FUZZ_ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0);
	for (int i = 0; i < FUZZ_DEVS && !err; i++)
		err = seq_take(&w.devs[i], exporters[i]);
	if (err || w.arena == MAP_FAILED)
		return err == -ENODEV ? SKIP : -1;
	/* First for a little, so that what the kernel keeps for good isn't counted. */
	err = fuzz_for(opts, &w, opts->seconds / 5.0);
	before = seq_count();
	if (!err)
		err = fuzz_for(opts, &w, opts->seconds);
	tell_answers();
	if (odd)
		err = -1;
	munmap(w.arena, FUZZ_ARENA);
	if (!err)
		err = devices_work(&w);
	if (!err)
		err = seq_nothing_left(&before, 2 * 1024 * 1024);
	/* After a failure things may be open still, and this would wait for them. */
	return err || seq_give_back() ? -1 : 0;
}

static void usage(FILE *to)
{
	fprintf(to, "usage: fuzz [--seconds N] [--seed N] [--threads N]\n"
		    "Exit status: 0 passed, 1 failed, 2 usage, 77 can't run here.\n");
}

static int parse(int argc, char **argv, struct seq_opts *opts)
{
	static const struct option options[] = {
		{ "seconds", required_argument, NULL, 'n' },
		{ "seed", required_argument, NULL, 's' },
		{ "threads", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (c == 'n')
			opts->seconds = atoi(optarg);
		else if (c == 's')
			opts->seed = strtoull(optarg, NULL, 0);
		else if (c == 't')
			opts->threads = atoi(optarg);
		else if (c == 'h')
			return usage(stdout), 1;
		else
			return usage(stderr), -1;
	}
	if (optind < argc || opts->seconds < 1 || opts->threads < 1 || opts->threads > THREADS)
		return usage(stderr), -1;
	return 0;
}

int main(int argc, char **argv)
{
	struct seq_opts opts = { .seed = 1, .seconds = 10, .threads = 2 };
	struct rlimit files = { 4096, 4096 };
	int err = parse(argc, argv, &opts);

	if (err)
		return err < 0 ? 2 : 0;
	setrlimit(RLIMIT_NOFILE, &files);
	guest_forget_leaks();
	collect(fuzz_vfio_calls);
	collect(fuzz_iommufd_calls);
	collect(fuzz_buf_calls);
	printf("[ RUN      ] " CASE "\n  seed %llu, %d threads\n", (unsigned long long)opts.seed,
	       opts.threads);
	fflush(stdout);
	err = fuzz(&opts);
	printf("%s " CASE "\n", err == SKIP ? "[  SKIPPED ]" :
				err         ? "[  FAILED  ]" :
					      "[       OK ]");
	return err == SKIP ? SKIP : err ? 1 : 0;
}

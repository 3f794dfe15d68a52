/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Export without a free descriptor; a device's end against the ends of its buffers. */
#include "seq.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define SKIP 77
#define BUFS 4
#define IOVA 0x1000000ull
/* Growth per round that is noise of the allocator; a lost buffer is a kilobyte and more. */
#define NOISE(rounds) (1024 * 1024 + (rounds)*100)

static int limit_files(rlim_t n)
{
	struct rlimit files = { n, 4096 };

	return setrlimit(RLIMIT_NOFILE, &files);
}

static int export_at_the_limit(struct seq_dev *dev, long rounds)
{
	int lowest = dup(dev->cdev), fd = 0;

	/* The lowest free descriptor is now past the limit. */
	close(lowest);
	if (lowest < 0 || limit_files((rlim_t)lowest))
		return seq_fail("the limit of descriptors can't be set");
	for (long i = 0; i < rounds && (!i || fd == -EMFILE); i++) {
		fd = seq_export(dev, (uint32_t)(i & 15));
		seq_progress("fdlimit: %ld of %ld", i, rounds);
	}
	limit_files(4096);
	return fd == -EMFILE ? 0 : seq_fail("export at the limit gives %d, not EMFILE", fd);
}

int seq_fdlimit(const struct seq_opts *opts)
{
	long rounds = opts->rounds ? opts->rounds : 2000;
	int iommufd, fd, err;
	struct seq_census before;
	struct seq_dev dev;

	err = seq_take(&dev, "IVSHMEM0");
	if (err)
		return err == -ENODEV ? SKIP : -1;
	iommufd = raw_iommufd();
	err = seq_open(&dev, iommufd, 0);
	if (err)
		return seq_fail("open: %d", err);
	/* Once before, so that what the first time needs isn't counted. */
	err = export_at_the_limit(&dev, 100);
	before = seq_count();
	if (!err)
		err = export_at_the_limit(&dev, rounds);
	fd = seq_export(&dev, 0);
	if (!err && fd < 0)
		err = seq_fail("export below the limit gives %d", fd);
	close(fd);
	if (!err)
		err = seq_nothing_left(&before, NOISE(rounds));
	/* It closes, opens again, and lets its driver go, at seq_give_back(). */
	if (!err)
		err = seq_close(&dev) || seq_open(&dev, iommufd, 0);
	seq_close(&dev);
	close(iommufd);
	return err;
}

/* What two threads share in one round; each has its own descriptor of the device. */
struct round {
	struct seq_dev dev[2];
	int iommufd;
	uint32_t ioas;
	int bufs[BUFS];
	uint64_t state[2];
	int bad;
	pthread_barrier_t both;
};

static void spin(uint64_t *state)
{
	for (volatile uint32_t n = seq_below(state, 2000); n; n--)
		;
}

/* Takes the memory away a few times, and then the device. */
static void *end_device(void *arg)
{
	struct round *r = arg;
	uint64_t *state = &r->state[0];
	int toggles = (int)seq_below(state, 4);

	pthread_barrier_wait(&r->both);
	spin(state);
	for (int i = 0; i < toggles; i++) {
		if (seq_set_command(&r->dev[0], PCI_COMMAND_MEMORY, i & 1))
			r->bad = seq_fail("the command register can't be written");
	}
	seq_close(&r->dev[0]);
	return NULL;
}

static uint64_t iova_of(int i)
{
	return IOVA + (uint64_t)i * SEQ_LEN;
}

static void map_and_unmap(struct round *r, int i)
{
	uint64_t iova = iova_of(i);
	int err = raw_map_file(r->iommufd, r->ioas, r->bufs[i], 0, SEQ_LEN, &iova);

	if (err && err != -ENODEV && err != -EEXIST)
		r->bad = seq_fail("MAP_FILE gives %d", err);
	err = raw_unmap(r->iommufd, r->ioas, iova, SEQ_LEN);
	if (err && err != -ENOENT)
		r->bad = seq_fail("UNMAP gives %d", err);
}

static void *end_buffers(void *arg)
{
	struct round *r = arg;
	uint64_t *state = &r->state[1];
	int last = (int)seq_below(state, BUFS), fd;

	pthread_barrier_wait(&r->both);
	spin(state);
	for (int i = 0; i < BUFS; i++) {
		/* From here on the other thread has the device to itself. */
		if (i == last)
			seq_close(&r->dev[1]);
		if (i < last && seq_below(state, 2)) {
			fd = seq_export(&r->dev[1], (uint32_t)i);
			if (fd < 0)
				r->bad = seq_fail("export gives %d", fd);
			close(fd);
		}
		if (!seq_below(state, 3))
			map_and_unmap(r, i);
		close(r->bufs[i]);
	}
	return NULL;
}

static int begin(struct round *r)
{
	uint64_t iova;
	int err = seq_open(&r->dev[0], r->iommufd, 0);

	if (!err)
		err = seq_set_command(&r->dev[0], PCI_COMMAND_MEMORY, true);
	if (err)
		return seq_fail("open: %d", err);
	for (int i = 0; i < BUFS; i++) {
		r->bufs[i] = seq_export(&r->dev[0], (uint32_t)i * 4);
		iova = iova_of(i);
		if (i & 1)
			err = raw_map_file(r->iommufd, r->ioas, r->bufs[i], 0, SEQ_LEN, &iova);
		if (r->bufs[i] < 0 || err)
			return seq_fail("export: %d, map: %d", r->bufs[i], err);
	}
	r->dev[1] = r->dev[0];
	r->dev[1].cdev = dup(r->dev[0].cdev);
	return 0;
}

static int one_round(struct round *r)
{
	pthread_t threads[2];
	int err = begin(r);

	if (err)
		return err;
	pthread_create(&threads[0], NULL, end_device, r);
	pthread_create(&threads[1], NULL, end_buffers, r);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	/* The areas are still there unless a thread took them. */
	for (int i = 1; i < BUFS; i += 2) {
		err = raw_unmap(r->iommufd, r->ioas, iova_of(i), SEQ_LEN);
		if (err && err != -ENOENT)
			return seq_fail("UNMAP at the end gives %d", err);
	}
	return r->bad;
}

int seq_closes(const struct seq_opts *opts)
{
	struct round r = { .state = { opts->seed, opts->seed + 1 } };
	long rounds = opts->rounds ? opts->rounds : 300;
	struct seq_census before;
	struct seq_dev reader;
	int err = seq_take(&r.dev[0], "IVSHMEM0");

	if (!err)
		err = seq_take(&reader, "EDU0");
	if (err)
		return err == -ENODEV ? SKIP : -1;
	r.iommufd = raw_iommufd();
	raw_ioas(r.iommufd, &r.ioas);
	err = seq_open(&reader, r.iommufd, r.ioas);
	if (err)
		return seq_fail("reader: %d", err);
	pthread_barrier_init(&r.both, NULL, 2);
	err = one_round(&r);
	before = seq_count();
	for (long i = 0; !err && i < rounds; i++) {
		err = one_round(&r);
		if (err)
			seq_fail("in round %ld", i);
		else if (i % 64 == 63 && seq_count().nbufs != before.nbufs)
			err = seq_fail("dma-bufs are left after round %ld", i);
		seq_progress("closes: %ld of %ld", i, rounds);
	}
	if (!err)
		err = seq_nothing_left(&before, NOISE(rounds));
	seq_close(&reader);
	close(r.iommufd);
	pthread_barrier_destroy(&r.both);
	return err;
}

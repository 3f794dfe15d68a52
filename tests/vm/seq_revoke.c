/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a revocation costs, by the number of mappings it ends; the lab counts instructions. */
#include "seq.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SKIP 77
#define MOST 1000
#define IOVA 0x1000000ull

/* How the mappings come about. */
enum shape {
	ONE_BUFFER,
	MANY_BUFFERS,
	COPIES,
};

static const char *const shapes[] = { "of one buffer", "of a buffer each", "copies of one" };

struct bench {
	struct seq_dev owner;
	struct seq_dev reader;
	int iommufd;
	uint32_t ioas;
	int bufs[MOST];
};

static int fill(struct bench *b, enum shape shape, int n)
{
	uint64_t iova;
	int err = 0;

	for (int i = 0; i < n && !err; i++) {
		iova = IOVA + (uint64_t)i * SEQ_LEN;
		if (!i || shape == MANY_BUFFERS)
			b->bufs[i] = seq_export(&b->owner, (uint32_t)i * 4);
		if (i && shape == COPIES)
			err = raw_copy(b->iommufd, b->ioas, IOVA, iova, SEQ_LEN);
		else
			err = raw_map_file(b->iommufd, b->ioas,
					   b->bufs[shape == MANY_BUFFERS ? i : 0], 0, SEQ_LEN,
					   &iova);
	}
	return err;
}

static int empty(struct bench *b, enum shape shape, int n)
{
	int err = 0;

	for (int i = 0; i < n; i++) {
		err |= raw_unmap(b->iommufd, b->ioas, IOVA + (uint64_t)i * SEQ_LEN, SEQ_LEN);
		if (!i || shape == MANY_BUFFERS)
			close(b->bufs[i]);
	}
	return err;
}

/* Nanoseconds of the write that takes the memory away; negative: it failed. */
static int64_t time_revoke(struct bench *b, enum shape shape, int n)
{
	uint64_t start;
	int64_t took;
	int err = fill(b, shape, n);

	if (err)
		return seq_fail("%d mappings %s: %d", n, shapes[shape], err);
	start = guest_now_ns();
	err = seq_set_command(&b->owner, PCI_COMMAND_MEMORY, false);
	took = (int64_t)(guest_now_ns() - start);
	if (!err)
		err = seq_set_command(&b->owner, PCI_COMMAND_MEMORY, true);
	if (!err)
		err = empty(b, shape, n);
	return err ? seq_fail("%d mappings %s end: %d", n, shapes[shape], err) : took;
}

/* A mapping more costs the same, how many there may be. */
static int judge(struct bench *b, enum shape shape)
{
	static const int counts[] = { 1, 10, 100, MOST };
	int64_t took[4], few, many;

	printf("  %-16s", shapes[shape]);
	for (int i = 0; i < 4; i++) {
		/* The second time; the first fills caches of the allocator. */
		if (time_revoke(b, shape, counts[i]) < 0)
			return -1;
		took[i] = time_revoke(b, shape, counts[i]);
		if (took[i] < 0)
			return -1;
		printf(" %12lld", (long long)took[i]);
	}
	few = (took[2] - took[0]) / (counts[2] - counts[0]);
	many = (took[3] - took[2]) / (counts[3] - counts[2]);
	printf("   %lld, then %lld a mapping\n", (long long)few, (long long)many);
	if (many * 2 > few * 3)
		return seq_fail("more than linear");
	return 0;
}

int seq_revoke_cost(const struct seq_opts *opts)
{
	const char *counts = getenv("LAB_ICOUNT");
	struct bench b = { 0 };
	struct seq_census before;
	int err;

	/* Time on a busy host proves nothing. */
	if (!counts || strcmp(counts, "1")) {
		printf("  instructions are counted only in a lab with --icount\n");
		return SKIP;
	}
	err = seq_take(&b.owner, "IVSHMEM0");
	if (!err)
		err = seq_take(&b.reader, "EDU1");
	if (err)
		return err == -ENODEV ? SKIP : -1;
	b.iommufd = raw_iommufd();
	raw_ioas(b.iommufd, &b.ioas);
	err = seq_open(&b.reader, b.iommufd, b.ioas);
	if (!err)
		err = seq_open(&b.owner, b.iommufd, 0);
	if (!err)
		err = seq_set_command(&b.owner, PCI_COMMAND_MEMORY, true);
	if (err)
		return seq_fail("open: %d", err);
	/* What so many mappings need once, the allocator keeps. */
	if (time_revoke(&b, MANY_BUFFERS, MOST) < 0)
		return -1;
	before = seq_count();
	printf("  %-16s %12d %12d %12d %12d   instructions\n", "mappings", 1, 10, 100, MOST);
	for (int shape = ONE_BUFFER; !err && shape <= COPIES; shape++)
		err = judge(&b, (enum shape)shape);
	if (!err)
		err = seq_nothing_left(&before, 1024 * 1024);
	seq_close(&b.owner);
	seq_close(&b.reader);
	close(b.iommufd);
	return err;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A fuzzer of the calls around export, mapping and revocation. */
#ifndef TESTS_VM_FUZZ_H
#define TESTS_VM_FUZZ_H

#include <pthread.h>

#include "seq.h"

#define FUZZ_DEVS 2
#define FUZZ_IOMMUFDS 2
#define FUZZ_BUFS 16
#define FUZZ_ARENA (4u * 1024 * 1024)
#define FUZZ_ERRNOS 134

/* There was nothing to call it on. */
#define FUZZ_NOTHING (1 << 30)
/* The kernel's answer is wrong; what is, has been told. */
#define FUZZ_WRONG (-(1 << 30))

/**
 * struct fuzz_world - what all threads work on
 * @lock: of the descriptors below; no call is made with it held
 * @devs: the devices; their descriptors come and go
 * @iommufds: address spaces
 * @bufs: dma-bufs and memfds, -1: none
 * @arena: memory to map by address
 * @bar_len: what the BARs of a device are long, 0: not exportable
 * @strict: the kernel is of our series, which checks more than mainline
 */
struct fuzz_world {
	pthread_mutex_t lock;
	struct seq_dev devs[FUZZ_DEVS];
	int iommufds[FUZZ_IOMMUFDS];
	int bufs[FUZZ_BUFS];
	uint8_t *arena;
	uint64_t bar_len[FUZZ_DEVS][6];
	bool strict;
};

/* A thread's view. */
struct fuzz {
	struct fuzz_world *world;
	uint64_t state;
	unsigned long *calls;
	unsigned long (*answers)[FUZZ_ERRNOS];
	bool failed;
};

/* One call: what it may answer apart from success; the list ends with 0. */
struct fuzz_call {
	const char *name;
	int weight;
	int (*run)(struct fuzz *f);
	int errnos[16];
};

extern const struct fuzz_call fuzz_vfio_calls[], fuzz_iommufd_calls[], fuzz_buf_calls[];

static inline uint32_t fuzz_below(struct fuzz *f, uint32_t n)
{
	return seq_below(&f->state, n);
}

/* One time in @n. */
static inline bool fuzz_rarely(struct fuzz *f, uint32_t n)
{
	return !fuzz_below(f, n);
}

/* Numbers that break things: ends of what is allowed, of 32 and of 64 bits. */
uint32_t fuzz_u32(struct fuzz *f);
uint64_t fuzz_u64(struct fuzz *f, uint64_t limit);
/* Mostly a multiple of the page below @limit. */
uint64_t fuzz_pages(struct fuzz *f, uint64_t limit);
/* An object of iommufd, that is there or not. */
uint32_t fuzz_id(struct fuzz *f);

/*
 * Duplicates, so that another thread may close the original meanwhile, and no number
 * means something else all of a sudden. -1: there is none.
 */
int fuzz_iommufd(struct fuzz *f);
int fuzz_buf(struct fuzz *f);
/* @ret: as world->devs[@index], with the duplicate. */
int fuzz_dev(struct fuzz *f, struct seq_dev *ret, int *index);
/* The new descriptor takes the place of another, which is closed. */
void fuzz_keep_buf(struct fuzz *f, int fd);
/* Opens the device again, or closes it. */
int fuzz_toggle_dev(struct fuzz *f);
/* With address spaces 1 to 3. */
int fuzz_new_iommufd(void);
int fuzz_renew_iommufd(struct fuzz *f);

#endif

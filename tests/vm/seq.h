/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hard usage: what the programs of sequences and the fuzzer share. */
#ifndef TESTS_VM_SEQ_H
#define TESTS_VM_SEQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest.h"
#include "raw.h"

#define SEQ_PAGE 4096u
/* What one program makes; a buffer is a slice of this length. */
#define SEQ_LEN (4 * SEQ_PAGE)

/**
 * struct seq_opts - the command line
 * @what: the case to run; NULL: all
 * @rounds: 0: each case's own number, which fits an ordinary run
 * @seed: of all random choices; printed, so that a run can be repeated
 * @depth: length of the sequences that are tried exhaustively
 * @seconds: of the fuzzer
 * @threads: of the fuzzer
 * @device: name of the exporter in the lab, "NVME1"; its BAR 2 is memory. NULL: each case's own
 */
struct seq_opts {
	const char *what;
	long rounds;
	uint64_t seed;
	int depth;
	int seconds;
	int threads;
	const char *device;
};

/* Says why a case failed; where, the caller knows. Always -1. */
__attribute__((format(printf, 1, 2))) int seq_fail(const char *format, ...);
/* A line of progress, every few seconds at most. */
__attribute__((format(printf, 1, 2))) void seq_progress(const char *format, ...);

/* xorshift: the same numbers from a seed, whatever the C library. */
uint64_t seq_random(uint64_t *state);
uint32_t seq_below(uint64_t *state, uint32_t n);

/**
 * struct seq_dev - a device by VFIO's calls alone
 * @bdf: its address
 * @cdev: descriptor, -1: closed
 * @config: where the configuration space is in @cdev
 * @power: offset of the power management control register, 0: none
 */
struct seq_dev {
	const char *bdf;
	int cdev;
	uint64_t config;
	uint32_t power;
};

/* The device of that name, bound to vfio-pci until seq_give_back(). -ENODEV: not here. */
int seq_take(struct seq_dev *dev, const char *name);
/* Gives all devices back; waits for ever if something still holds one. */
int seq_give_back(void);

/* Opens, binds to @iommufd and attaches to @ioas, 0: doesn't attach. Memory is as it was. */
int seq_open(struct seq_dev *dev, int iommufd, uint32_t ioas);
int seq_close(struct seq_dev *dev);
int seq_read16(const struct seq_dev *dev, uint32_t off);
int seq_write16(const struct seq_dev *dev, uint32_t off, uint16_t val);
int seq_set_command(const struct seq_dev *dev, uint16_t bits, bool on);
/* 0: D0, 3: D3hot. */
int seq_set_power(const struct seq_dev *dev, uint16_t state);
/* VFIO_DEVICE_FEATURE without a payload, to set. */
int seq_feature(const struct seq_dev *dev, uint32_t feature);
int seq_region(const struct seq_dev *dev, uint32_t index, uint64_t *off, uint64_t *len);
/* SEQ_LEN bytes of BAR 2, from @page on. */
int seq_export(const struct seq_dev *dev, uint32_t page);

/**
 * struct seq_census - what there is in the kernel that a program could have left
 * @nfds: descriptors of this process
 * @nbufs: dma-bufs of the whole machine
 * @slab: bytes of the kernel's small objects
 */
struct seq_census {
	int nfds;
	int nbufs;
	int64_t slab;
};
struct seq_census seq_count(void);
/*
 * Nothing was left since @before: no descriptor, no dma-buf, at most @slab more bytes
 * where nobody knows better, no leak where the kernel looks for them itself.
 */
int seq_nothing_left(const struct seq_census *before, long slab);

/* A small DMA engine, to see whether a mapping is there: edu. */
struct seq_edu {
	struct seq_dev dev;
	volatile uint8_t *regs;
	uint8_t *page;
	uint64_t page_iova;
};
int seq_edu_open(struct seq_edu *edu, const char *name, int iommufd, uint32_t ioas);
int seq_edu_close(struct seq_edu *edu, int iommufd, uint32_t ioas);
/* Reads eight bytes from the IOVA; what comes if nothing is there, is not said. */
int seq_edu_read(struct seq_edu *edu, uint64_t iova, uint64_t *ret);

/* The cases; each 0, -1 or, where it can't run, 77. */
int seq_fdlimit(const struct seq_opts *opts);
int seq_closes(const struct seq_opts *opts);
int seq_walk(const struct seq_opts *opts);
int seq_exhaust(const struct seq_opts *opts);
int seq_revoke_cost(const struct seq_opts *opts);

#endif

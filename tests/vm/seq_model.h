/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What must be true of one device, one buffer and one mapping after any sequence of steps. */
#ifndef TESTS_VM_SEQ_MODEL_H
#define TESTS_VM_SEQ_MODEL_H

#include "seq.h"

/* What can be done. The first SEQ_LETTERS are the alphabet of the exhaustive run. */
enum seq_step {
	SEQ_OFF,
	SEQ_ON,
	SEQ_D3,
	SEQ_D0,
	SEQ_RESET,
	SEQ_MAP,
	SEQ_UNMAP,
	SEQ_CLOSE_DEV,
	SEQ_CLOSE_BUF,
	SEQ_LETTERS,
	SEQ_OPEN_DEV = SEQ_LETTERS,
	SEQ_EXPORT,
	SEQ_COPY,
	SEQ_UNCOPY,
	SEQ_SLEEP,
	SEQ_WAKE,
	SEQ_STEPS,
};

extern const char *const seq_words[SEQ_STEPS];

/**
 * struct seq_model - what we expect
 * @open: the device is open
 * @mem: its memory is enabled in the command register
 * @d3: it is in D3hot
 * @asleep: it is in the low power state that user space asked for
 * @dead: the device was closed after the buffer was made
 * @mapped: there is an area
 * @live: it reaches the memory
 * @copied: there is a second area, made from the first
 * @copy_live: it reaches the memory
 */
struct seq_model {
	bool open;
	bool mem;
	bool d3;
	bool asleep;
	bool dead;
	bool mapped;
	bool live;
	bool copied;
	bool copy_live;
};

/* The real things; @strict: with our series, which knows cases that mainline leaves out. */
struct seq_world {
	struct seq_dev dev;
	struct seq_edu edu;
	int iommufd;
	uint32_t ioas;
	int buf;
	uint64_t tag;
	bool strict;
	struct seq_model m;
};

/* -ENODEV: this profile lacks a device. */
int seq_world_make(struct seq_world *w, const char *exporter);
int seq_world_end(struct seq_world *w);
/* All as at the beginning: open, awake, memory on, a buffer, no area. */
int seq_world_reset(struct seq_world *w);
/* Does it, and compares what the kernel answers. */
int seq_world_step(struct seq_world *w, enum seq_step step);
/* Compares all that can be seen; @dma: asks a DMA engine, too, which takes its time. */
int seq_world_check(struct seq_world *w, bool dma);

#endif

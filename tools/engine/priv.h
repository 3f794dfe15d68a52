/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the engines share: the open device, its registers, its memory, waiting. */
#ifndef ENGINE_PRIV_H
#define ENGINE_PRIV_H

#include "engine.h"

/**
 * struct engine_ops - one kind of engine
 * @limits: what it can do
 * @regs_len: bytes of BAR 0 that it needs
 * @mem_len: bytes of memory it keeps in the ioas
 * @match: whether it drives the device
 * @start: brings the device up, from any state; @regs and @va are there
 * @stop: ends all DMA of the device; NULL: nothing to do
 * @write: see engine_write(); arguments are checked
 * @read: see engine_read(); NULL: can't
 */
struct engine_ops {
	struct engine_limits limits;
	uint64_t regs_len;
	uint64_t mem_len;
	bool (*match)(uint16_t vendor, uint16_t device, uint32_t class_code);
	int (*start)(struct engine *e);
	void (*stop)(struct engine *e);
	int (*write)(struct engine *e, uint64_t iova, uint32_t len, uint32_t seed, void *copy);
	int (*read)(struct engine *e, uint64_t iova, uint32_t len, void *copy);
};

/**
 * struct engine - an open engine
 * @ops: its kind
 * @limits: those of @ops with the caller's override
 * @opts: the caller's options, defaults filled in
 * @dev: device, one reference
 * @regs: BAR 0
 * @mem: its memory, one reference
 * @mapping: where @mem is in the ioas
 * @va: where @mem is in this process
 * @iova: where @mem is for the device
 * @broken: a call failed: start again before the next
 * @tail: next slot of the submission or descriptor ring
 * @head: next slot of the completion ring
 * @phase: NVMe: phase bit of the next completion
 * @stride: NVMe: bytes between doorbells
 * @switch_ms: NVMe: how long it may take to switch on or off
 */
struct engine {
	const struct engine_ops *ops;
	struct engine_limits limits;
	struct engine_opts opts;
	struct dmabufx_dev *dev;
	void *regs;
	struct dmabufx_buf *mem;
	struct dmabufx_mapping *mapping;
	uint8_t *va;
	uint64_t iova;
	bool broken;
	uint32_t tail;
	uint32_t head;
	uint32_t phase;
	uint32_t stride;
	uint32_t switch_ms;
};

extern const struct engine_ops engine_edu;
extern const struct engine_ops engine_igb;
extern const struct engine_ops engine_nvme;

/* Record the sentence for engine_error() and return @err. */
int engine_fail(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same with the library's own sentence for a call of it that failed. */
int engine_fail_lib(int err);

/*
 * Ask @done until it answers 1, or a negative errno, or the time is up; pauses
 * between two questions. @what ends the sentence "the device did not ...".
 */
int engine_wait(struct engine *e, int (*done)(struct engine *e), const char *what);

/* The same with a time of its own. */
int engine_wait_ms(struct engine *e, int (*done)(struct engine *e), const char *what,
		   uint32_t timeout_ms);

/* Set bits of the PCI command register. */
int engine_command(struct dmabufx_dev *dev, uint16_t bits);

/* Bring a controller's memory buffer up; @regs is the head of its BAR 0. */
int engine_nvme_enable_cmb(struct dmabufx_dev *dev, void *regs);
bool engine_nvme_match(uint16_t vendor, uint16_t device, uint32_t class_code);

#define PCI_COMMAND_MEMORY 0x0002
#define PCI_COMMAND_MASTER 0x0004
#define PCI_COMMAND_INTX_DISABLE 0x0400

static inline uint32_t reg_read32(const void *regs, uint32_t at)
{
	return *(const volatile uint32_t *)((const char *)regs + at);
}

static inline uint64_t reg_read64(const void *regs, uint32_t at)
{
	return *(const volatile uint64_t *)((const char *)regs + at);
}

static inline void reg_write64(void *regs, uint32_t at, uint64_t val)
{
	*(volatile uint64_t *)((char *)regs + at) = val;
}

/*
 * Register writes that start DMA are ordered after the stores to memory that
 * the device will read; reads of memory that it wrote are ordered after the
 * read that found it done.
 */
static inline void reg_write32(void *regs, uint32_t at, uint32_t val)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	*(volatile uint32_t *)((char *)regs + at) = val;
}

#endif

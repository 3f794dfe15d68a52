/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The peer-to-peer test: what its steps share. */
#ifndef P2P_H
#define P2P_H

#include "cli.h"

#include <engine.h>

/**
 * struct p2p_side - one of the two devices
 * @bdf: its address
 * @info: what sysfs showed
 * @dev: open device
 * @bound: this command bound it to vfio-pci
 */
struct p2p_side {
	char bdf[DMABUFX_BDF_MAX];
	struct dmabufx_dev_info info;
	struct dmabufx_dev *dev;
	bool bound;
};

/**
 * struct p2p - the test
 * @cli: the run
 * @src: device with the engine
 * @dst: device with the memory
 * @bind: --bind
 * @any_bar: no --bar
 * @any_offset: no --offset
 * @bar: BAR of @dst
 * @offset: first byte of the window in the BAR
 * @rounds: --rounds
 * @max_iova: --max-iova, 0: the engine's own
 * @ops: how to drive @src
 * @engine: open engine
 * @ioas: @src's address space
 * @slice: what of the BAR is exported
 * @buf: the exported slice
 * @mapping: where it is in @ioas; NULL: out
 * @map_iova: where it was first, and has to be each time
 * @window: the page of the BAR that is written, as the CPU sees it
 * @window_len: bytes of it: one page
 * @saved: what was in the window before
 * @ground: what the CPU put there before a DMA
 * @seen: what it found there after
 * @told: what the engine was told to write
 * @dma_seed: chooses what the next DMA writes; an engine may know two kinds only
 * @ground_seed: chooses what the CPU puts there next
 * @round: from 1
 * @pre: calls of the reset's first callback
 * @post: calls of its second
 * @kmsg: the kernel's log, or a negative errno
 * @steps: JSON array
 * @details: JSON array of the step that runs
 * @nsteps: steps so far
 * @text: lines of the step that runs, for people
 * @failed: the first failure; err 0: none
 * @exit: exit code of the first failure
 */
struct p2p {
	struct cli *cli;
	struct p2p_side src;
	struct p2p_side dst;
	bool bind;
	bool any_bar;
	bool any_offset;
	uint32_t bar;
	uint64_t offset;
	uint64_t rounds;
	uint64_t max_iova;
	const struct engine_ops *ops;
	struct engine *engine;
	struct dmabufx_ioas *ioas;
	struct dmabufx_range slice;
	struct dmabufx_buf *buf;
	struct dmabufx_mapping *mapping;
	uint64_t map_iova;
	void *window;
	size_t window_len;
	uint8_t *saved;
	uint8_t *ground;
	uint8_t *seen;
	uint8_t *told;
	uint32_t dma_seed;
	uint32_t ground_seed;
	uint64_t round;
	unsigned int pre;
	unsigned int post;
	int kmsg;
	struct json_object *steps;
	struct json_object *details;
	unsigned int nsteps;
	char *text;
	struct {
		int err;
		char reason[32];
		char text[DMABUFX_ERROR_TEXT_MAX];
	} failed;
	int exit;
};

/* p2p.c: run everything; the exit code */
int p2p_run(struct p2p *p);

/* A line under the step that runs. */
void p2p_tell(struct p2p *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A step's failure: a line under it, and the error of the test if it is the first; -1. */
int p2p_fail(struct p2p *p, int err, const char *reason, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
int p2p_fail_lib(struct p2p *p, int err);

/* A sign of life on a terminal; called by the engine while it waits. */
void p2p_tick(void *user);

/* p2p_setup.c: the steps that make things, in their order; 0 or -1 */
int p2p_find(struct p2p *p);
int p2p_bind(struct p2p *p);
int p2p_open_source(struct p2p *p);
int p2p_open_target(struct p2p *p);
int p2p_choose_bar(struct p2p *p);
int p2p_export(struct p2p *p);
int p2p_map(struct p2p *p);
int p2p_start_engine(struct p2p *p);
int p2p_look_in(struct p2p *p);

/* Undo all of them, whatever was made. */
int p2p_clean_up(struct p2p *p);

/* p2p_steps.c: the steps of a round; 0 or -1 */
int p2p_dma(struct p2p *p);
int p2p_unmap(struct p2p *p);
int p2p_dma_unmapped(struct p2p *p);
int p2p_map_again(struct p2p *p);
int p2p_reset(struct p2p *p);

/* p2p_window.c: the BAR as the CPU sees it */
void window_read(const struct p2p *p, uint8_t *to);
void window_write(struct p2p *p, const uint8_t *from);

/* "9c 11 52 ...", the first bytes of @bytes. */
const char *window_hex(const uint8_t *bytes, char buf[64]);

/* Index of the first difference, or @len. */
size_t window_differs(const uint8_t *a, const uint8_t *b, size_t len);

#endif

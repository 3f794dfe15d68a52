/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps of a round: DMA, take the mapping out, fault, put it back, reset. */
#include "p2p.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kmsg.h"

#define FAULT_WAIT_MS 500
#define FAULTS_SHOWN 3

/*
 * Other bytes than any DMA writes, put there by the CPU, so that bytes of an
 * earlier DMA can't be taken for those of this one. They have to be there when
 * read back: else the BAR is no plain memory.
 */
static int put_ground(struct p2p *p)
{
	size_t at;

	engine_pattern(~p->ground_seed++, p->ground, p->window_len);
	window_write(p, p->ground);
	window_read(p, p->seen);
	at = window_differs(p->ground, p->seen, p->window_len);
	if (at == p->window_len)
		return 0;
	return p2p_fail(p, -EIO, "not-memory",
			"BAR %u of %s doesn't keep what the CPU writes (0x%02x became 0x%02x at "
			"0x%llx): give --bar one that is plain memory",
			p->bar, p->dst.bdf, p->ground[at], p->seen[at],
			(unsigned long long)(p->offset + at));
}

static uint32_t dma_len(const struct p2p *p)
{
	const struct engine_limits *l = engine_get_limits(p->engine);

	return l->max_len < p->window_len ? l->max_len : (uint32_t)p->window_len;
}

/* Where the window is for the source. */
static uint64_t dma_iova(const struct p2p *p)
{
	return p->map_iova + (p->offset - p->slice.start);
}

static void tell_bytes(struct p2p *p, const char *who, const uint8_t *bytes)
{
	char hex[64];

	p2p_tell(p, "%-10s %s ...", who, window_hex(bytes, hex));
}

static void tell_faults(struct p2p *p)
{
	char line[256];
	int shown = 0;

	if (p->kmsg < 0) {
		p2p_tell(p, "the kernel's log can't be read here (%s)", dmabufx_strerror(p->kmsg));
		return;
	}
	/* Faults are reported by interrupt, some time after the DMA; and rate-limited. */
	while (shown < FAULTS_SHOWN &&
	       kmsg_next_fault(p->kmsg, shown || p->round > 1 ? 0 : FAULT_WAIT_MS, line,
			       sizeof(line))) {
		p2p_tell(p, "kernel: %s", line);
		shown++;
	}
	if (!shown)
		p2p_tell(p, "the kernel logged no fault by now; it limits how many it logs");
}

/* The bytes told, and no other, are in the window. */
static int check_bytes(struct p2p *p, uint32_t len)
{
	size_t at = window_differs(p->told, p->seen, len);

	if (window_differs(p->ground, p->seen, p->window_len) == p->window_len) {
		tell_faults(p);
		return p2p_fail(p, -EIO, "no-dma",
				"the DMA of %s did not get into BAR %u of %s: all bytes are as before; look at the kernel's log for what stopped it",
				p->src.bdf, p->bar, p->dst.bdf);
	}
	if (at < len)
		return p2p_fail(p, -EIO, "wrong-bytes",
				"byte %zu in BAR %u of %s is 0x%02x, the device was told to write 0x%02x",
				at, p->bar, p->dst.bdf, p->seen[at], p->told[at]);
	p2p_tell(p, "all %u bytes are the same", len);
	at = window_differs(p->ground + len, p->seen + len, p->window_len - len);
	if (at < p->window_len - len)
		return p2p_fail(p, -EIO, "wrong-bytes",
				"byte %zu in BAR %u of %s changed, behind the %u that were to be written",
				at + len, p->bar, p->dst.bdf, len);
	if (len < p->window_len)
		p2p_tell(p, "the %zu bytes behind them are untouched", p->window_len - len);
	return 0;
}

int p2p_dma(struct p2p *p)
{
	const struct engine_limits *l = engine_get_limits(p->engine);
	uint32_t len = dma_len(p);
	int ret;

	if (put_ground(p))
		return -1;
	kmsg_skip(p->kmsg);
	ret = engine_write(p->engine, dma_iova(p), len, p->dma_seed++, p->told);
	if (ret < 0)
		return p2p_fail(p, ret, "engine", "%s: %s", p->src.bdf, engine_error());
	window_read(p, p->seen);
	p2p_tell(p, "%s told to write %u bytes to IOVA 0x%llx: %s", l->name, len,
		 (unsigned long long)dma_iova(p), l->data);
	tell_bytes(p, "before", p->ground);
	tell_bytes(p, "told", p->told);
	tell_bytes(p, "in the BAR", p->seen);
	return check_bytes(p, len);
}

int p2p_unmap(struct p2p *p)
{
	int ret = dmabufx_mapping_unmap(p->mapping);

	if (ret < 0)
		return p2p_fail_lib(p, ret);
	p->mapping = NULL;
	p2p_tell(p, "nothing is at IOVA 0x%llx any more", (unsigned long long)p->map_iova);
	return 0;
}

int p2p_dma_unmapped(struct p2p *p)
{
	size_t at;
	int ret;

	if (put_ground(p))
		return -1;
	kmsg_skip(p->kmsg);
	ret = engine_write(p->engine, dma_iova(p), dma_len(p), p->dma_seed++, p->told);
	if (ret == -EINVAL)
		return p2p_fail(p, ret, "engine", "%s: %s", p->src.bdf, engine_error());
	if (ret < 0)
		p2p_tell(p, "the engine reports: %s", engine_error());
	else
		p2p_tell(p, "the engine reports nothing: it sends its writes and is done");
	window_read(p, p->seen);
	tell_bytes(p, "before", p->ground);
	tell_bytes(p, "told", p->told);
	tell_bytes(p, "in the BAR", p->seen);
	tell_faults(p);
	at = window_differs(p->ground, p->seen, p->window_len);
	if (at < p->window_len)
		return p2p_fail(p, -EIO, "not-stopped",
				"byte %zu in BAR %u changed although nothing is mapped", at,
				p->bar);
	p2p_tell(p, "the DMA did not get there: all %zu bytes are untouched", p->window_len);
	return 0;
}

int p2p_map_again(struct p2p *p)
{
	DMABUFX_OPTS(dmabufx_map_opts, opts, .flags = DMABUFX_MAP_FIXED, .iova = p->map_iova);
	int ret = dmabufx_ioas_map(p->ioas, p->buf, &opts, &p->mapping);

	if (ret < 0)
		return p2p_fail_lib(p, ret);
	p2p_tell(p, "the same dma-buf is back at IOVA 0x%llx", (unsigned long long)p->map_iova);
	return 0;
}

static int before_reset(struct dmabufx_dev *dev, void *user)
{
	struct p2p *p = user;

	p->pre++;
	return 0;
}

static int after_reset(struct dmabufx_dev *dev, void *user)
{
	struct p2p *p = user;

	p->post++;
	return 0;
}

static int check_mapping(struct p2p *p)
{
	int state = dmabufx_mapping_state(p->mapping);

	if (state != DMABUFX_MAPPING_LIVE)
		return p2p_fail(p, -EIO, "stale", "the mapping is not live after the reset: %s",
				dmabufx_reason_name(
					(enum dmabufx_reason)dmabufx_mapping_reason(p->mapping)));
	if (dmabufx_mapping_iova(p->mapping) != p->map_iova)
		return p2p_fail(p, -EIO, "moved", "the mapping moved from 0x%llx to 0x%llx",
				(unsigned long long)p->map_iova,
				(unsigned long long)dmabufx_mapping_iova(p->mapping));
	return 0;
}

int p2p_reset(struct p2p *p)
{
	struct dmabufx_event event;
	unsigned int remapped = 0;
	int ret;

	if (put_ground(p))
		return -1;
	p->pre = 0;
	p->post = 0;
	dmabufx_dev_set_reset_cb(p->dst.dev, before_reset, after_reset, p);
	ret = dmabufx_dev_reset(p->dst.dev);
	dmabufx_dev_set_reset_cb(p->dst.dev, NULL, NULL, NULL);
	if (ret < 0)
		return p2p_fail_lib(p, ret);
	while (dmabufx_ctx_next_event(p->cli->ctx, &event) == 1)
		remapped += event.type == DMABUFX_EVENT_REMAPPED && event.mapping == p->mapping;
	p2p_tell(p, "stop and start were called %u and %u times around it", p->pre, p->post);
	if (ret || check_mapping(p))
		return ret ? p2p_fail(p, -EIO, "stale", "%d mappings did not come back", ret) : -1;
	p2p_tell(p, "the mapping is live at IOVA 0x%llx, with %s event of it",
		 (unsigned long long)p->map_iova, remapped ? "an" : "no");
	if (engine_prepare_target(p->dst.dev) < 0)
		return p2p_fail(p, -EIO, "engine", "%s: %s", p->dst.bdf, engine_error());
	window_read(p, p->seen);
	p2p_tell(p, "the device's memory %s the reset",
		 window_differs(p->ground, p->seen, p->window_len) == p->window_len ?
			 "survived" :
			 "lost its bytes in");
	return 0;
}

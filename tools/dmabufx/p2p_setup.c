/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps that set the test up, and the one that takes it all down. */
#include "p2p.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kmsg.h"
#include "reset_kinds.h"

#define BAR_PREFETCHABLE 0x8
#define PCI_BAR_0 0x10

static int find_side(struct p2p *p, struct p2p_side *side)
{
	int ret = dmabufx_dev_lookup(p->cli->ctx, side->bdf, &side->info);
	char group[32];

	if (ret < 0)
		return p2p_fail_lib(p, ret);
	if (side->info.iommu_group < 0)
		snprintf(group, sizeof(group), "no IOMMU group");
	else
		snprintf(group, sizeof(group), "IOMMU group %d", side->info.iommu_group);
	p2p_tell(p, "%s is %04x:%04x, driver %s, %s", side->bdf, side->info.vendor,
		 side->info.device, side->info.driver[0] ? side->info.driver : "none", group);
	return 0;
}

int p2p_find(struct p2p *p)
{
	const struct dmabufx_dev_info *src = &p->src.info;

	if (find_side(p, &p->src) || find_side(p, &p->dst))
		return -1;
	p->ops = engine_find(src->vendor, src->device, src->class_code);
	if (!p->ops)
		return p2p_fail(p, -EOPNOTSUPP, "no-engine",
				"%s is %04x:%04x: no DMA engine known; give as SRC one of: %s",
				p->src.bdf, src->vendor, src->device, engine_known());
	js_str(p->cli->out, "engine", engine_ops_limits(p->ops)->name);
	p2p_tell(p, "%s can write with the engine %s", p->src.bdf, engine_ops_limits(p->ops)->name);
	return 0;
}

static int bind_side(struct p2p *p, struct p2p_side *side)
{
	int ret;

	if (!strcmp(side->info.driver, "vfio-pci")) {
		p2p_tell(p, "%s is bound to vfio-pci", side->bdf);
		return 0;
	}
	if (!p->bind)
		return p2p_fail(p, -ENODEV, dmabufx_reason_name(DMABUFX_REASON_NOT_VFIO),
				"%s is bound to %s, not to vfio-pci: run 'dmabufx bind %s' first, "
				"or give --bind",
				side->bdf, side->info.driver[0] ? side->info.driver : "no driver",
				side->bdf);
	ret = dmabufx_dev_bind(p->cli->ctx, side->bdf, 0);
	if (ret < 0)
		return p2p_fail_lib(p, ret);
	side->bound = true;
	p2p_tell(p, "%s is bound to vfio-pci now", side->bdf);
	return 0;
}

int p2p_bind(struct p2p *p)
{
	return bind_side(p, &p->src) ? -1 : bind_side(p, &p->dst);
}

int p2p_open_source(struct p2p *p)
{
	uint64_t max = p->max_iova ? p->max_iova : engine_ops_limits(p->ops)->max_iova;
	DMABUFX_OPTS(dmabufx_ioas_opts, ioas_opts, .iova_max = max);
	DMABUFX_OPTS(dmabufx_dev_opts, opts);
	int ret;

	ret = dmabufx_ioas_new(p->cli->ctx, &ioas_opts, &p->ioas);
	if (ret < 0)
		return p2p_fail_lib(p, ret);
	opts.ioas = p->ioas;
	ret = dmabufx_dev_open(p->cli->ctx, p->src.bdf, &opts, &p->src.dev);
	if (ret < 0)
		return p2p_fail_lib(p, ret);
	p2p_tell(p, "%s is open; its DMA goes through an address space of its own", p->src.bdf);
	p2p_tell(p, "it can address up to 0x%llx", (unsigned long long)max);
	return 0;
}

int p2p_open_target(struct p2p *p)
{
	struct dmabufx_dev_caps caps = { .size = sizeof(caps) };
	char kinds[64];
	int ret;

	ret = dmabufx_dev_open(p->cli->ctx, p->dst.bdf, NULL, &p->dst.dev);
	if (ret < 0)
		return p2p_fail_lib(p, ret);
	ret = dmabufx_dev_get_caps(p->dst.dev, &caps);
	if (ret < 0)
		return p2p_fail_lib(p, ret);
	if (engine_prepare_target(p->dst.dev) < 0)
		return p2p_fail(p, -EIO, "engine", "%s: %s", p->dst.bdf, engine_error());
	p2p_tell(p, "%s is open; the kernel can reset it by: %s", p->dst.bdf,
		 reset_kinds_text(caps.reset, kinds));
	return 0;
}

/*
 * Memory without side effects, by the device's own word: only such a BAR is
 * written without being asked for by number. Registers are no place to try.
 */
static bool is_prefetchable(struct p2p *p, uint32_t bar)
{
	uint8_t raw[4];

	if (dmabufx_dev_config_read(p->dst.dev, PCI_BAR_0 + 4 * bar, raw, sizeof(raw)) < 0)
		return false;
	return raw[0] & BAR_PREFETCHABLE;
}

static int find_bar(struct p2p *p, const struct dmabufx_dev_caps *caps)
{
	uint64_t best = 0;

	for (uint32_t i = 0; i < DMABUFX_BARS; i++) {
		const struct dmabufx_bar_caps *b = &caps->bars[i];

		if (!b->exportable || b->len <= best || !is_prefetchable(p, i))
			continue;
		best = b->len;
		p->bar = i;
	}
	if (best)
		return 0;
	if (!caps->can_export)
		return p2p_fail(p, -EOPNOTSUPP,
				dmabufx_reason_name(DMABUFX_REASON_EXPORT_UNSUPPORTED),
				"this kernel can't export the BARs of %s: it takes Linux 6.19 or "
				"later, or the project's patches",
				p->dst.bdf);
	return p2p_fail(p, -ENODEV, "no-memory-bar",
			"%s has no exportable prefetchable BAR: look at 'dmabufx caps %s', and "
			"give --bar one that is memory",
			p->dst.bdf, p->dst.bdf);
}

/* The stretch of the BAR, on one side of its MSI-X table, to export. */
static struct dmabufx_range stretch(const struct p2p *p, const struct dmabufx_bar_caps *b)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t end = b->len / page * page;
	struct dmabufx_range low = { 0, end };
	struct dmabufx_range high = { 0, 0 };

	if (b->msix.len) {
		uint64_t behind = b->msix.start + b->msix.len;

		low.len = b->msix.start;
		high = (struct dmabufx_range){ behind, behind < end ? end - behind : 0 };
	}
	if (p->any_offset)
		return low.len >= high.len ? low : high;
	return p->offset < low.len ? low : high;
}

/* Not more than a quarter of what the source can address. */
static void trim(struct p2p *p)
{
	uint64_t max = p->max_iova ? p->max_iova : engine_ops_limits(p->ops)->max_iova;
	uint64_t room = max / 4 + 1;

	if (p->slice.len <= room)
		return;
	if (!p->any_offset) {
		p->slice.len -= p->offset - p->slice.start;
		p->slice.start = p->offset;
	}
	if (p->slice.len > room)
		p->slice.len = room;
}

int p2p_choose_bar(struct p2p *p)
{
	struct dmabufx_dev_caps caps = { .size = sizeof(caps) };
	const struct dmabufx_bar_caps *b;
	char size[32];
	int ret;

	ret = dmabufx_dev_get_caps(p->dst.dev, &caps);
	if (ret < 0)
		return p2p_fail_lib(p, ret);
	if (p->any_bar && find_bar(p, &caps))
		return -1;
	b = &caps.bars[p->bar];
	if (!b->exportable)
		return p2p_fail(p, -ENODEV, dmabufx_reason_name((enum dmabufx_reason)b->reason),
				"%s", b->text);
	p->slice = stretch(p, b);
	if (p->any_offset)
		p->offset = p->slice.start;
	if (p->offset < p->slice.start || p->offset - p->slice.start >= p->slice.len)
		return p2p_fail(p, -EINVAL, dmabufx_reason_name(DMABUFX_REASON_PAST_END),
				"offset 0x%llx is not in the exportable part of BAR %u of %s",
				(unsigned long long)p->offset, p->bar, p->dst.bdf);
	trim(p);
	js_num(p->cli->out, "bar", p->bar);
	js_num(p->cli->out, "offset", p->offset);
	p2p_tell(p, "BAR %u of %s, %s, written at offset 0x%llx", p->bar, p->dst.bdf,
		 cli_size(b->len, size), (unsigned long long)p->offset);
	return 0;
}

int p2p_export(struct p2p *p)
{
	struct dmabufx_buf_info info = { .size = sizeof(info) };
	char size[32];
	int ret;

	ret = dmabufx_dev_export(p->dst.dev, p->bar, p->slice.start, p->slice.len, NULL, &p->buf);
	if (ret < 0)
		return p2p_fail_lib(p, ret);
	ret = dmabufx_buf_get_info(p->buf, &info);
	if (ret < 0)
		return p2p_fail_lib(p, ret);
	p2p_tell(p, "%s from 0x%llx are dma-buf inode %llu, descriptor %d, exporter %s",
		 cli_size(info.len, size), (unsigned long long)p->slice.start,
		 (unsigned long long)info.inode, dmabufx_buf_fd(p->buf), info.exporter);
	return 0;
}

int p2p_map(struct p2p *p)
{
	int ret = dmabufx_ioas_map(p->ioas, p->buf, NULL, &p->mapping);

	if (ret < 0)
		return p2p_fail_lib(p, ret);
	p->map_iova = dmabufx_mapping_iova(p->mapping);
	js_num(p->cli->out, "iova", p->map_iova);
	js_num(p->cli->out, "len", dmabufx_mapping_len(p->mapping));
	p2p_tell(p, "the dma-buf is at IOVA 0x%llx to 0x%llx of %s",
		 (unsigned long long)p->map_iova,
		 (unsigned long long)(p->map_iova + dmabufx_mapping_len(p->mapping) - 1),
		 p->src.bdf);
	return 0;
}

int p2p_start_engine(struct p2p *p)
{
	struct engine_opts opts = { .max_iova = p->max_iova, .tick = p2p_tick, .user = p };
	int ret = engine_open(p->ops, p->cli->ctx, p->src.dev, p->ioas, &opts, &p->engine);

	if (ret < 0)
		return p2p_fail(p, ret, "engine", "%s: %s", p->src.bdf, engine_error());
	p2p_tell(p, "the engine of %s runs, with its rings in the same address space", p->src.bdf);
	return 0;
}

int p2p_look_in(struct p2p *p)
{
	uint8_t *mem;
	int ret;

	p->window_len = (size_t)sysconf(_SC_PAGESIZE);
	if (p->window_len > ENGINE_MAX_LEN)
		p->window_len = ENGINE_MAX_LEN;
	ret = dmabufx_dev_bar_map(p->dst.dev, p->bar, p->offset, (uint64_t)sysconf(_SC_PAGESIZE),
				  &p->window);
	if (ret < 0)
		return p2p_fail_lib(p, ret);
	mem = cli_alloc(4, p->window_len);
	p->ground = mem + p->window_len;
	p->seen = mem + 2 * p->window_len;
	p->told = mem + 3 * p->window_len;
	p->saved = mem;
	window_read(p, p->saved);
	p->kmsg = kmsg_open();
	p2p_tell(p, "the CPU sees the same %zu bytes through %s; they are put back at the end",
		 p->window_len, p->dst.bdf);
	return 0;
}

/* The devices must be closed: the kernel waits for that before it unbinds. */
static int give_back(struct p2p *p, struct p2p_side *side)
{
	int ret;

	if (!side->bound)
		return 0;
	ret = dmabufx_dev_unbind(p->cli->ctx, side->bdf);
	if (ret < 0)
		return p2p_fail_lib(p, ret);
	if (dmabufx_dev_lookup(p->cli->ctx, side->bdf, &side->info) < 0)
		side->info.driver[0] = '\0';
	p2p_tell(p, "%s is given back: driver %s", side->bdf,
		 side->info.driver[0] ? side->info.driver : "none");
	return 0;
}

static void close_window(struct p2p *p)
{
	/* After a failed reset its memory may be off, and touching it kills. */
	if (p->saved && engine_prepare_target(p->dst.dev) == 0) {
		window_write(p, p->saved);
		p2p_tell(p, "the BAR has its old bytes back");
	}
	if (p->window)
		dmabufx_dev_bar_unmap(p->dst.dev, p->window, (uint64_t)sysconf(_SC_PAGESIZE));
	free(p->saved);
	if (p->kmsg >= 0)
		close(p->kmsg);
}

int p2p_clean_up(struct p2p *p)
{
	int ret = 0;
	int err;

	p->engine = engine_close(p->engine);
	err = dmabufx_mapping_unmap(p->mapping);
	if (err < 0)
		ret = p2p_fail_lib(p, err);
	close_window(p);
	p->buf = dmabufx_buf_unref(p->buf);
	p->src.dev = dmabufx_dev_unref(p->src.dev);
	p->dst.dev = dmabufx_dev_unref(p->dst.dev);
	p->ioas = dmabufx_ioas_unref(p->ioas);
	p2p_tell(p, "everything is unmapped and closed");
	if (give_back(p, &p->src))
		ret = -1;
	if (give_back(p, &p->dst))
		ret = -1;
	return ret;
}

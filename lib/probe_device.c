// SPDX-License-Identifier: LGPL-2.1-or-later
/* What it takes an address space or a device to find out. */
#include "probe_tell.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "dmabufx/buf.h"
#include "dmabufx/ctx.h"
#include "dmabufx/dev.h"
#include "dmabufx/ioas.h"
#include "dmabufx/mapping.h"
#include "iommu/iommu.h"
#include "sys/sysfs.h"

/* The kernel's part of a mapping that can't be unmapped ends with the probe's own iommufd. */
static void drop(struct dmabufx_mapping *mapping)
{
	struct dmabufx_ctx *ctx = mapping->ioas->ctx;

	if (!dmabufx_mapping_unmap(mapping))
		return;
	dx_lock(ctx);
	dx_mapping_free(mapping);
	dx_unlock(ctx);
}

void dx_probe_memory(struct probe *p)
{
	struct dmabufx_mapping *mapping;
	struct dmabufx_ioas *ioas;
	struct dmabufx_buf *buf;

	if (!is_yes(p, DMABUFX_PROBE_IOMMUFD)) {
		dx_probe_say(p, DMABUFX_PROBE_MAP_FILE, NO, 0, "needs iommufd");
		return;
	}
	if (dmabufx_ctx_ioas(p->ctx, &ioas) ||
	    dmabufx_buf_alloc(p->ctx, p->sys->page_size, NULL, &buf)) {
		dx_probe_say_error(p, DMABUFX_PROBE_MAP_FILE, UNKNOWN);
		return;
	}
	if (dmabufx_ioas_map(ioas, buf, NULL, &mapping)) {
		dx_probe_say_error(p, DMABUFX_PROBE_MAP_FILE, NO);
	} else {
		dx_probe_say(p, DMABUFX_PROBE_MAP_FILE, YES, 0,
			     "a memfd was mapped without an address");
		drop(mapping);
	}
	dmabufx_buf_unref(buf);
}

/*
 * There is nothing to ask but what debugfs says of somebody who has attached a buffer: iommufd,
 * as long as it has one mapped.
 */
static void ask_links(struct probe *p, struct dmabufx_buf *buf)
{
	struct dmabufx_buf_info info = { .size = sizeof(info) };
	struct dmabufx_attached one;
	int n = dmabufx_buf_get_info(buf, &info);

	if (!n)
		n = dmabufx_buf_attached(p->ctx, info.inode, &one, 1);
	if (n < 0)
		dx_probe_say_error(p, DMABUFX_PROBE_LINKS, UNKNOWN);
	else if (!n)
		dx_probe_say(p, DMABUFX_PROBE_LINKS, UNKNOWN, 0,
			     "debugfs names nobody who has attached the dma-buf that iommufd mapped");
	else if (!one.link[0])
		dx_probe_say(p, DMABUFX_PROBE_LINKS, NO, 0,
			     "debugfs names no link of '%s'; it takes a kernel with the series dma-buf-interconnect",
			     one.dev);
	else
		dx_probe_say(p, DMABUFX_PROBE_LINKS, YES, 0, "'%s' got a dma-buf over '%s'",
			     one.dev, one.link);
}

static void ask_mapping(struct probe *p, enum dmabufx_probe_id id, struct dmabufx_buf *buf,
			const char *yes)
{
	struct dmabufx_mapping *mapping;
	struct dmabufx_ioas *ioas;

	if (dmabufx_ctx_ioas(p->ctx, &ioas) || dmabufx_ioas_map(ioas, buf, NULL, &mapping)) {
		dx_probe_say_error(p, id, NO);
		return;
	}
	dx_probe_say(p, id, YES, 0, "%s", yes);
	if (id == DMABUFX_PROBE_IMPORT)
		ask_links(p, buf);
	drop(mapping);
}

static void ask_multi_range(struct probe *p, struct dmabufx_dev *dev, uint32_t bar,
			    const struct dmabufx_range *area)
{
	uint64_t page = p->sys->page_size;
	struct dmabufx_range two[2] = {
		{ .start = area->start, .len = page },
		{ .start = area->start + 2 * page, .len = page },
	};
	struct dmabufx_buf *buf;

	if (area->len < 3 * page) {
		dx_probe_say(p, DMABUFX_PROBE_MULTI_RANGE, UNKNOWN, 0,
			     "the BAR tried is too small; name a device with a larger one");
		return;
	}
	if (dmabufx_dev_export_ranges(dev, bar, two, 2, NULL, &buf)) {
		dx_probe_say_error(p, DMABUFX_PROBE_MULTI_RANGE, NO);
		return;
	}
	ask_mapping(p, DMABUFX_PROBE_MULTI_RANGE, buf, "a dma-buf of two ranges was mapped");
	dmabufx_buf_unref(buf);
}

/* The largest stretch of an exportable BAR that holds no MSI-X table. */
static bool pick_area(const struct dmabufx_dev_caps *caps, uint32_t *bar,
		      struct dmabufx_range *area)
{
	area->len = 0;
	for (uint32_t i = 0; i < DMABUFX_BARS; i++) {
		const struct dmabufx_bar_caps *b = &caps->bars[i];
		struct dmabufx_range before = { .len = b->msix.len ? b->msix.start : b->len };

		if (b->exportable && before.len > area->len) {
			*area = before;
			*bar = i;
		}
	}
	return area->len;
}

static void ask_export(struct probe *p, struct dmabufx_dev *dev)
{
	struct dmabufx_dev_caps caps = { .size = sizeof(caps) };
	struct dmabufx_range area;
	struct dmabufx_buf *buf;
	uint32_t bar;

	dmabufx_dev_get_caps(dev, &caps);
	if (!caps.can_export) {
		dx_probe_say(p, DMABUFX_PROBE_EXPORT, NO, 0,
			     "VFIO of this kernel exports no dma-bufs; use Linux 6.19 or later with CONFIG_PCI_P2PDMA");
		return;
	}
	if (!pick_area(&caps, &bar, &area)) {
		dx_probe_say(p, DMABUFX_PROBE_EXPORT, UNKNOWN, 0,
			     "VFIO exports dma-bufs, but %s has no BAR to try with; name another device",
			     caps.bdf);
		return;
	}
	if (dmabufx_dev_export(dev, bar, area.start, p->sys->page_size, NULL, &buf)) {
		dx_probe_say_error(p, DMABUFX_PROBE_EXPORT, NO);
		return;
	}
	dx_probe_say(p, DMABUFX_PROBE_EXPORT, YES, 0, "a page of BAR %u of %s became a dma-buf",
		     bar, caps.bdf);
	ask_mapping(p, DMABUFX_PROBE_IMPORT, buf, "iommufd mapped it");
	dmabufx_buf_unref(buf);
	ask_multi_range(p, dev, bar, &area);
}

/* Opens a device nobody else has: the named one, or the first that opens. */
static struct dmabufx_dev *open_any(struct probe *p)
{
	struct dmabufx_dev *dev = NULL;
	char path[DX_PATH_MAX], *list, *at;
	int n;

	if (p->bdf)
		return dmabufx_dev_open(p->ctx, p->bdf, NULL, &dev) ? NULL : dev;
	n = p->sys->list(p->sys, "/sys/class/vfio-dev", &list);
	dx_fail(-ENODEV, DMABUFX_REASON_NOT_VFIO,
		"no device is bound to vfio-pci; `dmabufx bind BDF` hands one over");
	if (n < 0)
		return NULL;
	at = list;
	for (int i = 0; i < n && !dev; i++, at += strlen(at) + 1) {
		snprintf(path, sizeof(path), "/dev/vfio/devices/%s", at);
		dmabufx_dev_open(p->ctx, path, NULL, &dev);
	}
	free(list);
	return dev;
}

void dx_probe_device(struct probe *p)
{
	struct dmabufx_dev *dev;

	for (int id = DMABUFX_PROBE_EXPORT; id <= DMABUFX_PROBE_LINKS; id++)
		dx_probe_say(p, (enum dmabufx_probe_id)id, UNKNOWN, 0,
			     "needs a device on vfio-pci that can be opened, to try with");
	if (!is_yes(p, DMABUFX_PROBE_IOMMUFD)) {
		dx_probe_say(p, DMABUFX_PROBE_VFIO_DEVICE, UNKNOWN, 0,
			     "needs iommufd, to try with");
		return;
	}
	dev = open_any(p);
	if (!dev) {
		dx_probe_say_error(p, DMABUFX_PROBE_VFIO_DEVICE, NO);
		return;
	}
	dx_probe_say(p, DMABUFX_PROBE_VFIO_DEVICE, YES, 0, "a device opened");
	ask_export(p, dev);
	dmabufx_dev_unref(dev);
}

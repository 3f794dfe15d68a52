// SPDX-License-Identifier: LGPL-2.1-or-later
/* What this machine can do: each thing is tried and undone. */
#include "dmabufx/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/fail.h"
#include "base/opts.h"
#include "buf/drm.h"
#include "ctx_new.h"
#include "dmabufx/buf.h"
#include "dmabufx/dev.h"
#include "dmabufx/ioas.h"
#include "dmabufx/mapping.h"
#include "sys/ctx.h"
#include "sys/sysfs.h"
#include "sys/type1.h"

#define YES DMABUFX_ANSWER_YES
#define NO DMABUFX_ANSWER_NO
#define UNKNOWN DMABUFX_ANSWER_UNKNOWN

struct probe {
	struct dx_sys *sys;
	struct dmabufx_ctx *ctx; /* one of its own: nothing tried touches the caller's */
	const char *bdf;
	struct dmabufx_probe_answer *answers;
};

static const char *const names[] = {
	[DMABUFX_PROBE_IOMMU] = "iommu",
	[DMABUFX_PROBE_IOMMUFD] = "iommufd",
	[DMABUFX_PROBE_TYPE1] = "type1",
	[DMABUFX_PROBE_VFIO_PCI] = "vfio-pci",
	[DMABUFX_PROBE_VFIO_CDEV] = "vfio-cdev",
	[DMABUFX_PROBE_VFIO_DEVICE] = "vfio-device",
	[DMABUFX_PROBE_MAP_FILE] = "map-file",
	[DMABUFX_PROBE_EXPORT] = "export",
	[DMABUFX_PROBE_IMPORT] = "import",
	[DMABUFX_PROBE_MULTI_RANGE] = "multi-range",
	[DMABUFX_PROBE_UDMABUF] = "udmabuf",
	[DMABUFX_PROBE_DMA_HEAP] = "dma-heap",
	[DMABUFX_PROBE_DRM] = "drm",
	[DMABUFX_PROBE_MEMLOCK] = "memlock",
	[DMABUFX_PROBE_NOFILE] = "nofile",
	[DMABUFX_PROBE_HUGETLB] = "hugetlb",
	[DMABUFX_PROBE_P2P] = "p2p",
};

const char *dmabufx_probe_name(enum dmabufx_probe_id id)
{
	return (unsigned int)id < DMABUFX_PROBE_COUNT ? names[id] : "unknown";
}

static void say(struct probe *p, enum dmabufx_probe_id id, enum dmabufx_answer answer,
		uint64_t value, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

static void say(struct probe *p, enum dmabufx_probe_id id, enum dmabufx_answer answer,
		uint64_t value, const char *fmt, ...)
{
	struct dmabufx_probe_answer *a = &p->answers[id];
	va_list ap;

	a->id = id;
	a->answer = answer;
	a->value = value;
	va_start(ap, fmt);
	vsnprintf(a->text, sizeof(a->text), fmt, ap);
	va_end(ap);
}

/* The reason of the library's own call that failed. */
static void say_error(struct probe *p, enum dmabufx_probe_id id, enum dmabufx_answer answer)
{
	say(p, id, answer, 0, "%s", dmabufx_last_error()->text);
}

static bool is_yes(const struct probe *p, enum dmabufx_probe_id id)
{
	return p->answers[id].answer == YES;
}

static int count_dir(struct probe *p, const char *path)
{
	char *list;
	int n = p->sys->list(p->sys, path, &list);

	if (n >= 0)
		free(list);
	return n;
}

static void ask_iommu(struct probe *p)
{
	int n = count_dir(p, "/sys/kernel/iommu_groups");

	if (n > 0)
		say(p, DMABUFX_PROBE_IOMMU, YES, (uint64_t)n, "%d IOMMU groups", n);
	else
		say(p, DMABUFX_PROBE_IOMMU, NO, 0,
		    "no IOMMU groups; turn the IOMMU on in firmware and kernel (intel_iommu=on)");
}

static void ask_iommufd(struct probe *p)
{
	struct dmabufx_ioas *ioas;

	if (dmabufx_ctx_ioas(p->ctx, &ioas))
		say_error(p, DMABUFX_PROBE_IOMMUFD, NO);
	else
		say(p, DMABUFX_PROBE_IOMMUFD, YES, 0, "/dev/iommu makes address spaces");
}

static void ask_type1(struct probe *p)
{
	int fd = p->sys->open(p->sys, "/dev/vfio/vfio", O_RDWR), has;

	if (fd < 0) {
		say(p, DMABUFX_PROBE_TYPE1, NO, 0, "/dev/vfio/vfio: %s; load module vfio",
		    dmabufx_strerror(fd));
		return;
	}
	has = dx_type1_check(p->sys, fd);
	p->sys->close(p->sys, fd);
	say(p, DMABUFX_PROBE_TYPE1, has > 0 ? YES : NO, 0, "%s",
	    has > 0 ? "a container speaks type1v2; for memory, not for dma-bufs" :
		      "a container opens without type1v2; load module vfio_iommu_type1");
}

static void ask_vfio(struct probe *p)
{
	int driver = count_dir(p, "/sys/bus/pci/drivers/vfio-pci");
	int nodes = count_dir(p, "/sys/class/vfio-dev");

	say(p, DMABUFX_PROBE_VFIO_PCI, driver < 0 ? NO : YES, 0, "%s",
	    driver < 0 ? "no vfio-pci driver; load module vfio-pci" : "the driver is there");
	if (nodes < 0)
		say(p, DMABUFX_PROBE_VFIO_CDEV, driver < 0 ? UNKNOWN : NO, 0,
		    "no class vfio-dev; load module vfio-pci, of a kernel with CONFIG_VFIO_DEVICE_CDEV");
	else
		say(p, DMABUFX_PROBE_VFIO_CDEV, YES, (uint64_t)nodes,
		    "%d device nodes in /dev/vfio/devices", nodes);
}

static void ask_map_file(struct probe *p)
{
	struct dmabufx_mapping *mapping;
	struct dmabufx_ioas *ioas;
	struct dmabufx_buf *buf;

	if (!is_yes(p, DMABUFX_PROBE_IOMMUFD)) {
		say(p, DMABUFX_PROBE_MAP_FILE, NO, 0, "needs iommufd");
		return;
	}
	if (dmabufx_ctx_ioas(p->ctx, &ioas) ||
	    dmabufx_buf_alloc(p->ctx, p->sys->page_size, NULL, &buf)) {
		say_error(p, DMABUFX_PROBE_MAP_FILE, UNKNOWN);
		return;
	}
	if (dmabufx_ioas_map(ioas, buf, NULL, &mapping)) {
		say_error(p, DMABUFX_PROBE_MAP_FILE, NO);
	} else {
		say(p, DMABUFX_PROBE_MAP_FILE, YES, 0, "a memfd was mapped without an address");
		dmabufx_mapping_unmap(mapping);
	}
	dmabufx_buf_unref(buf);
}

static void ask_mapping(struct probe *p, enum dmabufx_probe_id id, struct dmabufx_buf *buf,
			const char *yes)
{
	struct dmabufx_mapping *mapping;
	struct dmabufx_ioas *ioas;

	if (dmabufx_ctx_ioas(p->ctx, &ioas) || dmabufx_ioas_map(ioas, buf, NULL, &mapping)) {
		say_error(p, id, NO);
		return;
	}
	say(p, id, YES, 0, "%s", yes);
	dmabufx_mapping_unmap(mapping);
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
		say(p, DMABUFX_PROBE_MULTI_RANGE, UNKNOWN, 0,
		    "the BAR tried is too small; name a device with a larger one");
		return;
	}
	if (dmabufx_dev_export_ranges(dev, bar, two, 2, NULL, &buf)) {
		say_error(p, DMABUFX_PROBE_MULTI_RANGE, NO);
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
		say(p, DMABUFX_PROBE_EXPORT, NO, 0,
		    "VFIO of this kernel exports no dma-bufs; use Linux 6.19 or later with CONFIG_PCI_P2PDMA");
		return;
	}
	if (!pick_area(&caps, &bar, &area)) {
		say(p, DMABUFX_PROBE_EXPORT, UNKNOWN, 0,
		    "VFIO exports dma-bufs, but %s has no BAR to try with; name another device",
		    caps.bdf);
		return;
	}
	if (dmabufx_dev_export(dev, bar, area.start, p->sys->page_size, NULL, &buf)) {
		say_error(p, DMABUFX_PROBE_EXPORT, NO);
		return;
	}
	say(p, DMABUFX_PROBE_EXPORT, YES, 0, "a page of BAR %u of %s became a dma-buf", bar,
	    caps.bdf);
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

static void ask_device(struct probe *p)
{
	struct dmabufx_dev *dev;

	for (int id = DMABUFX_PROBE_EXPORT; id <= DMABUFX_PROBE_MULTI_RANGE; id++)
		say(p, (enum dmabufx_probe_id)id, UNKNOWN, 0,
		    "needs a device on vfio-pci that can be opened, to try with");
	if (!is_yes(p, DMABUFX_PROBE_IOMMUFD)) {
		say(p, DMABUFX_PROBE_VFIO_DEVICE, UNKNOWN, 0, "needs iommufd, to try with");
		return;
	}
	dev = open_any(p);
	if (!dev) {
		say_error(p, DMABUFX_PROBE_VFIO_DEVICE, NO);
		return;
	}
	say(p, DMABUFX_PROBE_VFIO_DEVICE, YES, 0, "a device opened");
	ask_export(p, dev);
	dmabufx_dev_unref(dev);
}

static void ask_udmabuf(struct probe *p)
{
	int fd = p->sys->open(p->sys, "/dev/udmabuf", O_RDWR);

	dx_sys_close(p->sys, fd);
	say(p, DMABUFX_PROBE_UDMABUF, fd < 0 ? NO : YES, 0, "/dev/udmabuf: %s",
	    fd < 0 ? dmabufx_strerror(fd) : "opens");
}

static void ask_heap(struct probe *p)
{
	char *list;
	int n = p->sys->list(p->sys, "/dev/dma_heap", &list);

	if (n > 0)
		say(p, DMABUFX_PROBE_DMA_HEAP, YES, (uint64_t)n, "%d heaps, the first is '%s'", n,
		    list);
	else
		say(p, DMABUFX_PROBE_DMA_HEAP, NO, 0,
		    "no heap in /dev/dma_heap; needs CONFIG_DMABUF_HEAPS_SYSTEM");
	if (n >= 0)
		free(list);
}

static void ask_limit(struct probe *p, enum dmabufx_probe_id id, int resource, const char *what)
{
	uint64_t value = 0;
	int err = p->sys->rlimit(p->sys, resource, &value);

	if (err)
		say(p, id, UNKNOWN, 0, "%s: %s", what, dmabufx_strerror(err));
	else if (value == UINT64_MAX)
		say(p, id, YES, value, "%s: no limit", what);
	else
		say(p, id, YES, value, "%s: %llu", what, (unsigned long long)value);
}

static void ask_hugetlb(struct probe *p)
{
	uint64_t pages = 0;
	int err = dx_sysfs_number(p->sys, &pages,
				  "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages");

	if (!err && pages)
		say(p, DMABUFX_PROBE_HUGETLB, YES, pages, "%llu free pages of 2 MiB",
		    (unsigned long long)pages);
	else
		say(p, DMABUFX_PROBE_HUGETLB, NO, 0,
		    "no free pages of 2 MiB; raise /proc/sys/vm/nr_hugepages if you want them");
}

static void conclude(struct probe *p)
{
	static const enum dmabufx_probe_id needs[] = {
		DMABUFX_PROBE_IOMMU,       DMABUFX_PROBE_IOMMUFD, DMABUFX_PROBE_VFIO_CDEV,
		DMABUFX_PROBE_VFIO_DEVICE, DMABUFX_PROBE_EXPORT,  DMABUFX_PROBE_IMPORT,
	};

	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		const struct dmabufx_probe_answer *a = &p->answers[needs[i]];

		if (a->answer == YES)
			continue;
		say(p, DMABUFX_PROBE_P2P, (enum dmabufx_answer)a->answer, 0, "%s: %s",
		    names[needs[i]], a->text);
		return;
	}
	say(p, DMABUFX_PROBE_P2P, YES, 0,
	    "one device's memory can be put before another, and follow it through reset");
}

static void ask_all(struct probe *p)
{
	ask_iommu(p);
	ask_iommufd(p);
	ask_type1(p);
	ask_vfio(p);
	ask_map_file(p);
	ask_device(p);
	ask_udmabuf(p);
	ask_heap(p);
	say(p, DMABUFX_PROBE_DRM, dx_drm_built ? YES : NO, 0, "the library was built with%s libdrm",
	    dx_drm_built ? "" : "out");
	ask_limit(p, DMABUFX_PROBE_MEMLOCK, RLIMIT_MEMLOCK, "bytes that can be pinned");
	ask_limit(p, DMABUFX_PROBE_NOFILE, RLIMIT_NOFILE, "open descriptors");
	ask_hugetlb(p);
	conclude(p);
}

int dmabufx_probe(struct dmabufx_ctx *ctx, const struct dmabufx_probe_opts *opts,
		  struct dmabufx_probe_answer *ret, size_t max)
{
	DMABUFX_OPTS(dmabufx_ctx_opts, own, .backend = DMABUFX_BACKEND_IOMMUFD);
	struct dmabufx_probe_answer answers[DMABUFX_PROBE_COUNT] = { 0 };
	struct probe p = { .answers = answers };
	struct dmabufx_probe_opts o;
	int err;

	if (!ctx || (!ret && max))
		return dx_fail_null(ctx ? "ret" : "ctx");
	err = DX_OPTS_TAKE(dmabufx_probe_opts, opts, &o);
	if (err)
		return err;
	if (o.flags || o.reserved)
		return dx_fail_flags("dmabufx_probe_opts", o.flags | o.reserved, 0);
	p.sys = ctx->sys;
	p.bdf = o.bdf;
	err = dx_ctx_new(ctx->sys, &own, &p.ctx);
	if (err)
		return err;
	ask_all(&p);
	dmabufx_ctx_unref(p.ctx);
	memcpy(ret, answers,
	       (max < DMABUFX_PROBE_COUNT ? max : DMABUFX_PROBE_COUNT) * sizeof(*ret));
	return DMABUFX_PROBE_COUNT;
}

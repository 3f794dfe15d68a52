// SPDX-License-Identifier: LGPL-2.1-or-later
/* What this machine can do: each thing is tried and undone. */
#include "probe_tell.h"

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
#include "dmabufx/ioas.h"
#include "sys/ctx.h"
#include "sys/sysfs.h"
#include "sys/type1.h"

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
	/* Ways to exchange addresses, as the kernel's documentation calls them. */
	[DMABUFX_PROBE_LINKS] = "links",
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

void dx_probe_say(struct probe *p, enum dmabufx_probe_id id, enum dmabufx_answer answer,
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

void dx_probe_say_error(struct probe *p, enum dmabufx_probe_id id, enum dmabufx_answer answer)
{
	dx_probe_say(p, id, answer, 0, "%s", dmabufx_last_error()->text);
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
		dx_probe_say(p, DMABUFX_PROBE_IOMMU, YES, (uint64_t)n, "%d IOMMU groups", n);
	else
		dx_probe_say(p, DMABUFX_PROBE_IOMMU, NO, 0,
			     "no IOMMU groups; turn the IOMMU on in firmware and kernel (intel_iommu=on)");
}

static void ask_iommufd(struct probe *p)
{
	struct dmabufx_ioas *ioas;

	if (dmabufx_ctx_ioas(p->ctx, &ioas))
		dx_probe_say_error(p, DMABUFX_PROBE_IOMMUFD, NO);
	else
		dx_probe_say(p, DMABUFX_PROBE_IOMMUFD, YES, 0, "/dev/iommu makes address spaces");
}

static void ask_type1(struct probe *p)
{
	int fd = p->sys->open(p->sys, "/dev/vfio/vfio", O_RDWR), has;

	if (fd < 0) {
		dx_probe_say(p, DMABUFX_PROBE_TYPE1, NO, 0, "/dev/vfio/vfio: %s; load module vfio",
			     dmabufx_strerror(fd));
		return;
	}
	has = dx_type1_check(p->sys, fd);
	p->sys->close(p->sys, fd);
	dx_probe_say(p, DMABUFX_PROBE_TYPE1, has > 0 ? YES : NO, 0, "%s",
		     has > 0 ? "a container speaks type1v2; for memory, not for dma-bufs" :
			       "a container opens without type1v2; load module vfio_iommu_type1");
}

static void ask_vfio(struct probe *p)
{
	int driver = count_dir(p, "/sys/bus/pci/drivers/vfio-pci");
	int nodes = count_dir(p, "/sys/class/vfio-dev");

	dx_probe_say(p, DMABUFX_PROBE_VFIO_PCI, driver < 0 ? NO : YES, 0, "%s",
		     driver < 0 ? "no vfio-pci driver; load module vfio-pci" :
				  "the driver is there");
	if (nodes < 0)
		dx_probe_say(p, DMABUFX_PROBE_VFIO_CDEV, driver < 0 ? UNKNOWN : NO, 0,
			     "no class vfio-dev; load module vfio-pci, of a kernel with CONFIG_VFIO_DEVICE_CDEV");
	else
		dx_probe_say(p, DMABUFX_PROBE_VFIO_CDEV, YES, (uint64_t)nodes,
			     "%d device nodes in /dev/vfio/devices", nodes);
}

static void ask_udmabuf(struct probe *p)
{
	int fd = p->sys->open(p->sys, "/dev/udmabuf", O_RDWR);

	dx_sys_close(p->sys, fd);
	dx_probe_say(p, DMABUFX_PROBE_UDMABUF, fd < 0 ? NO : YES, 0, "/dev/udmabuf: %s",
		     fd < 0 ? dmabufx_strerror(fd) : "opens");
}

static void ask_heap(struct probe *p)
{
	char *list;
	int n = p->sys->list(p->sys, "/dev/dma_heap", &list);

	if (n > 0)
		dx_probe_say(p, DMABUFX_PROBE_DMA_HEAP, YES, (uint64_t)n,
			     "%d heaps, the first is '%s'", n, list);
	else
		dx_probe_say(p, DMABUFX_PROBE_DMA_HEAP, NO, 0,
			     "no heap in /dev/dma_heap; needs CONFIG_DMABUF_HEAPS_SYSTEM");
	if (n >= 0)
		free(list);
}

static void ask_limit(struct probe *p, enum dmabufx_probe_id id, int resource, const char *what)
{
	uint64_t value = 0;
	int err = p->sys->rlimit(p->sys, resource, &value);

	if (err)
		dx_probe_say(p, id, UNKNOWN, 0, "%s: %s", what, dmabufx_strerror(err));
	else if (value == UINT64_MAX)
		dx_probe_say(p, id, YES, value, "%s: no limit", what);
	else
		dx_probe_say(p, id, YES, value, "%s: %llu", what, (unsigned long long)value);
}

static void ask_hugetlb(struct probe *p)
{
	uint64_t pages = 0;
	int err = dx_sysfs_number(p->sys, &pages,
				  "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages");

	if (!err && pages)
		dx_probe_say(p, DMABUFX_PROBE_HUGETLB, YES, pages, "%llu free pages of 2 MiB",
			     (unsigned long long)pages);
	else
		dx_probe_say(p, DMABUFX_PROBE_HUGETLB, NO, 0,
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
		dx_probe_say(p, DMABUFX_PROBE_P2P, (enum dmabufx_answer)a->answer, 0, "%s: %s",
			     names[needs[i]], a->text);
		return;
	}
	dx_probe_say(p, DMABUFX_PROBE_P2P, YES, 0,
		     "one device's memory can be put before another, and follow it through reset");
}

static void ask_all(struct probe *p)
{
	ask_iommu(p);
	ask_iommufd(p);
	ask_type1(p);
	ask_vfio(p);
	dx_probe_memory(p);
	dx_probe_device(p);
	ask_udmabuf(p);
	ask_heap(p);
	dx_probe_say(p, DMABUFX_PROBE_DRM, dx_drm_built ? YES : NO, 0,
		     "the library was built with%s libdrm", dx_drm_built ? "" : "out");
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
	struct dmabufx_error before;
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
	/* What the machine can't do is an answer here, no failure. */
	before = *dmabufx_last_error();
	ask_all(&p);
	dx_fail_restore(&before);
	dmabufx_ctx_unref(p.ctx);
	for (size_t i = 0; i < max && i < DMABUFX_PROBE_COUNT; i++)
		ret[i] = answers[i];
	return DMABUFX_PROBE_COUNT;
}

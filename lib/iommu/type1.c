// SPDX-License-Identifier: LGPL-2.1-or-later
/* The backend on a VFIO type1 container: for kernels without iommufd; memory only. */
#include "sys/type1.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <sys/mman.h>

#include "iommu/iommu.h"

static int type1_open(struct dmabufx_ioas *ioas)
{
	struct dx_sys *sys = ioas->ctx->sys;
	int fd = sys->open(sys, "/dev/vfio/vfio", O_RDWR), has;

	if (fd < 0)
		return fd;
	has = dx_type1_check(sys, fd);
	if (has <= 0) {
		sys->close(sys, fd);
		return has ? has : -EOPNOTSUPP;
	}
	ioas->container = fd;
	return 0;
}

static void type1_close(struct dmabufx_ioas *ioas)
{
	dx_sys_close(ioas->ctx->sys, ioas->container);
}

/* The kernel knows the ranges once a group has joined. */
static int type1_ranges(struct dmabufx_ioas *ioas, struct dx_rangeset *ret, uint64_t *align)
{
	int err;

	if (!ioas->container_set)
		return -ENODEV;
	err = dx_type1_iova_ranges(ioas->ctx->sys, ioas->container, ret, align);
	/* Kernels before 5.4 tell no ranges. */
	if (!err && !ret->n) {
		err = dx_rangeset_prepare(ret);
		if (!err)
			dx_rangeset_add(ret, 0, UINT64_MAX);
	}
	return err;
}

static int map_at(struct dmabufx_ioas *ioas, const struct dmabufx_mapping *m, void *va)
{
	uint32_t flags = (m->prot & DMABUFX_PROT_READ ? VFIO_DMA_MAP_FLAG_READ : 0) |
			 (m->prot & DMABUFX_PROT_WRITE ? VFIO_DMA_MAP_FLAG_WRITE : 0);

	return dx_type1_map(ioas->ctx->sys, ioas->container, va, m->head.iova, m->head.len, flags);
}

static int type1_map_va(struct dmabufx_ioas *ioas, const struct dmabufx_mapping *m)
{
	return map_at(ioas, m, (void *)(uintptr_t)m->off);
}

/*
 * The pages are pinned, so the address is needed only while they are being
 * found. Writable only for a device that writes: the descriptor may be read-only.
 */
static int type1_map_buf(struct dmabufx_ioas *ioas, const struct dmabufx_mapping *m)
{
	struct dx_sys *sys = ioas->ctx->sys;
	void *va;
	int err;

	if (m->buf->kind != DMABUFX_BUF_MEMFD)
		return -EOPNOTSUPP;
	err = sys->mmap(sys, m->buf->fd, m->off, m->head.len,
			PROT_READ | (m->prot & DMABUFX_PROT_WRITE ? PROT_WRITE : 0), &va);
	if (err)
		return err;
	err = map_at(ioas, m, va);
	sys->munmap(sys, va, m->head.len);
	return err;
}

static int type1_unmap(struct dmabufx_ioas *ioas, uint64_t iova, uint64_t len, uint64_t *unmapped)
{
	return dx_type1_unmap(ioas->ctx->sys, ioas->container, iova, len, unmapped);
}

const struct dx_iommu_ops dx_iommu_type1 = {
	.id = DMABUFX_BACKEND_TYPE1,
	.name = "type1",
	.ioas_open = type1_open,
	.ioas_close = type1_close,
	.ranges = type1_ranges,
	.map_buf = type1_map_buf,
	.map_va = type1_map_va,
	.unmap = type1_unmap,
};

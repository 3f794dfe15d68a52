// SPDX-License-Identifier: LGPL-2.1-or-later
/* The backend on /dev/iommu. */
#include "sys/iommufd.h"

#include <errno.h>
#include <stdlib.h>

#include "iommu/iommu.h"
#include "uapi/iommufd.h"

static uint32_t flags_of(const struct dmabufx_mapping *m)
{
	return (m->prot & DMABUFX_PROT_READ ? IOMMU_IOAS_MAP_READABLE : 0) |
	       (m->prot & DMABUFX_PROT_WRITE ? IOMMU_IOAS_MAP_WRITEABLE : 0);
}

static int iommufd_open(struct dmabufx_ioas *ioas)
{
	return dx_iommufd_ioas_alloc(ioas->ctx->sys, ioas->ctx->iommufd, &ioas->id);
}

static void iommufd_close(struct dmabufx_ioas *ioas)
{
	dx_iommufd_destroy(ioas->ctx->sys, ioas->ctx->iommufd, ioas->id);
}

static int add_all(struct dx_rangeset *set, const struct iommu_iova_range *ranges, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (dx_rangeset_prepare(set))
			return -ENOMEM;
		dx_rangeset_add(set, ranges[i].start, ranges[i].last);
	}
	return 0;
}

/* The kernel tells the number it needs when the room is too small; it may grow in between. */
static int iommufd_ranges(struct dmabufx_ioas *ioas, struct dx_rangeset *ret, uint64_t *align)
{
	struct dmabufx_ctx *ctx = ioas->ctx;
	struct iommu_iova_range few[16], *ranges = few, *more = NULL;
	uint32_t n = sizeof(few) / sizeof(few[0]);
	int err;

	for (;;) {
		err = dx_iommufd_iova_ranges(ctx->sys, ctx->iommufd, ioas->id, ranges, &n, align);
		if (err != -EMSGSIZE)
			break;
		free(more);
		more = calloc(n, sizeof(*more));
		if (!more)
			return -ENOMEM;
		ranges = more;
	}
	if (!err)
		err = add_all(ret, ranges, n);
	free(more);
	return err;
}

static int iommufd_map_buf(struct dmabufx_ioas *ioas, const struct dmabufx_mapping *m)
{
	return dx_iommufd_map_file(ioas->ctx->sys, ioas->ctx->iommufd, ioas->id, m->buf->fd, m->off,
				   m->head.iova, m->head.len, flags_of(m));
}

static int iommufd_map_va(struct dmabufx_ioas *ioas, const struct dmabufx_mapping *m)
{
	return dx_iommufd_map(ioas->ctx->sys, ioas->ctx->iommufd, ioas->id,
			      (void *)(uintptr_t)m->off, m->head.iova, m->head.len, flags_of(m));
}

static int iommufd_unmap(struct dmabufx_ioas *ioas, uint64_t iova, uint64_t len, uint64_t *unmapped)
{
	return dx_iommufd_unmap(ioas->ctx->sys, ioas->ctx->iommufd, ioas->id, iova, len, unmapped);
}

static int iommufd_copy(struct dmabufx_ioas *dst, const struct dmabufx_mapping *m)
{
	return dx_iommufd_copy(dst->ctx->sys, dst->ctx->iommufd, dst->id, m->ioas->id, m->head.iova,
			       m->head.len, flags_of(m));
}

const struct dx_iommu_ops dx_iommu_iommufd = {
	.id = DMABUFX_BACKEND_IOMMUFD,
	.name = "iommufd",
	.ioas_open = iommufd_open,
	.ioas_close = iommufd_close,
	.ranges = iommufd_ranges,
	.map_buf = iommufd_map_buf,
	.map_va = iommufd_map_va,
	.unmap = iommufd_unmap,
	.copy = iommufd_copy,
};

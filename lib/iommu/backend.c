// SPDX-License-Identifier: LGPL-2.1-or-later
/* Choosing and opening what drives the IOMMU. */
#include <errno.h>
#include <fcntl.h>

#include "base/fail.h"
#include "base/log.h"
#include "iommu/iommu.h"
#include "sys/ctx.h"
#include "sys/sys.h"

#define IOMMU_NODE "/dev/iommu"
#define CONTAINER_NODE "/dev/vfio/vfio"

static int open_iommufd(struct dmabufx_ctx *ctx)
{
	int fd = ctx->sys->open(ctx->sys, IOMMU_NODE, O_RDWR);

	if (fd < 0)
		return fd;
	ctx->iommufd = fd;
	ctx->iommu = &dx_iommu_iommufd;
	dx_info(ctx, "IOMMU backend: iommufd, %s", IOMMU_NODE);
	return 0;
}

/* A container is opened for each address space; here only whether one can be. */
static int try_container(struct dmabufx_ctx *ctx)
{
	int fd = ctx->sys->open(ctx->sys, CONTAINER_NODE, O_RDWR);

	if (fd < 0)
		return fd;
	ctx->sys->close(ctx->sys, fd);
	ctx->iommu = &dx_iommu_type1;
	dx_info(ctx, "IOMMU backend: type1, %s; it takes memory, not dma-bufs", CONTAINER_NODE);
	return 0;
}

static bool is_absent(int err)
{
	return err == -ENOENT || err == -ENODEV || err == -ENXIO;
}

static int explain(int err, const char *node, const char *mend)
{
	if (is_absent(err))
		return dx_fail(-ENODEV, DMABUFX_REASON_NO_IOMMU, "%s isn't there; %s", node, mend);
	return dx_fail_sys(err, "opening %s", node);
}

int dx_iommu_need(struct dmabufx_ctx *ctx)
{
	int first = 0, err;

	if (ctx->iommu)
		return 0;
	if (ctx->wanted != DMABUFX_BACKEND_TYPE1) {
		first = open_iommufd(ctx);
		if (!first)
			return 0;
		if (ctx->wanted == DMABUFX_BACKEND_IOMMUFD)
			return explain(first, IOMMU_NODE,
				       "run a kernel with CONFIG_IOMMUFD, or load module iommufd");
	}
	err = try_container(ctx);
	if (!err)
		return 0;
	/* With neither, the better interface's trouble is the one to tell, if it is there. */
	if (first && !is_absent(first))
		return explain(first, IOMMU_NODE, "");
	return explain(err, first ? IOMMU_NODE " or " CONTAINER_NODE : CONTAINER_NODE,
		       "run a kernel with CONFIG_IOMMUFD or CONFIG_VFIO, load module vfio-pci");
}

int dmabufx_ctx_backend(struct dmabufx_ctx *ctx)
{
	int err;

	if (!ctx)
		return dx_fail_null("ctx");
	dx_lock(ctx);
	err = dx_iommu_need(ctx);
	if (!err)
		err = (int)ctx->iommu->id;
	dx_unlock(ctx);
	return err;
}

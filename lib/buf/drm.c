// SPDX-License-Identifier: LGPL-2.1-or-later
/* Buffers of DRM devices, through libdrm. */
#include "buf/drm.h"

#include <errno.h>
#include <fcntl.h>
#include <xf86drm.h>

#include "base/fail.h"
#include "buf/buf.h"
#include "sys/ctx.h"
#include "sys/sys.h"

const bool dx_drm_built = true;

static int from_drm(struct dmabufx_ctx *ctx, int drm_fd, uint32_t handle, struct dmabufx_buf **ret)
{
	int fd, err;

	if (drmPrimeHandleToFD(drm_fd, handle, O_CLOEXEC | O_RDWR, &fd)) {
		err = -errno;
		return dx_fail_sys(err, "exporting handle %u of DRM descriptor %d", handle, drm_fd);
	}
	err = dx_buf_adopt(ctx, fd, fd, ret);
	if (err)
		dx_sys_close(ctx->sys, fd);
	return err;
}

int dmabufx_buf_from_drm(struct dmabufx_ctx *ctx, int drm_fd, uint32_t handle,
			 struct dmabufx_buf **ret)
{
	int err;

	if (!ctx || !ret)
		return dx_fail_null(ctx ? "ret" : "ctx");
	dx_lock(ctx);
	err = from_drm(ctx, drm_fd, handle, ret);
	dx_unlock(ctx);
	return err;
}

int dmabufx_buf_to_drm(struct dmabufx_buf *buf, int drm_fd, uint32_t *ret)
{
	char what[80];
	int err;

	if (!buf || !ret)
		return dx_fail_null(buf ? "ret" : "buf");
	if (buf->kind == DMABUFX_BUF_MEMFD)
		return dx_fail(-EINVAL, DMABUFX_REASON_FOREIGN_FD,
			       "a memfd is no dma-buf; make one of it with /dev/udmabuf");
	if (!drmPrimeFDToHandle(drm_fd, buf->fd, ret))
		return 0;
	err = -errno;
	dx_buf_describe(buf, what, sizeof(what));
	if (err == -EOPNOTSUPP || err == -ENOSYS)
		return dx_fail(-EOPNOTSUPP, DMABUFX_REASON_IMPORTER,
			       "%s: the DRM driver of descriptor %d can't do peer-to-peer; use a driver whose importer is dynamic",
			       what, drm_fd);
	return dx_fail_sys(err, "importing %s into DRM descriptor %d", what, drm_fd);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Buffers of DRM devices, where the library is built without libdrm. */
#include <errno.h>

#include "base/fail.h"
#include "buf/buf.h"
#include "buf/drm.h"

const bool dx_drm_built;

static int not_built(void)
{
	return dx_fail(-ENOSYS, DMABUFX_REASON_NOT_BUILT,
		       "this library was built without libdrm; build it with -Ddrm=enabled");
}

int dmabufx_buf_from_drm(struct dmabufx_ctx *ctx, int drm_fd, uint32_t handle,
			 struct dmabufx_buf **ret)
{
	return ctx && ret ? not_built() : dx_fail_null(ctx ? "ret" : "ctx");
}

int dmabufx_buf_to_drm(struct dmabufx_buf *buf, int drm_fd, uint32_t *ret)
{
	return buf && ret ? not_built() : dx_fail_null(buf ? "ret" : "buf");
}

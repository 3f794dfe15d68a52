// SPDX-License-Identifier: LGPL-2.1-or-later
/* Who has attached a dma-buf, and how they exchange addresses. */
#include <errno.h>

#include "base/fail.h"
#include "dmabufx/buf.h"
#include "sys/bufinfo.h"
#include "sys/ctx.h"

int dmabufx_buf_attached(struct dmabufx_ctx *ctx, uint64_t inode, struct dmabufx_attached *ret,
			 size_t max)
{
	int n;

	if (!ctx || (!ret && max))
		return dx_fail_null(ctx ? "ret" : "ctx");
	n = dx_bufinfo_attached(ctx->sys, inode, ret, max);
	if (n >= 0)
		return n;
	if (n == -ESRCH)
		return dx_fail(n, DMABUFX_REASON_FOREIGN_FD, "there is no dma-buf with inode %llu",
			       (unsigned long long)inode);
	if (n == -EACCES || n == -EPERM)
		return dx_fail(n, DMABUFX_REASON_PERMISSION,
			       DX_BUFINFO ": %s; only root reads it, without kernel lockdown",
			       dmabufx_strerror(n));
	if (n == -ENOENT)
		return dx_fail(n, DMABUFX_REASON_SYSTEM,
			       DX_BUFINFO
			       " isn't there; mount -t debugfs none /sys/kernel/debug, on a kernel with CONFIG_DEBUG_FS");
	if (n == -ENOMEM)
		return dx_fail_memory();
	return dx_fail_sys(n, "reading " DX_BUFINFO);
}

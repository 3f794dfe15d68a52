// SPDX-License-Identifier: LGPL-2.1-or-later
/* Buffers that somebody else made. */
#include "buf/buf.h"

#include <errno.h>
#include <stdio.h>

#include "base/fail.h"
#include "base/opts.h"
#include "sys/ctx.h"
#include "sys/procfs.h"
#include "sys/sys.h"

/* What the descriptor is; memfds answer F_GET_SEALS, dma-bufs tell their exporter. */
static int find_kind(struct dx_sys *sys, int fd, int given, char *exporter, size_t len)
{
	int err = dx_procfs_exporter(sys, fd, exporter, len);

	if (!err)
		return DMABUFX_BUF_DMABUF;
	if (err != -ENOENT)
		return dx_fail_sys(err, "reading /proc/self/fdinfo/%d", fd);
	if (sys->seals(sys, fd) >= 0) {
		snprintf(exporter, len, "memfd");
		return DMABUFX_BUF_MEMFD;
	}
	return dx_fail(-EINVAL, DMABUFX_REASON_FOREIGN_FD,
		       "descriptor %d is neither a dma-buf nor a memfd; pass what an exporter or memfd_create() made",
		       given);
}

int dx_buf_adopt(struct dmabufx_ctx *ctx, int fd, int given, struct dmabufx_buf **ret)
{
	struct dmabufx_buf *buf = NULL;
	char exporter[32];
	uint64_t len = 0;
	int kind = find_kind(ctx->sys, fd, given, exporter, sizeof(exporter)), err;

	if (kind < 0)
		return kind;
	err = ctx->sys->size(ctx->sys, fd, &len);
	if (err)
		return dx_fail_sys(err, "seeking to the end of descriptor %d", given);
	if (!len)
		return dx_fail(-EINVAL, DMABUFX_REASON_LENGTH_ZERO,
			       "descriptor %d is an empty %s; give it a length first", given,
			       exporter);
	err = dx_buf_new(ctx, (enum dmabufx_buf_kind)kind, 0, 1, fd, len, &buf);
	if (err)
		return err;
	dx_list_init(&buf->dev_link);
	snprintf(buf->exporter, sizeof(buf->exporter), "%s", exporter);
	*ret = buf;
	return 0;
}

static int import(struct dmabufx_ctx *ctx, int fd, struct dmabufx_buf **ret)
{
	int own = ctx->sys->dup(ctx->sys, fd), err;

	if (own == -EBADF)
		return dx_fail(-EBADF, DMABUFX_REASON_BAD_FD, "descriptor %d isn't open", fd);
	if (own < 0)
		return dx_fail_sys(own, "duplicating descriptor %d", fd);
	err = dx_buf_adopt(ctx, own, fd, ret);
	if (err)
		dx_sys_close(ctx->sys, own);
	return err;
}

int dmabufx_buf_import(struct dmabufx_ctx *ctx, int fd, const struct dmabufx_import_opts *opts,
		       struct dmabufx_buf **ret)
{
	struct dmabufx_import_opts o;
	int err;

	if (!ctx || !ret)
		return dx_fail_null(ctx ? "ret" : "ctx");
	err = DX_OPTS_TAKE(dmabufx_import_opts, opts, &o);
	if (err)
		return err;
	if (o.flags || o.reserved)
		return dx_fail_flags("dmabufx_import_opts", o.flags | o.reserved, 0);
	dx_lock(ctx);
	err = import(ctx, fd, ret);
	dx_unlock(ctx);
	return err;
}

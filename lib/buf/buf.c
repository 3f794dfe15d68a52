// SPDX-License-Identifier: LGPL-2.1-or-later
/* Life of a buffer, and what is known of it. */
#include "buf/buf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/opts.h"
#include "sys/ctx.h"
#include "sys/procfs.h"
#include "sys/sys.h"

const char *dx_buf_describe(const struct dmabufx_buf *buf, char *text, size_t len)
{
	if (buf->kind == DMABUFX_BUF_BAR)
		snprintf(text, len, "the buffer of BAR %u of %s", buf->bar, buf->bdf);
	else if (buf->kind == DMABUFX_BUF_DMABUF)
		snprintf(text, len, "the dma-buf of exporter '%s'", buf->exporter);
	else
		snprintf(text, len, "the memfd");
	return text;
}

struct dmabufx_buf *dmabufx_buf_ref(struct dmabufx_buf *buf)
{
	if (!buf)
		return NULL;
	dx_lock(buf->ctx);
	dx_buf_hold(buf);
	dx_unlock(buf->ctx);
	return buf;
}

struct dmabufx_buf *dmabufx_buf_unref(struct dmabufx_buf *buf)
{
	struct dmabufx_ctx *ctx;

	if (!buf)
		return NULL;
	ctx = buf->ctx;
	dx_lock(ctx);
	dx_buf_put(buf);
	dx_unlock_reap(ctx);
	return NULL;
}

int dmabufx_buf_fd(struct dmabufx_buf *buf)
{
	return buf ? buf->fd : dx_fail_null("buf");
}

int dmabufx_buf_dup_fd(struct dmabufx_buf *buf)
{
	int fd;

	if (!buf)
		return dx_fail_null("buf");
	fd = buf->ctx->sys->dup(buf->ctx->sys, buf->fd);
	return fd < 0 ? dx_fail_sys(fd, "duplicating descriptor %d", buf->fd) : fd;
}

static int fill_info(struct dmabufx_buf *buf, struct dmabufx_buf_info *info)
{
	struct dx_sys *sys = buf->ctx->sys;
	uint64_t rdev;
	int err = sys->inode(sys, buf->fd, &info->inode, &rdev);

	if (err)
		return dx_fail_sys(err, "fstat of the buffer's descriptor %d", buf->fd);
	if (!buf->exporter[0]) {
		err = dx_procfs_exporter(sys, buf->fd, buf->exporter, sizeof(buf->exporter));
		if (err)
			return dx_fail_sys(err, "reading /proc/self/fdinfo/%d", buf->fd);
	}
	info->len = buf->len;
	info->kind = buf->kind;
	info->nranges = buf->nranges;
	info->bar = buf->bar;
	info->mappings = dx_list_count(&buf->mappings);
	info->offset = buf->offset;
	info->page_size = buf->page_size;
	snprintf(info->exporter, sizeof(info->exporter), "%s", buf->exporter);
	snprintf(info->bdf, sizeof(info->bdf), "%s", buf->bdf);
	return 0;
}

int dmabufx_buf_get_info(struct dmabufx_buf *buf, struct dmabufx_buf_info *ret)
{
	struct dmabufx_buf_info info = { .size = sizeof(info) };
	int err;

	if (!buf || !ret)
		return dx_fail_null(buf ? "ret" : "buf");
	err = dx_out_check(ret, "dmabufx_buf_info", sizeof(*ret));
	if (err)
		return err;
	dx_lock(buf->ctx);
	err = fill_info(buf, &info);
	dx_unlock(buf->ctx);
	if (!err)
		*ret = info;
	return err;
}

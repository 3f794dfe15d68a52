/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A buffer as the rooms above see it. */
#ifndef DX_BUF_BUF_H
#define DX_BUF_BUF_H

#include "base/ctx.h"
#include "base/fail.h"
#include "dmabufx/buf.h"
#include "sys/sys.h"

struct dmabufx_dev;

struct dmabufx_buf {
	struct dmabufx_ctx *ctx;
	unsigned int refs;
	uint32_t held; /* can't be mapped: somebody resets its device */
	int fd;
	uint8_t kind; /* enum dmabufx_buf_kind */
	uint8_t bar;
	uint32_t nranges; /* a store of 16 bits takes two instructions */
	uint64_t len;
	uint64_t offset;
	uint64_t page_size;
	/* Exporting device; NULL once closed, and always for other kinds. */
	struct dmabufx_dev *dev;
	struct dx_list dev_link; /* in dev->bufs, or in nothing */
	struct dx_list mappings;
	char exporter[32]; /* "": ask the kernel when somebody wants to know */
	char bdf[16];
};

/*
 * Takes @fd over on success; @dev_link is the caller's to link or initialise.
 * ctx locked. -ENOMEM. Inline, as dx_buf_put() is: both are hot.
 */
static inline int dx_buf_new(struct dmabufx_ctx *ctx, enum dmabufx_buf_kind kind, uint32_t bar,
			     size_t nranges, int fd, uint64_t len, struct dmabufx_buf **ret)
{
	struct dmabufx_buf *buf = dx_pool_get(&ctx->buf_pool, sizeof(*buf));

	if (__builtin_expect(!buf, 0))
		return dx_fail_memory();
	buf->ctx = dx_ctx_hold(ctx);
	buf->refs = 1;
	buf->held = 0;
	buf->fd = fd;
	buf->kind = (uint8_t)kind;
	buf->bar = (uint8_t)bar;
	buf->nranges = (uint32_t)nranges;
	buf->len = len;
	buf->offset = 0;
	buf->page_size = 0;
	buf->dev = NULL;
	dx_list_init(&buf->mappings);
	buf->exporter[0] = '\0';
	buf->bdf[0] = '\0';
	*ret = buf;
	return 0;
}

static inline struct dmabufx_buf *dx_buf_hold(struct dmabufx_buf *buf)
{
	buf->refs++;
	return buf;
}

/* ctx locked; its caller ends with dx_unlock_reap(). */
static inline void dx_buf_put(struct dmabufx_buf *buf)
{
	struct dmabufx_ctx *ctx = buf->ctx;

	if (--buf->refs)
		return;
	dx_list_unlink(&buf->dev_link);
	ctx->sys->close(ctx->sys, buf->fd);
	ctx->refs--;
	dx_pool_put(&ctx->buf_pool, buf);
}

/* Whether the exporting device was closed: the kernel revoked the buffer for good. */
static inline bool dx_buf_is_gone(const struct dmabufx_buf *buf)
{
	return buf->kind == DMABUFX_BUF_BAR && !buf->dev;
}

/*
 * Takes over what @fd is, of a kind that is to be found out. @given is the
 * descriptor the caller knows it by. ctx locked.
 */
int dx_buf_adopt(struct dmabufx_ctx *ctx, int fd, int given, struct dmabufx_buf **ret);

/* Writes what the buffer is, for a reason's sentence: "BAR 2 of 0000:00:05.0". */
const char *dx_buf_describe(const struct dmabufx_buf *buf, char *text, size_t len);

#endif

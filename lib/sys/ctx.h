/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end of a context, and waiting. */
#ifndef DX_SYS_CTX_H
#define DX_SYS_CTX_H

#include "base/ctx.h"

/* Closes the ctx's descriptors and frees it. */
void dx_ctx_free(struct dmabufx_ctx *ctx);

/* Sleeps without the lock, so that what it guards may be another thing afterwards. */
void dx_ctx_pause_us(struct dmabufx_ctx *ctx, unsigned int us);

/* Unlocks, and frees the ctx if the last object that held it is gone. */
static inline void dx_unlock_reap(struct dmabufx_ctx *ctx)
{
	unsigned int refs = ctx->refs;

	dx_unlock(ctx);
	if (__builtin_expect(!refs, 0))
		dx_ctx_free(ctx);
}

#endif

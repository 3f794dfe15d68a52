// SPDX-License-Identifier: LGPL-2.1-or-later
/* The end of a context, and waiting. */
#include "sys/ctx.h"

#include <stdlib.h>

#include "sys/sys.h"

void dx_ctx_free(struct dmabufx_ctx *ctx)
{
	dx_sys_close(ctx->sys, ctx->iommufd);
	dx_sys_close(ctx->sys, ctx->event_fd);
	dx_pool_clear(&ctx->buf_pool);
	dx_pool_clear(&ctx->mapping_pool);
	free(ctx);
}

void dx_ctx_pause_us(struct dmabufx_ctx *ctx, unsigned int us)
{
	dx_unlock(ctx);
	ctx->sys->sleep_us(ctx->sys, us);
	dx_lock(ctx);
}

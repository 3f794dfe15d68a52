// SPDX-License-Identifier: LGPL-2.1-or-later
/* Handing events to the caller. */
#include "sys/event.h"

#include <string.h>

#include "base/fail.h"
#include "iommu/iommu.h"
#include "sys/ctx.h"
#include "sys/sys.h"

static int make_fd(struct dmabufx_ctx *ctx)
{
	static const uint64_t one = 1;

	if (ctx->event_fd >= 0)
		return ctx->event_fd;
	ctx->event_fd = ctx->sys->eventfd(ctx->sys);
	if (ctx->event_fd < 0) {
		int err = ctx->event_fd;

		ctx->event_fd = -1;
		return dx_fail_sys(err, "making an eventfd for events");
	}
	/* Events from before somebody asked. */
	if (!dx_list_empty(&ctx->events))
		ctx->sys->write(ctx->sys, ctx->event_fd, &one, sizeof(one));
	return ctx->event_fd;
}

int dmabufx_ctx_event_fd(struct dmabufx_ctx *ctx)
{
	int fd;

	if (!ctx)
		return dx_fail_null("ctx");
	dx_lock(ctx);
	fd = make_fd(ctx);
	dx_unlock(ctx);
	return fd;
}

/* With the last event taken the descriptor stops polling readable. */
static void drain(struct dmabufx_ctx *ctx)
{
	uint64_t count;

	if (ctx->event_fd >= 0)
		ctx->sys->read(ctx->sys, ctx->event_fd, &count, sizeof(count));
}

static int take(struct dmabufx_ctx *ctx, struct dmabufx_event *ret)
{
	struct dx_event *event;

	if (dx_list_empty(&ctx->events)) {
		drain(ctx);
		return 0;
	}
	event = dx_container_of(ctx->events.next, struct dx_event, link);
	memset(ret, 0, sizeof(*ret));
	ret->type = (enum dmabufx_event_type)event->type;
	ret->reason = event->reason;
	ret->mapping = dx_container_of(event, struct dmabufx_mapping, event);
	dx_event_drop(event);
	if (dx_list_empty(&ctx->events))
		drain(ctx);
	return 1;
}

int dmabufx_ctx_next_event(struct dmabufx_ctx *ctx, struct dmabufx_event *ret)
{
	int n;

	if (!ctx || !ret)
		return dx_fail_null(ctx ? "ret" : "ctx");
	dx_lock(ctx);
	n = take(ctx, ret);
	dx_unlock(ctx);
	return n;
}

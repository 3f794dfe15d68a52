// SPDX-License-Identifier: LGPL-2.1-or-later
/* Events: kept in the objects they concern, so that posting one can't fail. */
#include "sys/event.h"

#include "sys/sys.h"

void dx_event_post(struct dmabufx_ctx *ctx, struct dx_event *event, enum dmabufx_event_type type,
		   uint32_t reason)
{
	static const uint64_t one = 1;
	bool first = dx_list_empty(&ctx->events);

	if (event->type)
		dx_list_unlink(&event->link);
	event->type = (uint16_t)type;
	event->reason = (uint16_t)reason;
	dx_list_add_tail(&ctx->events, &event->link);
	/* An eventfd's write fails only when its counter is full, and then it is readable. */
	if (first && ctx->event_fd >= 0)
		ctx->sys->write(ctx->sys, ctx->event_fd, &one, sizeof(one));
}

void dx_event_drop(struct dx_event *event)
{
	if (event->type)
		dx_list_unlink(&event->link);
	event->type = 0;
}

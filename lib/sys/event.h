/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events: kept in the objects they concern, so that posting one can't fail. */
#ifndef DX_SYS_EVENT_H
#define DX_SYS_EVENT_H

#include "base/ctx.h"

/* Part of a mapping: one event at most, the newest. ctx locked throughout. */
struct dx_event {
	struct dx_list link; /* in ctx->events while @type isn't 0 */
	uint16_t type;
	uint16_t reason;
};

static inline void dx_event_init(struct dx_event *event)
{
	event->type = 0;
}

void dx_event_post(struct dmabufx_ctx *ctx, struct dx_event *event, enum dmabufx_event_type type,
		   uint32_t reason);

/* The object goes away, or its event was taken. */
void dx_event_drop(struct dx_event *event);

#endif

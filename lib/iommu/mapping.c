// SPDX-License-Identifier: LGPL-2.1-or-later
/* Life of a mapping: its bookkeeping, its state, in and out of the kernel. */
#include <errno.h>

#include "base/fail.h"
#include "base/log.h"
#include "iommu/mapping_priv.h"
#include "sys/ctx.h"

typedef unsigned long long ull;

int dx_mapping_out_explain(struct dmabufx_mapping *m, int err, uint64_t unmapped)
{
	/* Somebody took it out behind our back: it is where it should be. */
	if (err == -ENOENT || (!err && !unmapped)) {
		dx_warn(m->ioas->ctx, "IOVA 0x%llx had been unmapped by somebody else",
			(ull)m->head.iova);
		m->inserted = false;
		return 0;
	}
	if (err)
		return dx_fail_sys(err, "unmapping 0x%llx bytes at IOVA 0x%llx", (ull)m->head.len,
				   (ull)m->head.iova);
	return dx_fail(-EIO, DMABUFX_REASON_SYSTEM,
		       "the kernel unmapped 0x%llx of 0x%llx bytes at IOVA 0x%llx; somebody else maps into this address space",
		       (ull)unmapped, (ull)m->head.len, (ull)m->head.iova);
}

int dx_mapping_new(struct dmabufx_ioas *ioas, struct dmabufx_buf *buf, uint64_t iova, uint64_t off,
		   uint64_t len, uint32_t prot, struct dmabufx_mapping **ret)
{
	return mapping_new(ioas, buf, iova, off, len, prot, ret);
}

void dx_mapping_free(struct dmabufx_mapping *m)
{
	mapping_free(m);
}

int dx_mapping_in(struct dmabufx_mapping *m)
{
	return mapping_in(m);
}

int dx_mapping_out(struct dmabufx_mapping *m)
{
	return mapping_out(m);
}

static enum dmabufx_event_type event_of(enum dmabufx_mapping_state state)
{
	switch (state) {
	case DMABUFX_MAPPING_LIVE:
		return DMABUFX_EVENT_REMAPPED;
	case DMABUFX_MAPPING_REVOKED:
		return DMABUFX_EVENT_REVOKED;
	case DMABUFX_MAPPING_GONE:
		return DMABUFX_EVENT_DEV_GONE;
	default:
		return DMABUFX_EVENT_STALE;
	}
}

void dx_mapping_set(struct dmabufx_mapping *m, enum dmabufx_mapping_state state,
		    enum dmabufx_reason reason)
{
	struct dmabufx_ctx *ctx = m->ioas->ctx;

	m->state = (uint8_t)state;
	m->reason = (uint16_t)reason;
	dx_event_post(ctx, &m->event, event_of(state), reason);
	if (state != DMABUFX_MAPPING_LIVE)
		dx_warn(ctx, "mapping at IOVA 0x%llx isn't live: %s", (ull)m->head.iova,
			dmabufx_reason_name(reason));
}

/* What a failed attempt to map again makes of a mapping. */
static enum dmabufx_mapping_state state_of(enum dmabufx_reason reason)
{
	if (reason == DMABUFX_REASON_REVOKED_FOR_GOOD)
		return DMABUFX_MAPPING_GONE;
	if (reason == DMABUFX_REASON_REVOKED)
		return DMABUFX_MAPPING_REVOKED;
	return DMABUFX_MAPPING_STALE;
}

void dx_mapping_lost(struct dmabufx_mapping *m)
{
	enum dmabufx_reason reason = dmabufx_last_error()->reason;
	enum dmabufx_mapping_state state = state_of(reason);

	/* Nothing new for whoever reads events. */
	if (m->state != state || m->reason != reason)
		dx_mapping_set(m, state, reason);
}

int dmabufx_mapping_state(struct dmabufx_mapping *mapping)
{
	int state;

	if (!mapping)
		return dx_fail_null("mapping");
	dx_lock(mapping->ioas->ctx);
	state = mapping->state;
	dx_unlock(mapping->ioas->ctx);
	return state;
}

int dmabufx_mapping_reason(struct dmabufx_mapping *mapping)
{
	int reason;

	if (!mapping)
		return dx_fail_null("mapping");
	dx_lock(mapping->ioas->ctx);
	reason = mapping->reason;
	dx_unlock(mapping->ioas->ctx);
	return reason;
}

static int refresh(struct dmabufx_mapping *m)
{
	int err = dx_mapping_out(m);

	if (err)
		return err;
	/* Gone is for good, also where somebody else has the device open: nobody follows it. */
	err = m->buf && dx_buf_is_gone(m->buf) ? dx_map_explain(m, -ENODEV) : dx_mapping_in(m);
	if (!err) {
		m->state = DMABUFX_MAPPING_LIVE;
		m->reason = 0;
		dx_event_drop(&m->event);
		return 0;
	}
	m->reason = (uint16_t)dmabufx_last_error()->reason;
	m->state = (uint8_t)state_of(m->reason);
	return err;
}

int dmabufx_mapping_refresh(struct dmabufx_mapping *mapping)
{
	struct dmabufx_ctx *ctx;
	int err;

	if (!mapping)
		return dx_fail_null("mapping");
	ctx = mapping->ioas->ctx;
	dx_lock(ctx);
	err = refresh(mapping);
	dx_unlock(ctx);
	return err;
}

int dmabufx_mapping_unmap(struct dmabufx_mapping *mapping)
{
	struct dmabufx_ctx *ctx;
	int err;

	if (!mapping)
		return 0;
	if (mapping->of_clone)
		return dx_fail(-EPERM, DMABUFX_REASON_PERMISSION,
			       "the mapping at IOVA 0x%llx belongs to a clone; it ends with the clone",
			       (ull)mapping->head.iova);
	ctx = mapping->ioas->ctx;
	dx_lock(ctx);
	err = mapping_out(mapping);
	if (!err)
		mapping_free(mapping);
	dx_unlock_reap(ctx);
	return err;
}

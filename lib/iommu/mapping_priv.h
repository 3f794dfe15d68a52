/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The hot path of a mapping's life, inline: without it the calls among these
 * take as many instructions as what they do. Private to this room.
 */
#ifndef DX_IOMMU_MAPPING_PRIV_H
#define DX_IOMMU_MAPPING_PRIV_H

#include <errno.h>

#include "base/fail.h"
#include "iommu/iommu.h"

/* The kernel did not take out what it should have; 0 if it wasn't there any more. */
int dx_mapping_out_explain(struct dmabufx_mapping *m, int err, uint64_t unmapped);

static inline int mapping_new(struct dmabufx_ioas *ioas, struct dmabufx_buf *buf, uint64_t iova,
			      uint64_t off, uint64_t len, uint32_t prot,
			      struct dmabufx_mapping **ret)
{
	struct dmabufx_mapping *m;

	if (__builtin_expect(dx_rangeset_prepare(&ioas->used), 0))
		return dx_fail_memory();
	m = dx_pool_get(&ioas->ctx->mapping_pool, sizeof(*m));
	if (__builtin_expect(!m, 0))
		return dx_fail_memory();
	m->head.iova = iova;
	m->head.len = len;
	m->ioas = ioas;
	m->buf = NULL;
	m->off = off;
	dx_event_init(&m->event);
	m->prot = (uint8_t)prot;
	m->state = DMABUFX_MAPPING_LIVE;
	m->reason = DMABUFX_REASON_NONE;
	m->inserted = false;
	m->of_clone = false;
	dx_rangeset_add(&ioas->used, iova, iova + len - 1);
	dx_list_add_tail(&ioas->mappings, &m->ioas_link);
	ioas->refs++;
	if (buf) {
		m->buf = dx_buf_hold(buf);
		dx_list_add_tail(&buf->mappings, &m->buf_link);
	}
	*ret = m;
	return 0;
}

static inline void mapping_free(struct dmabufx_mapping *m)
{
	struct dmabufx_ioas *ioas = m->ioas;
	struct dmabufx_ctx *ctx = ioas->ctx;

	if (__builtin_expect(m->event.type, 0))
		dx_event_drop(&m->event);
	dx_list_unlink(&m->ioas_link);
	dx_rangeset_remove(&ioas->used, m->head.iova, m->head.iova + m->head.len - 1);
	if (m->buf) {
		dx_list_unlink(&m->buf_link);
		dx_buf_put(m->buf);
	}
	/* A clone's mappings hold no reference on it: they end with it. */
	if (!m->of_clone && ioas->refs-- == 1)
		dx_ioas_end(ioas);
	dx_pool_put(&ctx->mapping_pool, m);
}

/* The kernel itself refuses a buffer whose device is closed. */
static inline int mapping_in(struct dmabufx_mapping *m)
{
	const struct dx_iommu_ops *ops = m->ioas->ctx->iommu;
	int err;

	if (m->inserted)
		return 0;
	/* Mapped now, it would die in the reset, and nobody would tell. */
	if (__builtin_expect(m->buf && m->buf->held, 0))
		return dx_map_explain(m, -ENODEV);
	err = m->buf ? ops->map_buf(m->ioas, m) : ops->map_va(m->ioas, m);
	if (__builtin_expect(err, 0))
		return dx_map_explain(m, err);
	m->inserted = true;
	return 0;
}

static inline int mapping_out(struct dmabufx_mapping *m)
{
	uint64_t unmapped = 0;
	int err;

	if (!m->inserted)
		return 0;
	err = m->ioas->ctx->iommu->unmap(m->ioas, m->head.iova, m->head.len, &unmapped);
	if (__builtin_expect(err || unmapped != m->head.len, 0))
		return dx_mapping_out_explain(m, err, unmapped);
	m->inserted = false;
	return 0;
}

#endif

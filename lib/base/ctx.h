/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a context holds; each room fills in its own part. */
#ifndef DX_BASE_CTX_H
#define DX_BASE_CTX_H

#include <stdint.h>

#include "base/list.h"
#include "base/mutex.h"
#include "base/pool.h"
#include "dmabufx/ctx.h"

struct dx_sys;
struct dx_iommu_ops;

/*
 * @lock guards everything in the ctx and in the objects below it, except what
 * is set once before the object is handed out.
 */
struct dmabufx_ctx {
	struct dx_mutex lock;
	unsigned int refs;
	struct dx_sys *sys;

	dmabufx_log_fn log;
	void *log_user;
	enum dmabufx_log_level log_max;

	struct dx_list events; /* objects with an event waiting, oldest first */
	int event_fd; /* -1 until asked for */

	enum dmabufx_backend wanted;
	const struct dx_iommu_ops *iommu; /* NULL until a call needs it */
	int iommufd; /* -1 until a call needs it */
	struct dmabufx_ioas *default_ioas;
	struct dx_list groups; /* open VFIO groups, the type1 way */
	struct dx_list devs;
	struct dx_list progs; /* XDP programs that are attached */
	struct dx_pool buf_pool;
	struct dx_pool mapping_pool;
};

static inline void dx_lock(struct dmabufx_ctx *ctx)
{
	dx_mutex_lock(&ctx->lock);
}

static inline void dx_unlock(struct dmabufx_ctx *ctx)
{
	dx_mutex_unlock(&ctx->lock);
}

/* Objects hold the ctx; the last reference closes its descriptors. ctx locked. */
static inline struct dmabufx_ctx *dx_ctx_hold(struct dmabufx_ctx *ctx)
{
	ctx->refs++;
	return ctx;
}

#endif

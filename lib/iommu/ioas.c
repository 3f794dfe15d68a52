// SPDX-License-Identifier: LGPL-2.1-or-later
/* Life of an I/O address space, its allowed and reserved ranges. */
#include <errno.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/num.h"
#include "base/opts.h"
#include "iommu/iommu.h"
#include "sys/ctx.h"
#include "sys/sys.h"

int dx_ioas_new(struct dmabufx_ctx *ctx, const struct dmabufx_ioas_opts *o,
		struct dmabufx_ioas **ret)
{
	struct dmabufx_ioas *ioas;
	int err;

	if (o->iova_max && o->iova_max < (o->iova_floor ? o->iova_floor : DMABUFX_IOVA_FLOOR))
		return dx_fail(-EINVAL, DMABUFX_REASON_IOVA_EXHAUSTED,
			       "iova_max 0x%llx is below the floor; lower iova_floor or raise iova_max",
			       (unsigned long long)o->iova_max);
	err = dx_iommu_need(ctx);
	if (err)
		return err;
	ioas = calloc(1, sizeof(*ioas));
	if (!ioas)
		return dx_fail_memory();
	ioas->ctx = ctx;
	ioas->refs = 1;
	ioas->container = -1;
	ioas->floor = o->iova_floor ? o->iova_floor : DMABUFX_IOVA_FLOOR;
	ioas->max = o->iova_max ? o->iova_max : UINT64_MAX;
	ioas->align = ctx->sys->page_size;
	dx_list_init(&ioas->mappings);
	err = ctx->iommu->ioas_open(ioas);
	if (err) {
		free(ioas);
		if (err == -EOPNOTSUPP)
			return dx_fail(err, DMABUFX_REASON_BACKEND,
				       "the VFIO container offers no type1v2; load module vfio_iommu_type1");
		return dx_fail_sys(err, "making an address space with %s", ctx->iommu->name);
	}
	dx_ctx_hold(ctx);
	*ret = ioas;
	return 0;
}

void dx_ioas_put(struct dmabufx_ioas *ioas)
{
	if (!--ioas->refs)
		dx_ioas_end(ioas);
}

void dx_ioas_end(struct dmabufx_ioas *ioas)
{
	struct dx_list *at, *tmp;

	/* Only a clone's own mappings are left: the others hold references. */
	dx_list_for_each_safe(at, tmp, &ioas->mappings)
		dx_mapping_free(dx_container_of(at, struct dmabufx_mapping, ioas_link));
	ioas->ctx->iommu->ioas_close(ioas);
	dx_rangeset_clear(&ioas->allowed);
	dx_rangeset_clear(&ioas->reserved);
	dx_rangeset_clear(&ioas->used);
	ioas->ctx->refs--;
	free(ioas);
}

int dx_ioas_default(struct dmabufx_ctx *ctx, struct dmabufx_ioas **ret)
{
	static const struct dmabufx_ioas_opts none;
	int err = 0;

	if (!ctx->default_ioas)
		err = dx_ioas_new(ctx, &none, &ctx->default_ioas);
	if (!err)
		*ret = ctx->default_ioas;
	return err;
}

int dx_ioas_learn_ranges(struct dmabufx_ioas *ioas)
{
	struct dx_rangeset allowed = { 0 };
	uint64_t align = 0;
	int err;

	if (ioas->ranges_known)
		return 0;
	err = ioas->ctx->iommu->ranges(ioas, &allowed, &align);
	if (err) {
		dx_rangeset_clear(&allowed);
		if (err == -ENODEV)
			return dx_fail(err, DMABUFX_REASON_NOT_ATTACHED,
				       "the type1 container has no device yet; open a device into it first");
		if (err == -ENOMEM)
			return dx_fail_memory();
		return dx_fail_sys(err, "asking for the IOVAs that can be mapped");
	}
	dx_rangeset_clear(&ioas->allowed);
	ioas->allowed = allowed;
	ioas->align = align > ioas->ctx->sys->page_size ? align : ioas->ctx->sys->page_size;
	ioas->ranges_known = true;
	dx_ioas_find_window(ioas);
	return 0;
}

int dmabufx_ioas_new(struct dmabufx_ctx *ctx, const struct dmabufx_ioas_opts *opts,
		     struct dmabufx_ioas **ret)
{
	struct dmabufx_ioas_opts o;
	int err;

	if (!ctx || !ret)
		return dx_fail_null(ctx ? "ret" : "ctx");
	err = DX_OPTS_TAKE(dmabufx_ioas_opts, opts, &o);
	if (err)
		return err;
	if (o.flags || o.reserved)
		return dx_fail_flags("dmabufx_ioas_opts", o.flags | o.reserved, 0);
	dx_lock(ctx);
	err = dx_ioas_new(ctx, &o, ret);
	dx_unlock(ctx);
	return err;
}

struct dmabufx_ioas *dmabufx_ioas_unref(struct dmabufx_ioas *ioas)
{
	struct dmabufx_ctx *ctx;

	if (!ioas)
		return NULL;
	ctx = ioas->ctx;
	dx_lock(ctx);
	dx_ioas_put(ioas);
	dx_unlock_reap(ctx);
	return NULL;
}

int dmabufx_ctx_ioas(struct dmabufx_ctx *ctx, struct dmabufx_ioas **ret)
{
	int err;

	if (!ctx || !ret)
		return dx_fail_null(ctx ? "ret" : "ctx");
	dx_lock(ctx);
	err = dx_ioas_default(ctx, ret);
	dx_unlock(ctx);
	return err;
}

int dmabufx_ioas_ranges(struct dmabufx_ioas *ioas, struct dmabufx_iova_range *ret, size_t max)
{
	int err;

	if (!ioas || (!ret && max))
		return dx_fail_null(ioas ? "ret" : "ioas");
	dx_lock(ioas->ctx);
	err = dx_ioas_learn_ranges(ioas);
	for (size_t i = 0; !err && i < ioas->allowed.n && i < max; i++) {
		ret[i].start = ioas->allowed.spans[i].start;
		ret[i].last = ioas->allowed.spans[i].last;
	}
	if (!err)
		err = (int)ioas->allowed.n;
	dx_unlock(ioas->ctx);
	return err;
}

static int reserve(struct dmabufx_ioas *ioas, uint64_t start, uint64_t last)
{
	const struct dx_span *hit = dx_rangeset_overlap(&ioas->used, start, last);

	if (hit)
		return dx_fail(-EEXIST, DMABUFX_REASON_IOVA_IN_USE,
			       "IOVA 0x%llx to 0x%llx is mapped; unmap it before reserving it",
			       (unsigned long long)hit->start, (unsigned long long)hit->last);
	if (dx_rangeset_prepare(&ioas->reserved))
		return dx_fail_memory();
	dx_rangeset_add(&ioas->reserved, start, last);
	dx_ioas_find_window(ioas);
	return 0;
}

int dmabufx_ioas_reserve(struct dmabufx_ioas *ioas, uint64_t start, uint64_t len)
{
	uint64_t last;
	int err;

	if (!ioas)
		return dx_fail_null("ioas");
	if (!dx_is_aligned(start | len, ioas->ctx->sys->page_size))
		return dx_fail(-EINVAL, DMABUFX_REASON_IOVA_UNALIGNED,
			       "reserving 0x%llx bytes at IOVA 0x%llx: not page aligned",
			       (unsigned long long)len, (unsigned long long)start);
	if (!dx_range_last(start, len, &last))
		return dx_fail(-EINVAL, len ? DMABUFX_REASON_PAST_END : DMABUFX_REASON_LENGTH_ZERO,
			       "reserving 0x%llx bytes at IOVA 0x%llx: empty, or past the end of 64 bits",
			       (unsigned long long)len, (unsigned long long)start);
	dx_lock(ioas->ctx);
	err = reserve(ioas, start, last);
	dx_unlock(ioas->ctx);
	return err;
}

int dmabufx_ioas_for_each(struct dmabufx_ioas *ioas, dmabufx_mapping_fn fn, void *user)
{
	struct dmabufx_ctx *ctx;
	struct dx_list *at;
	uintptr_t outer;
	int err = 0;

	if (!ioas || !fn)
		return dx_fail_null(ioas ? "fn" : "ioas");
	ctx = ioas->ctx;
	dx_lock(ctx);
	/* A visit may drop the last reference. */
	ioas->refs++;
	outer = dx_mutex_callback_begin(&ctx->lock);
	dx_list_for_each(at, &ioas->mappings) {
		err = fn(dx_container_of(at, struct dmabufx_mapping, ioas_link), user);
		if (err)
			break;
	}
	dx_mutex_callback_end(&ctx->lock, outer);
	dx_ioas_put(ioas);
	dx_unlock_reap(ctx);
	return err;
}

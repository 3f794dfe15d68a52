// SPDX-License-Identifier: LGPL-2.1-or-later
/* A second address space with the same mappings. */
#include <errno.h>

#include "base/fail.h"
#include "base/opts.h"
#include "iommu/iommu.h"
#include "sys/ctx.h"

static int copy_one(struct dmabufx_ioas *dst, const struct dmabufx_mapping *from)
{
	struct dmabufx_mapping *m;
	int err = dx_mapping_new(dst, from->buf, from->head.iova, from->off, from->head.len,
				 from->prot, &m);

	if (err)
		return err;
	err = dst->ctx->iommu->copy(dst, from);
	/* What dx_mapping_new() took is given back: the clone owns its mappings. */
	m->of_clone = true;
	dst->refs--;
	if (err) {
		dx_mapping_free(m);
		return dx_fail_sys(err, "copying the mapping at IOVA 0x%llx",
				   (unsigned long long)from->head.iova);
	}
	m->inserted = true;
	return 0;
}

static int copy_reservations(struct dmabufx_ioas *dst, const struct dmabufx_ioas *src)
{
	for (size_t i = 0; i < src->reserved.n; i++) {
		const struct dx_span *span = &src->reserved.spans[i];

		if (dx_rangeset_prepare(&dst->reserved))
			return dx_fail_memory();
		dx_rangeset_add(&dst->reserved, span->start, span->last);
	}
	return 0;
}

static int copy_mappings(struct dmabufx_ioas *dst, const struct dmabufx_ioas *src)
{
	struct dx_list *at;
	int err = 0;

	dx_list_for_each(at, &src->mappings) {
		struct dmabufx_mapping *m = dx_container_of(at, struct dmabufx_mapping, ioas_link);

		if (m->state == DMABUFX_MAPPING_LIVE)
			err = copy_one(dst, m);
		if (err)
			break;
	}
	return err;
}

static int clone_of(struct dmabufx_ioas *ioas, const struct dmabufx_ioas_opts *o,
		    struct dmabufx_ioas **ret)
{
	struct dmabufx_ioas *copy;
	int err;

	if (!ioas->ctx->iommu->copy)
		return dx_fail(-EOPNOTSUPP, DMABUFX_REASON_BACKEND,
			       "a type1 container can't be copied; map the buffers into a second one");
	err = dx_ioas_new(ioas->ctx, o, &copy);
	if (err)
		return err;
	err = copy_reservations(copy, ioas);
	if (!err)
		err = copy_mappings(copy, ioas);
	if (err) {
		dx_ioas_put(copy);
		return err;
	}
	*ret = copy;
	return 0;
}

int dmabufx_ioas_clone(struct dmabufx_ioas *ioas, const struct dmabufx_ioas_opts *opts,
		       struct dmabufx_ioas **ret)
{
	struct dmabufx_ioas_opts o;
	int err;

	if (!ioas || !ret)
		return dx_fail_null(ioas ? "ret" : "ioas");
	err = DX_OPTS_TAKE(dmabufx_ioas_opts, opts, &o);
	if (err)
		return err;
	if (o.flags || o.reserved)
		return dx_fail_flags("dmabufx_ioas_opts", o.flags | o.reserved, 0);
	dx_lock(ioas->ctx);
	err = clone_of(ioas, &o, ret);
	dx_unlock(ioas->ctx);
	return err;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Life of an open device, and the address space its DMA goes through. */
#include <errno.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/log.h"
#include "sys/ctx.h"
#include "sys/sys.h"
#include "vfio/dev_priv.h"

static void mark(struct dmabufx_buf *buf, enum dmabufx_mapping_state state,
		 enum dmabufx_reason reason)
{
	struct dx_list *at;

	dx_list_for_each(at, &buf->mappings) {
		struct dmabufx_mapping *m = dx_container_of(at, struct dmabufx_mapping, buf_link);

		/* Nothing new for whoever reads events. */
		if (m->state != state || m->reason != reason)
			dx_mapping_set(m, state, reason);
	}
}

void dx_dev_mark(struct dmabufx_dev *dev, enum dmabufx_mapping_state state,
		 enum dmabufx_reason reason)
{
	struct dx_list *at;

	dx_list_for_each(at, &dev->bufs)
		mark(dx_container_of(at, struct dmabufx_buf, dev_link), state, reason);
}

static void take_out(struct dmabufx_buf *buf)
{
	struct dx_list *at;

	dx_list_for_each(at, &buf->mappings)
		dx_mapping_out(dx_container_of(at, struct dmabufx_mapping, buf_link));
}

/*
 * The kernel revokes the buffers for good as the device's last descriptor or
 * CPU mapping goes. The caller may hold one: so the mappings are taken out here,
 * and GONE is true at once. What can't be taken out dies with the device.
 */
static void orphan_bufs(struct dmabufx_dev *dev)
{
	const struct dmabufx_error before = *dmabufx_last_error();
	struct dx_list *at, *tmp;

	dx_dev_mark(dev, DMABUFX_MAPPING_GONE, DMABUFX_REASON_REVOKED_FOR_GOOD);
	dx_list_for_each_safe(at, tmp, &dev->bufs) {
		struct dmabufx_buf *buf = dx_container_of(at, struct dmabufx_buf, dev_link);

		take_out(buf);
		dx_list_del(at);
		buf->dev = NULL;
	}
	dx_fail_restore(&before);
}

static void leave_ioas(struct dmabufx_dev *dev)
{
	dev->ioas->ndevs--;
	dev->ioas->ranges_known = false;
	dx_ioas_put(dev->ioas);
	dev->ioas = NULL;
}

void dx_dev_put(struct dmabufx_dev *dev)
{
	struct dmabufx_ctx *ctx = dev->ctx;

	if (--dev->refs)
		return;
	orphan_bufs(dev);
	dx_list_del(&dev->ctx_link);
	/* Closing detaches only if nobody else holds the device open. */
	if (dev->ioas && !dev->group)
		dx_vfio_detach(ctx->sys, dev->fd);
	/* A type1 device must be closed before its group leaves. */
	dx_sys_close(ctx->sys, dev->fd);
	if (dev->ioas)
		leave_ioas(dev);
	if (dev->group)
		dx_group_put(ctx, dev->group);
	ctx->refs--;
	free(dev);
}

/*
 * The kernel looks at the memory behind a mapping when the first device is
 * attached, not when it is mapped; so a mistake made there comes out here.
 */
static int explain_attach(const struct dmabufx_dev *dev, const struct dmabufx_ioas *ioas, int err)
{
	if (err == -EADDRINUSE)
		return dx_fail(err, DMABUFX_REASON_IOVA_RESERVED,
			       "%s reserves an IOVA range that is mapped in this address space; attach devices before mapping",
			       dev->bdf);
	if ((err == -EFAULT || err == -EINVAL) && !dx_list_empty(&ioas->mappings))
		return dx_fail(err, DMABUFX_REASON_BAD_VA,
			       "attaching %s: one of the %u mappings made before is of no memory a device can reach; attach devices before mapping, then the map itself tells",
			       dev->bdf, dx_list_count(&ioas->mappings));
	return dx_fail_sys(err, "attaching %s to an address space", dev->bdf);
}

int dx_dev_attach(struct dmabufx_dev *dev, struct dmabufx_ioas *ioas)
{
	struct dmabufx_ctx *ctx = dev->ctx;
	int err;

	if (dev->group || dev->prebound || ctx->iommu != &dx_iommu_iommufd)
		return dx_fail(-EOPNOTSUPP, DMABUFX_REASON_BACKEND,
			       "%s was opened through its group, or belongs to another iommufd: its address space is fixed",
			       dev->bdf);
	if (dev->ioas)
		return dx_fail(-EBUSY, DMABUFX_REASON_ATTACHED,
			       "%s is attached to an address space already; detach it first",
			       dev->bdf);
	err = dx_vfio_attach(ctx->sys, dev->fd, ioas->id);
	if (err)
		return explain_attach(dev, ioas, err);
	dev->ioas = ioas;
	ioas->refs++;
	ioas->ndevs++;
	ioas->ranges_known = false;
	return 0;
}

int dmabufx_dev_attach(struct dmabufx_dev *dev, struct dmabufx_ioas *ioas)
{
	int err;

	if (!dev || !ioas)
		return dx_fail_null(dev ? "ioas" : "dev");
	if (dev->ctx != ioas->ctx)
		return dx_fail(-EXDEV, DMABUFX_REASON_WRONG_CTX,
			       "%s and the address space belong to different contexts", dev->bdf);
	dx_lock(dev->ctx);
	/* On type1 the group has joined its container as the device was opened. */
	err = dev->group && dev->ioas == ioas ? 0 : dx_dev_attach(dev, ioas);
	dx_unlock(dev->ctx);
	return err;
}

static int detach(struct dmabufx_dev *dev)
{
	int err;

	if (!dev->ioas)
		return dx_fail(-ENODEV, DMABUFX_REASON_NOT_ATTACHED,
			       "%s isn't attached to an address space", dev->bdf);
	if (dev->group)
		return dx_fail(-EOPNOTSUPP, DMABUFX_REASON_BACKEND,
			       "%s was opened through its group, which stays in its container; close it",
			       dev->bdf);
	err = dx_vfio_detach(dev->ctx->sys, dev->fd);
	if (err)
		return dx_fail_sys(err, "detaching %s", dev->bdf);
	leave_ioas(dev);
	return 0;
}

int dmabufx_dev_detach(struct dmabufx_dev *dev)
{
	int err;

	if (!dev)
		return dx_fail_null("dev");
	dx_lock(dev->ctx);
	err = detach(dev);
	dx_unlock(dev->ctx);
	return err;
}

struct dmabufx_dev *dmabufx_dev_ref(struct dmabufx_dev *dev)
{
	if (!dev)
		return NULL;
	dx_lock(dev->ctx);
	dev->refs++;
	dx_unlock(dev->ctx);
	return dev;
}

struct dmabufx_dev *dmabufx_dev_unref(struct dmabufx_dev *dev)
{
	struct dmabufx_ctx *ctx;

	if (!dev)
		return NULL;
	ctx = dev->ctx;
	dx_lock(ctx);
	dx_dev_put(dev);
	dx_unlock_reap(ctx);
	return NULL;
}

int dmabufx_dev_fd(struct dmabufx_dev *dev)
{
	return dev ? dev->fd : dx_fail_null("dev");
}

int dmabufx_dev_set_reset_cb(struct dmabufx_dev *dev, dmabufx_reset_fn pre, dmabufx_reset_fn post,
			     void *user)
{
	if (!dev)
		return dx_fail_null("dev");
	dx_lock(dev->ctx);
	dev->pre = pre;
	dev->post = post;
	dev->cb_user = user;
	dx_unlock(dev->ctx);
	return 0;
}

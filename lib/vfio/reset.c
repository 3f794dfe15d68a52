// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reset as one transaction: the library's own, and one that somebody else does. */
#include <errno.h>

#include "base/fail.h"
#include "base/log.h"
#include "sys/ctx.h"
#include "vfio/bracket_priv.h"

static int by_vfio(void *arg)
{
	struct dmabufx_dev *dev = arg;
	int err = dx_vfio_reset(dev->ctx->sys, dev->fd);

	return err ? dx_fail_sys(err, "resetting %s; its mappings are as before", dev->bdf) : 0;
}

int dmabufx_dev_reset(struct dmabufx_dev *dev)
{
	struct dmabufx_ctx *ctx;
	struct dx_list set;
	int ret;

	if (!dev)
		return dx_fail_null("dev");
	ctx = dev->ctx;
	if (!dev->can_reset)
		return dx_fail(-ENOTTY, DMABUFX_REASON_NO_RESET,
			       "%s can't be reset alone: it has no FLR, and its bus is shared; reset the bus by dmabufx_dev_hot_reset(), or see /sys/bus/pci/devices/%s/reset_method",
			       dev->bdf, dev->bdf);
	dx_lock(ctx);
	ret = dx_reset_check_idle(dev);
	if (!ret) {
		dx_list_init(&set);
		dx_set_add(&set, dev);
		ret = dx_set_reset(&set, true, by_vfio, dev);
		dx_debug(ctx, "%s: reset: %d", dev->bdf, ret);
		/* A callback may have dropped the last reference but ours. */
		dx_set_drop(&set);
	}
	dx_unlock_reap(ctx);
	return ret;
}

/* Whether the device's buffers can't be mapped, as somebody resets it. */
static void hold_bufs(struct dmabufx_dev *dev, bool held)
{
	struct dx_list *at;

	dev->begun = held;
	dev->memory_on &= !held;
	dx_list_for_each(at, &dev->bufs)
		dx_container_of(at, struct dmabufx_buf, dev_link)->held = held;
}

static int begin(struct dmabufx_dev *dev, struct dx_list *set)
{
	int ret = dx_set_stop(set);

	if (ret)
		return ret;
	ret = dx_set_out(set);
	if (ret) {
		dx_set_restart(set);
		return ret;
	}
	hold_bufs(dev, true);
	dx_dev_mark(dev, DMABUFX_MAPPING_REVOKED, DMABUFX_REASON_REVOKED);
	return 0;
}

int dmabufx_dev_reset_begin(struct dmabufx_dev *dev)
{
	struct dmabufx_ctx *ctx;
	struct dx_list set;
	int ret;

	if (!dev)
		return dx_fail_null("dev");
	ctx = dev->ctx;
	dx_lock(ctx);
	ret = dx_reset_check_idle(dev);
	if (!ret) {
		dx_list_init(&set);
		dx_set_add(&set, dev);
		ret = begin(dev, &set);
		dx_debug(ctx, "%s: reset by somebody else begins: %d", dev->bdf, ret);
		dx_set_drop(&set);
	}
	dx_unlock_reap(ctx);
	return ret;
}

/* Who resets restores: its command register may be off on purpose. */
static int end(struct dmabufx_dev *dev)
{
	struct dx_list set;
	int ret;

	dx_list_init(&set);
	dx_set_add(&set, dev);
	hold_bufs(dev, false);
	ret = dx_set_in(&set, false);
	dx_debug(dev->ctx, "%s: reset by somebody else ends: %d", dev->bdf, ret);
	dx_set_restart(&set);
	dx_set_drop(&set);
	return ret;
}

int dmabufx_dev_reset_end(struct dmabufx_dev *dev)
{
	struct dmabufx_ctx *ctx;
	int ret;

	if (!dev)
		return dx_fail_null("dev");
	ctx = dev->ctx;
	dx_lock(ctx);
	if (dev->begun)
		ret = end(dev);
	else
		ret = dx_fail(-EINVAL, DMABUFX_REASON_NOT_BEGUN,
			      "no reset of %s was begun; call dmabufx_dev_reset_begin() before it",
			      dev->bdf);
	dx_unlock_reap(ctx);
	return ret;
}

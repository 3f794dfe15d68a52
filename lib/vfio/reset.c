// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reset as one transaction. The kernel revokes a device's buffers in a reset,
 * drops their mappings and maps nothing back; so they are taken out before and
 * put back after, at the same IOVAs, in every address space.
 */
#include <errno.h>
#include <linux/pci_regs.h>

#include "base/fail.h"
#include "base/log.h"
#include "sys/ctx.h"
#include "sys/sys.h"
#include "vfio/dev_priv.h"

/* PCIe gives a function 1 s to answer after a reset; some take ten times that. */
#define COME_BACK_MS 10000

/* Calls @fn with each mapping of the device's buffers; stops at the first error. */
static int for_each(struct dmabufx_dev *dev, int (*fn)(struct dmabufx_mapping *m))
{
	struct dx_list *b, *m;
	int err;

	dx_list_for_each(b, &dev->bufs) {
		struct dmabufx_buf *buf = dx_container_of(b, struct dmabufx_buf, dev_link);

		dx_list_for_each(m, &buf->mappings) {
			err = fn(dx_container_of(m, struct dmabufx_mapping, buf_link));
			if (err)
				return err;
		}
	}
	return 0;
}

/*
 * Nothing was reset: what was live comes back as if nothing had happened, and
 * what was not stays as it was, out of the kernel's address space now.
 */
static int undo_one(struct dmabufx_mapping *m)
{
	if (m->state == DMABUFX_MAPPING_LIVE && dx_mapping_in(m))
		dx_mapping_set(m, DMABUFX_MAPPING_STALE, dmabufx_last_error()->reason);
	return 0;
}

static void undo(struct dmabufx_dev *dev)
{
	/* The reason to report is that of what failed first. */
	struct dmabufx_error why = *dmabufx_last_error();

	for_each(dev, undo_one);
	dx_fail_restore(&why);
}

static int come_back_one(struct dmabufx_mapping *m)
{
	if (dx_mapping_in(m))
		dx_mapping_set(m, DMABUFX_MAPPING_STALE, dmabufx_last_error()->reason);
	else
		dx_mapping_set(m, DMABUFX_MAPPING_LIVE, DMABUFX_REASON_NONE);
	return 0;
}

static int count_lost(struct dmabufx_dev *dev)
{
	struct dx_list *b, *m;
	int lost = 0;

	dx_list_for_each(b, &dev->bufs) {
		struct dmabufx_buf *buf = dx_container_of(b, struct dmabufx_buf, dev_link);

		dx_list_for_each(m, &buf->mappings)
			lost += dx_container_of(m, struct dmabufx_mapping, buf_link)->state !=
				DMABUFX_MAPPING_LIVE;
	}
	return lost;
}

/*
 * A function that isn't ready answers all ones. Asked is for its class, which
 * no function has of all ones: the vendor VFIO answers itself, whatever the
 * device does (init_pci_cap_basic_perm() of vfio_pci_config.c, 7.3).
 */
static int wait_for(struct dmabufx_dev *dev)
{
	struct dx_sys *sys = dev->ctx->sys;
	uint64_t end = sys->now_ms(sys) + COME_BACK_MS;
	unsigned int pause = 1;
	uint32_t class;

	for (;;) {
		if (!dx_config_read(dev, PCI_CLASS_REVISION, &class, sizeof(class)) &&
		    class != UINT32_MAX)
			return 0;
		if (sys->now_ms(sys) >= end)
			return dx_fail(-EIO, DMABUFX_REASON_RESET_FAILED,
				       "%s did not come back within %d s of its reset; power-cycle it",
				       dev->bdf, COME_BACK_MS / 1000);
		sys->sleep_ms(sys, pause);
		if (pause < 100)
			pause *= 2;
	}
}

/* The kernel restores configuration space; a device that loses bits of it is given them again. */
static int restore(struct dmabufx_dev *dev, uint16_t command)
{
	uint16_t now;
	int err = wait_for(dev), on;

	if (err)
		return err;
	err = dx_config_read(dev, PCI_COMMAND, &now, sizeof(now));
	if (!err && now != command)
		err = dx_config_write(dev, PCI_COMMAND, &command, sizeof(command));
	on = err ? err : dx_config_memory_on(dev);
	if (on < 0)
		return dx_fail(-EIO, DMABUFX_REASON_RESET_FAILED,
			       "%s was reset, but its command register can't be restored: %s; power-cycle it",
			       dev->bdf, dmabufx_strerror(on));
	dev->memory_on = on;
	return 0;
}

static int stale_one(struct dmabufx_mapping *m)
{
	dx_mapping_set(m, DMABUFX_MAPPING_STALE, DMABUFX_REASON_RESET_FAILED);
	return 0;
}

/* All mappings are out; on an error before the device was reset they are put back. */
static int reset_and_return(struct dmabufx_dev *dev)
{
	uint16_t command;
	int err = dx_config_read(dev, PCI_COMMAND, &command, sizeof(command));

	if (err) {
		dx_fail_sys(err, "reading the command register of %s", dev->bdf);
		undo(dev);
		return err;
	}
	err = dx_vfio_reset(dev->ctx->sys, dev->fd);
	if (err) {
		dx_fail_sys(err, "resetting %s; its mappings are as before", dev->bdf);
		undo(dev);
		return err;
	}
	err = restore(dev, command);
	if (err) {
		/* What can't be told is taken for off. */
		dev->memory_on = false;
		for_each(dev, stale_one);
		return err;
	}
	for_each(dev, come_back_one);
	return count_lost(dev);
}

/* The callback may call the library, whose lock is held. */
static int call(struct dmabufx_dev *dev, dmabufx_reset_fn fn)
{
	uintptr_t outer = dx_mutex_callback_begin(&dev->ctx->lock);
	int ret = fn ? fn(dev, dev->cb_user) : 0;

	dx_mutex_callback_end(&dev->ctx->lock, outer);
	return ret;
}

/* What fails inside the callback isn't why the reset failed. */
static void call_post(struct dmabufx_dev *dev)
{
	struct dmabufx_error why = *dmabufx_last_error();

	call(dev, dev->post);
	dx_fail_restore(&why);
}

static int transaction(struct dmabufx_dev *dev)
{
	int ret = call(dev, dev->pre);

	if (ret < 0)
		return dx_fail(ret, DMABUFX_REASON_SYSTEM,
			       "the caller's callback called the reset of %s off", dev->bdf);
	ret = for_each(dev, dx_mapping_out);
	if (ret)
		undo(dev);
	else
		ret = reset_and_return(dev);
	dx_debug(dev->ctx, "%s: reset: %d", dev->bdf, ret);
	/* Also after a failure: whoever stopped DMA for us wants to know it is over. */
	call_post(dev);
	return ret;
}

int dmabufx_dev_reset(struct dmabufx_dev *dev)
{
	struct dmabufx_ctx *ctx;
	int ret;

	if (!dev)
		return dx_fail_null("dev");
	ctx = dev->ctx;
	if (!dev->can_reset)
		return dx_fail(-ENOTTY, DMABUFX_REASON_NO_RESET,
			       "%s can't be reset: it has no FLR, and its bus is shared; see /sys/bus/pci/devices/%s/reset_method",
			       dev->bdf, dev->bdf);
	dx_lock(ctx);
	if (dev->resetting) {
		dx_unlock(ctx);
		return dx_fail(-EBUSY, DMABUFX_REASON_BUSY,
			       "%s is being reset; a reset callback can't reset it again",
			       dev->bdf);
	}
	dev->resetting = true;
	/* A callback may drop the last reference. */
	dev->refs++;
	ret = transaction(dev);
	dev->resetting = false;
	dx_dev_put(dev);
	dx_unlock_reap(ctx);
	return ret;
}

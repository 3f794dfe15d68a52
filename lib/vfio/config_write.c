// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Writes to configuration space, and what the kernel does to a device's buffers
 * in them: a function level reset goes through the bracket, memory that goes off
 * takes the mappings along, and memory that comes on brings them back.
 */
#include <errno.h>
#include <linux/pci_regs.h>

#include "base/fail.h"
#include "base/log.h"
#include "sys/ctx.h"
#include "vfio/bracket_priv.h"

/* The state of PCI_PM_CTRL in which VFIO revokes; it refuses what lies above. */
#define PM_D3_HOT 3

struct config_write {
	struct dmabufx_dev *dev;
	uint32_t off;
	const void *buf;
	size_t len;
};

static bool touches(const struct config_write *w, uint32_t reg, size_t reg_len)
{
	return w->off < reg + reg_len && reg < w->off + w->len;
}

/* The byte that a write puts at @at, @none if it doesn't reach there. */
static uint8_t byte_or(const struct config_write *w, uint32_t at, uint8_t none)
{
	return at >= w->off && at < w->off + w->len ? ((const uint8_t *)w->buf)[at - w->off] : none;
}

/* A function level reset by a write: PCIe's bit 15 of device control, or AF's bit 0. */
static bool is_flr(const struct config_write *w)
{
	const struct dmabufx_dev *dev = w->dev;

	return (dev->pcie_cap && byte_or(w, dev->pcie_cap + PCI_EXP_DEVCTL + 1, 0) &
					 (PCI_EXP_DEVCTL_BCR_FLR >> 8)) ||
	       (dev->af_cap && byte_or(w, dev->af_cap + PCI_AF_CTRL, 0) & PCI_AF_CTRL_FLR);
}

static bool is_power(const struct config_write *w)
{
	return touches(w, PCI_COMMAND, 2) ||
	       (w->dev->pm_cap && touches(w, w->dev->pm_cap + PCI_PM_CTRL, 2));
}

/*
 * Whether the kernel revokes at such a write: by what is written, not by what
 * comes of it. A virtual function's memory stays on, and its mappings die all
 * the same (vfio_basic_config_write() of vfio_pci_config.c, 7.3).
 */
static bool revokes(const struct config_write *w)
{
	uint8_t command = byte_or(w, PCI_COMMAND, PCI_COMMAND_MEMORY);
	uint8_t pm = w->dev->pm_cap ? byte_or(w, w->dev->pm_cap + PCI_PM_CTRL, 0) : 0;

	return !(command & PCI_COMMAND_MEMORY) || (pm & PCI_PM_CTRL_STATE_MASK) == PM_D3_HOT ||
	       is_flr(w);
}

static int do_write(void *arg)
{
	struct config_write *w = arg;
	int err = dx_config_write(w->dev, w->off, w->buf, w->len);

	if (err)
		return dx_fail_sys(err, "writing %zu bytes of configuration space of %s at 0x%x",
				   w->len, w->dev->bdf, w->off);
	return 0;
}

/* Whether memory is on, if the write can have changed that. */
static int look(const struct config_write *w)
{
	struct dmabufx_dev *dev = w->dev;
	int on;

	if (!is_power(w))
		return 0;
	on = dx_config_memory_on(dev);
	/* What can't be told is taken for off: a refresh finds out. */
	dev->memory_on = on > 0 && !dev->begun;
	return on < 0 ? dx_fail_sys(on, "reading back the command register of %s", dev->bdf) : 0;
}

/* The kernel revoked the buffers during such a write, or may have, and maps nothing back. */
static int after_write(const struct config_write *w)
{
	struct dmabufx_dev *dev = w->dev;
	int err = look(w);

	if ((is_power(w) && !dev->memory_on) || revokes(w))
		dx_dev_mark(dev, DMABUFX_MAPPING_REVOKED, DMABUFX_REASON_REVOKED);
	if (is_power(w) && dev->memory_on)
		dx_dev_revive(dev);
	return err;
}

/* Memory that is off already, by an error of the link or a reset elsewhere, took mappings along. */
static void before_write(const struct config_write *w)
{
	if (is_power(w) && !dx_config_memory_on(w->dev))
		dx_dev_mark(w->dev, DMABUFX_MAPPING_REVOKED, DMABUFX_REASON_REVOKED);
}

static int write_plainly(struct config_write *w)
{
	struct dmabufx_error why;
	int err, after;

	before_write(w);
	err = do_write(w);
	why = *dmabufx_last_error();
	/* Also one that failed: the kernel goes word by word, and revokes before it writes. */
	after = after_write(w);
	if (err)
		dx_fail_restore(&why);
	return err ? err : after;
}

static int write_flr(struct config_write *w)
{
	struct dmabufx_error why;
	struct dx_list set;
	int ret;

	dx_list_init(&set);
	dx_set_add(&set, w->dev);
	/* Who writes it knows what the command register shall be. */
	ret = dx_set_reset(&set, false, do_write, w);
	if (ret < 0) {
		why = *dmabufx_last_error();
		look(w);
		dx_fail_restore(&why);
	}
	dx_debug(w->dev->ctx, "%s: reset by a write to configuration space: %d", w->dev->bdf, ret);
	dx_set_drop(&set);
	return ret < 0 ? ret : 0;
}

int dmabufx_dev_config_write(struct dmabufx_dev *dev, uint32_t offset, const void *buf, size_t len)
{
	struct config_write w = { dev, offset, buf, len };
	struct dmabufx_ctx *ctx;
	int err = dx_config_check(dev, offset, buf, len);

	if (err)
		return err;
	ctx = dev->ctx;
	dx_lock(ctx);
	if (is_flr(&w) && !dev->resetting && !dev->begun)
		err = write_flr(&w);
	else
		err = write_plainly(&w);
	dx_unlock_reap(ctx);
	return err;
}

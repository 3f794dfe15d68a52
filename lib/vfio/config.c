// SPDX-License-Identifier: LGPL-2.1-or-later
/* PCI configuration space, and the writes in it that revoke a device's buffers. */
#include <endian.h>
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "base/fail.h"
#include "base/log.h"
#include "sys/ctx.h"
#include "vfio/dev_priv.h"

/* The state of PCI_PM_CTRL in which a function answers no memory access; D1 and D2 do. */
#define PM_D3_HOT 3

int dx_config_read(struct dmabufx_dev *dev, uint32_t off, void *buf, size_t len)
{
	struct dx_sys *sys = dev->ctx->sys;
	ssize_t n = sys->pread(sys, dev->fd, buf, len, dev->config.offset + off);

	if (n < 0)
		return (int)n;
	return (size_t)n == len ? 0 : -EIO;
}

int dx_config_write(struct dmabufx_dev *dev, uint32_t off, const void *buf, size_t len)
{
	struct dx_sys *sys = dev->ctx->sys;
	ssize_t n = sys->pwrite(sys, dev->fd, buf, len, dev->config.offset + off);

	if (n < 0)
		return (int)n;
	return (size_t)n == len ? 0 : -EIO;
}

int dx_config_word(struct dmabufx_dev *dev, uint32_t off, uint16_t *ret)
{
	uint16_t word;
	int err = dx_config_read(dev, off, &word, sizeof(word));

	if (!err)
		*ret = le16toh(word);
	return err;
}

int dx_config_memory_on(struct dmabufx_dev *dev)
{
	uint16_t command, pmcsr = 0;
	int err = dx_config_word(dev, PCI_COMMAND, &command);

	if (!err && dev->pm_cap)
		err = dx_config_word(dev, dev->pm_cap + PCI_PM_CTRL, &pmcsr);
	if (err)
		return err;
	return (dev->is_vf || command & PCI_COMMAND_MEMORY) &&
	       (pmcsr & PCI_PM_CTRL_STATE_MASK) < PM_D3_HOT;
}

static bool touches(uint32_t off, size_t len, uint32_t reg, size_t reg_len)
{
	return off < reg + reg_len && reg < off + len;
}

/* The byte that a write puts at @at, @none if it doesn't reach there. */
static uint8_t byte_or(uint32_t off, const void *buf, size_t len, uint32_t at, uint8_t none)
{
	return at >= off && at < off + len ? ((const uint8_t *)buf)[at - off] : none;
}

/* A function level reset by a write: PCIe's bit 15 of device control, or AF's bit 0. */
static bool is_flr(const struct dmabufx_dev *dev, uint32_t off, const void *buf, size_t len)
{
	uint32_t devctl = dev->pcie_cap + PCI_EXP_DEVCTL + 1, af = dev->af_cap + PCI_AF_CTRL;

	return (dev->pcie_cap &&
		byte_or(off, buf, len, devctl, 0) & (PCI_EXP_DEVCTL_BCR_FLR >> 8)) ||
	       (dev->af_cap && byte_or(off, buf, len, af, 0) & PCI_AF_CTRL_FLR);
}

/*
 * Whether the kernel revokes at such a write: by what is written, not by what
 * comes of it. A virtual function's memory stays on, and its mappings die all
 * the same (vfio_basic_config_write() of vfio_pci_config.c, 7.3).
 */
static bool revokes(const struct dmabufx_dev *dev, uint32_t off, const void *buf, size_t len)
{
	uint8_t command = byte_or(off, buf, len, PCI_COMMAND, PCI_COMMAND_MEMORY);
	uint8_t pm = dev->pm_cap ? byte_or(off, buf, len, dev->pm_cap + PCI_PM_CTRL, 0) : 0;

	return !(command & PCI_COMMAND_MEMORY) || (pm & PCI_PM_CTRL_STATE_MASK) == PM_D3_HOT ||
	       is_flr(dev, off, buf, len);
}

/* The kernel revoked the buffers during such a write, or may have, and maps nothing back. */
static int after_write(struct dmabufx_dev *dev, uint32_t off, const void *buf, size_t len)
{
	bool power;
	int on = 0;

	power = touches(off, len, PCI_COMMAND, 2) ||
		(dev->pm_cap && touches(off, len, dev->pm_cap + PCI_PM_CTRL, 2));
	if (power) {
		on = dx_config_memory_on(dev);
		dev->memory_on = on > 0 && !dev->begun;
	}
	if ((power && !dev->memory_on) || revokes(dev, off, buf, len))
		dx_dev_mark(dev, DMABUFX_MAPPING_REVOKED, DMABUFX_REASON_REVOKED);
	/* What can't be told is taken for off: a refresh finds out. */
	if (on < 0)
		return dx_fail_sys(on, "reading back the command register of %s", dev->bdf);
	return 0;
}

static int check(const struct dmabufx_dev *dev, uint32_t off, const void *buf, size_t len)
{
	if (!dev || !buf)
		return dx_fail_null(dev ? "buf" : "dev");
	if (!len || off >= dev->config.len || len > dev->config.len - off)
		return dx_fail(-EINVAL, DMABUFX_REASON_CONFIG_RANGE,
			       "%zu bytes at 0x%x of %s: its configuration space has 0x%llx bytes",
			       len, off, dev->bdf, (unsigned long long)dev->config.len);
	return 0;
}

int dmabufx_dev_config_read(struct dmabufx_dev *dev, uint32_t offset, void *buf, size_t len)
{
	int err = check(dev, offset, buf, len);

	if (err)
		return err;
	dx_lock(dev->ctx);
	err = dx_config_read(dev, offset, buf, len);
	dx_unlock(dev->ctx);
	if (err)
		return dx_fail_sys(err, "reading %zu bytes of configuration space of %s at 0x%x",
				   len, dev->bdf, offset);
	return 0;
}

static int write_locked(struct dmabufx_dev *dev, uint32_t off, const void *buf, size_t len)
{
	int err = dx_config_write(dev, off, buf, len);
	/* Also one that failed: the kernel goes word by word, and revokes before it writes. */
	int after = after_write(dev, off, buf, len);

	if (err)
		return dx_fail_sys(err, "writing %zu bytes of configuration space of %s at 0x%x",
				   len, dev->bdf, off);
	return after;
}

int dmabufx_dev_config_write(struct dmabufx_dev *dev, uint32_t offset, const void *buf, size_t len)
{
	int err = check(dev, offset, buf, len);

	if (err)
		return err;
	dx_lock(dev->ctx);
	err = write_locked(dev, offset, buf, len);
	dx_unlock(dev->ctx);
	return err;
}

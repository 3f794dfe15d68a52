// SPDX-License-Identifier: LGPL-2.1-or-later
/* PCI configuration space: reading it, and what its registers say. */
#include <endian.h>
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "base/fail.h"
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

int dx_config_check(const struct dmabufx_dev *dev, uint32_t off, const void *buf, size_t len)
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
	int err = dx_config_check(dev, offset, buf, len);

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

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Finding out what an open device has: regions, capabilities, MSI-X, export. */
#include <endian.h>
#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <string.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/num.h"
#include "sys/sysfs.h"
#include "vfio/dev_priv.h"

/* A chain of capabilities is at most this long: 192 bytes in steps of four. */
#define CAPS_MAX 48

static int read_regions(struct dmabufx_dev *dev)
{
	struct dx_sys *sys = dev->ctx->sys;
	int err;

	for (uint32_t i = 0; i < DMABUFX_BARS; i++) {
		err = dx_vfio_region(sys, dev->fd, VFIO_PCI_BAR0_REGION_INDEX + i, &dev->bars[i]);
		if (err)
			return dx_fail_sys(err, "asking for BAR %u of %s", i, dev->bdf);
	}
	err = dx_vfio_region(sys, dev->fd, VFIO_PCI_CONFIG_REGION_INDEX, &dev->config);
	if (err)
		return dx_fail_sys(err, "asking for configuration space of %s", dev->bdf);
	return 0;
}

/* A table entry is 16 bytes; pages it shares with other registers count as its own. */
static int read_msix(struct dmabufx_dev *dev, uint32_t cap)
{
	uint64_t page = dev->ctx->sys->page_size, first, last;
	uint16_t flags;
	uint32_t table;
	int err = dx_config_word(dev, cap + PCI_MSIX_FLAGS, &flags);

	if (!err)
		err = dx_config_read(dev, cap + PCI_MSIX_TABLE, &table, sizeof(table));
	if (err)
		return err;
	table = le32toh(table);
	dev->msix_bar = table & PCI_MSIX_TABLE_BIR;
	first = table & PCI_MSIX_TABLE_OFFSET;
	last = first + 16 * ((flags & PCI_MSIX_FLAGS_QSIZE) + 1ull) - 1;
	dev->msix.start = dx_align_down(first, page);
	dev->msix.len = dx_align_down(last, page) + page - dev->msix.start;
	return 0;
}

static int read_caps(struct dmabufx_dev *dev)
{
	uint8_t pos, id[2];
	uint16_t status;
	int err = dx_config_word(dev, PCI_STATUS, &status);

	if (err || !(status & PCI_STATUS_CAP_LIST))
		return err;
	err = dx_config_read(dev, PCI_CAPABILITY_LIST, &pos, 1);
	for (int i = 0; !err && pos >= PCI_STD_HEADER_SIZEOF && i < CAPS_MAX; i++, pos = id[1]) {
		pos &= 0xfc; /* the two lowest bits are reserved */
		err = dx_config_read(dev, pos, id, sizeof(id));
		if (err)
			break;
		if (id[0] == PCI_CAP_ID_PM)
			dev->pm_cap = pos;
		else if (id[0] == PCI_CAP_ID_EXP)
			dev->pcie_cap = pos;
		else if (id[0] == PCI_CAP_ID_AF)
			dev->af_cap = pos;
		else if (id[0] == PCI_CAP_ID_MSIX)
			err = read_msix(dev, pos);
	}
	return err;
}

static int read_config(struct dmabufx_dev *dev)
{
	uint32_t bars[DMABUFX_BARS];
	int err = dx_config_read(dev, PCI_BASE_ADDRESS_0, bars, sizeof(bars));

	if (!err)
		err = read_caps(dev);
	if (!err) {
		err = dx_config_memory_on(dev);
		dev->memory_on = err > 0;
	}
	if (err < 0)
		return dx_fail_sys(err, "reading configuration space of %s", dev->bdf);
	/* The upper half of a 64-bit BAR holds address bits; VFIO gives it no length. */
	for (int i = 0; i < DMABUFX_BARS; i++)
		dev->bar_is_io[i] = dev->bars[i].len &&
				    (le32toh(bars[i]) & PCI_BASE_ADDRESS_SPACE) ==
					    PCI_BASE_ADDRESS_SPACE_IO;
	return 0;
}

/* Only a virtual function has a link to its physical one. */
static bool is_vf(struct dmabufx_dev *dev)
{
	char name[DMABUFX_BDF_MAX];

	return dev->bdf[0] && !dx_sysfs_link_name(dev->ctx->sys, name, sizeof(name),
						  "/sys/bus/pci/devices/%s/physfn", dev->bdf);
}

static void find_plain(struct dmabufx_dev *dev)
{
	dev->page_mask = dev->ctx->sys->page_size - 1;
	for (uint32_t i = 0; i < DMABUFX_BARS; i++) {
		if (!dev->bar_is_io[i] && i != dev->msix_bar && dev->bars[i].len > dev->page_mask)
			dev->plain_len[i] = dev->bars[i].len;
	}
}

int dx_dev_learn(struct dmabufx_dev *dev)
{
	struct dx_sys *sys = dev->ctx->sys;
	struct dx_vfio_info info;
	int err = dx_vfio_info(sys, dev->fd, &info);

	if (err == -ENOTTY)
		return dx_fail(-EINVAL, DMABUFX_REASON_FOREIGN_FD,
			       "the descriptor is of no VFIO device; pass one from a VFIO node or group");
	if (err)
		return dx_fail_sys(err, "asking VFIO about %s",
				   dev->bdf[0] ? dev->bdf : "the descriptor");
	if (!info.pci)
		return dx_fail(-ENODEV, DMABUFX_REASON_NOT_PCI,
			       "%s is a VFIO device but no PCI one; this library knows PCI alone",
			       dev->bdf[0] ? dev->bdf : "the descriptor");
	dev->can_reset = info.can_reset;
	dev->msix_bar = DMABUFX_BARS;
	dev->is_vf = is_vf(dev);
	err = read_regions(dev);
	if (!err)
		err = read_config(dev);
	if (err)
		return err;
	find_plain(dev);
	dev->export_err = dx_vfio_probe_dmabuf(sys, dev->fd);
	dx_info(dev->ctx, "%s: opened, memory %s, %s, %s", dev->bdf, dev->memory_on ? "on" : "off",
		dev->export_err ? "its BARs can't be exported" : "its BARs can be exported",
		dev->can_reset ? "can be reset" : "can't be reset");
	return 0;
}

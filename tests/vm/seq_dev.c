/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices by VFIO's own calls; only binding them to vfio-pci is the library's. */
#include "seq.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <dmabufx/dmabufx.h>

#include "edu.h"

static struct {
	char bdf[DMABUFX_BDF_MAX];
} taken[8];
static size_t ntaken;

/* To be given back at the end, also if somebody else had bound it and left it so. */
static int remember(const char *bdf)
{
	for (size_t i = 0; i < ntaken; i++) {
		if (!strcmp(taken[i].bdf, bdf))
			return 0;
	}
	if (ntaken == sizeof(taken) / sizeof(taken[0]))
		return -ENOSPC;
	strcpy(taken[ntaken++].bdf, bdf);
	return 0;
}

int seq_take(struct seq_dev *dev, const char *name)
{
	char variable[64];
	struct dmabufx_dev_info info;
	struct dmabufx_ctx *ctx;
	int err;

	memset(dev, 0, sizeof(*dev));
	dev->cdev = -1;
	snprintf(variable, sizeof(variable), "LAB_%s", name);
	dev->bdf = getenv(variable);
	if (!dev->bdf)
		return -ENODEV;
	err = dmabufx_ctx_new(NULL, &ctx);
	if (err)
		return err;
	err = dmabufx_dev_lookup(ctx, dev->bdf, &info);
	if (!err && strcmp(info.driver, "vfio-pci"))
		err = dmabufx_dev_bind(ctx, dev->bdf, 0);
	if (!err)
		err = remember(info.bdf);
	if (err)
		seq_fail("%s: %s", dev->bdf, dmabufx_last_error()->text);
	dmabufx_ctx_unref(ctx);
	return err;
}

int seq_give_back(void)
{
	struct dmabufx_ctx *ctx;
	int err = dmabufx_ctx_new(NULL, &ctx);

	while (!err && ntaken)
		err = dmabufx_dev_unbind(ctx, taken[--ntaken].bdf);
	if (err)
		seq_fail("%s", dmabufx_last_error()->text);
	dmabufx_ctx_unref(ctx);
	return err;
}

int seq_region(const struct seq_dev *dev, uint32_t index, uint64_t *off, uint64_t *len)
{
	struct vfio_region_info info = { .argsz = sizeof(info), .index = index };

	if (ioctl(dev->cdev, VFIO_DEVICE_GET_REGION_INFO, &info))
		return -errno;
	*off = info.offset;
	*len = info.size;
	return 0;
}

int seq_read16(const struct seq_dev *dev, uint32_t off)
{
	uint16_t val;

	if (pread(dev->cdev, &val, sizeof(val), (off_t)(dev->config + off)) != sizeof(val))
		return -errno;
	return val;
}

int seq_write16(const struct seq_dev *dev, uint32_t off, uint16_t val)
{
	if (pwrite(dev->cdev, &val, sizeof(val), (off_t)(dev->config + off)) != sizeof(val))
		return -errno;
	return 0;
}

int seq_set_command(const struct seq_dev *dev, uint16_t bits, bool on)
{
	int val = seq_read16(dev, PCI_COMMAND);

	if (val < 0)
		return val;
	return seq_write16(dev, PCI_COMMAND, (uint16_t)(on ? val | bits : val & ~bits));
}

int seq_set_power(const struct seq_dev *dev, uint16_t state)
{
	int val = seq_read16(dev, dev->power);

	if (val < 0)
		return val;
	val &= ~PCI_PM_CTRL_STATE_MASK;
	return seq_write16(dev, dev->power, (uint16_t)(val | state));
}

int seq_feature(const struct seq_dev *dev, uint32_t feature)
{
	struct vfio_device_feature arg = { .argsz = sizeof(arg),
					   .flags = VFIO_DEVICE_FEATURE_SET | feature };

	return ioctl(dev->cdev, VFIO_DEVICE_FEATURE, &arg) ? -errno : 0;
}

static uint32_t find_power(const struct seq_dev *dev)
{
	int at = seq_read16(dev, PCI_CAPABILITY_LIST) & 0xfc, head;

	for (int i = 0; at && i < 48; i++) {
		head = seq_read16(dev, (uint32_t)at);
		if (head < 0)
			break;
		if ((head & 0xff) == PCI_CAP_ID_PM)
			return (uint32_t)at + PCI_PM_CTRL;
		at = head >> 8 & 0xfc;
	}
	return 0;
}

int seq_open(struct seq_dev *dev, int iommufd, uint32_t ioas)
{
	uint64_t len;
	int err;

	dev->cdev = raw_cdev(dev->bdf);
	if (dev->cdev < 0)
		return dev->cdev;
	err = raw_bind(dev->cdev, iommufd);
	if (!err && ioas)
		err = raw_attach(dev->cdev, ioas);
	if (!err)
		err = seq_region(dev, VFIO_PCI_CONFIG_REGION_INDEX, &dev->config, &len);
	if (err)
		seq_close(dev);
	else
		dev->power = find_power(dev);
	return err;
}

int seq_close(struct seq_dev *dev)
{
	int fd = dev->cdev;

	dev->cdev = -1;
	return close(fd) ? -errno : 0;
}

int seq_export(const struct seq_dev *dev, uint32_t page)
{
	struct vfio_region_dma_range range = { .offset = (uint64_t)page * SEQ_PAGE,
					       .length = SEQ_LEN };

	return raw_export(dev->cdev, 2, 0, &range, 1);
}

int seq_edu_open(struct seq_edu *edu, const char *name, int iommufd, uint32_t ioas)
{
	uint64_t off, len;
	int err = seq_take(&edu->dev, name);

	if (!err)
		err = seq_open(&edu->dev, iommufd, ioas);
	if (err)
		return err;
	err = seq_set_command(&edu->dev, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, true);
	if (!err)
		err = seq_region(&edu->dev, 0, &off, &len);
	if (err)
		return err;
	edu->regs = mmap(NULL, SEQ_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, edu->dev.cdev,
			 (off_t)off);
	edu->page = mmap(NULL, SEQ_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			 0);
	if (edu->regs == MAP_FAILED || edu->page == MAP_FAILED)
		return -errno;
	edu->page_iova = 0x200000;
	return raw_map_va(iommufd, ioas, edu->page, SEQ_PAGE, edu->page_iova);
}

int seq_edu_close(struct seq_edu *edu, int iommufd, uint32_t ioas)
{
	int err = raw_unmap(iommufd, ioas, edu->page_iova, SEQ_PAGE);

	munmap((void *)edu->regs, SEQ_PAGE);
	munmap(edu->page, SEQ_PAGE);
	return err ? err : seq_close(&edu->dev);
}

static int edu_move(struct seq_edu *edu, uint64_t src, uint64_t dst, uint32_t cmd)
{
	uint64_t end = guest_now_ns() + 5000000000ull;

	edu_run(edu->regs, src, dst, sizeof(uint64_t), cmd);
	while (edu_runs(edu->regs)) {
		if (guest_now_ns() > end)
			return -ETIMEDOUT;
		usleep(1000);
	}
	return 0;
}

int seq_edu_read(struct seq_edu *edu, uint64_t iova, uint64_t *ret)
{
	int err;

	/* What is in the engine's memory before must not look like an answer. */
	*(volatile uint64_t *)edu->page = 0;
	err = edu_move(edu, edu->page_iova, EDU_BUFFER, 0);
	if (!err)
		err = edu_move(edu, iova, EDU_BUFFER, 0);
	if (!err)
		err = edu_move(edu, EDU_BUFFER, edu->page_iova, EDU_CMD_TO_MEMORY);
	*ret = *(volatile uint64_t *)edu->page;
	return err;
}

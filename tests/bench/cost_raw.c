// SPDX-License-Identifier: GPL-2.0-or-later
/* The same calls by hand: what the library is measured against. */
#include "cost.h"

#include <err.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "uapi/iommufd.h"
#include "uapi/vfio.h"

int raw_export(int dev, uint32_t bar, uint64_t off, uint64_t len)
{
	union {
		struct vfio_device_feature head;
		char bytes[sizeof(struct vfio_device_feature) +
			   sizeof(struct vfio_device_feature_dma_buf) +
			   sizeof(struct vfio_region_dma_range)];
	} cmd = { .head = { .argsz = sizeof(cmd.bytes),
			    .flags = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF } };
	struct vfio_device_feature_dma_buf *args = (void *)cmd.head.data;
	int fd;

	args->region_index = bar;
	args->open_flags = O_RDWR | O_CLOEXEC;
	args->nr_ranges = 1;
	args->dma_ranges[0].offset = off;
	args->dma_ranges[0].length = len;
	fd = ioctl(dev, VFIO_DEVICE_FEATURE, &cmd);
	if (fd < 0)
		err(1, "export by hand");
	return fd;
}

void raw_close(int fd)
{
	if (close(fd))
		err(1, "close by hand");
}

void raw_map(int iommufd, uint32_t ioas, int fd, uint64_t off, uint64_t iova, uint64_t len)
{
	struct iommu_ioas_map_file cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = ioas,
		.fd = fd,
		.start = off,
		.length = len,
		.iova = iova,
	};

	if (ioctl(iommufd, IOMMU_IOAS_MAP_FILE, &cmd))
		err(1, "map by hand");
}

void raw_unmap(int iommufd, uint32_t ioas, uint64_t iova, uint64_t len)
{
	struct iommu_ioas_unmap cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
		.iova = iova,
		.length = len,
	};

	if (ioctl(iommufd, IOMMU_IOAS_UNMAP, &cmd))
		err(1, "unmap by hand");
}

void raw_reset(int dev)
{
	if (ioctl(dev, VFIO_DEVICE_RESET))
		err(1, "reset by hand");
}

uint64_t raw_config(int dev)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.index = VFIO_PCI_CONFIG_REGION_INDEX,
	};

	if (ioctl(dev, VFIO_DEVICE_GET_REGION_INFO, &info))
		err(1, "configuration space by hand");
	return info.offset;
}

void raw_command(int dev, uint64_t config, uint16_t command)
{
	if (pwrite(dev, &command, sizeof(command), (off_t)config + PCI_COMMAND) != sizeof(command))
		err(1, "command register by hand");
}

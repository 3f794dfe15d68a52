/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * VFIO's calls that Debian 12's headers, of 6.1, don't know. Facts of
 * include/uapi/linux/vfio.h as of Linux 7.3; the version behind each is the
 * first that has it.
 */
#ifndef DX_UAPI_VFIO_H
#define DX_UAPI_VFIO_H

#include <linux/ioctl.h>
#include <linux/vfio.h>
#include <stdint.h>

#define DX_VFIO_DEVICE_BIND_FLAG_TOKEN (1 << 0) /* 6.18 */

/* The kernel's struct vfio_device_bind_iommufd, with what 6.18 added to its end. */
struct dx_vfio_device_bind {
	uint32_t argsz;
	uint32_t flags;
	int32_t iommufd;
	uint32_t out_devid;
	uint64_t token_uuid_ptr;
};

#ifndef VFIO_DEVICE_BIND_IOMMUFD
#define VFIO_DEVICE_BIND_IOMMUFD _IO(VFIO_TYPE, VFIO_BASE + 18) /* 6.6 */
#define VFIO_DEVICE_ATTACH_IOMMUFD_PT _IO(VFIO_TYPE, VFIO_BASE + 19) /* 6.6 */
#define VFIO_DEVICE_DETACH_IOMMUFD_PT _IO(VFIO_TYPE, VFIO_BASE + 20) /* 6.6 */

struct vfio_device_bind_iommufd {
	uint32_t argsz;
	uint32_t flags;
	int32_t iommufd;
	uint32_t out_devid;
};

struct vfio_device_attach_iommufd_pt {
	uint32_t argsz;
	uint32_t flags;
	uint32_t pt_id;
};

struct vfio_device_detach_iommufd_pt {
	uint32_t argsz;
	uint32_t flags;
};
#endif

#ifndef VFIO_PCI_HOT_RESET_FLAG_DEV_ID
/* Of a device from its node, 6.6: group_id is then the device's id in its iommufd. */
#define VFIO_PCI_HOT_RESET_FLAG_DEV_ID (1 << 0)
#define VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED (1 << 1)
#define VFIO_PCI_DEVID_NOT_OWNED (-1)
#endif

#ifndef VFIO_DEVICE_FEATURE_DMA_BUF
#define VFIO_DEVICE_FEATURE_DMA_BUF 11 /* 6.19 */

struct vfio_region_dma_range {
	uint64_t offset;
	uint64_t length;
};

struct vfio_device_feature_dma_buf {
	uint32_t region_index;
	uint32_t open_flags;
	uint32_t flags;
	uint32_t nr_ranges;
	struct vfio_region_dma_range dma_ranges[];
};
#endif

#endif

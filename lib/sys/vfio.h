/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VFIO device calls, typed. 0, a descriptor or a negative errno; no policy. */
#ifndef DX_SYS_VFIO_H
#define DX_SYS_VFIO_H

#include <fcntl.h>

#include "dmabufx/dev.h"
#include "sys/sys.h"
#include "uapi/vfio.h"

/* What a region looks like; areas are what may be mmapped. */
struct dx_vfio_region {
	uint64_t len;
	uint64_t offset; /* in the device descriptor */
	bool readable;
	bool mappable;
	uint32_t nareas;
	struct {
		uint64_t offset;
		uint64_t len;
	} areas[8];
};

struct dx_vfio_info {
	bool pci;
	bool can_reset;
	uint32_t nregions;
};

/* @token: 16 bytes, or NULL; -EINVAL from kernels before 6.18, and where none is wanted. */
int dx_vfio_bind_iommufd(struct dx_sys *sys, int fd, int iommufd, const uint8_t *token);
int dx_vfio_attach(struct dx_sys *sys, int fd, uint32_t ioas);
int dx_vfio_detach(struct dx_sys *sys, int fd);
int dx_vfio_info(struct dx_sys *sys, int fd, struct dx_vfio_info *ret);
/* -EINVAL: no such region; a region of no length is one that is absent. */
int dx_vfio_region(struct dx_sys *sys, int fd, uint32_t index, struct dx_vfio_region *ret);
int dx_vfio_reset(struct dx_sys *sys, int fd);

/* Which functions a hot reset of this one hits; freed by the caller. -ENODEV: it has none. */
int dx_vfio_hot_reset_info(struct dx_sys *sys, int fd, struct vfio_pci_hot_reset_info **ret);
/* With the groups of all of them, or none for devices from their nodes. */
int dx_vfio_hot_reset(struct dx_sys *sys, int fd, const int32_t *groups, uint32_t ngroups);

/* 0: the kernel can export this device's BARs. Makes no descriptor. */
int dx_vfio_probe_dmabuf(struct dx_sys *sys, int fd);
/* The dma-buf's descriptor. Inline, as it is hot. */
static inline __attribute__((always_inline)) int dx_vfio_export(struct dx_sys *sys, int fd,
								uint32_t bar,
								const struct dmabufx_range *ranges,
								uint32_t nranges)
{
	/* struct vfio_device_feature with its payload, which C has no other way to write down. */
	struct {
		uint32_t argsz;
		uint32_t feature;
		uint32_t region_index;
		uint32_t open_flags;
		uint32_t flags;
		uint32_t nr_ranges;
		struct vfio_region_dma_range ranges[DMABUFX_SLICES_MAX];
	} cmd;

	_Static_assert(offsetof(typeof(cmd), region_index) ==
				       offsetof(struct vfio_device_feature, data) &&
			       offsetof(typeof(cmd), ranges) -
					       offsetof(typeof(cmd), region_index) ==
				       offsetof(struct vfio_device_feature_dma_buf, dma_ranges),
		       "the layout is the kernel's");
	/* The kernel reads no further than argsz: the rest of the array stays unset. */
	cmd.argsz = (uint32_t)(offsetof(typeof(cmd), ranges) + nranges * sizeof(cmd.ranges[0]));
	cmd.feature = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF;
	cmd.region_index = bar;
	cmd.open_flags = O_RDWR | O_CLOEXEC;
	cmd.flags = 0;
	cmd.nr_ranges = nranges;
	for (uint32_t i = 0; i < nranges; i++) {
		cmd.ranges[i].offset = ranges[i].start;
		cmd.ranges[i].length = ranges[i].len;
	}
	return sys->ioctl(sys, fd, VFIO_DEVICE_FEATURE, &cmd);
}

#endif

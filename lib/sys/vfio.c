// SPDX-License-Identifier: LGPL-2.1-or-later
/* VFIO device calls, typed. */
#include "sys/vfio.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "sys/argsz.h"

int dx_vfio_bind_iommufd(struct dx_sys *sys, int fd, int iommufd, const uint8_t *token)
{
	struct dx_vfio_device_bind cmd = {
		.argsz = offsetof(struct dx_vfio_device_bind, token_uuid_ptr),
		.iommufd = iommufd,
	};

	if (token) {
		cmd.argsz = sizeof(cmd);
		cmd.flags = DX_VFIO_DEVICE_BIND_FLAG_TOKEN;
		cmd.token_uuid_ptr = (uintptr_t)token;
	}
	return sys->ioctl(sys, fd, VFIO_DEVICE_BIND_IOMMUFD, &cmd);
}

int dx_vfio_attach(struct dx_sys *sys, int fd, uint32_t ioas)
{
	struct vfio_device_attach_iommufd_pt cmd = { .argsz = sizeof(cmd), .pt_id = ioas };

	return sys->ioctl(sys, fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &cmd);
}

int dx_vfio_detach(struct dx_sys *sys, int fd)
{
	struct vfio_device_detach_iommufd_pt cmd = { .argsz = sizeof(cmd) };

	return sys->ioctl(sys, fd, VFIO_DEVICE_DETACH_IOMMUFD_PT, &cmd);
}

int dx_vfio_info(struct dx_sys *sys, int fd, struct dx_vfio_info *ret)
{
	struct vfio_device_info cmd = { .argsz = sizeof(cmd) };
	int err = sys->ioctl(sys, fd, VFIO_DEVICE_GET_INFO, &cmd);

	if (err)
		return err;
	ret->pci = cmd.flags & VFIO_DEVICE_FLAGS_PCI;
	ret->can_reset = cmd.flags & VFIO_DEVICE_FLAGS_RESET;
	ret->nregions = cmd.num_regions;
	return 0;
}

static void add_area(struct dx_vfio_region *region, uint64_t offset, uint64_t len)
{
	if (region->nareas == sizeof(region->areas) / sizeof(region->areas[0]))
		return;
	region->areas[region->nareas].offset = offset;
	region->areas[region->nareas].len = len;
	region->nareas++;
}

static void read_areas(const struct vfio_region_info *info, struct dx_vfio_region *ret)
{
	const char *base = (const char *)info;
	uint32_t at = info->flags & VFIO_REGION_INFO_FLAG_CAPS ? info->cap_offset : 0;
	bool sparse = false;

	while (at && at + sizeof(struct vfio_info_cap_header) <= info->argsz) {
		const struct vfio_region_info_cap_sparse_mmap *cap = (const void *)(base + at);

		sparse |= cap->header.id == VFIO_REGION_INFO_CAP_SPARSE_MMAP;
		for (uint32_t i = 0;
		     cap->header.id == VFIO_REGION_INFO_CAP_SPARSE_MMAP && i < cap->nr_areas; i++)
			add_area(ret, cap->areas[i].offset, cap->areas[i].size);
		at = cap->header.next;
	}
	if (!sparse && ret->mappable)
		add_area(ret, 0, info->size);
}

int dx_vfio_region(struct dx_sys *sys, int fd, uint32_t index, struct dx_vfio_region *ret)
{
	const struct vfio_region_info head = { .argsz = sizeof(head), .index = index };
	struct vfio_region_info *info;
	void *answer;
	int err = dx_argsz_query(sys, fd, VFIO_DEVICE_GET_REGION_INFO, &head, sizeof(head),
				 &answer);

	if (err)
		return err;
	info = answer;
	memset(ret, 0, sizeof(*ret));
	ret->len = info->size;
	ret->offset = info->offset;
	ret->readable = info->flags & VFIO_REGION_INFO_FLAG_READ;
	ret->mappable = info->flags & VFIO_REGION_INFO_FLAG_MMAP;
	read_areas(info, ret);
	free(info);
	return 0;
}

int dx_vfio_reset(struct dx_sys *sys, int fd)
{
	return sys->ioctl(sys, fd, VFIO_DEVICE_RESET, NULL);
}

int dx_vfio_hot_reset_info(struct dx_sys *sys, int fd, struct vfio_pci_hot_reset_info **ret)
{
	struct vfio_pci_hot_reset_info *info;
	uint32_t room, count = 8;
	size_t size;
	int err;

	do {
		room = count;
		size = sizeof(*info) + room * sizeof(info->devices[0]);
		info = calloc(1, size);
		if (!info)
			return -ENOMEM;
		info->argsz = (uint32_t)size;
		err = sys->ioctl(sys, fd, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, info);
		count = info->count;
		if (err)
			free(info);
	} while (err == -ENOSPC && count > room);
	if (!err)
		*ret = info;
	return err;
}

int dx_vfio_hot_reset(struct dx_sys *sys, int fd, const int32_t *groups, uint32_t ngroups)
{
	struct vfio_pci_hot_reset *cmd;
	size_t size = sizeof(*cmd) + ngroups * sizeof(cmd->group_fds[0]);
	int err;

	cmd = calloc(1, size);
	if (!cmd)
		return -ENOMEM;
	cmd->argsz = (uint32_t)size;
	cmd->count = ngroups;
	for (uint32_t i = 0; i < ngroups; i++)
		cmd->group_fds[i] = groups[i];
	err = sys->ioctl(sys, fd, VFIO_DEVICE_PCI_HOT_RESET, cmd);
	free(cmd);
	return err;
}

int dx_vfio_probe_dmabuf(struct dx_sys *sys, int fd)
{
	struct vfio_device_feature cmd = {
		.argsz = sizeof(cmd),
		.flags = VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_GET |
			 VFIO_DEVICE_FEATURE_DMA_BUF,
	};

	return sys->ioctl(sys, fd, VFIO_DEVICE_FEATURE, &cmd);
}

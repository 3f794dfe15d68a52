// SPDX-License-Identifier: LGPL-2.1-or-later
/* VFIO's groups and type1 containers, typed. */
#include "sys/type1.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rangeset.h"
#include "dmabufx/dev.h"
#include "sys/argsz.h"
#include "uapi/vfio.h"

int dx_type1_check(struct dx_sys *sys, int container)
{
	return sys->ioctl(sys, container, VFIO_CHECK_EXTENSION,
			  (void *)(uintptr_t)VFIO_TYPE1v2_IOMMU);
}

int dx_type1_set_iommu(struct dx_sys *sys, int container)
{
	return sys->ioctl(sys, container, VFIO_SET_IOMMU, (void *)(uintptr_t)VFIO_TYPE1v2_IOMMU);
}

static int add_ranges(const struct vfio_iommu_type1_info *info, struct dx_rangeset *ret)
{
	const char *base = (const char *)info;
	uint32_t at = info->flags & VFIO_IOMMU_INFO_CAPS ? info->cap_offset : 0;

	while (at && at + sizeof(struct vfio_info_cap_header) <= info->argsz) {
		const struct vfio_info_cap_header *cap = (const void *)(base + at);
		const struct vfio_iommu_type1_info_cap_iova_range *ranges = (const void *)cap;

		for (uint32_t i = 0;
		     cap->id == VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE && i < ranges->nr_iovas; i++) {
			if (dx_rangeset_prepare(ret))
				return -ENOMEM;
			dx_rangeset_add(ret, ranges->iova_ranges[i].start,
					ranges->iova_ranges[i].end);
		}
		at = cap->next;
	}
	return 0;
}

int dx_type1_iova_ranges(struct dx_sys *sys, int container, struct dx_rangeset *ret,
			 uint64_t *align)
{
	const struct vfio_iommu_type1_info head = { .argsz = sizeof(head) };
	struct vfio_iommu_type1_info *info;
	void *answer;
	int err = dx_argsz_query(sys, container, VFIO_IOMMU_GET_INFO, &head, sizeof(head), &answer);

	if (err)
		return err;
	info = answer;
	*align = info->flags & VFIO_IOMMU_INFO_PGSIZES && info->iova_pgsizes ?
			 info->iova_pgsizes & -info->iova_pgsizes :
			 sys->page_size;
	err = add_ranges(info, ret);
	free(info);
	return err;
}

int dx_type1_map(struct dx_sys *sys, int container, void *va, uint64_t iova, uint64_t len,
		 uint32_t flags)
{
	struct vfio_iommu_type1_dma_map cmd = {
		.argsz = sizeof(cmd),
		.flags = flags,
		.vaddr = (uintptr_t)va,
		.iova = iova,
		.size = len,
	};

	return sys->ioctl(sys, container, VFIO_IOMMU_MAP_DMA, &cmd);
}

int dx_type1_unmap(struct dx_sys *sys, int container, uint64_t iova, uint64_t len,
		   uint64_t *unmapped)
{
	struct vfio_iommu_type1_dma_unmap cmd = { .argsz = sizeof(cmd), .iova = iova, .size = len };
	int err = sys->ioctl(sys, container, VFIO_IOMMU_UNMAP_DMA, &cmd);

	*unmapped = cmd.size;
	return err;
}

int dx_group_viable(struct dx_sys *sys, int group)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	int err = sys->ioctl(sys, group, VFIO_GROUP_GET_STATUS, &status);

	return err ? err : !!(status.flags & VFIO_GROUP_FLAGS_VIABLE);
}

int dx_group_set_container(struct dx_sys *sys, int group, int container)
{
	return sys->ioctl(sys, group, VFIO_GROUP_SET_CONTAINER, &container);
}

int dx_group_unset_container(struct dx_sys *sys, int group)
{
	return sys->ioctl(sys, group, VFIO_GROUP_UNSET_CONTAINER, NULL);
}

int dx_group_device(struct dx_sys *sys, int group, const char *bdf, const uint8_t *token)
{
	char text[80];
	int len = snprintf(text, sizeof(text), "%s%s", bdf, token ? " vf_token=" : "");

	/* As UUIDs are written: a dash before these bytes. */
	for (int i = 0; token && i < DMABUFX_VF_TOKEN_LEN; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len, "%s%02x",
				i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", token[i]);
	return sys->ioctl(sys, group, VFIO_GROUP_GET_DEVICE_FD, text);
}

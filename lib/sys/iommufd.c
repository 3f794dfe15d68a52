// SPDX-License-Identifier: LGPL-2.1-or-later
/* iommufd's calls, typed. */
#include "sys/iommufd.h"

#include "uapi/iommufd.h"

int dx_iommufd_ioas_alloc(struct dx_sys *sys, int fd, uint32_t *ret)
{
	struct iommu_ioas_alloc cmd = { .size = sizeof(cmd) };
	int err = sys->ioctl(sys, fd, IOMMU_IOAS_ALLOC, &cmd);

	if (!err)
		*ret = cmd.out_ioas_id;
	return err;
}

int dx_iommufd_destroy(struct dx_sys *sys, int fd, uint32_t id)
{
	struct iommu_destroy cmd = { .size = sizeof(cmd), .id = id };

	return sys->ioctl(sys, fd, IOMMU_DESTROY, &cmd);
}

int dx_iommufd_iova_ranges(struct dx_sys *sys, int fd, uint32_t ioas,
			   struct iommu_iova_range *ranges, uint32_t *n, uint64_t *align)
{
	struct iommu_ioas_iova_ranges cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
		.num_iovas = *n,
		.allowed_iovas = (uintptr_t)ranges,
	};
	int err = sys->ioctl(sys, fd, IOMMU_IOAS_IOVA_RANGES, &cmd);

	*n = cmd.num_iovas;
	*align = cmd.out_iova_alignment;
	return err;
}

int dx_iommufd_map(struct dx_sys *sys, int fd, uint32_t ioas, void *va, uint64_t iova, uint64_t len,
		   uint32_t flags)
{
	struct iommu_ioas_map cmd = {
		.size = sizeof(cmd),
		.flags = flags | IOMMU_IOAS_MAP_FIXED_IOVA,
		.ioas_id = ioas,
		.user_va = (uintptr_t)va,
		.length = len,
		.iova = iova,
	};

	return sys->ioctl(sys, fd, IOMMU_IOAS_MAP, &cmd);
}

int dx_iommufd_copy(struct dx_sys *sys, int fd, uint32_t dst, uint32_t src, uint64_t iova,
		    uint64_t len, uint32_t flags)
{
	struct iommu_ioas_copy cmd = {
		.size = sizeof(cmd),
		.flags = flags | IOMMU_IOAS_MAP_FIXED_IOVA,
		.dst_ioas_id = dst,
		.src_ioas_id = src,
		.length = len,
		.dst_iova = iova,
		.src_iova = iova,
	};

	return sys->ioctl(sys, fd, IOMMU_IOAS_COPY, &cmd);
}

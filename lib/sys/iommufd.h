/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommufd's calls, typed. 0 or a negative errno; no policy. */
#ifndef DX_SYS_IOMMUFD_H
#define DX_SYS_IOMMUFD_H

#include "sys/sys.h"
#include "uapi/iommufd.h"

int dx_iommufd_ioas_alloc(struct dx_sys *sys, int fd, uint32_t *ret);
int dx_iommufd_destroy(struct dx_sys *sys, int fd, uint32_t id);

/* In: room in @ranges; out: how many there are. -EMSGSIZE when the room is too small. */
int dx_iommufd_iova_ranges(struct dx_sys *sys, int fd, uint32_t ioas,
			   struct iommu_iova_range *ranges, uint32_t *n, uint64_t *align);

/* @flags are IOMMU_IOAS_MAP_*; all map at a fixed IOVA. */
int dx_iommufd_map(struct dx_sys *sys, int fd, uint32_t ioas, void *va, uint64_t iova, uint64_t len,
		   uint32_t flags);
int dx_iommufd_copy(struct dx_sys *sys, int fd, uint32_t dst, uint32_t src, uint64_t iova,
		    uint64_t len, uint32_t flags);

/* The two of the hot path are inline. */

static inline int dx_iommufd_map_file(struct dx_sys *sys, int fd, uint32_t ioas, int file,
				      uint64_t off, uint64_t iova, uint64_t len, uint32_t flags)
{
	struct iommu_ioas_map_file cmd = {
		.size = sizeof(cmd),
		.flags = flags | IOMMU_IOAS_MAP_FIXED_IOVA,
		.ioas_id = ioas,
		.fd = file,
		.start = off,
		.length = len,
		.iova = iova,
	};

	return sys->ioctl(sys, fd, IOMMU_IOAS_MAP_FILE, &cmd);
}

static inline int dx_iommufd_unmap(struct dx_sys *sys, int fd, uint32_t ioas, uint64_t iova,
				   uint64_t len, uint64_t *unmapped)
{
	struct iommu_ioas_unmap cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
		.iova = iova,
		.length = len,
	};
	int err = sys->ioctl(sys, fd, IOMMU_IOAS_UNMAP, &cmd);

	*unmapped = cmd.length;
	return err;
}

#endif

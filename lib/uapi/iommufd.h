/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * iommufd's calls that the library makes. Facts of include/uapi/linux/iommufd.h
 * as of Linux 7.3; the version behind each is the first that has it. Debian 12
 * ships headers of 6.1, which know none of them.
 */
#ifndef DX_UAPI_IOMMUFD_H
#define DX_UAPI_IOMMUFD_H

#include <linux/ioctl.h>
#include <stdint.h>

#define DX_IOMMUFD_IO(nr) _IO(';', nr)

#define IOMMU_DESTROY DX_IOMMUFD_IO(0x80) /* 6.2 */
#define IOMMU_IOAS_ALLOC DX_IOMMUFD_IO(0x81) /* 6.2 */
#define IOMMU_IOAS_COPY DX_IOMMUFD_IO(0x83) /* 6.2 */
#define IOMMU_IOAS_IOVA_RANGES DX_IOMMUFD_IO(0x84) /* 6.2 */
#define IOMMU_IOAS_MAP DX_IOMMUFD_IO(0x85) /* 6.2 */
#define IOMMU_IOAS_UNMAP DX_IOMMUFD_IO(0x86) /* 6.2 */
#define IOMMU_IOAS_MAP_FILE DX_IOMMUFD_IO(0x8f) /* 6.13: memfd; 6.19: dma-buf */

#define IOMMU_IOAS_MAP_FIXED_IOVA (1u << 0)
#define IOMMU_IOAS_MAP_WRITEABLE (1u << 1)
#define IOMMU_IOAS_MAP_READABLE (1u << 2)

struct iommu_destroy {
	uint32_t size;
	uint32_t id;
};

struct iommu_ioas_alloc {
	uint32_t size;
	uint32_t flags;
	uint32_t out_ioas_id;
};

struct iommu_iova_range {
	uint64_t start;
	uint64_t last;
};

struct iommu_ioas_iova_ranges {
	uint32_t size;
	uint32_t ioas_id;
	uint32_t num_iovas;
	uint32_t reserved;
	uint64_t allowed_iovas;
	uint64_t out_iova_alignment;
};

struct iommu_ioas_map {
	uint32_t size;
	uint32_t flags;
	uint32_t ioas_id;
	uint32_t reserved;
	uint64_t user_va;
	uint64_t length;
	uint64_t iova;
};

struct iommu_ioas_map_file {
	uint32_t size;
	uint32_t flags;
	uint32_t ioas_id;
	int32_t fd;
	uint64_t start;
	uint64_t length;
	uint64_t iova;
};

struct iommu_ioas_copy {
	uint32_t size;
	uint32_t flags;
	uint32_t dst_ioas_id;
	uint32_t src_ioas_id;
	uint64_t length;
	uint64_t dst_iova;
	uint64_t src_iova;
};

struct iommu_ioas_unmap {
	uint32_t size;
	uint32_t ioas_id;
	uint64_t iova;
	uint64_t length;
};

#endif

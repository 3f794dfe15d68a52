/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* I/O address spaces: what a device's DMA sees, and what is mapped in it. */
#ifndef DMABUFX_IOAS_H
#define DMABUFX_IOAS_H

#include "types.h"

DMABUFX_BEGIN_DECLS

/** DMABUFX_IOVA_FLOOR - automatic IOVAs start here: 1 MiB, so that 0 stays invalid. */
#define DMABUFX_IOVA_FLOOR 0x100000ull

/** DMABUFX_PROT_READ - the device may read. */
#define DMABUFX_PROT_READ (1u << 0)
/** DMABUFX_PROT_WRITE - the device may write. */
#define DMABUFX_PROT_WRITE (1u << 1)

/** DMABUFX_MAP_FIXED - map at the iova member of the options, nowhere else. */
#define DMABUFX_MAP_FIXED (1u << 0)

/**
 * struct dmabufx_ioas_opts - options of dmabufx_ioas_new()
 * @size: sizeof(struct dmabufx_ioas_opts), set by DMABUFX_OPTS()
 * @iova_floor: lowest automatic IOVA in bytes; 0: DMABUFX_IOVA_FLOOR
 * @iova_max: highest IOVA handed out automatically, inclusive; 0: no limit
 * of the caller's. Set it to the DMA mask of the weakest device.
 * @flags: must be 0
 * @reserved: must be 0
 */
struct dmabufx_ioas_opts {
	size_t size;
	uint64_t iova_floor;
	uint64_t iova_max;
	uint32_t flags;
	uint32_t reserved;
};

/**
 * struct dmabufx_map_opts - options of dmabufx_ioas_map() and dmabufx_ioas_map_va()
 * @size: sizeof(struct dmabufx_map_opts), set by DMABUFX_OPTS()
 * @iova: where to map, with DMABUFX_MAP_FIXED; page aligned, not 0
 * @offset: first byte of the buffer, page aligned; not for memory by address
 * @length: bytes, page aligned; 0: up to the buffer's end
 * @prot: DMABUFX_PROT_*; 0: read and write
 * @flags: DMABUFX_MAP_*
 */
struct dmabufx_map_opts {
	size_t size;
	uint64_t iova;
	uint64_t offset;
	uint64_t length;
	uint32_t prot;
	uint32_t flags;
};

/**
 * dmabufx_ioas_new() - make an I/O address space
 * @ctx: context
 * @opts: options, or NULL
 * @ret: receives the address space, with one reference
 *
 * Threads: any. Privilege: access to /dev/iommu or /dev/vfio/vfio.
 * Return: 0; -EINVAL: an argument is NULL, @opts is malformed or its floor is
 * above its maximum; -E2BIG: unknown members set; -ENODEV: no IOMMU
 * interface; -EOPNOTSUPP: the container offers no type1v2; the errors of
 * dmabufx_ctx_backend(); -ENOMEM.
 * Source: linux/iommufd.h IOMMU_IOAS_ALLOC (6.2); linux/vfio.h (3.6).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_ioas_new(struct dmabufx_ctx *ctx, const struct dmabufx_ioas_opts *opts,
				 struct dmabufx_ioas **ret);

/**
 * dmabufx_ioas_unref() - drop the caller's reference
 * @ioas: address space, or NULL
 *
 * Attached devices and mappings hold references of their own.
 *
 * Threads: any.
 * Return: NULL, to assign back.
 * Since: 0.1
 */
DMABUFX_API struct dmabufx_ioas *dmabufx_ioas_unref(struct dmabufx_ioas *ioas);

/**
 * dmabufx_ioas_ranges() - the IOVAs that can be mapped
 * @ioas: address space
 * @ret: receives up to @max ranges, sorted
 * @max: room in @ret, in elements
 *
 * What the IOMMU can address less what the platform reserves; it narrows when
 * a device is attached. Ranges already mapped or reserved by the caller are
 * not left out.
 *
 * Threads: any.
 * Return: how many there are, which may exceed @max; -EINVAL: an argument is
 * NULL; -ENOMEM; errors of the kernel's call.
 * Source: linux/iommufd.h IOMMU_IOAS_IOVA_RANGES (6.2);
 * VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE (5.4).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_ioas_ranges(struct dmabufx_ioas *ioas, struct dmabufx_iova_range *ret,
				    size_t max);

/**
 * dmabufx_ioas_reserve() - keep the allocator and fixed mappings out of a range
 * @ioas: address space
 * @start: first IOVA, page aligned
 * @len: bytes, page aligned, not 0
 *
 * For ranges that a guest's firmware or another user of the same IOMMU owns.
 * A reservation lasts as long as the address space.
 *
 * Threads: any.
 * Return: 0; -EINVAL: NULL, unaligned, empty, or wraps; -EEXIST: overlaps a
 * mapping; -ENOMEM.
 * Since: 0.1
 */
DMABUFX_API int dmabufx_ioas_reserve(struct dmabufx_ioas *ioas, uint64_t start, uint64_t len);

/**
 * dmabufx_ioas_map() - put a buffer, or a slice of it, at an IOVA
 * @ioas: address space
 * @buf: dma-buf of a VFIO device, or memory
 * @opts: options, or NULL for the whole buffer at an automatic IOVA, read-write
 * @ret: receives the mapping, owned by the caller until dmabufx_mapping_unmap()
 *
 * An automatic IOVA is aligned so that the IOMMU can use its largest pages.
 * The mapping follows the device that this context exported the buffer from
 * through dmabufx_dev_reset().
 *
 * Threads: any.
 * Return: 0; -EINVAL: NULL, malformed options, an offset, length or IOVA that
 * is unaligned, IOVA 0, past the buffer's end; -E2BIG: unknown option members
 * set; -EXDEV: @buf is of another ctx; -EADDRNOTAVAIL: the fixed range is
 * reserved; -ERANGE: it is beyond what the IOMMU can address; -EEXIST: it
 * overlaps a mapping; -ENOSPC: no gap fits; -ENODEV: the buffer is revoked, or
 * a type1 container has no device yet;
 * -EOPNOTSUPP: the kernel takes no buffer of this exporter, or of more than
 * one range, or the backend is type1; -ENOMEM: memory, or RLIMIT_MEMLOCK;
 * errors of the kernel's call.
 * Source: linux/iommufd.h IOMMU_IOAS_MAP_FILE (6.13; dma-buf since 6.19).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_ioas_map(struct dmabufx_ioas *ioas, struct dmabufx_buf *buf,
				 const struct dmabufx_map_opts *opts, struct dmabufx_mapping **ret);

/**
 * dmabufx_ioas_map_va() - put memory of this process at an IOVA
 * @ioas: address space
 * @va: first byte, page aligned
 * @len: bytes, page aligned, not 0
 * @opts: options, or NULL; offset must be 0, length 0 or @len
 * @ret: receives the mapping
 *
 * Attach a device first: without one the kernel does not look at the memory, and
 * a mistake comes out of dmabufx_dev_attach().
 *
 * The memory stays pinned until dmabufx_mapping_unmap(); the caller keeps it
 * mapped as long.
 *
 * Threads: any.
 * Return: as dmabufx_ioas_map(), and -EFAULT: nothing is mapped there, or it
 * is a device's BAR, which must go through dmabufx_dev_export().
 * Source: linux/iommufd.h IOMMU_IOAS_MAP (6.2), linux/vfio.h VFIO_IOMMU_MAP_DMA (3.6).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_ioas_map_va(struct dmabufx_ioas *ioas, void *va, size_t len,
				    const struct dmabufx_map_opts *opts,
				    struct dmabufx_mapping **ret);

/**
 * dmabufx_ioas_clone() - a second address space with the same mappings
 * @ioas: address space to copy
 * @opts: options of the new one, or NULL
 * @ret: receives the new address space, with one reference
 *
 * Every LIVE mapping of @ioas is in it at the same IOVA and follows its
 * buffer's device through reset as well. The clone owns these mappings: they
 * end with it.
 *
 * Threads: any.
 * Return: 0; the errors of dmabufx_ioas_new(); -EOPNOTSUPP: type1 can't copy;
 * errors of the kernel's call, with nothing made.
 * Source: linux/iommufd.h IOMMU_IOAS_COPY (6.2).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_ioas_clone(struct dmabufx_ioas *ioas, const struct dmabufx_ioas_opts *opts,
				   struct dmabufx_ioas **ret);

/**
 * typedef dmabufx_mapping_fn - visits a mapping
 * @mapping: the mapping; borrowed, not to be unmapped in the visit
 * @user: what was given to dmabufx_ioas_for_each()
 *
 * Return: 0 to go on, anything else to stop.
 */
typedef int (*dmabufx_mapping_fn)(struct dmabufx_mapping *mapping, void *user);

/**
 * dmabufx_ioas_for_each() - visit each mapping in the order they were made
 * @ioas: address space
 * @fn: called for each, with the ctx locked
 * @user: handed to @fn
 *
 * Threads: any.
 * Return: 0, or what @fn stopped with; -EINVAL: an argument is NULL.
 * Since: 0.1
 */
DMABUFX_API int dmabufx_ioas_for_each(struct dmabufx_ioas *ioas, dmabufx_mapping_fn fn, void *user);

DMABUFX_END_DECLS

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A slice of a buffer at an IOVA: its address, its state, its end. */
#ifndef DMABUFX_MAPPING_H
#define DMABUFX_MAPPING_H

#include "types.h"

DMABUFX_BEGIN_DECLS

/**
 * enum dmabufx_mapping_state - what the device finds at the IOVA
 * @DMABUFX_MAPPING_LIVE: the memory
 * @DMABUFX_MAPPING_STALE: a fault; the mapping could not be brought back, and
 * dmabufx_mapping_refresh() may try again
 * @DMABUFX_MAPPING_REVOKED: a fault, while the exporting device's memory is
 * off or it sleeps in D3, until dmabufx_dev_config_write() turns it on; or between
 * dmabufx_dev_reset_begin() and dmabufx_dev_reset_end(), which brings it back. Where
 * that can't be told, as the command register can't be read, it may be the memory
 * @DMABUFX_MAPPING_GONE: a fault, for good: the exporting device is closed
 */
enum dmabufx_mapping_state {
	DMABUFX_MAPPING_LIVE = 0,
	DMABUFX_MAPPING_STALE,
	DMABUFX_MAPPING_REVOKED,
	DMABUFX_MAPPING_GONE,
};

/**
 * struct dmabufx_mapping_head - the part of a mapping that never changes
 * @iova: first I/O virtual address; not 0
 * @len: bytes
 */
struct dmabufx_mapping_head {
	uint64_t iova;
	uint64_t len;
};

/**
 * dmabufx_mapping_iova() - the address to hand to the device
 * @mapping: mapping
 *
 * The same before and after every reset.
 *
 * Threads: any, without a lock.
 * Return: the IOVA; never 0.
 * Since: 0.1
 */
static inline uint64_t dmabufx_mapping_iova(const struct dmabufx_mapping *mapping)
{
	return ((const struct dmabufx_mapping_head *)mapping)->iova;
}

/**
 * dmabufx_mapping_len() - length of the mapping
 * @mapping: mapping
 *
 * Threads: any, without a lock.
 * Return: bytes; a multiple of the page size.
 * Since: 0.1
 */
static inline uint64_t dmabufx_mapping_len(const struct dmabufx_mapping *mapping)
{
	return ((const struct dmabufx_mapping_head *)mapping)->len;
}

/**
 * dmabufx_mapping_state() - whether the memory is there
 * @mapping: mapping
 *
 * What the library knows without asking: the kernel has no call that tells
 * whether a dma-buf it revoked is still mapped.
 *
 * Threads: any.
 * Return: an enum dmabufx_mapping_state; -EINVAL: @mapping is NULL.
 * Since: 0.1
 */
DMABUFX_API int dmabufx_mapping_state(struct dmabufx_mapping *mapping);

/**
 * dmabufx_mapping_reason() - why a mapping isn't LIVE
 * @mapping: mapping
 *
 * Threads: any.
 * Return: an enum dmabufx_reason, 0 for a LIVE mapping; -EINVAL: @mapping is NULL.
 * Since: 0.1
 */
DMABUFX_API int dmabufx_mapping_reason(struct dmabufx_mapping *mapping);

/**
 * dmabufx_mapping_refresh() - take the mapping out and put it back
 * @mapping: mapping
 *
 * For a mapping that isn't LIVE, and for one whose buffer's owner, another
 * process, says it reset its device. DMA to the IOVA faults in between.
 *
 * Threads: any.
 * Return: 0: LIVE at the same IOVA; -EINVAL: NULL; -ENODEV: still revoked, or
 * GONE; errors of the kernel's call. If it could not be taken out, nothing has
 * changed; after any other error the state is STALE, REVOKED or GONE and the
 * IOVA stays reserved.
 * Since: 0.1
 */
DMABUFX_API int dmabufx_mapping_refresh(struct dmabufx_mapping *mapping);

/**
 * dmabufx_mapping_unmap() - end a mapping
 * @mapping: mapping, or NULL; not one that a clone owns
 *
 * In whatever state; the handle is gone on success. Device DMA to the IOVA
 * faults when this returns. The IOVA can be used again.
 *
 * Threads: any.
 * Return: 0; -EPERM: a clone owns it; errors of the kernel's call, in which case the mapping
 * stays as it was.
 * Source: linux/iommufd.h IOMMU_IOAS_UNMAP (6.2), linux/vfio.h VFIO_IOMMU_UNMAP_DMA (3.6).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_mapping_unmap(struct dmabufx_mapping *mapping);

DMABUFX_END_DECLS

#endif

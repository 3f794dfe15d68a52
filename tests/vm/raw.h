/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's own calls, to see what it answers where the library would not ask. */
#ifndef TESTS_VM_RAW_H
#define TESTS_VM_RAW_H

#include <stdint.h>

#include "uapi/iommufd.h"
#include "uapi/vfio.h"

/* Each returns what the call gives, else -errno. */

/* The device node of a PCI function that is bound to vfio-pci. */
int raw_cdev(const char *bdf);
int raw_bind(int cdev, int iommufd);
int raw_attach(int cdev, uint32_t ioas);
int raw_detach(int cdev);
int raw_reset(int cdev);
/* Whether the device exports dma-bufs, asked without making one. */
int raw_probe_export(int cdev);
int raw_export(int cdev, uint32_t region, uint32_t flags,
	       const struct vfio_region_dma_range *ranges, uint32_t nranges);

int raw_iommufd(void);
int raw_ioas(int iommufd, uint32_t *ret);
/* At @iova; 0: where the kernel likes, told there. */
int raw_map_file(int iommufd, uint32_t ioas, int fd, uint64_t start, uint64_t len, uint64_t *iova);
int raw_map_va(int iommufd, uint32_t ioas, void *va, uint64_t len, uint64_t iova);
int raw_unmap(int iommufd, uint32_t ioas, uint64_t iova, uint64_t len);
/* What is mapped at @src, at @dst as well. */
int raw_copy(int iommufd, uint32_t ioas, uint64_t src, uint64_t dst, uint64_t len);
/* First IOVA that the address space allows. */
int raw_first_iova(int iommufd, uint32_t ioas, uint64_t *ret);

/* dma-bufs of the memory that @memfd holds, and of a heap. */
int raw_udmabuf(int memfd, uint64_t len);
int raw_heap(uint64_t len);
int raw_memfd(uint64_t len);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What this machine can do, each answer with its reason. */
#ifndef DMABUFX_PROBE_H
#define DMABUFX_PROBE_H

#include "types.h"

DMABUFX_BEGIN_DECLS

/**
 * enum dmabufx_probe_id - a question about the machine
 * @DMABUFX_PROBE_IOMMU: an IOMMU translates for devices (there are IOMMU groups)
 * @DMABUFX_PROBE_IOMMUFD: /dev/iommu opens and makes an address space
 * @DMABUFX_PROBE_TYPE1: a VFIO container with type1v2 opens
 * @DMABUFX_PROBE_VFIO_PCI: the kernel has vfio-pci
 * @DMABUFX_PROBE_VFIO_CDEV: VFIO devices have nodes of their own
 * @DMABUFX_PROBE_VFIO_DEVICE: a device is bound to vfio-pci and can be opened
 * @DMABUFX_PROBE_MAP_FILE: iommufd maps a memfd (IOMMU_IOAS_MAP_FILE)
 * @DMABUFX_PROBE_EXPORT: a BAR can be exported as a dma-buf
 * @DMABUFX_PROBE_IMPORT: iommufd maps such a dma-buf
 * @DMABUFX_PROBE_MULTI_RANGE: iommufd maps a dma-buf of several ranges
 * @DMABUFX_PROBE_LINKS: exporters and importers of the kernel agree on links
 * @DMABUFX_PROBE_UDMABUF: /dev/udmabuf opens
 * @DMABUFX_PROBE_DMA_HEAP: a dma-buf heap is there
 * @DMABUFX_PROBE_DRM: the library was built with libdrm
 * @DMABUFX_PROBE_MEMLOCK: value: bytes this process may pin
 * @DMABUFX_PROBE_NOFILE: value: descriptors this process may open
 * @DMABUFX_PROBE_HUGETLB: value: free huge pages of the default size
 * @DMABUFX_PROBE_P2P: the main job, export and import and an address space, can run
 * @DMABUFX_PROBE_COUNT: number of questions
 */
enum dmabufx_probe_id {
	DMABUFX_PROBE_IOMMU = 0,
	DMABUFX_PROBE_IOMMUFD,
	DMABUFX_PROBE_TYPE1,
	DMABUFX_PROBE_VFIO_PCI,
	DMABUFX_PROBE_VFIO_CDEV,
	DMABUFX_PROBE_VFIO_DEVICE,
	DMABUFX_PROBE_MAP_FILE,
	DMABUFX_PROBE_EXPORT,
	DMABUFX_PROBE_IMPORT,
	DMABUFX_PROBE_MULTI_RANGE,
	DMABUFX_PROBE_LINKS,
	DMABUFX_PROBE_UDMABUF,
	DMABUFX_PROBE_DMA_HEAP,
	DMABUFX_PROBE_DRM,
	DMABUFX_PROBE_MEMLOCK,
	DMABUFX_PROBE_NOFILE,
	DMABUFX_PROBE_HUGETLB,
	DMABUFX_PROBE_P2P,
	DMABUFX_PROBE_COUNT
};

/**
 * enum dmabufx_answer - yes, no, or can't tell
 * @DMABUFX_ANSWER_NO: tried, and it can't
 * @DMABUFX_ANSWER_YES: tried, and it can
 * @DMABUFX_ANSWER_UNKNOWN: could not be tried; the text says what it takes
 */
enum dmabufx_answer {
	DMABUFX_ANSWER_NO = 0,
	DMABUFX_ANSWER_YES,
	DMABUFX_ANSWER_UNKNOWN,
};

/**
 * struct dmabufx_probe_answer - one answer
 * @id: the question, an enum dmabufx_probe_id
 * @answer: an enum dmabufx_answer
 * @value: a number where the question asks for one, UINT64_MAX: no limit; else 0
 * @text: one sentence: what was seen, and the mend where the answer isn't yes
 */
struct dmabufx_probe_answer {
	uint32_t id;
	uint32_t answer;
	uint64_t value;
	char text[240];
};

/**
 * struct dmabufx_probe_opts - options of dmabufx_probe()
 * @size: sizeof(struct dmabufx_probe_opts), set by DMABUFX_OPTS()
 * @bdf: device to try export with, or NULL for the first that is bound to
 * vfio-pci and not in use
 * @flags: must be 0
 * @reserved: must be 0
 */
struct dmabufx_probe_opts {
	size_t size;
	const char *bdf;
	uint32_t flags;
	uint32_t reserved;
};

/**
 * dmabufx_probe() - ask what this machine can do
 * @ctx: context
 * @opts: options, or NULL
 * @ret: receives up to @max answers, in the order of enum dmabufx_probe_id
 * @max: room in @ret, in elements; DMABUFX_PROBE_COUNT for all
 *
 * Tries each thing and undoes it: no state is left behind, and the kernel's
 * version is never asked. It opens a VFIO device only if nobody else has it.
 *
 * Threads: any. Privilege: none; without it more answers are no or unknown,
 * and say so.
 * Return: how many answers there are, which may exceed @max; -EINVAL: NULL or
 * malformed options; -E2BIG: unknown option members set.
 * Source: linux/iommufd.h (6.2), linux/vfio.h (3.6), debugfs for links.
 * Since: 0.1
 */
DMABUFX_API int dmabufx_probe(struct dmabufx_ctx *ctx, const struct dmabufx_probe_opts *opts,
			      struct dmabufx_probe_answer *ret, size_t max);

/**
 * dmabufx_probe_name() - a question as a short word for logs and JSON
 * @id: any value
 *
 * Threads: any.
 * Return: a static string such as "map-file"; "unknown" otherwise.
 * Since: 0.1
 */
DMABUFX_API const char *dmabufx_probe_name(enum dmabufx_probe_id id);

DMABUFX_END_DECLS

#endif

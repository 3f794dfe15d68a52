// SPDX-License-Identifier: LGPL-2.1-or-later
/* Names of errors and reasons. */
#include "dmabufx/error.h"

#include <string.h>

#define NAME(reason, name) [DMABUFX_REASON_##reason] = name

static const char *const names[] = {
	NAME(NONE, "none"),
	NAME(SYSTEM, "system"),
	NAME(NO_MEMORY, "no-memory"),
	NAME(NULL_ARGUMENT, "null-argument"),
	NAME(OPTS_SIZE, "opts-size"),
	NAME(OPTS_UNKNOWN, "opts-unknown"),
	NAME(BAD_FLAGS, "bad-flags"),
	NAME(WRONG_CTX, "wrong-ctx"),
	NAME(BUSY, "busy"),
	NAME(PERMISSION, "permission"),
	NAME(NO_SPACE, "no-space"),
	NAME(NOT_BUILT, "not-built"),
	NAME(NO_IOMMU, "no-iommu"),
	NAME(BACKEND, "backend"),
	NAME(NO_SUCH_DEVICE, "no-such-device"),
	NAME(BAD_ADDRESS, "bad-address"),
	NAME(NO_GROUP, "no-group"),
	NAME(NOT_VFIO, "not-vfio"),
	NAME(NOT_VIABLE, "not-viable"),
	NAME(DEVICE_BUSY, "device-busy"),
	NAME(UNSAFE_IRQ, "unsafe-irq"),
	NAME(NOT_PCI, "not-pci"),
	NAME(ATTACHED, "attached"),
	NAME(NOT_ATTACHED, "not-attached"),
	NAME(CONFIG_RANGE, "config-range"),
	NAME(NO_RESET, "no-reset"),
	NAME(RESET_FAILED, "reset-failed"),
	NAME(DEVICE_GONE, "device-gone"),
	NAME(NOT_BEGUN, "not-begun"),
	NAME(VF_TOKEN, "vf-token"),
	NAME(BAR_INDEX, "bar-index"),
	NAME(BAR_ABSENT, "bar-absent"),
	NAME(BAR_IO, "bar-io"),
	NAME(BAR_SUBPAGE, "bar-subpage"),
	NAME(OFFSET_UNALIGNED, "offset-unaligned"),
	NAME(LENGTH_UNALIGNED, "length-unaligned"),
	NAME(LENGTH_ZERO, "length-zero"),
	NAME(PAST_END, "past-end"),
	NAME(NO_RANGES, "no-ranges"),
	NAME(TOO_MANY_RANGES, "too-many-ranges"),
	NAME(MSIX_OVERLAP, "msix-overlap"),
	NAME(EXPORT_UNSUPPORTED, "export-unsupported"),
	NAME(NOT_MAPPABLE, "not-mappable"),
	NAME(BAD_FD, "bad-fd"),
	NAME(FOREIGN_FD, "foreign-fd"),
	NAME(EXPORTER, "exporter"),
	NAME(MULTI_RANGE, "multi-range"),
	NAME(REVOKED, "revoked"),
	NAME(REVOKED_FOR_GOOD, "revoked-for-good"),
	NAME(IMPORTER, "importer"),
	NAME(HUGETLB, "hugetlb"),
	NAME(NOT_SEALED, "not-sealed"),
	NAME(BAD_SOCKET, "bad-socket"),
	NAME(BAD_MESSAGE, "bad-message"),
	NAME(PEER_CLOSED, "peer-closed"),
	NAME(IOVA_ZERO, "iova-zero"),
	NAME(IOVA_UNALIGNED, "iova-unaligned"),
	NAME(IOVA_RESERVED, "iova-reserved"),
	NAME(IOVA_TOO_HIGH, "iova-too-high"),
	NAME(IOVA_IN_USE, "iova-in-use"),
	NAME(IOVA_EXHAUSTED, "iova-exhausted"),
	NAME(BAD_PROT, "bad-prot"),
	NAME(BAR_VA, "bar-va"),
	NAME(BAD_VA, "bad-va"),
	NAME(MEMLOCK, "memlock"),
	NAME(NO_INTERFACE, "no-interface"),
	NAME(NO_QUEUE, "no-queue"),
	NAME(INTERFACE_DOWN, "interface-down"),
	NAME(NO_ZERO_COPY, "no-zero-copy"),
	NAME(NO_XDP, "no-xdp"),
	NAME(QUEUE_BUSY, "queue-busy"),
	NAME(PROG_BUSY, "prog-busy"),
	NAME(PROG_MISSING, "prog-missing"),
	NAME(PROG_BAD, "prog-bad"),
	NAME(MTU, "mtu"),
	NAME(PORTS, "ports"),
	NAME(CHUNK_SIZE, "chunk-size"),
	NAME(HEADROOM, "headroom"),
	NAME(TX_METADATA, "tx-metadata"),
	NAME(UMEM_MEMORY, "umem-memory"),
	NAME(UMEM_RANGE, "umem-range"),
	NAME(FRAME_COUNT, "frame-count"),
	NAME(NO_FRAMES, "no-frames"),
	NAME(NOT_XSK, "not-xsk"),
	NAME(FRAME_STATE, "frame-state"),
	NAME(LOCKED_MEMORY, "locked-memory"),
	NAME(NO_METADATA, "no-metadata"),
	NAME(STEERED, "steered"),
};

const char *dmabufx_reason_name(enum dmabufx_reason reason)
{
	size_t at = (size_t)reason;

	if (at >= sizeof(names) / sizeof(names[0]) || !names[at])
		return "unknown";
	return names[at];
}

const char *dmabufx_strerror(int err)
{
	/* -INT_MIN overflows; no errno is near it. */
	const char *name = err == INT32_MIN ? NULL : strerrorname_np(err < 0 ? -err : err);

	return name && err ? name : "unknown error";
}

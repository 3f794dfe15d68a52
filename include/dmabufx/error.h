/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why a call failed: a reason to switch on, and one sentence to show. */
#ifndef DMABUFX_ERROR_H
#define DMABUFX_ERROR_H

#include "types.h"

DMABUFX_BEGIN_DECLS

/**
 * enum dmabufx_reason - what was wrong, finer than errno
 *
 * The comment behind each value gives the errno it comes with. New values are
 * only ever added at the end of their group of a hundred.
 */
enum dmabufx_reason {
	DMABUFX_REASON_NONE = 0, /* no failure recorded in this thread */
	DMABUFX_REASON_SYSTEM, /* a system call failed: its errno */
	DMABUFX_REASON_NO_MEMORY, /* -ENOMEM */
	DMABUFX_REASON_NULL_ARGUMENT, /* -EINVAL */
	DMABUFX_REASON_OPTS_SIZE, /* -EINVAL: the size member is 0 or too small */
	DMABUFX_REASON_OPTS_UNKNOWN, /* -E2BIG: members this library doesn't know are set */
	DMABUFX_REASON_BAD_FLAGS, /* -EINVAL: flag bits this library doesn't know */
	DMABUFX_REASON_WRONG_CTX, /* -EXDEV: the objects belong to different ctx */
	DMABUFX_REASON_BUSY, /* -EBUSY: called from inside its own callback */
	DMABUFX_REASON_PERMISSION, /* -EPERM or -EACCES */
	DMABUFX_REASON_NO_SPACE, /* -ENOSPC: the caller's array is too short */
	DMABUFX_REASON_NOT_BUILT, /* -ENOSYS: left out when the library was built */

	DMABUFX_REASON_NO_IOMMU = 100, /* -ENODEV: neither /dev/iommu nor a type1 container */
	DMABUFX_REASON_BACKEND, /* -EOPNOTSUPP: this IOMMU backend can't do it */
	DMABUFX_REASON_NO_SUCH_DEVICE, /* -ENODEV */
	DMABUFX_REASON_BAD_ADDRESS, /* -EINVAL: not a PCI address or a vfio path */
	DMABUFX_REASON_NO_GROUP, /* -ENODEV: the device has no IOMMU group */
	DMABUFX_REASON_NOT_VFIO, /* -ENODEV: bound to another driver, or to none */
	DMABUFX_REASON_NOT_VIABLE, /* -EPERM: another device of the group has a host driver */
	DMABUFX_REASON_DEVICE_BUSY, /* -EBUSY: open somewhere else, or in use by the host */
	DMABUFX_REASON_UNSAFE_IRQ, /* -EPERM: no interrupt remapping */
	DMABUFX_REASON_NOT_PCI, /* -ENODEV: a VFIO device that isn't PCI */
	DMABUFX_REASON_ATTACHED, /* -EBUSY: already attached to an ioas */
	DMABUFX_REASON_NOT_ATTACHED, /* -ENODEV: not attached to an ioas */
	DMABUFX_REASON_CONFIG_RANGE, /* -EINVAL: outside configuration space */
	DMABUFX_REASON_NO_RESET, /* -ENOTTY: the device has no way to be reset */
	DMABUFX_REASON_RESET_FAILED, /* -EIO: the device did not come back in time */
	DMABUFX_REASON_DEVICE_GONE, /* -ENODEV: the device was unplugged or closed */
	DMABUFX_REASON_NOT_BEGUN, /* -EINVAL: no dmabufx_dev_reset_begin() came before */
	DMABUFX_REASON_VF_TOKEN, /* -EACCES: a VF token is wanted, or another; -EINVAL: none is */

	DMABUFX_REASON_BAR_INDEX = 200, /* -EINVAL: not one of BAR 0 to 5 */
	DMABUFX_REASON_BAR_ABSENT, /* -ENODEV: no such BAR, or the ROM */
	DMABUFX_REASON_BAR_IO, /* -EINVAL: an I/O port BAR */
	DMABUFX_REASON_BAR_SUBPAGE, /* -EINVAL: the BAR is smaller than a page */
	DMABUFX_REASON_OFFSET_UNALIGNED, /* -EINVAL */
	DMABUFX_REASON_LENGTH_UNALIGNED, /* -EINVAL */
	DMABUFX_REASON_LENGTH_ZERO, /* -EINVAL */
	DMABUFX_REASON_PAST_END, /* -EINVAL: past the end of the BAR or buffer */
	DMABUFX_REASON_NO_RANGES, /* -EINVAL: nothing to export */
	DMABUFX_REASON_TOO_MANY_RANGES, /* -E2BIG */
	DMABUFX_REASON_MSIX_OVERLAP, /* -EACCES: the slice holds the MSI-X table */
	DMABUFX_REASON_EXPORT_UNSUPPORTED, /* -EOPNOTSUPP: the kernel can't export this device */
	DMABUFX_REASON_NOT_MAPPABLE, /* -ENODEV: VFIO offers no mmap of this BAR part */

	DMABUFX_REASON_BAD_FD = 300, /* -EBADF */
	DMABUFX_REASON_FOREIGN_FD, /* -EINVAL: neither a dma-buf nor a memfd */
	DMABUFX_REASON_EXPORTER, /* -EOPNOTSUPP: the IOMMU takes no buffer of this exporter */
	DMABUFX_REASON_MULTI_RANGE, /* -EOPNOTSUPP: the kernel maps one range a buffer */
	DMABUFX_REASON_REVOKED, /* -ENODEV: for now: memory off, in D3, in reset */
	DMABUFX_REASON_REVOKED_FOR_GOOD, /* -ENODEV: the exporting device is closed */
	DMABUFX_REASON_IMPORTER, /* -EOPNOTSUPP: the importer can't do peer-to-peer */
	DMABUFX_REASON_HUGETLB, /* -ENOMEM: no huge pages of that size are free */
	DMABUFX_REASON_NOT_SEALED, /* -EINVAL: a memfd's length can still change */
	DMABUFX_REASON_BAD_SOCKET, /* -ENOTSOCK, -EINVAL: no socket of AF_UNIX */
	DMABUFX_REASON_BAD_MESSAGE, /* -EBADMSG: what came isn't what buf_send() sends */
	DMABUFX_REASON_PEER_CLOSED, /* -EPIPE, -ECONNRESET, -ECONNREFUSED */

	DMABUFX_REASON_IOVA_ZERO = 400, /* -EINVAL: IOVA 0 is never handed out */
	DMABUFX_REASON_IOVA_UNALIGNED, /* -EINVAL */
	DMABUFX_REASON_IOVA_RESERVED, /* -EADDRNOTAVAIL: reserved by platform or caller */
	DMABUFX_REASON_IOVA_TOO_HIGH, /* -ERANGE: beyond what the IOMMU can address */
	DMABUFX_REASON_IOVA_IN_USE, /* -EEXIST: overlaps a live mapping */
	DMABUFX_REASON_IOVA_EXHAUSTED, /* -ENOSPC: no gap that fits */
	DMABUFX_REASON_BAD_PROT, /* -EINVAL: neither read nor write */
	DMABUFX_REASON_BAR_VA, /* -EFAULT: BAR memory must go through a dma-buf */
	DMABUFX_REASON_BAD_VA, /* -EFAULT: not mapped memory */
	DMABUFX_REASON_MEMLOCK, /* -ENOMEM: RLIMIT_MEMLOCK */

	DMABUFX_REASON_NO_INTERFACE = 500, /* -ENODEV: no such network interface */
	DMABUFX_REASON_NO_QUEUE, /* -EINVAL: the interface has fewer queues */
	DMABUFX_REASON_INTERFACE_DOWN, /* -ENETDOWN: the interface is down, or has no carrier */
	DMABUFX_REASON_NO_ZERO_COPY, /* -EOPNOTSUPP: the driver can't do it */
	DMABUFX_REASON_NO_XDP, /* -EOPNOTSUPP: the driver runs no XDP programs */
	DMABUFX_REASON_QUEUE_BUSY, /* -EBUSY: another socket has the queue */
	DMABUFX_REASON_PROG_BUSY, /* -EBUSY: somebody else's XDP program is attached */
	DMABUFX_REASON_PROG_MISSING, /* -ENOENT: no such file, or no such program in it */
	DMABUFX_REASON_PROG_BAD, /* -ENOEXEC: the kernel refuses it, or it has no xsks_map */
	DMABUFX_REASON_MTU, /* -ERANGE: too large for a program without frags */
	DMABUFX_REASON_PORTS, /* -EINVAL: no ports to filter, or too many */
	DMABUFX_REASON_CHUNK_SIZE, /* -EINVAL */
	DMABUFX_REASON_HEADROOM, /* -EINVAL: leaves no room for a packet */
	DMABUFX_REASON_TX_METADATA, /* -EINVAL: length of TX metadata, or what it says */
	DMABUFX_REASON_UMEM_MEMORY, /* -EOPNOTSUPP: AF_XDP can't use this memory */
	DMABUFX_REASON_UMEM_RANGE, /* -EINVAL: offset or length of the UMEM */
	DMABUFX_REASON_FRAME_COUNT, /* -EINVAL: no power of two, or too many */
	DMABUFX_REASON_NO_FRAMES, /* -ENOSPC: the UMEM has too few free frames */
	DMABUFX_REASON_NOT_XSK, /* -ENOTSOCK: no socket of AF_XDP */
	DMABUFX_REASON_FRAME_STATE, /* -EEXIST: the frame isn't the caller's */
	DMABUFX_REASON_LOCKED_MEMORY, /* -ENOBUFS: RLIMIT_MEMLOCK */
	DMABUFX_REASON_NO_METADATA, /* -EOPNOTSUPP: kernel or driver have no such metadata */
	DMABUFX_REASON_STEERED, /* -EBUSY: the card steers packets past the sockets */
};

/** DMABUFX_ERROR_TEXT_MAX - room for a reason's sentence, NUL included. */
#define DMABUFX_ERROR_TEXT_MAX 320

/**
 * struct dmabufx_error - the last failure of a thread
 * @err: the negative errno that the call returned
 * @reason: what was wrong
 * @text: one sentence that names the object, the value and the mend
 */
struct dmabufx_error {
	int err;
	enum dmabufx_reason reason;
	char text[DMABUFX_ERROR_TEXT_MAX];
};

/**
 * dmabufx_last_error() - why the last failed call of this thread failed
 *
 * A call that succeeds leaves it as it is, so ask only after a negative
 * return value; or after dmabufx_dev_reset() returned how many mappings could not
 * come back, for why the last of them could not.
 *
 * Threads: each thread has its own.
 * Return: never NULL; the library's own, valid until the thread's next
 * failing call.
 * Since: 0.1
 */
DMABUFX_API const struct dmabufx_error *dmabufx_last_error(void);

/**
 * dmabufx_reason_name() - a reason as a short word for logs and JSON
 * @reason: any value
 *
 * Threads: any.
 * Return: a static string such as "length-unaligned"; "unknown" for a value
 * this library doesn't know.
 * Since: 0.1
 */
DMABUFX_API const char *dmabufx_reason_name(enum dmabufx_reason reason);

/**
 * dmabufx_strerror() - name of an errno, as the kernel writes it
 * @err: an errno, negative or positive
 *
 * Threads: any.
 * Return: a static string such as "EOPNOTSUPP"; "unknown error" otherwise.
 * Since: 0.1
 */
DMABUFX_API const char *dmabufx_strerror(int err);

DMABUFX_END_DECLS

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VFIO PCI devices: find, bind, open, attach, look into BARs, export, reset. */
#ifndef DMABUFX_DEV_H
#define DMABUFX_DEV_H

#include "types.h"

DMABUFX_BEGIN_DECLS

/** DMABUFX_BDF_MAX - room for a PCI address "dddd:bb:dd.f", NUL included. */
#define DMABUFX_BDF_MAX 16
/** DMABUFX_NAME_MAX - room for a driver's or exporter's name, NUL included. */
#define DMABUFX_NAME_MAX 32
/** DMABUFX_BARS - BARs of a PCI function. */
#define DMABUFX_BARS 6
/** DMABUFX_BAR_AREAS_MAX - mmap areas and holes that are told of one BAR. */
#define DMABUFX_BAR_AREAS_MAX 8
/** DMABUFX_SLICES_MAX - ranges that one buffer may have. */
#define DMABUFX_SLICES_MAX 64

/**
 * struct dmabufx_dev_info - a PCI function as sysfs shows it
 * @bdf: its address, for example "0000:00:04.0"
 * @driver: bound driver, "" if none
 * @cdev: VFIO device node such as "vfio3" under /dev/vfio/devices, "" if none
 * @vendor: PCI vendor id
 * @device: PCI device id
 * @class_code: base class, subclass and interface, 24 bits
 * @iommu_group: number of its IOMMU group, -1 if none
 * @group_size: functions in that group, itself included
 * @numvfs: SR-IOV virtual functions now enabled
 * @totalvfs: SR-IOV virtual functions it could have
 * @bar_len: bytes of each memory BAR, 0 if absent or an I/O port BAR
 */
struct dmabufx_dev_info {
	char bdf[DMABUFX_BDF_MAX];
	char driver[DMABUFX_NAME_MAX];
	char cdev[DMABUFX_NAME_MAX];
	uint16_t vendor;
	uint16_t device;
	uint32_t class_code;
	int32_t iommu_group;
	uint32_t group_size;
	uint32_t numvfs;
	uint32_t totalvfs;
	uint64_t bar_len[DMABUFX_BARS];
};

/** DMABUFX_BIND_FORCE - bind even a device that the host is using. */
#define DMABUFX_BIND_FORCE (1u << 0)

/**
 * struct dmabufx_dev_opts - options of dmabufx_dev_open() and dmabufx_dev_open_fd()
 * @size: sizeof(struct dmabufx_dev_opts), set by DMABUFX_OPTS()
 * @ioas: address space to attach to at once, or NULL; on type1 the one that
 * the group joins, NULL meaning the context's default
 * @flags: DMABUFX_DEV_*
 * @reserved: must be 0
 * @vf_token: DMABUFX_VF_TOKEN_LEN bytes of an UUID, or NULL; read during the call. Given
 * with a physical function without virtual functions in use, it becomes their
 * token, which each of them is then opened with, and the physical function as long
 * as they are in use. Only where the physical function is bound to vfio-pci.
 */
struct dmabufx_dev_opts {
	size_t size;
	struct dmabufx_ioas *ioas;
	uint32_t flags;
	uint32_t reserved;
	const uint8_t *vf_token;
};

/** DMABUFX_VF_TOKEN_LEN - bytes of the token that joins a physical function and its VFs. */
#define DMABUFX_VF_TOKEN_LEN 16

/** DMABUFX_DEV_PREBOUND - the descriptor is already bound to an iommufd of the caller's. */
#define DMABUFX_DEV_PREBOUND (1u << 0)
/** DMABUFX_DEV_LEGACY - open through the VFIO group, though iommufd is the backend. */
#define DMABUFX_DEV_LEGACY (1u << 1)

/**
 * struct dmabufx_bar_caps - what can be done with a BAR
 * @len: bytes; 0: no such memory BAR
 * @exportable: 1: dmabufx_dev_export() takes it, 0: @reason and @text say why not
 * @reason: an enum dmabufx_reason
 * @nareas: elements of @areas in use
 * @areas: what dmabufx_dev_bar_map() takes
 * @msix: the pages that hold the MSI-X table; len 0: none in this BAR
 * @text: one sentence when not exportable
 */
struct dmabufx_bar_caps {
	uint64_t len;
	uint32_t exportable;
	uint32_t reason;
	uint32_t nareas;
	uint32_t reserved;
	struct dmabufx_range areas[DMABUFX_BAR_AREAS_MAX];
	struct dmabufx_range msix;
	char text[160];
};

/** DMABUFX_RESET_FLR - function level reset. */
#define DMABUFX_RESET_FLR (1u << 0)
/** DMABUFX_RESET_PM - D3hot to D0 and back. */
#define DMABUFX_RESET_PM (1u << 1)
/** DMABUFX_RESET_BUS - reset of the bus, or of the slot, behind a bridge. */
#define DMABUFX_RESET_BUS (1u << 2)
/** DMABUFX_RESET_OTHER - device specific, ACPI or CXL. */
#define DMABUFX_RESET_OTHER (1u << 3)

/**
 * struct dmabufx_dev_caps - what can be done with an open device
 * @size: set by the caller to sizeof(struct dmabufx_dev_caps)
 * @bdf: PCI address, "" where a borrowed descriptor did not tell
 * @reset: DMABUFX_RESET_* kinds the kernel would try
 * @can_reset: 1: dmabufx_dev_reset() is available
 * @can_export: 1: the kernel exports this device's BARs, 0: it can't
 * @memory_enabled: 1: memory space is on; buffers exported while 0 are born revoked
 * @bars: a BAR each
 */
struct dmabufx_dev_caps {
	size_t size;
	char bdf[DMABUFX_BDF_MAX];
	uint32_t reset;
	uint32_t can_reset;
	uint32_t can_export;
	uint32_t memory_enabled;
	struct dmabufx_bar_caps bars[DMABUFX_BARS];
};

/** DMABUFX_EXPORT_MSIX - export a slice although it holds the MSI-X table. */
#define DMABUFX_EXPORT_MSIX (1u << 0)

/**
 * struct dmabufx_export_opts - options of dmabufx_dev_export()
 * @size: sizeof(struct dmabufx_export_opts), set by DMABUFX_OPTS()
 * @flags: DMABUFX_EXPORT_*
 * @reserved: must be 0
 */
struct dmabufx_export_opts {
	size_t size;
	uint32_t flags;
	uint32_t reserved;
};

/**
 * typedef dmabufx_reset_fn - stops or restarts DMA around a reset
 * @dev: the device
 * @user: what was given to dmabufx_dev_set_reset_cb()
 *
 * Runs in the resetting thread with the ctx locked; it may call the library,
 * but another reset of this device from inside answers -EBUSY. It must return:
 * no C++ exception, no longjmp(), no end of the thread.
 *
 * Return: 0; from the first callback a negative errno calls the reset off.
 */
typedef int (*dmabufx_reset_fn)(struct dmabufx_dev *dev, void *user);

/**
 * dmabufx_dev_list() - the machine's PCI functions
 * @ctx: context
 * @ret: receives up to @max entries, sorted by address
 * @max: room in @ret, in elements
 *
 * Threads: any. Privilege: none.
 * Return: how many there are, which may exceed @max; -EINVAL: an argument is
 * NULL; -ENODEV: no PCI bus; -ENOMEM; errors of reading sysfs.
 * Source: /sys/bus/pci/devices.
 * Since: 0.1
 */
DMABUFX_API int dmabufx_dev_list(struct dmabufx_ctx *ctx, struct dmabufx_dev_info *ret, size_t max);

/**
 * dmabufx_dev_lookup() - one PCI function
 * @ctx: context
 * @bdf: its address, "0000:00:04.0" or "00:04.0"
 * @ret: receives what sysfs shows
 *
 * Threads: any. Privilege: none.
 * Return: 0; -EINVAL: an argument is NULL or @bdf is no PCI address; -ENODEV:
 * no such function; errors of reading sysfs.
 * Source: /sys/bus/pci/devices.
 * Since: 0.1
 */
DMABUFX_API int dmabufx_dev_lookup(struct dmabufx_ctx *ctx, const char *bdf,
				   struct dmabufx_dev_info *ret);

/**
 * dmabufx_dev_bind() - hand a PCI function to vfio-pci
 * @ctx: context
 * @bdf: its address
 * @flags: 0 or DMABUFX_BIND_FORCE
 *
 * By driver_override, so that no other device of the same id is taken.
 * Refused where the host uses the device: a network interface that is up, a
 * mounted or swapped-on disk. On failure the old driver is bound again, and an
 * override that somebody had set is put back. On success it is lost, and told
 * in the log.
 *
 * Threads: any. Privilege: root (writes sysfs).
 * Return: 0, also when it is bound to vfio-pci already; -EINVAL: NULL, no PCI
 * address, unknown flags; -ENODEV: no such function, no IOMMU group, or the
 * kernel has no vfio-pci; -EBUSY: the host uses it, the reason names by what;
 * -EACCES: no privilege; -EIO: vfio-pci declined it; errors of the sysfs writes.
 * Source: /sys/bus/pci/devices/BDF/driver_override (3.16).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_dev_bind(struct dmabufx_ctx *ctx, const char *bdf, uint32_t flags);

/**
 * dmabufx_dev_unbind() - give a PCI function back to the host's driver
 * @ctx: context
 * @bdf: its address
 *
 * With the device open somewhere else, the kernel blocks until it is closed.
 * The ctx isn't locked meanwhile. An override that names another driver than
 * vfio-pci stays.
 *
 * Threads: any. Privilege: root.
 * Return: 0; -EINVAL: NULL or no PCI address; -ENODEV: no such function;
 * -EBUSY: open in @ctx; -EACCES: no privilege; errors of the sysfs writes.
 * Source: /sys/bus/pci/devices/BDF/driver_override (3.16).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_dev_unbind(struct dmabufx_ctx *ctx, const char *bdf);

/**
 * dmabufx_dev_open() - open a device that is bound to vfio-pci
 * @ctx: context
 * @name: PCI address, or the path of a VFIO device node
 * @opts: options, or NULL
 * @ret: receives the device, with one reference
 *
 * With iommufd: opens the node and binds it to the context's iommufd. With
 * type1, or DMABUFX_DEV_LEGACY: opens the group, joins it to the container.
 *
 * Threads: any. Privilege: access to the device's nodes.
 * Return: 0; -EINVAL: NULL, malformed options, neither an address nor a path;
 * -E2BIG; -EXDEV: the ioas is of another ctx; -ENODEV: no such device, no
 * IOMMU group, in no-IOMMU mode, not bound to vfio-pci, or not PCI; -EPERM:
 * the group isn't viable, or the IOMMU has no interrupt remapping; -EBUSY: open
 * elsewhere; -EACCES: no permission, or a VF token is wanted, or another; -EINVAL:
 * a VF token is given where none is wanted, or with a node on a kernel before
 * 6.18; the errors of dmabufx_dev_attach().
 * Source: linux/vfio.h VFIO_DEVICE_BIND_IOMMUFD (6.6; with a token 6.18),
 * VFIO_GROUP_GET_DEVICE_FD (3.6; with a token 5.7).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_dev_open(struct dmabufx_ctx *ctx, const char *name,
				 const struct dmabufx_dev_opts *opts, struct dmabufx_dev **ret);

/**
 * dmabufx_dev_open_fd() - take a device that somebody else opened
 * @ctx: context
 * @fd: VFIO device descriptor; borrowed and duplicated
 * @opts: options, or NULL
 * @ret: receives the device, with one reference
 *
 * Binds it to the context's iommufd, unless DMABUFX_DEV_PREBOUND says it is
 * bound already; such a device can export and be reset, not be attached. The
 * kernel has no call that unbinds: @fd stays bound until it is closed, also if
 * this call fails behind the binding.
 *
 * Threads: any. Privilege: none beyond the descriptor.
 * Return: as dmabufx_dev_open(); -EBADF: @fd is closed; -EINVAL: no VFIO device.
 * Source: linux/vfio.h VFIO_DEVICE_BIND_IOMMUFD (6.6).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_dev_open_fd(struct dmabufx_ctx *ctx, int fd,
				    const struct dmabufx_dev_opts *opts, struct dmabufx_dev **ret);

/**
 * dmabufx_dev_ref() - take a reference
 * @dev: device, or NULL
 *
 * Threads: any.
 * Return: @dev.
 * Since: 0.1
 */
DMABUFX_API struct dmabufx_dev *dmabufx_dev_ref(struct dmabufx_dev *dev);

/**
 * dmabufx_dev_unref() - drop a reference
 * @dev: device, or NULL
 *
 * The last one takes the mappings of its buffers out, which become GONE,
 * detaches the device and closes it: the kernel then revokes every buffer
 * exported from it for good. Where the caller still has it open, by a
 * descriptor that was borrowed or by a mapping from dmabufx_dev_bar_map(), the
 * kernel revokes when that is closed as well. Buffers hold no reference on the
 * device.
 *
 * Threads: any.
 * Return: NULL, to assign back.
 * Since: 0.1
 */
DMABUFX_API struct dmabufx_dev *dmabufx_dev_unref(struct dmabufx_dev *dev);

/**
 * dmabufx_dev_fd() - the device's descriptor
 * @dev: device
 *
 * Borrowed, for VFIO calls that this library has no name for. Whoever resets
 * or powers down the device through it calls dmabufx_dev_reset_begin() before
 * and dmabufx_dev_reset_end() after, or must refresh its mappings.
 *
 * Threads: any.
 * Return: the descriptor; -EINVAL: @dev is NULL.
 * Since: 0.1
 */
DMABUFX_API int dmabufx_dev_fd(struct dmabufx_dev *dev);

/**
 * dmabufx_dev_get_caps() - what can be done with the device
 * @dev: device
 * @ret: its size member set by the caller; receives the rest
 *
 * Threads: any.
 * Return: 0; -EINVAL: an argument is NULL or the size is too small; -E2BIG:
 * the size is larger than this library knows.
 * Source: linux/vfio.h VFIO_DEVICE_GET_REGION_INFO (3.6), VFIO_DEVICE_FEATURE (5.7).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_dev_get_caps(struct dmabufx_dev *dev, struct dmabufx_dev_caps *ret);

/**
 * dmabufx_dev_attach() - put the device's DMA behind an address space
 * @dev: device
 * @ioas: address space
 *
 * On type1 a device is attached as it is opened, and attaching it there again
 * does nothing. Narrows what dmabufx_ioas_ranges() answers. Fails with the device's
 * reserved ranges in use.
 *
 * Threads: any.
 * Return: 0; -EINVAL: NULL; -EXDEV: another ctx; -EBUSY: attached already, or
 * the kernel's; -EOPNOTSUPP: type1 with another container, or a prebound
 * descriptor; -EADDRINUSE: a mapping lies in a range the device reserves;
 * -EFAULT: one is of no memory that a device can reach;
 * errors of the kernel's call.
 * Source: linux/vfio.h VFIO_DEVICE_ATTACH_IOMMUFD_PT (6.6).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_dev_attach(struct dmabufx_dev *dev, struct dmabufx_ioas *ioas);

/**
 * dmabufx_dev_detach() - block the device's DMA
 * @dev: device
 *
 * Threads: any.
 * Return: 0; -EINVAL: NULL; -ENODEV: not attached; -EOPNOTSUPP: type1 can't;
 * errors of the kernel's call.
 * Source: linux/vfio.h VFIO_DEVICE_DETACH_IOMMUFD_PT (6.6).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_dev_detach(struct dmabufx_dev *dev);

/**
 * dmabufx_dev_export() - a slice of a BAR as a dma-buf
 * @dev: device
 * @bar: 0 to 5
 * @offset: first byte in the BAR, page aligned
 * @len: bytes, page aligned, not 0
 * @opts: options, or NULL
 * @ret: receives the buffer, with one reference
 *
 * Whoever holds the buffer's descriptor can have devices reach the slice
 * until it is revoked. While the device's memory is off the buffer is born
 * revoked, which is logged as a warning.
 *
 * Threads: any.
 * Return: 0; -EINVAL: NULL, malformed options, no such BAR number, an I/O
 * port BAR, a BAR under a page, unaligned or empty slice, past the end;
 * -E2BIG: unknown option members set; -ENODEV: BAR absent, or the device is
 * gone; -EACCES: the slice holds the MSI-X table; -EOPNOTSUPP: the kernel or
 * its device driver can't export; -EMFILE, -ENFILE, -ENOMEM.
 * Source: linux/vfio.h VFIO_DEVICE_FEATURE_DMA_BUF (6.19).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_dev_export(struct dmabufx_dev *dev, uint32_t bar, uint64_t offset,
				   uint64_t len, const struct dmabufx_export_opts *opts,
				   struct dmabufx_buf **ret);

/**
 * dmabufx_dev_export_ranges() - several slices of a BAR as one dma-buf
 * @dev: device
 * @bar: 0 to 5
 * @ranges: slices, each as for dmabufx_dev_export()
 * @nranges: elements of @ranges, 1 to DMABUFX_SLICES_MAX
 * @opts: options, or NULL
 * @ret: receives the buffer, with one reference
 *
 * Mainline's iommufd maps buffers of one range only (-EOPNOTSUPP from
 * dmabufx_ioas_map()); dmabufx_probe() tells what this kernel does.
 *
 * Threads: any.
 * Return: as dmabufx_dev_export(), and -EINVAL: no ranges; -E2BIG: too many.
 * Source: linux/vfio.h VFIO_DEVICE_FEATURE_DMA_BUF (6.19).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_dev_export_ranges(struct dmabufx_dev *dev, uint32_t bar,
					  const struct dmabufx_range *ranges, size_t nranges,
					  const struct dmabufx_export_opts *opts,
					  struct dmabufx_buf **ret);

/**
 * dmabufx_dev_export_bar() - a whole BAR, less the MSI-X table, as dma-bufs
 * @dev: device
 * @bar: 0 to 5
 * @opts: options, or NULL
 * @ret: receives up to @max buffers in the order of their offsets
 * @max: room in @ret, in elements; 2 always suffice
 *
 * Leaves out the pages that hold the MSI-X table and a tail under a page.
 * Makes all of them or none.
 *
 * Threads: any.
 * Return: how many were made; -ENOSPC: @max is too small; else as
 * dmabufx_dev_export().
 * Source: linux/vfio.h VFIO_DEVICE_FEATURE_DMA_BUF (6.19).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_dev_export_bar(struct dmabufx_dev *dev, uint32_t bar,
				       const struct dmabufx_export_opts *opts,
				       struct dmabufx_buf *ret[], size_t max);

/**
 * dmabufx_dev_bar_map() - reach a BAR with the CPU
 * @dev: device
 * @bar: 0 to 5
 * @offset: first byte, page aligned
 * @len: bytes, page aligned, not 0
 * @ret: receives the address
 *
 * Reading or writing it while the device's memory is off raises SIGBUS or
 * gives all ones.
 *
 * Threads: any.
 * Return: 0; -EINVAL: NULL, BAR number, unaligned, empty, past the end;
 * -ENODEV: BAR absent, or VFIO offers no mmap of the part; -ENOMEM.
 * Source: linux/vfio.h VFIO_REGION_INFO_FLAG_MMAP (3.6).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_dev_bar_map(struct dmabufx_dev *dev, uint32_t bar, uint64_t offset,
				    uint64_t len, void **ret);

/**
 * dmabufx_dev_bar_unmap() - end a CPU mapping
 * @dev: device
 * @addr: what dmabufx_dev_bar_map() gave, or NULL
 * @len: as given there
 *
 * Threads: any.
 * Return: 0; -EINVAL: @dev is NULL or @addr isn't page aligned.
 * Since: 0.1
 */
DMABUFX_API int dmabufx_dev_bar_unmap(struct dmabufx_dev *dev, void *addr, uint64_t len);

/**
 * dmabufx_dev_config_read() - read PCI configuration space
 * @dev: device
 * @offset: first byte
 * @buf: receives the bytes, little endian as on the bus
 * @len: bytes, not 0
 *
 * Threads: any.
 * Return: 0; -EINVAL: NULL, or outside configuration space; -EIO: a short
 * read; errors of the kernel's call.
 * Source: linux/vfio.h VFIO_PCI_CONFIG_REGION_INDEX (3.6).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_dev_config_read(struct dmabufx_dev *dev, uint32_t offset, void *buf,
					size_t len);

/**
 * dmabufx_dev_config_write() - write PCI configuration space
 * @dev: device
 * @offset: first byte
 * @buf: the bytes
 * @len: bytes, not 0
 *
 * The kernel revokes the device's buffers in a write that turns its memory off,
 * sends it to D3 or resets it, and maps nothing back; this call does, at the
 * same IOVAs:
 *
 * - Memory off, or D3: the mappings become REVOKED. The write that turns the
 *   memory on again makes them LIVE, also where it was an error of the link or
 *   somebody else's write that had turned it off; of a virtual function, whose
 *   memory stays on, it is the same write.
 * - A function level reset is made as by dmabufx_dev_reset(), the caller's
 *   callbacks included, but for the command register, which is left as the
 *   write and the kernel leave it.
 *
 * A mapping that can't come back is STALE, or REVOKED as long as memory is off or if
 * it can't be taken out, and an event tells. A write that fails may be done in part,
 * and is looked at in the same way. From inside of a reset's callback, and between
 * dmabufx_dev_reset_begin() and dmabufx_dev_reset_end(), it is a plain write: whoever
 * resets brings back.
 *
 * Threads: any.
 * Return: as dmabufx_dev_config_read(); in a function level reset, the error with
 * which the first callback calls it off, or those of dmabufx_dev_reset().
 * Source: linux/vfio.h VFIO_PCI_CONFIG_REGION_INDEX (3.6).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_dev_config_write(struct dmabufx_dev *dev, uint32_t offset, const void *buf,
					 size_t len);

/**
 * dmabufx_dev_set_reset_cb() - be called before and after a reset
 * @dev: device
 * @pre: stops the user's DMA to the device's buffers, or NULL
 * @post: starts it again, or NULL
 * @user: handed to both
 *
 * Threads: any.
 * Return: 0; -EINVAL: @dev is NULL.
 * Since: 0.1
 */
DMABUFX_API int dmabufx_dev_set_reset_cb(struct dmabufx_dev *dev, dmabufx_reset_fn pre,
					 dmabufx_reset_fn post, void *user);

/**
 * dmabufx_dev_reset() - reset the device and bring its mappings back
 * @dev: device
 *
 * One transaction: calls pre; takes every mapping of the buffers exported from
 * @dev out of every address space, clones too; resets; waits for the device;
 * puts its command register back; maps all again at the same IOVAs; calls post;
 * queues a REMAPPED or STALE event a mapping. If nothing was reset, everything is as
 * it was before. Mappings that were not LIVE before are tried as well.
 *
 * Whoever holds one of the buffers by another way, in another process, in
 * another context or by dmabufx_buf_import(), loses it silently, and calls
 * dmabufx_mapping_refresh() when told that the reset is over.
 *
 * Threads: any; the ctx stays locked throughout.
 * Return: how many mappings could not come back, 0 being all well; -EINVAL:
 * NULL; -EBUSY: called from inside a reset; what pre answered; -ENOTTY: the
 * device can't be reset; -EIO: it did not come back within 10 seconds, or its
 * command register can't be put back, and its mappings are STALE; errors of
 * the kernel's call, such as -EAGAIN while somebody else resets the device's
 * bus, with the mappings LIVE as before.
 * Source: linux/vfio.h VFIO_DEVICE_RESET (3.6).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_dev_reset(struct dmabufx_dev *dev);

/**
 * dmabufx_dev_hot_reset() - reset a device together with all of its slot or bus
 * @dev: device
 *
 * For a device that dmabufx_dev_reset() can't reset, or whose functions share
 * what is to be reset. As that call, for each device of the ctx that the reset
 * hits, as one transaction: all callbacks stop DMA before anything happens, and
 * one that refuses calls the reset off for all. Every function that it hits must be
 * an open device of this ctx, or share an IOMMU group with one, or have no driver.
 *
 * Threads: any; the ctx stays locked throughout.
 * Return: how many mappings of all these devices could not come back, 0 being
 * all well; -EINVAL: NULL; -EBUSY: one of them is being reset, or a function
 * isn't the ctx's, which the reason names; what a first callback answered;
 * -ENOTTY: neither slot nor bus can be reset; -EIO: a device did not come back
 * within 10 seconds, or its command register can't be put back, and its mappings
 * are STALE; -ENOMEM; errors of the kernel's call, with all as before.
 * Source: linux/vfio.h VFIO_DEVICE_GET_PCI_HOT_RESET_INFO and
 * VFIO_DEVICE_PCI_HOT_RESET (3.8), without groups since 6.6.
 * Since: 0.1
 */
DMABUFX_API int dmabufx_dev_hot_reset(struct dmabufx_dev *dev);

/**
 * dmabufx_dev_reset_begin() - before somebody else resets the device
 * @dev: device
 *
 * For a reset that this library doesn't do: VFIO_DEVICE_RESET on the device's
 * descriptor, sysfs, firmware. Calls pre and takes every mapping of the
 * buffers exported from @dev out of every address space, clones too; they are
 * REVOKED, with an event each, until dmabufx_dev_reset_end() puts them back.
 *
 * The ctx isn't locked in between, and any call may be made. Until the end
 * the device's buffers can't be mapped or refreshed (-ENODEV, with the reason
 * REVOKED), buffers exported from it are born revoked, a clone lacks its
 * mappings, and other resets of it answer -EBUSY. Mappings can be unmapped.
 * Writes to configuration space go through. No reference is held: the last
 * dmabufx_dev_unref() ends it as it ends the device, and post isn't called.
 * Without an end the mappings stay as they are.
 *
 * Threads: any; the end may come from another one.
 * Return: 0; -EINVAL: NULL; -EBUSY: begun already, or called from inside a
 * reset; what pre answered; errors of unmapping. After an error everything is
 * as it was before.
 * Source: linux/iommufd.h IOMMU_IOAS_UNMAP (6.2).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_dev_reset_begin(struct dmabufx_dev *dev);

/**
 * dmabufx_dev_reset_end() - after somebody else has reset the device
 * @dev: device
 *
 * Waits for the device, puts every mapping of its buffers back at its IOVA,
 * calls post and queues a REMAPPED or STALE event a mapping. Writes nothing to
 * the device: who resets it restores its configuration space. Where memory is
 * off by now, the mappings are STALE with the reason REVOKED. Whatever it
 * returns, what was begun has ended.
 *
 * Threads: any; the ctx stays locked throughout.
 * Return: how many mappings could not come back, 0 being all well; -EINVAL:
 * NULL, or nothing was begun; -EIO: the device did not come back within 10
 * seconds, or its command register can't be read, and its mappings are STALE.
 * Source: linux/iommufd.h IOMMU_IOAS_MAP_FILE (6.13).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_dev_reset_end(struct dmabufx_dev *dev);

DMABUFX_END_DECLS

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Buffers: memory named by a file descriptor. */
#ifndef DMABUFX_BUF_H
#define DMABUFX_BUF_H

#include "types.h"

DMABUFX_BEGIN_DECLS

/**
 * enum dmabufx_buf_kind - what a buffer is made of
 * @DMABUFX_BUF_BAR: slices of a BAR, exported by this context
 * @DMABUFX_BUF_DMABUF: a dma-buf from somewhere else
 * @DMABUFX_BUF_MEMFD: memory
 */
enum dmabufx_buf_kind {
	DMABUFX_BUF_BAR = 1,
	DMABUFX_BUF_DMABUF,
	DMABUFX_BUF_MEMFD,
};

/**
 * struct dmabufx_buf_info - what is known of a buffer
 * @size: set by the caller to sizeof(struct dmabufx_buf_info)
 * @len: bytes
 * @kind: an enum dmabufx_buf_kind
 * @nranges: stretches of the BAR it is made of; 1 for other kinds
 * @bar: BAR number for DMABUFX_BUF_BAR
 * @mappings: mappings of it that this context holds
 * @offset: first byte in the BAR for DMABUFX_BUF_BAR
 * @page_size: bytes of the pages behind it; 0: unknown
 * @inode: inode of the descriptor, the same for all who hold the buffer
 * @exporter: exporter's name as the kernel tells it, "memfd" for memory
 * @bdf: exporting device for DMABUFX_BUF_BAR, else ""
 */
struct dmabufx_buf_info {
	size_t size;
	uint64_t len;
	uint32_t kind;
	uint32_t nranges;
	uint32_t bar;
	uint32_t mappings;
	uint64_t offset;
	uint64_t page_size;
	uint64_t inode;
	char exporter[32];
	char bdf[16];
};

/** DMABUFX_ATTACHED_REVOKED - the exporter has taken the memory away, for now or for good */
#define DMABUFX_ATTACHED_REVOKED (1u << 0)

/**
 * struct dmabufx_attached - a device that has attached a dma-buf
 * @dev: as the kernel calls it: a PCI address; "iommu" for iommufd
 * @link: how it gets addresses from the exporter: "scatterlist" by the DMA API,
 * "iov" as driver of the exporter's physical function, "phys" as iommufd does,
 * or the name of another link; "": the kernel has no links
 * @detail: what the link says of itself: for "iov" the virtual function; else ""
 * @maps: mappings that exist over a link; of a scatterlist the kernel doesn't tell
 * @flags: DMABUFX_ATTACHED_*
 */
struct dmabufx_attached {
	char dev[48];
	char link[32];
	char detail[48];
	uint32_t maps;
	uint32_t flags;
};

/** DMABUFX_ALLOC_HUGETLB - from the pool of huge pages; page_size says which. */
#define DMABUFX_ALLOC_HUGETLB (1u << 0)

/**
 * struct dmabufx_alloc_opts - options of dmabufx_buf_alloc()
 * @size: sizeof(struct dmabufx_alloc_opts), set by DMABUFX_OPTS()
 * @page_size: with DMABUFX_ALLOC_HUGETLB, bytes of a huge page, a power of
 * two; 0: 2 MiB
 * @flags: DMABUFX_ALLOC_*
 * @reserved: must be 0
 */
struct dmabufx_alloc_opts {
	size_t size;
	uint64_t page_size;
	uint32_t flags;
	uint32_t reserved;
};

/**
 * struct dmabufx_import_opts - options of dmabufx_buf_import()
 * @size: sizeof(struct dmabufx_import_opts), set by DMABUFX_OPTS()
 * @flags: must be 0
 * @reserved: must be 0
 */
struct dmabufx_import_opts {
	size_t size;
	uint32_t flags;
	uint32_t reserved;
};

/**
 * dmabufx_buf_alloc() - memory that devices, and AF_XDP, can share
 * @ctx: context
 * @len: bytes, not 0; rounded up to whole pages
 * @opts: options, or NULL
 * @ret: receives the buffer, with one reference
 *
 * A sealed memfd: it can't shrink under a device's DMA. Zeroed.
 *
 * Threads: any. Privilege: none.
 * Return: 0; -EINVAL: NULL, malformed options, @len 0 or too large, a page
 * size that isn't a power of two; -E2BIG; -ENOMEM: memory, or no huge pages
 * are free; -EMFILE, -ENFILE.
 * Source: memfd_create(2) (3.17), MFD_HUGETLB (4.14).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_buf_alloc(struct dmabufx_ctx *ctx, uint64_t len,
				  const struct dmabufx_alloc_opts *opts, struct dmabufx_buf **ret);

/**
 * dmabufx_buf_import() - take a dma-buf or memfd from somewhere else
 * @ctx: context
 * @fd: descriptor; borrowed and duplicated
 * @opts: options, or NULL
 * @ret: receives the buffer, with one reference
 *
 * The buffer follows no device through reset, not even one that this context
 * has open: for a buffer of the context's own, take a reference instead.
 *
 * Threads: any. Privilege: none beyond the descriptor.
 * Return: 0; -EINVAL: NULL, malformed options, or @fd is neither a dma-buf
 * nor a memfd, or is empty; -E2BIG; -EBADF: @fd is closed; -EMFILE, -ENFILE,
 * -ENOMEM; errors of reading /proc/self/fdinfo.
 * Source: /proc/self/fdinfo exp_name (4.20).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_buf_import(struct dmabufx_ctx *ctx, int fd,
				   const struct dmabufx_import_opts *opts,
				   struct dmabufx_buf **ret);

/**
 * dmabufx_buf_from_drm() - take a buffer object of a DRM device
 * @ctx: context
 * @drm_fd: descriptor of the DRM device; borrowed
 * @handle: the object's handle
 * @ret: receives the buffer, with one reference
 *
 * Threads: any. Privilege: that of the DRM descriptor.
 * Return: 0; -EINVAL: NULL; -ENOSYS: built without libdrm; -ENOENT: no such
 * handle; the errors of dmabufx_buf_import().
 * Source: drm/drm.h DRM_IOCTL_PRIME_HANDLE_TO_FD (3.4).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_buf_from_drm(struct dmabufx_ctx *ctx, int drm_fd, uint32_t handle,
				     struct dmabufx_buf **ret);

/**
 * dmabufx_buf_to_drm() - give a buffer to a DRM device
 * @buf: dma-buf; not memory
 * @drm_fd: descriptor of the DRM device; borrowed
 * @ret: receives the handle, closed by the caller
 *
 * Threads: any. Privilege: that of the DRM descriptor.
 * Return: 0; -EINVAL: NULL, or @buf is memory; -ENOSYS: built without libdrm;
 * -EOPNOTSUPP: the DRM driver can't do peer-to-peer or imports nothing;
 * errors of the kernel's call.
 * Source: drm/drm.h DRM_IOCTL_PRIME_FD_TO_HANDLE (3.4).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_buf_to_drm(struct dmabufx_buf *buf, int drm_fd, uint32_t *ret);

/**
 * dmabufx_buf_send() - give a buffer to another process
 * @buf: buffer of any kind; the caller keeps it
 * @sock: connected socket of AF_UNIX, of any type; borrowed
 *
 * One message: a header and the descriptor, for dmabufx_buf_recv(). Whoever gets it can reach the
 * memory, reading and writing, and can pass it on. Memory lives until the last process has let it
 * go; there is no taking it back. A BAR's buffer stays its exporter's: the kernel revokes it with a
 * reset, with memory off, in D3, and for good when the device is closed, whoever holds it.
 *
 * Waits if the socket does. It raises no SIGPIPE.
 *
 * Threads: any; several on a socket get their buffers across whole. Privilege: none.
 * Return: 0; -EINVAL: NULL, a socket of another family, or memory whose length isn't sealed
 * (F_SEAL_SHRINK and F_SEAL_GROW; dmabufx_buf_alloc() seals); -ENODEV: a BAR's buffer whose device
 * was closed; -EBADF, -ENOTSOCK: @sock; -EAGAIN, -EINTR: nothing was sent; -EPIPE, -ECONNRESET,
 * -ECONNREFUSED: the other end is closed; -ETOOMANYREFS: too many descriptors are on their way,
 * beyond RLIMIT_NOFILE; -EIO: the socket took a part, and is of no more use; other errors of
 * sendmsg(2), fcntl(2).
 * Source: unix(7) SCM_RIGHTS.
 * Since: 0.1
 */
DMABUFX_API int dmabufx_buf_send(struct dmabufx_buf *buf, int sock);

/**
 * dmabufx_buf_recv() - take a buffer from another process
 * @ctx: context
 * @sock: connected socket of AF_UNIX, of the type the sender has; borrowed
 * @ret: receives the buffer, with one reference
 *
 * What comes is checked against the descriptor, and closed if it doesn't fit. Memory, huge pages
 * too, arrives as DMABUFX_BUF_MEMFD with its length sealed; a BAR's buffer and every other dma-buf
 * as DMABUFX_BUF_DMABUF. It is as if imported, see dmabufx_buf_import(): page_size is unknown, and
 * it follows no device through reset. When the exporter's device is reset, maps and DMA fail here
 * and no event comes, nor are mappings put back: the exporter has to say that it is over, and then
 * dmabufx_mapping_refresh() does it. Who isn't to be trusted shouldn't be read from without a
 * timeout: on a stream it can stop half way.
 *
 * After -EBADMSG a stream has lost its place and should be closed; other types go on with the next
 * message.
 *
 * Threads: any; on a stream one at a time. Privilege: none.
 * Return: 0; -EINVAL: NULL, a socket of another family, what came is neither a dma-buf nor a
 * memfd, is empty, or its length isn't sealed; -EBADF, -ENOTSOCK: @sock; -EAGAIN, -EINTR: nothing
 * has come; -EPIPE, -ECONNRESET: the other end is closed; -EBADMSG: not what dmabufx_buf_send() of
 * this version sends: magic, version, length, kind, no or several descriptors, or ends half way;
 * -EMFILE: no room for the descriptor, which is lost; -ENFILE, -ENOMEM; other errors of recvmsg(2),
 * of reading /proc/self/fdinfo, fcntl(2).
 * Source: unix(7) SCM_RIGHTS; /proc/self/fdinfo exp_name (4.20).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_buf_recv(struct dmabufx_ctx *ctx, int sock, struct dmabufx_buf **ret);

/**
 * dmabufx_buf_ref() - take a reference
 * @buf: buffer, or NULL
 *
 * Threads: any.
 * Return: @buf.
 * Since: 0.1
 */
DMABUFX_API struct dmabufx_buf *dmabufx_buf_ref(struct dmabufx_buf *buf);

/**
 * dmabufx_buf_unref() - drop a reference
 * @buf: buffer, or NULL
 *
 * Mappings hold references of their own; the descriptor is closed with the
 * last one.
 *
 * Threads: any.
 * Return: NULL, to assign back.
 * Since: 0.1
 */
DMABUFX_API struct dmabufx_buf *dmabufx_buf_unref(struct dmabufx_buf *buf);

/**
 * dmabufx_buf_get_info() - what is known of the buffer
 * @buf: buffer
 * @ret: its size member set by the caller; receives the rest
 *
 * Threads: any.
 * Return: 0; -EINVAL: NULL or the size is too small; -E2BIG: the size is
 * larger than this library knows; errors of reading /proc/self/fdinfo.
 * Source: /proc/self/fdinfo exp_name (4.20).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_buf_get_info(struct dmabufx_buf *buf, struct dmabufx_buf_info *ret);

/**
 * dmabufx_buf_attached() - who has attached a dma-buf, and by which link
 * @ctx: context
 * @inode: the dma-buf's, as dmabufx_buf_get_info() or fstat(2) tells it; it may
 * be anybody's
 * @ret: receives up to @max devices, in the order in which they attached
 * @max: room in @ret, in elements
 *
 * It is what the kernel tells people, in debugfs; a kernel without it can't be
 * asked. A device may have attached more than once.
 *
 * Threads: any. Privilege: root, and no kernel lockdown.
 * Return: how many there are, which may exceed @max; -EINVAL: NULL; -ESRCH: no
 * dma-buf has this inode; -ENOENT: debugfs isn't mounted at /sys/kernel/debug, or
 * not in the kernel; -EACCES: not root; -EPERM: the kernel
 * is locked down; -ENOMEM; errors of reading the file.
 * Source: /sys/kernel/debug/dma_buf/bufinfo (3.5); links: our series on 6.18.
 * Since: 0.1
 */
DMABUFX_API int dmabufx_buf_attached(struct dmabufx_ctx *ctx, uint64_t inode,
				     struct dmabufx_attached *ret, size_t max);

/**
 * dmabufx_buf_fd() - the buffer's descriptor
 * @buf: buffer
 *
 * Borrowed. Whoever gets a copy of it can reach the memory.
 *
 * Threads: any.
 * Return: the descriptor; -EINVAL: @buf is NULL.
 * Since: 0.1
 */
DMABUFX_API int dmabufx_buf_fd(struct dmabufx_buf *buf);

/**
 * dmabufx_buf_dup_fd() - a descriptor of the caller's own
 * @buf: buffer
 *
 * Close-on-exec.
 *
 * Threads: any.
 * Return: the descriptor, closed by the caller; -EINVAL: @buf is NULL;
 * -EMFILE.
 * Since: 0.1
 */
DMABUFX_API int dmabufx_buf_dup_fd(struct dmabufx_buf *buf);

DMABUFX_END_DECLS

#endif

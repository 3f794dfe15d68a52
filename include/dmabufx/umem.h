/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UMEM: a buffer cut into chunks, the frames of AF_XDP sockets. */
#ifndef DMABUFX_UMEM_H
#define DMABUFX_UMEM_H

#include "types.h"

DMABUFX_BEGIN_DECLS

/** DMABUFX_UMEM_UNALIGNED - chunks of any size, which may cross pages. */
#define DMABUFX_UMEM_UNALIGNED (1u << 0)
/** DMABUFX_UMEM_SW_CSUM - checksums of TX metadata are computed by the CPU; for tests. */
#define DMABUFX_UMEM_SW_CSUM (1u << 1)

/**
 * struct dmabufx_umem_opts - options of dmabufx_umem_new()
 * @size: sizeof(struct dmabufx_umem_opts), set by DMABUFX_OPTS()
 * @offset: first byte in the buffer; a multiple of the page size
 * @len: bytes, a multiple of the page size; 0: all from @offset on
 * @chunk_size: bytes of a frame: a power of two from 2048 to the page size, or
 * with DMABUFX_UMEM_UNALIGNED anything from 2048 to the page size; 0: 2048
 * @headroom: bytes left free before each received packet, beside the kernel's
 * own 256; up to chunk_size - 704, so that there is room for a packet and for what
 * the kernel keeps behind it
 * @tx_metadata_len: bytes before each packet to send that may hold its metadata,
 * a multiple of 8 below 256; 0: none
 * @flags: DMABUFX_UMEM_*
 */
struct dmabufx_umem_opts {
	size_t size;
	uint64_t offset;
	uint64_t len;
	uint32_t chunk_size;
	uint32_t headroom;
	uint32_t tx_metadata_len;
	uint32_t flags;
};

/**
 * struct dmabufx_umem_info - what a UMEM is, and who has its frames
 * @size: set by the caller to sizeof(struct dmabufx_umem_info)
 * @base: where byte 0 of it is in this process
 * @len: bytes
 * @chunk_size: bytes of a frame
 * @headroom: as in struct dmabufx_umem_opts
 * @frames: frames there are
 * @frames_free: frames that belong to no socket; of closed sockets, those
 * that the caller still holds aren't free yet
 * @sockets: sockets that are open on it
 * @reserved: 0
 */
struct dmabufx_umem_info {
	size_t size;
	void *base;
	uint64_t len;
	uint32_t chunk_size;
	uint32_t headroom;
	uint32_t frames;
	uint32_t frames_free;
	uint32_t sockets;
	uint32_t reserved;
};

/**
 * dmabufx_umem_new() - make frames of a buffer
 * @ctx: context
 * @buf: memory, such as dmabufx_buf_alloc()'s; a device's BAR can't be used.
 * The UMEM holds a reference
 * @opts: options, or NULL
 * @ret: receives the UMEM, with one reference
 *
 * The kernel sees the memory when the first socket is opened. The same memory may
 * be mapped for devices by dmabufx_ioas_map(): a frame's IOVA is the mapping's plus
 * the frame's address.
 *
 * Threads: any. Privilege: none.
 * Return: 0; -EINVAL: NULL, malformed options, offset, length, chunk size,
 * headroom or metadata length that the kernel would refuse; -E2BIG; -EOPNOTSUPP:
 * @buf is device memory or a dma-buf, or the library was built without AF_XDP
 * (-ENOSYS); -EXDEV: @buf is another context's; -ENOMEM.
 * Source: linux/if_xdp.h struct xdp_umem_reg (4.18; metadata 6.8).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_umem_new(struct dmabufx_ctx *ctx, struct dmabufx_buf *buf,
				 const struct dmabufx_umem_opts *opts, struct dmabufx_umem **ret);

/**
 * dmabufx_umem_ref() - take a reference
 * @umem: UMEM, or NULL
 *
 * Threads: any.
 * Return: @umem.
 * Since: 0.1
 */
DMABUFX_API struct dmabufx_umem *dmabufx_umem_ref(struct dmabufx_umem *umem);

/**
 * dmabufx_umem_unref() - drop a reference
 * @umem: UMEM, or NULL
 *
 * Sockets hold references of their own.
 *
 * Threads: any.
 * Return: NULL, to assign back.
 * Since: 0.1
 */
DMABUFX_API struct dmabufx_umem *dmabufx_umem_unref(struct dmabufx_umem *umem);

/**
 * dmabufx_umem_get_info() - what a UMEM is
 * @umem: UMEM
 * @ret: its size member set by the caller; receives the rest
 *
 * Threads: any.
 * Return: 0; -EINVAL: NULL or the size is too small; -E2BIG: the size is larger
 * than this library knows.
 * Since: 0.1
 */
DMABUFX_API int dmabufx_umem_get_info(struct dmabufx_umem *umem, struct dmabufx_umem_info *ret);

/**
 * dmabufx_umem_frame_free() - give back frames of a socket that is closed
 * @umem: UMEM
 * @addrs: addresses of frames, or of bytes in them, as they were received
 * @n: how many
 *
 * For frames that the caller still held when it closed their socket: received
 * and not released, or allocated and not sent. Frames of an open socket go back
 * by dmabufx_xsk_rx_release() or dmabufx_xsk_tx_free().
 *
 * Threads: any.
 * Return: 0; -EINVAL: NULL, or an address outside of the UMEM; -EEXIST: a frame is
 * free, or its socket is open; none is given back.
 * Since: 0.1
 */
DMABUFX_API int dmabufx_umem_frame_free(struct dmabufx_umem *umem, const uint64_t *addrs,
					uint32_t n);

DMABUFX_END_DECLS

#endif

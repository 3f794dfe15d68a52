// SPDX-License-Identifier: LGPL-2.1-or-later
/* A socket's memory and its four rings, before it is bound. */
#include <sys/mman.h>

#include "base/fail.h"
#include "sys/ctx.h"
#include "sys/sys.h"
#include "uapi/if_xdp.h"
#include "xsk/sock.h"
#include "xsk/xsk_priv.h"

_Static_assert(sizeof(struct dmabufx_desc) == sizeof(struct xdp_desc) &&
		       offsetof(struct dmabufx_desc, len) == offsetof(struct xdp_desc, len) &&
		       DMABUFX_DESC_MORE == XDP_PKT_CONTD &&
		       DMABUFX_DESC_METADATA == XDP_TX_METADATA &&
		       DMABUFX_RING_NEED_WAKEUP == XDP_RING_NEED_WAKEUP,
	       "the layout is the kernel's");

/*
 * Twice the frames where rx_meta.c looks at the entry before a packet's: so long as the
 * caller has the packet, the kernel doesn't get around to that.
 */
static uint32_t rx_entries(const struct dx_xsk *xsk)
{
	const uint32_t both = DMABUFX_XSK_MULTI_BUFFER | DMABUFX_XSK_RX_META;

	return (xsk->info.flags & both) == both ? 2 * xsk->info.rx_frames : xsk->info.rx_frames;
}

/* A receiver's fill ring has room for all its frames; a socket that can't receive has one. */
#define FILL_MIN 64u

int dx_xsk_register(struct dx_xsk *xsk)
{
	struct dmabufx_umem *umem = xsk->umem;
	struct dx_xdp_umem_reg reg = {
		.addr = (uintptr_t)umem->base,
		.len = umem->len,
		.chunk_size = umem->chunk,
		.headroom = umem->headroom,
		.tx_metadata_len = umem->metadata,
	};

	if (umem->flags & DMABUFX_UMEM_UNALIGNED)
		reg.flags |= XDP_UMEM_UNALIGNED_CHUNK_FLAG;
	if (umem->flags & DMABUFX_UMEM_SW_CSUM)
		reg.flags |= XDP_UMEM_TX_SW_CSUM;
	if (umem->metadata)
		reg.flags |= XDP_UMEM_TX_METADATA_LEN;
	return dx_sock_register(xsk->ctx->sys, xsk->fd, &reg);
}

static int map_ring(struct dx_xsk *xsk, enum dx_xsk_ring which, uint64_t pgoff,
		    const struct xdp_ring_offset *at, uint32_t n, size_t entry,
		    struct dmabufx_ring *ring)
{
	struct dx_sys *sys = xsk->ctx->sys;
	size_t len = at->desc + n * entry;
	void *addr;
	int err = sys->mmap(sys, xsk->fd, pgoff, len, PROT_READ | PROT_WRITE, &addr);
	bool kernel_fills = which == DX_RING_RX || which == DX_RING_DONE;
	unsigned char *base = addr;

	if (err)
		return dx_fail_sys(err, "mapping a ring of %u entries", n);
	xsk->rings[which].addr = addr;
	xsk->rings[which].len = len;
	ring->mask = n - 1;
	ring->ours_shared = (uint32_t *)(void *)(base +
						 (kernel_fills ? at->consumer : at->producer));
	ring->theirs_shared = (uint32_t *)(void *)(base +
						   (kernel_fills ? at->producer : at->consumer));
	ring->flags = (uint32_t *)(void *)(base + at->flags);
	ring->slots = base + at->desc;
	return 0;
}

static void fill(struct dx_xsk *xsk)
{
	uint64_t *slots = xsk->io.fill.slots;

	for (uint32_t i = 0; i < xsk->io.rx_frames; i++)
		slots[i] = dx_umem_frame_addr(xsk->umem, xsk->rx_frames->first + i);
	dx_ring_publish(&xsk->io.fill, xsk->io.rx_frames);
}

int dx_xsk_rings(struct dx_xsk *xsk)
{
	struct dx_sys *sys = xsk->ctx->sys;
	struct xdp_mmap_offsets at;
	uint32_t rx = xsk->info.rx_frames, nrx = rx_entries(xsk), tx = xsk->info.tx_ring;
	uint32_t nfill = rx ? rx : FILL_MIN, ndone = tx ? tx : FILL_MIN;
	int fd = xsk->fd, err = dx_sock_make_ring(sys, fd, XDP_UMEM_FILL_RING, "fill", nfill);

	if (!err)
		err = dx_sock_make_ring(sys, fd, XDP_UMEM_COMPLETION_RING, "completion", ndone);
	if (!err && rx)
		err = dx_sock_make_ring(sys, fd, XDP_RX_RING, "RX", nrx);
	if (!err && tx)
		err = dx_sock_make_ring(sys, fd, XDP_TX_RING, "TX", tx);
	if (!err)
		err = dx_sock_offsets(sys, fd, &at);
	if (err)
		return err;
	err = map_ring(xsk, DX_RING_FILL, XDP_UMEM_PGOFF_FILL_RING, &at.fr, nfill, sizeof(uint64_t),
		       &xsk->io.fill);
	if (!err)
		err = map_ring(xsk, DX_RING_DONE, XDP_UMEM_PGOFF_COMPLETION_RING, &at.cr, ndone,
			       sizeof(uint64_t), &xsk->io.done);
	if (!err && rx)
		err = map_ring(xsk, DX_RING_RX, XDP_PGOFF_RX_RING, &at.rx, nrx,
			       sizeof(struct xdp_desc), &xsk->io.rx);
	if (!err && tx)
		err = map_ring(xsk, DX_RING_TX, XDP_PGOFF_TX_RING, &at.tx, tx,
			       sizeof(struct xdp_desc), &xsk->io.tx);
	if (err)
		return err;
	/* The device finds its frames when it is set up to use them. */
	if (rx)
		fill(xsk);
	return 0;
}

void dx_xsk_unmap(struct dx_xsk *xsk)
{
	for (unsigned int i = 0; i < DX_RINGS; i++) {
		if (xsk->rings[i].addr)
			xsk->ctx->sys->munmap(xsk->ctx->sys, xsk->rings[i].addr, xsk->rings[i].len);
		xsk->rings[i].addr = NULL;
	}
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the inline calls leave to the library: system calls, frames of several owners, checks. */
#include <string.h>
#include <sys/socket.h>

#include "sys/ctx.h"
#include "sys/sys.h"
#include "uapi/if_xdp.h"
#include "xsk/tx_times.h"
#include "xsk/xsk_priv.h"

/*
 * No answer changes what is to be done: what couldn't be sent or received now is still
 * in the ring, and the next call asks again.
 */
void dmabufx_xsk_kick_rx(struct dmabufx_xsk *io)
{
	struct dx_xsk *xsk = dx_xsk_of(io);

	DX_ADD(io->rx_kicks, 1);
	xsk->ctx->sys->recv(xsk->ctx->sys, xsk->fd, NULL, 0, MSG_DONTWAIT);
}

void dmabufx_xsk_kick_tx(struct dmabufx_xsk *io)
{
	struct dx_xsk *xsk = dx_xsk_of(io);

	DX_ADD(io->tx_kicks, 1);
	if (__builtin_expect((int32_t)(io->tx.ours - xsk->seen.look_at) >= 0, 0))
		dx_xsk_look_and_send(xsk);
	else
		xsk->ctx->sys->send(xsk->ctx->sys, xsk->fd, NULL, 0, MSG_DONTWAIT);
}

/* A frame that another socket received, and @out was sending. */
bool dx_xsk_return(struct dx_xsk *out, uint64_t addr)
{
	struct dx_stretch *stretch = dx_stretch_of(out->umem, addr);
	struct dmabufx_xsk *in;

	if (!stretch || stretch == out->tx_frames)
		return false;
	if (!stretch->xsk)
		return dx_stretch_return(out->umem, stretch, addr);
	in = &stretch->xsk->io;
	((uint64_t *)in->fill.slots)[in->fill.ours & in->fill.mask] = addr;
	dx_ring_publish(&in->fill, 1);
	DX_ADD(in->forwarded, -1u);
	return true;
}

static void take_own(struct dx_xsk *xsk, uint64_t addr)
{
	struct dmabufx_xsk *io = &xsk->io;

	if (xsk->times)
		dx_tx_times_sent(xsk, addr);
	if (io->nstack < io->tx_frames) {
		io->stack[io->nstack] = (addr & io->tx_mask) + io->tx_lead;
		DX_ADD(io->nstack, 1);
	}
}

uint32_t dx_xsk_reap_mixed(struct dx_xsk *xsk)
{
	struct dmabufx_xsk *io = &xsk->io;
	struct dmabufx_ring *done = &io->done;
	const uint64_t *slots = done->slots;
	uint32_t n = done->theirs - done->ours;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t addr = slots[(done->ours + i) & done->mask];

		if (dx_xsk_return(xsk, addr))
			DX_ADD(io->foreign, -1u);
		else
			take_own(xsk, addr);
	}
	dx_ring_publish(done, n);
	return n;
}

/* Nothing of others is on the way: so no lock, which another thread may have for long. */
static uint32_t reap_own(struct dx_xsk *xsk)
{
	struct dmabufx_ring *done = &xsk->io.done;
	const uint64_t *slots = done->slots;
	uint32_t n = done->theirs - done->ours;

	for (uint32_t i = 0; i < n; i++)
		take_own(xsk, slots[(done->ours + i) & done->mask]);
	dx_ring_publish(done, n);
	return n;
}

uint32_t dmabufx_xsk_reap_mixed(struct dmabufx_xsk *io)
{
	struct dx_xsk *xsk = dx_xsk_of(io);
	uint32_t n;

	if (!dx_xsk_foreign(io))
		return reap_own(xsk);
	dx_lock(xsk->ctx);
	n = dx_xsk_reap_mixed(xsk);
	dx_unlock(xsk->ctx);
	return n;
}

static const char *check_rx(const struct dmabufx_xsk *io)
{
	uint32_t in_kernel = io->fill.ours - io->rx.ours;

	return in_kernel + io->forwarded > io->rx_frames ?
		       "more frames were released or forwarded than received" :
		       NULL;
}

static const char *check_tx(const struct dmabufx_xsk *io)
{
	uint32_t pending = dmabufx_xsk_tx_pending(io), foreign = dx_xsk_foreign(io);

	if (foreign > pending)
		return "more frames of others came back than were forwarded";
	if (io->nstack + (pending - foreign) > io->tx_frames)
		return "more frames were sent or freed than allocated";
	if (io->tx_frames && pending > io->tx.mask + 1)
		return "more frames are being sent than the ring has";
	return NULL;
}

/* As the kernel does, which drops what it refuses. */
bool dx_xsk_fits(const struct dmabufx_umem *umem, const struct dmabufx_desc *desc)
{
	uint64_t at = (desc->addr & DMABUFX_ADDR_MASK) + (desc->addr >> 48);

	if (!desc->len || at >= umem->len || desc->len > umem->len - at || at < umem->metadata)
		return false;
	return umem->flags & DMABUFX_UMEM_UNALIGNED ||
	       (at - umem->metadata) % umem->chunk + umem->metadata + desc->len <= umem->chunk;
}

/* The kernel sends nothing more after one that it doesn't understand. */
static bool means_something(const struct dx_xsk *xsk, const struct dmabufx_desc *desc)
{
	uint64_t flags;

	if (!(desc->options & DMABUFX_DESC_METADATA))
		return true;
	if (!xsk->umem->metadata)
		return false;
	memcpy(&flags, (char *)dmabufx_xsk_data(&xsk->io, desc->addr) - xsk->umem->metadata,
	       sizeof(flags));
	return !(flags & ~(uint64_t)(XDP_TXMD_FLAGS_TIMESTAMP | XDP_TXMD_FLAGS_CHECKSUM |
				     XDP_TXMD_FLAGS_LAUNCH_TIME));
}

/*
 * In each direction: what the kernel has, what is on the way for others, what is free
 * here and what the caller holds are all frames; the caller's share is what is
 * left, so that it must be in range. Each thread looks at its own direction.
 */
const char *dmabufx_xsk_check(const struct dmabufx_xsk *io, const struct dmabufx_desc *descs,
			      uint32_t n, uint32_t what)
{
	const struct dx_xsk *xsk = dx_xsk_of(io);
	const struct dx_stretch *own = what & DMABUFX_CHECK_RX ? xsk->rx_frames : xsk->tx_frames;
	const char *wrong = what & DMABUFX_CHECK_RX ? check_rx(io) : check_tx(io);

	for (uint32_t i = 0; i < n && !wrong; i++) {
		uint64_t at = (descs[i].addr & DMABUFX_ADDR_MASK) / xsk->umem->chunk;

		if (!own || at - own->first >= own->n)
			wrong = "a frame isn't the socket's";
		else if (what & DMABUFX_CHECK_LEN && !dx_xsk_fits(xsk->umem, &descs[i]))
			wrong = "a packet is empty, or leaves its frame or the UMEM";
		else if (what & DMABUFX_CHECK_LEN && !means_something(xsk, &descs[i]))
			wrong = "what stands before a packet is no TX metadata";
	}
	return wrong;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the inline calls leave to the library: system calls, frames of several owners, checks. */
#include <sys/socket.h>

#include "sys/ctx.h"
#include "sys/sys.h"
#include "xsk/xsk_priv.h"

/*
 * No answer changes what is to be done: what couldn't be sent or received now is still
 * in the ring, and the next call asks again.
 */
void dmabufx_xsk_kick_rx(struct dmabufx_xsk *io)
{
	struct dx_xsk *xsk = dx_xsk_of(io);

	io->rx_kicks++;
	xsk->ctx->sys->recv(xsk->ctx->sys, xsk->fd, NULL, 0, MSG_DONTWAIT);
}

void dmabufx_xsk_kick_tx(struct dmabufx_xsk *io)
{
	struct dx_xsk *xsk = dx_xsk_of(io);

	io->tx_kicks++;
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
	in->forwarded--;
	return true;
}

uint32_t dmabufx_xsk_reap_mixed(struct dmabufx_xsk *io)
{
	struct dx_xsk *xsk = dx_xsk_of(io);
	struct dmabufx_ring *done = &io->done;
	const uint64_t *slots = done->slots;
	uint32_t n = done->theirs - done->ours;

	dx_lock(xsk->ctx);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t addr = slots[(done->ours + i) & done->mask];

		if (dx_xsk_return(xsk, addr))
			io->foreign--;
		else if (io->nstack < io->tx_frames)
			io->stack[io->nstack++] = addr;
	}
	dx_unlock(xsk->ctx);
	dx_ring_publish(done, n);
	return n;
}

/*
 * In each direction: what the kernel has, what is on the way for others, what is free
 * here and what the caller holds are all frames; the caller's share is what is
 * left, so that it must be in range.
 */
const char *dmabufx_xsk_check(const struct dmabufx_xsk *io, const struct dmabufx_desc *descs,
			      uint32_t n)
{
	uint64_t len = dx_xsk_of(io)->umem->len;
	uint32_t in_kernel = io->fill.ours - io->rx.ours;
	uint32_t pending = dmabufx_xsk_tx_pending(io);

	if (in_kernel + io->forwarded > io->rx_frames)
		return "more frames were released or forwarded than received";
	if (io->foreign > pending)
		return "more frames of others came back than were forwarded";
	if (io->nstack + (pending - io->foreign) > io->tx_frames)
		return "more frames were sent or freed than allocated";
	if (io->tx_frames && pending > io->tx.mask + 1)
		return "more frames are being sent than the ring has";
	for (uint32_t i = 0; i < n; i++) {
		uint64_t at = (descs[i].addr & DMABUFX_ADDR_MASK) + (descs[i].addr >> 48);

		if (at >= len || descs[i].len > len - at)
			return "a packet lies outside of the UMEM";
	}
	return NULL;
}

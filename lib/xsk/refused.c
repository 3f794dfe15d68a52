// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Frames of packets that the kernel refuses. It drops them and counts them. Seen where it
 * copies, 6.18.44 completes them like those that were sent, and 6.18.15 doesn't, so that
 * nothing tells which they were. But both rings still show what went through them last: a frame
 * that was given to the kernel more often than it came back is with the kernel, and if the
 * kernel has taken a descriptor of it that can't be sent, it is done with it.
 */
#include <sys/socket.h>

#include "sys/ctx.h"
#include "sys/sys.h"
#include "xsk/tx_times.h"
#include "xsk/xsk_priv.h"

static uint64_t frame_of(const struct dx_xsk *xsk, uint64_t addr)
{
	return (addr & DMABUFX_ADDR_MASK) / xsk->umem->chunk;
}

static const struct dmabufx_desc *slot(const struct dx_xsk *xsk, uint32_t at)
{
	return (const struct dmabufx_desc *)xsk->io.tx.slots + (at & xsk->io.tx.mask);
}

/*
 * Packets before @taken aren't counted any more, nor completions before @done: they are none
 * of packets from @taken on, as they were taken back before the kernel's index was read.
 */
static void begin_anew(struct dx_xsk *xsk, uint32_t taken, uint32_t done)
{
	xsk->seen.upto = taken;
	xsk->seen.base = taken;
	xsk->seen.done = done;
	xsk->seen.look_at = taken + xsk->io.tx.mask / 2 + 1;
}

/* Whether all before @taken are done with. @all_done was read first, so it isn't too much. */
static bool is_quiet(const struct dx_xsk *xsk, uint32_t all_done, uint32_t taken)
{
	return taken == all_done + xsk->io.refused;
}

/*
 * Whether the frame of the packet at @at is with the kernel, for that packet. What came back
 * as often as it was given may have been on the way when counting began, so that it is with
 * the kernel even so: it isn't touched.
 */
static bool is_pending(const struct dx_xsk *xsk, uint32_t at)
{
	const struct dmabufx_ring *done = &xsk->io.done;
	uint64_t frame = frame_of(xsk, slot(xsk, at)->addr);
	uint32_t given = 0, back = 0, last = at;

	for (uint32_t i = xsk->seen.base; i != xsk->io.tx.ours; i++) {
		if (frame_of(xsk, slot(xsk, i)->addr) != frame)
			continue;
		given++;
		last = i;
	}
	for (uint32_t i = xsk->seen.done; i != done->theirs; i++)
		back += frame_of(xsk, ((const uint64_t *)done->slots)[i & done->mask]) == frame;
	return last == at && back < given;
}

/*
 * Lists what the kernel dropped of what it has taken since the last look: descriptors that
 * can't be sent, and those before them of the same packet, by their places.
 */
static uint32_t list_dropped(const struct dx_xsk *xsk, uint32_t taken, uint64_t *ret)
{
	uint32_t n = 0;
	bool dropped = false;

	for (uint32_t at = taken; at != xsk->seen.base; at--) {
		const struct dmabufx_desc *desc = slot(xsk, at - 1);
		bool bad = !dx_xsk_fits(xsk->umem, desc);

		/* A bad one ends a packet, which may have begun before the last look. */
		dropped = bad || (dropped && desc->options & DMABUFX_DESC_MORE);
		if ((int32_t)(at - xsk->seen.upto) <= 0 && (bad || !dropped))
			break;
		if (dropped)
			ret[n++] = at - 1;
	}
	return n;
}

/* Makes addresses of those that are still with the kernel. */
static uint32_t keep_pending(const struct dx_xsk *xsk, uint64_t *list, uint32_t n)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (is_pending(xsk, (uint32_t)list[i]))
			list[left++] = slot(xsk, (uint32_t)list[i])->addr;
	}
	return left;
}

static bool give_back(struct dx_xsk *xsk, uint64_t addr)
{
	struct dmabufx_xsk *io = &xsk->io;

	if (frame_of(xsk, addr) - xsk->tx_frames->first < xsk->tx_frames->n) {
		if (io->nstack == io->tx_frames)
			return false;
		dx_tx_times_forget(xsk, addr);
		io->stack[io->nstack] = (addr & io->tx_mask) + io->tx_lead;
		DX_ADD(io->nstack, 1);
	} else if (dx_xsk_foreign(io) && dx_xsk_return(xsk, addr)) {
		DX_ADD(io->foreign, -1u);
	} else {
		return false;
	}
	DX_ADD(io->refused, 1);
	return true;
}

/* Where it copies, a call of ours ends after each that began before: then all is told. */
static void wait_for_others(struct dx_xsk *xsk)
{
	struct dx_sys *sys = xsk->ctx->sys;

	sys->send(sys, xsk->fd, NULL, 0, MSG_DONTWAIT);
	dx_ring_look(&xsk->io.done);
}

uint32_t dx_xsk_reap_refused(struct dx_xsk *xsk)
{
	struct dmabufx_xsk *io = &xsk->io;
	/* Behind the free frames, where closing lists some as well. */
	uint64_t *addrs = io->stack + io->tx_frames;
	uint32_t done = io->done.ours, all_done = done + dx_ring_look(&io->done);
	uint32_t taken = io->tx.ours + dx_ring_look(&io->tx), n, back = 0;

	/* Entries that are written over can't tell, nor can their frames be taken for others. */
	if (is_quiet(xsk, all_done, taken) || io->tx.ours - xsk->seen.base > io->tx.mask + 1 ||
	    all_done - xsk->seen.done > io->done.mask + 1) {
		begin_anew(xsk, taken, done);
		return 0;
	}
	n = list_dropped(xsk, taken, addrs);
	if (n && !xsk->info.zero_copy)
		wait_for_others(xsk);
	n = keep_pending(xsk, addrs, n);
	/* Else it is the device that is at work, which tells when it likes. */
	if (n && xsk->info.zero_copy && n != dmabufx_xsk_tx_pending(io))
		return 0;
	for (uint32_t i = 0; i < n; i++)
		back += give_back(xsk, addrs[i]);
	xsk->seen.upto = taken;
	if (taken - xsk->seen.base > io->tx.mask / 2)
		begin_anew(xsk, taken, done);
	return back;
}

uint32_t dmabufx_xsk_reap_refused(struct dmabufx_xsk *io)
{
	struct dx_xsk *xsk = dx_xsk_of(io);
	uint32_t n;

	/* Nothing since the last look. */
	if (io->tx.ours + dx_ring_look(&io->tx) == xsk->seen.upto)
		return 0;
	dx_lock(xsk->ctx);
	n = dx_xsk_reap_refused(xsk);
	dx_unlock(xsk->ctx);
	return n;
}

void dx_xsk_look_and_send(struct dx_xsk *xsk)
{
	struct dmabufx_xsk *io = &xsk->io;
	uint32_t done = io->done.ours, all_done = done + dx_ring_look(&io->done);
	uint32_t taken = io->tx.ours + dx_ring_look(&io->tx);

	if (is_quiet(xsk, all_done, taken))
		begin_anew(xsk, taken, done);
	else
		dmabufx_xsk_reap_refused(io);
	xsk->ctx->sys->send(xsk->ctx->sys, xsk->fd, NULL, 0, MSG_DONTWAIT);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Closing a socket: where its frames are by then, and when the queue is free again. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/fail.h"
#include "sys/ctx.h"
#include "sys/netdev.h"
#include "sys/sys.h"
#include "uapi/if_xdp.h"
#include "xsk/prog_priv.h"
#include "xsk/sock.h"
#include "xsk/tx_times.h"
#include "xsk/xsk_priv.h"

#define DRAIN_MS 100u
#define DRAIN_LOOK_US 200u
#define FREE_MS 3000u

/* What is being sent comes back soon, unless the link is down. */
static void drain(struct dx_xsk *xsk)
{
	struct dx_sys *sys = xsk->ctx->sys;
	struct dmabufx_xsk *io = &xsk->io;
	uint64_t until = sys->now_ms(sys) + DRAIN_MS;

	while (dmabufx_xsk_tx_pending(io)) {
		/* Not dmabufx_xsk_tx_reap() nor dmabufx_xsk_kick_tx(), which would lock the ctx. */
		DX_ADD(io->tx_count, dx_ring_look(&io->done));
		if (dx_xsk_reap_mixed(xsk))
			continue;
		if (dx_xsk_reap_refused(xsk))
			continue;
		if (sys->now_ms(sys) >= until)
			return;
		if (dx_ring_look(&io->tx) && dx_ring_wants_kick(&io->tx))
			sys->send(sys, xsk->fd, NULL, 0, MSG_DONTWAIT);
		dx_ctx_pause_us(xsk->ctx, DRAIN_LOOK_US);
	}
}

/* Or doesn't tell. */
static bool kernel_refused_some(const struct dx_xsk *xsk)
{
	struct xdp_statistics kernel = { 0 };
	uint32_t len = sizeof(kernel);

	return xsk->ctx->sys->getsockopt(xsk->ctx->sys, xsk->fd, SOL_XDP, XDP_STATISTICS, &kernel,
					 &len) ||
	       kernel.tx_invalid_descs;
}

/*
 * What wasn't sent: the last ones of the TX ring, whose slots nobody has used again,
 * since no more are on the way than it has. Those of other sockets, which go back to
 * them, are listed at the end of the stack of free frames, which has room for the
 * ring's beside them. If the kernel has refused some, it isn't known which of those that it
 * took are still being sent: then only those that it didn't take.
 */
static uint32_t list_foreign(struct dx_xsk *xsk, uint64_t *addrs, uint32_t *own)
{
	struct dmabufx_xsk *io = &xsk->io;
	const struct dmabufx_desc *slots = io->tx.slots;
	uint32_t n = 0, left = dmabufx_xsk_tx_pending(io);

	*own = 0;
	if (dx_xsk_foreign(io) && kernel_refused_some(xsk))
		left = -dx_ring_look(&io->tx);
	for (uint32_t at = io->tx.ours; left && n + *own < dx_xsk_foreign(io); left--) {
		uint64_t addr = slots[--at & io->tx.mask].addr;
		struct dx_stretch *whose = dx_stretch_of(xsk->umem, addr);

		/* What it received itself has no ring to go back to. */
		if (whose == xsk->rx_frames)
			++*own;
		else if (whose != xsk->tx_frames)
			addrs[n++] = addr;
	}
	return n;
}

/* Frames that come back by others' completions would go to a socket that is no more. */
static void forget_sender(struct dx_xsk *xsk)
{
	struct dx_list *at;

	dx_list_for_each(at, &xsk->umem->xsks) {
		struct dx_xsk *other = dx_container_of(at, struct dx_xsk, link);

		if (other->io.tx_from == &xsk->io)
			other->io.tx_from = NULL;
	}
}

/*
 * Frames that this one forwarded and that no socket is sending any more: those which were
 * refused by one that is closed by now, or by this one itself.
 */
static uint32_t count_lost(const struct dx_xsk *xsk)
{
	struct dx_list *at;

	if (xsk->umem->closing)
		return 0;
	dx_list_for_each(at, &xsk->umem->xsks) {
		if (dx_xsk_foreign(&dx_container_of(at, struct dx_xsk, link)->io))
			return 0;
	}
	return xsk->io.forwarded;
}

/* Another thread may have bound it meanwhile. */
static bool is_taken(const struct dx_xsk *xsk)
{
	struct dx_list *at;

	dx_list_for_each(at, &xsk->umem->xsks) {
		const struct dx_xsk *other = dx_container_of(at, struct dx_xsk, link);

		if (other->info.ifindex == xsk->info.ifindex &&
		    other->info.queue == xsk->info.queue)
			return true;
	}
	return false;
}

/* The lock is dropped meanwhile. */
static void close_and_wait(struct dx_xsk *xsk)
{
	struct dx_sys *sys = xsk->ctx->sys;
	uint64_t until = sys->now_ms(sys) + FREE_MS;

	dx_xsk_unmap(xsk);
	sys->close(sys, xsk->fd);
	xsk->fd = -1;
	xsk->bound = false;
	while (sys->now_ms(sys) < until && !is_taken(xsk) &&
	       dx_netdev_queue_has_xsk(sys, xsk->info.ifindex, xsk->info.queue) == 1)
		dx_ctx_pause_us(xsk->ctx, DX_SOCK_RETRY_US);
}

void dx_xsk_free(struct dx_xsk *xsk)
{
	struct dx_sys *sys = xsk->ctx->sys;

	if (xsk->prog)
		dx_prog_put(xsk->prog);
	if (xsk->bound)
		close_and_wait(xsk);
	dx_xsk_unmap(xsk);
	dx_sys_close(sys, xsk->fd);
	/* What failed to open, or was closed in order, has nothing outside. */
	dx_stretch_leave(xsk->umem, xsk->rx_frames, 0);
	dx_stretch_leave(xsk->umem, xsk->tx_frames, 0);
	dx_tx_times_free(xsk->times);
	free(xsk->io.stack);
	free(xsk->memory);
}

/* Others work on while this waits: from the beginning they find nothing of it to use. */
static void close_locked(struct dx_xsk *xsk)
{
	struct dmabufx_xsk *io = &xsk->io;
	uint64_t *unsent = io->stack + io->tx_frames;
	uint32_t rx_held, rx_back, tx_own, lost, n;

	dx_list_unlink(&xsk->link);
	forget_sender(xsk);
	if (xsk->prog && io->rx_frames)
		dx_prog_remove(xsk->prog, xsk->info.queue);
	drain(xsk);
	tx_own = dmabufx_xsk_tx_pending(io) - dx_xsk_foreign(io);
	n = list_foreign(xsk, unsent, &rx_back);
	lost = count_lost(xsk);
	rx_held = io->rx_frames - (io->fill.ours - io->rx.ours) - (lost ? lost : rx_back);
	/* Held: the caller has them, or another socket is sending them. */
	dx_stretch_close(xsk->rx_frames, rx_held);
	dx_stretch_close(xsk->tx_frames, io->tx_frames - io->nstack - tx_own);
	xsk->umem->closing += !!dx_xsk_foreign(io);
	close_and_wait(xsk);
	xsk->umem->closing -= !!dx_xsk_foreign(io);
	for (uint32_t i = 0; i < n; i++)
		dx_xsk_return(xsk, unsent[i]);
	dx_stretch_end(xsk->umem, xsk->rx_frames);
	dx_stretch_end(xsk->umem, xsk->tx_frames);
	xsk->rx_frames = NULL;
	xsk->tx_frames = NULL;
}

struct dmabufx_xsk *dmabufx_xsk_close(struct dmabufx_xsk *io)
{
	struct dx_xsk *xsk;
	struct dmabufx_ctx *ctx;
	struct dmabufx_umem *umem;

	if (!io)
		return NULL;
	xsk = dx_xsk_of(io);
	ctx = xsk->ctx;
	umem = xsk->umem;
	dx_lock(ctx);
	close_locked(xsk);
	dx_xsk_free(xsk);
	dx_umem_put(umem);
	dx_unlock_reap(ctx);
	return NULL;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a socket is, and what went through it. */
#include <sys/socket.h>

#include "base/fail.h"
#include "base/opts.h"
#include "sys/ctx.h"
#include "sys/sys.h"
#include "uapi/if_xdp.h"
#include "xsk/tx_times.h"
#include "xsk/xsk_priv.h"

int dmabufx_xsk_fd(struct dmabufx_xsk *io)
{
	return io ? dx_xsk_of(io)->fd : dx_fail_null("xsk");
}

int dmabufx_xsk_get_info(struct dmabufx_xsk *io, struct dmabufx_xsk_info *ret)
{
	int err;

	if (!io || !ret)
		return dx_fail_null(io ? "ret" : "xsk");
	err = dx_out_check(ret, "dmabufx_xsk_info", sizeof(*ret));
	if (err)
		return err;
	dx_lock(dx_xsk_of(io)->ctx);
	*ret = dx_xsk_of(io)->info;
	dx_unlock(dx_xsk_of(io)->ctx);
	return 0;
}

#define LOOK(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)

/* What is between two indices, of 0 to @most: they may have been read at different times. */
static uint32_t between(uint32_t ours, uint32_t from, uint32_t most)
{
	uint32_t n = ours - from;

	return (int32_t)n < 0 ? 0 : n < most ? n : most;
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/*
 * Each number is read as it is at the moment, while the threads may be at work. What is
 * made of several is kept in range, so that the frames' places always come to their sum.
 */
static void count(const struct dx_xsk *xsk, struct dmabufx_xsk_stats *stats)
{
	const struct dmabufx_xsk *io = &xsk->io;
	uint32_t left = io->rx_frames, taken = LOOK(io->rx.ours), sent, own;

	stats->rx_frames = LOOK(io->rx_count);
	stats->tx_frames = LOOK(io->tx_count);
	stats->kicks = LOOK(io->rx_kicks) + LOOK(io->tx_kicks);
	stats->sleeps = LOOK(xsk->sleeps);
	stats->rx_in_kernel = between(LOOK(io->fill.ours), taken, left);
	left -= stats->rx_in_kernel;
	stats->rx_forwarding = least(LOOK(io->forwarded), left);
	stats->rx_held = left - stats->rx_forwarding;
	left = io->tx_frames;
	sent = LOOK(io->done.ours) + LOOK(io->refused);
	stats->tx_in_kernel = between(LOOK(io->tx.ours), sent, xsk->info.tx_ring);
	own = stats->tx_in_kernel -
	      least(LOOK(io->foreign) & ~DX_XSK_REAP_ALL, stats->tx_in_kernel);
	left -= least(own, left);
	stats->tx_refused = LOOK(io->refused);
	stats->tx_free = least(LOOK(io->nstack), left);
	stats->tx_held = left - stats->tx_free;
}

int dmabufx_xsk_get_stats(struct dmabufx_xsk *io, struct dmabufx_xsk_stats *ret)
{
	struct dmabufx_xsk_stats stats = { .size = sizeof(stats) };
	struct xdp_statistics kernel = { 0 };
	uint32_t len = sizeof(kernel);
	struct dx_xsk *xsk;
	int err;

	if (!io || !ret)
		return dx_fail_null(io ? "ret" : "xsk");
	err = dx_out_check(ret, "dmabufx_xsk_stats", sizeof(*ret));
	if (err)
		return err;
	xsk = dx_xsk_of(io);
	err = xsk->ctx->sys->getsockopt(xsk->ctx->sys, xsk->fd, SOL_XDP, XDP_STATISTICS, &kernel,
					&len);
	if (err)
		return dx_fail_sys(err, "asking for the counts of queue %u of %s", xsk->info.queue,
				   xsk->info.ifname);
	count(xsk, &stats);
	stats.drop_rx_ring_full = kernel.rx_ring_full;
	stats.drop_fill_empty = kernel.rx_fill_ring_empty_descs;
	stats.drop_rx_other = kernel.rx_dropped;
	/* Where packets are copied the kernel counts those without a frame there as well. */
	if (!xsk->info.zero_copy)
		stats.drop_rx_other -= kernel.rx_fill_ring_empty_descs < kernel.rx_dropped ?
					       kernel.rx_fill_ring_empty_descs :
					       kernel.rx_dropped;
	stats.tx_invalid = kernel.tx_invalid_descs;
	stats.tx_timestamps_lost = dx_tx_times_lost(xsk->times);
	*ret = stats;
	return 0;
}

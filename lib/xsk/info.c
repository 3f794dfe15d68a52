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

/* Each thread's counts are read as they are at the moment. */
static void count(const struct dx_xsk *xsk, struct dmabufx_xsk_stats *stats)
{
	const struct dmabufx_xsk *io = &xsk->io;
	uint32_t pending = dmabufx_xsk_tx_pending(io);

	stats->rx_frames = io->rx_count;
	stats->tx_frames = io->tx_count;
	stats->kicks = io->rx_kicks + io->tx_kicks;
	stats->sleeps = xsk->sleeps;
	stats->rx_in_kernel = io->fill.ours - io->rx.ours;
	stats->rx_forwarding = io->forwarded;
	stats->rx_held = io->rx_frames - stats->rx_in_kernel - io->forwarded;
	stats->tx_free = io->nstack;
	stats->tx_in_kernel = pending;
	stats->tx_held = io->tx_frames - io->nstack - (pending - dx_xsk_foreign(io));
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

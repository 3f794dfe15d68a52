// SPDX-License-Identifier: GPL-2.0-or-later
/* The closed loop by this library. */
#include "closed.h"

#include <dmabufx/dmabufx.h>
#include <dmabufx/xsk.h>
#include <stdlib.h>

#define PACKET 64u

struct circle {
	struct dmabufx_ctx *ctx;
	struct dmabufx_umem *umem;
	struct dmabufx_xsk *xsk;
};

/* In place of the kernel's flags: the calls then don't wake it, so that it can be done untimed. */
static const uint32_t no_wakeup;

static void *open_circle(const char *ifname)
{
	DMABUFX_OPTS(dmabufx_xsk_opts, opts, .sleep = DMABUFX_SLEEP_SPIN,
		     .rx_frames = CIRCLE_FRAMES, .tx_frames = CIRCLE_FRAMES,
		     .tx_ring = CIRCLE_FRAMES);
	struct circle *c = calloc(1, sizeof(*c));
	struct dmabufx_desc descs[BATCH_MAX];
	struct dmabufx_buf *buf;
	uint32_t n;

	if (!c || dmabufx_ctx_new(NULL, &c->ctx) ||
	    dmabufx_buf_alloc(c->ctx, 2u * CIRCLE_FRAMES * 2048u, NULL, &buf) ||
	    dmabufx_umem_new(c->ctx, buf, NULL, &c->umem) ||
	    dmabufx_xsk_open(c->umem, ifname, 0, &opts, &c->xsk))
		die("%s", dmabufx_last_error()->text);
	dmabufx_buf_unref(buf);
	n = dmabufx_xsk_tx_alloc(c->xsk, descs, BATCH_MAX);
	for (uint32_t i = 0; i < n; i++)
		packet_make(dmabufx_xsk_data(c->xsk, descs[i].addr), PACKET);
	dmabufx_xsk_tx_free(c->xsk, descs, n);
	c->xsk->tx.flags = &no_wakeup;
	return c;
}

static uint32_t arrived(const struct dmabufx_xsk *xsk)
{
	return __atomic_load_n(xsk->rx.theirs_shared, __ATOMIC_ACQUIRE) - xsk->rx.ours;
}

static void top_up(void *circle, uint32_t want)
{
	struct dmabufx_xsk *xsk = ((struct circle *)circle)->xsk;
	struct dmabufx_desc descs[BATCH_MAX];
	uint32_t have = arrived(xsk), n;

	if (have >= want)
		return;
	n = dmabufx_xsk_tx_alloc(xsk, descs, want - have);
	for (uint32_t i = 0; i < n; i++)
		descs[i].len = PACKET;
	dmabufx_xsk_tx_burst(xsk, descs, n);
	dmabufx_xsk_kick_tx(xsk);
	while (dmabufx_xsk_tx_pending(xsk))
		dmabufx_xsk_tx_reap(xsk);
}

static measured uint32_t turn_ours(void *circle, uint32_t want, uint32_t batch)
{
	struct dmabufx_xsk *xsk = ((struct circle *)circle)->xsk;
	struct dmabufx_desc *descs;
	uint32_t done = 0;

	while (done < want) {
		uint32_t n = dmabufx_xsk_rx_burst(xsk, &descs, batch);

		if (!n)
			break;
		done += dmabufx_xsk_forward(xsk, xsk, descs, n);
	}
	return done;
}

static void kick(void *circle)
{
	dmabufx_xsk_kick_tx(((struct circle *)circle)->xsk);
}

static void close_circle(void *circle)
{
	struct circle *c = circle;

	dmabufx_xsk_close(c->xsk);
	dmabufx_umem_unref(c->umem);
	dmabufx_ctx_unref(c->ctx);
	free(c);
}

const struct circle_ops circle_ours = {
	.open = open_circle,
	.top_up = top_up,
	.turn = turn_ours,
	.kick = kick,
	.close = close_circle,
};

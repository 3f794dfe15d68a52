// SPDX-License-Identifier: GPL-2.0-or-later
/* The work done by this library, with options left to it. */
#include "bench.h"

#include <dmabufx/dmabufx.h>
#include <dmabufx/xsk.h>
#include <stdlib.h>

#define WAIT_MS 100

struct ours {
	struct dmabufx_ctx *ctx;
	struct dmabufx_buf *buf;
	struct dmabufx_umem *umem;
	struct dmabufx_xsk *in;
	struct dmabufx_xsk *out;
};

static int fail(void)
{
	fprintf(stderr, "dmabufx-bench: %s\n", dmabufx_last_error()->text);
	return BENCH_FAILED;
}

static const uint32_t sleeps[] = {
	[WAIT_SPIN] = DMABUFX_SLEEP_SPIN,
	[WAIT_ADAPTIVE] = DMABUFX_SLEEP_ADAPTIVE,
	[WAIT_POLL] = DMABUFX_SLEEP_POLL,
};

static int open_sockets(struct worker *w, struct ours *o)
{
	const struct layout *l = &w->layout;
	DMABUFX_OPTS(dmabufx_xsk_opts, opts, .sleep = sleeps[w->plan.wait],
		     .rx_profile = w->plan.profile == PROFILE_PAYLOAD ? DMABUFX_RX_PAYLOAD :
									DMABUFX_RX_HEADERS);
	int err;

	if (!l->tx_frames || l->two)
		opts.flags = DMABUFX_XSK_NO_TX;
	if (!l->rx_frames)
		opts.flags = DMABUFX_XSK_NO_RX;
	err = dmabufx_xsk_open(o->umem, w->plan.ifname, 0, &opts, &o->in);
	o->out = o->in;
	if (err || !l->two)
		return err;
	opts.flags = DMABUFX_XSK_NO_RX;
	return dmabufx_xsk_open(o->umem, w->plan.ifname, 1, &opts, &o->out);
}

/* libxdp-raw is laid out by numbers of this program: they are to be the library's. */
static void check_layout(const struct worker *w, const struct ours *o)
{
	struct dmabufx_xsk_info in = { .size = sizeof(in) }, out = { .size = sizeof(out) };
	const struct layout *l = &w->layout;

	if (dmabufx_xsk_get_info(o->in, &in) || dmabufx_xsk_get_info(o->out, &out))
		die("%s", dmabufx_last_error()->text);
	if (in.rx_frames != l->rx_frames)
		die("the library receives into %u frames, libxdp-raw into %u", in.rx_frames,
		    l->rx_frames);
	if (l->tx_frames && (out.tx_frames != l->tx_frames || out.tx_ring != l->tx_ring ||
			     out.tx_budget != l->budget))
		die("the library sends from %u frames, a ring of %u, %u at a time, libxdp-raw from "
		    "%u, %u, %u",
		    out.tx_frames, out.tx_ring, out.tx_budget, l->tx_frames, l->tx_ring, l->budget);
}

static void make_packets(struct worker *w, struct dmabufx_xsk *xsk)
{
	struct dmabufx_desc descs[BATCH_MAX];
	uint32_t n = dmabufx_xsk_tx_alloc(xsk, descs, BATCH_MAX);

	for (uint32_t i = 0; i < n; i++)
		packet_make(dmabufx_xsk_data(xsk, descs[i].addr), w->plan.size);
	dmabufx_xsk_tx_free(xsk, descs, n);
}

static int ours_open(struct worker *w)
{
	struct ours *o = calloc(1, sizeof(*o));
	uint64_t len = (uint64_t)(w->layout.rx_frames + w->layout.tx_frames) * w->layout.chunk;

	if (!o)
		die("no memory");
	w->impl = o;
	if (dmabufx_ctx_new(NULL, &o->ctx) || dmabufx_buf_alloc(o->ctx, len, NULL, &o->buf) ||
	    dmabufx_umem_new(o->ctx, o->buf, NULL, &o->umem) || open_sockets(w, o))
		return fail();
	check_layout(w, o);
	if (w->plan.work == WORK_TXONLY)
		make_packets(w, o->out);
	return 0;
}

static void ours_prime(struct worker *w, uint32_t want)
{
	const struct dmabufx_ring *rx = &((struct ours *)w->impl)->in->rx;

	while (__atomic_load_n(rx->theirs_shared, __ATOMIC_ACQUIRE) - rx->ours < want &&
	       !bench_stop)
		sleep_ms(1);
}

static inline bool go_on(const struct worker *w, uint64_t packets)
{
	return packets < w->plan.count && !bench_stop;
}

static void idle(struct worker *w, struct dmabufx_xsk *xsk)
{
	w->empty++;
	if (dmabufx_xsk_wait(&xsk, 1, WAIT_MS) < 0 && !bench_stop)
		exit(fail());
}

static uint64_t touch(const struct worker *w, struct dmabufx_xsk *xsk,
		      const struct dmabufx_desc *descs, uint32_t n)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += packet_touch(dmabufx_xsk_data(xsk, descs[i].addr), descs[i].len,
				    w->plan.touch);
	return sum;
}

static measured void ours_rxdrop(struct worker *w)
{
	struct dmabufx_xsk *xsk = ((struct ours *)w->impl)->in;
	struct dmabufx_desc *descs;
	uint64_t packets = 0, sum = 0;

	while (go_on(w, packets)) {
		uint32_t n = dmabufx_xsk_rx_burst(xsk, &descs, w->plan.batch);

		if (!n) {
			idle(w, xsk);
			continue;
		}
		if (w->plan.touch)
			sum += touch(w, xsk, descs, n);
		dmabufx_xsk_rx_release(xsk, descs, n);
		packets += n;
	}
	__asm__ volatile("" ::"r"(sum));
	w->packets += packets;
}

static measured void ours_txonly(struct worker *w)
{
	struct dmabufx_xsk *xsk = ((struct ours *)w->impl)->out;
	struct dmabufx_desc descs[BATCH_MAX];
	uint64_t packets = 0;

	while (go_on(w, packets)) {
		uint32_t n = dmabufx_xsk_tx_alloc(xsk, descs, w->plan.batch);

		for (uint32_t i = 0; i < n; i++)
			descs[i].len = w->plan.size;
		/* Frames are fewer than the ring has entries. */
		packets += dmabufx_xsk_tx_burst(xsk, descs, n);
	}
	w->packets += packets;
}

static measured void ours_l2fwd(struct worker *w)
{
	struct ours *o = w->impl;
	struct dmabufx_xsk *in = o->in, *out = o->out;
	struct dmabufx_desc *descs;
	uint64_t packets = 0;

	while (go_on(w, packets)) {
		uint32_t n = dmabufx_xsk_rx_burst(in, &descs, w->plan.batch);

		if (!n) {
			dmabufx_xsk_tx_reap(out);
			idle(w, in);
			continue;
		}
		for (uint32_t i = 0; i < n; i++)
			packet_turn(dmabufx_xsk_data(in, descs[i].addr));
		/* Frames are fewer than the ring has entries. */
		packets += dmabufx_xsk_forward(in, out, descs, n);
	}
	w->packets += packets;
}

static void count_calls(struct worker *w, struct dmabufx_xsk *xsk)
{
	struct dmabufx_xsk_stats stats = { .size = sizeof(stats) };

	if (dmabufx_xsk_get_stats(xsk, &stats))
		exit(fail());
	w->calls += stats.kicks + stats.sleeps;
}

static void ours_close(struct worker *w)
{
	struct ours *o = w->impl;

	count_calls(w, o->in);
	if (o->out != o->in) {
		count_calls(w, o->out);
		dmabufx_xsk_close(o->out);
	}
	dmabufx_xsk_close(o->in);
	dmabufx_umem_unref(o->umem);
	dmabufx_buf_unref(o->buf);
	dmabufx_ctx_unref(o->ctx);
	free(o);
}

const struct impl_ops ours_ops = {
	.open = ours_open,
	.prime = ours_prime,
	.loop = { ours_rxdrop, ours_txonly, ours_l2fwd, ours_l2fwd },
	.close = ours_close,
};

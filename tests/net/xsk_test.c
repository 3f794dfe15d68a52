// SPDX-License-Identifier: GPL-2.0-or-later
/* Sockets on both ends of a pair, and packets between them. */
#include "xsk_test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/ctx.h"
#include "sys/netdev.h"

#define LONG_MS 10000

static int setup(void **state, unsigned int queues)
{
	struct xworld *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->net = net_new(queues, 1500);
	w->fds = net_fds();
	assert_int_equal(dmabufx_ctx_new(NULL, &w->ctx), 0);
	*state = w;
	return xworld_umem(w, NULL, false) ? 0 : -1;
}

int xworld_setup(void **state)
{
	return setup(state, 2);
}

int xworld_setup_narrow(void **state)
{
	return setup(state, 1);
}

bool xworld_umem(struct xworld *w, const struct dmabufx_umem_opts *opts, bool huge)
{
	DMABUFX_OPTS(dmabufx_alloc_opts, alloc, .flags = huge ? DMABUFX_ALLOC_HUGETLB : 0);

	w->umem = dmabufx_umem_unref(w->umem);
	w->buf = dmabufx_buf_unref(w->buf);
	if (dmabufx_buf_alloc(w->ctx, 16 << 20, &alloc, &w->buf)) {
		assert_true(huge);
		return false;
	}
	if (dmabufx_umem_new(w->ctx, w->buf, opts, &w->umem))
		fail_msg("%s", dmabufx_last_error()->text);
	return true;
}

void assert_all_free(struct xworld *w)
{
	struct dmabufx_umem_info info = { .size = sizeof(info) };

	assert_int_equal(dmabufx_umem_get_info(w->umem, &info), 0);
	assert_int_equal(info.sockets, 0);
	assert_int_equal(info.frames_free, info.frames);
}

uint32_t prog_at(struct xworld *w, enum net_end end)
{
	struct dx_netdev_link link;

	net_enter(w->net, end);
	assert_int_equal(dx_netdev_link(w->ctx->sys, w->net->ifindex[end], &link), 0);
	net_enter(w->net, NET_NEAR);
	return link.xdp_prog_id;
}

int xworld_teardown(void **state)
{
	struct xworld *w = *state;

	assert_all_free(w);
	assert_int_equal(prog_at(w, NET_NEAR), 0);
	assert_int_equal(prog_at(w, NET_FAR), 0);
	dmabufx_umem_unref(w->umem);
	dmabufx_buf_unref(w->buf);
	dmabufx_ctx_unref(w->ctx);
	assert_int_equal(net_fds(), w->fds);
	net_free(w->net);
	free(w);
	return 0;
}

int xsk_try(struct xworld *w, enum net_end end, uint32_t queue, const struct dmabufx_xsk_opts *opts,
	    struct dmabufx_xsk **ret)
{
	int err;

	net_enter(w->net, end);
	err = dmabufx_xsk_open(w->umem, w->net->ifname[end], queue, opts, ret);
	net_enter(w->net, NET_NEAR);
	return err;
}

struct dmabufx_xsk *xsk_open(struct xworld *w, enum net_end end, uint32_t queue,
			     const struct dmabufx_xsk_opts *opts)
{
	struct dmabufx_xsk *xsk = NULL;
	int err = xsk_try(w, end, queue, opts, &xsk);

	if (err)
		fail_msg("%s: %s", dmabufx_strerror(err), dmabufx_last_error()->text);
	return xsk;
}

void xsk_close(struct xworld *w, enum net_end end, struct dmabufx_xsk *xsk)
{
	net_enter(w->net, end);
	assert_null(dmabufx_xsk_close(xsk));
	net_enter(w->net, NET_NEAR);
}

struct dmabufx_xsk_info info_of(struct dmabufx_xsk *xsk)
{
	struct dmabufx_xsk_info info = { .size = sizeof(info) };

	assert_int_equal(dmabufx_xsk_get_info(xsk, &info), 0);
	return info;
}

struct dmabufx_xsk_stats stats_of(struct dmabufx_xsk *xsk)
{
	struct dmabufx_xsk_stats stats = { .size = sizeof(stats) };

	assert_int_equal(dmabufx_xsk_get_stats(xsk, &stats), 0);
	return stats;
}

static uint32_t min(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* What a frame has room for behind the address it is sent from. */
static uint32_t room_of(const struct lane *lane)
{
	struct dmabufx_umem_info info = { .size = sizeof(info) };
	uint32_t lead = (uint32_t)lane->from->tx_lead;

	assert_int_equal(dmabufx_umem_get_info(lane->w->umem, &info), 0);
	/* Of chunks that are no power of two the lead isn't told; it is at most 256. */
	if (info.chunk_size & (info.chunk_size - 1))
		lead = 256;
	return info.chunk_size - lead - lane->lead;
}

/* A packet in as many frames as it takes. */
static void write_packet(struct lane *lane, struct dmabufx_desc *descs, uint32_t n, uint32_t room)
{
	bool pow2 = lane->from->tx_mask != DMABUFX_ADDR_MASK;
	uint8_t packet[XSK_JUMBO];
	uint32_t at = 0;

	net_packet(lane->w->net, &lane->flow, lane->sent, packet);
	for (uint32_t i = 0; i < n; i++) {
		descs[i].addr += pow2 ? lane->lead : (uint64_t)lane->lead << 48;
		descs[i].len = min(room, lane->flow.len - at);
		descs[i].options = i + 1 < n ? DMABUFX_DESC_MORE : 0;
		memcpy(dmabufx_xsk_data(lane->from, descs[i].addr), packet + at, descs[i].len);
		at += descs[i].len;
	}
	lane->sent++;
}

static void hand_over(struct lane *lane)
{
	uint32_t taken = dmabufx_xsk_tx_burst(lane->from, lane->ready + lane->first_ready,
					      lane->nready);

	lane->first_ready += taken;
	lane->nready -= taken;
}

uint32_t lane_send(struct lane *lane, uint32_t n)
{
	uint32_t window = lane->window ? lane->window : 128, room, each, have;

	/* A packet that was cut goes first. */
	if (lane->nready) {
		hand_over(lane);
		return 0;
	}
	room = room_of(lane);
	each = (lane->flow.len + room - 1) / room;
	n = min(n, min(XSK_BATCH, window - (lane->to ? lane->sent - lane->got : 0)));
	have = dmabufx_xsk_tx_alloc(lane->from, lane->ready, n * each);
	n = have / each;
	dmabufx_xsk_tx_free(lane->from, lane->ready + n * each, have - n * each);
	for (uint32_t i = 0; i < n; i++)
		write_packet(lane, lane->ready + i * each, each, room);
	lane->first_ready = 0;
	lane->nready = n * each;
	hand_over(lane);
	return n;
}

static void take(struct lane *lane, const struct dmabufx_desc *desc)
{
	uint32_t seq;

	assert_true(lane->part_len + desc->len <= sizeof(lane->part));
	memcpy(lane->part + lane->part_len, dmabufx_xsk_data(lane->to, desc->addr), desc->len);
	lane->part_len += desc->len;
	if (desc->options & DMABUFX_DESC_MORE)
		return;
	if (!net_check(lane->w->net, &lane->flow, lane->part, lane->part_len, &seq))
		fail_msg("packet %u of %u bytes isn't what was sent (%u bytes)", lane->got,
			 lane->part_len, lane->flow.len);
	assert_int_equal(seq, lane->got);
	lane->part_len = 0;
	lane->got++;
}

uint32_t lane_receive(struct lane *lane)
{
	struct dmabufx_desc *descs;
	uint32_t n = dmabufx_xsk_rx_burst(lane->to, &descs, 2 * XSK_BATCH);

	for (uint32_t i = 0; i < n; i++)
		take(lane, &descs[i]);
	dmabufx_xsk_rx_release(lane->to, descs, n);
	return n;
}

/* What is still to be done; moves on by a batch. */
static uint32_t lane_step(struct lane *lane, uint32_t upto)
{
	if (lane->from && (lane->sent != upto || lane->nready))
		lane_send(lane, upto - lane->sent);
	else if (lane->from)
		dmabufx_xsk_tx_reap(lane->from);
	if (lane->to)
		lane_receive(lane);
	return upto - (lane->to ? lane->got : lane->sent);
}

void lanes_run(struct lane *lanes, uint32_t nlanes, uint32_t n)
{
	uint64_t until = net_now_ms() + LONG_MS + n / 20;
	uint32_t left, upto = lanes->sent + n;

	do {
		left = 0;
		for (uint32_t i = 0; i < nlanes; i++)
			left += lane_step(&lanes[i], upto);
		if (left && net_now_ms() > until)
			fail_msg("%u packets didn't come", left);
	} while (left);
}

void assert_idle(struct dmabufx_xsk *xsk)
{
	uint64_t until = net_now_ms() + LONG_MS;
	struct dmabufx_xsk_stats s;

	while (dmabufx_xsk_tx_pending(xsk) && net_now_ms() < until)
		dmabufx_xsk_tx_reap(xsk);
	s = stats_of(xsk);
	assert_int_equal(s.tx_in_kernel, 0);
	assert_int_equal(s.tx_held, 0);
	assert_int_equal(s.tx_free, xsk->tx_frames);
	assert_int_equal(s.rx_held, 0);
	assert_int_equal(s.rx_forwarding, 0);
	assert_int_equal(s.rx_in_kernel, xsk->rx_frames);
	assert_int_equal(s.tx_invalid, 0);
}

uint32_t net_count(const char *name, uint32_t usual)
{
	const char *text = getenv(name);
	unsigned long n = text ? strtoul(text, NULL, 10) : 0;

	return n ? (uint32_t)n : usual;
}

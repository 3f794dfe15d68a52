// SPDX-License-Identifier: GPL-2.0-or-later
/* Forwarding: frames that go from one socket to another, and back when they are sent. */
#include "xsk_test.h"

#include <string.h>

/* The sockets of both queues of both ends. */
struct square {
	struct xworld *w;
	struct dmabufx_xsk *near[2];
	struct dmabufx_xsk *far[2];
};

static struct square open_square(struct xworld *w, const struct dmabufx_xsk_opts *opts)
{
	struct square s = { .w = w };

	for (uint32_t q = 0; q < 2; q++) {
		s.near[q] = xsk_open(w, NET_NEAR, q, opts);
		s.far[q] = xsk_open(w, NET_FAR, q, opts);
	}
	return s;
}

static void close_square(struct square *s)
{
	for (int q = 0; q < 2; q++) {
		if (s->near[q])
			assert_idle(s->near[q]);
		xsk_close(s->w, NET_NEAR, s->near[q]);
		assert_idle(s->far[q]);
		xsk_close(s->w, NET_FAR, s->far[q]);
	}
}

static void forward_all(struct dmabufx_xsk *in, struct dmabufx_xsk *out)
{
	uint64_t until = net_now_ms() + 5000;
	struct dmabufx_desc *descs;
	uint32_t n = dmabufx_xsk_rx_burst(in, &descs, 64), done = 0;

	do {
		done += dmabufx_xsk_forward(in, out, descs + done, n - done);
		if (done < n)
			dmabufx_xsk_tx_reap(out);
		assert_true(net_now_ms() < until);
	} while (done < n);
	if (!n)
		dmabufx_xsk_tx_reap(out);
}

/* far[0] sends to near[0], which forwards by @out, and @back of the far end gets it. */
static void around(struct xworld *w, struct dmabufx_xsk *from, struct dmabufx_xsk *in,
		   struct dmabufx_xsk *out, struct dmabufx_xsk *back, uint32_t len)
{
	static struct lane lane;
	uint32_t n = net_count("NET_PACKETS", 20000);
	uint64_t until = net_now_ms() + 10000 + n / 20;

	memset(&lane, 0, sizeof(lane));
	lane.w = w;
	lane.from = from;
	lane.to = back;
	lane.flow = (struct net_flow){ .from = NET_FAR, .len = len };
	while (lane.got < n) {
		lane_send(&lane, n - lane.sent);
		forward_all(in, out);
		lane_receive(&lane);
		if (net_now_ms() > until)
			fail_msg("%u of %u came around", lane.got, n);
	}
	/* The last ones are taken back when somebody asks. */
	while (dmabufx_xsk_tx_pending(out))
		dmabufx_xsk_tx_reap(out);
}

static void socket_forwards_to_itself(void **state)
{
	struct square s = open_square(*state, NULL);

	around(s.w, s.far[0], s.near[0], s.near[0], s.far[0], 64);
	around(s.w, s.far[0], s.near[0], s.near[0], s.far[0], 1514);
	assert_int_equal(stats_of(s.near[0]).tx_frames, stats_of(s.near[0]).rx_frames);
	close_square(&s);
}

static void generic_socket_forwards_to_itself(void **state)
{
	DMABUFX_OPTS(dmabufx_xsk_opts, opts, .mode = DMABUFX_XDP_GENERIC);
	struct square s = open_square(*state, &opts);

	around(s.w, s.far[0], s.near[0], s.near[0], s.far[0], 64);
	close_square(&s);
}

static void socket_forwards_to_another(void **state)
{
	struct square s = open_square(*state, NULL);

	around(s.w, s.far[0], s.near[0], s.near[1], s.far[1], 64);
	/* And the other way, with what the first left in the rings. */
	around(s.w, s.far[1], s.near[1], s.near[0], s.far[0], 200);
	close_square(&s);
}

static void unaligned_frames_are_forwarded(void **state)
{
	DMABUFX_OPTS(dmabufx_umem_opts, umem, .chunk_size = 3000, .tx_metadata_len = 16,
		     .flags = DMABUFX_UMEM_UNALIGNED);
	DMABUFX_OPTS(dmabufx_xsk_opts, few, .rx_frames = 512);
	struct square s;

	assert_true(xworld_umem(*state, &umem, false));
	s = open_square(*state, &few);
	around(s.w, s.far[0], s.near[0], s.near[0], s.far[0], 1514);
	around(s.w, s.far[0], s.near[0], s.near[1], s.far[1], 64);
	close_square(&s);
}

static void receive_either(struct dmabufx_xsk *xsk, struct lane *a, struct lane *b)
{
	struct dmabufx_desc *descs;
	uint32_t n = dmabufx_xsk_rx_burst(xsk, &descs, 64);

	for (uint32_t i = 0; i < n; i++) {
		void *p = dmabufx_xsk_data(xsk, descs[i].addr);
		uint32_t seq;
		struct lane *l = net_check(a->w->net, &a->flow, p, descs[i].len, &seq) ? a : b;

		assert_true(net_check(l->w->net, &l->flow, p, descs[i].len, &seq));
		assert_int_equal(seq, l->got);
		l->got++;
	}
	dmabufx_xsk_rx_release(xsk, descs, n);
}

/*
 * Own frames, which begin late, among those of two others: each goes back to whom it
 * belongs, and the own ones to where they begin.
 */
static void own_frames_go_among_forwarded_ones(void **state)
{
	DMABUFX_OPTS(dmabufx_umem_opts, umem, .tx_metadata_len = 8);
	static struct lane around_lane, own;
	uint32_t n = net_count("NET_PACKETS", 20000);
	struct xworld *w = *state;
	struct dmabufx_desc descs[512];
	struct square s;

	assert_true(xworld_umem(w, &umem, false));
	s = open_square(w, NULL);
	memset(&around_lane, 0, sizeof(own));
	memset(&own, 0, sizeof(own));
	around_lane.w = w;
	around_lane.from = s.far[0];
	around_lane.to = s.far[1];
	around_lane.flow = (struct net_flow){ .from = NET_FAR, .len = 64 };
	own = around_lane;
	own.from = s.near[1];
	own.flow = (struct net_flow){ .from = NET_NEAR, .port = 9, .len = 100 };
	own.lead = 30;
	own.window = 50;
	around_lane.window = 60;
	while (around_lane.got < n || own.got < n) {
		lane_send(&around_lane, n - around_lane.sent);
		lane_send(&own, n - own.sent < 3 ? n - own.sent : 3);
		forward_all(s.near[0], s.near[1]);
		forward_all(s.near[1], s.near[1]);
		receive_either(s.far[1], &around_lane, &own);
	}
	assert_idle(s.near[1]);
	assert_int_equal(dmabufx_xsk_tx_alloc(s.near[1], descs, 512), 512);
	for (int i = 0; i < 512; i++)
		assert_int_equal(descs[i].addr % 2048, 8);
	dmabufx_xsk_tx_free(s.near[1], descs, 512);
	close_square(&s);
}

/* Fills a socket's RX ring, from the far end. */
static void arrive(struct square *s, uint32_t queue, uint32_t n)
{
	static struct lane lane;
	struct dmabufx_xsk *near = s->near[queue];

	memset(&lane, 0, sizeof(lane));
	lane.w = s->w;
	lane.from = s->far[queue];
	lane.flow = (struct net_flow){ .from = NET_FAR, .len = 64 };
	lanes_run(&lane, 1, n);
	assert_idle(s->far[queue]);
	while (dx_ring_look(&near->rx) < n)
		assert_int_equal(dmabufx_xsk_wait(&near, 1, 2000), 1);
}

static void forward_some(struct square *s, int in, int out, uint32_t n)
{
	struct dmabufx_desc *descs;

	assert_int_equal(dmabufx_xsk_rx_burst(s->near[in], &descs, n), n);
	assert_int_equal(dmabufx_xsk_forward(s->near[in], s->near[out], descs, n), n);
}

static void send_own(struct square *s, int out, uint32_t n)
{
	struct dmabufx_desc descs[16];

	assert_int_equal(dmabufx_xsk_tx_alloc(s->near[out], descs, n), n);
	for (uint32_t i = 0; i < n; i++) {
		memset(dmabufx_xsk_data(s->near[out], descs[i].addr), 0xff, 60);
		descs[i].len = 60;
	}
	assert_int_equal(dmabufx_xsk_tx_burst(s->near[out], descs, n), n);
}

/*
 * The link is down, so nothing is sent: 5 of the own socket's, 6 of the other's and 7
 * to send from are on the way when it is closed.
 */
static struct square stuck(struct xworld *w)
{
	struct square s = open_square(w, NULL);

	arrive(&s, 0, 20);
	arrive(&s, 1, 20);
	net_down(w->net, NET_NEAR);
	forward_some(&s, 1, 1, 5);
	send_own(&s, 1, 3);
	forward_some(&s, 0, 1, 6);
	send_own(&s, 1, 4);
	dmabufx_xsk_tx_reap(s.near[1]);
	assert_int_equal(stats_of(s.near[1]).tx_in_kernel, 18);
	return s;
}

static void release_rest(struct dmabufx_xsk *xsk, uint32_t n)
{
	struct dmabufx_desc *descs;

	assert_int_equal(dmabufx_xsk_rx_burst(xsk, &descs, 64), n);
	dmabufx_xsk_rx_release(xsk, descs, n);
	assert_idle(xsk);
}

static void unsent_frames_come_back_when_the_sender_is_closed(void **state)
{
	struct square s = stuck(*state);

	assert_int_equal(stats_of(s.near[0]).rx_forwarding, 6);
	xsk_close(s.w, NET_NEAR, s.near[1]);
	s.near[1] = NULL;
	assert_int_equal(stats_of(s.near[0]).rx_forwarding, 0);
	release_rest(s.near[0], 14);
	close_square(&s);
}

static void unsent_frames_outlive_their_receiver(void **state)
{
	struct dmabufx_umem_info info = { .size = sizeof(info) };
	struct square s = stuck(*state);

	xsk_close(s.w, NET_NEAR, s.near[0]);
	s.near[0] = NULL;
	assert_int_equal(dmabufx_umem_get_info(s.w->umem, &info), 0);
	/* Its frames to send from are free, those to receive into not before all are back. */
	assert_int_equal(info.frames_free, info.frames - 3 * (1024 + 512) - 1024);
	net_up(s.w->net, NET_NEAR);
	net_wait_carrier(s.w->net, NET_NEAR);
	release_rest(s.near[1], 15);
	assert_int_equal(dmabufx_umem_get_info(s.w->umem, &info), 0);
	assert_int_equal(info.frames_free, info.frames - 3 * (1024 + 512));
	for (int q = 0; q < 2; q++) {
		struct dmabufx_desc *descs;
		uint32_t n;

		while ((n = dmabufx_xsk_rx_burst(s.far[q], &descs, 64)))
			dmabufx_xsk_rx_release(s.far[q], descs, n);
	}
	close_square(&s);
}

/* Nothing but forwarded frames is on the way: of one socket, or of two. */
static void forwarded_frames_find_their_owners(void **state)
{
	for (int two = 0; two < 2; two++) {
		struct square s = open_square(*state, NULL);

		arrive(&s, 0, 6);
		arrive(&s, 1, 5);
		net_down(s.w->net, NET_NEAR);
		forward_some(&s, 0, 1, 6);
		if (two) {
			forward_some(&s, 1, 1, 5);
		} else {
			xsk_close(s.w, NET_NEAR, s.near[0]);
			s.near[0] = NULL;
		}
		net_up(s.w->net, NET_NEAR);
		net_wait_carrier(s.w->net, NET_NEAR);
		while (dmabufx_xsk_tx_pending(s.near[1]))
			dmabufx_xsk_tx_reap(s.near[1]);
		release_rest(s.near[1], two ? 0 : 5);
		for (uint32_t got = 0, n; got < (two ? 11 : 6); got += n) {
			struct dmabufx_desc *descs;

			assert_int_equal(dmabufx_xsk_wait(&s.far[1], 1, 2000), 1);
			n = dmabufx_xsk_rx_burst(s.far[1], &descs, 64);
			dmabufx_xsk_rx_release(s.far[1], descs, n);
		}
		close_square(&s);
	}
}

static void unsent_frames_outlive_both(void **state)
{
	struct square s = stuck(*state);

	for (int q = 0; q < 2; q++) {
		xsk_close(s.w, NET_NEAR, s.near[q]);
		s.near[q] = NULL;
	}
	close_square(&s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		xsk_case(socket_forwards_to_itself),
		xsk_case(generic_socket_forwards_to_itself),
		xsk_case(socket_forwards_to_another),
		xsk_case(unaligned_frames_are_forwarded),
		xsk_case(own_frames_go_among_forwarded_ones),
		xsk_case(unsent_frames_come_back_when_the_sender_is_closed),
		xsk_case(unsent_frames_outlive_their_receiver),
		xsk_case(forwarded_frames_find_their_owners),
		xsk_case(unsent_frames_outlive_both),
	};

	net_need_privilege();
	cmocka_set_test_filter(getenv("NET_CASES"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}

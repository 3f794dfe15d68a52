// SPDX-License-Identifier: GPL-2.0-or-later
/* Times of sending: each that was asked for once, in order, and no other. */
#include "xsk_test.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define LONG_MS 10000
#define SOME 64u

/* Two ends of which the near one keeps times. */
struct ends {
	struct xworld *w;
	struct dmabufx_xsk *near;
	struct dmabufx_xsk *far;
	uint64_t cookie; /* of the next packet that asks */
	uint64_t told; /* of the last time that came */
	uint64_t began;
	uint64_t last;
	uint32_t seq;
};

static uint64_t tai(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_TAI, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static struct ends open_ends(void **state, const struct dmabufx_umem_opts *umem,
			     const struct dmabufx_xsk_opts *more)
{
	DMABUFX_OPTS(dmabufx_umem_opts, usual, .tx_metadata_len = DMABUFX_TX_METADATA_LEN);
	DMABUFX_OPTS(dmabufx_xsk_opts, near);
	struct ends e = { .w = *state, .cookie = 1000, .told = 999 };

	if (more)
		near = *more;
	near.flags |= DMABUFX_XSK_TX_TIMESTAMPS;
	assert_true(xworld_umem(e.w, umem ? umem : &usual, false));
	e.near = xsk_open(e.w, NET_NEAR, 0, &near);
	e.far = xsk_open(e.w, NET_FAR, 0, NULL);
	e.began = tai();
	e.last = e.began;
	return e;
}

static void close_ends(struct ends *e)
{
	assert_idle(e->near);
	assert_idle(e->far);
	xsk_close(e->w, NET_FAR, e->far);
	xsk_close(e->w, NET_NEAR, e->near);
}

/* @n packets, each @nth of which asks. */
static void send_some(struct ends *e, uint32_t n, uint32_t nth)
{
	DMABUFX_OPTS(dmabufx_tx_meta, wish, .flags = DMABUFX_TX_META_TIMESTAMP);
	struct net_flow flow = { NET_NEAR, 0, 64 };
	struct dmabufx_desc descs[SOME];

	assert_int_equal(dmabufx_xsk_tx_alloc(e->near, descs, n), n);
	for (uint32_t i = 0; i < n; i++) {
		descs[i].len = (uint32_t)net_packet(e->w->net, &flow, e->seq++,
						    dmabufx_xsk_data(e->near, descs[i].addr));
		if (e->seq % nth)
			continue;
		wish.cookie = e->cookie++;
		assert_int_equal(dmabufx_xsk_tx_meta(e->near, &descs[i], &wish), 0);
	}
	assert_int_equal(dmabufx_xsk_tx_burst(e->near, descs, n), n);
}

static void receive(struct ends *e, uint32_t *first, uint32_t n)
{
	struct net_flow flow = { NET_NEAR, 0, 64 };
	uint64_t until = net_now_ms() + LONG_MS;

	for (uint32_t left = n; left;) {
		struct dmabufx_desc *descs;
		uint32_t got = dmabufx_xsk_rx_burst(e->far, &descs, left), seq;

		for (uint32_t i = 0; i < got; i++) {
			assert_true(net_check(e->w->net, &flow,
					      dmabufx_xsk_data(e->far, descs[i].addr), descs[i].len,
					      &seq));
			assert_int_equal(seq, (*first)++);
		}
		dmabufx_xsk_rx_release(e->far, descs, got);
		left -= got;
		dmabufx_xsk_tx_reap(e->near);
		assert_true(net_now_ms() < until);
	}
}

/* In order, after each other, and of now. */
static uint32_t fetch(struct ends *e, uint32_t most)
{
	struct dmabufx_tx_timestamp times[SOME];
	int n = dmabufx_xsk_tx_timestamps(e->near, times, most);
	uint64_t now = tai();

	assert_in_range(n, 0, most);
	for (int i = 0; i < n; i++) {
		assert_int_equal(times[i].cookie, ++e->told);
		assert_in_range(times[i].ns, e->last, now);
		e->last = times[i].ns;
	}
	return (uint32_t)n;
}

static void fetch_all(struct ends *e)
{
	uint64_t until = net_now_ms() + LONG_MS;

	while (e->told + 1 != e->cookie) {
		fetch(e, 7);
		assert_true(net_now_ms() < until);
	}
	assert_int_equal(dmabufx_xsk_tx_pending(e->near), 0);
	assert_int_equal(fetch(e, SOME), 0);
}

static void run(struct ends *e, uint32_t packets, uint32_t nth)
{
	uint32_t first = e->seq;

	for (uint32_t i = 0; i < packets; i += SOME) {
		send_some(e, SOME, nth);
		receive(e, &first, SOME);
		fetch(e, SOME);
	}
	fetch_all(e);
}

static void each_that_asked_is_told_once(void **state)
{
	struct ends e = open_ends(state, NULL, NULL);

	assert_int_equal(info_of(e.near).flags, DMABUFX_XSK_TX_TIMESTAMPS);
	run(&e, net_count("NET_PACKETS", 20000), 1);
	assert_int_equal(e.told - 999, e.seq);
	run(&e, 20000, 3);
	run(&e, 20000, 1000000000);
	assert_int_equal(stats_of(e.near).tx_timestamps_lost, 0);
	assert_int_equal(stats_of(e.near).tx_frames, e.seq);
	close_ends(&e);
}

static void chunks_of_3000_bytes_have_times(void **state)
{
	DMABUFX_OPTS(dmabufx_umem_opts, umem, .chunk_size = 3000, .tx_metadata_len = 16,
		     .flags = DMABUFX_UMEM_UNALIGNED);
	DMABUFX_OPTS(dmabufx_xsk_opts, few, .tx_frames = 100, .tx_ring = 64);
	struct ends e = open_ends(state, &umem, &few);

	run(&e, 5000, 3);
	close_ends(&e);
}

/* Those that don't fit are lost, and counted; the others are the first. */
static void times_that_are_not_fetched_are_counted(void **state)
{
	DMABUFX_OPTS(dmabufx_xsk_opts, few, .tx_ring = 64);
	struct ends e = open_ends(state, NULL, &few);
	uint32_t first = 0;

	for (int i = 0; i < 3; i++) {
		send_some(&e, SOME, 1);
		receive(&e, &first, SOME);
		assert_idle(e.near);
	}
	assert_int_equal(stats_of(e.near).tx_timestamps_lost, 2 * SOME);
	assert_int_equal(fetch(&e, SOME), SOME);
	assert_int_equal(fetch(&e, SOME), 0);
	/* There is room again. */
	e.told = e.cookie - 1;
	run(&e, 1000, 2);
	assert_int_equal(stats_of(e.near).tx_timestamps_lost, 2 * SOME);
	close_ends(&e);
}

/* A wish is for one packet: not for the frame's next one, wherever in it that begins. */
static void wish_of_a_packet_that_was_not_sent_is_over(void **state)
{
	DMABUFX_OPTS(dmabufx_tx_meta, wish, .flags = DMABUFX_TX_META_TIMESTAMP, .cookie = 7);
	struct ends e = open_ends(state, NULL, NULL);
	struct net_flow flow = { NET_NEAR, 0, 64 };
	struct dmabufx_desc desc;
	uint32_t first = 0;

	for (uint32_t i = 0; i < 3; i++) {
		uint64_t addr;

		assert_int_equal(dmabufx_xsk_tx_alloc(e.near, &desc, 1), 1);
		addr = desc.addr;
		desc.len = 64;
		assert_int_equal(dmabufx_xsk_tx_meta(e.near, &desc, &wish), 0);
		dmabufx_xsk_tx_free(e.near, &desc, 1);
		assert_int_equal(dmabufx_xsk_tx_alloc(e.near, &desc, 1), 1);
		assert_int_equal(desc.addr, addr);
		desc.addr += i * 4;
		desc.len = (uint32_t)net_packet(e.w->net, &flow, i,
						dmabufx_xsk_data(e.near, desc.addr));
		assert_int_equal(dmabufx_xsk_tx_burst(e.near, &desc, 1), 1);
		receive(&e, &first, 1);
		assert_idle(e.near);
		assert_int_equal(fetch(&e, SOME), 0);
	}
	/* Nor after it was taken back, or replaced by another. */
	assert_int_equal(dmabufx_xsk_tx_alloc(e.near, &desc, 1), 1);
	desc.len = (uint32_t)net_packet(e.w->net, &flow, 3, dmabufx_xsk_data(e.near, desc.addr));
	assert_int_equal(dmabufx_xsk_tx_meta(e.near, &desc, &wish), 0);
	wish.flags = DMABUFX_TX_META_CHECKSUM;
	wish.csum_start = 50;
	assert_int_equal(dmabufx_xsk_tx_meta(e.near, &desc, &wish), 0);
	wish.flags = 0;
	assert_int_equal(dmabufx_xsk_tx_meta(e.near, &desc, &wish), 0);
	assert_int_equal(dmabufx_xsk_tx_burst(e.near, &desc, 1), 1);
	receive(&e, &first, 1);
	assert_idle(e.near);
	assert_int_equal(fetch(&e, SOME), 0);
	e.seq = 4;
	run(&e, 1000, 2);
	close_ends(&e);
}

/* Forwarded frames go home, own ones have times, and both go out by one ring. */
static void forwarded_frames_are_nobody_s_here(void **state)
{
	DMABUFX_OPTS(dmabufx_tx_meta, wish, .flags = DMABUFX_TX_META_TIMESTAMP);
	struct ends e = open_ends(state, NULL, NULL);
	struct net_flow out = { NET_NEAR, 0, 64 }, back = { NET_FAR, 0, 64 };
	struct lane lane = { .w = e.w, .from = e.far, .flow = back };
	uint64_t until = net_now_ms() + LONG_MS;
	uint32_t mine = 0, theirs = 0, seq;

	for (uint32_t round = 0; round < 200; round++) {
		struct dmabufx_desc *descs;
		uint32_t n, forwarded = 0;

		lane_send(&lane, 16);
		send_some(&e, 16, 2);
		while (forwarded < 16) {
			n = dmabufx_xsk_rx_burst(e.near, &descs, 16);
			if (n) {
				assert_fails(dmabufx_xsk_tx_meta(e.near, descs, &wish), EINVAL,
					     FRAME_STATE, "forwards");
				assert_int_equal(descs->options, 0);
			}
			assert_int_equal(dmabufx_xsk_forward(e.near, e.near, descs, n), n);
			forwarded += n;
			dmabufx_xsk_tx_reap(e.far);
			assert_true(net_now_ms() < until);
		}
		while (mine + theirs < 32 * (round + 1)) {
			n = dmabufx_xsk_rx_burst(e.far, &descs, 32);
			for (uint32_t i = 0; i < n; i++) {
				const void *at = dmabufx_xsk_data(e.far, descs[i].addr);

				if (net_check(e.w->net, &out, at, descs[i].len, &seq))
					assert_int_equal(seq, mine++);
				else if (net_check(e.w->net, &back, at, descs[i].len, &seq))
					assert_int_equal(seq, theirs++);
			}
			dmabufx_xsk_rx_release(e.far, descs, n);
			dmabufx_xsk_tx_reap(e.near);
			assert_true(net_now_ms() < until);
		}
		fetch(&e, SOME);
	}
	assert_int_equal(mine, theirs);
	assert_idle(e.near);
	fetch_all(&e);
	close_ends(&e);
}

static void drop_all(struct dmabufx_xsk *xsk)
{
	struct dmabufx_desc *descs;
	uint32_t n;

	while ((n = dmabufx_xsk_rx_burst(xsk, &descs, SOME)))
		dmabufx_xsk_rx_release(xsk, descs, n);
}

/* Frames of a socket that is closed while this one sends them. */
static void frames_of_a_closed_socket_come_back(void **state)
{
	DMABUFX_OPTS(dmabufx_xsk_opts, rx, .flags = DMABUFX_XSK_NO_TX);
	struct ends e = open_ends(state, NULL, NULL);
	struct dmabufx_xsk *other = xsk_open(e.w, NET_NEAR, 1, &rx);
	struct dmabufx_xsk *sender = xsk_open(e.w, NET_FAR, 1, NULL);
	struct lane lane = { .w = e.w, .from = sender, .flow = { NET_FAR, 0, 64 } };
	uint64_t until = net_now_ms() + LONG_MS;
	struct dmabufx_desc *descs;
	uint32_t n = 0;

	while (n < 8) {
		if (lane.sent < 64)
			lane_send(&lane, 8);
		n = dmabufx_xsk_rx_burst(other, &descs, 8);
		assert_int_equal(dmabufx_xsk_forward(other, e.near, descs, n), n);
		assert_true(net_now_ms() < until);
	}
	send_some(&e, 16, 1);
	drop_all(other);
	xsk_close(e.w, NET_NEAR, other);
	xsk_close(e.w, NET_FAR, sender);
	fetch_all(&e);
	drop_all(e.far);
	xsk_close(e.w, NET_FAR, e.far);
	xsk_close(e.w, NET_NEAR, e.near);
}

/* They stand in the same bytes: the kernel reads the one before it writes the other. */
static void checksum_and_time_go_together(void **state)
{
	DMABUFX_OPTS(dmabufx_tx_meta, wish,
		     .flags = DMABUFX_TX_META_TIMESTAMP | DMABUFX_TX_META_CHECKSUM, .cookie = 1000,
		     .csum_start = 60, .csum_offset = 0);
	DMABUFX_OPTS(dmabufx_umem_opts, umem, .tx_metadata_len = DMABUFX_TX_METADATA_LEN,
		     .flags = DMABUFX_UMEM_SW_CSUM);
	struct ends e = open_ends(state, &umem, NULL);
	struct net_flow flow = { NET_NEAR, 0, 64 };
	uint64_t until = net_now_ms() + LONG_MS;
	struct dmabufx_desc desc, *got;
	uint8_t *at;

	e.cookie = 1001;
	assert_int_equal(dmabufx_xsk_tx_alloc(e.near, &desc, 1), 1);
	at = dmabufx_xsk_data(e.near, desc.addr);
	desc.len = (uint32_t)net_packet(e.w->net, &flow, 0, at);
	memcpy(at + 60, (uint8_t[]){ 0, 0, 0x12, 0x34 }, 4);
	assert_int_equal(dmabufx_xsk_tx_meta(e.near, &desc, &wish), 0);
	assert_int_equal(dmabufx_xsk_tx_burst(e.near, &desc, 1), 1);
	while (!dmabufx_xsk_rx_burst(e.far, &got, 1))
		assert_true(net_now_ms() < until);
	at = dmabufx_xsk_data(e.far, got->addr);
	assert_int_equal(at[60], (uint8_t)~0x12);
	assert_int_equal(at[61], (uint8_t)~0x34);
	dmabufx_xsk_rx_release(e.far, got, 1);
	fetch_all(&e);
	close_ends(&e);
}

static void sockets_that_keep_none_are_told(void **state)
{
	DMABUFX_OPTS(dmabufx_umem_opts, umem, .tx_metadata_len = 8);
	DMABUFX_OPTS(dmabufx_xsk_opts, o, .flags = DMABUFX_XSK_TX_TIMESTAMPS | DMABUFX_XSK_NO_TX);
	struct xworld *w = *state;
	struct dmabufx_tx_timestamp time;
	struct dmabufx_xsk *xsk = NULL;

	assert_fails(xsk_try(w, NET_NEAR, 0, &o, &xsk), EINVAL, BAD_FLAGS, "sends nothing");
	o.flags = DMABUFX_XSK_TX_TIMESTAMPS;
	assert_fails(xsk_try(w, NET_NEAR, 0, &o, &xsk), EINVAL, TX_METADATA, "0 bytes", "24");
	assert_true(xworld_umem(w, &umem, false));
	assert_fails(xsk_try(w, NET_NEAR, 0, &o, &xsk), EINVAL, TX_METADATA, "8 bytes", "24");
	assert_null(xsk);
	xsk = xsk_open(w, NET_NEAR, 0, NULL);
	assert_fails(dmabufx_xsk_tx_timestamps(xsk, &time, 1), EINVAL, BAD_FLAGS,
		     "DMABUFX_XSK_TX_TIMESTAMPS");
	assert_fails(dmabufx_xsk_tx_timestamps(NULL, &time, 1), EINVAL, NULL_ARGUMENT, "xsk");
	assert_fails(dmabufx_xsk_tx_timestamps(xsk, NULL, 1), EINVAL, NULL_ARGUMENT, "ret");
	xsk_close(w, NET_NEAR, xsk);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		xsk_case(each_that_asked_is_told_once),
		xsk_case(chunks_of_3000_bytes_have_times),
		xsk_case(times_that_are_not_fetched_are_counted),
		xsk_case(wish_of_a_packet_that_was_not_sent_is_over),
		xsk_case(forwarded_frames_are_nobody_s_here),
		xsk_case(frames_of_a_closed_socket_come_back),
		xsk_case(checksum_and_time_go_together),
		xsk_case(sockets_that_keep_none_are_told),
	};

	net_need_privilege();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

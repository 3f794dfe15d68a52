// SPDX-License-Identifier: GPL-2.0-or-later
/* Packets that the kernel refuses: their frames come back, whether it completes them or not. */
#include "xsk_test.h"

#include <string.h>

#define GOOD 10u
#define BAD 3u
#define CHUNK 2048u
#define PATIENCE_MS 5000u
#define LOOKS 1000

enum kind { LONG, EMPTY, KINDS };

/* What dmabufx_xsk_tx_burst() wouldn't take in a build that checks. */
static struct dmabufx_desc spoil(struct dmabufx_desc desc, enum kind kind)
{
	desc.len = kind == LONG ? CHUNK * 2 : 0;
	return desc;
}

static void put(struct dmabufx_xsk *xsk, struct dmabufx_desc desc)
{
	((struct dmabufx_desc *)xsk->tx.slots)[xsk->tx.ours & xsk->tx.mask] = desc;
	dx_ring_publish(&xsk->tx, 1);
}

/* Until the kernel has taken all; it stops at each that it refuses. */
static void kick(struct dmabufx_xsk *xsk)
{
	uint64_t until = net_now_ms() + PATIENCE_MS;

	while (dx_ring_look(&xsk->tx)) {
		dmabufx_xsk_kick_tx(xsk);
		assert_true(net_now_ms() < until);
	}
}

/* Of the socket's own frames, from @at on. */
static void send_bad(struct dmabufx_xsk *xsk, const struct dmabufx_desc *descs, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		put(xsk, spoil(descs[i], (enum kind)(i % KINDS)));
	kick(xsk);
}

static void take_bad(struct dmabufx_xsk *xsk, uint32_t n)
{
	struct dmabufx_desc descs[64];

	assert_int_equal(dmabufx_xsk_tx_alloc(xsk, descs, n), n);
	send_bad(xsk, descs, n);
}

static void reap(struct dmabufx_xsk *xsk, uint32_t upto)
{
	uint64_t until = net_now_ms() + PATIENCE_MS;

	while (dmabufx_xsk_tx_pending(xsk) != upto) {
		dmabufx_xsk_tx_reap(xsk);
		assert_true(net_now_ms() < until);
	}
}

/* Kernels that complete what they refuse give it back themselves. */
static void assert_all_back(struct dmabufx_xsk *xsk, uint32_t refused)
{
	struct dmabufx_xsk_stats s = stats_of(xsk);

	assert_int_equal(s.tx_in_kernel, 0);
	assert_int_equal(s.tx_held, 0);
	assert_int_equal(s.tx_free, xsk->tx_frames);
	assert_int_equal(s.tx_invalid, refused);
	assert_true(s.tx_refused == 0 || s.tx_refused == refused);
	assert_int_equal(s.rx_in_kernel, xsk->rx_frames);
	assert_int_equal(s.rx_forwarding, 0);
}

/* Each frame once: where it is neither with the kernel nor the caller. */
static void assert_distinct(const uint64_t *addrs, uint32_t first, uint32_t n, uint32_t mask)
{
	static bool seen[16384];

	memset(seen, 0, sizeof(seen));
	for (uint32_t i = 0; i < n; i++) {
		uint64_t nth = (addrs[(first + i) & mask] & DMABUFX_ADDR_MASK) / CHUNK;

		assert_in_range(nth, 0, sizeof(seen) - 1);
		assert_false(seen[nth]);
		seen[nth] = true;
	}
}

static void assert_free_ones_distinct(struct dmabufx_xsk *xsk)
{
	uint32_t first = *xsk->fill.theirs_shared;

	assert_distinct(xsk->stack, 0, xsk->nstack, UINT32_MAX);
	assert_distinct(xsk->fill.slots, first, xsk->fill.ours - first, xsk->fill.mask);
}

static struct lane lane_of(struct xworld *w, struct dmabufx_xsk *near, struct dmabufx_xsk *far)
{
	return (struct lane){
		.w = w, .from = near, .to = far, .flow = { .from = NET_NEAR, .len = 64 }
	};
}

static void they_come_back_among_good_ones(void **state)
{
	struct xworld *w = *state;
	struct dmabufx_xsk *near = xsk_open(w, NET_NEAR, 0, NULL);
	struct dmabufx_xsk *far = xsk_open(w, NET_FAR, 0, NULL);
	static struct lane lane;

	lane = lane_of(w, near, far);
	lanes_run(&lane, 1, GOOD);
	take_bad(near, BAD);
	lanes_run(&lane, 1, GOOD);
	reap(near, 0);
	assert_all_back(near, BAD);
	assert_free_ones_distinct(near);
	/* More than the socket has frames, and more than the ring has entries. */
	for (uint32_t n = BAD; n < 3000; n += 50) {
		take_bad(near, 50);
		lanes_run(&lane, 1, GOOD);
		reap(near, 0);
		assert_all_back(near, n + 50);
	}
	assert_free_ones_distinct(near);
	lanes_run(&lane, 1, 5000);
	xsk_close(w, NET_NEAR, near);
	xsk_close(w, NET_FAR, far);
}

static void chunks_of_any_size_come_back(void **state)
{
	DMABUFX_OPTS(dmabufx_umem_opts, umem, .chunk_size = 3000, .tx_metadata_len = 24,
		     .flags = DMABUFX_UMEM_UNALIGNED);
	struct xworld *w = *state;
	struct dmabufx_xsk *xsk;
	struct dmabufx_desc before[512], after[512];

	assert_true(xworld_umem(w, &umem, false));
	xsk = xsk_open(w, NET_NEAR, 0, NULL);
	assert_int_equal(dmabufx_xsk_tx_alloc(xsk, before, 512), 512);
	for (uint32_t i = 0; i < 512; i++)
		put(xsk, spoil(before[i], EMPTY));
	kick(xsk);
	reap(xsk, 0);
	assert_int_equal(dmabufx_xsk_tx_alloc(xsk, after, 512), 512);
	/* The same, in either order. */
	for (uint32_t i = 0; i < 512; i++)
		assert_int_equal(after[i].addr,
				 before[after[0].addr == before[0].addr ? i : 511 - i].addr);
	dmabufx_xsk_tx_free(xsk, after, 512);
	xsk_close(w, NET_NEAR, xsk);
}

static void frames_that_the_caller_holds_stay_with_it(void **state)
{
	struct xworld *w = *state;
	struct dmabufx_xsk *xsk = xsk_open(w, NET_NEAR, 0, NULL);
	struct dmabufx_desc held[5];

	assert_int_equal(dmabufx_xsk_tx_alloc(xsk, held, 5), 5);
	take_bad(xsk, BAD);
	reap(xsk, 0);
	assert_int_equal(stats_of(xsk).tx_held, 5);
	for (uint32_t i = 0; i < xsk->nstack; i++) {
		for (int h = 0; h < 5; h++)
			assert_int_not_equal(xsk->stack[i], held[h].addr);
	}
	dmabufx_xsk_tx_free(xsk, held, 5);
	assert_all_back(xsk, BAD);
	assert_free_ones_distinct(xsk);
	xsk_close(w, NET_NEAR, xsk);
}

/* Which goes on while the link is down. */
static void packets_that_are_being_sent_stay_with_the_kernel(void **state)
{
	struct xworld *w = *state;
	struct dmabufx_xsk *xsk = xsk_open(w, NET_NEAR, 0, NULL);
	struct dmabufx_desc desc;

	take_bad(xsk, BAD);
	net_down(w->net, NET_NEAR);
	assert_int_equal(dmabufx_xsk_tx_alloc(xsk, &desc, 1), 1);
	desc.len = 64;
	memset(dmabufx_xsk_data(xsk, desc.addr), 0xff, 64);
	assert_int_equal(dmabufx_xsk_tx_burst(xsk, &desc, 1), 1);
	for (int i = 0; i < LOOKS; i++)
		dmabufx_xsk_tx_reap(xsk);
	assert_int_equal(stats_of(xsk).tx_in_kernel, 1);
	net_up(w->net, NET_NEAR);
	net_wait_carrier(w->net, NET_NEAR);
	reap(xsk, 0);
	assert_all_back(xsk, BAD);
	xsk_close(w, NET_NEAR, xsk);
}

/* Two sockets of one end, and packets that have arrived at the first. */
static void arrive(struct xworld *w, struct dmabufx_xsk *near, struct dmabufx_xsk *far, uint32_t n,
		   struct dmabufx_desc *ret)
{
	static struct lane lane;
	struct dmabufx_desc *descs;

	lane = lane_of(w, far, NULL);
	lane.flow.from = NET_FAR;
	lanes_run(&lane, 1, n);
	for (uint32_t got = 0, some; got < n; got += some) {
		assert_int_equal(dmabufx_xsk_wait(&near, 1, 2000), 1);
		some = dmabufx_xsk_rx_burst(near, &descs, n - got);
		memcpy(ret + got, descs, some * sizeof(*ret));
	}
}

static void forward_bad(struct dmabufx_xsk *in, struct dmabufx_xsk *out, struct dmabufx_desc desc)
{
	if (out->tx_from != in)
		out->tx_from = out->foreign ? NULL : in;
	in->forwarded++;
	out->foreign++;
	put(out, desc);
}

static void forwarded_ones_are_received_into_again(void **state)
{
	struct xworld *w = *state;
	struct dmabufx_xsk *in = xsk_open(w, NET_NEAR, 0, NULL);
	struct dmabufx_xsk *out = xsk_open(w, NET_NEAR, 1, NULL);
	struct dmabufx_xsk *far = xsk_open(w, NET_FAR, 0, NULL);

	for (uint32_t round = 1; round <= 300; round++) {
		struct dmabufx_desc descs[6];

		arrive(w, in, far, 6, descs);
		forward_bad(in, out, spoil(descs[0], LONG));
		assert_int_equal(dmabufx_xsk_forward(in, out, descs + 1, 4), 4);
		forward_bad(in, out, spoil(descs[5], EMPTY));
		take_bad(out, 1);
		reap(out, 0);
		assert_all_back(out, round * 3);
		assert_all_back(in, 0);
	}
	assert_free_ones_distinct(in);
	assert_free_ones_distinct(out);
	xsk_close(w, NET_FAR, far);
	xsk_close(w, NET_NEAR, in);
	xsk_close(w, NET_NEAR, out);
}

/* Of a packet of several frames all are dropped; and nobody looks for them but closing. */
static void dropped_packets_come_back_when_a_socket_is_closed(void **state)
{
	struct xworld *w = *state;

	for (int first = 0; first < 2; first++) {
		struct dmabufx_xsk *in = xsk_open(w, NET_NEAR, 0, NULL);
		struct dmabufx_xsk *out = xsk_open(w, NET_NEAR, 1, NULL);
		struct dmabufx_xsk *far = xsk_open(w, NET_FAR, 0, NULL);
		struct dmabufx_desc descs[6];

		arrive(w, in, far, 6, descs);
		descs[0].options = DMABUFX_DESC_MORE;
		forward_bad(in, out, descs[0]);
		forward_bad(in, out, spoil(descs[1], LONG));
		kick(out);
		assert_int_equal(dmabufx_xsk_forward(in, out, descs + 2, 4), 4);
		xsk_close(w, NET_NEAR, first ? in : out);
		if (!first) {
			assert_int_equal(stats_of(in).rx_forwarding, 0);
			assert_free_ones_distinct(in);
		}
		xsk_close(w, NET_NEAR, first ? out : in);
		xsk_close(w, NET_FAR, far);
		assert_all_free(w);
	}
}

static void close_frees_those_that_nobody_looked_for(void **state)
{
	struct xworld *w = *state;
	struct dmabufx_xsk *xsk = xsk_open(w, NET_NEAR, 0, NULL);
	struct dmabufx_desc held[5];

	assert_int_equal(dmabufx_xsk_tx_alloc(xsk, held, 5), 5);
	take_bad(xsk, BAD);
	xsk_close(w, NET_NEAR, xsk);
	for (int i = 0; i < 5; i++)
		assert_int_equal(dmabufx_umem_frame_free(w->umem, &held[i].addr, 1), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		xsk_case(they_come_back_among_good_ones),
		xsk_case(chunks_of_any_size_come_back),
		xsk_case(frames_that_the_caller_holds_stay_with_it),
		xsk_case(packets_that_are_being_sent_stay_with_the_kernel),
		xsk_case(forwarded_ones_are_received_into_again),
		xsk_case(dropped_packets_come_back_when_a_socket_is_closed),
		xsk_case(close_frees_those_that_nobody_looked_for),
	};

	net_need_privilege();
	cmocka_set_test_filter(getenv("NET_CASES"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Packets through sockets, in each mode and both directions, byte by byte and in order. */
#include "xsk_test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LONG_LANE 300

static const uint32_t lens[] = { 60, 64, 65, 128, 777, 1514 };
#define NLENS (sizeof(lens) / sizeof(lens[0]))

static struct lane near_far[2];

static void pair_of_lanes(struct xworld *w, struct dmabufx_xsk *near, struct dmabufx_xsk *far)
{
	memset(near_far, 0, sizeof(near_far));
	near_far[0] = (struct lane){ .w = w, .from = near, .to = far, .flow = { NET_NEAR, 0, 64 } };
	near_far[1] = (struct lane){ .w = w, .from = far, .to = near, .flow = { NET_FAR, 7, 64 } };
}

/* Both directions at once, all lengths, and several times around the rings. */
static void move(struct xworld *w, const struct dmabufx_xsk_opts *opts, uint32_t lead)
{
	struct dmabufx_xsk *near = xsk_open(w, NET_NEAR, 0, opts);
	struct dmabufx_xsk *far = xsk_open(w, NET_FAR, 0, opts);

	pair_of_lanes(w, near, far);
	for (size_t i = 0; i < NLENS; i++) {
		for (int l = 0; l < 2; l++) {
			near_far[l].flow.len = lens[i];
			near_far[l].lead = lead;
		}
		lanes_run(near_far, 2, LONG_LANE);
	}
	near_far[0].flow.len = 64;
	near_far[1].flow.len = 64;
	lanes_run(near_far, 2, net_count("NET_PACKETS", 20000));
	assert_idle(near);
	assert_idle(far);
	assert_int_equal(stats_of(near).rx_frames, near_far[1].got);
	assert_int_equal(stats_of(near).tx_frames, near_far[0].sent);
	xsk_close(w, NET_FAR, far);
	xsk_close(w, NET_NEAR, near);
}

static void native_moves_all(void **state)
{
	DMABUFX_OPTS(dmabufx_xsk_opts, opts, .mode = DMABUFX_XDP_NATIVE);

	move(*state, &opts, 0);
}

static void generic_moves_all(void **state)
{
	DMABUFX_OPTS(dmabufx_xsk_opts, opts, .mode = DMABUFX_XDP_GENERIC);

	move(*state, &opts, 0);
}

static void default_moves_all(void **state)
{
	move(*state, NULL, 0);
}

static void without_need_wakeup_moves_all(void **state)
{
	DMABUFX_OPTS(dmabufx_xsk_opts, opts, .flags = DMABUFX_XSK_NO_NEED_WAKEUP,
		     .zc = DMABUFX_ZC_FORBID);

	move(*state, &opts, 0);
}

static void few_frames_move_all(void **state)
{
	DMABUFX_OPTS(dmabufx_xsk_opts, opts, .rx_frames = 256, .tx_frames = 33, .tx_ring = 32);

	move(*state, &opts, 0);
}

static void payload_profile_moves_all(void **state)
{
	DMABUFX_OPTS(dmabufx_xsk_opts, opts, .rx_profile = DMABUFX_RX_PAYLOAD, .tx_frames = 1000);
	struct xworld *w = *state;

	assert_true(xworld_umem(w, NULL, false));
	/* 2 * (4,096 + 1,000) frames are more than 8,192. */
	opts.tx_frames = 0;
	opts.rx_frames = 2048;
	move(w, &opts, 0);
}

/* Packets that begin later in their frames leave the frames where they were. */
static void packets_may_begin_later(void **state)
{
	move(*state, NULL, 100);
}

static void chunks_of_4096(void **state)
{
	DMABUFX_OPTS(dmabufx_umem_opts, opts, .chunk_size = 4096, .headroom = 128,
		     .tx_metadata_len = 24);
	DMABUFX_OPTS(dmabufx_xsk_opts, few, .rx_frames = 512);

	assert_true(xworld_umem(*state, &opts, false));
	move(*state, &few, 0);
	move(*state, &few, 64);
}

static void chunks_that_cross_pages(void **state)
{
	DMABUFX_OPTS(dmabufx_umem_opts, opts, .chunk_size = 3000, .headroom = 64,
		     .tx_metadata_len = 24, .flags = DMABUFX_UMEM_UNALIGNED);

	assert_true(xworld_umem(*state, &opts, false));
	move(*state, NULL, 0);
	move(*state, NULL, 64);
}

static void huge_pages(void **state)
{
	if (!xworld_umem(*state, NULL, true)) {
		assert_true(xworld_umem(*state, NULL, false));
		print_message("no huge pages are free\n");
		skip();
	}
	move(*state, NULL, 0);
}

/* The kernel leaves what was asked for free before a packet, beside its own. */
static void headroom_is_left_free(void **state)
{
	DMABUFX_OPTS(dmabufx_umem_opts, opts, .headroom = 192);
	struct net_flow flow = { .from = NET_FAR, .len = 100 };
	struct xworld *w = *state;
	struct dmabufx_xsk *near[2];
	struct dmabufx_desc *desc;
	int far;

	assert_true(xworld_umem(w, &opts, false));
	assert_int_equal(dmabufx_xsk_open_all(w->umem, "near", NULL, near, 2), 2);
	far = net_raw(w->net, NET_FAR);
	net_send(w->net, far, &flow, 0, 1);
	assert_int_equal(dmabufx_xsk_wait(near, 2, 2000), 1);
	for (int q = 0; q < 2; q++) {
		uint32_t n = dmabufx_xsk_rx_burst(near[q], &desc, 8);

		if (n)
			assert_int_equal(desc->addr % 2048, 256 + 192);
		dmabufx_xsk_rx_release(near[q], desc, n);
	}
	for (int q = 0; q < 2; q++) {
		assert_idle(near[q]);
		xsk_close(w, NET_NEAR, near[q]);
	}
	close(far);
}

/* Room for metadata stands before each frame to send from, also in frames that came back. */
static void metadata_room_is_left_free(void **state)
{
	DMABUFX_OPTS(dmabufx_umem_opts, opts, .tx_metadata_len = 24);
	DMABUFX_OPTS(dmabufx_xsk_opts, few, .tx_frames = 8, .flags = DMABUFX_XSK_NO_RX);
	struct xworld *w = *state;
	struct dmabufx_desc descs[8];
	struct dmabufx_xsk *xsk;

	assert_true(xworld_umem(w, &opts, false));
	xsk = xsk_open(w, NET_NEAR, 0, &few);
	for (int round = 0; round < 3; round++) {
		assert_int_equal(dmabufx_xsk_tx_alloc(xsk, descs, 8), 8);
		for (int i = 0; i < 8; i++) {
			assert_int_equal(descs[i].addr % 2048, 24);
			assert_int_equal(descs[i].len, 0);
			assert_int_equal(descs[i].options, 0);
			memset(dmabufx_xsk_data(xsk, descs[i].addr), 0xff, 60);
			descs[i].addr += 10;
			descs[i].len = 60;
		}
		assert_int_equal(dmabufx_xsk_tx_burst(xsk, descs, 4), 4);
		dmabufx_xsk_tx_free(xsk, descs + 4, 4);
		assert_idle(xsk);
	}
	xsk_close(w, NET_NEAR, xsk);
}

/* TX and RX chains. */
static void jumbo(struct xworld *w, uint32_t mode, uint32_t chunk, uint32_t flags)
{
	DMABUFX_OPTS(dmabufx_umem_opts, umem, .chunk_size = chunk, .flags = flags);
	DMABUFX_OPTS(dmabufx_xsk_opts, opts, .mode = mode, .rx_frames = 1024, .tx_frames = 200,
		     .flags = DMABUFX_XSK_MULTI_BUFFER);
	static const uint32_t sizes[] = { XSK_JUMBO, 60, 1514, 2048, 2049, 4096, 5000 };
	struct dmabufx_xsk *near, *far;

	assert_true(xworld_umem(w, &umem, false));
	near = xsk_open(w, NET_NEAR, 0, &opts);
	far = xsk_open(w, NET_FAR, 0, &opts);
	pair_of_lanes(w, near, far);
	near_far[0].window = 40;
	near_far[1].window = 40;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		near_far[0].flow.len = sizes[i];
		near_far[1].flow.len = sizes[i];
		lanes_run(near_far, 2, LONG_LANE);
	}
	assert_true(stats_of(near).rx_frames > near_far[1].got);
	assert_idle(near);
	assert_idle(far);
	xsk_close(w, NET_FAR, far);
	xsk_close(w, NET_NEAR, near);
}

static void jumbo_packets_come_in_chains(void **state)
{
	struct xworld *w = *state;

	net_mtu(w->net, 9000);
	jumbo(w, DMABUFX_XDP_NATIVE, 2048, 0);
	jumbo(w, DMABUFX_XDP_NATIVE, 4096, 0);
	jumbo(w, DMABUFX_XDP_NATIVE, 3000, DMABUFX_UMEM_UNALIGNED);
	jumbo(w, DMABUFX_XDP_GENERIC, 2048, 0);
}

static void each_queue_has_its_socket(void **state)
{
	struct xworld *w = *state;
	struct dmabufx_xsk *near[3] = { NULL }, *far[2] = { NULL };

	assert_int_equal(dmabufx_xsk_open_all(w->umem, "near", NULL, near, 3), 2);
	assert_null(near[2]);
	net_enter(w->net, NET_FAR);
	assert_int_equal(dmabufx_xsk_open_all(w->umem, "far", NULL, far, 2), 2);
	net_enter(w->net, NET_NEAR);
	for (uint32_t q = 0; q < 2; q++) {
		assert_int_equal(info_of(near[q]).queue, q);
		assert_int_equal(info_of(far[q]).shared, q);
		pair_of_lanes(w, near[q], far[q]);
		lanes_run(near_far, 2, 1000);
		assert_idle(near[q]);
		assert_idle(far[q]);
	}
	for (int q = 0; q < 2; q++) {
		xsk_close(w, NET_NEAR, near[q]);
		xsk_close(w, NET_FAR, far[q]);
	}
}

/* One that only sends, one that only receives. */
static void one_direction_is_enough(void **state)
{
	DMABUFX_OPTS(dmabufx_xsk_opts, sends, .flags = DMABUFX_XSK_NO_RX);
	DMABUFX_OPTS(dmabufx_xsk_opts, receives, .flags = DMABUFX_XSK_NO_TX);
	struct xworld *w = *state;
	struct dmabufx_xsk *near = xsk_open(w, NET_NEAR, 0, &sends);
	struct dmabufx_xsk *far = xsk_open(w, NET_FAR, 0, &receives);
	struct dmabufx_desc *descs, desc = { 0 };

	assert_int_equal(prog_at(w, NET_NEAR), 0);
	assert_int_not_equal(prog_at(w, NET_FAR), 0);
	pair_of_lanes(w, near, far);
	lanes_run(near_far, 1, 5000);
	/* The other half does nothing, and does no harm. */
	assert_int_equal(dmabufx_xsk_rx_burst(near, &descs, 8), 0);
	assert_int_equal(dmabufx_xsk_tx_alloc(far, &desc, 1), 0);
	assert_int_equal(dmabufx_xsk_tx_reap(far), 0);
	assert_int_equal(dmabufx_xsk_tx_burst(far, &desc, 0), 0);
	assert_int_equal(dmabufx_xsk_tx_pending(far), 0);
	assert_int_equal(dmabufx_xsk_tx_alloc(near, &desc, 1), 1);
	memset(dmabufx_xsk_data(near, desc.addr), 0xff, 60);
	desc.len = 60;
	assert_int_equal(dmabufx_xsk_tx_burst(near, &desc, 1), 1);
	assert_int_equal(dmabufx_xsk_wait(&far, 1, 2000), 1);
	assert_int_equal(dmabufx_xsk_rx_burst(far, &descs, 1), 1);
	assert_int_equal(dmabufx_xsk_forward(far, far, descs, 1), 0);
	dmabufx_xsk_rx_release(far, descs, 1);
	assert_idle(near);
	assert_idle(far);
	xsk_close(w, NET_NEAR, near);
	xsk_close(w, NET_FAR, far);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		xsk_case(default_moves_all),
		xsk_case(native_moves_all),
		xsk_case(generic_moves_all),
		xsk_case(without_need_wakeup_moves_all),
		xsk_case(few_frames_move_all),
		xsk_case(payload_profile_moves_all),
		xsk_case(packets_may_begin_later),
		xsk_case(chunks_of_4096),
		xsk_case(chunks_that_cross_pages),
		xsk_case(huge_pages),
		xsk_case(headroom_is_left_free),
		xsk_case(metadata_room_is_left_free),
		xsk_case(jumbo_packets_come_in_chains),
		xsk_case(each_queue_has_its_socket),
		xsk_case(one_direction_is_enough),
	};

	net_need_privilege();
	cmocka_set_test_filter(getenv("NET_CASES"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}

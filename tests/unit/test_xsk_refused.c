// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Packets that the kernel refuses, on kernels that complete them and on such that don't: the
 * test is the kernel. No frame comes back that it still has, and none that the caller holds.
 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "fake_net.h"
#include "xsk/xsk_priv.h"

#define RX 256u
#define TX 64u
#define RING 64u
#define CHUNK 2048u

/* Whose a frame is. */
enum where { FREE, HELD, GIVEN, FLYING };

struct kernel {
	struct unit *u;
	struct fake_netdev *dev;
	struct dmabufx_buf *buf;
	struct dmabufx_umem *umem;
	struct dmabufx_xsk *in; /* what it receives is forwarded by: */
	struct dmabufx_xsk *out;
	bool completes; /* what it refuses */
	bool lazy; /* the caller seldom asks what became of packets, so laps go by */
	uint64_t flying[RING]; /* addresses that it sends */
	uint32_t nflying;
	uint64_t packet[RING]; /* the beginning of one */
	uint32_t npacket;
	uint32_t refused;
	enum where where[4 * MIB / CHUNK];
	struct dmabufx_desc held[RX + TX];
	uint32_t nheld;
};

static struct dmabufx_xsk *open_one(struct kernel *k, uint32_t queue, uint32_t zc)
{
	DMABUFX_OPTS(dmabufx_xsk_opts, o, .zc = zc, .rx_frames = RX, .tx_frames = TX,
		     .tx_ring = RING, .wait_ms = 100, .flags = DMABUFX_XSK_NO_PROG);
	struct dmabufx_xsk *xsk;

	assert_int_equal(dmabufx_xsk_open(k->umem, "eth0", queue, &o, &xsk), 0);
	return xsk;
}

static struct kernel *new_kernel(void **state, bool completes, uint32_t zc)
{
	static struct kernel k;

	memset(&k, 0, sizeof(k));
	k.u = *state;
	k.completes = completes;
	k.dev = fake_add_netdev(k.u->f, "eth0");
	k.dev->zc_err = 0;
	k.buf = new_memfd(k.u, 4 * MIB);
	assert_int_equal(dmabufx_umem_new(k.u->ctx, k.buf, NULL, &k.umem), 0);
	k.in = open_one(&k, 0, zc);
	k.out = open_one(&k, 1, zc);
	return &k;
}

/* Whatever was refused, and whatever is on the way: all is free afterwards. */
static void end_kernel(struct kernel *k)
{
	struct dmabufx_umem_info info = { .size = sizeof(info) };

	dmabufx_xsk_close(k->out);
	dmabufx_xsk_close(k->in);
	for (uint32_t i = 0; i < k->nheld; i++)
		assert_int_equal(dmabufx_umem_frame_free(k->umem, &k->held[i].addr, 1), 0);
	assert_int_equal(dmabufx_umem_get_info(k->umem, &info), 0);
	assert_int_equal(info.frames_free, info.frames);
	dmabufx_umem_unref(k->umem);
	dmabufx_buf_unref(k->buf);
	k->u->f->net->ndevs = 0;
}

static enum where *where(struct kernel *k, uint64_t addr)
{
	return &k->where[addr / CHUNK];
}

static void complete_at(struct kernel *k, uint32_t nth)
{
	struct dmabufx_ring *done = &k->out->done;
	uint32_t *producer = (uint32_t *)done->theirs_shared;

	((uint64_t *)done->slots)[*producer & done->mask] = k->flying[nth];
	++*producer;
	*where(k, k->flying[nth]) = FREE;
	k->flying[nth] = k->flying[--k->nflying];
}

static void drop_packet(struct kernel *k)
{
	for (uint32_t i = 0; i < k->npacket; i++) {
		if (k->completes) {
			k->flying[k->nflying++] = k->packet[i];
			complete_at(k, k->nflying - 1);
		}
		*where(k, k->packet[i]) = FREE;
	}
	k->refused += k->npacket;
	k->npacket = 0;
}

/* Takes a descriptor out of the TX ring; false: there is none. */
static bool take(struct kernel *k)
{
	struct dmabufx_ring *tx = &k->out->tx;
	uint32_t *consumer = (uint32_t *)tx->theirs_shared;
	const struct dmabufx_desc *desc;

	if (*consumer == *tx->ours_shared)
		return false;
	desc = (const struct dmabufx_desc *)tx->slots + (*consumer & tx->mask);
	assert_int_equal(*where(k, desc->addr), GIVEN);
	*where(k, desc->addr) = FLYING;
	k->packet[k->npacket++] = desc->addr;
	if (!desc->len || desc->len > CHUNK) {
		drop_packet(k);
	} else if (!(desc->options & DMABUFX_DESC_MORE)) {
		memcpy(k->flying + k->nflying, k->packet, k->npacket * sizeof(k->packet[0]));
		k->nflying += k->npacket;
		k->npacket = 0;
	}
	++*consumer;
	return true;
}

static void receive(struct kernel *k, uint32_t n)
{
	struct dmabufx_ring *rx = &k->in->rx, *fill = &k->in->fill;
	uint32_t *producer = (uint32_t *)rx->theirs_shared;
	uint32_t *consumer = (uint32_t *)fill->theirs_shared;
	struct dmabufx_desc *descs;

	for (; n && *consumer != *fill->ours_shared; n--) {
		uint64_t addr = ((uint64_t *)fill->slots)[*consumer & fill->mask];

		assert_int_equal(*where(k, addr), FREE);
		*where(k, addr) = HELD;
		((struct dmabufx_desc *)rx->slots)[*producer & rx->mask] = (struct dmabufx_desc){
			.addr = addr, .len = 64
		};
		++*consumer;
		++*producer;
	}
	while ((n = dmabufx_xsk_rx_burst(k->in, &descs, RX))) {
		memcpy(k->held + k->nheld, descs, n * sizeof(*descs));
		k->nheld += n;
	}
}

static bool is_received(const struct kernel *k, uint64_t addr)
{
	return addr / CHUNK - dx_xsk_of(k->in)->rx_frames->first < RX;
}

static void alloc(struct kernel *k, uint32_t n)
{
	struct dmabufx_desc *descs = k->held + k->nheld;

	n = dmabufx_xsk_tx_alloc(k->out, descs, n);
	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(*where(k, descs[i].addr), FREE);
		*where(k, descs[i].addr) = HELD;
		descs[i].len = 64;
	}
	k->nheld += n;
}

/* One of those held, if there is room. */
static void give(struct kernel *k, uint32_t nth, uint32_t len, uint32_t options)
{
	struct dmabufx_desc desc = k->held[nth];

	desc.len = len;
	desc.options = options;
	*where(k, desc.addr) = GIVEN;
	if (is_received(k, desc.addr) ? dmabufx_xsk_forward(k->in, k->out, &desc, 1) :
					dmabufx_xsk_tx_burst(k->out, &desc, 1))
		k->held[nth] = k->held[--k->nheld];
	else
		*where(k, desc.addr) = HELD;
}

static void put_back(struct kernel *k, uint32_t nth)
{
	*where(k, k->held[nth].addr) = FREE;
	if (is_received(k, k->held[nth].addr))
		dmabufx_xsk_rx_release(k->in, &k->held[nth], 1);
	else
		dmabufx_xsk_tx_free(k->out, &k->held[nth], 1);
	k->held[nth] = k->held[--k->nheld];
}

static void finish(struct kernel *k)
{
	while (take(k))
		;
	while (k->nflying)
		complete_at(k, 0);
	for (int i = 0; i < 10; i++)
		dmabufx_xsk_tx_reap(k->out);
}

static void assert_all_back(struct kernel *k)
{
	struct dmabufx_xsk_stats s = { .size = sizeof(s) };

	assert_int_equal(dmabufx_xsk_get_stats(k->out, &s), 0);
	assert_int_equal(s.tx_in_kernel, 0);
	assert_int_equal(s.tx_free + s.tx_held, TX);
	assert_int_equal(s.tx_refused, k->completes ? 0 : k->refused);
	assert_int_equal(dmabufx_xsk_get_stats(k->in, &s), 0);
	assert_int_equal(s.rx_forwarding, 0);
	/* Each of them can be had. */
	alloc(k, TX);
	receive(k, RX);
	assert_int_equal(k->nheld, TX + RX);
	while (k->nheld)
		put_back(k, 0);
}

/* Among good ones, own and forwarded, with some held all the while. */
static void check_all_come_back(void **state, bool completes, uint32_t zc)
{
	struct kernel *k = new_kernel(state, completes, zc);

	for (uint32_t round = 0; round < 200; round++) {
		alloc(k, 8);
		receive(k, 8);
		for (uint32_t i = 0; i < 8; i++)
			give(k, (i + round) % k->nheld, i % 3 ? 64 : i % 2 ? 0 : CHUNK + 1, 0);
		finish(k);
		while (k->nheld > 4)
			put_back(k, 0);
	}
	while (k->nheld)
		put_back(k, 0);
	assert_int_equal(k->refused, 600);
	assert_all_back(k);
	end_kernel(k);
}

#define each_kernel(check)                                            \
	do {                                                          \
		for (int completes = 0; completes < 2; completes++) { \
			check(state, completes, DMABUFX_ZC_FORBID);   \
			check(state, completes, DMABUFX_ZC_REQUIRE);  \
		}                                                     \
	} while (0)

static void refused_frames_come_back(void **state)
{
	each_kernel(check_all_come_back);
}

/* A packet is dropped as a whole, also if it was looked for when only a part was there. */
static void check_packets(void **state, bool completes, uint32_t zc)
{
	struct kernel *k = new_kernel(state, completes, zc);

	alloc(k, 6);
	receive(k, 2);
	give(k, 0, 64, 0);
	give(k, 0, 64, DMABUFX_DESC_MORE);
	give(k, 0, 64, DMABUFX_DESC_MORE);
	finish(k);
	assert_int_equal(dmabufx_xsk_tx_pending(k->out), 2);
	while (k->nheld > 1)
		give(k, 0, 64, DMABUFX_DESC_MORE);
	give(k, 0, 0, 0);
	finish(k);
	assert_int_equal(k->refused, 7);
	assert_all_back(k);
	end_kernel(k);
}

static void dropped_packets_come_back_whole(void **state)
{
	each_kernel(check_packets);
}

/* Nobody looks, or nothing is quiet: it looks by itself, so that the ring is never full of them. */
static void check_busy(void **state, bool completes, uint32_t zc)
{
	struct kernel *k = new_kernel(state, completes, zc);

	for (uint32_t round = 0; round < 2000; round++) {
		alloc(k, 2);
		assert_int_equal(k->nheld, 2);
		give(k, 0, 64, 0);
		give(k, 0, round % 4 ? 64 : 0, 0);
		dmabufx_xsk_kick_tx(k->out);
		while (take(k))
			;
		while (k->nflying > 1)
			complete_at(k, 0);
	}
	finish(k);
	end_kernel(k);
}

static void busy_sender_loses_none(void **state)
{
	for (int completes = 0; completes < 2; completes++)
		check_busy(state, completes, DMABUFX_ZC_FORBID);
}

static void step(struct kernel *k)
{
	uint32_t nth = k->nheld ? (uint32_t)rand() % k->nheld : 0;

	switch (rand() % 9) {
	case 0:
		if (k->nheld < TX)
			alloc(k, 1 + (uint32_t)rand() % 8);
		break;
	case 1:
		if (k->nheld < TX)
			receive(k, (uint32_t)rand() % 8);
		break;
	case 2:
	case 3:
		if (k->nheld)
			give(k, nth, rand() % 4 ? 64 : 0, rand() % 8 ? 0 : DMABUFX_DESC_MORE);
		break;
	case 4:
		if (k->nheld)
			put_back(k, nth);
		break;
	case 5:
		if (!k->lazy || !(rand() % 100))
			dmabufx_xsk_tx_reap(k->out);
		break;
	case 6:
		if (!k->lazy)
			dmabufx_xsk_kick_tx(k->out);
		break;
	case 7:
		for (int i = rand() % 4; i; i--)
			take(k);
		break;
	case 8:
		for (int i = rand() % 4; i && k->nflying; i--)
			complete_at(k, (uint32_t)rand() % k->nflying);
		break;
	}
}

static void check_random(void **state, bool completes, uint32_t zc)
{
	for (int lazy = 0; lazy < 2; lazy++) {
		struct kernel *k = new_kernel(state, completes, zc);

		k->lazy = lazy;
		for (int i = unit_steps(20000); i; i--)
			step(k);
		end_kernel(k);
	}
}

static void no_frame_comes_back_that_the_kernel_has(void **state)
{
	unit_seed();
	each_kernel(check_random);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(refused_frames_come_back, unit_ctx),
		unit_case(dropped_packets_come_back_whole, unit_ctx),
		unit_case(busy_sender_loses_none, unit_ctx),
		unit_case(no_frame_comes_back_that_the_kernel_has, unit_ctx),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

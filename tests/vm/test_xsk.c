// SPDX-License-Identifier: GPL-2.0-or-later
/* AF_XDP on drivers that have zero copy: igb and virtio-net, on one wire. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dma.h"
#include "wire.h"

#define WINDOW 48u

static const uint32_t lengths[] = { 60, 64, 65, 511, 1024, 1514 };

#define LENGTHS (sizeof(lengths) / sizeof(lengths[0]))

/* Both directions and all lengths together. */
static uint32_t packets(void)
{
	return vm_count("XSK_PACKETS", 6000);
}

static void go_both_ways(struct wire *wire)
{
	uint32_t number = 0, n = packets() / 2 / LENGTHS;

	for (int from = 0; from < 2; from++) {
		for (size_t i = 0; i < LENGTHS; i++) {
			wire_exchange(wire, (enum wire_end)from, lengths[i], number, n, WINDOW);
			number += n;
		}
	}
	wire_settled(wire);
}

static void zero_copy_packets_arrive_in_order_byte_for_byte(void **state)
{
	go_both_ways(wire_new(*state, DMABUFX_ZC_REQUIRE));
}

static void copied_packets_arrive_in_order_byte_for_byte(void **state)
{
	go_both_ways(wire_new(*state, DMABUFX_ZC_FORBID));
}

static void one_end_copies_and_the_other_does_not(void **state)
{
	struct wire *wire = wire_bare(*state);

	wire_open(wire, WIRE_IGB, DMABUFX_ZC_REQUIRE);
	wire_open(wire, WIRE_VIRTIO, DMABUFX_ZC_FORBID);
	go_both_ways(wire);
}

static void forwarded_packets_come_back_untouched(void **state)
{
	struct wire *wire = wire_new(*state, DMABUFX_ZC_REQUIRE);
	uint32_t n = packets() / 2;

	for (int from = 0; from < 2; from++)
		wire_reflect(wire, (enum wire_end)from, 64, (uint32_t)from * n, n, WINDOW);
	wire_settled(wire);
}

static void each_close_gives_all_frames_back_and_the_queue(void **state)
{
	struct wire *wire = wire_new(*state, DMABUFX_ZC_REQUIRE);
	struct dmabufx_umem_info info = { .size = sizeof(info) };
	uint32_t rounds = vm_count("XSK_ROUNDS", 10);

	for (uint32_t i = 0; i < rounds; i++) {
		enum wire_end end = i % 2 ? WIRE_IGB : WIRE_VIRTIO;
		struct dmabufx_desc descs[32];
		uint32_t n;

		wire_exchange(wire, end, 64, i * 200, 200, WINDOW);
		/* Packets are on their way in both directions. */
		for (int from = 0; from < 2; from++) {
			n = dmabufx_xsk_tx_alloc(wire->xsk[from], descs, 32);
			for (uint32_t k = 0; k < n; k++)
				descs[k].len = 64;
			assert_int_equal(dmabufx_xsk_tx_burst(wire->xsk[from], descs, n), n);
		}
		wire_close(wire, end);
		wire_close(wire, end ? WIRE_IGB : WIRE_VIRTIO);
		vm_works(dmabufx_umem_get_info(wire->umem, &info));
		assert_int_equal(info.frames_free, info.frames);
		assert_int_equal(info.sockets, 0);
		wire_open(wire, WIRE_IGB, DMABUFX_ZC_REQUIRE);
		wire_open(wire, WIRE_VIRTIO, DMABUFX_ZC_REQUIRE);
	}
}

/* The next packet of ours; its frame is the caller's. */
static struct dmabufx_desc receive(struct dmabufx_xsk *xsk)
{
	uint64_t until = guest_now_ns() + 20000000000ull;
	struct dmabufx_desc *got;

	for (;;) {
		uint32_t n = dmabufx_xsk_rx_burst(xsk, &got, 1);

		if (n && wire_is_ours(dmabufx_xsk_data(xsk, got->addr), got->len))
			return *got;
		dmabufx_xsk_rx_release(xsk, got, n);
		assert_true(guest_now_ns() < until);
	}
}

/*
 * The two halves of the library in one memory: what a card received another device
 * reads where it is, and what that writes is sent from where it is.
 */
static void frames_are_another_device_s_memory_as_well(void **state)
{
	struct vm *vm = *state;
	struct wire *wire = wire_new(vm, DMABUFX_ZC_REQUIRE);
	struct dmabufx_ioas *ioas = vm_ioas(vm, VM_EDU_MAX);
	struct engine *edu = vm_engine(vm, "LAB_EDU0", ioas);
	uint64_t iova = dmabufx_mapping_iova(vm_map_at(vm, ioas, wire->buf, VM_IOVA));
	struct dmabufx_xsk *near = wire->xsk[WIRE_IGB], *far = wire->xsk[WIRE_VIRTIO];
	struct dmabufx_desc sent, got;
	uint8_t seen[512];

	assert_int_equal(dmabufx_xsk_tx_alloc(far, &sent, 1), 1);
	sent.len = sizeof(seen);
	wire_write(dmabufx_xsk_data(far, sent.addr), sent.len, 77);
	assert_int_equal(dmabufx_xsk_tx_burst(far, &sent, 1), 1);
	got = receive(near);
	assert_int_equal(engine_read(edu, iova + got.addr, got.len, seen), 0);
	assert_true(wire_is(seen, got.len, 77));
	dmabufx_xsk_rx_release(near, &got, 1);

	assert_int_equal(dmabufx_xsk_tx_alloc(near, &sent, 1), 1);
	sent.len = 64 + 256;
	wire_write(dmabufx_xsk_data(near, sent.addr), sent.len, 78);
	assert_int_equal(engine_write(edu, iova + sent.addr + 64, 256, 1, seen), 0);
	assert_int_equal(dmabufx_xsk_tx_burst(near, &sent, 1), 1);
	got = receive(far);
	assert_memory_equal((uint8_t *)dmabufx_xsk_data(far, got.addr) + 64, seen, 256);
	dmabufx_xsk_rx_release(far, &got, 1);
	wire_settled(wire);
}

static void what_the_drivers_lack_is_refused_in_words(void **state)
{
	struct wire *wire = wire_bare(*state);
	DMABUFX_OPTS(dmabufx_xsk_opts, many, .zc = DMABUFX_ZC_REQUIRE, .wait_ms = 20000,
		     .flags = DMABUFX_XSK_MULTI_BUFFER);
	struct dmabufx_xsk *xsk;

	for (int i = 0; i < 2; i++)
		vm_fails(dmabufx_xsk_open(wire->umem, wire->ifname[i], 0, &many, &xsk), EOPNOTSUPP,
			 DMABUFX_REASON_NO_ZERO_COPY, "queue 0 of eth[0-9].*xsk query eth[0-9]");
	vm_fails(dmabufx_xsk_open(wire->umem, wire->ifname[WIRE_IGB], 64, NULL, &xsk), EINVAL,
		 DMABUFX_REASON_NO_QUEUE, "eth[0-9] has no queue 64: it has [0-9]+");
}

static void igb_copies_rather_than_cut_packets(void **state)
{
	struct vm *vm = *state;
	struct wire *wire = wire_bare(vm);
	DMABUFX_OPTS(dmabufx_xsk_opts, require, .zc = DMABUFX_ZC_REQUIRE, .wait_ms = 20000);
	DMABUFX_OPTS(dmabufx_xsk_opts, prefer, .wait_ms = 20000);
	struct dmabufx_xsk_info info = { .size = sizeof(info) };
	const char *igb = wire->ifname[WIRE_IGB];
	struct dmabufx_umem *small;
	struct dmabufx_xsk *xsk;

	vm_works(dmabufx_umem_new(vm->ctx, wire->buf, NULL, &small));
	vm_fails(dmabufx_xsk_open(small, igb, 0, &require, &xsk), EOPNOTSUPP,
		 DMABUFX_REASON_CHUNK_SIZE, "eth[0-9] cuts packets.*use chunks of 4096");
	vm_works(dmabufx_xsk_open(small, igb, 0, &prefer, &xsk));
	vm_works(dmabufx_xsk_get_info(xsk, &info));
	assert_int_equal(info.zero_copy, 0);
	assert_int_equal(info.why_copy, -EOPNOTSUPP);
	dmabufx_xsk_close(xsk);
	dmabufx_umem_unref(small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VM_TEST(zero_copy_packets_arrive_in_order_byte_for_byte),
		VM_TEST(copied_packets_arrive_in_order_byte_for_byte),
		VM_TEST(one_end_copies_and_the_other_does_not),
		VM_TEST(forwarded_packets_come_back_untouched),
		VM_TEST(each_close_gives_all_frames_back_and_the_queue),
		VM_TEST(frames_are_another_device_s_memory_as_well),
		VM_TEST(what_the_drivers_lack_is_refused_in_words),
		VM_TEST(igb_copies_rather_than_cut_packets),
	};

	return VM_MAIN(tests);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* AF_XDP sockets that only send, on drivers that have zero copy: igb and virtio-net. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"

#define PACKETS 1500u
#define WINDOW 48u
#define PATIENCE_NS 5000000000ull

static uint32_t prog_at(struct wire *wire, enum wire_end end)
{
	DMABUFX_OPTS(dmabufx_xsk_query_opts, opts, .flags = DMABUFX_XSK_QUERY_NO_TRY);
	struct dmabufx_xsk_caps caps = { .size = sizeof(caps) };

	vm_works(dmabufx_xsk_query(wire->vm->ctx, wire->ifname[end], &opts, &caps));
	return caps.prog_id;
}

static int try_tx(struct wire *wire, enum wire_end end, enum dmabufx_zc zc)
{
	DMABUFX_OPTS(dmabufx_xsk_opts, opts, .zc = zc, .wait_ms = 20000,
		     .flags = DMABUFX_XSK_NO_RX);

	return dmabufx_xsk_open(wire->umem, wire->ifname[end], 0, &opts, &wire->xsk[end]);
}

static struct dmabufx_xsk_info info_of(struct dmabufx_xsk *xsk)
{
	struct dmabufx_xsk_info info = { .size = sizeof(info) };

	vm_works(dmabufx_xsk_get_info(xsk, &info));
	return info;
}

static void send_some(struct dmabufx_xsk *xsk, uint32_t number, uint32_t n)
{
	struct dmabufx_desc descs[WINDOW];

	n = dmabufx_xsk_tx_alloc(xsk, descs, n < WINDOW ? n : WINDOW);
	for (uint32_t i = 0; i < n; i++) {
		descs[i].len = 64;
		wire_write(dmabufx_xsk_data(xsk, descs[i].addr), 64, number + i);
	}
	assert_int_equal(dmabufx_xsk_tx_burst(xsk, descs, n), n);
	dmabufx_xsk_tx_reap(xsk);
}

/* Whether all that is pending completes. */
static bool completes(struct dmabufx_xsk *xsk)
{
	uint64_t until = guest_now_ns() + PATIENCE_NS;

	while (dmabufx_xsk_tx_pending(xsk) && guest_now_ns() < until)
		dmabufx_xsk_tx_reap(xsk);
	return !dmabufx_xsk_tx_pending(xsk);
}

/* Many more than there are frames, and nobody at the other end but its driver. */
static void sends_alone(struct dmabufx_xsk *xsk)
{
	struct dmabufx_xsk_stats stats = { .size = sizeof(stats) };
	uint64_t until = guest_now_ns() + 4 * PATIENCE_NS;
	uint32_t sent = 0;

	while (sent < PACKETS && guest_now_ns() < until) {
		uint32_t before = dmabufx_xsk_tx_pending(xsk);
		uint64_t done = xsk->tx_count;

		send_some(xsk, sent, PACKETS - sent);
		sent += dmabufx_xsk_tx_pending(xsk) - before + (uint32_t)(xsk->tx_count - done);
	}
	assert_int_equal(sent, PACKETS);
	assert_true(completes(xsk));
	vm_works(dmabufx_xsk_get_stats(xsk, &stats));
	assert_int_equal(stats.tx_frames, PACKETS);
	assert_int_equal(stats.tx_held, 0);
	assert_int_equal(stats.tx_invalid, 0);
}

static void what_they_send_arrives(void **state)
{
	for (int from = 0; from < 2; from++) {
		struct wire *wire = wire_bare(*state);

		wire_open(wire, (enum wire_end) !from, DMABUFX_ZC_REQUIRE);
		vm_works(try_tx(wire, (enum wire_end)from, DMABUFX_ZC_REQUIRE));
		assert_int_equal(info_of(wire->xsk[from]).zero_copy, 1);
		assert_int_equal(info_of(wire->xsk[from]).mode, DMABUFX_XDP_NATIVE);
		wire_exchange(wire, (enum wire_end)from, 64, 0, PACKETS, WINDOW);
		wire_exchange(wire, (enum wire_end)from, 1514, PACKETS, PACKETS, WINDOW);
		wire_settled(wire);
		vm_drop(*state, wire);
	}
}

static void they_need_nobody_who_receives(void **state)
{
	struct wire *wire = wire_bare(*state);

	for (int end = 0; end < 2; end++) {
		vm_works(try_tx(wire, (enum wire_end)end, DMABUFX_ZC_REQUIRE));
		assert_true(prog_at(wire, (enum wire_end)end));
		sends_alone(wire->xsk[end]);
		wire_close(wire, (enum wire_end)end);
		assert_int_equal(prog_at(wire, (enum wire_end)end), 0);
	}
}

static void one_that_copies_attaches_nothing(void **state)
{
	struct wire *wire = wire_bare(*state);

	for (int end = 0; end < 2; end++) {
		vm_works(try_tx(wire, (enum wire_end)end, DMABUFX_ZC_FORBID));
		assert_int_equal(info_of(wire->xsk[end]).zero_copy, 0);
		assert_int_equal(prog_at(wire, (enum wire_end)end), 0);
		sends_alone(wire->xsk[end]);
		wire_close(wire, (enum wire_end)end);
	}
}

/* Of another context, so it could be another process's. */
static struct dmabufx_prog *others(struct wire *wire, enum wire_end end, struct dmabufx_ctx **ctx,
				   uint32_t mode)
{
	DMABUFX_OPTS(dmabufx_prog_opts, opts, .mode = mode);
	struct dmabufx_prog *prog;

	vm_works(dmabufx_ctx_new(NULL, ctx));
	vm_works(dmabufx_prog_attach(*ctx, wire->ifname[end], &opts, &prog));
	return prog;
}

static void somebody_else_s_program_will_do(void **state)
{
	struct wire *wire = wire_bare(*state);

	for (int end = 0; end < 2; end++) {
		struct dmabufx_ctx *ctx;
		struct dmabufx_prog *prog = others(wire, (enum wire_end)end, &ctx,
						   DMABUFX_XDP_NATIVE);
		uint32_t id = prog_at(wire, (enum wire_end)end);

		vm_works(try_tx(wire, (enum wire_end)end, DMABUFX_ZC_REQUIRE));
		assert_int_equal(info_of(wire->xsk[end]).mode, DMABUFX_XDP_AUTO);
		sends_alone(wire->xsk[end]);
		wire_close(wire, (enum wire_end)end);
		assert_int_equal(prog_at(wire, (enum wire_end)end), id);
		dmabufx_prog_unref(prog);
		dmabufx_ctx_unref(ctx);
	}
}

static void beside_a_generic_program_it_copies(void **state)
{
	struct wire *wire = wire_bare(*state);

	for (int end = 0; end < 2; end++) {
		struct dmabufx_ctx *ctx;
		struct dmabufx_prog *prog = others(wire, (enum wire_end)end, &ctx,
						   DMABUFX_XDP_GENERIC);

		vm_fails(try_tx(wire, (enum wire_end)end, DMABUFX_ZC_REQUIRE), EBUSY,
			 DMABUFX_REASON_PROG_BUSY, "eth[0-9]: program [0-9]+");
		vm_works(try_tx(wire, (enum wire_end)end, DMABUFX_ZC_PREFER));
		assert_int_equal(info_of(wire->xsk[end]).zero_copy, 0);
		assert_int_equal(info_of(wire->xsk[end]).why_copy, -EBUSY);
		sends_alone(wire->xsk[end]);
		wire_close(wire, (enum wire_end)end);
		dmabufx_prog_unref(prog);
		dmabufx_ctx_unref(ctx);
	}
}

static void set_link(struct wire *wire, enum wire_end end, const char *what)
{
	char cmd[64];

	snprintf(cmd, sizeof(cmd), "ip link set %s %s", wire->ifname[end], what);
	assert_int_equal(system(cmd), 0);
}

/*
 * Where nobody takes what a virtio-net sends it is the device that keeps it: QEMU's, until
 * the other end has room. That is no fault of the socket's, which may be closed.
 */
static void virtio_net_completes_when_the_other_end_takes_it(void **state)
{
	struct wire *wire = wire_bare(*state);
	struct dmabufx_umem_info info = { .size = sizeof(info) };

	vm_works(try_tx(wire, WIRE_VIRTIO, DMABUFX_ZC_REQUIRE));
	for (int round = 0; round < 2; round++) {
		set_link(wire, WIRE_IGB, "down");
		for (int i = 0; i < 16; i++)
			send_some(wire->xsk[WIRE_VIRTIO], 0, 32);
		assert_false(completes(wire->xsk[WIRE_VIRTIO]));
		if (round)
			wire_close(wire, WIRE_VIRTIO);
		set_link(wire, WIRE_IGB, "up");
		assert_true(round || completes(wire->xsk[WIRE_VIRTIO]));
	}
	vm_works(dmabufx_umem_get_info(wire->umem, &info));
	assert_int_equal(info.frames_free, info.frames);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VM_TEST(what_they_send_arrives),
		VM_TEST(they_need_nobody_who_receives),
		VM_TEST(one_that_copies_attaches_nothing),
		VM_TEST(somebody_else_s_program_will_do),
		VM_TEST(beside_a_generic_program_it_copies),
		VM_TEST(virtio_net_completes_when_the_other_end_takes_it),
	};

	return VM_MAIN(tests);
}

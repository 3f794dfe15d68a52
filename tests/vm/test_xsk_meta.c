// SPDX-License-Identifier: GPL-2.0-or-later
/* Metadata on igb and virtio-net: what the cards have, what is refused, what copying does. */
#include <string.h>
#include <unistd.h>

#include "wire.h"

#define LEN 200u
#define PACKETS 10u
#define HEAD 14u
#define PATIENCE_NS 20000000000ull

/* With room for metadata before each packet. */
static struct wire *meta_wire(struct vm *vm)
{
	DMABUFX_OPTS(dmabufx_umem_opts, opts, .chunk_size = 4096,
		     .tx_metadata_len = DMABUFX_TX_METADATA_LEN);
	struct wire *wire = wire_bare(vm);

	dmabufx_umem_unref(wire->umem);
	vm_works(dmabufx_umem_new(vm->ctx, wire->buf, &opts, &wire->umem));
	return wire;
}

static int try_open(struct wire *wire, enum wire_end end, enum dmabufx_zc zc, uint32_t flags)
{
	DMABUFX_OPTS(dmabufx_xsk_opts, opts, .zc = zc, .flags = flags, .wait_ms = 20000);

	return dmabufx_xsk_open(wire->umem, wire->ifname[end], 0, &opts, &wire->xsk[end]);
}

static void the_query_and_the_socket_say_the_same(void **state)
{
	struct wire *wire = meta_wire(*state);

	for (int i = 0; i < 2; i++) {
		enum wire_end end = (enum wire_end)i;
		DMABUFX_OPTS(dmabufx_tx_meta, sum, .flags = DMABUFX_TX_META_CHECKSUM,
			     .csum_start = HEAD, .csum_offset = 2);
		struct dmabufx_xsk_caps caps = { .size = sizeof(caps) };
		struct dmabufx_desc desc;

		vm_works(dmabufx_xsk_query(wire->vm->ctx, wire->ifname[i], NULL, &caps));
		assert_int_equal(caps.zero_copy.result, 1);
		/* QEMU's cards have none of it. */
		assert_int_equal(caps.tx_timestamp.result, 0);
		assert_int_equal(caps.tx_checksum.result, 0);
		assert_int_equal(caps.tx_launch_time.result, 0);
		vm_fails(try_open(wire, end, DMABUFX_ZC_REQUIRE, DMABUFX_XSK_TX_TIMESTAMPS),
			 EOPNOTSUPP, DMABUFX_REASON_NO_METADATA,
			 "eth[0-9] tells no times of sending without copying.*ZC_FORBID");
		vm_works(try_open(wire, end, DMABUFX_ZC_REQUIRE, 0));
		assert_int_equal(dmabufx_xsk_tx_alloc(wire->xsk[i], &desc, 1), 1);
		desc.len = LEN;
		vm_fails(dmabufx_xsk_tx_meta(wire->xsk[i], &desc, &sum), EOPNOTSUPP,
			 DMABUFX_REASON_NO_METADATA,
			 "nobody fills in checksums for eth[0-9] without copying");
		dmabufx_xsk_tx_free(wire->xsk[i], &desc, 1);
	}
	wire_exchange(wire, WIRE_IGB, LEN, 0, PACKETS, PACKETS);
	wire_settled(wire);
}

/* It takes BTF, and a driver: virtio-net has a hash, if its device has; igb has nothing. */
static void what_is_received_has_metadata_or_a_reason_why_not(void **state)
{
	bool btf = !access("/sys/kernel/btf/vmlinux", R_OK);
	struct wire *wire = meta_wire(*state);

	for (int i = 0; i < 2; i++) {
		struct dmabufx_xsk_caps caps = { .size = sizeof(caps) };
		enum wire_end end = (enum wire_end)i;

		vm_works(dmabufx_xsk_query(wire->vm->ctx, wire->ifname[i], NULL, &caps));
		if (btf && caps.rx_hash.result == 1) {
			vm_works(try_open(wire, end, DMABUFX_ZC_REQUIRE, DMABUFX_XSK_RX_META));
			wire_close(wire, end);
			continue;
		}
		assert_int_not_equal(caps.rx_timestamp.result, 1);
		assert_int_not_equal(caps.rx_vlan.result, 1);
		vm_fails(try_open(wire, end, DMABUFX_ZC_REQUIRE, DMABUFX_XSK_RX_META), EOPNOTSUPP,
			 DMABUFX_REASON_NO_METADATA,
			 caps.rx_hash.result == 1 ? "eth[0-9]: .*takes a kernel with BTF" :
						    "eth[0-9]: .*(with BTF|neither time)");
	}
}

/* Of all behind the Ethernet header, the checksum included. */
static uint32_t sum_of(const uint8_t *frame, uint32_t len)
{
	uint32_t sum = 0;

	for (uint32_t i = HEAD; i < len; i++)
		sum += i % 2 ? frame[i] : (uint32_t)frame[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void send_wishes(struct dmabufx_xsk *xsk)
{
	struct dmabufx_desc descs[PACKETS];

	assert_int_equal(dmabufx_xsk_tx_alloc(xsk, descs, PACKETS), PACKETS);
	for (uint32_t i = 0; i < PACKETS; i++) {
		DMABUFX_OPTS(dmabufx_tx_meta, wish,
			     .flags = DMABUFX_TX_META_CHECKSUM | DMABUFX_TX_META_TIMESTAMP,
			     .csum_start = HEAD, .csum_offset = 2, .cookie = 100 + i);
		uint8_t *frame = dmabufx_xsk_data(xsk, descs[i].addr);

		descs[i].len = LEN;
		wire_write(frame, LEN, i);
		memset(frame + HEAD + 2, 0, 2);
		vm_works(dmabufx_xsk_tx_meta(xsk, &descs[i], &wish));
	}
	assert_int_equal(dmabufx_xsk_tx_burst(xsk, descs, PACKETS), PACKETS);
}

static void check_sums(struct dmabufx_xsk *xsk)
{
	uint64_t until = guest_now_ns() + PATIENCE_NS;
	uint32_t got = 0;

	while (got < PACKETS) {
		struct dmabufx_desc *descs;
		uint32_t n = dmabufx_xsk_rx_burst(xsk, &descs, PACKETS);

		for (uint32_t i = 0; i < n; i++) {
			uint8_t *frame = dmabufx_xsk_data(xsk, descs[i].addr);

			if (!wire_is_ours(frame, descs[i].len))
				continue;
			assert_int_equal(sum_of(frame, descs[i].len), 0xffff);
			got++;
		}
		dmabufx_xsk_rx_release(xsk, descs, n);
		assert_true(guest_now_ns() < until);
	}
}

static void copying_fills_in_checksums_and_tells_times(void **state)
{
	for (int from = 0; from < 2; from++) {
		struct wire *wire = meta_wire(*state);
		struct dmabufx_tx_timestamp times[PACKETS];
		uint64_t until = guest_now_ns() + PATIENCE_NS;
		uint32_t n = 0;

		wire_open(wire, (enum wire_end) !from, DMABUFX_ZC_FORBID);
		vm_works(try_open(wire, (enum wire_end)from, DMABUFX_ZC_FORBID,
				  DMABUFX_XSK_TX_TIMESTAMPS));
		send_wishes(wire->xsk[from]);
		check_sums(wire->xsk[!from]);
		while (n < PACKETS && guest_now_ns() < until)
			n += (uint32_t)dmabufx_xsk_tx_timestamps(wire->xsk[from], times + n,
								 PACKETS - n);
		assert_int_equal(n, PACKETS);
		for (uint32_t i = 0; i < PACKETS; i++) {
			assert_in_range(times[i].cookie, 100, 100 + PACKETS - 1);
			assert_true(times[i].ns);
		}
		wire_settled(wire);
		vm_drop(*state, wire);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VM_TEST(the_query_and_the_socket_say_the_same),
		VM_TEST(what_is_received_has_metadata_or_a_reason_why_not),
		VM_TEST(copying_fills_in_checksums_and_tells_times),
	};

	return VM_MAIN(tests);
}

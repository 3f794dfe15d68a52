// SPDX-License-Identifier: GPL-2.0-or-later
/* Two network cards of the lab on one wire. */
#include "wire.h"

#include <glob.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 64u
#define ETHER_TYPE 0x88b5u
#define PATIENCE_NS 20000000000ull

void wire_find_card(const char *name, char ifname[16])
{
	const char *bdf = vm_bdf(name);
	char pattern[96];
	glob_t found;

	/* virtio's is its child's. */
	snprintf(pattern, sizeof(pattern), "/sys/bus/pci/devices/%s/{,virtio*/}net/*", bdf);
	if (glob(pattern, GLOB_BRACE, NULL, &found))
		fail_msg("%s, %s, has no interface", name, bdf);
	snprintf(ifname, 16, "%.15s", strrchr(found.gl_pathv[0], '/') + 1);
	globfree(&found);
}

void wire_set_link(const char *ifname, bool up)
{
	struct ifreq ifr = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	assert_int_equal(ioctl(fd, SIOCGIFFLAGS, &ifr), 0);
	ifr.ifr_flags = (short)(up ? ifr.ifr_flags | IFF_UP : ifr.ifr_flags & ~IFF_UP);
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &ifr), 0);
	close(fd);
}

static void end_wire(void *thing)
{
	struct wire *wire = thing;

	wire_close(wire, WIRE_IGB);
	wire_close(wire, WIRE_VIRTIO);
	dmabufx_umem_unref(wire->umem);
	free(wire);
}

struct wire *wire_bare(struct vm *vm)
{
	/* igb takes whole KiB of a chunk, and needs more than one for a packet. */
	DMABUFX_OPTS(dmabufx_umem_opts, opts, .chunk_size = 4096);
	struct wire *wire = calloc(1, sizeof(*wire));

	assert_non_null(wire);
	wire->vm = vm;
	wire_find_card("LAB_IGB0", wire->ifname[WIRE_IGB]);
	wire_find_card("LAB_NET0", wire->ifname[WIRE_VIRTIO]);
	for (int i = 0; i < 2; i++)
		wire_set_link(wire->ifname[i], true);
	wire->buf = vm_memory(vm, 16 * VM_MIB);
	vm_works(dmabufx_umem_new(vm->ctx, wire->buf, &opts, &wire->umem));
	return vm_defer(vm, end_wire, wire);
}

void wire_open(struct wire *wire, enum wire_end end, enum dmabufx_zc zc)
{
	/* An emulated card takes its time to find its link again. */
	DMABUFX_OPTS(dmabufx_xsk_opts, opts, .zc = zc, .wait_ms = 20000);
	struct dmabufx_xsk_info info = { .size = sizeof(info) };

	vm_works(dmabufx_xsk_open(wire->umem, wire->ifname[end], 0, &opts, &wire->xsk[end]));
	vm_works(dmabufx_xsk_get_info(wire->xsk[end], &info));
	assert_int_equal(info.zero_copy, zc == DMABUFX_ZC_REQUIRE);
	assert_int_equal(info.mode, DMABUFX_XDP_NATIVE);
}

void wire_close(struct wire *wire, enum wire_end end)
{
	wire->xsk[end] = dmabufx_xsk_close(wire->xsk[end]);
}

struct wire *wire_new(struct vm *vm, enum dmabufx_zc zc)
{
	struct wire *wire = wire_bare(vm);

	wire_open(wire, WIRE_IGB, zc);
	wire_open(wire, WIRE_VIRTIO, zc);
	return wire;
}

static uint8_t byte_of(uint32_t number, uint32_t at)
{
	return (uint8_t)(number * 7 + at);
}

void wire_write(void *frame, uint32_t len, uint32_t number)
{
	uint8_t *p = frame;

	memset(p, 0xff, 6);
	memset(p + 6, 2, 6);
	p[12] = ETHER_TYPE >> 8;
	p[13] = ETHER_TYPE & 0xff;
	memcpy(p + 14, &number, sizeof(number));
	for (uint32_t i = 18; i < len; i++)
		p[i] = byte_of(number, i);
}

bool wire_is_ours(const void *frame, uint32_t len)
{
	const uint8_t *p = frame;

	return len >= 60 && p[12] == ETHER_TYPE >> 8 && p[13] == (ETHER_TYPE & 0xff);
}

bool wire_is(const void *frame, uint32_t len, uint32_t number)
{
	const uint8_t *p = frame;

	if (!wire_is_ours(frame, len) || memcmp(p + 14, &number, sizeof(number)))
		return false;
	for (uint32_t i = 18; i < len; i++)
		if (p[i] != byte_of(number, i))
			return false;
	return true;
}

static uint32_t send_some(struct wire *wire, enum wire_end from, uint32_t len, uint32_t number,
			  uint32_t n)
{
	struct dmabufx_xsk *xsk = wire->xsk[from];
	struct dmabufx_desc descs[BATCH];
	uint32_t have = dmabufx_xsk_tx_alloc(xsk, descs, n < BATCH ? n : BATCH), sent;

	for (uint32_t i = 0; i < have; i++) {
		descs[i].len = len;
		wire_write(dmabufx_xsk_data(xsk, descs[i].addr), len, number + i);
	}
	sent = dmabufx_xsk_tx_burst(xsk, descs, have);
	dmabufx_xsk_tx_free(xsk, descs + sent, have - sent);
	dmabufx_xsk_tx_reap(xsk);
	return sent;
}

/* The next numbers in order, counted; they are released. */
static uint32_t take_some(struct dmabufx_xsk *xsk, uint32_t len, uint32_t number)
{
	struct dmabufx_desc *descs;
	uint32_t n = dmabufx_xsk_rx_burst(xsk, &descs, BATCH), ours = 0;

	for (uint32_t i = 0; i < n; i++) {
		const void *frame = dmabufx_xsk_data(xsk, descs[i].addr);

		if (!wire_is_ours(frame, descs[i].len))
			continue;
		assert_int_equal(descs[i].len, len);
		if (!wire_is(frame, len, number + ours))
			fail_msg("packet %u is another one, or not as it was sent", number + ours);
		ours++;
	}
	dmabufx_xsk_rx_release(xsk, descs, n);
	return ours;
}

static void send_back(struct dmabufx_xsk *xsk)
{
	struct dmabufx_desc *descs;
	uint32_t n = dmabufx_xsk_rx_burst(xsk, &descs, BATCH), sent;

	sent = n ? dmabufx_xsk_forward(xsk, xsk, descs, n) : 0;
	dmabufx_xsk_rx_release(xsk, descs + sent, n - sent);
	dmabufx_xsk_tx_reap(xsk);
}

static void run(struct wire *wire, enum wire_end from, bool reflect, uint32_t len, uint32_t first,
		uint32_t n, uint32_t window)
{
	struct dmabufx_xsk *far = wire->xsk[!from], *sink = reflect ? wire->xsk[from] : far;
	uint64_t until = guest_now_ns() + PATIENCE_NS;
	uint32_t sent = 0, got = 0, more;

	while (got < n) {
		uint32_t room = window - (sent - got), left = n - sent;

		sent += send_some(wire, from, len, first + sent, room < left ? room : left);
		if (reflect)
			send_back(far);
		more = take_some(sink, len, first + got);
		got += more;
		if (more)
			until = guest_now_ns() + PATIENCE_NS;
		else if (guest_now_ns() > until)
			fail_msg("%u of %u packets came from %s, and no more", got, n,
				 wire->ifname[from]);
		if (!more)
			vm_works(dmabufx_xsk_wait(wire->xsk, 2, 1));
	}
}

void wire_exchange(struct wire *wire, enum wire_end from, uint32_t len, uint32_t first, uint32_t n,
		   uint32_t window)
{
	run(wire, from, false, len, first, n, window);
}

void wire_reflect(struct wire *wire, enum wire_end from, uint32_t len, uint32_t first, uint32_t n,
		  uint32_t window)
{
	run(wire, from, true, len, first, n, window);
}

void wire_settled(struct wire *wire)
{
	for (int i = 0; i < 2; i++) {
		struct dmabufx_xsk_stats stats = { .size = sizeof(stats) };
		uint64_t until = guest_now_ns() + PATIENCE_NS;

		while (dmabufx_xsk_tx_pending(wire->xsk[i]) && guest_now_ns() < until)
			dmabufx_xsk_tx_reap(wire->xsk[i]);
		vm_works(dmabufx_xsk_get_stats(wire->xsk[i], &stats));
		assert_int_equal(stats.tx_in_kernel, 0);
		assert_int_equal(stats.tx_held, 0);
		assert_int_equal(stats.rx_held, 0);
		assert_int_equal(stats.rx_forwarding, 0);
		assert_int_equal(stats.tx_invalid, 0);
	}
}

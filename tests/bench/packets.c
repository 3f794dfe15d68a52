// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a packet costs on the lab's network cards, with copying and without: the
 * instructions of the whole guest, less those it was idle, so it means something under
 * --icount alone. Wants the profile p2p.
 *
 * Both ends are in the guest and count: the card that is named sends, receives or
 * forwards, the other one does its part, always without copying.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "wire.h"

#define PACKETS 20000u
#define BATCH 64u
#define WINDOW 192u

enum work { TXONLY, RXDROP, FORWARD, WORKS };

static const char *const work_names[] = { "txonly", "rxdrop", "forward" };
static const char *const end_names[] = { "igb", "virtio-net" };

/* To the nanosecond, unlike /proc/stat. There is one processor. */
static uint64_t idle_ns(void)
{
	unsigned long long idle = 0;
	char line[256];
	FILE *list = fopen("/proc/timer_list", "re");

	assert_non_null(list);
	while (!idle && fgets(line, sizeof(line), list))
		sscanf(line, " .idle_sleeptime : %llu", &idle);
	fclose(list);
	assert_true(idle > 0);
	return idle;
}

static uint64_t busy_ns(void)
{
	return guest_now_ns() - idle_ns();
}

static void rest(void)
{
	struct timespec ts = { .tv_nsec = 2000000 };

	nanosleep(&ts, NULL);
}

static uint32_t send_burst(struct dmabufx_xsk *xsk, uint32_t n, uint32_t len)
{
	struct dmabufx_desc descs[BATCH];
	uint32_t have = dmabufx_xsk_tx_alloc(xsk, descs, n < BATCH ? n : BATCH), sent;

	for (uint32_t i = 0; i < have; i++)
		descs[i].len = len;
	sent = dmabufx_xsk_tx_burst(xsk, descs, have);
	dmabufx_xsk_tx_free(xsk, descs + sent, have - sent);
	return sent;
}

static uint32_t drop_burst(struct dmabufx_xsk *xsk)
{
	struct dmabufx_desc *descs;
	uint32_t n = dmabufx_xsk_rx_burst(xsk, &descs, BATCH);

	if (n)
		dmabufx_xsk_rx_release(xsk, descs, n);
	return n;
}

static uint32_t forward_burst(struct dmabufx_xsk *xsk)
{
	struct dmabufx_desc *descs;
	uint32_t n = dmabufx_xsk_rx_burst(xsk, &descs, BATCH);
	uint32_t sent = n ? dmabufx_xsk_forward(xsk, xsk, descs, n) : 0;

	if (sent < n)
		dmabufx_xsk_rx_release(xsk, descs + sent, n - sent);
	return n;
}

static void frames_of_zeros(struct dmabufx_xsk *xsk, uint32_t len)
{
	struct dmabufx_desc descs[512];
	uint32_t n = dmabufx_xsk_tx_alloc(xsk, descs, 512);

	for (uint32_t i = 0; i < n; i++)
		wire_write(dmabufx_xsk_data(xsk, descs[i].addr), len, i);
	dmabufx_xsk_tx_free(xsk, descs, n);
}

/* From one end to the other, or there and back. */
static uint64_t cost_of(struct wire *wire, enum wire_end end, enum work work, uint32_t len)
{
	enum wire_end other = end == WIRE_IGB ? WIRE_VIRTIO : WIRE_IGB;
	struct dmabufx_xsk *here = wire->xsk[work == TXONLY ? other : end];
	struct dmabufx_xsk *there = wire->xsk[work == TXONLY ? end : other];
	uint64_t begin = busy_ns();
	uint32_t sent = 0, got = 0, quiet = 0;

	/* What the wire loses is missed when nothing came for long. */
	while (got < PACKETS && quiet < 2000) {
		uint32_t left = PACKETS - sent, room = WINDOW - (sent - got), more;

		if (left && room)
			sent += send_burst(there, left < room ? left : room, len);
		dmabufx_xsk_tx_reap(there);
		if (work != FORWARD) {
			more = drop_burst(here);
		} else {
			forward_burst(here);
			dmabufx_xsk_tx_reap(here);
			more = drop_burst(there);
		}
		got += more;
		quiet = more ? 0 : quiet + 1;
		if (!more)
			rest();
	}
	assert_true(got > PACKETS - PACKETS / 100);
	return busy_ns() - begin;
}

static uint64_t measure(struct wire *wire, enum wire_end end, enum work work, enum dmabufx_zc zc,
			uint32_t len)
{
	enum wire_end other = end == WIRE_IGB ? WIRE_VIRTIO : WIRE_IGB;
	uint64_t cost;

	wire_open(wire, end, zc);
	wire_open(wire, other, DMABUFX_ZC_REQUIRE);
	frames_of_zeros(wire->xsk[end], len);
	frames_of_zeros(wire->xsk[other], len);
	cost = cost_of(wire, end, work, len);
	wire_close(wire, WIRE_IGB);
	wire_close(wire, WIRE_VIRTIO);
	return cost;
}

static void row(struct wire *wire, enum wire_end end, enum work work, uint32_t len)
{
	uint64_t copy = measure(wire, end, work, DMABUFX_ZC_FORBID, len);
	uint64_t zero = measure(wire, end, work, DMABUFX_ZC_REQUIRE, len);

	printf("%-12s %-8s %6u %10llu %10llu %6.2f\n", end_names[end], work_names[work], len,
	       (unsigned long long)copy / PACKETS, (unsigned long long)zero / PACKETS,
	       (double)zero / (double)copy);
	fflush(stdout);
	assert_true(zero < copy);
}

static void a_packet_costs(void **state)
{
	static const uint32_t lengths[] = { 64, 1500 };
	struct wire *wire = wire_bare(*state);

	printf("%-12s %-8s %6s %10s %10s %6s\n", "card", "work", "bytes", "copy", "zero copy",
	       "ratio");
	for (int end = 0; end < 2; end++)
		for (int work = 0; work < WORKS; work++)
			for (int l = 0; l < 2; l++)
				row(wire, end, work, lengths[l]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VM_TEST(a_packet_costs),
	};

	return VM_MAIN(tests);
}

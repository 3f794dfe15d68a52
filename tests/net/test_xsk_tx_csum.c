// SPDX-License-Identifier: GPL-2.0-or-later
/* Checksums that TX metadata asks for: seen on the wire, and by a receiver that heeds them. */
#include "xsk_test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ETH 14u
#define UDP 8u
#define PAYLOAD 48u
#define PORT 7777
#define WRONG 0x1234
#define SOME 40u

static const uint8_t from6[16] = { 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 };
static const uint8_t to6[16] = { 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2 };

/* A world with an address of both kinds at the far end, and who sees what comes there. */
struct ends {
	struct xworld *w;
	struct dmabufx_xsk *xsk;
	int udp;
	int raw;
};

static uint32_t ip_len(bool v6)
{
	return v6 ? 40 : 20;
}

static void put16(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static uint32_t add_up(uint32_t sum, const uint8_t *at, uint32_t len)
{
	for (uint32_t i = 0; i < len; i += 2)
		sum += (uint32_t)at[i] << 8 | at[i + 1];
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Of addresses, length and protocol; not inverted. */
static uint16_t pseudo(const uint8_t *frame, bool v6)
{
	const uint8_t *ip = frame + ETH;

	return fold(add_up(UDP + PAYLOAD + IPPROTO_UDP, ip + (v6 ? 8 : 12), v6 ? 32 : 8));
}

static bool is_right(const uint8_t *frame, bool v6)
{
	return fold(add_up(pseudo(frame, v6), frame + ETH + ip_len(v6), UDP + PAYLOAD)) == 0xffff;
}

/* All but the checksum. */
static uint32_t write_packet(const struct net *net, bool v6, uint32_t seq, uint8_t *frame)
{
	uint8_t *ip = frame + ETH, *udp = ip + ip_len(v6);

	memset(frame, 0, ETH + ip_len(v6) + UDP);
	memcpy(frame, net->mac[NET_FAR], 6);
	memcpy(frame + 6, net->mac[NET_NEAR], 6);
	put16(frame + 12, v6 ? 0x86dd : 0x0800);
	if (v6) {
		ip[0] = 0x60;
		put16(ip + 4, UDP + PAYLOAD);
		ip[6] = IPPROTO_UDP;
		ip[7] = 64;
		memcpy(ip + 8, from6, 16);
		memcpy(ip + 24, to6, 16);
	} else {
		ip[0] = 0x45;
		put16(ip + 2, 20 + UDP + PAYLOAD);
		ip[8] = 64;
		ip[9] = IPPROTO_UDP;
		memcpy(ip + 12, (uint8_t[]){ 192, 0, 2, 1, 192, 0, 2, 2 }, 8);
		put16(ip + 10, (uint16_t)~fold(add_up(0, ip, 20)));
	}
	put16(udp, PORT);
	put16(udp + 2, PORT);
	put16(udp + 4, UDP + PAYLOAD);
	for (uint32_t i = 0; i < PAYLOAD; i++)
		udp[UDP + i] = (uint8_t)(seq * 37 + i);
	return ETH + ip_len(v6) + UDP + PAYLOAD;
}

static void write_knob(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static struct ends open_ends(void **state, uint32_t flags)
{
	DMABUFX_OPTS(dmabufx_umem_opts, umem, .tx_metadata_len = DMABUFX_TX_METADATA_LEN,
		     .flags = flags);
	DMABUFX_OPTS(dmabufx_xsk_opts, opts, .flags = DMABUFX_XSK_NO_RX);
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
	struct ends e = { .w = *state };
	int on = 1;

	if (flags & DMABUFX_UMEM_UNALIGNED)
		umem.chunk_size = 3000;
	assert_true(xworld_umem(e.w, &umem, false));
	e.raw = net_raw(e.w->net, NET_FAR);
	assert_int_equal(setsockopt(e.raw, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)), 0);
	net_enter(e.w->net, NET_FAR);
	write_knob("/proc/sys/net/ipv6/conf/far/disable_ipv6", "0");
	net_ip("address", "add", "fd00::2/64", "dev", "far", "nodad");
	e.udp = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(e.udp >= 0);
	assert_int_equal(bind(e.udp, (struct sockaddr *)&any, sizeof(any)), 0);
	net_enter(e.w->net, NET_NEAR);
	e.xsk = xsk_open(e.w, NET_NEAR, 0, &opts);
	return e;
}

static void close_ends(struct ends *e)
{
	xsk_close(e->w, NET_NEAR, e->xsk);
	close(e->udp);
	close(e->raw);
}

/* A packet whose checksum is @field, or to be filled in: then it is the pseudo header's sum. */
static void send_one(struct ends *e, bool v6, uint32_t seq, uint32_t field, bool ask)
{
	DMABUFX_OPTS(dmabufx_tx_meta, wish, .flags = DMABUFX_TX_META_CHECKSUM,
		     .csum_start = (uint16_t)(ETH + ip_len(v6)), .csum_offset = 6);
	struct dmabufx_desc desc;
	uint8_t *frame;

	assert_int_equal(dmabufx_xsk_tx_alloc(e->xsk, &desc, 1), 1);
	frame = dmabufx_xsk_data(e->xsk, desc.addr);
	desc.len = write_packet(e->w->net, v6, seq, frame);
	put16(frame + ETH + ip_len(v6) + 6, ask ? pseudo(frame, v6) : field);
	if (ask)
		assert_int_equal(dmabufx_xsk_tx_meta(e->xsk, &desc, &wish), 0);
	assert_int_equal(desc.options, ask ? DMABUFX_DESC_METADATA : 0);
	assert_int_equal(dmabufx_xsk_tx_burst(e->xsk, &desc, 1), 1);
	assert_idle(e->xsk);
}

/* The next of ours on the wire; whether its checksum is yet to be computed, says the kernel. */
static bool see_one(struct ends *e, bool v6, uint8_t frame[256])
{
	struct iovec data = { frame, 256 };
	char control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	struct msghdr msg = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = control };
	struct pollfd ready = { .fd = e->raw, .events = POLLIN };
	struct tpacket_auxdata aux;

	for (;;) {
		msg.msg_controllen = sizeof(control);
		assert_int_equal(poll(&ready, 1, 5000), 1);
		if (recvmsg(e->raw, &msg, 0) == (ssize_t)(ETH + ip_len(v6) + UDP + PAYLOAD) &&
		    frame[ETH + ip_len(v6) + 2] == PORT >> 8)
			break;
	}
	assert_non_null(CMSG_FIRSTHDR(&msg));
	memcpy(&aux, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(aux));
	return aux.tp_status & TP_STATUS_CSUMNOTREADY;
}

static bool delivered(struct ends *e, uint32_t seq)
{
	struct pollfd ready = { .fd = e->udp, .events = POLLIN };
	uint8_t got[256];

	/* AF_PACKET has seen it already, so that it is here or was dropped. */
	if (poll(&ready, 1, 20) != 1)
		return false;
	assert_int_equal(recv(e->udp, got, sizeof(got), 0), PAYLOAD);
	for (uint32_t i = 0; i < PAYLOAD; i++)
		assert_int_equal(got[i], (uint8_t)(seq * 37 + i));
	return true;
}

static void try_all(struct ends *e, bool v6, bool in_software)
{
	uint8_t frame[256];

	/* The receiver does heed it, and nobody mends what didn't ask. */
	send_one(e, v6, 1, WRONG, false);
	assert_false(see_one(e, v6, frame) || is_right(frame, v6));
	assert_false(delivered(e, 1));
	for (uint32_t seq = 2; seq < SOME; seq++) {
		send_one(e, v6, seq, 0, true);
		/* A veth leaves it to the last device, and receivers know. */
		assert_int_equal(see_one(e, v6, frame), !in_software);
		assert_int_equal(is_right(frame, v6), in_software);
		assert_true(delivered(e, seq));
		/* In the frame that had the wish a moment ago: it is no wish of this packet. */
		send_one(e, v6, seq, WRONG, false);
		assert_false(see_one(e, v6, frame) || is_right(frame, v6));
		assert_false(delivered(e, seq));
	}
}

static void in_world(void **state, uint32_t flags)
{
	struct ends e = open_ends(state, flags);

	try_all(&e, false, flags & DMABUFX_UMEM_SW_CSUM);
	try_all(&e, true, flags & DMABUFX_UMEM_SW_CSUM);
	close_ends(&e);
}

static void device_fills_in_what_was_asked_for(void **state)
{
	in_world(state, 0);
}

static void kernel_fills_in_what_was_asked_for(void **state)
{
	in_world(state, DMABUFX_UMEM_SW_CSUM);
}

static void chunks_of_3000_bytes_can_ask(void **state)
{
	in_world(state, DMABUFX_UMEM_SW_CSUM | DMABUFX_UMEM_UNALIGNED);
}

/* One that the kernel takes nothing after can't be made by this call. */
static void wrong_places_are_refused(void **state)
{
	struct ends e = open_ends(state, 0);
	DMABUFX_OPTS(dmabufx_tx_meta, wish, .flags = DMABUFX_TX_META_CHECKSUM, .csum_start = 34,
		     .csum_offset = 6);
	struct dmabufx_desc desc;

	assert_int_equal(dmabufx_xsk_tx_alloc(e.xsk, &desc, 1), 1);
	assert_fails(dmabufx_xsk_tx_meta(e.xsk, &desc, &wish), EINVAL, TX_METADATA, "34 + 6",
		     "length first");
	desc.len = 41;
	assert_fails(dmabufx_xsk_tx_meta(e.xsk, &desc, &wish), EINVAL, TX_METADATA, "41 bytes");
	desc.len = 60;
	wish.csum_start = UINT16_MAX;
	wish.csum_offset = UINT16_MAX;
	assert_fails(dmabufx_xsk_tx_meta(e.xsk, &desc, &wish), EINVAL, TX_METADATA, "65535");
	wish.csum_start = 34;
	wish.csum_offset = 6;
	desc.addr -= 8;
	assert_fails(dmabufx_xsk_tx_meta(e.xsk, &desc, &wish), EINVAL, UMEM_RANGE, "24 bytes");
	desc.addr = UINT64_C(1) << 40;
	assert_fails(dmabufx_xsk_tx_meta(e.xsk, &desc, &wish), EINVAL, UMEM_RANGE, "address");
	assert_int_equal(desc.options, 0);
	desc.addr = DMABUFX_TX_METADATA_LEN;
	desc.len = 42;
	assert_int_equal(dmabufx_xsk_tx_meta(e.xsk, &desc, &wish), 0);
	assert_int_equal(desc.options, DMABUFX_DESC_METADATA);
	/* Taken back. */
	wish.flags = 0;
	assert_int_equal(dmabufx_xsk_tx_meta(e.xsk, &desc, &wish), 0);
	assert_int_equal(desc.options, 0);
	wish.flags = DMABUFX_TX_META_LAUNCH_TIME;
	assert_fails(dmabufx_xsk_tx_meta(e.xsk, &desc, &wish), EOPNOTSUPP, NO_METADATA, "near",
		     "given times");
	wish.flags = 1u << 3;
	assert_fails(dmabufx_xsk_tx_meta(e.xsk, &desc, &wish), EINVAL, BAD_FLAGS, "tx_meta");
	wish.flags = DMABUFX_TX_META_TIMESTAMP;
	assert_fails(dmabufx_xsk_tx_meta(e.xsk, &desc, &wish), EINVAL, BAD_FLAGS,
		     "DMABUFX_XSK_TX_TIMESTAMPS");
	wish.size = 4;
	assert_fails(dmabufx_xsk_tx_meta(e.xsk, &desc, &wish), EINVAL, OPTS_SIZE, "tx_meta");
	assert_fails(dmabufx_xsk_tx_meta(NULL, &desc, &wish), EINVAL, NULL_ARGUMENT, "xsk");
	assert_fails(dmabufx_xsk_tx_meta(e.xsk, NULL, &wish), EINVAL, NULL_ARGUMENT, "desc");
	assert_fails(dmabufx_xsk_tx_meta(e.xsk, &desc, NULL), EINVAL, NULL_ARGUMENT, "meta");
	dmabufx_xsk_tx_free(e.xsk, &desc, 1);
	assert_idle(e.xsk);
	close_ends(&e);
}

static void room_that_is_not_there_is_told(void **state)
{
	DMABUFX_OPTS(dmabufx_umem_opts, umem, .tx_metadata_len = 8);
	DMABUFX_OPTS(dmabufx_tx_meta, wish, .flags = DMABUFX_TX_META_CHECKSUM);
	DMABUFX_OPTS(dmabufx_xsk_opts, opts, .flags = DMABUFX_XSK_NO_RX);
	struct dmabufx_xsk *xsk;
	struct xworld *w = *state;
	struct dmabufx_desc desc;
	const char *wrong;

	for (int i = 0; i < 2; i++) {
		assert_true(xworld_umem(w, i ? &umem : NULL, false));
		xsk = xsk_open(w, NET_NEAR, 0, &opts);
		assert_int_equal(dmabufx_xsk_tx_alloc(xsk, &desc, 1), 1);
		desc.len = 60;
		assert_fails(dmabufx_xsk_tx_meta(xsk, &desc, &wish), EINVAL, TX_METADATA, "16",
			     "tx_metadata_len to 24");
		/* Who sets the option himself is told, where calls are checked. */
		desc.options = DMABUFX_DESC_METADATA;
		if (i)
			memset((uint8_t *)dmabufx_xsk_data(xsk, desc.addr) - 8, 0xff, 8);
		wrong = dmabufx_xsk_check(xsk, &desc, 1, DMABUFX_CHECK_TX | DMABUFX_CHECK_LEN);
		assert_non_null(wrong);
		assert_non_null(strstr(wrong, "metadata"));
		dmabufx_xsk_tx_free(xsk, &desc, 1);
		xsk_close(w, NET_NEAR, xsk);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		xsk_case(device_fills_in_what_was_asked_for),
		xsk_case(kernel_fills_in_what_was_asked_for),
		xsk_case(chunks_of_3000_bytes_can_ask),
		xsk_case(wrong_places_are_refused),
		xsk_case(room_that_is_not_there_is_told),
	};

	net_need_privilege();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

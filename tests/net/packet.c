// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames with a number and a pattern, sent and checked through AF_PACKET. */
#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ETH_BYTES 14
#define IP_BYTES 20
#define UDP_BYTES 8
#define LEAST 54
#define TYPE 0x88b5 /* IEEE's for experiments */
#define SPORT 9

static void put16(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static void put32(uint8_t *at, uint32_t v)
{
	put16(at, v >> 16);
	put16(at + 2, v & 0xffff);
}

static uint16_t ip_sum(const uint8_t *ip)
{
	uint32_t sum = 0;

	for (int i = 0; i < IP_BYTES; i += 2)
		sum += (uint32_t)ip[i] << 8 | ip[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum += sum >> 16;
	return ~sum & 0xffff;
}

static void put_ip(const struct net_flow *flow, uint8_t *ip)
{
	uint32_t len = flow->len - ETH_BYTES;

	memset(ip, 0, IP_BYTES + UDP_BYTES);
	ip[0] = 0x45;
	put16(ip + 2, len);
	ip[8] = 64;
	ip[9] = IPPROTO_UDP;
	put32(ip + 12, flow->from == NET_NEAR ? 0xc0000201 : 0xc0000202);
	put32(ip + 16, flow->from == NET_NEAR ? 0xc0000202 : 0xc0000201);
	put16(ip + 10, ip_sum(ip));
	put16(ip + IP_BYTES, SPORT);
	put16(ip + IP_BYTES + 2, flow->port);
	put16(ip + IP_BYTES + 4, len - IP_BYTES); /* and no checksum, as UDP lets one */
}

size_t net_packet(const struct net *net, const struct net_flow *flow, uint32_t seq, void *frame)
{
	size_t at = ETH_BYTES + (flow->port ? IP_BYTES + UDP_BYTES : 0);
	uint32_t mixed = seq * 2654435761u; /* each bit of the number reaches the top byte */
	uint8_t *p = frame;

	assert_true(flow->len >= LEAST);
	memcpy(p, net->mac[!flow->from], 6);
	memcpy(p + 6, net->mac[flow->from], 6);
	put16(p + 12, flow->port ? ETH_P_IP : TYPE);
	if (flow->port)
		put_ip(flow, p + ETH_BYTES);
	put32(p + at, seq);
	for (size_t i = at + 4; i < flow->len; i++)
		p[i] = (uint8_t)((mixed >> 24) + i * 7 + (i >> 8));
	return flow->len;
}

bool net_check(const struct net *net, const struct net_flow *flow, const void *frame, size_t len,
	       uint32_t *seq)
{
	size_t at = ETH_BYTES + (flow->port ? IP_BYTES + UDP_BYTES : 0);
	uint8_t want[65536];
	uint32_t n;

	if (len != flow->len || len > sizeof(want))
		return false;
	memcpy(&n, (const uint8_t *)frame + at, sizeof(n));
	*seq = ntohl(n);
	net_packet(net, flow, *seq, want);
	return !memcmp(want, frame, len);
}

int net_raw(struct net *net, enum net_end end)
{
	struct sockaddr_ll addr = { .sll_family = AF_PACKET,
				    .sll_protocol = htons(ETH_P_ALL),
				    .sll_ifindex = (int)net->ifindex[end] };
	int fd, on = 1, room = 4 << 20;

	net_enter(net, end);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	net_enter(net, NET_NEAR);
	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

void net_send(struct net *net, int raw, const struct net_flow *flow, uint32_t first, uint32_t n)
{
	struct pollfd room = { .fd = raw, .events = POLLOUT };
	uint8_t frame[65536];

	for (uint32_t i = 0; i < n; i++) {
		size_t len = net_packet(net, flow, first + i, frame);
		ssize_t sent;

		while ((sent = send(raw, frame, len, 0)) < 0) {
			assert_true(errno == EAGAIN || errno == ENOBUFS || errno == EINTR);
			poll(&room, 1, 10);
		}
		assert_int_equal(sent, len);
	}
}

uint32_t net_receive(struct net *net, int raw, const struct net_flow *flow, uint32_t first,
		     uint32_t n, int ms)
{
	uint64_t until = net_now_ms() + (uint64_t)ms, now;
	uint8_t frame[65536];
	uint32_t have = 0, seq;

	while (have < n && (now = net_now_ms()) <= until) {
		struct pollfd ready = { .fd = raw, .events = POLLIN };
		ssize_t len;

		if (poll(&ready, 1, (int)(until - now)) <= 0)
			break;
		len = recv(raw, frame, sizeof(frame), 0);
		/* Not the flow's: ARP, or what another part of the test sent. */
		if (len < 0 || !net_check(net, flow, frame, (size_t)len, &seq))
			continue;
		assert_int_equal(seq, first + have);
		have++;
	}
	return have;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets to send, and the addresses in them. */
#include "xsk_packet.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ETHERNET 14
#define IP 20
#define UDP 8
#define NUMBER (ETHERNET + IP + UDP)
#define PAYLOAD (NUMBER + 8)
#define SOURCE_PORT 9

bool xsk_parse_mac(const char *text, uint8_t ret[6])
{
	uint8_t mac[6];

	for (int i = 0; i < 6; i++) {
		char byte[3] = { text[0], text[0] ? text[1] : '\0', '\0' };

		if (!isxdigit((unsigned char)byte[0]) || !isxdigit((unsigned char)byte[1]) ||
		    text[2] != (i < 5 ? ':' : '\0'))
			return false;
		mac[i] = (uint8_t)strtoul(byte, NULL, 16);
		text += 3;
	}
	memcpy(ret, mac, 6);
	return true;
}

bool xsk_parse_ips(const char *text, uint32_t *from, uint32_t *to)
{
	const char *comma = strchr(text, ',');
	struct in_addr a, b;
	char first[16];

	if (!comma || comma - text >= (ptrdiff_t)sizeof(first))
		return false;
	snprintf(first, sizeof(first), "%.*s", (int)(comma - text), text);
	if (inet_pton(AF_INET, first, &a) != 1 || inet_pton(AF_INET, comma + 1, &b) != 1)
		return false;
	*from = ntohl(a.s_addr);
	*to = ntohl(b.s_addr);
	return true;
}

static void put16(uint8_t *at, uint32_t val)
{
	at[0] = (uint8_t)(val >> 8);
	at[1] = (uint8_t)val;
}

static void put32(uint8_t *at, uint32_t val)
{
	put16(at, val >> 16);
	put16(at + 2, val & 0xffff);
}

_Static_assert(XSK_UDP_AT == ETHERNET + IP, "a header without options");

/* Of @len bytes and @sum, not inverted. */
static uint16_t add_up(uint32_t sum, const uint8_t *at, int len)
{
	for (int i = 0; i < len; i += 2)
		sum += (uint32_t)at[i] << 8 | at[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum += sum >> 16;
	return (uint16_t)sum;
}

void xsk_packet_number(uint8_t *at, uint64_t number)
{
	uint64_t be = htobe64(number);

	memcpy(at + NUMBER, &be, sizeof(be));
}

void xsk_packet_write(const struct xsk_packet *p, uint8_t *to)
{
	uint8_t *ip = to + ETHERNET;

	memset(to, 0, NUMBER);
	memcpy(to, p->dst, 6);
	memcpy(to + 6, p->src, 6);
	put16(to + 12, 0x0800);
	ip[0] = 0x45;
	put16(ip + 2, p->size - ETHERNET);
	ip[6] = 0x40; /* not to be cut */
	ip[8] = 64;
	ip[9] = IPPROTO_UDP;
	put32(ip + 12, p->from);
	put32(ip + 16, p->to);
	put16(ip + 10, (uint16_t)~add_up(0, ip, IP));
	put16(ip + IP, SOURCE_PORT);
	put16(ip + IP + 2, p->port);
	put16(ip + IP + 4, p->size - ETHERNET - IP);
	/* Else none, as UDP lets one. */
	if (p->checksum)
		put16(ip + IP + XSK_UDP_SUM,
		      add_up(p->size - ETHERNET - IP + IPPROTO_UDP, ip + 12, 8));
	xsk_packet_number(to, 0);
	for (uint32_t i = PAYLOAD; i < p->size; i++)
		to[i] = (uint8_t)i;
}

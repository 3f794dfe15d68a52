/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets to send: Ethernet, IPv4 and UDP, with a number each. */
#ifndef XSK_PACKET_H
#define XSK_PACKET_H

#include "cli.h"

/* Bytes of an Ethernet frame without its checksum; as many as an IPv4 packet can have. */
#define XSK_SIZE_MIN 60u
#define XSK_SIZE_MAX (14u + 65535u)

/**
 * struct xsk_packet - what each packet is
 * @dst: destination's MAC address
 * @src: source's
 * @from: source's IPv4 address, in host order
 * @to: destination's
 * @port: destination port
 * @size: bytes from the Ethernet header on
 * @checksum: somebody fills in UDP's, for whom the field holds the pseudo header's sum
 */
struct xsk_packet {
	uint8_t dst[6];
	uint8_t src[6];
	uint32_t from;
	uint32_t to;
	uint16_t port;
	uint32_t size;
	bool checksum;
};

/* Where UDP begins, and its checksum in it. */
#define XSK_UDP_AT 34u
#define XSK_UDP_SUM 6u

/* "02:00:00:00:00:01" */
bool xsk_parse_mac(const char *text, uint8_t ret[6]);
/* "192.0.2.1,192.0.2.2": source and destination */
bool xsk_parse_ips(const char *text, uint32_t *from, uint32_t *to);

/* Writes the packet of number 0: 8 bytes behind the UDP header, then a pattern. */
void xsk_packet_write(const struct xsk_packet *p, uint8_t *to);
/* Gives a packet that was written another number. */
void xsk_packet_number(uint8_t *at, uint64_t number);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands before a packet: what is known of a received one, wishes for one to send. */
#ifndef DMABUFX_XSK_META_H
#define DMABUFX_XSK_META_H

#include "ring.h"

DMABUFX_BEGIN_DECLS

/** DMABUFX_RX_META_TIMESTAMP - when it arrived. */
#define DMABUFX_RX_META_TIMESTAMP (1u << 0)
/** DMABUFX_RX_META_HASH - hash of its addresses, and of which. */
#define DMABUFX_RX_META_HASH (1u << 1)
/** DMABUFX_RX_META_VLAN - the VLAN tag that the device took out of it. */
#define DMABUFX_RX_META_VLAN (1u << 2)

/** DMABUFX_HASH_IPV4 - of hash_type: of the addresses of IPv4. */
#define DMABUFX_HASH_IPV4 (1u << 0)
/** DMABUFX_HASH_IPV6 - of the addresses of IPv6. */
#define DMABUFX_HASH_IPV6 (1u << 1)
/** DMABUFX_HASH_EXTENSIONS - of extension headers too. */
#define DMABUFX_HASH_EXTENSIONS (1u << 2)
/** DMABUFX_HASH_L4 - of ports, or what the protocol has for them. */
#define DMABUFX_HASH_L4 (1u << 3)
/** DMABUFX_HASH_TCP - it is TCP. */
#define DMABUFX_HASH_TCP (1u << 4)
/** DMABUFX_HASH_UDP - it is UDP. */
#define DMABUFX_HASH_UDP (1u << 5)
/** DMABUFX_HASH_SCTP - it is SCTP. */
#define DMABUFX_HASH_SCTP (1u << 6)
/** DMABUFX_HASH_IPSEC - it is IPsec. */
#define DMABUFX_HASH_IPSEC (1u << 7)
/** DMABUFX_HASH_ICMP - it is ICMP. */
#define DMABUFX_HASH_ICMP (1u << 8)

/**
 * struct dmabufx_rx_meta - what the driver knows of a received packet
 * @size: set by the caller to sizeof(struct dmabufx_rx_meta)
 * @timestamp_ns: nanoseconds by the device's clock, as PTP sets it
 * @hash: the device's hash of it
 * @hash_type: DMABUFX_HASH_*; 0: the driver doesn't say of what
 * @vlan_tci: priority in the upper 3 bits, then DEI, then the VLAN's 12 bits
 * @vlan_proto: the tag's type, 0x8100 or 0x88a8
 * @valid: DMABUFX_RX_META_*: which of these there are; the others are 0
 *
 * Numbers are in host order.
 */
struct dmabufx_rx_meta {
	size_t size;
	uint64_t timestamp_ns;
	uint32_t hash;
	uint32_t hash_type;
	uint16_t vlan_tci;
	uint16_t vlan_proto;
	uint32_t valid;
};

/**
 * dmabufx_xsk_rx_meta() - what the driver knows of a received packet
 * @xsk: the socket that received it, opened with DMABUFX_XSK_RX_META or with a program
 * of DMABUFX_PROG_META
 * @desc: the packet, while the caller has its frame. With DMABUFX_XSK_MULTI_BUFFER it is the
 * descriptor in the ring, of the last dmabufx_xsk_rx_burst(), and the one before it is
 * as it was: of a packet's second and further frames, and of copies, nothing is known
 * @ret: its size member set by the caller; receives the rest
 *
 * Bytes that another program wrote, or an earlier one of the library's, are never taken
 * for metadata. A tag that the device left in the packet isn't told: it is in the packet.
 *
 * Threads: the RX thread.
 * Return: DMABUFX_RX_META_* that @ret has, 0: none; -EINVAL: NULL, the size is too
 * small, or @desc isn't in the UMEM; -E2BIG: the size is larger than this library knows.
 * Source: bpf_xdp_metadata_rx_timestamp() and _rx_hash() (6.3), _rx_vlan_tag() (6.8).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_xsk_rx_meta(const struct dmabufx_xsk *xsk, const struct dmabufx_desc *desc,
				    struct dmabufx_rx_meta *ret);

/** DMABUFX_TX_METADATA_LEN - tx_metadata_len of a UMEM that has room for all wishes. */
#define DMABUFX_TX_METADATA_LEN 24u

/** DMABUFX_TX_META_CHECKSUM - fill in a checksum. */
#define DMABUFX_TX_META_CHECKSUM (1u << 0)
/** DMABUFX_TX_META_TIMESTAMP - tell when it was sent: dmabufx_xsk_tx_timestamps(). */
#define DMABUFX_TX_META_TIMESTAMP (1u << 1)
/** DMABUFX_TX_META_LAUNCH_TIME - send it at a given time. */
#define DMABUFX_TX_META_LAUNCH_TIME (1u << 2)

/**
 * struct dmabufx_tx_meta - wishes for a packet to send
 * @size: sizeof(struct dmabufx_tx_meta), set by DMABUFX_OPTS()
 * @flags: DMABUFX_TX_META_*; 0: none, those of an earlier call are taken back
 * @csum_start: first byte that is summed up, from the packet's first; all behind it is
 * @csum_offset: where the checksum belongs, from @csum_start. The field holds the sum of the
 * pseudo header, folded to 16 bits, and not inverted
 * @launch_time_ns: when to send it, by the device's clock
 * @cookie: comes back with the time of sending
 */
struct dmabufx_tx_meta {
	size_t size;
	uint32_t flags;
	uint16_t csum_start;
	uint16_t csum_offset;
	uint64_t launch_time_ns;
	uint64_t cookie;
};

/**
 * dmabufx_xsk_tx_meta() - wishes for a packet that will be sent
 * @xsk: the socket that will send it
 * @desc: the packet, of several frames the first, with its address and length: neither
 * changes any more. DMABUFX_DESC_METADATA is set or cleared in its options
 * @meta: wishes
 *
 * They are written before the packet. The packet itself may be written later. What can't be
 * had is refused, as drivers ignore what they don't have: the packet would go
 * out with a wrong checksum. When copying, the kernel has checksums and times of sending
 * for each interface; without copying, and launch times in any case, the driver must have them:
 * dmabufx_xsk_query() tells.
 *
 * A packet that asked for a time and isn't sent: call it again without.
 *
 * Threads: the TX thread.
 * Return: 0; -EINVAL: NULL, malformed options, the UMEM's tx_metadata_len is too small
 * (16; launch times take 24), the checksum isn't in the packet, there is no room
 * before the packet in its frame, a time is asked for without DMABUFX_XSK_TX_TIMESTAMPS or
 * of a frame that isn't the socket's to send from; -E2BIG; -EOPNOTSUPP: driver
 * or kernel don't do it.
 * Source: linux/if_xdp.h struct xsk_tx_metadata (6.8; length by a flag 6.11; launch time 6.14).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_xsk_tx_meta(struct dmabufx_xsk *xsk, struct dmabufx_desc *desc,
				    const struct dmabufx_tx_meta *meta);

/**
 * struct dmabufx_tx_timestamp - when a packet was sent
 * @cookie: as in its struct dmabufx_tx_meta
 * @ns: nanoseconds. Without copying by the device's clock, or 0: it had no time for this
 * one. When copying by CLOCK_TAI, when the kernel was done with the packet
 */
struct dmabufx_tx_timestamp {
	uint64_t cookie;
	uint64_t ns;
};

/**
 * dmabufx_xsk_tx_timestamps() - when packets were sent
 * @xsk: socket, opened with DMABUFX_XSK_TX_TIMESTAMPS
 * @ret: receives the times, in the order in which the packets were done
 * @n: room in @ret
 *
 * Also looks for sent packets, as dmabufx_xsk_tx_reap() does. Each time is told once. The
 * socket keeps as many as the TX ring has entries; those that come when that many weren't
 * fetched are lost, and counted in struct dmabufx_xsk_stats.
 *
 * Threads: the TX thread.
 * Return: how many there were; -EINVAL: NULL, or the socket keeps none.
 * Source: linux/if_xdp.h XDP_TXMD_FLAGS_TIMESTAMP (6.8).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_xsk_tx_timestamps(struct dmabufx_xsk *xsk, struct dmabufx_tx_timestamp *ret,
					  uint32_t n);

DMABUFX_END_DECLS

#endif

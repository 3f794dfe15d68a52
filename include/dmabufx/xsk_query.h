/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asking first: what AF_XDP can do on an interface, and why not more. */
#ifndef DMABUFX_XSK_QUERY_H
#define DMABUFX_XSK_QUERY_H

#include "types.h"

DMABUFX_BEGIN_DECLS

/** DMABUFX_XSK_ANSWER_TEXT_MAX - room for the sentence of an answer, NUL included. */
#define DMABUFX_XSK_ANSWER_TEXT_MAX 160

/**
 * struct dmabufx_xsk_answer - one thing that was asked of an interface
 * @result: 1: yes; 0: no; a negative errno: it can't be known, -ENODATA if the
 * kernel doesn't tell or it wasn't tried, -EBUSY if a socket has the queue, -EPERM
 * @text: how that is known, or why not; one sentence
 */
struct dmabufx_xsk_answer {
	int32_t result;
	char text[DMABUFX_XSK_ANSWER_TEXT_MAX];
};

/** DMABUFX_XSK_QUERY_NO_TRY - ask the kernel, but open no socket. */
#define DMABUFX_XSK_QUERY_NO_TRY (1u << 0)

/**
 * struct dmabufx_xsk_query_opts - options of dmabufx_xsk_query()
 * @size: sizeof(struct dmabufx_xsk_query_opts), set by DMABUFX_OPTS()
 * @flags: DMABUFX_XSK_QUERY_*
 * @reserved: must be 0
 */
struct dmabufx_xsk_query_opts {
	size_t size;
	uint32_t flags;
	uint32_t reserved;
};

/**
 * struct dmabufx_xsk_caps - what AF_XDP can do on an interface
 * @size: set by the caller to sizeof(struct dmabufx_xsk_caps)
 * @ifname: the interface
 * @driver: its driver
 * @ifindex: its number
 * @rx_queues: queues that receive
 * @tx_queues: queues that send
 * @mtu: its MTU
 * @zc_max_segs: frames that one packet may have in zero copy; 0: unknown
 * @prog_id: XDP program that is attached, 0: none
 * @features: NETDEV_XDP_ACT_* of linux/netdev.h, as the kernel told them
 * @up: whether it is up and has a carrier
 * @native: whether the driver runs XDP programs
 * @zero_copy: whether a socket without copying could be opened; tried on the
 * last receive queue
 * @multi_buffer: whether packets of several frames arrive
 * @rx_timestamp: RX metadata: time of arrival
 * @rx_hash: RX metadata: hash
 * @rx_vlan: RX metadata: VLAN tag
 * @tx_timestamp: TX metadata: time of sending
 * @tx_checksum: TX metadata: checksum by the device
 * @tx_launch_time: TX metadata: time to send at
 * @prog_free: whether no program is in the way; the text names the one that is.
 * libxdp's dispatcher isn't, as others can join it
 */
struct dmabufx_xsk_caps {
	size_t size;
	char ifname[16];
	char driver[32];
	uint32_t ifindex;
	uint32_t rx_queues;
	uint32_t tx_queues;
	uint32_t mtu;
	uint32_t zc_max_segs;
	uint32_t prog_id;
	uint32_t features;
	struct dmabufx_xsk_answer up;
	struct dmabufx_xsk_answer native;
	struct dmabufx_xsk_answer zero_copy;
	struct dmabufx_xsk_answer multi_buffer;
	struct dmabufx_xsk_answer rx_timestamp;
	struct dmabufx_xsk_answer rx_hash;
	struct dmabufx_xsk_answer rx_vlan;
	struct dmabufx_xsk_answer tx_timestamp;
	struct dmabufx_xsk_answer tx_checksum;
	struct dmabufx_xsk_answer tx_launch_time;
	struct dmabufx_xsk_answer prog_free;
};

/**
 * dmabufx_xsk_query() - what AF_XDP can do on an interface
 * @ctx: context
 * @ifname: interface
 * @opts: options, or NULL
 * @ret: its size member set by the caller; receives the rest
 *
 * Asks the kernel's netdev family, and tries: a socket is bound to the last receive
 * queue without copying, without a program, and closed. Nothing is left
 * behind, and since Linux 6.15 the queue can be bound again when this returns;
 * traffic of that queue may stop for a moment in drivers that set it up anew. A
 * queue that is taken is waited for, 100 ms.
 *
 * Threads: any. Privilege: CAP_NET_RAW for the try; without it those answers
 * are unknown.
 * Return: 0; -EINVAL: NULL, malformed options, or the size is too small; -E2BIG;
 * -ENODEV: no such interface, the reason's sentence lists those there are; -EMFILE;
 * -ENFILE; errors of the kernel's netlink.
 * Source: linux/netdev.h NETDEV_CMD_DEV_GET (6.3), linux/ethtool.h, linux/if_link.h.
 * Since: 0.1
 */
DMABUFX_API int dmabufx_xsk_query(struct dmabufx_ctx *ctx, const char *ifname,
				  const struct dmabufx_xsk_query_opts *opts,
				  struct dmabufx_xsk_caps *ret);

DMABUFX_END_DECLS

#endif

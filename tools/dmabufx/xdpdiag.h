/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's list of AF_XDP sockets, by its sock_diag. */
#ifndef XDPDIAG_H
#define XDPDIAG_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct xdpdiag_sock - a socket of this network namespace
 * @ifindex: interface; 0: not bound
 * @queue: its queue
 * @inode: what /proc/PID/fd shows as socket:[inode]
 * @uid: owner
 * @rx_ring: entries, 0: doesn't receive
 * @tx_ring: entries, 0: doesn't send
 * @umem_id: the UMEM's number
 * @umem_size: its bytes
 * @chunk_size: bytes of a frame
 * @zero_copy: the device works in the UMEM
 * @has_stats: the members below are known
 * @rx_ring_full: packets lost since the program doesn't take them
 * @fill_empty: times that no frame was there
 * @rx_other: packets lost otherwise
 * @rx_invalid: frames for receiving that the kernel refused
 * @tx_invalid: packets that it refused
 */
struct xdpdiag_sock {
	uint32_t ifindex;
	uint32_t queue;
	uint32_t inode;
	uint32_t uid;
	uint32_t rx_ring;
	uint32_t tx_ring;
	uint32_t umem_id;
	uint64_t umem_size;
	uint32_t chunk_size;
	bool zero_copy;
	bool has_stats;
	uint64_t rx_ring_full;
	uint64_t fill_empty;
	uint64_t rx_other;
	uint64_t rx_invalid;
	uint64_t tx_invalid;
};

typedef void (*xdpdiag_fn)(const struct xdpdiag_sock *sock, void *arg);

/* 0; -EOPNOTSUPP: the kernel has no CONFIG_XDP_SOCKETS_DIAG; or another -errno. */
int xdpdiag_list(xdpdiag_fn each, void *arg);

#endif

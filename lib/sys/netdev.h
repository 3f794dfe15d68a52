/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel says of a network interface of this network namespace. */
#ifndef DX_SYS_NETDEV_H
#define DX_SYS_NETDEV_H

#include <linux/if_link.h>

#include "sys/sys.h"

#define DX_NETDEV_NAME_MAX 16
#define DX_NETDEV_DRIVER_MAX 32

struct dx_netdev_link {
	char name[DX_NETDEV_NAME_MAX];
	bool up;
	bool carrier; /* cable, or peer; as known while it is up */
	uint32_t mtu;
	uint32_t xdp_prog_id; /* 0: none; of several the driver's, then the device's */
	uint32_t xdp_mode; /* XDP_ATTACHED_* of linux/if_link.h */
	uint32_t rx_queues_max; /* that were made, not those that are in use */
	uint32_t tx_queues_max;
};

struct dx_netdev_queues {
	uint32_t rx;
	uint32_t tx;
};

/* Numbers of uapi/netdev.h. */
struct dx_netdev_xdp {
	uint64_t features;
	uint64_t rx_metadata;
	uint64_t xsk_features;
	uint32_t zc_max_segs; /* 0: not told */
	bool knows_rx_metadata; /* the kernel told, be it nothing */
	bool knows_xsk_features;
};

/* -ENODEV: no interface of that name. */
int dx_netdev_index(struct dx_sys *sys, const char *ifname, uint32_t *ret);
/* -ENODEV: no interface of that number. */
int dx_netdev_link(struct dx_sys *sys, uint32_t ifindex, struct dx_netdev_link *ret);
/* Queues in use. A driver that doesn't tell has those that were made. */
int dx_netdev_queues(struct dx_sys *sys, const char *ifname, struct dx_netdev_queues *ret);
/* SIOCETHTOOL, of a struct of linux/ethtool.h that begins with its command. */
int dx_netdev_ethtool(struct dx_sys *sys, const char *ifname, void *cmd);
/* -EOPNOTSUPP: it has none that tells. */
int dx_netdev_driver(struct dx_sys *sys, const char *ifname, char *ret, size_t len);
/* -ENOENT: a kernel before 6.3. */
int dx_netdev_xdp(struct dx_sys *sys, uint32_t ifindex, struct dx_netdev_xdp *ret);
/*
 * Whether a socket of AF_XDP has the queue, be it one that is closed already and that
 * the kernel has yet to let go of. 1; 0: no, or a kernel before 6.15; or an error.
 */
int dx_netdev_queue_has_xsk(struct dx_sys *sys, uint32_t ifindex, uint32_t queue);
/* All names, "eth0, lo"; cut to @len at a name's end, with "..." then. */
int dx_netdev_names(struct dx_sys *sys, char *ret, size_t len);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network interfaces of the scripted kernel: netlink, ethtool and sockets of AF_XDP. */
#ifndef UNIT_FAKE_NET_H
#define UNIT_FAKE_NET_H

#include "fake.h"

#define FAKE_NETDEVS 4
#define FAKE_QUEUES 8
#define FAKE_REAL 64
#define FAKE_FLOWS 4
#define FAKE_TABLE 8

/* A card's rule for what it receives. */
struct fake_flow {
	uint32_t location;
	uint64_t cookie; /* RX_CLS_FLOW_DISC, or a queue, with a virtual function's number above */
	bool rss; /* the queue is added to what context 1's table says */
	uint32_t context;
	bool gone; /* since it was listed */
};

struct fake_netdev {
	char name[16];
	char driver[32]; /* "": none that tells */
	uint32_t ifindex;
	bool down;
	bool no_carrier;
	uint32_t mtu;
	uint32_t rx_queues;
	uint32_t tx_queues;
	bool no_channels; /* the driver doesn't tell how many queues it uses */
	uint32_t rx_made;
	uint32_t tx_made;
	uint32_t prog_id;
	uint8_t prog_mode; /* XDP_ATTACHED_* */
	uint64_t features;
	uint64_t rx_metadata;
	uint64_t xsk_features;
	uint32_t zc_max_segs;
	int zc_err; /* the driver's answer to a pool of its own memory; 0: it takes it */
	bool zc_copies; /* it takes it, and yet copies */
	uint32_t napi_id;
	unsigned int release_ms; /* how long the kernel takes to let go of a queue */
	int rules_err; /* the driver's answer to who asks for rules */
	struct fake_flow rules[FAKE_FLOWS];
	unsigned int nrules;
	unsigned int more_rules; /* that come after so many were counted, one each time */
	uint32_t tables[2][FAKE_TABLE]; /* of the hash, and of context 1 */
	uint32_t table_len; /* 0: it doesn't tell */

	struct {
		struct fake_file *xsk;
		uint64_t busy_until;
	} queues[FAKE_QUEUES];
};

/* A datagram that waits in a netlink socket. */
struct fake_datagram {
	struct fake_datagram *next;
	size_t len;
	unsigned char data[];
};

/* A socket of AF_XDP. */
struct fake_xsk {
	bool registered;
	uint32_t rings[4]; /* entries, by name: from XDP_RX_RING on */
	struct fake_netdev *dev; /* NULL: unbound */
	uint32_t queue;
	bool zero_copy;
	uint32_t budget;
};

struct fake_net {
	struct fake_netdev devs[FAKE_NETDEVS];
	unsigned int ndevs;
	bool no_family; /* a kernel before 6.3 */
	bool old_family; /* one of 6.3: it knows XDP features and nothing else */
	bool no_xsk_attr; /* one before 6.15: queues don't tell whether they have a socket */
	bool no_xdp_sockets; /* CONFIG_XDP_SOCKETS is off */
	uint64_t memlock; /* 0: enough */
	struct fake_datagram *script; /* what a request is answered with instead */
	unsigned int script_skip; /* after so many more, which are answered as they should */
	struct {
		void *addr;
		size_t len;
	} real[FAKE_REAL]; /* rings, which are memory that can be used */
};

/* An interface that is up, of driver "fake_net", with two queues. */
struct fake_netdev *fake_add_netdev(struct fake *f, const char *name);

/*
 * Datagrams to answer the next netlink request with, in order, whatever it asks. Those
 * of a request that never came are forgotten.
 */
void fake_script(struct fake *f, const void *data, size_t len);
void fake_unscript(struct fake *f);

/* fake_sys.c's, by kind of socket. */
int fake_netlink_ioctl(struct fake *f, unsigned long request, void *arg);
int fake_ethtool(struct fake_netdev *dev, void *arg);
int fake_netlink_send(struct fake *f, struct fake_file *file, const void *buf, size_t len);
ssize_t fake_netlink_recv(struct fake_file *file, void *buf, size_t len, int flags);
void fake_netlink_release(struct fake_file *file);

int fake_xsk_setsockopt(struct fake *f, struct fake_file *file, int level, int name,
			const void *value, uint32_t len);
int fake_xsk_getsockopt(struct fake_file *file, int level, int name, void *value, uint32_t *len);
int fake_xsk_bind(struct fake *f, struct fake_file *file, const void *addr, uint32_t len);
int fake_xsk_mmap(struct fake *f, struct fake_file *file, size_t len, void **ret);
/* False: it isn't one of these. */
bool fake_xsk_munmap(struct fake *f, void *addr);
void fake_xsk_release(struct fake *f, struct fake_file *file);

struct fake_netdev *fake_netdev_at(struct fake *f, uint32_t ifindex);
bool fake_queue_busy(struct fake *f, const struct fake_netdev *dev, uint32_t queue);

#endif

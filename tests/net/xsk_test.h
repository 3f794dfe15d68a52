/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tests of sockets share: sockets on both ends of a pair, and lanes, which are
 * packets on their way from one to the other with each byte looked at.
 */
#ifndef NET_XSK_TEST_H
#define NET_XSK_TEST_H

#include "dmabufx/dmabufx.h"
#include "net.h"

#define XSK_JUMBO 9014
#define XSK_BATCH 32u

struct xworld {
	struct net *net;
	struct dmabufx_ctx *ctx;
	struct dmabufx_buf *buf;
	struct dmabufx_umem *umem;
	unsigned int fds;
};

/*
 * Before and after each test: a pair with two queues and a UMEM of 16 MiB. The end checks
 * that no socket is open, all frames are free, no program is attached, and no
 * descriptor is left.
 */
int xworld_setup(void **state);
int xworld_teardown(void **state);
#define xsk_case(test) cmocka_unit_test_setup_teardown(test, xworld_setup, xworld_teardown)

/* With one queue: the kernel sends what isn't of AF_XDP by a queue of its own choice. */
int xworld_setup_narrow(void **state);
#define xsk_narrow_case(test) \
	cmocka_unit_test_setup_teardown(test, xworld_setup_narrow, xworld_teardown)

/* Another UMEM instead, before a socket is open; false: there are no huge pages. */
bool xworld_umem(struct xworld *w, const struct dmabufx_umem_opts *opts, bool huge);
/* The UMEM's frames are all free. */
void assert_all_free(struct xworld *w);
uint32_t prog_at(struct xworld *w, enum net_end end);

struct dmabufx_xsk *xsk_open(struct xworld *w, enum net_end end, uint32_t queue,
			     const struct dmabufx_xsk_opts *opts);
int xsk_try(struct xworld *w, enum net_end end, uint32_t queue, const struct dmabufx_xsk_opts *opts,
	    struct dmabufx_xsk **ret);
void xsk_close(struct xworld *w, enum net_end end, struct dmabufx_xsk *xsk);
struct dmabufx_xsk_info info_of(struct dmabufx_xsk *xsk);
struct dmabufx_xsk_stats stats_of(struct dmabufx_xsk *xsk);

/* Packets of a flow between two sockets; either may be NULL, and is nobody's concern then. */
struct lane {
	struct xworld *w;
	struct dmabufx_xsk *from;
	struct dmabufx_xsk *to;
	struct net_flow flow;
	uint32_t window; /* on the way at most; 0: 128 */
	uint32_t lead; /* bytes from a frame's first byte to send on to the packet */
	uint32_t sent;
	uint32_t got;
	uint32_t part_len; /* of a packet that arrived up to here */
	uint8_t part[XSK_JUMBO + 64];
	struct dmabufx_desc ready[256]; /* written, and not yet taken by the socket */
	uint32_t first_ready;
	uint32_t nready;
};

/* One batch of each; what a lane did. */
uint32_t lane_send(struct lane *lane, uint32_t n);
uint32_t lane_receive(struct lane *lane);
/* Until all have sent and got so many more. */
void lanes_run(struct lane *lanes, uint32_t nlanes, uint32_t n);

/* Until all is sent and no frame is anywhere but in the kernel to be received into. */
void assert_idle(struct dmabufx_xsk *xsk);
/* How many packets, or rounds, tests of many have: NET_PACKETS or NET_ROUNDS, or @usual. */
uint32_t net_count(const char *name, uint32_t usual);

#endif

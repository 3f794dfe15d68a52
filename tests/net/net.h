/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tests on real interfaces share: two network namespaces with a veth pair
 * between them. Nobody but this process holds them, so they go when it does,
 * however it ends.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../fails.h"

#include "dmabufx/error.h"

#define NET_SKIP 77

/* The pair's ends. Tests stand in the namespace of NET_NEAR, the far one is the peer's. */
enum net_end {
	NET_NEAR,
	NET_FAR,
};

struct net {
	int home; /* the namespace that the process came from */
	int ns[2];
	char ifname[2][16];
	uint32_t ifindex[2];
	uint8_t mac[2][6];
};

/*
 * Leaves the program with status 77, saying why, unless it may make namespaces
 * and load programs. Also gives it a mount namespace of its own, with a bpffs at
 * /sys/fs/bpf. To be called first in main().
 */
void net_need_privilege(void);

/* Two ends with @queues queues each and an MTU of @mtu, up, with a carrier. */
struct net *net_new(unsigned int queues, unsigned int mtu);
/* Goes home and lets the namespaces vanish. */
void net_free(struct net *net);

/* Moves the calling thread. */
void net_enter(struct net *net, enum net_end end);

/* An end's link; these wait until the kernel says so. */
void net_up(struct net *net, enum net_end end);
void net_down(struct net *net, enum net_end end);
/* Both ends, whose smaller one counts; while up. */
void net_mtu(struct net *net, unsigned int mtu);
/* Until the end has a carrier, at most 5 s. */
void net_wait_carrier(struct net *net, enum net_end end);

/* ip(8) in the thread's namespace; words up to NULL. net_try() answers its exit status. */
#define net_ip(...) net_ip_words((const char *const[]){ "ip", __VA_ARGS__, NULL })
#define net_try(...) net_try_words((const char *const[]){ __VA_ARGS__, NULL }, NULL, 0)
void net_ip_words(const char *const words[]);
/* What it writes to both outputs goes to @text, if that isn't NULL. */
int net_try_words(const char *const words[], char *text, size_t len);

/* What this process has open: a test compares it before and after. */
unsigned int net_fds(void);

/*
 * Packets. Those of a flow are Ethernet frames of @len bytes with a sequence number
 * and a pattern that depends on it, from one end to the other: IPv4 and UDP to
 * port @port, or of an Ethernet type for experiments if @port is 0.
 */
struct net_flow {
	enum net_end from;
	uint16_t port;
	uint32_t len;
};

/* The frame of number @seq; returns @flow->len. 54 bytes are the least. */
size_t net_packet(const struct net *net, const struct net_flow *flow, uint32_t seq, void *frame);
/* Whether it is a frame of the flow, byte by byte; its number in @seq. */
bool net_check(const struct net *net, const struct net_flow *flow, const void *frame, size_t len,
	       uint32_t *seq);

/* A socket that sees what the end receives from the wire and sends there; non-blocking. */
int net_raw(struct net *net, enum net_end end);
/* Sends numbers @first to @first + @n - 1, waiting for room. */
void net_send(struct net *net, int raw, const struct net_flow *flow, uint32_t first, uint32_t n);
/* Takes frames of the flow in order from @first on until there are @n or @ms are over. */
uint32_t net_receive(struct net *net, int raw, const struct net_flow *flow, uint32_t first,
		     uint32_t n, int ms);

uint64_t net_now_ms(void);

/*
 * The call answers -@err, and the last error says so with its reason and a
 * sentence in which each of the words stands.
 */
#define assert_fails(call, err, reason, ...)              \
	check_fails((call), err, DMABUFX_REASON_##reason, \
		    (const char *const[]){ __VA_ARGS__, NULL }, #call, __FILE__, __LINE__)

#endif

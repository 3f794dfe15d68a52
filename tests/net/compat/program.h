/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program for libxdp's AF_XDP calls, built once with libxdp's header and once with
 * this library's. What the two builds say and find must be the same.
 */
#ifndef COMPAT_PROGRAM_H
#define COMPAT_PROGRAM_H

#include <xdp/xsk.h>

#include "../net.h"

#define RING 64u
#define FRAME 2048u
#define FRAMES 256u

/* A UMEM of FRAMES frames with its first socket's rings. */
struct memory {
	unsigned char *base;
	struct xsk_umem *umem;
	struct xsk_ring_prod fill;
	struct xsk_ring_cons comp;
};

/* A socket and which frames it has: n to receive into from first on, then n to send from. */
struct sock {
	struct memory *memory;
	struct xsk_socket *xsk;
	struct xsk_ring_cons rx;
	struct xsk_ring_prod tx;
	struct xsk_ring_prod own_fill;
	struct xsk_ring_cons own_comp;
	struct xsk_ring_prod *fill;
	struct xsk_ring_cons *comp;
	uint32_t first;
	uint32_t sent;
	uint32_t received;
};

extern const struct xsk_umem_config umem_config;
extern const struct xsk_socket_config socket_config;
extern const struct xsk_socket_config without_prog;

void memory_make(struct memory *memory);
void memory_free(struct memory *memory);

/* The UMEM's first socket, on a queue of an interface of the thread's namespace. */
void sock_make(struct sock *sock, struct memory *memory, const char *ifname, uint32_t queue,
	       const struct xsk_socket_config *config);
/* Another one of it, with frames from @first on. */
void sock_share(struct sock *sock, struct memory *memory, const char *ifname, uint32_t queue,
		uint32_t first, const struct xsk_socket_config *config);
/* RING frames to receive into. */
void sock_fill(struct sock *sock);

/* Sends @n frames of the flow, RING / 2 at a time, each as far as the last is completed. */
void sock_send(struct sock *sock, const struct net *net, const struct net_flow *flow, uint32_t n);
/* Takes what has come; checks contents and order; gives the frames back. */
uint32_t sock_take(struct sock *sock, const struct net *net, const struct net_flow *flow);
/* Until @n have come, at most 5 s. */
void sock_receive(struct sock *sock, const struct net *net, const struct net_flow *flow,
		  uint32_t n);

/* The number of the XDP program on an interface of the thread's namespace. */
uint32_t prog_on(const char *ifname);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libxdp's sockets are made of here. */
#ifndef LIBXDP_H
#define LIBXDP_H

#include <xdp/xsk.h>

#include "bench.h"

struct port {
	struct xsk_socket *xsk;
	struct xsk_ring_cons rx;
	struct xsk_ring_prod tx;
	struct xsk_ring_prod fill;
	struct xsk_ring_cons done;
	uint32_t outstanding;
	int fd;
};

/* @in and @out are the same port, unless the work is to forward by two. */
struct libxdp {
	struct port ports[2];
	struct port *in;
	struct port *out;
	struct xsk_umem *umem;
	unsigned char *area;
	uint64_t len;
	uint32_t nframes;
};

int libxdp_open(struct worker *w);
void libxdp_rxdrop(struct worker *w);
void libxdp_txonly(struct worker *w);
void libxdp_l2fwd(struct worker *w);
void libxdp_ask(struct worker *w);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/* Sockets by libxdp, laid out as the library does it or as xdpsock does. */
#include "libxdp.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

/* Linux 6.18's; Debian 12's headers end before. */
#ifndef XDP_MAX_TX_SKB_BUDGET
#define XDP_MAX_TX_SKB_BUDGET 9
#endif
/* A socket that doesn't receive has a fill ring all the same. */
#define RING_MIN 64u

static int fail(const char *what, int err)
{
	fprintf(stderr, "dmabufx-bench: %s: %s\n", what, strerror(-err));
	return BENCH_FAILED;
}

static int make_umem(struct worker *w, struct libxdp *x)
{
	const struct layout *l = &w->layout;
	struct xsk_umem_config config = {
		.fill_size = l->rx_frames ? l->fill_ring : RING_MIN,
		.comp_size = l->done_ring,
		.frame_size = l->chunk,
	};
	struct port *in = &x->ports[0];

	/* xdpsock's frames are for both directions. */
	x->nframes = w->plan.impl == IMPL_REF ? 4096 : l->rx_frames + l->tx_frames;
	x->len = (uint64_t)x->nframes * l->chunk;
	x->area = mmap(NULL, x->len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (x->area == MAP_FAILED)
		return -errno;
	return xsk_umem__create(&x->umem, x->area, x->len, &in->fill, &in->done, &config);
}

static int make_socket(struct worker *w, struct libxdp *x, uint32_t queue, bool rx, bool tx)
{
	const struct layout *l = &w->layout;
	struct xsk_socket_config config = {
		.rx_size = l->rx_ring,
		.tx_size = l->tx_ring,
		.libxdp_flags = rx ? 0 : XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.xdp_flags = XDP_FLAGS_DRV_MODE,
		.bind_flags = XDP_USE_NEED_WAKEUP | XDP_COPY,
	};
	struct port *port = &x->ports[queue];
	int err;

	if (queue)
		err = xsk_socket__create_shared(&port->xsk, w->plan.ifname, queue, x->umem,
						rx ? &port->rx : NULL, tx ? &port->tx : NULL,
						&port->fill, &port->done, &config);
	else
		err = xsk_socket__create(&port->xsk, w->plan.ifname, queue, x->umem,
					 rx ? &port->rx : NULL, tx ? &port->tx : NULL, &config);
	if (err)
		return err;
	port->fd = xsk_socket__fd(port->xsk);
	if (tx && l->budget)
		setsockopt(port->fd, SOL_XDP, XDP_MAX_TX_SKB_BUDGET, &l->budget, sizeof(l->budget));
	return 0;
}

static int fill(struct worker *w, struct libxdp *x)
{
	uint32_t n = w->layout.rx_frames, at;

	if (!n)
		return 0;
	if (xsk_ring_prod__reserve(&x->in->fill, n, &at) != n)
		return -ENOSPC;
	for (uint32_t i = 0; i < n; i++)
		*xsk_ring_prod__fill_addr(&x->in->fill, at++) = (uint64_t)i * w->layout.chunk;
	xsk_ring_prod__submit(&x->in->fill, n);
	return 0;
}

int libxdp_open(struct worker *w)
{
	struct libxdp *x = calloc(1, sizeof(*x));
	const struct layout *l = &w->layout;
	int err;

	if (!x)
		return fail("memory", -ENOMEM);
	if (w->plan.wait == WAIT_ADAPTIVE)
		return fail("libxdp has no adaptive wait", -EINVAL);
	w->impl = x;
	x->in = &x->ports[0];
	x->out = &x->ports[l->two];
	err = make_umem(w, x);
	if (err)
		return fail("xsk_umem__create", err);
	err = fill(w, x);
	if (!err)
		err = make_socket(w, x, 0, l->rx_frames, l->tx_frames && !l->two);
	if (!err && l->two)
		err = make_socket(w, x, 1, false, true);
	if (err)
		return fail("xsk_socket__create", err);
	if (w->plan.work == WORK_TXONLY)
		for (uint32_t i = 0; i < x->nframes; i++)
			packet_make(x->area + (size_t)i * l->chunk, w->plan.size);
	return 0;
}

static void libxdp_prime(struct worker *w, uint32_t want)
{
	const struct xsk_ring_cons *rx = &((struct libxdp *)w->impl)->in->rx;

	while (__atomic_load_n(rx->producer, __ATOMIC_ACQUIRE) - rx->cached_cons < want &&
	       !bench_stop)
		sleep_ms(1);
}

static void libxdp_close(struct worker *w)
{
	struct libxdp *x = w->impl;

	for (int i = 1; i >= 0; i--)
		if (x->ports[i].xsk)
			xsk_socket__delete(x->ports[i].xsk);
	xsk_umem__delete(x->umem);
	munmap(x->area, x->len);
	free(x);
}

const struct impl_ops libxdp_ops = {
	.open = libxdp_open,
	.prime = libxdp_prime,
	.loop = { libxdp_rxdrop, libxdp_txonly, libxdp_l2fwd, libxdp_l2fwd, libxdp_ask },
	.close = libxdp_close,
};

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Rings for libxdp's names: mapped here, and then the caller's. */
#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/fail.h"
#include "sys/sys.h"
#include "uapi/if_xdp.h"
#include "xsk/compat_priv.h"
#include "xsk/sock.h"

/* Both kinds are one structure to whoever sets them. */
_Static_assert(sizeof(struct xsk_ring_prod) == sizeof(struct xsk_ring_cons) &&
		       offsetof(struct xsk_ring_prod, flags) ==
			       offsetof(struct xsk_ring_cons, flags),
	       "DEFINE_XSK_RING made both");

struct ring {
	struct xsk_ring_prod at;
	struct dx_compat_map map;
};

static int map_ring(struct dx_sys *sys, int fd, uint64_t pgoff, const struct xdp_ring_offset *at,
		    uint32_t n, size_t entry, struct ring *ret)
{
	size_t len = at->desc + n * entry;
	void *addr;
	unsigned char *base;
	int err = sys->mmap(sys, fd, pgoff, len, PROT_READ | PROT_WRITE, &addr);

	if (err)
		return dx_fail_sys(err, "mapping a ring of %u entries", n);
	base = addr;
	ret->map.addr = addr;
	ret->map.len = len;
	ret->at.mask = n - 1;
	ret->at.size = n;
	ret->at.producer = (uint32_t *)(void *)(base + at->producer);
	ret->at.consumer = (uint32_t *)(void *)(base + at->consumer);
	ret->at.flags = (uint32_t *)(void *)(base + at->flags);
	ret->at.ring = base + at->desc;
	/* Before the socket is bound nobody else moves them. */
	ret->at.cached_prod = *ret->at.producer;
	ret->at.cached_cons = *ret->at.consumer;
	return 0;
}

static void give_prod(struct xsk_ring_prod *prod, const struct ring *ring)
{
	*prod = ring->at;
	prod->cached_cons += prod->size;
}

static void give_cons(struct xsk_ring_cons *cons, const struct ring *ring)
{
	*cons = (struct xsk_ring_cons){
		.cached_prod = ring->at.cached_prod,
		.cached_cons = ring->at.cached_cons,
		.mask = ring->at.mask,
		.size = ring->at.size,
		.producer = ring->at.producer,
		.consumer = ring->at.consumer,
		.ring = ring->at.ring,
		.flags = ring->at.flags,
	};
}

int dx_compat_umem_rings(const struct dx_compat_umem *umem, int fd, struct xsk_ring_prod *fill,
			 struct xsk_ring_cons *comp, struct dx_compat_map *fill_map,
			 struct dx_compat_map *comp_map)
{
	const struct xsk_umem_config *config = &umem->config;
	struct dx_sys *sys = umem->sys;
	struct xdp_mmap_offsets at;
	struct ring fr, cr;
	int err = dx_sock_make_ring(sys, fd, XDP_UMEM_FILL_RING, "fill", config->fill_size);

	if (!err)
		err = dx_sock_make_ring(sys, fd, XDP_UMEM_COMPLETION_RING, "completion",
					config->comp_size);
	if (!err)
		err = dx_sock_offsets(sys, fd, &at);
	if (!err)
		err = map_ring(sys, fd, XDP_UMEM_PGOFF_FILL_RING, &at.fr, config->fill_size,
			       sizeof(uint64_t), &fr);
	if (err)
		return err;
	err = map_ring(sys, fd, XDP_UMEM_PGOFF_COMPLETION_RING, &at.cr, config->comp_size,
		       sizeof(uint64_t), &cr);
	if (err) {
		dx_compat_unmap(sys, &fr.map);
		return err;
	}
	give_prod(fill, &fr);
	give_cons(comp, &cr);
	*fill_map = fr.map;
	*comp_map = cr.map;
	return 0;
}

static int map_desc_ring(struct dx_compat_socket *xsk, uint64_t pgoff, size_t which, uint32_t n,
			 struct ring *ret)
{
	struct dx_sys *sys = xsk->umem->sys;
	struct xdp_mmap_offsets at;
	int err = dx_sock_offsets(sys, xsk->io.fd, &at);

	if (err)
		return err;
	return map_ring(sys, xsk->io.fd, pgoff,
			(const struct xdp_ring_offset *)(const void *)((char *)&at + which), n,
			sizeof(struct xdp_desc), ret);
}

int dx_compat_rx_ring(struct dx_compat_socket *xsk, struct xsk_ring_cons *rx)
{
	struct ring ring;
	int err = map_desc_ring(xsk, XDP_PGOFF_RX_RING, offsetof(struct xdp_mmap_offsets, rx),
				xsk->config.rx_size, &ring);

	if (err)
		return err;
	xsk->rx = ring.map;
	give_cons(rx, &ring);
	return 0;
}

int dx_compat_tx_ring(struct dx_compat_socket *xsk, struct xsk_ring_prod *tx)
{
	struct ring ring;
	int err = map_desc_ring(xsk, XDP_PGOFF_TX_RING, offsetof(struct xdp_mmap_offsets, tx),
				xsk->config.tx_size, &ring);

	if (err)
		return err;
	xsk->tx = ring.map;
	give_prod(tx, &ring);
	return 0;
}

void dx_compat_unmap(struct dx_sys *sys, struct dx_compat_map *map)
{
	if (map->addr)
		sys->munmap(sys, map->addr, map->len);
	map->addr = NULL;
}

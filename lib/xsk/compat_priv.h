/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libxdp's UMEMs and sockets: what is behind their descriptors. */
#ifndef DX_XSK_COMPAT_PRIV_H
#define DX_XSK_COMPAT_PRIV_H

#include <stdbool.h>

#include "base/list.h"
#include "dmabufx/compat/xsk.h"

struct dx_sys;

struct dx_compat_map {
	void *addr; /* NULL: none */
	size_t len;
};

/* libxdp's program on an interface, as one user of it knows it. */
struct dx_compat_prog {
	uint32_t id; /* 0: none */
	uint32_t ifindex;
	int map_fd; /* of the XSKMAP; -1: none */
	int count_fd; /* of the map that counts the program's users */
};

/* A queue: the sockets on it have one fill and one completion ring. */
struct dx_compat_queue {
	struct dx_list link; /* in umem->queues */
	unsigned int refs;
	uint32_t ifindex;
	uint32_t queue;
	struct dx_compat_map fill;
	struct dx_compat_map comp;
	struct dx_compat_socket *redirected; /* the one the program's map has */
};

struct dx_compat_umem {
	struct xsk_umem io;
	struct dx_sys *sys;
	struct xsk_umem_config config;
	unsigned int sockets;
	bool has_rx; /* its own descriptor's rings are made already */
	bool has_tx;
	/* Those of xsk_umem__create(), until the first socket takes them. */
	struct xsk_ring_prod *fill_ring;
	struct xsk_ring_cons *comp_ring;
	struct dx_compat_map fill;
	struct dx_compat_map comp;
	struct dx_list queues;
};

struct dx_compat_socket {
	struct xsk_socket io;
	struct dx_compat_umem *umem;
	struct dx_compat_queue *queue;
	struct xsk_socket_config config;
	struct dx_compat_map rx;
	struct dx_compat_map tx;
	struct dx_compat_prog prog;
};

/* As the public ones, on a system that is handed in. */
int dx_compat_umem_create(struct dx_sys *sys, void *area, uint64_t len, struct xsk_ring_prod *fill,
			  struct xsk_ring_cons *comp, const struct xsk_umem_config *config,
			  struct xsk_umem **ret);

int dx_compat_umem_rings(const struct dx_compat_umem *umem, int fd, struct xsk_ring_prod *fill,
			 struct xsk_ring_cons *comp, struct dx_compat_map *fill_map,
			 struct dx_compat_map *comp_map);
int dx_compat_rx_ring(struct dx_compat_socket *xsk, struct xsk_ring_cons *rx);
int dx_compat_tx_ring(struct dx_compat_socket *xsk, struct xsk_ring_prod *tx);
void dx_compat_unmap(struct dx_sys *sys, struct dx_compat_map *map);

/*
 * compat_prog.c: attaches the program, or finds it; one more user of it. Closing gives
 * that up, and detaches with the last one.
 */
int dx_compat_prog_open(struct dx_sys *sys, uint32_t ifindex, uint32_t xdp_flags,
			struct dx_compat_prog *ret);
void dx_compat_prog_close(struct dx_sys *sys, struct dx_compat_prog *prog);
/*
 * compat_lock.c: waits until no other process counts users of such a program, be it by libxdp.
 * -1: libxdp has no place for its lock here, or it can't be had.
 */
int dx_compat_lock(struct dx_sys *sys);
void dx_compat_unlock(struct dx_sys *sys, int fd);
int dx_compat_map_set(int map_fd, uint32_t queue, int xsk_fd);
void dx_compat_map_clear(int map_fd, uint32_t queue);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UMEMs, and which frames are whose. */
#ifndef DX_XSK_UMEM_PRIV_H
#define DX_XSK_UMEM_PRIV_H

#include <stdbool.h>

#include "base/list.h"
#include "dmabufx/umem.h"

/* What the kernel keeps free before each packet: XDP_PACKET_HEADROOM. */
#define DX_XDP_HEADROOM 256u
/* What it wants behind the headroom besides: 128 bytes, and struct skb_shared_info (6.18.44). */
#define DX_XDP_TAIL (128u + 320u)

struct dx_xsk;

/*
 * The frames of one socket for one direction, side by side. What comes back by a
 * completion tells by its address whose it is, and all of a stretch is free again
 * when its socket is closed and the caller has given back what it held.
 */
struct dx_stretch {
	struct dx_list link; /* in umem->stretches, by address */
	uint32_t first;
	uint32_t n;
	struct dx_xsk *xsk; /* NULL: closed */
	uint32_t held; /* of a closed one: frames that are still to come back */
	bool busy; /* of one that is being closed: the kernel may still use its frames */
	unsigned char *back; /* of a closed one: those that have, a bit each */
};

/* Guarded by the ctx's lock; what is above @refs is set once. */
struct dmabufx_umem {
	struct dmabufx_ctx *ctx;
	struct dmabufx_buf *buf;
	unsigned char *base;
	uint64_t len;
	uint32_t chunk;
	uint32_t headroom;
	uint32_t metadata;
	uint32_t flags;
	uint32_t nframes;
	unsigned int refs;
	uint32_t nfree;
	uint32_t closing; /* sockets that are being closed, and were sending others' frames */
	struct dx_list stretches;
	struct dx_list xsks;
};

/* All with the ctx locked. */
void dx_umem_put(struct dmabufx_umem *umem);
/* -ENOSPC, -ENOMEM; nothing for no frames: *ret is NULL. */
int dx_stretch_take(struct dmabufx_umem *umem, struct dx_xsk *xsk, uint32_t n,
		    struct dx_stretch **ret);
/*
 * The socket is no more, and @held frames of it are somewhere else; all others are free
 * when the kernel has ended as well. NULL is fine.
 */
void dx_stretch_close(struct dx_stretch *stretch, uint32_t held);
void dx_stretch_end(struct dmabufx_umem *umem, struct dx_stretch *stretch);
/* Both at once. */
void dx_stretch_leave(struct dmabufx_umem *umem, struct dx_stretch *stretch, uint32_t held);
/* Whose frame @addr lies in; NULL: nobody's, or no frame. */
struct dx_stretch *dx_stretch_of(const struct dmabufx_umem *umem, uint64_t addr);
/* A frame of a closed socket comes back. False: it is back already. */
bool dx_stretch_return(struct dmabufx_umem *umem, struct dx_stretch *stretch, uint64_t addr);

static inline uint64_t dx_umem_frame_addr(const struct dmabufx_umem *umem, uint32_t frame)
{
	return (uint64_t)frame * umem->chunk;
}

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A socket: the inline part first, then what its control calls know. */
#ifndef DX_XSK_XSK_PRIV_H
#define DX_XSK_XSK_PRIV_H

#include "dmabufx/xsk.h"
#include "xsk/umem_priv.h"

struct dmabufx_prog;
struct dx_sys;
struct dx_tx_times;

enum dx_xsk_ring { DX_RING_RX, DX_RING_TX, DX_RING_FILL, DX_RING_DONE, DX_RINGS };

struct dx_xsk {
	struct dmabufx_xsk io;
	void *memory; /* what was allocated; this struct begins at a cache line in it */
	struct dmabufx_ctx *ctx;
	struct dmabufx_umem *umem;
	struct dx_list link; /* in umem->xsks */
	int fd;
	bool registered; /* the UMEM, by this socket */
	bool bound;
	struct dmabufx_prog *prog; /* NULL: none of the library's */
	struct dx_stretch *rx_frames;
	struct dx_stretch *tx_frames;
	struct {
		void *addr;
		size_t len;
	} rings[DX_RINGS];
	/* What a ring's flags pointer points to where the kernel's word isn't what counts. */
	uint32_t always;
	uint32_t never;
	uint32_t nowhere; /* where the index of a ring goes that isn't there */
	uint32_t tx_seen; /* how far the kernel was with sending when dmabufx_xsk_wait() looked */
	struct dmabufx_xsk_info info;
	uint32_t sleep;
	uint32_t timer_us;
	uint64_t sleeps;
	/* How far refused.c has looked for packets that the kernel refused: the TX thread's. */
	struct {
		uint32_t upto; /* packets before were looked at */
		uint32_t base; /* those before were done with, if it could be; counts begin here */
		uint32_t done; /* and here in the completion ring */
		uint32_t look_at; /* when so many have been sent, half a lap later */
	} seen;
	/* Metadata. */
	uint64_t rx_mark; /* of what the program writes before packets; 0: nothing */
	uint32_t tx_offers; /* DMABUFX_TX_META_* that kernel and driver have */
	struct dx_tx_times *times; /* NULL: no times of sending are kept */
};

/*
 * In io.foreign, of sockets for which each completion is looked at: the inline code then leaves
 * them to dmabufx_xsk_reap_mixed(), and no other socket pays for asking whether to.
 */
#define DX_XSK_REAP_ALL (1u << 31)

static inline uint32_t dx_xsk_foreign(const struct dmabufx_xsk *io)
{
	return io->foreign & ~DX_XSK_REAP_ALL;
}

static inline struct dx_xsk *dx_xsk_of(const struct dmabufx_xsk *xsk)
{
	return dx_container_of(xsk, struct dx_xsk, io);
}

/* rings.c: the socket's memory and rings. */
int dx_xsk_register(struct dx_xsk *xsk);
int dx_xsk_rings(struct dx_xsk *xsk);
void dx_xsk_unmap(struct dx_xsk *xsk);

/* bind.c: to the queue, the best way that the options allow. */
int dx_xsk_bind(struct dx_xsk *xsk, const struct dmabufx_xsk_opts *o, uint64_t until);

/* tx_meta.c: whether metadata that the options ask for can be; and once it is bound. */
int dx_xsk_meta_check(const struct dmabufx_umem *umem, const struct dmabufx_xsk_opts *o);
int dx_xsk_meta_learn(struct dx_xsk *xsk);

/* steer.c: 0: the card gives all that it receives to queues 0 to @n - 1. Needs no lock. */
int dx_xsk_check_steering(struct dx_sys *sys, const char *ifname, uint32_t n);

/* close.c: also of a socket that is half made. ctx locked, as for all of these. */
void dx_xsk_free(struct dx_xsk *xsk);

/*
 * io.c: @addr was sent by @out. True: it was another's frame, and is his again; he
 * must not be at work meanwhile. The other takes all back that was seen to be sent.
 */
bool dx_xsk_return(struct dx_xsk *out, uint64_t addr);
uint32_t dx_xsk_reap_mixed(struct dx_xsk *out);
/* Whether the kernel takes a descriptor; as far as it can be known here. */
bool dx_xsk_fits(const struct dmabufx_umem *umem, const struct dmabufx_desc *desc);

/* refused.c: takes back frames that the kernel refused, as far as they are known. */
uint32_t dx_xsk_reap_refused(struct dx_xsk *xsk);
/* Looks for some before the ring is overwritten, and has the kernel send; without the lock. */
void dx_xsk_look_and_send(struct dx_xsk *xsk);

#endif

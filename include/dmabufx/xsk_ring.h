/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Moving packets, inline: a socket's four rings and its frames.
 *
 * One thread receives (rx_burst, rx_release) and one sends (tx_alloc, tx_burst,
 * tx_reap, tx_free); dmabufx_xsk_forward() does both, so it is of the RX thread of
 * the one socket and the TX thread of the other. The two parts of a socket share
 * no cache line.
 */
#ifndef DMABUFX_XSK_RING_H
#define DMABUFX_XSK_RING_H

#include "ring.h"

DMABUFX_BEGIN_DECLS

/**
 * struct dmabufx_xsk - the part of a socket that is inline; the rest is the library's
 * @base: where byte 0 of the UMEM is
 * @rx: packets that have arrived
 * @fill: frames to receive into
 * @forwarded: frames of this socket that others are sending
 * @rx_frames: frames to receive into, wherever they are
 * @rx_kicks: system calls made for receiving
 * @rx_count: frames received
 * @rx_room: nobody's
 * @tx: packets to send
 * @done: packets that were sent
 * @stack: free frames to send from; the last one is the warmest
 * @nstack: how many
 * @foreign: frames of others among those being sent; the top bit: the library looks at
 * each that was sent
 * @tx_frames: frames to send from, wherever they are
 * @refused: frames that the kernel refused, and that were taken back without its word
 * @tx_kicks: system calls made for sending
 * @tx_count: frames sent and taken back
 * @tx_mask: makes the beginning of a frame of any address in it
 * @tx_lead: bytes left free before a packet, for its metadata
 * @tx_from: whose packets the foreign ones are; NULL: several sockets'
 * @tx_room: nobody's
 *
 * Read and written by the calls below alone.
 */
struct dmabufx_xsk {
	/* The RX thread's. */
	unsigned char *base;
	struct dmabufx_ring rx;
	struct dmabufx_ring fill;
	uint32_t forwarded;
	uint32_t rx_frames;
	uint64_t rx_kicks;
	uint64_t rx_count;
	uint64_t rx_room[8];
	/* The TX thread's. */
	struct dmabufx_ring tx;
	struct dmabufx_ring done;
	uint64_t *stack;
	uint32_t nstack;
	uint32_t foreign;
	uint32_t tx_frames;
	uint32_t refused;
	uint64_t tx_kicks;
	uint64_t tx_count;
	uint64_t tx_mask;
	uint64_t tx_lead;
	struct dmabufx_xsk *tx_from;
	uint64_t tx_room[4];
} __attribute__((aligned(64)));

/** DMABUFX_ADDR_MASK - the bits of an address that say where; those above add an offset. */
#define DMABUFX_ADDR_MASK ((UINT64_C(1) << 48) - 1)

/** DMABUFX_XSK_REAP_AT - so many packets more being sent, and a send looks for sent ones. */
#define DMABUFX_XSK_REAP_AT 32u

/**
 * dmabufx_xsk_kick_rx() - have the kernel receive, by a system call
 * @xsk: socket
 *
 * The inline calls do it where the kernel asks for it.
 *
 * Threads: the RX thread.
 * Return: nothing.
 * Since: 0.1
 */
DMABUFX_API void dmabufx_xsk_kick_rx(struct dmabufx_xsk *xsk);

/**
 * dmabufx_xsk_kick_tx() - have the kernel send, by a system call
 * @xsk: socket
 *
 * The inline calls do it where the kernel asks for it.
 *
 * Threads: the TX thread.
 * Return: nothing.
 * Since: 0.1
 */
DMABUFX_API void dmabufx_xsk_kick_tx(struct dmabufx_xsk *xsk);

/**
 * dmabufx_xsk_reap_mixed() - take back sent frames of several owners
 * @xsk: socket
 *
 * What dmabufx_xsk_tx_reap() does when own and forwarded frames are on the way, or
 * with DMABUFX_XSK_TX_TIMESTAMPS.
 *
 * Threads: the TX thread, which is the RX thread of those whose frames they are.
 * Return: how many there were.
 * Since: 0.1
 */
DMABUFX_API uint32_t dmabufx_xsk_reap_mixed(struct dmabufx_xsk *xsk);

/**
 * dmabufx_xsk_reap_refused() - take back frames of packets that the kernel refused
 * @xsk: socket
 *
 * The kernel drops a packet that is empty, too long for its frame or outside of the UMEM,
 * and with it all of a packet of several frames. Some kernels complete such a packet as if
 * it were sent, others tell nothing. So the rings are searched for what the kernel took,
 * can't have sent and hasn't given back. That is known as long as the TX ring isn't written
 * over: dmabufx_xsk_tx_reap() does this when it finds nothing, and so does sending by a
 * system call, twice in each lap of the ring. What is missed comes back when the sockets
 * are closed.
 *
 * Threads: the TX thread, which is the RX thread of those whose frames they are.
 * Return: how many there were.
 * Since: 0.1
 */
DMABUFX_API uint32_t dmabufx_xsk_reap_refused(struct dmabufx_xsk *xsk);

/** DMABUFX_CHECK_RX - of dmabufx_xsk_check(): frames that were received. */
#define DMABUFX_CHECK_RX (1u << 0)
/** DMABUFX_CHECK_TX - frames to send from. */
#define DMABUFX_CHECK_TX (1u << 1)
/** DMABUFX_CHECK_LEN - they will be sent, so their lengths matter. */
#define DMABUFX_CHECK_LEN (1u << 2)

/**
 * dmabufx_xsk_check() - whether frames got lost, or were used twice
 * @xsk: socket
 * @descs: packets that are being given to the library
 * @n: how many; 0: none
 * @what: DMABUFX_CHECK_*
 *
 * The inline calls ask it where DMABUFX_XSK_DEBUG is 1, and end the program if
 * something is wrong.
 *
 * Threads: that of the inline call.
 * Return: NULL, or what is wrong, in words.
 * Since: 0.1
 */
DMABUFX_API const char *dmabufx_xsk_check(const struct dmabufx_xsk *xsk,
					  const struct dmabufx_desc *descs, uint32_t n,
					  uint32_t what);

#ifndef DMABUFX_XSK_DEBUG
/** DMABUFX_XSK_DEBUG - set to 1 before including this: each call checks the frames. */
#define DMABUFX_XSK_DEBUG 0
#endif

#if DMABUFX_XSK_DEBUG
#include <stdio.h>
#include <stdlib.h>
#define DX_RING_CHECK(xsk, descs, n, what)                                   \
	do {                                                                 \
		const char *wrong_ = dmabufx_xsk_check(xsk, descs, n, what); \
		if (wrong_) {                                                \
			fprintf(stderr, "%s: %s\n", __func__, wrong_);       \
			abort();                                             \
		}                                                            \
	} while (0)
#else
#define DX_RING_CHECK(xsk, descs, n, what) ((void)0)
#endif

/**
 * dmabufx_xsk_data() - where a packet is
 * @xsk: socket
 * @addr: of a descriptor
 *
 * Threads: any.
 * Return: its first byte.
 * Since: 0.1
 */
static inline void *dmabufx_xsk_data(const struct dmabufx_xsk *xsk, uint64_t addr)
{
	return xsk->base + (addr & DMABUFX_ADDR_MASK) + (addr >> 48);
}

/**
 * dmabufx_xsk_rx_burst() - take packets that have arrived
 * @xsk: socket
 * @descs: receives where the packets are, in the ring
 * @n: how many are wanted
 *
 * The descriptors may be read and changed until the next call for the socket; who
 * wants to keep one copies it. The frames are the caller's, for as long as it likes,
 * until it gives them back by dmabufx_xsk_rx_release() or has them sent by
 * dmabufx_xsk_forward(), in any order. There may be less than what has arrived, at the
 * end of the ring, and so a packet of several frames may be cut: the rest comes first
 * the next time.
 *
 * Threads: the RX thread.
 * Return: how many there were.
 * Since: 0.1
 */
static inline uint32_t dmabufx_xsk_rx_burst(struct dmabufx_xsk *xsk, struct dmabufx_desc **descs,
					    uint32_t n)
{
	struct dmabufx_ring *rx = &xsk->rx;
	uint32_t ours = rx->ours, at = ours & rx->mask, have = rx->theirs - ours;

	DX_RING_CHECK(xsk, NULL, 0, DMABUFX_CHECK_RX);
	/* Those of the last time are done with. */
	if (rx->shown != ours)
		dx_ring_show(rx, ours);
	if (have < n) {
		have = dx_ring_look(rx);
		if (have < n)
			n = have;
	}
	if (n > rx->mask + 1 - at)
		n = rx->mask + 1 - at;
	*descs = (struct dmabufx_desc *)rx->slots + at;
	if (!n) {
		if (__builtin_expect(dx_ring_wants_kick(&xsk->fill), 0))
			dmabufx_xsk_kick_rx(xsk);
		return 0;
	}
	DX_SET(rx->ours, ours + n);
	DX_ADD(xsk->rx_count, n);
	return n;
}

/**
 * dmabufx_xsk_rx_release() - give received frames back, to be received into again
 * @xsk: the socket that received them
 * @descs: packets; only their addresses matter, and any address in a frame will do; with
 * DMABUFX_UMEM_UNALIGNED their lower 48 bits must be as they were
 * @n: how many
 *
 * There is always room for a socket's own frames; each may be given back once.
 *
 * Threads: the RX thread.
 * Return: nothing.
 * Since: 0.1
 */
static inline void dmabufx_xsk_rx_release(struct dmabufx_xsk *xsk, const struct dmabufx_desc *descs,
					  uint32_t n)
{
	struct dmabufx_ring *fill = &xsk->fill;
	uint64_t *slots = (uint64_t *)fill->slots;
	uint32_t at = fill->ours & fill->mask;
	uint32_t first = fill->mask + 1 - at;

	DX_RING_CHECK(xsk, descs, n, DMABUFX_CHECK_RX);
	if (__builtin_expect(n <= first, 1)) {
		dx_copy_addrs(slots + at, descs, n);
	} else {
		dx_copy_addrs(slots + at, descs, first);
		dx_copy_addrs(slots, descs + first, n - first);
	}
	dx_ring_publish(fill, n);
	if (__builtin_expect(dx_ring_wants_kick(fill), 0))
		dmabufx_xsk_kick_rx(xsk);
}

/**
 * dmabufx_xsk_tx_pending() - how many packets are being sent
 * @xsk: socket
 *
 * Threads: the TX thread.
 * Return: those that were given to the kernel and weren't taken back.
 * Since: 0.1
 */
static inline uint32_t dmabufx_xsk_tx_pending(const struct dmabufx_xsk *xsk)
{
	return xsk->tx.ours - xsk->done.ours - xsk->refused;
}

/* Takes back what was sent. No system call, unless receiving wants one. */
static inline uint32_t dx_xsk_take_done(struct dmabufx_xsk *xsk)
{
	struct dmabufx_ring *done = &xsk->done;
	uint32_t n = dx_ring_look(done);
	struct dmabufx_xsk *from = xsk->tx_from;

	if (!n)
		return 0;
	DX_ADD(xsk->tx_count, n);
	if (!xsk->foreign) {
		const uint64_t *slots = (const uint64_t *)done->slots;
		uint32_t nstack = xsk->nstack;
		uint64_t *top = xsk->stack + nstack, mask = xsk->tx_mask, lead = xsk->tx_lead;
		uint32_t at = done->ours & done->mask, first = done->mask + 1 - at;

		if (__builtin_expect(n <= first, 1)) {
			dx_copy_frames(top, slots + at, n, mask, lead);
		} else {
			dx_copy_frames(top, slots + at, first, mask, lead);
			dx_copy_frames(top + first, slots, n - first, mask, lead);
		}
		DX_SET(xsk->nstack, nstack + n);
		dx_ring_publish(done, n);
		return n;
	}
	if (!from || xsk->foreign != dmabufx_xsk_tx_pending(xsk))
		return dmabufx_xsk_reap_mixed(xsk);
	for (uint32_t left = n; left;) {
		/* As far as neither ring wraps. */
		uint32_t ours = done->ours, at = ours & done->mask;
		uint32_t theirs = from->fill.ours, to = theirs & from->fill.mask;
		uint32_t some = left;

		if (some > done->mask + 1 - at)
			some = done->mask + 1 - at;
		if (some > from->fill.mask + 1 - to)
			some = from->fill.mask + 1 - to;
		dx_copy_words((uint64_t *)from->fill.slots + to, (const uint64_t *)done->slots + at,
			      some);
		DX_SET(from->fill.ours, theirs + some);
		DX_SET(done->ours, ours + some);
		left -= some;
	}
	DX_ADD(xsk->foreign, -n);
	DX_ADD(from->forwarded, -n);
	dx_ring_show(done, done->ours);
	dx_ring_show(&from->fill, from->fill.ours);
	if (__builtin_expect(dx_ring_wants_kick(&from->fill), 0))
		dmabufx_xsk_kick_rx(from);
	return n;
}

/**
 * dmabufx_xsk_tx_reap() - take back frames that were sent
 * @xsk: socket
 *
 * dmabufx_xsk_tx_alloc(), _tx_burst() and dmabufx_xsk_forward() do it where it is
 * needed; it is for a thread that has nothing to send for a while and wants to be sure
 * that all is on its way: until dmabufx_xsk_tx_pending() is 0. Forwarded frames go back
 * to the socket that received them.
 *
 * Threads: the TX thread.
 * Return: how many there were.
 * Since: 0.1
 */
static inline uint32_t dmabufx_xsk_tx_reap(struct dmabufx_xsk *xsk)
{
	uint32_t n = dx_xsk_take_done(xsk);

	if (n)
		return n;
	/* What the kernel has taken out of the ring needs no kick to be sent. */
	if (dx_ring_look(&xsk->tx) && dx_ring_wants_kick(&xsk->tx))
		dmabufx_xsk_kick_tx(xsk);
	return dmabufx_xsk_tx_pending(xsk) ? dmabufx_xsk_reap_refused(xsk) : 0;
}

/**
 * dmabufx_xsk_tx_alloc() - take frames to send from, the warmest first
 * @xsk: socket
 * @descs: receives their addresses; length and options are 0
 * @n: how many are wanted
 *
 * A packet may begin later in its frame: add to the address. If chunks are no power of
 * two, add to its upper 16 bits. Before the address there is room for the UMEM's TX
 * metadata. Frames are given back by dmabufx_xsk_tx_burst() or dmabufx_xsk_tx_free().
 *
 * Threads: the TX thread.
 * Return: how many there were.
 * Since: 0.1
 */
static inline __attribute__((always_inline)) uint32_t
dmabufx_xsk_tx_alloc(struct dmabufx_xsk *xsk, struct dmabufx_desc *descs, uint32_t n)
{
	const uint64_t *top;
	uint32_t left;

	DX_RING_CHECK(xsk, NULL, 0, DMABUFX_CHECK_TX);
	if (__builtin_expect(xsk->nstack < n, 0)) {
		dmabufx_xsk_tx_reap(xsk);
		if (xsk->nstack < n)
			n = xsk->nstack;
	}
	left = xsk->nstack - n;
	DX_SET(xsk->nstack, left);
	top = xsk->stack + left;
	dx_copy_fresh(descs, top, n);
	return n;
}

/**
 * dmabufx_xsk_tx_free() - give back frames that won't be sent
 * @xsk: the socket they were allocated from
 * @descs: packets; only their addresses matter
 * @n: how many
 *
 * Threads: the TX thread.
 * Return: nothing.
 * Since: 0.1
 */
static inline void dmabufx_xsk_tx_free(struct dmabufx_xsk *xsk, const struct dmabufx_desc *descs,
				       uint32_t n)
{
	DX_RING_CHECK(xsk, descs, n, DMABUFX_CHECK_TX);
	for (uint32_t i = 0; i < n; i++)
		xsk->stack[xsk->nstack + i] = (descs[i].addr & xsk->tx_mask) + xsk->tx_lead;
	DX_ADD(xsk->nstack, n);
}

/* Gives packets to the kernel, as many as it has room for. */
static inline uint32_t dx_xsk_submit(struct dmabufx_xsk *xsk, const struct dmabufx_desc *descs,
				     uint32_t n)
{
	struct dmabufx_ring *tx = &xsk->tx;
	struct dmabufx_desc *slots = (struct dmabufx_desc *)tx->slots;
	uint32_t room = tx->mask + 1 - dmabufx_xsk_tx_pending(xsk);
	uint32_t at = tx->ours & tx->mask, first = tx->mask + 1 - at;

	if (room < n) {
		room += dx_xsk_take_done(xsk);
		if (room < n)
			n = room;
	}
	if (n == 1) {
		slots[at] = descs[0];
	} else if (__builtin_expect(n <= first, 1)) {
		dx_copy_descs(slots + at, descs, n);
	} else {
		dx_copy_descs(slots + at, descs, first);
		dx_copy_descs(slots, descs + first, n - first);
	}
	dx_ring_publish(tx, n);
	return n;
}

/*
 * After @n more were given to the kernel: when what is pending passes a multiple of
 * DMABUFX_XSK_REAP_AT, so that single packets don't look for sent ones each time.
 */
static inline int dx_xsk_worth_reaping(const struct dmabufx_xsk *xsk, uint32_t n)
{
	uint32_t pending = dmabufx_xsk_tx_pending(xsk);

	return (pending ^ (pending - n)) >= DMABUFX_XSK_REAP_AT;
}

/**
 * dmabufx_xsk_tx_burst() - send packets
 * @xsk: socket
 * @descs: packets, in frames that were allocated from the socket
 * @n: how many
 *
 * Those that were taken are the kernel's; the others are still the caller's, to be
 * sent the next time or freed. The frames of one packet may go by several calls, if
 * nothing else comes between.
 *
 * Threads: the TX thread.
 * Return: how many were taken.
 * Since: 0.1
 */
static inline uint32_t dmabufx_xsk_tx_burst(struct dmabufx_xsk *xsk,
					    const struct dmabufx_desc *descs, uint32_t n)
{
	DX_RING_CHECK(xsk, descs, n, DMABUFX_CHECK_TX | DMABUFX_CHECK_LEN);
	n = dx_xsk_submit(xsk, descs, n);
	if (dx_ring_wants_kick(&xsk->tx))
		dmabufx_xsk_kick_tx(xsk);
	if (dx_xsk_worth_reaping(xsk, n))
		dx_xsk_take_done(xsk);
	return n;
}

/**
 * dmabufx_xsk_forward() - send packets that were received, without touching them
 * @in: the socket that received them
 * @out: the socket to send by, of the same UMEM; @in itself will do
 * @descs: packets
 * @n: how many
 *
 * When they are sent, their frames are received into again: it looks for them once in
 * 32 packets, so who waits for more while fewer are there calls dmabufx_xsk_tx_reap(@out).
 * What wasn't taken is still the caller's, to be sent the next time or released.
 *
 * Threads: the RX thread of @in, which is the TX thread of @out.
 * Return: how many were taken.
 * Since: 0.1
 */
static inline uint32_t dmabufx_xsk_forward(struct dmabufx_xsk *in, struct dmabufx_xsk *out,
					   const struct dmabufx_desc *descs, uint32_t n)
{
	DX_RING_CHECK(in, descs, n, DMABUFX_CHECK_RX | DMABUFX_CHECK_LEN);
	DX_RING_CHECK(out, NULL, 0, DMABUFX_CHECK_TX);
	if (out->tx_from != in)
		out->tx_from = out->foreign ? NULL : in;
	n = dx_xsk_submit(out, descs, n);
	DX_ADD(in->forwarded, n);
	DX_ADD(out->foreign, n);
	if (dx_ring_wants_kick(&out->tx))
		dmabufx_xsk_kick_tx(out);
	if (dx_xsk_worth_reaping(out, n))
		dx_xsk_take_done(out);
	return n;
}

DMABUFX_END_DECLS

#endif

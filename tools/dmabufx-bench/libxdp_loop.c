// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The loops as one writes them with libxdp's inline calls: a descriptor at a time,
 * in the order of steps that xdpsock has.
 */
#include "libxdp.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

/* In a descriptor's options: the packet goes on in the next one. */
#define MORE 1u

static inline bool go_on(const struct worker *w, uint64_t packets)
{
	return packets < w->plan.count && !bench_stop;
}

static inline void kick_tx(struct worker *w, const struct port *port)
{
	w->calls++;
	if (sendto(port->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) >= 0)
		return;
	if (errno == ENOBUFS || errno == EAGAIN || errno == EBUSY || errno == ENETDOWN)
		return;
	die("sendto: %d", errno);
}

static inline void wake_rx(struct worker *w, struct port *port)
{
	if (!xsk_ring_prod__needs_wakeup(&port->fill))
		return;
	w->calls++;
	recvfrom(port->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
}

static bool wait_in_poll(struct worker *w, const struct port *port)
{
	struct pollfd fd = { .fd = port->fd, .events = POLLIN };

	w->calls++;
	return poll(&fd, 1, 1000) > 0;
}

static inline uint32_t rx_drop(struct worker *w, struct port *port, uint32_t batch)
{
	uint32_t rx_at = 0, fill_at = 0, n, packets = 0;
	unsigned char *area = ((struct libxdp *)w->impl)->area;
	const enum touch touch = w->plan.touch;
	uint64_t sum = 0;

	n = xsk_ring_cons__peek(&port->rx, batch, &rx_at);
	if (!n) {
		w->empty++;
		wake_rx(w, port);
		return 0;
	}
	while (xsk_ring_prod__reserve(&port->fill, n, &fill_at) != n)
		wake_rx(w, port);
	for (uint32_t i = 0; i < n; i++) {
		const struct xdp_desc *desc = xsk_ring_cons__rx_desc(&port->rx, rx_at++);
		uint64_t addr = desc->addr, origin = xsk_umem__extract_addr(addr);
		uint32_t len = desc->len;

		packets += !(desc->options & MORE);
		addr = xsk_umem__add_offset_to_addr(addr);
		if (touch)
			sum += packet_touch(xsk_umem__get_data(area, addr), len, touch);
		*xsk_ring_prod__fill_addr(&port->fill, fill_at++) = origin;
	}
	xsk_ring_prod__submit(&port->fill, n);
	xsk_ring_cons__release(&port->rx, n);
	__asm__ volatile("" ::"r"(sum));
	return packets;
}

measured void libxdp_rxdrop(struct worker *w)
{
	struct libxdp *x = w->impl;
	uint64_t packets = 0;

	while (go_on(w, packets)) {
		if (w->plan.wait == WAIT_POLL && !wait_in_poll(w, x->in))
			continue;
		packets += rx_drop(w, x->in, w->plan.batch);
	}
	w->packets += packets;
}

static inline void complete_tx_only(struct worker *w, struct port *port, uint32_t batch)
{
	uint32_t at, n;

	if (!port->outstanding)
		return;
	if (xsk_ring_prod__needs_wakeup(&port->tx))
		kick_tx(w, port);
	n = xsk_ring_cons__peek(&port->done, batch, &at);
	if (!n)
		return;
	xsk_ring_cons__release(&port->done, n);
	port->outstanding -= n;
}

static inline void tx_only(struct worker *w, struct port *port, uint32_t *frame, uint32_t batch)
{
	struct libxdp *x = w->impl;
	uint32_t at;

	while (port->outstanding + batch > x->nframes ||
	       xsk_ring_prod__reserve(&port->tx, batch, &at) < batch) {
		complete_tx_only(w, port, batch);
		if (bench_stop)
			return;
	}
	for (uint32_t i = 0; i < batch;) {
		uint32_t len = w->plan.size;

		do {
			struct xdp_desc *desc = xsk_ring_prod__tx_desc(&port->tx, at + i++);
			bool last = len <= w->layout.chunk;

			desc->addr = (uint64_t)*frame * w->layout.chunk;
			desc->len = last ? len : w->layout.chunk;
			desc->options = last ? 0 : MORE;
			w->packets += last;
			len -= desc->len;
			*frame = (*frame + 1) % x->nframes;
		} while (len);
	}
	xsk_ring_prod__submit(&port->tx, batch);
	port->outstanding += batch;
	complete_tx_only(w, port, batch);
}

measured void libxdp_txonly(struct worker *w)
{
	struct libxdp *x = w->impl;
	uint64_t until = w->packets + w->plan.count;
	uint32_t frame = 0;

	while (w->packets < until && !bench_stop)
		tx_only(w, x->out, &frame, w->plan.batch);
}

static inline void complete_tx_l2fwd(struct worker *w, struct port *in, struct port *out,
				     uint32_t batch)
{
	uint32_t done_at = 0, fill_at = 0, n;

	if (!out->outstanding)
		return;
	if (xsk_ring_prod__needs_wakeup(&out->tx))
		kick_tx(w, out);
	n = out->outstanding > batch ? batch : out->outstanding;
	n = xsk_ring_cons__peek(&out->done, n, &done_at);
	if (!n)
		return;
	while (xsk_ring_prod__reserve(&in->fill, n, &fill_at) != n)
		wake_rx(w, in);
	for (uint32_t i = 0; i < n; i++)
		*xsk_ring_prod__fill_addr(&in->fill,
					  fill_at++) = *xsk_ring_cons__comp_addr(&out->done,
										 done_at++);
	xsk_ring_prod__submit(&in->fill, n);
	xsk_ring_cons__release(&out->done, n);
	out->outstanding -= n;
}

struct mac {
	uint16_t part[3];
};

static inline void swap_macs(void *data)
{
	struct mac *macs = data, old = macs[0];

	macs[0] = macs[1];
	macs[1] = old;
}

/* @turn: in which of both ways addresses are swapped; a constant. */
__attribute__((always_inline)) static inline uint32_t
l2fwd(struct worker *w, struct port *in, struct port *out, uint32_t batch, void (*turn)(void *))
{
	unsigned char *area = ((struct libxdp *)w->impl)->area;
	uint32_t rx_at = 0, tx_at = 0, n, frags = 0, packets = 0;

	complete_tx_l2fwd(w, in, out, batch);
	n = xsk_ring_cons__peek(&in->rx, batch, &rx_at);
	if (!n) {
		w->empty++;
		wake_rx(w, in);
		return 0;
	}
	while (xsk_ring_prod__reserve(&out->tx, n, &tx_at) != n) {
		complete_tx_l2fwd(w, in, out, batch);
		if (xsk_ring_prod__needs_wakeup(&out->tx))
			kick_tx(w, out);
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct xdp_desc *desc = xsk_ring_cons__rx_desc(&in->rx, rx_at++);
		bool last = !(desc->options & MORE);
		uint64_t addr = desc->addr, origin = addr;
		uint32_t len = desc->len;
		struct xdp_desc *to;

		addr = xsk_umem__add_offset_to_addr(addr);
		if (!frags++)
			turn(xsk_umem__get_data(area, addr));
		to = xsk_ring_prod__tx_desc(&out->tx, tx_at++);
		to->options = last ? 0 : MORE;
		to->addr = origin;
		to->len = len;
		if (last) {
			frags = 0;
			packets++;
		}
	}
	xsk_ring_prod__submit(&out->tx, n);
	xsk_ring_cons__release(&in->rx, n);
	out->outstanding += n;
	return packets;
}

__attribute__((always_inline)) static inline void forward(struct worker *w, void (*turn)(void *))
{
	struct libxdp *x = w->impl;
	uint64_t packets = 0;

	while (go_on(w, packets)) {
		if (w->plan.wait == WAIT_POLL && !wait_in_poll(w, x->in))
			continue;
		packets += l2fwd(w, x->in, x->out, w->plan.batch, turn);
	}
	w->packets += packets;
}

/* What isn't xdpsock's is done as this program does it with all others. */
measured void libxdp_l2fwd(struct worker *w)
{
	if (w->plan.impl == IMPL_REF)
		forward(w, swap_macs);
	else
		forward(w, packet_turn);
}

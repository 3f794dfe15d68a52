// SPDX-License-Identifier: GPL-2.0-or-later
/* The one that asks: sends a packet, spins until it is back, and notes how long that took. */
#include "libxdp.h"

#include <string.h>
#include <sys/socket.h>

#define LOST_NS 20000000u
/* Behind the headers. */
#define NUMBER_AT 48u

static void send_number(struct worker *w, struct port *port, uint32_t number)
{
	struct libxdp *x = w->impl;
	/* Frames behind those to receive into, in turn: a lost one is no longer underway then. */
	uint64_t addr = (uint64_t)(w->layout.rx_frames + number % w->layout.tx_frames) *
			w->layout.chunk;
	uint32_t at, done;

	packet_make(x->area + addr, w->plan.size);
	memcpy(x->area + addr + NUMBER_AT, &number, sizeof(number));
	done = xsk_ring_cons__peek(&port->done, w->plan.batch, &at);
	if (done)
		xsk_ring_cons__release(&port->done, done);
	if (!xsk_ring_prod__reserve(&port->tx, 1, &at))
		die("the TX ring is full");
	*xsk_ring_prod__tx_desc(&port->tx, at) = (struct xdp_desc){ .addr = addr,
								    .len = w->plan.size };
	xsk_ring_prod__submit(&port->tx, 1);
	sendto(port->fd, NULL, 0, MSG_DONTWAIT, NULL, 0);
}

/* Whether packet @number was the one that came. */
static bool receive(struct worker *w, struct port *port, uint32_t number)
{
	unsigned char *area = ((struct libxdp *)w->impl)->area;
	uint32_t at, to, got = 0;
	uint64_t addr;

	if (!xsk_ring_cons__peek(&port->rx, 1, &at))
		return false;
	addr = xsk_ring_cons__rx_desc(&port->rx, at)->addr;
	memcpy(&got, area + addr + NUMBER_AT, sizeof(got));
	/* The kernel shows the packet before it shows that it took the frame. */
	while (!xsk_ring_prod__reserve(&port->fill, 1, &to))
		cpu_relax();
	*xsk_ring_prod__fill_addr(&port->fill, to) = addr & ~((uint64_t)w->layout.chunk - 1);
	xsk_ring_prod__submit(&port->fill, 1);
	xsk_ring_cons__release(&port->rx, 1);
	return got == number;
}

static void note(struct totals *totals, uint64_t ns)
{
	uint64_t bucket = ns / HIST_STEP_NS;

	if (bucket >= HIST_BUCKETS)
		bucket = HIST_BUCKETS - 1;
	__atomic_fetch_add(&totals->hist[bucket], 1, __ATOMIC_RELAXED);
}

void libxdp_ask(struct worker *w)
{
	struct port *port = ((struct libxdp *)w->impl)->in;

	for (uint32_t number = 1; w->packets < w->plan.count && !bench_stop; number++) {
		uint64_t start = now_ns(), ns = 0;
		bool back = false;

		send_number(w, port, number);
		while (!back && ns < LOST_NS && !bench_stop) {
			back = receive(w, port, number);
			ns = now_ns() - start;
		}
		w->packets += back;
		if (back)
			note(w->totals, ns);
	}
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The closed loop by libxdp's inline calls, a descriptor at a time, as its users write it. */
#include "closed.h"
#include "libxdp.h"

#include <stdlib.h>
#include <sys/socket.h>

#define PACKET 64u

struct circle {
	struct worker worker;
	uint64_t *stack; /* free frames to send from */
	uint32_t nstack;
};

static struct port *port_of(struct circle *c)
{
	return ((struct libxdp *)c->worker.impl)->in;
}

static void *open_circle(const char *ifname)
{
	struct circle *c = calloc(1, sizeof(*c));
	struct libxdp *x;

	if (!c)
		die("no memory");
	c->worker.plan = (struct plan){ .impl = IMPL_RAW, .work = WORK_PING, .size = PACKET };
	snprintf(c->worker.plan.ifname, sizeof(c->worker.plan.ifname), "%s", ifname);
	layout_of(&c->worker.plan, &c->worker.layout);
	circle_layout(&c->worker.layout);
	if (libxdp_open(&c->worker))
		die("libxdp's socket can't be opened");
	x = c->worker.impl;
	c->stack = calloc(x->nframes, sizeof(*c->stack));
	if (!c->stack)
		die("no memory");
	for (uint32_t i = c->worker.layout.rx_frames; i < x->nframes; i++) {
		uint64_t addr = (uint64_t)i * c->worker.layout.chunk;

		packet_make(x->area + addr, PACKET);
		c->stack[c->nstack++] = addr;
	}
	return c;
}

/* Frames to send from go back to the stack, those that were received into the fill ring. */
static void sort_done(struct circle *c)
{
	uint64_t first = (uint64_t)c->worker.layout.rx_frames * c->worker.layout.chunk;
	struct port *p = port_of(c);
	uint32_t at, to, n = xsk_ring_cons__peek(&p->done, BATCH_MAX, &at);

	for (uint32_t i = 0; i < n; i++) {
		uint64_t addr = *xsk_ring_cons__comp_addr(&p->done, at + i);

		if (addr >= first) {
			c->stack[c->nstack++] = addr;
			continue;
		}
		if (!xsk_ring_prod__reserve(&p->fill, 1, &to))
			die("no room in the fill ring");
		*xsk_ring_prod__fill_addr(&p->fill, to) = addr;
		xsk_ring_prod__submit(&p->fill, 1);
	}
	xsk_ring_cons__release(&p->done, n);
	p->outstanding -= n;
}

static void kick(void *circle)
{
	sendto(port_of(circle)->fd, NULL, 0, MSG_DONTWAIT, NULL, 0);
}

static void top_up(void *circle, uint32_t want)
{
	struct circle *c = circle;
	struct port *p = port_of(c);
	uint32_t have = __atomic_load_n(p->rx.producer, __ATOMIC_ACQUIRE) - p->rx.cached_cons;
	uint32_t at, n;

	if (have >= want)
		return;
	n = want - have;
	sort_done(c);
	if (n > c->nstack)
		n = c->nstack;
	if (xsk_ring_prod__reserve(&p->tx, n, &at) != n)
		die("no room in the TX ring");
	for (uint32_t i = 0; i < n; i++)
		*xsk_ring_prod__tx_desc(&p->tx,
					at + i) = (struct xdp_desc){ .addr = c->stack[--c->nstack],
								     .len = PACKET };
	xsk_ring_prod__submit(&p->tx, n);
	p->outstanding += n;
	kick(c);
	while (p->outstanding)
		sort_done(c);
}

static inline void refill(struct port *p, uint32_t batch)
{
	uint32_t done_at = 0, fill_at = 0;
	uint32_t n = p->outstanding > batch ? batch : p->outstanding;

	n = xsk_ring_cons__peek(&p->done, n, &done_at);
	if (!n)
		return;
	if (xsk_ring_prod__reserve(&p->fill, n, &fill_at) != n)
		die("no room in the fill ring");
	for (uint32_t i = 0; i < n; i++)
		*xsk_ring_prod__fill_addr(&p->fill,
					  fill_at++) = *xsk_ring_cons__comp_addr(&p->done,
										 done_at++);
	xsk_ring_prod__submit(&p->fill, n);
	xsk_ring_cons__release(&p->done, n);
	p->outstanding -= n;
}

static measured uint32_t turn_libxdp(void *circle, uint32_t want, uint32_t batch)
{
	struct port *p = port_of(circle);
	uint32_t done = 0;

	while (done < want) {
		uint32_t rx_at = 0, tx_at = 0, n;

		refill(p, batch);
		n = xsk_ring_cons__peek(&p->rx, batch, &rx_at);
		if (!n)
			break;
		if (xsk_ring_prod__reserve(&p->tx, n, &tx_at) != n)
			die("no room in the TX ring");
		for (uint32_t i = 0; i < n; i++) {
			const struct xdp_desc *from = xsk_ring_cons__rx_desc(&p->rx, rx_at++);
			struct xdp_desc *to = xsk_ring_prod__tx_desc(&p->tx, tx_at++);

			to->addr = from->addr;
			to->len = from->len;
			to->options = from->options;
		}
		xsk_ring_prod__submit(&p->tx, n);
		xsk_ring_cons__release(&p->rx, n);
		p->outstanding += n;
		done += n;
	}
	return done;
}

static void close_circle(void *circle)
{
	struct circle *c = circle;

	libxdp_ops.close(&c->worker);
	free(c->stack);
	free(c);
}

const struct circle_ops circle_libxdp = {
	.open = open_circle,
	.top_up = top_up,
	.turn = turn_libxdp,
	.kick = kick,
	.close = close_circle,
};

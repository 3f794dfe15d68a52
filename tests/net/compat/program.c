// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory, sockets and packets by libxdp's calls. */
#include "program.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

const struct xsk_umem_config umem_config = {
	.fill_size = RING,
	.comp_size = RING,
	.frame_size = FRAME,
};

const struct xsk_socket_config socket_config = {
	.rx_size = RING,
	.tx_size = RING,
	.bind_flags = XDP_USE_NEED_WAKEUP,
};

const struct xsk_socket_config without_prog = {
	.rx_size = RING,
	.tx_size = RING,
	.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
	.bind_flags = XDP_USE_NEED_WAKEUP,
};

void memory_make(struct memory *memory)
{
	memset(memory, 0, sizeof(*memory));
	memory->base = mmap(NULL, FRAMES * FRAME, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(memory->base != MAP_FAILED);
	assert_int_equal(xsk_umem__create(&memory->umem, memory->base, FRAMES * FRAME,
					  &memory->fill, &memory->comp, &umem_config),
			 0);
	assert_non_null(memory->umem);
	/* What is known without a look at the kernel's side. */
	assert_int_equal(xsk_prod_nb_free(&memory->fill, 0), RING);
}

void memory_free(struct memory *memory)
{
	assert_int_equal(xsk_umem__delete(memory->umem), 0);
	munmap(memory->base, FRAMES * FRAME);
}

void sock_make(struct sock *sock, struct memory *memory, const char *ifname, uint32_t queue,
	       const struct xsk_socket_config *config)
{
	memset(sock, 0, sizeof(*sock));
	sock->memory = memory;
	sock->fill = &memory->fill;
	sock->comp = &memory->comp;
	assert_int_equal(xsk_socket__create(&sock->xsk, ifname, queue, memory->umem, &sock->rx,
					    &sock->tx, config),
			 0);
}

void sock_share(struct sock *sock, struct memory *memory, const char *ifname, uint32_t queue,
		uint32_t first, const struct xsk_socket_config *config)
{
	memset(sock, 0, sizeof(*sock));
	sock->memory = memory;
	sock->first = first;
	sock->fill = &sock->own_fill;
	sock->comp = &sock->own_comp;
	assert_int_equal(xsk_socket__create_shared(&sock->xsk, ifname, queue, memory->umem,
						   &sock->rx, &sock->tx, sock->fill, sock->comp,
						   config),
			 0);
}

void sock_fill(struct sock *sock)
{
	uint32_t at = 0;

	assert_int_equal(xsk_ring_prod__reserve(sock->fill, RING, &at), RING);
	for (uint32_t i = 0; i < RING; i++)
		*xsk_ring_prod__fill_addr(sock->fill, at + i) = (sock->first + i) * FRAME;
	xsk_ring_prod__submit(sock->fill, RING);
}

/* Until the kernel has sent @n, which is quick: copying is done in the call. */
static void complete(struct sock *sock, uint32_t n)
{
	uint64_t until = net_now_ms() + 5000;
	uint32_t at, have;

	while (n) {
		if (xsk_ring_prod__needs_wakeup(&sock->tx))
			sendto(xsk_socket__fd(sock->xsk), NULL, 0, MSG_DONTWAIT, NULL, 0);
		have = xsk_ring_cons__peek(sock->comp, n, &at);
		for (uint32_t i = 0; i < have; i++) {
			uint64_t addr = *xsk_ring_cons__comp_addr(sock->comp, at + i);

			assert_in_range(addr / FRAME, sock->first + RING, sock->first + 2 * RING);
		}
		xsk_ring_cons__release(sock->comp, have);
		n -= have;
		assert_true(net_now_ms() < until);
	}
}

void sock_send(struct sock *sock, const struct net *net, const struct net_flow *flow, uint32_t n)
{
	while (n) {
		uint32_t some = n < RING / 2 ? n : RING / 2, at = 0;

		assert_int_equal(xsk_ring_prod__reserve(&sock->tx, some, &at), some);
		for (uint32_t i = 0; i < some; i++) {
			struct xdp_desc *desc = xsk_ring_prod__tx_desc(&sock->tx, at + i);

			desc->addr = (sock->first + RING + i) * FRAME;
			desc->options = 0;
			desc->len = (uint32_t)net_packet(net, flow, sock->sent++,
							 xsk_umem__get_data(sock->memory->base,
									    desc->addr));
		}
		xsk_ring_prod__submit(&sock->tx, some);
		complete(sock, some);
		n -= some;
	}
}

uint32_t sock_take(struct sock *sock, const struct net *net, const struct net_flow *flow)
{
	uint32_t at, to = 0, n = xsk_ring_cons__peek(&sock->rx, RING, &at);

	if (!n)
		return 0;
	assert_int_equal(xsk_ring_prod__reserve(sock->fill, n, &to), n);
	for (uint32_t i = 0; i < n; i++) {
		const struct xdp_desc *desc = xsk_ring_cons__rx_desc(&sock->rx, at + i);
		uint64_t addr = xsk_umem__add_offset_to_addr(desc->addr);
		uint32_t seq = ~0u;

		assert_true(net_check(net, flow, xsk_umem__get_data(sock->memory->base, addr),
				      desc->len, &seq));
		assert_int_equal(seq, sock->received + i);
		*xsk_ring_prod__fill_addr(sock->fill, to + i) = addr - addr % FRAME;
	}
	sock->received += n;
	xsk_ring_cons__release(&sock->rx, n);
	xsk_ring_prod__submit(sock->fill, n);
	return n;
}

void sock_receive(struct sock *sock, const struct net *net, const struct net_flow *flow, uint32_t n)
{
	struct pollfd ready = { .fd = xsk_socket__fd(sock->xsk), .events = POLLIN };
	uint64_t until = net_now_ms() + 5000;
	uint32_t have = 0;

	while (have < n) {
		have += sock_take(sock, net, flow);
		assert_true(net_now_ms() < until);
		if (have < n)
			poll(&ready, 1, 100);
	}
	assert_int_equal(have, n);
}

uint32_t prog_on(const char *ifname)
{
	uint32_t id = 0;

	assert_int_equal(bpf_xdp_query_id((int)if_nametoindex(ifname), 0, &id), 0);
	return id;
}

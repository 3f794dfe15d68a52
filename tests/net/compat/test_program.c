// SPDX-License-Identifier: GPL-2.0-or-later
/* What libxdp's calls do, whoever is behind them. */
#include "program.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#define MANY 1000u

static const struct net_flow out = { .from = NET_NEAR, .len = 200 };
static const struct net_flow in = { .from = NET_FAR, .len = 200 };

/* In rounds that fit into the fill ring: nobody else waits for a receiver. */
static void both_directions(struct net *net, struct sock *sock, int raw)
{
	for (uint32_t n = 0; n < MANY; n += RING / 2) {
		net_send(net, raw, &in, sock->received, RING / 2);
		sock_receive(sock, net, &in, RING / 2);
		sock_send(sock, net, &out, RING / 2);
		assert_int_equal(net_receive(net, raw, &out, n, RING / 2, 5000), RING / 2);
	}
}

static void one_socket_moves_packets_both_ways(void **state)
{
	struct net *net = net_new(1, 1500);
	int raw = net_raw(net, NET_FAR);
	struct memory memory;
	struct sock sock;

	memory_make(&memory);
	sock_make(&sock, &memory, "near", 0, &socket_config);
	sock_fill(&sock);
	both_directions(net, &sock, raw);
	xsk_socket__delete(sock.xsk);
	memory_free(&memory);
	close(raw);
	net_free(net);
}

static void end_of(struct net *net, enum net_end end, struct memory *memory, struct sock socks[2])
{
	net_enter(net, end);
	memory_make(memory);
	sock_make(&socks[0], memory, net->ifname[end], 0, &socket_config);
	sock_share(&socks[1], memory, net->ifname[end], 1, FRAMES / 2, &socket_config);
	for (int q = 0; q < 2; q++)
		sock_fill(&socks[q]);
}

static void a_umem_is_shared_by_two_queues(void **state)
{
	struct net *net = net_new(2, 1500);
	struct memory memory[2];
	struct sock socks[2][2];

	for (enum net_end end = NET_NEAR; end <= NET_FAR; end++)
		end_of(net, end, &memory[end], socks[end]);
	assert_int_not_equal(xsk_socket__fd(socks[0][0].xsk), xsk_socket__fd(socks[0][1].xsk));
	assert_int_equal(xsk_socket__fd(socks[0][0].xsk), xsk_umem__fd(memory[0].umem));
	for (uint32_t n = 0; n < MANY; n += RING / 2) {
		for (int q = 0; q < 2; q++) {
			sock_send(&socks[NET_NEAR][q], net, &out, RING / 2);
			sock_receive(&socks[NET_FAR][q], net, &out, RING / 2);
			sock_send(&socks[NET_FAR][q], net, &in, RING / 2);
			sock_receive(&socks[NET_NEAR][q], net, &in, RING / 2);
		}
	}
	for (enum net_end end = NET_NEAR; end <= NET_FAR; end++) {
		net_enter(net, end);
		assert_int_equal(xsk_umem__delete(memory[end].umem), -EBUSY);
		xsk_socket__delete(socks[end][0].xsk);
		assert_int_equal(xsk_umem__delete(memory[end].umem), -EBUSY);
		xsk_socket__delete(socks[end][1].xsk);
		memory_free(&memory[end]);
		assert_int_equal(prog_on(net->ifname[end]), 0);
	}
	net_free(net);
}

/* One fill and one completion ring for both, as xdpsock -M; the map chooses who receives. */
static void two_sockets_have_one_queue(void **state)
{
	struct net *net = net_new(1, 1500);
	int raw = net_raw(net, NET_FAR), map = -1;
	struct memory memory;
	struct sock socks[2];

	memory_make(&memory);
	assert_int_equal(xsk_setup_xdp_prog((int)net->ifindex[NET_NEAR], &map), 0);
	assert_true(map >= 0);
	sock_make(&socks[0], &memory, "near", 0, &without_prog);
	sock_share(&socks[1], &memory, "near", 0, 0, &without_prog);
	socks[1].fill = socks[0].fill;
	socks[1].comp = socks[0].comp;
	sock_fill(&socks[0]);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(xsk_socket__update_xskmap(socks[i].xsk, map), 0);
		both_directions(net, &socks[i], raw);
	}
	assert_int_equal(socks[0].received, socks[1].received);
	xsk_socket__delete(socks[0].xsk);
	xsk_socket__delete(socks[1].xsk);
	memory_free(&memory);
	close(map);
	assert_int_not_equal(prog_on("near"), 0);
	close(raw);
	net_free(net);
}

#ifdef DMABUFX_COMPAT_XSK_H
/* libxdp 1.3.1 frees the program twice here. */
static void two_sockets_have_one_queue_and_the_default_program(void **state)
{
	struct net *net = net_new(1, 1500);
	int raw = net_raw(net, NET_FAR);
	struct memory memory;
	struct sock socks[2];

	memory_make(&memory);
	sock_make(&socks[0], &memory, "near", 0, &socket_config);
	sock_share(&socks[1], &memory, "near", 0, 0, &socket_config);
	socks[1].fill = socks[0].fill;
	socks[1].comp = socks[0].comp;
	sock_fill(&socks[0]);
	both_directions(net, &socks[1], raw);
	xsk_socket__delete(socks[1].xsk);
	assert_int_not_equal(prog_on("near"), 0);
	xsk_socket__delete(socks[0].xsk);
	assert_int_equal(prog_on("near"), 0);
	memory_free(&memory);
	close(raw);
	net_free(net);
}
#endif

static void a_queue_is_used_again_after_its_umem_is_deleted(void **state)
{
	struct net *net = net_new(1, 1500);
	int raw = net_raw(net, NET_FAR);
	struct memory memory;
	struct sock sock;

	for (int i = 0; i < 3; i++) {
		memory_make(&memory);
		/* libxdp leaves it to the program to wait for the kernel. */
		for (int tries = 0; tries < 100; tries++) {
			memset(&sock, 0, sizeof(sock));
			if (!xsk_socket__create(&sock.xsk, "near", 0, memory.umem, &sock.rx,
						&sock.tx, &socket_config))
				break;
			usleep(10000);
		}
		assert_non_null(sock.xsk);
		sock.memory = &memory;
		sock.fill = &memory.fill;
		sock.comp = &memory.comp;
		sock_fill(&sock);
		both_directions(net, &sock, raw);
		xsk_socket__delete(sock.xsk);
		memory_free(&memory);
		assert_int_equal(prog_on("near"), 0);
	}
	close(raw);
	net_free(net);
}

static void the_generic_mode_is_asked_for_by_xdp_flags(void **state)
{
	struct xsk_socket_config config = socket_config;
	struct net *net = net_new(1, 1500);
	int raw = net_raw(net, NET_FAR);
	struct memory memory;
	struct sock sock;
	char text[4096];

	config.xdp_flags = 1u << 1; /* XDP_FLAGS_SKB_MODE */
	memory_make(&memory);
	sock_make(&sock, &memory, "near", 0, &config);
	assert_int_equal(net_try_words((const char *const[]){ "ip", "link", "show", "near", NULL },
				       text, sizeof(text)),
			 0);
	assert_non_null(strstr(text, "xdpgeneric"));
	sock_fill(&sock);
	both_directions(net, &sock, raw);
	xsk_socket__delete(sock.xsk);
	assert_int_equal(prog_on("near"), 0);
	memory_free(&memory);
	close(raw);
	net_free(net);
}

static void wrong_umems_are_refused(void **state)
{
	static unsigned char area[4 * 4096] __attribute__((aligned(4096)));
	struct xsk_umem_config config = umem_config;
	struct xsk_ring_prod fill;
	struct xsk_ring_cons comp;
	struct xsk_umem *umem = NULL;

	assert_int_equal(xsk_umem__create(NULL, area, sizeof(area), &fill, &comp, NULL), -EFAULT);
	assert_int_equal(xsk_umem__create(&umem, NULL, sizeof(area), &fill, &comp, NULL), -EFAULT);
	assert_int_equal(xsk_umem__create(&umem, area, sizeof(area), NULL, &comp, NULL), -EFAULT);
	assert_int_equal(xsk_umem__create(&umem, area, sizeof(area), &fill, NULL, NULL), -EFAULT);
	assert_int_equal(xsk_umem__create(&umem, area + 1, 0, &fill, &comp, NULL), -EINVAL);
	config.frame_size = 3000;
	assert_int_equal(xsk_umem__create(&umem, area, sizeof(area), &fill, &comp, &config),
			 -EINVAL);
	config = umem_config;
	config.fill_size = 3;
	assert_int_equal(xsk_umem__create(&umem, area, sizeof(area), &fill, &comp, &config),
			 -EINVAL);
	assert_null(umem);
	assert_int_equal(xsk_umem__delete(NULL), 0);
	assert_int_equal(xsk_umem__fd(NULL), -EINVAL);
}

static void wrong_sockets_are_refused(void **state)
{
	struct net *net = net_new(2, 1500);
	struct xsk_socket_config config = socket_config;
	struct memory memory, other;
	struct xsk_socket *xsk = NULL;
	struct xsk_ring_cons rx;
	struct xsk_ring_prod tx;
	struct sock sock;

	memory_make(&memory);
	memory_make(&other);
	assert_int_equal(xsk_socket__create(NULL, "near", 0, memory.umem, &rx, &tx, NULL), -EFAULT);
	assert_int_equal(xsk_socket__create(&xsk, "near", 0, NULL, &rx, &tx, NULL), -EFAULT);
	assert_int_equal(xsk_socket__create(&xsk, "near", 0, memory.umem, NULL, NULL, NULL),
			 -EFAULT);
	assert_int_equal(xsk_socket__create(&xsk, "none", 0, memory.umem, &rx, &tx, NULL), -ENODEV);
	config.libxdp_flags = 1u << 7;
	assert_int_equal(xsk_socket__create(&xsk, "near", 0, memory.umem, &rx, &tx, &config),
			 -EINVAL);
	assert_int_equal(xsk_socket__create(&xsk, "near", 7, memory.umem, &rx, &tx, &socket_config),
			 -EINVAL);
	assert_null(xsk);
	assert_int_equal(prog_on("near"), 0);
	/* After all of that the UMEM is as good as new. */
	sock_make(&sock, &memory, "near", 0, &socket_config);
	assert_int_equal(xsk_socket__create(&xsk, "near", 1, memory.umem, &rx, &tx, &socket_config),
			 -EFAULT);
	assert_int_equal(xsk_socket__create(&xsk, "near", 0, other.umem, &rx, &tx, &socket_config),
			 -EBUSY);
	assert_null(xsk);
	xsk_socket__delete(NULL);
	assert_int_equal(xsk_socket__fd(NULL), -EINVAL);
	xsk_socket__delete(sock.xsk);
	memory_free(&memory);
	memory_free(&other);
	assert_int_equal(prog_on("near"), 0);
	net_free(net);
}

static void rings_turn_over(void **state)
{
	uint32_t producer = UINT32_MAX - 1, consumer = producer, flags = 0, at = 0;
	uint64_t slots[4] = { 0 };
	struct xsk_ring_prod prod = { .cached_prod = producer,
				      .cached_cons = consumer + 4,
				      .mask = 3,
				      .size = 4,
				      .producer = &producer,
				      .consumer = &consumer,
				      .ring = slots,
				      .flags = &flags };
	struct xsk_ring_cons cons = { .cached_prod = producer,
				      .cached_cons = consumer,
				      .mask = 3,
				      .size = 4,
				      .producer = &producer,
				      .consumer = &consumer,
				      .ring = slots,
				      .flags = &flags };

	assert_int_equal(xsk_ring_cons__peek(&cons, 4, &at), 0);
	assert_int_equal(xsk_ring_prod__reserve(&prod, 5, &at), 0);
	assert_int_equal(xsk_ring_prod__reserve(&prod, 3, &at), 3);
	for (uint32_t i = 0; i < 3; i++)
		*xsk_ring_prod__fill_addr(&prod, at + i) = 10 + i;
	assert_int_equal(xsk_prod_nb_free(&prod, 1), 1);
	assert_int_equal(xsk_ring_prod__reserve(&prod, 2, &at), 0);
	xsk_ring_prod__submit(&prod, 3);
	assert_int_equal(producer, 1);
	assert_int_equal(xsk_cons_nb_avail(&cons, 2), 2);
	assert_int_equal(xsk_ring_cons__peek(&cons, 8, &at), 3);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(*xsk_ring_cons__comp_addr(&cons, at + i), 10 + i);
	xsk_ring_cons__cancel(&cons, 2);
	xsk_ring_cons__release(&cons, 1);
	assert_int_equal(consumer, UINT32_MAX);
	assert_int_equal(xsk_ring_cons__peek(&cons, 8, &at), 2);
	assert_int_equal(*xsk_ring_cons__comp_addr(&cons, at), 11);
	xsk_ring_cons__release(&cons, 2);
	assert_int_equal(xsk_ring_prod__reserve(&prod, 4, &at), 4);
	assert_int_equal(xsk_ring_prod__needs_wakeup(&prod), 0);
	flags = XDP_RING_NEED_WAKEUP;
	assert_int_equal(xsk_ring_prod__needs_wakeup(&prod), 1);
}

static void addresses_of_unaligned_chunks_have_offsets(void **state)
{
	uint64_t addr = UINT64_C(256) << XSK_UNALIGNED_BUF_OFFSET_SHIFT | 6000;

	assert_int_equal(xsk_umem__extract_addr(addr), 6000);
	assert_int_equal(xsk_umem__extract_offset(addr), 256);
	assert_int_equal(xsk_umem__add_offset_to_addr(addr), 6256);
	assert_ptr_equal(xsk_umem__get_data((void *)4096, 5), (void *)4101);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rings_turn_over),
		cmocka_unit_test(addresses_of_unaligned_chunks_have_offsets),
		cmocka_unit_test(one_socket_moves_packets_both_ways),
		cmocka_unit_test(a_umem_is_shared_by_two_queues),
		cmocka_unit_test(two_sockets_have_one_queue),
#ifdef DMABUFX_COMPAT_XSK_H
		cmocka_unit_test(two_sockets_have_one_queue_and_the_default_program),
#endif
		cmocka_unit_test(a_queue_is_used_again_after_its_umem_is_deleted),
		cmocka_unit_test(the_generic_mode_is_asked_for_by_xdp_flags),
		cmocka_unit_test(wrong_umems_are_refused),
		cmocka_unit_test(wrong_sockets_are_refused),
	};

	net_need_privilege();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The harness itself: what it sends arrives, and what it makes is gone afterwards. */
#include "net.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void packets_arrive_in_order_both_ways(void **state)
{
	static const uint32_t lens[] = { 54, 64, 1514 };
	struct net *net = net_new(2, 1500);
	int near = net_raw(net, NET_NEAR), far = net_raw(net, NET_FAR);

	for (int port = 0; port <= 5000; port += 5000) {
		for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
			struct net_flow out = { .from = NET_NEAR,
						.port = (uint16_t)port,
						.len = lens[i] };
			struct net_flow in = out;

			in.from = NET_FAR;
			net_send(net, near, &out, 100, 200);
			assert_int_equal(net_receive(net, far, &out, 100, 200, 2000), 200);
			net_send(net, far, &in, 0, 200);
			assert_int_equal(net_receive(net, near, &in, 0, 200, 2000), 200);
		}
	}
	close(near);
	close(far);
	net_free(net);
}

static void changed_packet_is_told(void **state)
{
	struct net *net = net_new(1, 1500);
	struct net_flow flow = { .from = NET_NEAR, .port = 7, .len = 100 };
	uint8_t frame[100];
	uint32_t seq;

	net_packet(net, &flow, 3, frame);
	assert_true(net_check(net, &flow, frame, 100, &seq));
	assert_int_equal(seq, 3);
	for (size_t i = 0; i < 100; i++) {
		frame[i] ^= 1;
		assert_false(net_check(net, &flow, frame, 100, &seq));
		frame[i] ^= 1;
	}
	assert_false(net_check(net, &flow, frame, 99, &seq));
	net_free(net);
}

static void link_and_mtu_follow(void **state)
{
	struct net *net = net_new(1, 1500);
	int near = net_raw(net, NET_NEAR), far = net_raw(net, NET_FAR);
	struct net_flow flow = { .from = NET_NEAR, .len = 9014 };
	uint8_t frame[9014];

	net_packet(net, &flow, 0, frame);
	assert_int_equal(send(near, frame, sizeof(frame), 0), -1);
	assert_int_equal(errno, EMSGSIZE);
	net_mtu(net, 9000);
	net_send(net, near, &flow, 0, 10);
	assert_int_equal(net_receive(net, far, &flow, 0, 10, 2000), 10);
	net_down(net, NET_FAR);
	net_up(net, NET_FAR);
	net_wait_carrier(net, NET_NEAR);
	close(near);
	near = net_raw(net, NET_NEAR);
	net_send(net, near, &flow, 10, 10);
	close(near);
	close(far);
	net_free(net);
}

static void nothing_is_left(void **state)
{
	unsigned int fds = net_fds();
	struct stat before, after;

	assert_int_equal(stat("/proc/self/ns/net", &before), 0);
	net_free(net_new(1, 1500));
	assert_int_equal(net_fds(), fds);
	assert_int_equal(stat("/proc/self/ns/net", &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_not_equal(net_try("ip", "link", "show", "near"), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_arrive_in_order_both_ways),
		cmocka_unit_test(changed_packet_is_told),
		cmocka_unit_test(link_and_mtu_follow),
		cmocka_unit_test(nothing_is_left),
	};

	net_need_privilege();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Waiting: each way to sleep, time limits, signals, several sockets, links that go. */
#include "xsk_test.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

static const enum dmabufx_sleep sleeps[] = {
	DMABUFX_SLEEP_ADAPTIVE,
	DMABUFX_SLEEP_SPIN,
	DMABUFX_SLEEP_TIMER,
	DMABUFX_SLEEP_POLL,
};
#define NSLEEPS (sizeof(sleeps) / sizeof(sleeps[0]))

static uint32_t empty(struct dmabufx_xsk *xsk)
{
	struct dmabufx_desc *descs;
	uint32_t n = dmabufx_xsk_rx_burst(xsk, &descs, 64);

	dmabufx_xsk_rx_release(xsk, descs, n);
	return n;
}

static void send_one(struct dmabufx_xsk *xsk)
{
	struct dmabufx_desc desc;

	assert_int_equal(dmabufx_xsk_tx_alloc(xsk, &desc, 1), 1);
	memset(dmabufx_xsk_data(xsk, desc.addr), 0xff, 60);
	desc.len = 60;
	assert_int_equal(dmabufx_xsk_tx_burst(xsk, &desc, 1), 1);
}

static void each_way_ends_by_a_packet_or_by_time(void **state)
{
	struct xworld *w = *state;
	struct dmabufx_xsk *far = xsk_open(w, NET_FAR, 0, NULL);

	for (size_t i = 0; i < NSLEEPS; i++) {
		DMABUFX_OPTS(dmabufx_xsk_opts, opts, .sleep = sleeps[i], .timer_us = 100);
		struct dmabufx_xsk *near = xsk_open(w, NET_NEAR, 0, &opts);
		uint64_t begin = net_now_ms(), took;

		assert_int_equal(dmabufx_xsk_wait(&near, 1, 0), 0);
		assert_int_equal(dmabufx_xsk_wait(&near, 1, 60), 0);
		took = net_now_ms() - begin;
		assert_in_range(took, 60, 1000);
		assert_int_equal(!!stats_of(near).sleeps, sleeps[i] != DMABUFX_SLEEP_SPIN);
		send_one(far);
		assert_int_equal(dmabufx_xsk_wait(&near, 1, -1), 1);
		assert_int_equal(dmabufx_xsk_wait(&near, 1, 0), 1);
		assert_int_equal(empty(near), 1);
		assert_idle(near);
		xsk_close(w, NET_NEAR, near);
	}
	xsk_close(w, NET_FAR, far);
}

/* A thread that sends a packet, or a signal to the waiting one, until it is told to stop. */
struct nudge {
	pthread_t thread, waits;
	atomic_bool stop;
	struct dmabufx_xsk *by;
};

static atomic_int signals;

static void on_signal(int sig)
{
	signals++;
}

/* Again and again, as the first may come before the other sleeps. */
static void *nudges(void *arg)
{
	struct nudge *n = arg;
	struct timespec pause = { .tv_nsec = 20000000 };

	while (!n->stop) {
		if (n->by)
			send_one(n->by);
		else
			pthread_kill(n->waits, SIGUSR1);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

static void nudge_start(struct nudge *n, struct dmabufx_xsk *by)
{
	n->by = by;
	n->stop = false;
	n->waits = pthread_self();
	assert_int_equal(pthread_create(&n->thread, NULL, nudges, n), 0);
}

static void nudge_stop(struct nudge *n)
{
	n->stop = true;
	pthread_join(n->thread, NULL);
}

static void packet_wakes_who_sleeps(void **state)
{
	struct xworld *w = *state;
	struct dmabufx_xsk *far = xsk_open(w, NET_FAR, 0, NULL);
	static struct nudge n;

	for (size_t i = 0; i < NSLEEPS; i++) {
		DMABUFX_OPTS(dmabufx_xsk_opts, opts, .sleep = sleeps[i]);
		struct dmabufx_xsk *near = xsk_open(w, NET_NEAR, 0, &opts);

		nudge_start(&n, far);
		for (int k = 0; k < 5; k++) {
			assert_int_equal(dmabufx_xsk_wait(&near, 1, -1), 1);
			assert_true(empty(near) > 0);
		}
		nudge_stop(&n);
		while (dmabufx_xsk_wait(&near, 1, 10))
			empty(near);
		xsk_close(w, NET_NEAR, near);
	}
	assert_idle(far);
	xsk_close(w, NET_FAR, far);
}

/* All but who doesn't sleep. */
static void signal_ends_a_sleep(void **state)
{
	struct sigaction sa = { .sa_handler = on_signal }, before;
	struct xworld *w = *state;
	static struct nudge n;

	assert_int_equal(sigaction(SIGUSR1, &sa, &before), 0);
	for (size_t i = 0; i < NSLEEPS; i++) {
		DMABUFX_OPTS(dmabufx_xsk_opts, opts, .sleep = sleeps[i], .timer_us = 40000);
		struct dmabufx_xsk *near = xsk_open(w, NET_NEAR, 0, &opts);

		if (sleeps[i] == DMABUFX_SLEEP_SPIN) {
			xsk_close(w, NET_NEAR, near);
			continue;
		}
		nudge_start(&n, NULL);
		assert_fails(dmabufx_xsk_wait(&near, 1, 10000), EINTR, SYSTEM, "waiting");
		nudge_stop(&n);
		assert_true(signals > 0);
		xsk_close(w, NET_NEAR, near);
	}
	sigaction(SIGUSR1, &before, NULL);
}

static void several_are_waited_for(void **state)
{
	DMABUFX_OPTS(dmabufx_xsk_opts, opts, .rx_frames = 64, .sleep = DMABUFX_SLEEP_POLL);
	struct xworld *w = *state;
	struct dmabufx_xsk *near[2], *far[2], *many[65];

	for (uint32_t q = 0; q < 2; q++) {
		near[q] = xsk_open(w, NET_NEAR, q, &opts);
		far[q] = xsk_open(w, NET_FAR, q, NULL);
	}
	send_one(far[1]);
	assert_int_equal(dmabufx_xsk_wait(near, 2, 2000), 1);
	assert_int_equal(empty(near[0]), 0);
	send_one(far[0]);
	while (dmabufx_xsk_wait(near, 2, 2000) != 2)
		;
	assert_int_equal(empty(near[0]), 1);
	assert_int_equal(empty(near[1]), 1);
	for (int i = 0; i < 65; i++)
		many[i] = near[0];
	assert_int_equal(dmabufx_xsk_wait(many, 64, 0), 0);
	assert_fails(dmabufx_xsk_wait(many, 65, 0), EINVAL, NO_SPACE, "65", "64");
	assert_fails(dmabufx_xsk_wait(many, 0, 0), EINVAL, NO_SPACE, "0 sockets");
	assert_fails(dmabufx_xsk_wait(NULL, 1, 0), EINVAL, NULL_ARGUMENT, "xsks");
	for (int q = 0; q < 2; q++) {
		assert_idle(far[q]);
		xsk_close(w, NET_NEAR, near[q]);
		xsk_close(w, NET_FAR, far[q]);
	}
}

static void link_that_is_down_is_told(void **state)
{
	struct xworld *w = *state;

	for (size_t i = 0; i < NSLEEPS; i++) {
		DMABUFX_OPTS(dmabufx_xsk_opts, opts, .sleep = sleeps[i]);
		struct dmabufx_xsk *near = xsk_open(w, NET_NEAR, 0, &opts);

		net_down(w->net, NET_NEAR);
		assert_fails(dmabufx_xsk_wait(&near, 1, -1), ENETDOWN, INTERFACE_DOWN, "near",
			     "down");
		assert_fails(dmabufx_xsk_wait(&near, 1, 5), ENETDOWN, INTERFACE_DOWN, "down");
		net_up(w->net, NET_NEAR);
		net_wait_carrier(w->net, NET_NEAR);
		assert_int_equal(dmabufx_xsk_wait(&near, 1, 5), 0);
		xsk_close(w, NET_NEAR, near);
	}
}

/* A veth of its own, which goes while somebody waits. */
static void interface_that_goes_is_told(void **state)
{
	struct xworld *w = *state;
	struct dmabufx_xsk *xsk = NULL;

	net_ip("link", "add", "v0", "type", "veth", "peer", "name", "v1");
	net_ip("link", "set", "v0", "up");
	net_ip("link", "set", "v1", "up");
	assert_int_equal(dmabufx_xsk_open(w->umem, "v0", 0, NULL, &xsk), 0);
	net_ip("link", "del", "v0");
	assert_fails(dmabufx_xsk_wait(&xsk, 1, -1), ENETDOWN, INTERFACE_DOWN, "v0", "gone");
	/* And closing it needs nothing of it. */
	send_one(xsk);
	xsk_close(w, NET_NEAR, xsk);
}

/* What the kernel couldn't be told of, or wasn't, goes out while its sender waits. */
static void waiting_sends_what_was_left(void **state)
{
	struct xworld *w = *state;
	struct dmabufx_xsk *far = xsk_open(w, NET_FAR, 0, NULL);

	for (size_t i = 0; i < NSLEEPS; i++) {
		DMABUFX_OPTS(dmabufx_xsk_opts, opts, .sleep = sleeps[i]);
		struct dmabufx_xsk *near = xsk_open(w, NET_NEAR, 0, &opts);

		net_down(w->net, NET_NEAR);
		send_one(near);
		net_up(w->net, NET_NEAR);
		net_wait_carrier(w->net, NET_NEAR);
		assert_int_equal(dmabufx_xsk_wait(&near, 1, 100), 0);
		assert_int_equal(dmabufx_xsk_wait(&far, 1, 2000), 1);
		assert_int_equal(empty(far), 1);
		assert_idle(near);
		xsk_close(w, NET_NEAR, near);
	}
	xsk_close(w, NET_FAR, far);
}

/* veth has no NAPI to be driven, so the option is off, and sending works as ever. */
static void busy_poll_without_a_napi_is_off(void **state)
{
	DMABUFX_OPTS(dmabufx_xsk_opts, opts, .flags = DMABUFX_XSK_BUSY_POLL, .busy_poll_us = 50,
		     .busy_budget = 32);
	struct xworld *w = *state;
	struct dmabufx_xsk *near = xsk_open(w, NET_NEAR, 0, &opts);

	assert_int_equal(info_of(near).napi_id, 0);
	assert_int_equal(info_of(near).flags & DMABUFX_XSK_BUSY_POLL, 0);
	assert_int_equal(empty(near), 0);
	assert_int_equal(stats_of(near).kicks, 0);
	xsk_close(w, NET_NEAR, near);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		xsk_case(each_way_ends_by_a_packet_or_by_time),
		xsk_case(packet_wakes_who_sleeps),
		xsk_case(signal_ends_a_sleep),
		xsk_case(several_are_waited_for),
		xsk_case(link_that_is_down_is_told),
		xsk_case(interface_that_goes_is_told),
		xsk_case(waiting_sends_what_was_left),
		xsk_case(busy_poll_without_a_napi_is_off),
	};

	net_need_privilege();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

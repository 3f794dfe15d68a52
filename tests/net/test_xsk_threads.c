// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Threads as documented: of each socket one receives and one sends, while others open
 * and close sockets of the same UMEM, or read counts. Also run with ThreadSanitizer.
 */
#include "xsk_test.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define LEN 64
#define WINDOW 100

/* One direction: who sends and who receives share nothing but how far it is. */
struct road {
	struct xworld *w;
	struct dmabufx_xsk *from;
	struct dmabufx_xsk *to;
	struct net_flow flow;
	uint32_t n;
	atomic_uint got;
	atomic_int wrong; /* cmocka's checks are for the main thread alone */
	pthread_t threads[2];
};

static void *sends(void *arg)
{
	struct road *r = arg;
	uint64_t until = net_now_ms() + 60000;
	uint32_t sent = 0;

	while (sent < r->n && net_now_ms() < until) {
		struct dmabufx_desc descs[16];
		uint32_t room = WINDOW - (sent - r->got), n, taken;

		n = room < 16 ? room : 16;
		n = n < r->n - sent ? n : r->n - sent;
		n = dmabufx_xsk_tx_alloc(r->from, descs, n);
		for (uint32_t i = 0; i < n; i++) {
			descs[i].len = LEN;
			net_packet(r->w->net, &r->flow, sent + i,
				   dmabufx_xsk_data(r->from, descs[i].addr));
		}
		taken = dmabufx_xsk_tx_burst(r->from, descs, n);
		dmabufx_xsk_tx_free(r->from, descs + taken, n - taken);
		sent += taken;
		if (!n)
			dmabufx_xsk_tx_reap(r->from);
	}
	while (dmabufx_xsk_tx_pending(r->from) && net_now_ms() < until)
		dmabufx_xsk_tx_reap(r->from);
	return NULL;
}

static void *receives(void *arg)
{
	struct road *r = arg;
	uint64_t until = net_now_ms() + 60000;

	while (r->got < r->n && !r->wrong && net_now_ms() < until) {
		struct dmabufx_desc *descs;
		uint32_t n = dmabufx_xsk_rx_burst(r->to, &descs, 32), seq;

		for (uint32_t i = 0; i < n; i++)
			if (!net_check(r->w->net, &r->flow, dmabufx_xsk_data(r->to, descs[i].addr),
				       descs[i].len, &seq) ||
			    seq != r->got + i)
				r->wrong++;
		dmabufx_xsk_rx_release(r->to, descs, n);
		r->got += n;
		if (!n)
			dmabufx_xsk_wait(&r->to, 1, 20);
	}
	return NULL;
}

static void start(struct road *r)
{
	assert_int_equal(pthread_create(&r->threads[0], NULL, sends, r), 0);
	assert_int_equal(pthread_create(&r->threads[1], NULL, receives, r), 0);
}

static void end(struct road *r)
{
	for (int i = 0; i < 2; i++)
		pthread_join(r->threads[i], NULL);
	assert_int_equal(r->wrong, 0);
	assert_int_equal(r->got, r->n);
}

/* @meanwhile runs in the main thread. */
static void both_ways(struct xworld *w, const struct dmabufx_xsk_opts *opts,
		      void (*meanwhile)(struct xworld *w, struct road *roads))
{
	struct dmabufx_xsk *near = xsk_open(w, NET_NEAR, 0, opts);
	struct dmabufx_xsk *far = xsk_open(w, NET_FAR, 0, opts);
	static struct road roads[2];

	memset(roads, 0, sizeof(roads));
	for (int i = 0; i < 2; i++) {
		roads[i].w = w;
		roads[i].from = i ? far : near;
		roads[i].to = i ? near : far;
		roads[i].flow = (struct net_flow){ .from = i ? NET_FAR : NET_NEAR, .len = LEN };
		roads[i].n = net_count("NET_PACKETS", 30000);
		start(&roads[i]);
	}
	if (meanwhile)
		meanwhile(w, roads);
	end(&roads[0]);
	end(&roads[1]);
	assert_idle(near);
	assert_idle(far);
	xsk_close(w, NET_NEAR, near);
	xsk_close(w, NET_FAR, far);
}

static void one_thread_a_direction(void **state)
{
	DMABUFX_OPTS(dmabufx_xsk_opts, opts, .sleep = DMABUFX_SLEEP_TIMER, .timer_us = 20);

	both_ways(*state, NULL, NULL);
	both_ways(*state, &opts, NULL);
	opts.sleep = DMABUFX_SLEEP_POLL;
	both_ways(*state, &opts, NULL);
}

static void open_and_close(struct xworld *w, struct road *roads)
{
	DMABUFX_OPTS(dmabufx_xsk_opts, few, .rx_frames = 64);

	do
		xsk_close(w, NET_NEAR, xsk_open(w, NET_NEAR, 1, &few));
	while (!roads[0].wrong && !roads[1].wrong && roads[0].got < roads[0].n);
}

static void others_open_and_close_meanwhile(void **state)
{
	both_ways(*state, NULL, open_and_close);
}

/* Nothing goes back, and no frame is in two places, or none. */
static void read_counts(struct dmabufx_xsk *xsk, struct dmabufx_xsk_stats *last)
{
	struct dmabufx_xsk_stats now = stats_of(xsk);

	assert_true(now.rx_frames >= last->rx_frames && now.tx_frames >= last->tx_frames);
	assert_true(now.kicks >= last->kicks && now.sleeps >= last->sleeps);
	assert_int_equal(now.rx_in_kernel + now.rx_held + now.rx_forwarding, xsk->rx_frames);
	assert_in_range(now.tx_free + now.tx_held, 0, xsk->tx_frames);
	assert_in_range(now.tx_in_kernel, 0, info_of(xsk).tx_ring);
	*last = now;
}

static void read_all_counts(struct xworld *w, struct road *roads)
{
	struct dmabufx_xsk_stats last[2] = { { 0 } };

	do {
		for (int i = 0; i < 2; i++)
			read_counts(roads[i].from, &last[i]);
	} while (roads[0].got < roads[0].n && roads[1].got < roads[1].n && !roads[0].wrong &&
		 !roads[1].wrong);
	assert_true(last[0].rx_frames && last[1].tx_frames);
}

static void counts_are_read_meanwhile(void **state)
{
	both_ways(*state, NULL, read_all_counts);
}

struct mirror {
	struct dmabufx_xsk *xsk;
	atomic_int stop;
};

static void *mirrors(void *arg)
{
	struct mirror *m = arg;

	while (!m->stop || dmabufx_xsk_tx_pending(m->xsk)) {
		struct dmabufx_desc *descs;
		uint32_t n = dmabufx_xsk_rx_burst(m->xsk, &descs, 32);
		uint32_t taken = dmabufx_xsk_forward(m->xsk, m->xsk, descs, n);

		dmabufx_xsk_rx_release(m->xsk, descs + taken, n - taken);
		if (!n)
			dmabufx_xsk_tx_reap(m->xsk);
	}
	return NULL;
}

static void counts_are_read_while_forwarding(void **state)
{
	struct xworld *w = *state;
	struct dmabufx_xsk *near = xsk_open(w, NET_NEAR, 0, NULL);
	struct mirror m = { .xsk = xsk_open(w, NET_FAR, 0, NULL) };
	struct road r = { .w = w,
			  .from = near,
			  .to = near,
			  .n = net_count("NET_PACKETS", 30000),
			  .flow = { .from = NET_NEAR, .len = LEN } };
	struct dmabufx_xsk_stats last[2] = { { 0 } };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, mirrors, &m), 0);
	start(&r);
	do {
		read_counts(near, &last[0]);
		read_counts(m.xsk, &last[1]);
	} while (r.got < r.n && !r.wrong);
	end(&r);
	m.stop = 1;
	pthread_join(thread, NULL);
	assert_int_equal(stats_of(m.xsk).rx_frames, r.n);
	assert_idle(near);
	assert_idle(m.xsk);
	xsk_close(w, NET_NEAR, near);
	xsk_close(w, NET_FAR, m.xsk);
}

/* Opens what can't be opened, for so long. */
struct opener {
	struct xworld *w;
	uint32_t queue;
	int err;
	atomic_int done;
};

static void *opens_in_vain(void *arg)
{
	DMABUFX_OPTS(dmabufx_xsk_opts, opts, .rx_frames = 64, .wait_ms = 2000);
	struct opener *o = arg;
	struct dmabufx_xsk *xsk;

	o->err = dmabufx_xsk_open(o->w->umem, "near", o->queue, &opts, &xsk);
	o->done = 1;
	return NULL;
}

/* The longest that a call took which wants the context's lock, while the other opens. */
static uint64_t longest_call(struct xworld *w, struct dmabufx_xsk *xsk, uint32_t queue, int err)
{
	struct opener o = { .w = w, .queue = queue };
	uint64_t longest = 0;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, opens_in_vain, &o), 0);
	while (!o.done) {
		uint64_t begin = net_now_ms(), took;

		dmabufx_xsk_reap_mixed(xsk);
		took = net_now_ms() - begin;
		longest = took > longest ? took : longest;
	}
	pthread_join(thread, NULL);
	assert_int_equal(o.err, err);
	return longest;
}

static void opening_stops_nobody(void **state)
{
	struct xworld *w = *state;
	struct dmabufx_xsk *xsk = xsk_open(w, NET_NEAR, 0, NULL);

	assert_in_range(longest_call(w, xsk, 0, -EBUSY), 0, 1000);
	net_down(w->net, NET_FAR);
	assert_in_range(longest_call(w, xsk, 1, -ENETDOWN), 0, 1000);
	net_up(w->net, NET_FAR);
	xsk_close(w, NET_NEAR, xsk);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		xsk_case(one_thread_a_direction),
		xsk_case(others_open_and_close_meanwhile),
		xsk_case(opening_stops_nobody),
		xsk_case(counts_are_read_meanwhile),
		xsk_case(counts_are_read_while_forwarding),
	};

	net_need_privilege();
	cmocka_set_test_filter(getenv("NET_CASES"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}

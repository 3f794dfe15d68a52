// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules by which a card steers packets past sockets on all of its queues. */
#include "unit.h"

#include <linux/ethtool.h>
#include <stdlib.h>

#include "fake_net.h"
#include "sys/steer.h"

#define NTH_MAX 400

struct world {
	struct unit *u;
	struct fake_netdev *dev;
	struct dmabufx_buf *buf;
	struct dmabufx_umem *umem;
};

static struct world new_world(void **state)
{
	struct world w = { .u = *state };

	w.dev = fake_add_netdev(w.u->f, "eth0");
	w.buf = new_memfd(w.u, 4 * MIB);
	assert_int_equal(dmabufx_umem_new(w.u->ctx, w.buf, NULL, &w.umem), 0);
	return w;
}

static void end_world(struct world *w)
{
	struct dmabufx_umem_info info = { .size = sizeof(info) };

	assert_int_equal(dmabufx_umem_get_info(w->umem, &info), 0);
	assert_int_equal(info.frames_free, info.frames);
	dmabufx_umem_unref(w->umem);
	dmabufx_buf_unref(w->buf);
}

/* The scripted kernel has no BPF. */
static int open_all(struct world *w, uint32_t flags, struct dmabufx_xsk **rets)
{
	DMABUFX_OPTS(dmabufx_xsk_opts, opts, .rx_frames = 64, .tx_frames = 64, .tx_ring = 64,
		     .wait_ms = 100, .flags = DMABUFX_XSK_NO_PROG | flags);

	return dmabufx_xsk_open_all(w->umem, "eth0", &opts, rets, 2);
}

static void opens(struct world *w, uint32_t flags)
{
	struct dmabufx_xsk *xsks[2];

	assert_int_equal(open_all(w, flags, xsks), 2);
	for (int i = 0; i < 2; i++)
		dmabufx_xsk_close(xsks[i]);
}

#define refuses(w, ...)                                                                   \
	do {                                                                              \
		struct dmabufx_xsk *xsks_[2] = { SENTINEL, SENTINEL };                    \
		assert_fails(open_all(w, 0, xsks_), EBUSY, STEERED, "eth0", __VA_ARGS__); \
		assert_ptr_equal(xsks_[0], SENTINEL);                                     \
	} while (0)

static void add_rule(struct world *w, struct fake_flow rule)
{
	w->dev->rules[w->dev->nrules++] = rule;
}

static void only_rule(struct world *w, struct fake_flow rule)
{
	w->dev->nrules = 0;
	add_rule(w, rule);
}

static void rules_that_stay_with_the_sockets_are_fine(void **state)
{
	struct world w = new_world(state);

	opens(&w, 0);
	add_rule(&w, (struct fake_flow){ .location = 3, .cookie = 1 });
	add_rule(&w, (struct fake_flow){ .location = 4, .cookie = RX_CLS_FLOW_WAKE });
	w.dev->table_len = FAKE_TABLE;
	w.dev->tables[0][5] = 1;
	w.dev->tables[1][2] = 1;
	add_rule(&w, (struct fake_flow){ .location = 5, .rss = true, .context = 1 });
	opens(&w, 0);
	end_world(&w);
}

static void rules_past_the_sockets_are_named(void **state)
{
	struct world w = new_world(state);

	/* Behind one that is fine. */
	add_rule(&w, (struct fake_flow){ .location = 7, .cookie = 0 });
	add_rule(&w, (struct fake_flow){ .location = 12, .cookie = RX_CLS_FLOW_DISC });
	refuses(&w, "rule 12 ", "drops", "ethtool -N eth0 delete 12");
	only_rule(&w, (struct fake_flow){ .location = 0, .cookie = 2 });
	refuses(&w, "rule 0 ", "queue 2", "queues 0 to 1", "ethtool -N eth0 delete 0");
	only_rule(&w, (struct fake_flow){ .location = 9, .cookie = 4ull << 32 });
	refuses(&w, "rule 9 ", "virtual function 3", "ethtool -N eth0 delete 9");
	opens(&w, DMABUFX_XSK_ALLOW_RULES);
	opens(&w, DMABUFX_XSK_NO_RX);
	end_world(&w);
}

static void contexts_past_the_sockets_are_named(void **state)
{
	struct world w = new_world(state);

	only_rule(&w, (struct fake_flow){ .location = 6, .rss = true, .context = 1 });
	/* It doesn't tell. */
	refuses(&w, "rule 6 ", "RSS context 1", "EOPNOTSUPP", "ethtool -N eth0 delete 6");
	w.dev->table_len = FAKE_TABLE;
	opens(&w, 0);
	w.dev->tables[1][FAKE_TABLE - 1] = 2;
	refuses(&w, "rule 6 ", "RSS context 1", "queue 2", "ethtool -N eth0 delete 6");
	/* The rule's queue is the first one of the table's. */
	w.dev->tables[1][FAKE_TABLE - 1] = 1;
	w.dev->rules[0].cookie = 1;
	refuses(&w, "rule 6 ", "queue 2");
	w.dev->rules[0].context = 2;
	refuses(&w, "rule 6 ", "RSS context 2", "ENOENT");
	opens(&w, DMABUFX_XSK_ALLOW_RULES);
	end_world(&w);
}

static void hash_past_the_sockets_is_told(void **state)
{
	struct world w = new_world(state);

	w.dev->table_len = FAKE_TABLE;
	/* Some queues get nothing: theirs isn't lost. */
	opens(&w, 0);
	w.dev->tables[0][3] = 2;
	refuses(&w, "queue 2", "queues 0 to 1", "ethtool -X eth0 equal 2");
	opens(&w, DMABUFX_XSK_ALLOW_RULES);
	end_world(&w);
}

static void cards_that_have_no_rules_are_fine(void **state)
{
	static const int errs[] = { EOPNOTSUPP, EINVAL };
	struct world w = new_world(state);
	struct dmabufx_xsk *xsks[2];

	add_rule(&w, (struct fake_flow){ .location = 1, .cookie = RX_CLS_FLOW_DISC });
	for (int i = 0; i < 2; i++) {
		w.dev->rules_err = errs[i];
		opens(&w, 0);
	}
	w.dev->rules_err = EIO;
	assert_fails(open_all(&w, 0, xsks), EIO, SYSTEM, "eth0", "ethtool -n");
	end_world(&w);
}

/* Others set and delete rules meanwhile. */
static void rules_may_come_and_go(void **state)
{
	struct world w = new_world(state);
	struct dmabufx_xsk *xsks[2];
	uint32_t *locations, n;

	for (uint32_t i = 0; i < FAKE_FLOWS; i++)
		w.dev->rules[i] = (struct fake_flow){ .location = 20 + i };
	/* One more than was counted, twice; then they stay. */
	w.dev->nrules = 1;
	w.dev->more_rules = 2;
	assert_int_equal(dx_steer_locations(&w.u->f->sys, "eth0", &locations, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(locations[2], 22);
	free(locations);
	w.dev->nrules = 1;
	w.dev->more_rules = 3;
	assert_fails(open_all(&w, 0, xsks), EMSGSIZE, SYSTEM, "eth0");
	w.dev->rules[0].cookie = RX_CLS_FLOW_DISC;
	w.dev->rules[0].gone = true;
	opens(&w, 0);
	assert_int_equal(dx_steer_locations(&w.u->f->sys, "eth1", &locations, &n), -ENODEV);
	assert_null(locations);
	end_world(&w);
}

/* Opening all where there are rules, and contexts; all undone. */
static bool round_of(void **state, unsigned int nth, int err)
{
	struct dmabufx_xsk *xsks[2] = { SENTINEL, SENTINEL };
	struct world w = new_world(state);
	struct unit_account before;
	bool reached;
	int ret;

	w.dev->table_len = FAKE_TABLE;
	add_rule(&w, (struct fake_flow){ .location = 1 });
	add_rule(&w, (struct fake_flow){ .location = 2, .rss = true, .context = 1 });
	before = unit_account(w.u->f);
	forget_error();
	if (err)
		fake_fail_nth(w.u->f, nth, err);
	else
		heap_fail_nth(nth);
	ret = open_all(&w, 0, xsks);
	fake_heal(w.u->f);
	reached = err ? w.u->f->failed : heap_failed();
	heap_fail_nth(0);
	for (int i = 0; i < ret; i++)
		dmabufx_xsk_close(xsks[i]);
	if (ret < 0) {
		assert_int_equal(dmabufx_last_error()->err, ret);
		assert_ptr_equal(xsks[0], SENTINEL);
	}
	unit_assert_same(&before, w.u->f, "open all", nth);
	w.u->f->now += 100;
	end_world(&w);
	w.u->f->net->ndevs = 0;
	return reached;
}

static void opening_all_survives_each_failing_call(void **state)
{
	static const int errs[] = { EIO, ENOMEM, ENODEV, EINVAL };

	for (int e = 0; e < 4; e++) {
		unsigned int nth = 1;

		while (round_of(state, nth, errs[e]))
			assert_in_range(nth++, 1, NTH_MAX);
		assert_true(nth > 30);
	}
}

static void opening_all_survives_each_failing_allocation(void **state)
{
	unsigned int nth = 1;

	while (round_of(state, nth, 0))
		assert_in_range(nth++, 1, NTH_MAX);
	assert_true(nth > 10);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(rules_that_stay_with_the_sockets_are_fine, unit_ctx),
		unit_case(rules_past_the_sockets_are_named, unit_ctx),
		unit_case(contexts_past_the_sockets_are_named, unit_ctx),
		unit_case(hash_past_the_sockets_is_told, unit_ctx),
		unit_case(cards_that_have_no_rules_are_fine, unit_ctx),
		unit_case(rules_may_come_and_go, unit_ctx),
		unit_case(opening_all_survives_each_failing_call, unit_ctx),
		unit_case(opening_all_survives_each_failing_allocation, unit_ctx),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

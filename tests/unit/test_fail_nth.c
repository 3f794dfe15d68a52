// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each call with its N-th call of the kernel failing, and its N-th allocation,
 * for N = 1.. until it gets through: nothing is left behind, the objects still
 * work, and in the end not a byte is allocated.
 */
#include "fail_cases.h"

#define NTH_MAX 400

/* What a first call opens for the context, and keeps, isn't left behind by a failure. */
static void warm_up(struct unit *u)
{
	if (u->ctx)
		assert_true(dmabufx_ctx_backend(u->ctx) > 0);
}

static int run_failing(struct unit *u, const struct fail_case *c, unsigned int nth, int err,
		       void **made)
{
	int ret;

	forget_error();
	if (err)
		fake_fail_nth(u->f, nth, err);
	else
		heap_fail_nth(nth);
	ret = c->run(u, made);
	fake_heal(u->f);
	return ret;
}

static void expect_reason(const struct fail_case *c, int ret, unsigned int nth)
{
	const struct dmabufx_error *last = dmabufx_last_error();

	if (last->err != ret || last->reason == DMABUFX_REASON_NONE)
		fail_msg("%s, %u: returned %s, the reason says %s: \"%s\"", c->name, nth,
			 dmabufx_strerror(ret), dmabufx_strerror(last->err), last->text);
}

/* One round on objects of its own. False when the call has no such @nth. */
static bool round_of(const struct fail_case *c, unsigned int nth, int err)
{
	struct unit_account before;
	void *state, *made = SENTINEL;
	bool reached;
	struct unit *u;
	int ret;

	c->setup(&state);
	u = state;
	warm_up(u);
	before = unit_account(u->f);
	ret = run_failing(u, c, nth, err, &made);
	reached = err ? u->f->failed : heap_failed();
	heap_fail_nth(0);
	if (ret < 0) {
		expect_reason(c, ret, nth);
		assert_true(made == SENTINEL);
	} else {
		c->undo(u, made);
	}
	if (c->settle)
		c->settle(u);
	unit_assert_same(&before, u->f, c->name, nth);
	if (reached) {
		if (c->run(u, &made) < 0)
			fail_msg("%s, %u: fails afterwards: %s", c->name, nth,
				 dmabufx_last_error()->text);
		c->undo(u, made);
		if (c->settle)
			c->settle(u);
		unit_assert_same(&before, u->f, c->name, nth);
	}
	unit_end(&state);
	return reached;
}

static void every_call_survives_each_failing_system_call(void **state)
{
	static const int errs[] = { EIO, ENOMEM, ENODEV, EINVAL };

	for (size_t i = 0; i < fail_ncases; i++) {
		for (size_t e = 0; e < sizeof(errs) / sizeof(errs[0]); e++) {
			unsigned int nth = 1;

			while (round_of(&fail_cases[i], nth, errs[e]))
				assert_in_range(nth++, 1, NTH_MAX);
			if (!e)
				print_message("%-18s %3u calls\n", fail_cases[i].name, nth - 1);
		}
	}
}

static void every_call_survives_each_failing_allocation(void **state)
{
	for (size_t i = 0; i < fail_ncases; i++) {
		unsigned int nth = 1;

		while (round_of(&fail_cases[i], nth, 0))
			assert_in_range(nth++, 1, NTH_MAX);
		print_message("%-18s %3u allocations\n", fail_cases[i].name, nth - 1);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_call_survives_each_failing_system_call),
		cmocka_unit_test(every_call_survives_each_failing_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

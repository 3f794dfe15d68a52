// SPDX-License-Identifier: GPL-2.0-or-later
/* Sets of ranges: cases at the ends of 64 bits, and a random walk beside a bitmap. */
#include "unit.h"

#include <stdlib.h>

#include "base/rangeset.h"

#define SLOTS 96
#define ROUNDS 20000

static void add(struct dx_rangeset *set, uint64_t start, uint64_t last)
{
	assert_int_equal(dx_rangeset_prepare(set), 0);
	dx_rangeset_add(set, start, last);
}

static void an_empty_set_holds_nothing(void **state)
{
	struct dx_rangeset set = { 0 };

	assert_null(dx_rangeset_overlap(&set, 0, UINT64_MAX));
	assert_false(dx_rangeset_contains(&set, 0, 0));
	dx_rangeset_clear(&set);
}

static void ranges_that_touch_become_one(void **state)
{
	struct dx_rangeset set = { 0 };

	add(&set, 0, 9);
	add(&set, 20, 29);
	add(&set, 10, 19);
	assert_int_equal(set.n, 1);
	assert_true(dx_rangeset_contains(&set, 0, 29));
	assert_false(dx_rangeset_contains(&set, 0, 30));
	dx_rangeset_clear(&set);
}

static void ranges_may_overlap_and_swallow_others(void **state)
{
	struct dx_rangeset set = { 0 };

	add(&set, 10, 19);
	add(&set, 30, 39);
	add(&set, 50, 59);
	add(&set, 15, 52);
	assert_int_equal(set.n, 1);
	assert_int_equal(set.spans[0].start, 10);
	assert_int_equal(set.spans[0].last, 59);
	dx_rangeset_clear(&set);
}

static void the_top_of_64_bits_does_not_wrap(void **state)
{
	struct dx_rangeset set = { 0 };

	add(&set, UINT64_MAX - 9, UINT64_MAX);
	add(&set, 0, 9);
	assert_int_equal(set.n, 2);
	assert_true(dx_rangeset_contains(&set, UINT64_MAX, UINT64_MAX));
	assert_ptr_equal(dx_rangeset_overlap(&set, 5, UINT64_MAX), &set.spans[0]);
	dx_rangeset_remove(&set, UINT64_MAX - 9, UINT64_MAX);
	assert_int_equal(set.n, 1);
	add(&set, 0, UINT64_MAX);
	assert_int_equal(set.n, 1);
	assert_int_equal(set.spans[0].last, UINT64_MAX);
	dx_rangeset_clear(&set);
}

static void a_claim_out_of_the_middle_leaves_both_sides(void **state)
{
	struct dx_rangeset set = { 0 };

	add(&set, 0, 9);
	add(&set, 10, 19);
	add(&set, 20, 29);
	dx_rangeset_remove(&set, 10, 19);
	assert_int_equal(set.n, 2);
	assert_true(dx_rangeset_contains(&set, 0, 9));
	assert_null(dx_rangeset_overlap(&set, 10, 19));
	assert_true(dx_rangeset_contains(&set, 20, 29));
	dx_rangeset_clear(&set);
}

static void prepare_without_memory_changes_nothing(void **state)
{
	struct dx_rangeset set = { 0 };

	heap_arm();
	heap_fail_nth(1);
	assert_int_equal(dx_rangeset_prepare(&set), -ENOMEM);
	assert_null(set.spans);
	for (uint64_t i = 0; i < 8; i++)
		add(&set, i * 10, i * 10 + 1);
	heap_fail_nth(1);
	assert_int_equal(dx_rangeset_prepare(&set), -ENOMEM);
	heap_fail_nth(0);
	assert_int_equal(set.n, 8);
	assert_true(dx_rangeset_contains(&set, 70, 71));
	dx_rangeset_clear(&set);
	assert_int_equal(heap_bytes(), 0);
	heap_disarm();
}

/* The model: which claim owns a slot, 0: none. Claims don't overlap, as mappings don't. */
struct model {
	unsigned int owner[SLOTS];
	unsigned int claims;
};

static bool is_free(const struct model *m, unsigned int start, unsigned int last)
{
	for (unsigned int i = start; i <= last; i++) {
		if (m->owner[i])
			return false;
	}
	return true;
}

static void fill(struct model *m, unsigned int start, unsigned int last, unsigned int owner)
{
	for (unsigned int i = start; i <= last; i++)
		m->owner[i] = owner;
}

/* Slots lie against the top of 64 bits in every other run. */
static void compare(const struct dx_rangeset *set, const struct model *m, uint64_t base)
{
	size_t spans = 0;

	for (unsigned int i = 0; i < SLOTS; i++) {
		assert_int_equal(dx_rangeset_overlap(set, base + i, base + i) != NULL,
				 m->owner[i] != 0);
		spans += m->owner[i] && (!i || !m->owner[i - 1]);
	}
	assert_int_equal(set->n, spans);
	assert_int_equal(set->claims, m->claims);
	assert_true(set->n <= set->claims && set->claims <= set->room);
	for (size_t i = 0; i + 1 < set->n; i++)
		assert_true(set->spans[i].last + 1 < set->spans[i + 1].start);
}

static void step(struct dx_rangeset *set, struct model *m, uint64_t base, unsigned int id)
{
	unsigned int start = (unsigned int)rand() % SLOTS;
	unsigned int last = start + (unsigned int)rand() % 6, owner = m->owner[start];

	if (owner) { /* take its whole claim out */
		for (last = start; last + 1 < SLOTS && m->owner[last + 1] == owner;)
			last++;
		while (start && m->owner[start - 1] == owner)
			start--;
		dx_rangeset_remove(set, base + start, base + last);
		fill(m, start, last, 0);
		m->claims--;
		return;
	}
	if (last >= SLOTS || !is_free(m, start, last))
		return;
	add(set, base + start, base + last);
	fill(m, start, last, id);
	m->claims++;
}

static void a_random_walk_agrees_with_a_bitmap(void **state)
{
	unit_seed();
	for (int run = 0; run < 4; run++) {
		uint64_t base = run % 2 ? UINT64_MAX - SLOTS + 1 : 0;
		struct dx_rangeset set = { 0 };
		struct model m = { 0 };

		for (unsigned int i = 1; i <= ROUNDS / 4; i++) {
			step(&set, &m, base, i);
			compare(&set, &m, base);
		}
		dx_rangeset_clear(&set);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_set_holds_nothing),
		cmocka_unit_test(ranges_that_touch_become_one),
		cmocka_unit_test(ranges_may_overlap_and_swallow_others),
		cmocka_unit_test(the_top_of_64_bits_does_not_wrap),
		cmocka_unit_test(a_claim_out_of_the_middle_leaves_both_sides),
		cmocka_unit_test(prepare_without_memory_changes_nothing),
		cmocka_unit_test(a_random_walk_agrees_with_a_bitmap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

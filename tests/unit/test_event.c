// SPDX-License-Identifier: GPL-2.0-or-later
/* Events: their order, one an object, and the descriptor that polls. */
#include "unit.h"

static void no_event_waits_at_first(void **state)
{
	struct unit *u = *state;

	expect_no_event(u);
	assert_false(event_fd_ready(u));
}

static void next_event_and_event_fd_refuse_null(void **state)
{
	struct unit *u = *state;
	struct dmabufx_event event;

	assert_fails(dmabufx_ctx_next_event(NULL, &event), EINVAL, NULL_ARGUMENT, "ctx");
	assert_fails(dmabufx_ctx_next_event(u->ctx, NULL), EINVAL, NULL_ARGUMENT, "ret");
	assert_fails(dmabufx_ctx_event_fd(NULL), EINVAL, NULL_ARGUMENT, "ctx");
}

static void event_fd_is_made_once_and_tells_errors(void **state)
{
	static const int errs[] = { EMFILE, ENFILE, ENOMEM };
	struct unit *u = *state;
	int fd;

	for (size_t i = 0; i < sizeof(errs) / sizeof(errs[0]); i++) {
		fake_fail(u->f, (struct fake_rule){ .op = FAKE_EVENTFD_NEW, .err = errs[i] });
		assert_int_equal(dmabufx_ctx_event_fd(u->ctx), -errs[i]);
		assert_non_null(strstr(dmabufx_last_error()->text, "eventfd"));
		fake_heal(u->f);
	}
	fd = dmabufx_ctx_event_fd(u->ctx);
	assert_true(fd >= 0);
	assert_int_equal(dmabufx_ctx_event_fd(u->ctx), fd);
	assert_int_equal(fake_open_fds(u->f), 1);
}

static void event_fd_polls_until_the_last_event_is_taken(void **state)
{
	struct unit *u = *state;
	struct dmabufx_mapping *second = map_fixed(u->ioas, u->buf, 128 * MIB);

	assert_false(event_fd_ready(u));
	assert_int_equal(dmabufx_dev_reset(u->mem), 0);
	assert_true(event_fd_ready(u));
	expect_event(u, DMABUFX_EVENT_REMAPPED, 0, u->map);
	assert_true(event_fd_ready(u));
	expect_event(u, DMABUFX_EVENT_REMAPPED, 0, second);
	assert_false(event_fd_ready(u));
	assert_int_equal(dmabufx_dev_reset(u->mem), 0);
	assert_true(event_fd_ready(u));
	assert_int_equal(dmabufx_mapping_unmap(second), 0);
}

static void event_fd_asked_for_late_polls_at_once(void **state)
{
	struct unit *u = *state;

	assert_int_equal(dmabufx_dev_reset(u->mem), 0);
	assert_true(event_fd_ready(u));
}

static void the_newest_event_of_a_mapping_replaces_the_one_before(void **state)
{
	struct unit *u = *state;

	set_memory(u->mem, false);
	set_memory(u->mem, true);
	expect_event(u, DMABUFX_EVENT_REMAPPED, 0, u->map);
	expect_no_event(u);
}

static void events_are_told_in_the_order_they_happened(void **state)
{
	struct unit *u = *state;
	struct dmabufx_dev *odd = open_dev(u, ODD);
	struct dmabufx_buf *slice = export_at(odd, 4, 0, PAGE);
	struct dmabufx_mapping *second = map_fixed(u->ioas, slice, 128 * MIB);

	assert_int_equal(dmabufx_dev_reset(u->mem), 0);
	assert_int_equal(dmabufx_dev_reset(odd), 0);
	set_memory(u->mem, false); /* what it told first is no more */
	expect_event(u, DMABUFX_EVENT_REMAPPED, DMABUFX_REASON_NONE, second);
	expect_event(u, DMABUFX_EVENT_REVOKED, DMABUFX_REASON_REVOKED, u->map);
	expect_no_event(u);
	assert_int_equal(dmabufx_mapping_unmap(second), 0);
	dmabufx_buf_unref(slice);
	dmabufx_dev_unref(odd);
}

static void an_event_goes_away_with_its_mapping(void **state)
{
	struct unit *u = *state;

	assert_false(event_fd_ready(u));
	set_memory(u->mem, false);
	assert_true(event_fd_ready(u));
	assert_int_equal(dmabufx_mapping_unmap(u->map), 0);
	u->map = NULL;
	expect_no_event(u);
	assert_false(event_fd_ready(u));
}

static void an_event_of_a_clones_mapping_goes_away_with_the_clone(void **state)
{
	struct unit *u = *state;
	struct dmabufx_ioas *clone;

	assert_int_equal(dmabufx_ioas_clone(u->ioas, NULL, &clone), 0);
	set_memory(u->mem, false);
	dmabufx_ioas_unref(clone);
	expect_event(u, DMABUFX_EVENT_REVOKED, DMABUFX_REASON_REVOKED, u->map);
	expect_no_event(u);
}

/* Posting needs no memory, and a full eventfd polls readable as it is. */
static void events_are_not_lost_for_lack_of_memory_or_a_write(void **state)
{
	struct unit *u = *state;

	assert_false(event_fd_ready(u));
	heap_fail_nth(1);
	fake_fail(u->f, (struct fake_rule){ .op = FAKE_WRITE, .err = EAGAIN });
	set_memory(u->mem, false);
	assert_false(heap_failed());
	fake_heal(u->f);
	expect_event(u, DMABUFX_EVENT_REVOKED, DMABUFX_REASON_REVOKED, u->map);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(no_event_waits_at_first, unit_ctx),
		unit_case(next_event_and_event_fd_refuse_null, unit_ctx),
		unit_case(event_fd_is_made_once_and_tells_errors, unit_ctx),
		unit_case(event_fd_polls_until_the_last_event_is_taken, unit_mapped),
		unit_case(event_fd_asked_for_late_polls_at_once, unit_mapped),
		unit_case(the_newest_event_of_a_mapping_replaces_the_one_before, unit_mapped),
		unit_case(events_are_told_in_the_order_they_happened, unit_mapped),
		unit_case(an_event_goes_away_with_its_mapping, unit_mapped),
		unit_case(an_event_of_a_clones_mapping_goes_away_with_the_clone, unit_mapped),
		unit_case(events_are_not_lost_for_lack_of_memory_or_a_write, unit_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* A reset that somebody else does: what may be called between its begin and its end. */
#include "unit.h"

#include <linux/pci_regs.h>
#include <pthread.h>
#include <stdatomic.h>

#define ROUNDS 200

/* What a VMM does to the descriptor; sysfs and firmware come to the same. */
static void reset_behind(struct unit *u)
{
	assert_int_equal(u->f->sys.ioctl(&u->f->sys, dmabufx_dev_fd(u->mem), VFIO_DEVICE_RESET,
					 NULL),
			 0);
}

static void begin(struct unit *u)
{
	assert_int_equal(dmabufx_dev_reset_begin(u->mem), 0);
}

static void expect_out(struct unit *u)
{
	assert_state(u->map, REVOKED);
	assert_reason(u->map, REVOKED);
	assert_null(fake_dma(u->f, u->vedu, IOVA));
}

static void expect_live(struct unit *u)
{
	assert_state(u->map, LIVE);
	assert_reason(u->map, NONE);
	assert_non_null(fake_dma(u->f, u->vedu, IOVA));
}

static int copy_of(struct dmabufx_mapping *mapping, void *user)
{
	*(struct dmabufx_mapping **)user = mapping;
	return 1;
}

static void mappings_go_at_the_begin_and_are_back_at_the_end(void **state)
{
	struct unit *u = *state;
	struct dmabufx_mapping *copy = NULL;
	struct dmabufx_ioas *clone;

	assert_int_equal(dmabufx_ioas_clone(u->ioas, NULL, &clone), 0);
	dmabufx_ioas_for_each(clone, copy_of, &copy);
	begin(u);
	assert_int_equal(fake_areas(u->f), 0);
	expect_out(u);
	assert_state(copy, REVOKED);
	expect_event(u, DMABUFX_EVENT_REVOKED, DMABUFX_REASON_REVOKED, u->map);
	expect_event(u, DMABUFX_EVENT_REVOKED, DMABUFX_REASON_REVOKED, copy);
	reset_behind(u);
	assert_int_equal(dmabufx_dev_reset_end(u->mem), 0);
	expect_live(u);
	assert_state(copy, LIVE);
	assert_int_equal(fake_areas(u->f), 2);
	expect_event(u, DMABUFX_EVENT_REMAPPED, DMABUFX_REASON_NONE, u->map);
	expect_event(u, DMABUFX_EVENT_REMAPPED, DMABUFX_REASON_NONE, copy);
	expect_no_event(u);
	dmabufx_ioas_unref(clone);
}

static void events_not_taken_in_between_are_one(void **state)
{
	struct unit *u = *state;

	begin(u);
	assert_int_equal(dmabufx_dev_reset_end(u->mem), 0);
	expect_event(u, DMABUFX_EVENT_REMAPPED, DMABUFX_REASON_NONE, u->map);
	expect_no_event(u);
}

static void order_is_checked(void **state)
{
	struct unit *u = *state;

	assert_fails(dmabufx_dev_reset_begin(NULL), EINVAL, NULL_ARGUMENT, "dev");
	assert_fails(dmabufx_dev_reset_end(NULL), EINVAL, NULL_ARGUMENT, "dev");
	assert_fails(dmabufx_dev_reset_end(u->mem), EINVAL, NOT_BEGUN, MEM, "reset_begin");
	begin(u);
	assert_fails(dmabufx_dev_reset_begin(u->mem), EBUSY, BUSY, MEM, "reset_end");
	assert_fails(dmabufx_dev_reset(u->mem), EBUSY, BUSY, MEM, "reset_end");
	assert_int_equal(u->vmem->resets, 0);
	/* Another device has nothing to do with it. */
	assert_int_equal(dmabufx_dev_reset(u->edu), 0);
	assert_int_equal(dmabufx_dev_reset_end(u->mem), 0);
	assert_fails(dmabufx_dev_reset_end(u->mem), EINVAL, NOT_BEGUN, MEM);
	assert_int_equal(dmabufx_dev_reset(u->mem), 0);
	expect_live(u);
}

/* The kernel would map it, and then it dies in the reset. */
static void nothing_is_mapped_in_between(void **state)
{
	struct unit *u = *state;
	struct dmabufx_mapping *map = SENTINEL;
	struct dmabufx_buf *memfd = new_memfd(u, PAGE);

	begin(u);
	assert_fails(dmabufx_ioas_map(u->ioas, u->buf, NULL, &map), ENODEV, REVOKED, MEM,
		     "reset_end");
	assert_ptr_equal(map, SENTINEL);
	assert_fails(dmabufx_mapping_refresh(u->map), ENODEV, REVOKED, MEM, "reset_end");
	expect_out(u);
	assert_int_equal(fake_areas(u->f), 0);
	/* Other memory is mapped as ever. */
	assert_int_equal(dmabufx_ioas_map(u->ioas, memfd, NULL, &map), 0);
	assert_int_equal(dmabufx_mapping_unmap(map), 0);
	dmabufx_buf_unref(memfd);
	assert_int_equal(dmabufx_dev_reset_end(u->mem), 0);
	expect_live(u);
	assert_int_equal(dmabufx_ioas_map(u->ioas, u->buf, NULL, &map), 0);
	assert_int_equal(dmabufx_mapping_unmap(map), 0);
}

static void buffer_exported_in_between_is_born_revoked(void **state)
{
	struct dmabufx_dev_caps caps = { .size = sizeof(caps) };
	struct unit *u = *state;
	struct dmabufx_mapping *map = SENTINEL;
	struct dmabufx_buf *buf;
	struct unit_log log = { 0 };

	begin(u);
	assert_int_equal(dmabufx_dev_get_caps(u->mem, &caps), 0);
	assert_int_equal(caps.memory_enabled, 0);
	dmabufx_ctx_set_log(u->ctx, unit_log_fn, &log, DMABUFX_LOG_WARN);
	buf = export_at(u->mem, 2, 0, PAGE);
	assert_non_null(strstr(log.text, "born revoked"));
	dmabufx_ctx_set_log(u->ctx, NULL, NULL, DMABUFX_LOG_WARN);
	assert_fails(dmabufx_ioas_map(u->ioas, buf, NULL, &map), ENODEV, REVOKED, MEM);
	assert_int_equal(dmabufx_dev_reset_end(u->mem), 0);
	assert_int_equal(dmabufx_dev_get_caps(u->mem, &caps), 0);
	assert_int_equal(caps.memory_enabled, 1);
	assert_int_equal(dmabufx_ioas_map(u->ioas, buf, NULL, &map), 0);
	assert_int_equal(dmabufx_mapping_unmap(map), 0);
	dmabufx_buf_unref(buf);
}

static void what_is_unmapped_in_between_does_not_come_back(void **state)
{
	struct unit *u = *state;

	begin(u);
	assert_int_equal(dmabufx_mapping_unmap(u->map), 0);
	u->map = NULL;
	expect_no_event(u);
	assert_int_equal(dmabufx_dev_reset_end(u->mem), 0);
	assert_int_equal(fake_areas(u->f), 0);
	expect_no_event(u);
}

static void device_closed_in_between_is_gone(void **state)
{
	struct unit *u = *state;
	struct dmabufx_mapping *map = SENTINEL;

	begin(u);
	u->mem = dmabufx_dev_unref(u->mem);
	assert_state(u->map, GONE);
	assert_reason(u->map, REVOKED_FOR_GOOD);
	assert_fails(dmabufx_mapping_refresh(u->map), ENODEV, REVOKED_FOR_GOOD, MEM);
	assert_fails(dmabufx_ioas_map(u->ioas, u->buf, NULL, &map), ENODEV, REVOKED_FOR_GOOD, MEM);
}

static void everything_can_be_dropped_without_an_end(void **state)
{
	struct unit *u = *state;

	begin(u);
	unit_drop(u);
	assert_nothing_left(u->f);
}

static void memory_that_is_off_at_the_end_leaves_revoked(void **state)
{
	struct unit *u = *state;

	begin(u);
	reset_behind(u);
	set_memory(u->mem, false);
	assert_int_equal(dmabufx_dev_reset_end(u->mem), 1);
	assert_int_equal(u->vmem->config[PCI_COMMAND] & PCI_COMMAND_MEMORY, 0);
	assert_state(u->map, REVOKED);
	assert_reason(u->map, REVOKED);
	set_memory(u->mem, true);
	expect_live(u);
}

static void writes_in_between_revoke_and_map_nothing(void **state)
{
	struct unit *u = *state;

	begin(u);
	expect_event(u, DMABUFX_EVENT_REVOKED, DMABUFX_REASON_REVOKED, u->map);
	set_memory(u->mem, false);
	set_memory(u->mem, true);
	expect_out(u);
	expect_no_event(u);
	assert_int_equal(dmabufx_dev_reset_end(u->mem), 0);
	expect_live(u);
}

static void device_that_is_away_at_the_end_is_waited_for(void **state)
{
	struct unit *u = *state;

	begin(u);
	u->vmem->reset_ms = 3000;
	reset_behind(u);
	assert_int_equal(dmabufx_dev_reset_end(u->mem), 0);
	assert_in_range(u->f->slept, 3000, 3200);
	expect_live(u);
}

static void device_that_stays_away_is_told_and_the_reset_has_ended(void **state)
{
	struct unit *u = *state;

	begin(u);
	u->vmem->reset_ms = 1000000;
	reset_behind(u);
	assert_fails(dmabufx_dev_reset_end(u->mem), EIO, RESET_FAILED, MEM, "10 s");
	assert_state(u->map, STALE);
	assert_reason(u->map, RESET_FAILED);
	expect_event(u, DMABUFX_EVENT_STALE, DMABUFX_REASON_RESET_FAILED, u->map);
	u->f->now += 1000000;
	assert_int_equal(dmabufx_mapping_refresh(u->map), 0);
	begin(u);
	assert_int_equal(dmabufx_dev_reset_end(u->mem), 0);
	expect_live(u);
}

static void command_register_that_cant_be_read_at_the_end_is_told(void **state)
{
	struct unit *u = *state;

	begin(u);
	fake_fail(u->f, (struct fake_rule){ .op = FAKE_PREAD, .err = ENODEV, .skip = 1 });
	assert_fails(dmabufx_dev_reset_end(u->mem), EIO, RESET_FAILED, MEM, "ENODEV", "read");
	fake_heal(u->f);
	assert_state(u->map, STALE);
	assert_int_equal(dmabufx_mapping_refresh(u->map), 0);
}

static void mapping_that_cant_come_back_is_stale_and_counted(void **state)
{
	struct unit *u = *state;

	begin(u);
	reset_behind(u);
	fake_fail_ioctl(u->f, IOMMU_IOAS_MAP_FILE, ENOMEM);
	assert_int_equal(dmabufx_dev_reset_end(u->mem), 1);
	fake_heal(u->f);
	assert_state(u->map, STALE);
	assert_reason(u->map, MEMLOCK);
	assert_int_equal(dmabufx_mapping_refresh(u->map), 0);
	expect_live(u);
}

static void begin_that_cant_unmap_leaves_all_as_it_was(void **state)
{
	struct unit *u = *state;
	struct dmabufx_mapping *second;

	second = map_slice(u->ioas, u->buf, 8 * IOVA, 0, PAGE);
	fake_fail(u->f,
		  (struct fake_rule){
			  .op = FAKE_IOCTL, .request = IOMMU_IOAS_UNMAP, .err = EBUSY, .skip = 1 });
	assert_fails(dmabufx_dev_reset_begin(u->mem), EBUSY, SYSTEM, "unmapping");
	fake_heal(u->f);
	expect_live(u);
	assert_int_equal(fake_areas(u->f), 2);
	expect_no_event(u);
	begin(u);
	assert_int_equal(dmabufx_dev_reset_end(u->mem), 0);
	assert_int_equal(fake_areas(u->f), 2);
	assert_int_equal(dmabufx_mapping_unmap(second), 0);
}

struct other {
	struct unit *u;
	atomic_bool stop;
	int failed;
};

/* Whatever the other thread is at: a call works, or says REVOKED. */
static void *use(void *arg)
{
	struct other *o = arg;
	struct unit *u = o->u;

	while (!o->stop) {
		DMABUFX_OPTS(dmabufx_map_opts, opts, .length = PAGE);
		struct dmabufx_mapping *map = NULL;
		int err = dmabufx_ioas_map(u->ioas, u->buf, &opts, &map);

		o->failed += err && err != -ENODEV;
		err = err ? 0 : dmabufx_mapping_refresh(map);
		o->failed += err && err != -ENODEV;
		o->failed += dmabufx_mapping_unmap(map) != 0;
	}
	return NULL;
}

static void *end_elsewhere(void *arg)
{
	struct other *o = arg;

	o->failed = dmabufx_dev_reset_end(o->u->mem);
	return NULL;
}

static void other_threads_go_on_and_may_end_it(void **state)
{
	struct unit *u = *state;
	struct other o = { .u = u }, e = { .u = u };
	pthread_t user, ender;

	assert_int_equal(pthread_create(&user, NULL, use, &o), 0);
	for (int i = 0; i < ROUNDS; i++) {
		begin(u);
		assert_state(u->map, REVOKED);
		reset_behind(u);
		assert_int_equal(pthread_create(&ender, NULL, end_elsewhere, &e), 0);
		assert_int_equal(pthread_join(ender, NULL), 0);
		assert_int_equal(e.failed, 0);
		assert_state(u->map, LIVE);
	}
	o.stop = true;
	assert_int_equal(pthread_join(user, NULL), 0);
	assert_int_equal(o.failed, 0);
	assert_int_equal(fake_areas(u->f), 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(mappings_go_at_the_begin_and_are_back_at_the_end, unit_mapped),
		unit_case(events_not_taken_in_between_are_one, unit_mapped),
		unit_case(order_is_checked, unit_mapped),
		unit_case(nothing_is_mapped_in_between, unit_mapped),
		unit_case(buffer_exported_in_between_is_born_revoked, unit_mapped),
		unit_case(what_is_unmapped_in_between_does_not_come_back, unit_mapped),
		unit_case(device_closed_in_between_is_gone, unit_mapped),
		unit_case(everything_can_be_dropped_without_an_end, unit_mapped),
		unit_case(memory_that_is_off_at_the_end_leaves_revoked, unit_mapped),
		unit_case(writes_in_between_revoke_and_map_nothing, unit_mapped),
		unit_case(device_that_is_away_at_the_end_is_waited_for, unit_mapped),
		unit_case(device_that_stays_away_is_told_and_the_reset_has_ended, unit_mapped),
		unit_case(command_register_that_cant_be_read_at_the_end_is_told, unit_mapped),
		unit_case(mapping_that_cant_come_back_is_stale_and_counted, unit_mapped),
		unit_case(begin_that_cant_unmap_leaves_all_as_it_was, unit_mapped),
		unit_case(other_threads_go_on_and_may_end_it, unit_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

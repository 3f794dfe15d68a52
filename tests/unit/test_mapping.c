// SPDX-License-Identifier: GPL-2.0-or-later
/* Mappings: their state, their refresh, their end, and what one costs. */
#include "unit.h"

#include <fcntl.h>

#define MANY 1000
#define HEAP_MAX 256 /* bytes a live mapping may cost, all told */

static void state_and_reason_refuse_null(void **state)
{
	assert_fails(dmabufx_mapping_state(NULL), EINVAL, NULL_ARGUMENT, "mapping");
	assert_fails(dmabufx_mapping_reason(NULL), EINVAL, NULL_ARGUMENT, "mapping");
	assert_fails(dmabufx_mapping_refresh(NULL), EINVAL, NULL_ARGUMENT, "mapping");
	assert_int_equal(dmabufx_mapping_unmap(NULL), 0);
}

static void unmap_takes_the_memory_away_and_frees_the_iova(void **state)
{
	struct unit *u = *state;

	assert_int_equal(dmabufx_mapping_unmap(u->map), 0);
	assert_null(fake_dma(u->f, u->vedu, IOVA));
	assert_int_equal(fake_areas(u->f), 0);
	u->map = map_fixed(u->ioas, u->buf, IOVA);
}

static void unmap_that_fails_leaves_the_mapping(void **state)
{
	struct unit *u = *state;

	fake_fail_ioctl(u->f, IOMMU_IOAS_UNMAP, EBUSY);
	assert_fails(dmabufx_mapping_unmap(u->map), EBUSY, SYSTEM, "0x1000000", "0x4000000 bytes");
	fake_heal(u->f);
	assert_state(u->map, LIVE);
	assert_non_null(fake_dma(u->f, u->vedu, IOVA));
	assert_int_equal(dmabufx_mapping_iova(u->map), IOVA);
}

/* A length that the kernel tells is compared with the length asked for. */
static void unmap_of_less_than_was_mapped_returns_eio(void **state)
{
	struct unit *u = *state;

	u->f->unmap_less = PAGE;
	assert_fails(dmabufx_mapping_unmap(u->map), EIO, SYSTEM, "0x3fff000", "0x4000000");
	u->f->unmap_less = 0;
	assert_state(u->map, LIVE);
}

static void unmap_of_what_somebody_else_unmapped_is_well_but_warned_of(void **state)
{
	struct unit *u = *state;
	struct unit_log log = { 0 };

	assert_int_equal(dmabufx_ctx_set_log(u->ctx, unit_log_fn, &log, DMABUFX_LOG_WARN), 0);
	fake_fail_ioctl(u->f, IOMMU_IOAS_UNMAP, ENOENT);
	assert_int_equal(dmabufx_mapping_unmap(u->map), 0);
	fake_heal(u->f);
	u->map = NULL;
	assert_int_equal(log.lines, 1);
	assert_non_null(strstr(log.text, "0x1000000"));
}

static void refresh_of_a_live_mapping_puts_it_back(void **state)
{
	struct unit *u = *state;

	assert_int_equal(dmabufx_mapping_refresh(u->map), 0);
	assert_int_equal(fake_count(u->f, IOMMU_IOAS_UNMAP), 1);
	assert_int_equal(fake_count(u->f, IOMMU_IOAS_MAP_FILE), 1);
	assert_state(u->map, LIVE);
	assert_non_null(fake_dma(u->f, u->vedu, IOVA));
	expect_no_event(u);
}

static void refresh_after_a_foreign_reset_brings_the_memory_back(void **state)
{
	struct unit *u = *state;

	fake_revoke(u->f, u->vmem); /* its owner, another process, reset the device */
	assert_null(fake_dma(u->f, u->vedu, IOVA));
	assert_int_equal(dmabufx_mapping_refresh(u->map), 0);
	assert_non_null(fake_dma(u->f, u->vedu, IOVA));
}

static void refresh_that_cant_take_it_out_changes_nothing(void **state)
{
	struct unit *u = *state;

	fake_fail_ioctl(u->f, IOMMU_IOAS_UNMAP, EBUSY);
	assert_fails(dmabufx_mapping_refresh(u->map), EBUSY, SYSTEM, "0x1000000");
	fake_heal(u->f);
	assert_state(u->map, LIVE);
	assert_non_null(fake_dma(u->f, u->vedu, IOVA));
}

static void refresh_that_cant_put_it_back_keeps_the_iova_and_may_try_again(void **state)
{
	struct unit *u = *state;
	struct dmabufx_mapping *other = SENTINEL;
	DMABUFX_OPTS(dmabufx_map_opts, opts, .iova = IOVA, .flags = DMABUFX_MAP_FIXED);

	fake_fail_ioctl(u->f, IOMMU_IOAS_MAP_FILE, ENOMEM);
	assert_fails(dmabufx_mapping_refresh(u->map), ENOMEM, MEMLOCK, MEM);
	fake_heal(u->f);
	assert_state(u->map, STALE);
	assert_reason(u->map, MEMLOCK);
	assert_int_equal(fake_areas(u->f), 0);
	assert_fails(dmabufx_ioas_map(u->ioas, u->buf, &opts, &other), EEXIST, IOVA_IN_USE,
		     "0x1000000");
	assert_int_equal(dmabufx_mapping_refresh(u->map), 0);
	assert_state(u->map, LIVE);
	assert_reason(u->map, NONE);
	assert_int_equal(dmabufx_mapping_iova(u->map), IOVA);
}

static void refresh_while_revoked_returns_enodev_and_says_revoked(void **state)
{
	struct unit *u = *state;

	u->vmem->revoked = true;
	fake_revoke(u->f, u->vmem);
	assert_fails(dmabufx_mapping_refresh(u->map), ENODEV, REVOKED, MEM);
	assert_state(u->map, REVOKED);
	u->vmem->revoked = false;
	assert_int_equal(dmabufx_mapping_refresh(u->map), 0);
}

static void mapping_of_a_closed_device_is_gone_for_good(void **state)
{
	struct unit *u = *state;

	u->mem = dmabufx_dev_unref(u->mem);
	assert_state(u->map, GONE);
	assert_reason(u->map, REVOKED_FOR_GOOD);
	expect_event(u, DMABUFX_EVENT_DEV_GONE, DMABUFX_REASON_REVOKED_FOR_GOOD, u->map);
	assert_null(fake_dma(u->f, u->vedu, IOVA));
	assert_fails(dmabufx_mapping_refresh(u->map), ENODEV, REVOKED_FOR_GOOD, MEM);
	assert_state(u->map, GONE);
	u->mem = open_dev(u, MEM);
	assert_fails(dmabufx_mapping_refresh(u->map), ENODEV, REVOKED_FOR_GOOD, MEM);
	assert_int_equal(dmabufx_mapping_unmap(u->map), 0);
	u->map = NULL;
}

/* The kernel neither detaches nor revokes: the caller has the device open. */
static void unref_detaches_and_takes_out_what_a_borrowed_descriptor_keeps_open(void **state)
{
	struct unit *u = *state;
	DMABUFX_OPTS(dmabufx_dev_opts, opts, .ioas = u->ioas);
	struct dmabufx_dev *dev;
	int fd = u->f->sys.open(&u->f->sys, "/dev/vfio/devices/vfio1", O_RDWR);

	assert_int_equal(dmabufx_dev_open_fd(u->ctx, fd, &opts, &dev), 0);
	u->edu = open_dev(u, EDU);
	assert_int_equal(dmabufx_dev_attach(u->edu, u->ioas), 0);
	u->buf = export_at(dev, 2, 0, PAGE);
	u->map = map_fixed(u->ioas, u->buf, IOVA);
	assert_non_null(fake_dma(u->f, u->vmem, IOVA));
	dmabufx_dev_unref(dev);
	assert_null(u->vmem->attached);
	assert_state(u->map, GONE);
	assert_null(fake_dma(u->f, u->vedu, IOVA));
	assert_fails(dmabufx_mapping_refresh(u->map), ENODEV, REVOKED_FOR_GOOD, MEM);
	assert_state(u->map, GONE);
	fake_close(u->f, fd);
}

static void unmap_works_in_every_state(void **state)
{
	struct unit *u = *state;

	set_memory(u->mem, false);
	assert_state(u->map, REVOKED);
	assert_int_equal(dmabufx_mapping_unmap(u->map), 0);
	set_memory(u->mem, true);
	u->map = map_fixed(u->ioas, u->buf, IOVA);
	fake_fail_ioctl(u->f, IOMMU_IOAS_MAP_FILE, EIO);
	assert_int_equal(dmabufx_mapping_refresh(u->map), -EIO);
	fake_heal(u->f);
	assert_state(u->map, STALE);
	assert_int_equal(dmabufx_mapping_unmap(u->map), 0);
	u->map = NULL;
	expect_no_event(u);
}

/* With gaps between them: the worst for the set of used IOVAs. */
static void a_live_mapping_costs_at_most_256_bytes(void **state)
{
	struct unit *u = *state;
	struct dmabufx_mapping *maps[MANY];
	long before, cost;

	u->buf = new_memfd(u, PAGE);
	maps[0] = map_fixed(u->ioas, u->buf, 2 * PAGE);
	before = heap_bytes();
	for (size_t i = 1; i < MANY; i++)
		maps[i] = map_fixed(u->ioas, u->buf, 2 * (i + 1) * PAGE);
	cost = (heap_bytes() - before) / (MANY - 1);
	print_message("a mapping costs %ld bytes\n", cost);
	assert_in_range(cost, 1, HEAP_MAX);
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(dmabufx_mapping_unmap(maps[i]), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(state_and_reason_refuse_null),
		unit_case(unmap_takes_the_memory_away_and_frees_the_iova, unit_mapped),
		unit_case(unmap_that_fails_leaves_the_mapping, unit_mapped),
		unit_case(unmap_of_less_than_was_mapped_returns_eio, unit_mapped),
		unit_case(unmap_of_what_somebody_else_unmapped_is_well_but_warned_of, unit_mapped),
		unit_case(refresh_of_a_live_mapping_puts_it_back, unit_mapped),
		unit_case(refresh_after_a_foreign_reset_brings_the_memory_back, unit_mapped),
		unit_case(refresh_that_cant_take_it_out_changes_nothing, unit_mapped),
		unit_case(refresh_that_cant_put_it_back_keeps_the_iova_and_may_try_again,
			  unit_mapped),
		unit_case(refresh_while_revoked_returns_enodev_and_says_revoked, unit_mapped),
		unit_case(mapping_of_a_closed_device_is_gone_for_good, unit_mapped),
		unit_case(unref_detaches_and_takes_out_what_a_borrowed_descriptor_keeps_open,
			  unit_ioas),
		unit_case(unmap_works_in_every_state, unit_mapped),
		unit_case(a_live_mapping_costs_at_most_256_bytes, unit_ioas),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

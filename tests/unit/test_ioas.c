// SPDX-License-Identifier: GPL-2.0-or-later
/* Address spaces: their ranges, reservations and the choice of IOVAs. */
#include "unit.h"

#include <stdio.h>

static uint64_t map_auto(struct unit *u, uint64_t len, struct dmabufx_mapping **ret)
{
	struct dmabufx_buf *buf = new_memfd(u, len);

	assert_int_equal(dmabufx_ioas_map(u->ioas, buf, NULL, ret), 0);
	dmabufx_buf_unref(buf);
	return dmabufx_mapping_iova(*ret);
}

static void remake(struct unit *u, uint64_t floor, uint64_t max)
{
	DMABUFX_OPTS(dmabufx_ioas_opts, opts, .iova_floor = floor, .iova_max = max);

	dmabufx_ioas_unref(u->ioas);
	assert_int_equal(dmabufx_ioas_new(u->ctx, &opts, &u->ioas), 0);
}

static void new_makes_one_in_the_kernel_and_unref_destroys_it(void **state)
{
	struct unit *u = *state;

	assert_int_equal(fake_spaces(u->f), 1);
	u->ioas = dmabufx_ioas_unref(u->ioas);
	assert_int_equal(fake_spaces(u->f), 0);
}

static void new_refuses_null_and_a_floor_above_the_maximum(void **state)
{
	DMABUFX_OPTS(dmabufx_ioas_opts, low, .iova_max = DMABUFX_IOVA_FLOOR - 1);
	DMABUFX_OPTS(dmabufx_ioas_opts, high, .iova_floor = 2 * MIB, .iova_max = 2 * MIB - 1);
	struct unit *u = *state;
	struct dmabufx_ioas *ioas = SENTINEL;

	assert_fails(dmabufx_ioas_new(NULL, NULL, &ioas), EINVAL, NULL_ARGUMENT, "ctx");
	assert_fails(dmabufx_ioas_new(u->ctx, NULL, NULL), EINVAL, NULL_ARGUMENT, "ret");
	assert_fails(dmabufx_ioas_new(u->ctx, &low, &ioas), EINVAL, IOVA_EXHAUSTED, "0xfffff",
		     "floor");
	assert_fails(dmabufx_ioas_new(u->ctx, &high, &ioas), EINVAL, IOVA_EXHAUSTED, "0x1fffff");
	assert_ptr_equal(ioas, SENTINEL);
}

static void new_tells_the_kernels_errors(void **state)
{
	struct unit *u = *state;
	struct dmabufx_ioas *ioas = SENTINEL;

	fake_remove(u->f, "/dev/iommu");
	fake_remove(u->f, "/dev/vfio/vfio");
	assert_fails(dmabufx_ioas_new(u->ctx, NULL, &ioas), ENODEV, NO_IOMMU, "/dev/iommu");
	fake_dev_node(u->f, "/dev/iommu", FAKE_IOMMUFD, 0);
	fake_fail_ioctl(u->f, IOMMU_IOAS_ALLOC, ENOMEM);
	assert_fails(dmabufx_ioas_new(u->ctx, NULL, &ioas), ENOMEM, NO_MEMORY, "iommufd");
	assert_ptr_equal(ioas, SENTINEL);
}

static void new_tells_that_the_node_is_not_for_this_user(void **state)
{
	struct unit *u = *state;
	struct dmabufx_ioas *ioas = SENTINEL;

	fake_fail(u->f, (struct fake_rule){ .op = FAKE_OPEN, .err = EACCES });
	assert_fails(dmabufx_ioas_new(u->ctx, NULL, &ioas), EACCES, PERMISSION, "/dev/iommu",
		     "root");
}

static void ranges_of_a_fresh_ioas_are_everything(void **state)
{
	struct dmabufx_iova_range ranges[4];
	struct unit *u = *state;

	assert_int_equal(dmabufx_ioas_ranges(u->ioas, ranges, 4), 1);
	assert_int_equal(ranges[0].start, 0);
	assert_true(ranges[0].last == UINT64_MAX);
}

static void ranges_narrow_with_a_device_and_widen_without(void **state)
{
	struct dmabufx_iova_range ranges[4];
	struct unit *u = *state;

	assert_int_equal(dmabufx_ioas_ranges(u->ioas, ranges, 4), 2);
	assert_int_equal(ranges[0].last, 0xfedfffff);
	assert_int_equal(ranges[1].start, 0xfef00000);
	assert_int_equal(dmabufx_dev_detach(u->edu), 0);
	assert_int_equal(dmabufx_ioas_ranges(u->ioas, ranges, 4), 1);
	assert_int_equal(dmabufx_dev_attach(u->edu, u->ioas), 0);
	assert_int_equal(dmabufx_ioas_ranges(u->ioas, ranges, 4), 2);
	u->edu = dmabufx_dev_unref(u->edu);
	assert_int_equal(dmabufx_ioas_ranges(u->ioas, ranges, 4), 1);
}

static void ranges_are_asked_for_once(void **state)
{
	struct unit *u = *state;

	assert_int_equal(dmabufx_ioas_ranges(u->ioas, NULL, 0), 1);
	assert_int_equal(dmabufx_ioas_ranges(u->ioas, NULL, 0), 1);
	assert_int_equal(fake_count(u->f, IOMMU_IOAS_IOVA_RANGES), 1);
}

static void ranges_fill_no_more_than_there_is_room_for(void **state)
{
	struct dmabufx_iova_range ranges[2] = { [1] = { .start = 77 } };
	struct unit *u = *state;

	assert_int_equal(dmabufx_ioas_ranges(u->ioas, ranges, 1), 2);
	assert_int_equal(ranges[1].start, 77);
}

static void more_ranges_than_expected_are_asked_for_again(void **state)
{
	struct dmabufx_iova_range ranges[40];
	struct unit *u = *state;

	for (uint32_t i = 0; i < 40; i++)
		u->f->allowed[i] = (struct dmabufx_iova_range){ i * MIB, i * MIB + PAGE - 1 };
	u->f->nallowed = 40;
	assert_int_equal(dmabufx_ioas_ranges(u->ioas, ranges, 40), 40);
	assert_int_equal(ranges[39].start, 39 * MIB);
	assert_int_equal(fake_count(u->f, IOMMU_IOAS_IOVA_RANGES), 2);
}

static void ranges_refuse_null_and_tell_errors(void **state)
{
	struct dmabufx_iova_range range = { .start = 77 };
	struct unit *u = *state;

	assert_fails(dmabufx_ioas_ranges(NULL, &range, 1), EINVAL, NULL_ARGUMENT, "ioas");
	assert_fails(dmabufx_ioas_ranges(u->ioas, NULL, 1), EINVAL, NULL_ARGUMENT, "ret");
	fake_fail_ioctl(u->f, IOMMU_IOAS_IOVA_RANGES, EIO);
	assert_fails(dmabufx_ioas_ranges(u->ioas, &range, 1), EIO, SYSTEM, "IOVAs");
	fake_heal(u->f);
	heap_fail_nth(1);
	assert_fails(dmabufx_ioas_ranges(u->ioas, &range, 1), ENOMEM, NO_MEMORY, "memory");
	assert_int_equal(range.start, 77);
	assert_int_equal(dmabufx_ioas_ranges(u->ioas, &range, 1), 1);
}

static void reserved_ranges_are_kept_free(void **state)
{
	struct unit *u = *state;
	struct dmabufx_mapping *map = SENTINEL;

	assert_int_equal(dmabufx_ioas_reserve(u->ioas, DMABUFX_IOVA_FLOOR, 16 * PAGE), 0);
	assert_int_equal(map_auto(u, PAGE, &u->map), DMABUFX_IOVA_FLOOR + 16 * PAGE);
	u->buf = new_memfd(u, PAGE);
	assert_fails(dmabufx_ioas_map(u->ioas, u->buf,
				      &(struct dmabufx_map_opts){ .size = 40,
								  .iova = DMABUFX_IOVA_FLOOR,
								  .flags = DMABUFX_MAP_FIXED },
				      &map),
		     EADDRNOTAVAIL, IOVA_RESERVED, "0x100000", "caller");
}

static void reserve_refuses_what_is_no_range_or_mapped(void **state)
{
	struct unit *u = *state;

	u->buf = new_memfd(u, 4 * PAGE);
	u->map = map_fixed(u->ioas, u->buf, IOVA);
	assert_fails(dmabufx_ioas_reserve(NULL, 0, PAGE), EINVAL, NULL_ARGUMENT, "ioas");
	assert_fails(dmabufx_ioas_reserve(u->ioas, 1, PAGE), EINVAL, IOVA_UNALIGNED, "0x1");
	assert_fails(dmabufx_ioas_reserve(u->ioas, PAGE, 1), EINVAL, IOVA_UNALIGNED, "0x1 bytes");
	assert_fails(dmabufx_ioas_reserve(u->ioas, PAGE, 0), EINVAL, LENGTH_ZERO, "0x1000");
	assert_fails(dmabufx_ioas_reserve(u->ioas, -PAGE, 2 * PAGE), EINVAL, PAST_END, "64 bits");
	assert_fails(dmabufx_ioas_reserve(u->ioas, IOVA + 3 * PAGE, PAGE), EEXIST, IOVA_IN_USE,
		     "0x1000000");
	assert_int_equal(dmabufx_ioas_reserve(u->ioas, IOVA + 4 * PAGE, PAGE), 0);
	assert_int_equal(dmabufx_ioas_reserve(u->ioas, -PAGE, PAGE), 0);
}

static void reserve_without_memory_returns_enomem(void **state)
{
	struct unit *u = *state;

	heap_fail_nth(1);
	assert_fails(dmabufx_ioas_reserve(u->ioas, PAGE, PAGE), ENOMEM, NO_MEMORY, "memory");
	assert_int_equal(dmabufx_ioas_reserve(u->ioas, PAGE, PAGE), 0);
}

static void automatic_iovas_start_at_the_floor_and_are_aligned(void **state)
{
	struct unit *u = *state;
	struct dmabufx_mapping *maps[3];

	assert_int_equal(map_auto(u, PAGE, &maps[0]), DMABUFX_IOVA_FLOOR);
	assert_int_equal(map_auto(u, 2 * MIB, &maps[1]), 2 * MIB);
	assert_int_equal(map_auto(u, PAGE, &maps[2]), DMABUFX_IOVA_FLOOR + PAGE);
	for (int i = 0; i < 3; i++)
		assert_int_equal(dmabufx_mapping_unmap(maps[i]), 0);
	remake(u, 64 * MIB, 0);
	assert_int_equal(map_auto(u, PAGE, &u->map), 64 * MIB);
}

/* No IOMMU has larger pages than 1 GiB. */
static void the_alignment_of_a_huge_buffer_ends_at_1_gib(void **state)
{
	struct unit *u = *state;

	assert_int_equal(map_auto(u, 4096 * MIB, &u->map), 1024 * MIB);
}

static void a_floor_below_a_page_never_hands_out_iova_0(void **state)
{
	struct unit *u = *state;

	remake(u, 1, 0);
	assert_int_equal(map_auto(u, PAGE, &u->map), PAGE);
}

static void an_alignment_that_fits_nowhere_is_given_up(void **state)
{
	struct unit *u = *state;

	/* 3 pages want an alignment of 2; only an odd page is followed by enough. */
	remake(u, PAGE, 4 * PAGE - 1);
	assert_int_equal(map_auto(u, 3 * PAGE, &u->map), PAGE);
}

static void a_full_space_returns_enospc_until_something_is_unmapped(void **state)
{
	struct unit *u = *state;
	struct dmabufx_mapping *map;

	remake(u, PAGE, 2 * PAGE - 1);
	map_auto(u, PAGE, &map);
	u->buf = new_memfd(u, PAGE);
	assert_fails(dmabufx_ioas_map(u->ioas, u->buf, NULL, &u->map), ENOSPC, IOVA_EXHAUSTED,
		     "0x1000 bytes", "iova_max");
	assert_int_equal(dmabufx_mapping_unmap(map), 0);
	assert_int_equal(dmabufx_ioas_map(u->ioas, u->buf, NULL, &u->map), 0);
}

static void automatic_iovas_go_around_holes_of_the_platform(void **state)
{
	struct unit *u = *state;

	u->f->allowed[0].last = DMABUFX_IOVA_FLOOR + PAGE - 1;
	assert_int_equal(map_auto(u, 2 * PAGE, &u->map), 0xfef00000);
}

static void a_reservation_at_the_very_top_ends_the_search(void **state)
{
	struct unit *u = *state;
	struct dmabufx_mapping *map = SENTINEL;

	remake(u, -2 * PAGE, 0);
	assert_int_equal(dmabufx_ioas_reserve(u->ioas, -PAGE, PAGE), 0);
	u->buf = new_memfd(u, 2 * PAGE);
	assert_fails(dmabufx_ioas_map(u->ioas, u->buf, NULL, &map), ENOSPC, IOVA_EXHAUSTED,
		     "0x2000");
}

struct visit {
	const struct dmabufx_mapping *seen[4];
	int n;
	int stop_at;
};

static int visit_one(struct dmabufx_mapping *mapping, void *user)
{
	struct visit *v = user;

	/* The visitor may call the library. */
	assert_state(mapping, LIVE);
	v->seen[v->n++] = mapping;
	return v->n == v->stop_at ? 42 : 0;
}

/* The kernel would attach it, and translate nothing. */
static void device_in_no_iommu_mode_is_not_opened_into_an_ioas(void **state)
{
	struct unit *u = *state;
	DMABUFX_OPTS(dmabufx_dev_opts, opts, .ioas = u->ioas);
	struct dmabufx_dev *dev = SENTINEL;
	char link[64];

	snprintf(link, sizeof(link), "/sys/dev/char/%u:%u", FAKE_CDEV_MAJOR, u->vmem->minor);
	fake_link(u->f, link, "../../devices/pci0000:00/" MEM "/vfio-dev/noiommu-vfio1");
	assert_fails(dmabufx_dev_open(u->ctx, MEM, &opts, &dev), ENODEV, NO_GROUP, MEM,
		     "no-IOMMU mode", "physical");
	assert_ptr_equal(dev, SENTINEL);
	assert_int_equal(fake_count(u->f, VFIO_DEVICE_BIND_IOMMUFD), 0);
}

static void for_each_visits_in_the_order_of_making_and_stops(void **state)
{
	struct visit all = { 0 }, first = { .stop_at = 1 };
	struct unit *u = *state;
	struct dmabufx_mapping *second = map_fixed(u->ioas, u->buf, 128 * MIB);

	assert_int_equal(dmabufx_ioas_for_each(u->ioas, visit_one, &all), 0);
	assert_int_equal(all.n, 2);
	assert_ptr_equal(all.seen[0], u->map);
	assert_ptr_equal(all.seen[1], second);
	assert_int_equal(dmabufx_ioas_for_each(u->ioas, visit_one, &first), 42);
	assert_int_equal(first.n, 1);
	assert_fails(dmabufx_ioas_for_each(NULL, visit_one, NULL), EINVAL, NULL_ARGUMENT, "ioas");
	assert_fails(dmabufx_ioas_for_each(u->ioas, NULL, NULL), EINVAL, NULL_ARGUMENT, "fn");
	assert_int_equal(dmabufx_mapping_unmap(second), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(new_makes_one_in_the_kernel_and_unref_destroys_it, unit_ioas),
		unit_case(new_refuses_null_and_a_floor_above_the_maximum, unit_ctx),
		unit_case(new_tells_the_kernels_errors, unit_ctx),
		unit_case(new_tells_that_the_node_is_not_for_this_user, unit_ctx),
		unit_case(ranges_of_a_fresh_ioas_are_everything, unit_ioas),
		unit_case(ranges_narrow_with_a_device_and_widen_without, unit_devs),
		unit_case(ranges_are_asked_for_once, unit_ioas),
		unit_case(ranges_fill_no_more_than_there_is_room_for, unit_devs),
		unit_case(more_ranges_than_expected_are_asked_for_again, unit_devs),
		unit_case(ranges_refuse_null_and_tell_errors, unit_ioas),
		unit_case(reserved_ranges_are_kept_free, unit_ioas),
		unit_case(reserve_refuses_what_is_no_range_or_mapped, unit_ioas),
		unit_case(reserve_without_memory_returns_enomem, unit_ioas),
		unit_case(automatic_iovas_start_at_the_floor_and_are_aligned, unit_ioas),
		unit_case(the_alignment_of_a_huge_buffer_ends_at_1_gib, unit_ioas),
		unit_case(a_floor_below_a_page_never_hands_out_iova_0, unit_ioas),
		unit_case(an_alignment_that_fits_nowhere_is_given_up, unit_ioas),
		unit_case(a_full_space_returns_enospc_until_something_is_unmapped, unit_ioas),
		unit_case(automatic_iovas_go_around_holes_of_the_platform, unit_devs),
		unit_case(a_reservation_at_the_very_top_ends_the_search, unit_ioas),
		unit_case(device_in_no_iommu_mode_is_not_opened_into_an_ioas, unit_ioas),
		unit_case(for_each_visits_in_the_order_of_making_and_stops, unit_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

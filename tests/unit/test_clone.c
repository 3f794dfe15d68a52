// SPDX-License-Identifier: GPL-2.0-or-later
/* Copies of address spaces. */
#include "unit.h"

static int keep(struct dmabufx_mapping *mapping, void *user)
{
	*(struct dmabufx_mapping **)user = mapping;
	return 1;
}

/* The clone's own mapping: it is met by visiting. */
static struct dmabufx_mapping *first_of(struct dmabufx_ioas *ioas)
{
	struct dmabufx_mapping *found = NULL;

	dmabufx_ioas_for_each(ioas, keep, &found);
	return found;
}

static struct dmabufx_ioas *clone_of(struct unit *u)
{
	struct dmabufx_ioas *clone;

	assert_int_equal(dmabufx_ioas_clone(u->ioas, NULL, &clone), 0);
	return clone;
}

static void clone_has_the_same_mappings_and_ends_with_them(void **state)
{
	struct unit *u = *state;
	struct dmabufx_ioas *clone = clone_of(u);
	struct dmabufx_mapping *copy = first_of(clone);

	assert_int_equal(fake_areas(u->f), 2);
	assert_int_equal(dmabufx_mapping_iova(copy), IOVA);
	assert_int_equal(dmabufx_mapping_len(copy), 64 * MIB);
	assert_state(copy, LIVE);
	assert_int_equal(dmabufx_dev_detach(u->edu), 0);
	assert_int_equal(dmabufx_dev_attach(u->edu, clone), 0);
	assert_non_null(fake_dma(u->f, u->vedu, IOVA));
	assert_int_equal(dmabufx_dev_detach(u->edu), 0);
	dmabufx_ioas_unref(clone);
	assert_int_equal(fake_areas(u->f), 1);
	assert_int_equal(fake_spaces(u->f), 1);
}

static void mappings_of_a_clone_cant_be_unmapped(void **state)
{
	struct unit *u = *state;
	struct dmabufx_ioas *clone = clone_of(u);
	struct dmabufx_mapping *copy = first_of(clone);

	assert_fails(dmabufx_mapping_unmap(copy), EPERM, PERMISSION, "0x1000000", "clone");
	assert_int_equal(dmabufx_mapping_refresh(copy), 0);
	dmabufx_ioas_unref(clone);
}

static void clone_outlives_what_it_was_made_of(void **state)
{
	struct unit *u = *state;
	struct dmabufx_ioas *clone = clone_of(u);

	assert_int_equal(dmabufx_dev_detach(u->edu), 0);
	assert_int_equal(dmabufx_mapping_unmap(u->map), 0);
	u->map = NULL;
	u->buf = dmabufx_buf_unref(u->buf);
	u->ioas = dmabufx_ioas_unref(u->ioas);
	assert_int_equal(dmabufx_dev_attach(u->edu, clone), 0);
	assert_non_null(fake_dma(u->f, u->vedu, IOVA));
	u->ioas = clone;
}

static void clone_keeps_reservations_and_takes_its_own_mappings(void **state)
{
	struct unit *u = *state;
	struct dmabufx_ioas *clone;
	struct dmabufx_mapping *map = SENTINEL;
	DMABUFX_OPTS(dmabufx_map_opts, opts, .iova = PAGE, .length = PAGE,
		     .flags = DMABUFX_MAP_FIXED);

	assert_int_equal(dmabufx_ioas_reserve(u->ioas, PAGE, PAGE), 0);
	clone = clone_of(u);
	assert_fails(dmabufx_ioas_map(clone, u->buf, &opts, &map), EADDRNOTAVAIL, IOVA_RESERVED,
		     "0x1000");
	opts.iova = IOVA;
	assert_fails(dmabufx_ioas_map(clone, u->buf, &opts, &map), EEXIST, IOVA_IN_USE,
		     "0x1000000");
	opts.iova = 2 * PAGE;
	assert_int_equal(dmabufx_ioas_map(clone, u->buf, &opts, &map), 0);
	dmabufx_ioas_unref(clone);
	assert_int_equal(dmabufx_mapping_unmap(map), 0);
	assert_int_equal(fake_spaces(u->f), 1);
}

static void clone_chooses_iovas_around_what_it_copied(void **state)
{
	struct unit *u = *state;
	DMABUFX_OPTS(dmabufx_map_opts, opts, .length = PAGE);
	struct dmabufx_mapping *first = map_slice(u->ioas, u->buf, DMABUFX_IOVA_FLOOR, 0, PAGE);
	struct dmabufx_mapping *map;
	struct dmabufx_ioas *clone;

	assert_int_equal(dmabufx_ioas_reserve(u->ioas, DMABUFX_IOVA_FLOOR + PAGE, PAGE), 0);
	clone = clone_of(u);
	assert_int_equal(dmabufx_ioas_map(clone, u->buf, &opts, &map), 0);
	assert_int_equal(dmabufx_mapping_iova(map), DMABUFX_IOVA_FLOOR + 2 * PAGE);
	assert_int_equal(dmabufx_mapping_unmap(map), 0);
	assert_int_equal(dmabufx_mapping_unmap(first), 0);
	dmabufx_ioas_unref(clone);
}

static void clone_leaves_out_what_is_not_live(void **state)
{
	struct unit *u = *state;
	struct dmabufx_ioas *clone;

	set_memory(u->mem, false);
	clone = clone_of(u);
	assert_null(first_of(clone));
	assert_int_equal(fake_count(u->f, IOMMU_IOAS_COPY), 0);
	dmabufx_ioas_unref(clone);
}

static void a_clones_mappings_follow_their_device(void **state)
{
	struct unit *u = *state;
	struct dmabufx_ioas *clone = clone_of(u);
	struct dmabufx_mapping *copy = first_of(clone);

	set_memory(u->mem, false);
	assert_state(copy, REVOKED);
	set_memory(u->mem, true);
	assert_int_equal(dmabufx_mapping_refresh(copy), 0);
	u->mem = dmabufx_dev_unref(u->mem);
	assert_state(copy, GONE);
	dmabufx_ioas_unref(clone);
}

static void clone_refuses_null_bad_options_and_type1(void **state)
{
	DMABUFX_OPTS(dmabufx_ioas_opts, bad, .iova_floor = 2 * MIB, .iova_max = MIB);
	struct unit *u = *state;
	struct dmabufx_ctx *other = new_ctx(u, DMABUFX_BACKEND_TYPE1);
	struct dmabufx_ioas *clone = SENTINEL, *container;

	assert_fails(dmabufx_ioas_clone(NULL, NULL, &clone), EINVAL, NULL_ARGUMENT, "ioas");
	assert_fails(dmabufx_ioas_clone(u->ioas, NULL, NULL), EINVAL, NULL_ARGUMENT, "ret");
	assert_fails(dmabufx_ioas_clone(u->ioas, &bad, &clone), EINVAL, IOVA_EXHAUSTED, "0x100000");
	assert_int_equal(dmabufx_ctx_ioas(other, &container), 0);
	assert_fails(dmabufx_ioas_clone(container, NULL, &clone), EOPNOTSUPP, BACKEND, "type1");
	assert_ptr_equal(clone, SENTINEL);
	dmabufx_ctx_unref(other);
}

static void clone_that_fails_leaves_nothing(void **state)
{
	struct unit *u = *state;
	struct dmabufx_ioas *clone = SENTINEL;
	struct dmabufx_mapping *second = map_fixed(u->ioas, u->buf, 128 * MIB);

	fake_fail(u->f,
		  (struct fake_rule){
			  .op = FAKE_IOCTL, .request = IOMMU_IOAS_COPY, .err = EIO, .skip = 1 });
	assert_fails(dmabufx_ioas_clone(u->ioas, NULL, &clone), EIO, SYSTEM, "0x8000000");
	assert_ptr_equal(clone, SENTINEL);
	assert_int_equal(fake_spaces(u->f), 1);
	assert_int_equal(fake_areas(u->f), 2);
	fake_heal(u->f);
	fake_fail_ioctl(u->f, IOMMU_IOAS_ALLOC, ENOMEM);
	assert_fails(dmabufx_ioas_clone(u->ioas, NULL, &clone), ENOMEM, NO_MEMORY, "iommufd");
	fake_heal(u->f);
	assert_int_equal(dmabufx_mapping_unmap(second), 0);
	assert_int_equal(dmabufx_dev_reset(u->mem), 0);
	assert_state(u->map, LIVE);
}

static int drop(struct dmabufx_mapping *mapping, void *user)
{
	struct dmabufx_ioas **clone = user;

	*clone = dmabufx_ioas_unref(*clone);
	return 0;
}

static void clone_may_be_dropped_while_its_mappings_are_visited(void **state)
{
	struct unit *u = *state;
	struct dmabufx_ioas *clone;

	assert_int_equal(dmabufx_ioas_clone(u->ioas, NULL, &clone), 0);
	assert_int_equal(dmabufx_ioas_for_each(clone, drop, &clone), 0);
	assert_null(clone);
	assert_int_equal(fake_spaces(u->f), 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(clone_has_the_same_mappings_and_ends_with_them, unit_mapped),
		unit_case(mappings_of_a_clone_cant_be_unmapped, unit_mapped),
		unit_case(clone_outlives_what_it_was_made_of, unit_mapped),
		unit_case(clone_keeps_reservations_and_takes_its_own_mappings, unit_mapped),
		unit_case(clone_chooses_iovas_around_what_it_copied, unit_mapped),
		unit_case(clone_leaves_out_what_is_not_live, unit_mapped),
		unit_case(a_clones_mappings_follow_their_device, unit_mapped),
		unit_case(clone_refuses_null_bad_options_and_type1, unit_mapped),
		unit_case(clone_that_fails_leaves_nothing, unit_mapped),
		unit_case(clone_may_be_dropped_while_its_mappings_are_visited, unit_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

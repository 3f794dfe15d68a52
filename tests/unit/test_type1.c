// SPDX-License-Identifier: GPL-2.0-or-later
/* The backend on VFIO groups and type1 containers. */
#include "unit.h"

#include <fcntl.h>

static struct dmabufx_dev *open_into(struct unit *u, const char *bdf, struct dmabufx_ioas *ioas)
{
	DMABUFX_OPTS(dmabufx_dev_opts, opts, .ioas = ioas);
	struct dmabufx_dev *dev;

	assert_int_equal(dmabufx_dev_open(u->ctx, bdf, &opts, &dev), 0);
	return dev;
}

static void a_device_joins_the_container_of_its_ioas(void **state)
{
	struct dmabufx_iova_range ranges[4];
	struct unit *u = *state;

	assert_int_equal(dmabufx_ctx_backend(u->ctx), DMABUFX_BACKEND_TYPE1);
	u->mem = open_into(u, MEM, u->ioas);
	assert_int_equal(fake_count(u->f, VFIO_SET_IOMMU), 1);
	assert_int_equal(dmabufx_ioas_ranges(u->ioas, ranges, 4), 2);
	assert_int_equal(ranges[1].start, 0xfef00000);
	u->edu = open_into(u, EDU, u->ioas);
	assert_int_equal(fake_count(u->f, VFIO_SET_IOMMU), 1);
}

static void a_device_joins_the_default_ioas_when_none_is_named(void **state)
{
	struct unit *u = *state;
	struct dmabufx_ioas *ioas;

	u->mem = open_dev(u, MEM);
	assert_int_equal(dmabufx_ctx_ioas(u->ctx, &ioas), 0);
	assert_int_equal(dmabufx_ioas_ranges(ioas, NULL, 0), 2);
	assert_int_equal(fake_spaces(u->f), 2);
}

/* As one without an IOMMU, whose node has another name; and one that a container may not open. */
static void group_that_cant_be_opened_is_told(void **state)
{
	struct unit *u = *state;
	struct dmabufx_dev *dev = SENTINEL;

	fake_fail(u->f, (struct fake_rule){ .op = FAKE_OPEN, .path = "/dev/vfio/5", .err = EPERM });
	assert_fails(dmabufx_dev_open(u->ctx, MEM, NULL, &dev), EPERM, PERMISSION, MEM,
		     "/dev/vfio/5");
	fake_heal(u->f);
	fake_remove(u->f, "/dev/vfio/5");
	assert_fails(dmabufx_dev_open(u->ctx, MEM, NULL, &dev), ENODEV, NOT_VFIO, MEM,
		     "/dev/vfio/5", "CONFIG_VFIO_GROUP");
	assert_ptr_equal(dev, SENTINEL);
}

static void memory_is_mapped_by_a_short_lived_address(void **state)
{
	struct unit *u = *state;

	u->mem = open_into(u, MEM, u->ioas);
	u->buf = new_memfd(u, 4 * PAGE);
	assert_int_equal(dmabufx_ioas_map(u->ioas, u->buf, NULL, &u->map), 0);
	assert_int_equal(u->f->mmaps, 0);
	assert_int_equal(fake_areas(u->f), 1);
	assert_int_equal(dmabufx_mapping_unmap(u->map), 0);
	assert_int_equal(fake_areas(u->f), 0);
	assert_int_equal(dmabufx_ioas_map_va(u->ioas, (void *)0x10000, PAGE, NULL, &u->map), 0);
	assert_int_equal(dmabufx_mapping_refresh(u->map), 0);
}

static void protection_reaches_the_container(void **state)
{
	DMABUFX_OPTS(dmabufx_map_opts, opts, .prot = DMABUFX_PROT_READ);
	struct unit *u = *state;

	u->mem = open_into(u, MEM, u->ioas);
	u->buf = new_memfd(u, PAGE);
	assert_int_equal(dmabufx_ioas_map(u->ioas, u->buf, &opts, &u->map), 0);
	for (struct fake_space *s = u->f->spaces; s; s = s->next) {
		if (s->areas)
			assert_int_equal(s->areas->flags, VFIO_DMA_MAP_FLAG_READ);
	}
}

static void memory_sealed_against_writes_can_be_read_by_a_device(void **state)
{
	DMABUFX_OPTS(dmabufx_map_opts, opts, .prot = DMABUFX_PROT_READ);
	struct unit *u = *state;
	struct dmabufx_mapping *map = SENTINEL;

	u->mem = open_into(u, MEM, u->ioas);
	u->buf = new_memfd(u, PAGE);
	fake_at(u->f, dmabufx_buf_fd(u->buf))->seals |= F_SEAL_WRITE;
	assert_fails(dmabufx_ioas_map(u->ioas, u->buf, NULL, &map), EPERM, PERMISSION, "memfd");
	assert_ptr_equal(map, SENTINEL);
	assert_int_equal(dmabufx_ioas_map(u->ioas, u->buf, &opts, &u->map), 0);
}

static void a_dmabuf_returns_eopnotsupp(void **state)
{
	struct unit *u = *state;
	struct dmabufx_mapping *map = SENTINEL;

	u->mem = open_into(u, MEM, u->ioas);
	u->buf = export_at(u->mem, 2, 0, PAGE);
	assert_fails(dmabufx_ioas_map(u->ioas, u->buf, NULL, &map), EOPNOTSUPP, BACKEND, MEM,
		     "type1", "/dev/iommu");
	assert_ptr_equal(map, SENTINEL);
}

static void mapping_before_a_device_has_joined_returns_enodev(void **state)
{
	struct unit *u = *state;
	struct dmabufx_mapping *map = SENTINEL;

	u->buf = new_memfd(u, PAGE);
	assert_fails(dmabufx_ioas_map(u->ioas, u->buf, NULL, &map), ENODEV, NOT_ATTACHED,
		     "open a device into it");
	assert_fails(dmabufx_ioas_ranges(u->ioas, NULL, 0), ENODEV, NOT_ATTACHED, "container");
	assert_ptr_equal(map, SENTINEL);
}

static void a_container_without_type1v2_returns_eopnotsupp(void **state)
{
	struct unit *u = *state;
	struct dmabufx_ioas *ioas = SENTINEL;

	u->f->no_type1v2 = true;
	assert_fails(dmabufx_ioas_new(u->ctx, NULL, &ioas), EOPNOTSUPP, BACKEND,
		     "vfio_iommu_type1");
	u->f->no_type1v2 = false;
	fake_fail_ioctl(u->f, VFIO_CHECK_EXTENSION, EIO);
	assert_fails(dmabufx_ioas_new(u->ctx, NULL, &ioas), EIO, SYSTEM, "type1");
	fake_heal(u->f);
	fake_fail(u->f, (struct fake_rule){ .op = FAKE_OPEN, .err = EMFILE });
	assert_fails(dmabufx_ioas_new(u->ctx, NULL, &ioas), EMFILE, SYSTEM, "type1");
	assert_ptr_equal(ioas, SENTINEL);
	assert_int_equal(fake_spaces(u->f), 1);
}

static void attach_elsewhere_and_detach_return_eopnotsupp(void **state)
{
	struct unit *u = *state;
	struct dmabufx_ioas *other;

	u->mem = open_into(u, MEM, u->ioas);
	assert_int_equal(dmabufx_ioas_new(u->ctx, NULL, &other), 0);
	assert_int_equal(dmabufx_dev_attach(u->mem, u->ioas), 0);
	assert_fails(dmabufx_dev_attach(u->mem, other), EOPNOTSUPP, BACKEND, MEM);
	assert_fails(dmabufx_dev_detach(u->mem), EOPNOTSUPP, BACKEND, MEM, "group");
	dmabufx_ioas_unref(other);
}

static void devices_of_a_group_share_its_container(void **state)
{
	DMABUFX_OPTS(dmabufx_dev_opts, opts);
	struct unit *u = *state;
	struct dmabufx_dev *twin, *third = SENTINEL;
	struct dmabufx_ioas *other;

	fake_publish(u->f, fake_add(u->f, "0000:00:05.1", 1, 2, 5), "vfio-pci");
	u->mem = open_into(u, MEM, u->ioas);
	twin = open_into(u, "0000:00:05.1", u->ioas);
	assert_int_equal(fake_count(u->f, VFIO_GROUP_SET_CONTAINER), 1);
	dmabufx_dev_unref(twin);
	assert_int_equal(dmabufx_ioas_new(u->ctx, NULL, &other), 0);
	opts.ioas = other;
	assert_fails(dmabufx_dev_open(u->ctx, "0000:00:05.1", &opts, &third), EOPNOTSUPP, BACKEND,
		     "group 5", "one address space");
	assert_ptr_equal(third, SENTINEL);
	dmabufx_ioas_unref(other);
}

/* Each step of joining fails once; nothing stays open or joined. */
static void an_open_that_fails_leaves_the_container_as_it_was(void **state)
{
	static const struct {
		unsigned long request;
		int err;
		enum dmabufx_reason reason;
	} table[] = {
		{ VFIO_GROUP_GET_STATUS, EIO, DMABUFX_REASON_SYSTEM },
		{ VFIO_GROUP_SET_CONTAINER, EIO, DMABUFX_REASON_SYSTEM },
		{ VFIO_SET_IOMMU, EPERM, DMABUFX_REASON_UNSAFE_IRQ },
		{ VFIO_GROUP_GET_DEVICE_FD, ENODEV, DMABUFX_REASON_SYSTEM },
	};
	struct unit *u = *state;
	struct unit_account before = unit_account(u->f);
	DMABUFX_OPTS(dmabufx_dev_opts, opts, .ioas = u->ioas);
	struct dmabufx_dev *dev = SENTINEL;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		fake_fail_ioctl(u->f, table[i].request, table[i].err);
		assert_int_equal(dmabufx_dev_open(u->ctx, MEM, &opts, &dev), -table[i].err);
		assert_int_equal(dmabufx_last_error()->reason, table[i].reason);
		assert_non_null(strstr(dmabufx_last_error()->text, MEM));
		fake_heal(u->f);
		unit_assert_same(&before, u->f, "open", (unsigned int)i);
	}
	assert_ptr_equal(dev, SENTINEL);
	u->mem = open_into(u, MEM, u->ioas);
}

static void a_kernel_that_tells_no_ranges_allows_all(void **state)
{
	struct dmabufx_iova_range range;
	struct unit *u = *state;

	u->f->nallowed = 0;
	u->mem = open_into(u, MEM, u->ioas);
	assert_int_equal(dmabufx_ioas_ranges(u->ioas, &range, 1), 1);
	assert_int_equal(range.start, 0);
	assert_true(range.last == UINT64_MAX);
}

static void errors_of_the_container_are_told(void **state)
{
	struct unit *u = *state;
	struct dmabufx_mapping *map = SENTINEL;

	u->mem = open_into(u, MEM, u->ioas);
	u->buf = new_memfd(u, PAGE);
	fake_fail_ioctl(u->f, VFIO_IOMMU_GET_INFO, EIO);
	assert_fails(dmabufx_ioas_map(u->ioas, u->buf, NULL, &map), EIO, SYSTEM, "IOVAs");
	fake_heal(u->f);
	fake_fail(u->f, (struct fake_rule){ .op = FAKE_MMAP, .err = ENOMEM });
	assert_fails(dmabufx_ioas_map(u->ioas, u->buf, NULL, &map), ENOMEM, MEMLOCK, "memfd");
	fake_heal(u->f);
	fake_fail_ioctl(u->f, VFIO_IOMMU_MAP_DMA, ENOMEM);
	assert_fails(dmabufx_ioas_map(u->ioas, u->buf, NULL, &map), ENOMEM, MEMLOCK, "memfd");
	assert_int_equal(u->f->mmaps, 0);
	fake_heal(u->f);
	assert_ptr_equal(map, SENTINEL);
	assert_int_equal(dmabufx_ioas_map(u->ioas, u->buf, NULL, &u->map), 0);
	fake_fail_ioctl(u->f, VFIO_IOMMU_UNMAP_DMA, EIO);
	assert_fails(dmabufx_mapping_unmap(u->map), EIO, SYSTEM, "unmapping");
	assert_state(u->map, LIVE);
}

static void reset_leaves_mapped_memory_alone(void **state)
{
	struct unit *u = *state;

	u->mem = open_into(u, MEM, u->ioas);
	u->buf = new_memfd(u, PAGE);
	assert_int_equal(dmabufx_ioas_map(u->ioas, u->buf, NULL, &u->map), 0);
	assert_int_equal(dmabufx_dev_reset(u->mem), 0);
	assert_int_equal(fake_count(u->f, VFIO_IOMMU_UNMAP_DMA), 0);
	assert_state(u->map, LIVE);
}

/* Without its last group a container has no IOMMU: the kernel forgot the mappings. */
static void mappings_are_stale_once_the_last_device_is_closed(void **state)
{
	struct unit *u = *state;

	u->mem = open_into(u, MEM, u->ioas);
	u->edu = open_into(u, EDU, u->ioas);
	u->buf = new_memfd(u, PAGE);
	assert_int_equal(dmabufx_ioas_map(u->ioas, u->buf, NULL, &u->map), 0);
	u->edu = dmabufx_dev_unref(u->edu);
	assert_state(u->map, LIVE);
	u->mem = dmabufx_dev_unref(u->mem);
	assert_state(u->map, STALE);
	assert_reason(u->map, NOT_ATTACHED);
	expect_event(u, DMABUFX_EVENT_STALE, DMABUFX_REASON_NOT_ATTACHED, u->map);
	u->mem = open_into(u, MEM, u->ioas);
	assert_int_equal(dmabufx_mapping_refresh(u->map), 0);
	assert_int_equal(fake_areas(u->f), 1);
	u->mem = dmabufx_dev_unref(u->mem);
	assert_int_equal(dmabufx_mapping_unmap(u->map), 0);
	u->map = NULL;
}

static void open_fd_takes_what_a_group_gave(void **state)
{
	struct unit *u = *state;
	struct dmabufx_dev *borrowed;

	u->mem = open_into(u, MEM, u->ioas);
	assert_int_equal(dmabufx_dev_open_fd(u->ctx, dmabufx_dev_fd(u->mem), NULL, &borrowed), 0);
	assert_int_equal(dmabufx_dev_reset(borrowed), 0);
	assert_fails(dmabufx_dev_attach(borrowed, u->ioas), EOPNOTSUPP, BACKEND, "address space");
	dmabufx_dev_unref(borrowed);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(a_device_joins_the_container_of_its_ioas, unit_type1),
		unit_case(a_device_joins_the_default_ioas_when_none_is_named, unit_type1),
		unit_case(group_that_cant_be_opened_is_told, unit_type1),
		unit_case(memory_is_mapped_by_a_short_lived_address, unit_type1),
		unit_case(protection_reaches_the_container, unit_type1),
		unit_case(memory_sealed_against_writes_can_be_read_by_a_device, unit_type1),
		unit_case(a_dmabuf_returns_eopnotsupp, unit_type1),
		unit_case(mapping_before_a_device_has_joined_returns_enodev, unit_type1),
		unit_case(a_container_without_type1v2_returns_eopnotsupp, unit_type1),
		unit_case(attach_elsewhere_and_detach_return_eopnotsupp, unit_type1),
		unit_case(devices_of_a_group_share_its_container, unit_type1),
		unit_case(an_open_that_fails_leaves_the_container_as_it_was, unit_type1),
		unit_case(a_kernel_that_tells_no_ranges_allows_all, unit_type1),
		unit_case(errors_of_the_container_are_told, unit_type1),
		unit_case(reset_leaves_mapped_memory_alone, unit_type1),
		unit_case(mappings_are_stale_once_the_last_device_is_closed, unit_type1),
		unit_case(open_fd_takes_what_a_group_gave, unit_type1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Putting buffers and memory at IOVAs. */
#include "unit.h"

#define VA ((void *)0x7f0000010000)

/* Maps u->buf with options that must fail, and leaves all as it was. */
#define map_fails(u, opts, err, reason, ...)                                                  \
	do {                                                                                  \
		struct unit_account before_ = unit_account((u)->f);                           \
		struct dmabufx_mapping *map_ = SENTINEL;                                      \
		assert_fails(dmabufx_ioas_map((u)->ioas, (u)->buf, opts, &map_), err, reason, \
			     __VA_ARGS__);                                                    \
		assert_ptr_equal(map_, SENTINEL);                                             \
		unit_assert_same(&before_, (u)->f, "map", 0);                                 \
	} while (0)

#define OPTS(...) \
	(&(struct dmabufx_map_opts){ .size = sizeof(struct dmabufx_map_opts), __VA_ARGS__ })
#define FIXED(at, ...) OPTS(.flags = DMABUFX_MAP_FIXED, .iova = (at), ##__VA_ARGS__)

static void map_puts_the_whole_buffer_at_an_iova(void **state)
{
	struct unit *u = *state;
	const struct fake_area *area;

	u->buf = export_at(u->mem, 2, 0, 64 * MIB);
	assert_int_equal(dmabufx_ioas_map(u->ioas, u->buf, NULL, &u->map), 0);
	assert_int_equal(dmabufx_mapping_len(u->map), 64 * MIB);
	assert_int_equal(dmabufx_mapping_iova(u->map), 64 * MIB); /* aligned for large pages */
	area = fake_dma(u->f, u->vedu, dmabufx_mapping_iova(u->map));
	assert_non_null(area);
	assert_int_equal(area->off, 0);
	assert_int_equal(area->len, 64 * MIB);
	assert_state(u->map, LIVE);
	assert_reason(u->map, NONE);
	expect_no_event(u);
}

static void map_of_a_slice_starts_at_its_offset(void **state)
{
	struct unit *u = *state;
	const struct fake_area *area;

	u->buf = new_memfd(u, 16 * PAGE);
	u->map = map_slice(u->ioas, u->buf, IOVA, 4 * PAGE, 2 * PAGE);
	area = fake_dma(u->f, u->vedu, IOVA);
	assert_int_equal(area->off, 4 * PAGE);
	assert_int_equal(area->len, 2 * PAGE);
	assert_null(fake_dma(u->f, u->vedu, IOVA + 2 * PAGE));
}

static void protection_is_what_was_asked_for(void **state)
{
	static const struct {
		uint32_t prot, flags;
	} table[] = {
		{ 0, IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE },
		{ DMABUFX_PROT_READ, IOMMU_IOAS_MAP_READABLE },
		{ DMABUFX_PROT_WRITE, IOMMU_IOAS_MAP_WRITEABLE },
		{ DMABUFX_PROT_READ | DMABUFX_PROT_WRITE,
		  IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE },
	};
	struct unit *u = *state;

	u->buf = new_memfd(u, PAGE);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct dmabufx_mapping *map;

		assert_int_equal(dmabufx_ioas_map(u->ioas, u->buf,
						  FIXED(IOVA, .prot = table[i].prot), &map),
				 0);
		assert_int_equal(fake_dma(u->f, u->vedu, IOVA)->flags,
				 table[i].flags | IOMMU_IOAS_MAP_FIXED_IOVA);
		assert_int_equal(dmabufx_mapping_unmap(map), 0);
	}
}

static void map_refuses_null_and_another_ctx(void **state)
{
	struct unit *u = *state;
	struct dmabufx_mapping *map = SENTINEL;
	struct dmabufx_ctx *other = new_ctx(u, DMABUFX_BACKEND_AUTO);
	struct dmabufx_buf *theirs;

	u->buf = new_memfd(u, PAGE);
	assert_fails(dmabufx_ioas_map(NULL, u->buf, NULL, &map), EINVAL, NULL_ARGUMENT, "ioas");
	assert_fails(dmabufx_ioas_map(u->ioas, NULL, NULL, &map), EINVAL, NULL_ARGUMENT, "buf");
	assert_fails(dmabufx_ioas_map(u->ioas, u->buf, NULL, NULL), EINVAL, NULL_ARGUMENT, "ret");
	assert_int_equal(dmabufx_buf_alloc(other, PAGE, NULL, &theirs), 0);
	assert_fails(dmabufx_ioas_map(u->ioas, theirs, NULL, &map), EXDEV, WRONG_CTX, "import");
	assert_ptr_equal(map, SENTINEL);
	dmabufx_buf_unref(theirs);
	dmabufx_ctx_unref(other);
}

static void options_that_make_no_sense_return_einval(void **state)
{
	struct unit *u = *state;

	u->buf = new_memfd(u, 4 * PAGE);
	map_fails(u, OPTS(.prot = 4), EINVAL, BAD_PROT, "0x4");
	map_fails(u, OPTS(.iova = IOVA), EINVAL, BAD_FLAGS, "0x1000000", "DMABUFX_MAP_FIXED");
	map_fails(u, OPTS(.offset = 1), EINVAL, OFFSET_UNALIGNED, "0x1 ");
	map_fails(u, OPTS(.length = 0x1001), EINVAL, LENGTH_UNALIGNED, "0x1001");
	map_fails(u, OPTS(.offset = 4 * PAGE), EINVAL, PAST_END, "0x4000", "memfd");
	map_fails(u, OPTS(.length = 5 * PAGE), EINVAL, PAST_END, "0x5000");
	map_fails(u, OPTS(.offset = PAGE, .length = 4 * PAGE), EINVAL, PAST_END, "0x4000 bytes");
	map_fails(u, OPTS(.offset = PAGE, .length = -PAGE), EINVAL, PAST_END, "past the end");
	map_fails(u, OPTS(.flags = 2), EINVAL, BAD_FLAGS, "0x2");
}

static void fixed_iovas_that_cant_be_had_say_why(void **state)
{
	struct unit *u = *state;

	u->buf = new_memfd(u, 2 * PAGE);
	map_fails(u, FIXED(0), EINVAL, IOVA_ZERO, "IOVA 0");
	map_fails(u, FIXED(IOVA + 1), EINVAL, IOVA_UNALIGNED, "0x1000001");
	map_fails(u, FIXED(0xfee00000), EADDRNOTAVAIL, IOVA_RESERVED, "0xfee00000", "platform");
	map_fails(u, FIXED(0xfedff000), EADDRNOTAVAIL, IOVA_RESERVED, "0xfedff000");
	map_fails(u, FIXED(1ull << 48), ERANGE, IOVA_TOO_HIGH, "0x1000000000000", "0xffffffffffff");
	map_fails(u, FIXED((1ull << 48) - PAGE), ERANGE, IOVA_TOO_HIGH, "0xfffffffff000");
	map_fails(u, FIXED(-PAGE), ERANGE, IOVA_TOO_HIGH, "0xfffffffffffff000");
	assert_int_equal(fake_count(u->f, IOMMU_IOAS_MAP_FILE), 0);
	u->map = map_fixed(u->ioas, u->buf, (1ull << 48) - 2 * PAGE);
}

static void overlaps_of_every_kind_return_eexist(void **state)
{
	struct unit *u = *state;

	u->buf = new_memfd(u, 4 * PAGE);
	u->map = map_fixed(u->ioas, u->buf, IOVA);
	map_fails(u, FIXED(IOVA), EEXIST, IOVA_IN_USE, "0x1000000", "0x1003fff");
	map_fails(u, FIXED(IOVA + 3 * PAGE), EEXIST, IOVA_IN_USE, "0x1003fff");
	map_fails(u, FIXED(IOVA - 3 * PAGE), EEXIST, IOVA_IN_USE, "0x1003fff");
	map_fails(u, FIXED(IOVA + PAGE, .length = PAGE), EEXIST, IOVA_IN_USE, "0x1003fff");
	assert_int_equal(fake_count(u->f, IOMMU_IOAS_MAP_FILE), 1);
}

static void an_area_that_somebody_else_mapped_returns_eexist(void **state)
{
	struct unit *u = *state;

	u->buf = new_memfd(u, PAGE);
	fake_fail_ioctl(u->f, IOMMU_IOAS_MAP_FILE, EEXIST);
	map_fails(u, FIXED(IOVA), EEXIST, IOVA_IN_USE, "somebody else", "0x1000000");
}

static void map_of_revoked_buffer_returns_enodev(void **state)
{
	struct unit *u = *state;

	u->buf = export_at(u->mem, 2, 0, PAGE);
	set_memory(u->mem, false);
	map_fails(u, NULL, ENODEV, REVOKED, MEM, "BAR 2", "refresh");
	set_memory(u->mem, true);
	set_power(u->mem, 3);
	map_fails(u, NULL, ENODEV, REVOKED, MEM);
	set_power(u->mem, 0);
	assert_int_equal(dmabufx_ioas_map(u->ioas, u->buf, NULL, &u->map), 0);
}

static void map_of_a_closed_devices_buffer_returns_enodev_for_good(void **state)
{
	struct unit *u = *state;

	u->buf = export_at(u->mem, 2, 0, PAGE);
	u->mem = dmabufx_dev_unref(u->mem);
	map_fails(u, NULL, ENODEV, REVOKED_FOR_GOOD, MEM, "export again");
	u->mem = open_dev(u, MEM);
	map_fails(u, NULL, ENODEV, REVOKED_FOR_GOOD, MEM);
}

static void map_of_a_foreign_exporter_returns_eopnotsupp_and_names_it(void **state)
{
	struct unit *u = *state;
	int fd = fake_foreign_dmabuf(u->f, "udmabuf", PAGE);

	assert_int_equal(dmabufx_buf_import(u->ctx, fd, NULL, &u->buf), 0);
	map_fails(u, NULL, EOPNOTSUPP, EXPORTER, "udmabuf");
	u->f->old_dmabuf = true;
	map_fails(u, NULL, EOPNOTSUPP, EXPORTER, "udmabuf");
	fake_close(u->f, fd);
}

static void map_of_a_dmabuf_that_another_process_exported_works(void **state)
{
	struct unit *u = *state;
	int fd = fake_foreign_dmabuf(u->f, "vfio_pci_core", PAGE);

	assert_int_equal(dmabufx_buf_import(u->ctx, fd, NULL, &u->buf), 0);
	fake_at(u->f, fd)->gone = true;
	map_fails(u, NULL, ENODEV, REVOKED, "vfio_pci_core", "its owner closed it");
	fake_at(u->f, fd)->gone = false;
	assert_int_equal(dmabufx_ioas_map(u->ioas, u->buf, NULL, &u->map), 0);
	fake_close(u->f, fd);
}

static void map_of_several_ranges_returns_eopnotsupp(void **state)
{
	struct dmabufx_range ranges[] = { { 0, PAGE }, { 8 * PAGE, PAGE } };
	struct unit *u = *state;

	assert_int_equal(dmabufx_dev_export_ranges(u->mem, 2, ranges, 2, NULL, &u->buf), 0);
	map_fails(u, NULL, EOPNOTSUPP, MULTI_RANGE, MEM, "2 ranges");
}

static void errors_of_the_kernel_are_told(void **state)
{
	struct unit *u = *state;

	u->buf = new_memfd(u, PAGE);
	fake_fail_ioctl(u->f, IOMMU_IOAS_MAP_FILE, ENOMEM);
	map_fails(u, NULL, ENOMEM, MEMLOCK, "memfd", "RLIMIT_MEMLOCK");
	fake_heal(u->f);
	fake_fail_ioctl(u->f, IOMMU_IOAS_MAP_FILE, ENOTTY);
	map_fails(u, NULL, EOPNOTSUPP, BACKEND, "maps no files");
	fake_heal(u->f);
	fake_fail_ioctl(u->f, IOMMU_IOAS_MAP_FILE, EINVAL);
	map_fails(u, NULL, EINVAL, SYSTEM, "memfd", "0x100000");
	fake_heal(u->f);
	assert_int_equal(dmabufx_dev_detach(u->edu), 0);
	fake_fail_ioctl(u->f, IOMMU_IOAS_IOVA_RANGES, EIO);
	map_fails(u, NULL, EIO, SYSTEM, "IOVAs");
}

static void no_memory_for_the_bookkeeping_asks_nothing_of_the_kernel(void **state)
{
	struct unit *u = *state;

	u->buf = new_memfd(u, PAGE);
	assert_int_equal(dmabufx_ioas_ranges(u->ioas, NULL, 0), 2);
	for (unsigned int nth = 1; nth <= 2; nth++) {
		fake_clear_log(u->f);
		heap_fail_nth(nth);
		map_fails(u, NULL, ENOMEM, NO_MEMORY, "memory");
		assert_true(heap_failed());
		assert_int_equal(fake_count(u->f, IOMMU_IOAS_MAP_FILE), 0);
	}
	heap_fail_nth(0);
	assert_int_equal(dmabufx_ioas_map(u->ioas, u->buf, NULL, &u->map), 0);
}

static void a_larger_iommu_page_is_the_unit(void **state)
{
	struct unit *u = *state;

	u->f->page_sizes = ~(16 * PAGE - 1);
	u->buf = new_memfd(u, 20 * PAGE);
	map_fails(u, OPTS(.length = PAGE), EINVAL, LENGTH_UNALIGNED, "0x1000 ", "0x10000");
	map_fails(u, OPTS(.offset = PAGE), EINVAL, OFFSET_UNALIGNED, "0x10000");
	map_fails(u, FIXED(IOVA + PAGE, .length = 16 * PAGE), EINVAL, IOVA_UNALIGNED, "0x10000");
	map_fails(u, NULL, EINVAL, LENGTH_UNALIGNED, "0x14000", "name a length");
	u->map = map_slice(u->ioas, u->buf, IOVA, 0, 16 * PAGE);
}

static void map_va_puts_memory_at_an_iova(void **state)
{
	struct unit *u = *state;
	const struct fake_area *area;

	assert_int_equal(dmabufx_ioas_map_va(u->ioas, VA, 2 * PAGE, FIXED(IOVA), &u->map), 0);
	area = fake_dma(u->f, u->vedu, IOVA);
	assert_int_equal(area->off, (uintptr_t)VA);
	assert_int_equal(area->len, 2 * PAGE);
	assert_null(area->file);
	assert_int_equal(dmabufx_mapping_refresh(u->map), 0);
}

static void map_va_refuses_what_is_no_range(void **state)
{
	static const struct {
		uintptr_t va;
		size_t len;
		struct dmabufx_map_opts opts;
		enum dmabufx_reason reason;
	} table[] = {
		{ 0x10001, PAGE, { .size = 40 }, DMABUFX_REASON_OFFSET_UNALIGNED },
		{ 0x10000, PAGE + 1, { .size = 40 }, DMABUFX_REASON_LENGTH_UNALIGNED },
		{ 0x10000, 0, { .size = 40 }, DMABUFX_REASON_LENGTH_ZERO },
		{ -PAGE, 2 * PAGE, { .size = 40 }, DMABUFX_REASON_PAST_END },
		{ 0x10000, PAGE, { .size = 40, .offset = PAGE }, DMABUFX_REASON_PAST_END },
		{ 0x10000, PAGE, { .size = 40, .length = 2 * PAGE }, DMABUFX_REASON_PAST_END },
		{ 0x10000, PAGE, { .size = 40, .prot = 8 }, DMABUFX_REASON_BAD_PROT },
	};
	struct unit *u = *state;
	struct dmabufx_mapping *map = SENTINEL;

	assert_fails(dmabufx_ioas_map_va(NULL, VA, PAGE, NULL, &map), EINVAL, NULL_ARGUMENT,
		     "ioas");
	assert_fails(dmabufx_ioas_map_va(u->ioas, NULL, PAGE, NULL, &map), EINVAL, NULL_ARGUMENT,
		     "va");
	assert_fails(dmabufx_ioas_map_va(u->ioas, VA, PAGE, NULL, NULL), EINVAL, NULL_ARGUMENT,
		     "ret");
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_int_equal(dmabufx_ioas_map_va(u->ioas, (void *)table[i].va, table[i].len,
						     &table[i].opts, &map),
				 -EINVAL);
		assert_int_equal(dmabufx_last_error()->reason, table[i].reason);
	}
	assert_ptr_equal(map, SENTINEL);
	assert_int_equal(fake_count(u->f, IOMMU_IOAS_MAP), 0);
}

static void map_va_of_nothing_returns_efault(void **state)
{
	struct unit *u = *state;
	struct dmabufx_mapping *map = SENTINEL;

	u->f->bad_va = (uintptr_t)VA;
	assert_fails(dmabufx_ioas_map_va(u->ioas, VA, PAGE, NULL, &map), EFAULT, BAD_VA,
		     "0x7f0000010000", "0x1000 bytes");
	fake_remove(u->f, "/proc/self/maps");
	assert_fails(dmabufx_ioas_map_va(u->ioas, VA, PAGE, NULL, &map), EFAULT, BAD_VA,
		     "0x7f0000010000");
	assert_ptr_equal(map, SENTINEL);
	assert_int_equal(fake_areas(u->f), 0);
}

static void map_va_of_a_bars_mmap_returns_efault_and_names_the_way(void **state)
{
	static const char *const lines[] = {
		"7f0000000000-7f0000100000 rw-s 20000000000 00:05 9 /dev/vfio/devices/vfio1\n",
		"00400000-00452000 r-xp 0 08:02 1 /bin/x\n"
		"7f0000000000-7f0000100000 rw-s 20000000000 00:0f 9 anon_inode:[vfio-device]\n",
	};
	struct unit *u = *state;
	struct dmabufx_mapping *map = SENTINEL;

	u->f->bad_va = (uintptr_t)VA;
	for (size_t i = 0; i < 2; i++) {
		fake_text(u->f, "/proc/self/maps", lines[i]);
		assert_fails(dmabufx_ioas_map_va(u->ioas, VA, PAGE, NULL, &map), EFAULT, BAR_VA,
			     "0x7f0000010000", "dmabufx_dev_export()");
	}
	fake_text(u->f, "/proc/self/maps",
		  "7f0000000000-7f0000010000 rw-s 0 00:05 9 /dev/vfio/devices/vfio1\nrubbish\n");
	assert_fails(dmabufx_ioas_map_va(u->ioas, VA, PAGE, NULL, &map), EFAULT, BAD_VA, "memory");
	assert_ptr_equal(map, SENTINEL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(map_puts_the_whole_buffer_at_an_iova, unit_devs),
		unit_case(map_of_a_slice_starts_at_its_offset, unit_devs),
		unit_case(protection_is_what_was_asked_for, unit_devs),
		unit_case(map_refuses_null_and_another_ctx, unit_ioas),
		unit_case(options_that_make_no_sense_return_einval, unit_devs),
		unit_case(fixed_iovas_that_cant_be_had_say_why, unit_devs),
		unit_case(overlaps_of_every_kind_return_eexist, unit_devs),
		unit_case(an_area_that_somebody_else_mapped_returns_eexist, unit_devs),
		unit_case(map_of_revoked_buffer_returns_enodev, unit_devs),
		unit_case(map_of_a_closed_devices_buffer_returns_enodev_for_good, unit_devs),
		unit_case(map_of_a_foreign_exporter_returns_eopnotsupp_and_names_it, unit_devs),
		unit_case(map_of_a_dmabuf_that_another_process_exported_works, unit_devs),
		unit_case(map_of_several_ranges_returns_eopnotsupp, unit_devs),
		unit_case(errors_of_the_kernel_are_told, unit_devs),
		unit_case(no_memory_for_the_bookkeeping_asks_nothing_of_the_kernel, unit_devs),
		unit_case(a_larger_iommu_page_is_the_unit, unit_devs),
		unit_case(map_va_puts_memory_at_an_iova, unit_devs),
		unit_case(map_va_refuses_what_is_no_range, unit_devs),
		unit_case(map_va_of_nothing_returns_efault, unit_devs),
		unit_case(map_va_of_a_bars_mmap_returns_efault_and_names_the_way, unit_devs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Slices of BARs as dma-bufs. */
#include "unit.h"

#include <stdlib.h>

static struct dmabufx_buf_info info_of(struct dmabufx_buf *buf)
{
	struct dmabufx_buf_info info = { .size = sizeof(info) };

	assert_int_equal(dmabufx_buf_get_info(buf, &info), 0);
	return info;
}

static void export_makes_a_buffer_of_the_slice(void **state)
{
	struct unit *u = *state;
	struct dmabufx_buf_info info;

	u->buf = export_at(u->mem, 2, 16 * PAGE, 4 * PAGE);
	info = info_of(u->buf);
	assert_int_equal(info.kind, DMABUFX_BUF_BAR);
	assert_int_equal(info.bar, 2);
	assert_int_equal(info.offset, 16 * PAGE);
	assert_int_equal(info.len, 4 * PAGE);
	assert_int_equal(info.nranges, 1);
	assert_string_equal(info.bdf, MEM);
	assert_string_equal(info.exporter, "vfio_pci_core");
	assert_int_equal(fake_at(u->f, dmabufx_buf_fd(u->buf))->off, 16 * PAGE);
	assert_int_equal(fake_at(u->f, dmabufx_buf_fd(u->buf))->size, 4 * PAGE);
}

/* The kernel says EINVAL to each of these; the library says which, and asks nothing. */
static void each_illegal_slice_has_its_own_reason_and_makes_no_ioctl(void **state)
{
	struct unit *u = *state;
	struct dmabufx_dev *odd = open_dev(u, ODD);
	struct dmabufx_buf *buf = SENTINEL;

	fake_clear_log(u->f);
	assert_fails(dmabufx_dev_export(odd, 3, 0, PAGE, NULL, &buf), EINVAL, BAR_SUBPAGE, ODD,
		     "BAR 3", "0x100", "0x1000");
	assert_fails(dmabufx_dev_export(odd, 4, 0x800, PAGE, NULL, &buf), EINVAL, OFFSET_UNALIGNED,
		     ODD, "BAR 4", "0x800");
	assert_fails(dmabufx_dev_export(odd, 4, 0, 0x801, NULL, &buf), EINVAL, LENGTH_UNALIGNED,
		     ODD, "BAR 4", "0x801");
	assert_fails(dmabufx_dev_export(odd, 4, 0xff000, 2 * PAGE, NULL, &buf), EINVAL, PAST_END,
		     ODD, "BAR 4", "0xff000", "0x100000");
	assert_fails(dmabufx_dev_export(odd, 4, PAGE, 0, NULL, &buf), EINVAL, LENGTH_ZERO, ODD,
		     "BAR 4");
	assert_fails(dmabufx_dev_export_ranges(odd, 4, NULL, 0, NULL, &buf), EINVAL, NO_RANGES, ODD,
		     "BAR 4");
	assert_fails(dmabufx_dev_export(odd, 4, 0, PAGE,
					&(struct dmabufx_export_opts){ .size = 16, .flags = 2 },
					&buf),
		     EINVAL, BAD_FLAGS, "0x2");
	assert_fails(dmabufx_dev_export(odd, 2, 0, PAGE, NULL, &buf), EINVAL, BAR_IO, ODD, "BAR 2");
	assert_fails(dmabufx_dev_export(odd, 7, 0, PAGE, NULL, &buf), EINVAL, BAR_INDEX, ODD,
		     "BAR 7");
	assert_ptr_equal(buf, SENTINEL);
	assert_int_equal(u->f->nlog, 0);
	dmabufx_dev_unref(odd);
}

static void slices_that_wrap_are_past_the_end(void **state)
{
	static const struct dmabufx_range slices[] = {
		{ 64 * MIB, PAGE },
		{ PAGE, -PAGE },
		{ -PAGE, PAGE },
		{ 0, 65 * MIB },
	};
	struct unit *u = *state;
	struct dmabufx_buf *buf = SENTINEL;

	for (size_t i = 0; i < sizeof(slices) / sizeof(slices[0]); i++)
		assert_fails(dmabufx_dev_export(u->mem, 2, slices[i].start, slices[i].len, NULL,
						&buf),
			     EINVAL, PAST_END, "past the end");
	assert_ptr_equal(buf, SENTINEL);
}

static void rom_and_absent_bars_return_enodev(void **state)
{
	struct unit *u = *state;
	struct dmabufx_buf *buf = SENTINEL;

	assert_fails(dmabufx_dev_export(u->mem, 6, 0, PAGE, NULL, &buf), ENODEV, BAR_ABSENT, MEM,
		     "ROM");
	assert_fails(dmabufx_dev_export(u->mem, 4, 0, PAGE, NULL, &buf), ENODEV, BAR_ABSENT, MEM,
		     "BAR 4", "dmabufx caps");
	assert_ptr_equal(buf, SENTINEL);
}

static void null_arguments_return_einval(void **state)
{
	struct unit *u = *state;
	struct dmabufx_range range = { .len = PAGE };
	struct dmabufx_buf *buf;

	assert_fails(dmabufx_dev_export(NULL, 2, 0, PAGE, NULL, &buf), EINVAL, NULL_ARGUMENT,
		     "dev");
	assert_fails(dmabufx_dev_export(u->mem, 2, 0, PAGE, NULL, NULL), EINVAL, NULL_ARGUMENT,
		     "ret");
	assert_fails(dmabufx_dev_export_ranges(NULL, 2, &range, 1, NULL, &buf), EINVAL,
		     NULL_ARGUMENT, "dev");
	assert_fails(dmabufx_dev_export_ranges(u->mem, 2, NULL, 1, NULL, &buf), EINVAL,
		     NULL_ARGUMENT, "ranges");
	assert_fails(dmabufx_dev_export_ranges(u->mem, 2, &range, 1, NULL, NULL), EINVAL,
		     NULL_ARGUMENT, "ret");
	assert_fails(dmabufx_dev_export_bar(NULL, 2, NULL, &buf, 1), EINVAL, NULL_ARGUMENT, "dev");
	assert_fails(dmabufx_dev_export_bar(u->mem, 2, NULL, NULL, 1), EINVAL, NULL_ARGUMENT,
		     "ret");
}

static void a_slice_with_the_msix_table_returns_eacces_unless_asked_for(void **state)
{
	DMABUFX_OPTS(dmabufx_export_opts, msix, .flags = DMABUFX_EXPORT_MSIX);
	struct unit *u = *state;
	struct dmabufx_dev *odd = open_dev(u, ODD);
	struct dmabufx_buf *buf = SENTINEL;

	assert_fails(dmabufx_dev_export(odd, 0, 0x1000, 2 * PAGE, NULL, &buf), EACCES, MSIX_OVERLAP,
		     ODD, "BAR 0", "0x2000", "DMABUFX_EXPORT_MSIX");
	assert_fails(dmabufx_dev_export(odd, 0, 0x2000, PAGE, NULL, &buf), EACCES, MSIX_OVERLAP,
		     ODD);
	assert_ptr_equal(buf, SENTINEL);
	u->buf = export_at(odd, 0, 0x3000, PAGE);
	dmabufx_buf_unref(u->buf);
	u->buf = export_at(odd, 0, 0, 2 * PAGE);
	dmabufx_buf_unref(u->buf);
	assert_int_equal(dmabufx_dev_export(odd, 0, 0, 4 * PAGE, &msix, &u->buf), 0);
	dmabufx_dev_unref(odd);
}

static void ranges_become_one_buffer_of_their_sum(void **state)
{
	struct dmabufx_range ranges[] = { { 2 * PAGE, PAGE }, { 8 * PAGE, 3 * PAGE } };
	struct unit *u = *state;
	struct dmabufx_buf_info info;

	assert_int_equal(dmabufx_dev_export_ranges(u->mem, 2, ranges, 2, NULL, &u->buf), 0);
	info = info_of(u->buf);
	assert_int_equal(info.len, 4 * PAGE);
	assert_int_equal(info.nranges, 2);
	assert_int_equal(info.offset, 2 * PAGE);
	assert_int_equal(fake_at(u->f, dmabufx_buf_fd(u->buf))->nranges, 2);
}

static void as_many_ranges_as_allowed_and_one_more(void **state)
{
	struct dmabufx_range ranges[DMABUFX_SLICES_MAX + 1];
	struct unit *u = *state;
	struct dmabufx_buf *buf = SENTINEL;

	for (size_t i = 0; i <= DMABUFX_SLICES_MAX; i++)
		ranges[i] = (struct dmabufx_range){ .start = 2 * i * PAGE, .len = PAGE };
	assert_fails(dmabufx_dev_export_ranges(u->mem, 2, ranges, DMABUFX_SLICES_MAX + 1, NULL,
					       &buf),
		     E2BIG, TOO_MANY_RANGES, "65 ranges", "64");
	assert_ptr_equal(buf, SENTINEL);
	assert_int_equal(dmabufx_dev_export_ranges(u->mem, 2, ranges, DMABUFX_SLICES_MAX, NULL,
						   &u->buf),
			 0);
}

static void ranges_that_add_up_to_more_than_64_bits_return_einval(void **state)
{
	struct dmabufx_range ranges[16];
	struct unit *u = *state;
	struct dmabufx_buf *buf = SENTINEL;
	struct dmabufx_dev *odd;

	for (size_t i = 0; i < 16; i++)
		ranges[i] = (struct dmabufx_range){ .len = 1ull << 60 };
	u->vodd->bars[4] = (struct fake_bar){ .len = 1ull << 60 };
	odd = open_dev(u, ODD);
	assert_fails(dmabufx_dev_export_ranges(odd, 4, ranges, 16, NULL, &buf), EINVAL, PAST_END,
		     ODD, "BAR 4", "64 bits");
	assert_ptr_equal(buf, SENTINEL);
	dmabufx_dev_unref(odd);
}

static void one_bad_range_refuses_all(void **state)
{
	struct dmabufx_range ranges[] = { { 0, PAGE }, { 8 * PAGE, 5 } };
	struct unit *u = *state;
	struct dmabufx_buf *buf = SENTINEL;

	assert_fails(dmabufx_dev_export_ranges(u->mem, 2, ranges, 2, NULL, &buf), EINVAL,
		     LENGTH_UNALIGNED, "0x5");
	assert_ptr_equal(buf, SENTINEL);
}

static void errors_of_the_kernel_are_told(void **state)
{
	static const int errs[] = { EMFILE, ENFILE, ENOMEM };
	struct unit *u = *state;
	struct dmabufx_buf *buf = SENTINEL;

	for (size_t i = 0; i < sizeof(errs) / sizeof(errs[0]); i++) {
		fake_fail_ioctl(u->f, VFIO_DEVICE_FEATURE, errs[i]);
		assert_int_equal(dmabufx_dev_export(u->mem, 2, 0, PAGE, NULL, &buf), -errs[i]);
		assert_non_null(strstr(dmabufx_last_error()->text, "BAR 2 of " MEM));
		fake_heal(u->f);
	}
	fake_fail_ioctl(u->f, VFIO_DEVICE_FEATURE, ENODEV);
	assert_fails(dmabufx_dev_export(u->mem, 2, 0, PAGE, NULL, &buf), ENODEV, DEVICE_GONE, MEM,
		     "BAR 2");
	assert_ptr_equal(buf, SENTINEL);
}

static void a_kernel_that_cant_export_returns_eopnotsupp(void **state)
{
	static const int errs[] = { ENOTTY, EOPNOTSUPP, EINVAL };
	struct unit *u = *state;
	struct dmabufx_buf *buf = SENTINEL;

	for (size_t i = 0; i < sizeof(errs) / sizeof(errs[0]); i++) {
		struct dmabufx_dev *odd;

		u->vodd->export_err = errs[i];
		odd = open_dev(u, ODD);
		assert_fails(dmabufx_dev_export(odd, 4, 0, PAGE, NULL, &buf), EOPNOTSUPP,
			     EXPORT_UNSUPPORTED, ODD, "BAR 4", "6.19");
		dmabufx_dev_unref(odd);
	}
	assert_ptr_equal(buf, SENTINEL);
}

static void export_while_memory_is_off_is_born_revoked_and_warned_of(void **state)
{
	struct unit *u = *state;
	struct unit_log log = { 0 };
	struct dmabufx_mapping *map = SENTINEL;

	set_memory(u->mem, false);
	assert_int_equal(dmabufx_ctx_set_log(u->ctx, unit_log_fn, &log, DMABUFX_LOG_WARN), 0);
	u->buf = export_at(u->mem, 2, 0, PAGE);
	assert_int_equal(log.lines, 1);
	assert_int_equal(log.level, DMABUFX_LOG_WARN);
	assert_non_null(strstr(log.text, "born revoked"));
	assert_fails(dmabufx_ioas_map(u->ioas, u->buf, NULL, &map), ENODEV, REVOKED, MEM, "BAR 2");
	assert_ptr_equal(map, SENTINEL);
	set_memory(u->mem, true);
	assert_int_equal(dmabufx_ioas_map(u->ioas, u->buf, NULL, &u->map), 0);
}

static void a_device_of_a_group_exports_too(void **state)
{
	struct unit *u = *state;
	DMABUFX_OPTS(dmabufx_dev_opts, opts, .ioas = u->ioas);

	assert_int_equal(dmabufx_dev_open(u->ctx, MEM, &opts, &u->mem), 0);
	u->buf = export_at(u->mem, 2, 0, PAGE);
	assert_int_equal(info_of(u->buf).len, PAGE);
}

/* What the kernel would take, in its own words. */
static bool is_legal(uint64_t whole, uint64_t off, uint64_t len)
{
	return len && !(off % PAGE) && !(len % PAGE) && off <= whole && len <= whole - off;
}

static uint64_t some_number(uint64_t whole)
{
	static const uint64_t odd[] = { 0, 1, PAGE - 1, PAGE, 1ull << 63, -PAGE, -1ull };
	uint64_t pages = whole / PAGE + 2;

	switch (rand() % 4) {
	case 0:
		return odd[(size_t)rand() % 7];
	case 1:
		return (uint64_t)rand() % (whole + 2 * PAGE);
	default:
		return (uint64_t)rand() % pages * PAGE;
	}
}

/* No slice that the kernel refuses reaches it, none that it takes is refused. */
static void any_slice_is_exported_if_and_only_if_it_is_legal(void **state)
{
	struct unit *u = *state;
	struct dmabufx_dev *odd = open_dev(u, ODD);

	unit_seed();
	for (int i = 0; i < 20000; i++) {
		uint32_t bar = rand() % 2 ? 4 : 0;
		uint64_t whole = u->vodd->bars[bar].len;
		uint64_t off = some_number(whole), len = some_number(whole);
		bool legal = is_legal(whole, off, len), msix;
		struct dmabufx_buf *buf;
		int err;

		msix = !bar && off < 0x3000 && off + len > 0x2000;
		fake_clear_log(u->f);
		err = dmabufx_dev_export(odd, bar, off, len, NULL, &buf);
		assert_int_equal(err, !legal ? -EINVAL : msix ? -EACCES : 0);
		assert_int_equal(fake_count(u->f, VFIO_DEVICE_FEATURE), !err);
		if (!err)
			dmabufx_buf_unref(buf);
	}
	dmabufx_dev_unref(odd);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(export_makes_a_buffer_of_the_slice, unit_devs),
		unit_case(each_illegal_slice_has_its_own_reason_and_makes_no_ioctl, unit_ctx),
		unit_case(slices_that_wrap_are_past_the_end, unit_devs),
		unit_case(rom_and_absent_bars_return_enodev, unit_devs),
		unit_case(null_arguments_return_einval, unit_devs),
		unit_case(a_slice_with_the_msix_table_returns_eacces_unless_asked_for, unit_ctx),
		unit_case(ranges_become_one_buffer_of_their_sum, unit_devs),
		unit_case(as_many_ranges_as_allowed_and_one_more, unit_devs),
		unit_case(ranges_that_add_up_to_more_than_64_bits_return_einval, unit_ctx),
		unit_case(one_bad_range_refuses_all, unit_devs),
		unit_case(errors_of_the_kernel_are_told, unit_devs),
		unit_case(a_kernel_that_cant_export_returns_eopnotsupp, unit_ctx),
		unit_case(export_while_memory_is_off_is_born_revoked_and_warned_of, unit_devs),
		unit_case(a_device_of_a_group_exports_too, unit_type1),
		unit_case(any_slice_is_exported_if_and_only_if_it_is_legal, unit_ctx),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

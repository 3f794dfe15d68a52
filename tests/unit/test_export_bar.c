// SPDX-License-Identifier: GPL-2.0-or-later
/* Whole BARs, less their MSI-X tables and tails, as dma-bufs. */
#include "unit.h"

static struct dmabufx_buf_info info_of(struct dmabufx_buf *buf)
{
	struct dmabufx_buf_info info = { .size = sizeof(info) };

	assert_int_equal(dmabufx_buf_get_info(buf, &info), 0);
	return info;
}

static void export_bar_goes_around_the_msix_table(void **state)
{
	struct unit *u = *state;
	struct dmabufx_dev *odd = open_dev(u, ODD);
	struct dmabufx_buf *bufs[2];

	assert_int_equal(dmabufx_dev_export_bar(odd, 0, NULL, bufs, 2), 2);
	assert_int_equal(info_of(bufs[0]).offset, 0);
	assert_int_equal(info_of(bufs[0]).len, 0x2000);
	assert_int_equal(info_of(bufs[1]).offset, 0x3000);
	assert_int_equal(info_of(bufs[1]).len, 0x1000);
	dmabufx_buf_unref(bufs[0]);
	dmabufx_buf_unref(bufs[1]);
	dmabufx_dev_unref(odd);
}

static void export_bar_with_the_msix_table_makes_one_buffer(void **state)
{
	DMABUFX_OPTS(dmabufx_export_opts, msix, .flags = DMABUFX_EXPORT_MSIX);
	struct unit *u = *state;
	struct dmabufx_dev *odd = open_dev(u, ODD);

	assert_int_equal(dmabufx_dev_export_bar(odd, 0, &msix, &u->buf, 1), 1);
	assert_int_equal(info_of(u->buf).len, 0x4000);
	dmabufx_dev_unref(odd);
}

static void export_bar_leaves_a_tail_under_a_page_out(void **state)
{
	struct unit *u = *state;
	struct dmabufx_dev *odd = open_dev(u, ODD);

	assert_int_equal(dmabufx_dev_export_bar(odd, 5, NULL, &u->buf, 1), 1);
	assert_int_equal(info_of(u->buf).len, 0x2000);
	dmabufx_dev_unref(odd);
}

static void export_bar_of_nothing_but_the_msix_table_returns_eacces(void **state)
{
	struct unit *u = *state;
	struct dmabufx_buf *buf = SENTINEL;

	assert_fails(dmabufx_dev_export_bar(u->mem, 1, NULL, &buf, 1), EACCES, MSIX_OVERLAP, MEM,
		     "BAR 1");
	assert_ptr_equal(buf, SENTINEL);
}

static void export_bar_of_what_cant_be_exported_says_why(void **state)
{
	struct unit *u = *state;
	struct dmabufx_dev *odd = open_dev(u, ODD);
	struct dmabufx_buf *bufs[2] = { SENTINEL, SENTINEL };

	assert_fails(dmabufx_dev_export_bar(odd, 3, NULL, bufs, 2), EINVAL, BAR_SUBPAGE, ODD,
		     "BAR 3");
	assert_fails(dmabufx_dev_export_bar(odd, 2, NULL, bufs, 2), EINVAL, BAR_IO, ODD);
	assert_fails(dmabufx_dev_export_bar(odd, 1, NULL, bufs, 2), ENODEV, BAR_ABSENT, ODD);
	assert_fails(dmabufx_dev_export_bar(odd, 9, NULL, bufs, 2), EINVAL, BAR_INDEX, "BAR 9");
	assert_fails(dmabufx_dev_export_bar(odd, 0, NULL, bufs, 1), ENOSPC, NO_SPACE, ODD,
		     "2 buffers", "room for 1");
	assert_ptr_equal(bufs[0], SENTINEL);
	assert_ptr_equal(bufs[1], SENTINEL);
	dmabufx_dev_unref(odd);
}

static void export_bar_makes_all_or_none(void **state)
{
	struct unit *u = *state;
	struct dmabufx_dev *odd = open_dev(u, ODD);
	struct dmabufx_buf *bufs[2] = { SENTINEL, SENTINEL };
	unsigned int fds = fake_open_fds(u->f);

	fake_fail(u->f, (struct fake_rule){ .op = FAKE_IOCTL,
					    .request = VFIO_DEVICE_FEATURE,
					    .err = EMFILE,
					    .skip = 1 });
	assert_fails(dmabufx_dev_export_bar(odd, 0, NULL, bufs, 2), EMFILE, SYSTEM, "BAR 0",
		     "RLIMIT_NOFILE");
	assert_ptr_equal(bufs[0], SENTINEL);
	assert_int_equal(fake_open_fds(u->f), fds);
	dmabufx_dev_unref(odd);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(export_bar_goes_around_the_msix_table, unit_ctx),
		unit_case(export_bar_with_the_msix_table_makes_one_buffer, unit_ctx),
		unit_case(export_bar_leaves_a_tail_under_a_page_out, unit_ctx),
		unit_case(export_bar_of_nothing_but_the_msix_table_returns_eacces, unit_devs),
		unit_case(export_bar_of_what_cant_be_exported_says_why, unit_ctx),
		unit_case(export_bar_makes_all_or_none, unit_ctx),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

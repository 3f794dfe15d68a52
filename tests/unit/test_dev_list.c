// SPDX-License-Identifier: GPL-2.0-or-later
/* Listing and looking up PCI functions. */
#include "unit.h"

static void list_is_sorted_and_tells_what_sysfs_shows(void **state)
{
	struct dmabufx_dev_info infos[8];
	struct unit *u = *state;

	u->vmem->is_vf = true;
	fake_text(u->f, "/sys/bus/pci/devices/" MEM "/sriov_numvfs", "2\n");
	fake_text(u->f, "/sys/bus/pci/devices/" MEM "/sriov_totalvfs", "7\n");
	assert_int_equal(dmabufx_dev_list(u->ctx, infos, 8), 3);
	assert_string_equal(infos[0].bdf, EDU);
	assert_string_equal(infos[1].bdf, MEM);
	assert_string_equal(infos[2].bdf, ODD);
	assert_string_equal(infos[1].driver, "vfio-pci");
	assert_string_equal(infos[1].cdev, "vfio1");
	assert_int_equal(infos[1].vendor, 0x1af4);
	assert_int_equal(infos[1].device, 0x1110);
	assert_int_equal(infos[1].class_code, 0xff0000);
	assert_int_equal(infos[1].iommu_group, 5);
	assert_int_equal(infos[1].group_size, 1);
	assert_int_equal(infos[1].numvfs, 2);
	assert_int_equal(infos[1].totalvfs, 7);
	assert_int_equal(infos[1].bar_len[2], 64 * MIB);
	assert_int_equal(infos[1].bar_len[3], 0);
	assert_int_equal(infos[2].bar_len[2], 0); /* I/O ports */
}

static void list_fills_no_more_than_there_is_room_for(void **state)
{
	struct dmabufx_dev_info infos[2] = { [1] = { .vendor = 77 } };
	struct unit *u = *state;

	assert_int_equal(dmabufx_dev_list(u->ctx, infos, 1), 3);
	assert_string_equal(infos[0].bdf, EDU);
	assert_int_equal(infos[1].vendor, 77);
	assert_int_equal(dmabufx_dev_list(u->ctx, NULL, 0), 3);
}

static void list_refuses_null(void **state)
{
	struct dmabufx_dev_info info;
	struct unit *u = *state;

	assert_fails(dmabufx_dev_list(NULL, &info, 1), EINVAL, NULL_ARGUMENT, "ctx");
	assert_fails(dmabufx_dev_list(u->ctx, NULL, 1), EINVAL, NULL_ARGUMENT, "ret");
}

static void list_without_a_pci_bus_returns_enodev(void **state)
{
	struct unit *u = *state;

	fake_remove(u->f, "/sys/bus/pci");
	assert_fails(dmabufx_dev_list(u->ctx, NULL, 0), ENODEV, NO_SUCH_DEVICE, "PCI bus", "/sys");
}

static void list_without_memory_returns_enomem(void **state)
{
	struct unit *u = *state;

	heap_fail_nth(1);
	assert_fails(dmabufx_dev_list(u->ctx, NULL, 0), ENOMEM, NO_MEMORY, "memory");
}

static void list_leaves_out_what_was_unplugged_meanwhile(void **state)
{
	struct unit *u = *state;

	fake_remove(u->f, "/sys/bus/pci/devices/" MEM "/vendor");
	assert_int_equal(dmabufx_dev_list(u->ctx, NULL, 0), 2);
}

/* A list that silently lacks a device would be believed. */
static void list_tells_errors_of_reading_a_function(void **state)
{
	struct unit *u = *state;

	fake_fail(u->f, (struct fake_rule){ .op = FAKE_OPEN,
					    .path = "/sys/bus/pci/devices/" MEM "/vendor",
					    .err = EMFILE });
	assert_fails(dmabufx_dev_list(u->ctx, NULL, 0), EMFILE, SYSTEM, MEM, "RLIMIT_NOFILE");
}

static void lookup_takes_an_address_with_or_without_domain(void **state)
{
	struct dmabufx_dev_info info;
	struct unit *u = *state;

	assert_int_equal(dmabufx_dev_lookup(u->ctx, MEM, &info), 0);
	assert_int_equal(info.device, 0x1110);
	assert_int_equal(dmabufx_dev_lookup(u->ctx, "00:04.0", &info), 0);
	assert_string_equal(info.bdf, EDU);
}

static void lookup_of_what_is_no_address_returns_einval(void **state)
{
	static const char *const names[] = { "",          "edu",        "0000:00:04",    "00:04.8",
					     "00:20.0",   "00:04.0 ",   "0000:00:04.0x", "00:04",
					     "/dev/null", "0000:0004.0" };
	struct dmabufx_dev_info info = { .vendor = 77 };
	struct unit *u = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_fails(dmabufx_dev_lookup(u->ctx, names[i], &info), EINVAL, BAD_ADDRESS,
			     names[i], "0000:00:04.0");
	assert_int_equal(info.vendor, 77);
}

static void lookup_of_an_absent_function_returns_enodev(void **state)
{
	struct dmabufx_dev_info info = { .vendor = 77 };
	struct unit *u = *state;

	assert_fails(dmabufx_dev_lookup(u->ctx, "00:1f.0", &info), ENODEV, NO_SUCH_DEVICE,
		     "0000:00:1f.0", "dmabufx list");
	assert_int_equal(info.vendor, 77);
}

static void lookup_refuses_null(void **state)
{
	struct dmabufx_dev_info info;
	struct unit *u = *state;

	assert_fails(dmabufx_dev_lookup(NULL, EDU, &info), EINVAL, NULL_ARGUMENT, "ctx");
	assert_fails(dmabufx_dev_lookup(u->ctx, NULL, &info), EINVAL, NULL_ARGUMENT, "bdf");
	assert_fails(dmabufx_dev_lookup(u->ctx, EDU, NULL), EINVAL, NULL_ARGUMENT, "ret");
}

static void a_function_without_driver_group_or_bars_is_told_so(void **state)
{
	struct dmabufx_dev_info info;
	struct unit *u = *state;

	fake_publish(u->f, fake_add(u->f, "0000:00:07.0", 1, 2, -1), "");
	assert_int_equal(dmabufx_dev_lookup(u->ctx, "00:07.0", &info), 0);
	assert_string_equal(info.driver, "");
	assert_string_equal(info.cdev, "");
	assert_int_equal(info.iommu_group, -1);
	assert_int_equal(info.group_size, 0);
	assert_int_equal(info.bar_len[0], 0);
}

static void resources_that_end_early_are_bars_that_are_absent(void **state)
{
	struct dmabufx_dev_info info;
	struct unit *u = *state;

	fake_text(u->f, "/sys/bus/pci/devices/" MEM "/resource", "0x1000 0x1fff 0x200\nrubbish\n");
	assert_int_equal(dmabufx_dev_lookup(u->ctx, MEM, &info), 0);
	assert_int_equal(info.bar_len[0], PAGE);
	assert_int_equal(info.bar_len[1], 0);
}

static void a_group_of_two_has_size_two(void **state)
{
	struct dmabufx_dev_info info;
	struct unit *u = *state;

	fake_publish(u->f, fake_add(u->f, "0000:00:05.1", 1, 2, 5), "");
	assert_int_equal(dmabufx_dev_lookup(u->ctx, MEM, &info), 0);
	assert_int_equal(info.group_size, 2);
}

static void garbage_in_sysfs_is_an_error_not_a_zero(void **state)
{
	struct dmabufx_dev_info info;
	struct unit *u = *state;

	fake_text(u->f, "/sys/bus/pci/devices/" MEM "/vendor", "?\n");
	assert_fails(dmabufx_dev_lookup(u->ctx, MEM, &info), EINVAL, SYSTEM, "vendor");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(list_is_sorted_and_tells_what_sysfs_shows, unit_ctx),
		unit_case(list_fills_no_more_than_there_is_room_for, unit_ctx),
		unit_case(list_refuses_null, unit_ctx),
		unit_case(list_without_a_pci_bus_returns_enodev, unit_ctx),
		unit_case(list_without_memory_returns_enomem, unit_ctx),
		unit_case(list_leaves_out_what_was_unplugged_meanwhile, unit_ctx),
		unit_case(list_tells_errors_of_reading_a_function, unit_ctx),
		unit_case(lookup_takes_an_address_with_or_without_domain, unit_ctx),
		unit_case(lookup_of_what_is_no_address_returns_einval, unit_ctx),
		unit_case(lookup_of_an_absent_function_returns_enodev, unit_ctx),
		unit_case(lookup_refuses_null, unit_ctx),
		unit_case(a_function_without_driver_group_or_bars_is_told_so, unit_ctx),
		unit_case(resources_that_end_early_are_bars_that_are_absent, unit_ctx),
		unit_case(a_group_of_two_has_size_two, unit_ctx),
		unit_case(garbage_in_sysfs_is_an_error_not_a_zero, unit_ctx),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* What is told of an open device and its BARs, and reaching BARs with the CPU. */
#include "unit.h"

#include <linux/pci_regs.h>

static struct dmabufx_dev_caps caps_of(struct dmabufx_dev *dev)
{
	struct dmabufx_dev_caps caps = { .size = sizeof(caps) };

	assert_int_equal(dmabufx_dev_get_caps(dev, &caps), 0);
	assert_int_equal(caps.size, sizeof(caps));
	return caps;
}

static void caps_tell_what_the_device_can(void **state)
{
	struct unit *u = *state;
	struct dmabufx_dev_caps caps = caps_of(u->mem);

	assert_string_equal(caps.bdf, MEM);
	assert_int_equal(caps.can_reset, 1);
	assert_int_equal(caps.can_export, 1);
	assert_int_equal(caps.memory_enabled, 1);
	assert_int_equal(caps.reset, DMABUFX_RESET_FLR | DMABUFX_RESET_BUS);
	assert_int_equal(caps.bars[2].len, 64 * MIB);
	assert_int_equal(caps.bars[2].exportable, 1);
	assert_int_equal(caps.bars[2].reason, 0);
	assert_int_equal(caps.bars[2].nareas, 1);
	assert_int_equal(caps.bars[2].areas[0].len, 64 * MIB);
	assert_int_equal(caps.bars[2].msix.len, 0);
}

static void each_bar_that_cant_be_exported_has_its_reason(void **state)
{
	struct unit *u = *state;
	struct dmabufx_dev *odd = open_dev(u, ODD);
	struct dmabufx_dev_caps caps = caps_of(odd);

	assert_int_equal(caps.bars[1].len, 0);
	assert_int_equal(caps.bars[1].reason, DMABUFX_REASON_BAR_ABSENT);
	assert_string_equal(caps.bars[1].text, "no such BAR");
	assert_int_equal(caps.bars[2].len, 0);
	assert_int_equal(caps.bars[2].reason, DMABUFX_REASON_BAR_IO);
	assert_int_equal(caps.bars[3].len, 0x100);
	assert_int_equal(caps.bars[3].exportable, 0);
	assert_int_equal(caps.bars[3].reason, DMABUFX_REASON_BAR_SUBPAGE);
	assert_non_null(strstr(caps.bars[3].text, "less than a page"));
	assert_int_equal(caps.bars[5].exportable, 1);
	dmabufx_dev_unref(odd);
}

static void msix_pages_and_mmap_areas_are_told(void **state)
{
	struct unit *u = *state;
	struct dmabufx_dev *odd = open_dev(u, ODD);
	struct dmabufx_dev_caps caps = caps_of(odd);

	assert_int_equal(caps.bars[0].msix.start, 0x2000);
	assert_int_equal(caps.bars[0].msix.len, PAGE);
	assert_int_equal(caps.bars[4].nareas, 2);
	assert_int_equal(caps.bars[4].areas[1].start, 0x10000);
	assert_int_equal(caps.bars[4].areas[1].len, PAGE);
	assert_int_equal(caps.bars[4].msix.len, 0);
	dmabufx_dev_unref(odd);
}

static struct dmabufx_dev *open_with_msix(struct unit *u, uint16_t entries, uint32_t table)
{
	uint16_t flags = (uint16_t)(entries - 1);

	memcpy(u->vodd->config + FAKE_CAP_MSIX + PCI_MSIX_FLAGS, &flags, 2);
	memcpy(u->vodd->config + FAKE_CAP_MSIX + PCI_MSIX_TABLE, &table, 4);
	return open_dev(u, ODD);
}

/* 257 entries of 16 bytes from 0x0ff0 on reach into the third page. */
static void an_msix_table_across_pages_counts_whole_pages(void **state)
{
	struct dmabufx_dev *odd = open_with_msix(*state, 257, 0xff0);
	struct dmabufx_dev_caps caps = caps_of(odd);

	assert_int_equal(caps.bars[0].msix.start, 0);
	assert_int_equal(caps.bars[0].msix.len, 2 * PAGE);
	dmabufx_dev_unref(odd);
}

/* 2048 entries, the most there are, fill the eight pages of BAR 0. */
static void a_bar_that_is_nothing_but_its_msix_table_says_so(void **state)
{
	struct dmabufx_dev *odd = open_with_msix(*state, 2048, 0);
	struct dmabufx_dev_caps caps = caps_of(odd);

	assert_true(caps.bars[0].len <= caps.bars[0].msix.len);
	assert_int_equal(caps.bars[0].exportable, 0);
	assert_int_equal(caps.bars[0].reason, DMABUFX_REASON_MSIX_OVERLAP);
	assert_non_null(strstr(caps.bars[0].text, "nothing but the MSI-X table"));
	dmabufx_dev_unref(odd);
}

static void more_areas_than_there_is_room_for_are_cut(void **state)
{
	struct unit *u = *state;
	struct dmabufx_dev *odd;

	u->vodd->bars[4].nareas = 10;
	odd = open_dev(u, ODD);
	assert_int_equal(caps_of(odd).bars[4].nareas, DMABUFX_BAR_AREAS_MAX);
	dmabufx_dev_unref(odd);
}

static void a_kernel_that_cant_export_is_told(void **state)
{
	struct unit *u = *state;
	struct dmabufx_dev_caps caps;
	struct dmabufx_dev *odd;

	u->vodd->export_err = ENOTTY;
	odd = open_dev(u, ODD);
	caps = caps_of(odd);
	assert_int_equal(caps.can_export, 0);
	assert_int_equal(caps.bars[4].exportable, 0);
	assert_int_equal(caps.bars[4].reason, DMABUFX_REASON_EXPORT_UNSUPPORTED);
	assert_non_null(strstr(caps.bars[4].text, "ENOTTY"));
	dmabufx_dev_unref(odd);
}

static void every_reset_method_of_the_kernel_has_a_kind(void **state)
{
	static const struct {
		const char *method;
		uint32_t kind;
	} table[] = {
		{ "flr\n", DMABUFX_RESET_FLR },
		{ "af_flr\n", DMABUFX_RESET_FLR },
		{ "pm\n", DMABUFX_RESET_PM },
		{ "bus\n", DMABUFX_RESET_BUS },
		{ "cxl_bus\n", DMABUFX_RESET_BUS },
		{ "acpi\n", DMABUFX_RESET_OTHER },
		{ "\n", 0 },
		{ "device_specific\n", DMABUFX_RESET_OTHER },
		{ "new_kind pm\n", DMABUFX_RESET_PM },
	};
	struct unit *u = *state;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		fake_text(u->f, "/sys/bus/pci/devices/" MEM "/reset_method", table[i].method);
		assert_int_equal(caps_of(u->mem).reset, table[i].kind);
	}
	fake_remove(u->f, "/sys/bus/pci/devices/" MEM "/reset_method");
	assert_int_equal(caps_of(u->mem).reset, 0);
}

static void get_caps_refuses_null(void **state)
{
	struct dmabufx_dev_caps caps = { .size = sizeof(caps) };
	struct unit *u = *state;

	assert_fails(dmabufx_dev_get_caps(NULL, &caps), EINVAL, NULL_ARGUMENT, "dev");
	assert_fails(dmabufx_dev_get_caps(u->mem, NULL), EINVAL, NULL_ARGUMENT, "ret");
}

static void get_caps_leaves_the_last_error_alone(void **state)
{
	struct unit *u = *state;

	forget_error();
	caps_of(u->mem);
	assert_int_equal(dmabufx_last_error()->reason, DMABUFX_REASON_NONE);
	assert_string_equal(dmabufx_last_error()->text, "untouched");
}

/* 64-bit BARs: the upper half holds address bits, whatever they look like. */
static void an_upper_half_of_a_bar_is_absent_not_io(void **state)
{
	struct unit *u = *state;
	struct dmabufx_dev *odd;

	u->vodd->config[PCI_BASE_ADDRESS_1] = 0x01;
	odd = open_dev(u, ODD);
	assert_int_equal(caps_of(odd).bars[1].reason, DMABUFX_REASON_BAR_ABSENT);
	dmabufx_dev_unref(odd);
}

static void a_device_without_capabilities_opens(void **state)
{
	struct unit *u = *state;
	struct dmabufx_dev *odd;

	u->vodd->config[PCI_STATUS] = 0;
	odd = open_dev(u, ODD);
	assert_int_equal(caps_of(odd).bars[0].msix.len, 0);
	dmabufx_dev_unref(odd);
}

static void a_chain_of_capabilities_that_loops_ends(void **state)
{
	struct unit *u = *state;
	struct dmabufx_dev *odd;

	u->vodd->config[FAKE_CAP_PCIE + 1] = FAKE_CAP_PM;
	odd = open_dev(u, ODD);
	assert_int_equal(caps_of(odd).bars[0].msix.len, 0);
	dmabufx_dev_unref(odd);
}

static void bar_map_gives_an_address_and_bar_unmap_takes_it(void **state)
{
	struct unit *u = *state;
	void *addr;

	assert_int_equal(dmabufx_dev_bar_map(u->mem, 2, PAGE, 2 * PAGE, &addr), 0);
	assert_int_equal(u->f->mmaps, 1);
	assert_int_equal(dmabufx_dev_bar_unmap(u->mem, addr, 2 * PAGE), 0);
	assert_int_equal(u->f->mmaps, 0);
	assert_int_equal(dmabufx_dev_bar_unmap(u->mem, NULL, PAGE), 0);
}

static void bar_map_refuses_what_is_no_slice_of_a_mappable_bar(void **state)
{
	struct unit *u = *state;
	void *addr = SENTINEL;

	assert_fails(dmabufx_dev_bar_map(NULL, 2, 0, PAGE, &addr), EINVAL, NULL_ARGUMENT, "dev");
	assert_fails(dmabufx_dev_bar_map(u->mem, 2, 0, PAGE, NULL), EINVAL, NULL_ARGUMENT, "ret");
	assert_fails(dmabufx_dev_bar_map(u->mem, 7, 0, PAGE, &addr), EINVAL, BAR_INDEX, "BAR 7");
	assert_fails(dmabufx_dev_bar_map(u->mem, 3, 0, PAGE, &addr), ENODEV, BAR_ABSENT, "BAR 3");
	assert_fails(dmabufx_dev_bar_map(u->mem, 2, 1, PAGE, &addr), EINVAL, OFFSET_UNALIGNED,
		     "0x1");
	assert_fails(dmabufx_dev_bar_map(u->mem, 2, 0, 9, &addr), EINVAL, LENGTH_UNALIGNED, "0x9");
	assert_fails(dmabufx_dev_bar_map(u->mem, 2, 0, 0, &addr), EINVAL, LENGTH_ZERO, "BAR 2");
	assert_fails(dmabufx_dev_bar_map(u->mem, 2, PAGE, 64 * MIB, &addr), EINVAL, PAST_END,
		     "0x4000000");
	assert_ptr_equal(addr, SENTINEL);
	assert_int_equal(u->f->mmaps, 0);
}

static void bar_map_outside_the_mmap_areas_returns_enodev(void **state)
{
	struct unit *u = *state;
	struct dmabufx_dev *odd = open_dev(u, ODD);
	void *addr = SENTINEL;

	assert_fails(dmabufx_dev_bar_map(odd, 4, 0x8000, PAGE, &addr), ENODEV, NOT_MAPPABLE,
		     "BAR 4", "0x8000", ODD);
	assert_fails(dmabufx_dev_bar_map(odd, 4, 0x7000, 2 * PAGE, &addr), ENODEV, NOT_MAPPABLE,
		     "0x7000");
	assert_ptr_equal(addr, SENTINEL);
	assert_int_equal(dmabufx_dev_bar_map(odd, 4, 0x10000, PAGE, &addr), 0);
	assert_int_equal(dmabufx_dev_bar_unmap(odd, addr, PAGE), 0);
	dmabufx_dev_unref(odd);
}

static void bar_map_and_unmap_tell_the_kernels_errors(void **state)
{
	struct unit *u = *state;
	void *addr = SENTINEL;

	fake_fail(u->f, (struct fake_rule){ .op = FAKE_MMAP, .err = ENOMEM });
	assert_fails(dmabufx_dev_bar_map(u->mem, 2, 0, PAGE, &addr), ENOMEM, NO_MEMORY, "BAR 2",
		     MEM);
	assert_ptr_equal(addr, SENTINEL);
	assert_fails(dmabufx_dev_bar_unmap(NULL, addr, PAGE), EINVAL, NULL_ARGUMENT, "dev");
	assert_fails(dmabufx_dev_bar_unmap(u->mem, (void *)0x1001, PAGE), EINVAL, SYSTEM, "0x1001");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(caps_tell_what_the_device_can, unit_devs),
		unit_case(each_bar_that_cant_be_exported_has_its_reason, unit_ctx),
		unit_case(msix_pages_and_mmap_areas_are_told, unit_ctx),
		unit_case(an_msix_table_across_pages_counts_whole_pages, unit_ctx),
		unit_case(a_bar_that_is_nothing_but_its_msix_table_says_so, unit_ctx),
		unit_case(more_areas_than_there_is_room_for_are_cut, unit_ctx),
		unit_case(a_kernel_that_cant_export_is_told, unit_ctx),
		unit_case(every_reset_method_of_the_kernel_has_a_kind, unit_devs),
		unit_case(get_caps_refuses_null, unit_devs),
		unit_case(get_caps_leaves_the_last_error_alone, unit_devs),
		unit_case(an_upper_half_of_a_bar_is_absent_not_io, unit_ctx),
		unit_case(a_device_without_capabilities_opens, unit_ctx),
		unit_case(a_chain_of_capabilities_that_loops_ends, unit_ctx),
		unit_case(bar_map_gives_an_address_and_bar_unmap_takes_it, unit_devs),
		unit_case(bar_map_refuses_what_is_no_slice_of_a_mappable_bar, unit_devs),
		unit_case(bar_map_outside_the_mmap_areas_returns_enodev, unit_ctx),
		unit_case(bar_map_and_unmap_tell_the_kernels_errors, unit_devs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

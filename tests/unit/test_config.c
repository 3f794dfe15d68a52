// SPDX-License-Identifier: GPL-2.0-or-later
/* Configuration space, and what writes to it do to mappings. */
#include "unit.h"

#include <linux/pci_regs.h>

#include "vfio/dev_priv.h"

static void write_byte(struct unit *u, uint32_t offset, uint8_t value)
{
	assert_int_equal(dmabufx_dev_config_write(u->mem, offset, &value, 1), 0);
}

static void read_gives_the_bytes_of_the_bus(void **state)
{
	struct unit *u = *state;
	uint8_t id[4];

	assert_int_equal(dmabufx_dev_config_read(u->mem, PCI_VENDOR_ID, id, sizeof(id)), 0);
	assert_memory_equal(id, "\xf4\x1a\x10\x11", 4);
}

static void write_reaches_the_device(void **state)
{
	struct unit *u = *state;

	write_byte(u, PCI_INTERRUPT_LINE, 0x5a);
	assert_int_equal(u->vmem->config[PCI_INTERRUPT_LINE], 0x5a);
	assert_state(u->map, LIVE);
	expect_no_event(u);
}

static void read_and_write_refuse_null_and_what_lies_outside(void **state)
{
	static const struct {
		uint32_t offset;
		size_t len;
	} outside[] = { { 0, 0 },   { 256, 1 },        { 253, 4 },
			{ 0, 257 }, { UINT32_MAX, 1 }, { 4, SIZE_MAX } };
	struct unit *u = *state;
	uint8_t byte = 77;

	assert_fails(dmabufx_dev_config_read(NULL, 0, &byte, 1), EINVAL, NULL_ARGUMENT, "dev");
	assert_fails(dmabufx_dev_config_read(u->mem, 0, NULL, 1), EINVAL, NULL_ARGUMENT, "buf");
	assert_fails(dmabufx_dev_config_write(NULL, 0, &byte, 1), EINVAL, NULL_ARGUMENT, "dev");
	assert_fails(dmabufx_dev_config_write(u->mem, 0, NULL, 1), EINVAL, NULL_ARGUMENT, "buf");
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		assert_fails(dmabufx_dev_config_read(u->mem, outside[i].offset, &byte,
						     outside[i].len),
			     EINVAL, CONFIG_RANGE, MEM, "0x100 bytes");
		assert_fails(dmabufx_dev_config_write(u->mem, outside[i].offset, &byte,
						      outside[i].len),
			     EINVAL, CONFIG_RANGE, MEM, "0x100 bytes");
	}
	assert_int_equal(byte, 77);
}

static void a_short_read_or_write_returns_eio(void **state)
{
	struct unit *u = *state;
	uint16_t word = 0;

	u->f->short_config = true;
	assert_fails(dmabufx_dev_config_read(u->mem, 0, &word, 2), EIO, SYSTEM, MEM, "2 bytes");
	assert_fails(dmabufx_dev_config_write(u->mem, 0, &word, 2), EIO, SYSTEM, MEM, "2 bytes");
}

static void errors_of_the_kernel_are_told(void **state)
{
	struct unit *u = *state;
	uint8_t byte;

	fake_fail(u->f, (struct fake_rule){ .op = FAKE_PREAD, .err = ENODEV });
	fake_fail(u->f, (struct fake_rule){ .op = FAKE_PWRITE, .err = ENODEV });
	assert_fails(dmabufx_dev_config_read(u->mem, 0x3c, &byte, 1), ENODEV, SYSTEM, MEM, "0x3c");
	assert_fails(dmabufx_dev_config_write(u->mem, 0x3c, &byte, 1), ENODEV, SYSTEM, MEM, "0x3c");
}

static void memory_off_makes_mappings_revoked_until_it_is_on(void **state)
{
	struct unit *u = *state;

	set_memory(u->mem, false);
	assert_int_equal(memory_enabled(u->mem), 0);
	expect_revoked(u);
	assert_fails(dmabufx_mapping_refresh(u->map), ENODEV, REVOKED, MEM, "memory is off");
	assert_state(u->map, REVOKED);
	set_memory(u->mem, true);
	assert_int_equal(memory_enabled(u->mem), 1);
	expect_back(u);
}

static void sleep_in_d3_makes_mappings_revoked_until_awake(void **state)
{
	struct unit *u = *state;

	set_power(u->mem, 3);
	assert_int_equal(memory_enabled(u->mem), 0);
	expect_revoked(u);
	set_power(u->mem, 0);
	assert_int_equal(memory_enabled(u->mem), 1);
	expect_back(u);
}

static void a_byte_write_that_turns_memory_off_counts_too(void **state)
{
	struct unit *u = *state;

	write_byte(u, PCI_COMMAND, 0);
	expect_revoked(u);
}

static void a_wide_write_across_the_command_register_counts_too(void **state)
{
	static const uint8_t zeros[8];
	struct unit *u = *state;

	assert_int_equal(dmabufx_dev_config_write(u->mem, 2, zeros, sizeof(zeros)), 0);
	expect_revoked(u);
}

static void memory_off_twice_tells_once(void **state)
{
	struct unit *u = *state;

	set_memory(u->mem, false);
	expect_revoked(u);
	set_memory(u->mem, false);
	expect_no_event(u);
}

static void a_write_that_leaves_memory_on_tells_nothing(void **state)
{
	struct unit *u = *state;

	set_memory(u->mem, true);
	expect_no_event(u);
	assert_state(u->map, LIVE);
}

/* As an error of the link does, which the library isn't told of. */
static void memory_that_somebody_turned_off_comes_back_too(void **state)
{
	struct unit *u = *state;
	uint16_t off = 0;

	assert_int_equal(u->f->sys.pwrite(&u->f->sys, dmabufx_dev_fd(u->mem), &off, sizeof(off),
					  u->mem->config.offset + PCI_COMMAND),
			 sizeof(off));
	assert_state(u->map, LIVE);
	assert_null(fake_dma(u->f, u->vedu, IOVA));
	set_memory(u->mem, true);
	expect_back(u);
}

static void memory_that_comes_on_tries_only_what_was_revoked(void **state)
{
	struct unit *u = *state;

	fake_fail_ioctl(u->f, IOMMU_IOAS_MAP_FILE, ENOMEM);
	assert_int_equal(dmabufx_dev_reset(u->mem), 1);
	assert_state(u->map, STALE);
	fake_heal(u->f);
	set_memory(u->mem, true);
	assert_state(u->map, STALE);
	assert_reason(u->map, MEMLOCK);
}

static void a_mapping_that_cant_come_back_with_the_memory_is_stale(void **state)
{
	struct unit *u = *state;

	set_memory(u->mem, false);
	expect_revoked(u);
	fake_fail_ioctl(u->f, IOMMU_IOAS_MAP_FILE, ENOMEM);
	set_memory(u->mem, true);
	fake_heal(u->f);
	assert_state(u->map, STALE);
	assert_reason(u->map, MEMLOCK);
	expect_event(u, DMABUFX_EVENT_STALE, DMABUFX_REASON_MEMLOCK, u->map);
	assert_int_equal(dmabufx_mapping_refresh(u->map), 0);
	assert_state(u->map, LIVE);
}

static void a_mapping_that_cant_be_taken_out_for_the_memory_stays_revoked(void **state)
{
	struct unit *u = *state;

	set_memory(u->mem, false);
	expect_revoked(u);
	fake_fail_ioctl(u->f, IOMMU_IOAS_UNMAP, EBUSY);
	set_memory(u->mem, true);
	fake_heal(u->f);
	assert_state(u->map, REVOKED);
	assert_reason(u->map, SYSTEM);
	expect_event(u, DMABUFX_EVENT_REVOKED, DMABUFX_REASON_SYSTEM, u->map);
	assert_null(fake_dma(u->f, u->vedu, IOVA));
	set_memory(u->mem, true);
	expect_back(u);
}

/* Memory was on all the time: STALE, which says a fault, would be wrong. */
static void a_mapping_that_never_faulted_isnt_stale(void **state)
{
	struct unit *u = *state;
	uint16_t command = PCI_COMMAND_MEMORY;

	fake_fail(u->f, (struct fake_rule){ .op = FAKE_PREAD, .err = EIO });
	assert_int_equal(dmabufx_dev_config_write(u->mem, PCI_COMMAND, &command, 2), -EIO);
	fake_heal(u->f);
	fake_fail_ioctl(u->f, IOMMU_IOAS_UNMAP, EBUSY);
	set_memory(u->mem, true);
	fake_heal(u->f);
	assert_non_null(fake_dma(u->f, u->vedu, IOVA));
	assert_state(u->map, REVOKED);
	assert_int_equal(dmabufx_mapping_refresh(u->map), 0);
	assert_state(u->map, LIVE);
}

static void other_bits_of_the_same_registers_reset_nothing(void **state)
{
	struct unit *u = *state;

	write_byte(u, FAKE_CAP_PCIE + PCI_EXP_DEVCTL, 0xff);
	write_byte(u, FAKE_CAP_PCIE + PCI_EXP_DEVCTL + 1, 0x7f);
	write_byte(u, FAKE_CAP_AF + PCI_AF_CTRL, 0xfe);
	assert_state(u->map, LIVE);
	expect_no_event(u);
}

/* The memory stays on, but the kernel revokes before it finds that out. */
static void a_virtual_functions_memory_bit_kills_mappings_and_they_come_back(void **state)
{
	struct unit *u = *state;

	u->vmem->is_vf = true;
	fake_publish(u->f, u->vmem, "vfio-pci");
	u->mem = open_dev(u, MEM);
	u->buf = export_at(u->mem, 2, 0, PAGE);
	u->map = map_fixed(u->ioas, u->buf, IOVA);
	set_memory(u->mem, false);
	assert_int_equal(memory_enabled(u->mem), 1);
	assert_int_equal(u->vmem->config[PCI_COMMAND] & PCI_COMMAND_MEMORY, 0);
	assert_state(u->map, LIVE);
	expect_event(u, DMABUFX_EVENT_REMAPPED, DMABUFX_REASON_NONE, u->map);
	expect_no_event(u);
}

static void a_light_sleep_revokes_nothing(void **state)
{
	struct unit *u = *state;

	for (unsigned int d = 1; d <= 2; d++) {
		set_power(u->mem, d);
		assert_int_equal(memory_enabled(u->mem), 1);
		assert_state(u->map, LIVE);
		expect_no_event(u);
	}
}

/* The write went through: whether memory is on can't be told, so nothing is promised. */
static void a_write_that_cant_be_read_back_makes_mappings_revoked(void **state)
{
	struct unit *u = *state;
	uint16_t command = 0;

	fake_fail(u->f, (struct fake_rule){ .op = FAKE_PREAD, .err = EIO });
	assert_fails(dmabufx_dev_config_write(u->mem, PCI_COMMAND, &command, 2), EIO, SYSTEM, MEM,
		     "command register");
	fake_heal(u->f);
	expect_revoked(u);
	set_memory(u->mem, true);
	expect_back(u);
}

/* A refresh can bring it back without the library having seen memory go on. */
static void memory_off_counts_though_it_was_taken_for_off(void **state)
{
	struct unit *u = *state;
	uint16_t command = PCI_COMMAND_MEMORY;

	fake_fail(u->f, (struct fake_rule){ .op = FAKE_PREAD, .err = EIO });
	assert_int_equal(dmabufx_dev_config_write(u->mem, PCI_COMMAND, &command, 2), -EIO);
	fake_heal(u->f);
	assert_state(u->map, REVOKED);
	expect_event(u, DMABUFX_EVENT_REVOKED, DMABUFX_REASON_REVOKED, u->map);
	assert_int_equal(dmabufx_mapping_refresh(u->map), 0);
	assert_state(u->map, LIVE);
	set_memory(u->mem, false);
	expect_revoked(u);
}

/* It fails behind the command register, which has revoked by then. */
static void a_write_that_fails_midway_counts_as_far_as_it_came(void **state)
{
	static const uint8_t zeros[8];
	struct unit *u = *state;

	u->vmem->config_end = 8;
	assert_fails(dmabufx_dev_config_write(u->mem, 2, zeros, sizeof(zeros)), EIO, SYSTEM, MEM,
		     "writing 8 bytes", "0x2");
	u->vmem->config_end = 0;
	assert_int_equal(memory_enabled(u->mem), 0);
	expect_revoked(u);
	set_memory(u->mem, true);
	expect_back(u);
}

/* The kernel revokes before it writes, and memory is as on as it was. */
static void a_write_that_fails_at_the_command_register_brings_mappings_back(void **state)
{
	struct unit *u = *state;
	uint16_t command = 0;

	fake_fail(u->f, (struct fake_rule){ .op = FAKE_PWRITE, .err = EIO });
	assert_fails(dmabufx_dev_config_write(u->mem, PCI_COMMAND, &command, 2), EIO, SYSTEM, MEM,
		     "writing 2 bytes");
	fake_heal(u->f);
	assert_int_equal(memory_enabled(u->mem), 1);
	expect_back(u);
}

static void a_write_that_fails_elsewhere_tells_nothing(void **state)
{
	struct unit *u = *state;
	uint32_t zero = 0;

	fake_fail(u->f, (struct fake_rule){ .op = FAKE_PWRITE, .err = EIO });
	assert_int_equal(dmabufx_dev_config_write(u->mem, PCI_BASE_ADDRESS_0, &zero, 4), -EIO);
	assert_state(u->map, LIVE);
	expect_no_event(u);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(read_gives_the_bytes_of_the_bus, unit_devs),
		unit_case(write_reaches_the_device, unit_mapped),
		unit_case(read_and_write_refuse_null_and_what_lies_outside, unit_devs),
		unit_case(a_short_read_or_write_returns_eio, unit_devs),
		unit_case(errors_of_the_kernel_are_told, unit_devs),
		unit_case(memory_off_makes_mappings_revoked_until_it_is_on, unit_mapped),
		unit_case(sleep_in_d3_makes_mappings_revoked_until_awake, unit_mapped),
		unit_case(a_byte_write_that_turns_memory_off_counts_too, unit_mapped),
		unit_case(a_wide_write_across_the_command_register_counts_too, unit_mapped),
		unit_case(memory_off_twice_tells_once, unit_mapped),
		unit_case(a_write_that_leaves_memory_on_tells_nothing, unit_mapped),
		unit_case(memory_that_somebody_turned_off_comes_back_too, unit_mapped),
		unit_case(memory_that_comes_on_tries_only_what_was_revoked, unit_mapped),
		unit_case(a_mapping_that_cant_come_back_with_the_memory_is_stale, unit_mapped),
		unit_case(a_mapping_that_cant_be_taken_out_for_the_memory_stays_revoked,
			  unit_mapped),
		unit_case(a_mapping_that_never_faulted_isnt_stale, unit_mapped),
		unit_case(other_bits_of_the_same_registers_reset_nothing, unit_mapped),
		unit_case(a_virtual_functions_memory_bit_kills_mappings_and_they_come_back,
			  unit_ioas),
		unit_case(a_light_sleep_revokes_nothing, unit_mapped),
		unit_case(a_write_that_cant_be_read_back_makes_mappings_revoked, unit_mapped),
		unit_case(memory_off_counts_though_it_was_taken_for_off, unit_mapped),
		unit_case(a_write_that_fails_midway_counts_as_far_as_it_came, unit_mapped),
		unit_case(a_write_that_fails_at_the_command_register_brings_mappings_back,
			  unit_mapped),
		unit_case(a_write_that_fails_elsewhere_tells_nothing, unit_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

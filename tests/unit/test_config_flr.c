// SPDX-License-Identifier: GPL-2.0-or-later
/* A function level reset by a write to configuration space. */
#include "unit.h"

#include <linux/pci_regs.h>

static void write_byte(struct unit *u, uint32_t offset, uint8_t value)
{
	assert_int_equal(dmabufx_dev_config_write(u->mem, offset, &value, 1), 0);
}

static void write_flr(struct unit *u)
{
	write_byte(u, FAKE_CAP_PCIE + PCI_EXP_DEVCTL + 1, PCI_EXP_DEVCTL_BCR_FLR >> 8);
}

static void a_written_function_level_reset_brings_mappings_back(void **state)
{
	struct unit *u = *state;

	write_flr(u);
	assert_int_equal(u->vmem->resets, 1);
	expect_back(u);
	write_byte(u, FAKE_CAP_AF + PCI_AF_CTRL, PCI_AF_CTRL_FLR);
	assert_int_equal(u->vmem->resets, 2);
	expect_back(u);
}

static void a_written_function_level_reset_waits_for_the_device(void **state)
{
	struct unit *u = *state;

	u->vmem->reset_ms = 3000;
	write_flr(u);
	assert_in_range(u->f->slept, 3000, 3200);
	expect_back(u);
}

static void a_written_function_level_reset_of_a_device_that_stays_away_is_told(void **state)
{
	const uint8_t flr = PCI_EXP_DEVCTL_BCR_FLR >> 8;
	struct unit *u = *state;

	u->vmem->reset_ms = 1000000;
	assert_fails(dmabufx_dev_config_write(u->mem, FAKE_CAP_PCIE + PCI_EXP_DEVCTL + 1, &flr, 1),
		     EIO, RESET_FAILED, MEM, "10 s");
	assert_state(u->map, STALE);
	assert_reason(u->map, RESET_FAILED);
}

/* Otherwise than a reset of the library's: who writes knows what shall be there. */
static void a_written_function_level_reset_leaves_the_command_register(void **state)
{
	struct unit *u = *state;

	u->vmem->loses_command = true;
	write_flr(u);
	assert_int_equal(u->vmem->config[PCI_COMMAND], 0);
	expect_revoked(u);
	set_memory(u->mem, true);
	expect_back(u);
}

static int order;

static int stop(struct dmabufx_dev *dev, void *user)
{
	struct unit *u = user;

	assert_ptr_equal(dev, u->mem);
	assert_int_equal(u->vmem->resets, 0);
	order = order * 10 + 1;
	return u->f->short_config ? -ECANCELED : 0;
}

static int start(struct dmabufx_dev *dev, void *user)
{
	struct unit *u = user;

	order = order * 10 + 2;
	/* From inside of a callback it is a plain write. */
	write_flr(u);
	assert_state(u->map, REVOKED);
	assert_int_equal(dmabufx_mapping_refresh(u->map), 0);
	return 0;
}

static void a_written_function_level_reset_calls_back(void **state)
{
	struct unit *u = *state;

	order = 0;
	assert_int_equal(dmabufx_dev_set_reset_cb(u->mem, stop, start, u), 0);
	write_flr(u);
	assert_int_equal(order, 12);
	assert_int_equal(u->vmem->resets, 2);
	assert_state(u->map, LIVE);
}

static void a_callback_calls_a_written_function_level_reset_off(void **state)
{
	const uint8_t flr = PCI_EXP_DEVCTL_BCR_FLR >> 8;
	struct unit *u = *state;

	order = 0;
	u->f->short_config = true;
	assert_int_equal(dmabufx_dev_set_reset_cb(u->mem, stop, start, u), 0);
	assert_fails(dmabufx_dev_config_write(u->mem, FAKE_CAP_PCIE + PCI_EXP_DEVCTL + 1, &flr, 1),
		     ECANCELED, SYSTEM, MEM, "called the reset");
	assert_int_equal(order, 1);
	assert_int_equal(u->vmem->resets, 0);
	assert_state(u->map, LIVE);
	expect_no_event(u);
}

/* One write that resets and turns memory off, and fails between the two. */
static void a_written_function_level_reset_that_fails_counts_as_far_as_it_came(void **state)
{
	struct unit *u = *state;
	uint8_t all[256] = { 0 };

	u->vmem->config_end = FAKE_CAP_PCIE + PCI_EXP_DEVCTL;
	memcpy(all, u->vmem->config, sizeof(all));
	all[PCI_COMMAND] = 0;
	all[FAKE_CAP_PCIE + PCI_EXP_DEVCTL + 1] = PCI_EXP_DEVCTL_BCR_FLR >> 8;
	assert_fails(dmabufx_dev_config_write(u->mem, 0, all, sizeof(all)), EIO, SYSTEM, MEM,
		     "writing 256 bytes");
	u->vmem->config_end = 0;
	assert_int_equal(memory_enabled(u->mem), 0);
	expect_revoked(u);
	set_memory(u->mem, true);
	expect_back(u);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(a_written_function_level_reset_brings_mappings_back, unit_mapped),
		unit_case(a_written_function_level_reset_waits_for_the_device, unit_mapped),
		unit_case(a_written_function_level_reset_of_a_device_that_stays_away_is_told,
			  unit_mapped),
		unit_case(a_written_function_level_reset_leaves_the_command_register, unit_mapped),
		unit_case(a_written_function_level_reset_calls_back, unit_mapped),
		unit_case(a_callback_calls_a_written_function_level_reset_off, unit_mapped),
		unit_case(a_written_function_level_reset_that_fails_counts_as_far_as_it_came,
			  unit_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

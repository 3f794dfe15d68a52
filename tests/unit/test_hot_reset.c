// SPDX-License-Identifier: GPL-2.0-or-later
/* Hot reset: every device of the slot in one transaction, and whose they must be. */
#include "unit.h"

#include <linux/vfio.h>
#include <string.h>

/* Both export from one slot, and both buffers are mapped. */
struct scene {
	struct dmabufx_dev *odd;
	struct dmabufx_buf *slice;
	struct dmabufx_mapping *second;
};

static struct scene set_up(struct unit *u)
{
	struct scene s = { .odd = open_dev(u, ODD) };

	s.slice = export_at(s.odd, 4, 0, PAGE);
	s.second = map_fixed(u->ioas, s.slice, 128 * MIB);
	u->vmem->slot = u->vodd->slot = 1;
	fake_clear_log(u->f);
	return s;
}

static void tear_down(struct scene *s)
{
	assert_int_equal(dmabufx_mapping_unmap(s->second), 0);
	dmabufx_buf_unref(s->slice);
	dmabufx_dev_unref(s->odd);
}

static void expect_live(struct unit *u, const struct scene *s)
{
	assert_state(u->map, LIVE);
	assert_state(s->second, LIVE);
	assert_non_null(fake_dma(u->f, u->vedu, IOVA));
	assert_non_null(fake_dma(u->f, u->vedu, 128 * MIB));
}

static void brings_the_mappings_of_all_devices_back(void **state)
{
	struct unit *u = *state;
	struct scene s = set_up(u);

	assert_int_equal(dmabufx_dev_hot_reset(u->mem), 0);
	assert_int_equal(u->vmem->resets, 1);
	assert_int_equal(u->vodd->resets, 1);
	assert_int_equal(u->vedu->resets, 0);
	expect_live(u, &s);
	expect_event(u, DMABUFX_EVENT_REMAPPED, DMABUFX_REASON_NONE, u->map);
	expect_event(u, DMABUFX_EVENT_REMAPPED, DMABUFX_REASON_NONE, s.second);
	expect_no_event(u);
	tear_down(&s);
}

static void takes_all_out_before_and_puts_all_in_after(void **state)
{
	static const unsigned long steps[] = {
		VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, IOMMU_IOAS_UNMAP,    IOMMU_IOAS_UNMAP,
		VFIO_DEVICE_PCI_HOT_RESET,          IOMMU_IOAS_MAP_FILE, IOMMU_IOAS_MAP_FILE
	};
	struct unit *u = *state;
	struct scene s = set_up(u);
	unsigned int n = 0;

	assert_int_equal(dmabufx_dev_hot_reset(s.odd), 0);
	for (unsigned int i = 0; i < u->f->nlog; i++) {
		if (u->f->log[i].op != FAKE_IOCTL)
			continue;
		assert_true(n < sizeof(steps) / sizeof(steps[0]));
		assert_int_equal(u->f->log[i].request, steps[n]);
		n++;
	}
	assert_int_equal(n, sizeof(steps) / sizeof(steps[0]));
	tear_down(&s);
}

static int order;

static int note(struct dmabufx_dev *dev, void *user)
{
	order = order * 10 + *(int *)user;
	return 0;
}

static int refuse(struct dmabufx_dev *dev, void *user)
{
	note(dev, user);
	return -ECANCELED;
}

static void a_callback_calls_it_off_for_all(void **state)
{
	struct unit *u = *state;
	struct scene s = set_up(u);
	int one = 1, two = 2;

	order = 0;
	dmabufx_dev_set_reset_cb(u->mem, note, note, &one);
	dmabufx_dev_set_reset_cb(s.odd, note, note, &two);
	assert_int_equal(dmabufx_dev_hot_reset(u->mem), 0);
	assert_int_equal(order, 1212);
	order = 0;
	dmabufx_dev_set_reset_cb(s.odd, refuse, note, &two);
	assert_fails(dmabufx_dev_hot_reset(u->mem), ECANCELED, SYSTEM, ODD, "called the reset");
	assert_int_equal(order, 121);
	assert_int_equal(u->vmem->resets, 1);
	expect_live(u, &s);
	tear_down(&s);
}

static void what_the_kernel_refuses_leaves_all_as_it_was(void **state)
{
	struct unit *u = *state;
	struct scene s = set_up(u);

	fake_fail_ioctl(u->f, VFIO_DEVICE_PCI_HOT_RESET, EAGAIN);
	assert_fails(dmabufx_dev_hot_reset(u->mem), EAGAIN, SYSTEM, MEM, "hot reset of");
	fake_heal(u->f);
	expect_live(u, &s);
	expect_no_event(u);
	fake_fail_ioctl(u->f, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, EIO);
	assert_fails(dmabufx_dev_hot_reset(u->mem), EIO, SYSTEM, MEM, "asking what");
	fake_heal(u->f);
	assert_int_equal(dmabufx_dev_hot_reset(u->mem), 0);
	tear_down(&s);
}

static void without_slot_or_bus_is_refused(void **state)
{
	struct unit *u = *state;

	assert_fails(dmabufx_dev_hot_reset(u->mem), ENOTTY, NO_RESET, MEM, "neither its slot");
	assert_fails(dmabufx_dev_hot_reset(NULL), EINVAL, NULL_ARGUMENT, "dev");
	assert_state(u->map, LIVE);
}

static void somebody_elses_function_is_named(void **state)
{
	struct unit *u = *state;
	struct dmabufx_ctx *other;
	struct dmabufx_dev *odd;

	u->vmem->slot = u->vodd->slot = 1;
	assert_fails(dmabufx_dev_hot_reset(u->mem), EBUSY, DEVICE_BUSY, MEM, ODD, "vfio-pci");
	assert_int_equal(dx_ctx_new(&u->f->sys, NULL, &other), 0);
	assert_int_equal(dmabufx_dev_open(other, ODD, NULL, &odd), 0);
	assert_fails(dmabufx_dev_hot_reset(u->mem), EBUSY, DEVICE_BUSY, MEM, ODD);
	dmabufx_dev_unref(odd);
	dmabufx_ctx_unref(other);
	assert_int_equal(u->vmem->resets, 0);
	assert_state(u->map, LIVE);
}

static void a_function_without_driver_is_nobodys(void **state)
{
	struct unit *u = *state;

	u->vmem->slot = u->vodd->slot = 1;
	u->vodd->driver[0] = '\0';
	assert_int_equal(dmabufx_dev_hot_reset(u->mem), 0);
	assert_int_equal(u->vodd->resets, 1);
	assert_state(u->map, LIVE);
}

static void more_functions_than_expected_are_asked_for_again(void **state)
{
	struct unit *u = *state;
	struct scene s = set_up(u);

	u->f->more_hits = 40;
	assert_int_equal(dmabufx_dev_hot_reset(u->mem), 0);
	assert_int_equal(fake_count(u->f, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO), 2);
	expect_live(u, &s);
	tear_down(&s);
}

static void a_device_in_another_reset_is_busy(void **state)
{
	struct unit *u = *state;
	struct scene s = set_up(u);

	assert_int_equal(dmabufx_dev_reset_begin(s.odd), 0);
	assert_fails(dmabufx_dev_hot_reset(u->mem), EBUSY, BUSY, ODD, "reset_end");
	assert_fails(dmabufx_dev_hot_reset(s.odd), EBUSY, BUSY, ODD);
	assert_int_equal(u->vmem->resets, 0);
	assert_int_equal(dmabufx_dev_reset_end(s.odd), 0);
	assert_int_equal(dmabufx_dev_hot_reset(u->mem), 0);
	expect_live(u, &s);
	tear_down(&s);
}

static int again(struct dmabufx_dev *dev, void *user)
{
	*(int *)user = dmabufx_dev_hot_reset(dev);
	return 0;
}

static void from_inside_a_callback_is_busy(void **state)
{
	struct unit *u = *state;
	int nested = 0;

	u->vmem->slot = 1;
	dmabufx_dev_set_reset_cb(u->mem, again, NULL, &nested);
	assert_int_equal(dmabufx_dev_hot_reset(u->mem), 0);
	assert_int_equal(nested, -EBUSY);
}

/* Opened by their groups, which the kernel wants to be shown, each once. */
static void groups_are_shown(void **state)
{
	DMABUFX_OPTS(dmabufx_dev_opts, legacy, .flags = DMABUFX_DEV_LEGACY);
	struct unit *u = *state;
	struct dmabufx_dev *devs[2];

	u->vmem->slot = u->vodd->slot = 1;
	assert_int_equal(dmabufx_dev_open(u->ctx, MEM, &legacy, &devs[0]), 0);
	assert_fails(dmabufx_dev_hot_reset(devs[0]), EBUSY, DEVICE_BUSY, MEM, ODD);
	assert_int_equal(dmabufx_dev_open(u->ctx, ODD, &legacy, &devs[1]), 0);
	assert_int_equal(dmabufx_dev_hot_reset(devs[0]), 0);
	assert_int_equal(dmabufx_dev_hot_reset(devs[1]), 0);
	assert_int_equal(u->vmem->resets, 2);
	assert_int_equal(u->vodd->resets, 2);
	dmabufx_dev_unref(devs[0]);
	dmabufx_dev_unref(devs[1]);
}

static void a_device_that_stays_away_does_not_take_the_other_along(void **state)
{
	struct unit *u = *state;
	struct scene s = set_up(u);

	u->vodd->reset_ms = 1000000;
	assert_fails(dmabufx_dev_hot_reset(u->mem), EIO, RESET_FAILED, ODD, "10 s");
	assert_state(u->map, LIVE);
	assert_state(s.second, STALE);
	assert_reason(s.second, RESET_FAILED);
	u->f->now += 1000000;
	assert_int_equal(dmabufx_mapping_refresh(s.second), 0);
	expect_live(u, &s);
	tear_down(&s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(brings_the_mappings_of_all_devices_back, unit_mapped),
		unit_case(takes_all_out_before_and_puts_all_in_after, unit_mapped),
		unit_case(a_callback_calls_it_off_for_all, unit_mapped),
		unit_case(what_the_kernel_refuses_leaves_all_as_it_was, unit_mapped),
		unit_case(without_slot_or_bus_is_refused, unit_mapped),
		unit_case(somebody_elses_function_is_named, unit_mapped),
		unit_case(a_function_without_driver_is_nobodys, unit_mapped),
		unit_case(more_functions_than_expected_are_asked_for_again, unit_mapped),
		unit_case(a_device_in_another_reset_is_busy, unit_mapped),
		unit_case(from_inside_a_callback_is_busy, unit_mapped),
		unit_case(groups_are_shown, unit_ioas),
		unit_case(a_device_that_stays_away_does_not_take_the_other_along, unit_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

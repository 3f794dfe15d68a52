// SPDX-License-Identifier: GPL-2.0-or-later
/* Reset as a transaction: the order of its steps, its undo, what could not come back. */
#include "unit.h"

#include <linux/pci_regs.h>

/* Mappings of mem's buffers in two address spaces and a clone; see set_up(). */
struct scene {
	struct dmabufx_ioas *second;
	struct dmabufx_ioas *clone;
	struct dmabufx_buf *slice;
	struct dmabufx_mapping *maps[4]; /* in the order of a reset */
	struct dmabufx_mapping *memory; /* of a memfd: a reset leaves it alone */
};

#define NMAPS 4

static int keep(struct dmabufx_mapping *mapping, void *user)
{
	*(struct dmabufx_mapping **)user = mapping;
	return 1;
}

/* u->buf: u->map, its copy in the clone, one in the second; then a slice's in the first. */
static struct scene set_up(struct unit *u)
{
	struct scene s = { .maps = { u->map } };
	struct dmabufx_buf *memfd = new_memfd(u, PAGE);

	assert_int_equal(dmabufx_ioas_new(u->ctx, NULL, &s.second), 0);
	assert_int_equal(dmabufx_ioas_clone(u->ioas, NULL, &s.clone), 0);
	dmabufx_ioas_for_each(s.clone, keep, &s.maps[1]);
	s.maps[2] = map_fixed(s.second, u->buf, 2 * IOVA);
	s.slice = export_at(u->mem, 2, PAGE, PAGE);
	s.maps[3] = map_fixed(u->ioas, s.slice, 128 * MIB);
	s.memory = map_fixed(u->ioas, memfd, 256 * MIB);
	dmabufx_buf_unref(memfd);
	fake_clear_log(u->f);
	return s;
}

static void tear_down(struct scene *s)
{
	assert_int_equal(dmabufx_mapping_unmap(s->memory), 0);
	assert_int_equal(dmabufx_mapping_unmap(s->maps[3]), 0);
	assert_int_equal(dmabufx_mapping_unmap(s->maps[2]), 0);
	dmabufx_buf_unref(s->slice);
	dmabufx_ioas_unref(s->clone);
	dmabufx_ioas_unref(s->second);
}

static unsigned int dead_areas(struct fake *f)
{
	unsigned int n = 0;

	for (struct fake_space *space = f->spaces; space; space = space->next) {
		for (struct fake_area *area = space->areas; area; area = area->next)
			n += area->dead;
	}
	return n;
}

static void expect_all_live(struct unit *u, const struct scene *s)
{
	for (int i = 0; i < NMAPS; i++) {
		assert_state(s->maps[i], LIVE);
		assert_reason(s->maps[i], NONE);
	}
	assert_state(s->memory, LIVE);
	assert_int_equal(fake_areas(u->f), NMAPS + 1);
	assert_int_equal(dead_areas(u->f), 0);
	assert_non_null(fake_dma(u->f, u->vedu, IOVA));
	assert_non_null(fake_dma(u->f, u->vedu, 128 * MIB));
	assert_non_null(fake_dma(u->f, u->vedu, 256 * MIB));
}

static void reset_brings_every_mapping_back_at_its_iova(void **state)
{
	struct unit *u = *state;
	struct scene s = set_up(u);

	assert_int_equal(dmabufx_dev_reset(u->mem), 0);
	assert_int_equal(u->vmem->resets, 1);
	expect_all_live(u, &s);
	for (int i = 0; i < NMAPS; i++)
		expect_event(u, DMABUFX_EVENT_REMAPPED, DMABUFX_REASON_NONE, s.maps[i]);
	expect_no_event(u);
	tear_down(&s);
}

/* All out in the order of the list, then the reset, then all in; what isn't the device's stays. */
static void reset_takes_all_out_before_and_puts_all_in_after(void **state)
{
	static const unsigned long steps[] = { IOMMU_IOAS_UNMAP,    IOMMU_IOAS_UNMAP,
					       IOMMU_IOAS_UNMAP,    IOMMU_IOAS_UNMAP,
					       VFIO_DEVICE_RESET,   IOMMU_IOAS_MAP_FILE,
					       IOMMU_IOAS_MAP_FILE, IOMMU_IOAS_MAP_FILE,
					       IOMMU_IOAS_MAP_FILE };
	struct unit *u = *state;
	struct scene s = set_up(u);
	unsigned int n = 0;

	assert_int_equal(dmabufx_dev_reset(u->mem), 0);
	for (unsigned int i = 0; i < u->f->nlog; i++) {
		const struct fake_call *call = &u->f->log[i];

		if (call->op != FAKE_IOCTL)
			continue;
		assert_true(n < sizeof(steps) / sizeof(steps[0]));
		assert_int_equal(call->request, steps[n]);
		if (call->request != VFIO_DEVICE_RESET)
			assert_int_equal(call->iova, dmabufx_mapping_iova(s.maps[n % 5]));
		n++;
	}
	assert_int_equal(n, sizeof(steps) / sizeof(steps[0]));
	tear_down(&s);
}

static void mapping_that_cant_come_back_is_stale_and_counted(void **state)
{
	struct unit *u = *state;
	struct scene s = set_up(u);

	fake_fail(u->f, (struct fake_rule){ .op = FAKE_IOCTL,
					    .request = IOMMU_IOAS_MAP_FILE,
					    .err = ENOMEM,
					    .skip = 1,
					    .times = 2 });
	assert_int_equal(dmabufx_dev_reset(u->mem), 2);
	assert_state(s.maps[0], LIVE);
	assert_state(s.maps[3], LIVE);
	expect_event(u, DMABUFX_EVENT_REMAPPED, DMABUFX_REASON_NONE, s.maps[0]);
	for (int i = 1; i <= 2; i++) {
		assert_state(s.maps[i], STALE);
		assert_reason(s.maps[i], MEMLOCK);
		expect_event(u, DMABUFX_EVENT_STALE, DMABUFX_REASON_MEMLOCK, s.maps[i]);
	}
	expect_event(u, DMABUFX_EVENT_REMAPPED, DMABUFX_REASON_NONE, s.maps[3]);
	expect_no_event(u);
	assert_int_equal(dmabufx_mapping_refresh(s.maps[1]), 0);
	assert_int_equal(dmabufx_mapping_refresh(s.maps[2]), 0);
	expect_all_live(u, &s);
	tear_down(&s);
}

static void the_next_reset_tries_what_was_stale(void **state)
{
	struct unit *u = *state;

	fake_fail(u->f, (struct fake_rule){ .op = FAKE_IOCTL,
					    .request = IOMMU_IOAS_MAP_FILE,
					    .err = ENOMEM,
					    .times = 1 });
	assert_int_equal(dmabufx_dev_reset(u->mem), 1);
	assert_state(u->map, STALE);
	assert_int_equal(dmabufx_dev_reset(u->mem), 0);
	assert_state(u->map, LIVE);
	expect_event(u, DMABUFX_EVENT_REMAPPED, DMABUFX_REASON_NONE, u->map);
	expect_no_event(u);
}

static void unmap_that_fails_amid_undoes_all_and_resets_nothing(void **state)
{
	struct unit *u = *state;
	struct scene s = set_up(u);

	for (unsigned int skip = 0; skip < NMAPS; skip++) {
		fake_fail(u->f, (struct fake_rule){ .op = FAKE_IOCTL,
						    .request = IOMMU_IOAS_UNMAP,
						    .err = EBUSY,
						    .skip = skip,
						    .times = 1 });
		assert_fails(dmabufx_dev_reset(u->mem), EBUSY, SYSTEM, "unmapping");
		fake_heal(u->f);
		assert_int_equal(u->vmem->resets, 0);
		expect_all_live(u, &s);
		expect_no_event(u);
	}
	tear_down(&s);
}

static void reset_that_the_kernel_refuses_undoes_all(void **state)
{
	struct unit *u = *state;
	struct scene s = set_up(u);

	fake_fail_ioctl(u->f, VFIO_DEVICE_RESET, EAGAIN);
	assert_fails(dmabufx_dev_reset(u->mem), EAGAIN, SYSTEM, MEM, "resetting");
	fake_heal(u->f);
	expect_all_live(u, &s);
	expect_no_event(u);
	assert_int_equal(dmabufx_dev_reset(u->mem), 0);
	tear_down(&s);
}

static void command_register_that_cant_be_read_undoes_all(void **state)
{
	struct unit *u = *state;
	struct scene s = set_up(u);

	fake_fail(u->f, (struct fake_rule){ .op = FAKE_PREAD, .err = EIO, .times = 1 });
	assert_fails(dmabufx_dev_reset(u->mem), EIO, SYSTEM, MEM, "command register");
	assert_int_equal(u->vmem->resets, 0);
	expect_all_live(u, &s);
	tear_down(&s);
}

/* Two failures: the one that undoes can't be undone itself. */
static void undo_that_fails_leaves_stale_and_tells_the_first_reason(void **state)
{
	struct unit *u = *state;

	fake_fail_ioctl(u->f, VFIO_DEVICE_RESET, EAGAIN);
	fake_fail_ioctl(u->f, IOMMU_IOAS_MAP_FILE, ENOMEM);
	assert_fails(dmabufx_dev_reset(u->mem), EAGAIN, SYSTEM, "resetting");
	fake_heal(u->f);
	assert_state(u->map, STALE);
	assert_reason(u->map, MEMLOCK);
	expect_event(u, DMABUFX_EVENT_STALE, DMABUFX_REASON_MEMLOCK, u->map);
}

static void undo_leaves_a_revoked_mapping_revoked(void **state)
{
	struct unit *u = *state;

	set_memory(u->mem, false);
	expect_event(u, DMABUFX_EVENT_REVOKED, DMABUFX_REASON_REVOKED, u->map);
	fake_fail_ioctl(u->f, VFIO_DEVICE_RESET, EAGAIN);
	assert_fails(dmabufx_dev_reset(u->mem), EAGAIN, SYSTEM, MEM);
	fake_heal(u->f);
	assert_state(u->map, REVOKED);
	expect_no_event(u);
	set_memory(u->mem, true);
	assert_state(u->map, LIVE);
}

static void device_without_reset_returns_enotty(void **state)
{
	struct unit *u = *state;
	struct dmabufx_dev *odd;

	u->vodd->no_reset = true;
	odd = open_dev(u, ODD);
	assert_fails(dmabufx_dev_reset(odd), ENOTTY, NO_RESET, ODD, "reset_method");
	assert_fails(dmabufx_dev_reset(NULL), EINVAL, NULL_ARGUMENT, "dev");
	dmabufx_dev_unref(odd);
}

static void device_that_comes_back_late_is_waited_for(void **state)
{
	struct unit *u = *state;

	u->vmem->reset_ms = 9000;
	assert_int_equal(dmabufx_dev_reset(u->mem), 0);
	assert_in_range(u->f->slept, 9000, 9200);
	assert_state(u->map, LIVE);
}

static void device_that_comes_back_at_once_is_not_waited_for(void **state)
{
	struct unit *u = *state;

	assert_int_equal(dmabufx_dev_reset(u->mem), 0);
	assert_int_equal(u->f->slept, 0);
}

static void device_that_does_not_come_back_returns_eio_and_stale(void **state)
{
	struct unit *u = *state;
	struct scene s = set_up(u);

	u->vmem->reset_ms = 1000000;
	assert_fails(dmabufx_dev_reset(u->mem), EIO, RESET_FAILED, MEM, "10 s");
	assert_in_range(u->f->slept, 10000, 10200);
	for (int i = 0; i < NMAPS; i++) {
		assert_state(s.maps[i], STALE);
		assert_reason(s.maps[i], RESET_FAILED);
		expect_event(u, DMABUFX_EVENT_STALE, DMABUFX_REASON_RESET_FAILED, s.maps[i]);
	}
	assert_int_equal(fake_areas(u->f), 1); /* the memfd's */
	u->f->now += 1000000;
	for (int i = 0; i < NMAPS; i++)
		assert_int_equal(dmabufx_mapping_refresh(s.maps[i]), 0);
	expect_all_live(u, &s);
	tear_down(&s);
}

static void command_register_is_put_back(void **state)
{
	struct unit *u = *state;
	struct dmabufx_dev_caps caps = { .size = sizeof(caps) };

	u->vmem->loses_command = true;
	assert_int_equal(dmabufx_dev_reset(u->mem), 0);
	assert_int_equal(u->vmem->config[PCI_COMMAND], PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	assert_int_equal(dmabufx_dev_get_caps(u->mem, &caps), 0);
	assert_int_equal(caps.memory_enabled, 1);
	assert_state(u->map, LIVE);
}

static void command_register_that_cant_be_put_back_is_told_and_stale(void **state)
{
	struct unit *u = *state;
	struct dmabufx_dev_caps caps = { .size = sizeof(caps) };

	u->vmem->loses_command = true;
	fake_fail(u->f, (struct fake_rule){ .op = FAKE_PWRITE, .err = ENODEV });
	assert_fails(dmabufx_dev_reset(u->mem), EIO, RESET_FAILED, MEM, "command register",
		     "ENODEV");
	fake_heal(u->f);
	assert_state(u->map, STALE);
	assert_reason(u->map, RESET_FAILED);
	assert_int_equal(dmabufx_dev_get_caps(u->mem, &caps), 0);
	assert_int_equal(caps.memory_enabled, 0);
	set_memory(u->mem, true);
	assert_int_equal(dmabufx_mapping_refresh(u->map), 0);
}

static void reset_while_memory_is_off_keeps_it_off(void **state)
{
	struct unit *u = *state;

	set_memory(u->mem, false);
	expect_event(u, DMABUFX_EVENT_REVOKED, DMABUFX_REASON_REVOKED, u->map);
	assert_int_equal(dmabufx_dev_reset(u->mem), 1);
	assert_int_equal(u->vmem->config[PCI_COMMAND] & PCI_COMMAND_MEMORY, 0);
	assert_state(u->map, REVOKED);
	assert_reason(u->map, REVOKED);
	expect_no_event(u);
	set_memory(u->mem, true);
	assert_state(u->map, LIVE);
}

static void reset_of_a_device_without_mappings_is_one_ioctl(void **state)
{
	struct unit *u = *state;

	fake_clear_log(u->f);
	assert_int_equal(dmabufx_dev_reset(u->mem), 0);
	assert_int_equal(fake_count(u->f, VFIO_DEVICE_RESET), 1);
	assert_int_equal(fake_count(u->f, IOMMU_IOAS_UNMAP), 0);
	expect_no_event(u);
}

static void reset_of_the_dma_engine_leaves_mappings_of_others_alone(void **state)
{
	struct unit *u = *state;

	assert_int_equal(dmabufx_dev_reset(u->edu), 0);
	assert_int_equal(fake_count(u->f, IOMMU_IOAS_UNMAP), 0);
	assert_non_null(fake_dma(u->f, u->vedu, IOVA));
	expect_no_event(u);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(reset_brings_every_mapping_back_at_its_iova, unit_mapped),
		unit_case(reset_takes_all_out_before_and_puts_all_in_after, unit_mapped),
		unit_case(mapping_that_cant_come_back_is_stale_and_counted, unit_mapped),
		unit_case(the_next_reset_tries_what_was_stale, unit_mapped),
		unit_case(unmap_that_fails_amid_undoes_all_and_resets_nothing, unit_mapped),
		unit_case(reset_that_the_kernel_refuses_undoes_all, unit_mapped),
		unit_case(command_register_that_cant_be_read_undoes_all, unit_mapped),
		unit_case(undo_that_fails_leaves_stale_and_tells_the_first_reason, unit_mapped),
		unit_case(undo_leaves_a_revoked_mapping_revoked, unit_mapped),
		unit_case(device_without_reset_returns_enotty, unit_ctx),
		unit_case(device_that_comes_back_late_is_waited_for, unit_mapped),
		unit_case(device_that_comes_back_at_once_is_not_waited_for, unit_mapped),
		unit_case(device_that_does_not_come_back_returns_eio_and_stale, unit_mapped),
		unit_case(command_register_is_put_back, unit_mapped),
		unit_case(command_register_that_cant_be_put_back_is_told_and_stale, unit_mapped),
		unit_case(reset_while_memory_is_off_keeps_it_off, unit_mapped),
		unit_case(reset_of_a_device_without_mappings_is_one_ioctl, unit_devs),
		unit_case(reset_of_the_dma_engine_leaves_mappings_of_others_alone, unit_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reset as a transaction on real devices: every address space, clones, callbacks, events. */
#include "dma.h"
#include "raw.h"
#include "vm.h"

#include <linux/pci_regs.h>
#include <string.h>

#define SPACES 4
#define SLICES 64

/* An engine each, with an address space of its own. */
static const char *const readers[SPACES] = { "LAB_EDU0", "LAB_EDU1", "LAB_EDU2", "LAB_NVME0" };

static struct dmabufx_dev *open_owner(struct vm *vm, const char *name)
{
	struct dmabufx_dev *owner = vm_open(vm, name, NULL);

	assert_int_equal(engine_prepare_target(owner), 0);
	return owner;
}

static void assert_live(struct dmabufx_mapping *mapping, uint64_t iova)
{
	assert_int_equal(dmabufx_mapping_state(mapping), DMABUFX_MAPPING_LIVE);
	assert_int_equal(dmabufx_mapping_reason(mapping), DMABUFX_REASON_NONE);
	assert_int_equal(dmabufx_mapping_iova(mapping), iova);
}

/* Takes all events that wait; they must be of this type. */
static int take_events(struct vm *vm, enum dmabufx_event_type type)
{
	struct dmabufx_event event;
	int n = 0;

	while (vm_works(dmabufx_ctx_next_event(vm->ctx, &event))) {
		assert_int_equal(event.type, type);
		n++;
	}
	return n;
}

static int check_one(struct dmabufx_mapping *mapping, void *user)
{
	return dmabufx_mapping_state(mapping) == DMABUFX_MAPPING_LIVE ? 0 : -EIO;
}

static void four_spaces_and_a_clone_come_back(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_dev *owner = open_owner(vm, "LAB_IVSHMEM1"), *edu = NULL;
	struct dmabufx_buf *buf = vm_export(vm, owner, 2, 0, VM_TARGET);
	uint8_t *va = vm_bar_va(vm, owner, 2, 0, VM_TARGET);
	struct dmabufx_mapping *mappings[SPACES];
	struct engine *engines[SPACES];
	struct dmabufx_ioas *ioas, *first = NULL, *clone;

	for (int i = 0; i < SPACES; i++) {
		ioas = vm_ioas(vm, VM_EDU_MAX);
		if (!i) {
			first = ioas;
			edu = vm_open(vm, readers[i], ioas);
			engines[i] = vm_engine_on(vm, readers[i], edu, ioas);
		} else {
			engines[i] = vm_engine(vm, readers[i], ioas);
		}
		mappings[i] = vm_map_at(vm, ioas, buf, VM_IOVA + (uint64_t)i * VM_MIB);
	}
	vm_works(dmabufx_ioas_clone(first, NULL, &clone));

	assert_int_equal(vm_works(dmabufx_dev_reset(owner)), 0);
	assert_int_equal(take_events(vm, DMABUFX_EVENT_REMAPPED), SPACES + 1);
	for (int i = 0; i < SPACES; i++) {
		assert_live(mappings[i], VM_IOVA + (uint64_t)i * VM_MIB);
		vm_dma_lands(engines[i], VM_IOVA + (uint64_t)i * VM_MIB, va);
	}
	/* The engine's own memory is in the clone as well, at its IOVA. */
	vm_works(dmabufx_dev_detach(edu));
	vm_works(dmabufx_dev_attach(edu, clone));
	assert_int_equal(dmabufx_ioas_for_each(clone, check_one, NULL), 0);
	vm_dma_lands(engines[0], VM_IOVA, va);
	vm_works(dmabufx_dev_detach(edu));
	vm_works(dmabufx_dev_attach(edu, first));
	dmabufx_ioas_unref(clone);
}

static void many_slices_come_back_where_they_were(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_dev *owner = open_owner(vm, "LAB_IVSHMEM1");
	struct dmabufx_ioas *ioas = vm_ioas(vm, VM_EDU_MAX);
	struct engine *edu = vm_engine(vm, "LAB_EDU0", ioas);
	struct dmabufx_mapping *mappings[SLICES];
	uint64_t iovas[SLICES];

	for (uint64_t i = 0; i < SLICES; i++) {
		mappings[i] = vm_map(vm, ioas, vm_export(vm, owner, 2, i * VM_MIB, VM_TARGET));
		iovas[i] = dmabufx_mapping_iova(mappings[i]);
	}
	assert_int_equal(vm_works(dmabufx_dev_reset(owner)), 0);
	assert_int_equal(take_events(vm, DMABUFX_EVENT_REMAPPED), SLICES);
	for (uint64_t i = 0; i < SLICES; i++)
		assert_live(mappings[i], iovas[i]);
	/* Each goes to its own slice. */
	for (uint64_t i = 0; i < SLICES; i += 21)
		vm_dma_lands(edu, iovas[i], vm_bar_va(vm, owner, 2, i * VM_MIB, VM_TARGET));
}

static void contents_and_configuration_survive_a_bus_reset(void **state)
{
	struct vm *vm = *state;
	struct vm_pair p = vm_make_pair(vm, "LAB_IVSHMEM1");
	uint8_t head[64], head_after[64], copy[VM_PAGE];

	engine_pattern(5, p.va, VM_PAGE);
	vm_works(dmabufx_dev_config_read(p.owner, 0, head, sizeof(head)));
	assert_int_equal(vm_works(dmabufx_dev_reset(p.owner)), 0);
	vm_works(dmabufx_dev_config_read(p.owner, 0, head_after, sizeof(head_after)));
	assert_memory_equal(head, head_after, sizeof(head));
	/* This device's memory outlives its reset; the edu sees it by DMA. */
	assert_int_equal(engine_read(p.edu, VM_IOVA, VM_PAGE, copy), 0);
	assert_memory_equal(copy, p.va, VM_PAGE);
	engine_pattern(5, head, sizeof(head));
	assert_memory_equal(copy, head, sizeof(head));
}

/* What the callbacks saw. */
struct witness {
	struct engine *edu;
	uint8_t *va;
	int pre;
	int post;
	int lost;
	int answer;
	int inner;
};

/* DMA still lands, so that the user can end it in good order. */
static int on_pre(struct dmabufx_dev *dev, void *user)
{
	struct witness *w = user;

	w->lost += !vm_dma_is_fine(w->edu, VM_IOVA, w->va) || w->post != w->pre;
	w->pre++;
	w->inner = dmabufx_dev_reset(dev);
	return w->answer;
}

static int on_post(struct dmabufx_dev *dev, void *user)
{
	struct witness *w = user;

	w->post++;
	w->lost += !vm_dma_is_fine(w->edu, VM_IOVA, w->va);
	return 0;
}

static void callbacks_run_while_dma_works(void **state)
{
	struct vm *vm = *state;
	struct vm_pair p = vm_make_pair(vm, "LAB_IVSHMEM1");
	struct witness w = { .edu = p.edu, .va = p.va };

	vm_works(dmabufx_dev_set_reset_cb(p.owner, on_pre, on_post, &w));
	assert_int_equal(vm_works(dmabufx_dev_reset(p.owner)), 0);
	assert_int_equal(w.pre, 1);
	assert_int_equal(w.post, 1);
	assert_int_equal(w.lost, 0);
	assert_int_equal(w.inner, -EBUSY);
	assert_int_equal(take_events(vm, DMABUFX_EVENT_REMAPPED), 1);
}

static void callback_calls_the_reset_off(void **state)
{
	struct vm *vm = *state;
	struct vm_pair p = vm_make_pair(vm, "LAB_IVSHMEM1");
	struct witness w = { .edu = p.edu, .va = p.va, .answer = -ECANCELED };

	vm_works(dmabufx_dev_set_reset_cb(p.owner, on_pre, on_post, &w));
	vm_kernel_from_now(vm);
	vm_fails(dmabufx_dev_reset(p.owner), ECANCELED, DMABUFX_REASON_SYSTEM,
		 "callback called the reset of .*01:00.0 off");
	assert_int_equal(w.pre, 1);
	assert_int_equal(w.post, 0);
	assert_int_equal(w.lost, 0);
	assert_live(p.mapping, VM_IOVA);
	assert_int_equal(take_events(vm, DMABUFX_EVENT_REMAPPED), 0);
	assert_false(vm_kernel_says(vm, "01:00.0: resetting", 0));
	vm_dma_lands(w.edu, VM_IOVA, w.va);
}

static void device_without_reset_stays_as_it_is(void **state)
{
	struct vm *vm = *state;
	struct vm_pair p = vm_make_pair(vm, "LAB_IVSHMEM0");
	struct dmabufx_dev_caps caps = { .size = sizeof(caps) };

	vm_works(dmabufx_dev_get_caps(p.owner, &caps));
	assert_int_equal(caps.can_reset, 0);
	assert_int_equal(caps.reset, 0);
	assert_int_equal(raw_reset(dmabufx_dev_fd(p.owner)), -EINVAL);
	vm_fails(dmabufx_dev_reset(p.owner), ENOTTY, DMABUFX_REASON_NO_RESET,
		 "00:06.0 can't be reset alone: .*see /sys/bus/pci/devices/0000:00:06.0/reset_method");
	assert_live(p.mapping, VM_IOVA);
	assert_int_equal(take_events(vm, DMABUFX_EVENT_REMAPPED), 0);
	vm_dma_lands(p.edu, VM_IOVA, p.va);
}

static void nvme_comes_back_from_flr(void **state)
{
	struct vm *vm = *state;
	struct vm_pair p = vm_make_pair(vm, "LAB_NVME0");
	struct dmabufx_dev_caps caps = { .size = sizeof(caps) };

	vm_works(dmabufx_dev_get_caps(p.owner, &caps));
	assert_true(caps.reset & DMABUFX_RESET_FLR);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(vm_works(dmabufx_dev_reset(p.owner)), 0);
		assert_int_equal(engine_prepare_target(p.owner), 0);
		assert_live(p.mapping, VM_IOVA);
		vm_dma_lands(p.edu, VM_IOVA, p.va);
	}
}

/* Its BAR holds registers: the edu reads one by DMA, and sees what the CPU sees. */
static void igb_registers_come_back_from_flr(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_dev *owner = open_owner(vm, "LAB_IGB0");
	struct dmabufx_ioas *ioas = vm_ioas(vm, VM_EDU_MAX);
	struct engine *edu = vm_engine(vm, "LAB_EDU0", ioas);
	uint8_t *va = vm_bar_va(vm, owner, 0, 0, VM_PAGE);
	struct dmabufx_mapping *mapping;
	uint32_t by_dma = 0, by_cpu, at = 0;

	mapping = vm_map_at(vm, ioas, vm_export(vm, owner, 0, 0, VM_PAGE), VM_IOVA);
	for (int i = 0; i < 2; i++) {
		by_cpu = *(volatile uint32_t *)(va + at);
		assert_true(by_cpu != 0 && by_cpu != UINT32_MAX);
		by_dma = 0;
		assert_int_equal(engine_read(edu, VM_IOVA + at, sizeof(by_dma), &by_dma), 0);
		assert_int_equal(by_dma, by_cpu);
		assert_int_equal(vm_works(dmabufx_dev_reset(owner)), 0);
		assert_live(mapping, VM_IOVA);
	}
}

static void memory_that_is_off_stays_so_and_mappings_come_back_with_it(void **state)
{
	struct vm *vm = *state;
	struct vm_pair p = vm_make_pair(vm, "LAB_IVSHMEM1");

	vm_set_memory(p.owner, false);
	assert_int_equal(take_events(vm, DMABUFX_EVENT_REVOKED), 1);
	/* The command register is part of what a reset gives back: memory is off again. */
	assert_int_equal(vm_works(dmabufx_dev_reset(p.owner)), 1);
	assert_int_equal(vm_config16(p.owner, PCI_COMMAND) & PCI_COMMAND_MEMORY, 0);
	assert_int_equal(dmabufx_mapping_state(p.mapping), DMABUFX_MAPPING_REVOKED);
	vm_set_memory(p.owner, true);
	assert_int_equal(take_events(vm, DMABUFX_EVENT_REMAPPED), 1);
	assert_live(p.mapping, VM_IOVA);
	vm_dma_lands(p.edu, VM_IOVA, p.va);
}

static void reset_mends_what_another_reset_killed(void **state)
{
	struct vm *vm = *state;
	struct vm_pair p = vm_make_pair(vm, "LAB_IVSHMEM1");

	assert_int_equal(raw_reset(dmabufx_dev_fd(p.owner)), 0);
	vm_dma_blocked(p.edu, VM_IOVA, p.va);
	assert_int_equal(vm_works(dmabufx_dev_reset(p.owner)), 0);
	vm_dma_lands(p.edu, VM_IOVA, p.va);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VM_TEST(four_spaces_and_a_clone_come_back),
		VM_TEST(many_slices_come_back_where_they_were),
		VM_TEST(contents_and_configuration_survive_a_bus_reset),
		VM_TEST(callbacks_run_while_dma_works),
		VM_TEST(callback_calls_the_reset_off),
		VM_TEST(device_without_reset_stays_as_it_is),
		VM_TEST(nvme_comes_back_from_flr),
		VM_TEST(igb_registers_come_back_from_flr),
		VM_TEST(memory_that_is_off_stays_so_and_mappings_come_back_with_it),
		VM_TEST(reset_mends_what_another_reset_killed),
	};

	return VM_MAIN(tests);
}

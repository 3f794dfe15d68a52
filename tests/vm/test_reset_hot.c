/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dmabufx_dev_hot_reset() on a slot of several functions, and where there is none. */
#include "dma.h"
#include "raw.h"
#include "vm.h"

#include <string.h>

#define SECOND_IOVA (VM_IOVA + VM_MIB)

/* Two exporters of one slot; an engine elsewhere reads both. */
struct slot {
	struct vm_pair first;
	struct dmabufx_dev *dev;
	struct dmabufx_mapping *mapping;
	uint8_t *va;
};

/* The slot is one group, which is viable only as a whole. */
static void bind_slot(struct vm *vm)
{
	static const char *const functions[] = { "LAB_HOT0", "LAB_HOT1", "LAB_HOT2" };

	for (int i = 0; i < 3; i++)
		vm_bind(vm, vm_bdf(functions[i]));
}

static struct slot take_slot(struct vm *vm)
{
	struct slot s;

	bind_slot(vm);
	s.first = vm_make_pair(vm, "LAB_HOT0");
	s.dev = vm_open(vm, "LAB_HOT1", NULL);
	assert_int_equal(engine_prepare_target(s.dev), 0);
	s.va = vm_bar_va(vm, s.dev, 2, 0, VM_TARGET);
	s.mapping = vm_map_at(vm, s.first.ioas, vm_export(vm, s.dev, 2, 0, VM_TARGET), SECOND_IOVA);
	vm_dma_lands(s.first.edu, SECOND_IOVA, s.va);
	return s;
}

static void assert_both_live(struct slot *s)
{
	assert_int_equal(dmabufx_mapping_state(s->first.mapping), DMABUFX_MAPPING_LIVE);
	assert_int_equal(dmabufx_mapping_state(s->mapping), DMABUFX_MAPPING_LIVE);
	vm_dma_lands(s->first.edu, VM_IOVA, s->first.va);
	assert_int_equal(engine_prepare_target(s->dev), 0);
	vm_dma_lands(s->first.edu, SECOND_IOVA, s->va);
}

static void mappings_of_both_functions_come_back(void **state)
{
	struct vm *vm = *state;
	struct slot s = take_slot(vm);

	for (int i = 0; i < 4; i++) {
		assert_int_equal(vm_works(dmabufx_dev_hot_reset(i & 1 ? s.dev : s.first.owner)), 0);
		assert_both_live(&s);
	}
}

static int refuse(struct dmabufx_dev *dev, void *user)
{
	return -ECANCELED;
}

static void a_callback_of_either_calls_it_off(void **state)
{
	struct vm *vm = *state;
	struct slot s = take_slot(vm);

	assert_int_equal(dmabufx_dev_set_reset_cb(s.dev, refuse, NULL, NULL), 0);
	vm_fails(dmabufx_dev_hot_reset(s.first.owner), ECANCELED, DMABUFX_REASON_SYSTEM,
		 "called the reset of .*03:00.1 off");
	assert_both_live(&s);
}

/* The third function is the engine, whose command register comes back with it. */
static void an_engine_on_the_slot_works_on(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_ioas *ioas = vm_ioas(vm, VM_EDU_MAX);
	struct dmabufx_dev *owner;
	struct engine *edu;
	uint8_t *va;

	bind_slot(vm);
	edu = vm_engine(vm, "LAB_HOT2", ioas);
	owner = vm_open(vm, "LAB_HOT0", NULL);
	va = vm_bar_va(vm, owner, 2, 0, VM_TARGET);
	vm_map_at(vm, ioas, vm_export(vm, owner, 2, 0, VM_TARGET), VM_IOVA);
	for (int i = 0; i < 3; i++) {
		vm_dma_lands(edu, VM_IOVA, va);
		assert_int_equal(vm_works(dmabufx_dev_hot_reset(owner)), 0);
	}
	vm_dma_lands(edu, VM_IOVA, va);
}

static void function_that_is_not_open_does_no_harm(void **state)
{
	struct vm *vm = *state;
	struct vm_pair p;

	bind_slot(vm);
	p = vm_make_pair(vm, "LAB_HOT0");
	assert_int_equal(vm_works(dmabufx_dev_hot_reset(p.owner)), 0);
	vm_dma_lands(p.edu, VM_IOVA, p.va);
}

static void devices_opened_by_their_group_come_back(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_ioas *ioas = vm_ioas(vm, VM_EDU_MAX);
	struct engine *edu = vm_engine(vm, "LAB_EDU0", ioas);
	struct dmabufx_dev *owner;
	uint8_t *va;

	bind_slot(vm);
	owner = vm_open_legacy(vm, "LAB_HOT0");
	va = vm_bar_va(vm, owner, 2, 0, VM_TARGET);
	vm_map_at(vm, ioas, vm_export(vm, owner, 2, 0, VM_TARGET), VM_IOVA);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(vm_works(dmabufx_dev_hot_reset(owner)), 0);
		vm_dma_lands(edu, VM_IOVA, va);
	}
}

static void device_on_the_root_bus_has_none(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_dev *edu = vm_open(vm, "LAB_EDU0", NULL);

	vm_fails(dmabufx_dev_hot_reset(edu), ENOTTY, DMABUFX_REASON_NO_RESET,
		 "00:04.0 has no hot reset");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VM_TEST(mappings_of_both_functions_come_back),
		VM_TEST(a_callback_of_either_calls_it_off),
		VM_TEST(an_engine_on_the_slot_works_on),
		VM_TEST(function_that_is_not_open_does_no_harm),
		VM_TEST(devices_opened_by_their_group_come_back),
		VM_TEST(device_on_the_root_bus_has_none),
	};

	return VM_MAIN(tests);
}

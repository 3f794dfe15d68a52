/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The backend for kernels without iommufd: a VFIO group in a type1 container; memory only. */
#include "dma.h"
#include "vm.h"

static void memory_is_reached_through_the_group(void **state)
{
	struct vm *vm = *state;

	assert_int_equal(dmabufx_ctx_backend(vm->ctx), DMABUFX_BACKEND_TYPE1);
	vm_memory_is_reached(vm);
}

static void a_slice_of_memory_is_its_bytes(void **state)
{
	vm_slice_is_its_bytes(*state);
}

static void memory_by_address_gets_an_iova_above_the_floor(void **state)
{
	vm_address_is_written(*state);
}

static void dma_bufs_are_refused_with_the_backend_named(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_ioas *ioas = vm_ioas(vm, 0);
	struct dmabufx_dev *owner;
	struct dmabufx_mapping *mapping;
	struct dmabufx_buf *buf;

	vm_open(vm, "LAB_EDU0", ioas);
	owner = vm_open(vm, "LAB_IVSHMEM1", ioas);
	buf = vm_export(vm, owner, 2, 0, VM_PAGE);
	vm_fails(dmabufx_ioas_map(ioas, buf, NULL, &mapping), EOPNOTSUPP, DMABUFX_REASON_BACKEND,
		 "BAR 2 of .*01:00.0: a type1 container takes no dma-bufs; run a kernel with");
	assert_int_equal(vm_count_mappings(ioas), 0);
}

/* Exporting needs no iommufd: who has one maps the buffer, and it follows no reset of ours. */
static void export_of_a_type1_device_is_a_valid_pair(void **state)
{
	struct vm *vm = *state, *peer;
	struct dmabufx_dev *owner = vm_open(vm, "LAB_IVSHMEM1", NULL);
	struct dmabufx_buf *buf = vm_export(vm, owner, 2, 0, VM_TARGET);
	uint8_t *va = vm_bar_va(vm, owner, 2, 0, VM_TARGET);
	struct dmabufx_ioas *ioas;
	struct engine *edu;
	struct dmabufx_mapping *mapping;
	void *world;

	assert_int_equal(vm_setup(&world), 0);
	peer = world;
	ioas = vm_ioas(peer, VM_EDU_MAX);
	edu = vm_engine(peer, "LAB_EDU0", ioas);
	mapping = vm_map_at(peer, ioas, vm_import(peer, dmabufx_buf_fd(buf)), VM_IOVA);
	vm_dma_lands(edu, VM_IOVA, va);
	assert_int_equal(vm_works(dmabufx_dev_reset(owner)), 0);
	vm_dma_blocked(edu, VM_IOVA, va);
	vm_works(dmabufx_mapping_refresh(mapping));
	vm_dma_lands(edu, VM_IOVA, va);
	assert_int_equal(vm_teardown(&world), 0);
}

static void attach_is_what_opening_did(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_ioas *ioas = vm_ioas(vm, 0), *other = vm_ioas(vm, 0);
	struct dmabufx_dev *dev = vm_open(vm, "LAB_EDU0", ioas);

	vm_works(dmabufx_dev_attach(dev, ioas));
	vm_fails(dmabufx_dev_attach(dev, other), EOPNOTSUPP, DMABUFX_REASON_BACKEND,
		 "00:04.0 was opened through its group.*its address space is fixed");
	vm_fails(dmabufx_dev_detach(dev), EOPNOTSUPP, DMABUFX_REASON_BACKEND,
		 "00:04.0 was opened through its group.*close it");
}

static void default_space_is_joined_without_options(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_dev *dev = vm_open(vm, "LAB_EDU0", NULL);
	struct dmabufx_ioas *ioas;

	vm_works(dmabufx_ctx_ioas(vm->ctx, &ioas));
	vm_works(dmabufx_dev_attach(dev, ioas));
	vm_map(vm, ioas, vm_memory(vm, VM_PAGE));
	assert_int_equal(vm_count_mappings(ioas), 1);
}

static void space_without_a_device_maps_nothing(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_ioas *ioas = vm_ioas(vm, 0);
	struct dmabufx_mapping *mapping;

	vm_fails(dmabufx_ioas_map(ioas, vm_memory(vm, VM_PAGE), NULL, &mapping), ENODEV,
		 DMABUFX_REASON_NOT_ATTACHED, "container has no device yet; open a device into it");
	assert_int_equal(vm_count_mappings(ioas), 0);
}

static void spaces_cant_be_cloned(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_ioas *ioas = vm_ioas(vm, 0), *clone;

	vm_open(vm, "LAB_EDU0", ioas);
	vm_fails(dmabufx_ioas_clone(ioas, NULL, &clone), EOPNOTSUPP, DMABUFX_REASON_BACKEND,
		 "type1 container can't be copied; map the buffers into a second one");
}

static void msi_window_is_reserved_here_too(void **state)
{
	DMABUFX_OPTS(dmabufx_map_opts, opts, .iova = 0xfee00000, .flags = DMABUFX_MAP_FIXED);
	struct vm *vm = *state;
	struct dmabufx_ioas *ioas = vm_ioas(vm, 0);
	struct dmabufx_mapping *mapping;

	vm_open(vm, "LAB_EDU0", ioas);
	vm_fails(dmabufx_ioas_map(ioas, vm_memory(vm, VM_PAGE), &opts, &mapping), EADDRNOTAVAIL,
		 DMABUFX_REASON_IOVA_RESERVED,
		 "at IOVA 0xfee00000 touch .*reserved by the platform");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VM_TEST_TYPE1(memory_is_reached_through_the_group),
		VM_TEST_TYPE1(a_slice_of_memory_is_its_bytes),
		VM_TEST_TYPE1(memory_by_address_gets_an_iova_above_the_floor),
		VM_TEST_TYPE1(dma_bufs_are_refused_with_the_backend_named),
		VM_TEST_TYPE1(export_of_a_type1_device_is_a_valid_pair),
		VM_TEST_TYPE1(attach_is_what_opening_did),
		VM_TEST_TYPE1(default_space_is_joined_without_options),
		VM_TEST_TYPE1(space_without_a_device_maps_nothing),
		VM_TEST_TYPE1(spaces_cant_be_cloned),
		VM_TEST_TYPE1(msi_window_is_reserved_here_too),
	};

	return VM_MAIN(tests);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ways to open a device: address, node, descriptor, group; and a virtual function. */
#include "dma.h"
#include "raw.h"
#include "vm.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void node_tells_its_address(void **state)
{
	struct dmabufx_dev_caps caps = { .size = sizeof(caps) };
	struct vm *vm = *state;
	const char *bdf = vm_bdf("LAB_IVSHMEM1");
	struct dmabufx_dev_info info;
	struct dmabufx_dev *dev;
	char path[64];

	vm_bind(vm, bdf);
	vm_works(dmabufx_dev_lookup(vm->ctx, bdf, &info));
	snprintf(path, sizeof(path), "/dev/vfio/devices/%s", info.cdev);
	vm_works(dmabufx_dev_open(vm->ctx, path, NULL, &dev));
	vm_works(dmabufx_dev_get_caps(dev, &caps));
	assert_string_equal(caps.bdf, bdf);
	assert_int_equal(caps.reset, DMABUFX_RESET_BUS);
	dmabufx_dev_unref(dev);
}

static void borrowed_descriptor_does_the_whole_job(void **state)
{
	struct vm *vm = *state;
	const char *bdf = vm_bdf("LAB_IVSHMEM1");
	struct dmabufx_ioas *ioas = vm_ioas(vm, VM_EDU_MAX);
	struct engine *edu = vm_engine(vm, "LAB_EDU0", ioas);
	struct dmabufx_dev *dev;
	uint8_t *va;
	int cdev;

	vm_bind(vm, bdf);
	cdev = raw_cdev(bdf);
	assert_true(cdev >= 0);
	vm_works(dmabufx_dev_open_fd(vm->ctx, cdev, NULL, &dev));
	/* The library has one of its own. */
	close(cdev);
	vm_keep_dev(vm, dev);
	vm_set_memory(dev, true);
	va = vm_bar_va(vm, dev, 2, 0, VM_TARGET);
	vm_map_at(vm, ioas, vm_export(vm, dev, 2, 0, VM_TARGET), VM_IOVA);
	assert_int_equal(vm_works(dmabufx_dev_reset(dev)), 0);
	vm_dma_lands(edu, VM_IOVA, va);
}

static void descriptor_bound_elsewhere_exports_and_resets(void **state)
{
	DMABUFX_OPTS(dmabufx_dev_opts, prebound, .flags = DMABUFX_DEV_PREBOUND);
	struct vm *vm = *state;
	const char *bdf = vm_bdf("LAB_IVSHMEM1");
	struct dmabufx_ioas *ioas = vm_ioas(vm, VM_EDU_MAX);
	struct engine *edu = vm_engine(vm, "LAB_EDU0", ioas);
	int iommufd = vm_fd(vm, raw_iommufd()), cdev;
	struct dmabufx_dev *dev;
	uint8_t *va;

	vm_bind(vm, bdf);
	cdev = vm_fd(vm, raw_cdev(bdf));
	assert_int_equal(raw_bind(cdev, iommufd), 0);
	vm_fails(dmabufx_dev_open_fd(vm->ctx, cdev, NULL, &dev), EINVAL, DMABUFX_REASON_DEVICE_BUSY,
		 "DMABUFX_DEV_PREBOUND");
	vm_works(dmabufx_dev_open_fd(vm->ctx, cdev, &prebound, &dev));
	vm_keep_dev(vm, dev);
	vm_set_memory(dev, true);
	vm_fails(dmabufx_dev_attach(dev, ioas), EOPNOTSUPP, DMABUFX_REASON_BACKEND,
		 "01:00.0 .*belongs to another iommufd: its address space is fixed");
	va = vm_bar_va(vm, dev, 2, 0, VM_TARGET);
	vm_map_at(vm, ioas, vm_export(vm, dev, 2, 0, VM_TARGET), VM_IOVA);
	assert_int_equal(vm_works(dmabufx_dev_reset(dev)), 0);
	vm_dma_lands(edu, VM_IOVA, va);
}

static void legacy_device_is_reset_with_its_mappings(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_ioas *ioas = vm_ioas(vm, VM_EDU_MAX);
	struct engine *edu = vm_engine(vm, "LAB_EDU0", ioas);
	struct dmabufx_dev *dev = vm_open_legacy(vm, "LAB_IVSHMEM1");
	uint8_t *va = vm_bar_va(vm, dev, 2, 0, VM_TARGET);

	vm_fails(dmabufx_dev_attach(dev, ioas), EOPNOTSUPP, DMABUFX_REASON_BACKEND,
		 "01:00.0 was opened through its group");
	vm_map_at(vm, ioas, vm_export(vm, dev, 2, 0, VM_TARGET), VM_IOVA);
	assert_int_equal(vm_works(dmabufx_dev_reset(dev)), 0);
	vm_dma_lands(edu, VM_IOVA, va);
}

static void set_vfs(int n)
{
	char path[96];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/sriov_numvfs", vm_bdf("LAB_IGB0"));
	f = fopen(path, "we");
	assert_non_null(f);
	fprintf(f, "%d", n);
	assert_int_equal(fclose(f), 0);
}

static void remove_vfs(void *vm)
{
	dmabufx_dev_unbind(((struct vm *)vm)->ctx, vm_bdf("LAB_IGB0_VF0"));
	set_vfs(0);
}

static struct dmabufx_dev *open_vf(struct vm *vm)
{
	struct dmabufx_dev *vf;

	set_vfs(1);
	vm_defer(vm, remove_vfs, vm);
	vm_works(dmabufx_dev_bind(vm->ctx, vm_bdf("LAB_IGB0_VF0"), 0));
	vm_works(dmabufx_dev_open(vm->ctx, vm_bdf("LAB_IGB0_VF0"), NULL, &vf));
	return vm_keep_dev(vm, vf);
}

/* Its registers read as 0 in QEMU: whether a DMA read is let through tells, not what it reads. */
static bool is_reached(struct vm *vm, struct engine *edu)
{
	uint32_t val;

	vm_kernel_from_now(vm);
	assert_int_equal(engine_read(edu, VM_IOVA, sizeof(val), &val), 0);
	return !vm_kernel_says(vm, "fault.* 0x1000000 ", 300);
}

static void virtual_function_exports_and_follows_its_reset(void **state)
{
	struct dmabufx_dev_caps caps = { .size = sizeof(caps) };
	struct vm *vm = *state;
	struct dmabufx_ioas *ioas = vm_ioas(vm, VM_EDU_MAX);
	struct engine *edu = vm_engine(vm, "LAB_EDU0", ioas);
	struct dmabufx_dev *vf = open_vf(vm);

	vm_works(dmabufx_dev_get_caps(vf, &caps));
	assert_int_equal(caps.memory_enabled, 1);
	assert_int_equal(caps.can_reset, 1);
	assert_true(caps.reset & DMABUFX_RESET_FLR);
	vm_map_at(vm, ioas, vm_export(vm, vf, 0, 0, VM_PAGE), VM_IOVA);
	assert_int_equal(vm_works(dmabufx_dev_reset(vf)), 0);
	assert_true(is_reached(vm, edu));
}

/*
 * A virtual function has no memory bit of its own; the kernel still takes its
 * buffers away for a moment when the bit is cleared, and their mappings are dead
 * until the library makes them new.
 */
static void clearing_a_virtual_functions_memory_bit_loses_nothing(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_ioas *ioas = vm_ioas(vm, VM_EDU_MAX);
	struct engine *edu = vm_engine(vm, "LAB_EDU0", ioas);
	struct dmabufx_dev *vf = open_vf(vm);
	struct dmabufx_mapping *mapping;

	mapping = vm_map_at(vm, ioas, vm_export(vm, vf, 0, 0, VM_PAGE), VM_IOVA);
	assert_true(is_reached(vm, edu));
	vm_set_memory(vf, false);
	assert_int_equal(dmabufx_mapping_state(mapping), DMABUFX_MAPPING_LIVE);
	assert_true(is_reached(vm, edu));
}

/* Who has the physical function decides who may have the others. */
static void virtual_function_of_one_on_vfio_wants_its_token(void **state)
{
	static const uint8_t token[DMABUFX_VF_TOKEN_LEN] = "whoever trusts u";
	static const uint8_t zeros[DMABUFX_VF_TOKEN_LEN];
	DMABUFX_OPTS(dmabufx_dev_opts, right, .vf_token = token);
	DMABUFX_OPTS(dmabufx_dev_opts, wrong, .vf_token = zeros);
	struct vm *vm = *state;
	const char *name = vm_bdf("LAB_IGB0_VF0");
	struct dmabufx_ioas *ioas = vm_ioas(vm, VM_EDU_MAX);
	struct engine *edu = vm_engine(vm, "LAB_EDU0", ioas);
	struct dmabufx_mapping *mapping;
	struct dmabufx_dev *dev;

	assert_int_equal(guest_put("/sys/module/vfio_pci/parameters/enable_sriov", "1"), 0);
	vm_bind(vm, vm_bdf("LAB_IGB0"));
	vm_works(dmabufx_dev_open(vm->ctx, vm_bdf("LAB_IGB0"), &right, &dev));
	vm_keep_dev(vm, dev);
	set_vfs(1);
	vm_defer(vm, remove_vfs, vm);
	vm_works(dmabufx_dev_bind(vm->ctx, name, 0));
	vm_fails(dmabufx_dev_open(vm->ctx, name, NULL, &dev), EACCES, DMABUFX_REASON_VF_TOKEN,
		 "refuses .* without a VF token");
	for (uint32_t legacy = 0; legacy <= DMABUFX_DEV_LEGACY; legacy += DMABUFX_DEV_LEGACY) {
		right.flags = wrong.flags = legacy;
		vm_fails(dmabufx_dev_open(vm->ctx, name, &wrong, &dev), EACCES,
			 DMABUFX_REASON_VF_TOKEN, "refuses .* with this VF token");
		vm_works(dmabufx_dev_open(vm->ctx, name, &right, &dev));
		vm_keep_dev(vm, dev);
		mapping = vm_map_at(vm, ioas, vm_export(vm, dev, 0, 0, VM_PAGE), VM_IOVA);
		assert_true(is_reached(vm, edu));
		vm_drop(vm, mapping);
		vm_drop(vm, dev);
	}
}

static void token_that_nobody_wants_is_refused(void **state)
{
	static const uint8_t token[DMABUFX_VF_TOKEN_LEN];
	DMABUFX_OPTS(dmabufx_dev_opts, opts, .vf_token = token);
	struct vm *vm = *state;
	struct dmabufx_dev *dev;

	vm_bind(vm, vm_bdf("LAB_IVSHMEM1"));
	vm_fails(dmabufx_dev_open(vm->ctx, vm_bdf("LAB_IVSHMEM1"), &opts, &dev), EINVAL,
		 DMABUFX_REASON_VF_TOKEN, "takes no VF token");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VM_TEST(node_tells_its_address),
		VM_TEST(borrowed_descriptor_does_the_whole_job),
		VM_TEST(descriptor_bound_elsewhere_exports_and_resets),
		VM_TEST(legacy_device_is_reset_with_its_mappings),
		VM_TEST(virtual_function_exports_and_follows_its_reset),
		VM_TEST(clearing_a_virtual_functions_memory_bit_loses_nothing),
		VM_TEST(virtual_function_of_one_on_vfio_wants_its_token),
		VM_TEST(token_that_nobody_wants_is_refused),
	};

	return VM_MAIN(tests);
}

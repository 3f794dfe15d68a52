/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resets that somebody else does, on real devices, with the library told before and after. */
#include "dma.h"
#include "raw.h"
#include "vm.h"

#include <linux/pci_regs.h>
#include <stdio.h>

static int raw_sysfs_reset(struct dmabufx_dev *dev)
{
	struct dmabufx_dev_caps caps = { .size = sizeof(caps) };
	char path[80];
	FILE *f;
	int ret;

	vm_works(dmabufx_dev_get_caps(dev, &caps));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", caps.bdf);
	f = fopen(path, "w");
	if (!f)
		return -errno;
	ret = fputs("1", f) < 0 ? -errno : 0;
	return fclose(f) ? -errno : ret;
}

static int by_ioctl(struct dmabufx_dev *dev)
{
	return raw_reset(dmabufx_dev_fd(dev));
}

static int by_nobody(struct dmabufx_dev *dev)
{
	return 0;
}

static void expect_events(struct vm *vm, enum dmabufx_event_type type, int want)
{
	struct dmabufx_event event;
	int n = 0;

	while (vm_works(dmabufx_ctx_next_event(vm->ctx, &event))) {
		assert_int_equal(event.type, type);
		n++;
	}
	assert_int_equal(n, want);
}

/* With no fault of the IOMMU but those that the test provokes. */
static void survive(struct vm *vm, const char *name, int (*reset)(struct dmabufx_dev *dev))
{
	struct vm_pair p = vm_make_pair(vm, name);
	struct dmabufx_mapping *none;
	struct dmabufx_ioas *clone;

	vm_works(dmabufx_ioas_clone(p.ioas, NULL, &clone));
	for (int i = 0; i < 3; i++) {
		vm_works(dmabufx_dev_reset_begin(p.owner));
		assert_int_equal(dmabufx_mapping_state(p.mapping), DMABUFX_MAPPING_REVOKED);
		expect_events(vm, DMABUFX_EVENT_REVOKED, 2);
		vm_dma_blocked(p.edu, VM_IOVA, p.va);
		vm_fails(dmabufx_ioas_map(p.ioas, p.buf, NULL, &none), ENODEV,
			 DMABUFX_REASON_REVOKED, "is revoked: somebody resets.*reset_end");
		assert_int_equal(reset(p.owner), 0);
		assert_int_equal(vm_works(dmabufx_dev_reset_end(p.owner)), 0);
		expect_events(vm, DMABUFX_EVENT_REMAPPED, 2);
		assert_int_equal(engine_prepare_target(p.owner), 0);
		assert_int_equal(dmabufx_mapping_state(p.mapping), DMABUFX_MAPPING_LIVE);
		assert_int_equal(dmabufx_mapping_iova(p.mapping), VM_IOVA);
		vm_dma_lands(p.edu, VM_IOVA, p.va);
	}
	vm_works(dmabufx_dev_detach(p.reader));
	vm_works(dmabufx_dev_attach(p.reader, clone));
	vm_dma_lands(p.edu, VM_IOVA, p.va);
	vm_works(dmabufx_dev_detach(p.reader));
	vm_works(dmabufx_dev_attach(p.reader, p.ioas));
	dmabufx_ioas_unref(clone);
}

static void bus_reset_through_the_descriptor(void **state)
{
	survive(*state, "LAB_IVSHMEM1", by_ioctl);
}

static void flr_through_the_descriptor(void **state)
{
	survive(*state, "LAB_NVME0", by_ioctl);
}

static void flr_through_sysfs(void **state)
{
	survive(*state, "LAB_NVME0", raw_sysfs_reset);
}

/* A device that VFIO can't reset, and a reset that didn't come. */
static void no_reset_at_all(void **state)
{
	survive(*state, "LAB_IVSHMEM0", by_nobody);
}

static void device_closed_in_between_is_gone(void **state)
{
	struct vm *vm = *state;
	struct vm_pair p = vm_make_pair(vm, "LAB_IVSHMEM1");

	vm_works(dmabufx_dev_reset_begin(p.owner));
	assert_int_equal(by_ioctl(p.owner), 0);
	vm_drop(vm, p.owner);
	assert_int_equal(dmabufx_mapping_state(p.mapping), DMABUFX_MAPPING_GONE);
	vm_fails(dmabufx_mapping_refresh(p.mapping), ENODEV, DMABUFX_REASON_REVOKED_FOR_GOOD,
		 "revoked for good");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VM_TEST(bus_reset_through_the_descriptor),
		VM_TEST(flr_through_the_descriptor),
		VM_TEST(flr_through_sysfs),
		VM_TEST(no_reset_at_all),
		VM_TEST(device_closed_in_between_is_gone),
	};

	return VM_MAIN(tests);
}

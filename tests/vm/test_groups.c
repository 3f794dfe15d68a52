/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Groups that VFIO refuses: one with a host driver in it, and none at all. */
#include "vm.h"

#include <stdio.h>

static void device_that_no_iommu_covers(void **state)
{
	struct vm *vm = *state;
	const char *bdf = vm_bdf("LAB_NOIOMMU0");
	struct dmabufx_dev *dev;
	struct vm_seen before;
	char text[96];

	vm_works(dmabufx_ctx_backend(vm->ctx));
	before = vm_look(vm, NULL);
	snprintf(text, sizeof(text), "%s has no IOMMU group: .*turn the IOMMU on", bdf);
	vm_fails(dmabufx_dev_open(vm->ctx, bdf, NULL, &dev), ENODEV, DMABUFX_REASON_NO_GROUP, text);
	vm_fails(dmabufx_dev_bind(vm->ctx, bdf, 0), ENODEV, DMABUFX_REASON_NO_GROUP, text);
	vm_unchanged(vm, NULL, before);
}

static void group_that_is_not_viable(void **state)
{
	DMABUFX_OPTS(dmabufx_dev_opts, legacy, .flags = DMABUFX_DEV_LEGACY);
	struct vm *vm = *state;
	const char *bdf = vm_bdf("LAB_PAIR0"), *other = vm_bdf("LAB_PAIR1");
	struct dmabufx_dev *dev;
	struct vm_seen before;
	char text[160];

	vm_works(dmabufx_ctx_backend(vm->ctx));
	vm_bind(vm, bdf);
	before = vm_look(vm, NULL);
	snprintf(text, sizeof(text),
		 "group of %s isn't viable: %s in it is bound to virtio-pci; bind that to vfio-pci",
		 bdf, other);
	vm_fails(dmabufx_dev_open(vm->ctx, bdf, NULL, &dev), EPERM, DMABUFX_REASON_NOT_VIABLE,
		 text);
	vm_fails(dmabufx_dev_open(vm->ctx, bdf, &legacy, &dev), EPERM, DMABUFX_REASON_NOT_VIABLE,
		 text);
	vm_unchanged(vm, NULL, before);
	/* The mend. */
	vm_bind(vm, other);
	vm_open(vm, "LAB_PAIR0", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VM_TEST(device_that_no_iommu_covers),
		VM_TEST(group_that_is_not_viable),
	};

	return VM_MAIN(tests);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dmabufx_probe() on a real kernel: the answers are right, and nothing is left behind. */
#include "dma.h"
#include "vm.h"

#include <stdio.h>
#include <string.h>

struct answers {
	struct dmabufx_probe_answer by_id[DMABUFX_PROBE_COUNT];
};

static struct answers ask(struct vm *vm, const char *bdf)
{
	DMABUFX_OPTS(dmabufx_probe_opts, opts, .bdf = bdf);
	struct answers a;

	assert_int_equal(dmabufx_probe(vm->ctx, &opts, a.by_id, DMABUFX_PROBE_COUNT),
			 DMABUFX_PROBE_COUNT);
	return a;
}

static void answered(const struct answers *a, enum dmabufx_probe_id id, enum dmabufx_answer answer,
		     const char *expression)
{
	const struct dmabufx_probe_answer *got = &a->by_id[id];

	if (got->id == id && got->answer == answer && vm_matches(got->text, expression))
		return;
	print_error("%s: answer %u, \"%s\", not %u, /%s/\n", dmabufx_probe_name(id), got->answer,
		    got->text, answer, expression);
	fail();
}

/* What this kernel and machine have, whatever is bound. */
static void assert_machine(const struct answers *a)
{
	answered(a, DMABUFX_PROBE_IOMMU, DMABUFX_ANSWER_YES, "[0-9]+ IOMMU groups");
	assert_true(a->by_id[DMABUFX_PROBE_IOMMU].value >= 10);
	answered(a, DMABUFX_PROBE_IOMMUFD, DMABUFX_ANSWER_YES, "/dev/iommu makes address spaces");
	answered(a, DMABUFX_PROBE_TYPE1, DMABUFX_ANSWER_YES, "type1v2");
	answered(a, DMABUFX_PROBE_VFIO_PCI, DMABUFX_ANSWER_YES, "driver is there");
	answered(a, DMABUFX_PROBE_VFIO_CDEV, DMABUFX_ANSWER_YES, "[0-9]+ device nodes");
	answered(a, DMABUFX_PROBE_MAP_FILE, DMABUFX_ANSWER_YES, "memfd was mapped");
	answered(a, DMABUFX_PROBE_UDMABUF, DMABUFX_ANSWER_YES, "opens");
	answered(a, DMABUFX_PROBE_DMA_HEAP, DMABUFX_ANSWER_YES, "first is 'system'");
	answered(a, DMABUFX_PROBE_HUGETLB, DMABUFX_ANSWER_NO, "no free pages of 2 MiB; raise");
	answered(a, DMABUFX_PROBE_NOFILE, DMABUFX_ANSWER_YES, "open descriptors");
}

static void bound_device_makes_the_main_job_possible(void **state)
{
	struct vm *vm = *state;
	const char *bdf = vm_bdf("LAB_IVSHMEM1");
	struct answers a;
	char text[96];

	vm_bind(vm, bdf);
	a = ask(vm, bdf);
	assert_machine(&a);
	answered(&a, DMABUFX_PROBE_VFIO_DEVICE, DMABUFX_ANSWER_YES, "open");
	snprintf(text, sizeof(text), "a page of BAR 2 of %s became a dma-buf", bdf);
	answered(&a, DMABUFX_PROBE_EXPORT, DMABUFX_ANSWER_YES, text);
	answered(&a, DMABUFX_PROBE_IMPORT, DMABUFX_ANSWER_YES, "iommufd mapped it");
	if (vm_maps_ranges()) {
		answered(&a, DMABUFX_PROBE_MULTI_RANGE, DMABUFX_ANSWER_YES,
			 "a dma-buf of two ranges was mapped");
		answered(&a, DMABUFX_PROBE_LINKS, DMABUFX_ANSWER_YES,
			 "'iommu' got a dma-buf over 'phys'");
	} else {
		answered(&a, DMABUFX_PROBE_MULTI_RANGE, DMABUFX_ANSWER_NO,
			 "made of 2 ranges.*export a buffer a range");
		answered(&a, DMABUFX_PROBE_LINKS, DMABUFX_ANSWER_NO,
			 "no link of 'iommu'.*dma-buf-interconnect");
	}
	answered(&a, DMABUFX_PROBE_P2P, DMABUFX_ANSWER_YES, "follow it through reset");
}

static void device_of_another_driver_is_no_device_to_try_with(void **state)
{
	struct vm *vm = *state;
	struct answers a = ask(vm, vm_bdf("LAB_NET0"));

	assert_machine(&a);
	answered(&a, DMABUFX_PROBE_VFIO_DEVICE, DMABUFX_ANSWER_NO,
		 "00:0a.0 is bound to virtio-pci, not to vfio-pci; `dmabufx bind");
	answered(&a, DMABUFX_PROBE_EXPORT, DMABUFX_ANSWER_UNKNOWN, "needs a device on vfio-pci");
	answered(&a, DMABUFX_PROBE_IMPORT, DMABUFX_ANSWER_UNKNOWN, "needs a device on vfio-pci");
	answered(&a, DMABUFX_PROBE_P2P, DMABUFX_ANSWER_NO, "^vfio-device: .*00:0a.0 is bound to");
}

/* Drivers of all functions, the processes' descriptors, the nodes of VFIO. */
static size_t fingerprint(struct vm *vm)
{
	struct dmabufx_dev_info infos[64];
	int n = vm_works(dmabufx_dev_list(vm->ctx, infos, 64));
	size_t sum = (size_t)guest_count_fds();

	for (int i = 0; i < n; i++) {
		for (const char *c = infos[i].driver; *c; c++)
			sum = sum * 31 + (size_t)*c;
		for (const char *c = infos[i].cdev; *c; c++)
			sum = sum * 31 + (size_t)*c;
	}
	return sum;
}

static void nothing_is_left_behind(void **state)
{
	struct vm *vm = *state;
	const char *bdf = vm_bdf("LAB_IVSHMEM1");
	struct dmabufx_dev *dev;
	size_t before;

	vm_bind(vm, bdf);
	before = fingerprint(vm);
	ask(vm, NULL);
	ask(vm, bdf);
	assert_int_equal(fingerprint(vm), before);
	/* Nobody holds the device, and the caller's context opened nothing. */
	assert_int_equal(guest_count_fds(), vm->nfds + 1);
	vm_works(dmabufx_dev_open(vm->ctx, bdf, NULL, &dev));
	dmabufx_dev_unref(dev);
}

static void device_in_use_is_left_alone(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_ioas *ioas = vm_ioas(vm, VM_EDU_MAX);
	struct engine *edu = vm_engine(vm, "LAB_EDU0", ioas);
	struct dmabufx_dev *owner = vm_open(vm, "LAB_IVSHMEM1", NULL);
	uint8_t *va = vm_bar_va(vm, owner, 2, 0, VM_TARGET);
	struct answers a;

	vm_map_at(vm, ioas, vm_export(vm, owner, 2, 0, VM_TARGET), VM_IOVA);
	a = ask(vm, vm_bdf("LAB_IVSHMEM1"));
	answered(&a, DMABUFX_PROBE_VFIO_DEVICE, DMABUFX_ANSWER_NO, "01:00.0 is open in another");
	vm_dma_lands(edu, VM_IOVA, va);
}

static void short_array_gets_the_first_answers(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_probe_answer first[3] = { 0 };

	assert_int_equal(dmabufx_probe(vm->ctx, NULL, first, 2), DMABUFX_PROBE_COUNT);
	assert_int_equal(first[0].id, DMABUFX_PROBE_IOMMU);
	assert_int_equal(first[1].id, DMABUFX_PROBE_IOMMUFD);
	assert_int_equal(first[2].text[0], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VM_TEST(bound_device_makes_the_main_job_possible),
		VM_TEST(device_of_another_driver_is_no_device_to_try_with),
		VM_TEST(nothing_is_left_behind),
		VM_TEST(device_in_use_is_left_alone),
		VM_TEST(short_array_gets_the_first_answers),
	};

	return VM_MAIN(tests);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bad input: one sentence with object and mend, the documented errno, and nothing changed. */
#include "vm.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define NO_SUCH_BDF "0000:00:1c.7"
#define MSI_WINDOW 0xfee00000ull

static void device_that_isnt_there(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_dev_info info;
	struct dmabufx_dev *dev;
	struct vm_seen before;
	const char *text = "there is no PCI function " NO_SUCH_BDF "; `dmabufx list` shows";

	vm_works(dmabufx_ctx_backend(vm->ctx));
	before = vm_look(vm, NULL);
	vm_fails(dmabufx_dev_open(vm->ctx, NO_SUCH_BDF, NULL, &dev), ENODEV,
		 DMABUFX_REASON_NO_SUCH_DEVICE, text);
	vm_fails(dmabufx_dev_lookup(vm->ctx, NO_SUCH_BDF, &info), ENODEV,
		 DMABUFX_REASON_NO_SUCH_DEVICE, text);
	vm_fails(dmabufx_dev_bind(vm->ctx, NO_SUCH_BDF, 0), ENODEV, DMABUFX_REASON_NO_SUCH_DEVICE,
		 text);
	vm_fails(dmabufx_dev_unbind(vm->ctx, NO_SUCH_BDF), ENODEV, DMABUFX_REASON_NO_SUCH_DEVICE,
		 text);
	vm_fails(dmabufx_dev_open(vm->ctx, "/dev/vfio/devices/vfio999", NULL, &dev), ENODEV,
		 DMABUFX_REASON_NO_SUCH_DEVICE, "/dev/vfio/devices/vfio999 isn't there; `dmabufx");
	vm_unchanged(vm, NULL, before);
}

static void name_that_is_no_address(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_dev *dev;
	struct vm_seen before;

	vm_works(dmabufx_ctx_backend(vm->ctx));
	before = vm_look(vm, NULL);
	vm_fails(dmabufx_dev_open(vm->ctx, "eth0", NULL, &dev), EINVAL, DMABUFX_REASON_BAD_ADDRESS,
		 "'eth0' is no PCI address; write it as 0000:00:04.0");
	vm_fails(dmabufx_dev_bind(vm->ctx, "0000:00:04", 0), EINVAL, DMABUFX_REASON_BAD_ADDRESS,
		 "'0000:00:04' is no PCI address; write it as");
	vm_fails(dmabufx_dev_open(vm->ctx, "/dev/null", NULL, &dev), EINVAL,
		 DMABUFX_REASON_FOREIGN_FD, "no VFIO device node; open one below /dev/vfio");
	vm_unchanged(vm, NULL, before);
}

static void device_of_another_driver(void **state)
{
	struct vm *vm = *state;
	const char *bdf = vm_bdf("LAB_NET0");
	struct dmabufx_dev *dev;
	struct vm_seen before;
	char text[96];

	vm_works(dmabufx_ctx_backend(vm->ctx));
	before = vm_look(vm, NULL);
	snprintf(text, sizeof(text),
		 "%s is bound to virtio-pci, not to vfio-pci; `dmabufx bind %s`", bdf, bdf);
	vm_fails(dmabufx_dev_open(vm->ctx, bdf, NULL, &dev), ENODEV, DMABUFX_REASON_NOT_VFIO, text);
	vm_unchanged(vm, NULL, before);
}

static void device_that_is_open_already(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_dev *dev = vm_open(vm, "LAB_EDU1", NULL), *again;
	struct vm_seen before = vm_look(vm, NULL);

	vm_fails(dmabufx_dev_open(vm->ctx, vm_bdf("LAB_EDU1"), NULL, &again), EBUSY,
		 DMABUFX_REASON_DEVICE_BUSY, "00:05.0 is open in another process.*close it there");
	vm_unchanged(vm, NULL, before);
	vm_config16(dev, 0);
}

static void bar_that_isnt_there(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_dev *dev = vm_open(vm, "LAB_IVSHMEM1", NULL);
	struct vm_seen before = vm_look(vm, NULL);
	struct dmabufx_buf *buf;
	void *va;

	vm_fails(dmabufx_dev_export(dev, 7, 0, VM_PAGE, NULL, &buf), EINVAL,
		 DMABUFX_REASON_BAR_INDEX, "BAR 7 of .*01:00.0: PCI functions have BAR 0 to 5");
	vm_fails(dmabufx_dev_bar_map(dev, 7, 0, VM_PAGE, &va), EINVAL, DMABUFX_REASON_BAR_INDEX,
		 "BAR 7 of .*01:00.0: PCI functions have BAR 0 to 5");
	vm_fails(dmabufx_dev_bar_map(dev, 4, 0, VM_PAGE, &va), ENODEV, DMABUFX_REASON_BAR_ABSENT,
		 "01:00.0 has no BAR 4; `dmabufx caps");
	vm_fails(dmabufx_dev_bar_map(dev, 2, 64 * VM_MIB, VM_PAGE, &va), EINVAL,
		 DMABUFX_REASON_PAST_END, "past the end of BAR 2 of .*01:00.0, 0x4000000 bytes");
	vm_fails(dmabufx_dev_config_read(dev, 4096, &va, 4), EINVAL, DMABUFX_REASON_CONFIG_RANGE,
		 "4 bytes at 0x1000 of .*01:00.0: its configuration space has");
	vm_unchanged(vm, NULL, before);
}

static void fixed_iova_that_cant_be(struct dmabufx_ioas *ioas, struct dmabufx_buf *buf,
				    uint64_t iova, int err, enum dmabufx_reason reason,
				    const char *text)
{
	DMABUFX_OPTS(dmabufx_map_opts, opts, .iova = iova, .flags = DMABUFX_MAP_FIXED);
	struct dmabufx_mapping *mapping;

	vm_fails(dmabufx_ioas_map(ioas, buf, &opts, &mapping), err, reason, text);
}

static void iova_that_is_reserved(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_ioas *ioas = vm_ioas(vm, 0);
	struct dmabufx_buf *buf = vm_memory(vm, VM_PAGE);
	struct vm_seen before;

	vm_open(vm, "LAB_EDU1", ioas);
	vm_works(dmabufx_ioas_reserve(ioas, 16 * VM_MIB, VM_MIB));
	before = vm_look(vm, ioas);
	fixed_iova_that_cant_be(ioas, buf, MSI_WINDOW, EADDRNOTAVAIL, DMABUFX_REASON_IOVA_RESERVED,
				"at IOVA 0xfee00000 touch .*reserved by the platform; see dmabufx");
	fixed_iova_that_cant_be(ioas, buf, 16 * VM_MIB, EADDRNOTAVAIL, DMABUFX_REASON_IOVA_RESERVED,
				"at IOVA 0x1000000 touch .*reserved by the caller; see dmabufx");
	fixed_iova_that_cant_be(ioas, buf, 0, EINVAL, DMABUFX_REASON_IOVA_ZERO,
				"IOVA 0 is never mapped.*choose another");
	fixed_iova_that_cant_be(ioas, buf, 0x1100, EINVAL, DMABUFX_REASON_IOVA_UNALIGNED,
				"IOVA 0x1100 isn't a multiple of the IOMMU's page, 0x1000");
	vm_unchanged(vm, ioas, before);
}

static void iova_beyond_the_iommu(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_ioas *ioas = vm_ioas(vm, 0);
	struct dmabufx_buf *buf = vm_memory(vm, VM_PAGE);
	struct dmabufx_iova_range ranges[16];
	struct vm_seen before;
	int n;

	vm_open(vm, "LAB_EDU1", ioas);
	n = vm_works(dmabufx_ioas_ranges(ioas, ranges, 16));
	assert_true(n >= 1 && n <= 16);
	if (ranges[n - 1].last == UINT64_MAX) {
		print_message("this IOMMU addresses all 64 bits\n");
		skip();
	}
	before = vm_look(vm, ioas);
	fixed_iova_that_cant_be(ioas, buf, ranges[n - 1].last + 1, ERANGE,
				DMABUFX_REASON_IOVA_TOO_HIGH,
				"end beyond 0x[0-9a-f]+, the last address of this IOMMU; choose");
	fixed_iova_that_cant_be(ioas, buf, UINT64_MAX - VM_PAGE + 1, ERANGE,
				DMABUFX_REASON_IOVA_TOO_HIGH, "at IOVA 0xfffffffffffff000 end");
	vm_unchanged(vm, ioas, before);
}

static void attach_to_a_space_that_uses_what_the_device_reserves(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_ioas *ioas = vm_ioas(vm, 0), *other = vm_ioas(vm, 0);
	struct dmabufx_dev *dev = vm_open(vm, "LAB_EDU1", NULL);
	struct vm_seen before;

	vm_map_at(vm, ioas, vm_memory(vm, VM_PAGE), MSI_WINDOW);
	before = vm_look(vm, ioas);
	vm_fails(dmabufx_dev_attach(dev, ioas), EADDRINUSE, DMABUFX_REASON_IOVA_RESERVED,
		 "00:05.0 reserves an IOVA range that is mapped.*attach devices before mapping");
	vm_fails(dmabufx_dev_detach(dev), ENODEV, DMABUFX_REASON_NOT_ATTACHED,
		 "00:05.0 isn't attached to an address space");
	vm_unchanged(vm, ioas, before);
	vm_works(dmabufx_dev_attach(dev, other));
	vm_fails(dmabufx_dev_attach(dev, other), EBUSY, DMABUFX_REASON_ATTACHED,
		 "00:05.0 is attached .*already; detach it first");
}

static void descriptor_that_names_no_buffer(void **state)
{
	struct vm *vm = *state;
	int null = vm_fd(vm, open("/dev/null", O_RDWR | O_CLOEXEC));
	int dir = vm_fd(vm, open("/proc", O_RDONLY | O_CLOEXEC));
	int empty = vm_fd(vm, memfd_create("empty", MFD_CLOEXEC));
	struct vm_seen before = vm_look(vm, NULL);
	struct dmabufx_dev *dev;
	struct dmabufx_buf *buf;
	char text[128];

	snprintf(text, sizeof(text), "descriptor %d is neither a dma-buf nor a memfd; pass what",
		 null);
	vm_fails(dmabufx_buf_import(vm->ctx, null, NULL, &buf), EINVAL, DMABUFX_REASON_FOREIGN_FD,
		 text);
	vm_fails(dmabufx_buf_import(vm->ctx, dir, NULL, &buf), EINVAL, DMABUFX_REASON_FOREIGN_FD,
		 "neither a dma-buf nor a memfd; pass");
	snprintf(text, sizeof(text), "descriptor %d is an empty memfd; give it a length", empty);
	vm_fails(dmabufx_buf_import(vm->ctx, empty, NULL, &buf), EINVAL, DMABUFX_REASON_LENGTH_ZERO,
		 text);
	vm_fails(dmabufx_buf_import(vm->ctx, 987, NULL, &buf), EBADF, DMABUFX_REASON_BAD_FD,
		 "descriptor 987 isn't open");
	vm_fails(dmabufx_dev_open_fd(vm->ctx, 987, NULL, &dev), EBADF, DMABUFX_REASON_BAD_FD,
		 "descriptor 987 isn't open");
	vm_works(dmabufx_ctx_backend(vm->ctx));
	before = vm_look(vm, NULL);
	vm_fails(dmabufx_dev_open_fd(vm->ctx, null, NULL, &dev), EINVAL, DMABUFX_REASON_FOREIGN_FD,
		 "no VFIO device node; open one below /dev/vfio");
	vm_unchanged(vm, NULL, before);
}

static void memory_that_isnt_mapped(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_ioas *ioas = vm_ioas(vm, 0);
	struct dmabufx_mapping *mapping;
	struct vm_seen before;
	char text[96];
	void *va;

	vm_open(vm, "LAB_EDU1", ioas);
	va = mmap(NULL, VM_PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(va, MAP_FAILED);
	munmap(va, VM_PAGE);
	before = vm_look(vm, ioas);
	snprintf(text, sizeof(text), "memory at %p, 0x1000 bytes isn't readable and writable", va);
	vm_fails(dmabufx_ioas_map_va(ioas, va, VM_PAGE, NULL, &mapping), EFAULT,
		 DMABUFX_REASON_BAD_VA, text);
	vm_unchanged(vm, ioas, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VM_TEST(device_that_isnt_there),
		VM_TEST(name_that_is_no_address),
		VM_TEST(device_of_another_driver),
		VM_TEST(device_that_is_open_already),
		VM_TEST(bar_that_isnt_there),
		VM_TEST(iova_that_is_reserved),
		VM_TEST(iova_beyond_the_iommu),
		VM_TEST(attach_to_a_space_that_uses_what_the_device_reserves),
		VM_TEST(descriptor_that_names_no_buffer),
		VM_TEST(memory_that_isnt_mapped),
	};

	return VM_MAIN(tests);
}

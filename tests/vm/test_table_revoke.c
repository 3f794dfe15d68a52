/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the kernel takes buffers away, what it keeps silent about, and how they come back. */
#include "dma.h"
#include "raw.h"
#include "vm.h"

#include <linux/dma-buf.h>
#include <linux/pci_regs.h>
#include <poll.h>
#include <sys/ioctl.h>

/* Power states as the control register has them. */
#define D0 0
#define D3HOT 3

static void memory_off_revokes_until_it_is_on_again(void **state)
{
	struct vm *vm = *state;
	struct vm_pair p = vm_make_pair(vm, "LAB_IVSHMEM1");
	struct dmabufx_mapping *second;

	vm_set_memory(p.owner, false);
	assert_int_equal(dmabufx_mapping_state(p.mapping), DMABUFX_MAPPING_REVOKED);
	assert_int_equal(dmabufx_mapping_reason(p.mapping), DMABUFX_REASON_REVOKED);
	vm_fails(dmabufx_ioas_map(p.ioas, p.buf, NULL, &second), ENODEV, DMABUFX_REASON_REVOKED,
		 "BAR 2 of .* is revoked: .*memory is off.*turn it on and refresh");
	vm_fails(dmabufx_mapping_refresh(p.mapping), ENODEV, DMABUFX_REASON_REVOKED,
		 "is revoked: .*memory is off");
	assert_int_equal(dmabufx_mapping_state(p.mapping), DMABUFX_MAPPING_REVOKED);

	vm_set_memory(p.owner, true);
	assert_int_equal(dmabufx_mapping_state(p.mapping), DMABUFX_MAPPING_LIVE);
	assert_int_equal(dmabufx_mapping_iova(p.mapping), VM_IOVA);
	vm_dma_lands(p.edu, VM_IOVA, p.va);
}

static void set_power(struct dmabufx_dev *dev, uint32_t reg, uint16_t power)
{
	uint16_t val = vm_config16(dev, reg) & (uint16_t)~PCI_PM_CTRL_STATE_MASK;

	vm_set_config16(dev, reg, val | power);
}

static void d3_revokes_until_the_device_is_awake_again(void **state)
{
	struct vm *vm = *state;
	struct vm_pair p = vm_make_pair(vm, "LAB_NVME1");
	uint32_t reg = vm_capability(p.owner, PCI_CAP_ID_PM) + PCI_PM_CTRL;
	struct dmabufx_mapping *second;

	set_power(p.owner, reg, D3HOT);
	assert_int_equal(dmabufx_mapping_state(p.mapping), DMABUFX_MAPPING_REVOKED);
	vm_fails(dmabufx_ioas_map(p.ioas, p.buf, NULL, &second), ENODEV, DMABUFX_REASON_REVOKED,
		 "BAR 2 of .* is revoked: .*sleeps in D3.*turn it on and refresh");

	set_power(p.owner, reg, D0);
	vm_set_memory(p.owner, true);
	assert_int_equal(engine_prepare_target(p.owner), 0);
	assert_int_equal(dmabufx_mapping_state(p.mapping), DMABUFX_MAPPING_LIVE);
	vm_dma_lands(p.edu, VM_IOVA, p.va);
}

static int count(struct dmabufx_dev *dev, void *user)
{
	int *calls = user;

	(*calls)++;
	return 0;
}

static void written_function_level_reset_is_one_of_the_librarys(void **state)
{
	struct vm *vm = *state;
	struct vm_pair p = vm_make_pair(vm, "LAB_NVME1");
	uint32_t reg = vm_capability(p.owner, PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL;
	int calls = 0;

	assert_int_equal(dmabufx_dev_set_reset_cb(p.owner, count, count, &calls), 0);
	for (int i = 1; i <= 3; i++) {
		vm_set_config16(p.owner, reg, vm_config16(p.owner, reg) | PCI_EXP_DEVCTL_BCR_FLR);
		assert_int_equal(calls, 2 * i);
		assert_int_equal(dmabufx_mapping_state(p.mapping), DMABUFX_MAPPING_LIVE);
		assert_int_equal(dmabufx_mapping_iova(p.mapping), VM_IOVA);
		assert_int_equal(engine_prepare_target(p.owner), 0);
		vm_dma_lands(p.edu, VM_IOVA, p.va);
	}
}

static void closed_device_revokes_for_good(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_dev *owner = vm_open(vm, "LAB_IVSHMEM1", NULL);
	struct dmabufx_ioas *ioas = vm_ioas(vm, 0);
	struct dmabufx_buf *buf = vm_export(vm, owner, 2, 0, VM_PAGE);
	struct dmabufx_mapping *mapping = vm_map(vm, ioas, buf), *second;
	struct dmabufx_event event;
	uint64_t iova = VM_IOVA;
	uint32_t raw;
	int iommufd = vm_fd(vm, raw_iommufd());

	vm_drop(vm, owner);
	assert_int_equal(raw_ioas(iommufd, &raw), 0);
	assert_int_equal(raw_map_file(iommufd, raw, dmabufx_buf_fd(buf), 0, VM_PAGE, &iova),
			 -ENODEV);
	assert_int_equal(dmabufx_mapping_state(mapping), DMABUFX_MAPPING_GONE);
	assert_int_equal(dmabufx_ctx_next_event(vm->ctx, &event), 1);
	assert_int_equal(event.type, DMABUFX_EVENT_DEV_GONE);
	assert_ptr_equal(event.mapping, mapping);
	vm_fails(dmabufx_ioas_map(ioas, buf, NULL, &second), ENODEV,
		 DMABUFX_REASON_REVOKED_FOR_GOOD,
		 "BAR 2 of .* is revoked for good.*was closed; open it and export again");
	vm_fails(dmabufx_mapping_refresh(mapping), ENODEV, DMABUFX_REASON_REVOKED_FOR_GOOD,
		 "revoked for good");
	assert_int_equal(dmabufx_mapping_state(mapping), DMABUFX_MAPPING_GONE);
}

/* What a program could ask the kernel about the buffer; all of it says: well. */
static void assert_looks_well(int fd)
{
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW };
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN | POLLOUT };

	assert_int_equal(poll(&poll_fd, 1, 0), 1);
	assert_int_equal(poll_fd.revents, POLLIN | POLLOUT);
	assert_int_equal(ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync), 0);
	sync.flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW;
	assert_int_equal(ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync), 0);
}

static void nobody_tells_of_a_reset_behind_the_library(void **state)
{
	struct vm *vm = *state;
	struct vm_pair p = vm_make_pair(vm, "LAB_IVSHMEM1");
	struct dmabufx_ioas *clone;

	assert_looks_well(dmabufx_buf_fd(p.buf));
	assert_int_equal(raw_reset(dmabufx_dev_fd(p.owner)), 0);

	assert_looks_well(dmabufx_buf_fd(p.buf));
	vm_works(dmabufx_ioas_clone(p.ioas, NULL, &clone));
	assert_int_equal(vm_count_mappings(clone), vm_count_mappings(p.ioas));
	dmabufx_ioas_unref(clone);
	assert_int_equal(dmabufx_mapping_state(p.mapping), DMABUFX_MAPPING_LIVE);

	vm_dma_faults(vm, p.edu, VM_IOVA, p.va);
	vm_works(dmabufx_mapping_refresh(p.mapping));
	assert_int_equal(dmabufx_mapping_iova(p.mapping), VM_IOVA);
	vm_dma_lands(p.edu, VM_IOVA, p.va);
}

static void attaching_anew_brings_nothing_back(void **state)
{
	struct vm *vm = *state;
	struct vm_pair p = vm_make_pair(vm, "LAB_IVSHMEM1");

	assert_int_equal(raw_reset(dmabufx_dev_fd(p.owner)), 0);
	vm_works(dmabufx_dev_detach(p.reader));
	vm_works(dmabufx_dev_attach(p.reader, p.ioas));
	vm_dma_blocked(p.edu, VM_IOVA, p.va);
	vm_works(dmabufx_mapping_refresh(p.mapping));
	vm_dma_lands(p.edu, VM_IOVA, p.va);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VM_TEST(memory_off_revokes_until_it_is_on_again),
		VM_TEST(d3_revokes_until_the_device_is_awake_again),
		VM_TEST(written_function_level_reset_is_one_of_the_librarys),
		VM_TEST(closed_device_revokes_for_good),
		VM_TEST(nobody_tells_of_a_reset_behind_the_library),
		VM_TEST(attaching_anew_brings_nothing_back),
	};

	return VM_MAIN(tests);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One memory for packets and devices: a memfd can be both, a BAR or a udmabuf can't. */
#include "dma.h"
#include "raw.h"
#include "vm.h"

#include <linux/if_xdp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#ifndef SOL_XDP
#define SOL_XDP 283
#endif

#define CHUNK 2048

static int register_umem(struct vm *vm, void *va, uint64_t len)
{
	struct xdp_umem_reg reg = {
		.addr = (uintptr_t)va, .len = len, .chunk_size = CHUNK, .headroom = 0
	};
	int fd = vm_fd(vm, socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0));

	return setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &reg, sizeof(reg)) ? -errno : 0;
}

static void bar_is_no_packet_memory(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_dev *dev = vm_open(vm, "LAB_IVSHMEM1", NULL);

	assert_int_equal(register_umem(vm, vm_bar_va(vm, dev, 2, 0, 16 * VM_PAGE), 16 * VM_PAGE),
			 -EFAULT);
}

static void udmabuf_is_no_packet_memory(void **state)
{
	struct vm *vm = *state;
	int memfd = vm_fd(vm, raw_memfd(16 * VM_PAGE));
	int fd = vm_fd(vm, raw_udmabuf(memfd, 16 * VM_PAGE));

	assert_int_equal(register_umem(vm, vm_mmap(vm, fd, 16 * VM_PAGE), 16 * VM_PAGE), -EFAULT);
}

static void one_memfd_is_packet_and_device_memory(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_ioas *ioas = vm_ioas(vm, VM_EDU_MAX);
	struct engine *edu = vm_engine(vm, "LAB_EDU0", ioas);
	struct dmabufx_buf *buf = vm_memory(vm, 16 * VM_PAGE);
	uint8_t *va = vm_mmap(vm, dmabufx_buf_fd(buf), 16 * VM_PAGE);

	assert_int_equal(register_umem(vm, va, 16 * VM_PAGE), 0);
	vm_map_at(vm, ioas, buf, VM_IOVA);
	vm_dma_lands(edu, VM_IOVA, va);
	vm_dma_lands(edu, VM_IOVA + 4 * VM_PAGE, va + 4 * VM_PAGE);
}

static void memfd_is_mapped_and_unmapped_without_an_address(void **state)
{
	vm_memory_is_reached(*state);
}

static void a_slice_of_a_memfd_is_its_bytes(void **state)
{
	vm_slice_is_its_bytes(*state);
}

static void read_only_memory_is_not_written(void **state)
{
	DMABUFX_OPTS(dmabufx_map_opts, opts, .iova = VM_IOVA, .prot = DMABUFX_PROT_READ,
		     .flags = DMABUFX_MAP_FIXED);
	struct vm *vm = *state;
	struct dmabufx_ioas *ioas = vm_ioas(vm, VM_EDU_MAX);
	struct engine *edu = vm_engine(vm, "LAB_EDU0", ioas);
	struct dmabufx_buf *buf = vm_memory(vm, VM_TARGET);
	uint8_t *va = vm_mmap(vm, dmabufx_buf_fd(buf), VM_TARGET), copy[VM_PAGE];
	struct dmabufx_mapping *mapping;

	vm_works(dmabufx_ioas_map(ioas, buf, &opts, &mapping));
	vm_dma_blocked(edu, VM_IOVA, va);
	engine_pattern(7, va, VM_PAGE);
	assert_int_equal(engine_read(edu, VM_IOVA, VM_PAGE, copy), 0);
	assert_memory_equal(copy, va, VM_PAGE);
	vm_works(dmabufx_mapping_unmap(mapping));
}

static void memory_by_address_is_written_by_the_device(void **state)
{
	vm_address_is_written(*state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VM_TEST(bar_is_no_packet_memory),
		VM_TEST(udmabuf_is_no_packet_memory),
		VM_TEST(one_memfd_is_packet_and_device_memory),
		VM_TEST(memfd_is_mapped_and_unmapped_without_an_address),
		VM_TEST(a_slice_of_a_memfd_is_its_bytes),
		VM_TEST(read_only_memory_is_not_written),
		VM_TEST(memory_by_address_is_written_by_the_device),
	};

	return VM_MAIN(tests);
}

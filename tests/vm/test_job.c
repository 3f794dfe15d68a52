/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The main job, for each pair of devices: DMA into another device's memory, through its reset. */
#include "dma.h"
#include "raw.h"
#include "vm.h"

/* A device with an engine, another one's whole BAR 2 at VM_IOVA of its address space. */
struct job {
	struct vm *vm;
	struct dmabufx_ioas *ioas;
	struct engine *engine;
	struct dmabufx_dev *owner;
	struct dmabufx_buf *buf;
	struct dmabufx_mapping *mapping;
	uint64_t len;
	uint8_t *first;
	uint8_t *last;
};

static struct job start(struct vm *vm, const char *reader, const char *owner)
{
	struct dmabufx_dev_caps caps = { .size = sizeof(caps) };
	struct job j = { .vm = vm, .ioas = vm_ioas(vm, VM_EDU_MAX) };

	j.engine = vm_engine(vm, reader, j.ioas);
	j.owner = vm_open(vm, owner, NULL);
	assert_int_equal(engine_prepare_target(j.owner), 0);
	vm_works(dmabufx_dev_get_caps(j.owner, &caps));
	assert_int_equal(caps.can_reset, 1);
	j.len = caps.bars[2].len;
	assert_true(j.len >= 2 * VM_TARGET);
	j.first = vm_bar_va(vm, j.owner, 2, 0, VM_TARGET);
	j.last = vm_bar_va(vm, j.owner, 2, j.len - VM_TARGET, VM_TARGET);
	j.buf = vm_export(vm, j.owner, 2, 0, j.len);
	j.mapping = vm_map_at(vm, j.ioas, j.buf, VM_IOVA);
	return j;
}

/* Both ends of the BAR, so that all of it was mapped. */
static void works(struct job *j)
{
	assert_int_equal(dmabufx_mapping_state(j->mapping), DMABUFX_MAPPING_LIVE);
	assert_int_equal(dmabufx_mapping_iova(j->mapping), VM_IOVA);
	assert_int_equal(dmabufx_mapping_len(j->mapping), j->len);
	vm_dma_lands(j->engine, VM_IOVA, j->first);
	vm_dma_lands(j->engine, VM_IOVA + j->len - VM_TARGET, j->last);
}

static void through_reset(struct vm *vm, const char *reader, const char *owner)
{
	struct job j = start(vm, reader, owner);

	works(&j);

	vm_drop(vm, j.mapping);
	vm_dma_faults(vm, j.engine, VM_IOVA, j.first);
	j.mapping = vm_map_at(vm, j.ioas, j.buf, VM_IOVA);
	works(&j);

	assert_int_equal(vm_works(dmabufx_dev_reset(j.owner)), 0);
	assert_int_equal(engine_prepare_target(j.owner), 0);
	works(&j);
}

static void behind_the_library(struct vm *vm, const char *reader, const char *owner)
{
	struct job j = start(vm, reader, owner);

	works(&j);
	assert_int_equal(raw_reset(dmabufx_dev_fd(j.owner)), 0);
	assert_int_equal(engine_prepare_target(j.owner), 0);
	vm_dma_faults(vm, j.engine, VM_IOVA, j.first);
	vm_works(dmabufx_mapping_refresh(j.mapping));
	works(&j);
}

static void edu_to_ivshmem_through_reset(void **state)
{
	through_reset(*state, "LAB_EDU0", "LAB_IVSHMEM1");
}

static void edu_to_nvme_cmb_through_reset(void **state)
{
	through_reset(*state, "LAB_EDU0", "LAB_NVME0");
}

static void igb_to_ivshmem_through_reset(void **state)
{
	through_reset(*state, "LAB_IGB0", "LAB_IVSHMEM1");
}

static void nvme_to_nvme_cmb_through_reset(void **state)
{
	through_reset(*state, "LAB_NVME0", "LAB_NVME1");
}

static void edu_to_ivshmem_after_a_reset_behind_the_library(void **state)
{
	behind_the_library(*state, "LAB_EDU0", "LAB_IVSHMEM1");
}

static void edu_to_nvme_cmb_after_a_reset_behind_the_library(void **state)
{
	behind_the_library(*state, "LAB_EDU0", "LAB_NVME0");
}

static void igb_to_ivshmem_after_a_reset_behind_the_library(void **state)
{
	behind_the_library(*state, "LAB_IGB0", "LAB_IVSHMEM1");
}

static void nvme_to_nvme_cmb_after_a_reset_behind_the_library(void **state)
{
	behind_the_library(*state, "LAB_NVME0", "LAB_NVME1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VM_TEST(edu_to_ivshmem_through_reset),
		VM_TEST(edu_to_nvme_cmb_through_reset),
		VM_TEST(igb_to_ivshmem_through_reset),
		VM_TEST(nvme_to_nvme_cmb_through_reset),
		VM_TEST(edu_to_ivshmem_after_a_reset_behind_the_library),
		VM_TEST(edu_to_nvme_cmb_after_a_reset_behind_the_library),
		VM_TEST(igb_to_ivshmem_after_a_reset_behind_the_library),
		VM_TEST(nvme_to_nvme_cmb_after_a_reset_behind_the_library),
	};

	return VM_MAIN(tests);
}

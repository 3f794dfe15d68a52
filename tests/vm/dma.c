/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Engines for tests, and what their DMA did to memory. */
#include "dma.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILL 0x5a

/* Kernels print at most ten faults in five seconds: one that stays unsaid is made again. */
#define FAULT_TRIES 16
#define FAULT_WAIT_MS 500

static uint32_t seed;

static void undo_engine(void *e)
{
	engine_close(e);
}

static void engine_must(int ret, const char *file, int line)
{
	if (!ret)
		return;
	print_error("engine: %d: %s\n", ret, engine_error());
	_fail(file, line);
}

struct engine *vm_engine_on(struct vm *vm, const char *name, struct dmabufx_dev *dev,
			    struct dmabufx_ioas *ioas)
{
	struct engine_opts opts = { .timeout_ms = 20000 };
	struct dmabufx_dev_info info;
	struct engine *e;

	vm_works(dmabufx_dev_lookup(vm->ctx, vm_bdf(name), &info));
	/* Only the first edu of the lab has its usual 28 bits. */
	if (info.vendor == 0x1234 && strcmp(name, "LAB_EDU0"))
		opts.max_iova = UINT64_MAX;
	engine_must(engine_open(engine_find(info.vendor, info.device, info.class_code), vm->ctx,
				dev, ioas, &opts, &e),
		    __FILE__, __LINE__);
	return vm_defer(vm, undo_engine, e);
}

struct engine *vm_engine(struct vm *vm, const char *name, struct dmabufx_ioas *ioas)
{
	return vm_engine_on(vm, name, vm_open(vm, name, ioas), ioas);
}

static uint32_t most(struct engine *e)
{
	return engine_get_limits(e)->max_len;
}

static bool same(const uint8_t *va, const uint8_t *want, size_t len, size_t at)
{
	for (size_t i = 0; i < len; i++) {
		if (va[i] == want[i])
			continue;
		print_error("byte 0x%zx is 0x%02x, not 0x%02x\n", at + i, va[i], want[i]);
		return false;
	}
	return true;
}

bool vm_dma_is_fine(struct engine *e, uint64_t iova, uint8_t *va)
{
	uint8_t copy[ENGINE_MAX_LEN], fill[VM_TARGET];
	int ret;

	memset(fill, FILL, sizeof(fill));
	memset(va, FILL, VM_TARGET);
	ret = engine_write(e, iova, most(e), ++seed, copy);
	if (ret)
		print_error("engine: %d: %s\n", ret, engine_error());
	return !ret && same(va, copy, most(e), 0) &&
	       same(va + most(e), fill, VM_TARGET - most(e), most(e));
}

void vm_check_lands(struct engine *e, uint64_t iova, uint8_t *va, const char *file, int line)
{
	if (!vm_dma_is_fine(e, iova, va))
		_fail(file, line);
}

void vm_check_blocked(struct engine *e, uint64_t iova, uint8_t *va, const char *file, int line)
{
	uint8_t copy[ENGINE_MAX_LEN], fill[VM_TARGET];
	int ret;

	memset(fill, FILL, sizeof(fill));
	memset(va, FILL, VM_TARGET);
	ret = engine_write(e, iova, most(e), ++seed, copy);
	if (ret != -EIO || !engine_get_limits(e)->tells_faults)
		engine_must(ret, file, line);
	if (!same(va, fill, VM_TARGET, 0))
		_fail(file, line);
}

/* How this IOMMU's driver tells a fault at the address. */
static const char *fault_line(uint64_t iova, char *text, size_t len)
{
	const char *form = "DMAR:.*DMA Write.*fault addr 0x%" PRIx64 " ";

	if (vm_iommu_is("virtio-iommu"))
		form = "virtio_iommu.* fault from EP [0-9]+ at 0x%" PRIx64 " ";
	else if (vm_iommu_is("amdvi"))
		form = "AMD-Vi:.*IO_PAGE_FAULT.*address=0x0*%" PRIx64 " ";
	snprintf(text, len, form, iova);
	return text;
}

void vm_check_faults(struct vm *vm, struct engine *e, uint64_t iova, uint8_t *va, const char *file,
		     int line)
{
	char expression[128];

	fault_line(iova, expression, sizeof(expression));
	for (int i = 0; i < FAULT_TRIES; i++) {
		vm_check_blocked(e, iova, va, file, line);
		if (vm_kernel_says(vm, expression, FAULT_WAIT_MS))
			return;
	}
	print_error("the kernel's log has no line /%s/\n", expression);
	_fail(file, line);
}

struct vm_pair vm_make_pair(struct vm *vm, const char *owner)
{
	struct vm_pair p = { .ioas = vm_ioas(vm, VM_EDU_MAX) };

	p.reader = vm_open(vm, "LAB_EDU0", p.ioas);
	p.edu = vm_engine_on(vm, "LAB_EDU0", p.reader, p.ioas);
	p.owner = vm_open(vm, owner, NULL);
	assert_int_equal(engine_prepare_target(p.owner), 0);
	p.buf = vm_export(vm, p.owner, 2, 0, VM_TARGET);
	p.va = vm_bar_va(vm, p.owner, 2, 0, VM_TARGET);
	p.mapping = vm_map_at(vm, p.ioas, p.buf, VM_IOVA);
	vm_dma_lands(p.edu, VM_IOVA, p.va);
	return p;
}

void vm_memory_is_reached(struct vm *vm)
{
	struct dmabufx_ioas *ioas = vm_ioas(vm, VM_EDU_MAX);
	struct engine *edu = vm_engine(vm, "LAB_EDU0", ioas);
	struct dmabufx_buf *buf = vm_memory(vm, 4 * VM_PAGE);
	/* The process has no address for it yet. */
	struct dmabufx_mapping *mapping = vm_map_at(vm, ioas, buf, VM_IOVA);
	uint8_t *va = vm_mmap(vm, dmabufx_buf_fd(buf), 4 * VM_PAGE);

	vm_dma_lands(edu, VM_IOVA, va);
	vm_dma_lands(edu, VM_IOVA + VM_TARGET, va + VM_TARGET);
	vm_drop(vm, mapping);
	vm_dma_faults(vm, edu, VM_IOVA, va);
	vm_map_at(vm, ioas, buf, VM_IOVA);
	vm_dma_lands(edu, VM_IOVA, va);
}

void vm_slice_is_its_bytes(struct vm *vm)
{
	DMABUFX_OPTS(dmabufx_map_opts, opts, .iova = VM_IOVA, .offset = 2 * VM_PAGE,
		     .length = VM_TARGET, .flags = DMABUFX_MAP_FIXED);
	struct dmabufx_ioas *ioas = vm_ioas(vm, VM_EDU_MAX);
	struct engine *edu = vm_engine(vm, "LAB_EDU0", ioas);
	struct dmabufx_buf *buf = vm_memory(vm, 8 * VM_PAGE);
	uint8_t *va = vm_mmap(vm, dmabufx_buf_fd(buf), 8 * VM_PAGE);
	struct dmabufx_mapping *mapping;

	vm_works(dmabufx_ioas_map(ioas, buf, &opts, &mapping));
	assert_int_equal(dmabufx_mapping_len(mapping), VM_TARGET);
	vm_dma_lands(edu, VM_IOVA, va + 2 * VM_PAGE);
	/* The page before and the one behind hold the zeros they were born with. */
	for (size_t i = 0; i < VM_PAGE; i++)
		assert_int_equal(va[VM_PAGE + i] | va[4 * VM_PAGE + i], 0);
	vm_works(dmabufx_mapping_unmap(mapping));
}

void vm_address_is_written(struct vm *vm)
{
	struct dmabufx_ioas *ioas = vm_ioas(vm, VM_EDU_MAX);
	struct engine *edu = vm_engine(vm, "LAB_EDU0", ioas);
	uint8_t *va = vm_defer(vm, free, aligned_alloc(VM_PAGE, VM_TARGET));
	struct dmabufx_mapping *mapping;

	vm_works(dmabufx_ioas_map_va(ioas, va, VM_TARGET, NULL, &mapping));
	assert_true(dmabufx_mapping_iova(mapping) >= DMABUFX_IOVA_FLOOR);
	vm_dma_lands(edu, dmabufx_mapping_iova(mapping), va);
	vm_works(dmabufx_mapping_unmap(mapping));
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Real DMA as tests want it: it lands byte for byte, or leaves the memory untouched. */
#ifndef TESTS_VM_DMA_H
#define TESTS_VM_DMA_H

#include "vm.h"

/* Where tests map what an engine writes to: within reach of every engine. */
#define VM_IOVA 0x1000000ull
/* What an edu reaches, the weakest engine. */
#define VM_EDU_MAX ((1ull << 28) - 1)
/* Bytes of a target: room for any engine's write, and a page behind it that none may touch. */
#define VM_TARGET (2 * VM_PAGE)

/* A running engine on the device of that name, opened here and attached to @ioas. */
struct engine *vm_engine(struct vm *vm, const char *name, struct dmabufx_ioas *ioas);
/* The same on a device that is open and attached. */
struct engine *vm_engine_on(struct vm *vm, const char *name, struct dmabufx_dev *dev,
			    struct dmabufx_ioas *ioas);

/*
 * The engine writes to the IOVA; its bytes, and nothing else, are then at @va.
 * In a callback of the library, where a failed assertion would leave the ctx
 * locked, vm_dma_is_fine() asks the same.
 */
bool vm_dma_is_fine(struct engine *e, uint64_t iova, uint8_t *va);
#define vm_dma_lands(e, iova, va) vm_check_lands((e), (iova), (va), __FILE__, __LINE__)
void vm_check_lands(struct engine *e, uint64_t iova, uint8_t *va, const char *file, int line);

/**
 * struct vm_pair - DMA into another device's memory, as it works at first
 * @ioas: address space of the engine
 * @reader: the engine's device, LAB_EDU0
 * @edu: the engine
 * @owner: the other device
 * @buf: VM_TARGET bytes of its BAR 2
 * @mapping: they are at VM_IOVA of @ioas
 * @va: where the CPU sees them
 */
struct vm_pair {
	struct dmabufx_ioas *ioas;
	struct dmabufx_dev *reader;
	struct engine *edu;
	struct dmabufx_dev *owner;
	struct dmabufx_buf *buf;
	struct dmabufx_mapping *mapping;
	uint8_t *va;
};
struct vm_pair vm_make_pair(struct vm *vm, const char *owner);

/* The engine writes to the IOVA; the bytes at @va stay as they are. */
#define vm_dma_blocked(e, iova, va) vm_check_blocked((e), (iova), (va), __FILE__, __LINE__)
void vm_check_blocked(struct engine *e, uint64_t iova, uint8_t *va, const char *file, int line);

/* As vm_dma_blocked(), and the kernel logs the IOMMU's fault at the address. */
#define vm_dma_faults(vm, e, iova, va) vm_check_faults((vm), (e), (iova), (va), __FILE__, __LINE__)
void vm_check_faults(struct vm *vm, struct engine *e, uint64_t iova, uint8_t *va, const char *file,
		     int line);

/* Tests of memory that each backend must pass. */
void vm_memory_is_reached(struct vm *vm);
void vm_slice_is_its_bytes(struct vm *vm);
void vm_address_is_written(struct vm *vm);

#endif

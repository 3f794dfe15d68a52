/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's test importer of dma-bufs, a module that ships with the series, as tests use it. */
#ifndef TESTS_VM_IMPORTER_H
#define TESTS_VM_IMPORTER_H

#include "raw.h"
#include "vm.h"

#include <linux/ioctl.h>
#include <linux/types.h>

/* The module's ioctls, as tools/testing/selftests/vfio/dmabuf_importer has them. */
#define VDI_MAX_MAPS 8
#define VDI_DELAY_HOLD 0xffffffffu

enum vdi_mode {
	VDI_MODE_REVOCABLE,
	VDI_MODE_NO_PROMISE,
	VDI_MODE_STATIC,
	VDI_MODE_NO_P2P,
	VDI_MODE_IOV,
	VDI_MODE_IOV_NO_PROMISE,
};

enum vdi_link {
	VDI_LINK_NONE,
	VDI_LINK_IOV,
};

/* The kernel's enum dma_data_direction. */
enum vdi_direction {
	VDI_BIDIRECTIONAL,
	VDI_TO_DEVICE,
	VDI_FROM_DEVICE,
};

struct vdi_attach {
	__s32 fd;
	__u32 mode;
};

struct vdi_entry {
	__u32 slot;
	__u32 index;
	__u32 nents;
	__u32 orig_nents;
	__u64 addr;
	__u32 len;
	__u32 has_page;
};

struct vdi_link_info {
	__u32 link;
	__u32 vf;
};

struct vdi_range {
	__u32 slot;
	__u32 index;
	__u32 nr_ranges;
	__u32 bar;
	__u64 offset;
	__u64 length;
};

struct vdi_phys {
	__u64 iova;
	__u64 phys;
};

struct vdi_state {
	__u32 notifies;
	__u32 maps;
};

#define VDI_ATTACH _IOW(0xdb, 0, struct vdi_attach)
#define VDI_DETACH _IO(0xdb, 1)
#define VDI_MAP _IO(0xdb, 2)
#define VDI_UNMAP _IO(0xdb, 3)
#define VDI_ENTRY _IOWR(0xdb, 4, struct vdi_entry)
#define VDI_PHYS _IOWR(0xdb, 5, struct vdi_phys)
#define VDI_STATE _IOR(0xdb, 6, struct vdi_state)
#define VDI_SET_DELAY _IO(0xdb, 7)
#define VDI_SET_BITS _IO(0xdb, 8)
#define VDI_LINK _IOR(0xdb, 9, struct vdi_link_info)
#define VDI_MAP_LINK _IO(0xdb, 10)
#define VDI_RANGE _IOWR(0xdb, 11, struct vdi_range)

/* How an importer's DMA gets to another device of this lab. */
enum importer_route {
	/* Not at all: the host bridge isn't known to pass it on. */
	ROUTE_NONE,
	/* By the host bridge, as the IOMMU translates. */
	ROUTE_HOST,
	/* By the switch that both are below: bus addresses. */
	ROUTE_BUS,
};

enum importer_route importer_route(void);
/* Names of an engine to import with, and of memory that it reaches by that route. */
const char *importer_engine(void);
const char *importer_memory(void);
/* The test is skipped where the importer can't reach the exporter. */
void importer_needs_route(void);

/* Whether the kernel is the one with our series, else it is mainline. */
bool importer_ours(void);
/* Says so, and is true, where the kernel is mainline 7.3, which is known to do this wrong. */
bool importer_defect(const char *what);

/* Whether the IOMMU translates what the importer maps; else it gets physical or bus addresses. */
bool importer_translated(int imp);

/* cmocka's group fixtures: the module comes and goes, devices go back. */
int importer_load(void **state);
int importer_unload(void **state);
#define IMPORTER_MAIN(tests) cmocka_run_group_tests(tests, importer_load, importer_unload)

/* The device of that name, bound to the module and opened; each call is one attachment. */
int importer_open(struct vm *vm, const char *name);
/* Takes all devices from the module, open or not. */
int importer_give_back(void);
/* One that goes away before the group's end, as a virtual function does. */
void importer_give_back_one(const char *name);

/* Each returns what the ioctl gives, else -errno. */
int importer_attach(int imp, int dmabuf, enum vdi_mode mode);
int importer_detach(int imp);
int importer_map(int imp, enum vdi_direction dir);
int importer_unmap(int imp, int slot);
/* Over the link that the attachment agreed on. */
int importer_link(int imp, struct vdi_link_info *ret);
int importer_map_link(int imp);
int importer_range(int imp, int slot, uint32_t index, struct vdi_range *ret);
int importer_entry(int imp, int slot, uint32_t index, struct vdi_entry *ret);
/* Milliseconds, or VDI_DELAY_HOLD. */
void importer_set_delay(int imp, uint32_t ms);
void importer_set_bits(int imp, uint32_t bits);

struct vdi_state importer_state(int imp);
/* Physical address behind an IOVA; 0: none. */
uint64_t importer_phys(int imp, uint64_t iova);
/* The device's address of a byte of the mapped buffer. */
uint64_t importer_addr(int imp, int slot, uint64_t off);

/* Start of a device's BAR, as the processor sees it. */
uint64_t importer_bar(const char *name, int bar);
/* Slices of BAR 2 of the device, in the order given, as one dma-buf. */
int importer_export(struct vm *vm, struct dmabufx_dev *dev,
		    const struct vfio_region_dma_range *ranges, uint32_t nranges);

/* Registers of an edu that the module has; copies a page from an address, and to one. */
volatile uint8_t *importer_edu(struct vm *vm, const char *name);
void importer_edu_read(volatile uint8_t *edu, uint64_t addr);
void importer_edu_write(volatile uint8_t *edu, uint64_t addr);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads the kernel's test importer, binds devices to it and asks it for things. */
#include "importer.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "edu.h"

#define MODULE "vfio_dmabuf_importer"

/* Devices that the group's end takes from the module. */
static const char *taken[4];
static size_t ntaken;

/* A kernel may have the driver without a module. */
static bool builtin;

static const char *setting(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

enum importer_route importer_route(void)
{
	if (!strcmp(setting("LAB_PROFILE"), "switch"))
		return ROUTE_BUS;
	return strncmp(setting("LAB_CPU"), "EPYC", 4) ? ROUTE_NONE : ROUTE_HOST;
}

const char *importer_engine(void)
{
	return importer_route() == ROUTE_BUS ? "LAB_EDU3" : "LAB_EDU1";
}

const char *importer_memory(void)
{
	return importer_route() == ROUTE_BUS ? "LAB_IVSHMEM2" : "LAB_IVSHMEM0";
}

void importer_needs_route(void)
{
	if (importer_route() != ROUTE_NONE)
		return;
	print_message("no peer-to-peer by this host bridge; --cpu EPYC allows it\n");
	skip();
}

bool importer_ours(void)
{
	return !strcmp(setting("LAB_FLAVOUR"), "lts");
}

bool importer_defect(const char *what)
{
	if (importer_ours())
		return false;
	print_message("known defect of mainline: %s\n", what);
	return true;
}

static int put_device(const char *bdf, const char *file, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", bdf, file);
	return guest_put(path, text);
}

int importer_load(void **state)
{
	char path[512];
	int fd, ret = 0;

	builtin = !access("/sys/bus/pci/drivers/" MODULE, F_OK);
	if (builtin)
		return 0;
	snprintf(path, sizeof(path), "%s/" MODULE ".ko", setting("LAB_MODULES"));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0)) {
		print_error("%s: %s\n", path, strerror(errno));
		ret = -1;
	}
	if (fd >= 0)
		close(fd);
	return ret;
}

static int let_go(const char *bdf)
{
	return put_device(bdf, "driver_override", "\n") | put_device(bdf, "driver/unbind", bdf);
}

int importer_give_back(void)
{
	int ret = 0;

	while (ntaken)
		ret |= let_go(taken[--ntaken]);
	return ret;
}

void importer_give_back_one(const char *name)
{
	const char *bdf = vm_bdf(name);

	for (size_t i = 0; i < ntaken; i++) {
		if (strcmp(taken[i], bdf))
			continue;
		taken[i] = taken[--ntaken];
		assert_int_equal(let_go(bdf), 0);
		return;
	}
	fail_msg("%s isn't bound to " MODULE, bdf);
}

int importer_unload(void **state)
{
	int ret = vm_restore(state) | importer_give_back();

	/* What still uses the module is a leak. */
	if (!builtin && syscall(SYS_delete_module, MODULE, O_NONBLOCK)) {
		print_error("cannot unload " MODULE ": %s\n", strerror(errno));
		ret = -1;
	}
	return ret;
}

static void take(const char *bdf)
{
	for (size_t i = 0; i < ntaken; i++) {
		if (!strcmp(taken[i], bdf))
			return;
	}
	assert_true(ntaken < sizeof(taken) / sizeof(taken[0]));
	assert_int_equal(put_device(bdf, "driver_override", MODULE), 0);
	taken[ntaken++] = bdf;
	assert_int_equal(guest_put("/sys/bus/pci/drivers_probe", bdf), 0);
}

int importer_open(struct vm *vm, const char *name)
{
	const char *bdf = vm_bdf(name);
	char path[128];

	take(bdf);
	snprintf(path, sizeof(path), "/dev/" MODULE "-%s", bdf);
	return vm_fd(vm, open(path, O_RDWR | O_CLOEXEC));
}

static int result(int ret)
{
	return ret < 0 ? -errno : ret;
}

int importer_attach(int imp, int dmabuf, enum vdi_mode mode)
{
	struct vdi_attach arg = { .fd = dmabuf, .mode = mode };

	return result(ioctl(imp, VDI_ATTACH, &arg));
}

int importer_detach(int imp)
{
	return result(ioctl(imp, VDI_DETACH));
}

int importer_map(int imp, enum vdi_direction dir)
{
	return result(ioctl(imp, VDI_MAP, dir));
}

int importer_link(int imp, struct vdi_link_info *ret)
{
	return result(ioctl(imp, VDI_LINK, ret));
}

int importer_map_link(int imp)
{
	return result(ioctl(imp, VDI_MAP_LINK));
}

int importer_range(int imp, int slot, uint32_t index, struct vdi_range *ret)
{
	*ret = (struct vdi_range){ .slot = (uint32_t)slot, .index = index };
	return result(ioctl(imp, VDI_RANGE, ret));
}

int importer_unmap(int imp, int slot)
{
	return result(ioctl(imp, VDI_UNMAP, slot));
}

int importer_entry(int imp, int slot, uint32_t index, struct vdi_entry *ret)
{
	*ret = (struct vdi_entry){ .slot = (uint32_t)slot, .index = index };
	return result(ioctl(imp, VDI_ENTRY, ret));
}

void importer_set_delay(int imp, uint32_t ms)
{
	assert_int_equal(ioctl(imp, VDI_SET_DELAY, ms), 0);
}

void importer_set_bits(int imp, uint32_t bits)
{
	assert_int_equal(ioctl(imp, VDI_SET_BITS, bits), 0);
}

struct vdi_state importer_state(int imp)
{
	struct vdi_state state;

	assert_int_equal(ioctl(imp, VDI_STATE, &state), 0);
	return state;
}

uint64_t importer_phys(int imp, uint64_t iova)
{
	struct vdi_phys arg = { .iova = iova };

	assert_int_equal(ioctl(imp, VDI_PHYS, &arg), 0);
	return arg.phys;
}

/* Nothing is mapped at the first pages, but the identity is everywhere. */
bool importer_translated(int imp)
{
	return importer_route() == ROUTE_HOST && !importer_phys(imp, VM_PAGE);
}

uint64_t importer_addr(int imp, int slot, uint64_t off)
{
	struct vdi_entry e;

	for (uint32_t i = 0;; i++) {
		assert_int_equal(importer_entry(imp, slot, i, &e), 0);
		if (off < e.len)
			return e.addr + off;
		off -= e.len;
	}
}

uint64_t importer_bar(const char *name, int bar)
{
	char path[128];
	uint64_t start = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource", vm_bdf(name));
	file = fopen(path, "re");
	assert_non_null(file);
	do {
		assert_int_equal(fscanf(file, "%" SCNx64 "%*[^\n]", &start), 1);
	} while (bar--);
	fclose(file);
	assert_int_not_equal(start, 0);
	return start;
}

int importer_export(struct vm *vm, struct dmabufx_dev *dev,
		    const struct vfio_region_dma_range *ranges, uint32_t nranges)
{
	return vm_fd(vm, raw_export(dmabufx_dev_fd(dev), 2, 0, ranges, nranges));
}

volatile uint8_t *importer_edu(struct vm *vm, const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource0", vm_bdf(name));
	fd = vm_fd(vm, open(path, O_RDWR | O_CLOEXEC));
	return vm_mmap(vm, fd, VM_PAGE);
}

static void transfer(volatile uint8_t *edu, uint64_t src, uint64_t dst, uint32_t dir)
{
	edu_run(edu, src, dst, VM_PAGE, dir);
	while (edu_runs(edu))
		usleep(1000);
}

void importer_edu_read(volatile uint8_t *edu, uint64_t addr)
{
	transfer(edu, addr, EDU_BUFFER, 0);
}

void importer_edu_write(volatile uint8_t *edu, uint64_t addr)
{
	transfer(edu, EDU_BUFFER, addr, EDU_CMD_TO_MEMORY);
}

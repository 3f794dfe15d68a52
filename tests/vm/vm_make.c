/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The library's calls as tests want them: they succeed, and the test's end undoes them. */
#include "vm.h"

#include <linux/pci_regs.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void undo_dev(void *dev)
{
	dmabufx_dev_unref(dev);
}

static void undo_ioas(void *ioas)
{
	dmabufx_ioas_unref(ioas);
}

static void undo_buf(void *buf)
{
	dmabufx_buf_unref(buf);
}

static void undo_mapping(void *mapping)
{
	if (dmabufx_mapping_unmap(mapping))
		print_error("%s\n", dmabufx_last_error()->text);
}

static void undo_fd(void *fd)
{
	close((int)(intptr_t)fd - 1);
}

/* An address alone can't be unmapped: its length goes with it. */
struct area {
	void *addr;
	size_t len;
};

static void undo_area(void *thing)
{
	struct area *area = thing;

	munmap(area->addr, area->len);
	free(area);
}

static uint8_t *keep_area(struct vm *vm, void *addr, size_t len)
{
	struct area *area = malloc(sizeof(*area));

	assert_non_null(area);
	area->addr = addr;
	area->len = len;
	vm_defer(vm, undo_area, area);
	return addr;
}

struct dmabufx_dev *vm_keep_dev(struct vm *vm, struct dmabufx_dev *dev)
{
	return vm_defer(vm, undo_dev, dev);
}

static struct dmabufx_dev *open_flags(struct vm *vm, const char *name, struct dmabufx_ioas *ioas,
				      uint32_t flags)
{
	DMABUFX_OPTS(dmabufx_dev_opts, opts, .ioas = ioas, .flags = flags);
	struct dmabufx_dev *dev;

	vm_bind(vm, vm_bdf(name));
	vm_works(dmabufx_dev_open(vm->ctx, vm_bdf(name), &opts, &dev));
	vm_keep_dev(vm, dev);
	/* A BAR without a driver is off as the firmware left it. */
	vm_set_memory(dev, true);
	return dev;
}

struct dmabufx_dev *vm_open(struct vm *vm, const char *name, struct dmabufx_ioas *ioas)
{
	return open_flags(vm, name, ioas, 0);
}

struct dmabufx_dev *vm_open_legacy(struct vm *vm, const char *name)
{
	return open_flags(vm, name, NULL, DMABUFX_DEV_LEGACY);
}

struct dmabufx_ioas *vm_ioas(struct vm *vm, uint64_t iova_max)
{
	DMABUFX_OPTS(dmabufx_ioas_opts, opts, .iova_max = iova_max);
	struct dmabufx_ioas *ioas;

	vm_works(dmabufx_ioas_new(vm->ctx, &opts, &ioas));
	return vm_defer(vm, undo_ioas, ioas);
}

struct dmabufx_buf *vm_keep_buf(struct vm *vm, struct dmabufx_buf *buf)
{
	return vm_defer(vm, undo_buf, buf);
}

struct dmabufx_buf *vm_export(struct vm *vm, struct dmabufx_dev *dev, uint32_t bar, uint64_t off,
			      uint64_t len)
{
	struct dmabufx_buf *buf;

	vm_works(dmabufx_dev_export(dev, bar, off, len, NULL, &buf));
	return vm_keep_buf(vm, buf);
}

struct dmabufx_buf *vm_memory(struct vm *vm, uint64_t len)
{
	struct dmabufx_buf *buf;

	vm_works(dmabufx_buf_alloc(vm->ctx, len, NULL, &buf));
	return vm_keep_buf(vm, buf);
}

struct dmabufx_buf *vm_import(struct vm *vm, int fd)
{
	struct dmabufx_buf *buf;

	vm_works(dmabufx_buf_import(vm->ctx, fd, NULL, &buf));
	return vm_keep_buf(vm, buf);
}

struct dmabufx_mapping *vm_map(struct vm *vm, struct dmabufx_ioas *ioas, struct dmabufx_buf *buf)
{
	struct dmabufx_mapping *mapping;

	vm_works(dmabufx_ioas_map(ioas, buf, NULL, &mapping));
	return vm_defer(vm, undo_mapping, mapping);
}

struct dmabufx_mapping *vm_map_at(struct vm *vm, struct dmabufx_ioas *ioas, struct dmabufx_buf *buf,
				  uint64_t iova)
{
	DMABUFX_OPTS(dmabufx_map_opts, opts, .iova = iova, .flags = DMABUFX_MAP_FIXED);
	struct dmabufx_mapping *mapping;

	vm_works(dmabufx_ioas_map(ioas, buf, &opts, &mapping));
	assert_int_equal(dmabufx_mapping_iova(mapping), iova);
	return vm_defer(vm, undo_mapping, mapping);
}

uint8_t *vm_bar_va(struct vm *vm, struct dmabufx_dev *dev, uint32_t bar, uint64_t off, uint64_t len)
{
	void *va;

	vm_works(dmabufx_dev_bar_map(dev, bar, off, len, &va));
	return keep_area(vm, va, len);
}

uint8_t *vm_mmap(struct vm *vm, int fd, size_t len)
{
	void *va = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	assert_ptr_not_equal(va, MAP_FAILED);
	return keep_area(vm, va, len);
}

int vm_fd(struct vm *vm, int fd)
{
	assert_true(fd >= 0);
	/* One more, as descriptor 0 would be NULL. */
	vm_defer(vm, undo_fd, (void *)(intptr_t)(fd + 1));
	return fd;
}

uint16_t vm_config16(struct dmabufx_dev *dev, uint32_t off)
{
	uint16_t val;

	vm_works(dmabufx_dev_config_read(dev, off, &val, sizeof(val)));
	return val;
}

void vm_set_config16(struct dmabufx_dev *dev, uint32_t off, uint16_t val)
{
	vm_works(dmabufx_dev_config_write(dev, off, &val, sizeof(val)));
}

void vm_set_memory(struct dmabufx_dev *dev, bool on)
{
	uint16_t command = vm_config16(dev, PCI_COMMAND) & (uint16_t)~PCI_COMMAND_MEMORY;

	vm_set_config16(dev, PCI_COMMAND, on ? command | PCI_COMMAND_MEMORY : command);
}

uint32_t vm_capability(struct dmabufx_dev *dev, uint8_t id)
{
	uint32_t pos = vm_config16(dev, PCI_CAPABILITY_LIST) & 0xff;

	while (pos) {
		uint16_t head = vm_config16(dev, pos);

		if ((head & 0xff) == id)
			return pos;
		pos = head >> 8;
	}
	print_message("the device has no capability 0x%x\n", id);
	skip();
	return 0;
}

static int count_one(struct dmabufx_mapping *mapping, void *user)
{
	++*(int *)user;
	return 0;
}

int vm_count_mappings(struct dmabufx_ioas *ioas)
{
	int n = 0;

	vm_works(dmabufx_ioas_for_each(ioas, count_one, &n));
	return n;
}

/* A read of /dev/kmsg gives one record; EPIPE: some were overwritten unread. */
static int next_record(struct vm *vm, char *text, size_t len, int timeout_ms)
{
	struct pollfd fd = { .fd = vm->kmsg, .events = POLLIN };
	ssize_t n;

	do {
		n = read(vm->kmsg, text, len - 1);
	} while (n < 0 && (errno == EPIPE || errno == EINTR));
	if (n >= 0) {
		text[n] = 0;
		return 1;
	}
	assert_int_equal(errno, EAGAIN);
	return poll(&fd, 1, timeout_ms) > 0 ? 0 : -1;
}

void vm_kernel_from_now(struct vm *vm)
{
	assert_true(lseek(vm->kmsg, 0, SEEK_END) >= 0);
}

bool vm_kernel_says(struct vm *vm, const char *expression, int timeout_ms)
{
	uint64_t end = guest_now_ns() + (uint64_t)timeout_ms * 1000000u;
	char text[2048];
	int got;

	/* The end is fixed, since the kernel may say something else again and again. */
	for (;;) {
		uint64_t now = guest_now_ns();
		int left = now < end ? (int)((end - now) / 1000000u) : 0;

		got = next_record(vm, text, sizeof(text), left);
		if (got < 0)
			return false;
		if (got && vm_matches(text, expression))
			return true;
	}
}

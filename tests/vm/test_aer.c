/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What becomes of a device's buffers when its link fails. The error is injected at the root port
 * that it sits below: that port has Advanced Error Reporting, and with it goes all that is behind.
 */
#include "dma.h"
#include "raw.h"
#include "vm.h"

#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OWNER "LAB_IVSHMEM1"
#define RECOVERY_MS 30000

/* What /dev/aer_inject takes, by drivers/pci/pcie/aer_inject.c; it is in no header. */
struct injection {
	uint8_t bus;
	uint8_t dev;
	uint8_t fn;
	uint32_t uncorrectable;
	uint32_t correctable;
	uint32_t header_log[4];
	uint32_t domain;
};

/* The port above a device, which sysfs knows as the folder that its own is in. */
static struct injection at_port_of(const char *name)
{
	struct injection what = { 0 };
	char path[96], real[PATH_MAX];
	unsigned domain, bus, dev, fn;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", vm_bdf(name));
	assert_non_null(realpath(path, real));
	assert_int_equal(sscanf(basename(dirname(real)), "%x:%x:%x.%x", &domain, &bus, &dev, &fn),
			 4);
	what.domain = domain;
	what.bus = (uint8_t)bus;
	what.dev = (uint8_t)dev;
	what.fn = (uint8_t)fn;
	return what;
}

/*
 * The injection itself takes a spinlock below a raw one, of which lockdep complains once, at the
 * first look into a configuration space thereafter, and then is off.
 */
static void expect_lockdep(void)
{
	FILE *stats = fopen("/proc/lockdep_stats", "re");
	int on = 0;
	char line[128];

	if (!stats)
		return;
	while (!on && fgets(line, sizeof(line), stats))
		sscanf(line, " debug_locks: %d", &on);
	fclose(stats);
	if (on)
		assert_int_equal(guest_put("/dev/kmsg",
					   "dmabufx-expect: BUG: Invalid wait context"),
				 0);
}

static void inject(struct vm *vm, const struct injection *what)
{
	int fd = open("/dev/aer_inject", O_WRONLY | O_CLOEXEC);

	if (fd < 0) {
		print_message("this kernel can't inject errors of a link\n");
		skip();
	}
	expect_lockdep();
	vm_kernel_from_now(vm);
	assert_int_equal(write(fd, what, sizeof(*what)), sizeof(*what));
	close(fd);
}

/* An error after which the link is reset, or one that only loses a transaction. */
enum { FATAL = PCI_ERR_UNC_DLP, NOT_FATAL = PCI_ERR_UNC_COMP_TIME };

/* Returns when the kernel is through with it. */
static void fail_link(struct vm *vm, const char *name, uint32_t error, const char *outcome)
{
	struct injection what = at_port_of(name);
	char line[64];

	snprintf(line, sizeof(line), "AER: device recovery %s", outcome);
	what.uncorrectable = error;
	inject(vm, &what);
	assert_true(vm_kernel_says(vm, line, RECOVERY_MS));
}

/* What an address space of its own says to the buffer. */
static int try_map(struct dmabufx_buf *buf)
{
	uint64_t iova = VM_IOVA;
	int iommufd = raw_iommufd(), err;
	uint32_t ioas;

	assert_true(iommufd >= 0);
	assert_int_equal(raw_ioas(iommufd, &ioas), 0);
	err = raw_map_file(iommufd, ioas, dmabufx_buf_fd(buf), 0, VM_PAGE, &iova);
	close(iommufd);
	return err;
}

/* With the write that turned memory on. */
static void assert_is_back(struct vm_pair *p)
{
	assert_int_equal(try_map(p->buf), 0);
	assert_int_equal(dmabufx_mapping_state(p->mapping), DMABUFX_MAPPING_LIVE);
	vm_dma_lands(p->edu, VM_IOVA, p->va);
}

static void fatal_error_revokes_until_memory_is_turned_on(void **state)
{
	struct vm *vm = *state;
	struct vm_pair p = vm_make_pair(vm, OWNER);
	uint8_t elsewhere[VM_TARGET];

	for (int i = 0; i < 3; i++) {
		fail_link(vm, OWNER, FATAL, "successful");
		assert_int_equal(try_map(p.buf), -ENODEV);
		/* The device has no memory now that could be looked at. */
		vm_dma_faults(vm, p.edu, VM_IOVA, elsewhere);
		vm_set_memory(p.owner, true);
		assert_is_back(&p);
	}
}

/* It keeps the configuration as it finds it, which by then is that of a device without BARs. */
static void reset_after_a_fatal_error_gives_nothing_back(void **state)
{
	struct vm *vm = *state;
	struct vm_pair p = vm_make_pair(vm, OWNER);
	uint8_t elsewhere[VM_TARGET];

	fail_link(vm, OWNER, FATAL, "successful");
	assert_int_equal(raw_reset(dmabufx_dev_fd(p.owner)), 0);
	assert_int_equal(try_map(p.buf), -ENODEV);
	vm_dma_faults(vm, p.edu, VM_IOVA, elsewhere);
	vm_set_memory(p.owner, true);
	assert_is_back(&p);
}

static void buffer_of_a_lost_device_is_born_revoked(void **state)
{
	struct vm *vm = *state;
	struct vm_pair p = vm_make_pair(vm, OWNER);
	struct dmabufx_buf *buf;

	fail_link(vm, OWNER, FATAL, "successful");
	buf = vm_export(vm, p.owner, 2, VM_MIB, VM_PAGE);
	assert_int_equal(try_map(buf), -ENODEV);
	vm_set_memory(p.owner, true);
	assert_int_equal(try_map(buf), 0);
	assert_is_back(&p);
}

/* A new user of the device finds it as after any other end of the one before. */
static void next_user_has_all_of_the_device(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_dev *owner = vm_open(vm, OWNER, NULL);
	struct dmabufx_buf *buf = vm_export(vm, owner, 2, 0, VM_PAGE);

	fail_link(vm, OWNER, FATAL, "successful");
	vm_drop(vm, buf);
	vm_drop(vm, owner);
	owner = vm_open(vm, OWNER, NULL);
	assert_int_equal(try_map(vm_export(vm, owner, 2, 0, VM_PAGE)), 0);
}

static void error_that_is_not_fatal_revokes_nothing(void **state)
{
	struct vm *vm = *state;
	struct vm_pair p = vm_make_pair(vm, OWNER);

	fail_link(vm, OWNER, NOT_FATAL, "successful");
	assert_int_equal(try_map(p.buf), 0);
	vm_dma_lands(p.edu, VM_IOVA, p.va);
}

/*
 * A function of the slot without a driver makes the recovery fail. To the kernel the others are
 * offline from then on, so this comes last.
 */
static void recovery_that_fails_gives_nothing_back(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_dev *owner = vm_open(vm, "LAB_HOT0", NULL);
	struct dmabufx_buf *buf = vm_export(vm, owner, 2, 0, VM_PAGE);

	assert_int_equal(try_map(buf), 0);
	fail_link(vm, "LAB_HOT0", FATAL, "failed");
	assert_int_equal(try_map(buf), -ENODEV);
	vm_set_memory(owner, true);
	assert_int_equal(try_map(buf), -ENODEV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VM_TEST(fatal_error_revokes_until_memory_is_turned_on),
		VM_TEST(reset_after_a_fatal_error_gives_nothing_back),
		VM_TEST(buffer_of_a_lost_device_is_born_revoked),
		VM_TEST(next_user_has_all_of_the_device),
		VM_TEST(error_that_is_not_fatal_revokes_nothing),
		VM_TEST(recovery_that_fails_gives_nothing_back),
	};

	return VM_MAIN(tests);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Handing real devices to vfio-pci and back; refusing those that the host is using. */
#include "vm.h"

#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* What decides who gets a device, and what a bind must leave as it was. */
struct binding {
	char driver[DMABUFX_NAME_MAX];
	char wanted[DMABUFX_NAME_MAX];
};

static struct binding binding_of(struct vm *vm, const char *bdf)
{
	struct binding b = { .wanted = "" };
	struct dmabufx_dev_info info;
	char path[96];
	FILE *f;

	vm_works(dmabufx_dev_lookup(vm->ctx, bdf, &info));
	memcpy(b.driver, info.driver, sizeof(b.driver));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override", bdf);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_non_null(fgets(b.wanted, sizeof(b.wanted), f));
	fclose(f);
	b.wanted[strcspn(b.wanted, "\n")] = 0;
	return b;
}

static void assert_bound(struct vm *vm, const char *bdf, const char *driver, const char *wanted)
{
	struct binding b = binding_of(vm, bdf);

	assert_string_equal(b.driver, driver);
	assert_string_equal(b.wanted, wanted);
}

/* The first network interface below a function's folder in sysfs, or below its virtio device. */
static bool find_netdev(const char *folder, char *name)
{
	char path[512];
	struct dirent *e;
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/net", folder);
	dir = opendir(path);
	while (dir && !found && (e = readdir(dir))) {
		found = e->d_name[0] != '.';
		if (found)
			snprintf(name, IFNAMSIZ, "%.15s", e->d_name);
	}
	if (dir)
		closedir(dir);
	dir = found ? NULL : opendir(folder);
	while (dir && !found && (e = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		found = !strncmp(e->d_name, "virtio", 6) && find_netdev(path, name);
	}
	if (dir)
		closedir(dir);
	return found;
}

static int set_up(const char *name, bool up)
{
	struct ifreq req = { .ifr_flags = 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), ret;

	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", name);
	ret = ioctl(fd, SIOCGIFFLAGS, &req);
	if (up)
		req.ifr_flags |= IFF_UP;
	else
		req.ifr_flags &= (short)~IFF_UP;
	if (!ret)
		ret = ioctl(fd, SIOCSIFFLAGS, &req);
	close(fd);
	return ret;
}

static void take_down(void *name)
{
	set_up(name, false);
	free(name);
}

/* The devices that a failed test leaves bound. */
static int give_back(void **state)
{
	static const char *const names[] = { "LAB_NVME0", "LAB_EDU1", "LAB_IGB0", "LAB_NET0" };
	struct vm *vm = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (getenv(names[i]))
			dmabufx_dev_unbind(vm->ctx, getenv(names[i]));
	}
	return vm_teardown(state);
}

/* Takes the interface of the function up until the test's end. */
static const char *use_netdev(struct vm *vm, const char *bdf)
{
	char folder[64], *name = calloc(1, IFNAMSIZ);

	snprintf(folder, sizeof(folder), "/sys/bus/pci/devices/%s", bdf);
	assert_true(find_netdev(folder, name));
	assert_int_equal(set_up(name, true), 0);
	return vm_defer(vm, take_down, name);
}

static void nvme_goes_to_vfio_and_back(void **state)
{
	struct vm *vm = *state;
	const char *bdf = vm_bdf("LAB_NVME0");
	struct dmabufx_dev *dev;

	assert_bound(vm, bdf, "nvme", "(null)");
	vm_works(dmabufx_dev_bind(vm->ctx, bdf, 0));
	assert_bound(vm, bdf, "vfio-pci", "vfio-pci");
	vm_works(dmabufx_dev_bind(vm->ctx, bdf, 0));
	vm_works(dmabufx_dev_open(vm->ctx, bdf, NULL, &dev));
	dmabufx_dev_unref(dev);
	vm_works(dmabufx_dev_unbind(vm->ctx, bdf));
	assert_bound(vm, bdf, "nvme", "(null)");
	assert_true(vm_kernel_says(vm, "nvme nvme[0-9]+: pci function 0000:00:08.0", 2000));
}

static void device_without_driver_goes_back_to_none(void **state)
{
	struct vm *vm = *state;
	const char *bdf = vm_bdf("LAB_EDU1");

	assert_bound(vm, bdf, "", "(null)");
	vm_works(dmabufx_dev_bind(vm->ctx, bdf, 0));
	assert_bound(vm, bdf, "vfio-pci", "vfio-pci");
	/* Of the same id, and left alone. */
	assert_bound(vm, vm_bdf("LAB_EDU0"), "", "(null)");
	vm_works(dmabufx_dev_unbind(vm->ctx, bdf));
	assert_bound(vm, bdf, "", "(null)");
	vm_works(dmabufx_dev_unbind(vm->ctx, bdf));
	assert_bound(vm, bdf, "", "(null)");
}

static void short_address_is_the_same_device(void **state)
{
	struct vm *vm = *state;
	const char *bdf = vm_bdf("LAB_EDU1");

	vm_works(dmabufx_dev_bind(vm->ctx, bdf + strlen("0000:"), 0));
	assert_bound(vm, bdf, "vfio-pci", "vfio-pci");
	vm_works(dmabufx_dev_unbind(vm->ctx, bdf));
}

static void refused_while_its_interface_is_up(struct vm *vm, const char *bdf, const char *driver)
{
	const char *name = use_netdev(vm, bdf);
	char text[96];

	snprintf(text, sizeof(text), "%s is in use: its network interface %s is up; take it down",
		 bdf, name);
	vm_fails(dmabufx_dev_bind(vm->ctx, bdf, 0), EBUSY, DMABUFX_REASON_DEVICE_BUSY, text);
	assert_bound(vm, bdf, driver, "(null)");
	/* Still up: nothing was touched. */
	vm_fails(dmabufx_dev_bind(vm->ctx, bdf, 0), EBUSY, DMABUFX_REASON_DEVICE_BUSY, text);
	vm_drop(vm, name);
	vm_works(dmabufx_dev_bind(vm->ctx, bdf, 0));
	assert_bound(vm, bdf, "vfio-pci", "vfio-pci");
	vm_works(dmabufx_dev_unbind(vm->ctx, bdf));
	assert_bound(vm, bdf, driver, "(null)");
}

static void igb_is_refused_while_its_interface_is_up(void **state)
{
	refused_while_its_interface_is_up(*state, vm_bdf("LAB_IGB0"), "igb");
}

/* Its interface hangs off the virtio device below the function. */
static void virtio_net_is_refused_while_its_interface_is_up(void **state)
{
	refused_while_its_interface_is_up(*state, vm_bdf("LAB_NET0"), "virtio-pci");
}

static void force_binds_what_is_in_use(void **state)
{
	struct vm *vm = *state;
	const char *bdf = vm_bdf("LAB_IGB0"), *name = use_netdev(vm, bdf);

	vm_works(dmabufx_dev_bind(vm->ctx, bdf, DMABUFX_BIND_FORCE));
	assert_bound(vm, bdf, "vfio-pci", "vfio-pci");
	/* The interface went with its driver. */
	vm_forget(vm, name);
	free((void *)name);
	vm_works(dmabufx_dev_unbind(vm->ctx, bdf));
	assert_bound(vm, bdf, "igb", "(null)");
}

static void clear_override(void *bdf)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override", (char *)bdf);
	guest_put(path, "\n");
}

static void override_for_another_driver_stays(void **state)
{
	struct vm *vm = *state;
	const char *bdf = vm_bdf("LAB_EDU1");
	char path[96];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override", bdf);
	vm_works(dmabufx_dev_bind(vm->ctx, bdf, 0));
	vm_defer(vm, clear_override, (void *)bdf);
	assert_int_equal(guest_put(path, "nobody"), 0);
	vm_works(dmabufx_dev_unbind(vm->ctx, bdf));
	assert_bound(vm, bdf, "", "nobody");
	vm_works(dmabufx_dev_bind(vm->ctx, bdf, 0));
	assert_bound(vm, bdf, "vfio-pci", "vfio-pci");
	assert_true(vm_matches(vm->log, "driver_override was nobody"));
	vm_works(dmabufx_dev_unbind(vm->ctx, bdf));
	assert_bound(vm, bdf, "", "(null)");
}

static void unknown_flags_are_refused(void **state)
{
	struct vm *vm = *state;
	const char *bdf = vm_bdf("LAB_EDU1");

	vm_fails(dmabufx_dev_bind(vm->ctx, bdf, 0x80), EINVAL, DMABUFX_REASON_BAD_FLAGS,
		 "dmabufx_dev_bind.*0x80");
	assert_bound(vm, bdf, "", "(null)");
}

#define BIND_TEST(name) cmocka_unit_test_setup_teardown(name, vm_setup, give_back)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BIND_TEST(nvme_goes_to_vfio_and_back),
		BIND_TEST(device_without_driver_goes_back_to_none),
		BIND_TEST(short_address_is_the_same_device),
		BIND_TEST(igb_is_refused_while_its_interface_is_up),
		BIND_TEST(virtio_net_is_refused_while_its_interface_is_up),
		BIND_TEST(force_binds_what_is_in_use),
		BIND_TEST(override_for_another_driver_stays),
		BIND_TEST(unknown_flags_are_refused),
	};

	return VM_MAIN(tests);
}

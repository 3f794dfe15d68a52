// SPDX-License-Identifier: GPL-2.0-or-later
/* Handing PCI functions to vfio-pci and back. */
#include "unit.h"

#define NIC "0000:00:07.0"
#define DEVICE "/sys/bus/pci/devices/" NIC
#define OVERRIDE DEVICE "/driver_override"

/* A network card that the host's driver has. */
static struct fake_vdev *add_nic(struct unit *u)
{
	struct fake_vdev *nic = fake_add(u->f, NIC, 0x8086, 0x10c9, 7);

	strcpy(nic->host_driver, "igb");
	fake_publish(u->f, nic, "igb");
	fake_text(u->f, DEVICE "/net/eth0/flags", "0x1002\n");
	return nic;
}

static void bind_takes_the_function_by_driver_override(void **state)
{
	struct unit *u = *state;
	struct fake_vdev *nic = add_nic(u);

	assert_int_equal(dmabufx_dev_bind(u->ctx, NIC, 0), 0);
	assert_string_equal(nic->driver, "vfio-pci");
	assert_string_equal(nic->override, "vfio-pci");
}

static void bind_of_a_function_without_driver_works(void **state)
{
	struct unit *u = *state;
	struct fake_vdev *nic = add_nic(u);

	fake_set_driver(u->f, nic, "");
	assert_int_equal(dmabufx_dev_bind(u->ctx, "00:07.0", 0), 0);
	assert_string_equal(nic->driver, "vfio-pci");
}

static void bind_of_what_is_bound_changes_nothing(void **state)
{
	struct unit *u = *state;

	fake_fail(u->f, (struct fake_rule){ .op = FAKE_WRITE, .err = EIO });
	assert_int_equal(dmabufx_dev_bind(u->ctx, MEM, 0), 0);
}

static void bind_refuses_null_addresses_and_flags(void **state)
{
	struct unit *u = *state;

	assert_fails(dmabufx_dev_bind(NULL, NIC, 0), EINVAL, NULL_ARGUMENT, "ctx");
	assert_fails(dmabufx_dev_bind(u->ctx, NULL, 0), EINVAL, NULL_ARGUMENT, "bdf");
	assert_fails(dmabufx_dev_bind(u->ctx, "eth0", 0), EINVAL, BAD_ADDRESS, "eth0");
	assert_fails(dmabufx_dev_bind(u->ctx, NIC, 6), EINVAL, BAD_FLAGS, "0x6");
	assert_fails(dmabufx_dev_bind(u->ctx, NIC, 0), ENODEV, NO_SUCH_DEVICE, NIC);
}

static void bind_without_a_group_returns_enodev(void **state)
{
	struct unit *u = *state;

	fake_publish(u->f, fake_add(u->f, NIC, 1, 2, -1), "");
	assert_fails(dmabufx_dev_bind(u->ctx, NIC, 0), ENODEV, NO_GROUP, NIC, "IOMMU");
}

static void bind_without_vfio_pci_returns_enodev(void **state)
{
	struct unit *u = *state;
	struct fake_vdev *nic = add_nic(u);

	fake_remove(u->f, "/sys/bus/pci/drivers/vfio-pci");
	assert_fails(dmabufx_dev_bind(u->ctx, NIC, 0), ENODEV, NOT_VFIO, "load module vfio-pci");
	assert_string_equal(nic->driver, "igb");
}

static void interface_that_is_up_is_refused(struct unit *u)
{
	fake_text(u->f, DEVICE "/net/eth0/flags", "0x1003\n");
	assert_fails(dmabufx_dev_bind(u->ctx, NIC, 0), EBUSY, DEVICE_BUSY, NIC, "eth0", "is up",
		     "DMABUFX_BIND_FORCE");
}

static void disk_that_is_mounted_is_refused(struct unit *u)
{
	fake_text(u->f, "/proc/self/mountinfo",
		  "21 1 0:19 / /sys rw - sysfs sysfs rw\n"
		  "22 1 259:1 / /srv rw,relatime - ext4 /dev/nvme0n1p1 rw\n");
	fake_link(u->f, "/sys/dev/block/259:1",
		  "../../devices/pci0000:00/" NIC "/nvme/nvme0/nvme0n1/nvme0n1p1");
	assert_fails(dmabufx_dev_bind(u->ctx, NIC, 0), EBUSY, DEVICE_BUSY, NIC, "/srv", "unmount");
}

static void disk_with_swap_is_refused(struct unit *u)
{
	fake_text(u->f, "/proc/swaps",
		  "Filename Type Size Used Priority\n/dev/nvme0n1p2 partition 9 0 -2\n");
	fake_link(u->f, "/sys/class/block/nvme0n1p2",
		  "../../devices/pci0000:00/" NIC "/nvme/nvme0/nvme0n1/nvme0n1p2");
	assert_fails(dmabufx_dev_bind(u->ctx, NIC, 0), EBUSY, DEVICE_BUSY, NIC, "nvme0n1p2",
		     "swapoff");
}

static void bind_of_what_the_host_uses_returns_ebusy_unless_forced(void **state)
{
	static void (*const uses[])(struct unit * u) = { interface_that_is_up_is_refused,
							 disk_that_is_mounted_is_refused,
							 disk_with_swap_is_refused };
	struct unit *u = *state;
	struct fake_vdev *nic = add_nic(u);

	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++) {
		uses[i](u);
		assert_string_equal(nic->driver, "igb");
		assert_string_equal(nic->override, "");
		assert_int_equal(dmabufx_dev_bind(u->ctx, NIC, DMABUFX_BIND_FORCE), 0);
		assert_string_equal(nic->driver, "vfio-pci");
		fake_set_driver(u->f, nic, "igb");
		fake_set_override(u->f, nic, "");
		fake_text(u->f, DEVICE "/net/eth0/flags", "0x1002\n");
		fake_text(u->f, "/proc/self/mountinfo", "");
	}
}

/* A file system on LVM, one of several disks, and a virtio card's interface. */
static void what_the_host_uses_is_found_through_layers(void **state)
{
	struct unit *u = *state;

	add_nic(u);
	fake_link(u->f, "/sys/class/block/sdb", "../../devices/pci0000:00/" NIC "/host1/sdb");
	fake_text(u->f, "/proc/self/mountinfo",
		  "22 1 253:0 / /srv rw - ext4 /dev/mapper/vg-srv rw\n");
	fake_link(u->f, "/sys/dev/block/253:0", "../../devices/virtual/block/dm-0");
	fake_link(u->f, "/sys/dev/block/253:0/slaves/sdb",
		  "../../../../pci0000:00/" NIC "/host1/sdb");
	assert_fails(dmabufx_dev_bind(u->ctx, NIC, 0), EBUSY, DEVICE_BUSY, NIC, "/srv");
	fake_text(u->f, "/proc/self/mountinfo", "23 1 0:44 / /data rw - btrfs /dev/sdb rw\n");
	assert_fails(dmabufx_dev_bind(u->ctx, NIC, 0), EBUSY, DEVICE_BUSY, NIC, "/data");
	fake_text(u->f, "/proc/self/mountinfo", "24 1 0:45 / /tmp rw - tmpfs tmpfs rw\nrubbish\n");
	fake_text(u->f, DEVICE "/virtio3/net/eth1/flags", "0x1003\n");
	assert_fails(dmabufx_dev_bind(u->ctx, NIC, 0), EBUSY, DEVICE_BUSY, NIC, "eth1");
}

static void disks_of_other_functions_are_no_reason_to_refuse(void **state)
{
	struct unit *u = *state;

	add_nic(u);
	fake_text(u->f, "/proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n");
	fake_link(u->f, "/sys/dev/block/8:1", "../../devices/pci0000:00/" MEM "/ata1/sda/sda1");
	fake_link(u->f, "/sys/class/block/sda1", "../../devices/pci0000:00/" MEM "/ata1/sda/sda1");
	fake_text(u->f, "/proc/swaps",
		  "Filename Type Size Used Priority\n/dev/sda1 partition 9 0 1\n");
	assert_int_equal(dmabufx_dev_bind(u->ctx, NIC, 0), 0);
}

static void what_cant_be_read_is_taken_for_unused(void **state)
{
	struct unit *u = *state;

	add_nic(u);
	fake_remove(u->f, "/proc");
	fake_remove(u->f, DEVICE "/net");
	assert_int_equal(dmabufx_dev_bind(u->ctx, NIC, 0), 0);
}

static void bind_without_privilege_returns_eacces(void **state)
{
	struct unit *u = *state;
	struct fake_vdev *nic = add_nic(u);

	fake_fail(u->f, (struct fake_rule){ .op = FAKE_OPEN, .path = OVERRIDE, .err = EACCES });
	assert_fails(dmabufx_dev_bind(u->ctx, NIC, 0), EACCES, PERMISSION, "driver_override", NIC,
		     "root");
	assert_string_equal(nic->driver, "igb");
}

/* Each write that may fail: the old driver has the function again. */
static void bind_that_fails_gives_the_function_back(void **state)
{
	struct unit *u = *state;
	struct fake_vdev *nic = add_nic(u);

	for (unsigned int skip = 0; skip < 3; skip++) {
		fake_fail(u->f, (struct fake_rule){
					.op = FAKE_WRITE, .err = EIO, .skip = skip, .times = 1 });
		assert_fails(dmabufx_dev_bind(u->ctx, NIC, 0), EIO, SYSTEM, NIC);
		assert_string_equal(nic->driver, "igb");
		assert_string_equal(nic->override, "");
		fake_heal(u->f);
	}
	assert_int_equal(dmabufx_dev_bind(u->ctx, NIC, 0), 0);
}

static void bind_that_vfio_pci_declines_gives_the_function_back(void **state)
{
	struct unit *u = *state;
	struct fake_vdev *nic = add_nic(u);

	/* Bound, but the link can't be read: the same to the library. */
	fake_fail(u->f, (struct fake_rule){ .op = FAKE_READLINK,
					    .path = DEVICE "/driver",
					    .err = EIO,
					    .skip = 1,
					    .times = 1 });
	assert_fails(dmabufx_dev_bind(u->ctx, NIC, 0), EIO, SYSTEM, NIC, "vfio-pci");
	assert_string_equal(nic->driver, "igb");
	assert_string_equal(nic->override, "");
}

/* Each write that may fail, but the first, which doesn't change anything. */
static void bind_that_fails_puts_back_what_the_function_was_reserved_for(void **state)
{
	static const char *const overrides[] = { "igb", "igb-special", "vfio-pci", "none" };
	struct unit *u = *state;
	struct fake_vdev *nic = add_nic(u);

	for (size_t i = 0; i < sizeof(overrides) / sizeof(overrides[0]); i++) {
		for (unsigned int skip = 0; skip < 3; skip++) {
			fake_set_override(u->f, nic, overrides[i]);
			fake_fail(u->f,
				  (struct fake_rule){
					  .op = FAKE_WRITE, .err = EIO, .skip = skip, .times = 1 });
			assert_fails(dmabufx_dev_bind(u->ctx, NIC, 0), EIO, SYSTEM, NIC);
			assert_string_equal(nic->driver, "igb");
			assert_string_equal(nic->override, overrides[i]);
			fake_heal(u->f);
		}
	}
}

static void bind_that_fails_leaves_a_function_without_driver_without(void **state)
{
	struct unit *u = *state;
	struct fake_vdev *nic = add_nic(u);

	fake_set_driver(u->f, nic, "");
	fake_set_override(u->f, nic, "none");
	fake_fail(u->f, (struct fake_rule){ .op = FAKE_READLINK,
					    .path = DEVICE "/driver",
					    .err = EIO,
					    .skip = 1,
					    .times = 1 });
	assert_fails(dmabufx_dev_bind(u->ctx, NIC, 0), EIO, SYSTEM, NIC, "vfio-pci");
	assert_string_equal(nic->driver, "");
	assert_string_equal(nic->override, "none");
}

static void bind_tells_of_an_override_that_is_lost(void **state)
{
	struct unit *u = *state;
	struct fake_vdev *nic = add_nic(u);
	struct unit_log log = { .lines = 0 };

	dmabufx_ctx_set_log(u->ctx, unit_log_fn, &log, DMABUFX_LOG_WARN);
	fake_set_override(u->f, nic, "igb");
	assert_int_equal(dmabufx_dev_bind(u->ctx, NIC, 0), 0);
	assert_int_equal(log.lines, 1);
	assert_non_null(strstr(log.text, NIC));
	assert_non_null(strstr(log.text, "driver_override was igb"));
	assert_int_equal(dmabufx_dev_unbind(u->ctx, NIC), 0);
	assert_string_equal(nic->override, "");
	assert_int_equal(dmabufx_dev_bind(u->ctx, NIC, 0), 0);
	assert_int_equal(log.lines, 1);
}

static void an_override_that_cant_be_read_ends_both(void **state)
{
	struct unit *u = *state;
	struct fake_vdev *nic = add_nic(u);

	fake_fail(u->f, (struct fake_rule){ .op = FAKE_OPEN, .path = OVERRIDE, .err = EIO });
	assert_fails(dmabufx_dev_bind(u->ctx, NIC, 0), EIO, SYSTEM, "reading driver_override", NIC);
	assert_fails(dmabufx_dev_unbind(u->ctx, NIC), EIO, SYSTEM, "reading driver_override", NIC);
	assert_string_equal(nic->driver, "igb");
}

static void unbind_leaves_an_override_for_another_driver(void **state)
{
	struct unit *u = *state;
	struct fake_vdev *nic = add_nic(u);

	assert_int_equal(dmabufx_dev_bind(u->ctx, NIC, 0), 0);
	fake_set_override(u->f, nic, "igb-special");
	assert_int_equal(dmabufx_dev_unbind(u->ctx, NIC), 0);
	assert_string_equal(nic->driver, "igb-special");
	assert_string_equal(nic->override, "igb-special");
	/* Nor where it isn't bound to vfio-pci at all. */
	assert_int_equal(dmabufx_dev_unbind(u->ctx, NIC), 0);
	assert_string_equal(nic->override, "igb-special");
}

static void unbind_gives_the_function_to_the_hosts_driver(void **state)
{
	struct unit *u = *state;
	struct fake_vdev *nic = add_nic(u);

	assert_int_equal(dmabufx_dev_bind(u->ctx, NIC, 0), 0);
	assert_int_equal(dmabufx_dev_unbind(u->ctx, NIC), 0);
	assert_string_equal(nic->driver, "igb");
	assert_string_equal(nic->override, "");
}

static void unbind_leaves_another_driver_alone(void **state)
{
	struct unit *u = *state;
	struct fake_vdev *nic = add_nic(u);

	assert_int_equal(dmabufx_dev_unbind(u->ctx, NIC), 0);
	assert_string_equal(nic->driver, "igb");
}

static void unbind_is_well_when_no_driver_wants_the_function(void **state)
{
	struct unit *u = *state;

	fake_fail(u->f,
		  (struct fake_rule){ .op = FAKE_WRITE, .err = EINVAL, .skip = 2, .times = 1 });
	assert_int_equal(dmabufx_dev_unbind(u->ctx, MEM), 0);
	assert_string_equal(u->vmem->driver, "");
}

/* The kernel would wait for ever for the caller to close it. */
static void unbind_of_what_this_ctx_has_open_returns_ebusy(void **state)
{
	struct unit *u = *state;
	struct dmabufx_dev *dev = open_dev(u, MEM);

	assert_fails(dmabufx_dev_unbind(u->ctx, MEM), EBUSY, DEVICE_BUSY, MEM, "close it");
	assert_string_equal(u->vmem->driver, "vfio-pci");
	dmabufx_dev_unref(dev);
	assert_int_equal(dmabufx_dev_unbind(u->ctx, MEM), 0);
	assert_string_equal(u->vmem->driver, "");
}

static void unbind_refuses_null_and_tells_errors(void **state)
{
	struct unit *u = *state;

	assert_fails(dmabufx_dev_unbind(NULL, MEM), EINVAL, NULL_ARGUMENT, "ctx");
	assert_fails(dmabufx_dev_unbind(u->ctx, NULL), EINVAL, NULL_ARGUMENT, "bdf");
	assert_fails(dmabufx_dev_unbind(u->ctx, "x"), EINVAL, BAD_ADDRESS, "'x'");
	assert_fails(dmabufx_dev_unbind(u->ctx, NIC), ENODEV, NO_SUCH_DEVICE, NIC);
	for (unsigned int skip = 0; skip < 3; skip++) {
		fake_fail(u->f,
			  (struct fake_rule){
				  .op = FAKE_WRITE, .err = EACCES, .skip = skip, .times = 1 });
		fake_set_driver(u->f, u->vmem, "vfio-pci");
		assert_fails(dmabufx_dev_unbind(u->ctx, MEM), EACCES, PERMISSION, MEM, "root");
		fake_heal(u->f);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(bind_takes_the_function_by_driver_override, unit_ctx),
		unit_case(bind_of_a_function_without_driver_works, unit_ctx),
		unit_case(bind_of_what_is_bound_changes_nothing, unit_ctx),
		unit_case(bind_refuses_null_addresses_and_flags, unit_ctx),
		unit_case(bind_without_a_group_returns_enodev, unit_ctx),
		unit_case(bind_without_vfio_pci_returns_enodev, unit_ctx),
		unit_case(bind_of_what_the_host_uses_returns_ebusy_unless_forced, unit_ctx),
		unit_case(what_the_host_uses_is_found_through_layers, unit_ctx),
		unit_case(disks_of_other_functions_are_no_reason_to_refuse, unit_ctx),
		unit_case(what_cant_be_read_is_taken_for_unused, unit_ctx),
		unit_case(bind_without_privilege_returns_eacces, unit_ctx),
		unit_case(bind_that_fails_gives_the_function_back, unit_ctx),
		unit_case(bind_that_vfio_pci_declines_gives_the_function_back, unit_ctx),
		unit_case(bind_that_fails_puts_back_what_the_function_was_reserved_for, unit_ctx),
		unit_case(bind_that_fails_leaves_a_function_without_driver_without, unit_ctx),
		unit_case(bind_tells_of_an_override_that_is_lost, unit_ctx),
		unit_case(an_override_that_cant_be_read_ends_both, unit_ctx),
		unit_case(unbind_gives_the_function_to_the_hosts_driver, unit_ctx),
		unit_case(unbind_leaves_an_override_for_another_driver, unit_ctx),
		unit_case(unbind_leaves_another_driver_alone, unit_ctx),
		unit_case(unbind_is_well_when_no_driver_wants_the_function, unit_ctx),
		unit_case(unbind_of_what_this_ctx_has_open_returns_ebusy, unit_ctx),
		unit_case(unbind_refuses_null_and_tells_errors, unit_ctx),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

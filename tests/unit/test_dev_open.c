// SPDX-License-Identifier: GPL-2.0-or-later
/* Opening VFIO devices: by address, by node, by descriptor, through the group. */
#include "unit.h"

#define NODE "/dev/vfio/devices/vfio1"

static int open_as(struct unit *u, const char *name, uint32_t flags, struct dmabufx_dev **ret)
{
	DMABUFX_OPTS(dmabufx_dev_opts, opts, .flags = flags);

	return dmabufx_dev_open(u->ctx, name, &opts, ret);
}

static int raw_open(struct unit *u, const char *path)
{
	return u->f->sys.open(&u->f->sys, path, 0);
}

static void open_by_address_binds_to_the_iommufd(void **state)
{
	struct unit *u = *state;

	u->mem = open_dev(u, MEM);
	assert_int_equal(u->vmem->opens, 1);
	assert_int_equal(fake_count(u->f, VFIO_DEVICE_BIND_IOMMUFD), 1);
	assert_true(dmabufx_dev_fd(u->mem) >= 0);
	u->mem = dmabufx_dev_unref(u->mem);
	assert_int_equal(u->vmem->opens, 0);
}

static void open_by_node_finds_the_address(void **state)
{
	struct dmabufx_dev_caps caps = { .size = sizeof(caps) };
	struct unit *u = *state;

	assert_int_equal(open_as(u, NODE, 0, &u->mem), 0);
	assert_int_equal(dmabufx_dev_get_caps(u->mem, &caps), 0);
	assert_string_equal(caps.bdf, MEM);
}

static void open_attaches_at_once_when_told_where(void **state)
{
	struct unit *u = *state;
	DMABUFX_OPTS(dmabufx_dev_opts, opts, .ioas = u->ioas);

	assert_int_equal(dmabufx_dev_open(u->ctx, EDU, &opts, &u->edu), 0);
	assert_non_null(u->vedu->attached);
	fake_fail_ioctl(u->f, VFIO_DEVICE_ATTACH_IOMMUFD_PT, EIO);
	u->mem = SENTINEL;
	assert_fails(dmabufx_dev_open(u->ctx, MEM, &opts, &u->mem), EIO, SYSTEM, MEM, "attaching");
	assert_ptr_equal(u->mem, SENTINEL);
	u->mem = NULL;
	assert_int_equal(u->vmem->opens, 0);
}

static void open_refuses_null_and_bad_names(void **state)
{
	struct dmabufx_dev *dev = SENTINEL;
	struct unit *u = *state;

	assert_fails(dmabufx_dev_open(NULL, MEM, NULL, &dev), EINVAL, NULL_ARGUMENT, "ctx");
	assert_fails(dmabufx_dev_open(u->ctx, NULL, NULL, &dev), EINVAL, NULL_ARGUMENT, "name");
	assert_fails(dmabufx_dev_open(u->ctx, MEM, NULL, NULL), EINVAL, NULL_ARGUMENT, "ret");
	assert_fails(dmabufx_dev_open(u->ctx, "vfio1", NULL, &dev), EINVAL, BAD_ADDRESS, "vfio1");
	assert_fails(dmabufx_dev_open(u->ctx, "/dev/null", NULL, &dev), EINVAL, FOREIGN_FD,
		     "/dev/vfio/devices/");
	assert_fails(open_as(u, NODE, DMABUFX_DEV_PREBOUND, &dev), EINVAL, BAD_FLAGS, "0x1");
	assert_ptr_equal(dev, SENTINEL);
}

static void ioas_of_another_ctx_returns_exdev(void **state)
{
	struct unit *u = *state;
	struct dmabufx_ctx *other = new_ctx(u, DMABUFX_BACKEND_AUTO);
	DMABUFX_OPTS(dmabufx_dev_opts, opts, .ioas = u->ioas);
	struct dmabufx_dev *dev = SENTINEL;

	assert_fails(dmabufx_dev_open(other, EDU, &opts, &dev), EXDEV, WRONG_CTX, "context");
	assert_fails(dmabufx_dev_open_fd(other, 0, &opts, &dev), EXDEV, WRONG_CTX, "context");
	assert_ptr_equal(dev, SENTINEL);
	dmabufx_ctx_unref(other);
}

static void open_of_an_absent_device_returns_enodev(void **state)
{
	struct dmabufx_dev *dev = SENTINEL;
	struct unit *u = *state;

	assert_fails(dmabufx_dev_open(u->ctx, "00:1f.0", NULL, &dev), ENODEV, NO_SUCH_DEVICE,
		     "0000:00:1f.0", "dmabufx list");
	assert_fails(dmabufx_dev_open(u->ctx, "/dev/vfio/devices/vfio9", NULL, &dev), ENODEV,
		     NO_SUCH_DEVICE, "vfio9", "dmabufx list");
	assert_ptr_equal(dev, SENTINEL);
}

static void open_without_a_group_returns_enodev(void **state)
{
	struct dmabufx_dev *dev = SENTINEL;
	struct unit *u = *state;

	fake_publish(u->f, fake_add(u->f, "0000:00:07.0", 1, 2, -1), "");
	assert_fails(dmabufx_dev_open(u->ctx, "00:07.0", NULL, &dev), ENODEV, NO_GROUP,
		     "0000:00:07.0", "IOMMU");
}

static void open_of_what_a_host_driver_has_returns_enodev(void **state)
{
	struct dmabufx_dev *dev = SENTINEL;
	struct unit *u = *state;

	fake_set_driver(u->f, u->vmem, "nvme");
	assert_fails(dmabufx_dev_open(u->ctx, MEM, NULL, &dev), ENODEV, NOT_VFIO, MEM, "nvme",
		     "dmabufx bind");
	fake_set_driver(u->f, u->vmem, "");
	assert_fails(dmabufx_dev_open(u->ctx, MEM, NULL, &dev), ENODEV, NOT_VFIO, MEM, "no driver");
}

static void open_without_device_nodes_returns_enodev(void **state)
{
	struct dmabufx_dev *dev = SENTINEL;
	struct unit *u = *state;

	fake_remove(u->f, "/sys/bus/pci/devices/" MEM "/vfio-dev");
	assert_fails(dmabufx_dev_open(u->ctx, MEM, NULL, &dev), ENODEV, NOT_VFIO, MEM,
		     "DMABUFX_DEV_LEGACY", "CONFIG_VFIO_DEVICE_CDEV");
}

static void open_of_no_pci_device_returns_enodev(void **state)
{
	struct dmabufx_dev *dev = SENTINEL;
	struct unit *u = *state;

	u->vmem->not_pci = true;
	assert_fails(dmabufx_dev_open(u->ctx, NODE, NULL, &dev), ENODEV, NOT_PCI, MEM);
	assert_int_equal(u->vmem->opens, 0);
}

static void open_in_a_group_that_is_not_viable_returns_eperm(void **state)
{
	struct dmabufx_dev *dev = SENTINEL;
	struct unit *u = *state;

	fake_publish(u->f, fake_add(u->f, "0000:00:05.1", 1, 2, 5), "xhci_hcd");
	assert_fails(dmabufx_dev_open(u->ctx, MEM, NULL, &dev), EPERM, NOT_VIABLE, MEM,
		     "0000:00:05.1", "xhci_hcd", "vfio-pci");
	assert_fails(open_as(u, MEM, DMABUFX_DEV_LEGACY, &dev), EPERM, NOT_VIABLE, MEM,
		     "0000:00:05.1");
}

static void open_on_a_machine_without_an_iommu_interface_returns_enodev(void **state)
{
	struct dmabufx_dev *dev = SENTINEL;
	struct unit *u = *state;

	fake_remove(u->f, "/dev");
	assert_fails(dmabufx_dev_open(u->ctx, MEM, NULL, &dev), ENODEV, NO_IOMMU, "/dev/iommu");
	assert_ptr_equal(dev, SENTINEL);
}

static void ports_and_idle_functions_in_the_group_do_no_harm(void **state)
{
	struct dmabufx_dev *dev = SENTINEL;
	struct unit *u = *state;

	fake_publish(u->f, fake_add(u->f, "0000:00:05.1", 1, 2, 5), "pcieport");
	fake_publish(u->f, fake_add(u->f, "0000:00:05.2", 1, 2, 5), "");
	fake_fail_ioctl(u->f, VFIO_DEVICE_BIND_IOMMUFD, EBUSY);
	assert_fails(dmabufx_dev_open(u->ctx, MEM, NULL, &dev), EBUSY, DEVICE_BUSY, MEM);
}

static void open_without_interrupt_remapping_returns_eperm(void **state)
{
	struct dmabufx_dev *dev = SENTINEL;
	struct unit *u = *state;

	u->f->unsafe_irq = true;
	assert_fails(dmabufx_dev_open(u->ctx, MEM, NULL, &dev), EPERM, UNSAFE_IRQ, MEM,
		     "interrupt remapping", "allow_unsafe_interrupts=1");
	fake_remove(u->f, "/sys/bus/pci/devices/" MEM "/iommu_group/devices");
	assert_fails(open_as(u, MEM, DMABUFX_DEV_LEGACY, &dev), EPERM, UNSAFE_IRQ, MEM);
}

/* The kernel says EBUSY for an open group, EINVAL for a node that was opened. */
static void open_of_what_is_open_elsewhere_returns_ebusy(void **state)
{
	struct unit *u = *state;
	struct dmabufx_ctx *other = new_ctx(u, DMABUFX_BACKEND_IOMMUFD);
	struct dmabufx_dev *theirs, *dev = SENTINEL;
	int group;

	assert_int_equal(dmabufx_dev_open(other, MEM, NULL, &theirs), 0);
	assert_fails(dmabufx_dev_open(u->ctx, MEM, NULL, &dev), EBUSY, DEVICE_BUSY, MEM, "open in");
	assert_fails(dmabufx_dev_open(u->ctx, NODE, NULL, &dev), EBUSY, DEVICE_BUSY, MEM);
	dmabufx_dev_unref(theirs);
	dmabufx_ctx_unref(other);
	group = raw_open(u, "/dev/vfio/5");
	assert_fails(dmabufx_dev_open(u->ctx, MEM, NULL, &dev), EBUSY, DEVICE_BUSY, MEM);
	assert_fails(open_as(u, MEM, DMABUFX_DEV_LEGACY, &dev), EBUSY, DEVICE_BUSY, MEM);
	fake_close(u->f, group);
	assert_ptr_equal(dev, SENTINEL);
	u->mem = open_dev(u, MEM);
}

static void open_without_permission_returns_eacces(void **state)
{
	struct dmabufx_dev *dev = SENTINEL;
	struct unit *u = *state;

	fake_fail(u->f, (struct fake_rule){ .op = FAKE_OPEN, .path = NODE, .err = EACCES });
	assert_fails(dmabufx_dev_open(u->ctx, MEM, NULL, &dev), EACCES, PERMISSION, NODE, "root");
	fake_fail(u->f,
		  (struct fake_rule){ .op = FAKE_OPEN, .path = "/dev/vfio/5", .err = EACCES });
	assert_fails(open_as(u, MEM, DMABUFX_DEV_LEGACY, &dev), EACCES, PERMISSION, MEM, "root");
}

static void open_fd_duplicates_the_descriptor(void **state)
{
	struct unit *u = *state;
	int fd = raw_open(u, NODE);

	assert_int_equal(dmabufx_dev_open_fd(u->ctx, fd, NULL, &u->mem), 0);
	assert_int_not_equal(dmabufx_dev_fd(u->mem), fd);
	fake_close(u->f, fd);
	u->buf = export_at(u->mem, 2, 0, PAGE);
}

static void open_fd_of_a_bound_device_exports_and_resets_but_is_not_attached(void **state)
{
	DMABUFX_OPTS(dmabufx_dev_opts, opts, .flags = DMABUFX_DEV_PREBOUND);
	struct unit *u = *state;
	struct dmabufx_ctx *other = new_ctx(u, DMABUFX_BACKEND_IOMMUFD);
	struct dmabufx_dev *theirs;

	assert_int_equal(dmabufx_dev_open(other, MEM, NULL, &theirs), 0);
	assert_int_equal(dmabufx_dev_open_fd(u->ctx, dmabufx_dev_fd(theirs), &opts, &u->mem), 0);
	u->buf = export_at(u->mem, 2, 0, PAGE);
	assert_int_equal(dmabufx_dev_reset(u->mem), 0);
	assert_fails(dmabufx_dev_attach(u->mem, u->ioas), EOPNOTSUPP, BACKEND, MEM);
	dmabufx_dev_unref(theirs);
	dmabufx_ctx_unref(other);
}

static void open_fd_of_a_bound_device_without_saying_so_returns_einval(void **state)
{
	struct unit *u = *state;
	struct dmabufx_ctx *other = new_ctx(u, DMABUFX_BACKEND_IOMMUFD);
	struct dmabufx_dev *theirs, *dev = SENTINEL;

	assert_int_equal(dmabufx_dev_open(other, MEM, NULL, &theirs), 0);
	assert_fails(dmabufx_dev_open_fd(u->ctx, dmabufx_dev_fd(theirs), NULL, &dev), EINVAL,
		     DEVICE_BUSY, "DMABUFX_DEV_PREBOUND");
	assert_ptr_equal(dev, SENTINEL);
	dmabufx_dev_unref(theirs);
	dmabufx_ctx_unref(other);
}

static void open_fd_refuses_null_closed_and_foreign_descriptors(void **state)
{
	DMABUFX_OPTS(dmabufx_dev_opts, prebound, .flags = DMABUFX_DEV_PREBOUND);
	struct unit *u = *state;
	struct dmabufx_dev *dev = SENTINEL;
	int fd = raw_open(u, "/dev/null");

	assert_fails(dmabufx_dev_open_fd(NULL, fd, NULL, &dev), EINVAL, NULL_ARGUMENT, "ctx");
	assert_fails(dmabufx_dev_open_fd(u->ctx, fd, NULL, NULL), EINVAL, NULL_ARGUMENT, "ret");
	assert_fails(dmabufx_dev_open_fd(u->ctx, -1, NULL, &dev), EBADF, BAD_FD, "-1");
	assert_fails(dmabufx_dev_open_fd(u->ctx, fd, NULL, &dev), EINVAL, FOREIGN_FD, "VFIO");
	assert_fails(dmabufx_dev_open_fd(u->ctx, fd, &prebound, &dev), EINVAL, FOREIGN_FD, "VFIO");
	fake_fail(u->f, (struct fake_rule){ .op = FAKE_DUP, .err = EMFILE });
	assert_fails(dmabufx_dev_open_fd(u->ctx, fd, NULL, &dev), EMFILE, SYSTEM, "duplicating");
	assert_ptr_equal(dev, SENTINEL);
	fake_close(u->f, fd);
}

static void legacy_open_joins_a_container_of_its_own(void **state)
{
	struct dmabufx_dev *dev = SENTINEL;
	struct unit *u = *state;
	DMABUFX_OPTS(dmabufx_dev_opts, opts, .flags = DMABUFX_DEV_LEGACY, .ioas = u->ioas);

	assert_int_equal(open_as(u, MEM, DMABUFX_DEV_LEGACY, &u->mem), 0);
	assert_int_equal(fake_count(u->f, VFIO_GROUP_SET_CONTAINER), 1);
	u->buf = export_at(u->mem, 2, 0, PAGE);
	u->map = map_fixed(u->ioas, u->buf, IOVA);
	assert_fails(dmabufx_dev_attach(u->mem, u->ioas), EOPNOTSUPP, BACKEND, MEM);
	assert_fails(open_as(u, NODE, DMABUFX_DEV_LEGACY, &dev), EOPNOTSUPP, BACKEND, NODE);
	assert_fails(dmabufx_dev_open(u->ctx, EDU, &opts, &dev), EOPNOTSUPP, BACKEND, EDU);
	assert_ptr_equal(dev, SENTINEL);
}

static void legacy_open_without_a_container_tells_the_errno(void **state)
{
	struct dmabufx_dev *dev = SENTINEL;
	struct unit *u = *state;

	fake_remove(u->f, "/dev/vfio/vfio");
	assert_fails(open_as(u, MEM, DMABUFX_DEV_LEGACY, &dev), ENOENT, SYSTEM, MEM);
}

static void attach_and_detach_go_there_and_back(void **state)
{
	struct unit *u = *state;

	u->edu = open_dev(u, EDU);
	assert_int_equal(dmabufx_dev_attach(u->edu, u->ioas), 0);
	assert_fails(dmabufx_dev_attach(u->edu, u->ioas), EBUSY, ATTACHED, EDU, "detach");
	assert_int_equal(dmabufx_dev_detach(u->edu), 0);
	assert_null(u->vedu->attached);
	assert_fails(dmabufx_dev_detach(u->edu), ENODEV, NOT_ATTACHED, EDU);
	assert_int_equal(dmabufx_dev_attach(u->edu, u->ioas), 0);
}

static void attach_refuses_null_and_another_ctx(void **state)
{
	struct unit *u = *state;
	struct dmabufx_ctx *other = new_ctx(u, DMABUFX_BACKEND_AUTO);
	struct dmabufx_ioas *theirs;

	u->edu = open_dev(u, EDU);
	assert_int_equal(dmabufx_ctx_ioas(other, &theirs), 0);
	assert_fails(dmabufx_dev_attach(NULL, u->ioas), EINVAL, NULL_ARGUMENT, "dev");
	assert_fails(dmabufx_dev_attach(u->edu, NULL), EINVAL, NULL_ARGUMENT, "ioas");
	assert_fails(dmabufx_dev_attach(u->edu, theirs), EXDEV, WRONG_CTX, EDU);
	assert_fails(dmabufx_dev_detach(NULL), EINVAL, NULL_ARGUMENT, "dev");
	dmabufx_ctx_unref(other);
}

static void attach_and_detach_tell_the_kernels_errors(void **state)
{
	struct unit *u = *state;

	u->edu = open_dev(u, EDU);
	fake_fail_ioctl(u->f, VFIO_DEVICE_ATTACH_IOMMUFD_PT, EBUSY);
	assert_fails(dmabufx_dev_attach(u->edu, u->ioas), EBUSY, SYSTEM, EDU);
	fake_heal(u->f);
	assert_int_equal(dmabufx_dev_attach(u->edu, u->ioas), 0);
	fake_fail_ioctl(u->f, VFIO_DEVICE_DETACH_IOMMUFD_PT, EIO);
	assert_fails(dmabufx_dev_detach(u->edu), EIO, SYSTEM, EDU);
	fake_heal(u->f);
	assert_int_equal(dmabufx_dev_detach(u->edu), 0);
}

static void attach_over_a_reserved_mapping_returns_eaddrinuse(void **state)
{
	struct unit *u = *state;

	u->edu = open_dev(u, EDU);
	u->buf = new_memfd(u, PAGE);
	u->map = map_fixed(u->ioas, u->buf, 0xfee00000);
	assert_fails(dmabufx_dev_attach(u->edu, u->ioas), EADDRINUSE, IOVA_RESERVED, EDU,
		     "attach devices before mapping");
}

static void a_second_reference_keeps_the_device_open(void **state)
{
	struct unit *u = *state;

	u->mem = open_dev(u, MEM);
	assert_ptr_equal(dmabufx_dev_ref(u->mem), u->mem);
	dmabufx_dev_unref(u->mem);
	assert_int_equal(u->vmem->opens, 1);
	assert_fails(dmabufx_dev_fd(NULL), EINVAL, NULL_ARGUMENT, "dev");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(open_by_address_binds_to_the_iommufd, unit_ctx),
		unit_case(open_by_node_finds_the_address, unit_ctx),
		unit_case(open_attaches_at_once_when_told_where, unit_ioas),
		unit_case(open_refuses_null_and_bad_names, unit_ctx),
		unit_case(ioas_of_another_ctx_returns_exdev, unit_ioas),
		unit_case(open_of_an_absent_device_returns_enodev, unit_ctx),
		unit_case(open_without_a_group_returns_enodev, unit_ctx),
		unit_case(open_of_what_a_host_driver_has_returns_enodev, unit_ctx),
		unit_case(open_without_device_nodes_returns_enodev, unit_ctx),
		unit_case(open_of_no_pci_device_returns_enodev, unit_ctx),
		unit_case(open_in_a_group_that_is_not_viable_returns_eperm, unit_ctx),
		unit_case(open_on_a_machine_without_an_iommu_interface_returns_enodev, unit_ctx),
		unit_case(ports_and_idle_functions_in_the_group_do_no_harm, unit_ctx),
		unit_case(open_without_interrupt_remapping_returns_eperm, unit_ctx),
		unit_case(open_of_what_is_open_elsewhere_returns_ebusy, unit_ctx),
		unit_case(open_without_permission_returns_eacces, unit_ctx),
		unit_case(open_fd_duplicates_the_descriptor, unit_ctx),
		unit_case(open_fd_of_a_bound_device_exports_and_resets_but_is_not_attached,
			  unit_ioas),
		unit_case(open_fd_of_a_bound_device_without_saying_so_returns_einval, unit_ctx),
		unit_case(open_fd_refuses_null_closed_and_foreign_descriptors, unit_ctx),
		unit_case(legacy_open_joins_a_container_of_its_own, unit_ioas),
		unit_case(legacy_open_without_a_container_tells_the_errno, unit_ctx),
		unit_case(attach_and_detach_go_there_and_back, unit_ioas),
		unit_case(attach_refuses_null_and_another_ctx, unit_ioas),
		unit_case(attach_and_detach_tell_the_kernels_errors, unit_ioas),
		unit_case(attach_over_a_reserved_mapping_returns_eaddrinuse, unit_ioas),
		unit_case(a_second_reference_keeps_the_device_open, unit_ctx),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The scripted machine's PCI functions in sysfs, and the writes that bind them. */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>

#include "fake_priv.h"

#define BUS "/sys/bus/pci/"
#define PATH(path, ...) \
	char path[128]; \
	snprintf(path, sizeof(path), __VA_ARGS__)

struct fake_vdev *fake_find(struct fake *f, const char *bdf)
{
	for (unsigned int i = 0; i < f->nvdevs; i++) {
		if (!strcmp(f->vdevs[i].bdf, bdf))
			return &f->vdevs[i];
	}
	return NULL;
}

/* PM, PCIe and AF stand in each; MSI-X last, where the device has it. */
static void make_config(struct fake_vdev *v)
{
	static const struct {
		uint8_t at, id;
	} caps[] = {
		{ FAKE_CAP_PM, PCI_CAP_ID_PM },
		{ FAKE_CAP_PCIE, PCI_CAP_ID_EXP },
		{ FAKE_CAP_AF, PCI_CAP_ID_AF },
		{ FAKE_CAP_MSIX, PCI_CAP_ID_MSIX },
	};

	memcpy(v->config + PCI_VENDOR_ID, &v->vendor, 2);
	memcpy(v->config + PCI_DEVICE_ID, &v->device, 2);
	v->config[PCI_COMMAND] = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	v->config[PCI_STATUS] = PCI_STATUS_CAP_LIST;
	v->config[PCI_CAPABILITY_LIST] = caps[0].at;
	for (size_t i = 0; i < 4; i++) {
		v->config[caps[i].at] = caps[i].id;
		v->config[caps[i].at + 1] = i < 3 ? caps[i + 1].at : 0;
	}
}

struct fake_vdev *fake_add(struct fake *f, const char *bdf, uint16_t vendor, uint16_t device,
			   int group)
{
	struct fake_vdev *v = &f->vdevs[f->nvdevs];

	snprintf(v->bdf, sizeof(v->bdf), "%s", bdf);
	v->group = group;
	v->vendor = vendor;
	v->device = device;
	v->minor = f->nvdevs;
	v->config_len = sizeof(v->config);
	make_config(v);
	f->nvdevs++;
	return v;
}

static void attribute(struct fake *f, const struct fake_vdev *v, const char *name, const char *text)
{
	PATH(path, BUS "devices/%s/%s", v->bdf, name);
	fake_text(f, path, text);
}

static void number(struct fake *f, const struct fake_vdev *v, const char *name, unsigned int value)
{
	char text[16];

	snprintf(text, sizeof(text), "0x%04x\n", value);
	attribute(f, v, name, text);
}

static void resource(struct fake *f, struct fake_vdev *v)
{
	char text[1024], *at = text;

	for (int i = 0; i < 6; i++) {
		uint64_t start = 0xc00000000ull + ((uint64_t)i << 32), len = v->bars[i].len;

		at += sprintf(at, "0x%016llx 0x%016llx 0x%016x\n",
			      (unsigned long long)(len ? start : 0),
			      (unsigned long long)(len ? start + len - 1 : 0),
			      len ? v->bars[i].io ? 0x100 : 0x200 : 0);
		v->config[PCI_BASE_ADDRESS_0 + 4 * i] = v->bars[i].io;
	}
	attribute(f, v, "resource", text);
}

static void join_group(struct fake *f, const struct fake_vdev *v)
{
	char target[64];

	PATH(link, BUS "devices/%s/iommu_group", v->bdf);
	snprintf(target, sizeof(target), "../../../kernel/iommu_groups/%d", v->group);
	fake_link(f, link, target);
	PATH(kernel, "/sys/kernel/iommu_groups/%d/devices/%s", v->group, v->bdf);
	fake_link(f, kernel, v->bdf);
	for (unsigned int i = 0; i < f->nvdevs; i++) {
		const struct fake_vdev *other = &f->vdevs[i];

		if (other->group != v->group)
			continue;
		PATH(mine, BUS "devices/%s/iommu_group/devices/%s", v->bdf, other->bdf);
		fake_link(f, mine, other->bdf);
		PATH(theirs, BUS "devices/%s/iommu_group/devices/%s", other->bdf, v->bdf);
		fake_link(f, theirs, v->bdf);
	}
	PATH(node, "/dev/vfio/%d", v->group);
	fake_dev_node(f, node, FAKE_GROUP, v->group);
}

void fake_publish(struct fake *f, struct fake_vdev *v, const char *driver)
{
	number(f, v, "vendor", v->vendor);
	number(f, v, "device", v->device);
	number(f, v, "class", 0xff0000);
	attribute(f, v, "driver_override", "(null)\n");
	attribute(f, v, "reset_method", v->no_reset ? "" : "flr bus\n");
	resource(f, v);
	if (v->group >= 0)
		join_group(f, v);
	PATH(physfn, BUS "devices/%s/physfn", v->bdf);
	if (v->is_vf)
		fake_link(f, physfn, "../0000:00:06.0");
	fake_set_driver(f, v, driver);
}

static void remove_nodes(struct fake *f, const struct fake_vdev *v)
{
	PATH(driver, BUS "devices/%s/driver", v->bdf);
	fake_remove(f, driver);
	PATH(vfio_dev, BUS "devices/%s/vfio-dev", v->bdf);
	fake_remove(f, vfio_dev);
	if (!v->cdev[0])
		return;
	PATH(class, "/sys/class/vfio-dev/%s", v->cdev);
	fake_remove(f, class);
	PATH(node, "/dev/vfio/devices/%s", v->cdev);
	fake_remove(f, node);
	PATH(number, "/sys/dev/char/%u:%u", FAKE_CDEV_MAJOR, v->minor);
	fake_remove(f, number);
}

static void make_cdev(struct fake *f, struct fake_vdev *v)
{
	snprintf(v->cdev, sizeof(v->cdev), "vfio%u", v->minor);
	PATH(vfio_dev, BUS "devices/%s/vfio-dev/%s", v->bdf, v->cdev);
	fake_text(f, vfio_dev, "");
	PATH(class, "/sys/class/vfio-dev/%s", v->cdev);
	fake_text(f, class, "");
	PATH(node, "/dev/vfio/devices/%s", v->cdev);
	fake_dev_node(f, node, FAKE_DEVICE, (int)v->minor);
	PATH(number, "/sys/dev/char/%u:%u/device", FAKE_CDEV_MAJOR, v->minor);
	fake_link(f, number, v->bdf);
}

void fake_set_driver(struct fake *f, struct fake_vdev *v, const char *driver)
{
	char target[64];

	remove_nodes(f, v);
	snprintf(v->driver, sizeof(v->driver), "%s", driver);
	if (!driver[0])
		return;
	PATH(link, BUS "devices/%s/driver", v->bdf);
	snprintf(target, sizeof(target), "../../../bus/pci/drivers/%s", driver);
	fake_link(f, link, target);
	PATH(unbind, BUS "devices/%s/driver/unbind", v->bdf);
	fake_text(f, unbind, "");
	if (!strncmp(driver, "vfio", 4))
		make_cdev(f, v);
}

void fake_set_override(struct fake *f, struct fake_vdev *v, const char *value)
{
	char text[40];

	snprintf(v->override, sizeof(v->override), "%.*s", (int)strcspn(value, "\n"), value);
	snprintf(text, sizeof(text), "%s\n", v->override[0] ? v->override : "(null)");
	attribute(f, v, "driver_override", text);
}

static int probe(struct fake *f, const char *bdf)
{
	struct fake_vdev *v = fake_find(f, bdf);

	if (!v)
		return -ENODEV;
	if (v->driver[0])
		return 0;
	/* A name that no driver has keeps them all away. */
	if (strcmp(v->override, "none"))
		fake_set_driver(f, v, v->override[0] ? v->override : v->host_driver);
	return 0;
}

int fake_write_hook(struct fake *f, const char *path, const char *value)
{
	char bdf[16] = "", file[64] = "";
	struct fake_vdev *v;

	if (!strcmp(path, BUS "drivers_probe"))
		return probe(f, value);
	if (sscanf(path, BUS "devices/%15[^/]/%63s", bdf, file) != 2)
		return -EACCES;
	v = fake_find(f, bdf);
	if (!strcmp(file, "driver/unbind")) {
		fake_set_driver(f, v, "");
		return 0;
	}
	if (strcmp(file, "driver_override"))
		return -EACCES;
	fake_set_override(f, v, value);
	return 0;
}

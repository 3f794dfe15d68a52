// SPDX-License-Identifier: GPL-2.0-or-later
/* The scripted kernel's hot reset: what it hits, and whose that must be. */
#include <errno.h>
#include <stdio.h>

#include "fake_priv.h"
#include "fake_vfio.h"
#include "uapi/vfio.h"

static bool hits(const struct fake_vdev *v, const struct fake_vdev *other)
{
	return v->slot && v->slot == other->slot;
}

static bool opened_by(const struct fake *f, const struct fake_vdev *v,
		      const struct fake_file *iommufd)
{
	for (int i = 0; i < FAKE_FDS; i++) {
		const struct fake_file *file = f->fds[i];

		if (file && file->kind == FAKE_DEVICE && file->vdev == v && file->granted &&
		    file->container == iommufd)
			return true;
	}
	return false;
}

/* Its own are what the same iommufd has, the rest of such groups, and what has no driver. */
static bool owned(const struct fake *f, const struct fake_vdev *v, const struct fake_file *iommufd)
{
	bool ret = !v->driver[0];

	for (unsigned int i = 0; i < f->nvdevs && !ret; i++)
		ret = f->vdevs[i].group == v->group && opened_by(f, &f->vdevs[i], iommufd);
	return ret;
}

static void tell(const struct fake *f, const struct fake_vdev *v, const struct fake_file *iommufd,
		 struct vfio_pci_dependent_device *ret)
{
	unsigned int segment, bus, slot, fn;

	sscanf(v->bdf, "%x:%x:%x.%x", &segment, &bus, &slot, &fn);
	ret->segment = (uint16_t)segment;
	ret->bus = (uint8_t)bus;
	ret->devfn = (uint8_t)(slot << 3 | fn);
	ret->group_id = (uint32_t)v->group;
	if (iommufd)
		ret->group_id = opened_by(f, v, iommufd) ? 1 + v->minor :
				owned(f, v, iommufd)     ? 0 :
							   (uint32_t)VFIO_PCI_DEVID_NOT_OWNED;
}

int fake_hot_info(struct fake *f, const struct fake_file *file,
		  struct vfio_pci_hot_reset_info *info)
{
	size_t room = (info->argsz - sizeof(*info)) / sizeof(info->devices[0]);

	if (info->argsz < sizeof(*info))
		return -EINVAL;
	if (!file->vdev->slot)
		return -ENODEV;
	info->count = 0;
	info->flags = file->container ? VFIO_PCI_HOT_RESET_FLAG_DEV_ID : 0;
	for (unsigned int i = 0; i < f->nvdevs; i++) {
		if (!hits(file->vdev, &f->vdevs[i]))
			continue;
		if (info->count < room)
			tell(f, &f->vdevs[i], file->container, &info->devices[info->count]);
		info->count++;
	}
	info->count += f->more_hits;
	return info->count > room ? -ENOSPC : 0;
}

static bool among(struct fake *f, const struct vfio_pci_hot_reset *cmd, int group)
{
	for (uint32_t i = 0; i < cmd->count; i++) {
		const struct fake_file *file = fake_at(f, cmd->group_fds[i]);

		if (file && file->kind == FAKE_GROUP && file->group == group)
			return true;
	}
	return false;
}

int fake_hot_reset(struct fake *f, const struct fake_file *file,
		   const struct vfio_pci_hot_reset *cmd)
{
	if (cmd->flags || !!cmd->count == !!file->container)
		return -EINVAL;
	if (!file->vdev->slot)
		return -ENODEV;
	for (unsigned int i = 0; i < f->nvdevs; i++) {
		struct fake_vdev *v = &f->vdevs[i];

		if (hits(file->vdev, v) &&
		    !(file->container ? owned(f, v, file->container) : among(f, cmd, v->group)))
			return -EINVAL;
	}
	for (unsigned int i = 0; i < f->nvdevs; i++) {
		if (hits(file->vdev, &f->vdevs[i]))
			fake_reset(f, &f->vdevs[i]);
	}
	return 0;
}

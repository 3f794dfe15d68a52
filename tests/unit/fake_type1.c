// SPDX-License-Identifier: GPL-2.0-or-later
/* The scripted kernel's VFIO groups and type1 containers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fake_priv.h"
#include "fake_vfio.h"
#include "uapi/vfio.h"

bool fake_group_viable(struct fake *f, int group)
{
	for (unsigned int i = 0; i < f->nvdevs; i++) {
		const struct fake_vdev *v = &f->vdevs[i];

		if (v->group == group && v->driver[0] && strncmp(v->driver, "vfio", 4))
			return false;
	}
	return true;
}

static int set_iommu(struct fake *f, struct fake_space *space)
{
	if (!space->users || space->iommu_set)
		return -EINVAL;
	if (f->unsafe_irq)
		return -EPERM;
	space->iommu_set = true;
	return 0;
}

/* One capability: the ranges. A table of none stands for a kernel before 5.4. */
static int get_info(struct fake *f, struct vfio_iommu_type1_info *info)
{
	struct vfio_iommu_type1_info_cap_iova_range *cap = (void *)(info + 1);
	uint32_t need = (uint32_t)(sizeof(*info) + sizeof(*cap) +
				   f->nallowed * sizeof(cap->iova_ranges[0]));

	info->flags = VFIO_IOMMU_INFO_PGSIZES;
	info->iova_pgsizes = f->page_sizes;
	if (!f->nallowed)
		return 0;
	info->flags |= VFIO_IOMMU_INFO_CAPS;
	if (info->argsz >= need) {
		info->cap_offset = sizeof(*info);
		cap->header.id = VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE;
		cap->nr_iovas = f->nallowed;
		for (uint32_t i = 0; i < f->nallowed; i++) {
			cap->iova_ranges[i].start = f->allowed[i].start;
			cap->iova_ranges[i].end = f->allowed[i].last;
		}
	}
	info->argsz = need;
	return 0;
}

static int map_dma(struct fake *f, struct fake_space *space,
		   const struct vfio_iommu_type1_dma_map *cmd)
{
	struct fake_area area = {
		.iova = cmd->iova, .len = cmd->size, .off = cmd->vaddr, .flags = cmd->flags
	};

	return cmd->vaddr == f->bad_va ? -EFAULT : fake_area_add(f, space, &area);
}

static int unmap_dma(struct fake *f, struct fake_space *space,
		     struct vfio_iommu_type1_dma_unmap *cmd)
{
	uint64_t unmapped;
	int err = fake_area_remove(f, space, cmd->iova, cmd->size, &unmapped);

	if (!err)
		cmd->size = unmapped;
	return err ? -EINVAL : 0;
}

int fake_container_ioctl(struct fake *f, struct fake_file *file, unsigned long request, void *arg)
{
	struct fake_space *space = file->space;

	if (request == VFIO_CHECK_EXTENSION)
		return (uintptr_t)arg == VFIO_TYPE1v2_IOMMU && !f->no_type1v2;
	if (request == VFIO_SET_IOMMU)
		return set_iommu(f, space);
	/* Without a group the container has no IOMMU driver to ask. */
	if (!space->iommu_set)
		return -EINVAL;
	switch (request) {
	case VFIO_IOMMU_GET_INFO:
		return get_info(f, arg);
	case VFIO_IOMMU_MAP_DMA:
		return map_dma(f, space, arg);
	case VFIO_IOMMU_UNMAP_DMA:
		return unmap_dma(f, space, arg);
	default:
		return -ENOTTY;
	}
}

static int set_container(struct fake *f, struct fake_file *group, const int *fd)
{
	struct fake_file *container = fake_at(f, *fd);

	if (!container || container->kind != FAKE_CONTAINER || group->container)
		return -EINVAL;
	if (!fake_group_viable(f, group->group))
		return -EPERM;
	container->refs++;
	container->space->users++;
	group->container = container;
	return 0;
}

/* With its last group a container loses the IOMMU and all that was mapped. */
static void leave_container(struct fake *f, struct fake_file *group)
{
	struct fake_space *space = group->container->space;

	if (!--space->users) {
		space->iommu_set = false;
		fake_areas_clear(f, space);
	}
	fake_file_put(f, group->container);
	group->container = NULL;
}

static bool group_has_open_device(struct fake *f, int group)
{
	for (unsigned int i = 0; i < f->nvdevs; i++) {
		if (f->vdevs[i].group == group && f->vdevs[i].opens)
			return true;
	}
	return false;
}

static int unset_container(struct fake *f, struct fake_file *group)
{
	if (!group->container)
		return -EINVAL;
	if (group_has_open_device(f, group->group))
		return -EBUSY;
	leave_container(f, group);
	return 0;
}

void fake_group_release(struct fake *f, struct fake_file *file)
{
	if (file->container)
		leave_container(f, file);
}

/* "0000:00:17.0 vf_token=00112233-4455-6677-8899-aabbccddeeff" */
static const uint8_t *parse_token(const char *text, uint8_t token[16])
{
	const char *at = strstr(text, " vf_token=");
	unsigned int byte;

	if (!at)
		return NULL;
	at += strlen(" vf_token=");
	for (int i = 0; i < 16; i++) {
		assert_int_equal(sscanf(at, "%2x", &byte), 1);
		token[i] = (uint8_t)byte;
		at += 2;
		if (i == 3 || i == 5 || i == 7 || i == 9)
			assert_int_equal(*at++, '-');
	}
	assert_int_equal(*at, '\0');
	return token;
}

static int get_device(struct fake *f, struct fake_file *group, const char *name)
{
	struct fake_file *file;
	struct fake_vdev *v;
	uint8_t token[16];
	char bdf[13];
	int err;

	snprintf(bdf, sizeof(bdf), "%s", name);
	v = fake_find(f, bdf);

	if (!group->container || !group->container->space->iommu_set)
		return -EINVAL;
	if (!v || v->group != group->group || strncmp(v->driver, "vfio", 4))
		return -ENODEV;
	err = fake_match_token(v, parse_token(name, token));
	if (err)
		return err;
	file = fake_file_new(f, FAKE_DEVICE);
	file->vdev = v;
	file->granted = true;
	v->opens++;
	return fake_install(f, file);
}

int fake_group_ioctl(struct fake *f, struct fake_file *file, unsigned long request, void *arg)
{
	struct vfio_group_status *status = arg;

	switch (request) {
	case VFIO_GROUP_GET_STATUS:
		status->flags = fake_group_viable(f, file->group) ? VFIO_GROUP_FLAGS_VIABLE : 0;
		return 0;
	case VFIO_GROUP_SET_CONTAINER:
		return set_container(f, file, arg);
	case VFIO_GROUP_UNSET_CONTAINER:
		return unset_container(f, file);
	case VFIO_GROUP_GET_DEVICE_FD:
		return get_device(f, file, arg);
	default:
		return -ENOTTY;
	}
}

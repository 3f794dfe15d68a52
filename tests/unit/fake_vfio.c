// SPDX-License-Identifier: GPL-2.0-or-later
/* The scripted kernel's VFIO device calls. */
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "dmabufx/dev.h"
#include "fake_priv.h"
#include "fake_vfio.h"
#include "uapi/vfio.h"

#define REGION_SHIFT 40

static bool group_has_file(struct fake *f, int group)
{
	for (int i = 0; i < FAKE_FDS; i++) {
		if (f->fds[i] && f->fds[i]->kind == FAKE_GROUP && f->fds[i]->group == group)
			return true;
	}
	return false;
}

/* vfio_pci_core_match_token_uuid(), 7.3, of a function that wants a token or none. */
int fake_match_token(const struct fake_vdev *v, const uint8_t *token)
{
	if (!v->vf_token)
		return token ? -EINVAL : 0;
	return token && !memcmp(token, v->vf_token, DMABUFX_VF_TOKEN_LEN) ? 0 : -EACCES;
}

static const uint8_t *token_of(const struct dx_vfio_device_bind *cmd)
{
	return cmd->flags & DX_VFIO_DEVICE_BIND_FLAG_TOKEN ?
		       (const uint8_t *)(uintptr_t)cmd->token_uuid_ptr :
		       NULL;
}

static int bind_iommufd(struct fake *f, struct fake_file *file,
			const struct dx_vfio_device_bind *cmd)
{
	struct fake_file *iommufd = fake_at(f, cmd->iommufd);
	int err;

	if (cmd->argsz < (cmd->flags ? sizeof(*cmd) : 16) ||
	    cmd->flags & (f->no_tokens ? ~0u : ~(uint32_t)DX_VFIO_DEVICE_BIND_FLAG_TOKEN))
		return -EINVAL;
	err = fake_match_token(file->vdev, token_of(cmd));
	if (group_has_file(f, file->vdev->group))
		return -EBUSY;
	if (file->granted)
		return -EINVAL;
	if (!iommufd || iommufd->kind != FAKE_IOMMUFD)
		return -EBADFD;
	/* A second opener through the node is an error of the arguments to the kernel. */
	if (file->vdev->opens)
		return -EINVAL;
	if (!fake_group_viable(f, file->vdev->group))
		return -EBUSY;
	if (f->unsafe_irq)
		return -EPERM;
	if (err)
		return err;
	file->granted = true;
	file->container = iommufd;
	iommufd->refs++;
	file->vdev->opens++;
	return 0;
}

static bool allowed(const struct fake *f, const struct fake_area *area)
{
	for (uint32_t i = 0; i < f->nallowed; i++) {
		if (area->iova >= f->allowed[i].start &&
		    area->iova + area->len - 1 <= f->allowed[i].last)
			return true;
	}
	return false;
}

static int attach(struct fake *f, struct fake_file *file, uint32_t id)
{
	struct fake_space *space = fake_space(f, id);

	if (!space || space->owner != file->container)
		return -ENOENT;
	for (struct fake_area *area = space->areas; area; area = area->next) {
		if (!allowed(f, area))
			return -EADDRINUSE;
	}
	file->vdev->attached = space;
	space->users++;
	return 0;
}

static int detach(struct fake_file *file)
{
	if (!file->vdev->attached)
		return 0;
	file->vdev->attached->users--;
	file->vdev->attached = NULL;
	return 0;
}

/* The exporter goes: its buffers are revoked, and never come back. */
static void abandon(struct fake_file *file, const struct fake_vdev *v)
{
	if (file && file->kind == FAKE_DMABUF && file->vdev == v)
		file->gone = true;
}

static void last_close(struct fake *f, struct fake_vdev *v)
{
	fake_revoke(f, v);
	for (int i = 0; i < FAKE_FDS; i++)
		abandon(f->fds[i], v);
	for (struct fake_space *space = f->spaces; space; space = space->next) {
		for (struct fake_area *area = space->areas; area; area = area->next)
			abandon(area->file, v);
	}
}

void fake_device_release(struct fake *f, struct fake_file *file)
{
	if (!file->granted)
		return;
	detach(file);
	if (!--file->vdev->opens)
		last_close(f, file->vdev);
	if (file->container)
		fake_file_put(f, file->container);
}

static int get_info(const struct fake_vdev *v, struct vfio_device_info *info)
{
	info->flags = (v->not_pci ? 0 : VFIO_DEVICE_FLAGS_PCI) |
		      (v->no_reset ? 0 : VFIO_DEVICE_FLAGS_RESET);
	info->num_regions = VFIO_PCI_NUM_REGIONS;
	return 0;
}

static void put_areas(const struct fake_bar *bar, struct vfio_region_info *info)
{
	struct vfio_region_info_cap_sparse_mmap *cap = (void *)(info + 1);
	uint32_t need = (uint32_t)(sizeof(*info) + sizeof(*cap) +
				   bar->nareas * sizeof(cap->areas[0]));

	info->flags |= VFIO_REGION_INFO_FLAG_CAPS;
	if (info->argsz >= need) {
		info->cap_offset = sizeof(*info);
		cap->header.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP;
		cap->header.next = 0;
		cap->nr_areas = bar->nareas;
		for (uint32_t i = 0; i < bar->nareas; i++) {
			cap->areas[i].offset = bar->areas[i].start;
			cap->areas[i].size = bar->areas[i].len;
		}
	}
	info->argsz = need;
}

static int region_info(const struct fake_vdev *v, struct vfio_region_info *info)
{
	const struct fake_bar *bar = info->index < 6 ? &v->bars[info->index] : NULL;

	if (info->index >= VFIO_PCI_NUM_REGIONS)
		return -EINVAL;
	info->offset = (uint64_t)info->index << REGION_SHIFT;
	info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	info->size = info->index == VFIO_PCI_CONFIG_REGION_INDEX ? v->config_len :
		     bar                                         ? bar->len :
								   0;
	if (bar && bar->len >= FAKE_PAGE && !bar->io && !bar->no_mmap)
		info->flags |= VFIO_REGION_INFO_FLAG_MMAP;
	if (bar && bar->nareas)
		put_areas(bar, info);
	else
		info->argsz = sizeof(*info);
	return 0;
}

static int check_range(const struct fake_bar *bar, const struct vfio_region_dma_range *range)
{
	if (!range->length || range->offset % FAKE_PAGE || range->length % FAKE_PAGE)
		return -EINVAL;
	return range->offset + range->length > bar->len ? -EINVAL : 0;
}

static int export(struct fake *f, struct fake_vdev *v,
		  const struct vfio_device_feature_dma_buf *args)
{
	const struct vfio_region_dma_range *range = args->dma_ranges;
	uint64_t size = 0;
	int fd, err;

	if (v->export_err)
		return -v->export_err;
	if (!args->nr_ranges || args->flags)
		return -EINVAL;
	if (args->region_index >= 6 || !v->bars[args->region_index].len)
		return -ENODEV;
	for (uint32_t i = 0; i < args->nr_ranges; i++) {
		err = check_range(&v->bars[args->region_index], &range[i]);
		if (err)
			return err;
		size += range[i].length;
	}
	fd = fake_foreign_dmabuf(f, "vfio_pci_core", size);
	if (fd < 0)
		return fd;
	fake_at(f, fd)->vdev = v;
	fake_at(f, fd)->bar = args->region_index;
	fake_at(f, fd)->off = range[0].offset;
	fake_at(f, fd)->nranges = args->nr_ranges;
	return fd;
}

static int feature(struct fake *f, struct fake_vdev *v, struct vfio_device_feature *cmd)
{
	const struct vfio_device_feature_dma_buf *args = (const void *)cmd->data;

	if ((cmd->flags & VFIO_DEVICE_FEATURE_MASK) != VFIO_DEVICE_FEATURE_DMA_BUF)
		return -ENOTTY;
	if (cmd->flags & VFIO_DEVICE_FEATURE_PROBE)
		return -v->export_err;
	if (cmd->argsz <
	    sizeof(*cmd) + sizeof(*args) + args->nr_ranges * sizeof(args->dma_ranges[0]))
		return -EINVAL;
	return export(f, v, args);
}

int fake_device_ioctl(struct fake *f, struct fake_file *file, unsigned long request, void *arg)
{
	if (request == VFIO_DEVICE_BIND_IOMMUFD)
		return bind_iommufd(f, file, arg);
	if (!file->granted)
		return -EINVAL;
	switch (request) {
	case VFIO_DEVICE_ATTACH_IOMMUFD_PT:
		return attach(f, file, ((struct vfio_device_attach_iommufd_pt *)arg)->pt_id);
	case VFIO_DEVICE_DETACH_IOMMUFD_PT:
		return detach(file);
	case VFIO_DEVICE_GET_INFO:
		return get_info(file->vdev, arg);
	case VFIO_DEVICE_GET_REGION_INFO:
		return region_info(file->vdev, arg);
	case VFIO_DEVICE_FEATURE:
		return feature(f, file->vdev, arg);
	case VFIO_DEVICE_RESET:
		return file->vdev->no_reset ? -ENOTTY : (fake_reset(f, file->vdev), 0);
	case VFIO_DEVICE_GET_PCI_HOT_RESET_INFO:
		return fake_hot_info(f, file, arg);
	case VFIO_DEVICE_PCI_HOT_RESET:
		return fake_hot_reset(f, file, arg);
	default:
		return -ENOTTY;
	}
}

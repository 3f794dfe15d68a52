// SPDX-License-Identifier: GPL-2.0-or-later
/* The scripted kernel's iommufd. */
#include <errno.h>
#include <string.h>

#include "fake_priv.h"
#include "uapi/iommufd.h"

static struct fake_space *own_space(struct fake *f, const struct fake_file *file, uint32_t id)
{
	struct fake_space *space = fake_space(f, id);

	return space && space->owner == file ? space : NULL;
}

static int ioas_alloc(struct fake *f, struct fake_file *file, struct iommu_ioas_alloc *cmd)
{
	cmd->out_ioas_id = fake_space_new(f, file)->id;
	return 0;
}

static int destroy(struct fake *f, struct fake_space *space)
{
	if (space->users)
		return -EBUSY;
	fake_space_free(f, space);
	return 0;
}

/* A fresh address space has no reserved ranges; devices bring them. */
static int iova_ranges(struct fake *f, const struct fake_space *space,
		       struct iommu_ioas_iova_ranges *cmd)
{
	struct iommu_iova_range *ret = (void *)(uintptr_t)cmd->allowed_iovas;
	uint32_t room = cmd->num_iovas, n = space->users ? f->nallowed : 1;

	cmd->num_iovas = n;
	cmd->out_iova_alignment = f->page_sizes & -f->page_sizes;
	if (room < n)
		return -EMSGSIZE;
	for (uint32_t i = 0; i < n; i++) {
		ret[i].start = space->users ? f->allowed[i].start : 0;
		ret[i].last = space->users ? f->allowed[i].last : UINT64_MAX;
	}
	return 0;
}

static int map_va(struct fake *f, struct fake_space *space, const struct iommu_ioas_map *cmd)
{
	struct fake_area area = {
		.iova = cmd->iova, .len = cmd->length, .off = cmd->user_va, .flags = cmd->flags
	};

	return cmd->user_va == f->bad_va ? -EFAULT : fake_area_add(f, space, &area);
}

static int check_dmabuf(const struct fake *f, const struct fake_file *file)
{
	if (f->old_dmabuf)
		return -EINVAL;
	if (!strstr(file->exporter, "vfio"))
		return -EOPNOTSUPP;
	if (file->gone || (file->vdev && file->vdev->revoked))
		return -ENODEV;
	return file->nranges == 1 ? 0 : -EOPNOTSUPP;
}

static int map_file(struct fake *f, struct fake_space *space, const struct iommu_ioas_map_file *cmd)
{
	struct fake_file *file = fake_at(f, cmd->fd);
	struct fake_area area = { .iova = cmd->iova,
				  .len = cmd->length,
				  .off = cmd->start,
				  .flags = cmd->flags,
				  .file = file };
	int err = 0;

	if (!file)
		return -EBADF;
	if (file->kind != FAKE_DMABUF && file->kind != FAKE_MEMFD_FILE)
		return -EINVAL;
	if (cmd->start % FAKE_PAGE || cmd->start > file->size ||
	    cmd->length > file->size - cmd->start)
		return -EINVAL;
	if (file->kind == FAKE_DMABUF)
		err = check_dmabuf(f, file);
	return err ? err : fake_area_add(f, space, &area);
}

/* A dead area is copied dead, and nothing tells. */
static int copy(struct fake *f, struct fake_space *dst, const struct fake_space *src,
		const struct iommu_ioas_copy *cmd)
{
	for (struct fake_area *area = src->areas; area; area = area->next) {
		struct fake_area twin = *area;

		if (area->iova != cmd->src_iova || area->len != cmd->length)
			continue;
		twin.iova = cmd->dst_iova;
		twin.flags = cmd->flags;
		return fake_area_add(f, dst, &twin);
	}
	return -ENOENT;
}

static int unmap(struct fake *f, struct fake_space *space, struct iommu_ioas_unmap *cmd)
{
	uint64_t unmapped;
	int err = fake_area_remove(f, space, cmd->iova, cmd->length, &unmapped);

	if (err || !unmapped)
		return -ENOENT;
	cmd->length = unmapped;
	return 0;
}

/* A structure tells its size first; no call of the library's needs less than all of it. */
static bool well_formed(unsigned long request, const void *arg)
{
	static const struct {
		unsigned long request;
		uint32_t size;
	} table[] = {
		{ IOMMU_DESTROY, sizeof(struct iommu_destroy) },
		{ IOMMU_IOAS_ALLOC, sizeof(struct iommu_ioas_alloc) },
		{ IOMMU_IOAS_IOVA_RANGES, sizeof(struct iommu_ioas_iova_ranges) },
		{ IOMMU_IOAS_MAP, sizeof(struct iommu_ioas_map) },
		{ IOMMU_IOAS_MAP_FILE, sizeof(struct iommu_ioas_map_file) },
		{ IOMMU_IOAS_COPY, sizeof(struct iommu_ioas_copy) },
		{ IOMMU_IOAS_UNMAP, sizeof(struct iommu_ioas_unmap) },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (table[i].request == request)
			return *(const uint32_t *)arg == table[i].size;
	}
	return true;
}

/* Every structure names an address space in its second or third word. */
static struct fake_space *space_of(struct fake *f, const struct fake_file *file,
				   unsigned long request, const void *arg)
{
	const uint32_t *words = arg;
	bool third = request == IOMMU_IOAS_MAP || request == IOMMU_IOAS_MAP_FILE ||
		     request == IOMMU_IOAS_COPY;

	return own_space(f, file, words[third ? 2 : 1]);
}

int fake_iommufd_ioctl(struct fake *f, struct fake_file *file, unsigned long request, void *arg)
{
	struct fake_space *space, *src;

	if (!well_formed(request, arg))
		return -EINVAL;
	if (request == IOMMU_IOAS_ALLOC)
		return ioas_alloc(f, file, arg);
	space = space_of(f, file, request, arg);
	if (!space)
		return -ENOENT;
	switch (request) {
	case IOMMU_DESTROY:
		return destroy(f, space);
	case IOMMU_IOAS_IOVA_RANGES:
		return iova_ranges(f, space, arg);
	case IOMMU_IOAS_MAP:
		return map_va(f, space, arg);
	case IOMMU_IOAS_MAP_FILE:
		return map_file(f, space, arg);
	case IOMMU_IOAS_COPY:
		src = own_space(f, file, ((struct iommu_ioas_copy *)arg)->src_ioas_id);
		return src ? copy(f, space, src, arg) : -ENOENT;
	case IOMMU_IOAS_UNMAP:
		return unmap(f, space, arg);
	default:
		return -ENOTTY;
	}
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls on address spaces. */
#include "fuzz.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* What the project's own copy of the uAPI doesn't need, from linux/iommufd.h of 6.18. */
#define IOAS_ALLOW_IOVAS DX_IOMMUFD_IO(0x82)
#define IOMMUFD_OPTION DX_IOMMUFD_IO(0x87)
#define VFIO_IOAS DX_IOMMUFD_IO(0x88)
#define HWPT_ALLOC DX_IOMMUFD_IO(0x89)
#define IOAS_CHANGE_PROCESS DX_IOMMUFD_IO(0x92)
#define NUMBERS 0x100

struct allow_iovas {
	uint32_t size;
	uint32_t ioas_id;
	uint32_t num_iovas;
	uint32_t reserved;
	uint64_t allowed_iovas;
};

struct option {
	uint32_t size;
	uint32_t option_id;
	uint16_t op;
	uint16_t reserved;
	uint32_t object_id;
	uint64_t val64;
};

struct vfio_ioas {
	uint32_t size;
	uint32_t ioas_id;
	uint16_t op;
	uint16_t reserved;
};

struct hwpt_alloc {
	uint32_t size;
	uint32_t flags;
	uint32_t dev_id;
	uint32_t pt_id;
	uint32_t out_hwpt_id;
	uint32_t reserved;
	uint32_t data_type;
	uint32_t data_len;
	uint64_t data_uptr;
	uint32_t fault_id;
	uint32_t reserved2;
};

struct change_process {
	uint32_t size;
	uint32_t reserved;
};

/* IOVAs are few, so that areas meet: 64 MiB from 16 MiB on. */
static uint64_t pick_iova(struct fuzz *f)
{
	return (1u << 24) + fuzz_pages(f, 1u << 26);
}

static uint64_t pick_len(struct fuzz *f)
{
	return fuzz_rarely(f, 8) ? fuzz_u64(f, FUZZ_ARENA) : SEQ_PAGE * (1 + fuzz_below(f, 8));
}

static uint32_t pick_flags(struct fuzz *f)
{
	if (fuzz_rarely(f, 16))
		return fuzz_u32(f);
	return IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE |
	       (fuzz_below(f, 4) ? IOMMU_IOAS_MAP_FIXED_IOVA : 0);
}

static uint32_t pick_size(struct fuzz *f, uint32_t size)
{
	return fuzz_rarely(f, 32) ? fuzz_below(f, 2 * size) : size;
}

/* The call on one of the address spaces. */
static int call(struct fuzz *f, unsigned long request, void *arg)
{
	int fd = fuzz_iommufd(f), err;

	if (fd < 0)
		return FUZZ_NOTHING;
	err = ioctl(fd, request, arg);
	err = err < 0 ? -errno : 0;
	close(fd);
	return err;
}

static int ioas_alloc(struct fuzz *f)
{
	struct iommu_ioas_alloc arg = { .size = pick_size(f, sizeof(arg)),
					.flags = fuzz_rarely(f, 16) ? fuzz_u32(f) : 0 };

	return call(f, IOMMU_IOAS_ALLOC, &arg);
}

static int destroy(struct fuzz *f)
{
	struct iommu_destroy arg = { .size = pick_size(f, sizeof(arg)), .id = fuzz_id(f) };

	return call(f, IOMMU_DESTROY, &arg);
}

static int map_va(struct fuzz *f)
{
	struct iommu_ioas_map arg = {
		.size = pick_size(f, sizeof(arg)),
		.flags = pick_flags(f),
		.ioas_id = fuzz_id(f),
		.user_va = (uintptr_t)f->world->arena + fuzz_pages(f, FUZZ_ARENA),
		.length = pick_len(f),
		.iova = pick_iova(f),
	};

	return call(f, IOMMU_IOAS_MAP, &arg);
}

static int map_file(struct fuzz *f)
{
	struct iommu_ioas_map_file arg = {
		.size = pick_size(f, sizeof(arg)),
		.flags = pick_flags(f),
		.ioas_id = fuzz_id(f),
		.fd = fuzz_buf(f),
		.start = fuzz_below(f, 2) ? 0 : fuzz_pages(f, 8 * SEQ_PAGE),
		.length = fuzz_below(f, 2) ? SEQ_PAGE : pick_len(f),
		.iova = pick_iova(f),
	};
	int err = call(f, IOMMU_IOAS_MAP_FILE, &arg);

	if (arg.fd >= 0)
		close(arg.fd);
	return err;
}

static int copy(struct fuzz *f)
{
	struct iommu_ioas_copy arg = {
		.size = pick_size(f, sizeof(arg)),
		.flags = pick_flags(f),
		.dst_ioas_id = fuzz_id(f),
		.src_ioas_id = fuzz_id(f),
		.length = fuzz_below(f, 2) ? SEQ_PAGE : pick_len(f),
		.dst_iova = pick_iova(f),
		.src_iova = pick_iova(f),
	};

	return call(f, IOMMU_IOAS_COPY, &arg);
}

static int unmap(struct fuzz *f)
{
	struct iommu_ioas_unmap arg = {
		.size = pick_size(f, sizeof(arg)),
		.ioas_id = fuzz_id(f),
		.iova = pick_iova(f),
		/* An area, many, all. */
		.length = fuzz_below(f, 2) ? pick_len(f) : 1u << 26,
	};

	if (fuzz_rarely(f, 16)) {
		arg.iova = 0;
		arg.length = UINT64_MAX;
	}
	return call(f, IOMMU_IOAS_UNMAP, &arg);
}

static int iova_ranges(struct fuzz *f)
{
	struct iommu_iova_range ranges[8];
	struct iommu_ioas_iova_ranges arg = {
		.size = pick_size(f, sizeof(arg)),
		.ioas_id = fuzz_id(f),
		.num_iovas = fuzz_below(f, 9),
		.allowed_iovas = (uintptr_t)ranges,
	};

	return call(f, IOMMU_IOAS_IOVA_RANGES, &arg);
}

static int allow_iovas(struct fuzz *f)
{
	struct iommu_iova_range range = { .start = fuzz_pages(f, 1u << 24),
					  .last = fuzz_below(f, 2) ? UINT64_MAX : pick_iova(f) };
	struct allow_iovas arg = {
		.size = pick_size(f, sizeof(arg)),
		.ioas_id = fuzz_id(f),
		.num_iovas = fuzz_below(f, 2),
		.allowed_iovas = (uintptr_t)&range,
	};

	return call(f, IOAS_ALLOW_IOVAS, &arg);
}

static int option(struct fuzz *f)
{
	struct option arg = {
		.size = pick_size(f, sizeof(arg)),
		.option_id = fuzz_rarely(f, 8) ? fuzz_u32(f) : fuzz_below(f, 2),
		.op = (uint16_t)fuzz_below(f, 3),
		.object_id = fuzz_id(f),
		.val64 = fuzz_below(f, 3),
	};

	return call(f, IOMMUFD_OPTION, &arg);
}

static int change_process(struct fuzz *f)
{
	struct change_process arg = { .size = pick_size(f, sizeof(arg)),
				      .reserved = fuzz_rarely(f, 8) };

	return call(f, IOAS_CHANGE_PROCESS, &arg);
}

static int vfio_ioas(struct fuzz *f)
{
	struct vfio_ioas arg = { .size = pick_size(f, sizeof(arg)),
				 .ioas_id = fuzz_id(f),
				 .op = (uint16_t)fuzz_below(f, 4) };

	return call(f, VFIO_IOAS, &arg);
}

static int hwpt_alloc(struct fuzz *f)
{
	struct hwpt_alloc arg = { .size = pick_size(f, sizeof(arg)),
				  .flags = fuzz_rarely(f, 4) ? fuzz_below(f, 16) : 0,
				  .dev_id = fuzz_id(f),
				  .pt_id = fuzz_id(f),
				  .data_type = fuzz_rarely(f, 8) ? fuzz_u32(f) : 0 };

	return call(f, HWPT_ALLOC, &arg);
}

/* Type1's calls, on the address space that VFIO_IOAS set. */
static int type1_map(struct fuzz *f)
{
	struct vfio_iommu_type1_dma_map arg = {
		.argsz = pick_size(f, sizeof(arg)),
		.flags = fuzz_rarely(f, 16) ? fuzz_u32(f) : fuzz_below(f, 4),
		.vaddr = (uintptr_t)f->world->arena + fuzz_pages(f, FUZZ_ARENA),
		.iova = pick_iova(f),
		.size = pick_len(f),
	};

	return call(f, VFIO_IOMMU_MAP_DMA, &arg);
}

/* Parts of areas, too, which type1 of old would cut. */
static int type1_unmap(struct fuzz *f)
{
	struct vfio_iommu_type1_dma_unmap arg = {
		.argsz = pick_size(f, sizeof(arg)),
		.flags = fuzz_rarely(f, 16) ? fuzz_u32(f) : 0,
		.iova = pick_iova(f),
		.size = pick_len(f),
	};

	if (fuzz_rarely(f, 16)) {
		arg.flags = VFIO_DMA_UNMAP_FLAG_ALL;
		arg.iova = arg.size = 0;
	}
	return call(f, VFIO_IOMMU_UNMAP_DMA, &arg);
}

static int type1_other(struct fuzz *f)
{
	struct {
		struct vfio_iommu_type1_info info;
		uint8_t room[1024];
	} arg = { .info.argsz = fuzz_rarely(f, 4) ? fuzz_below(f, 64) : sizeof(arg) };

	switch (fuzz_below(f, 3)) {
	case 0:
		return call(f, VFIO_IOMMU_GET_INFO, &arg);
	case 1:
		return call(f, VFIO_CHECK_EXTENSION, (void *)(uintptr_t)fuzz_below(f, 12));
	default:
		return call(f, VFIO_SET_IOMMU, (void *)(uintptr_t)fuzz_below(f, 12));
	}
}

/* All numbers there are, with nothing sensible behind them. */
static int any_number(struct fuzz *f)
{
	uint32_t arg[32];

	for (size_t i = 0; i < 32; i++)
		arg[i] = fuzz_below(f, 3) ? 0 : fuzz_u32(f);
	arg[0] = fuzz_below(f, 2) ? fuzz_below(f, sizeof(arg) + 4) : fuzz_u32(f);
	return call(f, DX_IOMMUFD_IO(0x60 + fuzz_below(f, NUMBERS - 0x60)), arg);
}

/* EINVAL, ENOENT and, for what is too long, E2BIG and EOPNOTSUPP are common to all calls. */
#define ALL EINVAL, ENOENT, E2BIG, EOPNOTSUPP

const struct fuzz_call fuzz_iommufd_calls[] = {
	{ "ioas-alloc", 30, ioas_alloc, { ALL } },
	{ "destroy", 40, destroy, { ALL, EBUSY } },
	{ "map-va", 60, map_va, { ALL, EEXIST, EADDRINUSE, EOVERFLOW, EFAULT, ENOSPC } },
	{ "map-file",
	  160,
	  map_file,
	  { ALL, EEXIST, EADDRINUSE, EOVERFLOW, EBADF, ENODEV, ENOSPC, EFAULT } },
	{ "copy", 60, copy, { ALL, EEXIST, EADDRINUSE, EOVERFLOW, ENOSPC, EBUSY, EPERM, EFAULT } },
	{ "unmap", 60, unmap, { ALL, EOVERFLOW, EBUSY } },
	{ "iova-ranges", 10, iova_ranges, { ALL, EMSGSIZE } },
	{ "allow-iovas", 10, allow_iovas, { ALL, EADDRINUSE } },
	{ "option", 20, option, { ALL, EBUSY, EPERM, EADDRINUSE } },
	{ "change-process", 20, change_process, { ALL, EBUSY } },
	{ "vfio-ioas", 20, vfio_ioas, { ALL, ENODEV } },
	{ "hwpt-alloc", 20, hwpt_alloc, { ALL, ENODEV, EBUSY, EADDRINUSE, EFAULT } },
	{ "type1-map", 30, type1_map, { ALL, ENODEV, EEXIST, EADDRINUSE, EOVERFLOW, EFAULT } },
	{ "type1-unmap", 30, type1_unmap, { ALL, ENODEV, EOVERFLOW, EBUSY } },
	{ "type1-other", 10, type1_other, { ALL, ENODEV, ENOTTY, EFAULT, EADDRINUSE } },
	{ "any-number",
	  10,
	  any_number,
	  { ALL, ENOTTY, ENODEV, EFAULT, EBUSY, EPERM, EBADF, EEXIST, EADDRINUSE, EOVERFLOW,
	    ENOSPC } },
	{ "renew", 2, fuzz_renew_iommufd, { 0 } },
	{ 0 },
};

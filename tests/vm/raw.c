/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's own calls, each one ioctl. */
#include "raw.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define READ_WRITE (IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE)

static int result(int ret)
{
	return ret < 0 ? -errno : ret;
}

int raw_cdev(const char *bdf)
{
	char path[320];
	struct dirent *e;
	int fd = -ENODEV;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev", bdf);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (fd == -ENODEV && (e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/dev/vfio/devices/%s", e->d_name);
		fd = result(open(path, O_RDWR | O_CLOEXEC));
	}
	closedir(dir);
	return fd;
}

int raw_bind(int cdev, int iommufd)
{
	struct vfio_device_bind_iommufd arg = { .argsz = sizeof(arg), .iommufd = iommufd };

	return result(ioctl(cdev, VFIO_DEVICE_BIND_IOMMUFD, &arg));
}

int raw_attach(int cdev, uint32_t ioas)
{
	struct vfio_device_attach_iommufd_pt arg = { .argsz = sizeof(arg), .pt_id = ioas };

	return result(ioctl(cdev, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &arg));
}

int raw_detach(int cdev)
{
	struct vfio_device_detach_iommufd_pt arg = { .argsz = sizeof(arg) };

	return result(ioctl(cdev, VFIO_DEVICE_DETACH_IOMMUFD_PT, &arg));
}

int raw_reset(int cdev)
{
	return result(ioctl(cdev, VFIO_DEVICE_RESET));
}

int raw_probe_export(int cdev)
{
	struct vfio_device_feature arg = {
		.argsz = sizeof(arg),
		.flags = VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_GET |
			 VFIO_DEVICE_FEATURE_DMA_BUF,
	};

	return result(ioctl(cdev, VFIO_DEVICE_FEATURE, &arg));
}

int raw_export(int cdev, uint32_t region, uint32_t flags,
	       const struct vfio_region_dma_range *ranges, uint32_t nranges)
{
	size_t len = sizeof(struct vfio_device_feature) +
		     sizeof(struct vfio_device_feature_dma_buf) + nranges * sizeof(*ranges);
	struct vfio_device_feature *arg = calloc(1, len);
	struct vfio_device_feature_dma_buf *what = (void *)arg->data;
	int ret;

	arg->argsz = (uint32_t)len;
	arg->flags = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF;
	what->region_index = region;
	what->open_flags = O_RDWR | O_CLOEXEC;
	what->flags = flags;
	what->nr_ranges = nranges;
	if (nranges)
		memcpy(what->dma_ranges, ranges, nranges * sizeof(*ranges));
	ret = result(ioctl(cdev, VFIO_DEVICE_FEATURE, arg));
	free(arg);
	return ret;
}

int raw_iommufd(void)
{
	return result(open("/dev/iommu", O_RDWR | O_CLOEXEC));
}

int raw_ioas(int iommufd, uint32_t *ret)
{
	struct iommu_ioas_alloc arg = { .size = sizeof(arg) };
	int err = result(ioctl(iommufd, IOMMU_IOAS_ALLOC, &arg));

	*ret = arg.out_ioas_id;
	return err;
}

int raw_map_file(int iommufd, uint32_t ioas, int fd, uint64_t start, uint64_t len, uint64_t *iova)
{
	struct iommu_ioas_map_file arg = {
		.size = sizeof(arg),
		.flags = READ_WRITE | (*iova ? IOMMU_IOAS_MAP_FIXED_IOVA : 0),
		.ioas_id = ioas,
		.fd = fd,
		.start = start,
		.length = len,
		.iova = *iova,
	};
	int err = result(ioctl(iommufd, IOMMU_IOAS_MAP_FILE, &arg));

	*iova = arg.iova;
	return err;
}

int raw_map_va(int iommufd, uint32_t ioas, void *va, uint64_t len, uint64_t iova)
{
	struct iommu_ioas_map arg = {
		.size = sizeof(arg),
		.flags = READ_WRITE | IOMMU_IOAS_MAP_FIXED_IOVA,
		.ioas_id = ioas,
		.user_va = (uintptr_t)va,
		.length = len,
		.iova = iova,
	};

	return result(ioctl(iommufd, IOMMU_IOAS_MAP, &arg));
}

int raw_unmap(int iommufd, uint32_t ioas, uint64_t iova, uint64_t len)
{
	struct iommu_ioas_unmap arg = {
		.size = sizeof(arg), .ioas_id = ioas, .iova = iova, .length = len
	};

	return result(ioctl(iommufd, IOMMU_IOAS_UNMAP, &arg));
}

int raw_copy(int iommufd, uint32_t ioas, uint64_t src, uint64_t dst, uint64_t len)
{
	struct iommu_ioas_copy arg = {
		.size = sizeof(arg),
		.flags = READ_WRITE | IOMMU_IOAS_MAP_FIXED_IOVA,
		.dst_ioas_id = ioas,
		.src_ioas_id = ioas,
		.length = len,
		.dst_iova = dst,
		.src_iova = src,
	};

	return result(ioctl(iommufd, IOMMU_IOAS_COPY, &arg));
}

int raw_first_iova(int iommufd, uint32_t ioas, uint64_t *ret)
{
	struct iommu_iova_range ranges[16];
	struct iommu_ioas_iova_ranges arg = {
		.size = sizeof(arg),
		.ioas_id = ioas,
		.num_iovas = sizeof(ranges) / sizeof(ranges[0]),
		.allowed_iovas = (uintptr_t)ranges,
	};
	int err = result(ioctl(iommufd, IOMMU_IOAS_IOVA_RANGES, &arg));

	*ret = ranges[0].start;
	return err;
}

int raw_udmabuf(int memfd, uint64_t len)
{
	struct udmabuf_create arg = { .memfd = (uint32_t)memfd, .size = len };
	int dev = result(open("/dev/udmabuf", O_RDWR | O_CLOEXEC)), fd;

	if (dev < 0)
		return dev;
	arg.flags = UDMABUF_FLAGS_CLOEXEC;
	fd = result(ioctl(dev, UDMABUF_CREATE, &arg));
	close(dev);
	return fd;
}

int raw_heap(uint64_t len)
{
	struct dma_heap_allocation_data arg = { .len = len, .fd_flags = O_RDWR | O_CLOEXEC };
	int heap = result(open("/dev/dma_heap/system", O_RDWR | O_CLOEXEC)), err;

	if (heap < 0)
		return heap;
	err = result(ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &arg));
	close(heap);
	return err < 0 ? err : (int)arg.fd;
}

int raw_memfd(uint64_t len)
{
	int fd = result(memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));

	if (fd < 0)
		return fd;
	/* udmabuf wants it sealed against shrinking. */
	if (ftruncate(fd, (off_t)len) || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK)) {
		close(fd);
		return -EIO;
	}
	return fd;
}

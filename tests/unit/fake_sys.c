// SPDX-License-Identifier: GPL-2.0-or-later
/* The scripted kernel's table of system calls. */
#include "fake_sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "fake_net.h"
#include "fake_priv.h"
#include "uapi/iommufd.h"
#include "uapi/vfio.h"

#define MAX_FILE INT64_MAX

bool fake_is_undo(unsigned long request)
{
	return request == IOMMU_DESTROY || request == VFIO_GROUP_UNSET_CONTAINER;
}

/* The call is logged and may be told to fail; then the descriptor must be open. */
#define STEP(f, what)                           \
	do {                                    \
		int e_ = fake_step_op(f, what); \
		if (e_)                         \
			return e_;              \
	} while (0)
#define FILE_OF(f, file, fd)                     \
	struct fake_file *file = fake_at(f, fd); \
	do {                                     \
		if (!file)                       \
			return -EBADF;           \
	} while (0)

static int sys_open(struct dx_sys *sys, const char *path, int flags)
{
	FAKE_SCOPE(f, sys);
	struct fake_call call = { .op = FAKE_OPEN };
	struct fake_file *file = NULL;
	int err = fake_step(f, &call, path);

	if (!err)
		err = fake_open_path(f, path, &file);
	return err ? err : fake_install(f, file);
}

static int sys_close(struct dx_sys *sys, int fd)
{
	FAKE_SCOPE(f, sys);
	FILE_OF(f, file, fd);

	fake_step_op(f, FAKE_CLOSE);
	f->fds[fd - FAKE_FD_FIRST] = NULL;
	fake_file_put(f, file);
	return 0;
}

static int sys_dup(struct dx_sys *sys, int fd)
{
	FAKE_SCOPE(f, sys);
	STEP(f, FAKE_DUP);
	FILE_OF(f, file, fd);

	file->refs++;
	return fake_install(f, file);
}

/* What a call is about, for the log: calls that take a structure name an address space. */
static struct fake_call describe(unsigned long request, const void *arg)
{
	struct fake_call call = { .op = FAKE_IOCTL, .request = request };

	if (request == IOMMU_IOAS_MAP_FILE) {
		call.space = ((const struct iommu_ioas_map_file *)arg)->ioas_id;
		call.iova = ((const struct iommu_ioas_map_file *)arg)->iova;
	} else if (request == IOMMU_IOAS_UNMAP) {
		call.space = ((const struct iommu_ioas_unmap *)arg)->ioas_id;
		call.iova = ((const struct iommu_ioas_unmap *)arg)->iova;
	} else if (request == VFIO_DEVICE_FEATURE &&
		   ((const struct vfio_device_feature *)arg)->flags & VFIO_DEVICE_FEATURE_PROBE) {
		call.request |= FAKE_FEATURE_PROBE;
	}
	return call;
}

static int sys_ioctl(struct dx_sys *sys, int fd, unsigned long request, void *arg)
{
	FAKE_SCOPE(f, sys);
	struct fake_call call = describe(request, arg);
	int err = fake_step(f, &call, NULL);

	if (err)
		return err;
	FILE_OF(f, file, fd);
	switch (file->kind) {
	case FAKE_IOMMUFD:
		return fake_iommufd_ioctl(f, file, request, arg);
	case FAKE_CONTAINER:
		return fake_container_ioctl(f, file, request, arg);
	case FAKE_GROUP:
		return fake_group_ioctl(f, file, request, arg);
	case FAKE_DEVICE:
		return fake_device_ioctl(f, file, request, arg);
	case FAKE_NETLINK:
		return fake_netlink_ioctl(f, request, arg);
	default:
		return -ENOTTY;
	}
}

static ssize_t sys_read(struct dx_sys *sys, int fd, void *buf, size_t len)
{
	FAKE_SCOPE(f, sys);
	STEP(f, FAKE_READ);
	FILE_OF(f, file, fd);

	if (file->kind == FAKE_EVENTFD) {
		if (!file->count)
			return -EAGAIN;
		memcpy(buf, &file->count, sizeof(file->count));
		file->count = 0;
		return sizeof(file->count);
	}
	if (file->kind != FAKE_TEXT)
		return -EINVAL;
	size_t left = strlen(file->text) - file->pos, n = len < left ? len : left;

	memcpy(buf, file->text + file->pos, n);
	file->pos += n;
	return (ssize_t)n;
}

static ssize_t sys_write(struct dx_sys *sys, int fd, const void *buf, size_t len)
{
	FAKE_SCOPE(f, sys);
	STEP(f, FAKE_WRITE);
	FILE_OF(f, file, fd);
	char value[64];
	int err;

	if (file->kind == FAKE_EVENTFD) {
		file->count++;
		return (ssize_t)len;
	}
	if (file->kind != FAKE_TEXT || len >= sizeof(value))
		return -EINVAL;
	memcpy(value, buf, len);
	value[len] = '\0';
	err = fake_write_hook(f, file->path, value);
	return err ? err : (ssize_t)len;
}

static ssize_t sys_pread(struct dx_sys *sys, int fd, void *buf, size_t len, uint64_t off)
{
	FAKE_SCOPE(f, sys);
	STEP(f, FAKE_PREAD);
	FILE_OF(f, file, fd);

	return file->kind == FAKE_DEVICE && file->granted ?
		       fake_device_read(f, file->vdev, buf, len, off) :
		       -EINVAL;
}

static ssize_t sys_pwrite(struct dx_sys *sys, int fd, const void *buf, size_t len, uint64_t off)
{
	FAKE_SCOPE(f, sys);
	STEP(f, FAKE_PWRITE);
	FILE_OF(f, file, fd);

	return file->kind == FAKE_DEVICE && file->granted ?
		       fake_device_write(f, file->vdev, buf, len, off) :
		       -EINVAL;
}

static int sys_mmap(struct dx_sys *sys, int fd, uint64_t off, size_t len, int prot, void **ret)
{
	FAKE_SCOPE(f, sys);
	STEP(f, FAKE_MMAP);
	FILE_OF(f, file, fd);

	if (file->kind == FAKE_XSK) {
		int err = fake_xsk_mmap(f, file, len, ret);

		f->mmaps += !err;
		return err;
	}
	if (file->kind != FAKE_MEMFD_FILE && file->kind != FAKE_DEVICE)
		return -ENODEV;
	if (prot & PROT_WRITE && file->seals & F_SEAL_WRITE)
		return -EPERM;
	*ret = (void *)(uintptr_t)f->next_va; /* an address that nobody follows */
	f->next_va += len;
	f->mmaps++;
	return 0;
}

static int sys_munmap(struct dx_sys *sys, void *addr, size_t len)
{
	FAKE_SCOPE(f, sys);
	fake_step_op(f, FAKE_MUNMAP);

	if ((uintptr_t)addr % FAKE_PAGE)
		return -EINVAL;
	fake_xsk_munmap(f, addr);
	f->mmaps--;
	return 0;
}

static int sys_size(struct dx_sys *sys, int fd, uint64_t *ret)
{
	FAKE_SCOPE(f, sys);
	STEP(f, FAKE_SIZE);
	FILE_OF(f, file, fd);

	*ret = file->size;
	return 0;
}

static int sys_inode(struct dx_sys *sys, int fd, uint64_t *ino, uint64_t *rdev)
{
	FAKE_SCOPE(f, sys);
	STEP(f, FAKE_INODE);
	FILE_OF(f, file, fd);

	*ino = file->ino;
	*rdev = file->rdev;
	return 0;
}

static ssize_t sys_readlink(struct dx_sys *sys, const char *path, char *buf, size_t len)
{
	FAKE_SCOPE(f, sys);
	struct fake_call call = { .op = FAKE_READLINK };
	struct fake_node *node;
	int err = fake_step(f, &call, path);

	if (err)
		return err;
	node = fake_node(f, path);
	if (!node)
		return -ENOENT;
	if (!node->is_link)
		return -EINVAL;
	strncpy(buf, node->text, len - 1);
	buf[len - 1] = '\0';
	return (ssize_t)strlen(buf);
}

static int sys_list(struct dx_sys *sys, const char *path, char **ret)
{
	FAKE_SCOPE(f, sys);
	struct fake_call call = { .op = FAKE_LIST };
	int err = fake_step(f, &call, path);

	return err ? err : fake_list_path(f, path, ret);
}

static int sys_memfd(struct dx_sys *sys, const char *name, unsigned int flags)
{
	FAKE_SCOPE(f, sys);
	STEP(f, FAKE_MEMFD);

	/* The machine has huge pages of 2 MiB, if any. */
	if (flags & MFD_HUGETLB && (flags >> 26 & 0x3f) != 21)
		return -ENODEV;
	return fake_install(f, fake_file_new(f, FAKE_MEMFD_FILE));
}

static int sys_truncate(struct dx_sys *sys, int fd, uint64_t len)
{
	FAKE_SCOPE(f, sys);
	STEP(f, FAKE_TRUNCATE);
	FILE_OF(f, file, fd);

	if (len > MAX_FILE)
		return -EINVAL;
	file->size = len;
	return 0;
}

static int sys_allocate(struct dx_sys *sys, int fd, uint64_t len)
{
	FAKE_SCOPE(f, sys);
	STEP(f, FAKE_ALLOCATE);
	FILE_OF(f, file, fd);

	return len > f->huge_bytes ? -ENOSPC : 0;
}

static int sys_seal(struct dx_sys *sys, int fd, int seals)
{
	FAKE_SCOPE(f, sys);
	STEP(f, FAKE_SEAL);
	FILE_OF(f, file, fd);

	file->seals |= seals;
	return 0;
}

static int sys_seals(struct dx_sys *sys, int fd)
{
	FAKE_SCOPE(f, sys);
	STEP(f, FAKE_SEALS);
	FILE_OF(f, file, fd);

	return file->kind == FAKE_MEMFD_FILE ? file->seals : -EINVAL;
}

static int sys_eventfd(struct dx_sys *sys)
{
	FAKE_SCOPE(f, sys);
	STEP(f, FAKE_EVENTFD_NEW);

	return fake_install(f, fake_file_new(f, FAKE_EVENTFD));
}

static int sys_rlimit(struct dx_sys *sys, int resource, uint64_t *ret)
{
	FAKE_SCOPE(f, sys);
	STEP(f, FAKE_RLIMIT);

	*ret = f->rlimit;
	return 0;
}

static uint64_t sys_now_ms(struct dx_sys *sys)
{
	FAKE_SCOPE(f, sys);

	return f->now;
}

static void sys_sleep_ms(struct dx_sys *sys, unsigned int ms)
{
	FAKE_SCOPE(f, sys);

	f->now += ms;
	f->slept += ms;
}

const struct dx_sys fake_sys = {
	.open = sys_open,
	.close = sys_close,
	.dup = sys_dup,
	.ioctl = sys_ioctl,
	.read = sys_read,
	.write = sys_write,
	.pread = sys_pread,
	.pwrite = sys_pwrite,
	.mmap = sys_mmap,
	.munmap = sys_munmap,
	.size = sys_size,
	.inode = sys_inode,
	.readlink = sys_readlink,
	.list = sys_list,
	.memfd = sys_memfd,
	.truncate = sys_truncate,
	.allocate = sys_allocate,
	.seal = sys_seal,
	.seals = sys_seals,
	.eventfd = sys_eventfd,
	.rlimit = sys_rlimit,
	.socket = fake_sys_socket,
	.bind = fake_sys_bind,
	.setsockopt = fake_sys_setsockopt,
	.getsockopt = fake_sys_getsockopt,
	.send = fake_sys_send,
	.recv = fake_sys_recv,
	.poll = fake_sys_poll,
	.now_ms = sys_now_ms,
	.sleep_ms = sys_sleep_ms,
	.sleep_us = fake_sys_sleep_us,
	.page_size = FAKE_PAGE,
};

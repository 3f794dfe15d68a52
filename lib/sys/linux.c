// SPDX-License-Identifier: LGPL-2.1-or-later
/* The table of system calls that calls them. */
#include "sys/sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define RET(expr)                            \
	do {                                 \
		__auto_type r_ = (expr);     \
		return r_ < 0 ? -errno : r_; \
	} while (0)

static int linux_open(struct dx_sys *sys, const char *path, int flags)
{
	RET(open(path, flags | O_CLOEXEC));
}

static int linux_close(struct dx_sys *sys, int fd)
{
	RET(close(fd));
}

static int linux_dup(struct dx_sys *sys, int fd)
{
	RET(fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

static int linux_ioctl(struct dx_sys *sys, int fd, unsigned long request, void *arg)
{
	RET(ioctl(fd, request, arg));
}

static ssize_t linux_read(struct dx_sys *sys, int fd, void *buf, size_t len)
{
	RET(read(fd, buf, len));
}

static ssize_t linux_write(struct dx_sys *sys, int fd, const void *buf, size_t len)
{
	RET(write(fd, buf, len));
}

static ssize_t linux_pread(struct dx_sys *sys, int fd, void *buf, size_t len, uint64_t off)
{
	RET(pread(fd, buf, len, (off_t)off));
}

static ssize_t linux_pwrite(struct dx_sys *sys, int fd, const void *buf, size_t len, uint64_t off)
{
	RET(pwrite(fd, buf, len, (off_t)off));
}

static int linux_mmap(struct dx_sys *sys, int fd, uint64_t off, size_t len, int prot, void **ret)
{
	void *p = mmap(NULL, len, prot, MAP_SHARED, fd, (off_t)off);

	if (p == MAP_FAILED)
		return -errno;
	*ret = p;
	return 0;
}

static int linux_munmap(struct dx_sys *sys, void *addr, size_t len)
{
	RET(munmap(addr, len));
}

static int linux_size(struct dx_sys *sys, int fd, uint64_t *ret)
{
	struct stat st;
	off_t end;

	if (fstat(fd, &st) < 0)
		return -errno;
	/* A file's position is shared with whoever lent the descriptor: not to be moved. */
	if (S_ISREG(st.st_mode)) {
		*ret = (uint64_t)st.st_size;
		return 0;
	}
	/* A dma-buf tells its length so, and has no position. */
	end = lseek(fd, 0, SEEK_END);
	if (end < 0)
		return -errno;
	*ret = (uint64_t)end;
	return 0;
}

static int linux_inode(struct dx_sys *sys, int fd, uint64_t *ino, uint64_t *rdev)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	*ino = st.st_ino;
	*rdev = S_ISCHR(st.st_mode) ? st.st_rdev : 0;
	return 0;
}

static ssize_t linux_readlink(struct dx_sys *sys, const char *path, char *buf, size_t len)
{
	ssize_t n = readlink(path, buf, len - 1);

	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return n;
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int linux_list(struct dx_sys *sys, const char *path, char **ret)
{
	struct dirent **entries;
	size_t len = 0;
	char *names, *at;
	int n = scandir(path, &entries, visible, alphasort);

	if (n < 0)
		return -errno;
	for (int i = 0; i < n; i++)
		len += strlen(entries[i]->d_name) + 1;
	names = malloc(len + 1);
	at = names;
	for (int i = 0; i < n; i++) {
		if (at)
			at = stpcpy(at, entries[i]->d_name) + 1;
		free(entries[i]);
	}
	free(entries);
	if (!names)
		return -ENOMEM;
	*ret = names;
	return n;
}

static int linux_memfd(struct dx_sys *sys, const char *name, unsigned int flags)
{
	RET(memfd_create(name, flags | MFD_CLOEXEC));
}

static int linux_truncate(struct dx_sys *sys, int fd, uint64_t len)
{
	RET(ftruncate(fd, (off_t)len));
}

static int linux_allocate(struct dx_sys *sys, int fd, uint64_t len)
{
	int ret;

	/* A signal ends it half way, and it goes on from there. */
	do
		ret = fallocate(fd, 0, 0, (off_t)len);
	while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : 0;
}

static int linux_seal(struct dx_sys *sys, int fd, int seals)
{
	RET(fcntl(fd, F_ADD_SEALS, seals));
}

static int linux_seals(struct dx_sys *sys, int fd)
{
	RET(fcntl(fd, F_GET_SEALS));
}

static int linux_eventfd(struct dx_sys *sys)
{
	RET(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

static int linux_rlimit(struct dx_sys *sys, int resource, uint64_t *ret)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) < 0)
		return -errno;
	*ret = limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX : limit.rlim_cur;
	return 0;
}

static int linux_socket(struct dx_sys *sys, int domain, int type, int protocol)
{
	RET(socket(domain, type | SOCK_CLOEXEC, protocol));
}

static int linux_bind(struct dx_sys *sys, int fd, const void *addr, uint32_t len)
{
	RET(bind(fd, addr, len));
}

static int linux_setsockopt(struct dx_sys *sys, int fd, int level, int name, const void *value,
			    uint32_t len)
{
	RET(setsockopt(fd, level, name, value, len));
}

static int linux_getsockopt(struct dx_sys *sys, int fd, int level, int name, void *value,
			    uint32_t *len)
{
	RET(getsockopt(fd, level, name, value, len));
}

static ssize_t linux_send(struct dx_sys *sys, int fd, const void *buf, size_t len, int flags)
{
	RET(send(fd, buf, len, flags));
}

static ssize_t linux_recv(struct dx_sys *sys, int fd, void *buf, size_t len, int flags)
{
	RET(recv(fd, buf, len, flags));
}

static ssize_t linux_sendmsg(struct dx_sys *sys, int fd, const struct msghdr *msg, int flags)
{
	RET(sendmsg(fd, msg, flags));
}

static ssize_t linux_recvmsg(struct dx_sys *sys, int fd, struct msghdr *msg, int flags)
{
	RET(recvmsg(fd, msg, flags | MSG_CMSG_CLOEXEC));
}

static int linux_poll(struct dx_sys *sys, struct pollfd *fds, unsigned int n, int timeout_ms)
{
	RET(poll(fds, n, timeout_ms));
}

static uint64_t linux_now_ms(struct dx_sys *sys)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static int linux_sleep_us(struct dx_sys *sys, unsigned int us)
{
	struct timespec ts = { .tv_sec = us / 1000000, .tv_nsec = (long)(us % 1000000) * 1000 };

	RET(nanosleep(&ts, NULL));
}

static void linux_sleep_ms(struct dx_sys *sys, unsigned int ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	nanosleep(&ts, NULL);
}

static struct dx_sys linux_sys = {
	.open = linux_open,
	.close = linux_close,
	.dup = linux_dup,
	.ioctl = linux_ioctl,
	.read = linux_read,
	.write = linux_write,
	.pread = linux_pread,
	.pwrite = linux_pwrite,
	.mmap = linux_mmap,
	.munmap = linux_munmap,
	.size = linux_size,
	.inode = linux_inode,
	.readlink = linux_readlink,
	.list = linux_list,
	.memfd = linux_memfd,
	.truncate = linux_truncate,
	.allocate = linux_allocate,
	.seal = linux_seal,
	.seals = linux_seals,
	.eventfd = linux_eventfd,
	.rlimit = linux_rlimit,
	.socket = linux_socket,
	.bind = linux_bind,
	.setsockopt = linux_setsockopt,
	.getsockopt = linux_getsockopt,
	.send = linux_send,
	.recv = linux_recv,
	.sendmsg = linux_sendmsg,
	.recvmsg = linux_recvmsg,
	.poll = linux_poll,
	.now_ms = linux_now_ms,
	.sleep_ms = linux_sleep_ms,
	.sleep_us = linux_sleep_us,
};

struct dx_sys *dx_sys_linux(void)
{
	/* The same value whichever thread writes it. */
	__atomic_store_n(&linux_sys.page_size, (uint64_t)sysconf(_SC_PAGESIZE), __ATOMIC_RELAXED);
	return &linux_sys;
}

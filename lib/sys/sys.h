/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one door to the kernel: a table of system calls, owned by the ctx. */
#ifndef DX_SYS_SYS_H
#define DX_SYS_SYS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct msghdr;

/*
 * Each function answers 0, a count or a descriptor, or a negative errno, and
 * gets the table itself, so that a test's table can carry a script. Every
 * descriptor it makes is close-on-exec.
 */
struct dx_sys {
	int (*open)(struct dx_sys *sys, const char *path, int flags);
	int (*close)(struct dx_sys *sys, int fd);
	int (*dup)(struct dx_sys *sys, int fd);
	int (*ioctl)(struct dx_sys *sys, int fd, unsigned long request, void *arg);
	ssize_t (*read)(struct dx_sys *sys, int fd, void *buf, size_t len);
	ssize_t (*write)(struct dx_sys *sys, int fd, const void *buf, size_t len);
	ssize_t (*pread)(struct dx_sys *sys, int fd, void *buf, size_t len, uint64_t off);
	ssize_t (*pwrite)(struct dx_sys *sys, int fd, const void *buf, size_t len, uint64_t off);
	int (*mmap)(struct dx_sys *sys, int fd, uint64_t off, size_t len, int prot, void **ret);
	int (*munmap)(struct dx_sys *sys, void *addr, size_t len);
	int (*size)(struct dx_sys *sys, int fd, uint64_t *ret);
	int (*inode)(struct dx_sys *sys, int fd, uint64_t *ino, uint64_t *rdev);
	ssize_t (*readlink)(struct dx_sys *sys, const char *path, char *buf, size_t len);
	/* Names in a directory, NUL-separated and sorted, freed by the caller; their count. */
	int (*list)(struct dx_sys *sys, const char *path, char **ret);
	int (*memfd)(struct dx_sys *sys, const char *name, unsigned int flags);
	int (*truncate)(struct dx_sys *sys, int fd, uint64_t len);
	/* Finds the memory for all of a file now, rather than at first use. */
	int (*allocate)(struct dx_sys *sys, int fd, uint64_t len);
	int (*seal)(struct dx_sys *sys, int fd, int seals);
	int (*seals)(struct dx_sys *sys, int fd);
	int (*eventfd)(struct dx_sys *sys);
	int (*rlimit)(struct dx_sys *sys, int resource, uint64_t *ret);
	int (*socket)(struct dx_sys *sys, int domain, int type, int protocol);
	int (*bind)(struct dx_sys *sys, int fd, const void *addr, uint32_t len);
	int (*setsockopt)(struct dx_sys *sys, int fd, int level, int name, const void *value,
			  uint32_t len);
	int (*getsockopt)(struct dx_sys *sys, int fd, int level, int name, void *value,
			  uint32_t *len);
	ssize_t (*send)(struct dx_sys *sys, int fd, const void *buf, size_t len, int flags);
	ssize_t (*recv)(struct dx_sys *sys, int fd, void *buf, size_t len, int flags);
	ssize_t (*sendmsg)(struct dx_sys *sys, int fd, const struct msghdr *msg, int flags);
	ssize_t (*recvmsg)(struct dx_sys *sys, int fd, struct msghdr *msg, int flags);
	int (*poll)(struct dx_sys *sys, struct pollfd *fds, unsigned int n, int timeout_ms);
	uint64_t (*now_ms)(struct dx_sys *sys);
	void (*sleep_ms)(struct dx_sys *sys, unsigned int ms);
	int (*sleep_us)(struct dx_sys *sys, unsigned int us); /* -EINTR: less */
	uint64_t page_size;
};

/* The kernel this process runs on. Never NULL. */
struct dx_sys *dx_sys_linux(void);

/* For descriptors and errors on the way out: closes unless -1. */
static inline void dx_sys_close(struct dx_sys *sys, int fd)
{
	if (fd >= 0)
		sys->close(sys, fd);
}

#endif

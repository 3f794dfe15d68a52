/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Open files of a process, as /proc shows them. */
#ifndef PROCFD_H
#define PROCFD_H

#include "cli.h"

/**
 * struct procfd - one open file that concerns device memory
 * @fd: its number
 * @kind: "dma-buf", "memfd", "vfio-device", "vfio-group", "vfio-container",
 * "iommufd", "udmabuf", "dma-heap"
 * @inode: inode number
 * @len: bytes; 0: it has no length
 * @count: references to the dma-buf; 0: not told
 * @exporter: of a dma-buf, else ""
 * @what: where the link points, or the device's path in sysfs
 */
struct procfd {
	int fd;
	const char *kind;
	uint64_t inode;
	uint64_t len;
	uint64_t count;
	char exporter[DMABUFX_NAME_MAX];
	char what[256];
};

/*
 * Look at one file of @pid, 0 being this process. 1: it is of a kind above,
 * 0: of another, or -errno.
 */
int procfd_read(int pid, int fd, struct procfd *ret);

/* Call @fn for each such file of @pid in the order of numbers; 0 or -errno. */
int procfd_each(int pid, void (*fn)(const struct procfd *p, void *user), void *user);

#endif

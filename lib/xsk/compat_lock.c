// SPDX-License-Identifier: LGPL-2.1-or-later
/* The lock that libxdp counts the users of its program under: a directory of its own. */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/vfs.h>

#include "sys/sys.h"
#include "xsk/compat_priv.h"

#define PIN_DIR "/sys/fs/bpf/xdp"
#define RUN_DIR "/run/xdp"
#define BPFFS_NUMBER 0xcafe4a11 /* linux/magic.h BPF_FS_MAGIC */

/* Where libxdp pins things, if that is a file system of BPF's. */
static int open_pins(struct dx_sys *sys)
{
	struct statfs info;
	int fd = sys->open(sys, PIN_DIR, O_RDONLY | O_DIRECTORY);

	if (fd < 0 || (!fstatfs(fd, &info) && (uint32_t)info.f_type == BPFFS_NUMBER))
		return fd;
	sys->close(sys, fd);
	return -1;
}

int dx_compat_lock(struct dx_sys *sys)
{
	int fd = open_pins(sys);

	if (fd < 0)
		fd = sys->open(sys, RUN_DIR, O_RDONLY | O_DIRECTORY);
	if (fd >= 0 && flock(fd, LOCK_EX)) {
		sys->close(sys, fd);
		return -1;
	}
	return fd < 0 ? -1 : fd;
}

void dx_compat_unlock(struct dx_sys *sys, int fd)
{
	if (fd < 0)
		return;
	/* A child that was forked meanwhile has it as well, and would keep it locked. */
	flock(fd, LOCK_UN);
	sys->close(sys, fd);
}

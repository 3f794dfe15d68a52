// SPDX-License-Identifier: LGPL-2.1-or-later
/* What /proc says of this process's descriptors and memory. */
#include "sys/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static ssize_t read_all(struct dx_sys *sys, int fd, char **ret)
{
	size_t room = 4096, len = 0;
	char *buf = malloc(room), *more;
	ssize_t n = -ENOMEM;

	while (buf && (n = sys->read(sys, fd, buf + len, room - len - 1)) > 0) {
		len += (size_t)n;
		if (room - len > 1)
			continue;
		more = realloc(buf, room *= 2);
		if (!more) {
			n = -ENOMEM;
			break;
		}
		buf = more;
	}
	if (n < 0) {
		free(buf);
		return n;
	}
	buf[len] = '\0';
	*ret = buf;
	return (ssize_t)len;
}

ssize_t dx_procfs_read(struct dx_sys *sys, const char *path, char **ret)
{
	int fd = sys->open(sys, path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read_all(sys, fd, ret);
	sys->close(sys, fd);
	return n;
}

int dx_procfs_exporter(struct dx_sys *sys, int fd, char *ret, size_t len)
{
	static const char key[] = "exp_name:\t";
	char path[64], *text, *at;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	n = dx_procfs_read(sys, path, &text);
	if (n < 0)
		return (int)n;
	at = strstr(text, key);
	if (at) {
		at += sizeof(key) - 1;
		at[strcspn(at, "\n")] = '\0';
		snprintf(ret, len, "%s", at);
	}
	free(text);
	return at ? 0 : -ENOENT;
}

/* A line of /proc/self/maps is "start-end perms offset dev inode path". */
static bool line_is_bar(char *line, uintptr_t va)
{
	uintptr_t start = 0, end = 0;

	if (sscanf(line, "%lx-%lx", &start, &end) != 2 || va < start || va >= end)
		return false;
	return strstr(line, "/dev/vfio/") || strstr(line, "[vfio-device]");
}

bool dx_procfs_is_bar(struct dx_sys *sys, const void *va)
{
	char *text, *save, *line;
	bool found = false;

	if (dx_procfs_read(sys, "/proc/self/maps", &text) < 0)
		return false;
	for (line = strtok_r(text, "\n", &save); line && !found; line = strtok_r(NULL, "\n", &save))
		found = line_is_bar(line, (uintptr_t)va);
	free(text);
	return found;
}

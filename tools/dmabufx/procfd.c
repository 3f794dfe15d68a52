/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Read /proc/PID/fd and fdinfo: which files are device memory, or give access to it. */
#include "procfd.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where a link of /proc/PID/fd points; the first that fits. */
static const struct {
	const char *prefix;
	const char *kind;
} kinds[] = {
	{ "/dmabuf:", "dma-buf" },
	{ "anon_inode:dmabuf", "dma-buf" },
	{ "/memfd:", "memfd" },
	{ "/dev/vfio/devices/", "vfio-device" },
	{ "anon_inode:[vfio-device]", "vfio-device" },
	{ "/dev/vfio/vfio", "vfio-container" },
	{ "/dev/vfio/", "vfio-group" },
	{ "/dev/iommu", "iommufd" },
	{ "/dev/udmabuf", "udmabuf" },
	{ "/dev/dma_heap/", "dma-heap" },
};

static void proc_path(char *buf, size_t len, int pid, const char *dir, int fd)
{
	char who[16] = "self";
	char number[16] = "";

	if (pid)
		snprintf(who, sizeof(who), "%d", pid);
	if (fd >= 0)
		snprintf(number, sizeof(number), "/%d", fd);
	snprintf(buf, len, "/proc/%s/%s%s", who, dir, number);
}

static const char *kind_of(const char *link)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!strncmp(link, kinds[i].prefix, strlen(kinds[i].prefix)))
			return kinds[i].kind;
	}
	return NULL;
}

/* "key:\tvalue" of fdinfo. */
static void take_line(char *line, struct procfd *p)
{
	char *val = strchr(line, ':');

	if (!val)
		return;
	*val++ = '\0';
	val += strspn(val, " \t");
	val[strcspn(val, "\n")] = '\0';
	if (!strcmp(line, "size"))
		p->len = strtoull(val, NULL, 10);
	else if (!strcmp(line, "count"))
		p->count = strtoull(val, NULL, 10);
	else if (!strcmp(line, "exp_name"))
		snprintf(p->exporter, sizeof(p->exporter), "%.31s", val);
	else if (!strcmp(line, "vfio-device-syspath"))
		snprintf(p->what, sizeof(p->what), "%.255s", val);
}

static void read_fdinfo(int pid, struct procfd *p)
{
	char path[64];
	char line[320];
	FILE *f;

	proc_path(path, sizeof(path), pid, "fdinfo", p->fd);
	f = fopen(path, "re");
	if (!f)
		return;
	while (fgets(line, sizeof(line), f))
		take_line(line, p);
	fclose(f);
}

int procfd_read(int pid, int fd, struct procfd *ret)
{
	struct procfd p = { .fd = fd };
	struct stat st;
	char path[64];
	ssize_t len;

	proc_path(path, sizeof(path), pid, "fd", fd);
	len = readlink(path, p.what, sizeof(p.what) - 1);
	if (len < 0)
		return -errno;
	p.kind = kind_of(p.what);
	if (!p.kind)
		return 0;
	if (stat(path, &st) == 0) {
		p.inode = st.st_ino;
		if (!strcmp(p.kind, "memfd"))
			p.len = (uint64_t)st.st_size;
	}
	read_fdinfo(pid, &p);
	*ret = p;
	return 1;
}

static int by_number(const void *a, const void *b)
{
	const int *x = a;
	const int *y = b;

	return (*x > *y) - (*x < *y);
}

/* The numbers of @dir in @ret, which the caller frees. */
static size_t get_numbers(DIR *dir, int **ret)
{
	struct dirent *entry;
	size_t room = 64;
	size_t count = 0;
	int *list = cli_alloc(room, sizeof(*list));

	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (count == room) {
			int *more = cli_alloc(room *= 2, sizeof(*more));

			memcpy(more, list, count * sizeof(*more));
			free(list);
			list = more;
		}
		list[count++] = atoi(entry->d_name);
	}
	*ret = list;
	return count;
}

int procfd_each(int pid, void (*fn)(const struct procfd *p, void *user), void *user)
{
	struct procfd p;
	char path[64];
	int *numbers;
	size_t count;
	DIR *dir;

	proc_path(path, sizeof(path), pid, "fd", -1);
	dir = opendir(path);
	if (!dir)
		return -errno;
	count = get_numbers(dir, &numbers);
	closedir(dir);
	qsort(numbers, count, sizeof(*numbers), by_number);
	for (size_t i = 0; i < count; i++) {
		/* One that was closed meanwhile is left out. */
		if (procfd_read(pid, numbers[i], &p) == 1)
			fn(&p, user);
	}
	free(numbers);
	return 0;
}

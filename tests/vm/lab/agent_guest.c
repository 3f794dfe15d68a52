// SPDX-License-Identifier: GPL-2.0-or-later
/* Makes the host's root, read-only over 9p, a place where programs can run. */
#include "agent.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
	const char *type;
	const char *dir;
	const char *options;
};

/* Memory where programs write; /tmp first, since the rest may live below it. */
static const struct place kernel_places[] = {
	{ "proc", "/proc", "" },
	{ "sysfs", "/sys", "" },
	{ "devtmpfs", "/dev", "" },
	{ "debugfs", "/sys/kernel/debug", "" },
};

static const struct place memory_places[] = {
	{ "tmpfs", "/tmp", "mode=1777" },
	{ "tmpfs", "/run", "mode=755" },
	{ "tmpfs", "/var/tmp", "mode=1777" },
};

static const struct place dev_places[] = {
	{ "devpts", "/dev/pts", "mode=620" },
	{ "tmpfs", "/dev/shm", "mode=1777" },
	{ "hugetlbfs", "/dev/hugepages", "" },
};

static void put(const struct place *p)
{
	if (mount(p->type, p->dir, p->type, 0, p->options))
		fprintf(stderr, "lab: cannot mount %s on %s: %s\n", p->type, p->dir,
			strerror(errno));
}

static int is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return !strncmp(path, dir, n) && (path[n] == '/' || !path[n]);
}

static void make_folders(const char *path)
{
	char part[PATH_MAX];

	for (const char *p = path; (p = strchr(p + 1, '/'));) {
		snprintf(part, sizeof(part), "%.*s", (int)(p - path), path);
		mkdir(part, 0755);
	}
	mkdir(path, 0755);
}

/* A folder that memory hid comes back from the descriptor that was opened before. */
static void bring_back(const char *path, int fd)
{
	char source[64];

	snprintf(source, sizeof(source), "/proc/self/fd/%d", fd);
	make_folders(path);
	if (mount(source, path, NULL, MS_BIND, NULL))
		fprintf(stderr, "lab: cannot keep %s: %s\n", path, strerror(errno));
}

static void put_over(const struct place *p, char **keep, int nkeep)
{
	int fds[8];

	if (nkeep > 8)
		nkeep = 8;
	for (int i = 0; i < nkeep; i++)
		fds[i] = is_below(keep[i], p->dir) ? open(keep[i], O_PATH | O_CLOEXEC) : -1;
	put(p);
	for (int i = 0; i < nkeep; i++) {
		if (fds[i] < 0)
			continue;
		bring_back(keep[i], fds[i]);
		close(fds[i]);
	}
}

void guest_mounts(char **keep, int nkeep)
{
	for (size_t i = 0; i < sizeof(kernel_places) / sizeof(*kernel_places); i++)
		put(&kernel_places[i]);
	for (size_t i = 0; i < sizeof(memory_places) / sizeof(*memory_places); i++)
		put_over(&memory_places[i], keep, nkeep);
	for (size_t i = 0; i < sizeof(dev_places) / sizeof(*dev_places); i++) {
		mkdir(dev_places[i].dir, 0755);
		put(&dev_places[i]);
	}
	/* What a usual /dev has and devtmpfs has not. */
	symlink("/proc/self/fd", "/dev/fd") ? perror("lab: /dev/fd") : (void)0;
	symlink("/proc/self/fd/0", "/dev/stdin") ? perror("lab: /dev/stdin") : (void)0;
	symlink("/proc/self/fd/1", "/dev/stdout") ? perror("lab: /dev/stdout") : (void)0;
	symlink("/proc/self/fd/2", "/dev/stderr") ? perror("lab: /dev/stderr") : (void)0;
}

static int port_is(const char *port, const char *name)
{
	char path[PATH_MAX], have[128] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name", port);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (!fgets(have, sizeof(have), f))
		have[0] = 0;
	fclose(f);
	have[strcspn(have, "\n")] = 0;
	return !strcmp(have, name);
}

int guest_port(const char *name)
{
	char path[PATH_MAX] = "";
	struct dirent *e;
	DIR *d = opendir("/sys/class/virtio-ports");

	if (!d)
		return -1;
	while ((e = readdir(d)))
		if (port_is(e->d_name, name))
			snprintf(path, sizeof(path), "/dev/%s", e->d_name);
	closedir(d);
	return *path ? open(path, O_RDWR | O_CLOEXEC) : -1;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Whether the host is using a PCI function: a mount, swap, or a network interface that is up. */
#include "vfio/in_use_priv.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dmabufx/dev.h"
#include "sys/procfs.h"
#include "sys/sysfs.h"

/* Stacked block devices (a file system on LVM on RAID) end somewhere. */
#define STACK_MAX 8

typedef bool (*line_fn)(struct dx_sys *sys, const char *line, const char *bdf, char *text,
			size_t len);

/* Whether a block device hangs off the function, or one it is stacked on does. */
static bool block_is_on(struct dx_sys *sys, const char *link, const char *bdf, int depth)
{
	char path[512], part[DMABUFX_BDF_MAX + 2], *names, *at;
	bool found;
	int n;

	if (depth > STACK_MAX || sys->readlink(sys, link, path, sizeof(path)) < 0)
		return false;
	snprintf(part, sizeof(part), "/%s/", bdf);
	if (strstr(path, part))
		return true;
	snprintf(path, sizeof(path), "%s/slaves", link);
	n = sys->list(sys, path, &names);
	if (n < 0)
		return false;
	at = names;
	found = false;
	for (int i = 0; i < n && !found; i++, at += strlen(at) + 1) {
		snprintf(path, sizeof(path), "%s/slaves/%s", link, at);
		found = block_is_on(sys, path, bdf, depth + 1);
	}
	free(names);
	return found;
}

/* A line "id parent major:minor root mountpoint ... - type source options". */
static bool mount_is_on(struct dx_sys *sys, const char *line, const char *bdf, char *text,
			size_t len)
{
	char dev[32], where[128], link[128], source[64] = "";
	const char *tail = strstr(line, " - ");

	if (sscanf(line, "%*d %*d %31s %*s %127s", dev, where) != 2)
		return false;
	snprintf(link, sizeof(link), "/sys/dev/block/%s", dev);
	if (!block_is_on(sys, link, bdf, 0)) {
		/* A file system of several disks has a number of its own and names one. */
		if (!tail || sscanf(tail, " - %*s /dev/%63s", source) != 1)
			return false;
		snprintf(link, sizeof(link), "/sys/class/block/%s", source);
		if (!block_is_on(sys, link, bdf, 0))
			return false;
	}
	snprintf(text, len, "a disk of its is mounted at %s; unmount it", where);
	return true;
}

/* A line "path type size used priority"; the heading is none. */
static bool swap_is_on(struct dx_sys *sys, const char *line, const char *bdf, char *text,
		       size_t len)
{
	char name[64], link[96];

	if (sscanf(line, "/dev/%63s", name) != 1)
		return false;
	snprintf(link, sizeof(link), "/sys/class/block/%s", name);
	if (!block_is_on(sys, link, bdf, 0))
		return false;
	snprintf(text, len, "swap is on its /dev/%s; run swapoff", name);
	return true;
}

static bool any_line(struct dx_sys *sys, const char *path, line_fn fn, const char *bdf, char *text,
		     size_t len)
{
	char *lines, *save, *line;
	bool found = false;

	if (dx_procfs_read(sys, path, &lines) < 0)
		return false;
	line = strtok_r(lines, "\n", &save);
	for (; line && !found; line = strtok_r(NULL, "\n", &save))
		found = fn(sys, line, bdf, text, len);
	free(lines);
	return found;
}

static bool net_below_is_up(struct dx_sys *sys, const char *folder, char *text, size_t len)
{
	char *names, *at;
	bool found = false;
	uint64_t flags;
	int n = dx_sysfs_list(sys, &names, "%s/net", folder);

	if (n < 0)
		return false;
	at = names;
	for (int i = 0; i < n && !found; i++, at += strlen(at) + 1) {
		found = !dx_sysfs_number(sys, &flags, "%s/net/%s/flags", folder, at) &&
			flags & IFF_UP;
		if (found)
			snprintf(text, len, "its network interface %s is up; take it down", at);
	}
	free(names);
	return found;
}

/* The interface of a virtio card hangs off the virtio device below the function. */
static bool is_netdev_up(struct dx_sys *sys, const char *bdf, char *text, size_t len)
{
	char folder[96], *names, *at;
	bool found;
	int n;

	snprintf(folder, sizeof(folder), "/sys/bus/pci/devices/%s", bdf);
	found = net_below_is_up(sys, folder, text, len);
	n = found ? -1 : dx_sysfs_list(sys, &names, "%s", folder);
	if (n < 0)
		return found;
	at = names;
	for (int i = 0; i < n && !found; i++, at += strlen(at) + 1) {
		if (strncmp(at, "virtio", 6))
			continue;
		snprintf(folder, sizeof(folder), "/sys/bus/pci/devices/%s/%.32s", bdf, at);
		found = net_below_is_up(sys, folder, text, len);
	}
	free(names);
	return found;
}

bool dx_host_uses(struct dx_sys *sys, const char *bdf, char *text, size_t len)
{
	return any_line(sys, "/proc/self/mountinfo", mount_is_on, bdf, text, len) ||
	       any_line(sys, "/proc/swaps", swap_is_on, bdf, text, len) ||
	       is_netdev_up(sys, bdf, text, len);
}

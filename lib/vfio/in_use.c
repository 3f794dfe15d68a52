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

/* A block device's link leads through the PCI function it hangs off. */
static bool block_is_on(struct dx_sys *sys, const char *link, const char *bdf)
{
	char target[512], part[DMABUFX_BDF_MAX + 2];

	if (sys->readlink(sys, link, target, sizeof(target)) < 0)
		return false;
	snprintf(part, sizeof(part), "/%s/", bdf);
	return strstr(target, part);
}

/* Lines "id parent major:minor root mountpoint ...". */
static bool is_mounted(struct dx_sys *sys, const char *bdf, char *text, size_t len)
{
	char *mounts, *save, *line, dev[32], where[128], link[64];
	bool found = false;

	if (dx_procfs_read(sys, "/proc/self/mountinfo", &mounts) < 0)
		return false;
	line = strtok_r(mounts, "\n", &save);
	for (; line && !found; line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "%*d %*d %31s %*s %127s", dev, where) != 2)
			continue;
		snprintf(link, sizeof(link), "/sys/dev/block/%s", dev);
		found = block_is_on(sys, link, bdf);
	}
	if (found)
		snprintf(text, len, "a disk of its is mounted at %s; unmount it", where);
	free(mounts);
	return found;
}

/* Lines "path type size used priority" below a heading. */
static bool is_swap(struct dx_sys *sys, const char *bdf, char *text, size_t len)
{
	char *swaps, *save, *line, name[64], link[96];
	bool found = false;

	if (dx_procfs_read(sys, "/proc/swaps", &swaps) < 0)
		return false;
	line = strtok_r(swaps, "\n", &save);
	for (; line && !found; line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "/dev/%63s", name) != 1)
			continue;
		snprintf(link, sizeof(link), "/sys/class/block/%s", name);
		found = block_is_on(sys, link, bdf);
	}
	if (found)
		snprintf(text, len, "swap is on its /dev/%s; run swapoff", name);
	free(swaps);
	return found;
}

static bool is_netdev_up(struct dx_sys *sys, const char *bdf, char *text, size_t len)
{
	char *names, *at;
	bool found = false;
	uint64_t flags;
	int n = dx_sysfs_list(sys, &names, "/sys/bus/pci/devices/%s/net", bdf);

	if (n < 0)
		return false;
	at = names;
	for (int i = 0; i < n && !found; i++, at += strlen(at) + 1) {
		found = !dx_sysfs_number(sys, &flags, "/sys/bus/pci/devices/%s/net/%s/flags", bdf,
					 at) &&
			flags & IFF_UP;
		if (found)
			snprintf(text, len, "its network interface %s is up; take it down", at);
	}
	free(names);
	return found;
}

bool dx_host_uses(struct dx_sys *sys, const char *bdf, char *text, size_t len)
{
	return is_mounted(sys, bdf, text, len) || is_swap(sys, bdf, text, len) ||
	       is_netdev_up(sys, bdf, text, len);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reading and writing sysfs attributes, and what sysfs says of PCI functions. */
#include "sys/sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT_PATH(path, fmt)                           \
	do {                                             \
		va_list ap_;                             \
		va_start(ap_, fmt);                      \
		vsnprintf(path, sizeof(path), fmt, ap_); \
		va_end(ap_);                             \
	} while (0)

static ssize_t read_file(struct dx_sys *sys, const char *path, char *buf, size_t len)
{
	int fd = sys->open(sys, path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = sys->read(sys, fd, buf, len - 1);
	sys->close(sys, fd);
	if (n < 0)
		return n;
	if (n && buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
	return n;
}

ssize_t dx_sysfs_read(struct dx_sys *sys, char *buf, size_t len, const char *fmt, ...)
{
	char path[DX_PATH_MAX];

	FORMAT_PATH(path, fmt);
	return read_file(sys, path, buf, len);
}

int dx_sysfs_number(struct dx_sys *sys, uint64_t *ret, const char *fmt, ...)
{
	char path[DX_PATH_MAX], text[32], *end;
	ssize_t n;

	FORMAT_PATH(path, fmt);
	n = read_file(sys, path, text, sizeof(text));
	if (n < 0)
		return (int)n;
	*ret = strtoull(text, &end, 0);
	return end == text ? -EINVAL : 0;
}

int dx_sysfs_write(struct dx_sys *sys, const char *value, const char *fmt, ...)
{
	char path[DX_PATH_MAX];
	ssize_t n;
	int fd;

	FORMAT_PATH(path, fmt);
	fd = sys->open(sys, path, O_WRONLY);
	if (fd < 0)
		return fd;
	n = sys->write(sys, fd, value, strlen(value));
	sys->close(sys, fd);
	return n < 0 ? (int)n : 0;
}

int dx_sysfs_link_name(struct dx_sys *sys, char *buf, size_t len, const char *fmt, ...)
{
	char path[DX_PATH_MAX], target[DX_PATH_MAX], *slash;
	ssize_t n;

	FORMAT_PATH(path, fmt);
	n = sys->readlink(sys, path, target, sizeof(target));
	if (n < 0)
		return (int)n;
	slash = strrchr(target, '/');
	snprintf(buf, len, "%s", slash ? slash + 1 : target);
	return 0;
}

int dx_sysfs_list(struct dx_sys *sys, char **ret, const char *fmt, ...)
{
	char path[DX_PATH_MAX];

	FORMAT_PATH(path, fmt);
	return sys->list(sys, path, ret);
}

bool dx_bdf_parse(const char *name, char ret[16])
{
	unsigned int domain = 0, bus, dev, fn;
	int end = 0;

	if (sscanf(name, "%7x:%2x:%2x.%1x%n", &domain, &bus, &dev, &fn, &end) != 4 || name[end]) {
		domain = 0;
		end = 0;
		if (sscanf(name, "%2x:%2x.%1x%n", &bus, &dev, &fn, &end) != 3 || name[end])
			return false;
	}
	if (dev > 0x1f || fn > 7)
		return false;
	snprintf(ret, 16, "%04x:%02x:%02x.%x", domain & 0xfffffff, bus & 0xff, dev, fn);
	return true;
}

/* vfio's own drivers, no driver, and ports, which do no DMA for others, leave a group viable. */
static bool driver_is_harmless(const char *driver)
{
	return !strncmp(driver, "vfio", 4) || !strcmp(driver, "pcieport") ||
	       !strcmp(driver, "pci-stub");
}

bool dx_group_blocker(struct dx_sys *sys, const char *bdf, char blocker[16], char *driver,
		      size_t len)
{
	char *names, *at;
	bool found = false;
	int n = dx_sysfs_list(sys, &names, "/sys/bus/pci/devices/%s/iommu_group/devices", bdf);

	if (n < 0)
		return false;
	at = names;
	for (int i = 0; i < n && !found; i++, at += strlen(at) + 1) {
		if (dx_sysfs_link_name(sys, driver, len, "/sys/bus/pci/devices/%s/driver", at))
			continue;
		found = !driver_is_harmless(driver);
		if (found)
			snprintf(blocker, 16, "%s", at);
	}
	free(names);
	return found;
}

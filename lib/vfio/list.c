// SPDX-License-Identifier: LGPL-2.1-or-later
/* The machine's PCI functions, as sysfs shows them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "dmabufx/dev.h"
#include "sys/ctx.h"
#include "sys/procfs.h"
#include "sys/sysfs.h"
#include "vfio/list_priv.h"

#define DEVICES "/sys/bus/pci/devices"

static uint32_t number_or(struct dx_sys *sys, const char *bdf, const char *name, uint32_t none)
{
	uint64_t value;

	return dx_sysfs_number(sys, &value, DEVICES "/%s/%s", bdf, name) ? none : (uint32_t)value;
}

/* Lines "start end flags"; bit 8 of the flags is I/O ports, bit 9 memory. */
static void read_bars(struct dx_sys *sys, struct dmabufx_dev_info *info)
{
	char path[DX_PATH_MAX], *text, *line;
	unsigned long long start, end, flags;
	int used;

	snprintf(path, sizeof(path), DEVICES "/%s/resource", info->bdf);
	if (dx_procfs_read(sys, path, &text) < 0)
		return;
	line = text;
	for (int i = 0; i < DMABUFX_BARS; i++, line += used) {
		if (sscanf(line, "%llx %llx %llx%n", &start, &end, &flags, &used) != 3)
			break;
		if (flags & 0x200 && end > start)
			info->bar_len[i] = end - start + 1;
	}
	free(text);
}

static void read_group(struct dx_sys *sys, struct dmabufx_dev_info *info)
{
	char name[DMABUFX_NAME_MAX], *names;
	int n;

	info->iommu_group = -1;
	if (dx_sysfs_link_name(sys, name, sizeof(name), DEVICES "/%s/iommu_group", info->bdf))
		return;
	info->iommu_group = atoi(name);
	n = dx_sysfs_list(sys, &names, DEVICES "/%s/iommu_group/devices", info->bdf);
	if (n >= 0) {
		info->group_size = (uint32_t)n;
		free(names);
	}
}

static void read_cdev(struct dx_sys *sys, struct dmabufx_dev_info *info)
{
	char *names;
	int n = dx_sysfs_list(sys, &names, DEVICES "/%s/vfio-dev", info->bdf);

	if (n < 0)
		return;
	if (n)
		snprintf(info->cdev, sizeof(info->cdev), "%s", names);
	free(names);
}

int dx_dev_lookup(struct dx_sys *sys, const char *bdf, struct dmabufx_dev_info *ret)
{
	uint64_t vendor;
	int err;

	memset(ret, 0, sizeof(*ret));
	snprintf(ret->bdf, sizeof(ret->bdf), "%s", bdf);
	err = dx_sysfs_number(sys, &vendor, DEVICES "/%s/vendor", bdf);
	if (err == -ENOENT)
		return dx_fail(-ENODEV, DMABUFX_REASON_NO_SUCH_DEVICE,
			       "there is no PCI function %s; `dmabufx list` shows those there are",
			       bdf);
	if (err)
		return dx_fail_sys(err, "reading " DEVICES "/%s/vendor", bdf);
	ret->vendor = (uint16_t)vendor;
	ret->device = (uint16_t)number_or(sys, bdf, "device", 0);
	ret->class_code = number_or(sys, bdf, "class", 0);
	ret->numvfs = number_or(sys, bdf, "sriov_numvfs", 0);
	ret->totalvfs = number_or(sys, bdf, "sriov_totalvfs", 0);
	dx_sysfs_link_name(sys, ret->driver, sizeof(ret->driver), DEVICES "/%s/driver", bdf);
	read_group(sys, ret);
	read_cdev(sys, ret);
	read_bars(sys, ret);
	return 0;
}

int dx_dev_lookup_name(struct dx_sys *sys, const char *name, struct dmabufx_dev_info *ret)
{
	char bdf[DMABUFX_BDF_MAX];

	if (!dx_bdf_parse(name, bdf))
		return dx_fail(-EINVAL, DMABUFX_REASON_BAD_ADDRESS,
			       "'%s' is no PCI address; write it as 0000:00:04.0 or 00:04.0", name);
	return dx_dev_lookup(sys, bdf, ret);
}

int dmabufx_dev_lookup(struct dmabufx_ctx *ctx, const char *bdf, struct dmabufx_dev_info *ret)
{
	struct dmabufx_dev_info info;
	int err;

	if (!ctx || !bdf || !ret)
		return dx_fail_null(!ctx ? "ctx" : !bdf ? "bdf" : "ret");
	dx_lock(ctx);
	err = dx_dev_lookup_name(ctx->sys, bdf, &info);
	dx_unlock(ctx);
	if (!err)
		*ret = info;
	return err;
}

static int list(struct dmabufx_ctx *ctx, struct dmabufx_dev_info *ret, size_t max)
{
	const struct dmabufx_error before = *dmabufx_last_error();
	char *names, *at;
	int n = ctx->sys->list(ctx->sys, DEVICES, &names), found = 0, err = 0;

	if (n == -ENOENT)
		return dx_fail(-ENODEV, DMABUFX_REASON_NO_SUCH_DEVICE,
			       "this machine has no PCI bus, or /sys isn't mounted");
	if (n < 0)
		return n == -ENOMEM ? dx_fail_memory() : dx_fail_sys(n, "listing " DEVICES);
	at = names;
	for (int i = 0; i < n && !err; i++, at += strlen(at) + 1) {
		struct dmabufx_dev_info info;

		err = dx_dev_lookup(ctx->sys, at, &info);
		if (err == -ENODEV) { /* unplugged since the directory was read */
			dx_fail_restore(&before);
			err = 0;
			continue;
		}
		if (err)
			break;
		if ((size_t)found < max)
			ret[found] = info;
		found++;
	}
	free(names);
	return err ? err : found;
}

int dmabufx_dev_list(struct dmabufx_ctx *ctx, struct dmabufx_dev_info *ret, size_t max)
{
	int n;

	if (!ctx || (!ret && max))
		return dx_fail_null(ctx ? "ret" : "ctx");
	dx_lock(ctx);
	n = list(ctx, ret, max);
	dx_unlock(ctx);
	return n;
}

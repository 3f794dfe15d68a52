// SPDX-License-Identifier: LGPL-2.1-or-later
/* Handing PCI functions to vfio-pci and back. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/log.h"
#include "sys/ctx.h"
#include "sys/sysfs.h"
#include "vfio/dev_priv.h"
#include "vfio/in_use_priv.h"
#include "vfio/list_priv.h"

#define BUS "/sys/bus/pci"
#define VFIO_PCI "vfio-pci"
#define OVERRIDE_MAX 128

/* The driver that alone may have the function, "": any. */
static int get_override(struct dx_sys *sys, const char *bdf, char driver[OVERRIDE_MAX])
{
	ssize_t n = dx_sysfs_read(sys, driver, OVERRIDE_MAX, BUS "/devices/%s/driver_override",
				  bdf);

	if (n < 0)
		return dx_fail_sys((int)n, "reading driver_override of %s", bdf);
	if (!strcmp(driver, "(null)"))
		driver[0] = '\0';
	return 0;
}

static int set_override(struct dx_sys *sys, const char *bdf, const char *driver)
{
	return dx_sysfs_write(sys, driver[0] ? driver : "\n", BUS "/devices/%s/driver_override",
			      bdf);
}

static int unbind_driver(struct dx_sys *sys, const char *bdf)
{
	int err = dx_sysfs_write(sys, bdf, BUS "/devices/%s/driver/unbind", bdf);

	/* None bound. */
	return err == -ENOENT || err == -ENODEV ? 0 : err;
}

static int probe_drivers(struct dx_sys *sys, const char *bdf)
{
	return dx_sysfs_write(sys, bdf, BUS "/drivers_probe");
}

static bool is_bound(struct dx_sys *sys, const char *bdf)
{
	char driver[DMABUFX_NAME_MAX];

	return !dx_sysfs_link_name(sys, driver, sizeof(driver), BUS "/devices/%s/driver", bdf) &&
	       !strcmp(driver, VFIO_PCI);
}

static int check(struct dx_sys *sys, const struct dmabufx_dev_info *info, uint32_t flags)
{
	char use[192], *names;
	int n;

	if (info->iommu_group < 0)
		return dx_fail(-ENODEV, DMABUFX_REASON_NO_GROUP,
			       "%s has no IOMMU group: no IOMMU stands before it; turn the IOMMU on in firmware and kernel (intel_iommu=on)",
			       info->bdf);
	n = sys->list(sys, BUS "/drivers/" VFIO_PCI, &names);
	if (n < 0)
		return dx_fail(-ENODEV, DMABUFX_REASON_NOT_VFIO,
			       "the kernel has no vfio-pci driver; load module vfio-pci");
	free(names);
	if (!(flags & DMABUFX_BIND_FORCE) && dx_host_uses(sys, info->bdf, use, sizeof(use)))
		return dx_fail(-EBUSY, DMABUFX_REASON_DEVICE_BUSY,
			       "%s is in use: %s, or bind with DMABUFX_BIND_FORCE", info->bdf, use);
	return 0;
}

/* To the driver that had it. Best effort: the first error is the one to tell. */
static void give_back(struct dx_sys *sys, const struct dmabufx_dev_info *info, const char *old)
{
	set_override(sys, info->bdf, info->driver);
	unbind_driver(sys, info->bdf);
	if (info->driver[0])
		probe_drivers(sys, info->bdf);
	set_override(sys, info->bdf, old);
}

static int bind(struct dx_sys *sys, const struct dmabufx_dev_info *info, const char *old)
{
	int err = set_override(sys, info->bdf, VFIO_PCI);

	if (err)
		return dx_fail_sys(err, "writing driver_override of %s", info->bdf);
	err = unbind_driver(sys, info->bdf);
	if (err) {
		set_override(sys, info->bdf, old);
		return dx_fail_sys(err, "unbinding %s from %s", info->bdf, info->driver);
	}
	err = probe_drivers(sys, info->bdf);
	if (!err && is_bound(sys, info->bdf))
		return 0;
	give_back(sys, info, old);
	return dx_fail_sys(err ? err : -EIO, "binding %s to " VFIO_PCI, info->bdf);
}

/*
 * Unbinding waits in the kernel until the last user has closed the device: for
 * ever, if that is the caller. So it is refused here, and done without the
 * ctx's lock, which whoever could close it would wait for.
 */
static int check_closed(struct dmabufx_ctx *ctx, const char *bdf)
{
	struct dx_list *at;
	bool found = false;

	dx_lock(ctx);
	dx_list_for_each(at, &ctx->devs)
		found |= !strcmp(dx_container_of(at, struct dmabufx_dev, ctx_link)->bdf, bdf);
	dx_unlock(ctx);
	return found ? dx_fail(-EBUSY, DMABUFX_REASON_DEVICE_BUSY,
			       "%s is open in this context; close it before its driver changes",
			       bdf) :
		       0;
}

static void log_bound(struct dmabufx_ctx *ctx, const struct dmabufx_dev_info *was, const char *old)
{
	dx_lock(ctx);
	dx_info(ctx, "%s: bound to " VFIO_PCI ", was %s", was->bdf,
		was->driver[0] ? was->driver : "unbound");
	if (old[0] && strcmp(old, VFIO_PCI))
		dx_warn(ctx, "%s: its driver_override was %s, which nobody puts back", was->bdf,
			old);
	dx_unlock(ctx);
}

int dmabufx_dev_bind(struct dmabufx_ctx *ctx, const char *bdf, uint32_t flags)
{
	char old[OVERRIDE_MAX] = "";
	struct dmabufx_dev_info info;
	int err;

	if (!ctx || !bdf)
		return dx_fail_null(ctx ? "bdf" : "ctx");
	if (flags & ~DMABUFX_BIND_FORCE)
		return dx_fail_flags("dmabufx_dev_bind", flags, DMABUFX_BIND_FORCE);
	err = dx_dev_lookup_name(ctx->sys, bdf, &info);
	if (err || !strcmp(info.driver, VFIO_PCI))
		return err;
	err = check(ctx->sys, &info, flags);
	if (!err)
		err = check_closed(ctx, info.bdf);
	if (!err)
		err = get_override(ctx->sys, info.bdf, old);
	if (!err)
		err = bind(ctx->sys, &info, old);
	if (!err)
		log_bound(ctx, &info, old);
	return err;
}

static int unbind(struct dx_sys *sys, const char *bdf)
{
	char wanted[OVERRIDE_MAX];
	int err = get_override(sys, bdf, wanted);

	if (err)
		return err;
	/* Another driver's isn't ours to clear. */
	if (!wanted[0] || !strcmp(wanted, VFIO_PCI))
		err = set_override(sys, bdf, "");
	if (err)
		return dx_fail_sys(err, "clearing driver_override of %s", bdf);
	if (is_bound(sys, bdf)) {
		err = unbind_driver(sys, bdf);
		if (err)
			return dx_fail_sys(err, "unbinding %s from " VFIO_PCI, bdf);
	}
	err = probe_drivers(sys, bdf);
	/* -EINVAL and -ENODEV: no other driver wants it. */
	if (err && err != -EINVAL && err != -ENODEV)
		return dx_fail_sys(err, "looking for a driver for %s", bdf);
	return 0;
}

int dmabufx_dev_unbind(struct dmabufx_ctx *ctx, const char *bdf)
{
	struct dmabufx_dev_info info;
	int err;

	if (!ctx || !bdf)
		return dx_fail_null(ctx ? "bdf" : "ctx");
	err = dx_dev_lookup_name(ctx->sys, bdf, &info);
	if (!err)
		err = check_closed(ctx, info.bdf);
	return err ? err : unbind(ctx->sys, info.bdf);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Hot reset: a slot or bus with every function on it, as one transaction. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/log.h"
#include "sys/ctx.h"
#include "sys/sysfs.h"
#include "vfio/bracket_priv.h"

struct hot {
	struct dmabufx_dev *dev;
	struct vfio_pci_hot_reset_info *info;
	int32_t *groups; /* descriptors; none where devices are told apart by id */
	uint32_t ngroups;
	struct dx_list set;
};

static void name_of(const struct vfio_pci_dependent_device *hit, char bdf[DMABUFX_BDF_MAX])
{
	snprintf(bdf, DMABUFX_BDF_MAX, "%04x:%02x:%02x.%x", hit->segment, hit->bus, hit->devfn >> 3,
		 hit->devfn & 7);
}

static int ask(struct hot *hot)
{
	struct dmabufx_dev *dev = hot->dev;
	int err = dx_vfio_hot_reset_info(dev->ctx->sys, dev->fd, &hot->info);

	if (err == -ENODEV)
		return dx_fail(-ENOTTY, DMABUFX_REASON_NO_RESET,
			       "%s has no hot reset: neither its slot nor its bus can be reset",
			       dev->bdf);
	if (err == -ENOMEM)
		return dx_fail_memory();
	return err ? dx_fail_sys(err, "asking what a hot reset of %s hits", dev->bdf) : 0;
}

static int is_foreign(const struct hot *hot, const char *bdf)
{
	char driver[64];

	if (dx_sysfs_link_name(hot->dev->ctx->sys, driver, sizeof(driver),
			       "/sys/bus/pci/devices/%s/driver", bdf))
		snprintf(driver, sizeof(driver), "none");
	return dx_fail(-EBUSY, DMABUFX_REASON_DEVICE_BUSY,
		       "a hot reset of %s hits %s (driver: %s), which isn't this context's; bind it to vfio-pci and open it here",
		       hot->dev->bdf, bdf, driver);
}

/* The kernel wants the group of each function, each once. */
static int add_group(struct hot *hot, uint32_t number, const char *bdf)
{
	struct dx_list *at;

	dx_list_for_each(at, &hot->dev->ctx->groups) {
		struct dx_group *group = dx_container_of(at, struct dx_group, link);

		if ((uint32_t)group->number != number)
			continue;
		for (uint32_t i = 0; i < hot->ngroups; i++) {
			if (hot->groups[i] == group->fd)
				return 0;
		}
		hot->groups[hot->ngroups++] = group->fd;
		return 0;
	}
	return is_foreign(hot, bdf);
}

static int check_owner(struct hot *hot, const struct vfio_pci_dependent_device *hit,
		       const char *bdf)
{
	if (!(hot->info->flags & VFIO_PCI_HOT_RESET_FLAG_DEV_ID))
		return add_group(hot, hit->group_id, bdf);
	/* The kernel calls its own what the same iommufd has open, and the rest of such groups. */
	return hit->group_id == (uint32_t)VFIO_PCI_DEVID_NOT_OWNED ? is_foreign(hot, bdf) : 0;
}

/* A descriptor may be borrowed twice: each device of that address is one to be told. */
static int add_devs(struct hot *hot, const char *bdf)
{
	struct dx_list *at;

	dx_list_for_each(at, &hot->dev->ctx->devs) {
		struct dmabufx_dev *dev = dx_container_of(at, struct dmabufx_dev, ctx_link);
		int err;

		if (strcmp(dev->bdf, bdf))
			continue;
		err = dx_reset_check_idle(dev);
		if (err)
			return err;
		dx_set_add(&hot->set, dev);
	}
	return 0;
}

static int collect(struct hot *hot)
{
	char bdf[DMABUFX_BDF_MAX];
	int err;

	hot->groups = calloc(hot->info->count + 1, sizeof(hot->groups[0]));
	if (!hot->groups)
		return dx_fail_memory();
	for (uint32_t i = 0; i < hot->info->count; i++) {
		name_of(&hot->info->devices[i], bdf);
		err = check_owner(hot, &hot->info->devices[i], bdf);
		if (!err)
			err = add_devs(hot, bdf);
		if (err)
			return err;
	}
	return 0;
}

static int by_bus(void *arg)
{
	struct hot *hot = arg;
	int err = dx_vfio_hot_reset(hot->dev->ctx->sys, hot->dev->fd, hot->groups, hot->ngroups);

	if (err == -ENOMEM)
		return dx_fail_memory();
	return err ? dx_fail_sys(err, "hot reset of %s; its mappings are as before",
				 hot->dev->bdf) :
		     0;
}

static int hot_reset(struct dmabufx_dev *dev)
{
	struct hot hot = { .dev = dev };
	int ret = ask(&hot);

	dx_list_init(&hot.set);
	if (!ret)
		ret = collect(&hot);
	if (!ret)
		ret = dx_set_reset(&hot.set, true, by_bus, &hot);
	dx_debug(dev->ctx, "%s: hot reset of %u functions: %d", dev->bdf,
		 hot.info ? hot.info->count : 0, ret);
	/* A callback may have dropped the last reference but ours. */
	dx_set_drop(&hot.set);
	free(hot.groups);
	free(hot.info);
	return ret;
}

int dmabufx_dev_hot_reset(struct dmabufx_dev *dev)
{
	struct dmabufx_ctx *ctx;
	int ret;

	if (!dev)
		return dx_fail_null("dev");
	ctx = dev->ctx;
	dx_lock(ctx);
	ret = dx_reset_check_idle(dev);
	if (!ret)
		ret = hot_reset(dev);
	dx_unlock_reap(ctx);
	return ret;
}

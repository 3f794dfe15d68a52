// SPDX-License-Identifier: LGPL-2.1-or-later
/* VFIO groups, for type1 and for devices opened the legacy way. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fail.h"
#include "sys/ctx.h"
#include "sys/sysfs.h"
#include "sys/type1.h"
#include "vfio/dev_priv.h"

static int group_number(struct dx_sys *sys, const char *bdf)
{
	char name[16];
	int err = dx_sysfs_link_name(sys, name, sizeof(name), "/sys/bus/pci/devices/%s/iommu_group",
				     bdf);

	if (err)
		return dx_fail(-ENODEV, DMABUFX_REASON_NO_GROUP,
			       "%s has no IOMMU group; turn the IOMMU on in firmware and kernel",
			       bdf);
	return atoi(name);
}

/* A container that serves this group alone: with iommufd as backend no ioas has one. */
static int own_container(struct dx_sys *sys, struct dx_group *group)
{
	group->own_container = sys->open(sys, "/dev/vfio/vfio", O_RDWR);
	return group->own_container < 0 ? group->own_container : 0;
}

static int join(struct dx_sys *sys, struct dx_group *group, struct dmabufx_ioas *ioas)
{
	int container = ioas ? ioas->container : group->own_container;
	int err = dx_group_set_container(sys, group->fd, container);

	if (err || (ioas && ioas->container_set))
		return err;
	err = dx_type1_set_iommu(sys, container);
	if (err)
		dx_group_unset_container(sys, group->fd);
	return err;
}

static void close_group(struct dx_sys *sys, struct dx_group *group)
{
	dx_sys_close(sys, group->fd);
	dx_sys_close(sys, group->own_container);
	free(group);
}

/* The node alone: whether the group is viable isn't looked at yet. */
static int explain_node(struct dmabufx_ctx *ctx, const char *bdf, const char *path, int err)
{
	if (err == -EBUSY)
		return dx_explain_open(ctx, bdf, err);
	if (err == -ENOENT)
		return dx_fail(-ENODEV, DMABUFX_REASON_NOT_VFIO,
			       "%s, the group of %s, isn't there: VFIO has no group nodes here, or this one is without an IOMMU; run a kernel with CONFIG_VFIO_GROUP and the IOMMU on",
			       path, bdf);
	return dx_fail_sys(err, "opening %s, the group of %s", path, bdf);
}

static int open_group(struct dmabufx_ctx *ctx, const char *bdf, int number,
		      struct dmabufx_ioas *ioas, struct dx_group *group)
{
	char path[32];
	int err;

	snprintf(path, sizeof(path), "/dev/vfio/%d", number);
	group->fd = ctx->sys->open(ctx->sys, path, O_RDWR);
	if (group->fd < 0)
		return explain_node(ctx, bdf, path, group->fd);
	err = dx_group_viable(ctx->sys, group->fd);
	if (err <= 0)
		return dx_explain_open(ctx, bdf, err ? err : -EPERM);
	err = ioas ? 0 : own_container(ctx->sys, group);
	if (err)
		return dx_fail_sys(err, "opening /dev/vfio/vfio for %s", bdf);
	err = join(ctx->sys, group, ioas);
	return err ? dx_explain_open(ctx, bdf, err) : 0;
}

static int new_group(struct dmabufx_ctx *ctx, const char *bdf, int number,
		     struct dmabufx_ioas *ioas, struct dx_group **ret)
{
	struct dx_group *group = calloc(1, sizeof(*group));
	int err;

	if (!group)
		return dx_fail_memory();
	group->number = number;
	group->own_container = -1;
	err = open_group(ctx, bdf, number, ioas, group);
	if (err) {
		close_group(ctx->sys, group);
		return err;
	}
	group->refs = 1;
	if (ioas) {
		group->ioas = ioas;
		ioas->refs++;
		ioas->container_set = true;
		ioas->ranges_known = false;
	}
	dx_list_add_tail(&ctx->groups, &group->link);
	*ret = group;
	return 0;
}

int dx_group_open(struct dmabufx_ctx *ctx, const char *bdf, struct dmabufx_ioas *ioas,
		  struct dx_group **ret)
{
	int number = group_number(ctx->sys, bdf);
	struct dx_list *at;

	if (number < 0)
		return number;
	dx_list_for_each(at, &ctx->groups) {
		struct dx_group *group = dx_container_of(at, struct dx_group, link);

		if (group->number != number)
			continue;
		if (group->ioas != ioas)
			return dx_fail(-EOPNOTSUPP, DMABUFX_REASON_BACKEND,
				       "group %d of %s has joined another container; open its devices into one address space",
				       number, bdf);
		group->refs++;
		*ret = group;
		return 0;
	}
	return new_group(ctx, bdf, number, ioas, ret);
}

/* Without a group the kernel forgets the container's IOMMU and all that was mapped. */
static void leave_container(struct dx_group *group)
{
	struct dmabufx_ioas *ioas = group->ioas;
	struct dx_list *at;

	ioas->container_set = ioas->ndevs;
	ioas->ranges_known = false;
	dx_list_for_each(at, &ioas->mappings) {
		struct dmabufx_mapping *m = dx_container_of(at, struct dmabufx_mapping, ioas_link);

		if (ioas->container_set || !m->inserted)
			continue;
		m->inserted = false;
		dx_mapping_set(m, DMABUFX_MAPPING_STALE, DMABUFX_REASON_NOT_ATTACHED);
	}
	dx_ioas_put(ioas);
}

void dx_group_put(struct dmabufx_ctx *ctx, struct dx_group *group)
{
	if (--group->refs)
		return;
	dx_list_del(&group->link);
	dx_group_unset_container(ctx->sys, group->fd);
	if (group->ioas)
		leave_container(group);
	close_group(ctx->sys, group);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Opening devices: by address, by node, by somebody else's descriptor. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/opts.h"
#include "sys/ctx.h"
#include "sys/sysfs.h"
#include "sys/type1.h"
#include "vfio/dev_priv.h"
#include "vfio/list_priv.h"

#define NODES "/dev/vfio/devices/"

int dx_explain_open(struct dmabufx_ctx *ctx, const char *bdf, int err)
{
	char blocker[16], driver[DMABUFX_NAME_MAX];

	if (dx_group_blocker(ctx->sys, bdf, blocker, driver, sizeof(driver)))
		return dx_fail(-EPERM, DMABUFX_REASON_NOT_VIABLE,
			       "the IOMMU group of %s isn't viable: %s in it is bound to %s; bind that to vfio-pci too",
			       bdf, blocker, driver);
	if (err == -EBUSY)
		return dx_fail(err, DMABUFX_REASON_DEVICE_BUSY,
			       "%s is open in another process, or owned by another iommufd; close it there",
			       bdf);
	if (err == -EPERM)
		return dx_fail(err, DMABUFX_REASON_UNSAFE_IRQ,
			       "VFIO refuses %s, as the IOMMU has no interrupt remapping; turn it on, or accept the risk with iommufd.allow_unsafe_interrupts=1 (type1: vfio_iommu_type1.allow_unsafe_interrupts=1)",
			       bdf);
	return dx_fail_sys(err, "opening %s through VFIO", bdf);
}

/*
 * vfio_pci_core_match_token_uuid(), 7.3, which comes behind all else that can be wrong; the
 * nodes' permissions were looked at before.
 */
static int explain_token(struct dmabufx_ctx *ctx, const char *bdf, const uint8_t *token, int err)
{
	if (err == -EACCES && !token)
		return dx_fail(err, DMABUFX_REASON_VF_TOKEN,
			       "VFIO refuses %s without a VF token; pass the one of whoever has its physical function open as dmabufx_dev_opts.vf_token",
			       bdf);
	if (err == -EACCES)
		return dx_fail(err, DMABUFX_REASON_VF_TOKEN,
			       "VFIO refuses %s with this VF token; pass the one that its physical function was opened with",
			       bdf);
	if (err == -EINVAL && token)
		return dx_fail(err, DMABUFX_REASON_VF_TOKEN,
			       "VFIO takes no VF token for %s: its physical function isn't on vfio-pci, the node is open elsewhere, or the kernel is older than 6.18, where DMABUFX_DEV_LEGACY takes one",
			       bdf);
	return dx_explain_open(ctx, bdf, err);
}

/* What sysfs shows must be in order before any node is opened. */
static int check_bound(const struct dmabufx_dev_info *info)
{
	if (info->iommu_group < 0)
		return dx_fail(-ENODEV, DMABUFX_REASON_NO_GROUP,
			       "%s has no IOMMU group: no IOMMU stands before it; turn the IOMMU on in firmware and kernel (intel_iommu=on)",
			       info->bdf);
	if (!strncmp(info->driver, "vfio", 4))
		return 0;
	return dx_fail(-ENODEV, DMABUFX_REASON_NOT_VFIO,
		       "%s is bound to %s, not to vfio-pci; `dmabufx bind %s` hands it over",
		       info->bdf, info->driver[0] ? info->driver : "no driver", info->bdf);
}

/* What sysfs links a device node to, by its number: itself, or with "/device" its parent. */
static bool node_link(struct dx_sys *sys, int fd, const char *what, char name[DMABUFX_NAME_MAX])
{
	uint64_t ino, rdev;

	return !sys->inode(sys, fd, &ino, &rdev) && rdev &&
	       !dx_sysfs_link_name(sys, name, DMABUFX_NAME_MAX, "/sys/dev/char/%u:%u%s",
				   (unsigned int)(rdev >> 8 & 0xfff),
				   (unsigned int)((rdev & 0xff) | (rdev >> 12 & 0xfff00)), what);
}

/* Address of a device node; left "" where sysfs doesn't tell. */
static void bdf_of_node(struct dx_sys *sys, int fd, char *ret)
{
	char name[DMABUFX_NAME_MAX];

	if (node_link(sys, fd, "/device", name))
		dx_bdf_parse(name, ret);
}

/*
 * With CONFIG_IOMMUFD_NOIOMMU such a device is bound and attached like any
 * other, and nothing translates: each IOVA handed out would be a physical
 * address to it (hwpt_noiommu.c, 7.3).
 */
static bool is_noiommu(struct dx_sys *sys, int fd)
{
	char name[DMABUFX_NAME_MAX];

	return node_link(sys, fd, "", name) && !strncmp(name, "noiommu-", 8);
}

static int bind_iommufd(struct dmabufx_dev *dev, const uint8_t *token, bool own_node)
{
	struct dmabufx_ctx *ctx = dev->ctx;
	const char *name = dev->bdf[0] ? dev->bdf : "the device";
	int err;

	if (is_noiommu(ctx->sys, dev->fd))
		return dx_fail(-ENODEV, DMABUFX_REASON_NO_GROUP,
			       "%s is in no-IOMMU mode: its DMA would go to physical addresses; turn the IOMMU on in firmware and kernel (intel_iommu=on)",
			       name);
	err = dx_vfio_bind_iommufd(ctx->sys, dev->fd, ctx->iommufd, token);
	if (err == -ENOTTY)
		return dx_fail(-EINVAL, DMABUFX_REASON_FOREIGN_FD,
			       "the descriptor is no VFIO device node; open one below " NODES);
	/* vfio_df_open(), 7.3: a node that somebody else has bound; EBUSY is for an open group. */
	if (err == -EINVAL && own_node && !token)
		err = -EBUSY;
	if (err == -EINVAL && !token)
		return dx_fail(err, DMABUFX_REASON_DEVICE_BUSY,
			       "%s is bound to an iommufd already, or came from its group; open it with DMABUFX_DEV_PREBOUND",
			       dev->bdf[0] ? dev->bdf : "the descriptor");
	return err ? explain_token(ctx, name, token, err) : 0;
}

static int open_node(struct dmabufx_dev *dev, const char *path, const uint8_t *token)
{
	struct dx_sys *sys = dev->ctx->sys;

	dev->fd = sys->open(sys, path, O_RDWR);
	if (dev->fd == -ENOENT)
		return dx_fail(-ENODEV, DMABUFX_REASON_NO_SUCH_DEVICE,
			       "%s isn't there; `dmabufx list --vfio` shows the nodes there are",
			       path);
	if (dev->fd < 0)
		return dx_fail_sys(dev->fd, "opening %s", path);
	if (!dev->bdf[0])
		bdf_of_node(sys, dev->fd, dev->bdf);
	return bind_iommufd(dev, token, true);
}

static int open_cdev(struct dmabufx_dev *dev, const struct dmabufx_dev_info *info,
		     const uint8_t *token)
{
	char path[sizeof(NODES) + DMABUFX_NAME_MAX];

	if (!info->cdev[0])
		return dx_fail(-ENODEV, DMABUFX_REASON_NOT_VFIO,
			       "the kernel makes no node for %s; run one with CONFIG_VFIO_DEVICE_CDEV, or open it with DMABUFX_DEV_LEGACY",
			       info->bdf);
	snprintf(path, sizeof(path), NODES "%s", info->cdev);
	return open_node(dev, path, token);
}

/* Through the group; @ioas is NULL when the backend is iommufd. */
static int open_legacy(struct dmabufx_dev *dev, struct dmabufx_ioas *ioas, const uint8_t *token)
{
	struct dmabufx_ctx *ctx = dev->ctx;
	int err = dx_group_open(ctx, dev->bdf, ioas, &dev->group);

	if (err)
		return err;
	dev->fd = dx_group_device(ctx->sys, dev->group->fd, dev->bdf, token);
	if (dev->fd < 0)
		return explain_token(ctx, dev->bdf, token, dev->fd);
	if (ioas) {
		dev->ioas = ioas;
		ioas->refs++;
		ioas->ndevs++;
	}
	return 0;
}

static int open_type1(struct dmabufx_dev *dev, struct dmabufx_ioas *ioas, const uint8_t *token)
{
	int err = ioas ? 0 : dx_ioas_default(dev->ctx, &ioas);

	return err ? err : open_legacy(dev, ioas, token);
}

static int open_name(struct dmabufx_dev *dev, const char *name, const struct dmabufx_dev_opts *o)
{
	bool type1 = dev->ctx->iommu == &dx_iommu_type1;
	struct dmabufx_dev_info info;
	int err;

	if (name[0] == '/') {
		if (type1 || o->flags & DMABUFX_DEV_LEGACY)
			return dx_fail(-EOPNOTSUPP, DMABUFX_REASON_BACKEND,
				       "%s: a node can't be opened through a group; name the PCI address",
				       name);
		return open_node(dev, name, o->vf_token);
	}
	err = dx_dev_lookup_name(dev->ctx->sys, name, &info);
	if (!err)
		err = check_bound(&info);
	if (err)
		return err;
	memcpy(dev->bdf, info.bdf, sizeof(dev->bdf));
	if (type1)
		return open_type1(dev, o->ioas, o->vf_token);
	return o->flags & DMABUFX_DEV_LEGACY ? open_legacy(dev, NULL, o->vf_token) :
					       open_cdev(dev, &info, o->vf_token);
}

static int open_fd(struct dmabufx_dev *dev, int fd, const struct dmabufx_dev_opts *o)
{
	struct dx_sys *sys = dev->ctx->sys;

	dev->fd = sys->dup(sys, fd);
	if (dev->fd == -EBADF)
		return dx_fail(-EBADF, DMABUFX_REASON_BAD_FD, "descriptor %d isn't open", fd);
	if (dev->fd < 0)
		return dx_fail_sys(dev->fd, "duplicating descriptor %d", fd);
	bdf_of_node(sys, dev->fd, dev->bdf);
	dev->prebound = o->flags & DMABUFX_DEV_PREBOUND || dev->ctx->iommu == &dx_iommu_type1;
	return dev->prebound ? 0 : bind_iommufd(dev, o->vf_token, false);
}

static int open_dev(struct dmabufx_ctx *ctx, const char *name, int fd,
		    const struct dmabufx_dev_opts *o, struct dmabufx_dev **ret)
{
	struct dmabufx_dev *dev;
	int err = dx_iommu_need(ctx);

	if (err)
		return err;
	dev = calloc(1, sizeof(*dev));
	if (!dev)
		return dx_fail_memory();
	dev->ctx = dx_ctx_hold(ctx);
	dev->refs = 1;
	dev->fd = -1;
	dx_list_init(&dev->bufs);
	dx_list_add_tail(&ctx->devs, &dev->ctx_link);
	err = name ? open_name(dev, name, o) : open_fd(dev, fd, o);
	if (!err)
		err = dx_dev_learn(dev);
	if (!err && o->ioas && !dev->ioas)
		err = dx_dev_attach(dev, o->ioas);
	if (err) {
		dx_dev_put(dev);
		return err;
	}
	*ret = dev;
	return 0;
}

static int take_opts(struct dmabufx_ctx *ctx, const struct dmabufx_dev_opts *opts, uint32_t known,
		     struct dmabufx_dev_opts *o)
{
	int err = DX_OPTS_TAKE(dmabufx_dev_opts, opts, o);

	if (err)
		return err;
	if (o->flags & ~known || o->reserved)
		return dx_fail_flags("dmabufx_dev_opts", o->flags | o->reserved, known);
	if (o->vf_token && o->flags & DMABUFX_DEV_PREBOUND)
		return dx_fail(-EINVAL, DMABUFX_REASON_VF_TOKEN,
			       "a descriptor that is bound already takes no VF token");
	if (o->ioas && o->ioas->ctx != ctx)
		return dx_fail(-EXDEV, DMABUFX_REASON_WRONG_CTX,
			       "the address space belongs to another context");
	return 0;
}

int dmabufx_dev_open(struct dmabufx_ctx *ctx, const char *name, const struct dmabufx_dev_opts *opts,
		     struct dmabufx_dev **ret)
{
	struct dmabufx_dev_opts o;
	int err;

	if (!ctx || !name || !ret)
		return dx_fail_null(!ctx ? "ctx" : !name ? "name" : "ret");
	err = take_opts(ctx, opts, DMABUFX_DEV_LEGACY, &o);
	if (err)
		return err;
	dx_lock(ctx);
	err = open_dev(ctx, name, -1, &o, ret);
	dx_unlock(ctx);
	return err;
}

int dmabufx_dev_open_fd(struct dmabufx_ctx *ctx, int fd, const struct dmabufx_dev_opts *opts,
			struct dmabufx_dev **ret)
{
	struct dmabufx_dev_opts o;
	int err;

	if (!ctx || !ret)
		return dx_fail_null(ctx ? "ret" : "ctx");
	err = take_opts(ctx, opts, DMABUFX_DEV_PREBOUND, &o);
	if (err)
		return err;
	dx_lock(ctx);
	err = open_dev(ctx, NULL, fd, &o, ret);
	dx_unlock(ctx);
	return err;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Slices of a BAR as dma-bufs. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/num.h"
#include "base/opts.h"
#include "sys/ctx.h"
#include "sys/sys.h"
#include "vfio/dev_priv.h"

/* At a glance, what check_ranges() finds out at length and in words. */
static bool slice_is_plain(const struct dmabufx_dev *dev, uint32_t bar, uint64_t offset,
			   uint64_t len)
{
	uint64_t whole = bar < DMABUFX_BARS ? dev->plain_len[bar] : 0;

	/* A length of 0 wraps to more than any BAR has. */
	return !((offset | len) & dev->page_mask) && offset < whole && len - 1 < whole - offset;
}

static int check_ranges(const struct dmabufx_dev *dev, uint32_t bar,
			const struct dmabufx_range *ranges, size_t nranges, bool msix,
			uint64_t *total)
{
	int err = dx_bar_check(dev, bar);

	*total = 0;
	if (err)
		return err;
	if (!nranges)
		return dx_fail(-EINVAL, DMABUFX_REASON_NO_RANGES,
			       "no range of BAR %u of %s to export; name one at least", bar,
			       dev->bdf);
	if (nranges > DMABUFX_SLICES_MAX)
		return dx_fail(-E2BIG, DMABUFX_REASON_TOO_MANY_RANGES,
			       "%zu ranges of BAR %u of %s: a buffer holds %d at most; make several",
			       nranges, bar, dev->bdf, DMABUFX_SLICES_MAX);
	for (size_t i = 0; i < nranges; i++) {
		err = dx_slice_check(dev, bar, &ranges[i]);
		if (err)
			return err;
		if (!msix && dx_slice_has_msix(dev, bar, &ranges[i]))
			return dx_fail(-EACCES, DMABUFX_REASON_MSIX_OVERLAP,
				       "the slice holds the MSI-X table of %s, BAR %u 0x%llx; leave its pages out, or set DMABUFX_EXPORT_MSIX",
				       dev->bdf, bar, (unsigned long long)dev->msix.start);
		/* 64 slices of one BAR overflow only if it has 2^58 bytes; but then they do. */
		if (__builtin_add_overflow(*total, ranges[i].len, total))
			return dx_fail(-EINVAL, DMABUFX_REASON_PAST_END,
				       "the ranges of BAR %u of %s add up to more than 64 bits",
				       bar, dev->bdf);
	}
	return 0;
}

static __attribute__((cold)) int explain(const struct dmabufx_dev *dev, uint32_t bar, int err)
{
	if (dev->export_err)
		return dx_fail(-EOPNOTSUPP, DMABUFX_REASON_EXPORT_UNSUPPORTED,
			       "BAR %u of %s can't be exported: this kernel or the device's VFIO driver has no VFIO_DEVICE_FEATURE_DMA_BUF; use Linux 6.19 or later with CONFIG_PCI_P2PDMA",
			       bar, dev->bdf);
	if (err == -ENODEV)
		return dx_fail(err, DMABUFX_REASON_DEVICE_GONE,
			       "BAR %u of %s can't be exported: the device is going away, or its memory is claimed by another driver",
			       bar, dev->bdf);
	return dx_fail_sys(err, "exporting BAR %u of %s", bar, dev->bdf);
}

static __attribute__((cold)) void born_revoked(const struct dmabufx_dev *dev,
					       struct dmabufx_buf *buf)
{
	buf->held = dev->begun;
	dx_warn(dev->ctx,
		"%s: BAR %u is exported while the device's memory is off or it is being reset: the buffer is born revoked until that is over",
		dev->bdf, buf->bar);
}

/* Bookkeeping first: then what is needed behind the kernel's call is in the buffer. */
static inline
	__attribute__((always_inline)) int export(struct dmabufx_dev *dev, struct dmabufx_ctx *ctx,
						  uint32_t bar, const struct dmabufx_range *ranges,
						  size_t nranges, uint64_t total,
						  struct dmabufx_buf **ret)
{
	struct dmabufx_buf *buf = NULL;
	int fd, err = dx_buf_new(ctx, DMABUFX_BUF_BAR, bar, nranges, -1, total, &buf);

	if (__builtin_expect(err, 0))
		return err;
	buf->offset = ranges[0].start;
	memcpy(buf->bdf, dev->bdf, sizeof(buf->bdf));
	fd = dx_vfio_export(ctx->sys, dev->fd, bar, ranges, (uint32_t)nranges);
	if (__builtin_expect(fd < 0, 0)) {
		bar = buf->bar;
		ctx->refs--;
		dx_pool_put(&ctx->buf_pool, buf);
		return explain(dev, bar, fd);
	}
	buf->fd = fd;
	buf->dev = dev;
	dx_list_add_tail(&dev->bufs, &buf->dev_link);
	if (__builtin_expect(!dev->memory_on, 0))
		born_revoked(dev, buf);
	*ret = buf;
	return 0;
}

static int take_opts(const struct dmabufx_export_opts *opts, struct dmabufx_export_opts *o)
{
	int err = DX_OPTS_TAKE(dmabufx_export_opts, opts, o);

	if (err)
		return err;
	if (o->flags & ~DMABUFX_EXPORT_MSIX || o->reserved)
		return dx_fail_flags("dmabufx_export_opts", o->flags | o->reserved,
				     DMABUFX_EXPORT_MSIX);
	return 0;
}

int dmabufx_dev_export_ranges(struct dmabufx_dev *dev, uint32_t bar,
			      const struct dmabufx_range *ranges, size_t nranges,
			      const struct dmabufx_export_opts *opts, struct dmabufx_buf **ret)
{
	struct dmabufx_export_opts o;
	uint64_t total;
	int err;

	if (!dev || !ret || (!ranges && nranges))
		return dx_fail_null(!dev ? "dev" : !ret ? "ret" : "ranges");
	err = take_opts(opts, &o);
	if (!err)
		err = check_ranges(dev, bar, ranges, nranges, o.flags & DMABUFX_EXPORT_MSIX,
				   &total);
	if (err)
		return err;
	dx_lock(dev->ctx);
	err = export(dev, dev->ctx, bar, ranges, nranges, total, ret);
	dx_unlock(dev->ctx);
	return err;
}

static __attribute__((noinline)) int export_slice(struct dmabufx_dev *dev, uint32_t bar,
						  uint64_t offset, uint64_t len,
						  const struct dmabufx_export_opts *opts,
						  struct dmabufx_buf **ret)
{
	struct dmabufx_range slice = { .start = offset, .len = len };

	return dmabufx_dev_export_ranges(dev, bar, &slice, 1, opts, ret);
}

int dmabufx_dev_export(struct dmabufx_dev *dev, uint32_t bar, uint64_t offset, uint64_t len,
		       const struct dmabufx_export_opts *opts, struct dmabufx_buf **ret)
{
	struct dmabufx_range slice = { .start = offset, .len = len };
	struct dmabufx_ctx *ctx;
	int err;

	/* What can't be taken at a glance goes the long way, which finds the words. */
	if (__builtin_expect(!dev, 0) || __builtin_expect(!ret, 0) || opts ||
	    __builtin_expect(!slice_is_plain(dev, bar, offset, len), 0))
		return export_slice(dev, bar, offset, len, opts, ret);
	ctx = dev->ctx;
	dx_lock(ctx);
	err = export(dev, ctx, bar, &slice, 1, len, ret);
	dx_unlock(ctx);
	return err;
}

static int export_all(struct dmabufx_dev *dev, uint32_t bar, const struct dmabufx_range *slices,
		      size_t n, struct dmabufx_buf *ret[])
{
	struct dmabufx_buf *bufs[2];
	int err;

	for (size_t i = 0; i < n; i++) {
		err = export(dev, dev->ctx, bar, &slices[i], 1, slices[i].len, &bufs[i]);
		if (err) {
			while (i--)
				dx_buf_put(bufs[i]);
			return err;
		}
	}
	memcpy(ret, bufs, n * sizeof(*ret));
	return (int)n;
}

int dmabufx_dev_export_bar(struct dmabufx_dev *dev, uint32_t bar,
			   const struct dmabufx_export_opts *opts, struct dmabufx_buf *ret[],
			   size_t max)
{
	struct dmabufx_range slices[2], whole;
	struct dmabufx_export_opts o;
	size_t n;
	int err;

	if (!dev || !ret)
		return dx_fail_null(dev ? "ret" : "dev");
	err = take_opts(opts, &o);
	if (!err)
		err = dx_bar_check(dev, bar);
	if (err)
		return err;
	whole = (struct dmabufx_range){ .len = dx_align_down(dev->bars[bar].len,
							     dev->ctx->sys->page_size) };
	slices[0] = whole;
	n = o.flags & DMABUFX_EXPORT_MSIX && whole.len ? 1 : dx_bar_split(dev, bar, slices);
	if (!n) /* smaller than a page, or nothing but the MSI-X table */
		return whole.len ? dx_fail(-EACCES, DMABUFX_REASON_MSIX_OVERLAP,
					   "BAR %u of %s is nothing but its MSI-X table", bar,
					   dev->bdf) :
				   dx_slice_check(dev, bar, &whole);
	if (n > max)
		return dx_fail(-ENOSPC, DMABUFX_REASON_NO_SPACE,
			       "BAR %u of %s makes %zu buffers, there is room for %zu; 2 suffice always",
			       bar, dev->bdf, n, max);
	dx_lock(dev->ctx);
	err = export_all(dev, bar, slices, n, ret);
	dx_unlock(dev->ctx);
	return err;
}

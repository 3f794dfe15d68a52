// SPDX-License-Identifier: LGPL-2.1-or-later
/* BARs: which slices are legal, and reaching them with the CPU. */
#include <errno.h>
#include <sys/mman.h>

#include "base/fail.h"
#include "base/num.h"
#include "sys/ctx.h"
#include "sys/sys.h"
#include "vfio/dev_priv.h"

typedef unsigned long long ull;

int dx_bar_check(const struct dmabufx_dev *dev, uint32_t bar)
{
	if (bar == DMABUFX_BARS)
		return dx_fail(-ENODEV, DMABUFX_REASON_BAR_ABSENT,
			       "region 6 of %s is its ROM, which has no BAR to share; choose BAR 0 to 5",
			       dev->bdf);
	if (bar > DMABUFX_BARS)
		return dx_fail(-EINVAL, DMABUFX_REASON_BAR_INDEX,
			       "BAR %u of %s: PCI functions have BAR 0 to 5", bar, dev->bdf);
	if (!dev->bars[bar].len)
		return dx_fail(-ENODEV, DMABUFX_REASON_BAR_ABSENT,
			       "%s has no BAR %u; `dmabufx caps %s` lists those it has", dev->bdf,
			       bar, dev->bdf);
	if (dev->bar_is_io[bar])
		return dx_fail(-EINVAL, DMABUFX_REASON_BAR_IO,
			       "BAR %u of %s is I/O ports, not memory", bar, dev->bdf);
	return 0;
}

int dx_slice_check(const struct dmabufx_dev *dev, uint32_t bar, const struct dmabufx_range *slice)
{
	uint64_t page = dev->ctx->sys->page_size, whole = dev->bars[bar].len;

	if (whole < page)
		return dx_fail(-EINVAL, DMABUFX_REASON_BAR_SUBPAGE,
			       "BAR %u of %s has 0x%llx bytes, less than a page of 0x%llx: other registers share its page",
			       bar, dev->bdf, (ull)whole, (ull)page);
	if (!slice->len)
		return dx_fail(-EINVAL, DMABUFX_REASON_LENGTH_ZERO,
			       "0 bytes of BAR %u of %s: name a length", bar, dev->bdf);
	if (!dx_is_aligned(slice->start, page))
		return dx_fail(-EINVAL, DMABUFX_REASON_OFFSET_UNALIGNED,
			       "offset 0x%llx in BAR %u of %s isn't a multiple of the page, 0x%llx",
			       (ull)slice->start, bar, dev->bdf, (ull)page);
	if (!dx_is_aligned(slice->len, page))
		return dx_fail(-EINVAL, DMABUFX_REASON_LENGTH_UNALIGNED,
			       "length 0x%llx in BAR %u of %s isn't a multiple of the page, 0x%llx",
			       (ull)slice->len, bar, dev->bdf, (ull)page);
	if (slice->start >= whole || slice->len > whole - slice->start)
		return dx_fail(-EINVAL, DMABUFX_REASON_PAST_END,
			       "0x%llx bytes from 0x%llx on are past the end of BAR %u of %s, 0x%llx bytes",
			       (ull)slice->len, (ull)slice->start, bar, dev->bdf, (ull)whole);
	return 0;
}

bool dx_slice_has_msix(const struct dmabufx_dev *dev, uint32_t bar,
		       const struct dmabufx_range *slice)
{
	return bar == dev->msix_bar && slice->start < dev->msix.start + dev->msix.len &&
	       dev->msix.start < slice->start + slice->len;
}

size_t dx_bar_split(const struct dmabufx_dev *dev, uint32_t bar, struct dmabufx_range slices[2])
{
	uint64_t end = dx_align_down(dev->bars[bar].len, dev->ctx->sys->page_size);
	uint64_t hole = end, behind = end;
	size_t n = 0;

	if (bar == dev->msix_bar && dev->msix.start < end) {
		hole = dev->msix.start;
		behind = dev->msix.start + dev->msix.len;
	}
	if (hole) {
		slices[n].start = 0;
		slices[n++].len = hole;
	}
	if (behind < end) {
		slices[n].start = behind;
		slices[n++].len = end - behind;
	}
	return n;
}

static bool is_mappable(const struct dx_vfio_region *region, const struct dmabufx_range *slice)
{
	for (uint32_t i = 0; i < region->nareas; i++) {
		if (slice->start >= region->areas[i].offset &&
		    slice->start + slice->len <= region->areas[i].offset + region->areas[i].len)
			return true;
	}
	return false;
}

int dmabufx_dev_bar_map(struct dmabufx_dev *dev, uint32_t bar, uint64_t offset, uint64_t len,
			void **ret)
{
	struct dmabufx_range slice = { .start = offset, .len = len };
	struct dx_sys *sys;
	int err;

	if (!dev || !ret)
		return dx_fail_null(dev ? "ret" : "dev");
	err = dx_bar_check(dev, bar);
	if (!err)
		err = dx_slice_check(dev, bar, &slice);
	if (err)
		return err;
	if (!is_mappable(&dev->bars[bar], &slice))
		return dx_fail(-ENODEV, DMABUFX_REASON_NOT_MAPPABLE,
			       "VFIO offers no mmap of 0x%llx bytes from 0x%llx on of BAR %u of %s; `dmabufx caps %s` lists what it offers",
			       (ull)len, (ull)offset, bar, dev->bdf, dev->bdf);
	sys = dev->ctx->sys;
	err = sys->mmap(sys, dev->fd, dev->bars[bar].offset + offset, len, PROT_READ | PROT_WRITE,
			ret);
	if (err)
		return dx_fail_sys(err, "mapping BAR %u of %s", bar, dev->bdf);
	return 0;
}

int dmabufx_dev_bar_unmap(struct dmabufx_dev *dev, void *addr, uint64_t len)
{
	int err;

	if (!dev)
		return dx_fail_null("dev");
	if (!addr)
		return 0;
	err = dev->ctx->sys->munmap(dev->ctx->sys, addr, len);
	if (err)
		return dx_fail_sys(err, "unmapping 0x%llx bytes at %p", (ull)len, addr);
	return 0;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Picking the IOVA of a mapping. */
#include <errno.h>

#include "base/fail.h"
#include "base/num.h"
#include "iommu/iova_priv.h"

typedef unsigned long long ull;

int dx_ioas_check_fixed(struct dmabufx_ioas *ioas, uint64_t iova, uint64_t len)
{
	const struct dx_span *hit;
	uint64_t last;

	if (!iova)
		return dx_fail(-EINVAL, DMABUFX_REASON_IOVA_ZERO,
			       "IOVA 0 is never mapped, as drivers take it for none; choose another");
	if (!dx_is_aligned(iova, ioas->align))
		return dx_fail(-EINVAL, DMABUFX_REASON_IOVA_UNALIGNED,
			       "IOVA 0x%llx isn't a multiple of the IOMMU's page, 0x%llx",
			       (ull)iova, (ull)ioas->align);
	if (!dx_range_last(iova, len, &last) || !ioas->allowed.n ||
	    last > ioas->allowed.spans[ioas->allowed.n - 1].last)
		return dx_fail(-ERANGE, DMABUFX_REASON_IOVA_TOO_HIGH,
			       "0x%llx bytes at IOVA 0x%llx end beyond 0x%llx, the last address of this IOMMU; choose a lower one",
			       (ull)len, (ull)iova,
			       (ull)(ioas->allowed.n ?
					     ioas->allowed.spans[ioas->allowed.n - 1].last :
					     0));
	hit = dx_rangeset_overlap(&ioas->reserved, iova, last);
	if (hit || !dx_rangeset_contains(&ioas->allowed, iova, last))
		return dx_fail(-EADDRNOTAVAIL, DMABUFX_REASON_IOVA_RESERVED,
			       "0x%llx bytes at IOVA 0x%llx touch a range reserved by the %s; see dmabufx_ioas_ranges()",
			       (ull)len, (ull)iova, hit ? "caller" : "platform");
	hit = dx_rangeset_overlap(&ioas->used, iova, last);
	if (hit)
		return dx_fail(-EEXIST, DMABUFX_REASON_IOVA_IN_USE,
			       "0x%llx bytes at IOVA 0x%llx overlap what is mapped up to 0x%llx; unmap that first",
			       (ull)len, (ull)iova, (ull)hit->last);
	return 0;
}

/* The lowest aligned gap of @len bytes within one allowed span. */
static bool gap_within(struct dmabufx_ioas *ioas, const struct dx_span *span, uint64_t len,
		       uint64_t align, uint64_t *ret)
{
	uint64_t top = span->last < ioas->max ? span->last : ioas->max;
	uint64_t from = span->start > ioas->floor ? span->start : ioas->floor;
	const struct dx_span *hit;
	uint64_t last;

	for (;;) {
		if (!dx_align_up(from, align, &from) || !dx_range_last(from, len, &last) ||
		    last > top)
			return false;
		hit = dx_rangeset_overlap(&ioas->used, from, last);
		if (!hit)
			hit = dx_rangeset_overlap(&ioas->reserved, from, last);
		if (!hit) {
			*ret = from;
			return true;
		}
		if (hit->last == UINT64_MAX)
			return false;
		from = hit->last + 1;
	}
}

static bool find_gap(struct dmabufx_ioas *ioas, uint64_t len, uint64_t align, uint64_t *ret)
{
	for (size_t i = 0; i < ioas->allowed.n; i++) {
		if (gap_within(ioas, &ioas->allowed.spans[i], len, align, ret))
			return true;
	}
	return false;
}

void dx_ioas_find_window(struct dmabufx_ioas *ioas)
{
	const struct dx_span *hit;
	uint64_t start, last;

	/* Empty until something fits. */
	ioas->window.start = 1;
	ioas->window.last = 0;
	for (size_t i = 0; i < ioas->allowed.n; i++) {
		start = ioas->allowed.spans[i].start;
		last = ioas->allowed.spans[i].last;
		start = start > ioas->floor ? start : ioas->floor;
		last = last < ioas->max ? last : ioas->max;
		if (start > last)
			continue;
		hit = dx_rangeset_overlap(&ioas->reserved, start, last);
		/* A reservation at the very start leaves it to the thorough search. */
		if (hit && hit->start <= start)
			return;
		ioas->window.start = start;
		ioas->window.last = hit ? hit->start - 1 : last;
		return;
	}
}

int dx_ioas_search(struct dmabufx_ioas *ioas, uint64_t len, uint64_t align, uint64_t *ret)
{
	/* A tight space may still have a gap that isn't aligned for large pages. */
	if (find_gap(ioas, len, align, ret) || find_gap(ioas, len, ioas->align, ret))
		return 0;
	return dx_fail(-ENOSPC, DMABUFX_REASON_IOVA_EXHAUSTED,
		       "no gap of 0x%llx bytes between IOVA 0x%llx and 0x%llx; unmap something or raise iova_max",
		       (ull)len, (ull)ioas->floor, (ull)ioas->max);
}

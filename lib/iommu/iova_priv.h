/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Picking an IOVA; the common case is inline. Private to this room. */
#ifndef DX_IOMMU_IOVA_PRIV_H
#define DX_IOMMU_IOVA_PRIV_H

#include "iommu/iommu.h"

/* The largest page IOMMUs have. Aligned to it, or to the length, they use their largest. */
#define DX_IOVA_ALIGN_MAX (1ull << 30)

/* Whether the caller's IOVA can be had; and the lowest gap of all. Record the reason. */
int dx_ioas_check_fixed(struct dmabufx_ioas *ioas, uint64_t iova, uint64_t len);
int dx_ioas_search(struct dmabufx_ioas *ioas, uint64_t len, uint64_t align, uint64_t *ret);

/*
 * The lowest gap without a search: while nothing is mapped in the window, or
 * one span without a hole from its start on, which is the rule.
 */
static inline bool next_in_window(struct dmabufx_ioas *ioas, uint64_t len, uint64_t align,
				  uint64_t *ret)
{
	const struct dx_span *window = &ioas->window, *used = ioas->used.spans;
	uint64_t from = (window->start + align - 1) & -align;

	if (ioas->used.n > 1)
		return false;
	if (ioas->used.n) {
		if (used->start > from || used->last < from)
			return false;
		from = (used->last + align) & -align;
	}
	/* A sum that wrapped is below the window's start. */
	if (from < window->start || from > window->last || window->last - from < len - 1)
		return false;
	*ret = from;
	return true;
}

/* The IOVA for @len bytes that is aligned for the largest pages. Records the reason. */
static inline int iova_pick(struct dmabufx_ioas *ioas, uint64_t len, uint64_t *ret)
{
	uint64_t align = 1ull << (63 - __builtin_clzll(len));

	if (align > DX_IOVA_ALIGN_MAX)
		align = DX_IOVA_ALIGN_MAX;
	return next_in_window(ioas, len, align, ret) ? 0 : dx_ioas_search(ioas, len, align, ret);
}

#endif

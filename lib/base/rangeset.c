// SPDX-License-Identifier: LGPL-2.1-or-later
/* A set of addresses, kept as sorted ranges that neither overlap nor touch. */
#include "base/rangeset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Index of the first span that ends at @start or behind it. */
static size_t lower_bound(const struct dx_rangeset *set, uint64_t start)
{
	size_t lo = 0, hi = set->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (set->spans[mid].last < start)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Makes room for @n spans where @was are. */
static void replace(struct dx_rangeset *set, size_t at, size_t was, size_t n)
{
	if (was != n && at + was < set->n)
		memmove(&set->spans[at + n], &set->spans[at + was],
			(set->n - at - was) * sizeof(*set->spans));
	set->n += n - was;
}

void dx_rangeset_clear(struct dx_rangeset *set)
{
	free(set->spans);
	memset(set, 0, sizeof(*set));
}

int dx_rangeset_grow(struct dx_rangeset *set)
{
	size_t room = set->room ? set->room * 2 : 8;
	struct dx_span *spans = realloc(set->spans, room * sizeof(*spans));

	if (!spans)
		return -ENOMEM;
	set->spans = spans;
	set->room = room;
	return 0;
}

void dx_rangeset_add_slow(struct dx_rangeset *set, uint64_t start, uint64_t last)
{
	/* A span that ends right below @start merges too, hence start - 1. */
	size_t at = lower_bound(set, start ? start - 1 : 0), end = at;

	while (end < set->n && (last == UINT64_MAX || set->spans[end].start <= last + 1)) {
		if (set->spans[end].start < start)
			start = set->spans[end].start;
		if (set->spans[end].last > last)
			last = set->spans[end].last;
		end++;
	}
	replace(set, at, end - at, 1);
	set->spans[at].start = start;
	set->spans[at].last = last;
}

void dx_rangeset_remove_slow(struct dx_rangeset *set, uint64_t start, uint64_t last)
{
	size_t at = lower_bound(set, start);
	struct dx_span whole = set->spans[at];
	bool left = whole.start != start, right = whole.last != last;

	replace(set, at, 1, (size_t)left + right);
	if (left) {
		set->spans[at].start = whole.start;
		set->spans[at].last = start - 1;
	}
	if (right) {
		set->spans[at + left].start = last + 1;
		set->spans[at + left].last = whole.last;
	}
}

const struct dx_span *dx_rangeset_overlap(const struct dx_rangeset *set, uint64_t start,
					  uint64_t last)
{
	size_t at = lower_bound(set, start);

	return at < set->n && set->spans[at].start <= last ? &set->spans[at] : NULL;
}

bool dx_rangeset_contains(const struct dx_rangeset *set, uint64_t start, uint64_t last)
{
	const struct dx_span *span = dx_rangeset_overlap(set, start, start);

	return span && span->last >= last;
}

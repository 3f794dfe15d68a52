/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A set of addresses, kept as sorted ranges that neither overlap nor touch. */
#ifndef DX_BASE_RANGESET_H
#define DX_BASE_RANGESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dx_span {
	uint64_t start;
	uint64_t last; /* inclusive: the top of a 64-bit space has no end */
};

/*
 * Every dx_rangeset_add() is one claim. n claims make at most n spans however
 * they are merged and split, so room for @claims spans lets
 * dx_rangeset_remove() split without allocating: it can't fail.
 */
struct dx_rangeset {
	struct dx_span *spans;
	size_t n;
	size_t room;
	size_t claims;
};

void dx_rangeset_clear(struct dx_rangeset *set);

int dx_rangeset_grow(struct dx_rangeset *set);

/* Makes room for one more claim: the next dx_rangeset_add() can't fail. -ENOMEM. */
static inline int dx_rangeset_prepare(struct dx_rangeset *set)
{
	return set->claims < set->room ? 0 : dx_rangeset_grow(set);
}

void dx_rangeset_add_slow(struct dx_rangeset *set, uint64_t start, uint64_t last);
void dx_rangeset_remove_slow(struct dx_rangeset *set, uint64_t start, uint64_t last);

/*
 * Adds a range, after dx_rangeset_prepare(). It may touch or overlap what is
 * there. Ranges mostly come above all others, and go from there.
 */
static inline void dx_rangeset_add(struct dx_rangeset *set, uint64_t start, uint64_t last)
{
	struct dx_span *top = &set->spans[set->n];

	set->claims++;
	if (set->n && top[-1].last >= start) {
		dx_rangeset_add_slow(set, start, last);
	} else if (set->n && top[-1].last + 1 == start) {
		top[-1].last = last;
	} else {
		top->start = start;
		top->last = last;
		set->n++;
	}
}

/* Takes out a range that one dx_rangeset_add() put in and nothing else overlaps. */
static inline void dx_rangeset_remove(struct dx_rangeset *set, uint64_t start, uint64_t last)
{
	struct dx_span *top = &set->spans[set->n - 1];

	set->claims--;
	if (top->last != last)
		dx_rangeset_remove_slow(set, start, last);
	else if (top->start == start)
		set->n--;
	else
		top->last = start - 1;
}

/* The lowest span that overlaps, or NULL. */
const struct dx_span *dx_rangeset_overlap(const struct dx_rangeset *set, uint64_t start,
					  uint64_t last);

/* Whether one span holds the whole range. */
bool dx_rangeset_contains(const struct dx_rangeset *set, uint64_t start, uint64_t last);

#endif

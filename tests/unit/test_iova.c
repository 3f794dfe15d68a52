// SPDX-License-Identifier: GPL-2.0-or-later
/* The choice of automatic IOVAs: a random walk beside a search by hand. */
#include "unit.h"

#include <stdlib.h>

#define SLOTS 80 /* pages of the space */
#define BASE (256 * PAGE)
#define STEPS 4000
#define LIVE_MAX 40

struct model {
	uint8_t taken[SLOTS]; /* mapped, reserved or a hole of the platform */
	struct dmabufx_mapping *maps[LIVE_MAX];
	size_t n;
};

static bool fits(const struct model *m, unsigned int slot, unsigned int pages)
{
	for (unsigned int i = slot; i < slot + pages; i++) {
		if (i >= SLOTS || m->taken[i])
			return false;
	}
	return true;
}

/* The lowest gap at a multiple of @align pages; SLOTS: none. */
static unsigned int lowest(const struct model *m, unsigned int pages, unsigned int align)
{
	for (unsigned int slot = 0; slot < SLOTS; slot++) {
		if ((BASE / PAGE + slot) % align == 0 && fits(m, slot, pages))
			return slot;
	}
	return SLOTS;
}

/* Aligned to the largest power of two in the length, or, where that fits nowhere, to a page. */
static unsigned int expected(const struct model *m, unsigned int pages)
{
	unsigned int align = 1, slot;

	while (align * 2 <= pages)
		align *= 2;
	slot = lowest(m, pages, align);
	return slot < SLOTS ? slot : lowest(m, pages, 1);
}

static void fill(struct model *m, uint64_t iova, uint64_t len, uint8_t taken)
{
	memset(&m->taken[(iova - BASE) / PAGE], taken, len / PAGE);
}

static void map_one(struct unit *u, struct model *m)
{
	unsigned int pages = 1 + (unsigned int)rand() % 9, slot = expected(m, pages);
	DMABUFX_OPTS(dmabufx_map_opts, opts, .length = pages * PAGE);
	struct dmabufx_mapping *map;
	int err;

	if (m->n == LIVE_MAX)
		return;
	err = dmabufx_ioas_map(u->ioas, u->buf, &opts, &map);
	if (slot == SLOTS) {
		assert_int_equal(err, -ENOSPC);
		return;
	}
	assert_int_equal(err, 0);
	assert_int_equal(dmabufx_mapping_iova(map), BASE + slot * PAGE);
	fill(m, dmabufx_mapping_iova(map), pages * PAGE, 1);
	m->maps[m->n++] = map;
}

static void unmap_one(struct model *m)
{
	size_t at;

	if (!m->n)
		return;
	at = (size_t)rand() % m->n;
	fill(m, dmabufx_mapping_iova(m->maps[at]), dmabufx_mapping_len(m->maps[at]), 0);
	assert_int_equal(dmabufx_mapping_unmap(m->maps[at]), 0);
	m->maps[at] = m->maps[--m->n];
}

static void reserve_one(struct unit *u, struct model *m)
{
	unsigned int slot = (unsigned int)rand() % SLOTS;

	if (m->taken[slot] == 1)
		return;
	assert_int_equal(dmabufx_ioas_reserve(u->ioas, BASE + slot * PAGE, PAGE), 0);
	m->taken[slot] = 2;
}

static void walk(struct unit *u, unsigned int reservations)
{
	struct model m = { 0 };

	memset(&m.taken[50], 2, 3); /* the platform's, by the ranges of the set-up */
	for (int i = 0; i < unit_steps(STEPS); i++) {
		if (rand() % 5 < 3)
			map_one(u, &m);
		else
			unmap_one(&m);
		if (reservations && i % (STEPS / (int)reservations) == 7)
			reserve_one(u, &m);
	}
	while (m.n)
		unmap_one(&m);
}

static void remake(struct unit *u)
{
	DMABUFX_OPTS(dmabufx_ioas_opts, opts, .iova_floor = BASE,
		     .iova_max = BASE + SLOTS * PAGE - 1);

	dmabufx_dev_detach(u->edu);
	dmabufx_ioas_unref(u->ioas);
	assert_int_equal(dmabufx_ioas_new(u->ctx, &opts, &u->ioas), 0);
	assert_int_equal(dmabufx_dev_attach(u->edu, u->ioas), 0);
}

static void automatic_iovas_agree_with_a_search_by_hand(void **state)
{
	struct unit *u = *state;

	unit_seed();
	u->f->allowed[0] = (struct dmabufx_iova_range){ 0, BASE + 50 * PAGE - 1 };
	u->f->allowed[1] = (struct dmabufx_iova_range){ BASE + 53 * PAGE, UINT64_MAX };
	u->buf = new_memfd(u, 16 * PAGE);
	for (unsigned int reservations = 0; reservations < 8; reservations += 2) {
		remake(u);
		walk(u, reservations);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(automatic_iovas_agree_with_a_search_by_hand, unit_devs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

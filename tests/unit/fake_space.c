// SPDX-License-Identifier: GPL-2.0-or-later
/* The scripted kernel's address spaces and the areas mapped in them. */
#include <errno.h>

#include "fake_priv.h"

struct fake_space *fake_space_new(struct fake *f, struct fake_file *owner)
{
	struct fake_space *space = fake_zalloc(sizeof(*space));

	space->id = f->next_id++;
	space->owner = owner;
	space->next = f->spaces;
	f->spaces = space;
	return space;
}

void fake_areas_clear(struct fake *f, struct fake_space *space)
{
	struct fake_area *area = space->areas, *next;

	for (; area; area = next) {
		next = area->next;
		if (area->file)
			fake_file_put(f, area->file);
		fake_release(area);
	}
	space->areas = NULL;
}

void fake_space_free(struct fake *f, struct fake_space *space)
{
	struct fake_space **at = &f->spaces;

	while (*at != space)
		at = &(*at)->next;
	*at = space->next;
	fake_areas_clear(f, space);
	fake_release(space);
}

struct fake_space *fake_space(struct fake *f, uint32_t id)
{
	struct fake_space *space = f->spaces;

	while (space && space->id != id)
		space = space->next;
	return space;
}

static bool overlaps(const struct fake_area *area, uint64_t iova, uint64_t len)
{
	return area->iova < iova + len && iova < area->iova + area->len;
}

int fake_area_add(struct fake *f, struct fake_space *space, const struct fake_area *new)
{
	struct fake_area *area;

	if (!new->len || (new->iova | new->len) % FAKE_PAGE)
		return -EINVAL;
	for (area = space->areas; area; area = area->next) {
		if (overlaps(area, new->iova, new->len))
			return -EEXIST;
	}
	area = fake_zalloc(sizeof(*area));
	*area = *new;
	if (area->file)
		area->file->refs++;
	area->next = space->areas;
	space->areas = area;
	return 0;
}

/* Whole areas alone can be taken out. */
int fake_area_remove(struct fake *f, struct fake_space *space, uint64_t iova, uint64_t len,
		     uint64_t *unmapped)
{
	struct fake_area **at = &space->areas, *area;

	*unmapped = 0;
	for (area = space->areas; area; area = area->next) {
		if (overlaps(area, iova, len) &&
		    (area->iova < iova || area->iova + area->len > iova + len))
			return -ENOENT;
	}
	while ((area = *at)) {
		if (!overlaps(area, iova, len)) {
			at = &area->next;
			continue;
		}
		*at = area->next;
		*unmapped += area->len;
		if (area->file)
			fake_file_put(f, area->file);
		fake_release(area);
	}
	*unmapped -= f->unmap_less;
	return 0;
}

void fake_revoke(struct fake *f, const struct fake_vdev *v)
{
	for (struct fake_space *space = f->spaces; space; space = space->next) {
		for (struct fake_area *area = space->areas; area; area = area->next) {
			if (area->file && area->file->kind == FAKE_DMABUF && area->file->vdev == v)
				area->dead = true;
		}
	}
}

unsigned int fake_spaces(struct fake *f)
{
	unsigned int n = 0;

	for (struct fake_space *space = f->spaces; space; space = space->next)
		n++;
	return n;
}

unsigned int fake_areas(struct fake *f)
{
	unsigned int n = 0;

	for (struct fake_space *space = f->spaces; space; space = space->next) {
		for (struct fake_area *area = space->areas; area; area = area->next)
			n++;
	}
	return n;
}

const struct fake_area *fake_dma(struct fake *f, const struct fake_vdev *v, uint64_t iova)
{
	if (!v->attached)
		return NULL;
	for (struct fake_area *area = v->attached->areas; area; area = area->next) {
		if (iova >= area->iova && iova - area->iova < area->len)
			return area->dead ? NULL : area;
	}
	return NULL;
}

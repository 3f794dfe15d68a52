// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which frames of a UMEM are whose. */
#include <errno.h>
#include <stdlib.h>

#include "base/fail.h"
#include "dmabufx/xsk_ring.h"
#include "sys/ctx.h"
#include "xsk/umem_priv.h"

/* The first gap that is large enough, and the link to stand before. */
static bool find_gap(const struct dmabufx_umem *umem, uint32_t n, uint32_t *first,
		     struct dx_list **before)
{
	struct dx_list *at;
	uint32_t from = 0;

	dx_list_for_each(at, &umem->stretches) {
		const struct dx_stretch *s = dx_container_of(at, struct dx_stretch, link);

		if (s->first - from >= n)
			break;
		from = s->first + s->n;
	}
	if (at == &umem->stretches && umem->nframes - from < n)
		return false;
	*first = from;
	*before = at;
	return true;
}

int dx_stretch_take(struct dmabufx_umem *umem, struct dx_xsk *xsk, uint32_t n,
		    struct dx_stretch **ret)
{
	struct dx_stretch *stretch;
	struct dx_list *before;
	uint32_t first;

	*ret = NULL;
	if (!n)
		return 0;
	if (!find_gap(umem, n, &first, &before))
		return dx_fail(-ENOSPC, DMABUFX_REASON_NO_FRAMES,
			       "the UMEM has %u of %u frames free, and no %u side by side; use a "
			       "larger buffer, or fewer rx_frames or tx_frames",
			       umem->nfree, umem->nframes, n);
	stretch = calloc(1, sizeof(*stretch));
	if (!stretch)
		return dx_fail_memory();
	/* So that giving up a socket later can't fail. */
	stretch->back = calloc(1, (n + 7) / 8);
	if (!stretch->back) {
		free(stretch);
		return dx_fail_memory();
	}
	stretch->first = first;
	stretch->n = n;
	stretch->xsk = xsk;
	dx_list_add_tail(before, &stretch->link);
	umem->nfree -= n;
	*ret = stretch;
	return 0;
}

static void free_if_back(struct dmabufx_umem *umem, struct dx_stretch *stretch)
{
	if (stretch->held || stretch->busy)
		return;
	umem->nfree += stretch->n;
	dx_list_unlink(&stretch->link);
	free(stretch->back);
	free(stretch);
}

void dx_stretch_close(struct dx_stretch *stretch, uint32_t held)
{
	if (!stretch)
		return;
	stretch->xsk = NULL;
	stretch->held = held;
	stretch->busy = true;
}

void dx_stretch_end(struct dmabufx_umem *umem, struct dx_stretch *stretch)
{
	if (!stretch)
		return;
	stretch->busy = false;
	free_if_back(umem, stretch);
}

void dx_stretch_leave(struct dmabufx_umem *umem, struct dx_stretch *stretch, uint32_t held)
{
	dx_stretch_close(stretch, held);
	dx_stretch_end(umem, stretch);
}

static bool frame_of(const struct dmabufx_umem *umem, uint64_t addr, uint32_t *ret)
{
	uint64_t frame = (addr & DMABUFX_ADDR_MASK) / umem->chunk;

	*ret = (uint32_t)frame;
	return frame < umem->nframes;
}

struct dx_stretch *dx_stretch_of(const struct dmabufx_umem *umem, uint64_t addr)
{
	struct dx_list *at;
	uint32_t frame;

	if (!frame_of(umem, addr, &frame))
		return NULL;
	dx_list_for_each(at, &umem->stretches) {
		struct dx_stretch *s = dx_container_of(at, struct dx_stretch, link);

		if (frame - s->first < s->n)
			return s;
	}
	return NULL;
}

/* Its bit among those that are back. */
static unsigned char *back_of(const struct dmabufx_umem *umem, struct dx_stretch *stretch,
			      uint64_t addr, unsigned char *bit)
{
	uint32_t at;

	frame_of(umem, addr, &at);
	at -= stretch->first;
	*bit = (unsigned char)(1u << (at % 8));
	return stretch->back + at / 8;
}

/* A frame of a closed socket, of which more are to come back, and this one hasn't. */
static bool mark(struct dmabufx_umem *umem, struct dx_stretch *stretch, uint64_t addr)
{
	unsigned char bit, *back = back_of(umem, stretch, addr, &bit);

	if (stretch->xsk || !stretch->held || *back & bit)
		return false;
	*back |= bit;
	stretch->held--;
	return true;
}

bool dx_stretch_return(struct dmabufx_umem *umem, struct dx_stretch *stretch, uint64_t addr)
{
	if (!mark(umem, stretch, addr))
		return false;
	free_if_back(umem, stretch);
	return true;
}

static int give_back(struct dmabufx_umem *umem, uint64_t addr)
{
	struct dx_stretch *stretch = dx_stretch_of(umem, addr);
	uint32_t frame;

	if (!frame_of(umem, addr, &frame))
		return dx_fail(-EINVAL, DMABUFX_REASON_UMEM_RANGE,
			       "address 0x%llx lies in none of the UMEM's %u frames",
			       (unsigned long long)addr, umem->nframes);
	if (stretch && mark(umem, stretch, addr))
		return 0;
	return dx_fail(-EEXIST, DMABUFX_REASON_FRAME_STATE, "frame %u at 0x%llx is %s", frame,
		       (unsigned long long)addr,
		       stretch && stretch->xsk ? "an open socket's; release it there" :
						 "free already");
}

static void undo(struct dmabufx_umem *umem, const uint64_t *addrs, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct dx_stretch *stretch = dx_stretch_of(umem, addrs[i]);
		unsigned char bit, *back = back_of(umem, stretch, addrs[i], &bit);

		*back = (unsigned char)(*back & ~bit);
		stretch->held++;
	}
}

int dmabufx_umem_frame_free(struct dmabufx_umem *umem, const uint64_t *addrs, uint32_t n)
{
	struct dx_list *at, *tmp;
	int err = 0;

	if (!umem || (!addrs && n))
		return dx_fail_null(umem ? "addrs" : "umem");
	dx_lock(umem->ctx);
	for (uint32_t i = 0; i < n && !err; i++) {
		err = give_back(umem, addrs[i]);
		if (err)
			undo(umem, addrs, i);
	}
	/* Not before, so that what was marked can be found again. */
	dx_list_for_each_safe(at, tmp, &umem->stretches) {
		struct dx_stretch *stretch = dx_container_of(at, struct dx_stretch, link);

		if (!stretch->xsk)
			free_if_back(umem, stretch);
	}
	dx_unlock(umem->ctx);
	return err;
}

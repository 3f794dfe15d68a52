// SPDX-License-Identifier: GPL-2.0-or-later
/* Which frames of a UMEM are whose: against a model that knows of each frame. */
#include "unit.h"

#include <stdlib.h>

#include "base/ctx.h"
#include "xsk/umem_priv.h"

#define FRAMES 64u
#define OWNERS 12

/* A UMEM, and stretches of sockets that are only their numbers. */
struct world {
	struct unit *u;
	struct dmabufx_buf *buf;
	struct dmabufx_umem *umem;
};

static struct world new_world(void **state, uint32_t frames)
{
	DMABUFX_OPTS(dmabufx_umem_opts, opts);
	struct world w = { .u = *state };

	w.buf = new_memfd(w.u, frames * 2048ull);
	assert_int_equal(dmabufx_umem_new(w.u->ctx, w.buf, &opts, &w.umem), 0);
	return w;
}

static void end_world(struct world *w)
{
	dmabufx_umem_unref(w->umem);
	dmabufx_buf_unref(w->buf);
}

static struct dx_stretch *take(struct world *w, uint32_t n)
{
	struct dx_stretch *ret = SENTINEL;

	dx_lock(w->u->ctx);
	assert_int_equal(dx_stretch_take(w->umem, SENTINEL, n, &ret), 0);
	dx_unlock(w->u->ctx);
	return ret;
}

static void leave(struct world *w, struct dx_stretch *s, uint32_t held)
{
	dx_lock(w->u->ctx);
	dx_stretch_leave(w->umem, s, held);
	dx_unlock(w->u->ctx);
}

static uint32_t frames_free(struct world *w)
{
	struct dmabufx_umem_info info = { .size = sizeof(info) };

	assert_int_equal(dmabufx_umem_get_info(w->umem, &info), 0);
	return info.frames_free;
}

static void first_gap_that_fits_is_taken(void **state)
{
	struct world w = new_world(state, 16);
	struct dx_stretch *a = take(&w, 4), *b = take(&w, 4), *c = take(&w, 4), *ret = SENTINEL;

	assert_int_equal(a->first, 0);
	assert_int_equal(c->first, 8);
	leave(&w, b, 0);
	b = take(&w, 3);
	assert_int_equal(b->first, 4);
	dx_lock(w.u->ctx);
	/* 5 are free, and no more than 4 side by side. */
	assert_fails(dx_stretch_take(w.umem, NULL, 5, &ret), ENOSPC, NO_FRAMES, "5 of 16",
		     "no 5 side by side");
	assert_null(ret);
	assert_int_equal(dx_stretch_take(w.umem, NULL, 0, &ret), 0);
	assert_null(ret);
	dx_stretch_leave(w.umem, NULL, 0);
	assert_ptr_equal(dx_stretch_of(w.umem, 6 * 2048 + 2047), b);
	assert_null(dx_stretch_of(w.umem, 7 * 2048));
	assert_ptr_equal(dx_stretch_of(w.umem, 8 * 2048 + (5ull << 48)), c);
	assert_null(dx_stretch_of(w.umem, 16 * 2048));
	assert_null(dx_stretch_of(w.umem, DMABUFX_ADDR_MASK));
	dx_unlock(w.u->ctx);
	leave(&w, a, 0);
	leave(&w, b, 0);
	leave(&w, c, 0);
	assert_int_equal(frames_free(&w), 16);
	end_world(&w);
}

static void held_frames_come_back_once_each(void **state)
{
	struct world w = new_world(state, 16);
	uint64_t two[2] = { 5 * 2048 + 100, 6 * 2048 }, other[2] = { 5 * 2048, 5 * 2048 + 1 };
	struct dx_stretch *a = take(&w, 4), *b = take(&w, 4);

	assert_fails(dmabufx_umem_frame_free(w.umem, two, 2), EEXIST, FRAME_STATE, "open socket");
	leave(&w, b, 3);
	assert_int_equal(frames_free(&w), 8);
	assert_fails(dmabufx_umem_frame_free(w.umem, other, 2), EEXIST, FRAME_STATE, "frame 5");
	assert_int_equal(dmabufx_umem_frame_free(w.umem, two, 2), 0);
	assert_fails(dmabufx_umem_frame_free(w.umem, two, 1), EEXIST, FRAME_STATE, "free already");
	dx_lock(w.u->ctx);
	assert_false(dx_stretch_return(w.umem, b, two[0]));
	assert_false(dx_stretch_return(w.umem, a, 0));
	assert_true(dx_stretch_return(w.umem, b, 4 * 2048));
	dx_unlock(w.u->ctx);
	assert_int_equal(frames_free(&w), 12);
	leave(&w, a, 1);
	/* The UMEM goes with a frame that nobody gave back. */
	end_world(&w);
}

/* Owners come and go at random; each frame's owner is known. */
static void any_order_leaves_all_frames_free(void **state)
{
	struct world w = new_world(state, FRAMES);
	struct dx_stretch *stretch[OWNERS] = { NULL };
	int owner[FRAMES];

	memset(owner, -1, sizeof(owner));
	for (int step = 0; step < unit_steps(20000); step++) {
		int who = rand() % OWNERS;
		uint32_t n = 1 + (uint32_t)rand() % 20, run = 0, most = 0, nfree = 0;
		struct dx_stretch *s = NULL;
		int err;

		for (uint32_t i = 0; i < FRAMES; i++) {
			run = owner[i] < 0 ? run + 1 : 0;
			most = run > most ? run : most;
			nfree += owner[i] < 0;
		}
		assert_int_equal(frames_free(&w), nfree);
		if (stretch[who]) {
			leave(&w, stretch[who], 0);
			stretch[who] = NULL;
			for (uint32_t i = 0; i < FRAMES; i++)
				owner[i] = owner[i] == who ? -1 : owner[i];
			continue;
		}
		dx_lock(w.u->ctx);
		err = dx_stretch_take(w.umem, SENTINEL, n, &s);
		dx_unlock(w.u->ctx);
		assert_int_equal(err, most < n ? -ENOSPC : 0);
		stretch[who] = s;
		for (uint32_t i = 0; s && i < n; i++) {
			assert_int_equal(owner[s->first + i], -1);
			owner[s->first + i] = who;
			assert_ptr_equal(dx_stretch_of(w.umem, (s->first + i) * 2048ull), s);
		}
	}
	for (int who = 0; who < OWNERS; who++)
		leave(&w, stretch[who], 0);
	assert_int_equal(frames_free(&w), FRAMES);
	end_world(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(first_gap_that_fits_is_taken, unit_ctx),
		unit_case(held_frames_come_back_once_each, unit_ctx),
		unit_case(any_order_leaves_all_frames_free, unit_ctx),
	};

	unit_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* UMEMs in the real kernel: what it takes, and frames that outlive their socket. */
#include "xsk_test.h"

#include <errno.h>
#include <string.h>

#define umem_fails(opts, err, ...)                                                             \
	do {                                                                                   \
		struct dmabufx_umem *ret_ = NULL;                                              \
		assert_fails(dmabufx_umem_new(w->ctx, w->buf, opts, &ret_), err, __VA_ARGS__); \
		assert_null(ret_);                                                             \
	} while (0)

static void options_that_cannot_be_are_told(void **state)
{
	static const uint32_t chunks[] = { 1, 1024, 2047, 3000, 8192, 0x80000000u, UINT32_MAX };
	DMABUFX_OPTS(dmabufx_umem_opts, o);
	struct xworld *w = *state;

	for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
		o.chunk_size = chunks[i];
		umem_fails(&o, EINVAL, CHUNK_SIZE, "power of two", "2048", "4096");
	}
	o.flags = DMABUFX_UMEM_UNALIGNED;
	o.chunk_size = 2047;
	umem_fails(&o, EINVAL, CHUNK_SIZE, "2047", "anything");
	o.chunk_size = 4097;
	umem_fails(&o, EINVAL, CHUNK_SIZE, "4097", "anything");
	o = (struct dmabufx_umem_opts){ .size = sizeof(o), .headroom = 1345 };
	umem_fails(&o, EINVAL, HEADROOM, "1345", "2048", "1344");
	o.headroom = UINT32_MAX;
	umem_fails(&o, EINVAL, HEADROOM, "4294967295");
	o = (struct dmabufx_umem_opts){ .size = sizeof(o), .tx_metadata_len = 7 };
	umem_fails(&o, EINVAL, TX_METADATA, "7", "multiple of 8");
	o.tx_metadata_len = 256;
	umem_fails(&o, EINVAL, TX_METADATA, "256");
	o = (struct dmabufx_umem_opts){ .size = sizeof(o), .flags = 1u << 2 };
	umem_fails(&o, EINVAL, BAD_FLAGS, "0x4");
	o = (struct dmabufx_umem_opts){ .size = sizeof(o), .offset = 100 };
	umem_fails(&o, EINVAL, UMEM_RANGE, "100");
	o = (struct dmabufx_umem_opts){ .size = sizeof(o), .len = (16 << 20) + 4096 };
	umem_fails(&o, EINVAL, UMEM_RANGE, "16781312");
	o = (struct dmabufx_umem_opts){ .size = sizeof(o), .offset = 16 << 20 };
	umem_fails(&o, EINVAL, UMEM_RANGE, "16777216");
	assert_fails(dmabufx_umem_new(w->ctx, NULL, NULL, &w->umem), EINVAL, NULL_ARGUMENT, "buf");
}

static void kernel_takes_what_is_let_through(void **state)
{
	static const struct dmabufx_umem_opts good[] = {
		{ .chunk_size = 4096 },
		{ .chunk_size = 2048, .headroom = 1344 },
		{ .chunk_size = 2049, .flags = DMABUFX_UMEM_UNALIGNED },
		{ .chunk_size = 4095, .flags = DMABUFX_UMEM_UNALIGNED, .headroom = 3391 },
		{ .tx_metadata_len = 8 },
		{ .tx_metadata_len = 248, .flags = DMABUFX_UMEM_SW_CSUM },
		{ .offset = 4096, .len = 4 << 20 },
	};
	DMABUFX_OPTS(dmabufx_xsk_opts, few, .rx_frames = 64, .tx_frames = 64);
	struct xworld *w = *state;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct dmabufx_umem_info info = { .size = sizeof(info) };
		struct dmabufx_umem_opts o = good[i];
		struct dmabufx_xsk *xsk;

		o.size = sizeof(o);
		assert_true(xworld_umem(w, &o, false));
		xsk = xsk_open(w, NET_NEAR, 0, &few);
		assert_int_equal(dmabufx_umem_get_info(w->umem, &info), 0);
		assert_int_equal(info.sockets, 1);
		assert_int_equal(info.frames, info.len / info.chunk_size);
		assert_int_equal(info.frames_free, info.frames - 128);
		assert_int_equal(info.len, o.len ? o.len : (16u << 20));
		xsk_close(w, NET_NEAR, xsk);
	}
}

static void buffer_of_another_ctx_is_refused(void **state)
{
	struct xworld *w = *state;
	struct dmabufx_umem *umem = NULL;
	struct dmabufx_ctx *other;

	assert_int_equal(dmabufx_ctx_new(NULL, &other), 0);
	assert_fails(dmabufx_umem_new(other, w->buf, NULL, &umem), EXDEV, WRONG_CTX, "another");
	dmabufx_ctx_unref(other);
	assert_null(umem);
}

/* The far end sends 5, and the caller keeps 3 of them and 2 to send from when it closes. */
struct kept {
	uint64_t addrs[5];
	struct dmabufx_umem_info info;
};

static struct kept close_with_frames_held(struct xworld *w)
{
	struct dmabufx_xsk *near = xsk_open(w, NET_NEAR, 0, NULL);
	struct dmabufx_xsk *far = xsk_open(w, NET_FAR, 0, NULL);
	struct lane lane = { .w = w, .from = far, .flow = { NET_FAR, 0, 64 } };
	struct kept kept = { .info.size = sizeof(kept.info) };
	struct dmabufx_desc *descs, own[4];

	lanes_run(&lane, 1, 5);
	while (dx_ring_look(&near->rx) < 5)
		assert_int_equal(dmabufx_xsk_wait(&near, 1, 2000), 1);
	assert_int_equal(dmabufx_xsk_rx_burst(near, &descs, 5), 5);
	dmabufx_xsk_rx_release(near, descs + 1, 2);
	kept.addrs[0] = descs[0].addr;
	kept.addrs[1] = descs[3].addr;
	kept.addrs[2] = descs[4].addr;
	assert_int_equal(dmabufx_xsk_tx_alloc(near, own, 4), 4);
	dmabufx_xsk_tx_free(near, own, 2);
	kept.addrs[3] = own[2].addr;
	kept.addrs[4] = own[3].addr;
	assert_int_equal(stats_of(near).rx_held, 3);
	assert_int_equal(stats_of(near).tx_held, 2);
	assert_fails(dmabufx_umem_frame_free(w->umem, kept.addrs, 5), EEXIST, FRAME_STATE,
		     "open socket");
	xsk_close(w, NET_NEAR, near);
	assert_idle(far);
	xsk_close(w, NET_FAR, far);
	return kept;
}

static void held_frames_outlive_their_socket(void **state)
{
	struct dmabufx_umem_info info = { .size = sizeof(info) };
	uint64_t twice[2], bad[2];
	struct xworld *w = *state;
	struct kept kept = close_with_frames_held(w);

	assert_int_equal(dmabufx_umem_get_info(w->umem, &info), 0);
	assert_int_equal(info.sockets, 0);
	assert_int_equal(info.frames_free, info.frames - 1024 - 512);
	bad[0] = kept.addrs[0];
	bad[1] = info.len;
	assert_fails(dmabufx_umem_frame_free(w->umem, bad, 2), EINVAL, UMEM_RANGE, "none of");
	twice[0] = kept.addrs[0];
	twice[1] = kept.addrs[0] + 9;
	assert_fails(dmabufx_umem_frame_free(w->umem, twice, 2), EEXIST, FRAME_STATE, "free");
	bad[1] = 7000 * 2048;
	assert_fails(dmabufx_umem_frame_free(w->umem, bad, 2), EEXIST, FRAME_STATE, "free");
	/* None of these gave anything back. */
	assert_int_equal(dmabufx_umem_frame_free(w->umem, kept.addrs, 3), 0);
	assert_int_equal(dmabufx_umem_get_info(w->umem, &info), 0);
	assert_int_equal(info.frames_free, info.frames - 512);
	assert_int_equal(dmabufx_umem_frame_free(w->umem, kept.addrs + 3, 1), 0);
	assert_int_equal(dmabufx_umem_frame_free(w->umem, kept.addrs + 4, 1), 0);
	assert_all_free(w);
	assert_fails(dmabufx_umem_frame_free(w->umem, kept.addrs, 1), EEXIST, FRAME_STATE, "free");
	assert_int_equal(dmabufx_umem_frame_free(w->umem, NULL, 0), 0);
	assert_fails(dmabufx_umem_frame_free(w->umem, NULL, 1), EINVAL, NULL_ARGUMENT, "addrs");
}

/* Frames that nobody gave back aren't another socket's, and go with the UMEM. */
static void frames_not_given_back_stay_taken(void **state)
{
	DMABUFX_OPTS(dmabufx_xsk_opts, all, .rx_frames = 4096, .tx_frames = 2560);
	struct xworld *w = *state;
	struct dmabufx_xsk *xsk = NULL;
	struct kept kept = close_with_frames_held(w);

	all.tx_frames += 1;
	assert_fails(xsk_try(w, NET_NEAR, 0, &all, &xsk), ENOSPC, NO_FRAMES, "free", "larger");
	assert_null(xsk);
	assert_int_equal(dmabufx_umem_frame_free(w->umem, kept.addrs, 5), 0);
	xsk = xsk_open(w, NET_NEAR, 0, &all);
	xsk_close(w, NET_NEAR, xsk);
	close_with_frames_held(w);
	assert_true(xworld_umem(w, NULL, false));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		xsk_case(options_that_cannot_be_are_told),
		xsk_case(kernel_takes_what_is_let_through),
		xsk_case(buffer_of_another_ctx_is_refused),
		xsk_case(held_frames_outlive_their_socket),
		xsk_case(frames_not_given_back_stay_taken),
	};

	net_need_privilege();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

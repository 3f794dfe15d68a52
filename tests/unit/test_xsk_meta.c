// SPDX-License-Identifier: GPL-2.0-or-later
/* TX metadata on a scripted kernel: with zero copy it is the driver that has it, or not. */
#include "unit.h"

#include <linux/if_link.h>
#include <string.h>

#include "fake_net.h"
#include "uapi/if_xdp.h"
#include "uapi/netdev.h"

#define NTH_MAX 800
#define ERRS 4
#define ALL_FEATURES                                                    \
	(NETDEV_XSK_FLAGS_TX_TIMESTAMP | NETDEV_XSK_FLAGS_TX_CHECKSUM | \
	 NETDEV_XSK_FLAGS_TX_LAUNCH_TIME_FIFO)

struct world {
	struct unit *u;
	struct fake_netdev *dev;
	struct dmabufx_buf *buf;
	struct dmabufx_umem *umem;
};

/* The scripted kernel's memory is addresses alone; packets are written here. */
static uint8_t memory[4 * MIB];

static struct world new_world(void **state, uint32_t metadata)
{
	DMABUFX_OPTS(dmabufx_umem_opts, opts, .tx_metadata_len = metadata);
	struct world w = { .u = *state };

	w.dev = fake_add_netdev(w.u->f, "eth0");
	w.dev->zc_err = 0;
	w.buf = new_memfd(w.u, 4 * MIB);
	assert_int_equal(dmabufx_umem_new(w.u->ctx, w.buf, &opts, &w.umem), 0);
	return w;
}

static void end_world(struct world *w)
{
	struct dmabufx_umem_info info = { .size = sizeof(info) };

	assert_int_equal(dmabufx_umem_get_info(w->umem, &info), 0);
	assert_int_equal(info.frames_free, info.frames);
	assert_int_equal(info.sockets, 0);
	dmabufx_umem_unref(w->umem);
	dmabufx_buf_unref(w->buf);
	w->u->f->net->ndevs = 0;
}

/* The scripted kernel has no BPF. */
static int open_with(struct world *w, uint32_t zc, uint32_t flags, struct dmabufx_xsk **ret)
{
	DMABUFX_OPTS(dmabufx_xsk_opts, o, .zc = zc, .rx_frames = 256, .tx_frames = 64,
		     .tx_ring = 64, .wait_ms = 100, .flags = DMABUFX_XSK_NO_PROG | flags);

	return dmabufx_xsk_open(w->umem, "eth0", 0, &o, ret);
}

static struct dmabufx_xsk *must_open(struct world *w, uint32_t zc, uint32_t flags)
{
	struct dmabufx_xsk_info info = { .size = sizeof(info) };
	struct dmabufx_xsk *xsk;

	assert_int_equal(open_with(w, zc, flags, &xsk), 0);
	assert_int_equal(dmabufx_xsk_get_info(xsk, &info), 0);
	assert_int_equal(info.zero_copy, zc != DMABUFX_ZC_FORBID);
	xsk->base = memory;
	return xsk;
}

/* What each wish is answered, alone; @refused of them by want of somebody who does it. */
static void try_wishes(struct dmabufx_xsk *xsk, uint32_t refused)
{
	struct dmabufx_desc desc;

	assert_int_equal(dmabufx_xsk_tx_alloc(xsk, &desc, 1), 1);
	desc.len = 60;
	for (uint32_t wish = 1; wish <= DMABUFX_TX_META_LAUNCH_TIME; wish *= 2) {
		DMABUFX_OPTS(dmabufx_tx_meta, m, .flags = wish);

		desc.options = 0;
		if (refused & wish) {
			assert_fails(dmabufx_xsk_tx_meta(xsk, &desc, &m), EOPNOTSUPP, NO_METADATA,
				     "eth0", "dmabufx xsk query eth0");
			assert_int_equal(desc.options, 0);
		} else {
			assert_int_equal(dmabufx_xsk_tx_meta(xsk, &desc, &m), 0);
			assert_int_equal(desc.options, DMABUFX_DESC_METADATA);
		}
	}
	dmabufx_xsk_tx_free(xsk, &desc, 1);
}

static void driver_without_it_is_refused_in_zero_copy(void **state)
{
	struct world w = new_world(state, DMABUFX_TX_METADATA_LEN);
	struct dmabufx_xsk *xsk = SENTINEL;

	assert_fails(open_with(&w, DMABUFX_ZC_REQUIRE, DMABUFX_XSK_TX_TIMESTAMPS, &xsk), EOPNOTSUPP,
		     NO_METADATA, "eth0", "DMABUFX_ZC_FORBID");
	assert_ptr_equal(xsk, SENTINEL);
	xsk = must_open(&w, DMABUFX_ZC_REQUIRE, 0);
	try_wishes(xsk, DMABUFX_TX_META_CHECKSUM | DMABUFX_TX_META_TIMESTAMP |
				DMABUFX_TX_META_LAUNCH_TIME);
	dmabufx_xsk_close(xsk);
	/* When copying the kernel does the first two; the last takes a driver. */
	xsk = must_open(&w, DMABUFX_ZC_FORBID, DMABUFX_XSK_TX_TIMESTAMPS);
	try_wishes(xsk, DMABUFX_TX_META_LAUNCH_TIME);
	dmabufx_xsk_close(xsk);
	end_world(&w);
}

static void driver_has_what_it_says(void **state)
{
	struct world w = new_world(state, DMABUFX_TX_METADATA_LEN);
	struct dmabufx_xsk *xsk;

	w.dev->xsk_features = NETDEV_XSK_FLAGS_TX_CHECKSUM;
	xsk = must_open(&w, DMABUFX_ZC_REQUIRE, 0);
	try_wishes(xsk, DMABUFX_TX_META_TIMESTAMP | DMABUFX_TX_META_LAUNCH_TIME);
	dmabufx_xsk_close(xsk);
	w.dev->xsk_features = ALL_FEATURES;
	xsk = must_open(&w, DMABUFX_ZC_REQUIRE, DMABUFX_XSK_TX_TIMESTAMPS);
	try_wishes(xsk, 0);
	dmabufx_xsk_close(xsk);
	xsk = must_open(&w, DMABUFX_ZC_FORBID, DMABUFX_XSK_TX_TIMESTAMPS);
	try_wishes(xsk, 0);
	dmabufx_xsk_close(xsk);
	/* A kernel that doesn't tell has none. */
	w.u->f->net->old_family = true;
	xsk = must_open(&w, DMABUFX_ZC_REQUIRE, 0);
	try_wishes(xsk, DMABUFX_TX_META_CHECKSUM | DMABUFX_TX_META_TIMESTAMP |
				DMABUFX_TX_META_LAUNCH_TIME);
	dmabufx_xsk_close(xsk);
	end_world(&w);
}

static void launch_time_takes_more_room(void **state)
{
	struct world w = new_world(state, 16);
	DMABUFX_OPTS(dmabufx_tx_meta, m, .flags = DMABUFX_TX_META_LAUNCH_TIME);
	struct dmabufx_desc desc;
	struct dmabufx_xsk *xsk;

	w.dev->xsk_features = ALL_FEATURES;
	xsk = must_open(&w, DMABUFX_ZC_REQUIRE, DMABUFX_XSK_TX_TIMESTAMPS);
	assert_int_equal(dmabufx_xsk_tx_alloc(xsk, &desc, 1), 1);
	desc.len = 60;
	assert_fails(dmabufx_xsk_tx_meta(xsk, &desc, &m), EINVAL, TX_METADATA, "16 bytes",
		     "takes 24");
	m.flags = DMABUFX_TX_META_CHECKSUM | DMABUFX_TX_META_TIMESTAMP;
	assert_int_equal(dmabufx_xsk_tx_meta(xsk, &desc, &m), 0);
	dmabufx_xsk_tx_free(xsk, &desc, 1);
	dmabufx_xsk_close(xsk);
	end_world(&w);
}

static void kernel_finds_what_was_asked_for(void **state)
{
	struct world w = new_world(state, 64);
	DMABUFX_OPTS(dmabufx_tx_meta, m,
		     .flags = DMABUFX_TX_META_CHECKSUM | DMABUFX_TX_META_TIMESTAMP |
			      DMABUFX_TX_META_LAUNCH_TIME,
		     .csum_start = 34, .csum_offset = 16, .launch_time_ns = 0x123456789abcdef);
	struct dx_xsk_tx_metadata seen;
	struct dmabufx_desc desc;
	struct dmabufx_xsk *xsk;

	w.dev->xsk_features = ALL_FEATURES;
	xsk = must_open(&w, DMABUFX_ZC_REQUIRE, DMABUFX_XSK_TX_TIMESTAMPS);
	assert_int_equal(dmabufx_xsk_tx_alloc(xsk, &desc, 1), 1);
	desc.len = 60;
	assert_int_equal(dmabufx_xsk_tx_meta(xsk, &desc, &m), 0);
	memcpy(&seen, (uint8_t *)dmabufx_xsk_data(xsk, desc.addr) - 64, sizeof(seen));
	assert_int_equal(seen.flags, XDP_TXMD_FLAGS_CHECKSUM | XDP_TXMD_FLAGS_TIMESTAMP |
					     XDP_TXMD_FLAGS_LAUNCH_TIME);
	assert_int_equal(seen.csum_start, 34);
	assert_int_equal(seen.csum_offset, 16);
	assert_int_equal(seen.launch_time, 0x123456789abcdef);
	dmabufx_xsk_tx_free(xsk, &desc, 1);
	dmabufx_xsk_close(xsk);
	end_world(&w);
}

/* The kernel's part: the packets are done, and those that @ns isn't 0 for have a time. */
static void complete(struct dmabufx_xsk *xsk, const struct dmabufx_desc *descs, uint32_t n,
		     const uint64_t *ns)
{
	uint64_t *slots = xsk->done.slots;
	uint32_t *taken = (uint32_t *)(uintptr_t)xsk->tx.theirs_shared;
	uint32_t *in = (uint32_t *)(uintptr_t)xsk->done.theirs_shared;

	for (uint32_t i = 0; i < n; i++) {
		if (ns[i])
			memcpy((uint8_t *)dmabufx_xsk_data(xsk, descs[i].addr) -
				       DMABUFX_TX_METADATA_LEN + 8,
			       &ns[i], sizeof(ns[i]));
		slots[(*in + i) & xsk->done.mask] = descs[i].addr;
	}
	*taken += n;
	*in += n;
}

/* A device that has no time for a packet leaves it alone; when copying that can't be. */
static void packet_without_a_time_is_told_of_devices(void **state)
{
	struct world w = new_world(state, DMABUFX_TX_METADATA_LEN);
	static const uint64_t ns[3] = { 5, 0, 7 };

	w.dev->xsk_features = ALL_FEATURES;
	for (int copies = 0; copies < 2; copies++) {
		struct dmabufx_xsk *xsk = must_open(&w,
						    copies ? DMABUFX_ZC_FORBID : DMABUFX_ZC_REQUIRE,
						    DMABUFX_XSK_TX_TIMESTAMPS);
		DMABUFX_OPTS(dmabufx_tx_meta, m, .flags = DMABUFX_TX_META_TIMESTAMP);
		struct dmabufx_tx_timestamp times[4];
		struct dmabufx_desc descs[3];

		assert_int_equal(dmabufx_xsk_tx_alloc(xsk, descs, 3), 3);
		for (uint32_t i = 0; i < 3; i++) {
			descs[i].len = 60;
			m.cookie = 100 + i;
			assert_int_equal(dmabufx_xsk_tx_meta(xsk, &descs[i], &m), 0);
		}
		assert_int_equal(dmabufx_xsk_tx_burst(xsk, descs, 3), 3);
		assert_int_equal(dmabufx_xsk_tx_timestamps(xsk, times, 4), 0);
		complete(xsk, descs, 3, ns);
		assert_int_equal(dmabufx_xsk_tx_timestamps(xsk, times, 4), copies ? 2 : 3);
		assert_int_equal(times[0].cookie, 100);
		assert_int_equal(times[0].ns, 5);
		if (!copies)
			assert_true(times[1].cookie == 101 && times[1].ns == 0);
		assert_int_equal(times[2 - copies].cookie, 102);
		assert_int_equal(times[2 - copies].ns, 7);
		assert_int_equal(dmabufx_xsk_tx_timestamps(xsk, times, 4), 0);
		dmabufx_xsk_close(xsk);
	}
	end_world(&w);
}

static void wish_that_was_taken_back_is_over(void **state)
{
	struct world w = new_world(state, DMABUFX_TX_METADATA_LEN);
	static const uint32_t instead[2] = { 0, DMABUFX_TX_META_CHECKSUM };
	static const uint64_t ns[2] = { 0, 0 };
	struct dmabufx_tx_timestamp time;
	struct dmabufx_desc descs[2];
	struct dmabufx_xsk *xsk;

	w.dev->xsk_features = ALL_FEATURES;
	xsk = must_open(&w, DMABUFX_ZC_REQUIRE, DMABUFX_XSK_TX_TIMESTAMPS);
	assert_int_equal(dmabufx_xsk_tx_alloc(xsk, descs, 2), 2);
	for (uint32_t i = 0; i < 2; i++) {
		DMABUFX_OPTS(dmabufx_tx_meta, m, .flags = DMABUFX_TX_META_TIMESTAMP);

		descs[i].len = 60;
		assert_int_equal(dmabufx_xsk_tx_meta(xsk, &descs[i], &m), 0);
		m.flags = instead[i];
		assert_int_equal(dmabufx_xsk_tx_meta(xsk, &descs[i], &m), 0);
	}
	assert_int_equal(dmabufx_xsk_tx_burst(xsk, descs, 2), 2);
	complete(xsk, descs, 2, ns);
	assert_int_equal(dmabufx_xsk_tx_timestamps(xsk, &time, 1), 0);
	assert_int_equal(dmabufx_xsk_tx_pending(xsk), 0);
	dmabufx_xsk_close(xsk);
	end_world(&w);
}

static bool round_of(void **state, unsigned int nth, int err)
{
	struct world w = new_world(state, DMABUFX_TX_METADATA_LEN);
	struct unit_account before = unit_account(w.u->f);
	struct dmabufx_xsk *xsk = NULL;
	bool reached;
	int ret;

	w.dev->xsk_features = ALL_FEATURES;
	forget_error();
	if (err)
		fake_fail_nth(w.u->f, nth, err);
	else
		heap_fail_nth(nth);
	ret = open_with(&w, DMABUFX_ZC_PREFER, DMABUFX_XSK_TX_TIMESTAMPS, &xsk);
	fake_heal(w.u->f);
	reached = err ? w.u->f->failed : heap_failed();
	heap_fail_nth(0);
	if (ret)
		assert_int_equal(dmabufx_last_error()->err, ret);
	assert_int_equal(!ret, xsk != NULL);
	dmabufx_xsk_close(xsk);
	unit_assert_same(&before, w.u->f, "open", nth);
	w.u->f->now += 100;
	end_world(&w);
	return reached;
}

static void opening_survives_each_failure(void **state)
{
	static const int errs[ERRS] = { EIO, ENOMEM, ENODEV, 0 };

	for (int e = 0; e < ERRS; e++) {
		unsigned int nth = 1;

		while (round_of(state, nth, errs[e]))
			assert_in_range(nth++, 1, NTH_MAX);
		assert_true(nth > (errs[e] ? 20 : 6));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(driver_without_it_is_refused_in_zero_copy, unit_ctx),
		unit_case(driver_has_what_it_says, unit_ctx),
		unit_case(launch_time_takes_more_room, unit_ctx),
		unit_case(kernel_finds_what_was_asked_for, unit_ctx),
		unit_case(packet_without_a_time_is_told_of_devices, unit_ctx),
		unit_case(wish_that_was_taken_back_is_over, unit_ctx),
		unit_case(opening_survives_each_failure, unit_ctx),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Opening sockets on a scripted kernel, which can have zero copy, and can fail at each step. */
#include "unit.h"

#include <linux/if_link.h>
#include <sys/socket.h>

#include "fake_net.h"
#include "uapi/if_xdp.h"

#define NTH_MAX 800
#define ERRS 4

struct world {
	struct unit *u;
	struct fake_netdev *dev;
	struct dmabufx_buf *buf;
	struct dmabufx_umem *umem;
};

static struct world new_world(void **state)
{
	struct world w = { .u = *state };

	w.dev = fake_add_netdev(w.u->f, "eth0");
	w.buf = new_memfd(w.u, 4 * MIB);
	assert_int_equal(dmabufx_umem_new(w.u->ctx, w.buf, NULL, &w.umem), 0);
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
}

/* The scripted kernel has no BPF. */
static struct dmabufx_xsk_opts few(uint32_t zc)
{
	return (struct dmabufx_xsk_opts){ .size = sizeof(struct dmabufx_xsk_opts),
					  .zc = zc,
					  .rx_frames = 256,
					  .tx_frames = 64,
					  .tx_ring = 64,
					  .wait_ms = 100,
					  .flags = DMABUFX_XSK_NO_PROG };
}

static int open_zc(struct world *w, uint32_t queue, uint32_t zc, struct dmabufx_xsk **ret)
{
	struct dmabufx_xsk_opts o = few(zc);

	return dmabufx_xsk_open(w->umem, "eth0", queue, &o, ret);
}

static struct dmabufx_xsk_info info_of(struct dmabufx_xsk *xsk)
{
	struct dmabufx_xsk_info info = { .size = sizeof(info) };

	assert_int_equal(dmabufx_xsk_get_info(xsk, &info), 0);
	return info;
}

static void zero_copy_is_had_where_the_driver_can(void **state)
{
	static const int wanted[] = { DMABUFX_ZC_PREFER, DMABUFX_ZC_REQUIRE, DMABUFX_ZC_FORBID };
	struct world w = new_world(state);

	for (int can = 0; can < 2; can++) {
		w.dev->zc_err = can ? 0 : EOPNOTSUPP;
		for (int i = 0; i < 3; i++) {
			struct dmabufx_xsk *xsk = SENTINEL;

			if (!can && wanted[i] == DMABUFX_ZC_REQUIRE) {
				assert_fails(open_zc(&w, 0, wanted[i], &xsk), EOPNOTSUPP,
					     NO_ZERO_COPY, "eth0", "queue 0");
				assert_ptr_equal(xsk, SENTINEL);
				continue;
			}
			assert_int_equal(open_zc(&w, 0, wanted[i], &xsk), 0);
			assert_int_equal(info_of(xsk).zero_copy,
					 can && wanted[i] != DMABUFX_ZC_FORBID);
			assert_int_equal(info_of(xsk).why_copy,
					 !can && wanted[i] == DMABUFX_ZC_PREFER ? -EOPNOTSUPP : 0);
			dmabufx_xsk_close(xsk);
		}
	}
	end_world(&w);
}

/* One that was told to copy says nothing about the driver. */
static void preferring_is_not_bound_to_who_was_told_to_copy(void **state)
{
	struct world w = new_world(state);
	struct dmabufx_xsk *copies, *other;

	w.dev->zc_err = 0;
	assert_int_equal(open_zc(&w, 0, DMABUFX_ZC_FORBID, &copies), 0);
	assert_int_equal(open_zc(&w, 1, DMABUFX_ZC_PREFER, &other), 0);
	assert_int_equal(info_of(other).zero_copy, 1);
	dmabufx_xsk_close(other);
	dmabufx_xsk_close(copies);
	end_world(&w);
}

static void registration_is_shared_by_those_alike(void **state)
{
	struct world w = new_world(state);
	struct dmabufx_xsk *first, *second;
	struct dmabufx_xsk_opts o = few(DMABUFX_ZC_PREFER);

	assert_int_equal(open_zc(&w, 0, DMABUFX_ZC_PREFER, &first), 0);
	assert_int_equal(open_zc(&w, 1, DMABUFX_ZC_PREFER, &second), 0);
	assert_int_equal(info_of(second).shared, 1);
	assert_int_equal(info_of(second).why_copy, -EOPNOTSUPP);
	dmabufx_xsk_close(second);
	o.flags |= DMABUFX_XSK_NO_NEED_WAKEUP;
	assert_int_equal(dmabufx_xsk_open(w.umem, "eth0", 1, &o, &second), 0);
	assert_int_equal(info_of(second).shared, 0);
	dmabufx_xsk_close(first);
	dmabufx_xsk_close(second);
	end_world(&w);
}

/* The kernel takes a while to let go; closing waits for it, and so does opening. */
static void queue_is_free_when_close_returns(void **state)
{
	struct world w = new_world(state);
	struct dmabufx_xsk *xsk;

	w.dev->release_ms = 40;
	for (int i = 0; i < 2; i++) {
		w.u->f->net->no_xsk_attr = i;
		assert_int_equal(open_zc(&w, 0, DMABUFX_ZC_PREFER, &xsk), 0);
		dmabufx_xsk_close(xsk);
		assert_int_equal(fake_queue_busy(w.u->f, w.dev, 0), i);
	}
	assert_int_equal(open_zc(&w, 0, DMABUFX_ZC_PREFER, &xsk), 0);
	assert_fails(open_zc(&w, 0, DMABUFX_ZC_PREFER, (struct dmabufx_xsk **)state), EBUSY,
		     QUEUE_BUSY, "queue 0");
	dmabufx_xsk_close(xsk);
	end_world(&w);
}

static void missing_interface_queue_and_carrier_are_told(void **state)
{
	struct world w = new_world(state);
	struct dmabufx_xsk *xsk = SENTINEL;

	assert_fails(open_zc(&w, 2, 0, &xsk), EINVAL, NO_QUEUE, "queue 2", "has 2");
	w.dev->no_carrier = true;
	assert_fails(open_zc(&w, 0, 0, &xsk), ENETDOWN, INTERFACE_DOWN, "carrier");
	w.dev->down = true;
	assert_fails(open_zc(&w, 0, 0, &xsk), ENETDOWN, INTERFACE_DOWN, "ip link set eth0 up");
	w.dev->down = false;
	w.dev->no_carrier = false;
	w.u->f->net->memlock = MIB;
	assert_fails(open_zc(&w, 0, 0, &xsk), ENOBUFS, LOCKED_MEMORY, "RLIMIT_MEMLOCK");
	w.u->f->net->memlock = 0;
	w.u->f->net->no_xdp_sockets = true;
	assert_fails(open_zc(&w, 0, 0, &xsk), EAFNOSUPPORT, NO_XDP, "CONFIG_XDP_SOCKETS");
	assert_ptr_equal(xsk, SENTINEL);
	w.u->f->net->no_xdp_sockets = false;
	end_world(&w);
}

/* A UMEM, a socket that makes its own registration, and one that shares it; all undone. */
static int open_two(struct world *w)
{
	struct dmabufx_xsk *xsk[2] = { NULL };
	int err = open_zc(w, 0, DMABUFX_ZC_PREFER, &xsk[0]);

	if (!err) {
		err = open_zc(w, 1, DMABUFX_ZC_PREFER, &xsk[1]);
		/* Sharing that fails is no reason to give up. */
		dmabufx_xsk_close(xsk[1]);
	}
	dmabufx_xsk_close(xsk[0]);
	return err;
}

static bool round_of(void **state, unsigned int nth, int err)
{
	struct unit_account before;
	struct world w = new_world(state);
	bool reached;
	int ret;

	before = unit_account(w.u->f);
	forget_error();
	if (err)
		fake_fail_nth(w.u->f, nth, err);
	else
		heap_fail_nth(nth);
	ret = open_two(&w);
	fake_heal(w.u->f);
	reached = err ? w.u->f->failed : heap_failed();
	heap_fail_nth(0);
	if (ret)
		assert_int_equal(dmabufx_last_error()->err, ret);
	unit_assert_same(&before, w.u->f, "open", nth);
	if (ret) {
		/* The kernel may take a while to let go. */
		w.u->f->now += 100;
		assert_int_equal(open_two(&w), 0);
		unit_assert_same(&before, w.u->f, "open again", nth);
	}
	end_world(&w);
	w.u->f->net->ndevs = 0;
	return reached;
}

static void opening_survives_each_failing_call(void **state)
{
	static const int errs[ERRS] = { EIO, ENOMEM, ENODEV, EINVAL };

	for (int e = 0; e < ERRS; e++) {
		unsigned int nth = 1;

		while (round_of(state, nth, errs[e]))
			assert_in_range(nth++, 1, NTH_MAX);
		assert_true(nth > 20);
	}
}

static void opening_survives_each_failing_allocation(void **state)
{
	unsigned int nth = 1;

	while (round_of(state, nth, 0))
		assert_in_range(nth++, 1, NTH_MAX);
	assert_true(nth > 5);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(zero_copy_is_had_where_the_driver_can, unit_ctx),
		unit_case(preferring_is_not_bound_to_who_was_told_to_copy, unit_ctx),
		unit_case(registration_is_shared_by_those_alike, unit_ctx),
		unit_case(queue_is_free_when_close_returns, unit_ctx),
		unit_case(missing_interface_queue_and_carrier_are_told, unit_ctx),
		unit_case(opening_survives_each_failing_call, unit_ctx),
		unit_case(opening_survives_each_failing_allocation, unit_ctx),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

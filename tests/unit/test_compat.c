// SPDX-License-Identifier: GPL-2.0-or-later
/* libxdp's calls on a scripted kernel, where each call in turn fails. */
#include "unit.h"

#include <linux/if_xdp.h>

#include "fake_net.h"
#include "xsk/compat_priv.h"

#define NTH_MAX 200
#define RING 64u
#define AREA (1u << 20)

struct world {
	struct unit *u;
	struct xsk_umem *umem;
	struct xsk_socket *xsk[2];
	struct xsk_ring_prod fill[2];
	struct xsk_ring_cons comp[2];
	struct xsk_ring_cons rx[2];
	struct xsk_ring_prod tx[2];
};

static const struct xsk_umem_config umem_config = {
	.fill_size = RING,
	.comp_size = RING,
	.frame_size = 2048,
};

/* The scripted kernel has no BPF. */
static const struct xsk_socket_config config = {
	.rx_size = RING,
	.tx_size = RING,
	.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
	.bind_flags = XDP_COPY,
};

static unsigned char area[AREA] __attribute__((aligned(4096)));

static int make_umem(struct world *w)
{
	return dx_compat_umem_create(&w->u->f->sys, area, AREA, &w->fill[0], &w->comp[0],
				     &umem_config, &w->umem);
}

/* The second one has rings of its own. */
static int make_socket(struct world *w, uint32_t nth)
{
	return dmabufx_compat_socket_create("eth0", nth, w->umem, &w->rx[nth], &w->tx[nth],
					    &w->fill[nth], &w->comp[nth], &config,
					    nth ? DMABUFX_COMPAT_OWN_RINGS : 0, &w->xsk[nth]);
}

static void delete_all(struct world *w)
{
	for (int i = 1; i >= 0; i--) {
		dmabufx_compat_socket_delete(w->xsk[i]);
		w->xsk[i] = NULL;
	}
	assert_int_equal(dmabufx_compat_umem_delete(w->umem), 0);
	w->umem = NULL;
}

static int make_all(struct world *w)
{
	int err = make_umem(w);

	for (uint32_t i = 0; i < 2 && !err; i++)
		err = make_socket(w, i);
	return err;
}

/* A socket that failed leaves the UMEM as it was, which takes another. */
static void make_rest(struct world *w)
{
	w->u->f->now += 100;
	if (!w->umem)
		assert_int_equal(make_umem(w), 0);
	for (uint32_t i = 0; i < 2; i++) {
		if (!w->xsk[i])
			assert_int_equal(make_socket(w, i), 0);
		assert_int_equal(w->rx[i].size, RING);
		assert_int_equal(w->fill[i].size, RING);
	}
	assert_int_equal(dmabufx_compat_umem_delete(w->umem), -EBUSY);
}

static bool round_of(void **state, unsigned int nth, int err)
{
	struct world w = { .u = *state };
	struct unit_account before;
	bool reached;
	int ret;

	fake_add_netdev(w.u->f, "eth0");
	before = unit_account(w.u->f);
	forget_error();
	if (err)
		fake_fail_nth(w.u->f, nth, err);
	else
		heap_fail_nth(nth);
	ret = make_all(&w);
	fake_heal(w.u->f);
	reached = err ? w.u->f->failed : heap_failed();
	heap_fail_nth(0);
	if (ret)
		assert_int_equal(dmabufx_last_error()->err, ret);
	make_rest(&w);
	delete_all(&w);
	unit_assert_same(&before, w.u->f, "delete", nth);
	w.u->f->net->ndevs = 0;
	return reached;
}

static void each_call_may_fail(void **state)
{
	static const int errs[] = { EIO, ENOMEM, ENODEV, EINVAL, EBUSY };

	for (int e = 0; e < 5; e++) {
		unsigned int nth = 1;

		while (round_of(state, nth, errs[e]))
			assert_in_range(nth++, 1, NTH_MAX);
		assert_true(nth > 15);
	}
}

static void each_allocation_may_fail(void **state)
{
	unsigned int nth = 1;

	while (round_of(state, nth, 0))
		assert_in_range(nth++, 1, NTH_MAX);
	assert_true(nth > 4);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(each_call_may_fail, unit_ctx),
		unit_case(each_allocation_may_fail, unit_ctx),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

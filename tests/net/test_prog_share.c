// SPDX-License-Identifier: GPL-2.0-or-later
/* Beside other programs, in libxdp's dispatcher; and what a killed process leaves there. */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <xdp/libxdp.h>

#include "base/ctx.h"
#include "prog_test.h"
#include "xsk/prog_priv.h"

static const struct dmabufx_prog_opts share = { .size = sizeof(share),
						.flags = DMABUFX_PROG_SHARE };

/* How many programs are in the dispatcher, and whether this one is; 0 without a dispatcher. */
static int programs(struct world *w, uint32_t id, bool *ret)
{
	unsigned int before = net_fds();
	struct xdp_multiprog *all = xdp_multiprog__get_from_ifindex((int)w->net->ifindex[NET_NEAR]);
	struct xdp_program *prog = NULL;
	int n = 0;

	*ret = false;
	if (libxdp_get_error(all))
		return 0;
	while ((prog = xdp_multiprog__next_prog(prog, all))) {
		n++;
		*ret |= xdp_program__id(prog) == id;
	}
	xdp_multiprog__close(all);
	w->fds += net_fds() - before; /* which libxdp 1.3.1 leaves open */
	return n;
}

#define assert_programs(n, id, there)                          \
	do {                                                   \
		bool found_;                                   \
		assert_int_equal(programs(w, id, &found_), n); \
		assert_int_equal(found_, there);               \
	} while (0)

/* A program of somebody who uses libxdp. */
static struct xdp_program *other_attach(struct world *w, enum xdp_attach_mode mode)
{
	unsigned int before = net_fds();
	struct xdp_program *prog = xdp_program__open_file(object("pass"), "xdp", NULL);

	assert_int_equal(libxdp_get_error(prog), 0);
	assert_int_equal(xdp_program__attach(prog, (int)w->net->ifindex[NET_NEAR], mode, 0), 0);
	w->fds += net_fds() - before;
	return prog;
}

static void other_detach(struct world *w, struct xdp_program *prog)
{
	unsigned int before = net_fds();

	assert_int_equal(xdp_program__detach(prog, (int)w->net->ifindex[NET_NEAR], XDP_MODE_UNSPEC,
					     0),
			 0);
	xdp_program__close(prog);
	w->fds += net_fds() - before;
}

/* Whichever queue the peer's sending chooses. */
static void check_packets(struct world *w, struct dmabufx_prog *prog)
{
	struct net_flow flow = { .from = NET_FAR, .port = 7, .len = 100 };
	struct raw_xsk *queues[] = { raw_xsk_new(w, 0), raw_xsk_new(w, 1) };
	int far = net_raw(w->net, NET_FAR);

	dx_lock(w->ctx);
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(dx_prog_insert(prog, i, raw_xsk_fd(queues[i])), 0);
	dx_unlock(w->ctx);
	net_send(w->net, far, &flow, 0, 20);
	assert_int_equal(raw_xsk_receive(w, queues[0], &flow, 0, 20, 300) +
				 raw_xsk_receive(w, queues[1], &flow, 0, 20, 300),
			 20);
	for (uint32_t i = 0; i < 2; i++)
		raw_xsk_free(queues[i]);
	close(far);
}

static void share_makes_a_dispatcher_that_others_join(void **state)
{
	struct world *w = *state;
	struct dmabufx_prog *prog = attach(w, &share);
	struct dmabufx_prog_info info = info_of(prog);
	struct xdp_program *other;

	assert_int_equal(info.flags, DMABUFX_PROG_SHARE);
	assert_int_equal(info.mode, DMABUFX_XDP_NATIVE);
	assert_programs(1, info.prog_id, true);
	check_packets(w, prog);
	other = other_attach(w, XDP_MODE_NATIVE);
	assert_programs(2, info.prog_id, true);
	check_packets(w, prog);
	other_detach(w, other);
	assert_programs(1, info.prog_id, true);
	check_packets(w, prog);
	dmabufx_prog_unref(prog);
}
in_dispatcher(share_makes_a_dispatcher_that_others_join)

	static void dispatcher_that_is_there_is_joined(void **state)
{
	DMABUFX_OPTS(dmabufx_prog_opts, native, .mode = DMABUFX_XDP_NATIVE);
	static const enum xdp_attach_mode modes[] = { XDP_MODE_NATIVE, XDP_MODE_SKB };
	struct world *w = *state;

	for (size_t i = 0; i < 2; i++) {
		struct xdp_program *other = other_attach(w, modes[i]);
		struct dmabufx_prog *prog = attach(w, NULL);

		assert_int_equal(info_of(prog).flags, DMABUFX_PROG_SHARE);
		assert_int_equal(info_of(prog).mode, i ? DMABUFX_XDP_GENERIC : DMABUFX_XDP_NATIVE);
		assert_programs(2, info_of(prog).prog_id, true);
		check_packets(w, prog);
		dmabufx_prog_unref(prog);
		assert_programs(1, xdp_program__id(other), true);
		if (i)
			assert_fails(dmabufx_prog_attach(w->ctx, "near", &native, &prog), EBUSY,
				     PROG_BUSY, "dispatcher", "generic");
		other_detach(w, other);
	}
}
in_dispatcher(dispatcher_that_is_there_is_joined)

	static void two_of_ours_live_together(void **state)
{
	static const uint16_t ports[] = { 80 };
	DMABUFX_OPTS(dmabufx_prog_opts, filter, .kind = DMABUFX_PROG_PORTS, .ports = ports,
		     .nports = 1);
	struct world *w = *state;
	struct dmabufx_prog *first = attach(w, &share), *second = attach(w, &filter);
	struct helper h;

	assert_programs(2, info_of(first).prog_id, true);
	helper_start(w, &h, NULL);
	assert_programs(3, h.prog_id, true);
	dmabufx_prog_unref(first);
	assert_programs(2, h.prog_id, true);
	dmabufx_prog_unref(second);
	assert_programs(1, h.prog_id, true);
	/* One that lives is nobody's to remove. */
	first = attach(w, NULL);
	assert_programs(2, h.prog_id, true);
	dmabufx_prog_unref(first);
	helper_kill(&h);
	dmabufx_prog_unref(attach(w, NULL));
}
in_dispatcher(two_of_ours_live_together)

	static void next_attach_removes_what_a_killed_process_left(void **state)
{
	struct net_flow flow = { .from = NET_FAR, .port = 7, .len = 100 };
	struct world *w = *state;
	int far = net_raw(w->net, NET_FAR), near = net_raw(w->net, NET_NEAR);
	struct dmabufx_prog *prog;
	struct helper h[2];

	for (int i = 0; i < 2; i++)
		helper_start(w, &h[i], &share);
	for (int i = 0; i < 2; i++)
		helper_kill(&h[i]);
	assert_programs(2, h[0].prog_id, true);
	assert_programs(2, h[1].prog_id, true);
	/* It passes all on. */
	net_send(w->net, far, &flow, 0, 20);
	assert_int_equal(net_receive(w->net, near, &flow, 0, 20, 2000), 20);
	prog = attach(w, NULL);
	/* None was left in the dispatcher, so it went, too. */
	assert_int_equal(info_of(prog).flags, 0);
	assert_programs(0, h[0].prog_id, false);
	assert_int_equal(info_of(prog).prog_id, native_id(w->net->ifindex[NET_NEAR]));
	dmabufx_prog_unref(prog);
	close(far);
	close(near);
}
in_dispatcher(next_attach_removes_what_a_killed_process_left)

	static void strangers_stay_when_ours_are_removed(void **state)
{
	DMABUFX_OPTS(dmabufx_prog_opts, file, .kind = DMABUFX_PROG_FILE, .path = object("good"));
	struct world *w = *state;
	struct xdp_program *other = other_attach(w, XDP_MODE_NATIVE);
	struct dmabufx_prog *prog;
	struct helper h;

	/* A user's object, too, is known by its owner. */
	helper_start(w, &h, &file);
	assert_programs(2, h.prog_id, true);
	helper_kill(&h);
	assert_programs(2, h.prog_id, true);
	prog = attach(w, NULL);
	assert_programs(2, h.prog_id, false);
	assert_programs(2, xdp_program__id(other), true);
	dmabufx_prog_unref(prog);
	assert_programs(1, xdp_program__id(other), true);
	other_detach(w, other);
}
in_dispatcher(strangers_stay_when_ours_are_removed)

	/* libxdp would attach it alone, where it can't have its dispatcher. */
	static void without_a_dispatcher_it_says_so(void **state)
{
	struct world *w = *state;
	struct dmabufx_prog *prog = NULL;

	setenv("LIBXDP_SKIP_DISPATCHER", "1", 1);
	assert_fails(dmabufx_prog_attach(w->ctx, "near", &share, &prog), EOPNOTSUPP, NO_XDP,
		     "dispatcher", "bpffs", "BTF");
	unsetenv("LIBXDP_SKIP_DISPATCHER");
	assert_null(prog);
	assert_int_equal(native_id(w->net->ifindex[NET_NEAR]), 0);
}

/* Somebody may take the dispatcher off under us. */
static void dispatcher_may_go(void **state)
{
	struct world *w = *state;
	struct dmabufx_prog *prog = attach(w, &share);

	assert_int_equal(bpf_xdp_detach((int)w->net->ifindex[NET_NEAR], 0, NULL), 0);
	dmabufx_prog_unref(prog);
}
in_dispatcher(dispatcher_may_go)

	int main(void)
{
	static const struct CMUnitTest tests[] = {
		prog_case(shared_share_makes_a_dispatcher_that_others_join),
		prog_case(shared_dispatcher_that_is_there_is_joined),
		prog_case(shared_two_of_ours_live_together),
		prog_case(shared_next_attach_removes_what_a_killed_process_left),
		prog_case(shared_strangers_stay_when_ours_are_removed),
		prog_case(without_a_dispatcher_it_says_so),
		prog_case(shared_dispatcher_may_go),
	};

	net_need_privilege();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Programs of every kind and mode, and how they end. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xdp/libxdp.h>

#include "base/ctx.h"
#include "prog_test.h"
#include "xsk/prog_priv.h"

static void default_is_native_by_a_link(void **state)
{
	struct world *w = *state;
	struct dmabufx_prog *prog = attach(w, NULL);
	struct dmabufx_prog_info info = info_of(prog);

	assert_string_equal(info.ifname, "near");
	assert_int_equal(info.ifindex, w->net->ifindex[NET_NEAR]);
	assert_int_equal(info.mode, DMABUFX_XDP_NATIVE);
	assert_int_equal(info.flags, 0);
	assert_int_not_equal(info.prog_id, 0);
	assert_int_equal(info.prog_id, native_id(info.ifindex));
	assert_int_equal(generic_id(info.ifindex), 0);
	/* The kernel refuses to take off what a link holds. */
	assert_int_equal(bpf_xdp_detach((int)info.ifindex, 0, NULL), -EBUSY);
	assert_null(dmabufx_prog_unref(prog));
	assert_int_equal(native_id(info.ifindex), 0);
}

static void modes_are_kept(void **state)
{
	DMABUFX_OPTS(dmabufx_prog_opts, native, .mode = DMABUFX_XDP_NATIVE);
	DMABUFX_OPTS(dmabufx_prog_opts, generic, .mode = DMABUFX_XDP_GENERIC);
	struct world *w = *state;
	struct dmabufx_prog *prog = attach(w, &generic);
	struct dmabufx_prog_info info = info_of(prog);

	assert_int_equal(info.mode, DMABUFX_XDP_GENERIC);
	assert_int_equal(info.prog_id, generic_id(info.ifindex));
	assert_int_equal(native_id(info.ifindex), 0);
	dmabufx_prog_unref(prog);
	prog = attach(w, &native);
	info = info_of(prog);
	assert_int_equal(info.mode, DMABUFX_XDP_NATIVE);
	assert_int_equal(info.prog_id, native_id(info.ifindex));
	dmabufx_prog_unref(prog);
}

/* The loopback's driver runs no programs. */
static void driver_without_xdp_becomes_generic(void **state)
{
	DMABUFX_OPTS(dmabufx_prog_opts, native, .mode = DMABUFX_XDP_NATIVE);
	struct world *w = *state;
	struct dmabufx_prog *prog = NULL;

	assert_fails(dmabufx_prog_attach(w->ctx, "lo", &native, &prog), EOPNOTSUPP, NO_XDP, "lo",
		     "DMABUFX_XDP_AUTO");
	assert_null(prog);
	assert_int_equal(dmabufx_prog_attach(w->ctx, "lo", NULL, &prog), 0);
	assert_int_equal(info_of(prog).mode, DMABUFX_XDP_GENERIC);
	/* The refusal on the way is no failure of the call. */
	assert_int_equal(dmabufx_last_error()->reason, DMABUFX_REASON_NO_XDP);
	assert_non_null(strstr(dmabufx_last_error()->text, "DMABUFX_XDP_AUTO"));
	dmabufx_prog_unref(prog);
	assert_int_equal(generic_id(1), 0);
}

static void dispatcher_becomes_generic(void **state)
{
	DMABUFX_OPTS(dmabufx_prog_opts, share, .flags = DMABUFX_PROG_SHARE);
	struct world *w = *state;
	struct dmabufx_prog *prog = NULL;

	assert_int_equal(dmabufx_prog_attach(w->ctx, "lo", &share, &prog), 0);
	assert_int_equal(info_of(prog).mode, DMABUFX_XDP_GENERIC);
	assert_int_equal(info_of(prog).flags, DMABUFX_PROG_SHARE);
	dmabufx_prog_unref(prog);
	assert_int_equal(generic_id(1), 0);
}
in_dispatcher(dispatcher_becomes_generic)

	/* A queue with a socket goes there, in order; one without goes on to the kernel. */
	static void check_redirect(struct world *w, const struct dmabufx_prog_opts *opts)
{
	struct net_flow flow = { .from = NET_FAR, .port = 5000, .len = 200 };
	int far = net_raw(w->net, NET_FAR), near = net_raw(w->net, NET_NEAR);
	struct dmabufx_prog *prog = attach(w, opts);
	struct raw_xsk *q0 = raw_xsk_new(w, 0), *q1 = raw_xsk_new(w, 1);

	net_send(w->net, far, &flow, 0, 50);
	assert_int_equal(net_receive(w->net, near, &flow, 0, 50, 2000), 50);
	dx_lock(w->ctx);
	assert_int_equal(dx_prog_insert(prog, 0, raw_xsk_fd(q0)), 0);
	assert_int_equal(dx_prog_insert(prog, 1, raw_xsk_fd(q1)), 0);
	assert_fails(dx_prog_insert(prog, 0, raw_xsk_fd(q1)), EBUSY, QUEUE_BUSY, "queue 0", "near");
	assert_fails(dx_prog_insert(prog, 5000, raw_xsk_fd(q1)), EINVAL, NO_QUEUE, "queue 5000");
	dx_prog_remove(prog, 1);
	assert_int_equal(dx_prog_insert(prog, 1, raw_xsk_fd(q1)), 0);
	dx_unlock(w->ctx);
	net_send(w->net, far, &flow, 50, 50);
	assert_int_equal(raw_xsk_receive(w, q0, &flow, 50, 50, 2000) +
				 raw_xsk_receive(w, q1, &flow, 50, 50, 100),
			 50);
	dx_lock(w->ctx);
	dx_prog_remove(prog, 0);
	dx_prog_remove(prog, 1);
	dx_unlock(w->ctx);
	net_send(w->net, far, &flow, 100, 50);
	assert_int_equal(net_receive(w->net, near, &flow, 100, 50, 2000), 50);
	raw_xsk_free(q0);
	raw_xsk_free(q1);
	dmabufx_prog_unref(prog);
	close(far);
	close(near);
}

static void redirect_in_each_mode(struct world *w, uint32_t flags)
{
	DMABUFX_OPTS(dmabufx_prog_opts, opts, .mode = DMABUFX_XDP_NATIVE, .flags = flags);

	check_redirect(w, &opts);
	opts.mode = DMABUFX_XDP_GENERIC;
	check_redirect(w, &opts);
}

static void packets_are_redirected(void **state)
{
	redirect_in_each_mode(*state, 0);
}

static void packets_are_redirected_in_a_dispatcher(void **state)
{
	redirect_in_each_mode(*state, DMABUFX_PROG_SHARE);
}
in_dispatcher(packets_are_redirected_in_a_dispatcher)

	static void users_objects_work(void **state)
{
	static const char *const names[] = { "good", "frags" };
	DMABUFX_OPTS(dmabufx_prog_opts, opts, .kind = DMABUFX_PROG_FILE);
	struct world *w = *state;

	for (size_t i = 0; i < 2; i++) {
		struct dmabufx_prog *prog;

		opts.path = object(names[i]);
		prog = attach(w, &opts);
		/* What the section says, asked for or not. */
		assert_int_equal(info_of(prog).flags, i ? DMABUFX_PROG_FRAGS : 0);
		dx_lock(w->ctx);
		assert_fails(dx_prog_insert(prog, 2, 0), EINVAL, NO_QUEUE, "room for 2");
		dx_unlock(w->ctx);
		dmabufx_prog_unref(prog);
		check_redirect(w, &opts);
	}
	opts.path = object("two");
	opts.section = "user_drop";
	dmabufx_prog_unref(attach(w, &opts));
	opts.path = object("good");
	opts.section = "xdp";
	dmabufx_prog_unref(attach(w, &opts));
}

static void check_mtu(struct world *w, uint32_t share)
{
	static const uint16_t ports[] = { 5000 };
	DMABUFX_OPTS(dmabufx_prog_opts, opts, .flags = share);
	struct dmabufx_prog *prog = NULL;

	net_mtu(w->net, 9000);
	for (; opts.mode <= DMABUFX_XDP_NATIVE; opts.mode++)
		assert_fails(dmabufx_prog_attach(w->ctx, "near", &opts, &prog), ERANGE, MTU, "near",
			     "9000", "DMABUFX_PROG_FRAGS");
	opts.mode = DMABUFX_XDP_AUTO;
	opts.flags |= DMABUFX_PROG_FRAGS;
	for (; opts.kind <= DMABUFX_PROG_PORTS; opts.kind++) {
		opts.ports = ports;
		opts.nports = opts.kind == DMABUFX_PROG_PORTS;
		prog = attach(w, &opts);
		assert_int_equal(info_of(prog).flags, opts.flags);
		assert_int_equal(info_of(prog).mode, DMABUFX_XDP_NATIVE);
		dmabufx_prog_unref(prog);
	}
}

static void large_mtu_needs_frags(void **state)
{
	check_mtu(*state, 0);
}

static void large_mtu_needs_frags_in_a_dispatcher(void **state)
{
	check_mtu(*state, DMABUFX_PROG_SHARE);
}
in_dispatcher(large_mtu_needs_frags_in_a_dispatcher)

	static void sockets_share_the_contexts_program(void **state)
{
	struct world *w = *state;
	struct dmabufx_prog *first, *second, *none = NULL;

	dx_lock(w->ctx);
	assert_int_equal(dx_prog_default(w->ctx, "near", DMABUFX_XDP_AUTO, 0, &first), 0);
	assert_int_equal(dx_prog_default(w->ctx, "near", DMABUFX_XDP_NATIVE, 0, &second), 0);
	assert_ptr_equal(first, second);
	assert_fails(dx_prog_default(w->ctx, "near", DMABUFX_XDP_GENERIC, 0, &none), EBUSY,
		     PROG_BUSY, "mode");
	assert_fails(dx_prog_default(w->ctx, "near", 0, DMABUFX_PROG_FRAGS, &none), EBUSY,
		     PROG_BUSY, "frags");
	assert_fails(dx_prog_default(w->ctx, "nowhere", 0, 0, &none), ENODEV, NO_INTERFACE,
		     "nowhere");
	assert_null(none);
	dx_prog_put(first);
	assert_int_not_equal(native_id(w->net->ifindex[NET_NEAR]), 0);
	dx_prog_put(second);
	assert_int_equal(native_id(w->net->ifindex[NET_NEAR]), 0);
	dx_unlock(w->ctx);
}

static void killed_process_leaves_no_link(void **state)
{
	DMABUFX_OPTS(dmabufx_prog_opts, opts, .mode = DMABUFX_XDP_AUTO);
	struct world *w = *state;

	for (; opts.mode <= DMABUFX_XDP_GENERIC; opts.mode++) {
		struct helper h;

		helper_start(w, &h, &opts);
		assert_int_equal(h.prog_id, native_id(w->net->ifindex[NET_NEAR]) +
						    generic_id(w->net->ifindex[NET_NEAR]));
		helper_kill(&h);
		assert_true(nothing_attached(w->net->ifindex[NET_NEAR]));
	}
}

static void take_interface_away(struct world *w, uint32_t flags)
{
	DMABUFX_OPTS(dmabufx_prog_opts, opts, .flags = flags);
	struct dmabufx_prog *prog = NULL;

	net_ip("link", "add", "gone", "type", "veth", "peer", "name", "peer");
	assert_int_equal(dmabufx_prog_attach(w->ctx, "gone", &opts, &prog), 0);
	net_ip("link", "delete", "gone");
	dmabufx_prog_unref(prog);
}

static void interface_may_go(void **state)
{
	take_interface_away(*state, 0);
}

static void interface_may_go_with_its_dispatcher(void **state)
{
	take_interface_away(*state, DMABUFX_PROG_SHARE);
}
in_dispatcher(interface_may_go_with_its_dispatcher)

	int main(void)
{
	static const struct CMUnitTest tests[] = {
		prog_case(default_is_native_by_a_link),
		prog_case(modes_are_kept),
		prog_case(driver_without_xdp_becomes_generic),
		prog_case(shared_dispatcher_becomes_generic),
		prog_case(packets_are_redirected),
		prog_case(shared_packets_are_redirected_in_a_dispatcher),
		prog_case(users_objects_work),
		prog_case(large_mtu_needs_frags),
		prog_case(shared_large_mtu_needs_frags_in_a_dispatcher),
		prog_case(sockets_share_the_contexts_program),
		prog_case(killed_process_leaves_no_link),
		prog_case(interface_may_go),
		prog_case(shared_interface_may_go_with_its_dispatcher),
	};

	net_need_privilege();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

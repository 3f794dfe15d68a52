// SPDX-License-Identifier: GPL-2.0-or-later
/* Metadata that can't be had, or is asked for wrongly: what is said, and that nothing is left. */
#include "xsk_test.h"

#include <errno.h>
#include <string.h>

#define open_fails(opts, err, ...)                                                    \
	do {                                                                          \
		struct dmabufx_xsk *ret_ = NULL;                                      \
		unsigned int fds_ = net_fds();                                        \
		assert_fails(xsk_try(w, NET_NEAR, 0, opts, &ret_), err, __VA_ARGS__); \
		assert_null(ret_);                                                    \
		assert_int_equal(net_fds(), fds_);                                    \
		assert_all_free(w);                                                   \
	} while (0)

static void sockets_that_can_not_have_it_are_told(void **state)
{
	DMABUFX_OPTS(dmabufx_xsk_opts, o, .mode = DMABUFX_XDP_GENERIC,
		     .flags = DMABUFX_XSK_RX_META);
	struct xworld *w = *state;
	struct dmabufx_xsk *plain;

	open_fails(&o, EOPNOTSUPP, NO_METADATA, "near", "generic", "NATIVE");
	o.mode = DMABUFX_XDP_AUTO;
	o.flags |= DMABUFX_XSK_NO_PROG;
	open_fails(&o, EINVAL, BAD_FLAGS, "library's program");
	o.flags = DMABUFX_XSK_RX_META | DMABUFX_XSK_NO_RX;
	open_fails(&o, EINVAL, BAD_FLAGS, "RX_META");
	o.flags = DMABUFX_XSK_RX_META;
	assert_int_equal(dmabufx_prog_attach(w->ctx, "near", NULL, &o.prog), 0);
	open_fails(&o, EINVAL, BAD_FLAGS, "DMABUFX_PROG_META");
	dmabufx_prog_unref(o.prog);
	o.prog = NULL;
	/* The program that there is writes none. */
	plain = xsk_open(w, NET_NEAR, 1, NULL);
	assert_int_equal(xsk_try(w, NET_NEAR, 0, &o, &(struct dmabufx_xsk *){ NULL }), -EBUSY);
	assert_non_null(strstr(dmabufx_last_error()->text, "metadata"));
	xsk_close(w, NET_NEAR, plain);
	xsk_close(w, NET_NEAR, xsk_open(w, NET_NEAR, 0, &o));
}

#define attach_fails(ifname, err, ...)                                                           \
	do {                                                                                     \
		struct dmabufx_prog *prog_ = NULL;                                               \
		unsigned int fds_ = net_fds();                                                   \
		assert_fails(dmabufx_prog_attach(w->ctx, ifname, &o, &prog_), err, __VA_ARGS__); \
		assert_null(prog_);                                                              \
		assert_int_equal(net_fds(), fds_);                                               \
	} while (0)

static void programs_that_can_not_have_it_are_told(void **state)
{
	DMABUFX_OPTS(dmabufx_prog_opts, o, .flags = DMABUFX_PROG_META | DMABUFX_PROG_SHARE);
	struct xworld *w = *state;

	attach_fails("near", EOPNOTSUPP, NO_METADATA, "dispatcher");
	o.flags = DMABUFX_PROG_META;
	o.kind = DMABUFX_PROG_FILE;
	o.path = "some.o";
	attach_fails("near", EINVAL, BAD_FLAGS, "some.o");
	o.kind = DMABUFX_PROG_ALL;
	o.mode = DMABUFX_XDP_GENERIC;
	attach_fails("near", EOPNOTSUPP, NO_METADATA, "near", "generic");
	o.mode = DMABUFX_XDP_AUTO;
	net_ip("link", "add", "link", "near", "name", "mac0", "type", "macvlan");
	attach_fails("mac0", EOPNOTSUPP, NO_METADATA, "mac0", "macvlan", "no XDP");
	net_ip("tuntap", "add", "tap0", "mode", "tap");
	attach_fails("tap0", EOPNOTSUPP, NO_METADATA, "tap0", "tun", "neither time");
	net_ip("link", "del", "mac0");
	net_ip("link", "del", "tap0");
}

static void arguments_are_checked(void **state)
{
	struct dmabufx_rx_meta meta = { .size = sizeof(meta) }, small = { .size = 8 };
	struct xworld *w = *state;
	struct dmabufx_xsk *xsk = xsk_open(w, NET_NEAR, 0, NULL);
	struct dmabufx_desc desc = { .addr = 2048 };
	struct {
		struct dmabufx_rx_meta meta;
		uint64_t more;
	} large = { { .size = sizeof(large) }, 0 };

	assert_fails(dmabufx_xsk_rx_meta(NULL, &desc, &meta), EINVAL, NULL_ARGUMENT, "xsk");
	assert_fails(dmabufx_xsk_rx_meta(xsk, NULL, &meta), EINVAL, NULL_ARGUMENT, "desc");
	assert_fails(dmabufx_xsk_rx_meta(xsk, &desc, NULL), EINVAL, NULL_ARGUMENT, "ret");
	assert_fails(dmabufx_xsk_rx_meta(xsk, &desc, &small), EINVAL, OPTS_SIZE, "rx_meta");
	assert_fails(dmabufx_xsk_rx_meta(xsk, &desc, &large.meta), E2BIG, OPTS_UNKNOWN, "rx_meta");
	xsk_close(w, NET_NEAR, xsk);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		xsk_case(sockets_that_can_not_have_it_are_told),
		xsk_case(programs_that_can_not_have_it_are_told),
		xsk_case(arguments_are_checked),
	};

	net_need_privilege();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Each way that opening a socket fails in the real kernel, and what is left then: nothing. */
#include "xsk_test.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/if_xdp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* After each failure: no descriptor, program nor frame is left, and it can be opened at once. */
#define open_fails(queue, opts, err, ...)                                                 \
	do {                                                                              \
		struct dmabufx_xsk *ret_ = NULL;                                          \
		unsigned int fds_ = net_fds();                                            \
		assert_fails(xsk_try(w, NET_NEAR, queue, opts, &ret_), err, __VA_ARGS__); \
		assert_null(ret_);                                                        \
		assert_int_equal(net_fds(), fds_);                                        \
	} while (0)

static void interface_that_is_not_there(void **state)
{
	struct xworld *w = *state;
	struct dmabufx_xsk *xsk = NULL;

	assert_fails(dmabufx_xsk_open(w->umem, "nix0", 0, NULL, &xsk), ENODEV, NO_INTERFACE,
		     "nix0");
	assert_fails(dmabufx_xsk_open(w->umem, "a_name_of_16_chr", 0, NULL, &xsk), ENODEV,
		     NO_INTERFACE, "15");
	assert_fails(dmabufx_xsk_open_all(w->umem, "nix0", NULL, &xsk, 1), ENODEV, NO_INTERFACE,
		     "nix0");
	assert_fails(dmabufx_xsk_open(NULL, "near", 0, NULL, &xsk), EINVAL, NULL_ARGUMENT, "umem");
	assert_fails(dmabufx_xsk_open(w->umem, NULL, 0, NULL, &xsk), EINVAL, NULL_ARGUMENT,
		     "ifname");
	assert_fails(dmabufx_xsk_open(w->umem, "near", 0, NULL, NULL), EINVAL, NULL_ARGUMENT,
		     "ret");
	assert_null(xsk);
}

static void queue_beyond_the_count(void **state)
{
	struct dmabufx_xsk *xsks[1] = { NULL };
	struct xworld *w = *state;

	open_fails(2, NULL, EINVAL, NO_QUEUE, "near", "queue 2", "has 2");
	open_fails(UINT32_MAX, NULL, EINVAL, NO_QUEUE, "4294967295");
	assert_fails(dmabufx_xsk_open_all(w->umem, "near", NULL, xsks, 1), ENOSPC, NO_SPACE, "2",
		     "1");
	assert_null(xsks[0]);
}

static void zero_copy_on_a_veth(void **state)
{
	DMABUFX_OPTS(dmabufx_xsk_opts, zc, .zc = DMABUFX_ZC_REQUIRE);
	struct dmabufx_xsk *xsks[2] = { NULL };
	struct xworld *w = *state;
	struct dmabufx_xsk *xsk;

	open_fails(0, &zc, EOPNOTSUPP, NO_ZERO_COPY, "near", "queue 0", "PREFER");
	zc.mode = DMABUFX_XDP_GENERIC;
	open_fails(0, &zc, EOPNOTSUPP, NO_ZERO_COPY, "near", "general");
	assert_fails(dmabufx_xsk_open_all(w->umem, "near", &zc, xsks, 2), EOPNOTSUPP, NO_ZERO_COPY,
		     "near");
	assert_int_equal(prog_at(w, NET_NEAR), 0);
	assert_all_free(w);
	/* Preferred, it says why it copies; forbidden, nothing. */
	xsk = xsk_open(w, NET_NEAR, 0, NULL);
	assert_int_equal(info_of(xsk).zero_copy, 0);
	assert_int_equal(info_of(xsk).why_copy, -EOPNOTSUPP);
	xsk_close(w, NET_NEAR, xsk);
	zc = (struct dmabufx_xsk_opts){ .size = sizeof(zc), .zc = DMABUFX_ZC_FORBID };
	xsk = xsk_open(w, NET_NEAR, 0, &zc);
	assert_int_equal(info_of(xsk).zero_copy, 0);
	assert_int_equal(info_of(xsk).why_copy, 0);
	xsk_close(w, NET_NEAR, xsk);
}

/* A program would be of no use where the driver has no zero copy. */
static void senders_leave_a_veth_as_it_is(void **state)
{
	DMABUFX_OPTS(dmabufx_xsk_opts, tx, .flags = DMABUFX_XSK_NO_RX);
	struct xworld *w = *state;
	struct dmabufx_xsk *xsk = xsk_open(w, NET_NEAR, 0, &tx);

	assert_int_equal(prog_at(w, NET_NEAR), 0);
	assert_int_equal(info_of(xsk).zero_copy, 0);
	assert_int_equal(info_of(xsk).why_copy, -EOPNOTSUPP);
	xsk_close(w, NET_NEAR, xsk);
	tx.zc = DMABUFX_ZC_REQUIRE;
	open_fails(0, &tx, EOPNOTSUPP, NO_ZERO_COPY, "near", "queue 0");
	assert_int_equal(prog_at(w, NET_NEAR), 0);
}

static void options_out_of_range(void **state)
{
	static const struct dmabufx_xsk_opts bad[] = {
		{ .flags = 1u << 9 }, { .flags = DMABUFX_XSK_NO_RX | DMABUFX_XSK_NO_TX },
		{ .zc = 3 },          { .mode = 3 },
		{ .rx_profile = 2 },  { .sleep = 4 },
	};
	static const struct dmabufx_xsk_opts counts[] = {
		{ .rx_frames = 100 }, { .rx_frames = 131072 }, { .tx_frames = 65537 },
		{ .tx_ring = 100 },   { .tx_ring = 131072 },
	};
	struct xworld *w = *state;
	struct dmabufx_xsk_opts o;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		o = bad[i];
		o.size = sizeof(o);
		open_fails(0, &o, EINVAL, BAD_FLAGS, "");
	}
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		o = counts[i];
		o.size = sizeof(o);
		open_fails(0, &o, EINVAL, FRAME_COUNT, "");
	}
	o = (struct dmabufx_xsk_opts){ .size = 4 };
	open_fails(0, &o, EINVAL, OPTS_SIZE, "");
}

static void too_few_frames(void **state)
{
	DMABUFX_OPTS(dmabufx_xsk_opts, many, .rx_frames = 8192, .tx_frames = 1);
	struct xworld *w = *state;

	open_fails(0, &many, ENOSPC, NO_FRAMES, "8192", "larger buffer");
	many.rx_frames = 16384;
	open_fails(0, &many, ENOSPC, NO_FRAMES, "16384");
}

static void queue_of_another_socket(void **state)
{
	DMABUFX_OPTS(dmabufx_xsk_opts, soon, .wait_ms = 50);
	struct xworld *w = *state;
	struct dmabufx_xsk *xsk = xsk_open(w, NET_NEAR, 0, NULL), *both[2] = { NULL };
	uint64_t begin = net_now_ms();

	open_fails(0, &soon, EBUSY, QUEUE_BUSY, "queue 0", "near");
	assert_in_range(net_now_ms() - begin, 50, 2000);
	assert_fails(dmabufx_xsk_open_all(w->umem, "near", &soon, both, 2), EBUSY, QUEUE_BUSY, "");
	xsk_close(w, NET_NEAR, xsk);
}

static void interface_that_is_down(void **state)
{
	DMABUFX_OPTS(dmabufx_xsk_opts, soon, .wait_ms = 50);
	struct xworld *w = *state;

	net_down(w->net, NET_NEAR);
	open_fails(0, NULL, ENETDOWN, INTERFACE_DOWN, "near", "ip link set near up");
	net_up(w->net, NET_NEAR);
	net_wait_carrier(w->net, NET_NEAR);
	net_down(w->net, NET_FAR);
	open_fails(0, &soon, ENETDOWN, INTERFACE_DOWN, "near", "carrier");
	net_up(w->net, NET_FAR);
	/* And one that comes in time. */
	xsk_close(w, NET_NEAR, xsk_open(w, NET_NEAR, 0, NULL));
}

static void program_of_another_ctx(void **state)
{
	struct xworld *w = *state;
	struct dmabufx_ctx *other;
	struct dmabufx_prog *prog;
	uint32_t id;

	assert_int_equal(dmabufx_ctx_new(NULL, &other), 0);
	assert_int_equal(dmabufx_prog_attach(other, "near", NULL, &prog), 0);
	id = prog_at(w, NET_NEAR);
	open_fails(0, NULL, EBUSY, PROG_BUSY, "near");
	assert_int_equal(prog_at(w, NET_NEAR), id);
	dmabufx_prog_unref(prog);
	dmabufx_ctx_unref(other);
	xsk_close(w, NET_NEAR, xsk_open(w, NET_NEAR, 0, NULL));
}

static void program_for_another_interface(void **state)
{
	struct xworld *w = *state;
	DMABUFX_OPTS(dmabufx_xsk_opts, opts);

	net_ip("link", "add", "v0", "type", "veth", "peer", "name", "v1");
	assert_int_equal(dmabufx_prog_attach(w->ctx, "v0", NULL, &opts.prog), 0);
	open_fails(0, &opts, EINVAL, NO_INTERFACE, "near");
	dmabufx_prog_unref(opts.prog);
}

/* Without CAP_IPC_LOCK the limit counts; bits of capabilities, in a child. */
static void drop(unsigned int cap)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	assert_int_equal(syscall(SYS_capget, &head, data), 0);
	data[cap / 32].effective &= ~(1u << cap % 32);
	data[cap / 32].permitted &= ~(1u << cap % 32);
	assert_int_equal(syscall(SYS_capset, &head, data), 0);
}

/* In a process that can't get its privileges back. */
static void in_child(struct xworld *w, void (*run)(struct xworld *w))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		/* A check that fails must not go on with the next test here. */
		setenv("CMOCKA_TEST_ABORT", "1", 1);
		run(w);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void open_with_little_memory(struct xworld *w)
{
	struct rlimit limit = { 1 << 20, 1 << 20 };

	drop(CAP_IPC_LOCK);
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
	open_fails(0, NULL, ENOBUFS, LOCKED_MEMORY, "16777216", "RLIMIT_MEMLOCK");
	assert_int_equal(prog_at(w, NET_NEAR), 0);
	assert_all_free(w);
}

static void memory_limit_is_told(void **state)
{
	in_child(*state, open_with_little_memory);
	assert_int_equal(prog_at(*state, NET_NEAR), 0);
}

static void open_without_privilege(struct xworld *w)
{
	DMABUFX_OPTS(dmabufx_xsk_opts, tx, .flags = DMABUFX_XSK_NO_RX);

	drop(CAP_NET_RAW);
	open_fails(0, &tx, EPERM, PERMISSION, "CAP_NET_RAW", "dmabufx_xsk_open_fd");
	assert_all_free(w);
}

static void no_privilege_is_told(void **state)
{
	in_child(*state, open_without_privilege);
}

static void open_without_bpf(struct xworld *w)
{
	struct dmabufx_xsk *xsk = NULL;
	unsigned int fds = net_fds();

	drop(CAP_BPF);
	drop(CAP_SYS_ADMIN);
	assert_fails(dmabufx_xsk_open(w->umem, "near", 0, NULL, &xsk), EPERM, PERMISSION, "");
	assert_null(xsk);
	assert_int_equal(net_fds(), fds);
	assert_all_free(w);
}

static void no_privilege_for_programs_is_told(void **state)
{
	in_child(*state, open_without_bpf);
}

static void descriptors_that_are_no_sockets(void **state)
{
	struct xworld *w = *state;
	struct dmabufx_xsk *xsk = NULL, *open;
	DMABUFX_OPTS(dmabufx_xsk_opts, opts);
	int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_fails(dmabufx_xsk_open_fd(w->umem, -1, "near", 0, NULL, &xsk), EBADF, BAD_FD, "-1");
	assert_fails(dmabufx_xsk_open_fd(w->umem, 1000, "near", 0, NULL, &xsk), EBADF, BAD_FD,
		     "1000");
	assert_fails(dmabufx_xsk_open_fd(w->umem, udp, "near", 0, NULL, &xsk), ENOTSOCK, NOT_XSK,
		     "");
	assert_fails(dmabufx_xsk_open_fd(w->umem, 0, "near", 0, NULL, &xsk), ENOTSOCK, NOT_XSK, "");
	close(udp);
	open = xsk_open(w, NET_NEAR, 0, NULL);
	assert_int_equal(dmabufx_xsk_open_fd(w->umem, dmabufx_xsk_fd(open), "near", 1, NULL, &xsk),
			 -EBUSY);
	assert_int_equal(dmabufx_prog_attach(w->ctx, "far", NULL, &opts.prog), -ENODEV);
	assert_null(xsk);
	xsk_close(w, NET_NEAR, open);
	assert_fails(dmabufx_xsk_fd(NULL), EINVAL, NULL_ARGUMENT, "xsk");
	assert_null(dmabufx_xsk_close(NULL));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		xsk_case(interface_that_is_not_there),
		xsk_case(queue_beyond_the_count),
		xsk_case(zero_copy_on_a_veth),
		xsk_case(senders_leave_a_veth_as_it_is),
		xsk_case(options_out_of_range),
		xsk_case(too_few_frames),
		xsk_case(queue_of_another_socket),
		xsk_case(interface_that_is_down),
		xsk_case(program_of_another_ctx),
		xsk_case(program_for_another_interface),
		xsk_case(memory_limit_is_told),
		xsk_case(no_privilege_is_told),
		xsk_case(no_privilege_for_programs_is_told),
		xsk_case(descriptors_that_are_no_sockets),
	};

	net_need_privilege();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* libxdp's program and its users: of several processes, and when each system call in turn fails. */
#include "net.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dmabufx/compat/xsk.h"
#include "sys/netdev.h"
#include "sys/sys.h"
#include "xsk/compat_priv.h"

#define WAIT_MS 200
#define NTH_MAX 200

static uint32_t prog_on(uint32_t ifindex)
{
	struct dx_netdev_link link;

	assert_int_equal(dx_netdev_link(dx_sys_linux(), ifindex, &link), 0);
	return link.xdp_prog_id;
}

/* The kernel, but for one call. */
static struct {
	struct dx_sys sys;
	unsigned int calls;
	unsigned int fail_at;
	int err;
} k;

static bool refuse(void)
{
	return ++k.calls == k.fail_at;
}

static int fail_open(struct dx_sys *sys, const char *path, int flags)
{
	return refuse() ? -k.err : dx_sys_linux()->open(sys, path, flags);
}

static int fail_ioctl(struct dx_sys *sys, int fd, unsigned long request, void *arg)
{
	return refuse() ? -k.err : dx_sys_linux()->ioctl(sys, fd, request, arg);
}

static int fail_socket(struct dx_sys *sys, int domain, int type, int protocol)
{
	return refuse() ? -k.err : dx_sys_linux()->socket(sys, domain, type, protocol);
}

static int fail_bind(struct dx_sys *sys, int fd, const void *addr, uint32_t len)
{
	return refuse() ? -k.err : dx_sys_linux()->bind(sys, fd, addr, len);
}

static int fail_setsockopt(struct dx_sys *sys, int fd, int level, int name, const void *value,
			   uint32_t len)
{
	return refuse() ? -k.err : dx_sys_linux()->setsockopt(sys, fd, level, name, value, len);
}

static int fail_getsockopt(struct dx_sys *sys, int fd, int level, int name, void *value,
			   uint32_t *len)
{
	return refuse() ? -k.err : dx_sys_linux()->getsockopt(sys, fd, level, name, value, len);
}

static ssize_t fail_send(struct dx_sys *sys, int fd, const void *buf, size_t len, int flags)
{
	return refuse() ? -k.err : dx_sys_linux()->send(sys, fd, buf, len, flags);
}

static ssize_t fail_recv(struct dx_sys *sys, int fd, void *buf, size_t len, int flags)
{
	return refuse() ? -k.err : dx_sys_linux()->recv(sys, fd, buf, len, flags);
}

static int fail_mmap(struct dx_sys *sys, int fd, uint64_t off, size_t len, int prot, void **ret)
{
	return refuse() ? -k.err : dx_sys_linux()->mmap(sys, fd, off, len, prot, ret);
}

static void fail_nth(unsigned int nth, int err)
{
	k.sys = *dx_sys_linux();
	k.sys.open = fail_open;
	k.sys.ioctl = fail_ioctl;
	k.sys.socket = fail_socket;
	k.sys.bind = fail_bind;
	k.sys.setsockopt = fail_setsockopt;
	k.sys.getsockopt = fail_getsockopt;
	k.sys.send = fail_send;
	k.sys.recv = fail_recv;
	k.sys.mmap = fail_mmap;
	k.calls = 0;
	k.fail_at = nth;
	k.err = err;
}

struct world {
	struct xsk_umem *umem;
	struct xsk_socket *xsk;
	struct xsk_ring_prod fill, tx;
	struct xsk_ring_cons comp, rx;
};

static unsigned char area[1 << 20] __attribute__((aligned(4096)));

/* A UMEM and a socket, with the program; all undone. */
static int round_of(void)
{
	struct world w = { .umem = NULL };
	int err = dx_compat_umem_create(&k.sys, area, sizeof(area), &w.fill, &w.comp, NULL,
					&w.umem);

	if (err)
		return err;
	err = dmabufx_compat_socket_create("near", 0, w.umem, &w.rx, &w.tx, NULL, NULL, NULL, 0,
					   &w.xsk);
	if (!err)
		dmabufx_compat_socket_delete(w.xsk);
	assert_int_equal(dmabufx_compat_umem_delete(w.umem), 0);
	return err;
}

/* What fails while it detaches leaves the program there: a second user finds it, and detaches. */
static void each_call_may_fail(void **state)
{
	static const int errs[] = { EIO, ENOMEM, EPERM };
	struct net *net = net_new(1, 1500);
	unsigned int fds;

	fail_nth(0, 0);
	assert_int_equal(round_of(), 0);
	fds = net_fds();
	for (int e = 0; e < 3; e++) {
		unsigned int nth = 0;

		do {
			int err;

			fail_nth(++nth, errs[e]);
			err = round_of();
			assert_in_range(nth, 1, NTH_MAX);
			if (err)
				assert_int_equal(dmabufx_last_error()->err, err);
			assert_int_equal(net_fds(), fds);
			/* One whose last user couldn't look any more. */
			if (prog_on(net->ifindex[NET_NEAR]))
				net_ip("link", "set", "near", "xdp", "off");
		} while (k.calls >= nth);
		assert_true(nth > 15);
		fail_nth(0, 0);
		assert_int_equal(round_of(), 0);
		assert_int_equal(prog_on(net->ifindex[NET_NEAR]), 0);
	}
	net_free(net);
}

/* Another process that uses the program once, and says by its status whether it could. */
static pid_t use_once(uint32_t ifindex)
{
	struct dx_compat_prog prog;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid)
		return pid;
	if (dx_compat_prog_open(dx_sys_linux(), ifindex, 0, &prog))
		_exit(1);
	dx_compat_prog_close(dx_sys_linux(), &prog);
	_exit(0);
}

static void assert_waits(pid_t pid)
{
	uint64_t until = net_now_ms() + WAIT_MS;
	int status;

	while (net_now_ms() < until) {
		assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
		usleep(1000);
	}
}

static void assert_ends(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* The lock is libxdp's, which attaches and counts under it. */
static void one_process_at_a_time_counts(void **state)
{
	struct net *net = net_new(1, 1500);
	uint32_t ifindex = net->ifindex[NET_NEAR], id;
	struct dx_sys *sys = dx_sys_linux();
	struct dx_compat_prog prog;
	pid_t pid;
	int lock;

	/* libxdp makes its directory when it attaches something. */
	assert_ends(use_once(ifindex));
	lock = dx_compat_lock(sys);
	assert_true(lock >= 0);
	pid = use_once(ifindex);
	assert_waits(pid);
	dx_compat_unlock(sys, lock);
	assert_ends(pid);

	assert_int_equal(dx_compat_prog_open(sys, ifindex, 0, &prog), 0);
	id = prog_on(ifindex);
	lock = dx_compat_lock(sys);
	pid = use_once(ifindex);
	assert_waits(pid);
	dx_compat_unlock(sys, lock);
	assert_ends(pid);
	assert_int_equal(prog_on(ifindex), id);
	dx_compat_prog_close(sys, &prog);
	assert_int_equal(prog_on(ifindex), 0);
	net_free(net);
}

static void set_users(const struct dx_compat_prog *prog, uint32_t users)
{
	uint32_t key = 0;

	assert_int_equal(bpf_map_update_elem(prog->count_fd, &key, &users, 0), 0);
}

/* Who was the last user is about to detach it: nobody begins to use it then. */
static void program_without_users_is_let_go(void **state)
{
	struct net *net = net_new(1, 1500);
	uint32_t ifindex = net->ifindex[NET_NEAR];
	struct dx_sys *sys = dx_sys_linux();
	struct dx_compat_prog prog, other;
	pid_t pid;

	assert_int_equal(dx_compat_prog_open(sys, ifindex, 0, &prog), 0);
	set_users(&prog, 0);
	pid = use_once(ifindex);
	assert_waits(pid);
	net_ip("link", "set", "near", "xdp", "off");
	assert_ends(pid);
	assert_int_equal(prog_on(ifindex), 0);
	dx_compat_prog_close(sys, &prog);

	assert_int_equal(dx_compat_prog_open(sys, ifindex, 0, &prog), 0);
	set_users(&prog, 0);
	assert_fails(dx_compat_prog_open(sys, ifindex, 0, &other), EBUSY, PROG_BUSY, "no user",
		     "detach it");
	set_users(&prog, 1);
	dx_compat_prog_close(sys, &prog);
	assert_int_equal(prog_on(ifindex), 0);
	net_free(net);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_call_may_fail),
		cmocka_unit_test(one_process_at_a_time_counts),
		cmocka_unit_test(program_without_users_is_let_go),
	};

	net_need_privilege();
	cmocka_set_test_filter(getenv("NET_CASES"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}

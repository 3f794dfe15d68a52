// SPDX-License-Identifier: GPL-2.0-or-later
/* What happens to sockets at work: closed and opened, peers, links and programs that go. */
#include "xsk_test.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_xdp.h>
#include <linux/if_link.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/ctx.h"
#include "sys/netdev.h"

static struct lane lane;

static struct lane *lane_between(struct xworld *w, struct dmabufx_xsk *from, struct dmabufx_xsk *to)
{
	memset(&lane, 0, sizeof(lane));
	lane.w = w;
	lane.from = from;
	lane.to = to;
	lane.flow = (struct net_flow){ .from = NET_FAR, .len = 64 };
	return &lane;
}

/* Whatever comes until nothing does, numbers with gaps and all. */
static void empty(struct dmabufx_xsk *xsk)
{
	struct dmabufx_desc *descs;
	uint32_t n;

	while ((n = dmabufx_xsk_rx_burst(xsk, &descs, 64)))
		dmabufx_xsk_rx_release(xsk, descs, n);
}

/*
 * A process that sends from the far end's first queue until it is killed; with breaks, or
 * else each wait for the kernel's other parts takes long.
 */
static pid_t start_flood(struct xworld *w)
{
	struct timespec pause = { .tv_nsec = 100000 };
	int ready[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		static struct lane flood;

		setenv("CMOCKA_TEST_ABORT", "1", 1);
		flood = (struct lane){ .w = w,
				       .from = xsk_open(w, NET_FAR, 0, NULL),
				       .flow = { NET_FAR, 0, 64 } };
		(void)!write(ready[1], "", 1);
		for (;;) {
			lane_send(&flood, 32);
			nanosleep(&pause, NULL);
		}
	}
	assert_true(pid > 0);
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

static void stop_flood(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void reopen(struct xworld *w, const struct dmabufx_xsk_opts *opts)
{
	uint32_t rounds = net_count("NET_ROUNDS", 50);
	unsigned int fds = net_fds();
	pid_t flood = start_flood(w);

	for (uint32_t i = 0; i < rounds; i++) {
		struct dmabufx_xsk *near = xsk_open(w, NET_NEAR, 0, opts);
		struct dmabufx_desc *descs;
		uint32_t got = 0, n;

		while (got < 100) {
			assert_int_equal(dmabufx_xsk_wait(&near, 1, 5000), 1);
			n = dmabufx_xsk_rx_burst(near, &descs, 64);
			got += n;
			/* Every other round, forward: some are on the way when it is closed. */
			if (i % 2)
				n -= dmabufx_xsk_forward(near, near, descs, n);
			dmabufx_xsk_rx_release(near, descs, n);
		}
		xsk_close(w, NET_NEAR, near);
		assert_all_free(w);
		assert_int_equal(net_fds(), fds);
	}
	stop_flood(flood);
}

static void reopened_under_traffic(void **state)
{
	reopen(*state, NULL);
}

static void reopened_under_traffic_generic(void **state)
{
	DMABUFX_OPTS(dmabufx_xsk_opts, opts, .mode = DMABUFX_XDP_GENERIC);

	reopen(*state, &opts);
}

/* The peer's program and socket go with it; the near end goes on with the next peer. */
static void peer_is_killed(void **state)
{
	struct xworld *w = *state;
	struct dmabufx_xsk *near = xsk_open(w, NET_NEAR, 0, NULL), *far;
	uint64_t until;

	for (int i = 0; i < 5; i++) {
		pid_t flood = start_flood(w);

		for (uint32_t got = near->rx_count + 1000; near->rx_count < got;) {
			assert_int_equal(dmabufx_xsk_wait(&near, 1, 5000), 1);
			empty(near);
		}
		stop_flood(flood);
	}
	until = net_now_ms() + 5000;
	while (prog_at(w, NET_FAR) && net_now_ms() < until)
		poll(NULL, 0, 1);
	assert_int_equal(prog_at(w, NET_FAR), 0);
	far = xsk_open(w, NET_FAR, 0, NULL);
	while (dmabufx_xsk_wait(&near, 1, 10))
		empty(near);
	lanes_run(lane_between(w, far, near), 1, 1000);
	assert_idle(near);
	assert_idle(far);
	xsk_close(w, NET_FAR, far);
	xsk_close(w, NET_NEAR, near);
}

static void link_goes_down_and_up(void **state)
{
	struct xworld *w = *state;
	struct dmabufx_xsk *near = xsk_open(w, NET_NEAR, 0, NULL);
	struct dmabufx_xsk *far = xsk_open(w, NET_FAR, 0, NULL);

	for (int i = 0; i < 6; i++) {
		enum net_end end = i % 2 ? NET_FAR : NET_NEAR;

		lanes_run(lane_between(w, far, near), 1, 500);
		net_down(w->net, end);
		/* What is sent now may be lost, and its frames may not. */
		for (int k = 0; k < 20; k++)
			lane_send(lane_between(w, far, NULL), 32);
		net_up(w->net, end);
		net_wait_carrier(w->net, NET_NEAR);
		net_wait_carrier(w->net, NET_FAR);
		while (dmabufx_xsk_tx_pending(far))
			dmabufx_xsk_tx_reap(far);
		while (dmabufx_xsk_wait(&near, 1, 20))
			empty(near);
		assert_idle(near);
		assert_idle(far);
	}
	xsk_close(w, NET_FAR, far);
	xsk_close(w, NET_NEAR, near);
}

static void closed_while_the_link_is_down(void **state)
{
	struct xworld *w = *state;
	struct dmabufx_xsk *near = xsk_open(w, NET_NEAR, 0, NULL);

	net_down(w->net, NET_NEAR);
	lane_send(lane_between(w, near, NULL), 32);
	assert_int_equal(stats_of(near).tx_in_kernel, 32);
	xsk_close(w, NET_NEAR, near);
	assert_all_free(w);
	net_up(w->net, NET_NEAR);
	net_wait_carrier(w->net, NET_NEAR);
	xsk_close(w, NET_NEAR, xsk_open(w, NET_NEAR, 0, NULL));
}

/* Another program takes the place of the user's that redirects: no packets; and back. */
static void program_is_replaced(void **state)
{
	struct xworld *w = *state;
	DMABUFX_OPTS(dmabufx_xsk_opts, opts, .flags = DMABUFX_XSK_NO_PROG);
	struct dmabufx_xsk *near = xsk_open(w, NET_NEAR, 0, &opts);
	struct dmabufx_xsk *far = xsk_open(w, NET_FAR, 0, NULL);
	uint32_t key = 0;

	for (int i = 0; i < 5; i++) {
		struct dmabufx_prog_info info = { .size = sizeof(info) };
		struct dmabufx_prog *prog;
		int fd = dmabufx_xsk_fd(near);

		assert_int_equal(dmabufx_prog_attach(w->ctx, "near", NULL, &prog), 0);
		assert_int_equal(dmabufx_prog_get_info(prog, &info), 0);
		assert_int_equal(bpf_map_update_elem(info.map_fd, &key, &fd, 0), 0);
		lanes_run(lane_between(w, far, near), 1, 1000);
		dmabufx_prog_unref(prog);
		assert_int_equal(prog_at(w, NET_NEAR), 0);
		lanes_run(lane_between(w, far, NULL), 1, 200);
		assert_idle(far);
		assert_int_equal(dmabufx_xsk_wait(&near, 1, 10), 0);
		assert_idle(near);
	}
	xsk_close(w, NET_FAR, far);
	xsk_close(w, NET_NEAR, near);
}

static void starved_receiver_recovers(void **state)
{
	DMABUFX_OPTS(dmabufx_xsk_opts, few, .rx_frames = 64);
	struct xworld *w = *state;
	struct dmabufx_xsk *near = xsk_open(w, NET_NEAR, 0, &few);
	struct dmabufx_xsk *far = xsk_open(w, NET_FAR, 0, NULL);
	struct dmabufx_desc *descs, kept[64];

	for (int i = 0; i < 10; i++) {
		uint32_t have = 0, n;

		/* All frames are the caller's. */
		lanes_run(lane_between(w, far, NULL), 1, 200);
		while (have < 64) {
			assert_int_equal(dmabufx_xsk_wait(&near, 1, 5000), 1);
			n = dmabufx_xsk_rx_burst(near, &descs, 64 - have);
			memcpy(kept + have, descs, n * sizeof(*descs));
			have += n;
			if (have < 64)
				lanes_run(lane_between(w, far, NULL), 1, 10);
		}
		lanes_run(lane_between(w, far, NULL), 1, 100);
		assert_int_equal(stats_of(near).rx_held, 64);
		assert_int_equal(stats_of(near).rx_in_kernel, 0);
		assert_int_equal(dmabufx_xsk_wait(&near, 1, 5), 0);
		dmabufx_xsk_rx_release(near, kept, 64);
		/* The RX ring has room again with the next burst. */
		empty(near);
		assert_idle(near);
		lane_between(w, far, near)->window = 32;
		lanes_run(&lane, 1, 1000);
	}
	assert_true(stats_of(near).drop_fill_empty + stats_of(near).drop_rx_ring_full > 0);
	/* Each loss has one cause. */
	assert_int_equal(stats_of(near).drop_rx_other, 0);
	assert_idle(near);
	xsk_close(w, NET_FAR, far);
	xsk_close(w, NET_NEAR, near);
}

/* What the kernel refuses is told, and comes back at last when the socket is closed. */
static void refused_packets_come_back_at_the_end(void **state)
{
	struct xworld *w = *state;
	struct dmabufx_xsk *far = xsk_open(w, NET_FAR, 0, NULL);
	struct dmabufx_desc desc;

	for (int i = 0; i < 3; i++) {
		assert_int_equal(dmabufx_xsk_tx_alloc(far, &desc, 1), 1);
		desc.len = 3000;
		assert_string_equal(dmabufx_xsk_check(far, &desc, 1,
						      DMABUFX_CHECK_TX | DMABUFX_CHECK_LEN),
				    "a packet is empty, or leaves its frame or the UMEM");
		/* Past the check that ends the program. */
		dx_xsk_submit(far, &desc, 1);
		dmabufx_xsk_kick_tx(far);
	}
	assert_int_equal(stats_of(far).tx_invalid, 3);
	lanes_run(lane_between(w, far, NULL), 1, 5000);
	assert_int_equal(stats_of(far).tx_in_kernel - dmabufx_xsk_tx_pending(far), 0);
	xsk_close(w, NET_FAR, far);
}

/* The socket is made with privilege; all else is done by somebody without. */
static void open_fd_unprivileged(struct xworld *w, int fd, int go, int done)
{
	DMABUFX_OPTS(dmabufx_umem_opts, small, .len = 4 << 20);
	DMABUFX_OPTS(dmabufx_xsk_opts, few, .rx_frames = 256);
	struct dmabufx_ctx *ctx;
	struct dmabufx_buf *buf;
	struct dmabufx_umem *umem;
	struct dmabufx_desc *descs;
	struct dmabufx_xsk *xsk;
	char c;

	assert_int_equal(setgid(65534), 0);
	assert_int_equal(setuid(65534), 0);
	assert_int_equal(dmabufx_ctx_new(NULL, &ctx), 0);
	assert_int_equal(dmabufx_buf_alloc(ctx, 16 << 20, NULL, &buf), 0);
	assert_int_equal(dmabufx_umem_new(ctx, buf, &small, &umem), 0);
	assert_fails(dmabufx_xsk_open(umem, "near", 0, &few, &xsk), EPERM, PERMISSION, "CAP");
	if (dmabufx_xsk_open_fd(umem, fd, "near", 0, &few, &xsk))
		fail_msg("%s", dmabufx_last_error()->text);
	assert_int_equal(write(done, "", 1), 1);
	assert_int_equal(read(go, &c, 1), 1);
	assert_int_equal(dmabufx_xsk_wait(&xsk, 1, 5000), 1);
	assert_int_equal(dmabufx_xsk_rx_burst(xsk, &descs, 1), 1);
	assert_int_equal(dmabufx_xsk_forward(xsk, xsk, descs, 1), 1);
	while (dmabufx_xsk_tx_pending(xsk))
		dmabufx_xsk_tx_reap(xsk);
	dmabufx_xsk_close(xsk);
	dmabufx_umem_unref(umem);
	dmabufx_buf_unref(buf);
	dmabufx_ctx_unref(ctx);
}

static void child_without_privilege_has_a_socket(void **state)
{
	struct dmabufx_prog_info info = { .size = sizeof(info) };
	struct xworld *w = *state;
	struct dmabufx_xsk *far = xsk_open(w, NET_FAR, 0, NULL);
	int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0), go[2], done[2], status;
	struct dmabufx_prog *prog;
	uint32_t key = 0;
	pid_t pid;
	char c;

	assert_true(fd >= 0);
	assert_int_equal(pipe(go), 0);
	assert_int_equal(pipe(done), 0);
	assert_int_equal(dmabufx_prog_attach(w->ctx, "near", NULL, &prog), 0);
	assert_int_equal(dmabufx_prog_get_info(prog, &info), 0);
	pid = fork();
	if (!pid) {
		setenv("CMOCKA_TEST_ABORT", "1", 1);
		open_fd_unprivileged(w, fd, go[0], done[1]);
		_exit(0);
	}
	assert_int_equal(read(done[0], &c, 1), 1);
	assert_int_equal(bpf_map_update_elem(info.map_fd, &key, &fd, 0), 0);
	close(fd);
	lane_send(lane_between(w, far, far), 1);
	assert_int_equal(write(go[1], "", 1), 1);
	assert_int_equal(dmabufx_xsk_wait(&far, 1, 5000), 1);
	lane_receive(&lane);
	assert_int_equal(lane.got, 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	for (int i = 0; i < 2; i++) {
		close(go[i]);
		close(done[i]);
	}
	dmabufx_prog_unref(prog);
	assert_idle(far);
	xsk_close(w, NET_FAR, far);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		xsk_case(reopened_under_traffic),
		xsk_case(reopened_under_traffic_generic),
		xsk_case(peer_is_killed),
		xsk_case(link_goes_down_and_up),
		xsk_case(closed_while_the_link_is_down),
		xsk_case(program_is_replaced),
		xsk_case(starved_receiver_recovers),
		xsk_case(refused_packets_come_back_at_the_end),
		xsk_case(child_without_privilege_has_a_socket),
	};

	net_need_privilege();
	cmocka_set_test_filter(getenv("NET_CASES"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}

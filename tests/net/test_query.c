// SPDX-License-Identifier: GPL-2.0-or-later
/* What AF_XDP is said to be able to do on a veth, and what a query leaves behind: nothing. */
#include "net.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dmabufx/dmabufx.h"

#define QUEUES 2
#define UMEM_LEN 65536

struct world {
	struct net *net;
	struct dmabufx_ctx *ctx;
	unsigned int fds;
};

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->fds = net_fds();
	w->net = net_new(QUEUES, 1500);
	assert_int_equal(dmabufx_ctx_new(NULL, &w->ctx), 0);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	dmabufx_ctx_unref(w->ctx);
	net_free(w->net);
	assert_int_equal(net_fds(), w->fds);
	free(w);
	return 0;
}

static struct dmabufx_xsk_caps ask_name(struct world *w, const char *name)
{
	struct dmabufx_xsk_caps caps = { .size = sizeof(caps) };
	unsigned int fds = net_fds();

	if (dmabufx_xsk_query(w->ctx, name, NULL, &caps))
		fail_msg("%s", dmabufx_last_error()->text);
	assert_int_equal(net_fds(), fds);
	return caps;
}

static struct dmabufx_xsk_caps ask(struct world *w)
{
	return ask_name(w, w->net->ifname[NET_NEAR]);
}

static void expect_at(const struct dmabufx_xsk_answer *a, int result, const char *words, int line)
{
	if (a->result != result || !strstr(a->text, words))
		fail_msg("line %d: answer %d, \"%s\", not %d, \"%s\"", line, a->result, a->text,
			 result, words);
}

#define expect(answer, result, words) expect_at(&caps.answer, result, words, __LINE__)

static void veth_tells_what_it_can(void **state)
{
	struct world *w = *state;
	struct dmabufx_xsk_caps caps = ask(w);

	assert_string_equal(caps.ifname, w->net->ifname[NET_NEAR]);
	assert_string_equal(caps.driver, "veth");
	assert_int_equal(caps.ifindex, w->net->ifindex[NET_NEAR]);
	assert_int_equal(caps.rx_queues, QUEUES);
	assert_int_equal(caps.tx_queues, QUEUES);
	assert_int_equal(caps.mtu, 1500);
	assert_int_equal(caps.prog_id, 0);
	expect(up, 1, "carrier");
	expect(native, 1, "veth runs XDP programs");
	expect(zero_copy, 0, "veth has no zero copy");
	expect(prog_free, 1, "no XDP program");
	/* By copying, which those of a veth can't do without. */
	expect(multi_buffer, 1, "when copying");
	expect(tx_launch_time, 0, "can't");
	net_mtu(w->net, 9000);
	assert_int_equal(ask(w).mtu, 9000);
}

static void loopback_has_no_xdp_of_its_own(void **state)
{
	struct dmabufx_xsk_caps caps = ask_name(*state, "lo");

	assert_string_equal(caps.driver, "");
	assert_int_equal(caps.rx_queues, 1);
	expect(native, 0, "general code");
	expect(zero_copy, 0, "no zero copy");
	expect(multi_buffer, 0, "one frame");
}

static void state_of_the_link_is_told(void **state)
{
	struct world *w = *state;
	struct dmabufx_xsk_caps caps;

	net_down(w->net, NET_FAR);
	caps = ask(w);
	expect(up, 0, "no carrier");
	net_down(w->net, NET_NEAR);
	caps = ask(w);
	expect(up, 0, "ip link set near up");
	expect(native, 1, "runs");
	net_up(w->net, NET_NEAR);
	net_up(w->net, NET_FAR);
	net_wait_carrier(w->net, NET_NEAR);
	caps = ask(w);
	expect(up, 1, "carrier");
}

/* A socket of another program on the queue. */
static int bind_raw(struct world *w, uint32_t queue)
{
	struct sockaddr_xdp addr = { .sxdp_family = AF_XDP,
				     .sxdp_ifindex = w->net->ifindex[NET_NEAR],
				     .sxdp_queue_id = queue };
	static const int rings[] = { XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING, XDP_RX_RING };
	struct xdp_umem_reg reg = { .len = UMEM_LEN, .chunk_size = 4096 };
	int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0), entries = 16;
	void *mem = mmap(NULL, UMEM_LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			 0);

	assert_ptr_not_equal(mem, MAP_FAILED);
	reg.addr = (uintptr_t)mem;
	assert_int_equal(setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &reg, sizeof(reg)), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(setsockopt(fd, SOL_XDP, rings[i], &entries, sizeof(entries)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	/* The kernel holds the pages. */
	munmap(mem, UMEM_LEN);
	return fd;
}

static void socket_on_the_last_queue_is_told(void **state)
{
	struct world *w = *state;
	struct dmabufx_xsk_caps caps;
	int fd = bind_raw(w, QUEUES - 1);

	caps = ask(w);
	expect(zero_copy, -EBUSY, "queue 1 is in use");
	expect(native, 1, "runs");
	close(fd);
	/* The kernel lets go of it some 10 ms later. */
	caps = ask(w);
	expect(zero_copy, 0, "no zero copy");
	fd = bind_raw(w, 0);
	caps = ask(w);
	expect(zero_copy, 0, "no zero copy");
	close(fd);
}

static void queue_is_free_afterwards(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 20; i++)
		ask(w);
	close(bind_raw(w, QUEUES - 1));
}

static void attached_program_is_named(void **state)
{
	DMABUFX_OPTS(dmabufx_prog_opts, generic, .mode = DMABUFX_XDP_GENERIC);
	struct dmabufx_prog_opts *ways[] = { NULL, &generic };
	static const char *const words[] = { "is attached to the driver;",
					     "is attached to the kernel's general code;" };
	struct world *w = *state;

	for (int i = 0; i < 2; i++) {
		struct dmabufx_prog_info info = { .size = sizeof(info) };
		struct dmabufx_xsk_caps caps;
		struct dmabufx_prog *prog;
		char id[48];

		if (dmabufx_prog_attach(w->ctx, w->net->ifname[NET_NEAR], ways[i], &prog) < 0)
			fail_msg("%s", dmabufx_last_error()->text);
		assert_int_equal(dmabufx_prog_get_info(prog, &info), 0);
		caps = ask(w);
		assert_int_equal(caps.prog_id, info.prog_id);
		snprintf(id, sizeof(id), "program %u (dmabufx_", info.prog_id);
		expect(prog_free, 0, id);
		expect(prog_free, 0, words[i]);
		dmabufx_prog_unref(prog);
		caps = ask(w);
		assert_int_equal(caps.prog_id, 0);
		expect(prog_free, 1, "no XDP program");
	}
}

/* By its name, as not every kernel can have the real one. */
static void dispatcher_is_not_in_the_way(void **state)
{
	static const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	struct world *w = *state;
	int ifindex = (int)w->net->ifindex[NET_NEAR];
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "xdp_dispatcher", "GPL", pass, 2, NULL);
	struct dmabufx_xsk_caps caps;

	assert_true(fd >= 0);
	assert_int_equal(bpf_xdp_attach(ifindex, fd, XDP_FLAGS_SKB_MODE, NULL), 0);
	close(fd);
	caps = ask(w);
	assert_int_not_equal(caps.prog_id, 0);
	expect(prog_free, 1, "others can join");
	assert_int_equal(bpf_xdp_detach(ifindex, XDP_FLAGS_SKB_MODE, NULL), 0);
}

/* Its exit status tells what it saw. */
static void without_privilege_all_but_the_try_is_answered(void **state)
{
	struct world *w = *state;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		struct dmabufx_xsk_caps caps = { .size = sizeof(caps) };

		if (setuid(65534) || dmabufx_xsk_query(w->ctx, "near", NULL, &caps))
			_exit(1);
		_exit(caps.zero_copy.result != -EPERM ||
		      !strstr(caps.zero_copy.text, "CAP_NET_RAW") || caps.native.result != 1 ||
		      caps.up.result != 1 || caps.prog_free.result != 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void absent_interface_names_those_there_are(void **state)
{
	struct dmabufx_xsk_caps caps = { .size = sizeof(caps) };
	struct world *w = *state;

	assert_int_equal(dmabufx_xsk_query(w->ctx, "far", NULL, &caps), -ENODEV);
	assert_int_equal(dmabufx_last_error()->reason, DMABUFX_REASON_NO_INTERFACE);
	assert_non_null(strstr(dmabufx_last_error()->text, "'far'"));
	assert_non_null(strstr(dmabufx_last_error()->text, "there are: lo, near"));
	net_enter(w->net, NET_FAR);
	assert_string_equal(ask_name(w, "far").ifname, "far");
	net_enter(w->net, NET_NEAR);
}

#define query_case(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		query_case(veth_tells_what_it_can),
		query_case(loopback_has_no_xdp_of_its_own),
		query_case(state_of_the_link_is_told),
		query_case(socket_on_the_last_queue_is_told),
		query_case(queue_is_free_afterwards),
		query_case(attached_program_is_named),
		query_case(dispatcher_is_not_in_the_way),
		query_case(without_privilege_all_but_the_try_is_answered),
		query_case(absent_interface_names_those_there_are),
	};

	net_need_privilege();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

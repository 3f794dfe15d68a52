// SPDX-License-Identifier: GPL-2.0-or-later
/* What tests of programs share. */
#include "prog_test.h"

#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xdp/libxdp.h>
#include <xdp/xsk.h>

#define FRAMES 256
#define FRAME 2048

/* What libxdp has pinned. */
static unsigned int pinned(void)
{
	DIR *dir = opendir("/sys/fs/bpf/xdp");
	struct dirent *entry;
	unsigned int n = 0;

	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		n += !strncmp(entry->d_name, "dispatch-", strlen("dispatch-"));
	closedir(dir);
	return n;
}

int world_setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->net = net_new(2, 1500);
	w->fds = net_fds();
	assert_int_equal(dmabufx_ctx_new(NULL, &w->ctx), 0);
	*state = w;
	return 0;
}

int world_teardown(void **state)
{
	struct world *w = *state;

	w->ctx = dmabufx_ctx_unref(w->ctx);
	assert_int_equal(net_fds(), w->fds);
	assert_true(nothing_attached(w->net->ifindex[NET_NEAR]));
	assert_int_equal(pinned(), 0);
	net_free(w->net);
	free(w);
	return 0;
}

struct dmabufx_prog *attach(struct world *w, const struct dmabufx_prog_opts *opts)
{
	struct dmabufx_prog *prog = NULL;
	int err = dmabufx_prog_attach(w->ctx, "near", opts, &prog);

	if (err)
		fail_msg("%s: %s", dmabufx_strerror(err), dmabufx_last_error()->text);
	return prog;
}

struct dmabufx_prog_info info_of(struct dmabufx_prog *prog)
{
	struct dmabufx_prog_info info = { .size = sizeof(info) };

	assert_int_equal(dmabufx_prog_get_info(prog, &info), 0);
	return info;
}

const char *object(const char *name)
{
	static char path[4096];
	const char *dir = getenv("NET_OBJECTS");

	snprintf(path, sizeof(path), "%s/user_%s.o", dir ? dir : ".", name);
	return path;
}

static struct bpf_xdp_query_opts query(uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, opts);

	assert_int_equal(bpf_xdp_query((int)ifindex, 0, &opts), 0);
	return opts;
}

uint32_t native_id(uint32_t ifindex)
{
	return query(ifindex).drv_prog_id;
}

uint32_t generic_id(uint32_t ifindex)
{
	return query(ifindex).skb_prog_id;
}

bool nothing_attached(uint32_t ifindex)
{
	uint64_t until = net_now_ms() + 2000;

	/* A killed process's descriptors are closed a moment after it is gone. */
	while (query(ifindex).prog_id) {
		if (net_now_ms() > until)
			return false;
		poll(NULL, 0, 1);
	}
	return true;
}

/* Asked of libxdp, not of the library that is tested. */
static bool libxdp_can(struct world *w)
{
	int ifindex = (int)w->net->ifindex[NET_NEAR];
	struct xdp_program *prog = xdp_program__open_file(object("pass"), "xdp", NULL);
	struct xdp_multiprog *all;
	bool can;

	assert_int_equal(libxdp_get_error(prog), 0);
	assert_int_equal(xdp_program__attach(prog, ifindex, XDP_MODE_NATIVE, 0), 0);
	all = xdp_multiprog__get_from_ifindex(ifindex);
	assert_int_equal(libxdp_get_error(all), 0);
	can = !xdp_multiprog__is_legacy(all);
	xdp_multiprog__close(all);
	assert_int_equal(xdp_program__detach(prog, ifindex, XDP_MODE_UNSPEC, 0), 0);
	xdp_program__close(prog);
	return can;
}

void need_dispatcher(struct world *w)
{
	static int can = -1;

	if (can < 0) {
		unsigned int before = net_fds();

		can = libxdp_can(w);
		w->fds += net_fds() - before; /* libxdp 1.3.1 leaves some open */
	}
	if (can)
		return;
	print_message("SKIP: libxdp can't have its dispatcher here\n");
	skip();
}

void helper_start(struct world *w, struct helper *h, const struct dmabufx_prog_opts *opts)
{
	int tell[2];

	assert_int_equal(pipe(tell), 0);
	h->pid = fork();
	assert_true(h->pid >= 0);
	if (!h->pid) {
		struct dmabufx_prog_info info = { .size = sizeof(info) };
		struct dmabufx_prog *prog;
		struct dmabufx_ctx *ctx;

		if (dmabufx_ctx_new(NULL, &ctx) || dmabufx_prog_attach(ctx, "near", opts, &prog) ||
		    dmabufx_prog_get_info(prog, &info))
			_exit(1);
		if (write(tell[1], &info.prog_id, sizeof(info.prog_id)) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	close(tell[1]);
	assert_int_equal(read(tell[0], &h->prog_id, sizeof(h->prog_id)), sizeof(h->prog_id));
	close(tell[0]);
}

void helper_kill(struct helper *h)
{
	int status;

	assert_int_equal(kill(h->pid, SIGKILL), 0);
	assert_int_equal(waitpid(h->pid, &status, 0), h->pid);
	assert_true(WIFSIGNALED(status));
}

struct raw_xsk {
	void *frames;
	struct xsk_umem *umem;
	struct xsk_socket *xsk;
	struct xsk_ring_prod fill;
	struct xsk_ring_cons done, rx;
};

struct raw_xsk *raw_xsk_new(struct world *w, uint32_t queue)
{
	struct xsk_umem_config how = { .fill_size = FRAMES,
				       .comp_size = FRAMES,
				       .frame_size = FRAME };
	struct xsk_socket_config bind_how = { .rx_size = FRAMES,
					      .libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
					      .bind_flags = XDP_COPY };
	struct raw_xsk *x = calloc(1, sizeof(*x));
	uint64_t until = net_now_ms() + 2000;
	uint32_t at = 0;
	int err;

	assert_non_null(x);
	x->frames = mmap(NULL, FRAMES * FRAME, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	assert_true(x->frames != MAP_FAILED);
	/* The kernel lets go of a closed socket's queue some time later. */
	for (;;) {
		assert_int_equal(xsk_umem__create(&x->umem, x->frames, FRAMES * FRAME, &x->fill,
						  &x->done, &how),
				 0);
		err = xsk_socket__create(&x->xsk, "near", queue, x->umem, &x->rx, NULL, &bind_how);
		if (err != -EBUSY || net_now_ms() > until)
			break;
		xsk_umem__delete(x->umem);
		poll(NULL, 0, 1);
	}
	assert_int_equal(err, 0);
	assert_int_equal(xsk_ring_prod__reserve(&x->fill, FRAMES, &at), FRAMES);
	for (uint32_t i = 0; i < FRAMES; i++)
		*xsk_ring_prod__fill_addr(&x->fill, at + i) = i * FRAME;
	xsk_ring_prod__submit(&x->fill, FRAMES);
	return x;
}

int raw_xsk_fd(const struct raw_xsk *x)
{
	return xsk_socket__fd(x->xsk);
}

void raw_xsk_free(struct raw_xsk *x)
{
	xsk_socket__delete(x->xsk);
	xsk_umem__delete(x->umem);
	munmap(x->frames, FRAMES * FRAME);
	free(x);
}

uint32_t raw_xsk_receive(struct world *w, struct raw_xsk *x, const struct net_flow *flow,
			 uint32_t first, uint32_t n, int ms)
{
	struct pollfd ready = { .fd = raw_xsk_fd(x), .events = POLLIN };
	uint64_t until = net_now_ms() + (uint64_t)ms, now;
	uint32_t have = 0, at = 0, to = 0, seq;

	while (have < n && (now = net_now_ms()) <= until) {
		const struct xdp_desc *desc;
		uint64_t addr;

		if (!xsk_ring_cons__peek(&x->rx, 1, &at)) {
			poll(&ready, 1, (int)(until - now));
			continue;
		}
		desc = xsk_ring_cons__rx_desc(&x->rx, at);
		addr = desc->addr;
		if (net_check(w->net, flow, (char *)x->frames + addr, desc->len, &seq)) {
			assert_int_equal(seq, first + have);
			have++;
		}
		xsk_ring_cons__release(&x->rx, 1);
		assert_int_equal(xsk_ring_prod__reserve(&x->fill, 1, &to), 1);
		*xsk_ring_prod__fill_addr(&x->fill, to) = addr / FRAME * FRAME;
		xsk_ring_prod__submit(&x->fill, 1);
	}
	return have;
}

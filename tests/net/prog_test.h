/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tests of programs share: an interface, a context, another process, a raw socket. */
#ifndef NET_PROG_TEST_H
#define NET_PROG_TEST_H

#include <sys/types.h>

#include "dmabufx/dmabufx.h"
#include "net.h"

struct world {
	struct net *net;
	struct dmabufx_ctx *ctx;
	unsigned int fds;
};

/* Before and after each test; the end checks that nothing is attached, pinned or open. */
int world_setup(void **state);
int world_teardown(void **state);
#define prog_case(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

struct dmabufx_prog *attach(struct world *w, const struct dmabufx_prog_opts *opts);
struct dmabufx_prog_info info_of(struct dmabufx_prog *prog);
/* The path of a compiled user.bpf.c, until the next call. */
const char *object(const char *name);

/* Programs that the kernel runs on an interface, by who runs them; 0: none. */
uint32_t native_id(uint32_t ifindex);
uint32_t generic_id(uint32_t ifindex);
/* Skips the case where libxdp can't have its dispatcher: EXT programs are forbidden, or no BTF. */
void need_dispatcher(struct world *w);
#define in_dispatcher(test)                     \
	static void shared_##test(void **state) \
	{                                       \
		need_dispatcher(*state);        \
		test(state);                    \
	}

/* Until nothing is attached, or 2 s are over. */
bool nothing_attached(uint32_t ifindex);

/* A process that attaches with these options and then sleeps. */
struct helper {
	pid_t pid;
	uint32_t prog_id;
};
void helper_start(struct world *w, struct helper *h, const struct dmabufx_prog_opts *opts);
void helper_kill(struct helper *h);

/* A socket of AF_XDP by libxdp alone, bound to a queue of the near end, without a program. */
struct raw_xsk;
struct raw_xsk *raw_xsk_new(struct world *w, uint32_t queue);
int raw_xsk_fd(const struct raw_xsk *x);
void raw_xsk_free(struct raw_xsk *x);
/* As net_receive(). */
uint32_t raw_xsk_receive(struct world *w, struct raw_xsk *x, const struct net_flow *flow,
			 uint32_t first, uint32_t n, int ms);

#endif

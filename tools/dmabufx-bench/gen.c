// SPDX-License-Identifier: GPL-2.0-or-later
/* The generator: live frames by BPF_PROG_TEST_RUN, each sent by XDP_TX of the far end. */
#include "bench.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FRAMES_AT_ONCE 64
/* One call takes as long as it may: taking down its frames costs 20 ms. */
#define REPEAT (1u << 30)

/* What the program and this process share. */
void gen_load(struct world *world)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, world->bpf)
	{
		if (!strstr(bpf_map__name(map), ".data.control"))
			continue;
		world->map_fd = bpf_map__fd(map);
		world->gen = mmap(NULL, sizeof(*world->gen), PROT_READ | PROT_WRITE, MAP_SHARED,
				  world->map_fd, 0);
		if (world->gen == MAP_FAILED)
			die("the generator's settings can't be mapped: %s", strerror(errno));
		return;
	}
	die("the generator has no settings");
}

static void generate(struct world *world, int prog, uint32_t size)
{
	static uint8_t frame[2048];
	struct xdp_md md = { .data_end = size, .ingress_ifindex = world->ifindex[FAR] };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = size, .ctx_in = &md,
		    .ctx_size_in = sizeof(md), .repeat = (int)REPEAT,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = FRAMES_AT_ONCE);
	int err;

	packet_make(frame, size);
	/* A freeze interrupts it. */
	do
		err = bpf_prog_test_run_opts(prog, &opts);
	while (!err || err == -EINTR || err == -EAGAIN);
	die("live frames can't be made: %s; that needs Linux 5.18", strerror(-err));
}

pid_t gen_start(struct world *world, uint32_t size, uint32_t pps, uint64_t limit)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(world->bpf, "generate");
	pid_t pid;

	if (!world->gen)
		gen_load(world);
	*world->gen = (struct gen_control){
		.interval_ns = pps ? 1000000000u / pps : 0,
		.limit = limit,
		.next = now_ns(),
	};
	pid = fork_tied();
	if (pid)
		return pid;
	signal(SIGTERM, SIG_DFL);
	pin(CPU_PEER);
	world_enter(world->ns[FAR]);
	generate(world, bpf_program__fd(prog), size);
	_exit(BENCH_FAILED);
}

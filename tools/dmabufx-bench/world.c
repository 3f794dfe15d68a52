// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A veth pair between two network namespaces that nobody but this process holds, so
 * that all goes when it does, however it ends.
 */
#include "bench.h"
#include "peer.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CARRIER_MS 5000

extern char **environ;
const char *const world_ifname[2] = { "near", "far" };
static int home = -1;

static void cant(const char *what)
{
	fprintf(stderr, "dmabufx-bench: %s: %s\n", what, strerror(errno));
	exit(BENCH_CANT);
}

void world_may(void)
{
	home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (home < 0)
		cant("/proc/self/ns/net");
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		cant("a mount namespace can't be made; be root");
	if (mount("bpffs", "/sys/fs/bpf", "bpf", 0, "mode=0700"))
		cant("a bpffs can't be mounted in a namespace");
}

void world_enter(int ns)
{
	if (setns(ns, CLONE_NEWNET))
		cant("a network namespace can't be entered");
}

void world_home(void)
{
	world_enter(home);
}

static void ip(const char *const words[])
{
	int status, err;
	pid_t pid;

	err = posix_spawnp(&pid, words[0], NULL, NULL, (char *const *)(uintptr_t)words, environ);
	if (err)
		die("ip(8) can't be run: %s; install iproute2", strerror(err));
	while (waitpid(pid, &status, 0) < 0)
		;
	if (status)
		die("ip %s %s failed", words[1], words[2]);
}

#define IP(...) ip((const char *const[]){ "ip", __VA_ARGS__, NULL })

/* IPv6 talks by itself, and would be counted. */
static int new_ns(void)
{
	static const char knob[] = "/proc/sys/net/ipv6/conf/default/disable_ipv6";
	int fd;

	if (unshare(CLONE_NEWNET))
		cant("a network namespace can't be made; be root");
	fd = open(knob, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, "1", 1) != 1)
		cant(knob);
	if (fd >= 0)
		close(fd);
	fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		cant("/proc/self/ns/net");
	return fd;
}

static void wait_carrier(const struct world *world, int end)
{
	struct ifreq req = { 0 };

	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", world_ifname[end]);
	for (int i = 0; i < CARRIER_MS; i++) {
		if (ioctl(world->ctl[end], SIOCGIFFLAGS, &req))
			cant(world_ifname[end]);
		if ((req.ifr_flags & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING))
			return;
		sleep_ms(1);
	}
	die("%s has no carrier after %d ms", world_ifname[end], CARRIER_MS);
}

static void learn(struct world *world, int end)
{
	world_enter(world->ns[end]);
	world->ctl[end] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	world->ifindex[end] = if_nametoindex(world_ifname[end]);
	if (world->ctl[end] < 0 || !world->ifindex[end])
		cant(world_ifname[end]);
	IP("link", "set", world_ifname[end], "up");
}

static void load(struct world *world)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "dmabufx_bench");

	world->bpf = bpf_object__open_mem(peer_object, peer_object_len, &opts);
	if (!world->bpf || bpf_object__load(world->bpf))
		die("the peer's BPF programs can't be loaded: %s", strerror(errno));
}

void world_new(struct world *world)
{
	char far[64];

	*world = (struct world){ .gen_fd = -1 };
	world->ns[FAR] = new_ns();
	world->ns[NEAR] = new_ns();
	/* The descriptor as another process can open it: there is no name anywhere. */
	snprintf(far, sizeof(far), "/proc/%d/fd/%d", getpid(), world->ns[FAR]);
	/* With equal numbers, the kernel would be a second late with the carrier's news. */
	IP("link", "add", "near", "index", "10", "numrxqueues", "2", "numtxqueues", "2", "type",
	   "veth", "peer", "name", "far", "index", "20", "numrxqueues", "2", "numtxqueues", "2",
	   "netns", far);
	for (int end = 0; end < 2; end++)
		learn(world, end);
	for (int end = 0; end < 2; end++)
		wait_carrier(world, end);
	load(world);
	world_home();
}

void world_attach(struct world *world, const char *prog)
{
	struct bpf_program *found = bpf_object__find_program_by_name(world->bpf, prog);

	world_enter(world->ns[FAR]);
	world->link = bpf_program__attach_xdp(found, (int)world->ifindex[FAR]);
	if (!world->link)
		die("program %s can't be attached: %s", prog, strerror(errno));
	world_home();
}

void world_free(struct world *world)
{
	bpf_link__destroy(world->link);
	bpf_object__close(world->bpf);
	for (int end = 0; end < 2; end++) {
		close(world->ctl[end]);
		close(world->ns[end]);
	}
}

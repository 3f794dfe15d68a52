// SPDX-License-Identifier: GPL-2.0-or-later
/* Namespaces, a veth pair between them, and the ip command that makes it. */
#include "net.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CARRIER_MS 5000

extern char **environ;

uint64_t net_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void leave(const char *what)
{
	printf("SKIP: %s: %s\n", what, strerror(errno));
	exit(NET_SKIP);
}

void net_need_privilege(void)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (home < 0)
		leave("/proc/self/ns/net");
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		leave("a mount namespace can't be made: be root");
	if (mount("bpffs", "/sys/fs/bpf", "bpf", 0, "mode=0700"))
		leave("mounting a bpffs in a namespace");
	if (unshare(CLONE_NEWNET))
		leave("a network namespace can't be made: be root");
	if (setns(home, CLONE_NEWNET))
		leave("going back to the first network namespace");
	close(home);
	if (net_try("ip", "-V"))
		leave("there is no ip command: install iproute2");
}

/* Reads until the end of file or the room's, then the rest for nothing. */
static void drain(int fd, char *text, size_t len)
{
	size_t have = 0;
	char rest[256];
	ssize_t n;

	do {
		n = have + 1 < len ? read(fd, text + have, len - 1 - have) :
				     read(fd, rest, sizeof(rest));
		if (n > 0 && have + 1 < len)
			have += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (len)
		text[have] = '\0';
}

int net_try_words(const char *const words[], char *text, size_t len)
{
	posix_spawn_file_actions_t actions;
	int out[2], status, err;
	pid_t pid;

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out[1], 1);
	posix_spawn_file_actions_adddup2(&actions, out[1], 2);
	err = posix_spawnp(&pid, words[0], &actions, NULL, (char *const *)(uintptr_t)words,
			   environ);
	posix_spawn_file_actions_destroy(&actions);
	close(out[1]);
	if (!err)
		drain(out[0], text, len);
	close(out[0]);
	if (err)
		return 127;
	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

void net_ip_words(const char *const words[])
{
	char text[512];

	if (!net_try_words(words, text, sizeof(text)))
		return;
	for (; *words; words++)
		print_error("%s ", *words);
	fail_msg("failed: %s", text);
}

void net_enter(struct net *net, enum net_end end)
{
	assert_int_equal(setns(net->ns[end], CLONE_NEWNET), 0);
}

/* A descriptor of a new namespace, in which the process then is; no IPv6, which talks by itself. */
static int new_ns(void)
{
	static const char *const knobs[] = { "all", "default" };
	char path[64];
	int fd;

	assert_int_equal(unshare(CLONE_NEWNET), 0);
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", knobs[i]);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0)
			continue; /* a kernel without IPv6 */
		assert_int_equal(write(fd, "1", 1), 1);
		close(fd);
	}
	fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	net_ip("link", "set", "lo", "up");
	return fd;
}

static int request(const char *ifname, unsigned long what, struct ifreq *ret)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;

	assert_true(fd >= 0);
	memset(ret, 0, sizeof(*ret));
	snprintf(ret->ifr_name, sizeof(ret->ifr_name), "%s", ifname);
	err = ioctl(fd, what, ret) ? -errno : 0;
	close(fd);
	return err;
}

static void learn(struct net *net, enum net_end end)
{
	struct ifreq req;

	net_enter(net, end);
	net->ifindex[end] = if_nametoindex(net->ifname[end]);
	assert_int_not_equal(net->ifindex[end], 0);
	assert_int_equal(request(net->ifname[end], SIOCGIFHWADDR, &req), 0);
	memcpy(net->mac[end], req.ifr_hwaddr.sa_data, 6);
}

static bool has_carrier(const char *ifname)
{
	struct ifreq req;

	assert_int_equal(request(ifname, SIOCGIFFLAGS, &req), 0);
	return (req.ifr_flags & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING);
}

void net_wait_carrier(struct net *net, enum net_end end)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
	uint64_t until = net_now_ms() + CARRIER_MS;
	char news[4096];
	int fd;

	net_enter(net, end);
	/* First listen, then look: a change in between is heard. */
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	while (!has_carrier(net->ifname[end])) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };

		if (net_now_ms() >= until)
			fail_msg("%s has no carrier after %d ms", net->ifname[end], CARRIER_MS);
		if (poll(&ready, 1, 100) > 0)
			(void)!recv(fd, news, sizeof(news), MSG_DONTWAIT);
	}
	close(fd);
	net_enter(net, NET_NEAR);
}

static void set_link(struct net *net, enum net_end end, const char *how)
{
	net_enter(net, end);
	net_ip("link", "set", net->ifname[end], how);
	net_enter(net, NET_NEAR);
}

void net_down(struct net *net, enum net_end end)
{
	set_link(net, end, "down");
}

/* The end's carrier is there once the other end is up, too. */
void net_up(struct net *net, enum net_end end)
{
	set_link(net, end, "up");
}

void net_mtu(struct net *net, unsigned int mtu)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", mtu);
	for (int end = 0; end < 2; end++) {
		net_enter(net, end);
		net_ip("link", "set", net->ifname[end], "mtu", text);
	}
	net_enter(net, NET_NEAR);
}

struct net *net_new(unsigned int queues, unsigned int mtu)
{
	struct net *net = calloc(1, sizeof(*net));
	char n[16], size[16], far[64];

	assert_non_null(net);
	snprintf(n, sizeof(n), "%u", queues);
	snprintf(size, sizeof(size), "%u", mtu);
	snprintf(net->ifname[NET_NEAR], sizeof(net->ifname[0]), "near");
	snprintf(net->ifname[NET_FAR], sizeof(net->ifname[0]), "far");
	net->home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_true(net->home >= 0);
	net->ns[NET_FAR] = new_ns();
	net->ns[NET_NEAR] = new_ns();
	/* The descriptor as another process can open it: there is no name anywhere. */
	snprintf(far, sizeof(far), "/proc/%d/fd/%d", getpid(), net->ns[NET_FAR]);
	/* With equal numbers, the kernel would be a second late with the carrier's news. */
	net_ip("link", "add", "near", "index", "10", "numrxqueues", n, "numtxqueues", n, "mtu",
	       size, "type", "veth", "peer", "name", "far", "index", "20", "numrxqueues", n,
	       "numtxqueues", n, "mtu", size, "netns", far);
	for (int end = 0; end < 2; end++) {
		learn(net, end);
		net_ip("address", "add", end == NET_NEAR ? "192.0.2.1/24" : "192.0.2.2/24", "dev",
		       net->ifname[end]);
		net_up(net, end);
	}
	net_wait_carrier(net, NET_FAR);
	net_wait_carrier(net, NET_NEAR);
	return net;
}

void net_free(struct net *net)
{
	if (!net)
		return;
	assert_int_equal(setns(net->home, CLONE_NEWNET), 0);
	close(net->home);
	close(net->ns[NET_NEAR]);
	close(net->ns[NET_FAR]);
	free(net);
}

unsigned int net_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

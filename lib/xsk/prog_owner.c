// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Whether the process that put a program into the dispatcher lives. The kernel
 * keeps such a program when the process dies, so each has a map bound to it that
 * names an abstract Unix socket, which dies with the last process that holds it,
 * however it ends. A process number would mean something else in another PID
 * namespace, and a file would be left behind. Abstract names belong to the network
 * namespace, as interfaces do; where the interface was moved to another one since,
 * nothing can be told, and the program counts as owned.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "sys/sys.h"
#include "xsk/prog_priv.h"

#define MAP_NAME "dmabufx_owner"
#define MAPS_MAX 64

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71 /* asm-generic/socket.h, 5.14 */
#endif

/* Numbers that the kernel gives once between two boots. */
struct owner {
	uint64_t netns;
	uint64_t cookie; /* of the socket */
};

static int open_socket(struct dx_sys *sys, struct owner *ret)
{
	uint32_t len = sizeof(ret->netns);
	int fd = sys->socket(sys, AF_UNIX, SOCK_DGRAM, 0), err;

	if (fd < 0)
		return fd;
	ret->netns = 0; /* a kernel before 5.14 has no number */
	sys->getsockopt(sys, fd, SOL_SOCKET, SO_NETNS_COOKIE, &ret->netns, &len);
	len = sizeof(ret->cookie);
	err = sys->getsockopt(sys, fd, SOL_SOCKET, SO_COOKIE, &ret->cookie, &len);
	if (!err)
		return fd;
	sys->close(sys, fd);
	return err;
}

static int bind_socket(struct dx_sys *sys, int fd, uint64_t cookie)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int len = snprintf(addr.sun_path + 1, sizeof(addr.sun_path) - 1, "dmabufx-prog-%llx",
			   (unsigned long long)cookie);

	return sys->bind(sys, fd, &addr,
			 (uint32_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len));
}

static int bind_map(struct dx_sys *sys, int prog_fd, const struct owner *owner)
{
	int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, MAP_NAME, sizeof(uint32_t), sizeof(*owner), 1,
				 NULL);
	uint32_t key = 0;
	int err;

	if (map < 0)
		return map;
	err = bpf_map_update_elem(map, &key, owner, BPF_ANY);
	if (!err)
		err = bpf_prog_bind_map(prog_fd, map, NULL);
	sys->close(sys, map);
	return err;
}

int dx_prog_own(struct dmabufx_prog *prog, int prog_fd)
{
	struct dx_sys *sys = prog->ctx->sys;
	struct owner owner;
	int fd = open_socket(sys, &owner), err;

	if (fd < 0)
		return fd;
	err = bind_socket(sys, fd, owner.cookie);
	if (!err)
		err = bind_map(sys, prog_fd, &owner);
	if (err) {
		sys->close(sys, fd);
		return err;
	}
	prog->owner_fd = fd;
	return 0;
}

static bool read_owner(struct dx_sys *sys, uint32_t map_id, struct owner *ret)
{
	struct bpf_map_info info = { .id = 0 };
	uint32_t len = sizeof(info), key = 0;
	int fd = bpf_map_get_fd_by_id(map_id);
	bool found;

	if (fd < 0)
		return false;
	found = !bpf_obj_get_info_by_fd(fd, &info, &len) && !strcmp(info.name, MAP_NAME) &&
		info.type == BPF_MAP_TYPE_ARRAY && info.value_size == sizeof(*ret) &&
		!bpf_map_lookup_elem(fd, &key, ret);
	sys->close(sys, fd);
	return found;
}

static bool find_owner(struct dx_sys *sys, uint32_t id, struct owner *ret)
{
	uint32_t maps[MAPS_MAX];
	struct bpf_prog_info info = { .nr_map_ids = MAPS_MAX, .map_ids = (uintptr_t)maps };
	uint32_t len = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(id), err;

	if (fd < 0)
		return false;
	err = bpf_obj_get_info_by_fd(fd, &info, &len);
	sys->close(sys, fd);
	if (err)
		return false;
	for (uint32_t i = 0; i < info.nr_map_ids && i < MAPS_MAX; i++) {
		if (read_owner(sys, maps[i], ret))
			return true;
	}
	return false;
}

bool dx_prog_orphaned(struct dx_sys *sys, uint32_t id)
{
	struct owner owner, own;
	bool orphaned;
	int fd;

	if (!find_owner(sys, id, &owner))
		return false;
	fd = open_socket(sys, &own);
	if (fd < 0)
		return false;
	/* The name is free: who had it is gone. */
	orphaned = own.netns == owner.netns && !bind_socket(sys, fd, owner.cookie);
	sys->close(sys, fd);
	return orphaned;
}

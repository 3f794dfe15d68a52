// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The program behind libxdp's names is libxdp's own, attached as libxdp does it and
 * with its count of users, which is a variable of the program, under libxdp's lock. So
 * whoever uses libxdp and whoever uses this share it, and the last one detaches it.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <xdp/libxdp.h>

#include "base/fail.h"
#include "sys/netdev.h"
#include "sys/sys.h"
#include "xsk/compat_priv.h"
#include "xsk/prog_priv.h"

#define PROG_FILE "xsk_def_xdp_prog.o"
#define PROG_NAME "xsk_def_prog"
#define MAP_NAME "xsks_map"
/* The kernel's name for it is the object's, cut, with the section's behind. */
#define COUNT_SUFFIX ".data"
#define MAPS_MAX 8u
#define DETACH_MS 3000u
#define DETACH_LOOK_MS 10u

static enum xdp_attach_mode mode_of(uint32_t xdp_flags)
{
	if (xdp_flags & XDP_FLAGS_SKB_MODE)
		return XDP_MODE_SKB;
	return xdp_flags & XDP_FLAGS_HW_MODE ? XDP_MODE_HW : XDP_MODE_NATIVE;
}

static bool is_ours(struct dx_sys *sys, uint32_t id)
{
	int fd = bpf_prog_get_fd_by_id(id);
	char name[16] = "";

	if (fd >= 0)
		dx_prog_id(fd, &id, name);
	dx_sys_close(sys, fd);
	return !strcmp(name, PROG_NAME);
}

/* The program's number on the interface, 0: it isn't there. */
static int find_prog(struct dx_sys *sys, uint32_t ifindex, uint32_t *ret)
{
	struct dx_prog_there there;
	int err = dx_prog_look(sys, ifindex, &there);

	*ret = 0;
	if (err)
		return dx_fail_sys(err, "asking for the program of interface %u", ifindex);
	if (there.id && !strcmp(there.name, PROG_NAME))
		*ret = there.id;
	for (uint32_t i = 0; !*ret && i < there.nmembers; i++) {
		if (is_ours(sys, there.members[i]))
			*ret = there.members[i];
	}
	return 0;
}

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), n = strlen(end);

	return len >= n && !strcmp(name + len - n, end);
}

/* Sorts one map of the program: takes the descriptor, or closes it. */
static void take_map(struct dx_sys *sys, uint32_t id, struct dx_compat_prog *prog)
{
	struct bpf_map_info info = { .id = 0 };
	uint32_t len = sizeof(info);
	int fd = bpf_map_get_fd_by_id(id);

	if (fd < 0)
		return;
	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		sys->close(sys, fd);
	else if (info.type == BPF_MAP_TYPE_XSKMAP && !strcmp(info.name, MAP_NAME) &&
		 prog->map_fd < 0)
		prog->map_fd = fd;
	else if (info.type == BPF_MAP_TYPE_ARRAY && ends_with(info.name, COUNT_SUFFIX) &&
		 info.value_size == sizeof(uint32_t) && prog->count_fd < 0)
		prog->count_fd = fd;
	else
		sys->close(sys, fd);
}

static void drop(struct dx_sys *sys, struct dx_compat_prog *prog)
{
	dx_sys_close(sys, prog->map_fd);
	dx_sys_close(sys, prog->count_fd);
	*prog = (struct dx_compat_prog){ .map_fd = -1, .count_fd = -1 };
}

static int find_maps(struct dx_sys *sys, struct dx_compat_prog *prog)
{
	uint32_t ids[MAPS_MAX];
	struct bpf_prog_info info = { .nr_map_ids = MAPS_MAX, .map_ids = (uintptr_t)ids };
	uint32_t len = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(prog->id), err;

	if (fd < 0)
		return dx_fail_sys(fd, "opening program %u", prog->id);
	err = bpf_obj_get_info_by_fd(fd, &info, &len);
	sys->close(sys, fd);
	if (err)
		return dx_fail_sys(err, "asking for the maps of program %u", prog->id);
	for (uint32_t i = 0; i < info.nr_map_ids && i < MAPS_MAX; i++)
		take_map(sys, ids[i], prog);
	if (prog->map_fd < 0 || prog->count_fd < 0)
		return dx_fail(-ENOEXEC, DMABUFX_REASON_PROG_BAD,
			       "program %u is named " PROG_NAME " but has no " MAP_NAME
			       " and no count of its users; detach it",
			       prog->id);
	return 0;
}

static int attach(struct dx_sys *sys, uint32_t ifindex, uint32_t xdp_flags,
		  struct dx_prog_words *words)
{
	struct xdp_program *xdp = xdp_program__find_file(PROG_FILE, NULL, NULL);
	enum xdp_attach_mode mode = mode_of(xdp_flags);
	int err = (int)libxdp_get_error(xdp);
	struct dx_prog_fds fds;
	char said[192];

	if (err)
		return dx_fail(err, DMABUFX_REASON_PROG_MISSING,
			       "libxdp's " PROG_FILE
			       " can't be opened%s; is libxdp installed whole?",
			       dx_prog_said(words, said, sizeof(said)));
	dx_prog_fds_note(&fds, sys, ifindex);
	err = xdp_program__attach(xdp, (int)ifindex, mode, 0);
	/* A driver without XDP, unless it was asked for. */
	if (err == -EOPNOTSUPP && mode == XDP_MODE_NATIVE && !(xdp_flags & XDP_FLAGS_DRV_MODE))
		err = xdp_program__attach(xdp, (int)ifindex, XDP_MODE_SKB, 0);
	dx_prog_fds_reap(&fds, sys);
	xdp_program__close(xdp);
	return err ? dx_fail_sys(err, "attaching libxdp's program to interface %u%s", ifindex,
				 dx_prog_said(words, said, sizeof(said))) :
		     0;
}

/*
 * The program begins with 1 user, so that whoever attaches it needn't count. -EAGAIN: it has
 * none any more, and whoever was the last is about to detach it.
 */
static int count(struct dx_sys *sys, struct dx_compat_prog *prog, int more, uint32_t *ret)
{
	uint32_t key = 0, users = 0;
	int lock = dx_compat_lock(sys), err = bpf_map_lookup_elem(prog->count_fd, &key, &users);

	if (!err && !users) {
		err = -EAGAIN;
	} else if (!err && more) {
		users += (uint32_t)more;
		err = bpf_map_update_elem(prog->count_fd, &key, &users, 0);
	}
	dx_compat_unlock(sys, lock);
	*ret = users;
	return err && err != -EAGAIN ?
		       dx_fail_sys(err, "counting the users of program %u", prog->id) :
		       err;
}

static int open_listening(struct dx_sys *sys, uint32_t xdp_flags, struct dx_compat_prog *prog,
			  struct dx_prog_words *words)
{
	uint32_t users;
	bool fresh;
	int err = find_prog(sys, prog->ifindex, &prog->id);

	if (err)
		return err;
	fresh = !prog->id;
	if (fresh) {
		err = attach(sys, prog->ifindex, xdp_flags, words);
		if (!err)
			err = find_prog(sys, prog->ifindex, &prog->id);
		if (!err && !prog->id)
			err = dx_fail(-ENOENT, DMABUFX_REASON_PROG_MISSING,
				      "libxdp's program isn't on interface %u though it was "
				      "attached; who detaches it?",
				      prog->ifindex);
	}
	if (!err)
		err = find_maps(sys, prog);
	return err ? err : count(sys, prog, fresh ? 0 : 1, &users);
}

/* While another process detaches it, it is looked for anew. */
static int open_waiting(struct dx_sys *sys, uint32_t xdp_flags, struct dx_compat_prog *prog,
			struct dx_prog_words *words)
{
	uint32_t ifindex = prog->ifindex;
	uint64_t until = sys->now_ms(sys) + DETACH_MS;
	int err;

	for (;;) {
		err = open_listening(sys, xdp_flags, prog, words);
		if (err != -EAGAIN)
			return err;
		if (sys->now_ms(sys) >= until)
			return dx_fail(-EBUSY, DMABUFX_REASON_PROG_BUSY,
				       "program %u on interface %u has no user and isn't detached; "
				       "detach it: xdp-loader unload -i %u",
				       prog->id, ifindex, prog->id);
		drop(sys, prog);
		prog->ifindex = ifindex;
		sys->sleep_ms(sys, DETACH_LOOK_MS);
	}
}

int dx_compat_prog_open(struct dx_sys *sys, uint32_t ifindex, uint32_t xdp_flags,
			struct dx_compat_prog *ret)
{
	struct dx_compat_prog prog = { .ifindex = ifindex, .map_fd = -1, .count_fd = -1 };
	struct dx_prog_words words;
	int err;

	/* Which is also the lock of this process: between looking and counting nobody else does. */
	dx_prog_listen(&words);
	err = open_waiting(sys, xdp_flags, &prog, &words);
	dx_prog_listen_end();
	if (err)
		drop(sys, &prog);
	else
		*ret = prog;
	return err;
}

static void detach(struct dx_sys *sys, const struct dx_compat_prog *prog)
{
	struct xdp_program *xdp;
	struct dx_prog_fds fds;
	struct dx_prog_there there;
	uint32_t id;
	int fd;

	/* Somebody may have detached it meanwhile. */
	if (find_prog(sys, prog->ifindex, &id) || id != prog->id ||
	    dx_prog_look(sys, prog->ifindex, &there))
		return;
	fd = bpf_prog_get_fd_by_id(id);
	if (fd < 0)
		return;
	xdp = xdp_program__from_fd(fd);
	sys->close(sys, fd);
	if (libxdp_get_error(xdp))
		return;
	dx_prog_fds_note(&fds, sys, prog->ifindex);
	xdp_program__detach(xdp, (int)prog->ifindex,
			    there.mode == DMABUFX_XDP_GENERIC ? XDP_MODE_SKB : XDP_MODE_NATIVE, 0);
	dx_prog_fds_reap(&fds, sys);
	xdp_program__close(xdp);
}

void dx_compat_prog_close(struct dx_sys *sys, struct dx_compat_prog *prog)
{
	struct dx_prog_words words;
	uint32_t users;

	dx_prog_listen(&words);
	if (!count(sys, prog, -1, &users) && !users)
		detach(sys, prog);
	dx_prog_listen_end();
	drop(sys, prog);
}

int dx_compat_map_set(int map_fd, uint32_t queue, int xsk_fd)
{
	int err = bpf_map_update_elem(map_fd, &queue, &xsk_fd, 0);

	return err ? dx_fail_sys(err, "putting the socket of queue %u into the map", queue) : 0;
}

void dx_compat_map_clear(int map_fd, uint32_t queue)
{
	bpf_map_delete_elem(map_fd, &queue);
}

int dmabufx_compat_prog_setup(int ifindex, int *map_fd)
{
	struct dx_sys *sys = dx_sys_linux();
	struct dx_compat_prog prog;
	int err = dx_compat_prog_open(sys, (uint32_t)ifindex, 0, &prog);

	if (err)
		return err;
	if (map_fd) {
		*map_fd = prog.map_fd;
		prog.map_fd = -1;
	}
	drop(sys, &prog);
	return 0;
}

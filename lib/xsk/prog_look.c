// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is attached to an interface. Members of a dispatcher are read from where
 * libxdp pins them, as its manual says ("Pinning in bpffs"): its own call for that
 * leaves descriptors open in 1.3.1, see prog_reap.c.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>
#include <xdp/libxdp.h>

#include "sys/sys.h"
#include "xsk/prog_priv.h"

#define DISPATCHER "xdp_dispatcher"
#define PINS "/sys/fs/bpf/xdp"

int dx_prog_id(int fd, uint32_t *ret, char name[16])
{
	struct bpf_prog_info info = { .id = 0 };
	uint32_t len = sizeof(info);
	int err = bpf_obj_get_info_by_fd(fd, &info, &len);

	if (err)
		return err;
	*ret = info.id;
	if (name)
		memcpy(name, info.name, 16);
	return 0;
}

static void name_of(struct dx_sys *sys, uint32_t id, char name[16])
{
	int fd = bpf_prog_get_fd_by_id(id);

	if (fd >= 0)
		dx_prog_id(fd, &id, name);
	dx_sys_close(sys, fd);
}

static bool is_link_of(struct dx_sys *sys, uint32_t link_id, uint32_t prog_id)
{
	struct bpf_link_info info = { .id = 0 };
	uint32_t len = sizeof(info);
	int fd = bpf_link_get_fd_by_id(link_id);
	bool yes;

	if (fd < 0)
		return false;
	yes = !bpf_obj_get_info_by_fd(fd, &info, &len) && info.type == BPF_LINK_TYPE_XDP &&
	      info.prog_id == prog_id;
	sys->close(sys, fd);
	return yes;
}

static bool has_link(struct dx_sys *sys, uint32_t prog_id)
{
	for (uint32_t id = 0; !bpf_link_get_next_id(id, &id);) {
		if (is_link_of(sys, id, prog_id))
			return true;
	}
	return false;
}

static void read_pins(struct dx_sys *sys, uint32_t ifindex, struct dx_prog_there *there)
{
	char path[128];
	int fd, err;

	while (there->nmembers < DX_PROG_MEMBERS_MAX) {
		snprintf(path, sizeof(path), PINS "/dispatch-%u-%u/prog%u-prog", ifindex, there->id,
			 there->nmembers);
		fd = bpf_obj_get(path);
		if (fd < 0)
			return;
		err = dx_prog_id(fd, &there->members[there->nmembers], NULL);
		sys->close(sys, fd);
		if (err)
			return;
		there->nmembers++;
	}
}

/* The environment may tell libxdp another place; then it is asked, at the cost above. */
static void ask_libxdp(uint32_t ifindex, struct dx_prog_there *there)
{
	struct xdp_multiprog *all = xdp_multiprog__get_from_ifindex((int)ifindex);
	struct xdp_program *prog = NULL;

	if (libxdp_get_error(all))
		return;
	while (there->nmembers < DX_PROG_MEMBERS_MAX &&
	       (prog = xdp_multiprog__next_prog(prog, all)))
		there->members[there->nmembers++] = xdp_program__id(prog);
	xdp_multiprog__close(all);
}

static void read_members(struct dx_sys *sys, uint32_t ifindex, struct dx_prog_there *there)
{
	if (strcmp(there->name, DISPATCHER))
		return;
	read_pins(sys, ifindex, there);
	if (!there->nmembers)
		ask_libxdp(ifindex, there);
}

int dx_prog_look(struct dx_sys *sys, uint32_t ifindex, struct dx_prog_there *ret)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	int err = bpf_xdp_query((int)ifindex, 0, &query);

	memset(ret, 0, sizeof(*ret));
	if (err)
		return err;
	ret->id = query.drv_prog_id ? query.drv_prog_id :
		  query.skb_prog_id ? query.skb_prog_id :
				      query.prog_id;
	ret->mode = ret->id == query.skb_prog_id ? DMABUFX_XDP_GENERIC : DMABUFX_XDP_NATIVE;
	if (!ret->id)
		return 0;
	name_of(sys, ret->id, ret->name);
	read_members(sys, ifindex, ret);
	/* One whose members are pinned out of sight can't be joined. */
	ret->dispatcher = ret->nmembers;
	ret->link = !ret->dispatcher && has_link(sys, ret->id);
	return 0;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Programs beside others, in libxdp's dispatcher. */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <xdp/libxdp.h>

#include "base/fail.h"
#include "base/log.h"
#include "sys/sys.h"
#include "xsk/prog_priv.h"

#define PROGRAMS_MAX 16

static enum xdp_attach_mode xdp_mode(uint32_t mode)
{
	return mode == DMABUFX_XDP_NATIVE ? XDP_MODE_NATIVE : XDP_MODE_SKB;
}

static void name_of(struct dx_sys *sys, uint32_t id, char name[16])
{
	struct bpf_prog_info info = { .id = 0 };
	uint32_t len = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(id);

	if (fd < 0)
		return;
	if (!bpf_obj_get_info_by_fd(fd, &info, &len))
		memcpy(name, info.name, 16);
	sys->close(sys, fd);
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

int dx_prog_look(struct dx_sys *sys, uint32_t ifindex, struct dx_prog_there *ret)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	struct xdp_multiprog *all;
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
	all = xdp_multiprog__get_from_ifindex((int)ifindex);
	if (!libxdp_get_error(all)) {
		ret->dispatcher = !xdp_multiprog__is_legacy(all);
		xdp_multiprog__close(all);
	}
	ret->link = !ret->dispatcher && has_link(sys, ret->id);
	return 0;
}

/* Programs without a living process: in the dispatcher, or alone where libxdp can have none. */
static unsigned int find_orphans(struct dx_sys *sys, const struct xdp_multiprog *all, uint32_t *ids)
{
	struct xdp_program *prog = NULL;
	unsigned int n = 0;

	if (xdp_multiprog__is_legacy(all)) {
		prog = xdp_multiprog__main_prog(all);
		if (prog && dx_prog_orphaned(sys, xdp_program__id(prog)))
			ids[n++] = xdp_program__id(prog);
		return n;
	}
	while (n < PROGRAMS_MAX && (prog = xdp_multiprog__next_prog(prog, all))) {
		if (dx_prog_orphaned(sys, xdp_program__id(prog)))
			ids[n++] = xdp_program__id(prog);
	}
	return n;
}

static int remove_orphan(uint32_t ifindex, uint32_t id, enum xdp_attach_mode mode)
{
	struct xdp_program *prog = xdp_program__from_id(id);
	int err = (int)libxdp_get_error(prog);

	if (err)
		return err;
	err = xdp_program__detach(prog, (int)ifindex, mode, 0);
	xdp_program__close(prog);
	return err;
}

int dx_prog_sweep(struct dmabufx_ctx *ctx, uint32_t ifindex)
{
	struct xdp_multiprog *all = xdp_multiprog__get_from_ifindex((int)ifindex);
	uint32_t ids[PROGRAMS_MAX];
	enum xdp_attach_mode mode;
	unsigned int n;
	int removed = 0;

	if (libxdp_get_error(all))
		return 0;
	n = find_orphans(ctx->sys, all, ids);
	mode = xdp_multiprog__attach_mode(all);
	xdp_multiprog__close(all);
	for (unsigned int i = 0; i < n; i++) {
		if (remove_orphan(ifindex, ids[i], mode))
			continue;
		dx_info(ctx, "interface %u: removed program %u, whose process is gone", ifindex,
			ids[i]);
		removed++;
	}
	return removed;
}

/* libxdp attaches a program by itself where it can't have its dispatcher. */
static int check_shared(struct dmabufx_prog *prog, const struct dx_prog_words *words)
{
	struct dx_prog_there there;
	char said[192];
	int err = dx_prog_look(prog->ctx->sys, prog->ifindex, &there);

	if (!err && there.dispatcher)
		return 0;
	dx_prog_unshare(prog);
	return dx_fail(-EOPNOTSUPP, DMABUFX_REASON_NO_XDP,
		       "%s: libxdp can't use its dispatcher: it needs a bpffs at /sys/fs/bpf (mount -t bpf bpf /sys/fs/bpf) and a kernel with BTF%s",
		       prog->ifname, dx_prog_said(words, said, sizeof(said)));
}

static int set_shared(struct dmabufx_prog *prog, const struct dmabufx_prog_opts *o)
{
	int err = dx_prog_own(prog, xdp_program__fd(prog->xdp));

	if (err)
		err = dx_fail_sys(err, "marking the program as this process's");
	else
		err = dx_prog_loaded(prog, o);
	if (err)
		dx_prog_unshare(prog);
	return err;
}

static struct xdp_program *take_program(struct dmabufx_prog *prog)
{
	DECLARE_LIBXDP_OPTS(xdp_program_opts, opts, .obj = prog->obj,
			    .prog_name = bpf_program__name(prog->bpf));

	return xdp_program__create(&opts);
}

int dx_prog_share(struct dmabufx_prog *prog, const struct dmabufx_prog_opts *o, uint32_t mode,
		  struct dx_prog_words *words)
{
	struct xdp_program *xdp = take_program(prog);
	int err = (int)libxdp_get_error(xdp);

	if (err)
		return dx_fail_sys(err, "handing the program to libxdp");
	xdp_program__set_xdp_frags_support(xdp, prog->flags & DMABUFX_PROG_FRAGS);
	err = xdp_program__attach(xdp, (int)prog->ifindex, xdp_mode(mode), 0);
	if (err) {
		xdp_program__close(xdp);
		return dx_prog_attach_failed(prog, o, mode, err, words);
	}
	prog->xdp = xdp;
	prog->mode = mode;
	prog->id = xdp_program__id(xdp);
	err = check_shared(prog, words);
	if (!err)
		err = set_shared(prog, o);
	if (!err)
		prog->flags |= DMABUFX_PROG_SHARE;
	return err;
}

void dx_prog_unshare(struct dmabufx_prog *prog)
{
	int err = xdp_program__detach(prog->xdp, (int)prog->ifindex, xdp_mode(prog->mode), 0);

	if (err) {
		/* The interface is gone, or somebody detached all: what libxdp pinned remains. */
		libxdp_clean_references((int)prog->ifindex);
		dx_info(prog->ctx, "%s: detaching program %u: %s", prog->ifname, prog->id,
			dmabufx_strerror(err));
	}
	xdp_program__close(prog->xdp);
	prog->xdp = NULL;
	/* Last: as long as it is attached it has an owner. */
	dx_sys_close(prog->ctx->sys, prog->owner_fd);
	prog->owner_fd = -1;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Programs beside others, in libxdp's dispatcher. */
#include <bpf/bpf.h>
#include <errno.h>
#include <xdp/libxdp.h>

#include "base/fail.h"
#include "base/log.h"
#include "sys/sys.h"
#include "xsk/prog_priv.h"

static enum xdp_attach_mode xdp_mode(uint32_t mode)
{
	return mode == DMABUFX_XDP_NATIVE ? XDP_MODE_NATIVE : XDP_MODE_SKB;
}

/* Programs without a living process: in the dispatcher, or alone where libxdp had none. */
static unsigned int find_orphans(struct dx_sys *sys, const struct dx_prog_there *there,
				 uint32_t *ids)
{
	unsigned int n = 0;

	for (uint32_t i = 0; i < there->nmembers; i++) {
		if (dx_prog_orphaned(sys, there->members[i]))
			ids[n++] = there->members[i];
	}
	if (!there->nmembers && dx_prog_orphaned(sys, there->id))
		ids[n++] = there->id;
	return n;
}

static int detach(struct dx_sys *sys, struct xdp_program *xdp, uint32_t ifindex, uint32_t mode)
{
	struct dx_prog_fds fds;
	int err;

	dx_prog_fds_note(&fds, sys, ifindex);
	err = xdp_program__detach(xdp, (int)ifindex, xdp_mode(mode), 0);
	dx_prog_fds_reap(&fds, sys);
	return err;
}

static int remove_orphan(struct dx_sys *sys, uint32_t ifindex, uint32_t id, uint32_t mode)
{
	int fd = bpf_prog_get_fd_by_id(id), err;
	struct xdp_program *xdp;

	if (fd < 0)
		return fd;
	xdp = xdp_program__from_fd(fd);
	err = (int)libxdp_get_error(xdp);
	sys->close(sys, fd);
	if (err)
		return err;
	err = detach(sys, xdp, ifindex, mode);
	xdp_program__close(xdp);
	return err;
}

unsigned int dx_prog_sweep(struct dmabufx_ctx *ctx, uint32_t ifindex,
			   const struct dx_prog_there *there)
{
	uint32_t ids[DX_PROG_MEMBERS_MAX];
	unsigned int n = find_orphans(ctx->sys, there, ids), removed = 0;

	for (unsigned int i = 0; i < n; i++) {
		if (remove_orphan(ctx->sys, ifindex, ids[i], there->mode))
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
		       "%s: libxdp can't use its dispatcher: it needs a bpffs at /sys/fs/bpf (mount -t bpf bpf /sys/fs/bpf) and a kernel with BTF that lets it load programs of type EXT%s",
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
	struct dx_prog_fds fds;

	if (err)
		return dx_fail_sys(err, "handing the program to libxdp");
	xdp_program__set_xdp_frags_support(xdp, prog->flags & DMABUFX_PROG_FRAGS);
	dx_prog_fds_note(&fds, prog->ctx->sys, prog->ifindex);
	err = xdp_program__attach(xdp, (int)prog->ifindex, xdp_mode(mode), 0);
	dx_prog_fds_reap(&fds, prog->ctx->sys);
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
	int err = detach(prog->ctx->sys, prog->xdp, prog->ifindex, prog->mode);

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

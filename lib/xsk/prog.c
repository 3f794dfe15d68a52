// SPDX-License-Identifier: LGPL-2.1-or-later
/* Programs as the caller and sockets see them. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/opts.h"
#include "sys/ctx.h"
#include "sys/netdev.h"
#include "xsk/prog_priv.h"

#define PORTS_MAX 1024

static int check_kind(const struct dmabufx_prog_opts *o)
{
	if (o->kind > DMABUFX_PROG_FILE)
		return dx_fail(-EINVAL, DMABUFX_REASON_BAD_FLAGS,
			       "kind %u of dmabufx_prog_opts: there are all, ports and file",
			       o->kind);
	if (o->mode > DMABUFX_XDP_GENERIC)
		return dx_fail(-EINVAL, DMABUFX_REASON_BAD_FLAGS,
			       "mode %u of dmabufx_prog_opts: there are auto, native and generic",
			       o->mode);
	return 0;
}

static int check_meta(const struct dmabufx_prog_opts *o)
{
	if (o->kind == DMABUFX_PROG_FILE)
		return dx_fail(-EINVAL, DMABUFX_REASON_BAD_FLAGS,
			       "DMABUFX_PROG_META is for the library's programs; %s writes what it likes before packets",
			       o->path);
	if (o->flags & DMABUFX_PROG_SHARE)
		return dx_fail(-EOPNOTSUPP, DMABUFX_REASON_NO_METADATA,
			       "a program that reads metadata is bound to its interface, and libxdp's dispatcher isn't: leave out DMABUFX_PROG_META or DMABUFX_PROG_SHARE");
	return 0;
}

static int check_opts(const struct dmabufx_prog_opts *o)
{
	const uint32_t known = DMABUFX_PROG_SHARE | DMABUFX_PROG_FRAGS | DMABUFX_PROG_META;
	int err = check_kind(o);

	if (err)
		return err;
	if (o->flags & ~known)
		return dx_fail_flags("dmabufx_prog_opts", o->flags, known);
	if (o->kind == DMABUFX_PROG_PORTS && (!o->ports || !o->nports || o->nports > PORTS_MAX))
		return dx_fail(-EINVAL, DMABUFX_REASON_PORTS,
			       "%u ports to filter: give from 1 to %u in ports and nports",
			       o->nports, PORTS_MAX);
	if (o->kind != DMABUFX_PROG_PORTS && o->nports)
		return dx_fail(-EINVAL, DMABUFX_REASON_PORTS,
			       "%u ports for a program that doesn't filter them: set kind to DMABUFX_PROG_PORTS",
			       o->nports);
	if (o->kind == DMABUFX_PROG_FILE && !o->path)
		return dx_fail_null("path of dmabufx_prog_opts");
	return o->flags & DMABUFX_PROG_META ? check_meta(o) : 0;
}

static int find_interface(struct dmabufx_ctx *ctx, const char *ifname, uint32_t *ret)
{
	int err = dx_netdev_index(ctx->sys, ifname, ret);

	if (err == -ENODEV)
		return dx_fail(-ENODEV, DMABUFX_REASON_NO_INTERFACE,
			       "%s: there is no such interface in this network namespace (ip link)",
			       ifname);
	return err ? dx_fail_sys(err, "asking for interface %s", ifname) : 0;
}

/* ctx locked. */
static int attach(struct dmabufx_ctx *ctx, const char *ifname, const struct dmabufx_prog_opts *o,
		  struct dmabufx_prog **ret)
{
	struct dmabufx_prog *prog;
	uint32_t ifindex;
	int err = find_interface(ctx, ifname, &ifindex);

	if (err)
		return err;
	prog = calloc(1, sizeof(*prog));
	if (!prog)
		return dx_fail_memory();
	prog->ctx = ctx;
	prog->refs = 1;
	prog->ifindex = ifindex;
	prog->kind = o->kind;
	prog->map_fd = -1;
	prog->link_fd = -1;
	prog->owner_fd = -1;
	snprintf(prog->ifname, sizeof(prog->ifname), "%s", ifname);
	err = dx_prog_attach(prog, o);
	if (err) {
		free(prog);
		return err;
	}
	dx_ctx_hold(ctx);
	dx_list_add_tail(&ctx->progs, &prog->link);
	*ret = prog;
	return 0;
}

int dmabufx_prog_attach(struct dmabufx_ctx *ctx, const char *ifname,
			const struct dmabufx_prog_opts *opts, struct dmabufx_prog **ret)
{
	struct dmabufx_prog_opts o;
	int err;

	if (!ctx || !ifname || !ret)
		return dx_fail_null(!ctx ? "ctx" : !ifname ? "ifname" : "ret");
	err = DX_OPTS_TAKE(dmabufx_prog_opts, opts, &o);
	if (!err)
		err = check_opts(&o);
	if (err)
		return err;
	dx_lock(ctx);
	err = attach(ctx, ifname, &o, ret);
	dx_unlock(ctx);
	return err;
}

static struct dmabufx_prog *find_own(struct dmabufx_ctx *ctx, uint32_t ifindex)
{
	struct dx_list *pos;

	dx_list_for_each(pos, &ctx->progs) {
		struct dmabufx_prog *prog = dx_container_of(pos, struct dmabufx_prog, link);

		if (prog->ifindex == ifindex && prog->kind == DMABUFX_PROG_ALL)
			return prog;
	}
	return NULL;
}

int dx_prog_default(struct dmabufx_ctx *ctx, const char *ifname, uint32_t mode, uint32_t flags,
		    struct dmabufx_prog **ret)
{
	const struct dmabufx_prog_opts o = { .mode = mode, .flags = flags };
	struct dmabufx_prog *prog;
	uint32_t ifindex;
	int err = find_interface(ctx, ifname, &ifindex);

	if (err)
		return err;
	prog = find_own(ctx, ifindex);
	if (!prog)
		return attach(ctx, ifname, &o, ret);
	if ((mode != DMABUFX_XDP_AUTO && mode != prog->mode) || flags & ~prog->flags)
		return dx_fail(-EBUSY, DMABUFX_REASON_PROG_BUSY,
			       "%s: the context's program there, %u, is of another mode, or without frags or metadata: close its sockets first, or attach one for all by dmabufx_prog_attach()",
			       ifname, prog->id);
	*ret = dx_prog_hold(prog);
	return 0;
}

struct dmabufx_prog *dx_prog_hold(struct dmabufx_prog *prog)
{
	prog->refs++;
	return prog;
}

void dx_prog_put(struct dmabufx_prog *prog)
{
	if (--prog->refs)
		return;
	dx_prog_detach(prog);
	dx_list_unlink(&prog->link);
	prog->ctx->refs--;
	free(prog);
}

struct dmabufx_prog *dmabufx_prog_unref(struct dmabufx_prog *prog)
{
	struct dmabufx_ctx *ctx;

	if (!prog)
		return NULL;
	ctx = prog->ctx;
	dx_lock(ctx);
	dx_prog_put(prog);
	dx_unlock_reap(ctx);
	return NULL;
}

int dx_prog_insert(struct dmabufx_prog *prog, uint32_t queue, int xsk_fd)
{
	int err = bpf_map_update_elem(prog->map_fd, &queue, &xsk_fd, BPF_NOEXIST);

	if (err == -EEXIST)
		return dx_fail(-EBUSY, DMABUFX_REASON_QUEUE_BUSY,
			       "queue %u of %s: the program redirects it to another socket", queue,
			       prog->ifname);
	if (err == -E2BIG)
		return dx_fail(-EINVAL, DMABUFX_REASON_NO_QUEUE,
			       "queue %u of %s: the program's xsks_map has room for %u queues",
			       queue, prog->ifname, prog->map_len);
	return err ? dx_fail_sys(err, "redirecting queue %u of %s", queue, prog->ifname) : 0;
}

void dx_prog_remove(struct dmabufx_prog *prog, uint32_t queue)
{
	/* The kernel has removed a socket that is closed. */
	bpf_map_delete_elem(prog->map_fd, &queue);
}

int dmabufx_prog_get_info(struct dmabufx_prog *prog, struct dmabufx_prog_info *ret)
{
	struct dmabufx_prog_info info = { .size = sizeof(info) };
	int err;

	if (!prog || !ret)
		return dx_fail_null(prog ? "ret" : "prog");
	err = dx_out_check(ret, "dmabufx_prog_info", sizeof(*ret));
	if (err)
		return err;
	/* Nothing of it changes while the program is attached. */
	memcpy(info.ifname, prog->ifname, sizeof(info.ifname));
	info.ifindex = prog->ifindex;
	info.prog_id = prog->id;
	info.mode = prog->mode;
	info.map_fd = prog->map_fd;
	info.flags = prog->flags;
	*ret = info;
	return 0;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Putting a program on an interface, the best way that there is, and taking it off. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "base/fail.h"
#include "base/log.h"
#include "sys/netdev.h"
#include "sys/sys.h"
#include "xsk/prog_priv.h"

/* linux/if_link.h */
enum {
	UPDATE_IF_NOEXIST = 1 << 0,
	SKB_MODE = 1 << 1,
	DRV_MODE = 1 << 2,
};

/* Somebody attached between the look and the try: look again, so many times. */
#define RACES_MAX 5
#define USUAL_MTU 1500

static uint32_t flags_of(uint32_t mode)
{
	return mode == DMABUFX_XDP_NATIVE ? DRV_MODE : SKB_MODE;
}

static const char *mode_name(uint32_t mode)
{
	return mode == DMABUFX_XDP_NATIVE ? "native" : "generic";
}

static bool is_own(const struct dmabufx_ctx *ctx, uint32_t id)
{
	const struct dx_list *pos;

	dx_list_for_each(pos, &ctx->progs) {
		if (dx_container_of(pos, struct dmabufx_prog, link)->id == id)
			return true;
	}
	return false;
}

static int busy(const struct dmabufx_prog *prog, const struct dx_prog_there *there)
{
	const char *name = there->name[0] ? there->name : "without a name";

	if (is_own(prog->ctx, there->id))
		return dx_fail(-EBUSY, DMABUFX_REASON_PROG_BUSY,
			       "%s: this context has attached program %u (%s) already: use that one, or drop it first",
			       prog->ifname, there->id, name);
	if (there->link)
		return dx_fail(-EBUSY, DMABUFX_REASON_PROG_BUSY,
			       "%s: program %u (%s) is attached by a BPF link: end the process that holds it (bpftool link)",
			       prog->ifname, there->id, name);
	return dx_fail(-EBUSY, DMABUFX_REASON_PROG_BUSY,
		       "%s: program %u (%s) is attached: detach it (ip link set dev %s xdp off), or attach it by libxdp's dispatcher",
		       prog->ifname, there->id, name, prog->ifname);
}

static int too_large(const struct dmabufx_prog *prog, uint32_t mtu,
		     const struct dx_prog_words *words)
{
	char said[192];

	return dx_fail(-ERANGE, DMABUFX_REASON_MTU,
		       "%s: its MTU of %u is too large for a program that takes packets in one buffer: set DMABUFX_PROG_FRAGS, or a smaller MTU (ip link set dev %s mtu 1500)%s",
		       prog->ifname, mtu, prog->ifname, dx_prog_said(words, said, sizeof(said)));
}

static int no_xdp(const struct dmabufx_prog *prog, uint32_t mode, const struct dx_prog_words *words)
{
	char driver[DX_NETDEV_DRIVER_MAX] = "", said[192];

	dx_netdev_driver(prog->ctx->sys, prog->ifname, driver, sizeof(driver));
	if (mode == DMABUFX_XDP_GENERIC)
		return dx_fail(-EOPNOTSUPP, DMABUFX_REASON_NO_XDP,
			       "%s: the kernel takes no XDP program here, not even a generic one%s",
			       prog->ifname, dx_prog_said(words, said, sizeof(said)));
	return dx_fail(-EOPNOTSUPP, DMABUFX_REASON_NO_XDP,
		       "%s: its driver %s runs no XDP program: take DMABUFX_XDP_AUTO or _GENERIC%s",
		       prog->ifname, driver, dx_prog_said(words, said, sizeof(said)));
}

/* veth answers ERANGE, most drivers EINVAL, to a program without frags at a large MTU. */
static bool is_mtu(const struct dmabufx_prog *prog, int err, uint32_t mtu)
{
	return !(prog->flags & DMABUFX_PROG_FRAGS) && mtu > USUAL_MTU &&
	       (err == -ERANGE || err == -EINVAL);
}

int dx_prog_attach_failed(struct dmabufx_prog *prog, const struct dmabufx_prog_opts *o,
			  uint32_t mode, int err, const struct dx_prog_words *words)
{
	struct dx_netdev_link link = { .mtu = 0 };
	char said[192];

	if (dx_prog_verdict(words) || err == -EPERM)
		return dx_prog_refused(prog, o, err, words);
	if (err == -EBUSY || err == -EEXIST)
		return -EAGAIN;
	dx_netdev_link(prog->ctx->sys, prog->ifindex, &link);
	if (is_mtu(prog, err, link.mtu))
		return too_large(prog, link.mtu, words);
	if (err == -EOPNOTSUPP)
		return no_xdp(prog, mode, words);
	if (err == -ENODEV)
		return dx_fail(-ENODEV, DMABUFX_REASON_NO_INTERFACE, "%s: it is gone",
			       prog->ifname);
	return dx_fail_sys(err, "attaching the %s program to %s%s", mode_name(mode), prog->ifname,
			   dx_prog_said(words, said, sizeof(said)));
}

/*
 * Making a link tells no more than an errno. The older way by netlink has words
 * for it, which libbpf prints; should it succeed, it is undone.
 */
static void ask_why(const struct dmabufx_prog *prog, uint32_t mode)
{
	LIBBPF_OPTS(bpf_xdp_attach_opts, opts, .old_prog_fd = bpf_program__fd(prog->bpf));
	int ifindex = (int)prog->ifindex;

	if (!bpf_xdp_attach(ifindex, opts.old_prog_fd, flags_of(mode) | UPDATE_IF_NOEXIST, NULL))
		bpf_xdp_detach(ifindex, flags_of(mode), &opts);
}

static int by_link(struct dmabufx_prog *prog, const struct dmabufx_prog_opts *o, uint32_t mode,
		   struct dx_prog_words *words)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = flags_of(mode));
	int err = dx_prog_load(prog, o, words), fd;

	if (err)
		return err;
	err = dx_prog_id(bpf_program__fd(prog->bpf), &prog->id, NULL);
	if (err)
		return dx_fail_sys(err, "asking for the program's number");
	fd = bpf_link_create(bpf_program__fd(prog->bpf), (int)prog->ifindex, BPF_XDP, &opts);
	if (fd < 0) {
		if (fd != -EBUSY && fd != -EEXIST && fd != -EPERM)
			ask_why(prog, mode);
		return dx_prog_attach_failed(prog, o, mode, fd, words);
	}
	prog->link_fd = fd;
	prog->mode = mode;
	return 0;
}

static int in_mode(struct dmabufx_prog *prog, const struct dmabufx_prog_opts *o, uint32_t mode,
		   bool share)
{
	struct dx_prog_words words;
	int err;

	dx_prog_listen(&words);
	err = dx_prog_open(prog, o, &words);
	if (!err) {
		err = share ? dx_prog_share(prog, o, mode, &words) : by_link(prog, o, mode, &words);
		if (err)
			dx_prog_close(prog);
	}
	dx_prog_listen_end();
	return err;
}

/* Whether the driver's refusal leaves generic XDP to try. */
static bool is_drivers(void)
{
	enum dmabufx_reason reason = dmabufx_last_error()->reason;

	return reason == DMABUFX_REASON_NO_XDP || reason == DMABUFX_REASON_SYSTEM;
}

static int in_modes(struct dmabufx_prog *prog, const struct dmabufx_prog_opts *o,
		    const struct dx_prog_there *there)
{
	bool share = there->id || o->flags & DMABUFX_PROG_SHARE;
	struct dmabufx_error before = *dmabufx_last_error();
	uint32_t mode = o->mode;
	int err;

	if (there->id && mode != DMABUFX_XDP_AUTO && mode != there->mode)
		return dx_fail(-EBUSY, DMABUFX_REASON_PROG_BUSY,
			       "%s: its dispatcher, program %u, is %s: ask for that mode, or detach it (xdp-loader unload %s --all)",
			       prog->ifname, there->id, mode_name(there->mode), prog->ifname);
	if (there->id)
		return in_mode(prog, o, there->mode, share);
	if (o->flags & DMABUFX_PROG_META)
		mode = DMABUFX_XDP_NATIVE;
	if (mode != DMABUFX_XDP_AUTO)
		return in_mode(prog, o, mode, share);
	err = in_mode(prog, o, DMABUFX_XDP_NATIVE, share);
	if (!err || err == -EAGAIN || !is_drivers())
		return err;
	dx_info(prog->ctx, "%s; so it is generic", dmabufx_last_error()->text);
	err = in_mode(prog, o, DMABUFX_XDP_GENERIC, share);
	if (!err)
		dx_fail_restore(&before);
	return err;
}

static int look(struct dmabufx_prog *prog, struct dx_prog_there *ret)
{
	struct dx_prog_words words;
	int err;

	dx_prog_listen(&words);
	err = dx_prog_look(prog->ctx->sys, prog->ifindex, ret);
	if (!err && ret->id && dx_prog_sweep(prog->ctx, prog->ifindex, ret))
		err = dx_prog_look(prog->ctx->sys, prog->ifindex, ret);
	dx_prog_listen_end();
	return err ? dx_fail_sys(err, "asking for programs on %s", prog->ifname) : 0;
}

int dx_prog_attach(struct dmabufx_prog *prog, const struct dmabufx_prog_opts *o)
{
	struct dx_prog_there there;
	int err;

	for (int i = 0; i < RACES_MAX; i++) {
		err = look(prog, &there);
		if (err)
			return err;
		if (there.id && !there.dispatcher)
			return busy(prog, &there);
		err = o->flags & DMABUFX_PROG_META ? dx_prog_meta_check(prog, o, &there) : 0;
		if (!err)
			err = in_modes(prog, o, &there);
		if (err != -EAGAIN)
			return err;
	}
	return busy(prog, &there);
}

void dx_prog_detach(struct dmabufx_prog *prog)
{
	struct dx_prog_words words;

	dx_prog_listen(&words);
	if (prog->xdp)
		dx_prog_unshare(prog);
	/* The last descriptor of the link: the program is off when this returns. */
	dx_sys_close(prog->ctx->sys, prog->link_fd);
	dx_prog_close(prog);
	dx_prog_listen_end();
}

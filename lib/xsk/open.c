// SPDX-License-Identifier: LGPL-2.1-or-later
/* Opening sockets. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fail.h"
#include "base/log.h"
#include "base/num.h"
#include "base/opts.h"
#include "sys/ctx.h"
#include "sys/netdev.h"
#include "sys/sys.h"
#include "xsk/prog_priv.h"
#include "xsk/sock.h"
#include "xsk/xsk_priv.h"

#define CACHE_LINE 64u
#define FRAMES_MAX 65536u
#define RX_HEADERS 1024u
#define RX_PAYLOAD 4096u
#define TX_FRAMES 512u
#define TX_RING_MIN 1024u
#define WAIT_MS 3000u
#define CARRIER_LOOK_US 5000u
#define KNOWN_FLAGS                                                                 \
	(DMABUFX_XSK_NO_RX | DMABUFX_XSK_NO_TX | DMABUFX_XSK_MULTI_BUFFER |         \
	 DMABUFX_XSK_NO_NEED_WAKEUP | DMABUFX_XSK_BUSY_POLL | DMABUFX_XSK_NO_PROG | \
	 DMABUFX_XSK_RX_META | DMABUFX_XSK_TX_TIMESTAMPS | DMABUFX_XSK_ALLOW_RULES)

static int check_opts(const struct dmabufx_xsk_opts *o)
{
	if (o->flags & ~KNOWN_FLAGS)
		return dx_fail_flags("dmabufx_xsk_opts", o->flags, KNOWN_FLAGS);
	if ((o->flags & DMABUFX_XSK_NO_RX) && (o->flags & DMABUFX_XSK_NO_TX))
		return dx_fail(-EINVAL, DMABUFX_REASON_BAD_FLAGS,
			       "a socket that neither receives nor sends is of no use; leave out "
			       "DMABUFX_XSK_NO_RX or DMABUFX_XSK_NO_TX");
	if (o->zc > DMABUFX_ZC_FORBID || o->mode > DMABUFX_XDP_GENERIC ||
	    o->rx_profile > DMABUFX_RX_PAYLOAD || o->sleep > DMABUFX_SLEEP_POLL)
		return dx_fail(-EINVAL, DMABUFX_REASON_BAD_FLAGS,
			       "zc %u, mode %u, rx_profile %u or sleep %u isn't a value of its enum",
			       o->zc, o->mode, o->rx_profile, o->sleep);
	if (o->rx_frames > FRAMES_MAX || (o->rx_frames && !dx_is_pow2(o->rx_frames)))
		return dx_fail(-EINVAL, DMABUFX_REASON_FRAME_COUNT,
			       "rx_frames %u is no power of two up to %u", o->rx_frames,
			       FRAMES_MAX);
	if (o->tx_ring > FRAMES_MAX || (o->tx_ring && !dx_is_pow2(o->tx_ring)))
		return dx_fail(-EINVAL, DMABUFX_REASON_FRAME_COUNT,
			       "tx_ring %u is no power of two up to %u", o->tx_ring, FRAMES_MAX);
	if (o->tx_frames > FRAMES_MAX)
		return dx_fail(-EINVAL, DMABUFX_REASON_FRAME_COUNT, "tx_frames %u is more than %u",
			       o->tx_frames, FRAMES_MAX);
	return 0;
}

static struct dx_xsk *new_xsk(struct dmabufx_umem *umem, const struct dmabufx_xsk_opts *o)
{
	void *memory = calloc(1, sizeof(struct dx_xsk) + CACHE_LINE);
	struct dx_xsk *xsk;

	if (!memory)
		return NULL;
	xsk = (void *)(((uintptr_t)memory + CACHE_LINE - 1) & ~(uintptr_t)(CACHE_LINE - 1));
	xsk->memory = memory;
	xsk->ctx = umem->ctx;
	xsk->umem = umem;
	xsk->fd = -1;
	xsk->always = DMABUFX_RING_NEED_WAKEUP;
	xsk->sleep = o->sleep;
	xsk->timer_us = o->timer_us ? o->timer_us : 50;
	xsk->io.base = umem->base;
	xsk->io.rx.flags = &xsk->never;
	xsk->io.fill.flags = &xsk->never;
	xsk->io.tx.flags = &xsk->never;
	/* A direction that it doesn't have: nothing ever comes, and there is no room. */
	xsk->io.rx.ours_shared = &xsk->nowhere;
	xsk->io.rx.theirs_shared = &xsk->never;
	xsk->io.tx.ours_shared = &xsk->nowhere;
	xsk->io.tx.theirs_shared = &xsk->never;
	xsk->io.tx.mask = UINT32_MAX;
	xsk->info.size = sizeof(xsk->info);
	xsk->info.flags = o->flags;
	if (!(o->flags & DMABUFX_XSK_NO_RX))
		xsk->info.rx_frames = o->rx_frames                        ? o->rx_frames :
				      o->rx_profile == DMABUFX_RX_PAYLOAD ? RX_PAYLOAD :
									    RX_HEADERS;
	if (!(o->flags & DMABUFX_XSK_NO_TX)) {
		xsk->info.tx_frames = o->tx_frames ? o->tx_frames : TX_FRAMES;
		xsk->info.tx_ring = o->tx_ring ? o->tx_ring : TX_RING_MIN;
		while (!o->tx_ring && xsk->info.tx_ring < xsk->info.tx_frames)
			xsk->info.tx_ring *= 2;
	}
	return xsk;
}

static int wait_carrier(struct dx_xsk *xsk, uint64_t until)
{
	struct dx_sys *sys = xsk->ctx->sys;
	const char *ifname = xsk->info.ifname;
	struct dx_netdev_link link;
	int err;

	for (;;) {
		err = dx_netdev_link(sys, xsk->info.ifindex, &link);
		if (err)
			return dx_fail_sys(err, "asking for the state of %s", ifname);
		if (!link.up)
			return dx_fail(-ENETDOWN, DMABUFX_REASON_INTERFACE_DOWN,
				       "%s is down; set it up: ip link set %s up", ifname, ifname);
		if (link.carrier)
			return 0;
		if (sys->now_ms(sys) >= until)
			return dx_fail(-ENETDOWN, DMABUFX_REASON_INTERFACE_DOWN,
				       "%s has no carrier; look at the cable, or at the other end",
				       ifname);
		dx_ctx_pause_us(xsk->ctx, CARRIER_LOOK_US);
	}
}

/* The interface is there, up, has the queue, and a carrier before @until. */
static int find_queue(struct dx_xsk *xsk, const char *ifname, uint64_t until)
{
	struct dx_sys *sys = xsk->ctx->sys;
	struct dmabufx_xsk_info *info = &xsk->info;
	struct dx_netdev_queues queues;
	uint32_t have;
	int err;

	if (strlen(ifname) >= sizeof(info->ifname))
		return dx_fail(-ENODEV, DMABUFX_REASON_NO_INTERFACE,
			       "'%s' can't be an interface: names have up to 15 characters",
			       ifname);
	snprintf(info->ifname, sizeof(info->ifname), "%s", ifname);
	err = dx_netdev_index(sys, ifname, &info->ifindex);
	if (err == -ENODEV)
		return dx_fail(err, DMABUFX_REASON_NO_INTERFACE,
			       "there is no interface %s here; 'ip link' lists them", ifname);
	if (err)
		return dx_fail_sys(err, "looking for interface %s", ifname);
	err = dx_netdev_queues(sys, ifname, &queues);
	if (err)
		return dx_fail_sys(err, "asking %s how many queues it has", ifname);
	have = queues.rx > queues.tx ? queues.rx : queues.tx;
	if (info->flags & DMABUFX_XSK_NO_TX)
		have = queues.rx;
	else if (info->flags & DMABUFX_XSK_NO_RX)
		have = queues.tx;
	if (info->queue >= have)
		return dx_fail(-EINVAL, DMABUFX_REASON_NO_QUEUE,
			       "%s has no queue %u: it has %u, from 0; ethtool -L sets how many",
			       ifname, info->queue, have);
	return wait_carrier(xsk, until);
}

/* Without it drivers would bind, and send nothing: so it copies rather. */
static int find_tx_prog(struct dx_xsk *xsk, const struct dmabufx_xsk_opts *o, uint32_t flags)
{
	struct dmabufx_error before = *dmabufx_last_error();
	int err = dx_prog_for_tx(xsk->ctx, xsk->info.ifname, xsk->info.ifindex, flags, &xsk->prog);

	if (!err || o->zc == DMABUFX_ZC_REQUIRE)
		return err;
	dx_info(xsk->ctx, "%s; so queue %u of %s copies", dmabufx_last_error()->text,
		xsk->info.queue, xsk->info.ifname);
	dx_fail_restore(&before);
	xsk->info.why_copy = err;
	return 0;
}

/* What it became doesn't need the program: the interface is left as it was. */
static void drop_tx_prog(struct dx_xsk *xsk, const struct dmabufx_xsk_opts *o)
{
	if (!xsk->prog || o->prog || xsk->info.rx_frames || xsk->info.zero_copy)
		return;
	dx_prog_put(xsk->prog);
	xsk->prog = NULL;
	xsk->info.mode = DMABUFX_XDP_AUTO;
}

/* Before the queue is bound: some drivers set their queues up anew for a program. */
static int find_prog(struct dx_xsk *xsk, const struct dmabufx_xsk_opts *o, const char *ifname)
{
	uint32_t flags = (o->flags & DMABUFX_XSK_MULTI_BUFFER ? DMABUFX_PROG_FRAGS : 0) |
			 (o->flags & DMABUFX_XSK_RX_META ? DMABUFX_PROG_META : 0);
	int err;

	if (o->prog) {
		if (o->prog->ctx != xsk->ctx)
			return dx_fail(-EXDEV, DMABUFX_REASON_WRONG_CTX,
				       "the program is another context's");
		if (o->prog->ifindex != xsk->info.ifindex)
			return dx_fail(-EINVAL, DMABUFX_REASON_NO_INTERFACE,
				       "the program is attached to another interface than %s",
				       ifname);
		xsk->prog = dx_prog_hold(o->prog);
	} else if (!(o->flags & DMABUFX_XSK_NO_PROG)) {
		err = 0;
		if (!(o->flags & DMABUFX_XSK_NO_RX))
			err = dx_prog_default(xsk->ctx, ifname, o->mode, flags, &xsk->prog);
		else if (o->zc != DMABUFX_ZC_FORBID)
			err = find_tx_prog(xsk, o, flags);
		if (err)
			return err;
	}
	if (!xsk->prog)
		return 0;
	xsk->info.mode = xsk->prog->mode;
	if (xsk->prog->mark && xsk->info.rx_frames) {
		xsk->rx_mark = xsk->prog->mark;
		xsk->info.flags |= DMABUFX_XSK_RX_META;
	}
	return 0;
}

static int make_frames(struct dx_xsk *xsk)
{
	const struct dmabufx_umem *umem = xsk->umem;
	bool pow2 = dx_is_pow2(umem->chunk);
	int err = dx_stretch_take(xsk->umem, xsk, xsk->info.rx_frames, &xsk->rx_frames);

	if (!err)
		err = dx_stretch_take(xsk->umem, xsk, xsk->info.tx_frames, &xsk->tx_frames);
	if (err || !xsk->tx_frames)
		return err;
	/* Behind the frames a list for closing, which then needs no memory. */
	xsk->io.stack = calloc((size_t)xsk->info.tx_frames + xsk->info.tx_ring, sizeof(uint64_t));
	if (!xsk->io.stack)
		return dx_fail_memory();
	/* Of other chunks the beginning can't be told by a mask, so addresses keep the lead. */
	xsk->io.tx_mask = pow2 ? ~((uint64_t)umem->chunk - 1) & DMABUFX_ADDR_MASK :
				 DMABUFX_ADDR_MASK;
	xsk->io.tx_lead = pow2 ? umem->metadata : 0;
	for (uint32_t i = 0; i < xsk->info.tx_frames; i++)
		xsk->io.stack[i] = dx_umem_frame_addr(umem, xsk->tx_frames->first + i) +
				   umem->metadata;
	xsk->io.nstack = xsk->info.tx_frames;
	return 0;
}

/* -1: make one. */
static int find_socket(struct dx_xsk *xsk, int fd)
{
	struct dx_sys *sys = xsk->ctx->sys;

	xsk->fd = fd >= 0 ? sys->dup(sys, fd) : dx_sock_new(sys);
	if (xsk->fd < 0 && fd >= 0)
		return dx_fail(xsk->fd, DMABUFX_REASON_BAD_FD, "descriptor %d can't be duplicated",
			       fd);
	return xsk->fd < 0 ? xsk->fd : 0;
}

static int check_socket(struct dx_xsk *xsk)
{
	struct dx_sys *sys = xsk->ctx->sys;
	int domain = 0;
	uint32_t len = sizeof(domain);

	if (sys->getsockopt(sys, xsk->fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) || domain != AF_XDP)
		return dx_fail(-ENOTSOCK, DMABUFX_REASON_NOT_XSK,
			       "the descriptor is no socket of AF_XDP");
	return 0;
}

static int set_up(struct dx_xsk *xsk, const char *ifname, int fd, const struct dmabufx_xsk_opts *o)
{
	uint64_t until = xsk->ctx->sys->now_ms(xsk->ctx->sys) + (o->wait_ms ? o->wait_ms : WAIT_MS);
	int err = find_queue(xsk, ifname, until);

	if (!err)
		err = find_socket(xsk, fd);
	if (!err && fd >= 0)
		err = check_socket(xsk);
	if (!err)
		err = make_frames(xsk);
	if (!err)
		err = find_prog(xsk, o, ifname);
	if (err)
		return err;
	xsk->io.rx_frames = xsk->info.rx_frames;
	xsk->io.tx_frames = xsk->info.tx_frames;
	err = dx_xsk_rings(xsk);
	if (!err)
		err = dx_xsk_bind(xsk, o, until);
	if (!err)
		drop_tx_prog(xsk, o);
	if (!err && xsk->prog && xsk->info.rx_frames)
		err = dx_prog_insert(xsk->prog, xsk->info.queue, xsk->fd);
	/* Drivers that set their queues up anew lose the link for a while. */
	if (!err)
		err = wait_carrier(xsk, until);
	return err;
}

static int open_locked(struct dmabufx_umem *umem, int fd, const char *ifname, uint32_t queue,
		       const struct dmabufx_xsk_opts *o, struct dx_xsk **ret)
{
	struct dx_xsk *xsk = new_xsk(umem, o);
	int err;

	if (!xsk)
		return dx_fail_memory();
	xsk->info.queue = queue;
	/* It waits without the lock. */
	umem->refs++;
	err = set_up(xsk, ifname, fd, o);
	if (err) {
		dx_xsk_free(xsk);
		dx_umem_put(umem);
		return err;
	}
	dx_list_add_tail(&umem->xsks, &xsk->link);
	*ret = xsk;
	return 0;
}

static int open_checked(struct dmabufx_umem *umem, int fd, const char *ifname, uint32_t queue,
			const struct dmabufx_xsk_opts *opts, struct dmabufx_xsk **ret)
{
	struct dmabufx_xsk_opts o;
	struct dx_xsk *xsk = NULL;
	struct dmabufx_ctx *ctx;
	int err;

	if (!umem || !ifname || !ret)
		return dx_fail_null(!umem ? "umem" : !ifname ? "ifname" : "ret");
	err = DX_OPTS_TAKE(dmabufx_xsk_opts, opts, &o);
	if (!err)
		err = check_opts(&o);
	if (err)
		return err;
	if (fd >= 0 && o.prog)
		return dx_fail(-EINVAL, DMABUFX_REASON_BAD_FLAGS,
			       "a socket that somebody else made has his program, not prog");
	if (fd >= 0)
		o.flags |= DMABUFX_XSK_NO_PROG;
	err = dx_xsk_meta_check(umem, &o);
	if (err)
		return err;
	ctx = umem->ctx;
	dx_lock(ctx);
	err = open_locked(umem, fd, ifname, queue, &o, &xsk);
	dx_unlock_reap(ctx);
	if (!err)
		*ret = &xsk->io;
	return err;
}

int dmabufx_xsk_open(struct dmabufx_umem *umem, const char *ifname, uint32_t queue,
		     const struct dmabufx_xsk_opts *opts, struct dmabufx_xsk **ret)
{
	return open_checked(umem, -1, ifname, queue, opts, ret);
}

int dmabufx_xsk_open_fd(struct dmabufx_umem *umem, int fd, const char *ifname, uint32_t queue,
			const struct dmabufx_xsk_opts *opts, struct dmabufx_xsk **ret)
{
	if (fd < 0)
		return dx_fail(-EBADF, DMABUFX_REASON_BAD_FD, "descriptor %d is no open one", fd);
	return open_checked(umem, fd, ifname, queue, opts, ret);
}

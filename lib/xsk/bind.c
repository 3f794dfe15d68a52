// SPDX-License-Identifier: LGPL-2.1-or-later
/* Binding a socket to its queue: the best way there is, when the kernel lets go of it. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fail.h"
#include "base/log.h"
#include "sys/ctx.h"
#include "sys/netdev.h"
#include "sys/sys.h"
#include "uapi/if_xdp.h"
#include "xsk/sock.h"
#include "xsk/xsk_priv.h"

/* What is in a chunk before the MTU begins to count. */
#define ETHERNET_HEAD 18u
#define IGB_UNIT 1024u

static int bind_once(const struct dx_xsk *xsk, uint32_t flags, int shared_fd)
{
	struct sockaddr_xdp addr = {
		.sxdp_family = AF_XDP,
		.sxdp_flags = (uint16_t)flags,
		.sxdp_ifindex = xsk->info.ifindex,
		.sxdp_queue_id = xsk->info.queue,
		.sxdp_shared_umem_fd = shared_fd < 0 ? 0 : (uint32_t)shared_fd,
	};

	return xsk->ctx->sys->bind(xsk->ctx->sys, xsk->fd, &addr, sizeof(addr));
}

static int explain(const struct dx_xsk *xsk, int err, uint32_t zc)
{
	const struct dmabufx_xsk_info *info = &xsk->info;

	switch (err) {
	case -EBUSY:
		return dx_fail(err, DMABUFX_REASON_QUEUE_BUSY,
			       "queue %u of %s has another socket; close that, or use another queue",
			       info->queue, info->ifname);
	case -ENETDOWN:
		return dx_fail(err, DMABUFX_REASON_INTERFACE_DOWN,
			       "%s is down; set it up: ip link set %s up", info->ifname,
			       info->ifname);
	case -ENODEV:
		return dx_fail(err, DMABUFX_REASON_NO_INTERFACE, "%s is gone", info->ifname);
	case -EPERM:
		return dx_fail(err, DMABUFX_REASON_PERMISSION,
			       "binding to queue %u of %s isn't allowed", info->queue,
			       info->ifname);
	}
	if (zc == DMABUFX_ZC_REQUIRE)
		return dx_fail(-EOPNOTSUPP, DMABUFX_REASON_NO_ZERO_COPY,
			       "queue %u of %s can't do without copying (%s); 'dmabufx xsk query %s' "
			       "says why, or allow copying by DMABUFX_ZC_PREFER",
			       info->queue, info->ifname, dmabufx_strerror(err), info->ifname);
	if (info->flags & DMABUFX_XSK_MULTI_BUFFER)
		return dx_fail(err, DMABUFX_REASON_NO_XDP,
			       "queue %u of %s can't be bound for packets of several frames (%s); "
			       "that needs Linux 6.6 and a driver for it",
			       info->queue, info->ifname, dmabufx_strerror(err));
	return dx_fail_sys(err, "binding to queue %u of %s", info->queue, info->ifname);
}

/*
 * A socket of this UMEM whose registration can be shared: the kernel then binds the
 * same way as that one did, so it must have what is asked for. One that copies since it
 * was told to doesn't say what the driver can do.
 */
static struct dx_xsk *donor(const struct dx_xsk *xsk, uint32_t zc)
{
	const uint32_t must_match = DMABUFX_XSK_MULTI_BUFFER | DMABUFX_XSK_NO_NEED_WAKEUP;
	struct dx_list *at;

	dx_list_for_each(at, &xsk->umem->xsks) {
		struct dx_xsk *other = dx_container_of(at, struct dx_xsk, link);
		bool same_dev = other->info.ifindex == xsk->info.ifindex;

		if ((other->info.flags ^ xsk->info.flags) & must_match)
			continue;
		if (other->info.zero_copy ?
			    zc != DMABUFX_ZC_FORBID :
			    zc == DMABUFX_ZC_FORBID ||
				    (zc == DMABUFX_ZC_PREFER && same_dev && other->info.why_copy))
			return other;
	}
	return NULL;
}

/* 0: bound; -EAGAIN: not by sharing. A socket with a registration of its own can't. */
static int bind_shared(struct dx_xsk *xsk, uint32_t zc)
{
	struct dx_xsk *other = xsk->registered ? NULL : donor(xsk, zc);
	int err;

	if (!other)
		return -EAGAIN;
	err = bind_once(xsk, XDP_SHARED_UMEM, other->fd);
	if (err) {
		dx_debug(xsk->ctx, "queue %u of %s doesn't share a UMEM: %s", xsk->info.queue,
			 xsk->info.ifname, dmabufx_strerror(err));
		return err == -EBUSY ? err : -EAGAIN;
	}
	xsk->info.shared = 1;
	if (!xsk->info.why_copy)
		xsk->info.why_copy = other->info.why_copy;
	return 0;
}

/*
 * Cards of igb receive into whole KiB, and its code for zero copy hands on what didn't
 * fit as packets of their own: seen on 6.18, drivers/net/ethernet/intel/igb.
 */
static int check_driver(const struct dx_xsk *xsk)
{
	const struct dmabufx_umem *umem = xsk->umem;
	uint32_t room = (umem->chunk - umem->headroom - DX_XDP_HEADROOM) & ~(IGB_UNIT - 1);
	struct dx_sys *sys = xsk->ctx->sys;
	char driver[DX_NETDEV_DRIVER_MAX];
	struct dx_netdev_link link;

	if (!xsk->info.rx_frames ||
	    dx_netdev_driver(sys, xsk->info.ifname, driver, sizeof(driver)) ||
	    strcmp(driver, "igb") != 0 || dx_netdev_link(sys, xsk->info.ifindex, &link) ||
	    link.mtu + ETHERNET_HEAD <= room)
		return 0;
	return dx_fail(-EOPNOTSUPP, DMABUFX_REASON_CHUNK_SIZE,
		       "%s cuts packets without copying: igb uses whole KiB, of chunks of %u %u bytes, "
		       "and an MTU of %u needs more; use chunks of 4096",
		       xsk->info.ifname, umem->chunk, room, link.mtu);
}

static int bind_own(struct dx_xsk *xsk, uint32_t zc)
{
	uint32_t flags = 0;
	int err;

	if (!(xsk->info.flags & DMABUFX_XSK_NO_NEED_WAKEUP))
		flags |= XDP_USE_NEED_WAKEUP;
	if (xsk->info.flags & DMABUFX_XSK_MULTI_BUFFER)
		flags |= XDP_USE_SG;
	if (zc != DMABUFX_ZC_FORBID) {
		err = bind_once(xsk, flags | XDP_ZEROCOPY, -1);
		if (!err || err == -EBUSY || zc == DMABUFX_ZC_REQUIRE)
			return err;
		xsk->info.why_copy = err;
	}
	return bind_once(xsk, flags | XDP_COPY, -1);
}

/*
 * The kernel lets go of a queue some 10 ms after its socket was closed. Who waits for that
 * leaves others at work, so whose registration can be shared is looked up again.
 */
static int bind_until(struct dx_xsk *xsk, uint32_t zc, uint64_t until)
{
	struct dx_sys *sys = xsk->ctx->sys;
	int err;

	for (;;) {
		err = bind_shared(xsk, zc);
		if (err == -EAGAIN && !xsk->registered) {
			err = dx_xsk_register(xsk);
			if (err)
				return err;
			xsk->registered = true;
		}
		if (xsk->registered)
			err = bind_own(xsk, zc);
		if (err != -EBUSY || sys->now_ms(sys) >= until)
			return err ? explain(xsk, err, zc) : 0;
		dx_ctx_pause_us(xsk->ctx, DX_SOCK_RETRY_US);
	}
}

static void set_busy_poll(struct dx_xsk *xsk, const struct dmabufx_xsk_opts *o)
{
	struct dx_sys *sys = xsk->ctx->sys;
	int on = 1, us = o->busy_poll_us ? (int)o->busy_poll_us : 20;
	int budget = o->busy_budget ? (int)o->busy_budget : 64;

	/* Without a NAPI each call would be for nothing. */
	if (!xsk->info.napi_id ||
	    sys->setsockopt(sys, xsk->fd, SOL_SOCKET, SO_PREFER_BUSY_POLL, &on, sizeof(on)) ||
	    sys->setsockopt(sys, xsk->fd, SOL_SOCKET, SO_BUSY_POLL, &us, sizeof(us)) ||
	    sys->setsockopt(sys, xsk->fd, SOL_SOCKET, SO_BUSY_POLL_BUDGET, &budget,
			    sizeof(budget))) {
		xsk->info.flags &= ~DMABUFX_XSK_BUSY_POLL;
		return;
	}
	/* The kernel doesn't ask for it, and works only then. */
	xsk->io.fill.flags = &xsk->always;
	xsk->io.tx.flags = &xsk->always;
}

/* What it became, and settings that only count once it is bound. */
static int learn(struct dx_xsk *xsk, const struct dmabufx_xsk_opts *o)
{
	struct dx_sys *sys = xsk->ctx->sys;
	struct xdp_options options = { 0 };
	uint32_t len = sizeof(options), napi = 0, napi_len = sizeof(napi);
	int err = sys->getsockopt(sys, xsk->fd, SOL_XDP, XDP_OPTIONS, &options, &len);

	if (err)
		return dx_fail_sys(err, "asking whether queue %u of %s copies", xsk->info.queue,
				   xsk->info.ifname);
	xsk->info.zero_copy = !!(options.flags & XDP_OPTIONS_ZEROCOPY);
	/* Of a kernel that doesn't know it, and of a budget that it finds too small: 32. */
	xsk->info.tx_budget = 32;
	if (!xsk->info.zero_copy && xsk->info.tx_ring &&
	    !sys->setsockopt(sys, xsk->fd, SOL_XDP, XDP_MAX_TX_SKB_BUDGET, &xsk->info.tx_ring,
			     sizeof(xsk->info.tx_ring)))
		xsk->info.tx_budget = xsk->info.tx_ring;
	if (!sys->getsockopt(sys, xsk->fd, SOL_SOCKET, SO_INCOMING_NAPI_ID, &napi, &napi_len))
		xsk->info.napi_id = napi;
	if (xsk->info.flags & DMABUFX_XSK_NO_NEED_WAKEUP) {
		xsk->io.fill.flags = &xsk->never;
		xsk->io.tx.flags = &xsk->always;
	}
	if (xsk->info.flags & DMABUFX_XSK_BUSY_POLL)
		set_busy_poll(xsk, o);
	return 0;
}

int dx_xsk_bind(struct dx_xsk *xsk, const struct dmabufx_xsk_opts *o, uint64_t until)
{
	/* Reasons not to try are known already, if there are some. */
	uint32_t zc = xsk->info.why_copy ? DMABUFX_ZC_FORBID : o->zc;
	int err;

	/* The general code has copied before the socket sees the packet. */
	if (xsk->info.mode == DMABUFX_XDP_GENERIC) {
		if (zc == DMABUFX_ZC_REQUIRE)
			return dx_fail(-EOPNOTSUPP, DMABUFX_REASON_NO_ZERO_COPY,
				       "%s runs its program in the kernel's general code, which "
				       "copies; zero copy needs a driver with XDP",
				       xsk->info.ifname);
		zc = DMABUFX_ZC_FORBID;
	}
	err = zc == DMABUFX_ZC_FORBID ? 0 : check_driver(xsk);
	if (err && zc == DMABUFX_ZC_REQUIRE)
		return err;
	if (err) {
		dx_info(xsk->ctx, "%s", dmabufx_last_error()->text);
		xsk->info.why_copy = err;
		zc = DMABUFX_ZC_FORBID;
	}
	err = bind_until(xsk, zc, until);
	if (err)
		return err;
	xsk->bound = true;
	err = learn(xsk, o);
	return err ? err : dx_xsk_meta_learn(xsk);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* The program of a queue that only sends. */
#include "base/fail.h"
#include "sys/netdev.h"
#include "uapi/netdev.h"
#include "xsk/prog_priv.h"

/* Whatever it does with what is received. */
static struct dmabufx_prog *find_native(struct dmabufx_ctx *ctx, uint32_t ifindex)
{
	struct dx_list *pos;

	dx_list_for_each(pos, &ctx->progs) {
		struct dmabufx_prog *prog = dx_container_of(pos, struct dmabufx_prog, link);

		if (prog->ifindex == ifindex && prog->mode == DMABUFX_XDP_NATIVE)
			return prog;
	}
	return NULL;
}

static bool has_native(struct dx_sys *sys, uint32_t ifindex)
{
	struct dx_netdev_link link;

	return !dx_netdev_link(sys, ifindex, &link) &&
	       (link.xdp_mode == XDP_ATTACHED_DRV || link.xdp_mode == XDP_ATTACHED_MULTI);
}

/*
 * igb and others of Intel's bind a queue without a program, and then send nothing:
 * igb_xsk_pool() and its kin answer NULL. A driver without zero copy needs none.
 */
int dx_prog_for_tx(struct dmabufx_ctx *ctx, const char *ifname, uint32_t ifindex, uint32_t flags,
		   struct dmabufx_prog **ret)
{
	struct dmabufx_prog *own = find_native(ctx, ifindex);
	struct dmabufx_error before = *dmabufx_last_error();
	struct dx_netdev_xdp xdp;
	int err;

	*ret = NULL;
	if (!dx_netdev_xdp(ctx->sys, ifindex, &xdp) &&
	    !(xdp.features & NETDEV_XDP_ACT_XSK_ZEROCOPY))
		return 0;
	if (own) {
		*ret = dx_prog_hold(own);
		return 0;
	}
	err = dx_prog_default(ctx, ifname, DMABUFX_XDP_NATIVE, flags, ret);
	if (!err || dmabufx_last_error()->reason != DMABUFX_REASON_PROG_BUSY ||
	    !has_native(ctx->sys, ifindex))
		return err;
	/* Somebody else's will do, for as long as it is there. */
	dx_fail_restore(&before);
	return 0;
}

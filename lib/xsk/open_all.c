// SPDX-License-Identifier: LGPL-2.1-or-later
/* A socket on each queue of an interface. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/opts.h"
#include "sys/ctx.h"
#include "sys/netdev.h"
#include "xsk/xsk_priv.h"

/* All of the @n queues, or none. */
static int open_queues(struct dmabufx_umem *umem, const char *ifname,
		       const struct dmabufx_xsk_opts *o, struct dmabufx_xsk **xsks, uint32_t n)
{
	uint32_t opened = 0;
	int err = 0;

	while (opened < n && !err) {
		err = dmabufx_xsk_open(umem, ifname, opened, o, &xsks[opened]);
		opened += !err;
	}
	while (err && opened)
		dmabufx_xsk_close(xsks[--opened]);
	return err;
}

int dmabufx_xsk_open_all(struct dmabufx_umem *umem, const char *ifname,
			 const struct dmabufx_xsk_opts *opts, struct dmabufx_xsk **rets, uint32_t n)
{
	struct dx_netdev_queues queues;
	struct dmabufx_xsk_opts o;
	struct dmabufx_xsk **xsks;
	uint32_t have;
	int err;

	if (!umem || !ifname || !rets)
		return dx_fail_null(!umem ? "umem" : !ifname ? "ifname" : "rets");
	err = DX_OPTS_TAKE(dmabufx_xsk_opts, opts, &o);
	if (err)
		return err;
	o.size = sizeof(o);
	err = dx_netdev_queues(umem->ctx->sys, ifname, &queues);
	if (err)
		return dx_fail(err, DMABUFX_REASON_NO_INTERFACE,
			       "%s doesn't tell how many queues it has (%s); 'ip link' lists what is "
			       "there",
			       ifname, dmabufx_strerror(err));
	have = o.flags & DMABUFX_XSK_NO_RX ? queues.tx : queues.rx;
	if (have > n)
		return dx_fail(-ENOSPC, DMABUFX_REASON_NO_SPACE,
			       "%s has %u queues, and there is room for %u sockets", ifname, have,
			       n);
	if (!(o.flags & (DMABUFX_XSK_NO_RX | DMABUFX_XSK_ALLOW_RULES))) {
		err = dx_xsk_check_steering(umem->ctx->sys, ifname, have);
		if (err)
			return err;
	}
	xsks = calloc(have, sizeof(*xsks));
	if (!xsks)
		return dx_fail_memory();
	err = open_queues(umem, ifname, &o, xsks, have);
	if (!err)
		memcpy(rets, xsks, have * sizeof(*xsks));
	free(xsks);
	return err ? err : (int)have;
}

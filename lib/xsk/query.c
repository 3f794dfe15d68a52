// SPDX-License-Identifier: LGPL-2.1-or-later
/* What AF_XDP can do on an interface: what the kernel tells of it. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/opts.h"
#include "sys/ctx.h"
#include "sys/netdev.h"
#include "sys/sys.h"
#include "uapi/netdev.h"
#include "xsk/query_priv.h"

#define KNOWN_FLAGS DMABUFX_XSK_QUERY_NO_TRY
#define DISPATCHER "xdp_dispatcher"

/* An interface, as far as the kernel has told of it. */
struct query {
	struct dx_sys *sys;
	struct dmabufx_xsk_caps *caps;
	struct dx_netdev_link link;
	struct dx_netdev_xdp xdp;
	int xdp_err; /* why @xdp is unknown, or 0 */
	const char *driver;
};

void dx_xsk_say(struct dmabufx_xsk_answer *answer, int result, const char *fmt, ...)
{
	va_list ap;

	answer->result = result;
	va_start(ap, fmt);
	vsnprintf(answer->text, sizeof(answer->text), fmt, ap);
	va_end(ap);
}

static void say_up(const struct query *q)
{
	struct dmabufx_xsk_answer *answer = &q->caps->up;

	if (!q->link.up)
		dx_xsk_say(answer, 0, "it is down; set it up: ip link set %s up", q->caps->ifname);
	else if (!q->link.carrier)
		dx_xsk_say(answer, 0,
			   "it is up, but has no carrier: look at the cable, or at the "
			   "other end");
	else
		dx_xsk_say(answer, 1, "it is up and has a carrier");
}

/* False: the netdev family hasn't answered, which is told. */
static bool is_told(const struct query *q, struct dmabufx_xsk_answer *answer)
{
	if (!q->xdp_err)
		return true;
	if (q->xdp_err == -ENOENT)
		dx_xsk_say(answer, -ENODATA, "this kernel doesn't tell; Linux 6.3 does");
	else
		dx_xsk_say(answer, q->xdp_err, "asking the kernel's netdev family: %s",
			   dmabufx_strerror(q->xdp_err));
	return false;
}

static void say_native(const struct query *q)
{
	struct dmabufx_xsk_answer *answer = &q->caps->native;

	if (!is_told(q, answer))
		return;
	if (q->xdp.features & NETDEV_XDP_ACT_BASIC)
		dx_xsk_say(answer, 1, "%s runs XDP programs", q->driver);
	else
		dx_xsk_say(answer, 0,
			   "%s runs no XDP programs; the kernel's general code does, "
			   "after copying",
			   q->driver);
}

static void say_multi_buffer(const struct query *q)
{
	struct dmabufx_xsk_answer *answer = &q->caps->multi_buffer;

	if (!is_told(q, answer))
		return;
	if (!(q->xdp.features & NETDEV_XDP_ACT_RX_SG))
		dx_xsk_say(answer, 0,
			   "%s hands XDP only packets of one frame; keep the MTU below "
			   "a frame",
			   q->driver);
	else if (q->xdp.zc_max_segs > 1)
		dx_xsk_say(answer, 1,
			   "%s hands XDP packets of several frames; without copying up "
			   "to %u",
			   q->driver, q->xdp.zc_max_segs);
	else
		dx_xsk_say(answer, 1, "%s hands XDP packets of several frames, when copying",
			   q->driver);
}

/* One of the bits that tell what metadata the driver has; @since: of the question. */
static void say_bit(const struct query *q, struct dmabufx_xsk_answer *answer, bool told,
		    bool is_set, const char *since, const char *what)
{
	if (!is_told(q, answer))
		return;
	if (!told)
		dx_xsk_say(answer, -ENODATA, "this kernel doesn't tell; Linux %s does", since);
	else
		dx_xsk_say(answer, is_set, "%s %s %s", q->driver, is_set ? "can" : "can't", what);
}

static void say_metadata(const struct query *q)
{
	struct dmabufx_xsk_caps *caps = q->caps;
	uint64_t rx = q->xdp.rx_metadata, tx = q->xdp.xsk_features;
	bool rx_told = q->xdp.knows_rx_metadata, tx_told = q->xdp.knows_xsk_features;

	say_bit(q, &caps->rx_timestamp, rx_told, rx & NETDEV_XDP_RX_METADATA_TIMESTAMP, "6.7",
		"tell XDP programs when a packet arrived");
	say_bit(q, &caps->rx_hash, rx_told, rx & NETDEV_XDP_RX_METADATA_HASH, "6.7",
		"tell XDP programs a packet's hash");
	say_bit(q, &caps->rx_vlan, rx_told, rx & NETDEV_XDP_RX_METADATA_VLAN_TAG, "6.8",
		"tell XDP programs the VLAN tag it took off");
	say_bit(q, &caps->tx_timestamp, tx_told, tx & NETDEV_XSK_FLAGS_TX_TIMESTAMP, "6.8",
		"tell when a packet was sent");
	say_bit(q, &caps->tx_checksum, tx_told, tx & NETDEV_XSK_FLAGS_TX_CHECKSUM, "6.8",
		"fill in checksums");
	say_bit(q, &caps->tx_launch_time, tx_told, tx & NETDEV_XSK_FLAGS_TX_LAUNCH_TIME_FIFO, "6.8",
		"send at a given time");
}

static void say_prog(const struct query *q)
{
	static const char *const modes[] = {
		[XDP_ATTACHED_DRV] = " to the driver",
		[XDP_ATTACHED_SKB] = " to the kernel's general code",
		[XDP_ATTACHED_HW] = " to the device",
		[XDP_ATTACHED_MULTI] = " in several places",
	};
	struct dmabufx_xsk_answer *answer = &q->caps->prog_free;
	uint32_t id = q->link.xdp_prog_id, mode = q->link.xdp_mode;
	const char *where = mode < sizeof(modes) / sizeof(modes[0]) ? modes[mode] : NULL;
	char name[DX_PROG_NAME_MAX];

	if (!id) {
		dx_xsk_say(answer, 1, "no XDP program is attached");
		return;
	}
	dx_xsk_prog_name(q->sys, id, name, sizeof(name));
	if (!strcmp(name, DISPATCHER))
		dx_xsk_say(answer, 1,
			   "libxdp's dispatcher (program %u) is attached%s, which others "
			   "can join",
			   id, where ? where : "");
	else
		dx_xsk_say(answer, 0,
			   "program %u%s%s%s is attached%s; 'bpftool net' tells who has it", id,
			   name[0] ? " (" : "", name, name[0] ? ")" : "", where ? where : "");
}

static void say_not_tried(const struct query *q)
{
	struct dmabufx_xsk_answer *answer = &q->caps->zero_copy;

	if (!is_told(q, answer))
		return;
	if (q->xdp.features & NETDEV_XDP_ACT_XSK_ZEROCOPY)
		dx_xsk_say(answer, -ENODATA, "%s says that it can; it wasn't tried", q->driver);
	else
		dx_xsk_say(answer, 0, "%s has no zero copy: sockets copy", q->driver);
}

static int no_interface(const struct query *q, const char *ifname)
{
	char names[160];

	if (dx_netdev_names(q->sys, names, sizeof(names)) || !names[0])
		snprintf(names, sizeof(names), "none");
	return dx_fail(-ENODEV, DMABUFX_REASON_NO_INTERFACE,
		       "there is no interface '%.32s' here; there are: %s", ifname, names);
}

static int ask(struct query *q, const char *ifname)
{
	struct dmabufx_xsk_caps *caps = q->caps;
	struct dx_netdev_queues queues;
	int err = dx_netdev_index(q->sys, ifname, &caps->ifindex);

	if (!err)
		err = dx_netdev_link(q->sys, caps->ifindex, &q->link);
	if (!err)
		err = dx_netdev_queues(q->sys, ifname, &queues);
	if (err == -ENODEV)
		return no_interface(q, ifname);
	if (err)
		return dx_fail_sys(err, "asking the kernel for interface '%.32s'", ifname);
	snprintf(caps->ifname, sizeof(caps->ifname), "%s", ifname);
	caps->rx_queues = queues.rx;
	caps->tx_queues = queues.tx;
	caps->mtu = q->link.mtu;
	caps->prog_id = q->link.xdp_prog_id;
	/* Software interfaces may have none that tells its name. */
	if (dx_netdev_driver(q->sys, ifname, caps->driver, sizeof(caps->driver)))
		caps->driver[0] = '\0';
	q->driver = caps->driver[0] ? caps->driver : "its driver";
	q->xdp_err = dx_netdev_xdp(q->sys, caps->ifindex, &q->xdp);
	caps->features = (uint32_t)q->xdp.features;
	caps->zc_max_segs = q->xdp.zc_max_segs;
	return 0;
}

int dmabufx_xsk_query(struct dmabufx_ctx *ctx, const char *ifname,
		      const struct dmabufx_xsk_query_opts *opts, struct dmabufx_xsk_caps *ret)
{
	struct dmabufx_xsk_caps caps = { .size = sizeof(caps) };
	struct query q = { .caps = &caps };
	struct dmabufx_xsk_query_opts o;
	int err;

	if (!ctx || !ifname || !ret)
		return dx_fail_null(!ctx ? "ctx" : !ifname ? "ifname" : "ret");
	err = dx_out_check(ret, "dmabufx_xsk_caps", sizeof(*ret));
	if (!err)
		err = DX_OPTS_TAKE(dmabufx_xsk_query_opts, opts, &o);
	if (err)
		return err;
	if (o.flags & ~KNOWN_FLAGS || o.reserved)
		return dx_fail_flags("dmabufx_xsk_query_opts", o.flags | o.reserved, KNOWN_FLAGS);
	/* Nothing of the ctx is touched: no need to keep its lock while a driver is tried. */
	q.sys = ctx->sys;
	err = ask(&q, ifname);
	if (err)
		return err;
	say_up(&q);
	say_native(&q);
	say_multi_buffer(&q);
	say_metadata(&q);
	say_prog(&q);
	if (o.flags & DMABUFX_XSK_QUERY_NO_TRY)
		say_not_tried(&q);
	else
		dx_xsk_try(q.sys, &caps);
	*ret = caps;
	return 0;
}

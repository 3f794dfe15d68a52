// SPDX-License-Identifier: LGPL-2.1-or-later
/* Network interfaces by ioctl, rtnetlink and the netdev family. */
#include "sys/netdev.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "sys/netlink.h"
#include "uapi/netdev.h"

_Static_assert(DX_NETDEV_NAME_MAX == IFNAMSIZ, "names are the kernel's");

/* Any socket takes these; netlink's is there in every kernel with interfaces. */
static int interface_ioctl(struct dx_sys *sys, unsigned long request, const char *ifname,
			   struct ifreq *ifr)
{
	struct dx_nl nl;
	int err;

	if (!ifname[0] || strlen(ifname) >= IFNAMSIZ)
		return -ENODEV;
	strcpy(ifr->ifr_name, ifname);
	err = dx_nl_open(sys, NETLINK_ROUTE, &nl);
	if (err)
		return err;
	err = sys->ioctl(sys, nl.fd, request, ifr);
	dx_nl_close(&nl);
	return err;
}

int dx_netdev_index(struct dx_sys *sys, const char *ifname, uint32_t *ret)
{
	struct ifreq ifr = { 0 };
	int err = interface_ioctl(sys, SIOCGIFINDEX, ifname, &ifr);

	if (!err)
		*ret = (uint32_t)ifr.ifr_ifindex;
	return err;
}

int dx_netdev_ethtool(struct dx_sys *sys, const char *ifname, void *cmd)
{
	struct ifreq ifr = { .ifr_data = cmd };

	return interface_ioctl(sys, SIOCETHTOOL, ifname, &ifr);
}

int dx_netdev_driver(struct dx_sys *sys, const char *ifname, char *ret, size_t len)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	int err = dx_netdev_ethtool(sys, ifname, &info);

	if (!err)
		snprintf(ret, len, "%.*s", (int)sizeof(info.driver), info.driver);
	return err;
}

static int queues_made(struct dx_sys *sys, const char *ifname, struct dx_netdev_queues *ret)
{
	struct dx_netdev_link link;
	uint32_t ifindex;
	int err = dx_netdev_index(sys, ifname, &ifindex);

	if (!err)
		err = dx_netdev_link(sys, ifindex, &link);
	if (!err)
		*ret = (struct dx_netdev_queues){ link.rx_queues_max, link.tx_queues_max };
	return err;
}

int dx_netdev_queues(struct dx_sys *sys, const char *ifname, struct dx_netdev_queues *ret)
{
	struct ethtool_channels channels = { .cmd = ETHTOOL_GCHANNELS };
	struct dx_netdev_queues queues;
	int err = dx_netdev_ethtool(sys, ifname, &channels);

	if (err && err != -EOPNOTSUPP)
		return err;
	queues.rx = channels.rx_count + channels.combined_count;
	queues.tx = channels.tx_count + channels.combined_count;
	if (err || !queues.rx || !queues.tx)
		return queues_made(sys, ifname, ret);
	*ret = queues;
	return 0;
}

static void take_xdp(const struct nlattr *xdp, struct dx_netdev_link *link)
{
	/* In the order in which a packet meets the programs. */
	static const unsigned int kinds[] = { IFLA_XDP_PROG_ID, IFLA_XDP_DRV_PROG_ID,
					      IFLA_XDP_HW_PROG_ID, IFLA_XDP_SKB_PROG_ID };
	const struct nlattr *table[IFLA_XDP_HW_PROG_ID + 1];

	if (!xdp || dx_nl_attrs(dx_nl_value(xdp), dx_nl_len(xdp), table, IFLA_XDP_HW_PROG_ID + 1))
		return;
	link->xdp_mode = (uint32_t)dx_nl_number(table[IFLA_XDP_ATTACHED], XDP_ATTACHED_NONE);
	for (unsigned int i = 0; i < 4 && !link->xdp_prog_id; i++)
		link->xdp_prog_id = (uint32_t)dx_nl_number(table[kinds[i]], 0);
}

static int take_link(const void *payload, size_t len, void *arg)
{
	const struct nlattr *table[IFLA_XDP + 1];
	const size_t head = NLMSG_ALIGN(sizeof(struct ifinfomsg));
	struct dx_netdev_link *link = arg;
	struct ifinfomsg info;

	if (len < head ||
	    dx_nl_attrs((const char *)payload + head, len - head, table, IFLA_XDP + 1))
		return -EBADMSG;
	memcpy(&info, payload, sizeof(info));
	dx_nl_string(table[IFLA_IFNAME], link->name, sizeof(link->name));
	link->up = info.ifi_flags & IFF_UP;
	link->carrier = dx_nl_number(table[IFLA_CARRIER], !!(info.ifi_flags & IFF_RUNNING));
	link->mtu = (uint32_t)dx_nl_number(table[IFLA_MTU], 0);
	link->rx_queues_max = (uint32_t)dx_nl_number(table[IFLA_NUM_RX_QUEUES], 1);
	link->tx_queues_max = (uint32_t)dx_nl_number(table[IFLA_NUM_TX_QUEUES], 1);
	take_xdp(table[IFLA_XDP], link);
	return 0;
}

/* Of one interface, or of all: @ifindex 0. */
static int ask_links(struct dx_sys *sys, uint32_t ifindex, dx_nl_answer_fn each, void *arg)
{
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex };
	struct dx_nl_request req;
	struct dx_nl nl;
	int err = dx_nl_open(sys, NETLINK_ROUTE, &nl);

	if (err)
		return err;
	dx_nl_start(&req, RTM_GETLINK, ifindex ? 0 : NLM_F_DUMP, &head, sizeof(head));
	err = dx_nl_ask(&nl, &req, each, arg);
	dx_nl_close(&nl);
	return err;
}

int dx_netdev_link(struct dx_sys *sys, uint32_t ifindex, struct dx_netdev_link *ret)
{
	struct dx_netdev_link link = { 0 };
	/* 0 would be a question after all of them. */
	int err = ifindex ? ask_links(sys, ifindex, take_link, &link) : -ENODEV;

	/* An acknowledgement, but no answer. */
	if (!err && !link.name[0])
		err = -EBADMSG;
	if (!err)
		*ret = link;
	return err;
}

struct names {
	char *text;
	size_t room;
	size_t len;
	bool full; /* what follows a name that was left out is left out too */
};

static int take_name(const void *payload, size_t len, void *arg)
{
	static const char more[] = "...";
	struct names *names = arg;
	struct dx_netdev_link link = { 0 };
	const char *comma = names->len ? ", " : "";
	int err = take_link(payload, len, &link);

	if (err || names->full)
		return err;
	/* Room for "..." after this one, whether or not it is needed. */
	names->full = names->len + strlen(comma) + strlen(link.name) + strlen(", ") + sizeof(more) >
		      names->room;
	names->len += (size_t)snprintf(names->text + names->len, names->room - names->len, "%s%s",
				       comma, names->full ? more : link.name);
	return 0;
}

int dx_netdev_names(struct dx_sys *sys, char *ret, size_t len)
{
	struct names names = { .text = ret, .room = len };

	ret[0] = '\0';
	return ask_links(sys, 0, take_name, &names);
}

/* The attributes behind the header of generic netlink. */
static int take_genl(const void *payload, size_t len, const struct nlattr **table, unsigned int n)
{
	if (len < GENL_HDRLEN)
		return -EBADMSG;
	return dx_nl_attrs((const char *)payload + GENL_HDRLEN, len - GENL_HDRLEN, table, n);
}

static int take_features(const void *payload, size_t len, void *arg)
{
	const struct nlattr *table[NETDEV_A_DEV_XSK_FEATURES + 1];
	struct dx_netdev_xdp *xdp = arg;
	int err = take_genl(payload, len, table, NETDEV_A_DEV_XSK_FEATURES + 1);

	if (err)
		return err;
	*xdp = (struct dx_netdev_xdp){
		.features = dx_nl_number(table[NETDEV_A_DEV_XDP_FEATURES], 0),
		.rx_metadata = dx_nl_number(table[NETDEV_A_DEV_XDP_RX_METADATA_FEATURES], 0),
		.xsk_features = dx_nl_number(table[NETDEV_A_DEV_XSK_FEATURES], 0),
		.zc_max_segs = (uint32_t)dx_nl_number(table[NETDEV_A_DEV_XDP_ZC_MAX_SEGS], 0),
		.knows_rx_metadata = table[NETDEV_A_DEV_XDP_RX_METADATA_FEATURES],
		.knows_xsk_features = table[NETDEV_A_DEV_XSK_FEATURES],
	};
	return 0;
}

struct number {
	uint16_t attr;
	uint32_t value;
};

/* Asks the netdev family with numbers as attributes. */
static int ask_netdev(struct dx_sys *sys, uint8_t cmd, const struct number *numbers, size_t n,
		      dx_nl_answer_fn each, void *arg)
{
	struct genlmsghdr head = { .cmd = cmd, .version = NETDEV_FAMILY_VERSION };
	struct dx_nl_request req;
	struct dx_nl nl;
	uint16_t family;
	int err = dx_nl_open(sys, NETLINK_GENERIC, &nl);

	if (err)
		return err;
	err = dx_nl_family(&nl, NETDEV_FAMILY_NAME, &family);
	if (!err) {
		dx_nl_start(&req, family, 0, &head, sizeof(head));
		for (size_t i = 0; i < n; i++)
			dx_nl_put(&req, numbers[i].attr, &numbers[i].value,
				  sizeof(numbers[i].value));
		err = dx_nl_ask(&nl, &req, each, arg);
	}
	dx_nl_close(&nl);
	return err;
}

int dx_netdev_xdp(struct dx_sys *sys, uint32_t ifindex, struct dx_netdev_xdp *ret)
{
	const struct number asked[] = { { NETDEV_A_DEV_IFINDEX, ifindex } };
	struct dx_netdev_xdp xdp = { 0 };
	int err = ask_netdev(sys, NETDEV_CMD_DEV_GET, asked, 1, take_features, &xdp);

	if (!err)
		*ret = xdp;
	return err;
}

static int take_queue(const void *payload, size_t len, void *arg)
{
	const struct nlattr *table[NETDEV_A_QUEUE_XSK + 1];
	int err = take_genl(payload, len, table, NETDEV_A_QUEUE_XSK + 1);

	if (!err)
		*(int *)arg = table[NETDEV_A_QUEUE_XSK] != NULL;
	return err;
}

static int queue_has_xsk(struct dx_sys *sys, uint32_t ifindex, uint32_t queue, uint32_t type)
{
	const struct number asked[] = { { NETDEV_A_QUEUE_ID, queue },
					{ NETDEV_A_QUEUE_IFINDEX, ifindex },
					{ NETDEV_A_QUEUE_TYPE, type } };
	int has = -EBADMSG;
	int err = ask_netdev(sys, NETDEV_CMD_QUEUE_GET, asked, 3, take_queue, &has);

	return err ? err : has;
}

int dx_netdev_queue_has_xsk(struct dx_sys *sys, uint32_t ifindex, uint32_t queue)
{
	int ret = queue_has_xsk(sys, ifindex, queue, NETDEV_QUEUE_TYPE_RX);

	/* One that only sends. */
	if (ret == -EINVAL)
		ret = queue_has_xsk(sys, ifindex, queue, NETDEV_QUEUE_TYPE_TX);
	return ret;
}

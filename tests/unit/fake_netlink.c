// SPDX-License-Identifier: GPL-2.0-or-later
/* The scripted kernel's side of netlink: rtnetlink's links, and the netdev family. */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "fake_net.h"
#include "fake_priv.h"
#include "uapi/netdev.h"

#define FAMILY_ID 0x1c
#define PAD 2

/* An answer in the making. */
struct answer {
	struct nlmsghdr head;
	unsigned char body[1024];
};

static void start(struct answer *a, const struct nlmsghdr *req, uint16_t type, const void *head,
		  uint32_t len)
{
	memset(a, 0, sizeof(*a));
	a->head.nlmsg_type = type;
	a->head.nlmsg_seq = req->nlmsg_seq;
	a->head.nlmsg_len = (uint32_t)(NLMSG_HDRLEN + NLMSG_ALIGN(len));
	memcpy(a->body, head, len);
}

static void put(struct answer *a, uint16_t type, const void *value, uint32_t len)
{
	struct nlattr attr = { .nla_len = (uint16_t)(NLA_HDRLEN + len), .nla_type = type };
	char *at = (char *)a + a->head.nlmsg_len;

	memcpy(at, &attr, sizeof(attr));
	if (len)
		memcpy(at + sizeof(attr), value, len);
	a->head.nlmsg_len += (uint32_t)NLA_ALIGN(attr.nla_len);
}

static void put_u32(struct answer *a, uint16_t type, uint32_t value)
{
	put(a, type, &value, sizeof(value));
}

static void put_u64(struct answer *a, uint16_t type, uint64_t value)
{
	/* As the kernel aligns them. */
	put(a, PAD, NULL, 0);
	put(a, type, &value, sizeof(value));
}

static struct fake_datagram *new_datagram(const void *data, size_t len)
{
	struct fake_datagram *d = fake_zalloc(sizeof(*d) + len);

	d->len = len;
	memcpy(d->data, data, len);
	return d;
}

static void append(struct fake_datagram **at, struct fake_datagram *d)
{
	while (*at)
		at = &(*at)->next;
	*at = d;
}

static void queue(struct fake_file *file, const struct answer *a)
{
	append(&file->datagrams, new_datagram(a, a->head.nlmsg_len));
}

static void end(struct fake_file *file, const struct nlmsghdr *req, uint16_t type, int err)
{
	struct nlmsgerr body = { .error = err, .msg = *req };
	struct answer a;

	start(&a, req, type, &body, type == NLMSG_DONE ? sizeof(err) : sizeof(body));
	queue(file, &a);
}

void fake_script(struct fake *f, const void *data, size_t len)
{
	append(&f->net->script, new_datagram(data, len));
}

static void forget(struct fake_datagram **at)
{
	struct fake_datagram *d;

	while ((d = *at)) {
		*at = d->next;
		fake_release(d);
	}
}

void fake_unscript(struct fake *f)
{
	forget(&f->net->script);
	f->net->script_skip = 0;
}

static void answer_link(struct fake_file *file, const struct nlmsghdr *req,
			const struct fake_netdev *dev, uint16_t flags)
{
	struct ifinfomsg info = { .ifi_index = (int)dev->ifindex,
				  .ifi_flags = dev->down ? 0 : IFF_UP };
	uint8_t carrier = !dev->no_carrier;
	/* A nest of its own: what is attached, and where. */
	struct {
		struct nlattr attached;
		uint8_t mode[4];
		struct nlattr id;
		uint32_t prog_id;
	} xdp = { { NLA_HDRLEN + 1, IFLA_XDP_ATTACHED },
		  { dev->prog_mode },
		  { NLA_HDRLEN + 4, IFLA_XDP_PROG_ID },
		  dev->prog_id };
	struct answer a;

	/* Of several programs none is the one. */
	if (dev->prog_mode == XDP_ATTACHED_MULTI)
		xdp.id.nla_type = IFLA_XDP_DRV_PROG_ID;
	start(&a, req, RTM_NEWLINK, &info, sizeof(info));
	a.head.nlmsg_flags = flags;
	put(&a, IFLA_IFNAME, dev->name, (uint32_t)strlen(dev->name) + 1);
	put_u32(&a, IFLA_MTU, dev->mtu);
	put(&a, IFLA_CARRIER, &carrier, 1);
	put_u32(&a, IFLA_NUM_TX_QUEUES, dev->tx_made);
	put_u32(&a, IFLA_NUM_RX_QUEUES, dev->rx_made);
	put(&a, IFLA_XDP | NLA_F_NESTED, &xdp,
	    dev->prog_id ? sizeof(xdp) : NLA_ALIGN(NLA_HDRLEN + 1));
	queue(file, &a);
}

static int get_link(struct fake *f, struct fake_file *file, const struct nlmsghdr *req)
{
	const struct ifinfomsg *info = NLMSG_DATA(req);
	const struct fake_netdev *dev;

	if (req->nlmsg_flags & NLM_F_DUMP) {
		for (unsigned int i = 0; i < f->net->ndevs; i++)
			answer_link(file, req, &f->net->devs[i], NLM_F_MULTI);
		end(file, req, NLMSG_DONE, 0);
		return 0;
	}
	dev = fake_netdev_at(f, (uint32_t)info->ifi_index);
	if (!dev)
		return -ENODEV;
	answer_link(file, req, dev, 0);
	end(file, req, NLMSG_ERROR, 0);
	return 0;
}

/* The number in attribute @type behind generic netlink's header; UINT32_MAX: there is none. */
static uint32_t number(const struct nlmsghdr *req, uint16_t type)
{
	const char *at = (const char *)NLMSG_DATA(req) + GENL_HDRLEN;
	const char *stop = (const char *)req + req->nlmsg_len;
	struct nlattr attr;
	uint32_t value;

	for (; at < stop; at += NLA_ALIGN(attr.nla_len)) {
		memcpy(&attr, at, sizeof(attr));
		memcpy(&value, at + NLA_HDRLEN, sizeof(value));
		if (attr.nla_type == type)
			return value;
	}
	return UINT32_MAX;
}

static int get_family(struct fake *f, struct fake_file *file, const struct nlmsghdr *req)
{
	const char *name = (const char *)NLMSG_DATA(req) + GENL_HDRLEN + NLA_HDRLEN;
	struct genlmsghdr head = { .cmd = CTRL_CMD_NEWFAMILY };
	uint16_t id = FAMILY_ID;
	struct answer a;

	if (f->net->no_family || strcmp(name, NETDEV_FAMILY_NAME))
		return -ENOENT;
	start(&a, req, GENL_ID_CTRL, &head, sizeof(head));
	put(&a, CTRL_ATTR_FAMILY_NAME, name, (uint32_t)strlen(name) + 1);
	put(&a, CTRL_ATTR_FAMILY_ID, &id, sizeof(id));
	queue(file, &a);
	end(file, req, NLMSG_ERROR, 0);
	return 0;
}

static int get_dev(struct fake *f, struct fake_file *file, const struct nlmsghdr *req)
{
	struct genlmsghdr head = { .cmd = NETDEV_CMD_DEV_GET };
	const struct fake_netdev *dev = fake_netdev_at(f, number(req, NETDEV_A_DEV_IFINDEX));
	struct answer a;

	if (!dev)
		return -ENODEV;
	start(&a, req, FAMILY_ID, &head, sizeof(head));
	put_u32(&a, NETDEV_A_DEV_IFINDEX, dev->ifindex);
	put_u64(&a, NETDEV_A_DEV_XDP_FEATURES, dev->features);
	if (!f->net->old_family) {
		put_u64(&a, NETDEV_A_DEV_XDP_RX_METADATA_FEATURES, dev->rx_metadata);
		put_u64(&a, NETDEV_A_DEV_XSK_FEATURES, dev->xsk_features);
		if (dev->features & NETDEV_XDP_ACT_XSK_ZEROCOPY)
			put_u32(&a, NETDEV_A_DEV_XDP_ZC_MAX_SEGS, dev->zc_max_segs);
	}
	queue(file, &a);
	end(file, req, NLMSG_ERROR, 0);
	return 0;
}

static int get_queue(struct fake *f, struct fake_file *file, const struct nlmsghdr *req)
{
	struct genlmsghdr head = { .cmd = NETDEV_CMD_QUEUE_GET };
	const struct fake_netdev *dev = fake_netdev_at(f, number(req, NETDEV_A_QUEUE_IFINDEX));
	uint32_t id = number(req, NETDEV_A_QUEUE_ID), type = number(req, NETDEV_A_QUEUE_TYPE);
	struct answer a;

	if (f->net->old_family)
		return -EOPNOTSUPP;
	if (!dev)
		return -ENODEV;
	if (dev->down)
		return -ENOENT;
	if (id >= (type == NETDEV_QUEUE_TYPE_RX ? dev->rx_queues : dev->tx_queues))
		return -EINVAL;
	start(&a, req, FAMILY_ID, &head, sizeof(head));
	put_u32(&a, NETDEV_A_QUEUE_ID, id);
	if (!f->net->no_xsk_attr && fake_queue_busy(f, dev, id))
		put(&a, NETDEV_A_QUEUE_XSK | NLA_F_NESTED, NULL, 0);
	queue(file, &a);
	end(file, req, NLMSG_ERROR, 0);
	return 0;
}

static int answer(struct fake *f, struct fake_file *file, const struct nlmsghdr *req)
{
	const struct genlmsghdr *genl = NLMSG_DATA(req);

	if (req->nlmsg_type == RTM_GETLINK)
		return get_link(f, file, req);
	if (req->nlmsg_type == GENL_ID_CTRL && genl->cmd == CTRL_CMD_GETFAMILY)
		return get_family(f, file, req);
	if (req->nlmsg_type == FAMILY_ID && genl->cmd == NETDEV_CMD_DEV_GET)
		return get_dev(f, file, req);
	if (req->nlmsg_type == FAMILY_ID && genl->cmd == NETDEV_CMD_QUEUE_GET)
		return get_queue(f, file, req);
	return -EOPNOTSUPP;
}

int fake_netlink_send(struct fake *f, struct fake_file *file, const void *buf, size_t len)
{
	const struct nlmsghdr *req = buf;
	int err;

	if (len < sizeof(*req) || req->nlmsg_len != len)
		return -EINVAL;
	if (f->net->script && !f->net->script_skip--) {
		f->net->script_skip = 0;
		append(&file->datagrams, f->net->script);
		f->net->script = NULL;
		return 0;
	}
	err = answer(f, file, req);
	if (err)
		end(file, req, NLMSG_ERROR, err);
	return 0;
}

ssize_t fake_netlink_recv(struct fake_file *file, void *buf, size_t len, int flags)
{
	struct fake_datagram *d = file->datagrams;
	size_t n;

	/* The real kernel would let it sleep for good. */
	if (!d)
		return -EDEADLK;
	n = d->len;
	memcpy(buf, d->data, n < len ? n : len);
	file->datagrams = d->next;
	fake_release(d);
	return (ssize_t)(flags & MSG_TRUNC || n < len ? n : len);
}

void fake_netlink_release(struct fake_file *file)
{
	forget(&file->datagrams);
}

int fake_netlink_ioctl(struct fake *f, unsigned long request, void *arg)
{
	struct ifreq *ifr = arg;

	for (unsigned int i = 0; i < f->net->ndevs; i++) {
		struct fake_netdev *dev = &f->net->devs[i];

		if (strcmp(dev->name, ifr->ifr_name))
			continue;
		if (request == SIOCETHTOOL)
			return fake_ethtool(dev, ifr->ifr_data);
		ifr->ifr_ifindex = (int)dev->ifindex;
		return request == SIOCGIFINDEX ? 0 : -ENOTTY;
	}
	return -ENODEV;
}

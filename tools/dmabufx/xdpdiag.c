/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sock_diag's dump of AF_XDP sockets. */
#include "xdpdiag.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/xdp_diag.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROOM 32768
/* A kernel that says nothing more is given up. */
#define WAIT_S 5

static void take_umem(struct xdpdiag_sock *s, const struct rtattr *attr)
{
	struct xdp_diag_umem umem = { 0 };

	memcpy(&umem, RTA_DATA(attr), sizeof(umem));
	s->umem_id = umem.id;
	s->umem_size = umem.size;
	s->chunk_size = umem.chunk_size;
	s->zero_copy = umem.flags & XDP_DU_F_ZEROCOPY;
}

static void take_stats(struct xdpdiag_sock *s, const struct rtattr *attr)
{
	struct xdp_diag_stats stats = { 0 };

	memcpy(&stats, RTA_DATA(attr), sizeof(stats));
	s->has_stats = true;
	s->rx_ring_full = stats.n_rx_full;
	s->fill_empty = stats.n_fill_ring_empty;
	s->rx_other = stats.n_rx_dropped;
	s->rx_invalid = stats.n_rx_invalid;
	s->tx_invalid = stats.n_tx_invalid;
}

static uint32_t first_word(const struct rtattr *attr)
{
	uint32_t val;

	memcpy(&val, RTA_DATA(attr), sizeof(val));
	return val;
}

/* Attributes that are shorter than they should be are as if they weren't there. */
static void take_attr(struct xdpdiag_sock *s, const struct rtattr *attr)
{
	struct xdp_diag_info info = { 0 };
	size_t len = RTA_PAYLOAD(attr);

	switch (attr->rta_type) {
	case XDP_DIAG_INFO:
		if (len < sizeof(info))
			break;
		memcpy(&info, RTA_DATA(attr), sizeof(info));
		s->ifindex = info.ifindex;
		s->queue = info.queue_id;
		break;
	case XDP_DIAG_UID:
		s->uid = len < 4 ? 0 : first_word(attr);
		break;
	case XDP_DIAG_RX_RING:
		s->rx_ring = len < 4 ? 0 : first_word(attr);
		break;
	case XDP_DIAG_TX_RING:
		s->tx_ring = len < 4 ? 0 : first_word(attr);
		break;
	case XDP_DIAG_UMEM:
		if (len >= sizeof(struct xdp_diag_umem))
			take_umem(s, attr);
		break;
	case XDP_DIAG_STATS:
		if (len >= sizeof(struct xdp_diag_stats))
			take_stats(s, attr);
		break;
	default:
		break;
	}
}

static void take_sock(const struct nlmsghdr *head, xdpdiag_fn each, void *arg)
{
	const struct xdp_diag_msg *msg = NLMSG_DATA(head);
	struct xdpdiag_sock s = { .inode = msg->xdiag_ino };
	const struct rtattr *attr = (const void *)((const char *)msg + NLMSG_ALIGN(sizeof(*msg)));
	int len = (int)(head->nlmsg_len - NLMSG_SPACE(sizeof(*msg)));

	for (; RTA_OK(attr, len); attr = RTA_NEXT(attr, len))
		take_attr(&s, attr);
	each(&s, arg);
}

/* 0: more is to come; 1: that was all; or -errno. */
static int take(const char *news, size_t len, xdpdiag_fn each, void *arg)
{
	const struct nlmsghdr *head = (const void *)news;

	for (; NLMSG_OK(head, len); head = NLMSG_NEXT(head, len)) {
		int err = 0;

		if (head->nlmsg_type == SOCK_DIAG_BY_FAMILY) {
			if (head->nlmsg_len >= NLMSG_SPACE(sizeof(struct xdp_diag_msg)))
				take_sock(head, each, arg);
			continue;
		}
		if (head->nlmsg_type != NLMSG_ERROR && head->nlmsg_type != NLMSG_DONE)
			continue;
		if (head->nlmsg_len >= NLMSG_LENGTH(sizeof(err)))
			memcpy(&err, NLMSG_DATA(head), sizeof(err));
		return err < 0 ? err : 1;
	}
	return 0;
}

static int dump(int fd, xdpdiag_fn each, void *arg)
{
	struct {
		struct nlmsghdr head;
		struct xdp_diag_req req;
	} ask = { .head = { .nlmsg_len = sizeof(ask),
			    .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		  .req = { .sdiag_family = AF_XDP,
			   .xdiag_show = XDP_SHOW_INFO | XDP_SHOW_RING_CFG | XDP_SHOW_UMEM |
					 XDP_SHOW_STATS } };
	struct timeval patience = { .tv_sec = WAIT_S };
	_Alignas(struct nlmsghdr) char news[ROOM];
	int ret = 0;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (send(fd, &ask, sizeof(ask), 0) < 0)
		return -errno;
	while (!ret) {
		ssize_t len = recv(fd, news, sizeof(news), 0);

		if (len < 0 && errno != EINTR)
			return -errno;
		if (len > 0)
			ret = take(news, (size_t)len, each, arg);
	}
	return ret < 0 ? ret : 0;
}

int xdpdiag_list(xdpdiag_fn each, void *arg)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	int err;

	if (fd < 0)
		return errno == EPROTONOSUPPORT ? -EOPNOTSUPP : -errno;
	err = dump(fd, each, arg);
	close(fd);
	/* Nobody has registered for the family. */
	return err == -ENOENT ? -EOPNOTSUPP : err;
}

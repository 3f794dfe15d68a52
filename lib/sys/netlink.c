// SPDX-License-Identifier: LGPL-2.1-or-later
/* Netlink: requests, answers in several parts, attributes. */
#include "sys/netlink.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <string.h>
#include <sys/socket.h>

/* The kernel sends no more than 8 KiB at once to a socket that hasn't asked for more. */
#define ANSWER_ROOM 16384

int dx_nl_open(struct dx_sys *sys, int family, struct dx_nl *ret)
{
	int fd = sys->socket(sys, AF_NETLINK, SOCK_RAW, family);

	if (fd < 0)
		return fd;
	*ret = (struct dx_nl){ .sys = sys, .fd = fd };
	return 0;
}

void dx_nl_close(struct dx_nl *nl)
{
	nl->sys->close(nl->sys, nl->fd);
}

static void append(struct dx_nl_request *req, const void *data, uint32_t len)
{
	uint32_t at = req->head.nlmsg_len - NLMSG_HDRLEN;

	/* Stays too long from there on. */
	req->head.nlmsg_len += NLMSG_ALIGN(len);
	if (len && req->head.nlmsg_len <= sizeof(*req))
		memcpy(req->payload + at, data, len);
}

void dx_nl_start(struct dx_nl_request *req, uint16_t type, uint16_t flags, const void *head,
		 uint32_t len)
{
	memset(req, 0, sizeof(*req));
	req->head.nlmsg_len = NLMSG_HDRLEN;
	req->head.nlmsg_type = type;
	req->head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	append(req, head, len);
}

void dx_nl_put(struct dx_nl_request *req, uint16_t type, const void *value, uint32_t len)
{
	struct nlattr attr = { .nla_len = (uint16_t)(NLA_HDRLEN + len), .nla_type = type };

	append(req, &attr, sizeof(attr));
	append(req, value, len);
}

/* 0: more is to come; 1: that was the last; else an error. */
static int take(const struct nlmsghdr *head, dx_nl_answer_fn each, void *arg)
{
	const char *payload = (const char *)head + NLMSG_HDRLEN;
	size_t len = head->nlmsg_len - (size_t)NLMSG_HDRLEN;
	int err = 0;

	switch (head->nlmsg_type) {
	case NLMSG_NOOP:
		return 0;
	case NLMSG_OVERRUN:
		return -ENOBUFS;
	case NLMSG_ERROR:
	case NLMSG_DONE:
		/* Both begin with an errno; of a dump that went well it may be missing. */
		if (len >= sizeof(err))
			memcpy(&err, payload, sizeof(err));
		else if (head->nlmsg_type == NLMSG_ERROR)
			return -EBADMSG;
		return err > 0 ? -EBADMSG : err ? err : 1;
	default:
		return each(payload, len, arg);
	}
}

/* As take(), for all messages of a datagram. */
static int take_all(const char *at, size_t len, uint32_t seq, dx_nl_answer_fn each, void *arg)
{
	struct nlmsghdr head;
	int ret = 0;

	while (!ret && len) {
		if (len < sizeof(head))
			return -EBADMSG;
		memcpy(&head, at, sizeof(head));
		if (head.nlmsg_len < sizeof(head) || head.nlmsg_len > len)
			return -EBADMSG;
		if (head.nlmsg_seq == seq)
			ret = take((const struct nlmsghdr *)at, each, arg);
		at += NLMSG_ALIGN(head.nlmsg_len);
		len -= NLMSG_ALIGN(head.nlmsg_len) < len ? NLMSG_ALIGN(head.nlmsg_len) : len;
	}
	return ret;
}

static ssize_t receive(struct dx_nl *nl, void *buf, size_t len)
{
	ssize_t n;

	do
		n = nl->sys->recv(nl->sys, nl->fd, buf, len, MSG_TRUNC);
	while (n == -EINTR);
	if (n > (ssize_t)len)
		return -EMSGSIZE;
	/* A datagram of nothing, which the kernel never sends. */
	return n ? n : -EBADMSG;
}

int dx_nl_ask(struct dx_nl *nl, struct dx_nl_request *req, dx_nl_answer_fn each, void *arg)
{
	_Alignas(NLMSG_ALIGNTO) char buf[ANSWER_ROOM];
	int ret = 0;
	ssize_t n;

	if (req->head.nlmsg_len > sizeof(*req))
		return -EMSGSIZE;
	req->head.nlmsg_seq = ++nl->seq;
	n = nl->sys->send(nl->sys, nl->fd, req, req->head.nlmsg_len, 0);
	if (n < 0)
		return (int)n;
	while (!ret) {
		n = receive(nl, buf, sizeof(buf));
		if (n < 0)
			return (int)n;
		ret = take_all(buf, (size_t)n, nl->seq, each, arg);
	}
	return ret < 0 ? ret : 0;
}

int dx_nl_attrs(const void *data, size_t len, const struct nlattr **table, unsigned int n)
{
	const char *at = data;
	struct nlattr attr;
	size_t step;

	memset(table, 0, n * sizeof(table[0]));
	while (len) {
		if (len < sizeof(attr))
			return -EBADMSG;
		memcpy(&attr, at, sizeof(attr));
		if (attr.nla_len < sizeof(attr) || attr.nla_len > len)
			return -EBADMSG;
		attr.nla_type &= NLA_TYPE_MASK;
		if (attr.nla_type < n)
			table[attr.nla_type] = (const struct nlattr *)at;
		step = NLA_ALIGN(attr.nla_len);
		at += step;
		len -= step < len ? step : len;
	}
	return 0;
}

uint64_t dx_nl_number(const struct nlattr *attr, uint64_t otherwise)
{
	union {
		uint8_t u8;
		uint16_t u16;
		uint32_t u32;
		uint64_t u64;
	} value;
	size_t len = attr ? dx_nl_len(attr) : 0;

	if (len > sizeof(value))
		return otherwise;
	memcpy(&value, attr ? dx_nl_value(attr) : "", len);
	switch (len) {
	case sizeof(value.u8):
		return value.u8;
	case sizeof(value.u16):
		return value.u16;
	case sizeof(value.u32):
		return value.u32;
	case sizeof(value.u64):
		return value.u64;
	default:
		return otherwise;
	}
}

void dx_nl_string(const struct nlattr *attr, char *ret, size_t len)
{
	size_t n = attr ? strnlen(dx_nl_value(attr), dx_nl_len(attr)) : 0;

	if (n >= len)
		n = len - 1;
	if (n)
		memcpy(ret, dx_nl_value(attr), n);
	ret[n] = '\0';
}

static int take_family(const void *payload, size_t len, void *arg)
{
	const struct nlattr *table[CTRL_ATTR_FAMILY_ID + 1];
	uint16_t *ret = arg;
	int err;

	if (len < GENL_HDRLEN)
		return -EBADMSG;
	err = dx_nl_attrs((const char *)payload + GENL_HDRLEN, len - GENL_HDRLEN, table,
			  CTRL_ATTR_FAMILY_ID + 1);
	if (!err)
		*ret = (uint16_t)dx_nl_number(table[CTRL_ATTR_FAMILY_ID], 0);
	return err;
}

int dx_nl_family(struct dx_nl *nl, const char *name, uint16_t *ret)
{
	struct genlmsghdr head = { .cmd = CTRL_CMD_GETFAMILY, .version = 1 };
	struct dx_nl_request req;
	uint16_t id = 0;
	int err;

	dx_nl_start(&req, GENL_ID_CTRL, 0, &head, sizeof(head));
	dx_nl_put(&req, CTRL_ATTR_FAMILY_NAME, name, (uint32_t)strlen(name) + 1);
	err = dx_nl_ask(nl, &req, take_family, &id);
	if (err)
		return err;
	/* The kernel's own families begin above the types that netlink keeps to itself. */
	if (id < NLMSG_MIN_TYPE)
		return -EBADMSG;
	*ret = id;
	return 0;
}

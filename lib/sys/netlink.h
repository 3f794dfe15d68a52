/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asking the kernel by netlink: one request, all of its answers. */
#ifndef DX_SYS_NETLINK_H
#define DX_SYS_NETLINK_H

#include <linux/netlink.h>

#include "sys/sys.h"

/* Requests are small: a header and a name or a number. */
#define DX_NL_ROOM 128

/* A socket; the number of the last request tells its answers from older ones. */
struct dx_nl {
	struct dx_sys *sys;
	int fd;
	uint32_t seq;
};

/* A request in the making. Too much for it makes dx_nl_ask() answer -EMSGSIZE. */
struct dx_nl_request {
	struct nlmsghdr head;
	unsigned char payload[DX_NL_ROOM];
};

/* One answer: what follows the netlink header. Not 0 ends the asking with that. */
typedef int (*dx_nl_answer_fn)(const void *payload, size_t len, void *arg);

/* @family is NETLINK_ROUTE or NETLINK_GENERIC. */
int dx_nl_open(struct dx_sys *sys, int family, struct dx_nl *ret);
void dx_nl_close(struct dx_nl *nl);

/* @head, of @len bytes, is what the family puts before the attributes. */
void dx_nl_start(struct dx_nl_request *req, uint16_t type, uint16_t flags, const void *head,
		 uint32_t len);
void dx_nl_put(struct dx_nl_request *req, uint16_t type, const void *value, uint32_t len);

/*
 * Sends @req and hands each answer to @each. 0; the kernel's errno; what @each
 * returned; -EBADMSG: the answer is no netlink; -EMSGSIZE: it is too long.
 */
int dx_nl_ask(struct dx_nl *nl, struct dx_nl_request *req, dx_nl_answer_fn each, void *arg);

/*
 * Sorts the attributes in @len bytes at @at by type into @table of @n, where what is
 * missing is NULL; types from @n on are skipped. -EBADMSG: malformed.
 */
int dx_nl_attrs(const void *at, size_t len, const struct nlattr **table, unsigned int n);

static inline const void *dx_nl_value(const struct nlattr *attr)
{
	return (const char *)attr + NLA_HDRLEN;
}

static inline size_t dx_nl_len(const struct nlattr *attr)
{
	return attr->nla_len - (size_t)NLA_HDRLEN;
}

/* A number of 1, 2, 4 or 8 bytes; @otherwise for an attribute that is NULL or none. */
uint64_t dx_nl_number(const struct nlattr *attr, uint64_t otherwise);
/* Copies a string, cut if need be; "" for NULL. */
void dx_nl_string(const struct nlattr *attr, char *ret, size_t len);

/* The number of a family of generic netlink; -ENOENT: the kernel doesn't have it. */
int dx_nl_family(struct dx_nl *nl, const char *name, uint16_t *ret);

#endif

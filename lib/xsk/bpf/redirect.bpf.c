// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The programs that the library attaches: which packets go to sockets. Compiled
 * at build time, with linux/bpf.h included by the command line, and kept in the
 * library. Whether packets of several buffers come is set at load time. With
 * REDIRECT_META, in an object of its own, they write metadata before each packet:
 * loading that takes a kernel with BTF.
 */
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define QUEUES_MAX 1024
#define VLAN_TAGS_MAX 2
#define IPV6_HEADERS_MAX 4

/* A word of the verifier's; what is LGPL may be used under the GPL. */
char dmabufx_license[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, QUEUES_MAX);
	__type(key, __u32);
	__type(value, __u32);
} xsks_map SEC(".maps");

/* A bit for each port. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 65536 / 64);
	__type(key, __u32);
	__type(value, __u64);
} ports SEC(".maps");

enum {
	TYPE_IPV4 = 0x0800,
	TYPE_IPV6 = 0x86dd,
	TYPE_VLAN = 0x8100,
	TYPE_VLAN_OUTER = 0x88a8,
	FRAGMENT_OFFSET = 0x1fff,
	IPV6_FRAGMENT_OFFSET = 0xfff8,
};

enum {
	PROTO_HOP_BY_HOP = 0,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_ROUTING = 43,
	PROTO_FRAGMENT = 44,
	PROTO_DESTINATION = 60,
	PROTO_NONE = 255, /* nothing that has ports */
};

#ifdef REDIRECT_META
#include "xsk/bpf/meta.bpf.h"
#endif

struct eth {
	__u8 macs[12];
	__be16 type;
};

struct vlan {
	__be16 tag;
	__be16 type;
};

struct ipv4 {
	__u8 version_words;
	__u8 tos;
	__be16 len;
	__be16 id;
	__be16 fragment;
	__u8 ttl;
	__u8 proto;
	__be16 sum;
	__be32 from, to;
};

struct ipv6 {
	__be32 version_flow;
	__be16 len;
	__u8 next;
	__u8 hops;
	__u8 from[16], to[16];
};

/* The first bytes of any of the headers that may follow the one of IPv6. */
struct ipv6_more {
	__u8 next;
	__u8 len;
	__be16 fragment;
};

/* Common to TCP and UDP. */
struct transport {
	__be16 from, to;
};

/* What is left of the packet. */
struct rest {
	void *at;
	void *end;
};

/* A header, and on to what follows it; NULL if the packet ends before. */
#define TAKE(rest, type) ((type *)take(rest, sizeof(type), sizeof(type)))

static __always_inline void *take(struct rest *rest, __u32 need, __u32 len)
{
	void *at = rest->at;

	if (at + need > rest->end)
		return NULL;
	rest->at = at + len;
	return at;
}

static __always_inline __u16 ethernet(struct rest *rest)
{
	struct eth *eth = TAKE(rest, struct eth);
	__u16 type = eth ? bpf_ntohs(eth->type) : 0;

#pragma unroll
	for (int i = 0; i < VLAN_TAGS_MAX; i++) {
		struct vlan *vlan;

		if (type != TYPE_VLAN && type != TYPE_VLAN_OUTER)
			break;
		vlan = TAKE(rest, struct vlan);
		type = vlan ? bpf_ntohs(vlan->type) : 0;
	}
	return type;
}

/* Which protocol follows. Of fragments the first alone has ports. */
static __always_inline __u8 ipv4(struct rest *rest)
{
	struct rest start = *rest;
	struct ipv4 *ip = TAKE(rest, struct ipv4);
	__u32 len;

	if (!ip)
		return PROTO_NONE;
	len = (ip->version_words & 15) * 4;
	if (len < sizeof(*ip) || bpf_ntohs(ip->fragment) & FRAGMENT_OFFSET)
		return PROTO_NONE;
	rest->at = start.at + len;
	return ip->proto;
}

static __always_inline __u8 ipv6(struct rest *rest)
{
	struct ipv6 *ip = TAKE(rest, struct ipv6);
	__u8 proto = ip ? ip->next : PROTO_NONE;

#pragma unroll
	for (int i = 0; i < IPV6_HEADERS_MAX; i++) {
		struct ipv6_more *more = rest->at;
		__u32 len = 8;

		if (proto != PROTO_HOP_BY_HOP && proto != PROTO_ROUTING &&
		    proto != PROTO_FRAGMENT && proto != PROTO_DESTINATION)
			break;
		if ((void *)(more + 1) > rest->end)
			return PROTO_NONE;
		if (proto != PROTO_FRAGMENT)
			len = (more->len + 1) * 8;
		else if (bpf_ntohs(more->fragment) & IPV6_FRAGMENT_OFFSET)
			return PROTO_NONE;
		proto = more->next;
		rest->at += len;
	}
	return proto;
}

static __always_inline int wanted(struct rest *rest, __u8 proto)
{
	struct transport *head;
	__u32 port, word;
	__u64 *bits;

	if (proto != PROTO_TCP && proto != PROTO_UDP)
		return 0;
	head = TAKE(rest, struct transport);
	if (!head)
		return 0;
	port = bpf_ntohs(head->to);
	word = port / 64;
	bits = bpf_map_lookup_elem(&ports, &word);
	return bits && *bits >> port % 64 & 1;
}

static __always_inline int redirect(struct xdp_md *ctx)
{
#ifdef REDIRECT_META
	__u32 queue = ctx->rx_queue_index;

	/* The kernel would carry it along, and not join packets whose metadata differs. */
	if (!bpf_map_lookup_elem(&xsks_map, &queue))
		return XDP_PASS;
	if (!write_meta(ctx))
		return XDP_ABORTED;
#endif
	/* A queue without a socket: on to the kernel. */
	return (int)bpf_redirect_map(&xsks_map, ctx->rx_queue_index, XDP_PASS);
}

SEC("xdp")
int dmabufx_all(struct xdp_md *ctx)
{
	return redirect(ctx);
}

SEC("xdp")
int dmabufx_ports(struct xdp_md *ctx)
{
	struct rest rest = { .at = (void *)(long)ctx->data, .end = (void *)(long)ctx->data_end };
	__u16 type = ethernet(&rest);
	__u8 proto = PROTO_NONE;

	if (type == TYPE_IPV4)
		proto = ipv4(&rest);
	else if (type == TYPE_IPV6)
		proto = ipv6(&rest);
	return wanted(&rest, proto) ? redirect(ctx) : XDP_PASS;
}

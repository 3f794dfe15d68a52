// SPDX-License-Identifier: GPL-2.0-or-later
/* Objects as users write them; the one to compile is chosen by a macro. */
#include <bpf/bpf_helpers.h>

char user_license[] SEC("license") = "GPL";

#ifndef USER_no_map
struct {
#ifdef USER_other_type
	__uint(type, BPF_MAP_TYPE_ARRAY);
#else
	__uint(type, BPF_MAP_TYPE_XSKMAP);
#endif
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} xsks_map SEC(".maps");
#endif

#if defined(USER_good) || defined(USER_two)
SEC("xdp")
int user_redirect(struct xdp_md *ctx)
{
	return (int)bpf_redirect_map(&xsks_map, ctx->rx_queue_index, XDP_PASS);
}
#endif

#ifdef USER_frags
SEC("xdp.frags")
int user_redirect(struct xdp_md *ctx)
{
	return (int)bpf_redirect_map(&xsks_map, ctx->rx_queue_index, XDP_PASS);
}
#endif

#ifdef USER_two
SEC("xdp")
int user_drop(struct xdp_md *ctx)
{
	__u32 queue = ctx->rx_queue_index;

	return bpf_map_lookup_elem(&xsks_map, &queue) ? XDP_DROP : XDP_PASS;
}
#endif

#ifdef USER_refused
SEC("xdp")
int user_reads_past_the_end(struct xdp_md *ctx)
{
	__u32 queue = ctx->rx_queue_index;

	if (bpf_map_lookup_elem(&xsks_map, &queue))
		return XDP_PASS;
	return *(__u8 *)(long)ctx->data;
}
#endif

#if defined(USER_no_map) || defined(USER_other_type) || defined(USER_pass)
SEC("xdp")
int user_pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}
#endif

#ifdef USER_no_prog
SEC("socket")
int user_filter(struct __sk_buff *skb)
{
	return 0;
}
#endif

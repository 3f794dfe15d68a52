// SPDX-License-Identifier: GPL-2.0-or-later
/* Gives packets that leave a VLAN tag, where devices have it: not in the packet. */
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

char vlan_license[] SEC("license") = "GPL";

#define OK 0 /* TC_ACT_OK */

SEC("tc")
int tag_8021q(struct __sk_buff *skb)
{
	return bpf_skb_vlan_push(skb, bpf_htons(0x8100), 0x6123) ? -1 : OK;
}

SEC("tc")
int tag_8021ad(struct __sk_buff *skb)
{
	return bpf_skb_vlan_push(skb, bpf_htons(0x88a8), 0x9fff) ? -1 : OK;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Metadata before packets. The kernel's functions for it are the driver's own, so a
 * program that calls them is loaded for one interface. They are weak: what an older
 * kernel lacks is never called, as the settings say, and the verifier takes it out.
 */
#ifndef DX_XSK_META_BPF_H
#define DX_XSK_META_BPF_H

#include "xsk/rx_meta.h"

enum xdp_rss_hash_type { UNKNOWN_HASH_TYPE };

extern int bpf_xdp_metadata_rx_timestamp(const struct xdp_md *ctx, __u64 *timestamp) __ksym __weak;
extern int bpf_xdp_metadata_rx_hash(const struct xdp_md *ctx, __u32 *hash,
				    enum xdp_rss_hash_type *type) __ksym __weak;
extern int bpf_xdp_metadata_rx_vlan_tag(const struct xdp_md *ctx, __be16 *proto,
					__u16 *tci) __ksym __weak;

const volatile struct dx_rx_meta_settings dmabufx_settings = { 0 };

static __always_inline void ask_driver(struct xdp_md *ctx, struct dx_rx_meta_words *words)
{
	enum xdp_rss_hash_type type = UNKNOWN_HASH_TYPE;

	/* The kernel's times are above 0; veth says 0 (6.18) where there is none. */
	if (dmabufx_settings.kfuncs & DX_RX_META_TIMESTAMP &&
	    !bpf_xdp_metadata_rx_timestamp(ctx, &words->timestamp) && (__s64)words->timestamp > 0)
		words->valid |= DX_RX_META_TIMESTAMP;
	if (dmabufx_settings.kfuncs & DX_RX_META_HASH &&
	    !bpf_xdp_metadata_rx_hash(ctx, &words->hash, &type))
		words->valid |= DX_RX_META_HASH;
	words->hash_type = type;
	if (dmabufx_settings.kfuncs & DX_RX_META_VLAN &&
	    !bpf_xdp_metadata_rx_vlan_tag(ctx, &words->vlan_proto, &words->vlan_tci))
		words->valid |= DX_RX_META_VLAN;
}

/* False: there is no room before the packet, and what an older one had there would be read. */
static __always_inline int write_meta(struct xdp_md *ctx)
{
	struct dx_rx_meta_words words = { .mark = dmabufx_settings.mark }, *to;

	ask_driver(ctx, &words);
	if (bpf_xdp_adjust_meta(ctx, -(int)sizeof(words)))
		return 0;
	to = (void *)(long)ctx->data_meta;
	if ((void *)(to + 1) > (void *)(long)ctx->data)
		return 0;
	__builtin_memcpy(to, &words, sizeof(words));
	return 1;
}

#endif

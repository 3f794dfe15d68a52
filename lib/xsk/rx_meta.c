// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reading what the library's program wrote before a packet. */
#include "xsk/rx_meta.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/fail.h"
#include "base/opts.h"
#include "xsk/xsk_priv.h"

_Static_assert(DX_RX_META_TIMESTAMP == DMABUFX_RX_META_TIMESTAMP &&
		       DX_RX_META_HASH == DMABUFX_RX_META_HASH &&
		       DX_RX_META_VLAN == DMABUFX_RX_META_VLAN,
	       "the program's bits are the caller's");

/*
 * Metadata stands before a packet's first frame. Before the others may be that of a packet
 * which had the frame earlier, so the entry before must be the end of another packet. The
 * kernel hasn't written there again: dx_xsk_rings() made twice the entries that
 * there are frames, of which @desc has one.
 */
static bool is_first(const struct dx_xsk *xsk, const struct dmabufx_desc *desc)
{
	const struct dmabufx_ring *rx = &xsk->io.rx;
	const struct dmabufx_desc *slots = rx->slots;
	uintptr_t nth = ((uintptr_t)desc - (uintptr_t)slots) / sizeof(*slots);

	if (!(xsk->info.flags & DMABUFX_XSK_MULTI_BUFFER))
		return true;
	return nth <= rx->mask && !(slots[(nth - 1) & rx->mask].options & DMABUFX_DESC_MORE);
}

int dmabufx_xsk_rx_meta(const struct dmabufx_xsk *io, const struct dmabufx_desc *desc,
			struct dmabufx_rx_meta *ret)
{
	struct dx_rx_meta_words words = { 0 };
	const struct dx_xsk *xsk;
	uint64_t at;
	int err;

	if (!io || !desc || !ret)
		return dx_fail_null(!io ? "xsk" : !desc ? "desc" : "ret");
	err = dx_out_check(ret, "dmabufx_rx_meta", sizeof(*ret));
	if (err)
		return err;
	xsk = dx_xsk_of(io);
	at = (desc->addr & DMABUFX_ADDR_MASK) + (desc->addr >> 48);
	if (at > xsk->umem->len)
		return dx_fail(-EINVAL, DMABUFX_REASON_UMEM_RANGE,
			       "address %#llx is beyond the UMEM of %llu bytes",
			       (unsigned long long)desc->addr, (unsigned long long)xsk->umem->len);
	*ret = (struct dmabufx_rx_meta){ .size = sizeof(*ret) };
	if (!xsk->rx_mark || at < sizeof(words) || !is_first(xsk, desc))
		return 0;
	memcpy(&words, io->base + at - sizeof(words), sizeof(words));
	if (words.mark != xsk->rx_mark)
		return 0;
	ret->valid = words.valid;
	if (words.valid & DX_RX_META_TIMESTAMP)
		ret->timestamp_ns = words.timestamp;
	if (words.valid & DX_RX_META_HASH) {
		ret->hash = words.hash;
		ret->hash_type = words.hash_type;
	}
	if (words.valid & DX_RX_META_VLAN) {
		ret->vlan_tci = words.vlan_tci;
		ret->vlan_proto = ntohs(words.vlan_proto);
	}
	return (int)words.valid;
}

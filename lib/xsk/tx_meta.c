// SPDX-License-Identifier: LGPL-2.1-or-later
/* Metadata of packets to send: what can be had on a queue, and writing it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/opts.h"
#include "sys/ctx.h"
#include "sys/netdev.h"
#include "uapi/if_xdp.h"
#include "uapi/netdev.h"
#include "xsk/prog_priv.h"
#include "xsk/tx_times.h"
#include "xsk/xsk_priv.h"

#define KNOWN_WISHES \
	(DMABUFX_TX_META_CHECKSUM | DMABUFX_TX_META_TIMESTAMP | DMABUFX_TX_META_LAUNCH_TIME)
/* All but the launch time. */
#define SHORT_LEN offsetof(struct dx_xsk_tx_metadata, launch_time)

_Static_assert(sizeof(struct dx_xsk_tx_metadata) == DMABUFX_TX_METADATA_LEN,
	       "the length is the kernel's");

int dx_xsk_meta_check(const struct dmabufx_umem *umem, const struct dmabufx_xsk_opts *o)
{
	if (o->flags & DMABUFX_XSK_RX_META && o->flags & (DMABUFX_XSK_NO_RX | DMABUFX_XSK_NO_PROG))
		return dx_fail(-EINVAL, DMABUFX_REASON_BAD_FLAGS,
			       "DMABUFX_XSK_RX_META is about the library's program, and this socket "
			       "has none");
	if (o->flags & DMABUFX_XSK_RX_META && o->prog && !(o->prog->flags & DMABUFX_PROG_META))
		return dx_fail(-EINVAL, DMABUFX_REASON_BAD_FLAGS,
			       "the program writes no metadata for DMABUFX_XSK_RX_META: attach it with "
			       "DMABUFX_PROG_META");
	if (!(o->flags & DMABUFX_XSK_TX_TIMESTAMPS))
		return 0;
	if (o->flags & DMABUFX_XSK_NO_TX)
		return dx_fail(-EINVAL, DMABUFX_REASON_BAD_FLAGS,
			       "a socket that sends nothing has no times of sending; leave out "
			       "DMABUFX_XSK_TX_TIMESTAMPS");
	if (umem->metadata < SHORT_LEN)
		return dx_fail(-EINVAL, DMABUFX_REASON_TX_METADATA,
			       "times of sending stand before packets, where the UMEM has %u bytes: "
			       "set its tx_metadata_len to %u",
			       umem->metadata, DMABUFX_TX_METADATA_LEN);
	return 0;
}

/* When copying the kernel does it for all; its drivers ignore what they don't have. */
static uint32_t find_offers(const struct dx_xsk *xsk)
{
	struct dx_netdev_xdp xdp = { 0 };
	uint32_t offers = 0;

	/* A kernel that doesn't tell has none in its drivers. */
	if (dx_netdev_xdp(xsk->ctx->sys, xsk->info.ifindex, &xdp))
		xdp.xsk_features = 0;
	if (!xsk->info.zero_copy || xdp.xsk_features & NETDEV_XSK_FLAGS_TX_CHECKSUM)
		offers |= DMABUFX_TX_META_CHECKSUM;
	if (!xsk->info.zero_copy || xdp.xsk_features & NETDEV_XSK_FLAGS_TX_TIMESTAMP)
		offers |= DMABUFX_TX_META_TIMESTAMP;
	if (xdp.xsk_features & NETDEV_XSK_FLAGS_TX_LAUNCH_TIME_FIFO)
		offers |= DMABUFX_TX_META_LAUNCH_TIME;
	return offers;
}

int dx_xsk_meta_learn(struct dx_xsk *xsk)
{
	const struct dmabufx_xsk_info *info = &xsk->info;

	if (!xsk->umem->metadata || !info->tx_frames)
		return 0;
	xsk->tx_offers = find_offers(xsk);
	if (!(info->flags & DMABUFX_XSK_TX_TIMESTAMPS))
		return 0;
	if (!(xsk->tx_offers & DMABUFX_TX_META_TIMESTAMP))
		return dx_fail(-EOPNOTSUPP, DMABUFX_REASON_NO_METADATA,
			       "the driver of %s tells no times of sending without copying; copy by "
			       "DMABUFX_ZC_FORBID, or leave out DMABUFX_XSK_TX_TIMESTAMPS",
			       info->ifname);
	xsk->times = dx_tx_times_new(info->tx_frames, info->tx_ring);
	if (!xsk->times)
		return dx_fail_memory();
	xsk->io.foreign |= DX_XSK_REAP_ALL;
	return 0;
}

static const char *wish_name(uint32_t wish)
{
	return wish & DMABUFX_TX_META_CHECKSUM  ? "fills in checksums" :
	       wish & DMABUFX_TX_META_TIMESTAMP ? "tells times of sending" :
						  "sends at given times";
}

/* Kernel or driver; the caller's choice of a socket for times. */
static int check_offers(const struct dx_xsk *xsk, const struct dmabufx_tx_meta *m)
{
	const struct dmabufx_xsk_info *info = &xsk->info;
	uint32_t missing = m->flags & ~xsk->tx_offers;
	uint32_t need = m->flags & DMABUFX_TX_META_LAUNCH_TIME ? DMABUFX_TX_METADATA_LEN :
								 (uint32_t)SHORT_LEN;

	if (m->flags & ~KNOWN_WISHES)
		return dx_fail_flags("dmabufx_tx_meta", m->flags, KNOWN_WISHES);
	if (xsk->umem->metadata < need)
		return dx_fail(-EINVAL, DMABUFX_REASON_TX_METADATA,
			       "the UMEM has %u bytes before packets, and this takes %u: set its "
			       "tx_metadata_len to %u",
			       xsk->umem->metadata, need, DMABUFX_TX_METADATA_LEN);
	if (missing)
		return dx_fail(-EOPNOTSUPP, DMABUFX_REASON_NO_METADATA,
			       "nobody %s for %s%s; 'dmabufx xsk query %s' tells what its driver has%s",
			       wish_name(missing), info->ifname,
			       info->zero_copy ? " without copying" : "", info->ifname,
			       missing == DMABUFX_TX_META_LAUNCH_TIME ?
				       "" :
				       ", DMABUFX_ZC_FORBID copies");
	if (m->flags & DMABUFX_TX_META_TIMESTAMP && !xsk->times)
		return dx_fail(-EINVAL, DMABUFX_REASON_BAD_FLAGS,
			       "the socket keeps no times of sending; open it with "
			       "DMABUFX_XSK_TX_TIMESTAMPS");
	return 0;
}

/* The kernel sends nothing more after a checksum that isn't in the packet. */
static int check_desc(const struct dx_xsk *xsk, const struct dmabufx_desc *desc,
		      const struct dmabufx_tx_meta *m)
{
	const struct dmabufx_umem *umem = xsk->umem;
	uint64_t base = desc->addr & DMABUFX_ADDR_MASK, at = base + (desc->addr >> 48);
	uint32_t end = (uint32_t)m->csum_start + m->csum_offset + 2;

	if (at > umem->len || at - base / umem->chunk * umem->chunk < umem->metadata)
		return dx_fail(-EINVAL, DMABUFX_REASON_UMEM_RANGE,
			       "address %#llx leaves no %u bytes before the packet in its frame; "
			       "dmabufx_xsk_tx_alloc() gives addresses that do",
			       (unsigned long long)desc->addr, umem->metadata);
	if (m->flags & DMABUFX_TX_META_CHECKSUM && end > desc->len)
		return dx_fail(-EINVAL, DMABUFX_REASON_TX_METADATA,
			       "a checksum at byte %u + %u isn't in the %u bytes of the packet; set the "
			       "descriptor's length first",
			       m->csum_start, m->csum_offset, desc->len);
	return 0;
}

static void translate(const struct dmabufx_tx_meta *m, struct dx_xsk_tx_metadata *words)
{
	if (m->flags & DMABUFX_TX_META_CHECKSUM) {
		words->flags |= XDP_TXMD_FLAGS_CHECKSUM;
		words->csum_start = m->csum_start;
		words->csum_offset = m->csum_offset;
	}
	if (m->flags & DMABUFX_TX_META_TIMESTAMP)
		words->flags |= XDP_TXMD_FLAGS_TIMESTAMP;
	if (m->flags & DMABUFX_TX_META_LAUNCH_TIME) {
		words->flags |= XDP_TXMD_FLAGS_LAUNCH_TIME;
		words->launch_time = m->launch_time_ns;
	}
}

/* All is checked but whether the frame may ask for a time. */
static int write_wishes(struct dx_xsk *xsk, struct dmabufx_desc *desc,
			const struct dmabufx_tx_meta *m)
{
	struct dx_xsk_tx_metadata words = { .room = DX_TX_NO_TIME };
	unsigned char *to = dmabufx_xsk_data(&xsk->io, desc->addr);
	uint64_t before;
	int err = 0;

	translate(m, &words);
	memcpy(&before, &words.csum_start, sizeof(before));
	if (m->flags & DMABUFX_TX_META_TIMESTAMP)
		err = dx_tx_times_ask(xsk, desc->addr, before, m->cookie);
	else
		dx_tx_times_forget(xsk, desc->addr);
	if (err)
		return err;
	memcpy(to - xsk->umem->metadata, &words,
	       m->flags & DMABUFX_TX_META_LAUNCH_TIME ? sizeof(words) : SHORT_LEN);
	desc->options |= DMABUFX_DESC_METADATA;
	return 0;
}

int dmabufx_xsk_tx_meta(struct dmabufx_xsk *io, struct dmabufx_desc *desc,
			const struct dmabufx_tx_meta *meta)
{
	struct dmabufx_tx_meta m;
	struct dx_xsk *xsk;
	int err;

	if (!io || !desc || !meta)
		return dx_fail_null(!io ? "xsk" : !desc ? "desc" : "meta");
	err = DX_OPTS_TAKE(dmabufx_tx_meta, meta, &m);
	if (err)
		return err;
	xsk = dx_xsk_of(io);
	if (!m.flags) {
		dx_tx_times_forget(xsk, desc->addr);
		desc->options &= ~DMABUFX_DESC_METADATA;
		return 0;
	}
	err = check_offers(xsk, &m);
	if (!err)
		err = check_desc(xsk, desc, &m);
	return err ? err : write_wishes(xsk, desc, &m);
}

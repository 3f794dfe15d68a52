/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of single packets: a line each, and the first ones in JSON. */
#ifndef XSK_META_H
#define XSK_META_H

#include "xsk_run.h"

/* Packets that the JSON has at most; its "packets" counts all. */
#define XSK_META_MAX 1000u

/**
 * struct xsk_meta - packets that were told of
 * @run: the command's
 * @list: JSON's list
 * @n: how many
 */
struct xsk_meta {
	struct xsk_run *run;
	struct json_object *list;
	uint64_t n;
};

/* A list of this name in the command's JSON. */
void xsk_meta_start(struct xsk_meta *meta, struct xsk_run *run, const char *name);

/* Packet @number was received by @queue. */
void xsk_meta_received(struct xsk_meta *meta, uint64_t number, uint32_t queue,
		       const struct dmabufx_rx_meta *rx);

/* Packet @cookie was sent. */
void xsk_meta_sent(struct xsk_meta *meta, const struct dmabufx_tx_timestamp *time);

#endif

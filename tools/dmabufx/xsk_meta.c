/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of single packets. */
#include "xsk_meta.h"

#include <stdio.h>

#define NS UINT64_C(1000000000)
#define TIME_MAX 40

void xsk_meta_start(struct xsk_meta *meta, struct xsk_run *run, const char *name)
{
	*meta = (struct xsk_meta){ .run = run, .list = js_array(run->cli->out, name) };
}

/* A row of the list, or of nobody's when there are enough. */
static struct json_object *add_row(struct xsk_meta *meta)
{
	live_end(meta->run->cli, &meta->run->live);
	return meta->n++ < XSK_META_MAX ? js_push(meta->list) : NULL;
}

static const char *seconds(uint64_t ns, char text[TIME_MAX])
{
	snprintf(text, TIME_MAX, "%llu.%09llu", (unsigned long long)(ns / NS),
		 (unsigned long long)(ns % NS));
	return text;
}

static void put_row(struct json_object *row, uint64_t number, uint32_t queue,
		    const struct dmabufx_rx_meta *rx)
{
	js_num(row, "packet", number);
	js_num(row, "queue", queue);
	if (rx->valid & DMABUFX_RX_META_TIMESTAMP)
		js_num(row, "timestamp_ns", rx->timestamp_ns);
	if (rx->valid & DMABUFX_RX_META_HASH) {
		js_hex(row, "hash", rx->hash, 8);
		js_hex(row, "hash_type", rx->hash_type, 1);
	}
	if (rx->valid & DMABUFX_RX_META_VLAN) {
		js_hex(row, "vlan_proto", rx->vlan_proto, 4);
		js_hex(row, "vlan_tci", rx->vlan_tci, 4);
	}
}

void xsk_meta_received(struct xsk_meta *meta, uint64_t number, uint32_t queue,
		       const struct dmabufx_rx_meta *rx)
{
	struct json_object *row = add_row(meta);
	struct cli *cli = meta->run->cli;
	char text[TIME_MAX];

	if (row)
		put_row(row, number, queue, rx);
	cli_say(cli, "packet %llu: queue %u", (unsigned long long)number, queue);
	if (rx->valid & DMABUFX_RX_META_TIMESTAMP)
		cli_say(cli, ", time %s", seconds(rx->timestamp_ns, text));
	if (rx->valid & DMABUFX_RX_META_HASH)
		cli_say(cli, ", hash %#010x%s", rx->hash,
			rx->hash_type & DMABUFX_HASH_L4 ? " of addresses and ports" : "");
	if (rx->valid & DMABUFX_RX_META_VLAN)
		cli_say(cli, ", VLAN %u priority %u (tag %#06x)", rx->vlan_tci & 0xfffu,
			rx->vlan_tci >> 13, rx->vlan_proto);
	cli_say(cli, "%s\n", rx->valid ? "" : ", nothing known");
}

void xsk_meta_sent(struct xsk_meta *meta, const struct dmabufx_tx_timestamp *time)
{
	struct json_object *row = add_row(meta);
	struct cli *cli = meta->run->cli;
	char text[TIME_MAX];

	if (row) {
		js_num(row, "packet", time->cookie);
		js_num(row, "timestamp_ns", time->ns);
	}
	cli_say(cli, "packet %llu: sent at %s\n", (unsigned long long)time->cookie,
		time->ns ? seconds(time->ns, text) : "a time that the device doesn't know");
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was lost, or never came, and why. */
#include "xsk_run.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void xsk_finding(struct cli *cli, const char *id, const char *fmt, ...)
{
	struct json_object *list;
	struct json_object *row;
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!json_object_object_get_ex(cli->out, "findings", &list))
		list = js_array(cli->out, "findings");
	row = js_push(list);
	js_str(row, "id", id);
	js_str(row, "text", text);
	cli_say(cli, "%s\n", text);
}

static void tell_losses(struct cli *cli, const struct dmabufx_xsk_info *info,
			const struct dmabufx_xsk_stats *s)
{
	char n[32];

	if (s->drop_rx_ring_full)
		xsk_finding(cli, "rx-ring-full",
			    "%s queue %u: %s packets lost, ring full: this program is too slow; "
			    "spread them over more queues (ethtool -L, --all), or filter --ports",
			    info->ifname, info->queue, live_number(s->drop_rx_ring_full, n));
	if (s->drop_fill_empty && !info->rx_frames)
		xsk_finding(cli, "only-sends",
			    "%s queue %u: what the queue received meanwhile is lost, as it was "
			    "only to send, without copying",
			    info->ifname, info->queue);
	else if (s->drop_fill_empty)
		xsk_finding(cli, "fill-ring-empty",
			    "%s queue %u: %s times the fill ring was empty: frames come back too "
			    "slowly; try --profile payload, which has more of them",
			    info->ifname, info->queue, live_number(s->drop_fill_empty, n));
	if (s->drop_rx_other)
		xsk_finding(cli, "rx-dropped",
			    "%s queue %u: %s packets lost: too long for a frame, or no memory; "
			    "for long ones try --multi-buffer",
			    info->ifname, info->queue, live_number(s->drop_rx_other, n));
	if (s->tx_invalid)
		xsk_finding(cli, "tx-invalid", "%s queue %u: the kernel refused to send %s packets",
			    info->ifname, info->queue, live_number(s->tx_invalid, n));
}

/* Of each interface once; an error has said it already. */
static void tell_link(const struct xsk_run *run, uint32_t i)
{
	struct dmabufx_xsk_info info = { .size = sizeof(info) }, other = info;

	dmabufx_xsk_get_info(run->socks[i], &info);
	while (i--) {
		dmabufx_xsk_get_info(run->socks[i], &other);
		if (info.ifindex == other.ifindex)
			return;
	}
	if (run->cli->exit == CLI_OK && !nic_running(info.ifname))
		xsk_finding(run->cli, "no-carrier",
			    "%s has no carrier%s; look at the cable, or at the other end",
			    info.ifname, info.tx_frames ? ", and what it sends is lost" : "");
}

void xsk_tell_drops(struct xsk_run *run)
{
	struct json_object *list = js_array(run->cli->out, "queues");
	uint64_t sum = 0;

	for (uint32_t i = 0; i < run->n; i++) {
		struct dmabufx_xsk_info info = { .size = sizeof(info) };
		struct dmabufx_xsk_stats s = { .size = sizeof(s) };
		struct json_object *row = js_push(list);

		if (dmabufx_xsk_get_info(run->socks[i], &info) ||
		    dmabufx_xsk_get_stats(run->socks[i], &s))
			continue;
		js_str(row, "interface", info.ifname);
		js_num(row, "queue", info.queue);
		js_num(row, "rx_frames", s.rx_frames);
		js_num(row, "tx_frames", s.tx_frames);
		js_num(row, "system_calls", s.kicks);
		js_num(row, "sleeps", s.sleeps);
		js_num(row, "drop_rx_ring_full", s.drop_rx_ring_full);
		js_num(row, "drop_fill_empty", s.drop_fill_empty);
		js_num(row, "drop_rx_other", s.drop_rx_other);
		js_num(row, "tx_invalid", s.tx_invalid);
		sum += xsk_lost(&s);
		tell_losses(run->cli, &info, &s);
		tell_link(run, i);
	}
	js_num(run->cli->out, "drops", sum);
	if (!sum)
		cli_say(run->cli, "No packet was lost at the sockets.\n");
}

static bool is_ours(const struct xsk_run *run, const char *ifname, uint32_t queue)
{
	for (uint32_t i = 0; i < run->n; i++) {
		struct dmabufx_xsk_info info = { .size = sizeof(info) };

		dmabufx_xsk_get_info(run->socks[i], &info);
		if (info.queue == queue && info.rx_frames && !strcmp(info.ifname, ifname))
			return true;
	}
	return false;
}

/* The queue that got most packets, of ours or of the others; its packets, or 0. */
static uint64_t busiest(const struct xsk_run *run, const char *ifname, bool ours,
			const struct nic_counts *before, const struct nic_counts *now,
			uint32_t *queue)
{
	uint64_t most = 0;

	for (uint32_t q = 0; q < NIC_QUEUES; q++) {
		uint64_t got = now->queues[q] - before->queues[q];

		if (is_ours(run, ifname, q) != ours || got <= most)
			continue;
		most = got;
		*queue = q;
	}
	return most;
}

void xsk_tell_silence(struct xsk_run *run, const char *ifname, const struct nic_counts *before)
{
	struct cli *cli = run->cli;
	struct nic_counts now;
	uint64_t got;
	uint32_t queue = 0;

	if (cli->exit != CLI_OK || !nic_running(ifname))
		return;
	nic_read(ifname, &now);
	got = busiest(run, ifname, false, before, &now, &queue);
	if (got)
		xsk_finding(cli, "wrong-queue",
			    "%s: packets go to queue %u (%llu did), where no socket is: give "
			    "--queue %u or --all, or steer them, see ethtool -x %s and ethtool -N",
			    ifname, queue, (unsigned long long)got, queue, ifname);
	else if ((got = busiest(run, ifname, true, before, &now, &queue)))
		xsk_finding(cli, "passed-on",
			    "%s: queue %u received %llu packets, and its program let them go on "
			    "to the kernel: %s",
			    ifname, queue, (unsigned long long)got,
			    run->o->nports ? "none was for these ports" :
					     "see 'bpftool net' for who has replaced it");
	else if (now.received > before->received)
		xsk_finding(cli, "not-here",
			    "%s: %llu packets arrived, but none of the kind and queue that was "
			    "asked for: see ethtool -x %s, or give --all",
			    ifname, (unsigned long long)(now.received - before->received), ifname);
	else
		xsk_finding(cli, "nothing-arrived",
			    "%s: nothing arrived: look at the sender, and at the cable", ifname);
	nic_free(&now);
}

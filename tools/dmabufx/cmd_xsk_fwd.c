/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dmabufx xsk fwd: from one interface to another, in frames that nobody copies. */
#include "xsk_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MS 100
/* While packets are on their way, whose frames are needed for new ones. */
#define BUSY_WAIT_MS 1
/* Tries to send before packets are given up. */
#define TRIES 200

enum { OPT_BOTH = OPT_XSK_OWN, OPT_SWAP, OPT_ONE_QUEUE };

/**
 * struct way - one direction
 * @in: receives
 * @out: sends
 * @from: name of the interface that receives
 * @to: name of the one that sends
 * @packets: sent
 * @bytes: of those
 * @lost: given up, as there was no room
 * @inside: the last frame that was sent has more behind it
 * @skipping: the last one that was given up has
 */
struct way {
	struct dmabufx_xsk *in;
	struct dmabufx_xsk *out;
	const char *from;
	const char *to;
	uint64_t packets;
	uint64_t bytes;
	uint64_t lost;
	bool inside;
	bool skipping;
};

struct fwd {
	struct xsk_run run;
	struct xsk_opts o;
	bool both;
	bool swap;
	bool one_queue;
	struct way ways[2];
	uint32_t nways;
};

static bool parse(struct cli *cli, int argc, char **argv, struct fwd *fwd)
{
	static const struct option options[] = { CLI_LONG_OPTIONS,
						 XSK_RECEIVE_OPTIONS,
						 { "both", no_argument, NULL, OPT_BOTH },
						 { "swap-macs", no_argument, NULL, OPT_SWAP },
						 { "one-queue", no_argument, NULL, OPT_ONE_QUEUE },
						 { NULL, 0, NULL, 0 } };
	int opt;

	/* Others want the processor, too: frames last until it comes back. */
	fwd->o.profile = DMABUFX_RX_PAYLOAD;
	while ((opt = cli_getopt(cli, argc, argv, options)) != -1) {
		if (opt == OPT_BOTH)
			fwd->both = true;
		else if (opt == OPT_ONE_QUEUE)
			fwd->one_queue = true;
		else if (opt == OPT_SWAP)
			fwd->swap = true;
		else if (!xsk_take_option(cli, opt, &fwd->o))
			return false;
	}
	if (!cli_want_args(cli, argc, 2, 2))
		return false;
	if (!fwd->both || strcmp(argv[optind], argv[optind + 1]))
		return true;
	cli->exit = cli_usage(cli, "--both wants two interfaces, and %s is one", argv[optind]);
	return false;
}

/* A socket that receives by the filter, if there is one. */
static bool add(struct fwd *fwd, const struct dmabufx_xsk_caps *caps, uint32_t flags)
{
	struct dmabufx_prog *prog = NULL;
	bool ok;

	if (!(flags & DMABUFX_XSK_NO_RX) && !xsk_filter(&fwd->run, caps->ifname, &prog))
		return false;
	ok = xsk_add(&fwd->run, caps->ifname, fwd->o.queue, prog, flags);
	dmabufx_prog_unref(prog);
	return ok;
}

/*
 * On one interface another queue sends, as the kernel's pools of two queues share no lock.
 * Not without copying, where that queue would lose what it receives; nor if it's taken.
 */
static bool add_other_queue(struct fwd *fwd, const struct dmabufx_xsk_caps *caps)
{
	const struct xsk_opts *o = &fwd->o;
	bool copies = o->zc == DMABUFX_ZC_FORBID || o->mode == DMABUFX_XDP_GENERIC ||
		      !(caps->features & XSK_FEATURE_ZERO_COPY);
	uint32_t queue = o->queue + 1 < caps->tx_queues ? o->queue + 1 : 0;

	return !fwd->one_queue && copies && queue != o->queue && o->queue < caps->rx_queues &&
	       xsk_try(&fwd->run, caps->ifname, queue, NULL, DMABUFX_XSK_NO_RX) == 0;
}

/* The one socket, or two, of an interface that sends back what it receives. */
static bool open_one(struct fwd *fwd, const struct dmabufx_xsk_caps *caps)
{
	bool other = add_other_queue(fwd, caps);
	struct xsk_run *run = &fwd->run;

	if (!add(fwd, caps, other ? DMABUFX_XSK_NO_TX : 0))
		return false;
	fwd->ways[0].in = run->socks[run->n - 1];
	fwd->ways[0].out = run->socks[0];
	return true;
}

static bool open_two(struct fwd *fwd, const struct dmabufx_xsk_caps caps[2])
{
	struct xsk_run *run = &fwd->run;

	if (!add(fwd, &caps[0], fwd->both ? 0 : DMABUFX_XSK_NO_TX) ||
	    !add(fwd, &caps[1], fwd->both ? 0 : DMABUFX_XSK_NO_RX))
		return false;
	for (uint32_t i = 0; i < fwd->nways; i++) {
		fwd->ways[i].in = run->socks[i];
		fwd->ways[i].out = run->socks[!i];
	}
	return true;
}

static bool open_sockets(struct fwd *fwd, char **names)
{
	struct xsk_run *run = &fwd->run;
	struct dmabufx_xsk_caps caps[2];
	uint32_t mtu;

	if (!xsk_look(run, names[0], &caps[0]) || !xsk_look(run, names[1], &caps[1]))
		return false;
	/* Nothing is sent but what was received; all of that may be on its way at once. */
	run->tx_frames = 1;
	run->tx_ring = xsk_rx_frames(&fwd->o);
	mtu = caps[0].mtu > caps[1].mtu ? caps[0].mtu : caps[1].mtu;
	fwd->nways = fwd->both ? 2 : 1;
	for (uint32_t i = 0; i < fwd->nways; i++)
		fwd->ways[i] = (struct way){ .from = names[i], .to = names[!i] };
	return xsk_memory(run, (uint64_t)xsk_rx_frames(&fwd->o) * fwd->nways + 2, mtu,
			  caps[0].features | caps[1].features) &&
	       (strcmp(names[0], names[1]) ? open_two(fwd, caps) : open_one(fwd, &caps[0]));
}

/* In the first frame of each packet. */
static void swap_macs(struct way *way, const struct dmabufx_desc *descs, uint32_t n)
{
	bool first = !way->inside;

	for (uint32_t i = 0; i < n; i++) {
		uint8_t *at = dmabufx_xsk_data(way->in, descs[i].addr);
		uint8_t mac[6];

		if (first && descs[i].len >= 12) {
			memcpy(mac, at, 6);
			memcpy(at, at + 6, 6);
			memcpy(at + 6, mac, 6);
		}
		first = !(descs[i].options & DMABUFX_DESC_MORE);
	}
}

/* Frames of packets that won't be sent; up to the end of the last one begun. */
static void give_up(struct way *way, const struct dmabufx_desc *descs, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		way->skipping = descs[i].options & DMABUFX_DESC_MORE;
		way->lost += !way->skipping;
	}
	if (n)
		dmabufx_xsk_rx_release(way->in, descs, n);
}

/* How many of them were sent; a packet that was begun is sent whole. */
static uint32_t send_all(struct fwd *fwd, struct way *way, const struct dmabufx_desc *descs,
			 uint32_t n)
{
	uint32_t done = 0;

	for (unsigned int tries = 0; done < n; tries++) {
		uint32_t some = dmabufx_xsk_forward(way->in, way->out, descs + done, n - done);

		for (; some; some--, done++) {
			way->inside = descs[done].options & DMABUFX_DESC_MORE;
			way->packets += !way->inside;
			way->bytes += descs[done].len;
			tries = 0;
		}
		if (done == n || (tries > TRIES && !way->inside) || xsk_over(&fwd->run, live_now()))
			break;
		dmabufx_xsk_tx_reap(way->out);
	}
	return done;
}

/* Whether there was something. */
static bool move(struct fwd *fwd, struct way *way)
{
	uint64_t left = fwd->o.count ? fwd->o.count - fwd->ways[0].packets - fwd->ways[1].packets :
				       XSK_BATCH;
	struct dmabufx_desc *descs;
	uint32_t n = dmabufx_xsk_rx_burst(way->in, &descs,
					  left < XSK_BATCH ? (uint32_t)left : XSK_BATCH);
	uint32_t from = 0;

	if (!n)
		return false;
	while (way->skipping && from < n)
		give_up(way, &descs[from++], 1);
	if (fwd->swap)
		swap_macs(way, descs + from, n - from);
	from += send_all(fwd, way, descs + from, n - from);
	give_up(way, descs + from, n - from);
	return true;
}

static bool all_there(const struct fwd *fwd)
{
	return fwd->o.count && fwd->ways[0].packets + fwd->ways[1].packets >= fwd->o.count;
}

static bool idle(struct fwd *fwd)
{
	struct dmabufx_xsk *ins[2] = { fwd->ways[0].in, fwd->ways[1].in };
	bool busy = false;

	for (uint32_t i = 0; i < fwd->nways; i++) {
		dmabufx_xsk_tx_reap(fwd->ways[i].out);
		busy |= dmabufx_xsk_tx_pending(fwd->ways[i].out) > 0;
	}
	return xsk_wait_some(&fwd->run, ins, fwd->nways, busy ? BUSY_WAIT_MS : WAIT_MS);
}

static void forward(struct fwd *fwd)
{
	const struct way *w = fwd->ways;
	struct xsk_run *run = &fwd->run;
	uint64_t now = live_now();

	for (; !all_there(fwd) && !xsk_over(run, now); now = live_now()) {
		bool some = false;

		for (uint32_t i = 0; i < fwd->nways && !all_there(fwd); i++)
			some |= move(fwd, &fwd->ways[i]);
		if (!some && !idle(fwd))
			break;
		xsk_tick(run, now, w[0].packets + w[1].packets, w[0].bytes + w[1].bytes,
			 w[0].lost + w[1].lost);
	}
	xsk_stop(run);
	for (uint32_t i = 0; i < fwd->nways; i++)
		xsk_drain(fwd->ways[i].out);
}

static void tell(struct fwd *fwd, const struct nic_counts *before)
{
	struct xsk_run *run = &fwd->run;
	struct json_object *list = js_array(run->cli->out, "ways");

	live_end(run->cli, &run->live);
	for (uint32_t i = 0; i < fwd->nways; i++) {
		const struct way *way = &fwd->ways[i];
		struct live_counts counts = { way->packets, way->bytes, 0 };
		struct json_object *row = js_push(list);
		char what[40], n[32];

		snprintf(what, sizeof(what), "%s to %s", way->from, way->to);
		js_str(row, "from", way->from);
		js_str(row, "to", way->to);
		js_num(row, "lost", way->lost);
		live_total(run->cli, row, what, &counts, run->stopped - run->live.start);
		if (way->lost)
			xsk_finding(run->cli, "tx-ring-full",
				    "%s: %s packets lost, as %s takes no more: it is slower, or "
				    "its link is down",
				    what, live_number(way->lost, n), way->to);
	}
	xsk_tell_drops(run);
	for (uint32_t i = 0; i < fwd->nways; i++) {
		const struct way *way = &fwd->ways[i];

		if (!way->packets && !way->lost)
			xsk_tell_silence(run, way->from, &before[i]);
	}
	xsk_tell_bench(run, fwd->ways[0].packets + fwd->ways[1].packets);
}

int cmd_xsk_fwd(struct cli *cli, int argc, char **argv)
{
	struct fwd *fwd = cli_alloc(1, sizeof(*fwd));
	struct nic_counts before[2];

	fwd->run.cli = cli;
	fwd->run.o = &fwd->o;
	if (!parse(cli, argc, argv, fwd))
		goto out;
	xsk_catch_signals();
	if (!open_sockets(fwd, argv + optind))
		goto out;
	for (int i = 0; i < 2; i++)
		nic_read(argv[optind + i], &before[i]);
	xsk_start(&fwd->run);
	forward(fwd);
	tell(fwd, before);
	for (int i = 0; i < 2; i++)
		nic_free(&before[i]);
out:
	xsk_close_all(&fwd->run);
	free(fwd);
	return cli->exit;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dmabufx xsk tx: send numbered packets, at a rate. */
#include "xsk_meta.h"
#include "xsk_packet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS UINT64_C(1000000000)
#define FRAMES 512u
#define RATE_MAX 1000000000u
/* The longest sleep between packets, so that signals and the clock are heeded. */
#define NAP_NS 100000000u

enum {
	OPT_SIZE = OPT_XSK_OWN,
	OPT_RATE,
	OPT_BATCH,
	OPT_DST,
	OPT_SRC,
	OPT_IP,
	OPT_PORT,
	OPT_CHECKSUM,
	OPT_TIMESTAMPS
};

struct tx {
	struct xsk_run run;
	struct xsk_opts o;
	struct xsk_packet packet;
	struct xsk_meta meta;
	struct dmabufx_tx_meta wish; /* for each packet, with its number as cookie */
	bool src_given;
	uint64_t size;
	uint64_t rate;
	uint64_t batch;
	uint64_t sent;
	uint32_t chunk;
	uint32_t room; /* bytes of a packet in a frame */
	uint32_t parts; /* frames of a packet */
	uint8_t *whole; /* a packet */
	bool *written; /* frames that hold one already, all but its number */
	struct dmabufx_desc descs[FRAMES];
};

static bool take_mac(struct cli *cli, const char *what, uint8_t ret[6])
{
	if (xsk_parse_mac(optarg, ret))
		return true;
	cli->exit = cli_usage(cli, "%s '%s' is no address like 02:00:00:00:00:01", what, optarg);
	return false;
}

static bool take_own(struct cli *cli, int opt, struct tx *tx)
{
	uint64_t port;

	switch (opt) {
	case OPT_SIZE:
		return xsk_number(cli, "--size", optarg, XSK_SIZE_MIN, XSK_SIZE_MAX, &tx->size);
	case OPT_RATE:
		return xsk_number(cli, "--rate", optarg, 1, RATE_MAX, &tx->rate);
	case OPT_BATCH:
		return xsk_number(cli, "--batch", optarg, 1, FRAMES, &tx->batch);
	case OPT_DST:
		return take_mac(cli, "--dst", tx->packet.dst);
	case OPT_SRC:
		tx->src_given = true;
		return take_mac(cli, "--src", tx->packet.src);
	case OPT_PORT:
		if (!xsk_number(cli, "--port", optarg, 1, UINT16_MAX, &port))
			return false;
		tx->packet.port = (uint16_t)port;
		return true;
	case OPT_CHECKSUM:
		tx->packet.checksum = true;
		tx->wish.flags |= DMABUFX_TX_META_CHECKSUM;
		return true;
	case OPT_TIMESTAMPS:
		tx->wish.flags |= DMABUFX_TX_META_TIMESTAMP;
		return true;
	case OPT_IP:
		if (xsk_parse_ips(optarg, &tx->packet.from, &tx->packet.to))
			return true;
		cli->exit = cli_usage(cli, "--ip '%s' is no pair like 192.0.2.1,192.0.2.2", optarg);
		return false;
	default:
		return xsk_take_option(cli, opt, &tx->o);
	}
}

static bool parse(struct cli *cli, int argc, char **argv, struct tx *tx)
{
	static const struct option options[] = {
		CLI_LONG_OPTIONS,
		{ "queue", required_argument, NULL, OPT_QUEUE },
		{ "count", required_argument, NULL, OPT_COUNT },
		{ "seconds", required_argument, NULL, OPT_SECONDS },
		{ "zc", required_argument, NULL, OPT_ZC },
		{ "size", required_argument, NULL, OPT_SIZE },
		{ "rate", required_argument, NULL, OPT_RATE },
		{ "batch", required_argument, NULL, OPT_BATCH },
		{ "dst", required_argument, NULL, OPT_DST },
		{ "src", required_argument, NULL, OPT_SRC },
		{ "ip", required_argument, NULL, OPT_IP },
		{ "port", required_argument, NULL, OPT_PORT },
		{ "checksum", no_argument, NULL, OPT_CHECKSUM },
		{ "timestamps", no_argument, NULL, OPT_TIMESTAMPS },
		{ NULL, 0, NULL, 0 }
	};
	int opt;

	while ((opt = cli_getopt(cli, argc, argv, options)) != -1) {
		if (!take_own(cli, opt, tx))
			return false;
	}
	return cli_want_args(cli, argc, 1, 1);
}

static bool size_fits(struct tx *tx, const struct dmabufx_xsk_caps *caps)
{
	struct cli *cli = tx->run.cli;

	if (tx->size <= caps->mtu + UINT64_C(14))
		return true;
	cli->exit = cli_fail(cli, -EMSGSIZE, "mtu",
			     "%s: packets of %llu bytes don't fit its MTU of %u; give --size %u at "
			     "most, or set a larger one: ip link set %s mtu %llu",
			     caps->ifname, (unsigned long long)tx->size, caps->mtu, caps->mtu + 14,
			     caps->ifname, (unsigned long long)tx->size - 14);
	return false;
}

/* Without copying a driver takes so many frames a packet, and may take but one. */
static bool parts_fit(struct tx *tx, const struct dmabufx_xsk_caps *caps)
{
	struct cli *cli = tx->run.cli;

	/* Where it can't do without copying at all, the library says so. */
	if (tx->parts == 1 || tx->parts <= caps->zc_max_segs || tx->o.zc == DMABUFX_ZC_FORBID)
		return true;
	if (tx->o.zc == DMABUFX_ZC_PREFER)
		tx->o.zc = DMABUFX_ZC_FORBID;
	if (tx->o.zc == DMABUFX_ZC_FORBID || !caps->zc_max_segs)
		return true;
	cli_fail(cli, -EMSGSIZE, dmabufx_reason_name(DMABUFX_REASON_NO_ZERO_COPY),
		 "%s: a packet that isn't copied may have %u bytes, %u for each frame its driver "
		 "takes; give --size %u at most, or leave out --zc require",
		 caps->ifname, caps->zc_max_segs * tx->room, tx->room,
		 caps->zc_max_segs * tx->room);
	cli->exit = CLI_CANT;
	return false;
}

static bool make_frames(struct tx *tx, const struct dmabufx_xsk_caps *caps)
{
	struct dmabufx_umem_info info = { .size = sizeof(info) };
	struct xsk_run *run = &tx->run;

	run->tx_frames = FRAMES;
	run->tx_metadata = tx->wish.flags ? DMABUFX_TX_METADATA_LEN : 0;
	tx->packet.size = (uint32_t)tx->size;
	if (!xsk_memory(run, FRAMES, tx->packet.size, 0))
		return false;
	dmabufx_umem_get_info(run->umem, &info);
	tx->chunk = info.chunk_size;
	tx->room = tx->chunk - run->tx_metadata;
	tx->parts = (tx->packet.size + tx->room - 1) / tx->room;
	tx->o.multi_buffer = tx->parts > 1;
	tx->written = cli_alloc(info.frames, sizeof(*tx->written));
	tx->whole = cli_alloc(1, tx->size);
	xsk_packet_write(&tx->packet, tx->whole);
	return parts_fit(tx, caps);
}

static bool open_socket(struct tx *tx, const char *ifname)
{
	uint32_t flags = DMABUFX_XSK_NO_RX;
	struct xsk_run *run = &tx->run;
	struct dmabufx_xsk_caps caps;

	if (tx->wish.flags & DMABUFX_TX_META_TIMESTAMP)
		flags |= DMABUFX_XSK_TX_TIMESTAMPS;
	if (!xsk_look(run, ifname, &caps) || !size_fits(tx, &caps))
		return false;
	if (!tx->src_given)
		nic_mac(ifname, tx->packet.src);
	return make_frames(tx, &caps) && xsk_add(run, ifname, tx->o.queue, NULL, flags);
}

/* How many may go out now. */
static uint32_t allowed(const struct tx *tx, uint64_t now)
{
	uint64_t n = tx->batch;

	if (tx->o.count && tx->o.count - tx->sent < n)
		n = tx->o.count - tx->sent;
	if (tx->rate) {
		double due = (double)(now - tx->run.live.start) * (double)tx->rate / (double)NS;
		uint64_t owed = due > (double)tx->sent ? (uint64_t)(due - (double)tx->sent) : 0;

		if (owed < n)
			n = owed;
	}
	return (uint32_t)n;
}

static void nap(struct tx *tx, uint64_t now)
{
	uint64_t next = tx->run.live.start +
			(uint64_t)((double)(tx->sent + 1) * (double)NS / (double)tx->rate);
	uint64_t ns = next > now ? next - now : 1;
	struct timespec ts;

	/* What the kernel had no room for before goes out now. */
	dmabufx_xsk_tx_reap(tx->run.socks[0]);
	if (ns > NAP_NS)
		ns = NAP_NS;
	if (now + ns > tx->run.end)
		ns = tx->run.end - now;
	ts = (struct timespec){ .tv_nsec = (long)ns };
	nanosleep(&ts, NULL);
}

/* A frame's part of a packet; one of a single frame stays in it, so it's seldom written. */
static void write_part(struct tx *tx, struct dmabufx_desc *d, uint32_t part, uint64_t number)
{
	uint8_t *at = dmabufx_xsk_data(tx->run.socks[0], d->addr);
	bool *written = &tx->written[d->addr / tx->chunk];
	bool last = part == tx->parts - 1;

	d->len = last ? tx->packet.size - part * tx->room : tx->room;
	d->options = last ? 0 : DMABUFX_DESC_MORE;
	if (!*written || tx->parts > 1)
		memcpy(at, tx->whole + (size_t)part * tx->room, d->len);
	*written = true;
	if (part)
		return;
	xsk_packet_number(at, number);
	tx->wish.cookie = number;
	if (tx->wish.flags)
		dmabufx_xsk_tx_meta(tx->run.socks[0], d, &tx->wish);
}

/* What is refused for one packet is for all. */
static bool wishes_can_be(struct tx *tx)
{
	struct dmabufx_xsk *xsk = tx->run.socks[0];
	struct dmabufx_desc d;
	int err;

	if (!tx->wish.flags || !dmabufx_xsk_tx_alloc(xsk, &d, 1))
		return true;
	d.len = XSK_SIZE_MIN;
	err = dmabufx_xsk_tx_meta(xsk, &d, &tx->wish);
	dmabufx_xsk_tx_free(xsk, &d, 1);
	if (err)
		tx->run.cli->exit = cli_fail_lib(tx->run.cli, err);
	return !err;
}

static void fetch_times(struct tx *tx)
{
	struct dmabufx_tx_timestamp times[XSK_BATCH];
	int n = XSK_BATCH;

	if (!(tx->wish.flags & DMABUFX_TX_META_TIMESTAMP))
		return;
	while (n == (int)XSK_BATCH) {
		n = dmabufx_xsk_tx_timestamps(tx->run.socks[0], times, XSK_BATCH);
		for (int i = 0; i < n; i++)
			xsk_meta_sent(&tx->meta, &times[i]);
	}
}

/* How many packets; the ring has room for all the frames there are. */
static uint32_t send_packets(struct tx *tx, struct dmabufx_xsk *xsk, uint32_t n)
{
	uint32_t got;

	if (n > FRAMES / tx->parts)
		n = FRAMES / tx->parts;
	got = dmabufx_xsk_tx_alloc(xsk, tx->descs, n * tx->parts);
	n = got / tx->parts;
	for (uint32_t i = 0; i < n * tx->parts; i++)
		write_part(tx, &tx->descs[i], i % tx->parts, tx->sent + i / tx->parts);
	dmabufx_xsk_tx_free(xsk, tx->descs + n * tx->parts, got - n * tx->parts);
	dmabufx_xsk_tx_burst(xsk, tx->descs, n * tx->parts);
	fetch_times(tx);
	return n;
}

static void run_it(struct tx *tx)
{
	struct xsk_run *run = &tx->run;
	uint64_t now = live_now();

	if (tx->wish.flags & DMABUFX_TX_META_TIMESTAMP)
		xsk_meta_start(&tx->meta, run, "timestamps");
	for (; !xsk_over(run, now) && !(tx->o.count && tx->sent == tx->o.count); now = live_now()) {
		uint32_t n = allowed(tx, now);

		if (!n)
			nap(tx, now);
		else
			tx->sent += send_packets(tx, run->socks[0], n);
		xsk_tick(run, now, tx->sent, tx->sent * tx->size, 0);
	}
	xsk_stop(run);
	xsk_drain(run->socks[0]);
	fetch_times(tx);
}

static void tell(struct tx *tx, const char *ifname)
{
	uint32_t stuck = dmabufx_xsk_tx_pending(tx->run.socks[0]) / tx->parts;
	struct live_counts counts = { tx->sent - stuck, (tx->sent - stuck) * tx->size, 0 };
	struct xsk_run *run = &tx->run;

	live_end(run->cli, &run->live);
	js_str(run->cli->out, "interface", ifname);
	live_total(run->cli, run->cli->out, ifname, &counts, run->stopped - run->live.start);
	if (stuck)
		xsk_finding(run->cli, "not-sent",
			    "%s queue %u: %u packets were still waiting to be sent: see whether "
			    "its link is up",
			    ifname, tx->o.queue, stuck);
	xsk_tell_drops(run);
	xsk_tell_bench(run, counts.packets);
}

int cmd_xsk_tx(struct cli *cli, int argc, char **argv)
{
	struct tx *tx = cli_alloc(1, sizeof(*tx));

	*tx = (struct tx){ .run = { .cli = cli, .o = &tx->o }, .size = 64, .batch = 64 };
	tx->wish = (struct dmabufx_tx_meta){ .size = sizeof(tx->wish),
					     .csum_start = XSK_UDP_AT,
					     .csum_offset = XSK_UDP_SUM };
	tx->packet = (struct xsk_packet){
		.dst = { 2, 0, 0, 0, 0, 2 }, .from = 0xc0000201, .to = 0xc0000202, .port = 9
	};
	if (parse(cli, argc, argv, tx)) {
		xsk_catch_signals();
		if (open_socket(tx, argv[optind]) && wishes_can_be(tx)) {
			xsk_start(&tx->run);
			run_it(tx);
			tell(tx, argv[optind]);
		}
	}
	xsk_close_all(&tx->run);
	free(tx->written);
	free(tx->whole);
	free(tx);
	return cli->exit;
}

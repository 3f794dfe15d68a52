/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dmabufx xsk rx: receive, count, and write to a file. */
#include "pcapng.h"
#include "xsk_meta.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* How long it waits while nothing comes, before it looks at the clock and the file. */
#define WAIT_MS 100

enum { OPT_WRITE = OPT_XSK_OWN, OPT_META };

/* The first frames of a packet whose last one is yet to come. */
struct part {
	uint8_t *data;
	uint32_t len;
	uint64_t when;
};

struct rx {
	struct xsk_run run;
	struct xsk_opts o;
	const char *path;
	struct pcapng *cap;
	struct xsk_meta meta;
	struct part parts[XSK_SOCKETS];
	uint32_t queues[XSK_SOCKETS];
	bool more[XSK_SOCKETS]; /* the packet isn't all there */
	uint64_t packets;
	uint64_t bytes;
};

static bool parse(struct cli *cli, int argc, char **argv, struct rx *rx)
{
	static const struct option options[] = { CLI_LONG_OPTIONS,
						 XSK_RECEIVE_OPTIONS,
						 { "all", no_argument, NULL, OPT_ALL },
						 { "allow-rules", no_argument, NULL,
						   OPT_ALLOW_RULES },
						 { "write", required_argument, NULL, OPT_WRITE },
						 { "meta", no_argument, NULL, OPT_META },
						 { NULL, 0, NULL, 0 } };
	int opt;

	while ((opt = cli_getopt(cli, argc, argv, options)) != -1) {
		if (opt == OPT_WRITE)
			rx->path = optarg;
		else if (opt == OPT_META)
			rx->o.rx_meta = true;
		else if (!xsk_take_option(cli, opt, &rx->o))
			return false;
	}
	if (!cli_want_args(cli, argc, 1, 1))
		return false;
	if (rx->o.all && rx->o.queue_given)
		cli->exit = cli_usage(cli, "--all and --queue can't go together");
	else if (rx->o.allow_rules && !rx->o.all)
		cli->exit = cli_usage(cli, "--allow-rules is of use with --all only: one queue "
					   "gets what the card gives it");
	else if (rx->path && !strcmp(rx->path, "-") && cli->json)
		cli->exit = cli_usage(cli, "--write - and --json both want standard output");
	else if (rx->path && !strcmp(rx->path, "-") && isatty(STDOUT_FILENO))
		cli->exit = cli_usage(cli, "--write - would write packets to a terminal; "
					   "send standard output to a file or a program");
	else
		return true;
	return false;
}

/* Standard output is the packets' then, and text goes where errors go. */
static int take_stdout(void)
{
	int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);

	if (fd >= 0 && dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static const char *mend(int err)
{
	switch (err) {
	case -ENOSPC:
	case -EDQUOT:
		return "; make room, or write elsewhere";
	case -EPIPE:
		return "; its reader has gone";
	case -EACCES:
	case -EPERM:
	case -EROFS:
		return "; write where this user may";
	case -ENOENT:
	case -ENOTDIR:
		return "; make the folder first";
	case -EISDIR:
		return "; name a file in it";
	default:
		return "";
	}
}

static bool failed_file(struct rx *rx, const char *what, int err)
{
	struct cli *cli = rx->run.cli;

	live_end(cli, &rx->run.live);
	cli->exit = cli_fail(cli, err, "system", "%s %s: %s%s", what,
			     strcmp(rx->path, "-") ? rx->path : "standard output", strerror(-err),
			     mend(err));
	return false;
}

static bool open_file(struct rx *rx, const char *ifname)
{
	int fd, err;

	if (!rx->path)
		return true;
	fd = !strcmp(rx->path, "-") ?
		     take_stdout() :
		     open(rx->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return failed_file(rx, "opening", -errno);
	err = pcapng_new(fd, ifname, &rx->cap);
	if (!err)
		/* A file that can't be written is better known before packets are taken. */
		err = pcapng_flush(rx->cap);
	else
		close(fd);
	return !err || failed_file(rx, "writing to", err);
}

static bool open_sockets(struct rx *rx, const char *ifname)
{
	struct xsk_run *run = &rx->run;
	struct dmabufx_xsk_caps caps;
	struct dmabufx_prog *prog;
	bool ok;

	if (!xsk_look(run, ifname, &caps) ||
	    !xsk_memory(run, (uint64_t)xsk_rx_frames(&rx->o) * (rx->o.all ? caps.rx_queues : 1),
			caps.mtu, caps.features) ||
	    !xsk_filter(run, ifname, &prog))
		return false;
	ok = rx->o.all ? xsk_add_all(run, ifname, prog, DMABUFX_XSK_NO_TX) :
			 xsk_add(run, ifname, rx->o.queue, prog, DMABUFX_XSK_NO_TX);
	dmabufx_prog_unref(prog);
	for (uint32_t i = 0; i < run->n; i++)
		rx->queues[i] = rx->o.all ? i : rx->o.queue;
	return ok;
}

/* Of several frames one piece is made, for the file. */
static void keep_part(struct part *part, const void *data, uint32_t len)
{
	uint32_t room = PCAPNG_SNAP - part->len;

	if (!part->data)
		part->data = cli_alloc(1, PCAPNG_SNAP);
	if (len > room)
		len = room;
	memcpy(part->data + part->len, data, len);
	part->len += len;
}

static int write_frame(struct rx *rx, uint32_t sock, const struct dmabufx_desc *d, uint64_t now)
{
	const void *data = dmabufx_xsk_data(rx->run.socks[sock], d->addr);
	struct part *part = &rx->parts[sock];
	int err = 0;

	if (!part->len && !(d->options & DMABUFX_DESC_MORE))
		return pcapng_packet(rx->cap, now, rx->queues[sock], data, d->len);
	if (!part->len)
		part->when = now;
	keep_part(part, data, d->len);
	if (d->options & DMABUFX_DESC_MORE)
		return 0;
	err = pcapng_packet(rx->cap, part->when, rx->queues[sock], part->data, part->len);
	part->len = 0;
	return err;
}

static uint64_t realtime(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* What is known of a packet, by its first frame; a time that the device has is that of @now. */
static void look_at_meta(struct rx *rx, uint32_t sock, const struct dmabufx_desc *d, uint64_t *now)
{
	struct dmabufx_rx_meta meta = { .size = sizeof(meta) };

	/* A further frame of the packet before: a part of it is here. */
	if (rx->more[sock])
		return;
	dmabufx_xsk_rx_meta(rx->run.socks[sock], d, &meta);
	if (meta.valid & DMABUFX_RX_META_TIMESTAMP)
		*now = meta.timestamp_ns;
	xsk_meta_received(&rx->meta, rx->packets + 1, rx->queues[sock], &meta);
}

/* What a socket has; how many frames, or -errno of the file. */
static int take(struct rx *rx, uint32_t sock)
{
	struct dmabufx_xsk *xsk = rx->run.socks[sock];
	uint64_t left = rx->o.count ? rx->o.count - rx->packets : XSK_BATCH;
	struct dmabufx_desc *descs;
	uint32_t n = dmabufx_xsk_rx_burst(xsk, &descs,
					  left < XSK_BATCH ? (uint32_t)left : XSK_BATCH);
	uint64_t now = n && rx->cap ? realtime() : 0;
	int err = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t when = now;

		if (rx->o.rx_meta)
			look_at_meta(rx, sock, &descs[i], &when);
		rx->more[sock] = descs[i].options & DMABUFX_DESC_MORE;
		rx->bytes += descs[i].len;
		rx->packets += !(descs[i].options & DMABUFX_DESC_MORE);
		if (rx->cap && !err)
			err = write_frame(rx, sock, &descs[i], when);
	}
	if (n)
		dmabufx_xsk_rx_release(xsk, descs, n);
	return err ? err : (int)n;
}

static bool all_there(const struct rx *rx)
{
	return rx->o.count && rx->packets >= rx->o.count;
}

/* Nothing is there: so there is time for the file. */
static bool idle(struct rx *rx)
{
	int err = rx->cap ? pcapng_flush(rx->cap) : 0;

	if (err)
		return failed_file(rx, "writing to", err);
	return xsk_wait_some(&rx->run, rx->run.socks, rx->run.n, WAIT_MS);
}

static void receive(struct rx *rx)
{
	struct xsk_run *run = &rx->run;
	uint64_t now = live_now();

	for (; !all_there(rx) && !xsk_over(run, now); now = live_now()) {
		bool some = false;

		for (uint32_t i = 0; i < run->n && !all_there(rx); i++) {
			int n = take(rx, i);

			if (n < 0) {
				failed_file(rx, "writing to", n);
				xsk_stop(run);
				return;
			}
			some |= n > 0;
		}
		if (!some && !idle(rx))
			break;
		xsk_tick(run, now, rx->packets, rx->bytes, 0);
	}
	xsk_stop(run);
}

static void tell(struct rx *rx, const char *ifname, const struct nic_counts *before)
{
	struct live_counts counts = { rx->packets, rx->bytes, 0 };
	struct xsk_run *run = &rx->run;

	live_end(run->cli, &run->live);
	js_str(run->cli->out, "interface", ifname);
	if (rx->path)
		js_str(run->cli->out, "file", rx->path);
	live_total(run->cli, run->cli->out, ifname, &counts, run->stopped - run->live.start);
	xsk_tell_drops(run);
	if (!rx->packets)
		xsk_tell_silence(run, ifname, before);
	xsk_tell_bench(run, rx->packets);
}

static void finish(struct rx *rx)
{
	int err = rx->cap ? pcapng_close(rx->cap) : 0;

	/* An error that came before was told then. */
	if (err && rx->run.cli->exit == CLI_OK)
		failed_file(rx, "writing to", err);
	xsk_close_all(&rx->run);
	for (uint32_t i = 0; i < XSK_SOCKETS; i++)
		free(rx->parts[i].data);
	free(rx);
}

int cmd_xsk_rx(struct cli *cli, int argc, char **argv)
{
	struct rx *rx = cli_alloc(1, sizeof(*rx));
	struct nic_counts before;
	const char *ifname;

	rx->run.cli = cli;
	rx->run.o = &rx->o;
	if (!parse(cli, argc, argv, rx))
		goto out;
	ifname = argv[optind];
	xsk_catch_signals();
	if (!open_sockets(rx, ifname) || !open_file(rx, ifname))
		goto out;
	nic_read(ifname, &before);
	xsk_start(&rx->run);
	if (rx->o.rx_meta)
		xsk_meta_start(&rx->meta, &rx->run, "metadata");
	receive(rx);
	tell(rx, ifname, &before);
	nic_free(&before);
out:
	finish(rx);
	return cli->exit;
}

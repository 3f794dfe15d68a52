/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets of a command, and the clock and signals that end it. */
#include "xsk_run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define MS 1000000u
/* What the kernel keeps free before a packet, and a frame's own head. */
#define HEADROOM 256u
#define ETHERNET 18u
#define CHUNK 2048u
#define DRAIN_NS 1000000000u
/* Cards look for their link again when a program comes or goes: some take seconds. */
#define CARRIER_NS UINT64_C(10000000000)
#define LOOK_US 10000

static volatile sig_atomic_t stop;

static void on_signal(int nr)
{
	(void)nr;
	stop = 1;
}

void xsk_catch_signals(void)
{
	/* Not restarted, so that a wait or a write ends; reset, so that the second kills. */
	struct sigaction end = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	struct sigaction hangup;

	sigaction(SIGINT, &end, NULL);
	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	/* A terminal that goes; under nohup(1) that is to be nothing. */
	sigaction(SIGHUP, NULL, &hangup);
	if (hangup.sa_handler == SIG_DFL)
		sigaction(SIGHUP, &end, NULL);
}

bool xsk_look(struct xsk_run *run, const char *ifname, struct dmabufx_xsk_caps *ret)
{
	DMABUFX_OPTS(dmabufx_xsk_query_opts, opts, .flags = DMABUFX_XSK_QUERY_NO_TRY);
	int err;

	run->cli->exit = cli_ctx(run->cli);
	if (run->cli->exit)
		return false;
	*ret = (struct dmabufx_xsk_caps){ .size = sizeof(*ret) };
	err = dmabufx_xsk_query(run->cli->ctx, ifname, &opts, ret);
	if (!err)
		return true;
	run->cli->exit = cli_fail_lib(run->cli, err);
	return false;
}

bool xsk_memory(struct xsk_run *run, uint64_t frames, uint32_t mtu, uint64_t features)
{
	/* Devices that receive into frames themselves may need more than packets: igb. */
	bool direct = features & XSK_FEATURE_ZERO_COPY && run->o->zc != DMABUFX_ZC_FORBID;
	bool small = !direct && mtu + ETHERNET + HEADROOM <= CHUNK;
	DMABUFX_OPTS(dmabufx_umem_opts, opts,
		     .chunk_size = small ? CHUNK : (uint32_t)sysconf(_SC_PAGESIZE),
		     .tx_metadata_len = run->tx_metadata);
	int err;

	err = dmabufx_buf_alloc(run->cli->ctx, frames * opts.chunk_size, NULL, &run->buf);
	if (!err)
		err = dmabufx_umem_new(run->cli->ctx, run->buf, &opts, &run->umem);
	if (!err)
		return true;
	run->cli->exit = cli_fail_lib(run->cli, err);
	return false;
}

uint32_t xsk_rx_frames(const struct xsk_opts *o)
{
	return o->profile == DMABUFX_RX_PAYLOAD ? 4096 : 1024;
}

static struct dmabufx_xsk_opts socket_opts(const struct xsk_run *run, struct dmabufx_prog *prog,
					   uint32_t flags)
{
	const struct xsk_opts *o = run->o;
	uint32_t more = (o->multi_buffer ? DMABUFX_XSK_MULTI_BUFFER : 0) |
			(o->rx_meta ? DMABUFX_XSK_RX_META : 0) |
			(o->allow_rules ? DMABUFX_XSK_ALLOW_RULES : 0);
	DMABUFX_OPTS(dmabufx_xsk_opts, opts, .prog = prog, .zc = o->zc, .mode = o->mode,
		     .rx_frames = flags & DMABUFX_XSK_NO_RX ? 0 : xsk_rx_frames(o),
		     .tx_frames = flags & DMABUFX_XSK_NO_TX ? 0 : run->tx_frames,
		     .tx_ring = flags & DMABUFX_XSK_NO_TX ? 0 : run->tx_ring, .sleep = o->sleep,
		     .flags = flags | more);

	return opts;
}

/* The library's sentence names what its callers set; here it is an option. */
static bool failed(struct xsk_run *run, const char *ifname, int err)
{
	uint32_t reason = dmabufx_last_error()->reason;
	struct cli *cli = run->cli;

	if (reason == DMABUFX_REASON_NO_ZERO_COPY) {
		cli_fail(cli, err, dmabufx_reason_name(reason),
			 "%s can't do without copying as was asked for (%s); 'dmabufx xsk query "
			 "%s' says why, or leave out --zc require",
			 ifname, dmabufx_strerror(err), ifname);
		cli->exit = CLI_CANT;
		return false;
	}
	if (reason == DMABUFX_REASON_MTU && !run->o->multi_buffer)
		cli->exit = cli_fail(cli, err, dmabufx_reason_name(DMABUFX_REASON_MTU),
				     "%s: its MTU is too large for packets of one frame; give "
				     "--multi-buffer, or set a smaller one: ip link set %s mtu 1500",
				     ifname, ifname);
	else if (reason == DMABUFX_REASON_STEERED)
		cli->exit = cli_fail(cli, err, dmabufx_reason_name(DMABUFX_REASON_STEERED),
				     "%s, or give --allow-rules", dmabufx_last_error()->text);
	else
		cli->exit = cli_fail_lib(cli, err);
	return false;
}

static void await_link(const char *ifname)
{
	uint64_t until = live_now() + CARRIER_NS;

	while (!stop && nic_looks_for_link(ifname) && live_now() < until)
		usleep(LOOK_US);
}

static void await_socket(struct dmabufx_xsk *xsk)
{
	struct dmabufx_xsk_info info = { .size = sizeof(info) };

	dmabufx_xsk_get_info(xsk, &info);
	await_link(info.ifname);
}

/* The library waits for a link, but not for as long. */
static bool again(const char *ifname, int err)
{
	if (err == -ENETDOWN)
		await_link(ifname);
	return err == -ENETDOWN && nic_running(ifname);
}

int xsk_try(struct xsk_run *run, const char *ifname, uint32_t queue, struct dmabufx_prog *prog,
	    uint32_t flags)
{
	struct dmabufx_xsk_opts opts = socket_opts(run, prog, flags);
	struct dmabufx_xsk **ret = &run->socks[run->n];
	int err = dmabufx_xsk_open(run->umem, ifname, queue, &opts, ret);

	if (again(ifname, err))
		err = dmabufx_xsk_open(run->umem, ifname, queue, &opts, ret);
	run->n += !err;
	return err;
}

bool xsk_add(struct xsk_run *run, const char *ifname, uint32_t queue, struct dmabufx_prog *prog,
	     uint32_t flags)
{
	int err = xsk_try(run, ifname, queue, prog, flags);

	return !err || failed(run, ifname, err);
}

bool xsk_add_all(struct xsk_run *run, const char *ifname, struct dmabufx_prog *prog, uint32_t flags)
{
	struct dmabufx_xsk_opts opts = socket_opts(run, prog, flags);
	int n = dmabufx_xsk_open_all(run->umem, ifname, &opts, run->socks, XSK_SOCKETS);

	if (again(ifname, n))
		n = dmabufx_xsk_open_all(run->umem, ifname, &opts, run->socks, XSK_SOCKETS);
	if (n < 0)
		return failed(run, ifname, n);
	run->n = (uint32_t)n;
	return true;
}

bool xsk_filter(struct xsk_run *run, const char *ifname, struct dmabufx_prog **ret)
{
	const struct xsk_opts *o = run->o;
	DMABUFX_OPTS(dmabufx_prog_opts, opts, .kind = DMABUFX_PROG_PORTS, .mode = o->mode,
		     .ports = o->ports, .nports = o->nports,
		     .flags = (o->multi_buffer ? DMABUFX_PROG_FRAGS : 0) |
			      (o->rx_meta ? DMABUFX_PROG_META : 0));
	int err;

	*ret = NULL;
	if (!o->nports)
		return true;
	err = dmabufx_prog_attach(run->cli->ctx, ifname, &opts, ret);
	return !err || failed(run, ifname, err);
}

static void show_socket(struct cli *cli, struct json_object *list, struct dmabufx_xsk *xsk)
{
	struct dmabufx_xsk_info info = { .size = sizeof(info) };
	struct json_object *row = js_push(list);
	const char *mode;

	dmabufx_xsk_get_info(xsk, &info);
	mode = info.mode == DMABUFX_XDP_NATIVE  ? "native" :
	       info.mode == DMABUFX_XDP_GENERIC ? "generic" :
						  "none";
	js_str(row, "interface", info.ifname);
	js_num(row, "queue", info.queue);
	js_bool(row, "zero_copy", info.zero_copy);
	js_str(row, "xdp", mode);
	js_num(row, "rx_frames", info.rx_frames);
	js_num(row, "tx_frames", info.tx_frames);
	if (info.why_copy)
		js_str(row, "why_copy", dmabufx_strerror(info.why_copy));
	cli_say(cli, "%s queue %u%s: %s%s%s%s%s\n", info.ifname, info.queue,
		info.flags & DMABUFX_XSK_NO_RX ? ", sends" :
		info.flags & DMABUFX_XSK_NO_TX ? ", receives" :
						 ", receives and sends",
		info.zero_copy ? "without copying" : "copying",
		info.why_copy ? ", as zero copy was refused: " : "",
		info.why_copy ? dmabufx_strerror(info.why_copy) : "",
		info.mode == DMABUFX_XDP_AUTO ? "" : "; XDP ",
		info.mode == DMABUFX_XDP_AUTO ? "" : mode);
}

void xsk_start(struct xsk_run *run)
{
	struct json_object *list = js_array(run->cli->out, "sockets");
	uint64_t now;

	for (uint32_t i = 0; i < run->n; i++)
		show_socket(run->cli, list, run->socks[i]);
	js_array(run->cli->out, "findings");
	fflush(stdout);
	for (uint32_t i = 0; i < run->n; i++)
		await_socket(run->socks[i]);
	now = live_now();
	run->end = run->o->ns ? now + run->o->ns : UINT64_MAX;
	live_start(&run->live, now);
	xsk_bench_start(run);
}

bool xsk_over(struct xsk_run *run, uint64_t now)
{
	return stop || run->unread || run->cli->exit != CLI_OK || now >= run->end;
}

static uint64_t drops(const struct xsk_run *run)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < run->n; i++) {
		struct dmabufx_xsk_stats s = { .size = sizeof(s) };

		if (!dmabufx_xsk_get_stats(run->socks[i], &s))
			sum += xsk_lost(&s);
	}
	return sum;
}

bool xsk_wait_some(struct xsk_run *run, struct dmabufx_xsk *const *socks, uint32_t n, int ms)
{
	uint64_t now = live_now();
	int err;

	if (now >= run->end)
		return true;
	if (run->end - now < (uint64_t)ms * MS)
		ms = (int)((run->end - now) / MS) + 1;
	err = dmabufx_xsk_wait(socks, n, ms);
	if (err >= 0 || err == -EINTR)
		return true;
	live_end(run->cli, &run->live);
	run->cli->exit = cli_fail_lib(run->cli, err);
	return false;
}

/* Who only sends would not know: what goes to an interface that is gone waits for ever. */
static void check_links(struct xsk_run *run)
{
	for (uint32_t i = 0; i < run->n && run->cli->exit == CLI_OK; i++) {
		if (recv(dmabufx_xsk_fd(run->socks[i]), NULL, 0, MSG_DONTWAIT) < 0 &&
		    (errno == ENETDOWN || errno == ENXIO))
			xsk_wait_some(run, &run->socks[i], 1, 1);
	}
}

void xsk_tick(struct xsk_run *run, uint64_t now, uint64_t packets, uint64_t bytes, uint64_t lost)
{
	struct live_counts counts = { packets, bytes, 0 };

	if (!live_due(&run->live, now))
		return;
	counts.drops = drops(run) + lost;
	xsk_bench_second(run, now, packets);
	run->unread = !live_show(run->cli, &run->live, now, &counts);
	check_links(run);
}

void xsk_drain(struct dmabufx_xsk *xsk)
{
	uint64_t until = live_now() + DRAIN_NS;

	while (dmabufx_xsk_tx_pending(xsk) && live_now() < until) {
		if (!dmabufx_xsk_tx_reap(xsk))
			usleep(20);
	}
}

void xsk_close_all(struct xsk_run *run)
{
	while (run->n)
		dmabufx_xsk_close(run->socks[--run->n]);
	dmabufx_umem_unref(run->umem);
	dmabufx_buf_unref(run->buf);
}

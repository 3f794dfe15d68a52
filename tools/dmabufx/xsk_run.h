/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run of sockets: made, watched until it is over, and told about. */
#ifndef XSK_RUN_H
#define XSK_RUN_H

#include "cmd_xsk.h"
#include "live.h"
#include "nic.h"
#include "xsk_opts.h"

#define XSK_SOCKETS 64
#define XSK_BATCH 64u
/* linux/netdev.h, NETDEV_XDP_ACT_XSK_ZEROCOPY: in struct dmabufx_xsk_caps, features */
#define XSK_FEATURE_ZERO_COPY (1u << 3)

/**
 * struct xsk_run - sockets of one UMEM, and how long they run
 * @cli: the command
 * @o: what was asked for
 * @buf: memory
 * @umem: frames
 * @socks: sockets
 * @n: how many
 * @tx_frames: frames to send from; 0: the library's choice
 * @tx_ring: what may be in flight; 0: the library's choice
 * @tx_metadata: bytes before packets to send
 * @end: when the time is over, ns
 * @stopped: when it was over, ns
 * @live: counters on the terminal
 * @unread: nobody reads the counters any more
 * @bench: what bench tells of it; NULL: this is none
 * @rates: packets of each second, in that
 * @slowest: the least of them
 * @fastest: the most
 * @processor: processor time when the clock started, then that of the run, ns
 */
struct xsk_run {
	struct cli *cli;
	const struct xsk_opts *o;
	struct dmabufx_buf *buf;
	struct dmabufx_umem *umem;
	struct dmabufx_xsk *socks[XSK_SOCKETS];
	uint32_t n;
	uint32_t tx_frames;
	uint32_t tx_ring;
	uint32_t tx_metadata;
	uint64_t end;
	uint64_t stopped;
	struct live live;
	bool unread;
	struct json_object *bench;
	struct json_object *rates;
	uint64_t slowest;
	uint64_t fastest;
	uint64_t processor;
};

/* From now on SIGINT, SIGTERM and SIGHUP stop the run; the second ends the program. */
void xsk_catch_signals(void);

/* Interface, queues and MTU; false: told why not. */
bool xsk_look(struct xsk_run *run, const char *ifname, struct dmabufx_xsk_caps *ret);

/* A UMEM of @frames for packets of @mtu on interfaces with @features; false: told why not. */
bool xsk_memory(struct xsk_run *run, uint64_t frames, uint32_t mtu, uint64_t features);

/* A socket on one more queue; false: told why not. */
bool xsk_add(struct xsk_run *run, const char *ifname, uint32_t queue, struct dmabufx_prog *prog,
	     uint32_t flags);

/* The same, which tells nothing: 0 or -errno. */
int xsk_try(struct xsk_run *run, const char *ifname, uint32_t queue, struct dmabufx_prog *prog,
	    uint32_t flags);

/* A socket on each queue. */
bool xsk_add_all(struct xsk_run *run, const char *ifname, struct dmabufx_prog *prog,
		 uint32_t flags);

/* The program of --ports, NULL without; false: told why not. */
bool xsk_filter(struct xsk_run *run, const char *ifname, struct dmabufx_prog **ret);

/* As many frames as the profile has. */
uint32_t xsk_rx_frames(const struct xsk_opts *o);

/* What the sockets are, in text and JSON; the clock starts when they have a link. */
void xsk_start(struct xsk_run *run);

/* The clock stops. */
void xsk_stop(struct xsk_run *run);

/* Whether somebody, the clock or an error says that it is over. */
bool xsk_over(struct xsk_run *run, uint64_t now);

/* When a second is over: counters, whose drops are the sockets', and a look at the links. */
void xsk_tick(struct xsk_run *run, uint64_t now, uint64_t packets, uint64_t bytes, uint64_t lost);

/* Waits for packets up to @ms, less if the run ends before; false: told why it can't. */
bool xsk_wait_some(struct xsk_run *run, struct dmabufx_xsk *const *socks, uint32_t n, int ms);

/* Takes back what is being sent, for at most a second. */
void xsk_drain(struct dmabufx_xsk *xsk);

void xsk_close_all(struct xsk_run *run);

/* cmd_xsk_bench.c: nothing unless this is bench */
void xsk_bench_start(struct xsk_run *run);
void xsk_bench_second(struct xsk_run *run, uint64_t now, uint64_t packets);
/* Rate, processor time and system calls; without packets that is an error. */
void xsk_tell_bench(struct xsk_run *run, uint64_t packets);

/* xsk_sum.c: something to know of the run, in text and in the JSON's findings */
void xsk_finding(struct cli *cli, const char *id, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* What a socket lost; one that receives nothing has no frames for it either. */
static inline uint64_t xsk_lost(const struct dmabufx_xsk_stats *s)
{
	bool receives = s->rx_in_kernel || s->rx_held || s->rx_forwarding;

	return s->drop_rx_ring_full + (receives ? s->drop_fill_empty : 0) + s->drop_rx_other +
	       s->tx_invalid;
}

/* What each socket lost, and why. */
void xsk_tell_drops(struct xsk_run *run);

/* Why nothing came: counts of the interface @before the run. */
void xsk_tell_silence(struct xsk_run *run, const char *ifname, const struct nic_counts *before);

#endif

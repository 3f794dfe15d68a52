/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* AF_XDP sockets: opening, waiting, closing. Packets are moved by xsk_ring.h. */
#ifndef DMABUFX_XSK_H
#define DMABUFX_XSK_H

#include "prog.h"
#include "types.h"
#include "umem.h"
#include "xsk_meta.h"
#include "xsk_query.h"
#include "xsk_ring.h"

DMABUFX_BEGIN_DECLS

/**
 * enum dmabufx_zc - zero copy
 * @DMABUFX_ZC_PREFER: if the driver can, else copying
 * @DMABUFX_ZC_REQUIRE: or fail
 * @DMABUFX_ZC_FORBID: copying
 */
enum dmabufx_zc {
	DMABUFX_ZC_PREFER,
	DMABUFX_ZC_REQUIRE,
	DMABUFX_ZC_FORBID,
};

/**
 * enum dmabufx_rx_profile - how many frames wait for packets
 * @DMABUFX_RX_HEADERS: 1,024: little memory, which stays in the cache of the
 * processor that fills it; best if the program looks at headers, or not at all,
 * and has its processor for itself: at a million packets a second they last 1 ms
 * @DMABUFX_RX_PAYLOAD: 4,096: best if the program reads all of each packet on
 * another processor, where hot memory is slower, or shares its processor
 */
enum dmabufx_rx_profile {
	DMABUFX_RX_HEADERS,
	DMABUFX_RX_PAYLOAD,
};

/**
 * enum dmabufx_sleep - what dmabufx_xsk_wait() does while nothing is there
 * @DMABUFX_SLEEP_ADAPTIVE: sleeps for short times while packets come, and in
 * poll(2) once none came for a while
 * @DMABUFX_SLEEP_SPIN: never sleeps: least latency, a whole processor
 * @DMABUFX_SLEEP_TIMER: sleeps for timer_us each time
 * @DMABUFX_SLEEP_POLL: poll(2): a wakeup for each packet at low rates
 */
enum dmabufx_sleep {
	DMABUFX_SLEEP_ADAPTIVE,
	DMABUFX_SLEEP_SPIN,
	DMABUFX_SLEEP_TIMER,
	DMABUFX_SLEEP_POLL,
};

/**
 * DMABUFX_XSK_NO_RX - only sends; takes no frames for receiving.
 *
 * Many drivers send without copying only while a program is attached, so one is where
 * the driver has zero copy: DMABUFX_PROG_ALL, with an empty map, so that what is
 * received goes where it went. A native one that is there already will do.
 */
#define DMABUFX_XSK_NO_RX (1u << 0)
/** DMABUFX_XSK_NO_TX - only receives; takes no frames for sending. */
#define DMABUFX_XSK_NO_TX (1u << 1)
/** DMABUFX_XSK_MULTI_BUFFER - packets may have more than one frame. */
#define DMABUFX_XSK_MULTI_BUFFER (1u << 2)
/** DMABUFX_XSK_NO_NEED_WAKEUP - the kernel is woken each time, not only if it asks. */
#define DMABUFX_XSK_NO_NEED_WAKEUP (1u << 3)
/** DMABUFX_XSK_BUSY_POLL - the caller's calls drive the device, if it can be. */
#define DMABUFX_XSK_BUSY_POLL (1u << 4)
/** DMABUFX_XSK_NO_PROG - attach none: the caller's own redirects, or none needs to. */
#define DMABUFX_XSK_NO_PROG (1u << 5)
/** DMABUFX_XSK_RX_META - the program writes metadata, for dmabufx_xsk_rx_meta(). */
#define DMABUFX_XSK_RX_META (1u << 6)
/** DMABUFX_XSK_TX_TIMESTAMPS - keep times of sending, for dmabufx_xsk_tx_timestamps(). */
#define DMABUFX_XSK_TX_TIMESTAMPS (1u << 7)
/** DMABUFX_XSK_ALLOW_RULES - dmabufx_xsk_open_all() asks for no rules of the card's. */
#define DMABUFX_XSK_ALLOW_RULES (1u << 8)

/**
 * struct dmabufx_xsk_opts - options of dmabufx_xsk_open() and its kin
 * @size: sizeof(struct dmabufx_xsk_opts), set by DMABUFX_OPTS()
 * @prog: program that redirects to the socket; NULL: one of DMABUFX_PROG_ALL,
 * shared by the context's sockets of the interface, unless flags say otherwise, or
 * the socket only sends and copies
 * @zc: an enum dmabufx_zc
 * @mode: an enum dmabufx_xdp_mode, for the program that is attached
 * @rx_profile: an enum dmabufx_rx_profile
 * @rx_frames: frames to receive into, a power of two; 0: as the profile says
 * @tx_frames: frames to send from; 0: 512
 * @tx_ring: entries of the TX ring, a power of two: what may be in flight,
 * forwarded frames included; 0: a power of two for tx_frames, at least 1,024
 * @sleep: an enum dmabufx_sleep
 * @timer_us: sleeping time of DMABUFX_SLEEP_TIMER and _ADAPTIVE; 0: 50
 * @busy_poll_us: with DMABUFX_XSK_BUSY_POLL; 0: 20
 * @busy_budget: packets a busy poll takes; 0: 64
 * @wait_ms: how long to wait for the interface's carrier, and for the kernel to
 * let go of a queue that was closed just now; 0: 3,000
 * @flags: DMABUFX_XSK_*
 */
struct dmabufx_xsk_opts {
	size_t size;
	struct dmabufx_prog *prog;
	uint32_t zc;
	uint32_t mode;
	uint32_t rx_profile;
	uint32_t rx_frames;
	uint32_t tx_frames;
	uint32_t tx_ring;
	uint32_t sleep;
	uint32_t timer_us;
	uint32_t busy_poll_us;
	uint32_t busy_budget;
	uint32_t wait_ms;
	uint32_t flags;
};

/**
 * struct dmabufx_xsk_info - what was opened
 * @size: set by the caller to sizeof(struct dmabufx_xsk_info)
 * @ifname: interface
 * @ifindex: its number
 * @queue: queue
 * @zero_copy: 1: the device works in the UMEM, as the kernel confirmed; 0: copying
 * @mode: DMABUFX_XDP_NATIVE, DMABUFX_XDP_GENERIC, or DMABUFX_XDP_AUTO without a
 * program of the library's
 * @rx_frames: frames to receive into
 * @tx_frames: frames to send from
 * @tx_ring: entries of the TX ring
 * @tx_budget: packets that one system call sends when copying
 * @napi_id: NAPI that busy polling drives; 0: none, so it isn't used
 * @flags: DMABUFX_XSK_* that are in force
 * @shared: 1: the kernel's UMEM is that of another socket
 * @why_copy: if copying though zero copy was preferred: the errno of the refusal,
 * or of dmabufx_prog_attach() for a socket that only sends
 */
struct dmabufx_xsk_info {
	size_t size;
	char ifname[16];
	uint32_t ifindex;
	uint32_t queue;
	uint32_t zero_copy;
	uint32_t mode;
	uint32_t rx_frames;
	uint32_t tx_frames;
	uint32_t tx_ring;
	uint32_t tx_budget;
	uint32_t napi_id;
	uint32_t flags;
	uint32_t shared;
	int32_t why_copy;
};

/**
 * struct dmabufx_xsk_stats - what went through, what was lost and where, and
 * who has the frames
 * @size: set by the caller to sizeof(struct dmabufx_xsk_stats)
 * @rx_frames: frames received
 * @tx_frames: frames sent, completions seen
 * @kicks: system calls made to make the kernel work
 * @sleeps: times that dmabufx_xsk_wait() slept
 * @drop_rx_ring_full: packets lost since the caller doesn't take them
 * @drop_fill_empty: times that no frame was there for a packet: the caller
 * doesn't release
 * @drop_rx_other: packets lost otherwise: too long for a frame, or no memory
 * @tx_invalid: descriptors that the kernel refused: too long, or outside of the UMEM
 * @rx_in_kernel: frames that the kernel receives into
 * @rx_held: frames that were received, and neither released nor forwarded
 * @rx_forwarding: frames that were forwarded and are being sent
 * @tx_free: frames to send from that are free
 * @tx_in_kernel: frames that are being sent, forwarded ones of others included
 * @tx_held: frames that were allocated, and neither sent nor freed
 * @tx_timestamps_lost: times of sending that came when too many weren't fetched
 * @tx_refused: frames that were taken back since the kernel refused them, and told no
 * more of them: see dmabufx_xsk_reap_refused()
 */
struct dmabufx_xsk_stats {
	size_t size;
	uint64_t rx_frames;
	uint64_t tx_frames;
	uint64_t kicks;
	uint64_t sleeps;
	uint64_t drop_rx_ring_full;
	uint64_t drop_fill_empty;
	uint64_t drop_rx_other;
	uint64_t tx_invalid;
	uint32_t rx_in_kernel;
	uint32_t rx_held;
	uint32_t rx_forwarding;
	uint32_t tx_free;
	uint32_t tx_in_kernel;
	uint32_t tx_held;
	uint64_t tx_timestamps_lost;
	uint64_t tx_refused;
};

/**
 * dmabufx_xsk_open() - open a socket on a queue
 * @umem: frames; a part of them becomes the socket's until it is closed
 * @ifname: interface
 * @queue: queue, from 0
 * @opts: options, or NULL
 * @ret: receives the socket
 *
 * Tries zero copy in the driver, then copying in the driver, then the general
 * code, as far as the options allow; dmabufx_xsk_get_info() says what it became.
 * Waits until the interface has a carrier, and until the kernel has let go of
 * a socket that was closed on the queue just before.
 *
 * Threads: any. Privilege: CAP_NET_RAW; for the program what
 * dmabufx_prog_attach() needs.
 * Return: 0; -EINVAL: NULL, malformed options, no such queue, or the UMEM has no room for
 * DMABUFX_XSK_TX_TIMESTAMPS; -E2BIG; -ENODEV: no
 * such interface; -ENETDOWN: it is down, or has no carrier in time; -EBUSY: another
 * socket has the queue, or another program is attached; -EOPNOTSUPP: zero copy or
 * the mode or metadata that was required can't be had; -ENOSPC: the UMEM has too few
 * free frames; -ENOBUFS: RLIMIT_MEMLOCK; -EPERM: no CAP_NET_RAW; -ENOMEM; -ENOSYS: built without
 * AF_XDP; errors of dmabufx_prog_attach().
 * Source: linux/if_xdp.h (4.18; shared 5.10; several frames 6.6).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_xsk_open(struct dmabufx_umem *umem, const char *ifname, uint32_t queue,
				 const struct dmabufx_xsk_opts *opts, struct dmabufx_xsk **ret);

/**
 * dmabufx_xsk_open_all() - open a socket on each queue of an interface
 * @umem: frames for all of them
 * @ifname: interface
 * @opts: options, or NULL
 * @rets: receives the sockets, by queue
 * @n: room in @rets
 *
 * All or none. Queues are those that receive, or with DMABUFX_XSK_NO_RX those
 * that send.
 *
 * Sockets on each queue get all that the card receives, unless it is told to give some
 * of it to others. So before anything is opened the card is asked for its rules (ethtool
 * -n) and for the table of its hash (ethtool -x), unless flags have
 * DMABUFX_XSK_ALLOW_RULES or DMABUFX_XSK_NO_RX: one that drops packets, gives them to a virtual
 * function, or to a queue that isn't one of these, is refused, and named. Who sets such a
 * rule afterwards isn't noticed; nor are filters of tc(8) that the card runs. Drivers that
 * have no rules have none in the way.
 *
 * Threads: any. Privilege: that of dmabufx_xsk_open().
 * Return: how many there are; -ENOSPC: more than @n; -EBUSY: the card steers packets past the
 * queues, the reason is DMABUFX_REASON_STEERED; the errors of dmabufx_xsk_open().
 * Source: linux/ethtool.h ETHTOOL_GCHANNELS (3.0), ETHTOOL_GRXCLSRLALL (2.6.27),
 * ETHTOOL_GRSSH (3.14).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_xsk_open_all(struct dmabufx_umem *umem, const char *ifname,
				     const struct dmabufx_xsk_opts *opts, struct dmabufx_xsk **rets,
				     uint32_t n);

/**
 * dmabufx_xsk_open_fd() - open a socket that a privileged process has made
 * @umem: frames
 * @fd: an unbound socket of AF_XDP; borrowed and duplicated
 * @ifname: interface
 * @queue: queue, from 0
 * @opts: options, or NULL; a program isn't attached: who made @fd puts it into the
 * map of his
 * @ret: receives the socket
 *
 * Threads: any. Privilege: none.
 * Return: 0; -EBADF: @fd is closed; -ENOTSOCK: it is no socket of AF_XDP; -EBUSY: it
 * is in use; the errors of dmabufx_xsk_open().
 * Source: linux/if_xdp.h (4.18).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_xsk_open_fd(struct dmabufx_umem *umem, int fd, const char *ifname,
				    uint32_t queue, const struct dmabufx_xsk_opts *opts,
				    struct dmabufx_xsk **ret);

/**
 * dmabufx_xsk_get_info() - what was opened
 * @xsk: socket
 * @ret: its size member set by the caller; receives the rest
 *
 * Threads: any.
 * Return: 0; -EINVAL: NULL or the size is too small; -E2BIG: the size is larger
 * than this library knows.
 * Since: 0.1
 */
DMABUFX_API int dmabufx_xsk_get_info(struct dmabufx_xsk *xsk, struct dmabufx_xsk_info *ret);

/**
 * dmabufx_xsk_get_stats() - what went through, and what was lost
 * @xsk: socket
 * @ret: its size member set by the caller; receives the rest
 *
 * Counts are exact when neither thread of the socket is at work. While they are, each is
 * as it was at one moment during the call, and moments differ; where the frames are comes
 * to all of them even so.
 *
 * Threads: any.
 * Return: 0; -EINVAL: NULL or the size is too small; -E2BIG: the size is larger
 * than this library knows; errors of getsockopt(2).
 * Source: linux/if_xdp.h XDP_STATISTICS (4.18; extended 5.9).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_xsk_get_stats(struct dmabufx_xsk *xsk, struct dmabufx_xsk_stats *ret);

/**
 * dmabufx_xsk_wait() - until a packet can be received
 * @xsks: sockets
 * @n: how many, 1 to 64
 * @timeout_ms: milliseconds; 0: look, don't wait; -1: without end
 *
 * How it waits is the first socket's choice. Wakes the kernel where it asks for
 * that.
 *
 * Threads: the RX thread of all of @xsks.
 * Return: how many of them have packets, 0: none in time; -EINVAL: NULL, or no or too
 * many sockets; -EINTR: a signal;
 * -ENETDOWN: an interface is gone or down.
 * Since: 0.1
 */
DMABUFX_API int dmabufx_xsk_wait(struct dmabufx_xsk *const *xsks, uint32_t n, int timeout_ms);

/**
 * dmabufx_xsk_fd() - the socket's descriptor, for poll(2) and for the XSKMAP
 * @xsk: socket
 *
 * Borrowed.
 *
 * Threads: any.
 * Return: the descriptor; -EINVAL: @xsk is NULL.
 * Since: 0.1
 */
DMABUFX_API int dmabufx_xsk_fd(struct dmabufx_xsk *xsk);

/**
 * dmabufx_xsk_close() - close a socket
 * @xsk: socket, or NULL
 *
 * Returns when the queue can be bound again, or after 3 s. All frames that the
 * kernel had are free again. Those that the caller holds stay the caller's and
 * are given back by dmabufx_umem_frame_free(); until then the frames of the
 * socket are no other's. Frames that another socket is sending for this one
 * come back when they are sent.
 *
 * Threads: any, when nobody else uses the socket. Privilege: none.
 * Return: NULL, to assign back.
 * Since: 0.1
 */
DMABUFX_API struct dmabufx_xsk *dmabufx_xsk_close(struct dmabufx_xsk *xsk);

DMABUFX_END_DECLS

#endif

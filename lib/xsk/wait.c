// SPDX-License-Identifier: LGPL-2.1-or-later
/* Waiting for packets. */
#include <errno.h>
#include <sys/socket.h>

#include "base/fail.h"
#include "sys/ctx.h"
#include "sys/sys.h"
#include "xsk/xsk_priv.h"

#define SOCKETS_MAX 64u
/* Looks at the rings between two looks at the clock, and pauses between two at the rings. */
#define SPINS 64u
#define PAUSES 4u
/* Short sleeps with nothing come until the adaptive way goes to poll(2). */
#define SHORT_SLEEPS 64u
/* The kernel tells nobody who sleeps that an interface goes: look so often. */
#define LINK_MS 500u

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#else
	__asm__ volatile("" ::: "memory");
#endif
}

static uint32_t ready(struct dmabufx_xsk *const *xsks, uint32_t n)
{
	uint32_t have = 0;

	for (uint32_t i = 0; i < n; i++)
		have += xsks[i]->rx_frames &&
			(xsks[i]->rx.theirs != xsks[i]->rx.ours || dx_ring_look(&xsks[i]->rx));
	return have;
}

/*
 * What waits to be sent where the kernel has done nothing since the last look: nobody
 * may be there who sends again, if the program waits for an answer. The indices are
 * the shared ones, as the TX thread may be at work.
 */
static void wake_tx(struct dx_xsk *xsk)
{
	const struct dmabufx_ring *tx = &xsk->io.tx;
	uint32_t sent = __atomic_load_n(tx->theirs_shared, __ATOMIC_RELAXED);

	if (sent != __atomic_load_n(tx->ours_shared, __ATOMIC_RELAXED) && sent == xsk->tx_seen &&
	    dx_ring_wants_kick(tx))
		xsk->ctx->sys->send(xsk->ctx->sys, xsk->fd, NULL, 0, MSG_DONTWAIT);
	xsk->tx_seen = sent;
}

/*
 * Before a sleep. The fence stands between the index that was published last and the
 * flag: either the kernel sees the frames, or this sees that it wants to be woken; of a
 * driver that doesn't look at the ring again after it has set the flag, the next look
 * does, LINK_MS later at most. tests/net/model tries all of it.
 */
static void wake(struct dmabufx_xsk *const *xsks, uint32_t n)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (uint32_t i = 0; i < n; i++) {
		if (dx_ring_wants_kick(&xsks[i]->fill))
			dmabufx_xsk_kick_rx(xsks[i]);
		wake_tx(dx_xsk_of(xsks[i]));
	}
}

static void spin(struct dmabufx_xsk *const *xsks, uint32_t n)
{
	for (unsigned int i = 0; i < SPINS && !ready(xsks, n); i++) {
		for (unsigned int p = 0; p < PAUSES; p++)
			relax();
	}
}

/* poll(2) says nothing of it, but a call to receive fails. */
static int check_links(struct dx_sys *sys, struct dmabufx_xsk *const *xsks, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct dx_xsk *xsk = dx_xsk_of(xsks[i]);
		ssize_t err = sys->recv(sys, xsk->fd, NULL, 0, MSG_DONTWAIT);

		if (err == -ENETDOWN || err == -ENXIO)
			return dx_fail(-ENETDOWN, DMABUFX_REASON_INTERFACE_DOWN, "%s is %s",
				       xsk->info.ifname,
				       err == -ENXIO ? "gone, or its queues were made anew; "
						       "open the socket again" :
						       "down; set it up");
	}
	return 0;
}

static int sleep_in_poll(struct dx_sys *sys, struct dmabufx_xsk *const *xsks, uint32_t n, int ms)
{
	struct pollfd fds[SOCKETS_MAX];
	int ret;

	for (uint32_t i = 0; i < n; i++)
		fds[i] = (struct pollfd){ .fd = dx_xsk_of(xsks[i])->fd, .events = POLLIN };
	ret = sys->poll(sys, fds, n, ms);
	return ret < 0 ? ret : 0;
}

/* One sleep, or one round of looking, of at most @ms. */
static int nap(struct dx_xsk *first, struct dmabufx_xsk *const *xsks, uint32_t n, uint32_t nth,
	       int ms)
{
	struct dx_sys *sys = first->ctx->sys;
	int err;

	if (first->sleep == DMABUFX_SLEEP_SPIN) {
		spin(xsks, n);
		return 0;
	}
	DX_ADD(first->sleeps, 1);
	if (first->sleep == DMABUFX_SLEEP_POLL ||
	    (first->sleep == DMABUFX_SLEEP_ADAPTIVE && nth >= SHORT_SLEEPS))
		err = sleep_in_poll(sys, xsks, n, ms);
	else
		err = sys->sleep_us(sys, first->timer_us);
	return err ? dx_fail_sys(err, "waiting for packets") : 0;
}

static int wait_for(struct dmabufx_xsk *const *xsks, uint32_t n, int timeout_ms)
{
	struct dx_xsk *first = dx_xsk_of(xsks[0]);
	struct dx_sys *sys = first->ctx->sys;
	uint64_t now = sys->now_ms(sys), look = now + LINK_MS;
	uint64_t until = timeout_ms < 0 ? UINT64_MAX : now + (uint64_t)timeout_ms;
	uint32_t have, naps = 0;
	int err;

	for (;;) {
		wake(xsks, n);
		have = ready(xsks, n);
		if (have)
			return (int)have;
		now = sys->now_ms(sys);
		if (now >= look || now >= until) {
			err = check_links(sys, xsks, n);
			if (err || now >= until)
				return err;
			look = now + LINK_MS;
		}
		err = nap(first, xsks, n, naps++, (int)((until < look ? until : look) - now));
		if (err)
			return err;
	}
}

int dmabufx_xsk_wait(struct dmabufx_xsk *const *xsks, uint32_t n, int timeout_ms)
{
	uint32_t have;

	if (!xsks || !n || n > SOCKETS_MAX)
		return xsks ? dx_fail(-EINVAL, DMABUFX_REASON_NO_SPACE,
				      "%u sockets can't be waited for: 1 to %u can", n,
				      SOCKETS_MAX) :
			      dx_fail_null("xsks");
	have = ready(xsks, n);
	if (have)
		return (int)have;
	if (timeout_ms)
		return wait_for(xsks, n, timeout_ms);
	wake(xsks, n);
	return (int)ready(xsks, n);
}

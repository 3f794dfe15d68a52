// SPDX-License-Identifier: LGPL-2.1-or-later
/* Waiting for packets. */
#include <errno.h>

#include "base/fail.h"
#include "sys/ctx.h"
#include "sys/sys.h"
#include "xsk/xsk_priv.h"

#define SOCKETS_MAX 64u
/* Looks at the rings between two looks at the clock, and pauses between two at the rings. */
#define SPINS 64u
#define PAUSES 16u
/* Short sleeps with nothing come until the adaptive way goes to poll(2). */
#define SHORT_SLEEPS 64u

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
 * Before a sleep. The fence stands between the index that was published last and the
 * flag: either the kernel sees the frames, or this sees that it wants to be woken.
 */
static void wake(struct dmabufx_xsk *const *xsks, uint32_t n)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (uint32_t i = 0; i < n; i++)
		if (dx_ring_wants_kick(&xsks[i]->fill))
			dmabufx_xsk_kick_rx(xsks[i]);
}

static uint32_t spin(struct dmabufx_xsk *const *xsks, uint32_t n)
{
	uint32_t have = 0;

	for (unsigned int i = 0; i < SPINS && !have; i++) {
		for (unsigned int p = 0; p < PAUSES; p++)
			relax();
		have = ready(xsks, n);
	}
	return have;
}

static int sleep_in_poll(struct dx_sys *sys, struct dmabufx_xsk *const *xsks, uint32_t n, int ms)
{
	struct pollfd fds[SOCKETS_MAX];
	int ret;

	for (uint32_t i = 0; i < n; i++)
		fds[i] = (struct pollfd){ .fd = dx_xsk_of(xsks[i])->fd, .events = POLLIN };
	ret = sys->poll(sys, fds, n, ms);
	if (ret < 0)
		return ret == -EINTR ? ret : dx_fail_sys(ret, "waiting for packets");
	for (uint32_t i = 0; i < n; i++)
		if (fds[i].revents & (POLLERR | POLLHUP | POLLNVAL))
			return dx_fail(-ENETDOWN, DMABUFX_REASON_INTERFACE_DOWN,
				       "%s is gone, or its queue %u was taken away",
				       dx_xsk_of(xsks[i])->info.ifname,
				       dx_xsk_of(xsks[i])->info.queue);
	return 0;
}

static int left_ms(struct dx_sys *sys, uint64_t until, int timeout_ms)
{
	uint64_t now;

	if (timeout_ms < 0)
		return -1;
	now = sys->now_ms(sys);
	return now >= until ? 0 : (int)(until - now);
}

int dmabufx_xsk_wait(struct dmabufx_xsk *const *xsks, uint32_t n, int timeout_ms)
{
	struct dx_xsk *first;
	struct dx_sys *sys;
	uint32_t have, sleeps = 0;
	uint64_t until;
	int left, err = 0;

	if (!xsks || !n || n > SOCKETS_MAX)
		return xsks ? dx_fail(-EINVAL, DMABUFX_REASON_NO_SPACE,
				      "%u sockets can't be waited for: 1 to %u can", n,
				      SOCKETS_MAX) :
			      dx_fail_null("xsks");
	have = ready(xsks, n);
	if (have)
		return (int)have;
	wake(xsks, n);
	first = dx_xsk_of(xsks[0]);
	sys = first->ctx->sys;
	until = timeout_ms > 0 ? sys->now_ms(sys) + (uint64_t)timeout_ms : 0;
	while (!(have = ready(xsks, n)) && !err) {
		left = timeout_ms ? left_ms(sys, until, timeout_ms) : 0;
		if (!left)
			return 0;
		if (first->sleep == DMABUFX_SLEEP_SPIN) {
			have = spin(xsks, n);
			continue;
		}
		first->sleeps++;
		if (first->sleep == DMABUFX_SLEEP_POLL ||
		    (first->sleep == DMABUFX_SLEEP_ADAPTIVE && sleeps++ >= SHORT_SLEEPS))
			err = sleep_in_poll(sys, xsks, n, left);
		else
			sys->sleep_us(sys, first->timer_us);
		wake(xsks, n);
	}
	return err ? err : (int)have;
}

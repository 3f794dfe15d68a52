// SPDX-License-Identifier: LGPL-2.1-or-later
/* Times of sending: which packets asked, and what came back. */
#include "xsk/tx_times.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "uapi/if_xdp.h"
#include "xsk/xsk_priv.h"

#define NOBODY UINT64_MAX

/* Of each frame to send from: where the packet begins that asks, or NOBODY. */
struct ask {
	uint64_t addr;
	uint64_t before;
	uint64_t cookie;
};

struct dx_tx_times {
	struct ask *asks;
	struct dmabufx_tx_timestamp *log; /* room for a power of two; indices run free */
	uint32_t mask;
	uint32_t in;
	uint32_t out;
	uint64_t lost;
};

struct dx_tx_times *dx_tx_times_new(uint32_t frames, uint32_t ring)
{
	struct dx_tx_times *times = calloc(1, sizeof(*times));

	if (!times)
		return NULL;
	times->asks = malloc(frames * sizeof(*times->asks));
	times->log = malloc(ring * sizeof(*times->log));
	if (!times->asks || !times->log) {
		dx_tx_times_free(times);
		return NULL;
	}
	for (uint32_t i = 0; i < frames; i++)
		times->asks[i].addr = NOBODY;
	times->mask = ring - 1;
	return times;
}

void dx_tx_times_free(struct dx_tx_times *times)
{
	if (!times)
		return;
	free(times->asks);
	free(times->log);
	free(times);
}

/* NULL: the frame isn't one that the socket sends from. */
static struct ask *find(const struct dx_xsk *xsk, uint64_t addr)
{
	uint64_t nth = (addr & DMABUFX_ADDR_MASK) / xsk->umem->chunk - xsk->tx_frames->first;

	return nth < xsk->tx_frames->n ? &xsk->times->asks[nth] : NULL;
}

int dx_tx_times_ask(struct dx_xsk *xsk, uint64_t addr, uint64_t before, uint64_t cookie)
{
	struct ask *ask = find(xsk, addr);

	if (!ask)
		return dx_fail(-EINVAL, DMABUFX_REASON_FRAME_STATE,
			       "address %#llx isn't in a frame that the socket sends from: those that "
			       "it forwards have no times of sending",
			       (unsigned long long)addr);
	*ask = (struct ask){ .addr = addr, .before = before, .cookie = cookie };
	return 0;
}

void dx_tx_times_forget(struct dx_xsk *xsk, uint64_t addr)
{
	struct ask *ask = xsk->times ? find(xsk, addr) : NULL;

	if (ask)
		ask->addr = NOBODY;
}

static void keep(struct dx_tx_times *times, uint64_t cookie, uint64_t ns)
{
	if (times->in - times->out > times->mask) {
		DX_ADD(times->lost, 1);
		return;
	}
	times->log[times->in++ & times->mask] = (struct dmabufx_tx_timestamp){ cookie, ns };
}

void dx_tx_times_sent(struct dx_xsk *xsk, uint64_t addr)
{
	const unsigned char *meta = (unsigned char *)dmabufx_xsk_data(&xsk->io, addr) -
				    xsk->umem->metadata;
	struct ask *ask = find(xsk, addr);
	uint64_t ns;

	/* One that was freed, and sent from another address, hasn't asked. */
	if (!ask || ask->addr != addr) {
		if (ask)
			ask->addr = NOBODY;
		return;
	}
	ask->addr = NOBODY;
	memcpy(&ns, meta + offsetof(struct dx_xsk_tx_metadata, csum_start), sizeof(ns));
	if (ns != ask->before)
		keep(xsk->times, ask->cookie, ns);
	/* A device may have none for a packet, a kernel that copies always has. */
	else if (xsk->info.zero_copy)
		keep(xsk->times, ask->cookie, 0);
}

uint64_t dx_tx_times_lost(const struct dx_tx_times *times)
{
	return times ? __atomic_load_n(&times->lost, __ATOMIC_RELAXED) : 0;
}

int dmabufx_xsk_tx_timestamps(struct dmabufx_xsk *io, struct dmabufx_tx_timestamp *ret, uint32_t n)
{
	struct dx_tx_times *times;
	uint32_t have;

	if (!io || !ret)
		return dx_fail_null(io ? "ret" : "xsk");
	times = dx_xsk_of(io)->times;
	if (!times)
		return dx_fail(-EINVAL, DMABUFX_REASON_BAD_FLAGS,
			       "the socket keeps no times of sending; open it with "
			       "DMABUFX_XSK_TX_TIMESTAMPS");
	dmabufx_xsk_tx_reap(io);
	have = times->in - times->out;
	if (n > have)
		n = have;
	for (uint32_t i = 0; i < n; i++)
		ret[i] = times->log[times->out++ & times->mask];
	return (int)n;
}

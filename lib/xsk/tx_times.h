/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Times of sending, from where the kernel writes them to where the caller fetches them.
 *
 * The kernel writes a time into the frame, which is free when its completion is taken,
 * and may be sent from again at once. So it is saved there and then, in the order of the
 * completions, by dx_xsk_reap_mixed(), which sockets that keep times always go
 * through. All of it is the TX thread's.
 */
#ifndef DX_XSK_TX_TIMES_H
#define DX_XSK_TX_TIMES_H

#include "dmabufx/xsk_meta.h"

struct dx_xsk;
struct dx_tx_times;

/* What stands where no time was written: half of it is such that no time looks so. */
#define DX_TX_NO_TIME UINT32_MAX

/* NULL: no memory. */
struct dx_tx_times *dx_tx_times_new(uint32_t frames, uint32_t ring);
/* The packet at @addr asks; @before is what stands where its time will be. */
int dx_tx_times_ask(struct dx_xsk *xsk, uint64_t addr, uint64_t before, uint64_t cookie);
/* It doesn't, whatever was asked for the frame before. */
void dx_tx_times_forget(struct dx_xsk *xsk, uint64_t addr);
/* A packet at @addr, of a frame of the socket's, was sent. */
void dx_tx_times_sent(struct dx_xsk *xsk, uint64_t addr);
/* How many didn't fit. */
uint64_t dx_tx_times_lost(const struct dx_tx_times *times);
void dx_tx_times_free(struct dx_tx_times *times);

#endif

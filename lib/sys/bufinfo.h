/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What debugfs tells of dma-bufs: who has attached them, and by which link. */
#ifndef DX_SYS_BUFINFO_H
#define DX_SYS_BUFINFO_H

#include "dmabufx/buf.h"
#include "sys/sys.h"

#define DX_BUFINFO "/sys/kernel/debug/dma_buf/bufinfo"

/*
 * Writes who has attached the dma-buf @inode, at most @max, to @ret. How many there
 * are; -ESRCH: no such dma-buf; an error of reading the file.
 */
int dx_bufinfo_attached(struct dx_sys *sys, uint64_t inode, struct dmabufx_attached *ret,
			size_t max);

#endif

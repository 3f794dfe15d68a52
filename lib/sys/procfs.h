/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What /proc says of this process's descriptors and memory. */
#ifndef DX_SYS_PROCFS_H
#define DX_SYS_PROCFS_H

#include "sys/sys.h"

/*
 * The exporter of a dma-buf. 0; -ENOENT: the descriptor is no dma-buf; the
 * errno of reading /proc/self/fdinfo otherwise.
 */
int dx_procfs_exporter(struct dx_sys *sys, int fd, char *ret, size_t len);

/* Whether @va lies in memory that a VFIO device's descriptor was mapped to. */
bool dx_procfs_is_bar(struct dx_sys *sys, const void *va);

/* Reads a whole file of any length; freed by the caller. Its length or a negative errno. */
ssize_t dx_procfs_read(struct dx_sys *sys, const char *path, char **ret);

#endif

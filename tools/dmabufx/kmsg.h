/* SPDX-License-Identifier: GPL-2.0-or-later */
/* New lines of the kernel's log that tell of DMA faults. */
#ifndef KMSG_H
#define KMSG_H

#include <stddef.h>

/* A descriptor at the end of the log, or -errno: no permission, no log. */
int kmsg_open(void);

/* Forget what came so far. */
void kmsg_skip(int fd);

/*
 * Wait up to @timeout_ms for the next line that tells of a fault; its text
 * goes to @buf. 1: there is one, 0: none came.
 */
int kmsg_next_fault(int fd, int timeout_ms, char *buf, size_t len);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VFIO's calls whose answer may be longer than their struct: argsz tells. */
#ifndef DX_SYS_ARGSZ_H
#define DX_SYS_ARGSZ_H

#include "sys/sys.h"

/*
 * Asks with @head, of @size bytes that begin with argsz, and again with as much
 * room as the kernel says it needs. The answer is freed by the caller.
 */
int dx_argsz_query(struct dx_sys *sys, int fd, unsigned long request, const void *head,
		   uint32_t size, void **ret);

#endif

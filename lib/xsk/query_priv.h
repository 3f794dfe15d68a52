/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two halves of a query: asking and trying. */
#ifndef DX_XSK_QUERY_PRIV_H
#define DX_XSK_QUERY_PRIV_H

#include "dmabufx/xsk_query.h"

struct dx_sys;

/* BPF_OBJ_NAME_LEN of linux/bpf.h, and a NUL. */
#define DX_PROG_NAME_MAX 17

void dx_xsk_say(struct dmabufx_xsk_answer *answer, int result, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Binds a socket to the last receive queue without copying, and tells caps->zero_copy. */
void dx_xsk_try(struct dx_sys *sys, struct dmabufx_xsk_caps *caps);

/* "" where we may not know, or can't without libbpf. */
void dx_xsk_prog_name(struct dx_sys *sys, uint32_t id, char *ret, size_t len);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two halves of a query: asking and trying. */
#ifndef DX_XSK_QUERY_PRIV_H
#define DX_XSK_QUERY_PRIV_H

#include "dmabufx/xsk_query.h"

struct dx_sys;

void dx_xsk_say(struct dmabufx_xsk_answer *answer, int result, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Binds a socket to the last receive queue without copying, and tells caps->zero_copy. */
void dx_xsk_try(struct dx_sys *sys, struct dmabufx_xsk_caps *caps);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A context on a given table of system calls: the kernel's, or a test's. */
#ifndef DX_CTX_NEW_H
#define DX_CTX_NEW_H

#include "dmabufx/ctx.h"

struct dx_sys;

/* As dmabufx_ctx_new(); @sys must outlive the context. */
int dx_ctx_new(struct dx_sys *sys, const struct dmabufx_ctx_opts *opts, struct dmabufx_ctx **ret);

#endif

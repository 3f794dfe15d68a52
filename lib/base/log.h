/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Log lines to the caller's function. */
#ifndef DX_BASE_LOG_H
#define DX_BASE_LOG_H

#include "base/ctx.h"

void dx_log_emit(struct dmabufx_ctx *ctx, enum dmabufx_log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), cold));

/* Arguments are not evaluated when nobody listens. ctx locked. */
#define dx_log(ctx, level, ...)                                                   \
	do {                                                                      \
		if (__builtin_expect((ctx)->log && (level) <= (ctx)->log_max, 0)) \
			dx_log_emit(ctx, level, __VA_ARGS__);                     \
	} while (0)

#define dx_warn(ctx, ...) dx_log(ctx, DMABUFX_LOG_WARN, __VA_ARGS__)
#define dx_info(ctx, ...) dx_log(ctx, DMABUFX_LOG_INFO, __VA_ARGS__)
#define dx_debug(ctx, ...) dx_log(ctx, DMABUFX_LOG_DEBUG, __VA_ARGS__)

#endif

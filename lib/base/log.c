// SPDX-License-Identifier: LGPL-2.1-or-later
/* Log lines to the caller's function. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

void dx_log_emit(struct dmabufx_ctx *ctx, enum dmabufx_log_level level, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ctx->log(ctx->log_user, level, text);
}

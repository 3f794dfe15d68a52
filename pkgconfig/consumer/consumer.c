/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An outside program in C: finds the library by pkg-config alone and makes a few calls. */
#include <dmabufx/dmabufx.h>

#include <inttypes.h>
#include <stdio.h>

static int say(const char *what)
{
	const struct dmabufx_error *e = dmabufx_last_error();

	fprintf(stderr, "%s: %s (%s)\n", what, e->text, dmabufx_strerror(e->err));
	return 1;
}

int main(void)
{
	struct dmabufx_buf_info info = { .size = sizeof(info) };
	struct dmabufx_ctx *ctx;
	struct dmabufx_buf *buf;

	if (dmabufx_ctx_new(NULL, &ctx) < 0)
		return say("context");
	if (dmabufx_buf_alloc(ctx, 4096, NULL, &buf) < 0)
		return say("buffer");
	if (dmabufx_buf_get_info(buf, &info) < 0)
		return say("info");
	printf("libdmabufx %s from C: %" PRIu64 " bytes of %s\n", dmabufx_version(), info.len,
	       info.exporter);
	dmabufx_buf_unref(buf);
	dmabufx_ctx_unref(ctx);
	return 0;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Learns from events what a reset did to a mapping: events DEVICE. */
#include <dmabufx/dmabufx.h>

#include <poll.h>
#include <stdio.h>

static int fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, dmabufx_last_error()->text);
	return 1;
}

static int drain(struct dmabufx_ctx *ctx)
{
	static const char *const names[] = {
		[DMABUFX_EVENT_STALE] = "stale",
		[DMABUFX_EVENT_REMAPPED] = "remapped",
		[DMABUFX_EVENT_REVOKED] = "revoked",
		[DMABUFX_EVENT_DEV_GONE] = "device gone",
	};
	struct pollfd wait = { .fd = dmabufx_ctx_event_fd(ctx), .events = POLLIN };
	struct dmabufx_event event;
	int n = 0;

	/* The reset is over, so its events are there: nothing to wait for. */
	if (poll(&wait, 1, 0) != 1)
		return 0;
	while (dmabufx_ctx_next_event(ctx, &event) == 1) {
		printf("%s: %s\n", names[event.type],
		       dmabufx_reason_name((enum dmabufx_reason)event.reason));
		n++;
	}
	return n;
}

int main(int argc, char **argv)
{
	struct dmabufx_mapping *map;
	struct dmabufx_ioas *ioas;
	struct dmabufx_buf *buf;
	struct dmabufx_dev *dev;
	struct dmabufx_ctx *ctx;

	if (argc != 2)
		return fprintf(stderr, "usage: %s DEVICE (PCI address)\n", argv[0]), 2;
	if (dmabufx_ctx_new(NULL, &ctx) < 0 || dmabufx_ctx_ioas(ctx, &ioas) < 0 ||
	    dmabufx_ctx_event_fd(ctx) < 0)
		return fail("context");
	if (dmabufx_dev_open(ctx, argv[1], NULL, &dev) < 0 ||
	    dmabufx_dev_export(dev, 2, 0, 65536, NULL, &buf) < 0 ||
	    dmabufx_ioas_map(ioas, buf, NULL, &map) < 0 || dmabufx_dev_reset(dev) < 0)
		return fail("reset");
	printf("%d event(s)\n", drain(ctx));
	dmabufx_mapping_unmap(map);
	dmabufx_buf_unref(buf);
	dmabufx_dev_unref(dev);
	dmabufx_ctx_unref(ctx);
	return 0;
}

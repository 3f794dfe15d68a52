// SPDX-License-Identifier: LGPL-2.1-or-later
/* Receives packets of one queue without a system call each, and counts them until Ctrl-C. */
#include <dmabufx/dmabufx.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static volatile sig_atomic_t over;

static void stop(int signal)
{
	(void)signal;
	over = 1;
}

static void must(int ret)
{
	if (ret >= 0)
		return;
	fprintf(stderr, "%s\n", dmabufx_last_error()->text);
	exit(1);
}

int main(int argc, char **argv)
{
	struct dmabufx_ctx *ctx;
	struct dmabufx_buf *buf;
	struct dmabufx_umem *umem;
	struct dmabufx_xsk *xsk;
	struct dmabufx_desc *descs;
	unsigned long long packets = 0, bytes = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: %s INTERFACE [QUEUE]\n", argv[0]);
		return 2;
	}
	signal(SIGINT, stop);
	signal(SIGTERM, stop);
	must(dmabufx_ctx_new(NULL, &ctx));
	must(dmabufx_buf_alloc(ctx, 4 << 20, NULL, &buf));
	must(dmabufx_umem_new(ctx, buf, NULL, &umem));
	must(dmabufx_xsk_open(umem, argv[1], argc > 2 ? (uint32_t)atoi(argv[2]) : 0, NULL, &xsk));
	while (!over) {
		uint32_t n = dmabufx_xsk_rx_burst(xsk, &descs, 64);

		for (uint32_t i = 0; i < n; i++)
			bytes += descs[i].len; /* at dmabufx_xsk_data(xsk, descs[i].addr) */
		packets += n;
		if (n)
			dmabufx_xsk_rx_release(xsk, descs, n);
		else if (dmabufx_xsk_wait(&xsk, 1, 1000) < 0 && !over)
			break;
	}
	printf("%llu packets, %llu bytes\n", packets, bytes);
	dmabufx_xsk_close(xsk);
	dmabufx_umem_unref(umem);
	dmabufx_buf_unref(buf);
	dmabufx_ctx_unref(ctx);
	return 0;
}

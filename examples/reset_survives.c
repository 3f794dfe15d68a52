// SPDX-License-Identifier: LGPL-2.1-or-later
/* Resets a device while its BAR 2 is mapped: the mapping is back at its IOVA. */
#include <dmabufx/dmabufx.h>

#include <inttypes.h>
#include <stdio.h>

static int fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, dmabufx_last_error()->text);
	return 1;
}

static int stop_dma(struct dmabufx_dev *dev, void *user)
{
	printf("about to reset: DMA to the device's memory must stop now\n");
	return 0;
}

static int start_dma(struct dmabufx_dev *dev, void *user)
{
	printf("reset done: DMA may start again\n");
	return 0;
}

int main(int argc, char **argv)
{
	struct dmabufx_mapping *map;
	struct dmabufx_ioas *ioas;
	struct dmabufx_buf *buf;
	struct dmabufx_dev *dev;
	struct dmabufx_ctx *ctx;
	uint64_t before;
	int lost;

	if (argc != 2)
		return fprintf(stderr, "usage: %s DEVICE (PCI address)\n", argv[0]), 2;
	if (dmabufx_ctx_new(NULL, &ctx) < 0 || dmabufx_ctx_ioas(ctx, &ioas) < 0)
		return fail("context");
	if (dmabufx_dev_open(ctx, argv[1], NULL, &dev) < 0)
		return fail("open");
	if (dmabufx_dev_export(dev, 2, 0, 65536, NULL, &buf) < 0 ||
	    dmabufx_ioas_map(ioas, buf, NULL, &map) < 0)
		return fail("map");
	before = dmabufx_mapping_iova(map);
	dmabufx_dev_set_reset_cb(dev, stop_dma, start_dma, NULL);
	lost = dmabufx_dev_reset(dev);
	if (lost)
		return lost < 0 ? fail("reset") : fail("mapping");
	printf("IOVA 0x%" PRIx64 " before, 0x%" PRIx64 " after, %s\n", before,
	       dmabufx_mapping_iova(map),
	       dmabufx_mapping_state(map) == DMABUFX_MAPPING_LIVE ? "live" : "not live");
	dmabufx_mapping_unmap(map);
	dmabufx_buf_unref(buf);
	dmabufx_dev_unref(dev);
	dmabufx_ctx_unref(ctx);
	return 0;
}

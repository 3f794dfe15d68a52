// SPDX-License-Identifier: LGPL-2.1-or-later
/* Lists the machine's PCI functions: who drives them, their IOMMU group, their BARs. */
#include <dmabufx/dmabufx.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static int fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, dmabufx_last_error()->text);
	return 1;
}

static void show(const struct dmabufx_dev_info *dev)
{
	printf("%s %04x:%04x group %d (%u) driver %s", dev->bdf, dev->vendor, dev->device,
	       dev->iommu_group, dev->group_size, dev->driver[0] ? dev->driver : "-");
	for (int bar = 0; bar < DMABUFX_BARS; bar++)
		if (dev->bar_len[bar])
			printf(" BAR%d=%" PRIu64, bar, dev->bar_len[bar]);
	printf("\n");
}

int main(void)
{
	struct dmabufx_dev_info *devs;
	struct dmabufx_ctx *ctx;
	int n, room;

	if (dmabufx_ctx_new(NULL, &ctx) < 0)
		return fail("context");
	room = dmabufx_dev_list(ctx, &(struct dmabufx_dev_info){ 0 }, 0);
	if (room < 0)
		return fail("list");
	devs = calloc((size_t)room, sizeof(*devs));
	if (!devs)
		return 1;
	/* A device may have been plugged in between: show what there was room for. */
	n = dmabufx_dev_list(ctx, devs, (size_t)room);
	for (int i = 0; i < n && i < room; i++)
		show(&devs[i]);
	free(devs);
	dmabufx_ctx_unref(ctx);
	return n < 0 ? fail("list") : 0;
}

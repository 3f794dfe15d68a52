// SPDX-License-Identifier: LGPL-2.1-or-later
/* Puts BAR 2 of one device at an I/O address of another: p2p_map OWNER READER. */
#include <dmabufx/dmabufx.h>

#include <inttypes.h>
#include <stdio.h>

static int fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, dmabufx_last_error()->text);
	return 1;
}

static int map_bar(struct dmabufx_ioas *ioas, struct dmabufx_dev *owner)
{
	struct dmabufx_dev_caps caps = { .size = sizeof(caps) };
	struct dmabufx_mapping *map;
	struct dmabufx_buf *buf;

	if (dmabufx_dev_get_caps(owner, &caps) < 0)
		return fail("caps");
	if (dmabufx_dev_export(owner, 2, 0, caps.bars[2].len, NULL, &buf) < 0)
		return fail("export");
	if (dmabufx_ioas_map(ioas, buf, NULL, &map) < 0)
		return fail("map");
	printf("BAR 2 of %s: %" PRIu64 " bytes at IOVA 0x%" PRIx64 "\n", caps.bdf,
	       dmabufx_mapping_len(map), dmabufx_mapping_iova(map));
	/* Here the reader's driver hands that IOVA to its DMA engine. */
	if (dmabufx_mapping_unmap(map) < 0)
		return fail("unmap");
	dmabufx_buf_unref(buf);
	return 0;
}

int main(int argc, char **argv)
{
	struct dmabufx_dev *owner, *reader;
	struct dmabufx_ioas *ioas;
	struct dmabufx_ctx *ctx;
	int err;

	if (argc != 3)
		return fprintf(stderr, "usage: %s OWNER READER (PCI addresses)\n", argv[0]), 2;
	if (dmabufx_ctx_new(NULL, &ctx) < 0 || dmabufx_ctx_ioas(ctx, &ioas) < 0)
		return fail("context");
	if (dmabufx_dev_open(ctx, argv[1], NULL, &owner) < 0 ||
	    dmabufx_dev_open(ctx, argv[2], NULL, &reader) < 0)
		return fail("open");
	err = dmabufx_dev_attach(reader, ioas) < 0 ? fail("attach") : map_bar(ioas, owner);
	dmabufx_dev_unref(reader);
	dmabufx_dev_unref(owner);
	dmabufx_ctx_unref(ctx);
	return err;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BAR [OFFSET [LENGTH]]: the part of a device that export and map talk about. */
#ifndef SLICE_H
#define SLICE_H

#include "cli.h"

/* A BAR is at most a stretch before its MSI-X table and one behind it. */
#define SLICE_BUFS 2

/**
 * struct slice - a part of a BAR or of a buffer
 * @bar: BAR number
 * @nnumbers: how many of offset and length were given
 * @offset: first byte
 * @length: bytes; 0: up to the end
 */
struct slice {
	uint32_t bar;
	int nnumbers;
	uint64_t offset;
	uint64_t length;
};

/* Parse [OFFSET [LENGTH]] from @count words; false: cli->exit is set. */
bool slice_numbers(struct cli *cli, int count, char **words, struct slice *ret);

/*
 * Export @s of @dev: the whole BAR less its MSI-X table as up to SLICE_BUFS
 * buffers if no offset was given, else that slice. 0 or the exit code.
 */
int slice_export(struct cli *cli, struct dmabufx_dev *dev, const struct slice *s, uint32_t flags,
		 struct dmabufx_buf *ret[SLICE_BUFS], int *count);

/* Say what @buf is, and add it to the JSON array @list; 0 or the exit code. */
int slice_show(struct cli *cli, struct json_object *list, struct dmabufx_buf *buf);

void slice_unref(struct dmabufx_buf *bufs[SLICE_BUFS], int count);

#endif

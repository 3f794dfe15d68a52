/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Export a part of a BAR and say what it became. */
#include "slice.h"

#include <unistd.h>

bool slice_numbers(struct cli *cli, int count, char **words, struct slice *ret)
{
	ret->nnumbers = count;
	if (count > 0 && !cli_number(cli, "offset", words[0], &ret->offset))
		return false;
	if (count > 1 && !cli_number(cli, "length", words[1], &ret->length))
		return false;
	if (count > 1 && !ret->length) {
		cli->exit = cli_usage(cli, "length 0; leave it out to go up to the end");
		return false;
	}
	return true;
}

/* Bytes from the offset to the end of the BAR; the library judges the rest. */
static int rest_of_bar(struct cli *cli, struct dmabufx_dev *dev, const struct slice *s,
		       uint64_t *ret)
{
	struct dmabufx_dev_caps caps = { .size = sizeof(caps) };
	uint64_t len;
	int err;

	err = dmabufx_dev_get_caps(dev, &caps);
	if (err < 0)
		return cli_fail_lib(cli, err);
	len = caps.bars[s->bar].len;
	*ret = s->offset < len ? len - s->offset : len;
	return 0;
}

int slice_export(struct cli *cli, struct dmabufx_dev *dev, const struct slice *s, uint32_t flags,
		 struct dmabufx_buf *ret[SLICE_BUFS], int *count)
{
	DMABUFX_OPTS(dmabufx_export_opts, opts, .flags = flags);
	uint64_t len = s->length;
	int err;

	if (!s->nnumbers && !flags) {
		err = dmabufx_dev_export_bar(dev, s->bar, &opts, ret, SLICE_BUFS);
		*count = err;
		return err < 0 ? cli_fail_lib(cli, err) : 0;
	}
	if (!len) {
		err = rest_of_bar(cli, dev, s, &len);
		if (err)
			return err;
	}
	err = dmabufx_dev_export(dev, s->bar, s->offset, len, &opts, &ret[0]);
	*count = 1;
	return err < 0 ? cli_fail_lib(cli, err) : 0;
}

int slice_show(struct cli *cli, struct json_object *list, struct dmabufx_buf *buf)
{
	struct dmabufx_buf_info info = { .size = sizeof(info) };
	struct json_object *row = js_push(list);
	int fd = dmabufx_buf_fd(buf);
	char size[32];
	int ret;

	ret = dmabufx_buf_get_info(buf, &info);
	if (ret < 0)
		return cli_fail_lib(cli, ret);
	js_num(row, "fd", (uint64_t)fd);
	js_num(row, "pid", (uint64_t)getpid());
	js_num(row, "len", info.len);
	js_num(row, "inode", info.inode);
	js_str(row, "exporter", info.exporter);
	cli_say(cli, "Descriptor %d of process %d: %s", fd, (int)getpid(),
		cli_size(info.len, size));
	if (info.kind == DMABUFX_BUF_BAR) {
		js_str(row, "device", info.bdf);
		js_num(row, "bar", info.bar);
		js_num(row, "offset", info.offset);
		cli_say(cli, " of BAR %u of %s at 0x%llx", info.bar, info.bdf,
			(unsigned long long)info.offset);
	}
	cli_say(cli, ", inode %llu, exporter %s\n", (unsigned long long)info.inode, info.exporter);
	return 0;
}

void slice_unref(struct dmabufx_buf *bufs[SLICE_BUFS], int count)
{
	for (int i = 0; i < count; i++)
		dmabufx_buf_unref(bufs[i]);
}

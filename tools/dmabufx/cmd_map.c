/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dmabufx map: a buffer at an IOVA of a device, held. */
#include "cli.h"
#include "slice.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/**
 * struct args - the command line of map
 * @from: exporting device, or NULL
 * @to: importing device
 * @fd: inherited descriptor, if @from is NULL
 * @slice: what of the device's BAR, or of the descriptor
 * @iova: where; 0: anywhere
 */
struct args {
	const char *from;
	const char *to;
	int fd;
	struct slice slice;
	uint64_t iova;
};

/**
 * struct job - what the command holds
 * @ioas: the importer's address space
 * @from: exporter, or NULL
 * @to: importer
 * @bufs: what was exported or inherited
 * @maps: where it is
 * @count: elements of @bufs in use
 */
struct job {
	struct dmabufx_ioas *ioas;
	struct dmabufx_dev *from;
	struct dmabufx_dev *to;
	struct dmabufx_buf *bufs[SLICE_BUFS];
	struct dmabufx_mapping *maps[SLICE_BUFS];
	int count;
};

enum { OPT_TO = OPT_OWN, OPT_IOVA, OPT_FD };

static bool take_option(struct cli *cli, int opt, struct args *a)
{
	uint64_t fd;

	switch (opt) {
	case OPT_TO:
		return cli_device(cli, optarg, &a->to);
	case OPT_IOVA:
		if (!cli_number(cli, "IOVA", optarg, &a->iova))
			return false;
		if (!a->iova)
			cli->exit = cli_usage(cli, "IOVA 0 is never handed out; give another");
		return a->iova != 0;
	case OPT_FD:
		if (!parse_u64(optarg, &fd) || fd > INT32_MAX) {
			cli->exit = cli_usage(cli, "'%s' is no descriptor", optarg);
			return false;
		}
		a->fd = (int)fd;
		return true;
	default:
		return false;
	}
}

static bool parse(struct cli *cli, int argc, char **argv, struct args *a)
{
	static const struct option options[] = { CLI_LONG_OPTIONS,
						 { "to", required_argument, NULL, OPT_TO },
						 { "iova", required_argument, NULL, OPT_IOVA },
						 { "fd", required_argument, NULL, OPT_FD },
						 { NULL, 0, NULL, 0 } };
	int opt;

	a->fd = -1;
	while ((opt = cli_getopt(cli, argc, argv, options)) != -1) {
		if (!take_option(cli, opt, a))
			return false;
	}
	if (!a->to) {
		cli->exit = cli_usage(cli, "--to is missing: which device is it mapped for?");
		return false;
	}
	if (a->fd >= 0)
		return cli_want_args(cli, argc, 0, 2) &&
		       slice_numbers(cli, argc - optind, argv + optind, &a->slice);
	return cli_want_args(cli, argc, 2, 4) && cli_device(cli, argv[optind], &a->from) &&
	       cli_bar(cli, argv[optind + 1], &a->slice.bar) &&
	       slice_numbers(cli, argc - optind - 2, argv + optind + 2, &a->slice);
}

static bool is_same_device(const struct args *a)
{
	char from[DMABUFX_BDF_MAX];
	char to[DMABUFX_BDF_MAX];

	if (!a->from)
		return false;
	if (parse_bdf(a->from, from) && parse_bdf(a->to, to))
		return !strcmp(from, to);
	return !strcmp(a->from, a->to);
}

static int get_buffers(struct cli *cli, const struct args *a, struct job *j)
{
	int ret;

	if (a->from) {
		ret = cli_open(cli, a->from, NULL, &j->from);
		return ret ? ret : slice_export(cli, j->from, &a->slice, 0, j->bufs, &j->count);
	}
	ret = dmabufx_buf_import(cli->ctx, a->fd, NULL, &j->bufs[0]);
	j->count = 1;
	return ret < 0 ? cli_fail_lib(cli, ret) : 0;
}

/* With two stretches of one BAR, the second keeps its distance to the first. */
static uint64_t fixed_iova(const struct args *a, const struct job *j, int index)
{
	struct dmabufx_buf_info first = { .size = sizeof(first) };
	struct dmabufx_buf_info own = { .size = sizeof(own) };

	if (!index)
		return a->iova;
	dmabufx_buf_get_info(j->bufs[0], &first);
	dmabufx_buf_get_info(j->bufs[index], &own);
	return a->iova + (own.offset - first.offset);
}

static int map_one(struct cli *cli, const struct args *a, struct job *j, int index,
		   struct json_object *list)
{
	DMABUFX_OPTS(dmabufx_map_opts, opts);
	char bdf[DMABUFX_BDF_MAX];
	struct json_object *row;
	const char *to;
	char size[32];
	int ret;

	if (a->iova) {
		opts.flags = DMABUFX_MAP_FIXED;
		opts.iova = fixed_iova(a, j, index);
	}
	if (!a->from) {
		opts.offset = a->slice.offset;
		opts.length = a->slice.length;
	}
	ret = dmabufx_ioas_map(j->ioas, j->bufs[index], &opts, &j->maps[index]);
	if (ret < 0)
		return cli_fail_lib(cli, ret);
	to = cli_dev_name(j->to, a->to, bdf);
	row = js_push(list);
	js_num(row, "iova", dmabufx_mapping_iova(j->maps[index]));
	js_num(row, "len", dmabufx_mapping_len(j->maps[index]));
	js_str(row, "device", to);
	cli_say(cli, "Mapped for %s at IOVA 0x%llx: %s\n", to,
		(unsigned long long)dmabufx_mapping_iova(j->maps[index]),
		cli_size(dmabufx_mapping_len(j->maps[index]), size));
	return 0;
}

static int map_all(struct cli *cli, const struct args *a, struct job *j)
{
	struct json_object *buffers = js_array(cli->out, "buffers");
	struct json_object *mappings = js_array(cli->out, "mappings");
	int ret;

	for (int i = 0; i < j->count; i++) {
		ret = slice_show(cli, buffers, j->bufs[i]);
		if (!ret)
			ret = map_one(cli, a, j, i, mappings);
		if (ret)
			return ret;
	}
	return 0;
}

static int run(struct cli *cli, const struct args *a, struct job *j)
{
	int ret;

	ret = cli_ctx(cli);
	if (ret)
		return ret;
	ret = dmabufx_ioas_new(cli->ctx, NULL, &j->ioas);
	if (ret < 0)
		return cli_fail_lib(cli, ret);
	ret = cli_open(cli, a->to, j->ioas, &j->to);
	if (!ret)
		ret = get_buffers(cli, a, j);
	if (!ret)
		ret = map_all(cli, a, j);
	if (!ret)
		cli_hold(cli);
	return ret;
}

static int undo(struct cli *cli, struct job *j, int so_far)
{
	int ret;

	for (int i = 0; i < SLICE_BUFS; i++) {
		ret = dmabufx_mapping_unmap(j->maps[i]);
		if (ret < 0)
			so_far = cli_fail_lib(cli, ret);
		dmabufx_buf_unref(j->bufs[i]);
	}
	dmabufx_dev_unref(j->from);
	dmabufx_dev_unref(j->to);
	dmabufx_ioas_unref(j->ioas);
	if (!so_far)
		cli_say(cli, "Unmapped.\n");
	return so_far;
}

int cmd_map(struct cli *cli, int argc, char **argv)
{
	struct args a = { 0 };
	struct job j = { 0 };

	if (!parse(cli, argc, argv, &a))
		return cli->exit;
	if (is_same_device(&a))
		return cli_usage(cli, "%s is both sides; --to takes another device", a.to);
	return undo(cli, &j, run(cli, &a, &j));
}

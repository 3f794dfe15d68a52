/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dmabufx export: a BAR as dma-bufs, for a command to run with, or to hold. */
#include "child.h"
#include "cli.h"
#include "slice.h"

#include <string.h>
#include <unistd.h>

/**
 * struct args - the command line of export
 * @name: device
 * @slice: what of it
 * @flags: DMABUFX_EXPORT_*
 * @command: what to run, ends with NULL; NULL: hold
 */
struct args {
	const char *name;
	struct slice slice;
	uint32_t flags;
	char **command;
};

/* getopt_long() would forget where the "--" was: cut there first. */
static int cut_command(struct cli *cli, int *argc, char **argv, struct args *a)
{
	for (int i = 1; i < *argc; i++) {
		if (strcmp(argv[i], "--"))
			continue;
		if (i + 1 == *argc)
			return cli_usage(cli, "no command behind --");
		a->command = &argv[i + 1];
		argv[i] = NULL;
		*argc = i;
		break;
	}
	return 0;
}

static bool parse(struct cli *cli, int argc, char **argv, struct args *a)
{
	static const struct option options[] = { CLI_LONG_OPTIONS,
						 { "msix", no_argument, NULL, OPT_OWN },
						 { NULL, 0, NULL, 0 } };
	int opt;

	cli->exit = cut_command(cli, &argc, argv, a);
	if (cli->exit)
		return false;
	while ((opt = cli_getopt(cli, argc, argv, options)) != -1) {
		if (opt != OPT_OWN)
			return false;
		a->flags = DMABUFX_EXPORT_MSIX;
	}
	return cli_want_args(cli, argc, 2, 4) && cli_device(cli, argv[optind], &a->name) &&
	       cli_bar(cli, argv[optind + 1], &a->slice.bar) &&
	       slice_numbers(cli, argc - optind - 2, argv + optind + 2, &a->slice);
}

static int show_and_use(struct cli *cli, const struct args *a, struct dmabufx_buf *bufs[],
			int count)
{
	struct json_object *list = js_array(cli->out, "buffers");
	int ret;

	for (int i = 0; i < count; i++) {
		ret = slice_show(cli, list, bufs[i]);
		if (ret)
			return ret;
	}
	if (a->command) {
		cli_emit(cli);
		return child_run(cli, bufs, count, a->command);
	}
	for (int i = 0; i < count; i++)
		cli_say(cli, "Others reach it as /proc/%d/fd/%d.\n", (int)getpid(),
			dmabufx_buf_fd(bufs[i]));
	cli_hold(cli);
	cli_say(cli, "Given back; the kernel revokes the descriptors.\n");
	return CLI_OK;
}

int cmd_export(struct cli *cli, int argc, char **argv)
{
	struct dmabufx_buf *bufs[SLICE_BUFS];
	struct dmabufx_dev *dev;
	struct args a = { 0 };
	int count;
	int ret;

	if (!parse(cli, argc, argv, &a))
		return cli->exit;
	ret = cli_open(cli, a.name, NULL, &dev);
	if (ret)
		return ret;
	ret = slice_export(cli, dev, &a.slice, a.flags, bufs, &count);
	if (!ret) {
		ret = show_and_use(cli, &a, bufs, count);
		slice_unref(bufs, count);
	}
	dmabufx_dev_unref(dev);
	return ret;
}

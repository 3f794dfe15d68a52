/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The library's context of a run, with its log on stderr. */
#include "cli.h"

#include <stdio.h>

static void log_line(void *user, enum dmabufx_log_level level, const char *text)
{
	static const char *const words[] = { "warning", "info", "debug" };

	fprintf(stderr, "dmabufx: %s: %s\n", words[level], text);
}

int cli_ctx(struct cli *cli)
{
	enum dmabufx_log_level max = DMABUFX_LOG_WARN;
	int ret;

	if (cli->ctx)
		return 0;
	ret = dmabufx_ctx_new(NULL, &cli->ctx);
	if (ret < 0)
		return cli_fail_lib(cli, ret);
	if (cli->verbose)
		max = cli->verbose > 1 ? DMABUFX_LOG_DEBUG : DMABUFX_LOG_INFO;
	if (!cli->quiet || cli->verbose)
		dmabufx_ctx_set_log(cli->ctx, log_line, NULL, max);
	return 0;
}

int cli_open(struct cli *cli, const char *name, struct dmabufx_ioas *ioas, struct dmabufx_dev **ret)
{
	DMABUFX_OPTS(dmabufx_dev_opts, opts, .ioas = ioas);
	int err;

	err = cli_ctx(cli);
	if (err)
		return err;
	err = dmabufx_dev_open(cli->ctx, name, &opts, ret);
	return err < 0 ? cli_fail_lib(cli, err) : 0;
}

bool cli_open_only(struct cli *cli, int argc, char **argv, const char **name,
		   struct dmabufx_dev **ret)
{
	if (!cli_no_options(cli, argc, argv) || !cli_want_args(cli, argc, 1, 1) ||
	    !cli_device(cli, argv[optind], name))
		return false;
	cli->exit = cli_open(cli, *name, NULL, ret);
	return cli->exit == CLI_OK;
}

const char *cli_dev_name(struct dmabufx_dev *dev, const char *called, char buf[DMABUFX_BDF_MAX])
{
	struct dmabufx_dev_caps caps = { .size = sizeof(caps) };

	if (dmabufx_dev_get_caps(dev, &caps) < 0 || !caps.bdf[0])
		return called;
	snprintf(buf, DMABUFX_BDF_MAX, "%s", caps.bdf);
	return buf;
}

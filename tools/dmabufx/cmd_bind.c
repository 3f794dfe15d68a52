/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dmabufx bind and unbind: who drives a PCI function. */
#include "cli.h"

#include <string.h>

static const char *driver_or_none(const char *driver)
{
	return driver[0] ? driver : "no driver";
}

/* @force: DMABUFX_BIND_FORCE or 0. */
static int bind_one(struct cli *cli, const char *bdf, uint32_t force, struct json_object *row)
{
	struct dmabufx_dev_info before;
	struct dmabufx_dev_info after;
	int ret;

	ret = dmabufx_dev_lookup(cli->ctx, bdf, &before);
	if (ret < 0)
		return ret;
	ret = dmabufx_dev_bind(cli->ctx, bdf, force);
	if (ret < 0)
		return ret;
	ret = dmabufx_dev_lookup(cli->ctx, bdf, &after);
	if (ret < 0)
		return ret;
	js_str(row, "driver_before", before.driver);
	js_str(row, "driver", after.driver);
	js_str(row, "cdev", after.cdev);
	if (!strcmp(before.driver, after.driver))
		cli_say(cli, "%s was bound to %s already", bdf, after.driver);
	else
		cli_say(cli, "%s is bound to %s (was: %s)", bdf, driver_or_none(after.driver),
			driver_or_none(before.driver));
	if (after.cdev[0])
		cli_say(cli, "; node /dev/vfio/devices/%s", after.cdev);
	cli_say(cli, "\n");
	return 0;
}

static int unbind_one(struct cli *cli, const char *bdf, uint32_t force, struct json_object *row)
{
	struct dmabufx_dev_info after;
	int ret;

	ret = dmabufx_dev_unbind(cli->ctx, bdf);
	if (ret < 0)
		return ret;
	ret = dmabufx_dev_lookup(cli->ctx, bdf, &after);
	if (ret < 0)
		return ret;
	js_str(row, "driver", after.driver);
	cli_say(cli, "%s is given back: bound to %s\n", bdf, driver_or_none(after.driver));
	return 0;
}

/* Each device is tried, whatever became of the one before. */
static int for_each(struct cli *cli, int argc, char **argv, uint32_t force,
		    int (*one)(struct cli *, const char *, uint32_t, struct json_object *))
{
	struct json_object *list = js_array(cli->out, "devices");
	int worst = CLI_OK;
	int ret;

	for (int i = optind; i < argc; i++) {
		struct json_object *row = js_push(list);
		char bdf[DMABUFX_BDF_MAX];

		parse_bdf(argv[i], bdf);
		js_str(row, "bdf", bdf);
		ret = one(cli, bdf, force, row);
		js_bool(row, "ok", ret >= 0);
		if (ret >= 0)
			continue;
		js_error(row, ret, dmabufx_reason_name(dmabufx_last_error()->reason),
			 dmabufx_last_error()->text);
		ret = cli_fail_lib(cli, ret);
		/* "Can't" holds for the run only if nothing else went wrong. */
		worst = worst == CLI_OK ? ret : CLI_FAILED;
	}
	return worst;
}

/* A typing error in the last must not leave the first half done. */
static bool are_addresses(struct cli *cli, int argc, char **argv)
{
	char bdf[DMABUFX_BDF_MAX];

	if (!cli_want_args(cli, argc, 1, argc))
		return false;
	for (int i = optind; i < argc; i++) {
		if (!cli_bdf(cli, argv[i], bdf))
			return false;
	}
	return true;
}

int cmd_bind(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = { CLI_LONG_OPTIONS,
						 { "force", no_argument, NULL, OPT_OWN },
						 { NULL, 0, NULL, 0 } };
	uint32_t force = 0;
	int opt;
	int ret;

	while ((opt = cli_getopt(cli, argc, argv, options)) != -1) {
		if (opt != OPT_OWN)
			return cli->exit;
		force = DMABUFX_BIND_FORCE;
	}
	if (!are_addresses(cli, argc, argv))
		return cli->exit;
	ret = cli_ctx(cli);
	return ret ? ret : for_each(cli, argc, argv, force, bind_one);
}

int cmd_unbind(struct cli *cli, int argc, char **argv)
{
	int ret;

	if (!cli_no_options(cli, argc, argv) || !are_addresses(cli, argc, argv))
		return cli->exit;
	ret = cli_ctx(cli);
	return ret ? ret : for_each(cli, argc, argv, 0, unbind_one);
}

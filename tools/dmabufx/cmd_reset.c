/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dmabufx reset: one device, its mappings taken out and put back around it. */
#include "cli.h"
#include "reset_kinds.h"

#include <errno.h>

/* Mappings that came back; those that did not are what the reset returned. */
static unsigned int count_remapped(struct cli *cli)
{
	struct dmabufx_event event;
	unsigned int count = 0;

	while (dmabufx_ctx_next_event(cli->ctx, &event) == 1)
		count += event.type == DMABUFX_EVENT_REMAPPED;
	return count;
}

static int reset(struct cli *cli, const char *called, struct dmabufx_dev *dev)
{
	struct dmabufx_dev_caps caps = { .size = sizeof(caps) };
	char bdf[DMABUFX_BDF_MAX];
	const char *name = cli_dev_name(dev, called, bdf);
	unsigned int back;
	char kinds[64];
	int stale;

	stale = dmabufx_dev_get_caps(dev, &caps);
	if (stale < 0)
		return cli_fail_lib(cli, stale);
	js_str(cli->out, "device", name);
	reset_kinds_json(cli->out, caps.reset);
	stale = dmabufx_dev_reset(dev);
	if (stale < 0)
		return cli_fail_lib(cli, stale);
	back = count_remapped(cli);
	js_num(cli->out, "remapped", back);
	js_num(cli->out, "stale", (uint64_t)stale);
	cli_say(cli, "%s was reset; the kernel could choose among: %s.\n", name,
		reset_kinds_text(caps.reset, kinds));
	cli_say(cli, "%u of %u mappings that this command has of its memory came back.\n", back,
		back + (unsigned int)stale);
	if (stale)
		return cli_fail(cli, -EIO, "stale", "%s: %d mappings could not be put back", name,
				stale);
	return CLI_OK;
}

int cmd_reset(struct cli *cli, int argc, char **argv)
{
	struct dmabufx_dev *dev;
	const char *name;
	int ret;

	if (!cli_open_only(cli, argc, argv, &name, &dev))
		return cli->exit;
	ret = reset(cli, name, dev);
	dmabufx_dev_unref(dev);
	return ret;
}

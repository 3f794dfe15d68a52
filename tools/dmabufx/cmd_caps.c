/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dmabufx caps: what can be done with one device. */
#include "cli.h"
#include "reset_kinds.h"

#include <stdio.h>

static void add_ranges(struct json_object *row, const char *key, const struct dmabufx_range *r,
		       uint32_t count)
{
	struct json_object *list = js_array(row, key);

	for (uint32_t i = 0; i < count; i++) {
		struct json_object *range = js_push(list);

		js_num(range, "start", r[i].start);
		js_num(range, "len", r[i].len);
	}
}

static void add_json(struct json_object *list, int bar, const struct dmabufx_bar_caps *b)
{
	struct json_object *row = js_push(list);

	js_num(row, "bar", (uint64_t)bar);
	js_num(row, "len", b->len);
	js_bool(row, "exportable", b->exportable);
	if (!b->exportable) {
		js_str(row, "reason", dmabufx_reason_name((enum dmabufx_reason)b->reason));
		js_str(row, "text", b->text);
	}
	add_ranges(row, "mmap", b->areas, b->nareas);
	add_ranges(row, "msix", &b->msix, b->msix.len ? 1 : 0);
}

/* "0x0+64 MiB, 0x..": where it starts, and how long it is. */
static void add_areas(struct table *t, const struct dmabufx_range *r, uint32_t count)
{
	char text[DMABUFX_BAR_AREAS_MAX * 64] = "-";
	char size[32];
	size_t at = 0;

	for (uint32_t i = 0; i < count && i < DMABUFX_BAR_AREAS_MAX; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s at 0x%llx",
				       at ? ", " : "", cli_size(r[i].len, size),
				       (unsigned long long)r[i].start);
	table_add(t, "%s", text);
}

static void show_bars(struct cli *cli, const struct dmabufx_dev_caps *caps)
{
	static const char *const heads[] = { ">BAR", ">LENGTH", "MMAP", "MSI-X TABLE", "EXPORT" };
	struct json_object *list = js_array(cli->out, "bars");
	struct table *t = table_new(5, heads);
	char size[32];

	for (int i = 0; i < DMABUFX_BARS; i++) {
		const struct dmabufx_bar_caps *b = &caps->bars[i];

		if (!b->len)
			continue;
		add_json(list, i, b);
		table_add(t, "%d", i);
		table_add(t, "%s", cli_size(b->len, size));
		add_areas(t, b->areas, b->nareas);
		add_areas(t, &b->msix, b->msix.len ? 1 : 0);
		table_add(t, "%s%s", b->exportable ? "yes" : "no: ", b->exportable ? "" : b->text);
	}
	if (json_object_array_length(list))
		table_print(cli, t);
	else
		cli_say(cli, "The device has no memory BAR.\n");
	table_free(t);
}

static void show(struct cli *cli, const char *name, const struct dmabufx_dev_caps *caps)
{
	char kinds[64];

	js_str(cli->out, "device", name);
	js_bool(cli->out, "memory_enabled", caps->memory_enabled);
	js_bool(cli->out, "can_export", caps->can_export);
	js_bool(cli->out, "can_reset", caps->can_reset);
	reset_kinds_json(cli->out, caps->reset);
	cli_say(cli, "%s\n", name);
	cli_say(cli, "  memory space: %s\n",
		caps->memory_enabled ? "on" : "off, buffers exported now are born revoked");
	cli_say(cli, "  export: %s\n",
		caps->can_export ? "yes" : "no, this kernel can't make its BARs dma-bufs");
	cli_say(cli, "  reset: %s\n\n",
		caps->can_reset ? reset_kinds_text(caps->reset, kinds) : "no way to reset it");
	show_bars(cli, caps);
}

int cmd_caps(struct cli *cli, int argc, char **argv)
{
	struct dmabufx_dev_caps caps = { .size = sizeof(caps) };
	char bdf[DMABUFX_BDF_MAX];
	struct dmabufx_dev *dev;
	const char *name;
	int ret;

	if (!cli_open_only(cli, argc, argv, &name, &dev))
		return cli->exit;
	ret = dmabufx_dev_get_caps(dev, &caps);
	if (ret < 0)
		ret = cli_fail_lib(cli, ret);
	else
		show(cli, cli_dev_name(dev, name, bdf), &caps);
	dmabufx_dev_unref(dev);
	return ret;
}

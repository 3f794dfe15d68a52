/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dmabufx list: the machine's PCI functions. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Class words: base class and subclass; 0xff: any subclass. */
static const struct {
	uint8_t base;
	uint8_t sub;
	const char *word;
} classes[] = {
	{ 0x00, 0xff, "unclassified" },
	{ 0x01, 0x06, "sata" },
	{ 0x01, 0x08, "nvme" },
	{ 0x01, 0xff, "storage" },
	{ 0x02, 0x07, "infiniband" },
	{ 0x02, 0xff, "network" },
	{ 0x03, 0xff, "display" },
	{ 0x04, 0xff, "multimedia" },
	{ 0x05, 0xff, "memory" },
	{ 0x06, 0x00, "host bridge" },
	{ 0x06, 0x01, "isa bridge" },
	{ 0x06, 0x04, "pci bridge" },
	{ 0x06, 0xff, "bridge" },
	{ 0x07, 0xff, "communication" },
	{ 0x08, 0xff, "system" },
	{ 0x0b, 0xff, "processor" },
	{ 0x0c, 0x03, "usb" },
	{ 0x0c, 0xff, "serial bus" },
	{ 0x0d, 0xff, "wireless" },
	{ 0x10, 0xff, "encryption" },
	{ 0x11, 0xff, "signal processing" },
	{ 0x12, 0xff, "accelerator" },
};

static const char *class_word(uint32_t class_code)
{
	uint8_t base = class_code >> 16 & 0xff;
	uint8_t sub = class_code >> 8 & 0xff;

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (classes[i].base == base && (classes[i].sub == sub || classes[i].sub == 0xff))
			return classes[i].word;
	}
	return "other";
}

static void add_json(struct json_object *list, const struct dmabufx_dev_info *d)
{
	struct json_object *row = js_push(list);
	struct json_object *bars;

	js_str(row, "bdf", d->bdf);
	js_hex(row, "vendor", d->vendor, 4);
	js_hex(row, "device", d->device, 4);
	js_hex(row, "class_code", d->class_code, 6);
	js_str(row, "class", class_word(d->class_code));
	js_str(row, "driver", d->driver);
	js_str(row, "cdev", d->cdev);
	json_object_object_add(row, "group", json_object_new_int(d->iommu_group));
	js_num(row, "group_size", d->group_size);
	js_num(row, "vfs", d->numvfs);
	js_num(row, "vfs_max", d->totalvfs);
	bars = js_array(row, "bars");
	for (int i = 0; i < DMABUFX_BARS; i++)
		json_object_array_add(bars, json_object_new_uint64(d->bar_len[i]));
}

static void add_bars(struct table *t, const struct dmabufx_dev_info *d)
{
	char text[DMABUFX_BARS * 40] = "-";
	char size[32];
	size_t at = 0;

	for (int i = 0; i < DMABUFX_BARS; i++) {
		if (!d->bar_len[i])
			continue;
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%d: %s", at ? ", " : "", i,
				       cli_size(d->bar_len[i], size));
	}
	table_add(t, "%s", text);
}

static void add_row(struct table *t, const struct dmabufx_dev_info *d)
{
	table_add(t, "%s", d->bdf);
	table_add(t, "%04x:%04x", d->vendor, d->device);
	table_add(t, "%s", class_word(d->class_code));
	table_add(t, "%s", d->driver[0] ? d->driver : "-");
	if (d->iommu_group < 0)
		table_add(t, "-");
	else if (d->group_size > 1)
		table_add(t, "%d (of %u)", d->iommu_group, d->group_size);
	else
		table_add(t, "%d", d->iommu_group);
	if (d->totalvfs)
		table_add(t, "%u/%u", d->numvfs, d->totalvfs);
	else
		table_add(t, "-");
	add_bars(t, d);
}

static void show(struct cli *cli, const struct dmabufx_dev_info *devs, size_t count, bool vfio)
{
	static const char *const heads[] = { "ADDRESS", "ID",  "CLASS", "DRIVER",
					     "GROUP",   "VFS", "BARS" };
	struct json_object *list = js_array(cli->out, "devices");
	struct table *t = table_new(7, heads);

	for (size_t i = 0; i < count; i++) {
		if (vfio && strcmp(devs[i].driver, "vfio-pci"))
			continue;
		add_json(list, &devs[i]);
		add_row(t, &devs[i]);
	}
	if (json_object_array_length(list))
		table_print(cli, t);
	else
		cli_say(cli, "No PCI function%s.\n", vfio ? " is bound to vfio-pci" : "");
	table_free(t);
}

/* How many there are in @ret, which the caller frees; or a negative errno. */
static int get_list(struct cli *cli, struct dmabufx_dev_info **ret)
{
	size_t room = 64;

	for (;;) {
		struct dmabufx_dev_info *devs = cli_alloc(room, sizeof(*devs));
		int count = dmabufx_dev_list(cli->ctx, devs, room);

		if (count < 0 || (size_t)count <= room) {
			*ret = devs;
			return count;
		}
		free(devs);
		/* One may be plugged in between two calls. */
		room = (size_t)count + 16;
	}
}

static bool parse(struct cli *cli, int argc, char **argv, bool *vfio)
{
	static const struct option options[] = { CLI_LONG_OPTIONS,
						 { "vfio", no_argument, NULL, OPT_OWN },
						 { NULL, 0, NULL, 0 } };
	int opt;

	while ((opt = cli_getopt(cli, argc, argv, options)) != -1) {
		if (opt != OPT_OWN)
			return false;
		*vfio = true;
	}
	return cli_want_args(cli, argc, 0, 0);
}

int cmd_list(struct cli *cli, int argc, char **argv)
{
	struct dmabufx_dev_info *devs;
	bool vfio = false;
	int count;
	int ret;

	if (!parse(cli, argc, argv, &vfio))
		return cli->exit;
	ret = cli_ctx(cli);
	if (ret)
		return ret;
	count = get_list(cli, &devs);
	if (count < 0)
		ret = cli_fail_lib(cli, count);
	else
		show(cli, devs, (size_t)count, vfio);
	free(devs);
	return ret;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dmabufx xsk query: what AF_XDP can do on an interface. */
#include "cmd_xsk.h"

#include <string.h>

/* linux/netdev.h, NETDEV_XDP_ACT_*, from bit 0 on. */
static const char *const features[] = { "basic",      "redirect", "ndo-xmit",   "xsk-zerocopy",
					"hw-offload", "rx-sg",    "ndo-xmit-sg" };

#define FEATURES (sizeof(features) / sizeof(features[0]))

static const char *answer_word(const struct dmabufx_xsk_answer *a)
{
	return a->result < 0 ? "unknown" : a->result ? "yes" : "no";
}

struct rows {
	struct json_object *list;
	struct table *table;
};

static void add(struct rows *rows, const char *id, const char *question,
		const struct dmabufx_xsk_answer *a)
{
	struct json_object *row = js_push(rows->list);

	js_str(row, "id", id);
	js_str(row, "question", question);
	js_str(row, "answer", answer_word(a));
	if (a->result < 0)
		js_str(row, "errno", dmabufx_strerror(a->result));
	js_str(row, "text", a->text);
	table_add(rows->table, "%s", question);
	table_add(rows->table, "%s", answer_word(a));
	table_add(rows->table, "%s", a->text);
}

static void show_answers(struct cli *cli, const struct dmabufx_xsk_caps *caps)
{
	static const char *const heads[] = { "QUESTION", "ANSWER", "WHY" };
	struct rows rows = { js_array(cli->out, "answers"), table_new(3, heads) };

	add(&rows, "up", "packets can come and go", &caps->up);
	add(&rows, "native", "the driver runs XDP", &caps->native);
	add(&rows, "zero-copy", "sockets do without copying", &caps->zero_copy);
	add(&rows, "multi-buffer", "packets may be of several frames", &caps->multi_buffer);
	add(&rows, "prog-free", "no program is in the way", &caps->prog_free);
	add(&rows, "rx-timestamp", "RX metadata: time", &caps->rx_timestamp);
	add(&rows, "rx-hash", "RX metadata: hash", &caps->rx_hash);
	add(&rows, "rx-vlan", "RX metadata: VLAN tag", &caps->rx_vlan);
	add(&rows, "tx-timestamp", "TX metadata: time", &caps->tx_timestamp);
	add(&rows, "tx-checksum", "TX metadata: checksum", &caps->tx_checksum);
	add(&rows, "tx-launch-time", "TX metadata: launch time", &caps->tx_launch_time);
	table_print(cli, rows.table);
	table_free(rows.table);
}

static void show_facts(struct cli *cli, const struct dmabufx_xsk_caps *caps)
{
	struct json_object *list;

	js_str(cli->out, "interface", caps->ifname);
	js_num(cli->out, "ifindex", caps->ifindex);
	js_str(cli->out, "driver", caps->driver);
	js_num(cli->out, "rx_queues", caps->rx_queues);
	js_num(cli->out, "tx_queues", caps->tx_queues);
	js_num(cli->out, "mtu", caps->mtu);
	js_num(cli->out, "zc_max_segs", caps->zc_max_segs);
	js_num(cli->out, "prog_id", caps->prog_id);
	cli_say(cli, "%s, number %u, driver %s, queues %u RX and %u TX, MTU %u\n", caps->ifname,
		caps->ifindex, caps->driver[0] ? caps->driver : "unknown", caps->rx_queues,
		caps->tx_queues, caps->mtu);
	if (caps->zc_max_segs)
		cli_say(cli, "frames of a packet without copying: up to %u\n", caps->zc_max_segs);
	if (caps->prog_id)
		cli_say(cli, "XDP program: %u\n", caps->prog_id);
	cli_say(cli, "XDP features:");
	list = js_array(cli->out, "xdp_features");
	for (size_t i = 0; i < FEATURES; i++) {
		if (!(caps->features & 1u << i))
			continue;
		json_object_array_add(list, json_object_new_string(features[i]));
		cli_say(cli, " %s", features[i]);
	}
	cli_say(cli, "%s\n\n", json_object_array_length(list) ? "" : " none told");
}

static bool parse(struct cli *cli, int argc, char **argv, struct dmabufx_xsk_query_opts *opts)
{
	static const struct option options[] = { CLI_LONG_OPTIONS,
						 { "no-try", no_argument, NULL, OPT_OWN },
						 { NULL, 0, NULL, 0 } };
	int opt;

	while ((opt = cli_getopt(cli, argc, argv, options)) != -1) {
		if (opt != OPT_OWN)
			return false;
		opts->flags |= DMABUFX_XSK_QUERY_NO_TRY;
	}
	return cli_want_args(cli, argc, 1, 1);
}

int cmd_xsk_query(struct cli *cli, int argc, char **argv)
{
	struct dmabufx_xsk_caps caps = { .size = sizeof(caps) };
	DMABUFX_OPTS(dmabufx_xsk_query_opts, opts);
	int ret;

	if (!parse(cli, argc, argv, &opts))
		return cli->exit;
	ret = cli_ctx(cli);
	if (ret)
		return ret;
	ret = dmabufx_xsk_query(cli->ctx, argv[optind], &opts, &caps);
	if (ret < 0)
		return cli_fail_lib(cli, ret);
	show_facts(cli, &caps);
	show_answers(cli, &caps);
	return CLI_OK;
}

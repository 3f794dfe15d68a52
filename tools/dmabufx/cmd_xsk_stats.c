/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dmabufx xsk stats: the sockets there are, and what the driver counts. */
#include "xdpdiag.h"
#include "xsk_run.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

struct list {
	struct cli *cli;
	uint32_t only; /* this interface; 0: all */
	uint32_t n;
	struct json_object *rows;
	struct table *table;
};

static void add_json(struct list *list, const char *ifname, const struct xdpdiag_sock *s)
{
	struct json_object *row = js_push(list->rows);

	js_str(row, "interface", ifname);
	js_num(row, "queue", s->queue);
	js_num(row, "inode", s->inode);
	js_num(row, "uid", s->uid);
	js_bool(row, "zero_copy", s->zero_copy);
	js_num(row, "rx_ring", s->rx_ring);
	js_num(row, "tx_ring", s->tx_ring);
	js_num(row, "umem", s->umem_id);
	js_num(row, "umem_bytes", s->umem_size);
	js_num(row, "chunk_size", s->chunk_size);
	if (!s->has_stats)
		return;
	js_num(row, "drop_rx_ring_full", s->rx_ring_full);
	js_num(row, "drop_fill_empty", s->fill_empty);
	js_num(row, "drop_rx_other", s->rx_other);
	js_num(row, "rx_invalid", s->rx_invalid);
	js_num(row, "tx_invalid", s->tx_invalid);
}

static void add(const struct xdpdiag_sock *s, void *arg)
{
	struct list *list = arg;
	char name[IF_NAMESIZE] = "-";

	if (list->only && s->ifindex != list->only)
		return;
	if (s->ifindex && !if_indextoname(s->ifindex, name))
		snprintf(name, sizeof(name), "%u", s->ifindex);
	list->n++;
	add_json(list, name, s);
	table_add(list->table, "%s", name);
	table_add(list->table, "%u", s->queue);
	table_add(list->table, "%u", s->inode);
	table_add(list->table, "%s", s->zero_copy ? "zero" : "copy");
	table_add(list->table, "%u", s->rx_ring);
	table_add(list->table, "%u", s->tx_ring);
	table_add(list->table, "%llu", (unsigned long long)s->rx_ring_full);
	table_add(list->table, "%llu", (unsigned long long)s->fill_empty);
	table_add(list->table, "%llu", (unsigned long long)(s->rx_other + s->rx_invalid));
	table_add(list->table, "%llu", (unsigned long long)s->tx_invalid);
}

/* 0 or the errno of the list. */
static int show_sockets(struct cli *cli, uint32_t only)
{
	static const char *const heads[] = { "INTERFACE", ">QUEUE",     ">INODE",     "COPY",
					     ">RX RING",  ">TX RING",   ">RING FULL", ">FILL EMPTY",
					     ">RX OTHER", ">TX INVALID" };
	struct list list = { .cli = cli, .only = only };
	int err;

	list.rows = js_array(cli->out, "sockets");
	list.table = table_new(sizeof(heads) / sizeof(heads[0]), heads);
	err = xdpdiag_list(add, &list);
	if (list.n)
		table_print(cli, list.table);
	else if (!err)
		cli_say(cli, "No socket of AF_XDP is bound here.\n");
	table_free(list.table);
	return err;
}

/* Counters of queues, drops and XDP; all of them go to the JSON. */
static void show_counters(struct cli *cli, const char *ifname)
{
	static const char *const words[] = { "queue", "drop", "xdp", "xsk", "miss", "err", "fifo" };
	struct json_object *obj = js_obj(cli->out, "counters");
	struct nic_counts counts;

	nic_read(ifname, &counts);
	cli_say(cli, "%s received %llu packets%s\n", ifname, (unsigned long long)counts.received,
		counts.n ? "" : "; its driver counts nothing by itself");
	for (uint32_t i = 0; i < counts.n; i++) {
		const struct nic_counter *c = &counts.all[i];
		bool shown = false;

		js_num(obj, c->name, c->value);
		for (size_t w = 0; c->value && w < sizeof(words) / sizeof(words[0]); w++)
			shown |= strstr(c->name, words[w]) != NULL;
		if (shown)
			cli_say(cli, "  %-32s %llu\n", c->name, (unsigned long long)c->value);
	}
	nic_free(&counts);
}

int cmd_xsk_stats(struct cli *cli, int argc, char **argv)
{
	static const char missing[] = "this kernel doesn't tell which sockets of AF_XDP there are: "
				      "it lacks CONFIG_XDP_SOCKETS_DIAG, or the module xdp_diag";
	struct xsk_run run = { .cli = cli };
	struct dmabufx_xsk_caps caps = { .ifindex = 0 };
	const char *ifname;
	int err;

	if (!cli_no_options(cli, argc, argv) || !cli_want_args(cli, argc, 0, 1))
		return cli->exit;
	ifname = argv[optind];
	if (ifname && !xsk_look(&run, ifname, &caps))
		return cli->exit;
	if (ifname)
		js_str(cli->out, "interface", ifname);
	err = show_sockets(cli, caps.ifindex);
	if (err == -EOPNOTSUPP && ifname) {
		xsk_finding(cli, "no-diag", "%s", missing);
	} else if (err == -EOPNOTSUPP) {
		cli_fail(cli, err, "no-diag", "%s; name an interface to see its counters", missing);
		return CLI_CANT;
	} else if (err) {
		return cli_fail(cli, err, "system", "asking for the sockets of AF_XDP: %s",
				strerror(-err));
	}
	if (ifname)
		show_counters(cli, ifname);
	return CLI_OK;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dmabufx inspect: the device memory that a process holds, or one descriptor is. */
#include "cli.h"
#include "procfd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Of more devices it is only told how many they are. */
#define ATTACHED_MAX 64

/**
 * struct listing - the rows so far
 * @cli: the command
 * @table: for people
 * @attached: who has attached the dma-bufs among them, for people
 * @list: the same as JSON
 * @count: how many
 * @nattached: how many rows of @attached
 * @unknown: why the library can't tell who has attached; "": it can
 */
struct listing {
	struct cli *cli;
	struct table *table;
	struct table *attached;
	struct json_object *list;
	unsigned int count;
	unsigned int nattached;
	char unknown[sizeof(((struct dmabufx_error *)0)->text)];
};

static const char *const heads[] = {
	">FD", "KIND", ">INODE", ">LENGTH", "EXPORTER", ">REFS", "WHAT"
};

static const char *const attached_heads[] = { ">FD", "ATTACHED BY", "LINK", "WHAT", ">MAPPED" };

static void add_json(struct json_object *row, const struct procfd *p)
{
	js_num(row, "fd", (uint64_t)p->fd);
	js_str(row, "kind", p->kind);
	js_num(row, "inode", p->inode);
	if (p->len)
		js_num(row, "len", p->len);
	if (p->exporter[0])
		js_str(row, "exporter", p->exporter);
	if (p->count)
		js_num(row, "count", p->count);
	js_str(row, "what", p->what);
}

static const char *or_dash(const char *text)
{
	return text[0] ? text : "-";
}

static void add_device(struct listing *l, struct json_object *row, int fd,
		       const struct dmabufx_attached *a)
{
	bool revoked = a->flags & DMABUFX_ATTACHED_REVOKED;

	js_str(row, "device", a->dev);
	js_str(row, "link", a->link);
	if (a->detail[0])
		js_str(row, "detail", a->detail);
	js_num(row, "maps", a->maps);
	js_bool(row, "revoked", revoked);
	table_add(l->attached, "%d", fd);
	table_add(l->attached, "%s", a->dev);
	table_add(l->attached, "%s", or_dash(a->link));
	table_add(l->attached, "%s%s", or_dash(a->detail), revoked ? " (revoked)" : "");
	if (a->maps)
		table_add(l->attached, "%u", a->maps);
	else
		table_add(l->attached, "-");
	l->nattached++;
}

/* Who has attached a dma-buf; without the privilege to know, it is told why not. */
static void add_attached(struct listing *l, struct json_object *row, const struct procfd *p)
{
	struct dmabufx_attached who[ATTACHED_MAX];
	struct json_object *list;
	int n = dmabufx_buf_attached(l->cli->ctx, p->inode, who, ATTACHED_MAX);

	if (n < 0) {
		snprintf(l->unknown, sizeof(l->unknown), "%s", dmabufx_last_error()->text);
		js_str(row, "attached_unknown", l->unknown);
		return;
	}
	js_num(row, "attachments", (uint64_t)n);
	list = js_array(row, "attached");
	for (int i = 0; i < n && i < ATTACHED_MAX; i++)
		add_device(l, js_push(list), p->fd, &who[i]);
}

static void add_row(const struct procfd *p, void *user)
{
	struct listing *l = user;
	struct json_object *row = js_push(l->list);
	char size[32];

	add_json(row, p);
	if (!strcmp(p->kind, "dma-buf"))
		add_attached(l, row, p);
	table_add(l->table, "%d", p->fd);
	table_add(l->table, "%s", p->kind);
	table_add(l->table, "%llu", (unsigned long long)p->inode);
	table_add(l->table, "%s", p->len ? cli_size(p->len, size) : "-");
	table_add(l->table, "%s", or_dash(p->exporter));
	if (p->count)
		table_add(l->table, "%llu", (unsigned long long)p->count);
	else
		table_add(l->table, "-");
	table_add(l->table, "%s", p->what);
	l->count++;
}

static void begin(struct listing *l, struct cli *cli)
{
	*l = (struct listing){ .cli = cli };
	l->table = table_new(7, heads);
	l->attached = table_new(5, attached_heads);
	l->list = js_array(cli->out, "files");
}

static void print(struct listing *l)
{
	table_print(l->cli, l->table);
	if (l->nattached) {
		cli_say(l->cli, "\n");
		table_print(l->cli, l->attached);
	}
	if (l->unknown[0])
		cli_say(l->cli, "Who has attached the dma-bufs isn't known: %s\n", l->unknown);
}

static void end(struct listing *l)
{
	table_free(l->attached);
	table_free(l->table);
}

static int inspect_pid(struct cli *cli, int pid)
{
	struct listing l;
	int ret = cli_ctx(cli);

	if (ret)
		return ret;
	js_num(cli->out, "pid", (uint64_t)pid);
	begin(&l, cli);
	ret = procfd_each(pid, add_row, &l);
	if (ret == -ENOENT || ret == -ESRCH)
		ret = cli_fail(cli, -ESRCH, "no-such-process", "there is no process %d", pid);
	else if (ret == -EACCES || ret == -EPERM)
		ret = cli_fail(cli, ret, "permission",
			       "process %d belongs to someone else: run as root", pid);
	else if (ret < 0)
		ret = cli_fail(cli, ret, "system", "can't read /proc/%d/fd: %s", pid,
			       strerror(-ret));
	else if (l.count)
		print(&l);
	else
		cli_say(cli, "Process %d holds no dma-buf, memory file, VFIO or IOMMU file.\n",
			pid);
	end(&l);
	return ret;
}

static const char *buf_kind(uint32_t kind)
{
	return kind == DMABUFX_BUF_MEMFD ? "memory" : "a dma-buf";
}

/* What the library makes of it, beside what /proc says. */
static int import(struct cli *cli, int fd)
{
	struct dmabufx_buf_info info = { .size = sizeof(info) };
	struct dmabufx_buf *buf;
	struct json_object *row;
	char size[32];
	int ret;

	ret = dmabufx_buf_import(cli->ctx, fd, NULL, &buf);
	if (ret < 0)
		return cli_fail_lib(cli, ret);
	ret = dmabufx_buf_get_info(buf, &info);
	dmabufx_buf_unref(buf);
	if (ret < 0)
		return cli_fail_lib(cli, ret);
	row = js_obj(cli->out, "buffer");
	js_str(row, "kind", info.kind == DMABUFX_BUF_MEMFD ? "memfd" : "dma-buf");
	js_num(row, "len", info.len);
	js_num(row, "inode", info.inode);
	js_str(row, "exporter", info.exporter);
	js_num(row, "page_size", info.page_size);
	cli_say(cli, "The library takes it: %s of %s, exporter %s", buf_kind(info.kind),
		cli_size(info.len, size), info.exporter);
	if (info.page_size)
		cli_say(cli, ", pages of %s", cli_size(info.page_size, size));
	cli_say(cli, "\n");
	return 0;
}

static int inspect_fd(struct cli *cli, int fd)
{
	struct listing l;
	struct procfd p;
	int ret = cli_ctx(cli);

	if (ret)
		return ret;
	js_num(cli->out, "fd", (uint64_t)fd);
	begin(&l, cli);
	ret = procfd_read(0, fd, &p);
	if (ret == 1) {
		add_row(&p, &l);
		print(&l);
	}
	end(&l);
	if (ret < 0)
		return cli_fail(cli, -EBADF, "bad-fd",
				"descriptor %d isn't open in this command: inherit it, as in "
				"'dmabufx inspect fd:%d %d<FILE'",
				fd, fd, fd);
	/* Anything else than memory gets the library's sentence on why not. */
	if (ret == 0 || !strcmp(p.kind, "dma-buf") || !strcmp(p.kind, "memfd"))
		return import(cli, fd);
	return CLI_OK;
}

/* An open descriptor above stderr that this command inherited. */
static bool is_own_fd(uint64_t number)
{
	return number > STDERR_FILENO && number <= INT32_MAX && fcntl((int)number, F_GETFD) >= 0;
}

int cmd_inspect(struct cli *cli, int argc, char **argv)
{
	const char *text;
	uint64_t number;
	bool fd = false;
	bool pid = false;

	if (!cli_no_options(cli, argc, argv) || !cli_want_args(cli, argc, 1, 1))
		return cli->exit;
	text = argv[optind];
	if (!strncmp(text, "fd:", 3))
		fd = true;
	else if (!strncmp(text, "pid:", 4))
		pid = true;
	text += fd ? 3 : pid ? 4 : 0;
	if (!parse_u64(text, &number) || number > INT32_MAX || (pid && !number))
		return cli_usage(cli, "'%s' is neither fd:N nor pid:N nor a number", argv[optind]);
	if (!fd && !pid) {
		fd = is_own_fd(number);
		cli_say(cli, "%llu taken as %s.\n", (unsigned long long)number,
			fd ? "a descriptor of this command" : "a process");
		if (!fd && !number)
			return cli_usage(cli, "0 is no process; for standard input say fd:0");
	}
	js_str(cli->out, "taken_as", fd ? "fd" : "pid");
	return fd ? inspect_fd(cli, (int)number) : inspect_pid(cli, (int)number);
}

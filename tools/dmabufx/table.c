/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables for people: columns that line up. */
#include "cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GAP 2

struct table {
	size_t columns;
	const char *const *heads;
	size_t ncells;
	size_t room;
	char **cells;
};

struct table *table_new(size_t columns, const char *const heads[])
{
	struct table *t = cli_alloc(1, sizeof(*t));

	t->columns = columns;
	t->heads = heads;
	return t;
}

void table_add(struct table *t, const char *fmt, ...)
{
	va_list ap;

	if (t->ncells == t->room) {
		char **more = cli_alloc(t->room * 2 + 32, sizeof(*more));

		if (t->ncells)
			memcpy(more, t->cells, t->ncells * sizeof(*more));
		free(t->cells);
		t->cells = more;
		t->room = t->room * 2 + 32;
	}
	va_start(ap, fmt);
	if (vasprintf(&t->cells[t->ncells], fmt, ap) < 0)
		abort();
	va_end(ap);
	t->ncells++;
}

static bool is_right(const struct table *t, size_t column)
{
	return t->heads[column][0] == '>';
}

static const char *head(const struct table *t, size_t column)
{
	return t->heads[column] + is_right(t, column);
}

static size_t width(const struct table *t, size_t column)
{
	size_t widest = strlen(head(t, column));

	for (size_t i = column; i < t->ncells; i += t->columns) {
		size_t len = strlen(t->cells[i]);

		if (len > widest)
			widest = len;
	}
	return widest;
}

static void print_cell(struct cli *cli, const struct table *t, size_t column, const char *text)
{
	int wide = (int)width(t, column);
	bool last = column == t->columns - 1;

	if (is_right(t, column))
		cli_say(cli, "%*s", wide, text);
	else if (last)
		cli_say(cli, "%s", text);
	else
		cli_say(cli, "%-*s", wide, text);
	if (last)
		cli_say(cli, "\n");
	else
		cli_say(cli, "%*s", GAP, "");
}

void table_print(struct cli *cli, struct table *t)
{
	for (size_t c = 0; c < t->columns; c++)
		print_cell(cli, t, c, head(t, c));
	for (size_t i = 0; i < t->ncells; i++)
		print_cell(cli, t, i % t->columns, t->cells[i]);
}

void table_free(struct table *t)
{
	for (size_t i = 0; i < t->ncells; i++)
		free(t->cells[i]);
	free(t->cells);
	free(t);
}

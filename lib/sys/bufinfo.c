// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What debugfs tells of dma-bufs: who has attached them, and by which link. The text is that of
 * dma_buf_debug_show() in the kernel's drivers/dma-buf/dma-buf.c.
 */
#include "sys/bufinfo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/procfs.h"

#define DIGITS "0123456789"
#define HEX DIGITS "abcdef"

/**
 * struct search - what was found of one dma-buf so far
 * @inode: of the dma-buf
 * @ret: receives who has attached it
 * @max: room in @ret
 * @count: how many have; -ESRCH: the dma-buf isn't there
 * @here: the lines are about it
 * @listing: they are about who has attached it
 * @revoked: the last one said so
 */
struct search {
	uint64_t inode;
	struct dmabufx_attached *ret;
	size_t max;
	int count;
	bool here;
	bool listing;
	bool revoked;
};

/* What comes after a column of at least eight of @set. */
static const char *column(const char *at, const char *set)
{
	size_t len = at ? strspn(at, set) : 0;

	return len >= 8 && at[len] == '\t' ? at + len + 1 : NULL;
}

/*
 * The line that begins a dma-buf: "size flags mode count exporter inode name". A name is anybody's
 * to set, with line feeds if he likes, but 31 characters are too few for such a line.
 */
static bool is_header(const char *line, uint64_t *inode)
{
	const char *at = column(column(column(column(line, DIGITS), HEX), HEX), DIGITS);

	at = at ? strchr(at, '\t') : NULL;
	if (!at || !column(at + 1, DIGITS))
		return false;
	*inode = strtoull(at + 1, NULL, 10);
	return true;
}

/* Copies a word, as much of it as there is room for; what comes after the space behind it. */
static const char *take_word(const char *at, char *ret, size_t len)
{
	size_t n = strcspn(at, " ");

	snprintf(ret, len, "%.*s", (int)n, at);
	return at + n + (at[n] == ' ');
}

/* "device", and on a kernel with links "scatterlist" or "link [detail] (mapped N times)". */
static void take_device(const char *at, bool revoked, struct dmabufx_attached *ret)
{
	unsigned int maps = 0;
	const char *mapped;

	*ret = (struct dmabufx_attached){ .flags = revoked ? DMABUFX_ATTACHED_REVOKED : 0 };
	at = take_word(at, ret->dev, sizeof(ret->dev));
	at = take_word(at, ret->link, sizeof(ret->link));
	mapped = strstr(at, "(mapped ");
	if (!mapped || sscanf(mapped, "(mapped %u times)", &maps) != 1)
		return;
	ret->maps = maps;
	if (mapped > at)
		snprintf(ret->detail, sizeof(ret->detail), "%.*s", (int)(mapped - at - 1), at);
}

static void take_line(struct search *s, const char *line)
{
	uint64_t inode;

	if (is_header(line, &inode)) {
		s->here = inode == s->inode;
		s->listing = false;
		if (s->here)
			s->count = 0;
	} else if (s->here && !strcmp(line, "\tAttached Devices:")) {
		/* The last one counts: those before are a part of the name. */
		s->listing = true;
		s->count = 0;
	} else if (s->listing && line[0] == '\t') {
		if ((size_t)s->count < s->max)
			take_device(line + 1, s->revoked, &s->ret[s->count]);
		s->count++;
		return;
	}
	s->revoked = !strcmp(line, "\tRevoked") || (s->listing && s->revoked);
}

int dx_bufinfo_attached(struct dx_sys *sys, uint64_t inode, struct dmabufx_attached *ret,
			size_t max)
{
	struct search s = { .inode = inode, .ret = ret, .max = max, .count = -ESRCH };
	char *text, *line, *end;
	ssize_t n = dx_procfs_read(sys, DX_BUFINFO, &text);

	if (n < 0)
		return (int)n;
	for (line = text; line; line = end) {
		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		take_line(&s, line);
	}
	free(text);
	return s.count;
}

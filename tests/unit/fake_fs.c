// SPDX-License-Identifier: GPL-2.0-or-later
/* The scripted kernel's files by path: sysfs, procfs and device nodes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_priv.h"

/* A file without text tells the machine as it is. */
#define BUFINFO "/sys/kernel/debug/dma_buf/bufinfo"
#define FDINFO "/proc/self/fdinfo/"

struct fake_node *fake_node(struct fake *f, const char *path)
{
	struct fake_node *node = f->nodes;

	while (node && strcmp(node->path, path))
		node = node->next;
	return node;
}

static struct fake_node *add(struct fake *f, const char *path)
{
	struct fake_node *node = fake_node(f, path);

	if (!node) {
		node = fake_zalloc(sizeof(*node));
		node->path = fake_strdup(path);
		node->next = f->nodes;
		f->nodes = node;
	}
	fake_release(node->text);
	node->text = NULL;
	return node;
}

void fake_text(struct fake *f, const char *path, const char *text)
{
	add(f, path)->text = fake_strdup(text);
}

void fake_link(struct fake *f, const char *path, const char *target)
{
	struct fake_node *node = add(f, path);

	node->text = fake_strdup(target);
	node->is_link = true;
}

void fake_dev_node(struct fake *f, const char *path, enum fake_kind kind, int which)
{
	struct fake_node *node = add(f, path);

	node->kind = kind;
	node->which = which;
}

const char *fake_get_text(struct fake *f, const char *path)
{
	struct fake_node *node = fake_node(f, path);

	return node ? node->text : NULL;
}

/* What comes behind @dir and its slash in @path; NULL when it isn't below. */
static const char *below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	if (len && dir[len - 1] == '/')
		len--;
	return !strncmp(path, dir, len) && path[len] == '/' ? path + len + 1 : NULL;
}

void fake_remove(struct fake *f, const char *path)
{
	struct fake_node **at = &f->nodes, *node;

	while ((node = *at)) {
		if (strcmp(node->path, path) && !below(node->path, path)) {
			at = &node->next;
			continue;
		}
		*at = node->next;
		fake_release(node->path);
		fake_release(node->text);
		fake_release(node);
	}
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Gathers the names right below @path; pointers into the nodes' paths, a slash may follow. */
static size_t gather(struct fake *f, const char *path, char names[][64], const char **sorted)
{
	size_t n = 0;

	for (struct fake_node *node = f->nodes; node; node = node->next) {
		const char *name = below(node->path, path);
		bool known = false;

		if (!name || !*name)
			continue;
		snprintf(names[n], 64, "%.*s", (int)strcspn(name, "/"), name);
		for (size_t i = 0; i < n; i++)
			known |= !strcmp(names[i], names[n]);
		sorted[n] = names[n];
		n += !known;
	}
	qsort(sorted, n, sizeof(*sorted), compare);
	return n;
}

int fake_list_path(struct fake *f, const char *path, char **ret)
{
	const char *sorted[64];
	char names[64][64], *all, *at;
	size_t n = gather(f, path, names, sorted), len = 1;

	if (!n && !fake_node(f, path))
		return -ENOENT;
	for (size_t i = 0; i < n; i++)
		len += strlen(sorted[i]) + 1;
	/* The library frees it: the one allocation here that counts. */
	all = malloc(len);
	if (!all)
		return -ENOMEM;
	at = all;
	for (size_t i = 0; i < n; i++)
		at = stpcpy(at, sorted[i]) + 1;
	*ret = all;
	return (int)n;
}

static int fdinfo(struct fake *f, int fd, char *text, size_t len)
{
	const struct fake_file *file = fake_at(f, fd);

	if (!file)
		return -ENOENT;
	if (file->kind == FAKE_DMABUF)
		snprintf(text, len,
			 "pos:\t0\nflags:\t02\nino:\t%llu\nsize:\t%llu\ncount:\t2\nexp_name:\t%s\n",
			 (unsigned long long)file->ino, (unsigned long long)file->size,
			 file->exporter);
	else
		snprintf(text, len, "pos:\t0\nflags:\t02\nino:\t%llu\n",
			 (unsigned long long)file->ino);
	return 0;
}

static struct fake_file *open_text(struct fake *f, const char *path, const char *text)
{
	struct fake_file *file = fake_file_new(f, FAKE_TEXT);

	file->path = fake_strdup(path);
	file->text = fake_strdup(text);
	return file;
}

static bool group_is_open(struct fake *f, int group)
{
	for (int i = 0; i < FAKE_FDS; i++) {
		if (f->fds[i] && f->fds[i]->kind == FAKE_GROUP && f->fds[i]->group == group)
			return true;
	}
	return false;
}

static int open_device(struct fake *f, const struct fake_node *node, struct fake_file **ret)
{
	if (node->kind == FAKE_GROUP && group_is_open(f, node->which))
		return -EBUSY;
	*ret = fake_file_new(f, node->kind);
	if (node->kind == FAKE_GROUP)
		(*ret)->group = node->which;
	if (node->kind == FAKE_DEVICE) {
		(*ret)->vdev = &f->vdevs[node->which];
		(*ret)->rdev = FAKE_CDEV_MAJOR << 8 | (*ret)->vdev->minor;
	}
	return 0;
}

int fake_open_path(struct fake *f, const char *path, struct fake_file **ret)
{
	const struct fake_node *node = fake_node(f, path);
	char text[4096];

	if (!strncmp(path, FDINFO, strlen(FDINFO))) {
		int err = fdinfo(f, atoi(path + strlen(FDINFO)), text, sizeof(text));

		if (!err)
			*ret = open_text(f, path, text);
		return err;
	}
	if (!node)
		return -ENOENT;
	if (!node->text)
		return open_device(f, node, ret);
	if (!strcmp(path, BUFINFO) && !node->text[0])
		fake_bufinfo(f, text, sizeof(text));
	else
		text[0] = '\0';
	*ret = open_text(f, path, text[0] ? text : node->text);
	return 0;
}

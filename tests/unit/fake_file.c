// SPDX-License-Identifier: GPL-2.0-or-later
/* The scripted kernel's descriptors and the files behind them. */
#include <errno.h>

#include "fake_net.h"
#include "fake_priv.h"

struct fake_file *fake_file_new(struct fake *f, enum fake_kind kind)
{
	struct fake_file *file = fake_zalloc(sizeof(*file));

	file->kind = kind;
	file->refs = 1;
	file->ino = f->next_ino++;
	file->group = -1;
	if (kind == FAKE_CONTAINER)
		file->space = fake_space_new(f, file);
	return file;
}

/* An iommufd takes its address spaces along; devices bound to it keep it open before that. */
static void release_spaces(struct fake *f, const struct fake_file *file)
{
	struct fake_space *space = f->spaces, *next;

	for (; space; space = next) {
		next = space->next;
		if (space->owner == file)
			fake_space_free(f, space);
	}
}

void fake_file_put(struct fake *f, struct fake_file *file)
{
	if (--file->refs)
		return;
	if (file->kind == FAKE_IOMMUFD || file->kind == FAKE_CONTAINER)
		release_spaces(f, file);
	else if (file->kind == FAKE_GROUP)
		fake_group_release(f, file);
	else if (file->kind == FAKE_DEVICE)
		fake_device_release(f, file);
	else if (file->kind == FAKE_NETLINK)
		fake_netlink_release(file);
	else if (file->kind == FAKE_XSK)
		fake_xsk_release(f, file);
	fake_release(file->path);
	fake_release(file->text);
	fake_release(file);
}

int fake_install(struct fake *f, struct fake_file *file)
{
	for (int i = 0; i < FAKE_FDS; i++) {
		if (f->fds[i])
			continue;
		f->fds[i] = file;
		return FAKE_FD_FIRST + i;
	}
	fake_file_put(f, file);
	return -EMFILE;
}

struct fake_file *fake_at(struct fake *f, int fd)
{
	int i = fd - FAKE_FD_FIRST;

	return i >= 0 && i < FAKE_FDS ? f->fds[i] : NULL;
}

int fake_fd(struct fake *f, enum fake_kind kind)
{
	return fake_install(f, fake_file_new(f, kind));
}

int fake_foreign_dmabuf(struct fake *f, const char *exporter, uint64_t size)
{
	int fd = fake_fd(f, FAKE_DMABUF);
	struct fake_file *file = fake_at(f, fd);

	file->exporter = exporter;
	file->size = size;
	file->nranges = 1;
	return fd;
}

void fake_close(struct fake *f, int fd)
{
	f->sys.close(&f->sys, fd);
}

unsigned int fake_open_fds(struct fake *f)
{
	unsigned int n = 0;

	for (int i = 0; i < FAKE_FDS; i++)
		n += f->fds[i] != NULL;
	return n;
}

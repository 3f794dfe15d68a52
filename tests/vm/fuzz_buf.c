/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls on dma-bufs and memfds. */
#include "fuzz.h"

#include <errno.h>
#include <linux/dma-buf.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static int sync_buf(struct fuzz *f)
{
	struct dma_buf_sync arg = { .flags = fuzz_rarely(f, 4) ? fuzz_u32(f) : fuzz_below(f, 8) };
	int fd = fuzz_buf(f), err;

	if (fd < 0)
		return FUZZ_NOTHING;
	err = ioctl(fd, DMA_BUF_IOCTL_SYNC, &arg) ? -errno : 0;
	close(fd);
	return err;
}

static int set_name(struct fuzz *f)
{
	static const char *const names[] = { "", "a buffer",
					     "one whose name is longer than 32 bytes" };
	int fd = fuzz_buf(f), err;

	if (fd < 0)
		return FUZZ_NOTHING;
	err = ioctl(fd, DMA_BUF_SET_NAME_B, names[fuzz_below(f, 3)]) ? -errno : 0;
	close(fd);
	return err;
}

static int sync_file(struct fuzz *f)
{
	struct dma_buf_export_sync_file out = { .flags = fuzz_below(f, 5), .fd = -1 };
	struct dma_buf_import_sync_file in;
	int fd = fuzz_buf(f), err;

	if (fd < 0)
		return FUZZ_NOTHING;
	err = ioctl(fd, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &out) ? -errno : 0;
	in.fd = fuzz_rarely(f, 4) ? -1 : out.fd;
	in.flags = fuzz_below(f, 5);
	if (!err)
		err = ioctl(fd, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &in) ? -errno : 0;
	if (out.fd >= 0)
		close(out.fd);
	close(fd);
	return err;
}

/* A device's memory by a dma-buf is nothing that the CPU gets at. */
static int map_buf(struct fuzz *f)
{
	int fd = fuzz_buf(f), err = 0;
	void *va;

	if (fd < 0)
		return FUZZ_NOTHING;
	va = mmap(NULL, SEQ_PAGE, PROT_READ, fuzz_below(f, 2) ? MAP_SHARED : MAP_PRIVATE, fd,
		  (off_t)fuzz_below(f, 4) * SEQ_PAGE);
	if (va == MAP_FAILED)
		err = -errno;
	else
		munmap(va, SEQ_PAGE);
	close(fd);
	return err;
}

static int seek(struct fuzz *f)
{
	int fd = fuzz_buf(f), err;

	if (fd < 0)
		return FUZZ_NOTHING;
	err = lseek(fd, (off_t)fuzz_u64(f, SEQ_LEN), (int)fuzz_below(f, 4)) < 0 ? -errno : 0;
	close(fd);
	return err;
}

static int look(struct fuzz *f)
{
	struct pollfd poller = { .fd = fuzz_buf(f), .events = (short)fuzz_u32(f) };
	char c;

	if (poller.fd < 0)
		return FUZZ_NOTHING;
	/* None of them must block, nor succeed in reading. */
	poll(&poller, 1, 0);
	if (read(poller.fd, &c, 1) > 0)
		fuzz_below(f, 2);
	close(poller.fd);
	return 0;
}

static int any_number(struct fuzz *f)
{
	uint32_t arg[16];
	int fd = fuzz_buf(f), err;

	if (fd < 0)
		return FUZZ_NOTHING;
	for (size_t i = 0; i < 16; i++)
		arg[i] = fuzz_u32(f);
	err = ioctl(fd, fuzz_below(f, 2) ? fuzz_u32(f) : _IOW('b', fuzz_below(f, 8), uint64_t),
		    arg) < 0 ?
		      -errno :
		      0;
	close(fd);
	return err;
}

static int dup_buf(struct fuzz *f)
{
	int fd = fuzz_buf(f);

	if (fd < 0)
		return FUZZ_NOTHING;
	fuzz_keep_buf(f, fd);
	return 0;
}

static int close_buf(struct fuzz *f)
{
	fuzz_keep_buf(f, -1);
	return 0;
}

static int new_memory(struct fuzz *f)
{
	int fd = raw_memfd(8 * SEQ_PAGE);

	if (fd < 0)
		return fd;
	fuzz_keep_buf(f, fd);
	return 0;
}

const struct fuzz_call fuzz_buf_calls[] = {
	{ "sync", 10, sync_buf, { EINVAL, ENOTTY } },
	{ "set-name", 10, set_name, { EINVAL, ENOTTY } },
	{ "sync-file", 10, sync_file, { EINVAL, ENOTTY } },
	{ "mmap-buf", 10, map_buf, { EINVAL, ENODEV, EACCES } },
	{ "lseek", 10, seek, { EINVAL, ENXIO } },
	{ "poll-read", 10, look, { 0 } },
	{ "any-ioctl", 10, any_number, { EINVAL, ENOTTY, EFAULT, EBADF } },
	{ "dup", 10, dup_buf, { 0 } },
	{ "close", 20, close_buf, { 0 } },
	{ "memfd", 10, new_memory, { 0 } },
	{ 0 },
};

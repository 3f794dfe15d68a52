/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random numbers with a taste, and descriptors that threads share. */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

uint32_t fuzz_u32(struct fuzz *f)
{
	static const uint32_t odd[] = { 0,      1,          2,           3,          31,
					4095,   4096,       0x7fffffff,  0x80000000, 0xfffff000,
					0xffff, 0xfffffffe, 0xffffffffu, 0x100000,   8 };

	if (fuzz_rarely(f, 3))
		return (uint32_t)seq_random(&f->state);
	return odd[fuzz_below(f, sizeof(odd) / sizeof(odd[0]))];
}

uint64_t fuzz_u64(struct fuzz *f, uint64_t limit)
{
	const uint64_t odd[] = { 0,
				 1,
				 SEQ_PAGE,
				 SEQ_PAGE - 1,
				 limit,
				 limit - 1,
				 limit + 1,
				 limit - SEQ_PAGE,
				 limit + SEQ_PAGE,
				 limit / 2,
				 UINT64_MAX,
				 UINT64_MAX - SEQ_PAGE + 1,
				 (uint64_t)INT64_MAX + 1,
				 INT64_MAX,
				 1ull << 32,
				 (1ull << 32) - SEQ_PAGE };

	if (fuzz_rarely(f, 6))
		return seq_random(&f->state);
	return odd[fuzz_below(f, sizeof(odd) / sizeof(odd[0]))];
}

uint64_t fuzz_pages(struct fuzz *f, uint64_t limit)
{
	uint32_t n = (uint32_t)(limit / SEQ_PAGE);

	if (fuzz_rarely(f, 8))
		return fuzz_u64(f, limit);
	/* Small numbers more often: they overlap each other. */
	if (n > 16 && fuzz_below(f, 2))
		n = 16;
	return (uint64_t)fuzz_below(f, n + 1) * SEQ_PAGE;
}

uint32_t fuzz_id(struct fuzz *f)
{
	if (fuzz_rarely(f, 16))
		return fuzz_u32(f);
	/* The first are those that are there from the beginning. */
	return fuzz_below(f, 4) ? 1 + fuzz_below(f, 3) : fuzz_below(f, 40);
}

static int borrow(struct fuzz *f, const int *fd)
{
	int copy;

	pthread_mutex_lock(&f->world->lock);
	copy = *fd < 0 ? -1 : fcntl(*fd, F_DUPFD_CLOEXEC, 0);
	pthread_mutex_unlock(&f->world->lock);
	return copy;
}

/* What was there before comes back, for its close to be outside of the lock. */
static int swap(struct fuzz *f, int *place, int fd)
{
	int old;

	pthread_mutex_lock(&f->world->lock);
	old = *place;
	*place = fd;
	pthread_mutex_unlock(&f->world->lock);
	return old;
}

int fuzz_iommufd(struct fuzz *f)
{
	return borrow(f, &f->world->iommufds[fuzz_below(f, FUZZ_IOMMUFDS)]);
}

int fuzz_buf(struct fuzz *f)
{
	return borrow(f, &f->world->bufs[fuzz_below(f, FUZZ_BUFS)]);
}

int fuzz_dev(struct fuzz *f, struct seq_dev *ret, int *index)
{
	*index = (int)fuzz_below(f, FUZZ_DEVS);
	*ret = f->world->devs[*index];
	ret->cdev = borrow(f, &f->world->devs[*index].cdev);
	return ret->cdev;
}

void fuzz_keep_buf(struct fuzz *f, int fd)
{
	int old = swap(f, &f->world->bufs[fuzz_below(f, FUZZ_BUFS)], fd);

	if (old >= 0)
		close(old);
}

int fuzz_toggle_dev(struct fuzz *f)
{
	struct seq_dev *place = &f->world->devs[fuzz_below(f, FUZZ_DEVS)], dev = *place;
	int old = swap(f, &place->cdev, -1), iommufd, err;

	if (old >= 0)
		return close(old) ? -errno : 0;
	iommufd = fuzz_iommufd(f);
	if (iommufd < 0)
		return FUZZ_NOTHING;
	/* Fails as long as another thread still has the device open. */
	err = seq_open(&dev, iommufd, 1 + fuzz_below(f, 3));
	close(iommufd);
	if (err)
		return err;
	old = swap(f, &place->cdev, dev.cdev);
	if (old >= 0)
		close(old);
	return 0;
}

int fuzz_new_iommufd(void)
{
	int fd = raw_iommufd();
	uint32_t ioas;

	for (int i = 0; i < 3 && fd >= 0; i++)
		raw_ioas(fd, &ioas);
	return fd;
}

int fuzz_renew_iommufd(struct fuzz *f)
{
	int fd = fuzz_new_iommufd(), old;

	if (fd < 0)
		return fd;
	old = swap(f, &f->world->iommufds[fuzz_below(f, FUZZ_IOMMUFDS)], fd);
	return close(old) ? -errno : 0;
}

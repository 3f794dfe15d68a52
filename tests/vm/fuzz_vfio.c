/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls on a device. */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define RANGES 6

/* VFIO_DEVICE_FEATURE with the payload of an export. */
struct request {
	uint32_t argsz;
	uint32_t feature;
	uint32_t region;
	uint32_t open_flags;
	uint32_t flags;
	uint32_t nr_ranges;
	struct vfio_region_dma_range ranges[RANGES];
};

static int pick_open_flags(struct fuzz *f)
{
	static const int odd[] = { O_RDONLY, O_RDWR | O_CLOEXEC, O_WRONLY, O_CLOEXEC };

	return fuzz_rarely(f, 8) ? (int)fuzz_u32(f) : odd[fuzz_below(f, 4)];
}

static void make_request(struct fuzz *f, int index, struct request *r)
{
	uint64_t len;

	r->feature = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF;
	r->region = fuzz_rarely(f, 6) ? fuzz_u32(f) : fuzz_below(f, 3) ? 2 : fuzz_below(f, 11);
	r->open_flags = (uint32_t)pick_open_flags(f);
	r->flags = fuzz_rarely(f, 10) ? fuzz_u32(f) : 0;
	r->nr_ranges = fuzz_rarely(f, 8) ? fuzz_u32(f) : 1 + fuzz_below(f, RANGES);
	len = r->region < 6 ? f->world->bar_len[index][r->region] : 0;
	for (int i = 0; i < RANGES; i++) {
		r->ranges[i].offset = fuzz_pages(f, len);
		r->ranges[i].length = fuzz_rarely(f, 8) ? fuzz_pages(f, len) :
							  SEQ_PAGE * (1 + fuzz_below(f, 8));
	}
	r->argsz = fuzz_rarely(f, 10) ? fuzz_u32(f) : sizeof(*r);
}

/* By the uAPI header's words alone. */
static bool is_valid(const struct fuzz_world *w, int index, const struct request *r)
{
	uint64_t len = r->region < 6 ? w->bar_len[index][r->region] : 0;

	if (!len || r->flags || !r->nr_ranges || r->nr_ranges > RANGES ||
	    (int)r->open_flags & ~(O_ACCMODE | O_CLOEXEC) || r->argsz < sizeof(*r))
		return false;
	for (uint32_t i = 0; i < r->nr_ranges; i++) {
		const struct vfio_region_dma_range *range = &r->ranges[i];

		if (!range->length || range->offset % SEQ_PAGE || range->length % SEQ_PAGE ||
		    range->length > len || range->offset > len - range->length)
			return false;
	}
	return true;
}

static int wrong_export(const struct request *r, int answer)
{
	seq_fail("export of a %s request gives %d: argsz %u region %u open 0x%x flags %u ranges %u",
		 answer < 0 ? "valid" : "bad", answer, r->argsz, r->region, r->open_flags, r->flags,
		 r->nr_ranges);
	for (uint32_t i = 0; i < r->nr_ranges && i < RANGES; i++)
		seq_fail("  0x%llx +0x%llx", (unsigned long long)r->ranges[i].offset,
			 (unsigned long long)r->ranges[i].length);
	return FUZZ_WRONG;
}

static int export(struct fuzz *f)
{
	struct seq_dev dev;
	struct request r;
	bool valid, enough;
	int index, fd;

	if (fuzz_dev(f, &dev, &index) < 0)
		return FUZZ_NOTHING;
	make_request(f, index, &r);
	valid = is_valid(f->world, index, &r);
	fd = ioctl(dev.cdev, VFIO_DEVICE_FEATURE, &r);
	fd = fd < 0 ? -errno : fd;
	close(dev.cdev);
	/* Less than RANGES ranges need less than all of @r. */
	enough = r.argsz >= sizeof(r);
	if (fd >= 0)
		fuzz_keep_buf(f, fd);
	if (valid && fd < 0)
		return wrong_export(&r, fd);
	if (!valid && enough && f->world->strict && fd >= 0)
		return wrong_export(&r, fd);
	return fd < 0 ? fd : 0;
}

static int feature(struct fuzz *f)
{
	static const uint32_t ops[] = { VFIO_DEVICE_FEATURE_GET, VFIO_DEVICE_FEATURE_SET,
					VFIO_DEVICE_FEATURE_PROBE, 0, 1u << 30 };
	struct seq_dev dev;
	struct request r;
	int index, ret;

	if (fuzz_dev(f, &dev, &index) < 0)
		return FUZZ_NOTHING;
	make_request(f, index, &r);
	r.feature = VFIO_DEVICE_FEATURE_PROBE | ops[fuzz_below(f, 5)] | ops[fuzz_below(f, 5)] |
		    (fuzz_below(f, 3) ? VFIO_DEVICE_FEATURE_DMA_BUF : fuzz_below(f, 20));
	ret = ioctl(dev.cdev, VFIO_DEVICE_FEATURE, &r);
	ret = ret < 0 ? -errno : ret;
	close(dev.cdev);
	/* A probe makes nothing. */
	return ret > 0 ? (seq_fail("probe 0x%x gives %d", r.feature, ret), FUZZ_WRONG) : ret;
}

static int write_config(struct fuzz *f)
{
	struct seq_dev dev;
	int index, err;

	if (fuzz_dev(f, &dev, &index) < 0)
		return FUZZ_NOTHING;
	if (dev.power && fuzz_rarely(f, 4))
		err = seq_set_power(&dev, (uint16_t)fuzz_below(f, 4));
	else if (fuzz_below(f, 2))
		/* Mostly on, or there would be nothing to lose. */
		err = seq_set_command(&dev, PCI_COMMAND_MEMORY, true);
	else
		err = seq_set_command(&dev, (uint16_t)(fuzz_u32(f) & 0x7), fuzz_below(f, 2));
	close(dev.cdev);
	return err;
}

static int access_region(struct fuzz *f)
{
	struct seq_dev dev;
	uint64_t val = 0, off, len;
	int index, err;
	ssize_t n;

	if (fuzz_dev(f, &dev, &index) < 0)
		return FUZZ_NOTHING;
	err = seq_region(&dev, fuzz_rarely(f, 6) ? fuzz_u32(f) : 2, &off, &len);
	if (!err) {
		off += fuzz_u64(f, len) & 0xffffffff;
		n = pread(dev.cdev, &val, 1 + fuzz_below(f, 8), (off_t)off);
		err = n < 0 ? -errno : 0;
	}
	close(dev.cdev);
	return err;
}

static int touch_bar(struct fuzz *f)
{
	struct seq_dev dev;
	size_t size = (size_t)SEQ_PAGE << fuzz_below(f, 3);
	uint64_t off, len;
	int index, err;
	void *va;

	if (fuzz_dev(f, &dev, &index) < 0)
		return FUZZ_NOTHING;
	err = seq_region(&dev, fuzz_below(f, 6), &off, &len);
	va = mmap(NULL, size, PROT_READ | PROT_WRITE, fuzz_below(f, 4) ? MAP_SHARED : MAP_PRIVATE,
		  dev.cdev, (off_t)(off + fuzz_pages(f, len)) & ~(off_t)(SEQ_PAGE - 1));
	if (va == MAP_FAILED)
		err = -errno;
	else
		munmap(va, size);
	close(dev.cdev);
	return err;
}

static int reset(struct fuzz *f)
{
	struct seq_dev dev;
	int index, err;

	if (fuzz_dev(f, &dev, &index) < 0)
		return FUZZ_NOTHING;
	err = raw_reset(dev.cdev);
	close(dev.cdev);
	return err;
}

static int hot_reset(struct fuzz *f)
{
	struct vfio_pci_hot_reset arg = { .argsz = sizeof(arg), .count = fuzz_below(f, 2) };
	struct seq_dev dev;
	int index, err;

	if (fuzz_dev(f, &dev, &index) < 0)
		return FUZZ_NOTHING;
	err = ioctl(dev.cdev, VFIO_DEVICE_PCI_HOT_RESET, &arg) ? -errno : 0;
	close(dev.cdev);
	return err;
}

static int low_power(struct fuzz *f)
{
	static const uint32_t which[] = { VFIO_DEVICE_FEATURE_LOW_POWER_EXIT,
					  VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY,
					  VFIO_DEVICE_FEATURE_LOW_POWER_EXIT };
	struct seq_dev dev;
	int index, err;

	if (fuzz_dev(f, &dev, &index) < 0)
		return FUZZ_NOTHING;
	err = seq_feature(&dev, which[fuzz_below(f, 3)]);
	close(dev.cdev);
	return err;
}

static int attach(struct fuzz *f)
{
	struct seq_dev dev;
	int index, err;

	if (fuzz_dev(f, &dev, &index) < 0)
		return FUZZ_NOTHING;
	err = fuzz_below(f, 3) ? raw_attach(dev.cdev, fuzz_id(f)) : raw_detach(dev.cdev);
	close(dev.cdev);
	return err;
}

const struct fuzz_call fuzz_vfio_calls[] = {
	{ "export", 120, export, { EINVAL, ENODEV, EFAULT, EOVERFLOW, ENOMEM } },
	{ "feature", 30, feature, { EINVAL, ENOTTY, ENODEV, EFAULT } },
	{ "config", 60, write_config, { 0 } },
	{ "region", 20, access_region, { EINVAL, EIO, EFAULT } },
	{ "mmap-bar", 20, touch_bar, { EINVAL, EOVERFLOW } },
	{ "reset", 5, reset, { EINVAL, ENOTTY, EAGAIN } },
	{ "hot-reset", 5, hot_reset, { EINVAL, ENOTTY, EAGAIN, EBUSY, EFAULT, ENODEV } },
	{ "low-power", 10, low_power, { EINVAL } },
	{ "attach", 40, attach, { EINVAL, ENOENT, EBUSY, EOPNOTSUPP, ENODEV, EADDRINUSE, EFAULT } },
	{ "open-close", 4, fuzz_toggle_dev, { EINVAL, EBUSY, ENODEV, ENOENT, EADDRINUSE, EFAULT } },
	{ 0 },
};

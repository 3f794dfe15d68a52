/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The model of revocation, and the device it is compared with. */
#include "seq_model.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define D3HOT 3

/* Where the area, its copy, and one that is mapped for a moment only are. */
#define IOVA 0x1000000ull
#define COPY_IOVA 0x2000000ull
#define TRY_IOVA 0x3000000ull

const char *const seq_words[SEQ_STEPS] = {
	"off",       "on",       "d3",     "d0",   "reset",  "map",   "unmap", "close-dev",
	"close-buf", "open-dev", "export", "copy", "uncopy", "sleep", "wake",
};

/* DMA and the CPU may reach the device's memory. */
static bool accessible(const struct seq_model *m)
{
	return m->open && m->mem && !m->d3 && !m->asleep;
}

/* What the memory's going away leaves behind. */
static void lose(struct seq_model *m)
{
	m->live = false;
	m->copy_live = false;
}

/* Asks for the length that iommufd says it unmapped, too. */
static int unmap(struct seq_world *w, uint64_t iova)
{
	struct iommu_ioas_unmap arg = {
		.size = sizeof(arg), .ioas_id = w->ioas, .iova = iova, .length = SEQ_LEN
	};

	if (ioctl(w->iommufd, IOMMU_IOAS_UNMAP, &arg))
		return -errno;
	if (arg.length != SEQ_LEN)
		return seq_fail("unmapped 0x%llx bytes, not 0x%x", (unsigned long long)arg.length,
				SEQ_LEN);
	return 0;
}

static int expect(const char *what, int got, int wanted)
{
	return got == wanted ? 0 : seq_fail("%s gives %d, not %d", what, got, wanted);
}

/* What MAP_FILE must say, at an IOVA that is free or not. */
static int map_errno(const struct seq_world *w, bool occupied)
{
	if (w->buf < 0)
		return -EBADF;
	if (w->m.dead || !accessible(&w->m))
		return -ENODEV;
	return occupied ? -EEXIST : 0;
}

static int step_map(struct seq_world *w)
{
	struct seq_model *m = &w->m;
	int wanted = map_errno(w, m->mapped);
	uint64_t iova = IOVA;

	if (!wanted)
		m->mapped = m->live = true;
	return expect("MAP_FILE", raw_map_file(w->iommufd, w->ioas, w->buf, 0, SEQ_LEN, &iova),
		      wanted);
}

static int step_copy(struct seq_world *w)
{
	struct seq_model *m = &w->m;
	int wanted = !m->mapped ? -ENOENT : m->copied ? -EEXIST : 0;
	if (!wanted) {
		m->copied = true;
		m->copy_live = m->live;
	}
	return expect("IOAS_COPY", raw_copy(w->iommufd, w->ioas, IOVA, COPY_IOVA, SEQ_LEN), wanted);
}

static int step_unmap(struct seq_world *w)
{
	int wanted = w->m.mapped ? 0 : -ENOENT;

	w->m.mapped = w->m.live = false;
	return expect("UNMAP", unmap(w, IOVA), wanted);
}

static int step_uncopy(struct seq_world *w)
{
	int wanted = w->m.copied ? 0 : -ENOENT;

	w->m.copied = w->m.copy_live = false;
	return expect("UNMAP of the copy", unmap(w, COPY_IOVA), wanted);
}

/* A device whose memory may have been off; the model takes it on. */
static int step_open(struct seq_world *w)
{
	int err = seq_open(&w->dev, w->iommufd, 0), command;

	if (err)
		return seq_fail("open: %d", err);
	command = seq_read16(&w->dev, PCI_COMMAND);
	w->m.open = true;
	w->m.mem = command & PCI_COMMAND_MEMORY;
	w->m.d3 = w->m.asleep = false;
	return 0;
}

static int step_export(struct seq_world *w)
{
	w->buf = seq_export(&w->dev, 0);
	w->m.dead = false;
	return w->buf < 0 ? seq_fail("export gives %d", w->buf) : 0;
}

static int step_close_dev(struct seq_world *w)
{
	struct seq_model *m = &w->m;

	m->open = m->mem = m->d3 = m->asleep = false;
	m->dead = true;
	lose(m);
	return expect("close", seq_close(&w->dev), 0);
}

static int step_close_buf(struct seq_world *w)
{
	int fd = w->buf;

	w->buf = -1;
	return expect("close of the buffer", close(fd) ? -errno : 0, fd < 0 ? -EBADF : 0);
}

/* Writes to the configuration space, and what they do to the model. */
static int step_config(struct seq_world *w, enum seq_step step)
{
	struct seq_model *m = &w->m;

	if (step == SEQ_OFF || step == SEQ_ON) {
		m->mem = step == SEQ_ON;
		if (!m->mem)
			lose(m);
		return expect("COMMAND", seq_set_command(&w->dev, PCI_COMMAND_MEMORY, m->mem), 0);
	}
	/* User space's D3 is lost when the device sleeps; what then is, isn't modelled. */
	if (m->asleep)
		return 0;
	m->d3 = step == SEQ_D3;
	if (m->d3)
		lose(m);
	return expect("PM control", seq_set_power(&w->dev, m->d3 ? D3HOT : 0), 0);
}

static int step_sleep(struct seq_world *w, bool sleep)
{
	int wanted = sleep && w->m.asleep ? -EINVAL : 0;

	if (w->m.d3)
		return 0;
	if (sleep)
		lose(&w->m);
	w->m.asleep = sleep;
	return expect("LOW_POWER",
		      seq_feature(&w->dev, sleep ? VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY :
						   VFIO_DEVICE_FEATURE_LOW_POWER_EXIT),
		      wanted);
}

static int step_reset(struct seq_world *w)
{
	/* The command register is given back as it was. */
	w->m.d3 = false;
	lose(&w->m);
	return expect("RESET", raw_reset(w->dev.cdev), 0);
}

/*
 * Mainline 7.3 forgets that a device sleeps: whatever asks whether its buffers may come
 * back, or makes one, takes it for awake.
 */
static bool is_left_out(const struct seq_world *w, enum seq_step step)
{
	if (!w->dev.power && (step == SEQ_D3 || step == SEQ_D0))
		return true;
	return w->m.asleep && !w->strict && step != SEQ_WAKE && step != SEQ_SLEEP &&
	       step != SEQ_CLOSE_DEV;
}

/* Steps on a device that is closed do nothing, and on a new one nothing either. */
int seq_world_step(struct seq_world *w, enum seq_step step)
{
	switch (step) {
	case SEQ_MAP:
		return step_map(w);
	case SEQ_UNMAP:
		return step_unmap(w);
	case SEQ_COPY:
		return step_copy(w);
	case SEQ_UNCOPY:
		return step_uncopy(w);
	case SEQ_CLOSE_BUF:
		return step_close_buf(w);
	case SEQ_OPEN_DEV:
		return w->m.open ? 0 : step_open(w);
	default:
		break;
	}
	if (!w->m.open || is_left_out(w, step))
		return 0;
	switch (step) {
	case SEQ_RESET:
		return step_reset(w);
	case SEQ_CLOSE_DEV:
		return step_close_dev(w);
	case SEQ_EXPORT:
		return w->buf < 0 ? step_export(w) : 0;
	case SEQ_SLEEP:
	case SEQ_WAKE:
		return step_sleep(w, step == SEQ_SLEEP);
	default:
		return step_config(w, step);
	}
}

/* A new value in the buffer's first bytes, and whether the engine sees it at the IOVA. */
static int check_dma(struct seq_world *w, uint64_t iova, bool live)
{
	uint64_t off, len, seen;
	int err = seq_region(&w->dev, 2, &off, &len);

	w->tag++;
	if (err || pwrite(w->dev.cdev, &w->tag, sizeof(w->tag), (off_t)off) != sizeof(w->tag))
		return seq_fail("the BAR can't be written");
	err = seq_edu_read(&w->edu, iova, &seen);
	if (err)
		return seq_fail("the engine: %d", err);
	if ((seen == w->tag) == live)
		return 0;
	return seq_fail("DMA at 0x%llx sees 0x%llx, the BAR has 0x%llx: the mapping should be %s",
			(unsigned long long)iova, (unsigned long long)seen,
			(unsigned long long)w->tag, live ? "alive" : "dead");
}

/* Whether the buffer is revoked: it can be mapped once more, or not. */
static int check_buffer(struct seq_world *w)
{
	int wanted = map_errno(w, false);
	uint64_t iova = TRY_IOVA;

	if (expect("MAP_FILE, tried,", raw_map_file(w->iommufd, w->ioas, w->buf, 0, SEQ_LEN, &iova),
		   wanted))
		return -1;
	return wanted ? 0 : expect("UNMAP, tried,", unmap(w, TRY_IOVA), 0);
}

static int check_registers(const struct seq_world *w)
{
	int command = seq_read16(&w->dev, PCI_COMMAND), power;

	if (expect("memory bit", command & PCI_COMMAND_MEMORY, w->m.mem ? PCI_COMMAND_MEMORY : 0))
		return -1;
	if (!w->dev.power)
		return 0;
	power = seq_read16(&w->dev, w->dev.power) & PCI_PM_CTRL_STATE_MASK;
	return w->m.asleep ? 0 : expect("power state", power, w->m.d3 ? D3HOT : 0);
}

int seq_world_check(struct seq_world *w, bool dma)
{
	const struct seq_model *m = &w->m;

	if (check_buffer(w))
		return -1;
	if (m->open && check_registers(w))
		return -1;
	if (!dma || !accessible(m))
		return 0;
	if (m->mapped && check_dma(w, IOVA, m->live))
		return -1;
	return m->copied ? check_dma(w, COPY_IOVA, m->copy_live) : 0;
}

int seq_world_reset(struct seq_world *w)
{
	static const enum seq_step way[] = { SEQ_UNCOPY, SEQ_UNMAP, SEQ_CLOSE_BUF, SEQ_OPEN_DEV,
					     SEQ_WAKE,   SEQ_D0,    SEQ_ON,        SEQ_EXPORT };
	int err = 0;

	for (size_t i = 0; i < sizeof(way) / sizeof(way[0]) && !err; i++)
		err = seq_world_step(w, way[i]);
	return err;
}

int seq_world_make(struct seq_world *w, const char *exporter)
{
	const char *flavour = getenv("LAB_FLAVOUR");
	int err = seq_take(&w->dev, exporter);

	w->buf = -1;
	w->strict = flavour && !strcmp(flavour, "lts");
	w->iommufd = raw_iommufd();
	if (!err)
		err = raw_ioas(w->iommufd, &w->ioas);
	if (!err)
		err = seq_edu_open(&w->edu, "EDU0", w->iommufd, w->ioas);
	return err;
}

int seq_world_end(struct seq_world *w)
{
	int err = seq_world_step(w, SEQ_CLOSE_DEV);

	seq_world_step(w, SEQ_UNMAP);
	seq_world_step(w, SEQ_UNCOPY);
	close(w->buf);
	err |= seq_edu_close(&w->edu, w->iommufd, w->ioas);
	return close(w->iommufd) || err;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The bracket around a reset. The kernel revokes a device's buffers in it,
 * drops their mappings and maps nothing back; so they are taken out before and
 * put back after.
 */
#include "vfio/bracket_priv.h"

#include <errno.h>
#include <linux/pci_regs.h>

#include "base/fail.h"
#include "sys/sys.h"

/* PCIe gives a function 1 s to answer after a reset; some take ten times that. */
#define COME_BACK_MS 10000

#define for_each_dev(at, dev, set)                                                        \
	for (at = (set)->next;                                                            \
	     at != (set) && (dev = dx_container_of(at, struct dmabufx_dev, set_link), 1); \
	     at = at->next)

/* Calls @fn with each mapping of the device's buffers; stops at the first error. */
static int for_each_mapping(struct dmabufx_dev *dev, int (*fn)(struct dmabufx_mapping *m))
{
	struct dx_list *b, *m;
	int err;

	dx_list_for_each(b, &dev->bufs) {
		struct dmabufx_buf *buf = dx_container_of(b, struct dmabufx_buf, dev_link);

		dx_list_for_each(m, &buf->mappings) {
			err = fn(dx_container_of(m, struct dmabufx_mapping, buf_link));
			if (err)
				return err;
		}
	}
	return 0;
}

void dx_set_add(struct dx_list *set, struct dmabufx_dev *dev)
{
	dev->resetting = true;
	dev->refs++;
	dx_list_add_tail(set, &dev->set_link);
}

void dx_set_drop(struct dx_list *set)
{
	struct dx_list *at, *tmp;

	dx_list_for_each_safe(at, tmp, set) {
		struct dmabufx_dev *dev = dx_container_of(at, struct dmabufx_dev, set_link);

		dx_list_del(at);
		dev->resetting = false;
		dx_dev_put(dev);
	}
}

int dx_reset_check_idle(const struct dmabufx_dev *dev)
{
	if (dev->begun)
		return dx_fail(-EBUSY, DMABUFX_REASON_BUSY,
			       "%s is being reset by somebody else; call dmabufx_dev_reset_end() when that is over",
			       dev->bdf);
	if (dev->resetting)
		return dx_fail(-EBUSY, DMABUFX_REASON_BUSY,
			       "%s is being reset; a reset callback can't reset it again",
			       dev->bdf);
	return 0;
}

/* The callback may call the library, whose lock is held. */
static int call(struct dmabufx_dev *dev, dmabufx_reset_fn fn)
{
	uintptr_t outer = dx_mutex_callback_begin(&dev->ctx->lock);
	int ret = fn ? fn(dev, dev->cb_user) : 0;

	dx_mutex_callback_end(&dev->ctx->lock, outer);
	return ret;
}

static void restart_until(struct dx_list *set, const struct dmabufx_dev *end)
{
	/* What fails inside the callback isn't why the reset failed. */
	struct dmabufx_error why = *dmabufx_last_error();
	struct dmabufx_dev *dev;
	struct dx_list *at;

	for_each_dev(at, dev, set)
	{
		if (dev == end)
			break;
		call(dev, dev->post);
	}
	dx_fail_restore(&why);
}

int dx_set_stop(struct dx_list *set)
{
	struct dmabufx_dev *dev;
	struct dx_list *at;
	int ret;

	for_each_dev(at, dev, set)
	{
		ret = call(dev, dev->pre);
		if (ret >= 0)
			continue;
		dx_fail(ret, DMABUFX_REASON_SYSTEM,
			"the caller's callback called the reset of %s off", dev->bdf);
		restart_until(set, dev);
		return ret;
	}
	return 0;
}

/* Also after a failure: whoever stopped DMA for us wants to know it is over. */
void dx_set_restart(struct dx_list *set)
{
	restart_until(set, NULL);
}

/*
 * Nothing was reset: what was live comes back as if nothing had happened, and
 * what was not stays as it was, out of the kernel's address space now.
 */
static int undo_one(struct dmabufx_mapping *m)
{
	if (m->state == DMABUFX_MAPPING_LIVE && dx_mapping_in(m))
		dx_mapping_lost(m);
	return 0;
}

void dx_set_undo(struct dx_list *set)
{
	/* The reason to report is that of what failed first. */
	struct dmabufx_error why = *dmabufx_last_error();
	struct dmabufx_dev *dev;
	struct dx_list *at;

	for_each_dev(at, dev, set) for_each_mapping(dev, undo_one);
	dx_fail_restore(&why);
}

int dx_set_out(struct dx_list *set)
{
	struct dmabufx_dev *dev;
	struct dx_list *at;
	int err;

	for_each_dev(at, dev, set)
	{
		err = for_each_mapping(dev, dx_mapping_out);
		if (err) {
			dx_set_undo(set);
			return err;
		}
	}
	return 0;
}

/*
 * A function that isn't ready answers all ones. Asked is for its class, which
 * no function has of all ones: the vendor VFIO answers itself, whatever the
 * device does (init_pci_cap_basic_perm() of vfio_pci_config.c, 7.3).
 */
static int wait_for(struct dmabufx_dev *dev)
{
	struct dx_sys *sys = dev->ctx->sys;
	uint64_t end = sys->now_ms(sys) + COME_BACK_MS;
	unsigned int pause = 1;
	uint32_t class;

	for (;;) {
		if (!dx_config_read(dev, PCI_CLASS_REVISION, &class, sizeof(class)) &&
		    class != UINT32_MAX)
			return 0;
		if (sys->now_ms(sys) >= end)
			return dx_fail(-EIO, DMABUFX_REASON_RESET_FAILED,
				       "%s did not come back within %d s of its reset; power-cycle it",
				       dev->bdf, COME_BACK_MS / 1000);
		sys->sleep_ms(sys, pause);
		if (pause < 100)
			pause *= 2;
	}
}

/* The kernel restores configuration space; a device that loses bits of it is given them again. */
static int write_back(struct dmabufx_dev *dev)
{
	uint16_t now;
	int err = dx_config_read(dev, PCI_COMMAND, &now, sizeof(now));

	if (err || now == dev->command)
		return err;
	return dx_config_write(dev, PCI_COMMAND, &dev->command, sizeof(dev->command));
}

static int come_up(struct dmabufx_dev *dev, bool restore)
{
	int err = wait_for(dev), on;

	if (err)
		return err;
	err = restore ? write_back(dev) : 0;
	on = err ? err : dx_config_memory_on(dev);
	if (on < 0)
		return dx_fail(-EIO, DMABUFX_REASON_RESET_FAILED,
			       "%s was reset, but its command register can't be %s: %s; power-cycle it",
			       dev->bdf, restore ? "restored" : "read", dmabufx_strerror(on));
	dev->memory_on = on;
	return 0;
}

static int come_back_one(struct dmabufx_mapping *m)
{
	if (dx_mapping_in(m))
		dx_mapping_lost(m);
	else
		dx_mapping_set(m, DMABUFX_MAPPING_LIVE, DMABUFX_REASON_NONE);
	return 0;
}

static int revive_one(struct dmabufx_mapping *m)
{
	if (m->state != DMABUFX_MAPPING_REVOKED)
		return 0;
	if (!dx_mapping_out(m))
		return come_back_one(m);
	/* Perhaps it never faulted, so it isn't STALE; the next such write tries again. */
	dx_mapping_set(m, DMABUFX_MAPPING_REVOKED, dmabufx_last_error()->reason);
	return 0;
}

void dx_dev_revive(struct dmabufx_dev *dev)
{
	struct dmabufx_error why = *dmabufx_last_error();

	for_each_mapping(dev, revive_one);
	dx_fail_restore(&why);
}

static int stale_one(struct dmabufx_mapping *m)
{
	dx_mapping_set(m, DMABUFX_MAPPING_STALE, DMABUFX_REASON_RESET_FAILED);
	return 0;
}

static int count_lost(struct dmabufx_dev *dev)
{
	struct dx_list *b, *m;
	int lost = 0;

	dx_list_for_each(b, &dev->bufs) {
		struct dmabufx_buf *buf = dx_container_of(b, struct dmabufx_buf, dev_link);

		dx_list_for_each(m, &buf->mappings)
			lost += dx_container_of(m, struct dmabufx_mapping, buf_link)->state !=
				DMABUFX_MAPPING_LIVE;
	}
	return lost;
}

int dx_set_in(struct dx_list *set, bool restore)
{
	struct dmabufx_error why;
	struct dmabufx_dev *dev;
	struct dx_list *at;
	int lost = 0, first = 0;

	for_each_dev(at, dev, set)
	{
		int err = come_up(dev, restore);

		if (err) {
			/* What can't be told is taken for off. */
			dev->memory_on = false;
			for_each_mapping(dev, stale_one);
			why = first ? why : *dmabufx_last_error();
			first = first ? first : err;
			continue;
		}
		for_each_mapping(dev, come_back_one);
		lost += count_lost(dev);
	}
	if (first)
		dx_fail_restore(&why);
	return first ? first : lost;
}

/* What a device is given back after; all mappings are out. */
static int read_commands(struct dx_list *set)
{
	struct dmabufx_dev *dev;
	struct dx_list *at;
	int err;

	for_each_dev(at, dev, set)
	{
		err = dx_config_read(dev, PCI_COMMAND, &dev->command, sizeof(dev->command));
		if (err)
			return dx_fail_sys(err, "reading the command register of %s", dev->bdf);
	}
	return 0;
}

int dx_set_reset(struct dx_list *set, bool restore, int (*reset)(void *arg), void *arg)
{
	int ret = dx_set_stop(set);

	if (ret)
		return ret;
	ret = dx_set_out(set);
	if (!ret) {
		ret = restore ? read_commands(set) : 0;
		if (!ret)
			ret = reset(arg);
		if (ret)
			dx_set_undo(set);
		else
			ret = dx_set_in(set, restore);
	}
	dx_set_restart(set);
	return ret;
}

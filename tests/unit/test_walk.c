// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A random walk through the calls, some of them failing: a mapping that says
 * LIVE has its memory in the kernel's address space, one that says STALE or
 * GONE has not, and in the end nothing is left.
 */
#include "unit.h"

#include <linux/pci_regs.h>
#include <stdlib.h>

#include "iommu/iommu.h"

#define STEPS 20000
#define DEVS 2
#define BUFS 6
#define MAPS 16
#define SPACES 4 /* two of the walk's, and two clones */

struct walk {
	struct unit *u;
	struct dmabufx_dev *devs[DEVS];
	struct dmabufx_buf *bufs[BUFS];
	struct dmabufx_ioas *spaces[SPACES];
	struct dmabufx_mapping *maps[MAPS];
	unsigned int failures;
};

static size_t any(size_t n)
{
	return (size_t)rand() % n;
}

static void open_or_close(struct walk *w)
{
	static const char *const names[DEVS] = { MEM, ODD };
	size_t i = any(DEVS);

	if (!w->devs[i])
		dmabufx_dev_open(w->u->ctx, names[i], NULL, &w->devs[i]);
	else if (!any(4))
		w->devs[i] = dmabufx_dev_unref(w->devs[i]);
}

static void export_or_drop(struct walk *w)
{
	size_t i = any(BUFS), d = any(DEVS);
	uint64_t pages = 1 + any(4);

	if (w->bufs[i])
		w->bufs[i] = dmabufx_buf_unref(w->bufs[i]);
	else if (!any(4))
		dmabufx_buf_alloc(w->u->ctx, pages * PAGE, NULL, &w->bufs[i]);
	else if (w->devs[d])
		dmabufx_dev_export(w->devs[d], d ? 4 : 2, any(8) * PAGE, pages * PAGE, NULL,
				   &w->bufs[i]);
}

static void map_or_unmap(struct walk *w)
{
	size_t i = any(MAPS), b = any(BUFS), s = any(SPACES);
	DMABUFX_OPTS(dmabufx_map_opts, opts);

	if (w->maps[i]) {
		if (!dmabufx_mapping_unmap(w->maps[i]))
			w->maps[i] = NULL;
		return;
	}
	if (any(2)) {
		opts.flags = DMABUFX_MAP_FIXED;
		opts.iova = (1 + any(32)) * PAGE;
	}
	if (w->bufs[b] && w->spaces[s])
		dmabufx_ioas_map(w->spaces[s], w->bufs[b], &opts, &w->maps[i]);
}

static void clone_or_drop(struct walk *w)
{
	size_t i = 2 + any(SPACES - 2);

	if (w->spaces[i])
		w->spaces[i] = dmabufx_ioas_unref(w->spaces[i]);
	else
		dmabufx_ioas_clone(w->spaces[any(2)], NULL, &w->spaces[i]);
}

static void reset(struct walk *w)
{
	struct dmabufx_dev *dev = w->devs[any(DEVS)];

	w->u->vmem->reset_ms = any(4) ? 0 : any(2) ? 50 : 20000;
	w->u->vodd->loses_command = any(2);
	if (dev)
		dmabufx_dev_reset(dev);
	w->u->f->now += 20000; /* whoever was away is back */
}

/* What comes between is any other step. */
static void begin_or_end(struct walk *w)
{
	struct dmabufx_dev *dev = w->devs[any(DEVS)];
	struct fake *f = w->u->f;

	/* An unmap that fails may answer EBUSY as well: then nothing has begun. */
	if (!dev || dmabufx_dev_reset_begin(dev) != -EBUSY ||
	    dmabufx_last_error()->reason != DMABUFX_REASON_BUSY)
		return;
	if (any(2))
		f->sys.ioctl(&f->sys, dmabufx_dev_fd(dev), VFIO_DEVICE_RESET, NULL);
	dmabufx_dev_reset_end(dev);
	f->now += 20000;
}

static void write_config(struct walk *w)
{
	struct dmabufx_dev *dev = w->devs[any(DEVS)];
	uint16_t command = any(3) ? PCI_COMMAND_MEMORY : 0, power = any(3) ? 0 : 3;
	uint8_t flr = PCI_EXP_DEVCTL_BCR_FLR >> 8;

	if (!dev)
		return;
	if (any(2))
		dmabufx_dev_config_write(dev, PCI_COMMAND, &command, sizeof(command));
	else if (any(2))
		dmabufx_dev_config_write(dev, FAKE_CAP_PM + PCI_PM_CTRL, &power, sizeof(power));
	else
		dmabufx_dev_config_write(dev, FAKE_CAP_PCIE + PCI_EXP_DEVCTL + 1, &flr, 1);
}

static void refresh(struct walk *w)
{
	size_t i = any(MAPS);

	if (w->maps[i])
		dmabufx_mapping_refresh(w->maps[i]);
}

static void take_event(struct walk *w)
{
	struct dmabufx_event event;

	if (dmabufx_ctx_next_event(w->u->ctx, &event) == 1)
		assert_int_equal(dmabufx_mapping_iova(event.mapping) % PAGE, 0);
}

static const struct fake_area *area_of(struct walk *w, const struct dmabufx_mapping *m)
{
	struct fake_area *area = fake_space(w->u->f, m->ioas->id)->areas;

	while (area && area->iova != dmabufx_mapping_iova(m))
		area = area->next;
	return area;
}

static int check(struct dmabufx_mapping *m, void *user)
{
	struct walk *w = user;
	const struct fake_area *area = area_of(w, m);
	bool there = area && !area->dead;
	int state = dmabufx_mapping_state(m);

	if (area)
		assert_int_equal(area->len, dmabufx_mapping_len(m));
	if (state == DMABUFX_MAPPING_LIVE)
		assert_true(there);
	if (state == DMABUFX_MAPPING_STALE || state == DMABUFX_MAPPING_GONE)
		assert_false(there);
	assert_int_equal(dmabufx_mapping_reason(m) == DMABUFX_REASON_NONE,
			 state == DMABUFX_MAPPING_LIVE);
	return 0;
}

static void check_all(struct walk *w)
{
	for (size_t i = 0; i < SPACES; i++) {
		if (w->spaces[i])
			dmabufx_ioas_for_each(w->spaces[i], check, w);
	}
}

/* Every other step has one call of the kernel failing, or an allocation. */
static void arm(struct walk *w)
{
	static const int errs[] = { EIO, ENOMEM, EBUSY, EINVAL };

	if (any(2))
		return;
	if (any(4))
		fake_fail_nth(w->u->f, 1 + (unsigned int)any(6), errs[any(4)]);
	else
		heap_fail_nth(1 + (unsigned int)any(3));
}

static void disarm(struct walk *w)
{
	w->failures += w->u->f->failed || heap_failed();
	w->u->f->failed = false;
	fake_heal(w->u->f);
	heap_fail_nth(0);
}

static void end(struct walk *w)
{
	for (size_t i = 0; i < MAPS; i++)
		assert_int_equal(dmabufx_mapping_unmap(w->maps[i]), 0);
	for (size_t i = 0; i < BUFS; i++)
		dmabufx_buf_unref(w->bufs[i]);
	for (size_t i = 0; i < SPACES; i++)
		dmabufx_ioas_unref(w->spaces[i]);
	for (size_t i = 0; i < DEVS; i++)
		dmabufx_dev_unref(w->devs[i]);
}

static void what_mappings_say_is_true_whatever_fails(void **state)
{
	static void (*const steps[])(struct walk *) = {
		open_or_close, export_or_drop, export_or_drop, map_or_unmap, map_or_unmap,
		map_or_unmap,  clone_or_drop,  reset,          write_config, refresh,
		refresh,       take_event,     begin_or_end,
	};
	struct walk w = { .u = *state };
	int n;

	unit_seed();
	n = unit_steps(STEPS);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(dmabufx_ioas_new(w.u->ctx, NULL, &w.spaces[i]), 0);
	dmabufx_ctx_event_fd(w.u->ctx);
	for (int i = 0; i < n; i++) {
		arm(&w);
		steps[any(sizeof(steps) / sizeof(steps[0]))](&w);
		disarm(&w);
		check_all(&w);
	}
	print_message("%u of %d steps had a failure\n", w.failures, n);
	assert_in_range(w.failures, (unsigned int)n / 20, (unsigned int)n);
	end(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(what_mappings_say_is_true_whatever_fails, unit_ctx),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The calls that are run with each of their steps failing: how to make, undo and settle them. */
#include "fail_cases.h"

#include <linux/pci_regs.h>

static int run_ioas(struct unit *u, void **made)
{
	return dmabufx_ioas_new(u->ctx, NULL, (struct dmabufx_ioas **)made);
}

static void undo_ioas(struct unit *u, void *made)
{
	dmabufx_ioas_unref(made);
}

static int run_clone(struct unit *u, void **made)
{
	return dmabufx_ioas_clone(u->ioas, NULL, (struct dmabufx_ioas **)made);
}

/* More ranges than the library expects, and reservations that a clone takes along. */
static void complicate(struct unit *u)
{
	for (uint32_t i = 0; i < 40; i++)
		u->f->allowed[i] = (struct dmabufx_iova_range){ 64 * i * MIB, (64 * i + 32) * MIB };
	u->f->nallowed = 40;
}

static int setup_clone(void **state)
{
	struct unit *u;

	unit_mapped(state);
	u = *state;
	for (uint32_t i = 0; i < 10; i++)
		assert_int_equal(dmabufx_ioas_reserve(u->ioas, (1 + 2 * i) * PAGE, PAGE), 0);
	return 0;
}

static int setup_ranges(void **state)
{
	unit_devs(state);
	complicate(*state);
	return 0;
}

static int setup_ranges_type1(void **state)
{
	DMABUFX_OPTS(dmabufx_dev_opts, opts);
	struct unit *u;

	unit_type1(state);
	u = *state;
	complicate(u);
	opts.ioas = u->ioas;
	return dmabufx_dev_open(u->ctx, MEM, &opts, &u->mem);
}

static int run_ranges(struct unit *u, void **made)
{
	return dmabufx_ioas_ranges(u->ioas, NULL, 0);
}

static int run_open(struct unit *u, void **made)
{
	DMABUFX_OPTS(dmabufx_dev_opts, opts, .ioas = u->ioas);

	return dmabufx_dev_open(u->ctx, ODD, &opts, (struct dmabufx_dev **)made);
}

static int run_open_legacy(struct unit *u, void **made)
{
	DMABUFX_OPTS(dmabufx_dev_opts, opts, .flags = DMABUFX_DEV_LEGACY);

	return dmabufx_dev_open(u->ctx, ODD, &opts, (struct dmabufx_dev **)made);
}

static int run_open_fd(struct unit *u, void **made)
{
	DMABUFX_OPTS(dmabufx_dev_opts, opts, .flags = DMABUFX_DEV_PREBOUND);

	return dmabufx_dev_open_fd(u->ctx, dmabufx_dev_fd(u->mem), &opts,
				   (struct dmabufx_dev **)made);
}

static void undo_dev(struct unit *u, void *made)
{
	dmabufx_dev_unref(made);
}

static int run_alloc(struct unit *u, void **made)
{
	DMABUFX_OPTS(dmabufx_alloc_opts, opts, .flags = DMABUFX_ALLOC_HUGETLB);

	return dmabufx_buf_alloc(u->ctx, PAGE, &opts, (struct dmabufx_buf **)made);
}

static int run_import(struct unit *u, void **made)
{
	return dmabufx_buf_import(u->ctx, dmabufx_buf_fd(u->buf), NULL,
				  (struct dmabufx_buf **)made);
}

static int run_export(struct unit *u, void **made)
{
	return dmabufx_dev_export(u->mem, 2, 0, PAGE, NULL, (struct dmabufx_buf **)made);
}

static void undo_buf(struct unit *u, void *made)
{
	dmabufx_buf_unref(made);
}

static int run_map(struct unit *u, void **made)
{
	return dmabufx_ioas_map(u->ioas, u->buf, NULL, (struct dmabufx_mapping **)made);
}

static int run_map_va(struct unit *u, void **made)
{
	return dmabufx_ioas_map_va(u->ioas, (void *)0x10000, PAGE, NULL,
				   (struct dmabufx_mapping **)made);
}

static void undo_map(struct unit *u, void *made)
{
	assert_int_equal(dmabufx_mapping_unmap(made), 0);
}

static int run_reset(struct unit *u, void **made)
{
	return dmabufx_dev_reset(u->mem);
}

static int setup_slot(void **state)
{
	struct unit *u;
	int err = unit_mapped(state);

	u = *state;
	u->vmem->slot = u->vedu->slot = 1;
	return err;
}

static int run_hot_reset(struct unit *u, void **made)
{
	return dmabufx_dev_hot_reset(u->mem);
}

/* The reset itself may be the call that fails: then there was none. */
static int run_reset_by_other(struct unit *u, void **made)
{
	int err = dmabufx_dev_reset_begin(u->mem);

	if (err)
		return err;
	u->f->sys.ioctl(&u->f->sys, dmabufx_dev_fd(u->mem), VFIO_DEVICE_RESET, NULL);
	return dmabufx_dev_reset_end(u->mem);
}

static int run_refresh(struct unit *u, void **made)
{
	return dmabufx_mapping_refresh(u->map);
}

/* What could not come back, and says so, does now. */
static void settle_mapping(struct unit *u)
{
	bool live = fake_dma(u->f, u->vedu, IOVA);

	assert_int_equal(dmabufx_mapping_state(u->map) == DMABUFX_MAPPING_LIVE, live);
	assert_int_equal(dmabufx_mapping_refresh(u->map), 0);
	assert_non_null(fake_dma(u->f, u->vedu, IOVA));
}

static int run_reattach(struct unit *u, void **made)
{
	int err = dmabufx_dev_detach(u->edu);

	return err ? err : dmabufx_dev_attach(u->edu, u->ioas);
}

static void settle_attachment(struct unit *u)
{
	if (!u->vedu->attached)
		assert_int_equal(dmabufx_dev_attach(u->edu, u->ioas), 0);
}

static int run_memory_off(struct unit *u, void **made)
{
	uint16_t command = 0;

	return dmabufx_dev_config_write(u->mem, PCI_COMMAND, &command, sizeof(command));
}

static void settle_memory(struct unit *u)
{
	/* After a write that failed, what may have been revoked isn't called live. */
	if (dmabufx_mapping_state(u->map) == DMABUFX_MAPPING_LIVE)
		assert_non_null(fake_dma(u->f, u->vedu, IOVA));
	else
		assert_state(u->map, REVOKED);
	set_memory(u->mem, true);
}

static int run_list(struct unit *u, void **made)
{
	struct dmabufx_dev_info infos[8];

	return dmabufx_dev_list(u->ctx, infos, 8);
}

static int run_caps(struct unit *u, void **made)
{
	struct dmabufx_dev_caps caps = { .size = sizeof(caps) };

	return dmabufx_dev_get_caps(u->mem, &caps);
}

static int run_info(struct unit *u, void **made)
{
	struct dmabufx_buf_info info = { .size = sizeof(info) };

	return dmabufx_buf_get_info(u->buf, &info);
}

static int run_attached(struct unit *u, void **made)
{
	struct dmabufx_attached who[2];
	uint64_t inode = fake_at(u->f, dmabufx_buf_fd(u->buf))->ino;

	fake_text(u->f, "/sys/kernel/debug/dma_buf/bufinfo", "");
	return dmabufx_buf_attached(u->ctx, inode, who, 2);
}

static int run_probe(struct unit *u, void **made)
{
	struct dmabufx_probe_answer answers[DMABUFX_PROBE_COUNT];

	return dmabufx_probe(u->ctx, NULL, answers, DMABUFX_PROBE_COUNT);
}

static int run_bar_map(struct unit *u, void **made)
{
	return dmabufx_dev_bar_map(u->mem, 2, 0, PAGE, made);
}

static void undo_bar_map(struct unit *u, void *made)
{
	assert_int_equal(dmabufx_dev_bar_unmap(u->mem, made, PAGE), 0);
}

static int setup_nvme(void **state)
{
	struct unit *u;

	unit_ioas(state);
	u = *state;
	fake_set_driver(u->f, u->vodd, "nvme");
	strcpy(u->vodd->host_driver, "nvme");
	return 0;
}

static int run_bind(struct unit *u, void **made)
{
	return dmabufx_dev_bind(u->ctx, ODD, 0);
}

static void undo_bind(struct unit *u, void *made)
{
	assert_int_equal(dmabufx_dev_unbind(u->ctx, ODD), 0);
}

static void settle_bind(struct unit *u)
{
	assert_string_equal(u->vodd->driver, "nvme");
}

/* A device whose BAR 0 makes two buffers stands in for mem. */
static int setup_odd(void **state)
{
	struct unit *u;

	unit_ioas(state);
	u = *state;
	u->mem = open_dev(u, ODD);
	return 0;
}

static struct dmabufx_buf *pair[2];

static int run_export_bar(struct unit *u, void **made)
{
	return dmabufx_dev_export_bar(u->mem, 0, NULL, pair, 2);
}

static void undo_export_bar(struct unit *u, void *made)
{
	dmabufx_buf_unref(pair[0]);
	dmabufx_buf_unref(pair[1]);
}

static int run_event_fd(struct unit *u, void **made)
{
	int fd = dmabufx_ctx_event_fd(u->ctx);

	return fd < 0 ? fd : 0;
}

static int setup_event_fd(void **state)
{
	struct unit *u;

	unit_ctx(state);
	u = *state;
	u->ctx = dmabufx_ctx_unref(u->ctx);
	return 0;
}

/* From the first context to the last reference; each step may be the last. */
static int run_life(struct unit *u, void **made)
{
	DMABUFX_OPTS(dmabufx_dev_opts, opts);
	int err = dx_ctx_new(&u->f->sys, NULL, &u->ctx);

	if (!err)
		err = run_event_fd(u, made);
	if (!err)
		err = dmabufx_ioas_new(u->ctx, NULL, &u->ioas);
	opts.ioas = u->ioas;
	if (!err)
		err = dmabufx_dev_open(u->ctx, EDU, &opts, &u->edu);
	if (!err)
		err = dmabufx_dev_open(u->ctx, MEM, NULL, &u->mem);
	if (!err)
		err = dmabufx_dev_export(u->mem, 2, 0, 64 * MIB, NULL, &u->buf);
	if (!err)
		err = dmabufx_ioas_map(u->ioas, u->buf, NULL, &u->map);
	if (!err)
		err = dmabufx_dev_reset(u->mem);
	if (!err)
		err = dmabufx_mapping_unmap(u->map);
	if (!err)
		u->map = NULL;
	return err;
}

static void settle_life(struct unit *u)
{
	fake_heal(u->f);
	heap_fail_nth(0);
	unit_drop(u);
}

static void undo_life(struct unit *u, void *made)
{
	settle_life(u);
}

static void undo_nothing(struct unit *u, void *made)
{
}

const struct fail_case fail_cases[] = {
	{ "ioas_new", unit_ctx, run_ioas, undo_ioas, NULL },
	{ "ioas_clone", setup_clone, run_clone, undo_ioas, NULL },
	{ "ioas_ranges", setup_ranges, run_ranges, undo_nothing, NULL },
	{ "ioas_ranges, type1", setup_ranges_type1, run_ranges, undo_nothing, NULL },
	{ "dev_open", unit_ioas, run_open, undo_dev, NULL },
	{ "dev_open, legacy", unit_ioas, run_open_legacy, undo_dev, NULL },
	{ "dev_open, type1", unit_type1, run_open, undo_dev, NULL },
	{ "dev_open_fd", unit_devs, run_open_fd, undo_dev, NULL },
	{ "dev_attach", unit_mapped, run_reattach, undo_nothing, settle_attachment },
	{ "dev_export", unit_devs, run_export, undo_buf, NULL },
	{ "dev_export_bar", setup_odd, run_export_bar, undo_export_bar, NULL },
	{ "dev_bar_map", unit_devs, run_bar_map, undo_bar_map, NULL },
	{ "dev_config_write", unit_mapped, run_memory_off, undo_nothing, settle_memory },
	{ "dev_reset", unit_mapped, run_reset, undo_nothing, settle_mapping },
	{ "dev_hot_reset", setup_slot, run_hot_reset, undo_nothing, settle_mapping },
	{ "dev_reset_begin", unit_mapped, run_reset_by_other, undo_nothing, settle_mapping },
	{ "dev_bind", setup_nvme, run_bind, undo_bind, settle_bind },
	{ "dev_list", unit_ioas, run_list, undo_nothing, NULL },
	{ "dev_get_caps", unit_devs, run_caps, undo_nothing, NULL },
	{ "buf_alloc", unit_ioas, run_alloc, undo_buf, NULL },
	{ "buf_import", unit_mapped, run_import, undo_buf, NULL },
	{ "buf_get_info", unit_mapped, run_info, undo_nothing, NULL },
	{ "buf_attached", unit_mapped, run_attached, undo_nothing, NULL },
	{ "ioas_map", unit_mapped, run_map, undo_map, NULL },
	{ "ioas_map_va", unit_devs, run_map_va, undo_map, NULL },
	{ "mapping_refresh", unit_mapped, run_refresh, undo_nothing, settle_mapping },
	{ "probe", unit_ioas, run_probe, undo_nothing, NULL },
	{ "a whole life", setup_event_fd, run_life, undo_life, settle_life },
};

const size_t fail_ncases = sizeof(fail_cases) / sizeof(fail_cases[0]);

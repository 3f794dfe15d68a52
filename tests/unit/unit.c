// SPDX-License-Identifier: GPL-2.0-or-later
/* Set-up and end of tests, and their checks of failures and of leaks. */
#include "unit.h"

#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct dmabufx_ctx *new_ctx(struct unit *u, enum dmabufx_backend backend)
{
	DMABUFX_OPTS(dmabufx_ctx_opts, opts, .backend = backend);
	struct dmabufx_ctx *ctx;

	assert_int_equal(dx_ctx_new(&u->f->sys, &opts, &ctx), 0);
	return ctx;
}

struct dmabufx_dev *open_dev(struct unit *u, const char *bdf)
{
	struct dmabufx_dev *dev;

	assert_int_equal(dmabufx_dev_open(u->ctx, bdf, NULL, &dev), 0);
	return dev;
}

struct dmabufx_buf *export_at(struct dmabufx_dev *dev, uint32_t bar, uint64_t off, uint64_t len)
{
	struct dmabufx_buf *buf;

	assert_int_equal(dmabufx_dev_export(dev, bar, off, len, NULL, &buf), 0);
	return buf;
}

struct dmabufx_buf *new_memfd(struct unit *u, uint64_t len)
{
	struct dmabufx_buf *buf;

	assert_int_equal(dmabufx_buf_alloc(u->ctx, len, NULL, &buf), 0);
	return buf;
}

struct dmabufx_mapping *map_slice(struct dmabufx_ioas *ioas, struct dmabufx_buf *buf, uint64_t iova,
				  uint64_t off, uint64_t len)
{
	DMABUFX_OPTS(dmabufx_map_opts, opts, .iova = iova, .offset = off, .length = len,
		     .flags = DMABUFX_MAP_FIXED);
	struct dmabufx_mapping *map;

	assert_int_equal(dmabufx_ioas_map(ioas, buf, &opts, &map), 0);
	return map;
}

struct dmabufx_mapping *map_fixed(struct dmabufx_ioas *ioas, struct dmabufx_buf *buf, uint64_t iova)
{
	return map_slice(ioas, buf, iova, 0, 0);
}

static struct unit *new_unit(void **state)
{
	struct unit *u = __real_calloc(1, sizeof(*u));

	u->f = fake_machine();
	u->vedu = fake_find(u->f, EDU);
	u->vmem = fake_find(u->f, MEM);
	u->vodd = fake_find(u->f, ODD);
	*state = u;
	return u;
}

int unit_ctx(void **state)
{
	struct unit *u = new_unit(state);

	heap_arm();
	u->ctx = new_ctx(u, DMABUFX_BACKEND_AUTO);
	return 0;
}

int unit_ioas(void **state)
{
	struct unit *u;

	unit_ctx(state);
	u = *state;
	return dmabufx_ioas_new(u->ctx, NULL, &u->ioas);
}

int unit_devs(void **state)
{
	struct unit *u;

	unit_ioas(state);
	u = *state;
	u->edu = open_dev(u, EDU);
	u->mem = open_dev(u, MEM);
	return dmabufx_dev_attach(u->edu, u->ioas);
}

int unit_mapped(void **state)
{
	struct unit *u;

	unit_devs(state);
	u = *state;
	u->buf = export_at(u->mem, 2, 0, 64 * MIB);
	u->map = map_fixed(u->ioas, u->buf, IOVA);
	fake_clear_log(u->f);
	return 0;
}

int unit_type1(void **state)
{
	struct unit *u = new_unit(state);

	heap_arm();
	u->ctx = new_ctx(u, DMABUFX_BACKEND_TYPE1);
	return dmabufx_ioas_new(u->ctx, NULL, &u->ioas);
}

void unit_drop(struct unit *u)
{
	assert_int_equal(dmabufx_mapping_unmap(u->map), 0);
	u->map = NULL;
	u->buf = dmabufx_buf_unref(u->buf);
	u->edu = dmabufx_dev_unref(u->edu);
	u->mem = dmabufx_dev_unref(u->mem);
	u->ioas = dmabufx_ioas_unref(u->ioas);
	u->ctx = dmabufx_ctx_unref(u->ctx);
}

int unit_end(void **state)
{
	struct unit *u = *state;

	fake_heal(u->f);
	heap_fail_nth(0);
	unit_drop(u);
	heap_disarm();
	assert_nothing_left(u->f);
	assert_int_equal(heap_bytes(), 0);
	fake_free(u->f);
	__real_free(u);
	return 0;
}

struct unit_account unit_account(struct fake *f)
{
	return (struct unit_account){ .fds = fake_open_fds(f),
				      .spaces = fake_spaces(f),
				      .areas = fake_areas(f),
				      .mmaps = f->mmaps };
}

void unit_assert_same(const struct unit_account *before, struct fake *f, const char *what,
		      unsigned int nth)
{
	struct unit_account now = unit_account(f);

	if (memcmp(before, &now, sizeof(now)))
		fail_msg("%s, %u: descriptors %u -> %u, spaces %u -> %u, areas %u -> %u, mmaps %u -> %u",
			 what, nth, before->fds, now.fds, before->spaces, now.spaces, before->areas,
			 now.areas, before->mmaps, now.mmaps);
}

void assert_nothing_left(struct fake *f)
{
	static const struct unit_account nothing;

	unit_assert_same(&nothing, f, "the end", 0);
}

void forget_error(void)
{
	dx_fail(0, DMABUFX_REASON_NONE, "untouched");
}

void expect_event(struct unit *u, enum dmabufx_event_type type, enum dmabufx_reason reason,
		  const struct dmabufx_mapping *mapping)
{
	struct dmabufx_event event;

	assert_int_equal(dmabufx_ctx_next_event(u->ctx, &event), 1);
	assert_int_equal(event.type, type);
	assert_int_equal(event.reason, reason);
	assert_ptr_equal(event.mapping, mapping);
}

void expect_no_event(struct unit *u)
{
	struct dmabufx_event event = { .mapping = SENTINEL };

	assert_int_equal(dmabufx_ctx_next_event(u->ctx, &event), 0);
	assert_ptr_equal(event.mapping, SENTINEL);
}

bool event_fd_ready(struct unit *u)
{
	return fake_at(u->f, dmabufx_ctx_event_fd(u->ctx))->count;
}

void set_memory(struct dmabufx_dev *dev, bool on)
{
	uint16_t command = on ? PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER : 0;

	assert_int_equal(dmabufx_dev_config_write(dev, PCI_COMMAND, &command, sizeof(command)), 0);
}

void set_power(struct dmabufx_dev *dev, unsigned int d_state)
{
	uint16_t pmcsr = (uint16_t)d_state;

	assert_int_equal(dmabufx_dev_config_write(dev, FAKE_CAP_PM + PCI_PM_CTRL, &pmcsr,
						  sizeof(pmcsr)),
			 0);
}

uint32_t memory_enabled(struct dmabufx_dev *dev)
{
	struct dmabufx_dev_caps caps = { .size = sizeof(caps) };

	assert_int_equal(dmabufx_dev_get_caps(dev, &caps), 0);
	return caps.memory_enabled;
}

void expect_revoked(struct unit *u)
{
	assert_state(u->map, REVOKED);
	assert_reason(u->map, REVOKED);
	assert_null(fake_dma(u->f, u->vedu, IOVA));
	expect_event(u, DMABUFX_EVENT_REVOKED, DMABUFX_REASON_REVOKED, u->map);
	expect_no_event(u);
}

void expect_back(struct unit *u)
{
	assert_state(u->map, LIVE);
	assert_reason(u->map, NONE);
	assert_int_equal(dmabufx_mapping_iova(u->map), IOVA);
	assert_non_null(fake_dma(u->f, u->vedu, IOVA));
	expect_event(u, DMABUFX_EVENT_REMAPPED, DMABUFX_REASON_NONE, u->map);
	expect_no_event(u);
}

void unit_seed(void)
{
	const char *given = getenv("UNIT_SEED");
	unsigned int seed = given ? (unsigned int)atoi(given) : (unsigned int)time(NULL);

	print_message("UNIT_SEED=%u\n", seed);
	srand(seed);
}

int unit_steps(int usual)
{
	const char *given = getenv("UNIT_TIMES");

	return given ? usual * atoi(given) : usual;
}

void unit_log_fn(void *user, enum dmabufx_log_level level, const char *text)
{
	struct unit_log *log = user;

	log->lines++;
	log->level = level;
	snprintf(log->text, sizeof(log->text), "%s", text);
}

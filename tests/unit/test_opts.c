// SPDX-License-Identifier: GPL-2.0-or-later
/* Option structs: every size and every reserved member, of each call that takes one. */
#include "unit.h"

/* Each call succeeds with options all 0 and takes back what it made. */
static int call_ctx(struct unit *u, const void *opts)
{
	struct dmabufx_ctx *ctx;
	int err = dx_ctx_new(&u->f->sys, opts, &ctx);

	if (!err)
		dmabufx_ctx_unref(ctx);
	return err;
}

static int call_ioas(struct unit *u, const void *opts)
{
	struct dmabufx_ioas *ioas;
	int err = dmabufx_ioas_new(u->ctx, opts, &ioas);

	if (!err)
		dmabufx_ioas_unref(ioas);
	return err;
}

static int call_clone(struct unit *u, const void *opts)
{
	struct dmabufx_ioas *ioas;
	int err = dmabufx_ioas_clone(u->ioas, opts, &ioas);

	if (!err)
		dmabufx_ioas_unref(ioas);
	return err;
}

static int call_map(struct unit *u, const void *opts)
{
	struct dmabufx_mapping *map;
	int err = dmabufx_ioas_map(u->ioas, u->buf, opts, &map);

	return err ? err : dmabufx_mapping_unmap(map);
}

static int call_map_va(struct unit *u, const void *opts)
{
	struct dmabufx_mapping *map;
	int err = dmabufx_ioas_map_va(u->ioas, (void *)0x10000, PAGE, opts, &map);

	return err ? err : dmabufx_mapping_unmap(map);
}

static int call_alloc(struct unit *u, const void *opts)
{
	struct dmabufx_buf *buf;
	int err = dmabufx_buf_alloc(u->ctx, PAGE, opts, &buf);

	if (!err)
		dmabufx_buf_unref(buf);
	return err;
}

static int call_import(struct unit *u, const void *opts)
{
	struct dmabufx_buf *buf;
	int err = dmabufx_buf_import(u->ctx, dmabufx_buf_fd(u->buf), opts, &buf);

	if (!err)
		dmabufx_buf_unref(buf);
	return err;
}

static int call_open(struct unit *u, const void *opts)
{
	struct dmabufx_dev *dev;
	int err = dmabufx_dev_open(u->ctx, ODD, opts, &dev);

	if (!err)
		dmabufx_dev_unref(dev);
	return err;
}

static int call_open_fd(struct unit *u, const void *opts)
{
	struct dmabufx_dev *dev;
	int fd = u->f->sys.open(&u->f->sys, "/dev/vfio/devices/vfio2", 0);
	int err = dmabufx_dev_open_fd(u->ctx, fd, opts, &dev);

	if (!err)
		dmabufx_dev_unref(dev);
	fake_close(u->f, fd);
	return err;
}

static int call_export(struct unit *u, const void *opts)
{
	struct dmabufx_buf *buf;
	int err = dmabufx_dev_export(u->mem, 2, 0, PAGE, opts, &buf);

	if (!err)
		dmabufx_buf_unref(buf);
	return err;
}

static int call_export_ranges(struct unit *u, const void *opts)
{
	struct dmabufx_range range = { .len = PAGE };
	struct dmabufx_buf *buf;
	int err = dmabufx_dev_export_ranges(u->mem, 2, &range, 1, opts, &buf);

	if (!err)
		dmabufx_buf_unref(buf);
	return err;
}

static int call_export_bar(struct unit *u, const void *opts)
{
	struct dmabufx_buf *buf;
	int n = dmabufx_dev_export_bar(u->mem, 2, opts, &buf, 1);

	if (n < 0)
		return n;
	dmabufx_buf_unref(buf);
	return 0;
}

static int call_probe(struct unit *u, const void *opts)
{
	struct dmabufx_probe_answer answer;
	int n = dmabufx_probe(u->ctx, opts, &answer, 1);

	return n < 0 ? n : 0;
}

#define AT(type, member) offsetof(struct type, member)
#define CALL(fn, type, flags, reserved)                                                 \
	{                                                                               \
		.name = #fn, .call = fn, .size = sizeof(struct type), .must_be_zero = { \
			flags,                                                          \
			reserved                                                        \
		}                                                                       \
	}

static const struct opts_call {
	const char *name;
	int (*call)(struct unit *u, const void *opts);
	size_t size;
	size_t must_be_zero[2]; /* flags, with a bit nobody knows; a reserved member */
} calls[] = {
	CALL(call_ctx, dmabufx_ctx_opts, AT(dmabufx_ctx_opts, flags), AT(dmabufx_ctx_opts, flags)),
	CALL(call_ioas, dmabufx_ioas_opts, AT(dmabufx_ioas_opts, flags),
	     AT(dmabufx_ioas_opts, reserved)),
	CALL(call_clone, dmabufx_ioas_opts, AT(dmabufx_ioas_opts, flags),
	     AT(dmabufx_ioas_opts, reserved)),
	CALL(call_map, dmabufx_map_opts, AT(dmabufx_map_opts, flags), AT(dmabufx_map_opts, flags)),
	CALL(call_map_va, dmabufx_map_opts, AT(dmabufx_map_opts, flags),
	     AT(dmabufx_map_opts, flags)),
	CALL(call_alloc, dmabufx_alloc_opts, AT(dmabufx_alloc_opts, flags),
	     AT(dmabufx_alloc_opts, reserved)),
	CALL(call_import, dmabufx_import_opts, AT(dmabufx_import_opts, flags),
	     AT(dmabufx_import_opts, reserved)),
	CALL(call_open, dmabufx_dev_opts, AT(dmabufx_dev_opts, flags),
	     AT(dmabufx_dev_opts, reserved)),
	CALL(call_open_fd, dmabufx_dev_opts, AT(dmabufx_dev_opts, flags),
	     AT(dmabufx_dev_opts, reserved)),
	CALL(call_export, dmabufx_export_opts, AT(dmabufx_export_opts, flags),
	     AT(dmabufx_export_opts, reserved)),
	CALL(call_export_ranges, dmabufx_export_opts, AT(dmabufx_export_opts, flags),
	     AT(dmabufx_export_opts, reserved)),
	CALL(call_export_bar, dmabufx_export_opts, AT(dmabufx_export_opts, flags),
	     AT(dmabufx_export_opts, reserved)),
	CALL(call_probe, dmabufx_probe_opts, AT(dmabufx_probe_opts, flags),
	     AT(dmabufx_probe_opts, reserved)),
};

#define NCALLS (sizeof(calls) / sizeof(calls[0]))

/* Options all 0 but for their size. */
static void *zeroed(size_t size)
{
	static _Alignas(8) uint8_t opts[8192];

	memset(opts, 0, sizeof(opts));
	memcpy(opts, &size, sizeof(size));
	return opts;
}

static void check(struct unit *u, const struct opts_call *c, const void *opts, int err,
		  enum dmabufx_reason reason)
{
	struct unit_account before = unit_account(u->f);

	forget_error();
	if (c->call(u, opts) != err || (err && dmabufx_last_error()->reason != reason))
		fail_msg("%s: wanted %s, got \"%s\"", c->name, dmabufx_strerror(err),
			 dmabufx_last_error()->text);
	unit_assert_same(&before, u->f, c->name, 0);
}

static void null_and_zeroed_options_mean_the_default(void **state)
{
	for (size_t i = 0; i < NCALLS; i++) {
		check(*state, &calls[i], NULL, 0, 0);
		check(*state, &calls[i], zeroed(calls[i].size), 0, 0);
	}
}

static void options_of_an_older_caller_are_filled_up(void **state)
{
	for (size_t i = 0; i < NCALLS; i++) {
		check(*state, &calls[i], zeroed(sizeof(size_t)), 0, 0);
		check(*state, &calls[i], zeroed(calls[i].size - 1), 0, 0);
	}
}

static void options_of_a_newer_caller_are_taken_if_the_rest_is_zero(void **state)
{
	for (size_t i = 0; i < NCALLS; i++) {
		check(*state, &calls[i], zeroed(calls[i].size + TAIL), 0, 0);
		check(*state, &calls[i], zeroed(4096), 0, 0);
	}
}

static void unknown_members_that_are_set_return_e2big(void **state)
{
	for (size_t i = 0; i < NCALLS; i++) {
		uint8_t *opts = zeroed(calls[i].size + TAIL);

		opts[calls[i].size + TAIL - 1] = 1;
		check(*state, &calls[i], opts, -E2BIG, DMABUFX_REASON_OPTS_UNKNOWN);
		opts = zeroed(calls[i].size + 1);
		opts[calls[i].size] = 0x80;
		check(*state, &calls[i], opts, -E2BIG, DMABUFX_REASON_OPTS_UNKNOWN);
	}
}

static void a_byte_behind_the_size_is_not_looked_at(void **state)
{
	for (size_t i = 0; i < NCALLS; i++) {
		uint8_t *opts = zeroed(calls[i].size);

		opts[calls[i].size] = 1;
		check(*state, &calls[i], opts, 0, 0);
	}
}

static void a_size_that_makes_no_sense_returns_einval(void **state)
{
	static const size_t sizes[] = { 0, 1, sizeof(size_t) - 1, 4097, SIZE_MAX };

	for (size_t i = 0; i < NCALLS; i++) {
		for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
			check(*state, &calls[i], zeroed(sizes[s]), -EINVAL,
			      DMABUFX_REASON_OPTS_SIZE);
	}
}

static void flags_nobody_knows_and_reserved_members_return_einval(void **state)
{
	for (size_t i = 0; i < NCALLS; i++) {
		for (size_t m = 0; m < 2; m++) {
			uint32_t bit = 1u << 31;
			uint8_t *opts = zeroed(calls[i].size);

			memcpy(opts + calls[i].must_be_zero[m], &bit, sizeof(bit));
			check(*state, &calls[i], opts, -EINVAL, DMABUFX_REASON_BAD_FLAGS);
		}
	}
}

static void bad_options_make_no_call_of_the_kernel(void **state)
{
	struct unit *u = *state;

	for (size_t i = 0; i < NCALLS; i++) {
		unsigned int before = u->f->nlog;

		if (calls[i].call == call_open_fd) /* it opens the node for itself */
			continue;
		check(u, &calls[i], zeroed(0), -EINVAL, DMABUFX_REASON_OPTS_SIZE);
		assert_int_equal(u->f->nlog, before);
	}
}

static void outputs_of_another_size_are_refused(void **state)
{
	struct unit *u = *state;
	struct dmabufx_dev_caps caps = { .size = sizeof(caps) - 1, .can_reset = 77 };
	struct dmabufx_buf_info info = { .size = sizeof(info) - 1, .bar = 77 };

	assert_fails(dmabufx_dev_get_caps(u->mem, &caps), EINVAL, OPTS_SIZE, "dmabufx_dev_caps");
	assert_fails(dmabufx_buf_get_info(u->buf, &info), EINVAL, OPTS_SIZE, "dmabufx_buf_info");
	caps.size = sizeof(caps) + 8;
	info.size = sizeof(info) + 8;
	assert_fails(dmabufx_dev_get_caps(u->mem, &caps), E2BIG, OPTS_UNKNOWN, "dmabufx_dev_caps");
	assert_fails(dmabufx_buf_get_info(u->buf, &info), E2BIG, OPTS_UNKNOWN, "dmabufx_buf_info");
	assert_int_equal(caps.can_reset, 77);
	assert_int_equal(info.bar, 77);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(null_and_zeroed_options_mean_the_default, unit_mapped),
		unit_case(options_of_an_older_caller_are_filled_up, unit_mapped),
		unit_case(options_of_a_newer_caller_are_taken_if_the_rest_is_zero, unit_mapped),
		unit_case(unknown_members_that_are_set_return_e2big, unit_mapped),
		unit_case(a_byte_behind_the_size_is_not_looked_at, unit_mapped),
		unit_case(a_size_that_makes_no_sense_returns_einval, unit_mapped),
		unit_case(flags_nobody_knows_and_reserved_members_return_einval, unit_mapped),
		unit_case(bad_options_make_no_call_of_the_kernel, unit_mapped),
		unit_case(outputs_of_another_size_are_refused, unit_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

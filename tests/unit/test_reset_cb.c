// SPDX-License-Identifier: GPL-2.0-or-later
/* A reset's callbacks: when they run, what they may do, what they can call off. */
#include "unit.h"

struct calls {
	struct unit *u;
	int pre;
	int post;
	unsigned int resets_seen_by_pre;
	unsigned int areas_seen_by_post;
	int nested;
	int err;
};

static int count_pre(struct dmabufx_dev *dev, void *user)
{
	struct calls *c = user;

	assert_ptr_equal(dev, c->u->mem);
	c->pre++;
	c->resets_seen_by_pre = c->u->vmem->resets;
	assert_non_null(fake_dma(c->u->f, c->u->vedu, IOVA));
	return c->err;
}

static int count_post(struct dmabufx_dev *dev, void *user)
{
	struct calls *c = user;

	c->post++;
	c->areas_seen_by_post = fake_areas(c->u->f);
	return -EIO; /* what post answers changes nothing */
}

static void pre_runs_before_anything_and_post_after_everything(void **state)
{
	struct unit *u = *state;
	struct calls c = { .u = u };

	assert_int_equal(dmabufx_dev_set_reset_cb(u->mem, count_pre, count_post, &c), 0);
	assert_int_equal(dmabufx_dev_reset(u->mem), 0);
	assert_int_equal(c.pre, 1);
	assert_int_equal(c.post, 1);
	assert_int_equal(c.resets_seen_by_pre, 0);
	assert_int_equal(c.areas_seen_by_post, 1);
}

static void pre_that_refuses_calls_the_reset_off(void **state)
{
	struct unit *u = *state;
	struct calls c = { .u = u, .err = -ECANCELED };

	assert_int_equal(dmabufx_dev_set_reset_cb(u->mem, count_pre, count_post, &c), 0);
	assert_fails(dmabufx_dev_reset(u->mem), ECANCELED, SYSTEM, MEM, "callback");
	assert_int_equal(u->vmem->resets, 0);
	assert_int_equal(c.post, 0);
	assert_int_equal(fake_count(u->f, IOMMU_IOAS_UNMAP), 0);
	assert_state(u->map, LIVE);
	c.err = 0;
	assert_int_equal(dmabufx_dev_reset(u->mem), 0);
}

static void post_runs_after_a_reset_that_failed_too(void **state)
{
	struct unit *u = *state;
	struct calls c = { .u = u };

	assert_int_equal(dmabufx_dev_set_reset_cb(u->mem, NULL, count_post, &c), 0);
	fake_fail_ioctl(u->f, VFIO_DEVICE_RESET, EIO);
	assert_fails(dmabufx_dev_reset(u->mem), EIO, SYSTEM, MEM);
	assert_int_equal(c.post, 1);
	assert_int_equal(c.areas_seen_by_post, 1);
}

static int fail_something(struct dmabufx_dev *dev, void *user)
{
	return dmabufx_dev_export(dev, 77, 0, PAGE, NULL, user) ? 0 : -EIO;
}

static void what_fails_in_post_does_not_hide_why_the_reset_failed(void **state)
{
	struct unit *u = *state;
	struct dmabufx_buf *none;

	assert_int_equal(dmabufx_dev_set_reset_cb(u->mem, NULL, fail_something, &none), 0);
	fake_fail_ioctl(u->f, VFIO_DEVICE_RESET, EIO);
	assert_fails(dmabufx_dev_reset(u->mem), EIO, SYSTEM, MEM, "resetting");
}

static int reset_again(struct dmabufx_dev *dev, void *user)
{
	struct calls *c = user;

	c->nested = dmabufx_dev_reset(dev);
	c->err = dmabufx_last_error()->reason;
	return 0;
}

static void a_reset_from_inside_returns_ebusy(void **state)
{
	struct unit *u = *state;
	struct calls c = { .u = u };

	assert_int_equal(dmabufx_dev_set_reset_cb(u->mem, reset_again, NULL, &c), 0);
	assert_int_equal(dmabufx_dev_reset(u->mem), 0);
	assert_int_equal(c.nested, -EBUSY);
	assert_int_equal(c.err, DMABUFX_REASON_BUSY);
	assert_int_equal(dmabufx_dev_set_reset_cb(u->mem, NULL, reset_again, &c), 0);
	c.nested = 0;
	assert_int_equal(dmabufx_dev_reset(u->mem), 0);
	assert_int_equal(c.nested, -EBUSY);
	assert_int_equal(u->vmem->resets, 2);
}

static int reset_other(struct dmabufx_dev *dev, void *user)
{
	struct calls *c = user;

	c->nested = dmabufx_dev_reset(c->u->edu);
	return 0;
}

static void another_device_can_be_reset_from_inside(void **state)
{
	struct unit *u = *state;
	struct calls c = { .u = u, .nested = -1 };

	assert_int_equal(dmabufx_dev_set_reset_cb(u->mem, reset_other, NULL, &c), 0);
	assert_int_equal(dmabufx_dev_reset(u->mem), 0);
	assert_int_equal(c.nested, 0);
	assert_int_equal(u->vedu->resets, 1);
}

static int use_the_library(struct dmabufx_dev *dev, void *user)
{
	struct unit *u = ((struct calls *)user)->u;
	struct dmabufx_mapping *map;
	struct dmabufx_buf *buf = export_at(dev, 2, 0, PAGE);

	assert_int_equal(dmabufx_ioas_map(u->ioas, buf, NULL, &map), 0);
	assert_int_equal(dmabufx_mapping_unmap(map), 0);
	dmabufx_buf_unref(buf);
	return 0;
}

static void callbacks_may_call_the_library(void **state)
{
	struct unit *u = *state;
	struct calls c = { .u = u };

	assert_int_equal(dmabufx_dev_set_reset_cb(u->mem, use_the_library, use_the_library, &c), 0);
	assert_int_equal(dmabufx_dev_reset(u->mem), 0);
	assert_state(u->map, LIVE);
}

static int unmap_it(struct dmabufx_dev *dev, void *user)
{
	struct unit *u = ((struct calls *)user)->u;

	assert_int_equal(dmabufx_mapping_unmap(u->map), 0);
	u->map = NULL;
	return 0;
}

static void pre_may_unmap_what_would_be_remapped(void **state)
{
	struct unit *u = *state;
	struct calls c = { .u = u };

	assert_int_equal(dmabufx_dev_set_reset_cb(u->mem, unmap_it, NULL, &c), 0);
	assert_int_equal(dmabufx_dev_reset(u->mem), 0);
	assert_int_equal(fake_areas(u->f), 0);
	expect_no_event(u);
}

static int drop_everything(struct dmabufx_dev *dev, void *user)
{
	unit_drop(((struct calls *)user)->u);
	return 0;
}

static void post_may_drop_the_last_references(void **state)
{
	struct unit *u = *state;
	struct calls c = { .u = u };

	assert_int_equal(dmabufx_dev_set_reset_cb(u->mem, NULL, drop_everything, &c), 0);
	assert_int_equal(dmabufx_dev_reset(u->mem), 0);
	assert_nothing_left(u->f);
}

static void pre_may_drop_the_last_references(void **state)
{
	struct unit *u = *state;
	struct calls c = { .u = u };

	assert_int_equal(dmabufx_dev_set_reset_cb(u->mem, drop_everything, NULL, &c), 0);
	assert_int_equal(dmabufx_dev_reset(u->mem), 0);
	assert_nothing_left(u->f);
}

static int take_it_off(struct dmabufx_dev *dev, void *user)
{
	((struct calls *)user)->pre++;
	return dmabufx_dev_set_reset_cb(dev, NULL, NULL, NULL);
}

static void callbacks_can_be_taken_off_from_inside(void **state)
{
	struct unit *u = *state;
	struct calls c = { .u = u };

	assert_int_equal(dmabufx_dev_set_reset_cb(u->mem, take_it_off, count_post, &c), 0);
	assert_int_equal(dmabufx_dev_reset(u->mem), 0);
	assert_int_equal(dmabufx_dev_reset(u->mem), 0);
	assert_int_equal(c.pre, 1);
	assert_int_equal(c.post, 0);
	assert_fails(dmabufx_dev_set_reset_cb(NULL, NULL, NULL, NULL), EINVAL, NULL_ARGUMENT,
		     "dev");
}

struct outer {
	int pre;
	int post;
	int answer;
	int inner;
};

static int on_pre(struct dmabufx_dev *dev, void *user)
{
	struct outer *c = user;

	c->pre++;
	c->inner = dmabufx_dev_reset_begin(dev);
	return c->answer;
}

static int on_post(struct dmabufx_dev *dev, void *user)
{
	struct outer *c = user;

	c->post++;
	c->inner = dmabufx_dev_reset_end(dev);
	return 0;
}

static void callbacks_run_at_the_begin_and_at_the_end(void **state)
{
	struct unit *u = *state;
	struct outer c = { 0 };

	assert_int_equal(dmabufx_dev_set_reset_cb(u->mem, on_pre, on_post, &c), 0);
	assert_int_equal(dmabufx_dev_reset_begin(u->mem), 0);
	assert_int_equal(c.pre, 1);
	assert_int_equal(c.post, 0);
	assert_int_equal(c.inner, -EBUSY);
	assert_int_equal(dmabufx_dev_reset_end(u->mem), 0);
	assert_int_equal(c.pre, 1);
	assert_int_equal(c.post, 1);
	assert_int_equal(c.inner, -EINVAL);
	c.answer = -ECANCELED;
	assert_fails(dmabufx_dev_reset_begin(u->mem), ECANCELED, SYSTEM, MEM, "callback");
	assert_int_equal(c.post, 1);
	assert_state(u->map, LIVE);
	assert_fails(dmabufx_dev_reset_end(u->mem), EINVAL, NOT_BEGUN, MEM);
}

/* A begin that fails is over. */
static void post_runs_after_a_begin_that_failed(void **state)
{
	struct unit *u = *state;
	struct outer c = { 0 };

	assert_int_equal(dmabufx_dev_set_reset_cb(u->mem, on_pre, on_post, &c), 0);
	fake_fail_ioctl(u->f, IOMMU_IOAS_UNMAP, EBUSY);
	assert_fails(dmabufx_dev_reset_begin(u->mem), EBUSY, SYSTEM, "unmapping");
	fake_heal(u->f);
	assert_int_equal(c.pre, 1);
	assert_int_equal(c.post, 1);
	assert_state(u->map, LIVE);
}

static void callbacks_of_a_begun_reset_may_drop_the_last_references(void **state)
{
	struct unit *u = *state;
	struct calls c = { .u = u };

	assert_int_equal(dmabufx_dev_set_reset_cb(u->mem, NULL, drop_everything, &c), 0);
	assert_int_equal(dmabufx_dev_reset_begin(u->mem), 0);
	assert_int_equal(dmabufx_dev_reset_end(u->mem), 0);
	assert_nothing_left(u->f);
}

static void pre_of_a_begun_reset_may_drop_the_last_references(void **state)
{
	struct unit *u = *state;
	struct calls c = { .u = u };

	assert_int_equal(dmabufx_dev_set_reset_cb(u->mem, drop_everything, NULL, &c), 0);
	assert_int_equal(dmabufx_dev_reset_begin(u->mem), 0);
	assert_nothing_left(u->f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(pre_runs_before_anything_and_post_after_everything, unit_mapped),
		unit_case(pre_that_refuses_calls_the_reset_off, unit_mapped),
		unit_case(post_runs_after_a_reset_that_failed_too, unit_mapped),
		unit_case(what_fails_in_post_does_not_hide_why_the_reset_failed, unit_mapped),
		unit_case(a_reset_from_inside_returns_ebusy, unit_mapped),
		unit_case(another_device_can_be_reset_from_inside, unit_mapped),
		unit_case(callbacks_may_call_the_library, unit_mapped),
		unit_case(pre_may_unmap_what_would_be_remapped, unit_mapped),
		unit_case(post_may_drop_the_last_references, unit_mapped),
		unit_case(pre_may_drop_the_last_references, unit_mapped),
		unit_case(callbacks_can_be_taken_off_from_inside, unit_mapped),
		unit_case(callbacks_run_at_the_begin_and_at_the_end, unit_mapped),
		unit_case(post_runs_after_a_begin_that_failed, unit_mapped),
		unit_case(callbacks_of_a_begun_reset_may_drop_the_last_references, unit_mapped),
		unit_case(pre_of_a_begun_reset_may_drop_the_last_references, unit_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

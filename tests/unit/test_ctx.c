// SPDX-License-Identifier: GPL-2.0-or-later
/* Contexts: what they open and when, their log, their end. */
#include "unit.h"

static void new_touches_nothing_in_the_kernel(void **state)
{
	struct unit *u = *state;

	assert_int_equal(u->f->nlog, 0);
	assert_int_equal(fake_open_fds(u->f), 0);
}

static void new_refuses_null_unknown_backends_and_flags(void **state)
{
	DMABUFX_OPTS(dmabufx_ctx_opts, backend, .backend = 3);
	DMABUFX_OPTS(dmabufx_ctx_opts, flags, .flags = 4);
	struct dmabufx_ctx *ctx = SENTINEL;

	assert_fails(dmabufx_ctx_new(NULL, NULL), EINVAL, NULL_ARGUMENT, "ret");
	assert_fails(dmabufx_ctx_new(&backend, &ctx), EINVAL, BACKEND, "backend 3");
	assert_fails(dmabufx_ctx_new(&flags, &ctx), EINVAL, BAD_FLAGS, "0x4");
	assert_ptr_equal(ctx, SENTINEL);
}

static void new_without_memory_returns_enomem(void **state)
{
	struct unit *u = *state;
	struct dmabufx_ctx *ctx = SENTINEL;
	long before = heap_bytes();

	heap_fail_nth(1);
	assert_fails(dx_ctx_new(&u->f->sys, NULL, &ctx), ENOMEM, NO_MEMORY, "memory");
	assert_int_equal(heap_bytes(), before);
	assert_ptr_equal(ctx, SENTINEL);
}

static void new_on_the_real_kernel_opens_nothing(void **state)
{
	struct dmabufx_ctx *ctx;

	assert_int_equal(dmabufx_ctx_new(NULL, &ctx), 0);
	assert_null(dmabufx_ctx_unref(ctx));
}

static void unref_of_null_is_null(void **state)
{
	assert_null(dmabufx_ctx_unref(NULL));
	assert_null(dmabufx_ioas_unref(NULL));
	assert_null(dmabufx_buf_unref(NULL));
	assert_null(dmabufx_dev_unref(NULL));
	assert_null(dmabufx_buf_ref(NULL));
	assert_null(dmabufx_dev_ref(NULL));
	assert_int_equal(dmabufx_mapping_unmap(NULL), 0);
}

static void auto_backend_is_iommufd_where_its_node_opens(void **state)
{
	struct unit *u = *state;

	assert_int_equal(dmabufx_ctx_backend(u->ctx), DMABUFX_BACKEND_IOMMUFD);
	assert_int_equal(fake_open_fds(u->f), 1);
	assert_int_equal(dmabufx_ctx_backend(u->ctx), DMABUFX_BACKEND_IOMMUFD);
	assert_int_equal(fake_open_fds(u->f), 1);
}

static void auto_backend_is_type1_without_iommufd(void **state)
{
	struct unit *u = *state;

	fake_remove(u->f, "/dev/iommu");
	assert_int_equal(dmabufx_ctx_backend(u->ctx), DMABUFX_BACKEND_TYPE1);
	assert_int_equal(fake_open_fds(u->f), 0);
}

static void auto_backend_is_type1_without_permission_for_iommufd(void **state)
{
	struct unit *u = *state;

	fake_fail(u->f, (struct fake_rule){ .op = FAKE_OPEN, .path = "/dev/iommu", .err = EACCES });
	assert_int_equal(dmabufx_ctx_backend(u->ctx), DMABUFX_BACKEND_TYPE1);
}

static void backend_of_null_returns_einval(void **state)
{
	assert_fails(dmabufx_ctx_backend(NULL), EINVAL, NULL_ARGUMENT, "ctx");
}

static void no_backend_at_all_returns_enodev(void **state)
{
	struct unit *u = *state;

	fake_remove(u->f, "/dev/iommu");
	fake_remove(u->f, "/dev/vfio/vfio");
	assert_fails(dmabufx_ctx_backend(u->ctx), ENODEV, NO_IOMMU, "/dev/iommu", "/dev/vfio/vfio",
		     "vfio-pci");
}

static void wanted_backend_that_is_absent_returns_enodev(void **state)
{
	struct unit *u = *state;
	struct dmabufx_ctx *iommufd = new_ctx(u, DMABUFX_BACKEND_IOMMUFD);
	struct dmabufx_ctx *type1 = new_ctx(u, DMABUFX_BACKEND_TYPE1);

	fake_fail(u->f, (struct fake_rule){ .op = FAKE_OPEN, .path = "/dev/iommu", .err = ENXIO });
	assert_fails(dmabufx_ctx_backend(iommufd), ENODEV, NO_IOMMU, "/dev/iommu",
		     "CONFIG_IOMMUFD");
	fake_remove(u->f, "/dev/vfio/vfio");
	assert_fails(dmabufx_ctx_backend(type1), ENODEV, NO_IOMMU, "/dev/vfio/vfio");
	dmabufx_ctx_unref(iommufd);
	dmabufx_ctx_unref(type1);
}

/* With neither usable, the errno of the node that is there is the one to mend. */
static void errors_of_opening_a_node_are_told(void **state)
{
	static const int errs[] = { EACCES, EPERM, EMFILE, ENFILE, ENOMEM };
	struct unit *u = *state;

	fake_remove(u->f, "/dev/vfio/vfio");
	for (size_t i = 0; i < sizeof(errs) / sizeof(errs[0]); i++) {
		fake_fail(u->f, (struct fake_rule){
					.op = FAKE_OPEN, .path = "/dev/iommu", .err = errs[i] });
		assert_int_equal(dmabufx_ctx_backend(u->ctx), -errs[i]);
		assert_non_null(strstr(dmabufx_last_error()->text, "/dev/iommu"));
		fake_heal(u->f);
	}
	assert_int_equal(dmabufx_ctx_backend(u->ctx), DMABUFX_BACKEND_IOMMUFD);
}

static void default_ioas_is_made_once_and_borrowed(void **state)
{
	struct unit *u = *state;
	struct dmabufx_ioas *first, *second;

	assert_int_equal(dmabufx_ctx_ioas(u->ctx, &first), 0);
	assert_int_equal(dmabufx_ctx_ioas(u->ctx, &second), 0);
	assert_ptr_equal(first, second);
	assert_int_equal(fake_spaces(u->f), 1);
}

static void default_ioas_refuses_null_and_tells_errors(void **state)
{
	struct unit *u = *state;
	struct dmabufx_ioas *ioas = SENTINEL;

	assert_fails(dmabufx_ctx_ioas(NULL, &ioas), EINVAL, NULL_ARGUMENT, "ctx");
	assert_fails(dmabufx_ctx_ioas(u->ctx, NULL), EINVAL, NULL_ARGUMENT, "ret");
	fake_fail_ioctl(u->f, IOMMU_IOAS_ALLOC, ENOMEM);
	assert_fails(dmabufx_ctx_ioas(u->ctx, &ioas), ENOMEM, NO_MEMORY, "address space");
	assert_ptr_equal(ioas, SENTINEL);
	fake_heal(u->f);
	assert_int_equal(dmabufx_ctx_ioas(u->ctx, &ioas), 0);
}

/* Whoever is left closes the kernel's objects. */
static void objects_outlive_the_callers_reference(void **state)
{
	struct unit *u = *state;

	u->ctx = dmabufx_ctx_unref(u->ctx);
	assert_int_equal(dmabufx_mapping_unmap(u->map), 0);
	u->map = NULL;
	u->mem = dmabufx_dev_unref(u->mem);
	u->ioas = dmabufx_ioas_unref(u->ioas);
	u->edu = dmabufx_dev_unref(u->edu);
	assert_int_not_equal(fake_open_fds(u->f), 0);
	u->buf = dmabufx_buf_unref(u->buf);
	assert_nothing_left(u->f);
}

static void mapping_is_the_last_to_hold_the_ctx(void **state)
{
	struct unit *u = *state;

	u->ctx = dmabufx_ctx_unref(u->ctx);
	u->buf = dmabufx_buf_unref(u->buf);
	u->ioas = dmabufx_ioas_unref(u->ioas);
	u->mem = dmabufx_dev_unref(u->mem);
	u->edu = dmabufx_dev_unref(u->edu);
	assert_state(u->map, GONE);
	assert_int_equal(dmabufx_mapping_unmap(u->map), 0);
	u->map = NULL;
	assert_nothing_left(u->f);
}

static void set_log_refuses_null_and_unknown_levels(void **state)
{
	struct unit *u = *state;

	assert_fails(dmabufx_ctx_set_log(NULL, NULL, NULL, DMABUFX_LOG_WARN), EINVAL, NULL_ARGUMENT,
		     "ctx");
	assert_fails(dmabufx_ctx_set_log(u->ctx, NULL, NULL, (enum dmabufx_log_level)3), EINVAL,
		     BAD_FLAGS, "log level 3");
	assert_fails(dmabufx_ctx_set_log(u->ctx, NULL, NULL, (enum dmabufx_log_level) - 1), EINVAL,
		     BAD_FLAGS, "log level -1");
}

static void log_hears_no_more_than_it_asked_for(void **state)
{
	struct unit *u = *state;
	struct unit_log log = { 0 };

	assert_int_equal(dmabufx_ctx_set_log(u->ctx, unit_log_fn, &log, DMABUFX_LOG_WARN), 0);
	assert_int_equal(dmabufx_ctx_backend(u->ctx), DMABUFX_BACKEND_IOMMUFD);
	assert_int_equal(log.lines, 0);
	assert_int_equal(dmabufx_ctx_set_log(u->ctx, unit_log_fn, &log, DMABUFX_LOG_INFO), 0);
	u->edu = open_dev(u, EDU);
	assert_int_equal(log.lines, 1);
	assert_int_equal(log.level, DMABUFX_LOG_INFO);
	assert_non_null(strstr(log.text, EDU));
	assert_int_equal(dmabufx_ctx_set_log(u->ctx, NULL, NULL, DMABUFX_LOG_DEBUG), 0);
	u->mem = open_dev(u, MEM);
	assert_int_equal(log.lines, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(new_touches_nothing_in_the_kernel, unit_ctx),
		unit_case(new_refuses_null_unknown_backends_and_flags, unit_ctx),
		unit_case(new_without_memory_returns_enomem, unit_ctx),
		unit_case(new_on_the_real_kernel_opens_nothing, unit_ctx),
		unit_case(unref_of_null_is_null, unit_ctx),
		unit_case(auto_backend_is_iommufd_where_its_node_opens, unit_ctx),
		unit_case(auto_backend_is_type1_without_iommufd, unit_ctx),
		unit_case(auto_backend_is_type1_without_permission_for_iommufd, unit_ctx),
		unit_case(backend_of_null_returns_einval, unit_ctx),
		unit_case(no_backend_at_all_returns_enodev, unit_ctx),
		unit_case(wanted_backend_that_is_absent_returns_enodev, unit_ctx),
		unit_case(errors_of_opening_a_node_are_told, unit_ctx),
		unit_case(default_ioas_is_made_once_and_borrowed, unit_ctx),
		unit_case(default_ioas_refuses_null_and_tells_errors, unit_ctx),
		unit_case(objects_outlive_the_callers_reference, unit_mapped),
		unit_case(mapping_is_the_last_to_hold_the_ctx, unit_mapped),
		unit_case(set_log_refuses_null_and_unknown_levels, unit_ctx),
		unit_case(log_hears_no_more_than_it_asked_for, unit_ctx),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

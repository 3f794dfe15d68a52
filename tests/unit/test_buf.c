// SPDX-License-Identifier: GPL-2.0-or-later
/* Buffers: memory, and what somebody else made. */
#include "unit.h"

#include <fcntl.h>

static struct dmabufx_buf_info info_of(struct dmabufx_buf *buf)
{
	struct dmabufx_buf_info info = { .size = sizeof(info) };

	assert_int_equal(dmabufx_buf_get_info(buf, &info), 0);
	return info;
}

static void alloc_makes_sealed_memory_of_whole_pages(void **state)
{
	struct unit *u = *state;
	struct dmabufx_buf_info info;

	u->buf = new_memfd(u, PAGE + 1);
	info = info_of(u->buf);
	assert_int_equal(info.len, 2 * PAGE);
	assert_int_equal(info.kind, DMABUFX_BUF_MEMFD);
	assert_int_equal(info.page_size, PAGE);
	assert_int_equal(info.nranges, 1);
	assert_string_equal(info.exporter, "memfd");
	assert_string_equal(info.bdf, "");
	assert_int_equal(fake_at(u->f, dmabufx_buf_fd(u->buf))->seals,
			 F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	assert_int_equal(fake_at(u->f, dmabufx_buf_fd(u->buf))->size, 2 * PAGE);
}

/* One of before 6.3, which has no MFD_NOEXEC_SEAL. */
static void alloc_works_on_a_kernel_that_knows_fewer_flags(void **state)
{
	struct unit *u = *state;

	fake_fail(u->f, (struct fake_rule){ .op = FAKE_MEMFD, .err = EINVAL, .times = 1 });
	u->buf = new_memfd(u, PAGE);
}

static void alloc_of_huge_pages_rounds_to_them(void **state)
{
	DMABUFX_OPTS(dmabufx_alloc_opts, opts, .flags = DMABUFX_ALLOC_HUGETLB);
	struct unit *u = *state;

	assert_int_equal(dmabufx_buf_alloc(u->ctx, 1, &opts, &u->buf), 0);
	assert_int_equal(info_of(u->buf).len, 2 * MIB);
	assert_int_equal(info_of(u->buf).page_size, 2 * MIB);
}

static void alloc_without_a_pool_of_that_size_returns_enomem(void **state)
{
	DMABUFX_OPTS(dmabufx_alloc_opts, opts, .flags = DMABUFX_ALLOC_HUGETLB,
		     .page_size = 1 << 30);
	struct unit *u = *state;
	struct dmabufx_buf *buf = SENTINEL;

	assert_fails(dmabufx_buf_alloc(u->ctx, PAGE, &opts, &buf), ENOMEM, HUGETLB, "1048576 KiB",
		     "nr_hugepages");
	assert_ptr_equal(buf, SENTINEL);
}

static void alloc_from_an_empty_pool_returns_enomem(void **state)
{
	DMABUFX_OPTS(dmabufx_alloc_opts, opts, .flags = DMABUFX_ALLOC_HUGETLB);
	struct unit *u = *state;
	struct dmabufx_buf *buf = SENTINEL;

	assert_fails(dmabufx_buf_alloc(u->ctx, 8 * MIB, &opts, &buf), ENOMEM, HUGETLB, "2048 KiB",
		     "0x800000", "nr_hugepages");
	assert_ptr_equal(buf, SENTINEL);
	assert_int_equal(fake_open_fds(u->f), 0);
	assert_int_equal(dmabufx_buf_alloc(u->ctx, 6 * MIB, &opts, &u->buf), 0);
}

static void alloc_refuses_null_and_bad_lengths(void **state)
{
	DMABUFX_OPTS(dmabufx_alloc_opts, odd, .flags = DMABUFX_ALLOC_HUGETLB,
		     .page_size = 3 * PAGE);
	DMABUFX_OPTS(dmabufx_alloc_opts, lost, .page_size = 2 * MIB);
	struct unit *u = *state;
	struct dmabufx_buf *buf = SENTINEL;

	assert_fails(dmabufx_buf_alloc(NULL, PAGE, NULL, &buf), EINVAL, NULL_ARGUMENT, "ctx");
	assert_fails(dmabufx_buf_alloc(u->ctx, PAGE, NULL, NULL), EINVAL, NULL_ARGUMENT, "ret");
	assert_fails(dmabufx_buf_alloc(u->ctx, 0, NULL, &buf), EINVAL, LENGTH_ZERO, "0 bytes");
	assert_fails(dmabufx_buf_alloc(u->ctx, UINT64_MAX, NULL, &buf), EINVAL, PAST_END,
		     "0xffffffffffffffff");
	assert_fails(dmabufx_buf_alloc(u->ctx, 1ull << 63, NULL, &buf), EINVAL, PAST_END,
		     "0x8000000000000000");
	assert_fails(dmabufx_buf_alloc(u->ctx, PAGE, &odd, &buf), EINVAL, LENGTH_UNALIGNED,
		     "0x3000", "power of two");
	assert_fails(dmabufx_buf_alloc(u->ctx, PAGE, &lost, &buf), EINVAL, BAD_FLAGS,
		     "DMABUFX_ALLOC_HUGETLB");
	assert_ptr_equal(buf, SENTINEL);
	assert_int_equal(u->f->nlog, 0);
}

static void alloc_tells_the_kernels_errors_and_leaves_nothing(void **state)
{
	static const enum fake_op ops[] = { FAKE_MEMFD, FAKE_TRUNCATE, FAKE_SEAL };
	static const int errs[] = { EMFILE, ENFILE, ENOMEM };
	struct unit *u = *state;
	struct dmabufx_buf *buf = SENTINEL;

	for (size_t i = 0; i < 9; i++) {
		fake_fail(u->f, (struct fake_rule){ .op = ops[i / 3], .err = errs[i % 3] });
		assert_int_equal(dmabufx_buf_alloc(u->ctx, PAGE, NULL, &buf), -errs[i % 3]);
		assert_non_null(strstr(dmabufx_last_error()->text, "memfd of 0x1000 bytes"));
		assert_int_equal(fake_open_fds(u->f), 0);
		fake_heal(u->f);
	}
	heap_fail_nth(1);
	assert_fails(dmabufx_buf_alloc(u->ctx, PAGE, NULL, &buf), ENOMEM, NO_MEMORY, "memory");
	assert_int_equal(fake_open_fds(u->f), 0);
	assert_ptr_equal(buf, SENTINEL);
}

static void import_of_a_dmabuf_tells_its_exporter(void **state)
{
	struct unit *u = *state;
	int fd = fake_foreign_dmabuf(u->f, "udmabuf", 3 * PAGE);
	struct dmabufx_buf_info info;

	assert_int_equal(dmabufx_buf_import(u->ctx, fd, NULL, &u->buf), 0);
	assert_int_not_equal(dmabufx_buf_fd(u->buf), fd);
	info = info_of(u->buf);
	assert_int_equal(info.kind, DMABUFX_BUF_DMABUF);
	assert_int_equal(info.len, 3 * PAGE);
	assert_int_equal(info.page_size, 0);
	assert_int_equal(info.inode, fake_at(u->f, fd)->ino);
	assert_string_equal(info.exporter, "udmabuf");
	fake_close(u->f, fd);
}

static void import_of_a_memfd_is_memory(void **state)
{
	struct unit *u = *state;
	int fd = fake_fd(u->f, FAKE_MEMFD_FILE);

	fake_at(u->f, fd)->size = 2 * PAGE;
	assert_int_equal(dmabufx_buf_import(u->ctx, fd, NULL, &u->buf), 0);
	assert_int_equal(info_of(u->buf).kind, DMABUFX_BUF_MEMFD);
	assert_string_equal(info_of(u->buf).exporter, "memfd");
	fake_close(u->f, fd);
}

static void import_of_anything_else_returns_einval(void **state)
{
	struct unit *u = *state;
	struct dmabufx_buf *buf = SENTINEL;
	int plain = fake_fd(u->f, FAKE_PLAIN), empty = fake_fd(u->f, FAKE_MEMFD_FILE);

	assert_fails(dmabufx_buf_import(u->ctx, plain, NULL, &buf), EINVAL, FOREIGN_FD,
		     "neither a dma-buf nor a memfd");
	assert_fails(dmabufx_buf_import(u->ctx, empty, NULL, &buf), EINVAL, LENGTH_ZERO,
		     "empty memfd");
	assert_ptr_equal(buf, SENTINEL);
	assert_int_equal(fake_open_fds(u->f), 2);
	fake_close(u->f, plain);
	fake_close(u->f, empty);
}

static void import_refuses_null_and_closed_descriptors(void **state)
{
	struct unit *u = *state;
	struct dmabufx_buf *buf = SENTINEL;

	assert_fails(dmabufx_buf_import(NULL, 0, NULL, &buf), EINVAL, NULL_ARGUMENT, "ctx");
	assert_fails(dmabufx_buf_import(u->ctx, 0, NULL, NULL), EINVAL, NULL_ARGUMENT, "ret");
	assert_fails(dmabufx_buf_import(u->ctx, 177, NULL, &buf), EBADF, BAD_FD, "177");
	assert_ptr_equal(buf, SENTINEL);
}

static void import_tells_the_kernels_errors_and_leaves_nothing(void **state)
{
	static const struct {
		enum fake_op op;
		int err;
		const char *words;
	} table[] = {
		{ FAKE_DUP, EMFILE, "duplicating" },
		{ FAKE_OPEN, ENFILE, "fdinfo" },
		{ FAKE_READ, ENOMEM, "fdinfo" },
		{ FAKE_SIZE, EIO, "seeking" },
	};
	struct unit *u = *state;
	struct dmabufx_buf *buf = SENTINEL;
	int fd = fake_foreign_dmabuf(u->f, "udmabuf", PAGE);

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		fake_fail(u->f, (struct fake_rule){ .op = table[i].op, .err = table[i].err });
		assert_int_equal(dmabufx_buf_import(u->ctx, fd, NULL, &buf), -table[i].err);
		assert_non_null(strstr(dmabufx_last_error()->text, table[i].words));
		assert_int_equal(fake_open_fds(u->f), 1);
		fake_heal(u->f);
	}
	for (unsigned int nth = 1; nth <= 2; nth++) {
		heap_fail_nth(nth);
		assert_int_equal(dmabufx_buf_import(u->ctx, fd, NULL, &buf), -ENOMEM);
		assert_int_equal(fake_open_fds(u->f), 1);
	}
	assert_ptr_equal(buf, SENTINEL);
	fake_close(u->f, fd);
}

static void info_of_an_exported_buffer_counts_its_mappings(void **state)
{
	struct unit *u = *state;
	struct dmabufx_mapping *second = map_fixed(u->ioas, u->buf, 2 * 64 * MIB);

	assert_int_equal(info_of(u->buf).mappings, 2);
	assert_int_equal(dmabufx_mapping_unmap(second), 0);
	assert_int_equal(info_of(u->buf).mappings, 1);
}

static void info_refuses_null_and_tells_errors(void **state)
{
	struct dmabufx_buf_info info = { .size = sizeof(info), .bar = 77 };
	struct unit *u = *state;

	assert_fails(dmabufx_buf_get_info(NULL, &info), EINVAL, NULL_ARGUMENT, "buf");
	assert_fails(dmabufx_buf_get_info(u->buf, NULL), EINVAL, NULL_ARGUMENT, "ret");
	fake_fail(u->f, (struct fake_rule){ .op = FAKE_INODE, .err = EIO });
	assert_fails(dmabufx_buf_get_info(u->buf, &info), EIO, SYSTEM, "fstat");
	fake_heal(u->f);
	fake_fail(u->f, (struct fake_rule){ .op = FAKE_OPEN, .err = EMFILE });
	assert_fails(dmabufx_buf_get_info(u->buf, &info), EMFILE, SYSTEM, "fdinfo");
	assert_int_equal(info.bar, 77);
	fake_heal(u->f);
	assert_int_equal(dmabufx_buf_get_info(u->buf, &info), 0);
	assert_int_equal(info.bar, 2);
}

static void descriptors_are_borrowed_or_ones_own(void **state)
{
	struct unit *u = *state;
	int own;

	u->buf = new_memfd(u, PAGE);
	own = dmabufx_buf_dup_fd(u->buf);
	assert_true(own >= 0);
	assert_int_not_equal(own, dmabufx_buf_fd(u->buf));
	fake_close(u->f, own);
	assert_fails(dmabufx_buf_fd(NULL), EINVAL, NULL_ARGUMENT, "buf");
	assert_fails(dmabufx_buf_dup_fd(NULL), EINVAL, NULL_ARGUMENT, "buf");
	fake_fail(u->f, (struct fake_rule){ .op = FAKE_DUP, .err = EMFILE });
	assert_fails(dmabufx_buf_dup_fd(u->buf), EMFILE, SYSTEM, "duplicating", "RLIMIT_NOFILE");
}

static void the_last_reference_closes_the_descriptor(void **state)
{
	struct unit *u = *state;

	u->buf = new_memfd(u, PAGE);
	assert_ptr_equal(dmabufx_buf_ref(u->buf), u->buf);
	assert_null(dmabufx_buf_unref(u->buf));
	assert_int_equal(fake_open_fds(u->f), 1);
	u->buf = dmabufx_buf_unref(u->buf);
	assert_int_equal(fake_open_fds(u->f), 0);
}

static void a_mapping_keeps_its_buffer(void **state)
{
	struct unit *u = *state;

	u->buf = dmabufx_buf_unref(u->buf);
	assert_non_null(fake_dma(u->f, u->vedu, IOVA));
	assert_int_equal(dmabufx_dev_reset(u->mem), 0);
	assert_non_null(fake_dma(u->f, u->vedu, IOVA));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(alloc_makes_sealed_memory_of_whole_pages, unit_ctx),
		unit_case(alloc_works_on_a_kernel_that_knows_fewer_flags, unit_ctx),
		unit_case(alloc_of_huge_pages_rounds_to_them, unit_ctx),
		unit_case(alloc_without_a_pool_of_that_size_returns_enomem, unit_ctx),
		unit_case(alloc_from_an_empty_pool_returns_enomem, unit_ctx),
		unit_case(alloc_refuses_null_and_bad_lengths, unit_ctx),
		unit_case(alloc_tells_the_kernels_errors_and_leaves_nothing, unit_ctx),
		unit_case(import_of_a_dmabuf_tells_its_exporter, unit_ctx),
		unit_case(import_of_a_memfd_is_memory, unit_ctx),
		unit_case(import_of_anything_else_returns_einval, unit_ctx),
		unit_case(import_refuses_null_and_closed_descriptors, unit_ctx),
		unit_case(import_tells_the_kernels_errors_and_leaves_nothing, unit_ctx),
		unit_case(info_of_an_exported_buffer_counts_its_mappings, unit_mapped),
		unit_case(info_refuses_null_and_tells_errors, unit_mapped),
		unit_case(descriptors_are_borrowed_or_ones_own, unit_ctx),
		unit_case(the_last_reference_closes_the_descriptor, unit_ctx),
		unit_case(a_mapping_keeps_its_buffer, unit_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

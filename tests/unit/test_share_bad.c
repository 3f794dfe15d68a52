// SPDX-License-Identifier: GPL-2.0-or-later
/* What a peer can send that is no buffer: it is refused, and none of its descriptors stays. */
#include "share.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW)

static int recv_one(struct share *s, struct dmabufx_buf **ret)
{
	unsigned int before = share_open_fds();
	int err = dmabufx_buf_recv(s->ctx, s->ends[1], ret);

	assert_int_equal(share_open_fds(), before + !err);
	return err;
}

/* Messages keep their bounds: the next one is received. On a stream it need not be. */
static void expect_next(struct share *s)
{
	struct share_wire wire = share_header();
	struct dmabufx_buf *buf;
	int fd = share_memfd(PAGE, SEALS);

	if (s->type != SOCK_STREAM) {
		share_put(s, &wire, sizeof(wire), &fd, 1);
		assert_int_equal(recv_one(s, &buf), 0);
		dmabufx_buf_unref(buf);
	}
	close(fd);
}

static void headers_that_lie_return_ebadmsg(void **state)
{
	static const struct {
		size_t field;
		uint32_t value;
		const char *word;
	} table[] = {
		{ offsetof(struct share_wire, magic), 0, "no buffer" },
		{ offsetof(struct share_wire, magic), 0x62786d65, "no buffer" },
		{ offsetof(struct share_wire, version), 0, "another version" },
		{ offsetof(struct share_wire, version), 2, "another version" },
		{ offsetof(struct share_wire, reserved), 1, "reserved" },
		{ offsetof(struct share_wire, kind), DMABUFX_BUF_BAR, "another kind" },
		{ offsetof(struct share_wire, kind), DMABUFX_BUF_DMABUF, "another kind" },
		{ offsetof(struct share_wire, kind), 0x10003, "another kind" },
		{ offsetof(struct share_wire, len), 0, "0x1000" },
		{ offsetof(struct share_wire, len), 0x800, "0x800" },
		{ offsetof(struct share_wire, len), 0x2000, "0x2000" },
		{ offsetof(struct share_wire, len) + 4, 1, "0x100001000" },
	};
	struct dmabufx_buf *buf = SENTINEL;
	struct share_wire wire;
	struct share s;
	int fd;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]) * 3; i++) {
		share_begin(&s, share_types[i % 3]);
		wire = share_header();
		memcpy((char *)&wire + table[i / 3].field, &table[i / 3].value, 4);
		fd = share_memfd(PAGE, SEALS);
		share_put(&s, &wire, sizeof(wire), &fd, 1);
		close(fd);
		assert_fails(recv_one(&s, &buf), EBADMSG, BAD_MESSAGE, table[i / 3].word);
		assert_ptr_equal(buf, SENTINEL);
		expect_next(&s);
		share_end(&s);
	}
}

static void any_number_of_descriptors_but_one_returns_ebadmsg(void **state)
{
	static const size_t counts[] = { 0, 2, 3, 100, 253 };
	struct share_wire wire = share_header();
	struct dmabufx_buf *buf = SENTINEL;
	struct share s;
	int fds[253];

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]) * 3; i++) {
		share_begin(&s, share_types[i % 3]);
		for (size_t k = 0; k < 253; k++)
			fds[k] = k ? fds[0] : share_memfd(PAGE, SEALS);
		share_put(&s, &wire, sizeof(wire), fds, counts[i / 3]);
		close(fds[0]);
		assert_fails(recv_one(&s, &buf), EBADMSG, BAD_MESSAGE, "descriptor");
		expect_next(&s);
		share_end(&s);
	}
	assert_ptr_equal(buf, SENTINEL);
}

static void messages_too_short_or_long_return_ebadmsg(void **state)
{
	static const size_t lens[] = { 0, 1, 23, 25, 4096 };
	struct dmabufx_buf *buf = SENTINEL;
	char bytes[4096] = "";
	struct share_wire wire = share_header();
	struct share s;
	int fd;

	memcpy(bytes, &wire, sizeof(wire));
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]) * 2; i++) {
		share_begin(&s, share_types[1 + i % 2]);
		fd = share_memfd(PAGE, SEALS);
		share_put(&s, bytes, lens[i / 2], &fd, 1);
		close(fd);
		assert_fails(recv_one(&s, &buf), EBADMSG, BAD_MESSAGE,
			     lens[i / 2] < 24 ? "shorter" : "longer");
		expect_next(&s);
		share_end(&s);
	}
	share_begin(&s, SOCK_DGRAM);
	share_put(&s, bytes, 0, NULL, 0);
	assert_fails(recv_one(&s, &buf), EBADMSG, BAD_MESSAGE, "shorter");
	expect_next(&s);
	share_end(&s);
	assert_ptr_equal(buf, SENTINEL);
}

/* Each descriptor comes with a header that would fit memory. */
static void expect_refused(int fd, uint64_t len, enum dmabufx_reason reason, const char *word)
{
	struct share_wire wire = share_header();
	struct dmabufx_buf *buf = SENTINEL;
	struct share s;

	wire.len = len;
	for (size_t i = 0; i < 3; i++) {
		share_begin(&s, share_types[i]);
		share_put(&s, &wire, sizeof(wire), &fd, 1);
		forget_error();
		check_fails(recv_one(&s, &buf), EINVAL, reason, (const char *const[]){ word, NULL },
			    word, __FILE__, __LINE__);
		assert_ptr_equal(buf, SENTINEL);
		expect_next(&s);
		share_end(&s);
	}
	close(fd);
}

static void descriptors_that_are_no_buffer_return_einval(void **state)
{
	expect_refused(open("/dev/null", O_RDWR), PAGE, DMABUFX_REASON_FOREIGN_FD, "neither");
	expect_refused(eventfd(0, 0), PAGE, DMABUFX_REASON_FOREIGN_FD, "neither");
	expect_refused(socket(AF_UNIX, SOCK_STREAM, 0), PAGE, DMABUFX_REASON_FOREIGN_FD, "neither");
	expect_refused(open("/", O_RDONLY), PAGE, DMABUFX_REASON_FOREIGN_FD, "neither");
	expect_refused(share_memfd(0, SEALS), 0, DMABUFX_REASON_LENGTH_ZERO, "empty");
}

static void memory_that_can_shrink_or_grow_returns_einval(void **state)
{
	expect_refused(share_memfd(PAGE, 0), PAGE, DMABUFX_REASON_NOT_SEALED, "F_SEAL_SHRINK");
	expect_refused(share_memfd(PAGE, F_SEAL_SHRINK), PAGE, DMABUFX_REASON_NOT_SEALED, "GROW");
	expect_refused(share_memfd(PAGE, F_SEAL_GROW), PAGE, DMABUFX_REASON_NOT_SEALED, "SHRINK");
}

static void memory_whose_length_isnt_sealed_is_not_sent(void **state)
{
	static const int seals[] = { 0, F_SEAL_SHRINK, F_SEAL_GROW };
	struct dmabufx_buf *buf;
	struct share s;
	int fd;

	for (size_t i = 0; i < 3; i++) {
		share_begin(&s, share_types[i]);
		fd = share_memfd(PAGE, seals[i]);
		assert_int_equal(dmabufx_buf_import(s.ctx, fd, NULL, &buf), 0);
		assert_fails(dmabufx_buf_send(buf, s.ends[0]), EINVAL, NOT_SEALED, "F_SEAL_GROW");
		assert_int_equal(fcntl(fd, F_ADD_SEALS, SEALS), 0);
		assert_int_equal(dmabufx_buf_send(buf, s.ends[0]), 0);
		dmabufx_buf_unref(buf);
		close(fd);
		share_end(&s);
	}
}

static void a_stream_may_come_in_parts(void **state)
{
	struct share_wire wire = share_header();
	struct dmabufx_buf *buf;
	struct share s;
	int fd = share_memfd(PAGE, SEALS);

	for (size_t with = 0; with < sizeof(wire); with++) {
		share_begin(&s, SOCK_STREAM);
		for (size_t i = 0; i < sizeof(wire); i++)
			share_put(&s, (char *)&wire + i, 1, &fd, i == with);
		s.part = 5;
		share_fail_nth(&s, 4, EINTR); /* in its midst, where it goes on */
		assert_int_equal(recv_one(&s, &buf), 0);
		assert_true(s.failed);
		dmabufx_buf_unref(buf);
		share_end(&s);
	}
	close(fd);
}

static void a_stream_with_a_descriptor_in_each_part_returns_ebadmsg(void **state)
{
	struct share_wire wire = share_header();
	struct dmabufx_buf *buf = SENTINEL;
	struct share s;
	int fd = share_memfd(PAGE, SEALS);

	share_begin(&s, SOCK_STREAM);
	share_put(&s, &wire, 10, &fd, 1);
	share_put(&s, (char *)&wire + 10, 14, &fd, 1);
	assert_fails(recv_one(&s, &buf), EBADMSG, BAD_MESSAGE, "several");
	share_end(&s);
	close(fd);
}

/* The peer closes, or sends no more; or the rest can't be read. */
static void a_stream_that_ends_half_way_keeps_no_descriptor(void **state)
{
	static const int errs[] = { 0, EAGAIN, ECONNRESET, EIO };
	struct share_wire wire = share_header();
	struct dmabufx_buf *buf = SENTINEL;
	struct share s;
	int fd = share_memfd(PAGE, SEALS);

	for (size_t i = 0; i < 4; i++) {
		share_begin(&s, SOCK_STREAM);
		share_put(&s, &wire, 10, &fd, 1);
		shutdown(s.ends[0], SHUT_WR);
		share_fail_nth(&s, errs[i] ? 4 : 0, errs[i]);
		if (errs[i] == EIO)
			assert_fails(recv_one(&s, &buf), EIO, SYSTEM, "the rest");
		else if (errs[i] == ECONNRESET)
			assert_fails(recv_one(&s, &buf), ECONNRESET, PEER_CLOSED, "the rest");
		else
			assert_fails(recv_one(&s, &buf), EBADMSG, BAD_MESSAGE, "shorter");
		share_end(&s);
	}
	assert_ptr_equal(buf, SENTINEL);
	close(fd);
}

static void no_room_for_a_descriptor_returns_emfile(void **state)
{
	struct share_wire wire = share_header();
	struct dmabufx_buf *buf = SENTINEL;
	struct rlimit old, none;
	struct share s;
	int fd = share_memfd(PAGE, SEALS), err;

	getrlimit(RLIMIT_NOFILE, &old);
	none = (struct rlimit){ 0, old.rlim_max };
	for (size_t i = 0; i < 3; i++) {
		share_begin(&s, share_types[i]);
		share_put(&s, &wire, sizeof(wire), &fd, 1);
		setrlimit(RLIMIT_NOFILE, &none);
		err = dmabufx_buf_recv(s.ctx, s.ends[1], &buf);
		setrlimit(RLIMIT_NOFILE, &old);
		assert_int_equal(err, -EMFILE);
		assert_non_null(strstr(dmabufx_last_error()->text, "RLIMIT_NOFILE"));
		share_end(&s);
	}
	close(fd);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_that_lie_return_ebadmsg),
		cmocka_unit_test(any_number_of_descriptors_but_one_returns_ebadmsg),
		cmocka_unit_test(messages_too_short_or_long_return_ebadmsg),
		cmocka_unit_test(descriptors_that_are_no_buffer_return_einval),
		cmocka_unit_test(memory_that_can_shrink_or_grow_returns_einval),
		cmocka_unit_test(memory_whose_length_isnt_sealed_is_not_sent),
		cmocka_unit_test(a_stream_may_come_in_parts),
		cmocka_unit_test(a_stream_with_a_descriptor_in_each_part_returns_ebadmsg),
		cmocka_unit_test(a_stream_that_ends_half_way_keeps_no_descriptor),
		cmocka_unit_test(no_room_for_a_descriptor_returns_emfile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

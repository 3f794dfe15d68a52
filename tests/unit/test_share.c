// SPDX-License-Identifier: GPL-2.0-or-later
/* Buffers that go to another process, over real sockets. */
#include "share.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "buf/buf.h"

#define LEN (3 * PAGE)
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW)

static struct dmabufx_buf *alloc(struct share *s)
{
	struct dmabufx_buf *buf;

	assert_int_equal(dmabufx_buf_alloc(s->ctx, LEN, NULL, &buf), 0);
	return buf;
}

/* The last byte, too: all of it arrived. */
static char *map(struct dmabufx_buf *buf)
{
	char *p = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED, dmabufx_buf_fd(buf), 0);

	assert_true(p != MAP_FAILED);
	return p;
}

static bool takes_and_answers(struct share *s)
{
	struct dmabufx_buf_info info = { .size = sizeof(info) };
	struct dmabufx_buf *buf, *own;
	struct dmabufx_ctx *ctx;
	char *p, *q;

	if (dmabufx_ctx_new(NULL, &ctx) || dmabufx_buf_recv(ctx, s->ends[1], &buf) ||
	    dmabufx_buf_get_info(buf, &info) || dmabufx_buf_alloc(ctx, LEN, NULL, &own))
		return false;
	if (info.len != LEN || info.kind != DMABUFX_BUF_MEMFD || strcmp(info.exporter, "memfd") ||
	    !(fcntl(dmabufx_buf_fd(buf), F_GETFD) & FD_CLOEXEC))
		return false;
	p = map(buf);
	q = map(own);
	if (strcmp(p, "ping") || p[LEN - 1] != 'z')
		return false;
	strcpy(p, "pong");
	strcpy(q, "own");
	if (dmabufx_buf_send(own, s->ends[1]))
		return false;
	dmabufx_buf_unref(own);
	dmabufx_buf_unref(buf);
	return !dmabufx_ctx_unref(ctx);
}

static void memory_goes_to_another_process_and_back(void **state)
{
	struct dmabufx_buf *buf, *theirs;
	struct share s;
	char *p, *q;
	int status;
	pid_t pid;

	for (size_t i = 0; i < 3; i++) {
		share_begin(&s, share_types[i]);
		buf = alloc(&s);
		p = map(buf);
		strcpy(p, "ping");
		p[LEN - 1] = 'z';
		pid = fork();
		assert_true(pid >= 0);
		if (!pid) {
			alarm(20);
			/* No exit: valgrind would find there what is the parent's. */
			if (takes_and_answers(&s))
				raise(SIGKILL);
			_exit(1);
		}
		assert_int_equal(dmabufx_buf_send(buf, s.ends[0]), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		assert_string_equal(p, "pong");
		/* Its maker is gone, the memory isn't. */
		assert_int_equal(dmabufx_buf_recv(s.ctx, s.ends[0], &theirs), 0);
		q = map(theirs);
		assert_string_equal(q, "own");
		munmap(p, LEN);
		munmap(q, LEN);
		dmabufx_buf_unref(theirs);
		dmabufx_buf_unref(buf);
		share_end(&s);
	}
}

/* Its length is a file's like any other; no page of the pool is taken. */
static void huge_pages_arrive_as_memory(void **state)
{
	struct dmabufx_buf_info info = { .size = sizeof(info) };
	int fd = memfd_create("share", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB);
	struct dmabufx_buf *buf, *got;
	struct share s;

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 1 << 30), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, SEALS), 0);
	share_begin(&s, SOCK_SEQPACKET);
	assert_int_equal(dmabufx_buf_import(s.ctx, fd, NULL, &buf), 0);
	assert_int_equal(dmabufx_buf_send(buf, s.ends[0]), 0);
	assert_int_equal(dmabufx_buf_recv(s.ctx, s.ends[1], &got), 0);
	assert_int_equal(dmabufx_buf_get_info(got, &info), 0);
	assert_int_equal(info.kind, DMABUFX_BUF_MEMFD);
	assert_int_equal(info.len, 1 << 30);
	dmabufx_buf_unref(got);
	dmabufx_buf_unref(buf);
	share_end(&s);
	close(fd);
}

/* Stands for a BAR's: what the library knows of it, on a descriptor that says it is a dma-buf. */
static struct dmabufx_buf *bar(struct share *s, struct dmabufx_dev *dev)
{
	struct dmabufx_buf *buf = NULL;

	assert_int_equal(dx_buf_new(s->ctx, DMABUFX_BUF_BAR, 2, 1, share_memfd(LEN, 0), LEN, &buf),
			 0);
	dx_list_init(&buf->dev_link);
	buf->dev = dev;
	return buf;
}

static void a_bar_arrives_as_a_dmabuf(void **state)
{
	struct dmabufx_buf_info info = { .size = sizeof(info) };
	struct dmabufx_buf *buf, *got;
	uint64_t inode;
	struct share s;

	for (size_t i = 0; i < 3; i++) {
		share_begin(&s, share_types[i]);
		s.exporter = "vfio_pci";
		buf = bar(&s, SENTINEL);
		assert_int_equal(dmabufx_buf_send(buf, s.ends[0]), 0);
		assert_int_equal(dmabufx_buf_get_info(buf, &info), 0);
		inode = info.inode;
		dmabufx_buf_unref(buf);
		assert_int_equal(dmabufx_buf_recv(s.ctx, s.ends[1], &got), 0);
		assert_int_equal(dmabufx_buf_get_info(got, &info), 0);
		assert_int_equal(info.kind, DMABUFX_BUF_DMABUF);
		assert_int_equal(info.len, LEN);
		assert_int_equal(info.inode, inode);
		assert_string_equal(info.exporter, "vfio_pci");
		dmabufx_buf_unref(got);
		share_end(&s);
	}
}

static void a_bar_of_a_closed_device_returns_enodev(void **state)
{
	struct dmabufx_buf *buf;
	struct share s;
	char c;

	share_begin(&s, SOCK_STREAM);
	buf = bar(&s, NULL);
	assert_fails(dmabufx_buf_send(buf, s.ends[0]), ENODEV, REVOKED_FOR_GOOD, "BAR 2", "export");
	assert_int_equal(recv(s.ends[1], &c, 1, MSG_DONTWAIT), -1);
	dmabufx_buf_unref(buf);
	share_end(&s);
}

static void null_and_what_is_no_socket_of_af_unix_is_refused(void **state)
{
	struct dmabufx_buf *buf, *got = SENTINEL;
	int inet = socket(AF_INET, SOCK_DGRAM, 0);
	struct share s;

	share_begin(&s, SOCK_STREAM);
	buf = alloc(&s);
	assert_fails(dmabufx_buf_send(NULL, s.ends[0]), EINVAL, NULL_ARGUMENT, "buf");
	assert_fails(dmabufx_buf_recv(NULL, s.ends[0], &got), EINVAL, NULL_ARGUMENT, "ctx");
	assert_fails(dmabufx_buf_recv(s.ctx, s.ends[0], NULL), EINVAL, NULL_ARGUMENT, "ret");
	assert_fails(dmabufx_buf_send(buf, -1), EBADF, BAD_FD, "-1");
	assert_fails(dmabufx_buf_recv(s.ctx, -1, &got), EBADF, BAD_FD, "-1");
	assert_fails(dmabufx_buf_send(buf, dmabufx_buf_fd(buf)), ENOTSOCK, BAD_SOCKET, "AF_UNIX");
	assert_fails(dmabufx_buf_recv(s.ctx, dmabufx_buf_fd(buf), &got), ENOTSOCK, BAD_SOCKET,
		     "AF_UNIX");
	assert_fails(dmabufx_buf_send(buf, inet), EINVAL, BAD_SOCKET, "AF_UNIX");
	assert_fails(dmabufx_buf_recv(s.ctx, inet, &got), EINVAL, BAD_SOCKET, "AF_UNIX");
	assert_ptr_equal(got, SENTINEL);
	dmabufx_buf_unref(buf);
	share_end(&s);
	close(inet);
}

static void a_closed_peer_is_told_without_a_signal(void **state)
{
	struct dmabufx_buf *buf, *got = SENTINEL;
	struct share s;
	int err;

	for (size_t i = 0; i < 3; i++) {
		share_begin(&s, share_types[i]);
		buf = alloc(&s);
		close(s.ends[1]);
		s.ends[1] = -1;
		err = s.type == SOCK_DGRAM ? ECONNREFUSED : EPIPE;
		assert_fails(dmabufx_buf_send(buf, s.ends[0]), err, PEER_CLOSED, "closed");
		if (s.type != SOCK_DGRAM)
			assert_fails(dmabufx_buf_recv(s.ctx, s.ends[0], &got), EPIPE, PEER_CLOSED,
				     "closed");
		dmabufx_buf_unref(buf);
		share_end(&s);
	}
	assert_ptr_equal(got, SENTINEL);
}

/* What was sent before it was full arrives, each once, and nothing of the one that failed. */
static void a_socket_that_is_full_or_empty_returns_eagain(void **state)
{
	struct dmabufx_buf *buf, *got = SENTINEL;
	int small = 1, sent, err;
	struct share s;

	for (size_t i = 0; i < 3; i++) {
		share_begin(&s, share_types[i]);
		buf = alloc(&s);
		for (int end = 0; end < 2; end++)
			fcntl(s.ends[end], F_SETFL, O_NONBLOCK);
		setsockopt(s.ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
		for (sent = 0; !(err = dmabufx_buf_send(buf, s.ends[0])); sent++)
			;
		assert_int_equal(err, -EAGAIN);
		assert_non_null(strstr(dmabufx_last_error()->text, "poll"));
		assert_true(sent > 0);
		for (; sent; sent--) {
			assert_int_equal(dmabufx_buf_recv(s.ctx, s.ends[1], &got), 0);
			dmabufx_buf_unref(got);
		}
		got = SENTINEL;
		assert_fails(dmabufx_buf_recv(s.ctx, s.ends[1], &got), EAGAIN, SYSTEM, "poll");
		assert_ptr_equal(got, SENTINEL);
		dmabufx_buf_unref(buf);
		share_end(&s);
	}
}

static void a_socket_that_takes_a_part_returns_eio(void **state)
{
	struct dmabufx_buf *buf;
	struct share s;

	share_begin(&s, SOCK_STREAM);
	buf = alloc(&s);
	s.part = 5;
	assert_fails(dmabufx_buf_send(buf, s.ends[0]), EIO, SYSTEM, "5 of 24", "close it");
	dmabufx_buf_unref(buf);
	share_end(&s);
}

/* Credentials, a process's descriptor and the time may come along, and stay nowhere. */
static void a_socket_that_tells_more_works(void **state)
{
	static const int names[] = { SO_PASSCRED, SO_TIMESTAMP, 76 /* SO_PASSPIDFD, 6.5 */ };
	struct dmabufx_buf *buf, *got;
	struct share s;
	int on = 1;

	for (size_t i = 0; i < 3; i++) {
		share_begin(&s, share_types[i]);
		buf = alloc(&s);
		for (size_t k = 0; k < 3; k++)
			setsockopt(s.ends[1], SOL_SOCKET, names[k], &on, sizeof(on));
		assert_int_equal(dmabufx_buf_send(buf, s.ends[0]), 0);
		assert_int_equal(dmabufx_buf_recv(s.ctx, s.ends[1], &got), 0);
		dmabufx_buf_unref(got);
		dmabufx_buf_unref(buf);
		share_end(&s);
	}
}

static void *receive(void *arg)
{
	struct dmabufx_buf *got = NULL;
	struct share *s = arg;

	return dmabufx_buf_recv(s->ctx, s->ends[1], &got) ? NULL : got;
}

static void a_receive_that_waits_holds_up_no_other_call(void **state)
{
	struct dmabufx_buf *buf;
	pthread_t thread;
	struct share s;
	sem_t receiving;
	void *got;

	alarm(60);
	share_begin(&s, SOCK_SEQPACKET);
	sem_init(&receiving, 0, 0);
	s.receiving = &receiving;
	assert_int_equal(pthread_create(&thread, NULL, receive, &s), 0);
	sem_wait(&receiving);
	buf = alloc(&s);
	assert_int_equal(dmabufx_buf_send(buf, s.ends[0]), 0);
	pthread_join(thread, &got);
	assert_non_null(got);
	dmabufx_buf_unref(got);
	dmabufx_buf_unref(buf);
	share_end(&s);
	alarm(0);
}

/* One round with the @nth call failing, or allocation if @err is 0; whether there was one. */
static bool fails_at(struct share *s, struct dmabufx_buf *buf, unsigned int nth, int err)
{
	unsigned int before = share_open_fds();
	struct dmabufx_buf *got = SENTINEL;
	bool reached;
	int ret;

	share_fail_nth(s, err ? nth : 0, err);
	heap_arm();
	heap_fail_nth(err ? 0 : nth);
	ret = dmabufx_buf_send(buf, s->ends[0]);
	if (!ret)
		ret = dmabufx_buf_recv(s->ctx, s->ends[1], &got);
	reached = err ? s->failed : heap_failed();
	heap_disarm();
	share_fail_nth(s, 0, 0);
	assert_int_equal(ret < 0, got == SENTINEL);
	if (ret < 0)
		assert_int_equal(dmabufx_last_error()->err, ret);
	else
		dmabufx_buf_unref(got);
	/* What a failure left in the socket is the next one's, or nobody's. */
	while (recv(s->ends[1], &ret, sizeof(ret), MSG_DONTWAIT) > 0)
		;
	assert_int_equal(share_open_fds(), before);
	return reached;
}

static void nothing_is_left_whatever_fails(void **state)
{
	static const int errs[] = { EIO, ENOMEM, EINTR, EAGAIN, EBADF, EMFILE, 0 };
	struct dmabufx_buf *buf;
	unsigned int nth;
	struct share s;

	for (size_t i = 0; i < 3 * 7; i++) {
		share_begin(&s, share_types[i % 3]);
		/* A memory's kind is asked for its seals, a dma-buf's isn't. */
		for (int dmabuf = 0; dmabuf < 2; dmabuf++) {
			buf = dmabuf ? bar(&s, SENTINEL) : alloc(&s);
			s.exporter = dmabuf ? "vfio_pci" : NULL;
			for (nth = 1; fails_at(&s, buf, nth, errs[i / 3]); nth++)
				assert_in_range(nth, 1, 40);
			/* Four of options, two of messages, and what the descriptor is. */
			if (errs[i / 3])
				assert_in_range(nth, 9, 40);
			else
				assert_in_range(nth, 2, 40);
			dmabufx_buf_unref(buf);
		}
		share_end(&s);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_goes_to_another_process_and_back),
		cmocka_unit_test(huge_pages_arrive_as_memory),
		cmocka_unit_test(a_bar_arrives_as_a_dmabuf),
		cmocka_unit_test(a_bar_of_a_closed_device_returns_enodev),
		cmocka_unit_test(null_and_what_is_no_socket_of_af_unix_is_refused),
		cmocka_unit_test(a_closed_peer_is_told_without_a_signal),
		cmocka_unit_test(a_socket_that_is_full_or_empty_returns_eagain),
		cmocka_unit_test(a_socket_that_takes_a_part_returns_eio),
		cmocka_unit_test(a_socket_that_tells_more_works),
		cmocka_unit_test(a_receive_that_waits_holds_up_no_other_call),
		cmocka_unit_test(nothing_is_left_whatever_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

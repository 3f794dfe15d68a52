// SPDX-License-Identifier: GPL-2.0-or-later
/* Buffers over real sockets: the kernel's table with calls that can be told to fail. */
#include "share.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>

const int share_types[3] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM };

static int step(struct share *s)
{
	if (++s->calls != s->fail_at)
		return 0;
	s->failed = true;
	return -s->fail_err;
}

#define STEP(sys)                                \
	struct share *s = (struct share *)(sys); \
	int err = step(s);                       \
	do {                                     \
		if (err)                         \
			return err;              \
	} while (0)

static int share_open(struct dx_sys *sys, const char *path, int flags)
{
	STEP(sys);
	char text[64];
	int fd;

	if (!s->exporter || !strstr(path, "fdinfo"))
		return dx_sys_linux()->open(sys, path, flags);
	fd = memfd_create("fdinfo", MFD_CLOEXEC);
	snprintf(text, sizeof(text), "exp_name:\t%s\n", s->exporter);
	assert_int_equal(pwrite(fd, text, strlen(text), 0), strlen(text));
	return fd;
}

static ssize_t share_read(struct dx_sys *sys, int fd, void *buf, size_t len)
{
	STEP(sys);
	return dx_sys_linux()->read(sys, fd, buf, len);
}

static int share_size(struct dx_sys *sys, int fd, uint64_t *ret)
{
	STEP(sys);
	return dx_sys_linux()->size(sys, fd, ret);
}

static int share_seals(struct dx_sys *sys, int fd)
{
	STEP(sys);
	return dx_sys_linux()->seals(sys, fd);
}

static int share_getsockopt(struct dx_sys *sys, int fd, int level, int name, void *value,
			    uint32_t *len)
{
	STEP(sys);
	return dx_sys_linux()->getsockopt(sys, fd, level, name, value, len);
}

static ssize_t share_sendmsg(struct dx_sys *sys, int fd, const struct msghdr *msg, int flags)
{
	STEP(sys);
	if (s->part)
		msg->msg_iov->iov_len = s->part;
	return dx_sys_linux()->sendmsg(sys, fd, msg, flags);
}

static ssize_t share_recvmsg(struct dx_sys *sys, int fd, struct msghdr *msg, int flags)
{
	STEP(sys);
	if (s->part && msg->msg_iov->iov_len > s->part)
		msg->msg_iov->iov_len = s->part;
	if (s->receiving)
		sem_post(s->receiving);
	return dx_sys_linux()->recvmsg(sys, fd, msg, flags);
}

unsigned int share_open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

void share_begin(struct share *s, int type)
{
	*s = (struct share){ .sys = *dx_sys_linux(), .type = type };
	s->sys.open = share_open;
	s->sys.read = share_read;
	s->sys.size = share_size;
	s->sys.seals = share_seals;
	s->sys.getsockopt = share_getsockopt;
	s->sys.sendmsg = share_sendmsg;
	s->sys.recvmsg = share_recvmsg;
	s->fds = share_open_fds();
	assert_int_equal(dx_ctx_new(&s->sys, NULL, &s->ctx), 0);
	assert_int_equal(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, s->ends), 0);
}

void share_end(struct share *s)
{
	dmabufx_ctx_unref(s->ctx);
	for (int i = 0; i < 2; i++) {
		if (s->ends[i] >= 0)
			close(s->ends[i]);
	}
	assert_int_equal(share_open_fds(), s->fds);
}

void share_fail_nth(struct share *s, unsigned int nth, int err)
{
	s->calls = 0;
	s->fail_at = nth;
	s->fail_err = err;
	s->failed = false;
}

int share_memfd(uint64_t len, int seals)
{
	int fd = memfd_create("share", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)len), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

struct share_wire share_header(void)
{
	return (struct share_wire){
		.magic = 0x62786d64,
		.version = 1,
		.kind = DMABUFX_BUF_MEMFD,
		.len = PAGE,
	};
}

void share_put(struct share *s, const void *bytes, size_t len, const int *fds, size_t nfds)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(253 * sizeof(int))];
	} control = { .room = "" };
	struct iovec part = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = len };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };
	struct cmsghdr *c;

	if (nfds) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, nfds * sizeof(int));
	}
	assert_int_equal(sendmsg(s->ends[0], &msg, MSG_NOSIGNAL), len);
}

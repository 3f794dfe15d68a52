// SPDX-License-Identifier: LGPL-2.1-or-later
/* Buffers that go to another process: a header of fixed layout and one descriptor. */
#include "buf/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fail.h"
#include "sys/ctx.h"
#include "sys/sys.h"

#define MAGIC 0x62786d64u /* "dmxb" */
#define VERSION 1u
#define PIDFD 4 /* SCM_PIDFD of linux/socket.h, 6.5 */
#define LENGTH_SEALS (F_SEAL_SHRINK | F_SEAL_GROW)

/*
 * Never leaves the machine, so it is in the machine's byte order; without holes, so that it is the
 * same for a process of 32 bits. A later version changes @version, and maybe all behind it.
 */
struct wire {
	uint32_t magic;
	uint32_t version;
	uint32_t kind; /* DMABUFX_BUF_MEMFD or, for a BAR too, DMABUFX_BUF_DMABUF */
	uint32_t reserved; /* 0 */
	uint64_t len;
};

_Static_assert(sizeof(struct wire) == 24, "what goes over the socket has no holes");

/*
 * What has come of a message: bytes, and the descriptors with them. Of these the first is kept
 * until it is known whether it is the only one; all others are closed as they come.
 */
struct message {
	struct wire wire;
	size_t len;
	unsigned int nfds;
	int fd;
	int flags; /* MSG_TRUNC, MSG_CTRUNC: of any part */
};

/* Any other family would drop the descriptor and send the header. */
static int check_socket(struct dx_sys *sys, int sock, int *type)
{
	int family = 0, err;
	uint32_t len = sizeof(family);

	err = sys->getsockopt(sys, sock, SOL_SOCKET, SO_DOMAIN, &family, &len);
	len = sizeof(*type);
	if (!err)
		err = sys->getsockopt(sys, sock, SOL_SOCKET, SO_TYPE, type, &len);
	if (err == -EBADF)
		return dx_fail(err, DMABUFX_REASON_BAD_FD, "socket %d isn't open", sock);
	if (err == -ENOTSOCK)
		return dx_fail(err, DMABUFX_REASON_BAD_SOCKET,
			       "descriptor %d is no socket; pass one of AF_UNIX", sock);
	if (err)
		return dx_fail_sys(err, "asking for the family of socket %d", sock);
	if (family != AF_UNIX)
		return dx_fail(-EINVAL, DMABUFX_REASON_BAD_SOCKET,
			       "socket %d is of family %d, which carries no descriptors; pass one of AF_UNIX",
			       sock, family);
	return 0;
}

static int fail_socket(int err, const char *what, int sock)
{
	switch (-err) {
	case EAGAIN:
		return dx_fail(err, DMABUFX_REASON_SYSTEM,
			       "%s socket %d: EAGAIN; nothing was moved, poll it and call again",
			       what, sock);
	case EINTR:
		return dx_fail(err, DMABUFX_REASON_SYSTEM,
			       "%s socket %d: a signal came; nothing was moved, call again", what,
			       sock);
	case EPIPE:
	case ECONNRESET:
	case ECONNREFUSED:
		return dx_fail(err, DMABUFX_REASON_PEER_CLOSED,
			       "%s socket %d: %s, the other end is closed; connect anew", what,
			       sock, dmabufx_strerror(err));
	default:
		return dx_fail_sys(err, "%s socket %d", what, sock);
	}
}

/* A length that can change is no length: the other side's accesses would get SIGBUS. */
static int check_sealed(struct dx_sys *sys, int fd)
{
	int seals = sys->seals(sys, fd);

	if (seals < 0)
		return dx_fail_sys(seals, "asking for the seals of memfd %d", fd);
	if ((seals & LENGTH_SEALS) == LENGTH_SEALS)
		return 0;
	return dx_fail(-EINVAL, DMABUFX_REASON_NOT_SEALED,
		       "memfd %d has seals 0x%x, so its length can change; add F_SEAL_SHRINK and F_SEAL_GROW",
		       fd, (unsigned int)seals);
}

static int describe(struct dmabufx_buf *buf, struct wire *ret)
{
	char what[80];

	if (dx_buf_is_gone(buf))
		return dx_fail(-ENODEV, DMABUFX_REASON_REVOKED_FOR_GOOD,
			       "%s is dead, as the device was closed; open it and export anew",
			       dx_buf_describe(buf, what, sizeof(what)));
	*ret = (struct wire){
		.magic = MAGIC,
		.version = VERSION,
		.kind = buf->kind == DMABUFX_BUF_MEMFD ? DMABUFX_BUF_MEMFD : DMABUFX_BUF_DMABUF,
		.len = buf->len,
	};
	return buf->kind == DMABUFX_BUF_MEMFD ? check_sealed(buf->ctx->sys, buf->fd) : 0;
}

static ssize_t send_wire(struct dx_sys *sys, int sock, struct wire *wire, int fd)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(fd))];
	} control = { .room = "" };
	struct iovec part = { .iov_base = wire, .iov_len = sizeof(*wire) };
	struct msghdr msg = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.room),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sys->sendmsg(sys, sock, &msg, MSG_NOSIGNAL);
}

int dmabufx_buf_send(struct dmabufx_buf *buf, int sock)
{
	struct dx_sys *sys;
	struct wire wire;
	int type, err;
	ssize_t n;

	if (!buf)
		return dx_fail_null("buf");
	sys = buf->ctx->sys;
	err = check_socket(sys, sock, &type);
	if (err)
		return err;
	dx_lock(buf->ctx);
	err = describe(buf, &wire);
	dx_unlock(buf->ctx);
	if (err)
		return err;
	/* Without the lock, as it may wait; the caller's reference keeps the descriptor. */
	n = send_wire(sys, sock, &wire, buf->fd);
	if (n < 0)
		return fail_socket((int)n, "sending a buffer to", sock);
	/* A stream takes so few bytes whole; a rest would go without its descriptor. */
	if (n != sizeof(wire))
		return dx_fail(-EIO, DMABUFX_REASON_SYSTEM,
			       "socket %d took %zd of %zu bytes; close it", sock, n, sizeof(wire));
	return 0;
}

static void take_fds(struct dx_sys *sys, struct message *m, const struct cmsghdr *c)
{
	size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	int fd;

	for (size_t i = 0; i < n; i++) {
		memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
		if (m->nfds++)
			sys->close(sys, fd);
		else
			m->fd = fd;
	}
}

/* The caller's socket has SO_PASSPIDFD: who sent is his to ask, but not from this message. */
static void drop_pidfd(struct dx_sys *sys, const struct cmsghdr *c)
{
	int fd;

	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	dx_sys_close(sys, fd);
}

/*
 * One part of a message. There is room for what else a socket may be set to tell: credentials,
 * a label, a time. Descriptors that find no room are dropped by the kernel, with MSG_CTRUNC.
 */
static ssize_t recv_part(struct dx_sys *sys, int sock, struct message *m)
{
	union {
		struct cmsghdr align;
		char room[512];
	} control;
	struct iovec part = { .iov_base = (char *)&m->wire + m->len,
			      .iov_len = sizeof(m->wire) - m->len };
	struct msghdr msg = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.room),
	};
	ssize_t n = sys->recvmsg(sys, sock, &msg, 0);

	if (n < 0)
		return n;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			take_fds(sys, m, c);
		else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == PIDFD)
			drop_pidfd(sys, c);
	}
	m->flags |= msg.msg_flags;
	m->len += (size_t)n;
	return n;
}

static int fail_message(int sock, const char *what)
{
	return dx_fail(-EBADMSG, DMABUFX_REASON_BAD_MESSAGE,
		       "socket %d: %s; the other end must use dmabufx_buf_send() of a version that fits",
		       sock, what);
}

/* Only a stream gives a message in parts, and only if its sender is none of ours. */
static int recv_message(struct dx_sys *sys, int sock, int type, struct message *m)
{
	ssize_t n = recv_part(sys, sock, m);

	if (n < 0)
		return fail_socket((int)n, "receiving a buffer from", sock);
	if (!n && !m->nfds && type != SOCK_DGRAM)
		return fail_socket(-EPIPE, "receiving a buffer from", sock);
	while (type == SOCK_STREAM && m->len < sizeof(m->wire)) {
		n = recv_part(sys, sock, m);
		if (n == -EINTR)
			continue;
		if (n == -EAGAIN || !n)
			break;
		if (n < 0)
			return fail_socket((int)n, "receiving the rest of a buffer from", sock);
	}
	return 0;
}

static int check_message(const struct message *m, int sock)
{
	if (m->flags & MSG_CTRUNC && !m->nfds)
		return dx_fail(-EMFILE, DMABUFX_REASON_SYSTEM,
			       "socket %d: the kernel could not hand the descriptor out; raise RLIMIT_NOFILE or close descriptors",
			       sock);
	if (m->flags & MSG_TRUNC)
		return fail_message(sock, "the message was longer than a buffer's");
	if (m->len < sizeof(m->wire))
		return fail_message(sock, "the message was shorter than a buffer's");
	if (m->wire.magic != MAGIC)
		return fail_message(sock, "what came is no buffer");
	if (m->wire.version != VERSION)
		return fail_message(sock, "the buffer is of another version");
	if (m->wire.reserved)
		return fail_message(sock, "a reserved field isn't 0");
	if (m->nfds != 1 || m->flags & MSG_CTRUNC)
		return fail_message(sock,
				    m->nfds ? "several descriptors came" : "no descriptor came");
	return 0;
}

/* What the sender says against what the kernel says of the descriptor. */
static int check_buf(const struct dmabufx_buf *buf, const struct wire *wire, int sock)
{
	if (buf->kind != wire->kind)
		return fail_message(sock, "the descriptor is of another kind than was said");
	if (buf->len != wire->len)
		return dx_fail(-EBADMSG, DMABUFX_REASON_BAD_MESSAGE,
			       "socket %d: a buffer of 0x%llx bytes was said to have 0x%llx; the other end must use dmabufx_buf_send()",
			       sock, (unsigned long long)buf->len, (unsigned long long)wire->len);
	return buf->kind == DMABUFX_BUF_MEMFD ? check_sealed(buf->ctx->sys, buf->fd) : 0;
}

/* Takes the descriptor over, whatever it returns. */
static int adopt(struct dmabufx_ctx *ctx, const struct message *m, int sock,
		 struct dmabufx_buf **ret)
{
	struct dmabufx_buf *buf;
	int err = dx_buf_adopt(ctx, m->fd, m->fd, &buf);

	if (err) {
		dx_sys_close(ctx->sys, m->fd);
		return err;
	}
	err = check_buf(buf, &m->wire, sock);
	if (err)
		dx_buf_put(buf);
	else
		*ret = buf;
	return err;
}

int dmabufx_buf_recv(struct dmabufx_ctx *ctx, int sock, struct dmabufx_buf **ret)
{
	struct message m = { .fd = -1 };
	int type, err;

	if (!ctx || !ret)
		return dx_fail_null(ctx ? "ret" : "ctx");
	err = check_socket(ctx->sys, sock, &type);
	if (err)
		return err;
	/* Without the lock, as it may wait. */
	err = recv_message(ctx->sys, sock, type, &m);
	if (!err)
		err = check_message(&m, sock);
	if (err) {
		dx_sys_close(ctx->sys, m.fd);
		return err;
	}
	dx_lock(ctx);
	err = adopt(ctx, &m, sock, ret);
	dx_unlock(ctx);
	return err;
}

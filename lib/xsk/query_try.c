// SPDX-License-Identifier: LGPL-2.1-or-later
/* Whether an interface does without copying, found out by a socket of no further use. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "dmabufx/error.h"
#include "sys/sys.h"
#include "uapi/if_xdp.h"
#include "xsk/query_priv.h"
#include "xsk/sock.h"

/* Nothing goes through it; as large a chunk as can be, for drivers that look at the MTU. */
#define FRAMES 16u
/* As long as the kernel may take to let go of a queue. */
#define WAIT_MS 100u

/* What goes wrong before the driver is asked says nothing of it. */
enum step {
	SOCKET,
	MEMORY,
	REGISTER,
	RINGS,
	BIND,
	OPTIONS,
};

struct attempt {
	struct dx_sys *sys;
	struct dmabufx_xsk_caps *caps;
	uint32_t queue;
	int fd;
	void *mem;
	size_t len;
	enum step step;
};

static int make_memory(struct attempt *a)
{
	int fd = a->sys->memfd(a->sys, "dmabufx-xsk-query", 0);
	int err;

	if (fd < 0)
		return fd;
	a->len = FRAMES * a->sys->page_size;
	err = a->sys->truncate(a->sys, fd, a->len);
	if (!err)
		err = a->sys->mmap(a->sys, fd, 0, a->len, PROT_READ | PROT_WRITE, &a->mem);
	a->sys->close(a->sys, fd);
	return err;
}

static int set(struct attempt *a, int name, const void *value, uint32_t len)
{
	return a->sys->setsockopt(a->sys, a->fd, SOL_XDP, name, value, len);
}

static int make_rings(struct attempt *a)
{
	static const int rings[] = { XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING, XDP_RX_RING,
				     XDP_TX_RING };
	const uint32_t entries = FRAMES;
	int err = 0;

	for (size_t i = 0; i < sizeof(rings) / sizeof(rings[0]) && !err; i++)
		err = set(a, rings[i], &entries, sizeof(entries));
	return err;
}

static int bind_it(struct attempt *a)
{
	struct sockaddr_xdp addr = {
		.sxdp_family = AF_XDP,
		.sxdp_flags = XDP_ZEROCOPY,
		.sxdp_ifindex = a->caps->ifindex,
		.sxdp_queue_id = a->queue,
	};

	/* Busy may be a socket that was closed just before. */
	return dx_sock_bind(a->sys, a->fd, &addr, a->sys->now_ms(a->sys) + WAIT_MS);
}

/* 1: bound, and the kernel confirms that it doesn't copy; 0: it does. */
static int attempt(struct attempt *a)
{
	struct xdp_umem_reg reg = { .chunk_size = (uint32_t)a->sys->page_size };
	struct xdp_options options = { 0 };
	uint32_t len = sizeof(options);
	int err;

	a->step = SOCKET;
	a->fd = a->sys->socket(a->sys, AF_XDP, SOCK_RAW, 0);
	if (a->fd < 0)
		return a->fd;
	a->step = MEMORY;
	err = make_memory(a);
	if (err)
		return err;
	a->step = REGISTER;
	reg.addr = (uintptr_t)a->mem;
	reg.len = a->len;
	err = set(a, XDP_UMEM_REG, &reg, sizeof(reg));
	if (err)
		return err;
	a->step = RINGS;
	err = make_rings(a);
	if (err)
		return err;
	a->step = BIND;
	err = bind_it(a);
	if (err)
		return err;
	a->step = OPTIONS;
	err = a->sys->getsockopt(a->sys, a->fd, SOL_XDP, XDP_OPTIONS, &options, &len);
	return err ? err : !!(options.flags & XDP_OPTIONS_ZEROCOPY);
}

static void clean_up(struct attempt *a)
{
	dx_sys_close(a->sys, a->fd);
	if (a->mem)
		a->sys->munmap(a->sys, a->mem, a->len);
	if (a->step == OPTIONS)
		dx_sock_wait_free(a->sys, a->caps->ifindex, a->queue,
				  a->sys->now_ms(a->sys) + WAIT_MS);
}

/* The driver's answer: no, or not now. */
static void say_bind(const struct attempt *a, int err)
{
	struct dmabufx_xsk_caps *caps = a->caps;
	struct dmabufx_xsk_answer *answer = &caps->zero_copy;
	const char *driver = caps->driver[0] ? caps->driver : "its driver";

	switch (err) {
	case -EOPNOTSUPP:
		dx_xsk_say(answer, 0, "%s has no zero copy: sockets copy", driver);
		break;
	case -EINVAL:
		if (!strcmp(driver, "virtio_net"))
			dx_xsk_say(answer, 0,
				   "virtio_net can't map the socket's memory for its device; give "
				   "that iommu_platform=on (VIRTIO_F_ACCESS_PLATFORM)");
		else
			dx_xsk_say(answer, 0,
				   "%s refuses queue %u with chunks of %u bytes (EINVAL)", driver,
				   a->queue, (unsigned int)a->sys->page_size);
		break;
	case -ENOENT:
		dx_xsk_say(answer, 0,
			   "%s receives into big packets here, without mergeable "
			   "buffers (mrg_rxbuf=on)",
			   driver);
		break;
	case -EBUSY:
		dx_xsk_say(answer, err,
			   "queue %u is in use, by a socket or by device memory; "
			   "ask again when it is free",
			   a->queue);
		break;
	case -ENETDOWN:
		dx_xsk_say(answer, err, "%s is down; ask again when it is up", caps->ifname);
		break;
	case -ENODEV:
		dx_xsk_say(answer, err, "%s went away meanwhile", caps->ifname);
		break;
	default:
		dx_xsk_say(answer, err, "binding to queue %u with %s: %s", a->queue, driver,
			   dmabufx_strerror(err));
	}
}

static void say_before(const struct attempt *a, int err)
{
	static const char *const what[] = { "a socket of AF_XDP", "memory", "registering memory",
					    "making rings",       "",       "XDP_OPTIONS" };
	struct dmabufx_xsk_answer *answer = &a->caps->zero_copy;

	if (a->step == SOCKET && err == -EPERM)
		dx_xsk_say(answer, err, "not tried: a socket of AF_XDP needs CAP_NET_RAW");
	else if (a->step == SOCKET && err == -EAFNOSUPPORT)
		dx_xsk_say(answer, 0, "this kernel has no AF_XDP (CONFIG_XDP_SOCKETS)");
	else if (a->step == REGISTER && err == -ENOBUFS)
		dx_xsk_say(answer, err, "not tried: raise RLIMIT_MEMLOCK by %u bytes (ulimit -l)",
			   (unsigned int)a->len);
	else
		dx_xsk_say(answer, err, "not tried: %s: %s", what[a->step], dmabufx_strerror(err));
}

void dx_xsk_try(struct dx_sys *sys, struct dmabufx_xsk_caps *caps)
{
	struct attempt a = { .sys = sys, .caps = caps, .queue = caps->rx_queues - 1, .fd = -1 };
	int ret = attempt(&a);

	clean_up(&a);
	if (ret > 0)
		dx_xsk_say(&caps->zero_copy, 1, "a socket on queue %u works without copying",
			   a.queue);
	else if (!ret)
		dx_xsk_say(&caps->zero_copy, 0, "a socket was bound to queue %u, but copies",
			   a.queue);
	else if (a.step == BIND)
		say_bind(&a, ret);
	else
		say_before(&a, ret);
}

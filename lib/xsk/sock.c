// SPDX-License-Identifier: LGPL-2.1-or-later
/* A socket of AF_XDP, its UMEM and its rings, before it is bound. */
#include "xsk/sock.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/fail.h"
#include "sys/netdev.h"

int dx_sock_new(struct dx_sys *sys)
{
	int fd = sys->socket(sys, AF_XDP, SOCK_RAW, 0);

	if (fd == -EPERM)
		return dx_fail(fd, DMABUFX_REASON_PERMISSION,
			       "AF_XDP needs CAP_NET_RAW; run as root, give the program "
			       "cap_net_raw, or use dmabufx_xsk_open_fd()");
	if (fd == -EAFNOSUPPORT)
		return dx_fail(fd, DMABUFX_REASON_NO_XDP,
			       "this kernel has no AF_XDP; it needs CONFIG_XDP_SOCKETS");
	return fd < 0 ? dx_fail_sys(fd, "making a socket of AF_XDP") : fd;
}

int dx_sock_register(struct dx_sys *sys, int fd, const struct dx_xdp_umem_reg *reg)
{
	int err = sys->setsockopt(sys, fd, SOL_XDP, XDP_UMEM_REG, reg, sizeof(*reg));

	switch (err) {
	case 0:
		return 0;
	case -ENOBUFS:
		return dx_fail(err, DMABUFX_REASON_LOCKED_MEMORY,
			       "%llu bytes of UMEM are more than may be locked; raise RLIMIT_MEMLOCK "
			       "(ulimit -l), or run with CAP_IPC_LOCK",
			       (unsigned long long)reg->len);
	case -EBUSY:
		return dx_fail(err, DMABUFX_REASON_DEVICE_BUSY,
			       "descriptor %d is a socket that has a UMEM already; make a new one",
			       fd);
	case -EINVAL:
		return dx_fail(err, DMABUFX_REASON_CHUNK_SIZE,
			       "the kernel takes no UMEM of %llu bytes with chunks of %u, headroom %u, "
			       "TX metadata of %u%s; metadata needs Linux 6.11",
			       (unsigned long long)reg->len, reg->chunk_size, reg->headroom,
			       reg->tx_metadata_len,
			       reg->flags & XDP_UMEM_UNALIGNED_CHUNK_FLAG ? ", unaligned" : "");
	default:
		return dx_fail_sys(err, "registering %llu bytes as UMEM",
				   (unsigned long long)reg->len);
	}
}

int dx_sock_make_ring(struct dx_sys *sys, int fd, int option, const char *what, uint32_t n)
{
	int err = sys->setsockopt(sys, fd, SOL_XDP, option, &n, sizeof(n));

	return err ? dx_fail_sys(err, "making a %s ring of %u entries", what, n) : 0;
}

int dx_sock_offsets(struct dx_sys *sys, int fd, struct xdp_mmap_offsets *ret)
{
	uint32_t size = sizeof(*ret);
	int err = sys->getsockopt(sys, fd, SOL_XDP, XDP_MMAP_OFFSETS, ret, &size);

	if (err || size != sizeof(*ret))
		return dx_fail_sys(err ? err : -EOPNOTSUPP,
				   "asking where the rings are (Linux 5.4 or later tells)");
	return 0;
}

int dx_sock_bind(struct dx_sys *sys, int fd, const struct sockaddr_xdp *addr, uint64_t until)
{
	int err;

	for (;;) {
		err = sys->bind(sys, fd, addr, sizeof(*addr));
		if (err != -EBUSY || sys->now_ms(sys) >= until)
			return err;
		sys->sleep_us(sys, DX_SOCK_RETRY_US);
	}
}

void dx_sock_wait_free(struct dx_sys *sys, uint32_t ifindex, uint32_t queue, uint64_t until)
{
	while (sys->now_ms(sys) < until && dx_netdev_queue_has_xsk(sys, ifindex, queue) == 1)
		sys->sleep_us(sys, DX_SOCK_RETRY_US);
}

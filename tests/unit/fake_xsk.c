// SPDX-License-Identifier: GPL-2.0-or-later
/* The scripted kernel's sockets of AF_XDP: what may be bound, and when a queue is free. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "fake_net.h"
#include "fake_priv.h"
#include "uapi/if_xdp.h"
#include "uapi/netdev.h"

#define OFF_CONSUMER 64
#define OFF_FLAGS 128
#define OFF_DESC 192

static int reg(struct fake *f, struct fake_xsk *xsk, const void *value, uint32_t len)
{
	struct xdp_umem_reg umem = { 0 };

	memcpy(&umem, value, len < sizeof(umem) ? len : sizeof(umem));
	if (xsk->registered)
		return -EBUSY;
	if (umem.chunk_size < 2048 || umem.chunk_size > FAKE_PAGE || !umem.len ||
	    umem.addr % FAKE_PAGE)
		return -EINVAL;
	if (f->net->memlock && umem.len > f->net->memlock)
		return -ENOBUFS;
	xsk->registered = true;
	return 0;
}

int fake_xsk_setsockopt(struct fake *f, struct fake_file *file, int level, int name,
			const void *value, uint32_t len)
{
	struct fake_xsk *xsk = file->xsk;
	uint32_t n = 0;

	if (level != SOL_XDP)
		return 0;
	if (len < sizeof(n))
		return -EINVAL;
	memcpy(&n, value, sizeof(n));
	switch (name) {
	case XDP_UMEM_REG:
		return reg(f, xsk, value, len);
	case XDP_RX_RING:
	case XDP_TX_RING:
	case XDP_UMEM_FILL_RING:
	case XDP_UMEM_COMPLETION_RING: {
		uint32_t *ring = &xsk->rings[name == XDP_RX_RING        ? 0 :
					     name == XDP_TX_RING        ? 1 :
					     name == XDP_UMEM_FILL_RING ? 2 :
									  3];

		if (!n || n & (n - 1) || *ring)
			return -EINVAL;
		*ring = n;
		return 0;
	}
	case XDP_MAX_TX_SKB_BUDGET:
		if (n < 32 || n > xsk->rings[1])
			return -EACCES;
		xsk->budget = n;
		return 0;
	}
	return -ENOPROTOOPT;
}

static int answer(void *value, uint32_t *len, const void *what, uint32_t size)
{
	if (*len > size)
		*len = size;
	memcpy(value, what, *len);
	return 0;
}

int fake_xsk_getsockopt(struct fake_file *file, int level, int name, void *value, uint32_t *len)
{
	const struct fake_xsk *xsk = file->xsk;
	const struct xdp_ring_offset ring = { 0, OFF_CONSUMER, OFF_DESC, OFF_FLAGS };
	struct xdp_mmap_offsets offsets = { ring, ring, ring, ring };
	struct xdp_options options = { .flags = xsk->zero_copy ? XDP_OPTIONS_ZEROCOPY : 0 };
	struct xdp_statistics statistics = { 0 };
	int domain = AF_XDP;
	uint32_t napi = xsk->dev ? xsk->dev->napi_id : 0;

	if (level == SOL_SOCKET && name == SO_DOMAIN)
		return answer(value, len, &domain, sizeof(domain));
	if (level == SOL_SOCKET && name == SO_INCOMING_NAPI_ID)
		return answer(value, len, &napi, sizeof(napi));
	if (level != SOL_XDP)
		return -ENOPROTOOPT;
	switch (name) {
	case XDP_MMAP_OFFSETS:
		return answer(value, len, &offsets, sizeof(offsets));
	case XDP_OPTIONS:
		return answer(value, len, &options, sizeof(options));
	case XDP_STATISTICS:
		return answer(value, len, &statistics, sizeof(statistics));
	}
	return -ENOPROTOOPT;
}

/* In the order in which net/xdp/xsk.c looks, of Linux 6.18. */
int fake_xsk_bind(struct fake *f, struct fake_file *file, const void *addr, uint32_t len)
{
	const struct sockaddr_xdp *at = addr;
	struct fake_xsk *xsk = file->xsk, *other = NULL;
	struct fake_netdev *dev;
	uint32_t queue = at->sxdp_queue_id, most;

	if (len < sizeof(*at) || at->sxdp_family != AF_XDP)
		return -EINVAL;
	if (xsk->dev)
		return -EBUSY;
	dev = fake_netdev_at(f, at->sxdp_ifindex);
	if (!dev)
		return -ENODEV;
	if (!xsk->rings[0] && !xsk->rings[1])
		return -EINVAL;
	if (at->sxdp_flags & XDP_SHARED_UMEM) {
		struct fake_file *shared = fake_at(f, (int)at->sxdp_shared_umem_fd);

		other = shared ? shared->xsk : NULL;
		if (!other || !other->dev)
			return -EBADF;
		if (xsk->registered)
			return -EINVAL;
	} else if (!xsk->registered || !xsk->rings[2] || !xsk->rings[3]) {
		return -EINVAL;
	}
	most = dev->rx_queues > dev->tx_queues ? dev->rx_queues : dev->tx_queues;
	if (queue >= most || queue >= FAKE_QUEUES)
		return -EINVAL;
	if (fake_queue_busy(f, dev, queue))
		return -EBUSY;
	xsk->zero_copy = other ? other->zero_copy :
				 !(at->sxdp_flags & XDP_COPY) && !dev->zc_err && !dev->zc_copies;
	if (at->sxdp_flags & XDP_ZEROCOPY && dev->zc_err)
		return -dev->zc_err;
	xsk->dev = dev;
	xsk->queue = queue;
	dev->queues[queue].xsk = file;
	return 0;
}

int fake_xsk_mmap(struct fake *f, struct fake_file *file, size_t len, void **ret)
{
	for (unsigned int i = 0; i < FAKE_REAL; i++) {
		void *p;

		if (f->net->real[i].addr)
			continue;
		p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (p == MAP_FAILED)
			return -ENOMEM;
		f->net->real[i].addr = p;
		f->net->real[i].len = len;
		*ret = p;
		return 0;
	}
	return -ENOMEM;
}

bool fake_xsk_munmap(struct fake *f, void *addr)
{
	for (unsigned int i = 0; i < FAKE_REAL; i++) {
		if (f->net->real[i].addr != addr)
			continue;
		munmap(addr, f->net->real[i].len);
		f->net->real[i].addr = NULL;
		return true;
	}
	return false;
}

void fake_xsk_release(struct fake *f, struct fake_file *file)
{
	struct fake_xsk *xsk = file->xsk;

	if (xsk->dev) {
		xsk->dev->queues[xsk->queue].xsk = NULL;
		xsk->dev->queues[xsk->queue].busy_until = f->now + xsk->dev->release_ms;
	}
	fake_release(xsk);
}

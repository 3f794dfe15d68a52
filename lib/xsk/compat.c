// SPDX-License-Identifier: LGPL-2.1-or-later
/* UMEMs and sockets as libxdp makes them: the memory and the rings are the caller's. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fail.h"
#include "sys/netdev.h"
#include "sys/sys.h"
#include "uapi/if_xdp.h"
#include "xsk/compat_priv.h"
#include "xsk/sock.h"

/* A queue that is somebody else's is told soon enough. */
#define RETRY_MS 100u

static struct dx_compat_umem *umem_of(struct xsk_umem *umem)
{
	return dx_container_of(umem, struct dx_compat_umem, io);
}

static struct dx_compat_socket *socket_of(struct xsk_socket *xsk)
{
	return dx_container_of(xsk, struct dx_compat_socket, io);
}

static int register_memory(const struct dx_compat_umem *umem, void *area, uint64_t len)
{
	struct dx_xdp_umem_reg reg = {
		.addr = (uintptr_t)area,
		.len = len,
		.chunk_size = umem->config.frame_size,
		.headroom = umem->config.frame_headroom,
		.flags = umem->config.flags,
	};

	return dx_sock_register(umem->sys, umem->io.fd, &reg);
}

int dx_compat_umem_create(struct dx_sys *sys, void *area, uint64_t len, struct xsk_ring_prod *fill,
			  struct xsk_ring_cons *comp, const struct xsk_umem_config *config,
			  struct xsk_umem **ret)
{
	static const struct xsk_umem_config usual = {
		.fill_size = XSK_RING_PROD__DEFAULT_NUM_DESCS,
		.comp_size = XSK_RING_CONS__DEFAULT_NUM_DESCS,
		.frame_size = XSK_UMEM__DEFAULT_FRAME_SIZE,
		.frame_headroom = XSK_UMEM__DEFAULT_FRAME_HEADROOM,
		.flags = XSK_UMEM__DEFAULT_FLAGS,
	};
	struct dx_compat_umem *umem;
	int err;

	/* libxdp's word for NULL. */
	if (!area || !fill || !comp || !ret)
		return dx_fail(-EFAULT, DMABUFX_REASON_NULL_ARGUMENT,
			       "a UMEM needs memory, a fill ring, a completion ring and a place for "
			       "the result, and one of them is NULL");
	umem = calloc(1, sizeof(*umem));
	if (!umem)
		return dx_fail_memory();
	umem->sys = sys;
	umem->config = config ? *config : usual;
	dx_list_init(&umem->queues);
	err = dx_sock_new(sys);
	umem->io.fd = err;
	if (err >= 0)
		err = register_memory(umem, area, len);
	if (!err)
		err = dx_compat_umem_rings(umem, umem->io.fd, fill, comp, &umem->fill, &umem->comp);
	if (err) {
		dx_sys_close(sys, umem->io.fd);
		free(umem);
		return err;
	}
	umem->fill_ring = fill;
	umem->comp_ring = comp;
	*ret = &umem->io;
	return 0;
}

int dmabufx_compat_umem_create(void *area, uint64_t len, struct xsk_ring_prod *fill,
			       struct xsk_ring_cons *comp, const struct xsk_umem_config *config,
			       struct xsk_umem **ret)
{
	return dx_compat_umem_create(dx_sys_linux(), area, len, fill, comp, config, ret);
}

int dmabufx_compat_umem_delete(struct xsk_umem *io)
{
	struct dx_compat_umem *umem;

	if (!io)
		return 0;
	umem = umem_of(io);
	if (umem->sockets)
		return dx_fail(-EBUSY, DMABUFX_REASON_DEVICE_BUSY,
			       "%u sockets have the UMEM; delete them first", umem->sockets);
	dx_compat_unmap(umem->sys, &umem->fill);
	dx_compat_unmap(umem->sys, &umem->comp);
	umem->sys->close(umem->sys, umem->io.fd);
	free(umem);
	return 0;
}

static struct dx_compat_queue *find_queue(const struct dx_compat_umem *umem, uint32_t ifindex,
					  uint32_t number)
{
	struct dx_list *at;

	dx_list_for_each(at, &umem->queues) {
		struct dx_compat_queue *queue = dx_container_of(at, struct dx_compat_queue, link);

		if (queue->ifindex == ifindex && queue->queue == number)
			return queue;
	}
	return NULL;
}

/* The UMEM's rings, for its first socket; else new ones. */
static int give_rings(struct dx_compat_socket *xsk, struct xsk_ring_prod *fill,
		      struct xsk_ring_cons *comp)
{
	struct dx_compat_queue *queue = xsk->queue;
	struct dx_compat_umem *umem = xsk->umem;

	if (!fill || !comp)
		return dx_fail(-EFAULT, DMABUFX_REASON_NULL_ARGUMENT,
			       "queue %u is new to the UMEM, whose rings are another queue's: give it "
			       "a fill and a completion ring by xsk_socket__create_shared()",
			       queue->queue);
	if (!umem->fill_ring)
		return dx_compat_umem_rings(umem, xsk->io.fd, fill, comp, &queue->fill,
					    &queue->comp);
	if (fill != umem->fill_ring)
		*fill = *umem->fill_ring;
	if (comp != umem->comp_ring)
		*comp = *umem->comp_ring;
	return 0;
}

static int take_queue(struct dx_compat_socket *xsk, uint32_t ifindex, uint32_t number,
		      struct xsk_ring_prod *fill, struct xsk_ring_cons *comp)
{
	struct dx_compat_umem *umem = xsk->umem;
	struct dx_compat_queue *queue = find_queue(umem, ifindex, number);
	int err;

	if (!queue) {
		queue = calloc(1, sizeof(*queue));
		if (!queue)
			return dx_fail_memory();
		queue->ifindex = ifindex;
		queue->queue = number;
		xsk->queue = queue;
		err = give_rings(xsk, fill, comp);
		if (err) {
			xsk->queue = NULL;
			free(queue);
			return err;
		}
		dx_list_add_tail(&umem->queues, &queue->link);
	}
	queue->refs++;
	xsk->queue = queue;
	return 0;
}

static void leave_queue(struct dx_compat_socket *xsk)
{
	struct dx_compat_queue *queue = xsk->queue;

	if (!queue || --queue->refs)
		return;
	dx_compat_unmap(xsk->umem->sys, &queue->fill);
	dx_compat_unmap(xsk->umem->sys, &queue->comp);
	dx_list_unlink(&queue->link);
	free(queue);
}

/* A ring of the UMEM's own descriptor is there for good, also if the rest failed. */
static int make_rings(struct dx_compat_socket *xsk, struct xsk_ring_cons *rx,
		      struct xsk_ring_prod *tx)
{
	struct dx_compat_umem *umem = xsk->umem;
	struct dx_sys *sys = umem->sys;
	bool first = xsk->io.fd == umem->io.fd;
	int err = 0;

	if (rx && !(first && umem->has_rx)) {
		err = dx_sock_make_ring(sys, xsk->io.fd, XDP_RX_RING, "RX", xsk->config.rx_size);
		umem->has_rx |= first && !err;
	}
	if (!err && tx && !(first && umem->has_tx)) {
		err = dx_sock_make_ring(sys, xsk->io.fd, XDP_TX_RING, "TX", xsk->config.tx_size);
		umem->has_tx |= first && !err;
	}
	if (!err && rx)
		err = dx_compat_rx_ring(xsk, rx);
	if (!err && tx)
		err = dx_compat_tx_ring(xsk, tx);
	return err;
}

static int bind_queue(struct dx_compat_socket *xsk)
{
	struct dx_compat_umem *umem = xsk->umem;
	struct dx_sys *sys = umem->sys;
	bool shared = xsk->io.fd != umem->io.fd;
	struct sockaddr_xdp addr = {
		.sxdp_family = AF_XDP,
		.sxdp_flags = shared ? XDP_SHARED_UMEM : xsk->config.bind_flags,
		.sxdp_ifindex = xsk->queue->ifindex,
		.sxdp_queue_id = xsk->queue->queue,
		.sxdp_shared_umem_fd = shared ? (uint32_t)umem->io.fd : 0,
	};
	int err = dx_sock_bind(sys, xsk->io.fd, &addr, sys->now_ms(sys) + RETRY_MS);

	if (err == -EBUSY)
		return dx_fail(err, DMABUFX_REASON_QUEUE_BUSY,
			       "queue %u has another socket; close that, or use another queue",
			       xsk->queue->queue);
	return err ? dx_fail_sys(err, "binding to queue %u", xsk->queue->queue) : 0;
}

static int redirect(struct dx_compat_socket *xsk, bool receives)
{
	struct dx_compat_queue *queue = xsk->queue;
	int err;

	if (xsk->config.libxdp_flags & XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD)
		return 0;
	err = dx_compat_prog_open(xsk->umem->sys, queue->ifindex, xsk->config.xdp_flags,
				  &xsk->prog);
	if (err || !receives)
		return err;
	err = dx_compat_map_set(xsk->prog.map_fd, queue->queue, xsk->io.fd);
	if (err)
		return err;
	queue->redirected = xsk;
	return 0;
}

static void free_socket(struct dx_compat_socket *xsk)
{
	struct dx_compat_umem *umem = xsk->umem;

	if (xsk->queue && xsk->queue->redirected == xsk) {
		dx_compat_map_clear(xsk->prog.map_fd, xsk->queue->queue);
		xsk->queue->redirected = NULL;
	}
	if (xsk->prog.id)
		dx_compat_prog_close(umem->sys, &xsk->prog);
	dx_compat_unmap(umem->sys, &xsk->rx);
	dx_compat_unmap(umem->sys, &xsk->tx);
	leave_queue(xsk);
	/* The UMEM's descriptor lives as long as the UMEM. */
	if (xsk->io.fd != umem->io.fd)
		dx_sys_close(umem->sys, xsk->io.fd);
	free(xsk);
}

static int set_up(struct dx_compat_socket *xsk, const char *ifname, uint32_t queue,
		  struct xsk_ring_cons *rx, struct xsk_ring_prod *tx, struct xsk_ring_prod *fill,
		  struct xsk_ring_cons *comp)
{
	struct dx_compat_umem *umem = xsk->umem;
	uint32_t ifindex;
	int err = dx_netdev_index(umem->sys, ifname, &ifindex);

	if (err)
		return dx_fail(err, DMABUFX_REASON_NO_INTERFACE,
			       "there is no interface %s here; 'ip link' lists them", ifname);
	if (umem->sockets) {
		err = dx_sock_new(umem->sys);
		xsk->io.fd = err;
		if (err < 0)
			return err;
	}
	err = take_queue(xsk, ifindex, queue, fill, comp);
	if (!err)
		err = make_rings(xsk, rx, tx);
	if (!err)
		err = bind_queue(xsk);
	return err ? err : redirect(xsk, rx);
}

int dmabufx_compat_socket_create(const char *ifname, uint32_t queue, struct xsk_umem *io,
				 struct xsk_ring_cons *rx, struct xsk_ring_prod *tx,
				 struct xsk_ring_prod *fill, struct xsk_ring_cons *comp,
				 const struct xsk_socket_config *config, uint32_t flags,
				 struct xsk_socket **ret)
{
	static const struct xsk_socket_config usual = {
		.rx_size = XSK_RING_CONS__DEFAULT_NUM_DESCS,
		.tx_size = XSK_RING_PROD__DEFAULT_NUM_DESCS,
	};
	struct dx_compat_umem *umem;
	struct dx_compat_socket *xsk;
	int err;

	if (!io || !ret || !ifname || !(rx || tx))
		return dx_fail(-EFAULT, DMABUFX_REASON_NULL_ARGUMENT,
			       "a socket needs a UMEM, an interface, an RX or a TX ring and a place "
			       "for the result, and one of them is NULL");
	if (flags & ~DMABUFX_COMPAT_OWN_RINGS)
		return dx_fail_flags("dmabufx_compat_socket_create", flags,
				     DMABUFX_COMPAT_OWN_RINGS);
	if (config && config->libxdp_flags & ~(uint32_t)XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD)
		return dx_fail_flags("xsk_socket_config", config->libxdp_flags,
				     XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD);
	umem = umem_of(io);
	xsk = calloc(1, sizeof(*xsk));
	if (!xsk)
		return dx_fail_memory();
	xsk->umem = umem;
	xsk->io.fd = umem->io.fd;
	xsk->config = config ? *config : usual;
	if (!(flags & DMABUFX_COMPAT_OWN_RINGS)) {
		fill = umem->fill_ring;
		comp = umem->comp_ring;
	}
	err = set_up(xsk, ifname, queue, rx, tx, fill, comp);
	if (err) {
		free_socket(xsk);
		return err;
	}
	/* The UMEM's rings are this queue's now. */
	if (umem->fill_ring) {
		xsk->queue->fill = umem->fill;
		xsk->queue->comp = umem->comp;
		umem->fill.addr = NULL;
		umem->comp.addr = NULL;
		umem->fill_ring = NULL;
		umem->comp_ring = NULL;
	}
	umem->sockets++;
	*ret = &xsk->io;
	return 0;
}

void dmabufx_compat_socket_delete(struct xsk_socket *io)
{
	struct dx_compat_umem *umem;

	if (!io)
		return;
	umem = socket_of(io)->umem;
	free_socket(socket_of(io));
	umem->sockets--;
}

int dmabufx_compat_map_update(struct xsk_socket *io, int map_fd)
{
	struct dx_compat_socket *xsk;

	if (!io)
		return dx_fail_null("xsk");
	xsk = socket_of(io);
	return dx_compat_map_set(map_fd, xsk->queue->queue, xsk->io.fd);
}

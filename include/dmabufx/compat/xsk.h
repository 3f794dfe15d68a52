/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libxdp's names for AF_XDP on this library, so that a program that was written for
 * <xdp/xsk.h> of libxdp 1.3.1 is compiled again with this header instead, or with
 * "-include dmabufx/compat/xsk.h" and its own includes as they are. Names, arguments,
 * structures and results are libxdp's; so is the program that redirects, so that
 * programs of both kinds share an interface. What is better here: a socket may be
 * opened right after another of its queue was closed, all of a ring's structure is
 * set, and dmabufx_last_error() tells why a call failed.
 *
 * The program's users are counted under libxdp's lock, /sys/fs/bpf/xdp or else /run/xdp. Of
 * processes that see different ones, in other mount namespaces or by LIBXDP_BPFFS, a count can
 * be lost.
 *
 * Threads: as with libxdp, one at a time for a UMEM and its sockets; for a ring one.
 */
#ifndef DMABUFX_COMPAT_XSK_H
#define DMABUFX_COMPAT_XSK_H

#if defined(__LIBBPF_XSK_H) || defined(__LIBXDP_XSK_H)
#error "dmabufx/compat/xsk.h stands in for xdp/xsk.h: include it instead, or before"
#endif
/* From here on <xdp/xsk.h> is empty. */
#define __LIBBPF_XSK_H
#define __LIBXDP_XSK_H

#include <linux/if_xdp.h>
#include <linux/types.h>
#include <stdint.h>
#include <stdio.h>
/* Programs count on what xdp/xsk.h includes. */
#if __has_include(<bpf/libbpf.h>)
#include <bpf/libbpf.h>
#endif

#include "../types.h"

DMABUFX_BEGIN_DECLS

#define XDP_ALWAYS_INLINE static inline __attribute__((__always_inline__))

/*
 * A ring, which the caller holds and the library sets: for a producer cached_cons is the
 * consumer's place plus the ring's size, so that the difference is what is free.
 */
#define DEFINE_XSK_RING(name)      \
	struct name {              \
		__u32 cached_prod; \
		__u32 cached_cons; \
		__u32 mask;        \
		__u32 size;        \
		__u32 *producer;   \
		__u32 *consumer;   \
		void *ring;        \
		__u32 *flags;      \
	}

DEFINE_XSK_RING(xsk_ring_prod);
DEFINE_XSK_RING(xsk_ring_cons);

/* What the library knows of them begins with their descriptor. */
struct xsk_umem {
	int fd;
};

struct xsk_socket {
	int fd;
};

#define XSK_RING_CONS__DEFAULT_NUM_DESCS 2048
#define XSK_RING_PROD__DEFAULT_NUM_DESCS 2048
#define XSK_UMEM__DEFAULT_FRAME_SHIFT 12
#define XSK_UMEM__DEFAULT_FRAME_SIZE (1 << XSK_UMEM__DEFAULT_FRAME_SHIFT)
#define XSK_UMEM__DEFAULT_FRAME_HEADROOM 0
#define XSK_UMEM__DEFAULT_FLAGS 0

struct xsk_umem_config {
	__u32 fill_size;
	__u32 comp_size;
	__u32 frame_size;
	__u32 frame_headroom;
	__u32 flags; /* XDP_UMEM_* */
};

/* The caller attaches a program of its own, or needs none. */
#define XSK_LIBBPF_FLAGS__INHIBIT_PROG_LOAD (1 << 0)
#define XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD (1 << 0)

struct xsk_socket_config {
	__u32 rx_size;
	__u32 tx_size;
	union {
		__u32 libbpf_flags;
		__u32 libxdp_flags;
	};
	__u32 xdp_flags; /* XDP_FLAGS_* */
	__u16 bind_flags; /* XDP_COPY, XDP_ZEROCOPY, XDP_USE_NEED_WAKEUP */
	unsigned int : 16;
};

/* The room at @idx; @idx grows for ever. */
XDP_ALWAYS_INLINE __u64 *xsk_ring_prod__fill_addr(struct xsk_ring_prod *fill, __u32 idx)
{
	return (__u64 *)fill->ring + (idx & fill->mask);
}

XDP_ALWAYS_INLINE const __u64 *xsk_ring_cons__comp_addr(const struct xsk_ring_cons *comp, __u32 idx)
{
	return (const __u64 *)comp->ring + (idx & comp->mask);
}

XDP_ALWAYS_INLINE struct xdp_desc *xsk_ring_prod__tx_desc(struct xsk_ring_prod *tx, __u32 idx)
{
	return (struct xdp_desc *)tx->ring + (idx & tx->mask);
}

XDP_ALWAYS_INLINE const struct xdp_desc *xsk_ring_cons__rx_desc(const struct xsk_ring_cons *rx,
								__u32 idx)
{
	return (const struct xdp_desc *)rx->ring + (idx & rx->mask);
}

/* Whether the kernel wants a system call to go on. */
XDP_ALWAYS_INLINE int xsk_ring_prod__needs_wakeup(const struct xsk_ring_prod *r)
{
	/* Relaxed: a hint. The kernel looks at the ring once more after it set the flag. */
	return (int)(__atomic_load_n(r->flags, __ATOMIC_RELAXED) & XDP_RING_NEED_WAKEUP);
}

/* How many are free; looks at the kernel's side if those known aren't @nb. */
XDP_ALWAYS_INLINE __u32 xsk_prod_nb_free(struct xsk_ring_prod *r, __u32 nb)
{
	if (r->cached_cons - r->cached_prod < nb)
		/* Acquire, with the kernel's release of the consumer: it is done with the slots. */
		r->cached_cons = __atomic_load_n(r->consumer, __ATOMIC_ACQUIRE) + r->size;
	return r->cached_cons - r->cached_prod;
}

/* How many have arrived, up to @nb; looks at the kernel's side if none is known. */
XDP_ALWAYS_INLINE __u32 xsk_cons_nb_avail(struct xsk_ring_cons *r, __u32 nb)
{
	__u32 have;

	if (r->cached_prod == r->cached_cons)
		/* Acquire, with the kernel's release of the producer: the slots are written. */
		r->cached_prod = __atomic_load_n(r->producer, __ATOMIC_ACQUIRE);
	have = r->cached_prod - r->cached_cons;
	return have < nb ? have : nb;
}

/* All of @nb, from *@idx on, or 0. */
XDP_ALWAYS_INLINE __u32 xsk_ring_prod__reserve(struct xsk_ring_prod *prod, __u32 nb, __u32 *idx)
{
	if (xsk_prod_nb_free(prod, nb) < nb)
		return 0;
	*idx = prod->cached_prod;
	prod->cached_prod += nb;
	return nb;
}

/* Hands the first @nb of those reserved over. */
XDP_ALWAYS_INLINE void xsk_ring_prod__submit(struct xsk_ring_prod *prod, __u32 nb)
{
	/* Release, with the kernel's acquire of the producer: it sees what the slots hold. */
	__atomic_store_n(prod->producer, *prod->producer + nb, __ATOMIC_RELEASE);
}

/* Up to @nb that have arrived, from *@idx on. */
XDP_ALWAYS_INLINE __u32 xsk_ring_cons__peek(struct xsk_ring_cons *cons, __u32 nb, __u32 *idx)
{
	__u32 n = xsk_cons_nb_avail(cons, nb);

	if (n) {
		*idx = cons->cached_cons;
		cons->cached_cons += n;
	}
	return n;
}

/* The last @nb of those peeked come again. */
XDP_ALWAYS_INLINE void xsk_ring_cons__cancel(struct xsk_ring_cons *cons, __u32 nb)
{
	cons->cached_cons -= nb;
}

/* Gives the first @nb of those peeked back. */
XDP_ALWAYS_INLINE void xsk_ring_cons__release(struct xsk_ring_cons *cons, __u32 nb)
{
	/* Release, with the kernel's acquire of the consumer: the slots have been read. */
	__atomic_store_n(cons->consumer, *cons->consumer + nb, __ATOMIC_RELEASE);
}

XDP_ALWAYS_INLINE void *xsk_umem__get_data(void *umem_area, __u64 addr)
{
	return (char *)umem_area + addr;
}

/* Of unaligned chunks an address is the chunk's, with an offset in its upper 16 bits. */
XDP_ALWAYS_INLINE __u64 xsk_umem__extract_addr(__u64 addr)
{
	return addr & XSK_UNALIGNED_BUF_ADDR_MASK;
}

XDP_ALWAYS_INLINE __u64 xsk_umem__extract_offset(__u64 addr)
{
	return addr >> XSK_UNALIGNED_BUF_OFFSET_SHIFT;
}

XDP_ALWAYS_INLINE __u64 xsk_umem__add_offset_to_addr(__u64 addr)
{
	return xsk_umem__extract_addr(addr) + xsk_umem__extract_offset(addr);
}

/* What is behind the names below; each does what the name's comment says. */
DMABUFX_API int dmabufx_compat_umem_create(void *area, uint64_t len, struct xsk_ring_prod *fill,
					   struct xsk_ring_cons *comp,
					   const struct xsk_umem_config *config,
					   struct xsk_umem **ret);
DMABUFX_API int dmabufx_compat_umem_delete(struct xsk_umem *umem);

/** DMABUFX_COMPAT_OWN_RINGS - fill and comp are the caller's; else the UMEM's. */
#define DMABUFX_COMPAT_OWN_RINGS (1u << 0)
DMABUFX_API int dmabufx_compat_socket_create(const char *ifname, uint32_t queue,
					     struct xsk_umem *umem, struct xsk_ring_cons *rx,
					     struct xsk_ring_prod *tx, struct xsk_ring_prod *fill,
					     struct xsk_ring_cons *comp,
					     const struct xsk_socket_config *config, uint32_t flags,
					     struct xsk_socket **ret);
DMABUFX_API void dmabufx_compat_socket_delete(struct xsk_socket *xsk);
DMABUFX_API int dmabufx_compat_prog_setup(int ifindex, int *map_fd);
DMABUFX_API int dmabufx_compat_map_update(struct xsk_socket *xsk, int map_fd);

/* -EINVAL: NULL. */
static inline int xsk_umem__fd(const struct xsk_umem *umem)
{
	return umem ? umem->fd : -22;
}

static inline int xsk_socket__fd(const struct xsk_socket *xsk)
{
	return xsk ? xsk->fd : -22;
}

/*
 * Attaches libxdp's program, or finds it attached; it stays, also after the process.
 * *@xsks_map_fd, if that isn't NULL, becomes the caller's.
 */
static inline int xsk_setup_xdp_prog(int ifindex, int *xsks_map_fd)
{
	return dmabufx_compat_prog_setup(ifindex, xsks_map_fd);
}

/* Has the program redirect the socket's queue to it. */
static inline int xsk_socket__update_xskmap(struct xsk_socket *xsk, int xsks_map_fd)
{
	return dmabufx_compat_map_update(xsk, xsks_map_fd);
}

/* The memory is the caller's, and stays until the UMEM is deleted. NULL: the defaults above. */
static inline int xsk_umem__create(struct xsk_umem **umem, void *umem_area, __u64 size,
				   struct xsk_ring_prod *fill, struct xsk_ring_cons *comp,
				   const struct xsk_umem_config *config)
{
	return dmabufx_compat_umem_create(umem_area, size, fill, comp, config, umem);
}

/* The first socket of a UMEM, with the UMEM's rings, or another of its queue. */
static inline int xsk_socket__create(struct xsk_socket **xsk, const char *ifname, __u32 queue_id,
				     struct xsk_umem *umem, struct xsk_ring_cons *rx,
				     struct xsk_ring_prod *tx,
				     const struct xsk_socket_config *config)
{
	return dmabufx_compat_socket_create(ifname, queue_id, umem, rx, tx, NULL, NULL, config, 0,
					    xsk);
}

/* A socket of a UMEM; @fill and @comp are for the first one of each queue. */
static inline int xsk_socket__create_shared(struct xsk_socket **xsk_ptr, const char *ifname,
					    __u32 queue_id, struct xsk_umem *umem,
					    struct xsk_ring_cons *rx, struct xsk_ring_prod *tx,
					    struct xsk_ring_prod *fill, struct xsk_ring_cons *comp,
					    const struct xsk_socket_config *config)
{
	return dmabufx_compat_socket_create(ifname, queue_id, umem, rx, tx, fill, comp, config,
					    DMABUFX_COMPAT_OWN_RINGS, xsk_ptr);
}

/* -EBUSY: a socket has it. */
static inline int xsk_umem__delete(struct xsk_umem *umem)
{
	return dmabufx_compat_umem_delete(umem);
}

static inline void xsk_socket__delete(struct xsk_socket *xsk)
{
	dmabufx_compat_socket_delete(xsk);
}

DMABUFX_END_DECLS

#endif

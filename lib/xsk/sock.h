/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A socket of AF_XDP, its UMEM and its rings: the kernel's calls, with why they fail. */
#ifndef DX_XSK_SOCK_H
#define DX_XSK_SOCK_H

#include "sys/sys.h"
#include "uapi/if_xdp.h"

/* The descriptor. */
int dx_sock_new(struct dx_sys *sys);
/* @reg->addr is the memory. */
int dx_sock_register(struct dx_sys *sys, int fd, const struct dx_xdp_umem_reg *reg);
/* @option is XDP_RX_RING or one of its kin. */
int dx_sock_make_ring(struct dx_sys *sys, int fd, int option, const char *what, uint32_t n);
int dx_sock_offsets(struct dx_sys *sys, int fd, struct xdp_mmap_offsets *ret);

#define DX_SOCK_RETRY_US 1000u

/*
 * The kernel lets go of a queue some 10 ms after its socket was closed. Binding tries again
 * while the queue is busy, until that time; -errno, without a reason. Whoever closed waits
 * for the kernel to say that the queue is free, if it is one that says so (6.14).
 */
int dx_sock_bind(struct dx_sys *sys, int fd, const struct sockaddr_xdp *addr, uint64_t until);
void dx_sock_wait_free(struct dx_sys *sys, uint32_t ifindex, uint32_t queue, uint64_t until);

#endif

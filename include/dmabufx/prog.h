/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* XDP programs: what decides which packets of an interface go to sockets. */
#ifndef DMABUFX_PROG_H
#define DMABUFX_PROG_H

#include "types.h"

DMABUFX_BEGIN_DECLS

/**
 * enum dmabufx_prog_kind - which packets go to the sockets
 * @DMABUFX_PROG_ALL: all of a queue that has a socket; others go on to the kernel
 * @DMABUFX_PROG_PORTS: those of TCP or UDP, in IPv4 or IPv6, with a VLAN tag or
 * without, to one of the ports; all else goes on to the kernel, so that the
 * interface can be managed by what it carries. Up to two tags and, in IPv6, four
 * extension headers are looked past. Of a fragmented packet the first fragment
 * alone has ports, the others go on
 * @DMABUFX_PROG_FILE: a BPF object of the caller's, with a map "xsks_map" of
 * type XSKMAP that it redirects into
 */
enum dmabufx_prog_kind {
	DMABUFX_PROG_ALL,
	DMABUFX_PROG_PORTS,
	DMABUFX_PROG_FILE,
};

/**
 * enum dmabufx_xdp_mode - who runs the program
 * @DMABUFX_XDP_AUTO: the driver; if it can't, the kernel's general code
 * @DMABUFX_XDP_NATIVE: the driver
 * @DMABUFX_XDP_GENERIC: the kernel's general code, on packets it has copied
 */
enum dmabufx_xdp_mode {
	DMABUFX_XDP_AUTO,
	DMABUFX_XDP_NATIVE,
	DMABUFX_XDP_GENERIC,
};

/** DMABUFX_PROG_SHARE - stand in libxdp's dispatcher, so that others can join. */
#define DMABUFX_PROG_SHARE (1u << 0)
/** DMABUFX_PROG_FRAGS - packets of more than one frame arrive; else the MTU is bounded. */
#define DMABUFX_PROG_FRAGS (1u << 1)
/**
 * DMABUFX_PROG_META - write what the driver knows of a packet before it, for
 * dmabufx_xsk_rx_meta(): by the driver alone, not beside other programs.
 */
#define DMABUFX_PROG_META (1u << 2)

/**
 * struct dmabufx_prog_opts - options of dmabufx_prog_attach()
 * @size: sizeof(struct dmabufx_prog_opts), set by DMABUFX_OPTS()
 * @ports: for DMABUFX_PROG_PORTS, destination ports in host order
 * @path: for DMABUFX_PROG_FILE, the object's file
 * @section: of @path, the program's name, or its section's; NULL: the only one
 * @kind: an enum dmabufx_prog_kind
 * @mode: an enum dmabufx_xdp_mode
 * @nports: entries of @ports, at most 1024
 * @flags: DMABUFX_PROG_*
 */
struct dmabufx_prog_opts {
	size_t size;
	const uint16_t *ports;
	const char *path;
	const char *section;
	uint32_t kind;
	uint32_t mode;
	uint32_t nports;
	uint32_t flags;
};

/**
 * struct dmabufx_prog_info - what is attached
 * @size: set by the caller to sizeof(struct dmabufx_prog_info)
 * @ifname: the interface
 * @ifindex: its number
 * @prog_id: the kernel's id of the program
 * @mode: DMABUFX_XDP_NATIVE or DMABUFX_XDP_GENERIC
 * @map_fd: descriptor of the XSKMAP; borrowed
 * @flags: DMABUFX_PROG_SHARE if it stands in libxdp's dispatcher,
 * DMABUFX_PROG_FRAGS, DMABUFX_PROG_META
 */
struct dmabufx_prog_info {
	size_t size;
	char ifname[16];
	uint32_t ifindex;
	uint32_t prog_id;
	uint32_t mode;
	int map_fd;
	uint32_t flags;
	uint32_t reserved;
};

/**
 * dmabufx_prog_attach() - attach a program to an interface
 * @ctx: context
 * @ifname: interface
 * @opts: options, or NULL
 * @ret: receives the program, with one reference
 *
 * If no program is attached, it is attached by a link of the kernel's, which
 * ends with this process, however it ends. If programs are attached by libxdp's
 * dispatcher, or with DMABUFX_PROG_SHARE, it joins them there, in the mode that the
 * dispatcher has; then a process that is killed leaves it attached, passing all
 * packets on, until the next dmabufx_prog_attach() on the interface, in the network
 * namespace of this one, removes it. A process that was forked from this one and
 * lives on counts as this one. The program is detached with its last reference.
 *
 * With DMABUFX_PROG_META the program is bound to the interface, for which it takes the
 * driver's native mode, a kernel with BTF, and no dispatcher. A packet that has no
 * room for metadata before it is dropped (XDP_ABORTED).
 *
 * With DMABUFX_XDP_AUTO, an MTU that is too large is an error, not a reason for the
 * kernel's general code. Nothing is printed: what libbpf, libxdp, the verifier and
 * the driver have to say ends up in dmabufx_last_error()'s sentence.
 *
 * Threads: any. Privilege: CAP_NET_ADMIN and CAP_BPF, or CAP_SYS_ADMIN.
 * Return: 0; -EINVAL: NULL, malformed options; -E2BIG; -ENODEV: no such
 * interface; -EBUSY: somebody else's program is attached, or a dispatcher in another
 * mode than asked for; -EPERM: no privilege; -ENOENT: no such file or program;
 * -ENOEXEC: the file holds no program that the kernel takes, or no xsks_map;
 * -EOPNOTSUPP: the driver has no XDP and DMABUFX_XDP_NATIVE was asked for, or
 * DMABUFX_PROG_SHARE was and libxdp can't have its dispatcher here, or
 * DMABUFX_PROG_META was and kernel, driver or mode can't; -ERANGE: the MTU
 * is too large for a program without DMABUFX_PROG_FRAGS;
 * -ENOSYS: built without AF_XDP; errors of libxdp and libbpf.
 * Source: linux/if_link.h (4.8), linux/bpf.h BPF_LINK_TYPE_XDP (5.9), xdp.frags (5.18),
 * BPF_F_XDP_DEV_BOUND_ONLY (6.3).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_prog_attach(struct dmabufx_ctx *ctx, const char *ifname,
				    const struct dmabufx_prog_opts *opts,
				    struct dmabufx_prog **ret);

/**
 * dmabufx_prog_unref() - drop a reference
 * @prog: program, or NULL
 *
 * Sockets hold references of their own.
 *
 * Threads: any.
 * Return: NULL, to assign back.
 * Since: 0.1
 */
DMABUFX_API struct dmabufx_prog *dmabufx_prog_unref(struct dmabufx_prog *prog);

/**
 * dmabufx_prog_get_info() - what is attached
 * @prog: program
 * @ret: its size member set by the caller; receives the rest
 *
 * Threads: any.
 * Return: 0; -EINVAL: NULL or the size is too small; -E2BIG: the size is larger
 * than this library knows.
 * Since: 0.1
 */
DMABUFX_API int dmabufx_prog_get_info(struct dmabufx_prog *prog, struct dmabufx_prog_info *ret);

DMABUFX_END_DECLS

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program on an interface. The ctx is locked in all of these. */
#ifndef DX_XSK_PROG_PRIV_H
#define DX_XSK_PROG_PRIV_H

#include <stdbool.h>

#include "base/ctx.h"
#include "dmabufx/prog.h"

struct bpf_object;
struct bpf_program;
struct dx_prog_there;
struct dx_prog_words;
struct dx_sys;
struct xdp_program;

struct dmabufx_prog {
	struct dmabufx_ctx *ctx;
	struct dx_list link; /* in ctx->progs */
	unsigned int refs;
	char ifname[16];
	uint32_t ifindex;
	uint32_t kind;
	uint32_t mode; /* DMABUFX_XDP_NATIVE or _GENERIC */
	uint32_t flags;
	uint32_t id;
	uint64_t mark; /* of the metadata that it writes before packets; 0: none */
	struct bpf_object *obj;
	struct bpf_program *bpf;
	int map_fd; /* the XSKMAP; obj's */
	uint32_t map_len;
	/* How it is attached: by a link of the kernel's, else in libxdp's dispatcher. */
	int link_fd;
	struct xdp_program *xdp;
	int owner_fd; /* tells other processes that this one lives */
};

/* For sockets: the ctx's own program for the interface, made or found; -EBUSY: it doesn't fit. */
int dx_prog_default(struct dmabufx_ctx *ctx, const char *ifname, uint32_t mode, uint32_t flags,
		    struct dmabufx_prog **ret);
/*
 * prog_tx.c: for one that only sends without copying: any native one of the ctx's, or the
 * default one. 0 with NULL: none is needed, or somebody else's does.
 */
int dx_prog_for_tx(struct dmabufx_ctx *ctx, const char *ifname, uint32_t ifindex, uint32_t flags,
		   struct dmabufx_prog **ret);
struct dmabufx_prog *dx_prog_hold(struct dmabufx_prog *prog);
void dx_prog_put(struct dmabufx_prog *prog);

/* A queue's slot in the map. -EBUSY: it is another socket's; -EINVAL: there is none. */
int dx_prog_insert(struct dmabufx_prog *prog, uint32_t queue, int xsk_fd);
void dx_prog_remove(struct dmabufx_prog *prog, uint32_t queue);

/* redirect.bpf.o and meta.bpf.o, of the build. */
extern const unsigned char dx_prog_object[];
extern const size_t dx_prog_object_len;
extern const unsigned char dx_prog_meta_object[];
extern const size_t dx_prog_meta_object_len;

/*
 * prog_load.c: opens the object and chooses the program in it; then loads it, which
 * libxdp does itself. Both record why they fail; dx_prog_loaded() is for after the
 * load, whoever did it.
 */
int dx_prog_open(struct dmabufx_prog *prog, const struct dmabufx_prog_opts *o,
		 struct dx_prog_words *words);
int dx_prog_load(struct dmabufx_prog *prog, const struct dmabufx_prog_opts *o,
		 struct dx_prog_words *words);
int dx_prog_loaded(struct dmabufx_prog *prog, const struct dmabufx_prog_opts *o);
int dx_prog_refused(const struct dmabufx_prog *prog, const struct dmabufx_prog_opts *o, int err,
		    const struct dx_prog_words *words);
void dx_prog_close(struct dmabufx_prog *prog);

/*
 * prog_meta.c: whether mode and what is there let a program write metadata; and, of one
 * that was opened and chosen, whether kernel and driver have any, and its settings.
 */
int dx_prog_meta_check(const struct dmabufx_prog *prog, const struct dmabufx_prog_opts *o,
		       const struct dx_prog_there *there);
int dx_prog_meta_set(struct dmabufx_prog *prog);

/* prog_attach.c: the best way that the options and the interface allow. */
int dx_prog_attach(struct dmabufx_prog *prog, const struct dmabufx_prog_opts *o);
void dx_prog_detach(struct dmabufx_prog *prog);

/* Why a mode can't be had; @err is libbpf's or libxdp's. */
int dx_prog_attach_failed(struct dmabufx_prog *prog, const struct dmabufx_prog_opts *o,
			  uint32_t mode, int err, const struct dx_prog_words *words);

/* What is on an interface. */
#define DX_PROG_MEMBERS_MAX 16
struct dx_prog_there {
	uint32_t id; /* 0: nothing */
	uint32_t mode;
	bool dispatcher;
	bool link; /* ends with who holds a link of the kernel's */
	char name[16];
	uint32_t nmembers; /* of the dispatcher */
	uint32_t members[DX_PROG_MEMBERS_MAX];
};

/* prog_look.c: looks; -errno of libbpf. A program's number, and its name if @name isn't NULL. */
int dx_prog_look(struct dx_sys *sys, uint32_t ifindex, struct dx_prog_there *ret);
int dx_prog_id(int fd, uint32_t *ret, char name[16]);

/* prog_reap.c: closes what libxdp left open between the two. */
struct dx_prog_fds {
	char *names;
	int n;
	struct dx_prog_there there;
};
void dx_prog_fds_note(struct dx_prog_fds *fds, struct dx_sys *sys, uint32_t ifindex);
void dx_prog_fds_reap(struct dx_prog_fds *fds, struct dx_sys *sys);

/* prog_share.c: life in libxdp's dispatcher. */
int dx_prog_share(struct dmabufx_prog *prog, const struct dmabufx_prog_opts *o, uint32_t mode,
		  struct dx_prog_words *words);
void dx_prog_unshare(struct dmabufx_prog *prog);
/* Removes programs of ours whose process is gone; how many. */
unsigned int dx_prog_sweep(struct dmabufx_ctx *ctx, uint32_t ifindex,
			   const struct dx_prog_there *there);

/* prog_owner.c: whether the process that attached a program lives. */
int dx_prog_own(struct dmabufx_prog *prog, int prog_fd);
bool dx_prog_orphaned(struct dx_sys *sys, uint32_t id);

/*
 * prog_words.c: what libbpf and libxdp would print to stderr is caught: one
 * sentence of it says why. Their printing is the process's, so one thread at a time
 * is between the two; what other threads make them print goes where it went.
 */
struct dx_prog_words {
	int rank;
	char text[160];
};
void dx_prog_listen(struct dx_prog_words *words);
void dx_prog_listen_end(void);
/* Whether the verifier said it. */
bool dx_prog_verdict(const struct dx_prog_words *words);
/* ": " and the sentence, or "". */
const char *dx_prog_said(const struct dx_prog_words *words, char *text, size_t len);

#endif

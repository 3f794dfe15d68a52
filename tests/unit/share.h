/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Buffers over real sockets: the kernel's table with calls that can be told to fail. */
#ifndef UNIT_SHARE_H
#define UNIT_SHARE_H

#include "unit.h"

#include <semaphore.h>
#include <sys/socket.h>
#include <unistd.h>

struct share {
	struct dx_sys sys; /* first: what the library gets */
	struct dmabufx_ctx *ctx;
	int ends[2];
	int type;
	unsigned int fds; /* that were open when the test began */
	const char *exporter; /* what fdinfo says of every descriptor; NULL: the truth */
	size_t part; /* bytes that a call moves at most; 0: all */
	unsigned int calls;
	unsigned int fail_at; /* 0: none */
	int fail_err;
	bool failed;
	sem_t *receiving; /* posted before a receive */
};

/* The header as it goes over the socket. */
struct share_wire {
	uint32_t magic;
	uint32_t version;
	uint32_t kind;
	uint32_t reserved;
	uint64_t len;
};

extern const int share_types[3];

/* A context and a pair of sockets of @type; the end checks that no descriptor is left. */
void share_begin(struct share *s, int type);
void share_end(struct share *s);
unsigned int share_open_fds(void);
/* Fails the @nth call from now on that can fail; 0: none. */
void share_fail_nth(struct share *s, unsigned int nth, int err);

/* A sealed memfd of a page, and a header that fits it. */
int share_memfd(uint64_t len, int seals);
struct share_wire share_header(void);
/* Sends bytes and descriptors from ends[0], as no library would. */
void share_put(struct share *s, const void *bytes, size_t len, const int *fds, size_t nfds);

#endif

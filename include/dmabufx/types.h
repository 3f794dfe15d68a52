/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every public header shares: handles, ranges, option structs, visibility. */
#ifndef DMABUFX_TYPES_H
#define DMABUFX_TYPES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define DMABUFX_BEGIN_DECLS extern "C" {
#define DMABUFX_END_DECLS }
#else
#define DMABUFX_BEGIN_DECLS
#define DMABUFX_END_DECLS
#endif

/** DMABUFX_API - marks a symbol that the shared library exports. */
#define DMABUFX_API __attribute__((visibility("default")))

/** DMABUFX_VERSION_MAJOR - major version of these headers. */
#define DMABUFX_VERSION_MAJOR 0
/** DMABUFX_VERSION_MINOR - minor version of these headers. */
#define DMABUFX_VERSION_MINOR 1
/** DMABUFX_VERSION_PATCH - patch version of these headers. */
#define DMABUFX_VERSION_PATCH 0

/**
 * DMABUFX_OPTS() - declare an option struct with its size set
 * @type: struct tag, for example dmabufx_map_opts
 * @name: name of the variable
 *
 * Further arguments are designated initialisers: every member not named is 0,
 * which means the default. A library older than these headers accepts the
 * struct as long as the members it doesn't know are 0 and answers -E2BIG
 * otherwise; a newer one takes missing members as 0.
 */
#define DMABUFX_OPTS(type, name, ...) \
	struct type name = { .size = sizeof(struct type), __VA_ARGS__ }

struct dmabufx_ctx;
struct dmabufx_dev;
struct dmabufx_ioas;
struct dmabufx_buf;
struct dmabufx_mapping;
struct dmabufx_umem;
struct dmabufx_prog;
struct dmabufx_xsk;

/**
 * struct dmabufx_range - a stretch of bytes, half-open
 * @start: first byte
 * @len: number of bytes; [@start, @start + @len)
 */
struct dmabufx_range {
	uint64_t start;
	uint64_t len;
};

/**
 * struct dmabufx_iova_range - a stretch of I/O virtual addresses
 * @start: first address
 * @last: last address, inclusive, as the top of a 64-bit space has no end
 */
struct dmabufx_iova_range {
	uint64_t start;
	uint64_t last;
};

#endif

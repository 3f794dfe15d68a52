/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The context: what everything else hangs off; log, events, the IOMMU backend. */
#ifndef DMABUFX_CTX_H
#define DMABUFX_CTX_H

#include "types.h"

DMABUFX_BEGIN_DECLS

/**
 * enum dmabufx_backend - which kernel interface drives the IOMMU
 * @DMABUFX_BACKEND_AUTO: iommufd where /dev/iommu opens, else type1
 * @DMABUFX_BACKEND_IOMMUFD: /dev/iommu and VFIO's device nodes; takes dma-bufs
 * @DMABUFX_BACKEND_TYPE1: VFIO groups and a type1 container; takes memory only
 */
enum dmabufx_backend {
	DMABUFX_BACKEND_AUTO = 0,
	DMABUFX_BACKEND_IOMMUFD,
	DMABUFX_BACKEND_TYPE1,
};

/**
 * struct dmabufx_ctx_opts - options of dmabufx_ctx_new()
 * @size: sizeof(struct dmabufx_ctx_opts), set by DMABUFX_OPTS()
 * @backend: an enum dmabufx_backend
 * @flags: must be 0
 */
struct dmabufx_ctx_opts {
	size_t size;
	uint32_t backend;
	uint32_t flags;
};

/**
 * enum dmabufx_log_level - how loud a log line is
 * @DMABUFX_LOG_WARN: something will not work as the caller may expect
 * @DMABUFX_LOG_INFO: what the library decided, and why
 * @DMABUFX_LOG_DEBUG: each step of a transaction
 */
enum dmabufx_log_level {
	DMABUFX_LOG_WARN = 0,
	DMABUFX_LOG_INFO,
	DMABUFX_LOG_DEBUG,
};

/**
 * typedef dmabufx_log_fn - receives a log line
 * @user: what was given to dmabufx_ctx_set_log()
 * @level: how loud
 * @text: one line without a newline; valid during the call only
 *
 * Called with the ctx locked, in the thread of the call that logs: it must
 * not call back into the library.
 */
typedef void (*dmabufx_log_fn)(void *user, enum dmabufx_log_level level, const char *text);

/**
 * enum dmabufx_event_type - what an event tells
 * @DMABUFX_EVENT_STALE: a mapping could not be brought back; its IOVA is kept
 * @DMABUFX_EVENT_REMAPPED: a mapping died and is back at its IOVA
 * @DMABUFX_EVENT_REVOKED: a mapping was taken away (memory off, D3, a
 * reset that dmabufx_dev_reset_begin() announced)
 * @DMABUFX_EVENT_DEV_GONE: the exporting device was closed; the mapping is GONE
 */
enum dmabufx_event_type {
	DMABUFX_EVENT_STALE = 1,
	DMABUFX_EVENT_REMAPPED,
	DMABUFX_EVENT_REVOKED,
	DMABUFX_EVENT_DEV_GONE,
};

/**
 * struct dmabufx_event - something that happened to an object
 * @type: what happened
 * @reason: for STALE and REVOKED, why; else 0
 * @mapping: the mapping it is about; valid until it is unmapped
 */
struct dmabufx_event {
	enum dmabufx_event_type type;
	uint32_t reason;
	struct dmabufx_mapping *mapping;
};

/**
 * dmabufx_ctx_new() - make a context
 * @opts: options, or NULL
 * @ret: receives the context, with one reference
 *
 * Touches nothing in the kernel: /dev/iommu or a container is opened by the
 * first call that needs it, so probing and listing work on every machine.
 *
 * Threads: any. Privilege: none.
 * Return: 0; -EINVAL: @ret is NULL, or @opts is malformed or names an unknown
 * backend or flag; -E2BIG: @opts holds members this library doesn't know;
 * -ENOMEM.
 * Since: 0.1
 */
DMABUFX_API int dmabufx_ctx_new(const struct dmabufx_ctx_opts *opts, struct dmabufx_ctx **ret);

/**
 * dmabufx_ctx_unref() - drop the caller's reference
 * @ctx: context, or NULL
 *
 * Devices, address spaces, buffers and mappings hold references of their own:
 * the kernel's objects are closed when the last of them is gone.
 *
 * Threads: any.
 * Return: NULL, to assign back.
 * Since: 0.1
 */
DMABUFX_API struct dmabufx_ctx *dmabufx_ctx_unref(struct dmabufx_ctx *ctx);

/**
 * dmabufx_ctx_set_log() - receive log lines
 * @ctx: context
 * @fn: function to call, or NULL for silence, which is the default
 * @user: handed to @fn
 * @max: the loudest level wanted, an enum dmabufx_log_level
 *
 * Threads: any.
 * Return: 0; -EINVAL: @ctx is NULL or @max is unknown.
 * Since: 0.1
 */
DMABUFX_API int dmabufx_ctx_set_log(struct dmabufx_ctx *ctx, dmabufx_log_fn fn, void *user,
				    enum dmabufx_log_level max);

/**
 * dmabufx_ctx_backend() - the backend in use
 * @ctx: context
 *
 * Opens it if no call did so far.
 *
 * Threads: any. Privilege: access to /dev/iommu or /dev/vfio/vfio.
 * Return: DMABUFX_BACKEND_IOMMUFD or DMABUFX_BACKEND_TYPE1; -EINVAL: @ctx is
 * NULL; -ENODEV: the machine has neither; -EACCES or -EPERM: no permission
 * for its node; -EMFILE, -ENFILE, -ENOMEM.
 * Source: linux/iommufd.h (6.2), linux/vfio.h (3.6).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_ctx_backend(struct dmabufx_ctx *ctx);

/**
 * dmabufx_ctx_event_fd() - a file descriptor that polls readable on events
 * @ctx: context
 *
 * Belongs to the context; don't read it, call dmabufx_ctx_next_event() until
 * that returns 0.
 *
 * Threads: any.
 * Return: the descriptor; -EINVAL: @ctx is NULL; -EMFILE, -ENFILE, -ENOMEM.
 * Since: 0.1
 */
DMABUFX_API int dmabufx_ctx_event_fd(struct dmabufx_ctx *ctx);

/**
 * dmabufx_ctx_next_event() - take the oldest event
 * @ctx: context
 * @ret: receives the event
 *
 * Events are kept in the objects they concern and can't be lost for lack of
 * memory: an object holds one, the newest replaces it in place, and it goes
 * away with the object.
 *
 * Threads: any.
 * Return: 1: @ret holds an event; 0: none waits; -EINVAL: an argument is NULL.
 * Since: 0.1
 */
DMABUFX_API int dmabufx_ctx_next_event(struct dmabufx_ctx *ctx, struct dmabufx_event *ret);

/**
 * dmabufx_ctx_ioas() - the context's default I/O address space
 * @ctx: context
 * @ret: receives the address space; borrowed, lives as long as @ctx
 *
 * Made by the first call.
 *
 * Threads: any. Privilege: as dmabufx_ctx_backend().
 * Return: 0; -EINVAL: an argument is NULL; the errors of dmabufx_ctx_backend()
 * and dmabufx_ioas_new().
 * Since: 0.1
 */
DMABUFX_API int dmabufx_ctx_ioas(struct dmabufx_ctx *ctx, struct dmabufx_ioas **ret);

/**
 * dmabufx_version() - version of the library at run time
 *
 * Threads: any.
 * Return: a static string such as "0.1.0".
 * Since: 0.1
 */
DMABUFX_API const char *dmabufx_version(void);

DMABUFX_END_DECLS

#endif

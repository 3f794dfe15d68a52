/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DMA engines: make a real device move bytes to or from an IOVA. */
#ifndef ENGINE_H
#define ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <dmabufx/dmabufx.h>

/*
 * An engine drives a device that is open, and attached to an ioas, through
 * its own registers, on the public calls of the library alone. It keeps its
 * rings and scratch pages in memory that it maps into that ioas. The bytes go
 * where the IOMMU lets the device write: nothing here copies them.
 *
 * Calls return 0 or -errno; engine_error() has the sentence. One thread at a
 * time for an engine.
 */
struct engine;
struct engine_ops;

/** ENGINE_MAX_LEN - no engine moves more bytes than this in one call. */
#define ENGINE_MAX_LEN 4096

/**
 * struct engine_limits - what an engine can do
 * @name: a short word, "edu"
 * @data: what bytes it writes, for people
 * @min_len: fewest bytes of one call
 * @max_len: most bytes of one call; equal to @min_len: no other length
 * @align: the IOVA must be a multiple of this
 * @max_iova: highest byte the device can address
 * @can_read: engine_read() works
 * @tells_faults: a DMA that the IOMMU stopped may come back as an error;
 * otherwise the device says "done" and only the memory tells
 */
struct engine_limits {
	const char *name;
	const char *data;
	uint32_t min_len;
	uint32_t max_len;
	uint32_t align;
	uint64_t max_iova;
	bool can_read;
	bool tells_faults;
};

/**
 * struct engine_opts - options of engine_open()
 * @max_iova: overrides the limit, for a device whose mask is wider than usual;
 * 0: the engine's own
 * @timeout_ms: longest wait for one step of the device; 0: 5000
 * @tick: called while waiting, or NULL
 * @user: handed to @tick
 */
struct engine_opts {
	uint64_t max_iova;
	uint32_t timeout_ms;
	void (*tick)(void *user);
	void *user;
};

/**
 * engine_find() - the engine for a PCI function
 * @vendor: PCI vendor id
 * @device: PCI device id
 * @class_code: base class, subclass and interface, 24 bits
 *
 * Return: the engine's operations, static; NULL: none knows the device.
 */
const struct engine_ops *engine_find(uint16_t vendor, uint16_t device, uint32_t class_code);

/**
 * engine_ops_limits() - what an engine can do, before it is opened
 * @ops: what engine_find() gave
 *
 * Return: the limits, static.
 */
const struct engine_limits *engine_ops_limits(const struct engine_ops *ops);

/**
 * engine_known() - the engines there are, for messages
 *
 * Return: their names in one static string.
 */
const char *engine_known(void);

/**
 * engine_open() - start a device's DMA engine
 * @ops: what engine_find() gave
 * @ctx: context of @dev and @ioas
 * @dev: open device; referenced
 * @ioas: the address space it is attached to; its automatic IOVAs must stay
 * within the engine's max_iova, see dmabufx_ioas_opts
 * @opts: options, or NULL
 * @ret: receives the engine
 *
 * Turns on memory space and bus mastering, resets the device's own logic where
 * it has such a reset, and maps up to 16 KiB of memory.
 *
 * Return: 0; -ENODEV: the registers aren't those of such a device;
 * -ETIMEDOUT, -EIO: it did not start; errors of the library's calls.
 */
int engine_open(const struct engine_ops *ops, struct dmabufx_ctx *ctx, struct dmabufx_dev *dev,
		struct dmabufx_ioas *ioas, const struct engine_opts *opts, struct engine **ret);

/**
 * engine_close() - stop the engine, give its memory back
 * @e: engine, or NULL
 *
 * Return: NULL, to assign back.
 */
struct engine *engine_close(struct engine *e);

/**
 * engine_restart() - start the engine anew
 * @e: engine
 *
 * For after the engine's own device was reset: it has forgotten its rings.
 * Without it, the next call notices at the latest when its time is up, fails,
 * and the one after that starts the engine.
 *
 * Return: 0, or as engine_open().
 */
int engine_restart(struct engine *e);

/**
 * engine_get_limits() - what this engine can do
 * @e: engine
 *
 * Return: the limits, valid as long as the engine.
 */
const struct engine_limits *engine_get_limits(const struct engine *e);

/**
 * engine_write() - make the device write bytes to an IOVA
 * @e: engine
 * @iova: first address
 * @len: bytes, within the limits
 * @seed: chooses the bytes; two successive seeds never give the same ones
 * @copy: receives the @len bytes that the device was told to write
 *
 * Returns when the device says that it is done. @copy holds the bytes in that
 * case, and also after -EIO and -ETIMEDOUT.
 *
 * Return: 0; -EINVAL: outside the limits; -EIO: the device reports an error,
 * such as a DMA that faulted; -ETIMEDOUT: it did not answer. After the last
 * two the next call starts the engine anew.
 */
int engine_write(struct engine *e, uint64_t iova, uint32_t len, uint32_t seed, void *copy);

/**
 * engine_read() - make the device read from an IOVA
 * @e: engine
 * @iova: first address
 * @len: bytes, within the limits
 * @copy: receives the bytes as the device saw them
 *
 * Return: as engine_write(); -EOPNOTSUPP: this engine only writes.
 */
int engine_read(struct engine *e, uint64_t iova, uint32_t len, void *copy);

/**
 * engine_prepare_target() - make a device's memory BAR answer
 * @dev: open device that will be written to
 *
 * An NVMe controller's memory buffer may have to be switched on, after every
 * reset too; for other devices this only turns memory space on.
 *
 * Return: 0; errors of the library's calls.
 */
int engine_prepare_target(struct dmabufx_dev *dev);

/**
 * engine_pattern() - bytes that repeat nowhere in a page
 * @seed: which
 * @buf: receives them
 * @len: bytes
 */
void engine_pattern(uint32_t seed, void *buf, size_t len);

/**
 * engine_error() - the sentence of the last failed engine call of this thread
 *
 * Return: never NULL.
 */
const char *engine_error(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening, closing and calling an engine: what is the same for all devices. */
#include "priv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define PCI_COMMAND 0x04
#define PCI_CLASS_REVISION 0x08
#define DEFAULT_TIMEOUT_MS 5000
#define PAUSE_MAX_NS 500000

static const struct engine_ops *const engines[] = { &engine_edu, &engine_igb, &engine_nvme };

static _Thread_local char error_text[DMABUFX_ERROR_TEXT_MAX] = "no engine call failed";

const char *engine_error(void)
{
	return error_text;
}

int engine_fail(int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error_text, sizeof(error_text), fmt, ap);
	va_end(ap);
	return err;
}

int engine_fail_lib(int err)
{
	return engine_fail(err, "%s", dmabufx_last_error()->text);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

int engine_wait(struct engine *e, int (*done)(struct engine *e), const char *what)
{
	return engine_wait_ms(e, done, what, e->opts.timeout_ms);
}

int engine_wait_ms(struct engine *e, int (*done)(struct engine *e), const char *what,
		   uint32_t timeout_ms)
{
	uint64_t deadline = now_ns() + (uint64_t)timeout_ms * 1000000u;
	struct timespec pause = { .tv_nsec = 1000 };

	for (;;) {
		/* The time is read first: a late wake-up still gets its last question. */
		bool late = now_ns() >= deadline;
		int ret = done(e);

		if (ret < 0)
			return ret;
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (ret)
			return 0;
		if (late)
			return engine_fail(-ETIMEDOUT, "the %s device did not %s within %u ms",
					   e->limits.name, what, timeout_ms);
		if (e->opts.tick)
			e->opts.tick(e->opts.user);
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < PAUSE_MAX_NS)
			pause.tv_nsec *= 2;
	}
}

int engine_command(struct dmabufx_dev *dev, uint16_t bits)
{
	uint8_t raw[2];
	uint16_t cmd;
	int ret;

	ret = dmabufx_dev_config_read(dev, PCI_COMMAND, raw, sizeof(raw));
	if (ret < 0)
		return engine_fail_lib(ret);
	cmd = (uint16_t)(raw[0] | raw[1] << 8);
	if ((cmd & bits) == bits)
		return 0;
	cmd |= bits;
	raw[0] = cmd & 0xff;
	raw[1] = cmd >> 8;
	ret = dmabufx_dev_config_write(dev, PCI_COMMAND, raw, sizeof(raw));
	return ret < 0 ? engine_fail_lib(ret) : 0;
}

const struct engine_ops *engine_find(uint16_t vendor, uint16_t device, uint32_t class_code)
{
	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		if (engines[i]->match(vendor, device, class_code))
			return engines[i];
	}
	return NULL;
}

const struct engine_limits *engine_ops_limits(const struct engine_ops *ops)
{
	return &ops->limits;
}

const char *engine_known(void)
{
	return "edu (1234:11e8), igb (8086:10c9) and NVMe controllers";
}

const struct engine_limits *engine_get_limits(const struct engine *e)
{
	return &e->limits;
}

static int map_memory(struct engine *e, struct dmabufx_ctx *ctx, struct dmabufx_ioas *ioas)
{
	void *va;
	int ret;

	ret = dmabufx_buf_alloc(ctx, e->ops->mem_len, NULL, &e->mem);
	if (ret < 0)
		return engine_fail_lib(ret);
	va = mmap(NULL, e->ops->mem_len, PROT_READ | PROT_WRITE, MAP_SHARED, dmabufx_buf_fd(e->mem),
		  0);
	if (va == MAP_FAILED)
		return engine_fail(-errno, "can't map the engine's memory: %m");
	e->va = va;
	ret = dmabufx_ioas_map(ioas, e->mem, NULL, &e->mapping);
	if (ret < 0)
		return engine_fail_lib(ret);
	e->iova = dmabufx_mapping_iova(e->mapping);
	if (e->iova + e->ops->mem_len - 1 > e->limits.max_iova)
		return engine_fail(-ERANGE,
				   "the engine's memory is at IOVA 0x%llx, the %s device reaches "
				   "0x%llx: give the ioas that iova_max",
				   (unsigned long long)e->iova, e->limits.name,
				   (unsigned long long)e->limits.max_iova);
	return 0;
}

/* No interrupt is ever armed: keep a pin that the device may raise quiet. */
static int turn_on(struct engine *e)
{
	return engine_command(e->dev,
			      PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE);
}

static int bring_up(struct engine *e, struct dmabufx_ctx *ctx, struct dmabufx_ioas *ioas)
{
	int ret;

	ret = turn_on(e);
	if (ret < 0)
		return ret;
	ret = dmabufx_dev_bar_map(e->dev, 0, 0, e->ops->regs_len, &e->regs);
	if (ret < 0)
		return engine_fail_lib(ret);
	ret = map_memory(e, ctx, ioas);
	if (ret < 0)
		return ret;
	return e->ops->start(e);
}

int engine_open(const struct engine_ops *ops, struct dmabufx_ctx *ctx, struct dmabufx_dev *dev,
		struct dmabufx_ioas *ioas, const struct engine_opts *opts, struct engine **ret)
{
	struct engine *e;
	int err;

	e = calloc(1, sizeof(*e));
	if (!e)
		return engine_fail(-ENOMEM, "out of memory");
	e->ops = ops;
	e->limits = ops->limits;
	if (opts)
		e->opts = *opts;
	if (!e->opts.timeout_ms)
		e->opts.timeout_ms = DEFAULT_TIMEOUT_MS;
	if (e->opts.max_iova)
		e->limits.max_iova = e->opts.max_iova;
	e->dev = dmabufx_dev_ref(dev);
	err = bring_up(e, ctx, ioas);
	if (err < 0) {
		engine_close(e);
		return err;
	}
	*ret = e;
	return 0;
}

struct engine *engine_close(struct engine *e)
{
	if (!e)
		return NULL;
	/* The device must be quiet before the memory under its rings goes. */
	if (e->regs && e->mapping && e->ops->stop)
		e->ops->stop(e);
	if (e->mapping)
		dmabufx_mapping_unmap(e->mapping);
	if (e->va)
		munmap(e->va, e->ops->mem_len);
	if (e->regs)
		dmabufx_dev_bar_unmap(e->dev, e->regs, e->ops->regs_len);
	dmabufx_buf_unref(e->mem);
	dmabufx_dev_unref(e->dev);
	free(e);
	return NULL;
}

static int check_range(const struct engine *e, uint64_t iova, uint32_t len)
{
	const struct engine_limits *l = &e->limits;

	if (len < l->min_len || len > l->max_len)
		return engine_fail(-EINVAL, "%u bytes: the %s engine moves %u to %u at a time", len,
				   l->name, l->min_len, l->max_len);
	if (iova % l->align)
		return engine_fail(-EINVAL, "IOVA 0x%llx: the %s engine wants a multiple of %u",
				   (unsigned long long)iova, l->name, l->align);
	if (iova > l->max_iova || len - 1 > l->max_iova - iova)
		return engine_fail(-EINVAL, "IOVA 0x%llx is beyond the %s device's reach, 0x%llx",
				   (unsigned long long)iova, l->name,
				   (unsigned long long)l->max_iova);
	return 0;
}

int engine_restart(struct engine *e)
{
	int ret = turn_on(e);

	if (ret == 0)
		ret = e->ops->start(e);
	e->broken = ret < 0;
	return ret;
}

static int ready(struct engine *e, uint64_t iova, uint32_t len)
{
	int ret = check_range(e, iova, len);

	return ret == 0 && e->broken ? engine_restart(e) : ret;
}

int engine_write(struct engine *e, uint64_t iova, uint32_t len, uint32_t seed, void *copy)
{
	int ret = ready(e, iova, len);

	if (ret < 0)
		return ret;
	ret = e->ops->write(e, iova, len, seed, copy);
	e->broken = ret < 0;
	return ret;
}

int engine_read(struct engine *e, uint64_t iova, uint32_t len, void *copy)
{
	int ret;

	if (!e->ops->read)
		return engine_fail(-EOPNOTSUPP, "the %s engine only writes", e->limits.name);
	ret = ready(e, iova, len);
	if (ret < 0)
		return ret;
	ret = e->ops->read(e, iova, len, copy);
	e->broken = ret < 0;
	return ret;
}

int engine_prepare_target(struct dmabufx_dev *dev)
{
	uint8_t raw[4];
	void *regs;
	int ret;

	ret = engine_command(dev, PCI_COMMAND_MEMORY);
	if (ret < 0)
		return ret;
	ret = dmabufx_dev_config_read(dev, PCI_CLASS_REVISION, raw, sizeof(raw));
	if (ret < 0)
		return engine_fail_lib(ret);
	if (!engine_nvme_match(0, 0, (uint32_t)(raw[3] << 16 | raw[2] << 8 | raw[1])))
		return 0;
	ret = dmabufx_dev_bar_map(dev, 0, 0, ENGINE_MAX_LEN, &regs);
	if (ret < 0)
		return engine_fail_lib(ret);
	ret = engine_nvme_enable_cmb(dev, regs);
	dmabufx_dev_bar_unmap(dev, regs, ENGINE_MAX_LEN);
	return ret;
}

void engine_pattern(uint32_t seed, void *buf, size_t len)
{
	uint8_t *p = buf;
	uint64_t x = seed * 0x9e3779b97f4a7c15ull + 0x2545f4914f6cdd1dull;

	/* xorshift64: any state but 0 stays away from 0. */
	x |= 1;
	for (size_t i = 0; i < len; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		p[i] = (uint8_t)(x >> 32);
	}
}

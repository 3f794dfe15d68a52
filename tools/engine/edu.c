/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's educational device: 4 KiB of its own memory, copied to or from an IOVA. */
#include "priv.h"

#include <errno.h>
#include <string.h>

#define EDU_ID 0x00
#define EDU_DMA_SRC 0x80
#define EDU_DMA_DST 0x88
#define EDU_DMA_COUNT 0x90
#define EDU_DMA_CMD 0x98

#define EDU_CMD_RUN 0x1
#define EDU_CMD_TO_MEMORY 0x2

/* Where the device's buffer is in its own address space. */
#define EDU_BUFFER 0x40000

static bool edu_match(uint16_t vendor, uint16_t device, uint32_t class_code)
{
	return vendor == 0x1234 && device == 0x11e8;
}

static int edu_idle(struct engine *e)
{
	return !(reg_read64(e->regs, EDU_DMA_CMD) & EDU_CMD_RUN);
}

static int edu_start(struct engine *e)
{
	uint32_t id = reg_read32(e->regs, EDU_ID);

	/* 0xRRrr00ed: two bytes of revision, then the mark. */
	if ((id & 0xff) != 0xed)
		return engine_fail(-ENODEV, "BAR 0 reads 0x%08x: not the registers of an edu", id);
	/* A transfer can't be called off, and writes are ignored while one runs. */
	return engine_wait(e, edu_idle, "finish an earlier DMA");
}

static void edu_stop(struct engine *e)
{
	engine_wait(e, edu_idle, "finish its DMA");
}

static int transfer(struct engine *e, uint64_t src, uint64_t dst, uint32_t len, uint32_t dir)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	reg_write64(e->regs, EDU_DMA_SRC, src);
	reg_write64(e->regs, EDU_DMA_DST, dst);
	reg_write64(e->regs, EDU_DMA_COUNT, len);
	reg_write64(e->regs, EDU_DMA_CMD, EDU_CMD_RUN | dir);
	return engine_wait(e, edu_idle, "finish its DMA");
}

static int edu_write(struct engine *e, uint64_t iova, uint32_t len, uint32_t seed, void *copy)
{
	int ret;

	engine_pattern(seed, copy, len);
	memcpy(e->va, copy, len);
	ret = transfer(e, e->iova, EDU_BUFFER, len, 0);
	if (ret < 0)
		return ret;
	return transfer(e, EDU_BUFFER, iova, len, EDU_CMD_TO_MEMORY);
}

static int edu_read(struct engine *e, uint64_t iova, uint32_t len, void *copy)
{
	int ret;

	ret = transfer(e, iova, EDU_BUFFER, len, 0);
	if (ret < 0)
		return ret;
	ret = transfer(e, EDU_BUFFER, e->iova, len, EDU_CMD_TO_MEMORY);
	if (ret < 0)
		return ret;
	memcpy(copy, e->va, len);
	return 0;
}

const struct engine_ops engine_edu = {
	.limits = {
		.name = "edu",
		.data = "pseudo-random bytes, loaded into the device from memory first",
		.min_len = 1,
		.max_len = 4096,
		.align = 1,
		/* QEMU's default; a property of the device can lift it, no register tells. */
		.max_iova = (1ull << 28) - 1,
		.can_read = true,
	},
	.regs_len = 4096,
	.mem_len = 4096,
	.match = edu_match,
	.start = edu_start,
	.stop = edu_stop,
	.write = edu_write,
	.read = edu_read,
};

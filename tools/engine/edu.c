/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's educational device: 4 KiB of its own memory, copied to or from an IOVA. */
#include "edu.h"
#include "priv.h"

#include <errno.h>
#include <string.h>

static bool edu_match(uint16_t vendor, uint16_t device, uint32_t class_code)
{
	return vendor == 0x1234 && device == 0x11e8;
}

static int edu_idle(struct engine *e)
{
	return !edu_runs(e->regs);
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
	edu_run(e->regs, src, dst, len, dir);
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
		.max_len = EDU_BUFFER_LEN,
		.align = 1,
		/* QEMU's default; a property of the device can lift it, no register tells. */
		.max_iova = (1ull << 28) - 1,
		.can_read = true,
	},
	.regs_len = 4096,
	.mem_len = EDU_BUFFER_LEN,
	.match = edu_match,
	.start = edu_start,
	.stop = edu_stop,
	.write = edu_write,
	.read = edu_read,
};

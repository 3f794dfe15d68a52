/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers of QEMU's educational device, for whoever has its BAR 0. */
#ifndef ENGINE_EDU_H
#define ENGINE_EDU_H

#include <stdbool.h>
#include <stdint.h>

#define EDU_ID 0x00
#define EDU_DMA_SRC 0x80
#define EDU_DMA_DST 0x88
#define EDU_DMA_COUNT 0x90
#define EDU_DMA_CMD 0x98

#define EDU_CMD_RUN 0x1
#define EDU_CMD_TO_MEMORY 0x2

/* Where the device's buffer is in its own address space, and its size. */
#define EDU_BUFFER 0x40000
#define EDU_BUFFER_LEN 4096

static inline volatile uint64_t *edu_reg(volatile void *regs, uint32_t at)
{
	return (volatile uint64_t *)((volatile uint8_t *)regs + at);
}

/* Starts a copy into the device's buffer, @cmd 0, or out of it, EDU_CMD_TO_MEMORY. */
static inline void edu_run(volatile void *regs, uint64_t src, uint64_t dst, uint32_t len,
			   uint32_t cmd)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	*edu_reg(regs, EDU_DMA_SRC) = src;
	*edu_reg(regs, EDU_DMA_DST) = dst;
	*edu_reg(regs, EDU_DMA_COUNT) = len;
	*edu_reg(regs, EDU_DMA_CMD) = EDU_CMD_RUN | cmd;
}

/* What the device wrote is there for reads that come after false. */
static inline bool edu_runs(volatile void *regs)
{
	bool runs = *edu_reg(regs, EDU_DMA_CMD) & EDU_CMD_RUN;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return runs;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An NVMe controller as a DMA engine: its admin queue, and Identify into an IOVA. */
#include "priv.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#define NVME_CLASS 0x010802
#define NVME_PAGE 4096

#define NVME_CAP 0x00
#define NVME_INTMS 0x0c
#define NVME_CC 0x14
#define NVME_CSTS 0x1c
#define NVME_AQA 0x24
#define NVME_ASQ 0x28
#define NVME_ACQ 0x30
#define NVME_CMBMSC 0x50
#define NVME_DOORBELLS 0x1000

#define CAP_CMBS (1ull << 57)
#define CAP_TO_MS(cap) ((uint32_t)((cap) >> 24 & 0xff) * 500)
#define CAP_STRIDE(cap) (4u << ((cap) >> 32 & 0xf))
#define CMBMSC_CRE (1ull << 0)
#define CMBMSC_CMSE (1ull << 1)
#define CMBLOC_BIR(cmbloc) ((cmbloc)&7)
#define NVME_CMBLOC 0x38

/* Enabled, NVM commands, 4 KiB pages, entries of 64 and 16 bytes. */
#define CC_ENABLE (1u | 6u << 16 | 4u << 20)
#define CSTS_RDY 0x1
#define CSTS_CFS 0x2
#define GONE 0xffffffffu

#define OPCODE_IDENTIFY 0x06
#define CNS_CONTROLLER 0x01
#define CNS_NAMESPACES 0x02
#define CNS_COMMAND_SET 0x06

/* Memory: submission queue, completion queue, a page to identify into. */
#define ENTRIES 16
#define AT_SQ 0
#define AT_CQ NVME_PAGE
#define AT_PAGE (2 * NVME_PAGE)

struct sqe {
	uint32_t dw0;
	uint32_t nsid;
	uint32_t dw2[4];
	uint64_t prp1;
	uint64_t prp2;
	uint32_t dw10;
	uint32_t dw11[5];
};

struct cqe {
	uint32_t dw0;
	uint32_t dw1;
	uint16_t sq_head;
	uint16_t sq_id;
	uint16_t cid;
	uint16_t status;
};

bool engine_nvme_match(uint16_t vendor, uint16_t device, uint32_t class_code)
{
	return class_code == NVME_CLASS;
}

static int is_off(struct engine *e)
{
	return !(reg_read32(e->regs, NVME_CSTS) & CSTS_RDY);
}

static int is_on(struct engine *e)
{
	uint32_t csts = reg_read32(e->regs, NVME_CSTS);

	if (csts == GONE || csts & CSTS_CFS)
		return engine_fail(-EIO, "the nvme controller reports a fatal error, CSTS 0x%x",
				   csts);
	return csts & CSTS_RDY;
}

static volatile struct cqe *next_cqe(struct engine *e)
{
	return (volatile struct cqe *)(e->va + AT_CQ) + e->head;
}

static int is_completed(struct engine *e)
{
	uint32_t csts = reg_read32(e->regs, NVME_CSTS);

	if ((le16toh(next_cqe(e)->status) & 1) == e->phase)
		return 1;
	if (csts == GONE || csts & CSTS_CFS)
		return engine_fail(-EIO, "the nvme controller died of the command, CSTS 0x%x",
				   csts);
	if (!(csts & CSTS_RDY))
		return engine_fail(-EIO, "the nvme controller was switched off under the engine");
	return 0;
}

static int nvme_start(struct engine *e)
{
	uint64_t cap = reg_read64(e->regs, NVME_CAP);
	int ret;

	if (cap == ~0ull || !(cap & 0xffff))
		return engine_fail(-ENODEV, "BAR 0 isn't an nvme controller's, CAP is 0x%llx",
				   (unsigned long long)cap);
	/* The controller says itself how long switching on and off may take. */
	e->switch_ms = e->opts.timeout_ms;
	if (e->switch_ms < CAP_TO_MS(cap))
		e->switch_ms = CAP_TO_MS(cap);
	e->stride = CAP_STRIDE(cap);

	reg_write32(e->regs, NVME_CC, 0);
	ret = engine_wait_ms(e, is_off, "switch off", e->switch_ms);
	if (ret < 0)
		return ret;

	memset(e->va, 0, e->ops->mem_len);
	e->head = 0;
	e->tail = 0;
	e->phase = 1;
	reg_write32(e->regs, NVME_AQA, (ENTRIES - 1) << 16 | (ENTRIES - 1));
	reg_write64(e->regs, NVME_ASQ, e->iova + AT_SQ);
	reg_write64(e->regs, NVME_ACQ, e->iova + AT_CQ);
	reg_write32(e->regs, NVME_CC, CC_ENABLE);
	ret = engine_wait_ms(e, is_on, "get ready", e->switch_ms);
	if (ret < 0)
		return ret;
	/* Completions are polled; the reset has cleared the mask. */
	reg_write32(e->regs, NVME_INTMS, ~0u);
	return 0;
}

static void nvme_stop(struct engine *e)
{
	reg_write32(e->regs, NVME_CC, 0);
	engine_wait_ms(e, is_off, "switch off", e->switch_ms);
}

static void ring(struct engine *e, uint32_t which, uint32_t val)
{
	reg_write32(e->regs, NVME_DOORBELLS + which * e->stride, val);
}

/* Status code and type of the completion, 0: success. */
static int take_completion(struct engine *e)
{
	int status = le16toh(next_cqe(e)->status) >> 1;

	if (++e->head == ENTRIES) {
		e->head = 0;
		e->phase ^= 1;
	}
	ring(e, 1, e->head);
	/* Code and type; the rest says more, do not retry. */
	return status & 0x7ff;
}

static int identify(struct engine *e, uint32_t cns, uint64_t iova)
{
	struct sqe *sqe = (struct sqe *)(e->va + AT_SQ) + e->tail;
	int ret;

	*sqe = (struct sqe){
		.dw0 = htole32(OPCODE_IDENTIFY | e->tail << 16),
		.prp1 = htole64(iova),
		.dw10 = htole32(cns),
	};
	e->tail = (e->tail + 1) % ENTRIES;
	ring(e, 0, e->tail);
	ret = engine_wait(e, is_completed, "complete Identify");
	if (ret < 0)
		return ret;
	ret = take_completion(e);
	if (ret)
		return engine_fail(-EIO, "Identify to IOVA 0x%llx ended with nvme status 0x%03x",
				   (unsigned long long)iova, (unsigned int)ret);
	return 0;
}

/*
 * Which page of facts a seed stands for. Old controllers lack the one of the
 * command set and answer with an error; all know the list of namespaces.
 */
static int choose_page(struct engine *e, uint32_t seed, uint32_t *ret)
{
	int err;

	*ret = CNS_CONTROLLER;
	if (seed % 2 == 0)
		return identify(e, *ret, e->iova + AT_PAGE);
	*ret = CNS_COMMAND_SET;
	err = identify(e, *ret, e->iova + AT_PAGE);
	if (err != -EIO || is_on(e) <= 0)
		return err;
	*ret = CNS_NAMESPACES;
	return identify(e, *ret, e->iova + AT_PAGE);
}

static int nvme_write(struct engine *e, uint64_t iova, uint32_t len, uint32_t seed, void *copy)
{
	uint32_t cns;
	int ret;

	/* What is right is learnt by the same command into plain memory. */
	ret = choose_page(e, seed, &cns);
	if (ret < 0)
		return ret;
	memcpy(copy, e->va + AT_PAGE, len);
	return identify(e, cns, iova);
}

int engine_nvme_enable_cmb(struct dmabufx_dev *dev, void *regs)
{
	uint8_t raw[8];
	uint32_t bir;
	uint64_t cba;
	int ret;

	/* Without CAP.CMBS the buffer is absent, or of the kind that is always on. */
	if (!(reg_read64(regs, NVME_CAP) & CAP_CMBS))
		return 0;
	reg_write64(regs, NVME_CMBMSC, CMBMSC_CRE);
	bir = CMBLOC_BIR(reg_read32(regs, NVME_CMBLOC));
	ret = dmabufx_dev_config_read(dev, 0x10 + 4 * bir, raw, bir < 5 ? 8 : 4);
	if (ret < 0)
		return engine_fail_lib(ret);
	memcpy(&cba, raw, sizeof(cba));
	cba = le64toh(cba);
	if ((cba & 0x6) != 0x4)
		cba &= 0xffffffffu;
	/* The controller's name for the memory is its bus address, as Linux does. */
	reg_write64(regs, NVME_CMBMSC, (cba & ~0xfffull) | CMBMSC_CMSE | CMBMSC_CRE);
	return 0;
}

const struct engine_ops engine_nvme = {
	.limits = {
		.name = "nvme",
		.data = "a page of the controller's own Identify data",
		.min_len = NVME_PAGE,
		.max_len = NVME_PAGE,
		.align = NVME_PAGE,
		.max_iova = ~0ull,
		.tells_faults = true,
	},
	.regs_len = 2 * NVME_PAGE,
	.mem_len = 3 * NVME_PAGE,
	.match = engine_nvme_match,
	.start = nvme_start,
	.stop = nvme_stop,
	.write = nvme_write,
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An Intel 82576 network controller as a DMA engine: it sends a frame from
 * memory to itself, and its receive buffer is the target. Register numbers are
 * those of the 82576 datasheet.
 */
#include "priv.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#define IGB_CTRL 0x0000
#define IGB_STATUS 0x0008
#define IGB_CTRL_EXT 0x0018
#define IGB_MDIC 0x0020
#define IGB_RCTL 0x0100
#define IGB_TCTL 0x0400
#define IGB_IMC 0x150c
#define IGB_EIMC 0x1528
#define IGB_RDBAL 0xc000
#define IGB_RDBAH 0xc004
#define IGB_RDLEN 0xc008
#define IGB_SRRCTL 0xc00c
#define IGB_RDH 0xc010
#define IGB_RDT 0xc018
#define IGB_RXDCTL 0xc028
#define IGB_TDBAL 0xe000
#define IGB_TDBAH 0xe004
#define IGB_TDLEN 0xe008
#define IGB_TDH 0xe010
#define IGB_TDT 0xe018
#define IGB_TXDCTL 0xe028

#define CTRL_FD (1u << 0)
#define CTRL_SLU (1u << 6)
#define CTRL_SPEED_MASK (3u << 8)
#define CTRL_SPEED_1000 (2u << 8)
#define CTRL_FORCE_SPEED (1u << 11)
#define CTRL_FORCE_DUPLEX (1u << 12)
#define CTRL_RESET (1u << 26)
#define STATUS_LINK_UP (1u << 1)
#define CTRL_EXT_LINK_MODE (3u << 22)
#define CTRL_EXT_DRIVER (1u << 28)

#define MDIC_PHY_1 (1u << 21)
#define MDIC_WRITE (1u << 26)
#define MDIC_READY (1u << 28)
#define MDIC_ERROR (1u << 30)

/* PHY register 0, as every PHY has it. */
#define BMCR_FULL_DUPLEX 0x0100
#define BMCR_RESTART_AN 0x0200
#define BMCR_AUTONEG 0x1000
#define BMCR_LOOPBACK 0x4000
#define BMCR_1000 0x0040

#define RCTL_ENABLE (1u << 1)
#define RCTL_ALL_UNICAST (1u << 3)
#define RCTL_ALL_MULTICAST (1u << 4)
#define RCTL_MAC_LOOPBACK (1u << 6)
#define RCTL_STRIP_CRC (1u << 26)
#define TCTL_ENABLE (1u << 1)
#define TCTL_PAD_SHORT (1u << 3)
#define QUEUE_ENABLE (1u << 25)
#define SRRCTL_ONE_BUFFER (1u << 25)
#define SRRCTL_2_KIB 2u

#define TXD_EOP (1u << 24)
#define TXD_FCS (1u << 25)
#define TXD_REPORT (1u << 27)
#define TXD_ADVANCED (1u << 29)
#define TXD_DATA (3u << 20)
#define TXD_PAYLEN_SHIFT 14
#define RXD_DONE 1u

/* Memory: two rings, then the frame to send on a page of its own. */
#define ENTRIES 64
#define AT_TX 0
#define AT_RX 1024
#define AT_FRAME 4096

#define ETHER_HEADER 14

struct tx_desc {
	uint64_t addr;
	uint32_t command;
	uint32_t status;
};

/* As the device writes it back; the driver puts the address over the first half. */
struct rx_desc {
	uint64_t addr;
	uint32_t status;
	uint16_t len;
	uint16_t vlan;
};

static bool igb_match(uint16_t vendor, uint16_t device, uint32_t class_code)
{
	return vendor == 0x8086 && device == 0x10c9;
}

static int is_reset(struct engine *e)
{
	return !(reg_read32(e->regs, IGB_CTRL) & CTRL_RESET);
}

static int is_linked(struct engine *e)
{
	return !!(reg_read32(e->regs, IGB_STATUS) & STATUS_LINK_UP);
}

static int is_phy_ready(struct engine *e)
{
	uint32_t mdic = reg_read32(e->regs, IGB_MDIC);

	if (mdic & MDIC_ERROR)
		return engine_fail(-EIO, "the igb's PHY refused a write, MDIC 0x%08x", mdic);
	return !!(mdic & MDIC_READY);
}

static int are_queues_on(struct engine *e)
{
	uint32_t both = reg_read32(e->regs, IGB_RXDCTL) & reg_read32(e->regs, IGB_TXDCTL);

	return !!(both & QUEUE_ENABLE);
}

static int write_phy_control(struct engine *e, uint16_t val)
{
	reg_write32(e->regs, IGB_MDIC, val | MDIC_PHY_1 | MDIC_WRITE);
	return engine_wait(e, is_phy_ready, "take a write to its PHY");
}

/*
 * The link must be up for anything to be received. QEMU raises it only when
 * autonegotiation ends; the chip, with its PHY looped back, when it is forced.
 */
static int loop_back(struct engine *e)
{
	uint32_t ctrl;
	int ret;

	ret = write_phy_control(e, BMCR_AUTONEG | BMCR_RESTART_AN);
	if (ret < 0)
		return ret;
	ret = write_phy_control(e, BMCR_LOOPBACK | BMCR_1000 | BMCR_FULL_DUPLEX);
	if (ret < 0)
		return ret;
	ctrl = reg_read32(e->regs, IGB_CTRL) & ~CTRL_SPEED_MASK;
	reg_write32(e->regs, IGB_CTRL,
		    ctrl | CTRL_FORCE_SPEED | CTRL_FORCE_DUPLEX | CTRL_SPEED_1000 | CTRL_FD |
			    CTRL_SLU);
	return engine_wait(e, is_linked, "raise its link in loopback");
}

static void set_ring(struct engine *e, uint32_t low, uint32_t high, uint32_t len, uint64_t iova)
{
	reg_write32(e->regs, low, (uint32_t)iova);
	reg_write32(e->regs, high, (uint32_t)(iova >> 32));
	reg_write32(e->regs, len, ENTRIES * sizeof(struct tx_desc));
}

static void set_rings(struct engine *e)
{
	memset(e->va, 0, e->ops->mem_len);
	e->tail = 0;
	set_ring(e, IGB_TDBAL, IGB_TDBAH, IGB_TDLEN, e->iova + AT_TX);
	reg_write32(e->regs, IGB_TDH, 0);
	reg_write32(e->regs, IGB_TDT, 0);
	reg_write32(e->regs, IGB_TXDCTL, QUEUE_ENABLE);
	set_ring(e, IGB_RDBAL, IGB_RDBAH, IGB_RDLEN, e->iova + AT_RX);
	reg_write32(e->regs, IGB_RDH, 0);
	reg_write32(e->regs, IGB_RDT, 0);
	reg_write32(e->regs, IGB_SRRCTL, SRRCTL_ONE_BUFFER | SRRCTL_2_KIB);
	reg_write32(e->regs, IGB_RXDCTL, QUEUE_ENABLE);
}

static int igb_reset(struct engine *e)
{
	reg_write32(e->regs, IGB_RCTL, 0);
	reg_write32(e->regs, IGB_TCTL, 0);
	reg_write32(e->regs, IGB_CTRL, reg_read32(e->regs, IGB_CTRL) | CTRL_RESET);
	return engine_wait(e, is_reset, "come out of its reset");
}

static int igb_start(struct engine *e)
{
	uint32_t ext;
	int ret;

	if (reg_read32(e->regs, IGB_STATUS) == ~0u)
		return engine_fail(-ENODEV, "BAR 0 reads all ones: the igb doesn't answer");
	ret = igb_reset(e);
	if (ret < 0)
		return ret;
	/* The completions are polled: no cause may raise an interrupt. */
	reg_write32(e->regs, IGB_IMC, ~0u);
	reg_write32(e->regs, IGB_EIMC, ~0u);
	ext = reg_read32(e->regs, IGB_CTRL_EXT) & ~CTRL_EXT_LINK_MODE;
	reg_write32(e->regs, IGB_CTRL_EXT, ext | CTRL_EXT_DRIVER);
	ret = loop_back(e);
	if (ret < 0)
		return ret;
	set_rings(e);
	/* LBM is QEMU's way to loop back; the chip's PHY does it whatever LBM says. */
	reg_write32(e->regs, IGB_RCTL,
		    RCTL_ENABLE | RCTL_ALL_UNICAST | RCTL_ALL_MULTICAST | RCTL_MAC_LOOPBACK |
			    RCTL_STRIP_CRC);
	reg_write32(e->regs, IGB_TCTL, TCTL_ENABLE | TCTL_PAD_SHORT);
	return engine_wait(e, are_queues_on, "enable its queues");
}

static void igb_stop(struct engine *e)
{
	igb_reset(e);
}

/* The slot in use is the one before the tail. */
static volatile struct rx_desc *current_rx(struct engine *e)
{
	return (volatile struct rx_desc *)(e->va + AT_RX) + (e->tail + ENTRIES - 1) % ENTRIES;
}

static int is_received(struct engine *e)
{
	return le32toh(current_rx(e)->status) & RXD_DONE;
}

/* A whole Ethernet frame, of a type that no one parses further. */
static void make_frame(uint32_t seed, uint8_t *frame, uint32_t len)
{
	static const char header[ETHER_HEADER + 1] = "\x02\0\0\0\0\1\x02\0\0\0\0\2\x88\xb5";

	engine_pattern(seed, frame, len);
	memcpy(frame, header, ETHER_HEADER);
}

static int igb_write(struct engine *e, uint64_t iova, uint32_t len, uint32_t seed, void *copy)
{
	struct tx_desc *tx = (struct tx_desc *)(e->va + AT_TX) + e->tail;
	struct rx_desc *rx = (struct rx_desc *)(e->va + AT_RX) + e->tail;
	int ret;

	make_frame(seed, copy, len);
	memcpy(e->va + AT_FRAME, copy, len);
	*rx = (struct rx_desc){ .addr = htole64(iova) };
	*tx = (struct tx_desc){
		.addr = htole64(e->iova + AT_FRAME),
		.command = htole32(len | TXD_DATA | TXD_ADVANCED | TXD_FCS | TXD_REPORT | TXD_EOP),
		.status = htole32(len << TXD_PAYLEN_SHIFT),
	};
	e->tail = (e->tail + 1) % ENTRIES;
	reg_write32(e->regs, IGB_RDT, e->tail);
	reg_write32(e->regs, IGB_TDT, e->tail);
	ret = engine_wait(e, is_received, "receive its own frame");
	if (ret < 0)
		return ret;
	if (le16toh(current_rx(e)->len) != len)
		return engine_fail(-EIO, "the igb received %u of %u bytes",
				   le16toh(current_rx(e)->len), len);
	return 0;
}

const struct engine_ops engine_igb = {
	.limits = {
		.name = "igb",
		.data = "an Ethernet frame of pseudo-random bytes, sent to itself",
		.min_len = 64,
		.max_len = 1024,
		.align = 8,
		.max_iova = ~0ull,
	},
	.regs_len = 0x20000,
	.mem_len = 8192,
	.match = igb_match,
	.start = igb_start,
	.stop = igb_stop,
	.write = igb_write,
};

// SPDX-License-Identifier: GPL-2.0-or-later
/* The scripted devices' configuration space: what its bits do to their buffers. */
#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <string.h>

#include "fake_priv.h"
#include "fake_vfio.h"

#define PCI_D3_HOT 3

#define CONFIG_OFFSET ((uint64_t)VFIO_PCI_CONFIG_REGION_INDEX << 40)

static bool memory_on(const struct fake_vdev *v)
{
	bool decodes = v->is_vf || v->config[PCI_COMMAND] & PCI_COMMAND_MEMORY;

	return decodes &&
	       (v->config[FAKE_CAP_PM + PCI_PM_CTRL] & PCI_PM_CTRL_STATE_MASK) < PCI_D3_HOT;
}

/* vfio_pci_config.c, 7.3: by what is written, also where memory is on afterwards, as in a VF. */
static bool revokes(const uint8_t *buf, size_t len, uint64_t off)
{
	uint64_t command = PCI_COMMAND - off, pm = FAKE_CAP_PM + PCI_PM_CTRL - off;

	return (command < len && !(buf[command] & PCI_COMMAND_MEMORY)) ||
	       (pm < len && (buf[pm] & PCI_PM_CTRL_STATE_MASK) >= PCI_D3_HOT);
}

static void update(struct fake *f, struct fake_vdev *v)
{
	v->revoked = !memory_on(v);
	if (v->revoked)
		fake_revoke(f, v);
}

void fake_reset(struct fake *f, struct fake_vdev *v)
{
	v->resets++;
	v->back_at = f->now + v->reset_ms;
	if (v->loses_command)
		v->config[PCI_COMMAND] = 0;
	fake_revoke(f, v);
	update(f, v);
}

ssize_t fake_device_read(struct fake *f, struct fake_vdev *v, void *buf, size_t len, uint64_t off)
{
	off -= CONFIG_OFFSET;
	if (off >= v->config_len || len > v->config_len - off)
		return -EINVAL;
	if (f->short_config)
		return (ssize_t)len - 1;
	memcpy(buf, v->config + off, len);
	/* VFIO answers for vendor and device itself: init_pci_cap_basic_perm(), 7.3. */
	for (size_t i = 0; f->now < v->back_at && i < len; i++) {
		if (off + i >= PCI_COMMAND)
			((uint8_t *)buf)[i] = 0xff;
	}
	return (ssize_t)len;
}

/* Bits that start something read as 0 again. */
static bool takes_flr(struct fake_vdev *v)
{
	uint8_t *devctl = &v->config[FAKE_CAP_PCIE + PCI_EXP_DEVCTL + 1];
	uint8_t *af = &v->config[FAKE_CAP_AF + PCI_AF_CTRL];
	bool flr = *devctl & PCI_EXP_DEVCTL_BCR_FLR >> 8 || *af & PCI_AF_CTRL_FLR;

	*devctl &= (uint8_t) ~(PCI_EXP_DEVCTL_BCR_FLR >> 8);
	*af &= (uint8_t)~PCI_AF_CTRL_FLR;
	return flr;
}

ssize_t fake_device_write(struct fake *f, struct fake_vdev *v, const void *buf, size_t len,
			  uint64_t off)
{
	ssize_t ret = 0;

	off -= CONFIG_OFFSET;
	if (off >= v->config_len || len > v->config_len - off)
		return -EINVAL;
	if (f->short_config)
		return (ssize_t)len - 1;
	if (v->config_end && off + len > v->config_end) {
		len = off < v->config_end ? v->config_end - off : 0;
		ret = -EIO;
	}
	memcpy(v->config + off, buf, len);
	if (revokes(buf, len, off))
		fake_revoke(f, v);
	if (takes_flr(v))
		fake_reset(f, v);
	update(f, v);
	return ret ? ret : (ssize_t)len;
}

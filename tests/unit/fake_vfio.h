/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resets of scripted devices, by ioctl or by configuration space. */
#ifndef UNIT_FAKE_VFIO_H
#define UNIT_FAKE_VFIO_H

#include "fake.h"
#include "uapi/vfio.h"

/* Its buffers' mappings die; the device is away for its reset_ms. */
void fake_reset(struct fake *f, struct fake_vdev *v);

/* Whether the function may be opened with this token, or with NULL: 0 or -errno. */
int fake_match_token(const struct fake_vdev *v, const uint8_t *token);

/* Of all devices of a slot. */
int fake_hot_info(struct fake *f, const struct fake_file *file,
		  struct vfio_pci_hot_reset_info *info);
int fake_hot_reset(struct fake *f, const struct fake_file *file,
		   const struct vfio_pci_hot_reset *cmd);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A reset of a scripted device, by ioctl or by configuration space. */
#ifndef UNIT_FAKE_VFIO_H
#define UNIT_FAKE_VFIO_H

#include "fake.h"

/* Its buffers' mappings die; the device is away for its reset_ms. */
void fake_reset(struct fake *f, struct fake_vdev *v);

#endif

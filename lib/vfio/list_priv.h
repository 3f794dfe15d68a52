/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looking up a PCI function; private to this room. */
#ifndef DX_VFIO_LIST_PRIV_H
#define DX_VFIO_LIST_PRIV_H

#include "dmabufx/dev.h"
#include "sys/sys.h"

/* By canonical address; and by what a caller wrote. Record the reason. */
int dx_dev_lookup(struct dx_sys *sys, const char *bdf, struct dmabufx_dev_info *ret);
int dx_dev_lookup_name(struct dx_sys *sys, const char *name, struct dmabufx_dev_info *ret);

#endif

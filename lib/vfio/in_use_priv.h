/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the host is using a PCI function; private to this room. */
#ifndef DX_VFIO_IN_USE_PRIV_H
#define DX_VFIO_IN_USE_PRIV_H

#include "sys/sys.h"

/* True with what it is used for, and the mend, in @text. */
bool dx_host_uses(struct dx_sys *sys, const char *bdf, char *text, size_t len);

#endif

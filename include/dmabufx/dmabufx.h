/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All of libdmabufx. */
#ifndef DMABUFX_DMABUFX_H
#define DMABUFX_DMABUFX_H

#include "buf.h"
#include "ctx.h"
#include "dev.h"
#include "error.h"
#include "ioas.h"
#include "mapping.h"
#include "probe.h"
#include "prog.h"
#include "types.h"
#include "umem.h"
#include "xsk.h"

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the library was built with libdrm. */
#ifndef DX_BUF_DRM_H
#define DX_BUF_DRM_H

#include <stdbool.h>

extern const bool dx_drm_built;

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VFIO's groups and type1 containers, typed. 0, a descriptor or a negative errno; no policy. */
#ifndef DX_SYS_TYPE1_H
#define DX_SYS_TYPE1_H

#include "sys/sys.h"

struct dx_rangeset;

/* Whether a container speaks type1v2: 1, 0 or a negative errno. */
int dx_type1_check(struct dx_sys *sys, int container);
int dx_type1_set_iommu(struct dx_sys *sys, int container);

/* Adds the allowed IOVAs to @ret, an empty set, and tells the smallest page. */
int dx_type1_iova_ranges(struct dx_sys *sys, int container, struct dx_rangeset *ret,
			 uint64_t *align);
/* @flags are VFIO_DMA_MAP_FLAG_*. */
int dx_type1_map(struct dx_sys *sys, int container, void *va, uint64_t iova, uint64_t len,
		 uint32_t flags);
int dx_type1_unmap(struct dx_sys *sys, int container, uint64_t iova, uint64_t len,
		   uint64_t *unmapped);

/* 1: every device of the group is free for user space. */
int dx_group_viable(struct dx_sys *sys, int group);
int dx_group_set_container(struct dx_sys *sys, int group, int container);
int dx_group_unset_container(struct dx_sys *sys, int group);
/* @token: 16 bytes, or NULL; -EINVAL where none is wanted. */
int dx_group_device(struct dx_sys *sys, int group, const char *bdf, const uint8_t *token);

#endif

// SPDX-License-Identifier: LGPL-2.1-or-later
/* VFIO's calls whose answer may be longer than their struct: argsz tells. */
#include "sys/argsz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int dx_argsz_query(struct dx_sys *sys, int fd, unsigned long request, const void *head,
		   uint32_t size, void **ret)
{
	uint32_t *info = NULL, *more, need = size;
	int err;

	do {
		size = need;
		more = realloc(info, size);
		if (!more) {
			free(info);
			return -ENOMEM;
		}
		info = more;
		memset(info, 0, size);
		memcpy(info, head, ((const uint32_t *)head)[0]);
		info[0] = size;
		err = sys->ioctl(sys, fd, request, info);
		need = info[0];
	} while (!err && need > size);
	if (err)
		free(info);
	else
		*ret = info;
	return err;
}

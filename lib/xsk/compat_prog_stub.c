// SPDX-License-Identifier: LGPL-2.1-or-later
/* The program behind libxdp's names, where the library is built without libxdp. */
#include <errno.h>

#include "base/fail.h"
#include "xsk/compat_priv.h"

static int not_built(void)
{
	return dx_fail(-ENOSYS, DMABUFX_REASON_NOT_BUILT,
		       "this library was built without libxdp; build it with -Dxdp=enabled, or set "
		       "XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD");
}

int dx_compat_prog_open(struct dx_sys *sys, uint32_t ifindex, uint32_t xdp_flags,
			struct dx_compat_prog *ret)
{
	return not_built();
}

void dx_compat_prog_close(struct dx_sys *sys, struct dx_compat_prog *prog)
{
}

int dx_compat_map_set(int map_fd, uint32_t queue, int xsk_fd)
{
	return not_built();
}

void dx_compat_map_clear(int map_fd, uint32_t queue)
{
}

int dmabufx_compat_prog_setup(int ifindex, int *map_fd)
{
	return not_built();
}

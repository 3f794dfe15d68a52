// SPDX-License-Identifier: LGPL-2.1-or-later
/* XDP programs, where the library is built without libxdp, libbpf or clang. */
#include <errno.h>

#include "base/fail.h"
#include "xsk/prog_priv.h"

static int not_built(void)
{
	return dx_fail(-ENOSYS, DMABUFX_REASON_NOT_BUILT,
		       "this library was built without libxdp; build it with -Dxdp=enabled, or open "
		       "sockets with DMABUFX_XSK_NO_PROG");
}

int dmabufx_prog_attach(struct dmabufx_ctx *ctx, const char *ifname,
			const struct dmabufx_prog_opts *opts, struct dmabufx_prog **ret)
{
	return ctx && ifname && ret ? not_built() :
				      dx_fail_null(!ctx    ? "ctx" :
						   !ifname ? "ifname" :
							     "ret");
}

struct dmabufx_prog *dmabufx_prog_unref(struct dmabufx_prog *prog)
{
	return NULL;
}

int dmabufx_prog_get_info(struct dmabufx_prog *prog, struct dmabufx_prog_info *ret)
{
	return dx_fail_null("prog");
}

int dx_prog_default(struct dmabufx_ctx *ctx, const char *ifname, uint32_t mode, uint32_t flags,
		    struct dmabufx_prog **ret)
{
	return not_built();
}

struct dmabufx_prog *dx_prog_hold(struct dmabufx_prog *prog)
{
	return prog;
}

void dx_prog_put(struct dmabufx_prog *prog)
{
}

int dx_prog_insert(struct dmabufx_prog *prog, uint32_t queue, int xsk_fd)
{
	return not_built();
}

void dx_prog_remove(struct dmabufx_prog *prog, uint32_t queue)
{
}

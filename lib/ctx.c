// SPDX-License-Identifier: LGPL-2.1-or-later
/* Life of a context, its log, the library's version. */
#include "ctx_new.h"

#include <errno.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/opts.h"
#include "iommu/iommu.h"
#include "sys/ctx.h"
#include "sys/sys.h"

#define STR(x) #x
#define VERSION(major, minor, patch) STR(major) "." STR(minor) "." STR(patch)

const char *dmabufx_version(void)
{
	return VERSION(DMABUFX_VERSION_MAJOR, DMABUFX_VERSION_MINOR, DMABUFX_VERSION_PATCH);
}

int dx_ctx_new(struct dx_sys *sys, const struct dmabufx_ctx_opts *opts, struct dmabufx_ctx **ret)
{
	struct dmabufx_ctx_opts o;
	struct dmabufx_ctx *ctx;
	int err;

	if (!ret)
		return dx_fail_null("ret");
	err = DX_OPTS_TAKE(dmabufx_ctx_opts, opts, &o);
	if (err)
		return err;
	if (o.flags)
		return dx_fail_flags("dmabufx_ctx_opts", o.flags, 0);
	if (o.backend > DMABUFX_BACKEND_TYPE1)
		return dx_fail(-EINVAL, DMABUFX_REASON_BACKEND,
			       "backend %u: there are auto, iommufd and type1", o.backend);
	ctx = calloc(1, sizeof(*ctx));
	if (!ctx)
		return dx_fail_memory();
	ctx->refs = 1;
	ctx->sys = sys;
	ctx->wanted = (enum dmabufx_backend)o.backend;
	ctx->iommufd = -1;
	ctx->event_fd = -1;
	dx_list_init(&ctx->events);
	dx_list_init(&ctx->groups);
	dx_list_init(&ctx->devs);
	dx_list_init(&ctx->progs);
	*ret = ctx;
	return 0;
}

int dmabufx_ctx_new(const struct dmabufx_ctx_opts *opts, struct dmabufx_ctx **ret)
{
	return dx_ctx_new(dx_sys_linux(), opts, ret);
}

struct dmabufx_ctx *dmabufx_ctx_unref(struct dmabufx_ctx *ctx)
{
	if (!ctx)
		return NULL;
	dx_lock(ctx);
	if (ctx->default_ioas)
		dx_ioas_put(ctx->default_ioas);
	ctx->default_ioas = NULL;
	ctx->refs--;
	dx_unlock_reap(ctx);
	return NULL;
}

int dmabufx_ctx_set_log(struct dmabufx_ctx *ctx, dmabufx_log_fn fn, void *user,
			enum dmabufx_log_level max)
{
	if (!ctx)
		return dx_fail_null("ctx");
	if ((int)max < DMABUFX_LOG_WARN || max > DMABUFX_LOG_DEBUG)
		return dx_fail(-EINVAL, DMABUFX_REASON_BAD_FLAGS,
			       "log level %d: there are warn, info and debug", (int)max);
	dx_lock(ctx);
	ctx->log = fn;
	ctx->log_user = user;
	ctx->log_max = max;
	dx_unlock(ctx);
	return 0;
}

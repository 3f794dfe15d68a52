// SPDX-License-Identifier: LGPL-2.1-or-later
/* Life of a UMEM. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/fail.h"
#include "base/num.h"
#include "base/opts.h"
#include "buf/buf.h"
#include "sys/ctx.h"
#include "sys/sys.h"
#include "xsk/umem_priv.h"

#define CHUNK_MIN 2048u
#define CHUNK_DEFAULT 2048u
#define METADATA_MAX 256u
#define KNOWN_FLAGS (DMABUFX_UMEM_UNALIGNED | DMABUFX_UMEM_SW_CSUM)

static int check_chunk(const struct dmabufx_umem *umem, uint64_t page)
{
	bool fits = umem->chunk >= CHUNK_MIN && umem->chunk <= page;

	if (!fits || (!(umem->flags & DMABUFX_UMEM_UNALIGNED) && !dx_is_pow2(umem->chunk)))
		return dx_fail(-EINVAL, DMABUFX_REASON_CHUNK_SIZE,
			       "chunks of %u bytes can't be: use %s from %u to %llu", umem->chunk,
			       umem->flags & DMABUFX_UMEM_UNALIGNED ? "anything" : "a power of two",
			       CHUNK_MIN, (unsigned long long)page);
	if (umem->headroom > umem->chunk - DX_XDP_HEADROOM - DX_XDP_TAIL)
		return dx_fail(-EINVAL, DMABUFX_REASON_HEADROOM,
			       "a headroom of %u leaves no room for packets in chunks of %u: "
			       "use up to %u",
			       umem->headroom, umem->chunk,
			       umem->chunk - DX_XDP_HEADROOM - DX_XDP_TAIL);
	if (umem->metadata % 8 || umem->metadata >= METADATA_MAX)
		return dx_fail(-EINVAL, DMABUFX_REASON_TX_METADATA,
			       "TX metadata of %u bytes can't be: use a multiple of 8 below %u",
			       umem->metadata, METADATA_MAX);
	return 0;
}

static int check_range(struct dmabufx_umem *umem, const struct dmabufx_umem_opts *o)
{
	uint64_t page = umem->ctx->sys->page_size, all = umem->buf->len;

	if (umem->buf->page_size > page)
		page = umem->buf->page_size;
	if (!dx_is_aligned(o->offset, page) || !dx_is_aligned(o->len, page) || o->offset >= all ||
	    o->len > all - o->offset)
		return dx_fail(-EINVAL, DMABUFX_REASON_UMEM_RANGE,
			       "%llu bytes at %llu are no whole pages of %llu inside a buffer of %llu",
			       (unsigned long long)o->len, (unsigned long long)o->offset,
			       (unsigned long long)page, (unsigned long long)all);
	umem->len = o->len ? o->len : all - o->offset;
	if (umem->len / umem->chunk > UINT32_MAX)
		return dx_fail(-EINVAL, DMABUFX_REASON_UMEM_RANGE,
			       "%llu bytes are more frames than a UMEM can have; use a smaller len",
			       (unsigned long long)umem->len);
	umem->nframes = (uint32_t)(umem->len / umem->chunk);
	umem->nfree = umem->nframes;
	return 0;
}

static int make(struct dmabufx_umem *umem, const struct dmabufx_umem_opts *o)
{
	struct dx_sys *sys = umem->ctx->sys;
	void *base;
	int err;

	if (umem->buf->ctx != umem->ctx)
		return dx_fail(-EXDEV, DMABUFX_REASON_WRONG_CTX, "the buffer is another context's");
	if (umem->buf->kind != DMABUFX_BUF_MEMFD)
		return dx_fail(-EOPNOTSUPP, DMABUFX_REASON_UMEM_MEMORY,
			       "AF_XDP can't use device memory nor a dma-buf; use "
			       "dmabufx_buf_alloc()'s memory, which devices can map as well");
	err = check_chunk(umem, sys->page_size);
	if (err)
		return err;
	err = check_range(umem, o);
	if (err)
		return err;
	err = sys->mmap(sys, umem->buf->fd, o->offset, umem->len, PROT_READ | PROT_WRITE, &base);
	if (err)
		return dx_fail_sys(err, "mapping %llu bytes of the buffer",
				   (unsigned long long)umem->len);
	umem->base = base;
	return 0;
}

int dmabufx_umem_new(struct dmabufx_ctx *ctx, struct dmabufx_buf *buf,
		     const struct dmabufx_umem_opts *opts, struct dmabufx_umem **ret)
{
	struct dmabufx_umem *umem;
	struct dmabufx_umem_opts o;
	int err;

	if (!ctx || !buf || !ret)
		return dx_fail_null(!ctx ? "ctx" : !buf ? "buf" : "ret");
	err = DX_OPTS_TAKE(dmabufx_umem_opts, opts, &o);
	if (err)
		return err;
	if (o.flags & ~KNOWN_FLAGS)
		return dx_fail_flags("dmabufx_umem_opts", o.flags, KNOWN_FLAGS);
	umem = calloc(1, sizeof(*umem));
	if (!umem)
		return dx_fail_memory();
	umem->ctx = ctx;
	umem->buf = buf;
	umem->refs = 1;
	umem->chunk = o.chunk_size ? o.chunk_size : CHUNK_DEFAULT;
	umem->headroom = o.headroom;
	umem->metadata = o.tx_metadata_len;
	umem->flags = o.flags;
	dx_list_init(&umem->stretches);
	dx_list_init(&umem->xsks);
	dx_lock(ctx);
	err = make(umem, &o);
	if (!err) {
		dx_buf_hold(buf);
		dx_ctx_hold(ctx);
	}
	dx_unlock(ctx);
	if (err) {
		free(umem);
		return err;
	}
	*ret = umem;
	return 0;
}

void dx_umem_put(struct dmabufx_umem *umem)
{
	struct dx_list *at, *tmp;

	if (--umem->refs)
		return;
	/* Of closed sockets whose frames nobody gave back. */
	dx_list_for_each_safe(at, tmp, &umem->stretches) {
		struct dx_stretch *stretch = dx_container_of(at, struct dx_stretch, link);

		free(stretch->back);
		free(stretch);
	}
	umem->ctx->sys->munmap(umem->ctx->sys, umem->base, umem->len);
	dx_buf_put(umem->buf);
	umem->ctx->refs--;
	free(umem);
}

struct dmabufx_umem *dmabufx_umem_ref(struct dmabufx_umem *umem)
{
	if (!umem)
		return NULL;
	dx_lock(umem->ctx);
	umem->refs++;
	dx_unlock(umem->ctx);
	return umem;
}

struct dmabufx_umem *dmabufx_umem_unref(struct dmabufx_umem *umem)
{
	struct dmabufx_ctx *ctx;

	if (!umem)
		return NULL;
	ctx = umem->ctx;
	dx_lock(ctx);
	dx_umem_put(umem);
	dx_unlock_reap(ctx);
	return NULL;
}

int dmabufx_umem_get_info(struct dmabufx_umem *umem, struct dmabufx_umem_info *ret)
{
	int err;

	if (!umem || !ret)
		return dx_fail_null(umem ? "ret" : "umem");
	err = dx_out_check(ret, "dmabufx_umem_info", sizeof(*ret));
	if (err)
		return err;
	dx_lock(umem->ctx);
	*ret = (struct dmabufx_umem_info){
		.size = sizeof(*ret),
		.base = umem->base,
		.len = umem->len,
		.chunk_size = umem->chunk,
		.headroom = umem->headroom,
		.frames = umem->nframes,
		.frames_free = umem->nfree,
		.sockets = dx_list_count(&umem->xsks),
	};
	dx_unlock(umem->ctx);
	return 0;
}

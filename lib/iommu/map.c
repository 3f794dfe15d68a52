// SPDX-License-Identifier: LGPL-2.1-or-later
/* Putting buffers and memory at IOVAs. */
#include <errno.h>

#include "base/fail.h"
#include "base/num.h"
#include "base/opts.h"
#include "iommu/iova_priv.h"
#include "iommu/mapping_priv.h"
#include "sys/ctx.h"
#include "sys/sys.h"

#define PROT_ALL (DMABUFX_PROT_READ | DMABUFX_PROT_WRITE)

typedef unsigned long long ull;

static inline bool opts_are_fine(const struct dmabufx_map_opts *o, uint64_t page)
{
	return !((o->flags & ~DMABUFX_MAP_FIXED) | (o->prot & ~PROT_ALL) |
		 ((o->offset | o->length) & (page - 1))) &&
	       (!o->iova || o->flags);
}

/* What the options say, before anything is looked at in the kernel. */
static __attribute__((cold)) int explain_opts(const struct dmabufx_map_opts *o, uint64_t page)
{
	if (o->flags & ~DMABUFX_MAP_FIXED)
		return dx_fail_flags("dmabufx_map_opts", o->flags, DMABUFX_MAP_FIXED);
	if (o->prot & ~PROT_ALL)
		return dx_fail(-EINVAL, DMABUFX_REASON_BAD_PROT,
			       "prot 0x%x: only DMABUFX_PROT_READ and DMABUFX_PROT_WRITE exist",
			       o->prot);
	if (o->iova && !(o->flags & DMABUFX_MAP_FIXED))
		return dx_fail(-EINVAL, DMABUFX_REASON_BAD_FLAGS,
			       "iova is 0x%llx without DMABUFX_MAP_FIXED; set the flag or leave it 0",
			       (ull)o->iova);
	if (!dx_is_aligned(o->offset, page))
		return dx_fail(-EINVAL, DMABUFX_REASON_OFFSET_UNALIGNED,
			       "offset 0x%llx isn't a multiple of the page, 0x%llx", (ull)o->offset,
			       (ull)page);
	return dx_fail(-EINVAL, DMABUFX_REASON_LENGTH_UNALIGNED,
		       "length 0x%llx isn't a multiple of the page, 0x%llx", (ull)o->length,
		       (ull)page);
}

static inline int check_opts(struct dmabufx_map_opts *o, uint64_t page)
{
	if (__builtin_expect(!opts_are_fine(o, page), 0))
		return explain_opts(o, page);
	if (!o->prot)
		o->prot = PROT_ALL;
	return 0;
}

static int check_slice(const struct dmabufx_buf *buf, struct dmabufx_map_opts *o, uint64_t page)
{
	char what[80];

	if (o->offset >= buf->len || o->length > buf->len - o->offset)
		return dx_fail(-EINVAL, DMABUFX_REASON_PAST_END,
			       "0x%llx bytes from 0x%llx on are past the end of %s, 0x%llx bytes",
			       (ull)o->length, (ull)o->offset,
			       dx_buf_describe(buf, what, sizeof(what)), (ull)buf->len);
	if (o->length)
		return 0;
	o->length = buf->len - o->offset;
	if (!dx_is_aligned(o->length, page))
		return dx_fail(-EINVAL, DMABUFX_REASON_LENGTH_UNALIGNED,
			       "%s has 0x%llx bytes from 0x%llx on, not a multiple of the page; name a length",
			       dx_buf_describe(buf, what, sizeof(what)), (ull)o->length,
			       (ull)o->offset);
	return 0;
}

/* Bookkeeping first, as it can fail and the kernel's part can be undone less well. */
static inline __attribute__((always_inline)) int insert(struct dmabufx_ioas *ioas,
							struct dmabufx_buf *buf, uint64_t off,
							const struct dmabufx_map_opts *o,
							struct dmabufx_mapping **ret)
{
	struct dmabufx_mapping *m = NULL;
	uint64_t iova = o->iova;
	int err;

	if (__builtin_expect(o->flags & DMABUFX_MAP_FIXED, 0))
		err = dx_ioas_check_fixed(ioas, iova, o->length);
	else
		err = iova_pick(ioas, o->length, &iova);
	if (__builtin_expect(err, 0))
		return err;
	err = mapping_new(ioas, buf, iova, off, o->length, o->prot, &m);
	if (err)
		return err;
	err = mapping_in(m);
	if (__builtin_expect(err, 0)) {
		dx_mapping_free(m);
		return err;
	}
	*ret = m;
	return 0;
}

static int map_buf(struct dmabufx_ioas *ioas, struct dmabufx_buf *buf, struct dmabufx_map_opts *o,
		   struct dmabufx_mapping **ret)
{
	int err;

	if (buf->ctx != ioas->ctx)
		return dx_fail(-EXDEV, DMABUFX_REASON_WRONG_CTX,
			       "buffer and address space belong to different contexts; import the buffer's descriptor into this one");
	err = ioas->ranges_known ? 0 : dx_ioas_learn_ranges(ioas);
	if (!err)
		err = check_opts(o, ioas->align);
	if (!err)
		err = check_slice(buf, o, ioas->align);
	return err ? err : insert(ioas, buf, o->offset, o, ret);
}

int dmabufx_ioas_map(struct dmabufx_ioas *ioas, struct dmabufx_buf *buf,
		     const struct dmabufx_map_opts *opts, struct dmabufx_mapping **ret)
{
	struct dmabufx_map_opts o;
	int err;

	if (!ioas || !buf || !ret)
		return dx_fail_null(!ioas ? "ioas" : !buf ? "buf" : "ret");
	err = DX_OPTS_TAKE(dmabufx_map_opts, opts, &o);
	if (err)
		return err;
	dx_lock(ioas->ctx);
	err = map_buf(ioas, buf, &o, ret);
	dx_unlock(ioas->ctx);
	return err;
}

static int check_va(uint64_t va, size_t len, struct dmabufx_map_opts *o, uint64_t page)
{
	uint64_t last;

	if (!dx_is_aligned(va, page))
		return dx_fail(-EINVAL, DMABUFX_REASON_OFFSET_UNALIGNED,
			       "address 0x%llx isn't a multiple of the page, 0x%llx", (ull)va,
			       (ull)page);
	if (!len)
		return dx_fail(-EINVAL, DMABUFX_REASON_LENGTH_ZERO,
			       "0 bytes at address 0x%llx: nothing to map", (ull)va);
	if (!dx_is_aligned(len, page))
		return dx_fail(-EINVAL, DMABUFX_REASON_LENGTH_UNALIGNED,
			       "length 0x%zx isn't a multiple of the page, 0x%llx", len, (ull)page);
	if (!dx_range_last(va, len, &last) || o->offset || (o->length && o->length != len))
		return dx_fail(-EINVAL, DMABUFX_REASON_PAST_END,
			       "0x%zx bytes at address 0x%llx: wraps, or the options name another offset or length",
			       len, (ull)va);
	o->length = len;
	return 0;
}

static int map_va(struct dmabufx_ioas *ioas, uint64_t va, size_t len, struct dmabufx_map_opts *o,
		  struct dmabufx_mapping **ret)
{
	int err = ioas->ranges_known ? 0 : dx_ioas_learn_ranges(ioas);

	if (!err)
		err = check_opts(o, ioas->align);
	if (!err)
		err = check_va(va, len, o, ioas->align);
	return err ? err : insert(ioas, NULL, va, o, ret);
}

int dmabufx_ioas_map_va(struct dmabufx_ioas *ioas, void *va, size_t len,
			const struct dmabufx_map_opts *opts, struct dmabufx_mapping **ret)
{
	struct dmabufx_map_opts o;
	int err;

	if (!ioas || !va || !ret)
		return dx_fail_null(!ioas ? "ioas" : !va ? "va" : "ret");
	err = DX_OPTS_TAKE(dmabufx_map_opts, opts, &o);
	if (err)
		return err;
	dx_lock(ioas->ctx);
	err = map_va(ioas, (uintptr_t)va, len, &o, ret);
	dx_unlock(ioas->ctx);
	return err;
}

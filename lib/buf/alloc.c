// SPDX-License-Identifier: LGPL-2.1-or-later
/* Memory that devices and AF_XDP share: sealed memfds. */
#include "buf/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>

#include "base/fail.h"
#include "base/num.h"
#include "base/opts.h"
#include "sys/ctx.h"
#include "sys/sys.h"

#define HUGE_DEFAULT (2ull << 20)
#define HUGE_SHIFT 26 /* MFD_HUGE_SHIFT of linux/memfd.h, 4.14 */
#define NOEXEC_SEAL 8u /* MFD_NOEXEC_SEAL of linux/memfd.h, 6.3 */

/* Not executable: kernels from 6.3 on log who doesn't say, and vm.memfd_noexec=2 refuses them. */
static int new_memfd(struct dx_sys *sys, unsigned int flags)
{
	int fd = sys->memfd(sys, "dmabufx", flags | MFD_ALLOW_SEALING | NOEXEC_SEAL);

	/* Older ones don't know the flag. */
	return fd == -EINVAL ? sys->memfd(sys, "dmabufx", flags | MFD_ALLOW_SEALING) : fd;
}

/* Seals keep the length fixed: memory can't go away under a device's DMA. */
static int make_memfd(struct dx_sys *sys, uint64_t len, bool huge, unsigned int flags)
{
	int fd = new_memfd(sys, flags), err;

	if (fd < 0)
		return fd;
	err = sys->truncate(sys, fd, len);
	/* Huge pages come from a pool that may be empty: better told now than by a fault. */
	if (!err && huge)
		err = sys->allocate(sys, fd, len);
	if (!err)
		err = sys->seal(sys, fd, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	if (err) {
		sys->close(sys, fd);
		return err;
	}
	return fd;
}

static int check(const struct dmabufx_alloc_opts *o, uint64_t len, uint64_t page, uint64_t *rounded)
{
	if (o->flags & ~DMABUFX_ALLOC_HUGETLB || o->reserved)
		return dx_fail_flags("dmabufx_alloc_opts", o->flags | o->reserved,
				     DMABUFX_ALLOC_HUGETLB);
	if (o->page_size && !(o->flags & DMABUFX_ALLOC_HUGETLB))
		return dx_fail(-EINVAL, DMABUFX_REASON_BAD_FLAGS,
			       "page_size is 0x%llx without DMABUFX_ALLOC_HUGETLB; set the flag or leave it 0",
			       (unsigned long long)o->page_size);
	if (!dx_is_pow2(page))
		return dx_fail(-EINVAL, DMABUFX_REASON_LENGTH_UNALIGNED,
			       "page_size 0x%llx isn't a power of two", (unsigned long long)page);
	if (!len)
		return dx_fail(-EINVAL, DMABUFX_REASON_LENGTH_ZERO,
			       "a buffer of 0 bytes; give it a length");
	if (!dx_align_up(len, page, rounded) || *rounded > INT64_MAX)
		return dx_fail(-EINVAL, DMABUFX_REASON_PAST_END,
			       "a buffer of 0x%llx bytes is more than a file can hold",
			       (unsigned long long)len);
	return 0;
}

static int alloc(struct dmabufx_ctx *ctx, uint64_t len, uint64_t page, bool huge,
		 struct dmabufx_buf **ret)
{
	unsigned int flags = huge ? MFD_HUGETLB | (unsigned int)__builtin_ctzll(page)
							  << HUGE_SHIFT :
				    0;
	int fd = make_memfd(ctx->sys, len, huge, flags), err;

	if (fd < 0 && huge && (fd == -ENOMEM || fd == -ENOSPC || fd == -ENODEV || fd == -EINVAL))
		return dx_fail(-ENOMEM, DMABUFX_REASON_HUGETLB,
			       "no pool of %llu KiB pages for 0x%llx bytes; raise nr_hugepages in /sys/kernel/mm/hugepages",
			       (unsigned long long)page >> 10, (unsigned long long)len);
	if (fd < 0)
		return dx_fail_sys(fd, "making a memfd of 0x%llx bytes", (unsigned long long)len);
	err = dx_buf_new(ctx, DMABUFX_BUF_MEMFD, 0, 1, fd, len, ret);
	if (err) {
		dx_sys_close(ctx->sys, fd);
		return err;
	}
	dx_list_init(&(*ret)->dev_link);
	(*ret)->page_size = page;
	snprintf((*ret)->exporter, sizeof((*ret)->exporter), "memfd");
	return 0;
}

int dmabufx_buf_alloc(struct dmabufx_ctx *ctx, uint64_t len, const struct dmabufx_alloc_opts *opts,
		      struct dmabufx_buf **ret)
{
	struct dmabufx_alloc_opts o;
	uint64_t page, rounded = 0;
	int err;

	if (!ctx || !ret)
		return dx_fail_null(ctx ? "ret" : "ctx");
	err = DX_OPTS_TAKE(dmabufx_alloc_opts, opts, &o);
	if (err)
		return err;
	page = o.page_size;
	if (!page)
		page = o.flags & DMABUFX_ALLOC_HUGETLB ? HUGE_DEFAULT : ctx->sys->page_size;
	err = check(&o, len, page, &rounded);
	if (err)
		return err;
	dx_lock(ctx);
	err = alloc(ctx, rounded, page, o.flags & DMABUFX_ALLOC_HUGETLB, ret);
	dx_unlock(ctx);
	return err;
}

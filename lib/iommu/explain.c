// SPDX-License-Identifier: LGPL-2.1-or-later
/* Why the kernel refused a mapping: one errno of its stands for many causes. */
#include <errno.h>
#include <stdio.h>

#include "base/fail.h"
#include "iommu/iommu.h"
#include "sys/procfs.h"

typedef unsigned long long ull;

static int of_dmabuf(const struct dmabufx_mapping *m, int err, const char *what)
{
	const struct dmabufx_buf *buf = m->buf;

	if (dx_buf_is_gone(buf))
		return dx_fail(-ENODEV, DMABUFX_REASON_REVOKED_FOR_GOOD,
			       "%s is revoked for good, as the device was closed; open it and export again",
			       what);
	if (buf->held)
		return dx_fail(-ENODEV, DMABUFX_REASON_REVOKED,
			       "%s is revoked: somebody resets the device; map it after dmabufx_dev_reset_end()",
			       what);
	if (err == -ENODEV)
		return dx_fail(err, DMABUFX_REASON_REVOKED,
			       "%s is revoked: the device's memory is off, it sleeps in D3, or its owner closed it; turn it on and refresh",
			       what);
	if (m->ioas->ctx->iommu == &dx_iommu_type1)
		return dx_fail(-EOPNOTSUPP, DMABUFX_REASON_BACKEND,
			       "%s: a type1 container takes no dma-bufs; run a kernel with /dev/iommu",
			       what);
	if (buf->nranges > 1)
		return dx_fail(-EOPNOTSUPP, DMABUFX_REASON_MULTI_RANGE,
			       "%s is made of %u ranges and this kernel maps one a buffer; export a buffer a range",
			       what, buf->nranges);
	/* Kernels before 6.19 take the descriptor for a memfd and answer EINVAL. */
	return dx_fail(-EOPNOTSUPP, DMABUFX_REASON_EXPORTER,
		       "%s: this kernel's iommufd takes memfds and dma-bufs of exporters it knows, not this one; map its memory by address instead",
		       what);
}

static int of_memory(const struct dmabufx_mapping *m, const char *what)
{
	void *va = (void *)(uintptr_t)m->off;

	if (!m->buf && dx_procfs_is_bar(m->ioas->ctx->sys, va))
		return dx_fail(-EFAULT, DMABUFX_REASON_BAR_VA,
			       "%s is a device's BAR, which must go through a dma-buf; export it with dmabufx_dev_export()",
			       what);
	return dx_fail(-EFAULT, DMABUFX_REASON_BAD_VA,
		       "%s isn't readable and writable memory of this process throughout", what);
}

static void describe(const struct dmabufx_mapping *m, char *text, size_t len)
{
	if (m->buf)
		dx_buf_describe(m->buf, text, len);
	else
		snprintf(text, len, "memory at 0x%llx, 0x%llx bytes", (ull)m->off,
			 (ull)m->head.len);
}

int dx_map_explain(const struct dmabufx_mapping *m, int err)
{
	bool dmabuf = m->buf && m->buf->kind != DMABUFX_BUF_MEMFD;
	char what[100];

	describe(m, what, sizeof(what));
	switch (-err) {
	case ENODEV:
	case EOPNOTSUPP:
	case EINVAL:
		if (dmabuf)
			return of_dmabuf(m, err, what);
		break;
	case EFAULT:
		return of_memory(m, what);
	case EEXIST:
		return dx_fail(err, DMABUFX_REASON_IOVA_IN_USE,
			       "IOVA 0x%llx is mapped by somebody else in this address space; reserve what others use",
			       (ull)m->head.iova);
	case ENOMEM:
		return dx_fail(err, DMABUFX_REASON_MEMLOCK,
			       "%s can't be pinned: out of memory, or over RLIMIT_MEMLOCK; raise it",
			       what);
	case ENOTTY:
		return dx_fail(-EOPNOTSUPP, DMABUFX_REASON_BACKEND,
			       "%s: this kernel's iommufd maps no files; map the memory by address",
			       what);
	}
	return dx_fail_sys(err, "mapping %s at IOVA 0x%llx", what, (ull)m->head.iova);
}

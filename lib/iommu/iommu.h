/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Address spaces and mappings as the rooms above see them. */
#ifndef DX_IOMMU_IOMMU_H
#define DX_IOMMU_IOMMU_H

#include "base/ctx.h"
#include "base/rangeset.h"
#include "buf/buf.h"
#include "dmabufx/error.h"
#include "dmabufx/ioas.h"
#include "dmabufx/mapping.h"
#include "sys/event.h"

struct dmabufx_ioas {
	struct dmabufx_ctx *ctx;
	unsigned int refs;
	unsigned int ndevs; /* devices attached */
	uint32_t id; /* iommufd's */
	int container; /* type1's; -1 with iommufd */
	bool container_set; /* a group joined and type1 is chosen */
	bool ranges_known; /* @allowed is what the kernel says now */
	uint64_t floor;
	uint64_t max;
	uint64_t align; /* smallest IOMMU page, at least the CPU's */
	/* The lowest allowed span between @floor and @max that nobody reserved. */
	struct dx_span window;
	struct dx_rangeset allowed;
	struct dx_rangeset reserved; /* by the caller */
	struct dx_rangeset used; /* one claim a mapping, whatever its state */
	struct dx_list mappings;
};

struct dmabufx_mapping {
	struct dmabufx_mapping_head head; /* first: dmabufx_mapping_iova() is inline */
	struct dmabufx_ioas *ioas;
	struct dmabufx_buf *buf; /* NULL: memory by address */
	uint64_t off; /* in the buffer, or the address */
	struct dx_list ioas_link;
	struct dx_list buf_link;
	struct dx_event event;
	uint8_t prot;
	uint8_t state; /* enum dmabufx_mapping_state */
	uint16_t reason; /* enum dmabufx_reason; 0 when LIVE */
	bool inserted; /* the kernel's address space has it, dead or alive */
	bool of_clone; /* belongs to the address space, not to the caller */
};

/* What a backend does. 0 or a negative errno; no reasons, no bookkeeping. */
struct dx_iommu_ops {
	enum dmabufx_backend id;
	const char *name;
	int (*ioas_open)(struct dmabufx_ioas *ioas);
	void (*ioas_close)(struct dmabufx_ioas *ioas);
	int (*ranges)(struct dmabufx_ioas *ioas, struct dx_rangeset *ret, uint64_t *align);
	int (*map_buf)(struct dmabufx_ioas *ioas, const struct dmabufx_mapping *m);
	int (*map_va)(struct dmabufx_ioas *ioas, const struct dmabufx_mapping *m);
	int (*unmap)(struct dmabufx_ioas *ioas, uint64_t iova, uint64_t len, uint64_t *unmapped);
	/* NULL: a backend that can't */
	int (*copy)(struct dmabufx_ioas *dst, const struct dmabufx_mapping *m);
};

extern const struct dx_iommu_ops dx_iommu_iommufd;
extern const struct dx_iommu_ops dx_iommu_type1;

/* Opens the backend if no call did so far; the reason is recorded. ctx locked, as all below. */
int dx_iommu_need(struct dmabufx_ctx *ctx);

int dx_ioas_new(struct dmabufx_ctx *ctx, const struct dmabufx_ioas_opts *o,
		struct dmabufx_ioas **ret);
/* What the last reference does. */
void dx_ioas_end(struct dmabufx_ioas *ioas);
void dx_ioas_put(struct dmabufx_ioas *ioas);
int dx_ioas_default(struct dmabufx_ctx *ctx, struct dmabufx_ioas **ret);

/* Asks the kernel for the allowed IOVAs, unless they are known. Records the reason. */
int dx_ioas_learn_ranges(struct dmabufx_ioas *ioas);

/* What is allowed or reserved has changed. */
void dx_ioas_find_window(struct dmabufx_ioas *ioas);

/* Links a new mapping that the kernel knows nothing of yet, and makes its claim. */
int dx_mapping_new(struct dmabufx_ioas *ioas, struct dmabufx_buf *buf, uint64_t iova, uint64_t off,
		   uint64_t len, uint32_t prot, struct dmabufx_mapping **ret);
void dx_mapping_free(struct dmabufx_mapping *m);

/*
 * Puts a mapping into the kernel's address space or takes it out; doing so
 * twice is well. A failed dx_mapping_in() records the reason and leaves the
 * mapping out; so does dx_mapping_out(), leaving it in.
 */
int dx_mapping_in(struct dmabufx_mapping *m);
int dx_mapping_out(struct dmabufx_mapping *m);

/* Sets what the device now finds there; an event when it tells something new. */
void dx_mapping_set(struct dmabufx_mapping *m, enum dmabufx_mapping_state state,
		    enum dmabufx_reason reason);

/* Sets what the last error makes of a mapping that could not be put in, unless it is that. */
void dx_mapping_lost(struct dmabufx_mapping *m);

/* Sorts out a failed map: the errno to return, with the reason recorded. */
int dx_map_explain(const struct dmabufx_mapping *m, int err);

#endif

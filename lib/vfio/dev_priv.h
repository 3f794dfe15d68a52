/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A VFIO device; private to this room. */
#ifndef DX_VFIO_DEV_PRIV_H
#define DX_VFIO_DEV_PRIV_H

#include "base/ctx.h"
#include "dmabufx/dev.h"
#include "iommu/iommu.h"
#include "sys/vfio.h"

/* An open VFIO group: its node opens once, so the devices of a ctx in it share it. */
struct dx_group {
	struct dx_list link; /* in ctx->groups */
	unsigned int refs;
	int number;
	int fd;
	int own_container; /* -1, or one that only this group is in */
	struct dmabufx_ioas *ioas; /* NULL, or the one whose container it is in */
};

struct dmabufx_dev {
	struct dmabufx_ctx *ctx;
	unsigned int refs;
	int fd;
	bool prebound; /* to somebody else's iommufd: can't be attached */
	bool can_reset;
	bool is_vf; /* a virtual function's memory enable bit does nothing */
	bool memory_on; /* as of the last time the library looked or wrote; not while @begun */
	bool resetting; /* in a transaction, whose callbacks may run */
	bool begun; /* dmabufx_dev_reset_begin() waits for its end */
	uint16_t command; /* register's value from before a reset */
	struct dx_list set_link; /* in the transaction */
	int export_err; /* what probing for export answered */
	struct dmabufx_ioas *ioas;
	struct dx_group *group; /* NULL with a device node */
	struct dx_list ctx_link; /* in ctx->devs */
	struct dx_list bufs; /* exported, by buf->dev_link */

	char bdf[DMABUFX_BDF_MAX];
	struct dx_vfio_region bars[DMABUFX_BARS];
	bool bar_is_io[DMABUFX_BARS];
	/* Bytes of each BAR any aligned slice of which is legal; 0: look closer. */
	uint64_t plain_len[DMABUFX_BARS];
	uint64_t page_mask;
	uint32_t msix_bar; /* DMABUFX_BARS: none */
	struct dmabufx_range msix; /* whole pages */
	struct dx_vfio_region config;
	uint16_t pm_cap; /* offsets in configuration space, 0: none */
	uint16_t pcie_cap;
	uint16_t af_cap;

	dmabufx_reset_fn pre;
	dmabufx_reset_fn post;
	void *cb_user;
};

/* Learns regions, capabilities and what can be exported. Records the reason. */
int dx_dev_learn(struct dmabufx_dev *dev);

/* Reads or writes configuration space, little endian as on the bus; 0 or -errno, no reason. */
int dx_config_read(struct dmabufx_dev *dev, uint32_t off, void *buf, size_t len);
int dx_config_write(struct dmabufx_dev *dev, uint32_t off, const void *buf, size_t len);

/* Checks a range of it and the bytes' pointer. Records the reason. */
int dx_config_check(const struct dmabufx_dev *dev, uint32_t off, const void *buf, size_t len);

/* Reads a register of two bytes. */
int dx_config_word(struct dmabufx_dev *dev, uint32_t off, uint16_t *ret);

/* Whether the device answers memory accesses now: 1, 0 or -errno. */
int dx_config_memory_on(struct dmabufx_dev *dev);

/* Checks a BAR number and that the BAR is there. Records the reason. */
int dx_bar_check(const struct dmabufx_dev *dev, uint32_t bar);

/* Checks one slice of a BAR that is there. Records the reason. */
int dx_slice_check(const struct dmabufx_dev *dev, uint32_t bar, const struct dmabufx_range *slice);

/* Whether the slice holds a page of the MSI-X table. */
bool dx_slice_has_msix(const struct dmabufx_dev *dev, uint32_t bar,
		       const struct dmabufx_range *slice);

/* What is left of a BAR without the MSI-X pages and a tail under a page: 0 to 2 slices. */
size_t dx_bar_split(const struct dmabufx_dev *dev, uint32_t bar, struct dmabufx_range slices[2]);

int dx_group_open(struct dmabufx_ctx *ctx, const char *bdf, struct dmabufx_ioas *ioas,
		  struct dx_group **ret);
void dx_group_put(struct dmabufx_ctx *ctx, struct dx_group *group);

/* Why VFIO refused a device that is bound to it. Records the reason. */
int dx_explain_open(struct dmabufx_ctx *ctx, const char *bdf, int err);

/* Attaches without asking whether the arguments are sane. Records the reason. */
int dx_dev_attach(struct dmabufx_dev *dev, struct dmabufx_ioas *ioas);
void dx_dev_put(struct dmabufx_dev *dev);

/* The device's buffers are dead in the kernel: their mappings get @state. */
void dx_dev_mark(struct dmabufx_dev *dev, enum dmabufx_mapping_state state,
		 enum dmabufx_reason reason);

#endif

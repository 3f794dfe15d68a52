// SPDX-License-Identifier: LGPL-2.1-or-later
/* Telling what can be done with an open device. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/num.h"
#include "base/opts.h"
#include "sys/ctx.h"
#include "sys/sysfs.h"
#include "vfio/dev_priv.h"

static void fill_export(const struct dmabufx_dev *dev, uint32_t bar, struct dmabufx_bar_caps *caps)
{
	struct dmabufx_range whole = { .len = dx_align_down(dev->bars[bar].len,
							    dev->ctx->sys->page_size) };
	struct dmabufx_range rest[2];
	int err = dx_bar_check(dev, bar);

	if (!err)
		err = dx_slice_check(dev, bar, &whole);
	if (err) {
		caps->reason = dmabufx_last_error()->reason;
		snprintf(caps->text, sizeof(caps->text), "%.*s", (int)sizeof(caps->text) - 1,
			 dmabufx_last_error()->text);
		return;
	}
	if (!dx_bar_split(dev, bar, rest)) {
		caps->reason = DMABUFX_REASON_MSIX_OVERLAP;
		snprintf(caps->text, sizeof(caps->text),
			 "nothing but the MSI-X table; DMABUFX_EXPORT_MSIX exports it all the same");
		return;
	}
	if (dev->export_err) {
		caps->reason = DMABUFX_REASON_EXPORT_UNSUPPORTED;
		snprintf(caps->text, sizeof(caps->text),
			 "this kernel or the device's VFIO driver exports no dma-bufs (%s)",
			 dmabufx_strerror(dev->export_err));
		return;
	}
	caps->exportable = 1;
}

static void fill_bar(const struct dmabufx_dev *dev, uint32_t bar, struct dmabufx_bar_caps *caps)
{
	const struct dx_vfio_region *region = &dev->bars[bar];

	if (!region->len || dev->bar_is_io[bar]) {
		caps->reason = dev->bar_is_io[bar] ? DMABUFX_REASON_BAR_IO :
						     DMABUFX_REASON_BAR_ABSENT;
		snprintf(caps->text, sizeof(caps->text), "%s",
			 dev->bar_is_io[bar] ? "I/O ports, not memory" : "no such BAR");
		return;
	}
	caps->len = region->len;
	caps->nareas = region->nareas;
	for (uint32_t i = 0; i < region->nareas; i++) {
		caps->areas[i].start = region->areas[i].offset;
		caps->areas[i].len = region->areas[i].len;
	}
	if (bar == dev->msix_bar)
		caps->msix = dev->msix;
	fill_export(dev, bar, caps);
}

/* What the kernel would try, in its words: "flr af_flr pm bus device_specific". */
static uint32_t reset_kinds(const struct dmabufx_dev *dev)
{
	static const struct {
		const char *name;
		uint32_t kind;
	} kinds[] = {
		{ "flr", DMABUFX_RESET_FLR },
		{ "af_flr", DMABUFX_RESET_FLR },
		{ "pm", DMABUFX_RESET_PM },
		{ "bus", DMABUFX_RESET_BUS },
		{ "cxl_bus", DMABUFX_RESET_BUS },
		{ "acpi", DMABUFX_RESET_OTHER },
		{ "device_specific", DMABUFX_RESET_OTHER },
	};
	char text[128], *save, *word;
	uint32_t found = 0;

	if (dx_sysfs_read(dev->ctx->sys, text, sizeof(text), "/sys/bus/pci/devices/%s/reset_method",
			  dev->bdf) < 0)
		return 0;
	for (word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
			if (!strcmp(word, kinds[i].name))
				found |= kinds[i].kind;
		}
	}
	return found;
}

int dmabufx_dev_get_caps(struct dmabufx_dev *dev, struct dmabufx_dev_caps *ret)
{
	struct dmabufx_dev_caps caps = { .size = sizeof(caps) };
	struct dmabufx_error before;
	int err;

	if (!dev || !ret)
		return dx_fail_null(dev ? "ret" : "dev");
	err = dx_out_check(ret, "dmabufx_dev_caps", sizeof(*ret));
	if (err)
		return err;
	/* That a BAR can't be exported is an answer here, no failure. */
	before = *dmabufx_last_error();
	dx_lock(dev->ctx);
	memcpy(caps.bdf, dev->bdf, sizeof(caps.bdf));
	caps.reset = reset_kinds(dev);
	caps.can_reset = dev->can_reset;
	caps.can_export = !dev->export_err;
	caps.memory_enabled = dev->memory_on;
	for (uint32_t i = 0; i < DMABUFX_BARS; i++)
		fill_bar(dev, i, &caps.bars[i]);
	dx_unlock(dev->ctx);
	dx_fail_restore(&before);
	*ret = caps;
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The scripted kernel's list of dma-bufs in debugfs, for as long as iommufd has mapped them. */
#include <stdio.h>
#include <string.h>

#include "fake_priv.h"

static size_t tell_areas(struct fake *f, const struct fake_file *file, char *text, size_t len)
{
	size_t n = 0, used = 0;

	for (struct fake_space *space = f->spaces; space; space = space->next) {
		for (struct fake_area *area = space->areas; area; area = area->next) {
			if (area->file != file)
				continue;
			used += (size_t)snprintf(text + used, len - used, "\tiommu%s\n",
						 f->links ? " phys (mapped 1 times)" : "");
			n++;
		}
	}
	return used +
	       (size_t)snprintf(text + used, len - used, "Total %zu devices attached\n\n", n);
}

void fake_bufinfo(struct fake *f, char *text, size_t len)
{
	const struct fake_file *file;
	size_t used;

	used = (size_t)snprintf(text, len, "\nDma-buf Objects:\nsize    \tflags   \tmode    \n");
	for (int i = 0; i < FAKE_FDS; i++) {
		file = f->fds[i];
		if (!file || file->kind != FAKE_DMABUF)
			continue;
		used += (size_t)snprintf(text + used, len - used,
					 "%08llu\t%08x\t%08x\t%08d\t%s\t%08llu\t<none>\n"
					 "\tAttached Devices:\n",
					 (unsigned long long)file->size, 2, 0x80007, 2,
					 file->exporter, (unsigned long long)file->ino);
		used += tell_areas(f, file, text + used, len - used);
	}
	snprintf(text + used, len - used, "\nTotal 1 objects, 4096 bytes\n");
}

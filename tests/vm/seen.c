/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a refused call must leave as it was. */
#include "vm.h"

#include <stdio.h>
#include <string.h>

/* Lines of this process' memory map that are of VFIO, dma-bufs or memfds. */
static int count_areas(void)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char line[512];
	int n = 0;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		n += vm_matches(line, "vfio|dmabuf|memfd");
	fclose(f);
	return n;
}

struct vm_seen vm_look(struct vm *vm, struct dmabufx_ioas *ioas)
{
	struct dmabufx_dev_info infos[64];
	int n = vm_works(dmabufx_dev_list(vm->ctx, infos, 64));
	struct vm_seen seen = {
		.nfds = guest_count_fds(),
		.nareas = count_areas(),
		.nmappings = ioas ? vm_count_mappings(ioas) : 0,
	};

	assert_true(n <= 64);
	for (int i = 0; i < n; i++)
		seen.ndrivers += (int)strlen(infos[i].driver) * (i + 1);
	return seen;
}

void vm_unchanged(struct vm *vm, struct dmabufx_ioas *ioas, struct vm_seen before)
{
	struct vm_seen now = vm_look(vm, ioas);

	assert_memory_equal(&now, &before, sizeof(now));
}

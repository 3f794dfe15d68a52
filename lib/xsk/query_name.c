// SPDX-License-Identifier: LGPL-2.1-or-later
/* The name of an XDP program, by libbpf. */
#include <bpf/bpf.h>
#include <stdio.h>

#include "sys/sys.h"
#include "xsk/query_priv.h"

void dx_xsk_prog_name(struct dx_sys *sys, uint32_t id, char *ret, size_t len)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(id);

	ret[0] = '\0';
	if (fd < 0)
		return;
	if (!bpf_obj_get_info_by_fd(fd, &info, &size))
		snprintf(ret, len, "%.*s", (int)sizeof(info.name), info.name);
	sys->close(sys, fd);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* The name of an XDP program, where the library is built without libbpf. */
#include "xsk/query_priv.h"

void dx_xsk_prog_name(struct dx_sys *sys, uint32_t id, char *ret, size_t len)
{
	ret[0] = '\0';
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* What a call that fails must leave behind. */
#include "fails.h"

#include <string.h>

void check_fails(int ret, int err, enum dmabufx_reason reason, const char *const words[],
		 const char *call, const char *file, int line)
{
	const struct dmabufx_error *last = dmabufx_last_error();
	const char *missing = NULL;

	for (; *words && !missing; words++)
		missing = strstr(last->text, *words) ? NULL : *words;
	if (ret == -err && last->err == -err && last->reason == reason && !missing)
		return;
	print_error("%s\n  returned %d (%s), wanted -%s\n  reason %s (err %d), wanted %s\n  \"%s\"\n",
		    call, ret, dmabufx_strerror(ret), dmabufx_strerror(err),
		    dmabufx_reason_name(last->reason), last->err, dmabufx_reason_name(reason),
		    last->text);
	if (missing)
		print_error("  lacks \"%s\"\n", missing);
	_fail(file, line);
}

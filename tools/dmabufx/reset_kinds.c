/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kinds of reset as words. */
#include "reset_kinds.h"

#include <stdio.h>

static const struct {
	uint32_t bit;
	const char *word;
} words[] = {
	{ DMABUFX_RESET_FLR, "FLR" },
	{ DMABUFX_RESET_PM, "PM" },
	{ DMABUFX_RESET_BUS, "bus" },
	{ DMABUFX_RESET_OTHER, "device specific" },
};

#define KINDS (sizeof(words) / sizeof(words[0]))

const char *reset_kinds_text(uint32_t kinds, char buf[64])
{
	size_t at = 0;

	snprintf(buf, 64, "none");
	for (size_t i = 0; i < KINDS; i++) {
		if (kinds & words[i].bit)
			at += (size_t)snprintf(buf + at, 64 - at, "%s%s", at ? ", " : "",
					       words[i].word);
	}
	return buf;
}

void reset_kinds_json(struct json_object *obj, uint32_t kinds)
{
	struct json_object *list = js_array(obj, "reset_kinds");

	for (size_t i = 0; i < KINDS; i++) {
		if (kinds & words[i].bit)
			json_object_array_add(list, json_object_new_string(words[i].word));
	}
}

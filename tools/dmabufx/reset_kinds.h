/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kinds of reset as words. */
#ifndef RESET_KINDS_H
#define RESET_KINDS_H

#include "cli.h"

/* "FLR, bus", in @buf; "none" for 0. */
const char *reset_kinds_text(uint32_t kinds, char buf[64]);

/* Adds the array "reset_kinds". */
void reset_kinds_json(struct json_object *obj, uint32_t kinds);

#endif

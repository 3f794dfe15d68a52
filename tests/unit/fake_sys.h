/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The scripted kernel's table, and which calls only give back. */
#ifndef UNIT_FAKE_SYS_H
#define UNIT_FAKE_SYS_H

#include "fake.h"

extern const struct dx_sys fake_sys;

bool fake_is_undo(unsigned long request);

#endif

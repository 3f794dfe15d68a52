/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The calls that are run with each of their steps failing. */
#ifndef UNIT_FAIL_CASES_H
#define UNIT_FAIL_CASES_H

#include "unit.h"

struct fail_case {
	const char *name;
	int (*setup)(void **state);
	/* Makes something; a count or a negative errno. */
	int (*run)(struct unit *u, void **made);
	/* Takes it back. */
	void (*undo)(struct unit *u, void *made);
	/* After a failure: checks, or brings back, what the call may leave otherwise. */
	void (*settle)(struct unit *u);
};

extern const struct fail_case fail_cases[];
extern const size_t fail_ncases;

#endif

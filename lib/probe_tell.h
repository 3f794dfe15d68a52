/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Noting the answers of a probe; private to it. */
#ifndef DX_PROBE_TELL_H
#define DX_PROBE_TELL_H

#include <stdbool.h>

#include "dmabufx/probe.h"

struct dx_sys;

#define YES DMABUFX_ANSWER_YES
#define NO DMABUFX_ANSWER_NO
#define UNKNOWN DMABUFX_ANSWER_UNKNOWN

struct probe {
	struct dx_sys *sys;
	struct dmabufx_ctx *ctx; /* one of its own: nothing tried touches the caller's */
	const char *bdf;
	struct dmabufx_probe_answer *answers;
};

void dx_probe_say(struct probe *p, enum dmabufx_probe_id id, enum dmabufx_answer answer,
		  uint64_t value, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* The reason of the library's own call that failed. */
void dx_probe_say_error(struct probe *p, enum dmabufx_probe_id id, enum dmabufx_answer answer);

static inline bool is_yes(const struct probe *p, enum dmabufx_probe_id id)
{
	return p->answers[id].answer == YES;
}

/* What takes an address space or a device to find out. */
void dx_probe_memory(struct probe *p);
void dx_probe_device(struct probe *p);

#endif

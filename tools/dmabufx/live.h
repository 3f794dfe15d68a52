/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters while a command runs: a line a second, the same one on a terminal. */
#ifndef LIVE_H
#define LIVE_H

#include "cli.h"

/**
 * struct live_counts - what went through since the beginning
 * @packets: packets
 * @bytes: their bytes
 * @drops: lost ones
 */
struct live_counts {
	uint64_t packets;
	uint64_t bytes;
	uint64_t drops;
};

/**
 * struct live - counters as they were shown last
 * @last: those
 * @start: when it began, ns
 * @shown: when that was, ns
 * @terminal: one line that is written again
 * @open: such a line has no end yet
 */
struct live {
	struct live_counts last;
	uint64_t start;
	uint64_t shown;
	bool terminal;
	bool open;
};

/* Nanoseconds of the clock that only runs forward. */
uint64_t live_now(void);

/* "1,234,567" */
const char *live_number(uint64_t val, char buf[32]);

void live_start(struct live *live, uint64_t now);
static inline bool live_due(const struct live *live, uint64_t now)
{
	return now - live->shown >= 1000000000;
}

/* Shows a line; false: nobody reads them any more. */
bool live_show(struct cli *cli, struct live *live, uint64_t now, const struct live_counts *counts);
/* Ends the line; to be called before anything else is said. */
void live_end(struct cli *cli, struct live *live);

/* "1,000 packets, 64,000 bytes in 1.00 s: 1,000 packets/s, 0.5 Mbit/s", and in JSON. */
void live_total(struct cli *cli, struct json_object *obj, const char *what,
		const struct live_counts *counts, uint64_t ns);

#endif

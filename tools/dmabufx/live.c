/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters while a command runs, and their sum at the end. */
#include "live.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define NS 1e9

uint64_t live_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

const char *live_number(uint64_t val, char buf[32])
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)val);
	char *to = buf;

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	return buf;
}

void live_start(struct live *live, uint64_t now)
{
	*live = (struct live){ .start = now, .shown = now, .terminal = isatty(STDOUT_FILENO) };
}

/* Packets and bits of a time. */
static uint64_t per_second(uint64_t what, double seconds)
{
	return seconds > 0 ? (uint64_t)((double)what / seconds + 0.5) : 0;
}

static double mbits(uint64_t bytes, double seconds)
{
	return seconds > 0 ? (double)bytes * 8 / seconds / 1e6 : 0;
}

bool live_show(struct cli *cli, struct live *live, uint64_t now, const struct live_counts *counts)
{
	double seconds = (double)(now - live->shown) / NS;
	char rate[32], drops[32];

	cli_say(cli, "%s%6.0f s  %13s packets/s  %10.1f Mbit/s  %10s dropped%s",
		live->terminal ? "\r" : "", (double)(now - live->start) / NS,
		live_number(per_second(counts->packets - live->last.packets, seconds), rate),
		mbits(counts->bytes - live->last.bytes, seconds),
		live_number(counts->drops - live->last.drops, drops),
		live->terminal ? "\033[K" : "\n");
	live->open = live->terminal && !cli->json && !cli->quiet;
	live->last = *counts;
	live->shown = now;
	fflush(stdout);
	return !ferror(stdout);
}

void live_end(struct cli *cli, struct live *live)
{
	if (live->open)
		cli_say(cli, "\n");
	live->open = false;
}

void live_total(struct cli *cli, struct json_object *obj, const char *what,
		const struct live_counts *counts, uint64_t ns)
{
	double seconds = (double)ns / NS;
	char packets[32], bytes[32], rate[32];

	js_num(obj, "packets", counts->packets);
	js_num(obj, "bytes", counts->bytes);
	json_object_object_add(obj, "seconds", json_object_new_double(seconds));
	js_num(obj, "packets_per_second", per_second(counts->packets, seconds));
	cli_say(cli, "%s: %s packets, %s bytes in %.2f s: %s packets/s, %.1f Mbit/s\n", what,
		live_number(counts->packets, packets), live_number(counts->bytes, bytes), seconds,
		live_number(per_second(counts->packets, seconds), rate),
		mbits(counts->bytes, seconds));
}

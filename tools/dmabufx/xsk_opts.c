/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options that the commands of xsk share: numbers in bounds, words, lists. */
#include "xsk_opts.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define NS UINT64_C(1000000000)
#define SECONDS_MAX (UINT64_C(1) << 32)

bool xsk_number(struct cli *cli, const char *what, const char *text, uint64_t min, uint64_t max,
		uint64_t *ret)
{
	uint64_t val;

	if (parse_u64(text, &val) && val >= min && val <= max) {
		*ret = val;
		return true;
	}
	cli->exit = cli_usage(cli, "%s '%s' is no number from %llu to %llu", what, text,
			      (unsigned long long)min, (unsigned long long)max);
	return false;
}

/* A word of the list, which ends with NULL; its place is the number of the library. */
static bool take_word(struct cli *cli, const char *what, const char *const words[], uint32_t *ret)
{
	char all[128] = "";

	for (uint32_t i = 0; words[i]; i++) {
		size_t len = strlen(all);

		if (!strcmp(words[i], optarg)) {
			*ret = i;
			return true;
		}
		snprintf(all + len, sizeof(all) - len, "%s%s", len ? ", " : "", words[i]);
	}
	cli->exit = cli_usage(cli, "%s '%s' is none of: %s", what, optarg, all);
	return false;
}

/* Seconds, also such as 0.5. */
static bool parse_seconds(const char *text, uint64_t *ret)
{
	uint64_t whole = 0, part = 0, unit = NS;
	const char *at = text;

	if (!isdigit((unsigned char)*at))
		return false;
	for (; isdigit((unsigned char)*at); at++) {
		whole = whole * 10 + (uint64_t)(*at - '0');
		if (whole > SECONDS_MAX)
			return false;
	}
	if (*at == '.') {
		if (!isdigit((unsigned char)*++at))
			return false;
		for (; isdigit((unsigned char)*at); at++) {
			unit /= 10;
			part += (uint64_t)(*at - '0') * unit;
		}
	}
	*ret = whole * NS + part;
	return !*at && *ret;
}

static bool take_seconds(struct cli *cli, struct xsk_opts *o)
{
	if (parse_seconds(optarg, &o->ns))
		return true;
	cli->exit = cli_usage(cli, "--seconds '%s' is no time; give one like 10 or 0.5", optarg);
	return false;
}

static bool take_ports(struct cli *cli, struct xsk_opts *o)
{
	const char *at = optarg;

	for (o->nports = 0; o->nports < XSK_PORTS_MAX;) {
		size_t len = strcspn(at, ",");
		char text[8];
		uint64_t port;

		snprintf(text, sizeof(text), "%.*s", (int)(len < 7 ? len : 7), at);
		if (!parse_u64(text, &port) || !port || port > UINT16_MAX) {
			cli->exit = cli_usage(cli, "--ports '%s' is no list of ports like 53,443",
					      optarg);
			return false;
		}
		o->ports[o->nports++] = (uint16_t)port;
		at += len;
		if (!*at++)
			return true;
	}
	cli->exit = cli_usage(cli, "--ports takes up to %d ports", XSK_PORTS_MAX);
	return false;
}

static bool take_queue(struct cli *cli, struct xsk_opts *o)
{
	uint64_t val;

	if (!xsk_number(cli, "--queue", optarg, 0, UINT32_MAX, &val))
		return false;
	o->queue = (uint32_t)val;
	o->queue_given = true;
	return true;
}

bool xsk_take_option(struct cli *cli, int opt, struct xsk_opts *o)
{
	/* In the order of the library's enums. */
	static const char *const zcs[] = { "prefer", "require", "forbid", NULL };
	static const char *const profiles[] = { "headers", "payload", NULL };
	static const char *const sleeps[] = { "adaptive", "spin", "timer", "poll", NULL };

	switch (opt) {
	case OPT_QUEUE:
		return take_queue(cli, o);
	case OPT_ALL:
		o->all = true;
		return true;
	case OPT_ALLOW_RULES:
		o->allow_rules = true;
		return true;
	case OPT_COUNT:
		return xsk_number(cli, "--count", optarg, 1, UINT64_MAX, &o->count);
	case OPT_SECONDS:
		return take_seconds(cli, o);
	case OPT_ZC:
		return take_word(cli, "--zc", zcs, &o->zc);
	case OPT_GENERIC:
		o->mode = DMABUFX_XDP_GENERIC;
		return true;
	case OPT_PORTS:
		return take_ports(cli, o);
	case OPT_PROFILE:
		return take_word(cli, "--profile", profiles, &o->profile);
	case OPT_MULTI_BUFFER:
		o->multi_buffer = true;
		return true;
	case OPT_SLEEP:
		return take_word(cli, "--sleep", sleeps, &o->sleep);
	default:
		return false;
	}
}

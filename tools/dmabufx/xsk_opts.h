/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options that the commands of xsk share. */
#ifndef XSK_OPTS_H
#define XSK_OPTS_H

#include "cli.h"

enum {
	OPT_QUEUE = OPT_OWN,
	OPT_ALL,
	OPT_COUNT,
	OPT_SECONDS,
	OPT_ZC,
	OPT_GENERIC,
	OPT_PORTS,
	OPT_PROFILE,
	OPT_MULTI_BUFFER,
	OPT_SLEEP,
	OPT_ALLOW_RULES,
	OPT_XSK_OWN, /* the first of a command's own */
};

/* Those of a command that receives, among its own. */
#define XSK_RECEIVE_OPTIONS                                              \
	{ "queue", required_argument, NULL, OPT_QUEUE },                 \
		{ "count", required_argument, NULL, OPT_COUNT },         \
		{ "seconds", required_argument, NULL, OPT_SECONDS },     \
		{ "zc", required_argument, NULL, OPT_ZC },               \
		{ "generic", no_argument, NULL, OPT_GENERIC },           \
		{ "ports", required_argument, NULL, OPT_PORTS },         \
		{ "profile", required_argument, NULL, OPT_PROFILE },     \
		{ "multi-buffer", no_argument, NULL, OPT_MULTI_BUFFER }, \
	{                                                                \
		"sleep", required_argument, NULL, OPT_SLEEP              \
	}

#define XSK_PORTS_MAX 1024

/**
 * struct xsk_opts - what was asked for
 * @queue: the queue, unless @all
 * @queue_given: --queue was there
 * @all: each queue
 * @allow_rules: the card's rules may steer packets past them
 * @count: packets to stop after; 0: don't
 * @ns: nanoseconds to stop after; 0: don't
 * @zc: enum dmabufx_zc
 * @mode: enum dmabufx_xdp_mode
 * @profile: enum dmabufx_rx_profile
 * @sleep: enum dmabufx_sleep
 * @multi_buffer: packets may have several frames
 * @rx_meta: what the driver knows of received packets
 * @nports: entries of @ports; 0: no filter
 * @ports: destination ports
 */
struct xsk_opts {
	uint32_t queue;
	bool queue_given;
	bool all;
	bool allow_rules;
	uint64_t count;
	uint64_t ns;
	uint32_t zc;
	uint32_t mode;
	uint32_t profile;
	uint32_t sleep;
	bool multi_buffer;
	bool rx_meta;
	uint32_t nports;
	uint16_t ports[XSK_PORTS_MAX];
};

/* Takes one of the options above; false: return cli->exit. */
bool xsk_take_option(struct cli *cli, int opt, struct xsk_opts *o);

/* A number from @min to @max of the option @what; false: complained. */
bool xsk_number(struct cli *cli, const char *what, const char *text, uint64_t min, uint64_t max,
		uint64_t *ret);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dmabufx p2p-test: its command line. */
#include "cli.h"
#include "p2p.h"

#include <string.h>
#include <unistd.h>

enum { OPT_BAR = OPT_OWN, OPT_OFFSET, OPT_ROUNDS, OPT_MAX_IOVA, OPT_BIND };

static bool take_offset(struct cli *cli, struct p2p *p)
{
	if (!cli_number(cli, "offset", optarg, &p->offset))
		return false;
	p->any_offset = false;
	if (p->offset % (uint64_t)sysconf(_SC_PAGESIZE) == 0)
		return true;
	cli->exit = cli_usage(cli, "offset %s is no multiple of the page size, %ld", optarg,
			      sysconf(_SC_PAGESIZE));
	return false;
}

static bool take_option(struct cli *cli, int opt, struct p2p *p)
{
	switch (opt) {
	case OPT_BAR:
		p->any_bar = false;
		return cli_bar(cli, optarg, &p->bar);
	case OPT_OFFSET:
		return take_offset(cli, p);
	case OPT_ROUNDS:
		if (!cli_number(cli, "rounds", optarg, &p->rounds))
			return false;
		if (!p->rounds)
			cli->exit = cli_usage(cli, "0 rounds test nothing; give 1 or more");
		return p->rounds != 0;
	case OPT_MAX_IOVA:
		return cli_number(cli, "highest IOVA", optarg, &p->max_iova);
	case OPT_BIND:
		p->bind = true;
		return true;
	default:
		return false;
	}
}

static bool parse(struct cli *cli, int argc, char **argv, struct p2p *p)
{
	static const struct option options[] = { CLI_LONG_OPTIONS,
						 { "bar", required_argument, NULL, OPT_BAR },
						 { "offset", required_argument, NULL, OPT_OFFSET },
						 { "rounds", required_argument, NULL, OPT_ROUNDS },
						 { "max-iova", required_argument, NULL,
						   OPT_MAX_IOVA },
						 { "bind", no_argument, NULL, OPT_BIND },
						 { NULL, 0, NULL, 0 } };
	int opt;

	while ((opt = cli_getopt(cli, argc, argv, options)) != -1) {
		if (!take_option(cli, opt, p))
			return false;
	}
	return cli_want_args(cli, argc, 2, 2) && cli_bdf(cli, argv[optind], p->src.bdf) &&
	       cli_bdf(cli, argv[optind + 1], p->dst.bdf);
}

int cmd_p2p_test(struct cli *cli, int argc, char **argv)
{
	struct p2p p = { .cli = cli, .any_bar = true, .any_offset = true, .rounds = 1 };
	int ret;

	if (!parse(cli, argc, argv, &p))
		return cli->exit;
	if (!strcmp(p.src.bdf, p.dst.bdf))
		return cli_usage(cli,
				 "%s is both source and target; peer-to-peer takes two devices",
				 p.src.bdf);
	ret = cli_ctx(cli);
	return ret ? ret : p2p_run(&p);
}

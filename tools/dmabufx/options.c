/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options that every command takes, and help. */
#include "cli.h"

#include <stdio.h>
#include <string.h>

static const struct option common[] = { CLI_LONG_OPTIONS, { NULL, 0, NULL, 0 } };

/* Short options by letter, long ones by the word that getopt_long() stopped at. */
static void complain(struct cli *cli, int opt, char **argv)
{
	const char *why = opt == ':' ? "wants an argument" : "is no option of this command";

	if (optopt && optopt < OPT_JSON)
		cli->exit = cli_usage(cli, "-%c %s", optopt, why);
	else
		cli->exit = cli_usage(cli, "%s %s", argv[optind - 1], why);
}

bool cli_take_switch(struct cli *cli, int opt)
{
	switch (opt) {
	case OPT_JSON:
		cli->json = true;
		return true;
	case 'v':
		cli->verbose++;
		return true;
	case 'q':
		cli->quiet = true;
		return true;
	default:
		return false;
	}
}

int cli_getopt(struct cli *cli, int argc, char **argv, const struct option *own)
{
	int opt;

	opterr = 0;
	for (;;) {
		opt = getopt_long(argc, argv, ":vqh", own ? own : common, NULL);
		if (cli_take_switch(cli, opt))
			continue;
		switch (opt) {
		case 'h':
			cli_print_help(cli, cli->cmd);
			cli->exit = CLI_OK;
			return '?';
		case '?':
		case ':':
			complain(cli, opt, argv);
			return '?';
		default:
			return opt;
		}
	}
}

bool cli_no_options(struct cli *cli, int argc, char **argv)
{
	return cli_getopt(cli, argc, argv, NULL) == -1;
}

bool cli_want_args(struct cli *cli, int argc, int min, int max)
{
	int given = argc - optind;

	if (given >= min && given <= max)
		return true;
	cli->exit = cli_usage(cli, "%s arguments; the form is: dmabufx %s %s",
			      given < min ? "too few" : "too many", cli->cmd->name, cli->cmd->args);
	return false;
}

void cli_print_help(struct cli *cli, const struct command *cmd)
{
	js_str(cli->out, "command", cmd->name);
	js_str(cli->out, "arguments", cmd->args);
	js_str(cli->out, "summary", cmd->summary);
	js_str(cli->out, "options", cmd->options ? cmd->options : "");
	js_str(cli->out, "example", cmd->example);
	cli_say(cli, "Usage: dmabufx [--json] [-v] [-q] %s %s\n\n%s\n", cmd->name, cmd->args,
		cmd->summary);
	if (cmd->options)
		cli_say(cli, "\nOptions:\n%s", cmd->options);
	cli_say(cli, "\nExample:\n  %s\n", cmd->example);
}

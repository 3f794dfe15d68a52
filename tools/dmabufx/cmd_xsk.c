/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dmabufx xsk: the table of its commands. */
#include "cmd_xsk.h"

#include <string.h>

/* Their names have the word before them, so that help and errors say it too. */
#define WORD "xsk "

/* What several take. */
#define QUEUE "  --queue N        this queue; 0\n"
#define LIMITS                                      \
	"  --count N        stop after N packets\n" \
	"  --seconds S      stop after this time\n"
#define ZC "  --zc HOW         without copying: prefer, require or forbid\n"
#define RX                                                                                \
	"  --generic        XDP in the kernel's general code, not in the driver\n"        \
	"  --profile WHAT   headers: 1024 frames, which stay in a cache; payload: 4096\n" \
	"  --multi-buffer   packets may have several frames\n"                            \
	"  --sleep HOW      while nothing comes: adaptive, spin, timer or poll\n"

static const struct command commands[] = {
	{ WORD "query", "[--no-try] INTERFACE",
	  "Ask what AF_XDP can do on an interface, and why not more.",
	  "  --no-try       open no socket: whether it can do without copying isn't tried\n",
	  "dmabufx xsk query eth0", cmd_xsk_query },
	{ WORD "rx",
	  "[--queue N | --all [--allow-rules]] [--count N] [--seconds S] [--write FILE] [--zc HOW] "
	  "[--generic] [--ports P,...] [--profile WHAT] [--multi-buffer] [--sleep HOW] [--meta] INTERFACE",
	  "Receive packets, count them, and write them to a file.",
	  QUEUE "  --all            each queue\n"
		"  --allow-rules    though rules (ethtool -n) steer packets elsewhere\n" LIMITS
		"  --write FILE     packets to FILE as pcapng; - is standard output\n" ZC RX
		"  --ports P,...    only TCP and UDP to these ports; all else goes its usual way\n"
		"  --meta           what the driver knows of each packet: time, hash, VLAN tag;\n"
		"                   the file has that time, and JSON the first 1000\n",
	  "dmabufx xsk rx --all --seconds 10 --write eth0.pcapng eth0", cmd_xsk_rx },
	{ WORD "tx",
	  "[--queue N] [--size N] [--count N] [--seconds S] [--rate PPS] [--batch N] [--dst MAC] "
	  "[--src MAC] [--ip A,B] [--port N] [--zc HOW] [--checksum] [--timestamps] INTERFACE",
	  "Send numbered packets of UDP.",
	  QUEUE LIMITS "  --size N         bytes of a packet without checksum, 60 to MTU + 14; 64\n"
		       "  --rate PPS       packets a second; else as many as can be\n"
		       "  --batch N        packets given to the kernel at once, 1 to 512; 64\n"
		       "  --dst MAC        02:00:00:00:00:02, which is nobody's\n"
		       "  --src MAC        else the interface's\n"
		       "  --ip A,B         from A to B; 192.0.2.1,192.0.2.2\n"
		       "  --port N         destination port; 9\n" ZC
		       "  --checksum       have the device fill in UDP's checksum\n"
		       "  --timestamps     when each packet was sent; JSON has the first 1000\n",
	  "dmabufx xsk tx --rate 1000 --seconds 10 --dst 52:54:00:00:00:02 eth0", cmd_xsk_tx },
	{ WORD "fwd",
	  "[--both] [--swap-macs] [--one-queue] [--queue N] [--count N] [--seconds S] [--zc HOW] "
	  "[--generic] [--ports P,...] [--profile WHAT] [--multi-buffer] [--sleep HOW] IN OUT",
	  "Send by one interface what another receives, without touching it.",
	  "  --both           also from OUT to IN\n"
	  "  --swap-macs      destination and source change places; IN and OUT may be one\n"
	  "  --one-queue      if they are: send by the queue that receives, not by another\n" QUEUE
		  LIMITS ZC RX
	  "  --ports P,...    only TCP and UDP to these ports; all else goes its usual way\n",
	  "dmabufx xsk fwd --both eth0 eth1", cmd_xsk_fwd },
	{ WORD "stats", "[INTERFACE]", "Show the sockets of AF_XDP there are, and what they lost.",
	  NULL, "dmabufx xsk stats eth0", cmd_xsk_stats },
	{ WORD "bench", "rx|tx|fwd [OPTION]... INTERFACE [OUT]",
	  "Receive, send or forward for 10 s, and tell what a packet cost.",
	  "  OPTION           those of xsk rx, xsk tx and xsk fwd; --seconds 10 without it\n",
	  "dmabufx xsk bench rx --sleep spin --seconds 5 eth0", cmd_xsk_bench },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		if (!strcmp(commands[i].name + strlen(WORD), name))
			return &commands[i];
	}
	return NULL;
}

static void print_overview(struct cli *cli, const struct command *xsk)
{
	struct json_object *list;

	cli_print_help(cli, xsk);
	list = js_array(cli->out, "commands");
	cli_say(cli, "\nCommands:\n");
	for (size_t i = 0; i < COMMANDS; i++) {
		struct json_object *row = js_push(list);

		js_str(row, "command", commands[i].name);
		js_str(row, "summary", commands[i].summary);
		cli_say(cli, "  %-10s %s\n", commands[i].name, commands[i].summary);
	}
	cli_say(cli, "\n'dmabufx xsk COMMAND --help' tells the rest.\n");
}

int cmd_xsk_help(struct cli *cli, const struct command *xsk, const char *name)
{
	const struct command *cmd = name ? find_command(name) : NULL;

	if (name && !cmd)
		return cli_usage(cli, "'%s' is no command of xsk", name);
	if (cmd)
		cli_print_help(cli, cmd);
	else
		print_overview(cli, xsk);
	return CLI_OK;
}

/* Without a command, or with options before it, which then come right behind it. */
static int no_command_first(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = { CLI_LONG_OPTIONS, { NULL, 0, NULL, 0 } };
	int opt;

	for (int i = 1; i < argc; i++) {
		char *word = argv[i];

		if (word[0] == '-' && word[1])
			continue;
		memmove(argv + 2, argv + 1, (size_t)(i - 1) * sizeof(*argv));
		argv[1] = word;
		return cmd_xsk(cli, argc, argv);
	}
	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":vqh", options, NULL)) != -1) {
		if (opt == 'h')
			return cmd_xsk_help(cli, cli->cmd, NULL);
		if (opt == '?' || opt == ':')
			return cli_usage(cli, "'%s' is no option of this command",
					 argv[optind - 1]);
	}
	return cli_usage(cli, "xsk wants a command of its own");
}

int cmd_xsk(struct cli *cli, int argc, char **argv)
{
	const struct command *cmd;

	if (argc < 2 || argv[1][0] == '-')
		return no_command_first(cli, argc, argv);
	cmd = find_command(argv[1]);
	if (!cmd)
		return cli_usage(cli, "'%s' is no command of xsk", argv[1]);
	cli->cmd = cmd;
	return cmd->run(cli, argc - 1, argv + 1);
}

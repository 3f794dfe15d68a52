/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command dmabufx: the table of commands, and what comes before them. */
#include "cmd_xsk.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int cmd_help(struct cli *cli, int argc, char **argv);

static const struct command commands[] = {
	{ "probe", "[--device BDF]",
	  "Ask what this machine can do, and whether the main job can run on it.",
	  "  --device BDF   try export with this device; it must be bound to vfio-pci\n",
	  "dmabufx probe", cmd_probe },
	{ "list", "[--vfio]", "Show the PCI functions: driver, IOMMU group, BARs, VFs.",
	  "  --vfio         only those bound to vfio-pci\n", "dmabufx list --vfio", cmd_list },
	{ "bind", "[--force] BDF...", "Hand PCI functions to vfio-pci.",
	  "  --force        also a device that the host is using\n",
	  "dmabufx bind 0000:00:03.0 0000:00:04.0", cmd_bind },
	{ "unbind", "BDF...", "Give PCI functions back to the host's drivers.", NULL,
	  "dmabufx unbind 0000:00:04.0", cmd_unbind },
	{ "caps", "DEVICE", "Show what can be done with a device: its BARs and its resets.", NULL,
	  "dmabufx caps 0000:00:04.0", cmd_caps },
	{ "export", "DEVICE BAR [OFFSET [LENGTH]] [-- COMMAND [ARGUMENT...]]",
	  "Make a BAR, or a slice of it, a dma-buf, and hold it or run a command with it.",
	  "  --msix         even where the slice holds the MSI-X table\n"
	  "  -- COMMAND     run with the descriptor; DMABUFX_FD and DMABUFX_LEN name it\n",
	  "dmabufx export 0000:00:04.0 2 0 1M -- sh -c 'ls -l /proc/self/fd/$DMABUFX_FD'",
	  cmd_export },
	{ "map", "(DEVICE BAR | --fd N) [OFFSET [LENGTH]] --to DEVICE [--iova X]",
	  "Put a BAR, or an inherited buffer, at an IOVA of another device, and hold it.",
	  "  --to DEVICE    the device whose address space it goes into\n"
	  "  --iova X       this address, no other\n"
	  "  --fd N         a dma-buf or memfd inherited as descriptor N\n",
	  "dmabufx map 0000:00:04.0 2 --to 0000:00:03.0 --iova 0x1000000", cmd_map },
	{ "reset", "DEVICE", "Reset a device, its mappings around it, and say what came back.",
	  NULL, "dmabufx reset 0000:00:04.0", cmd_reset },
	{ "inspect", "FD|PID",
	  "Show the dma-bufs, memory files, VFIO and IOMMU files of a process.",
	  "  fd:N           descriptor N that this command inherited\n"
	  "  pid:N          process N; a bare number is a descriptor if it is open, above 2\n",
	  "dmabufx inspect pid:1234", cmd_inspect },
	{ "p2p-test", "SRC DST [--bar N] [--offset X] [--rounds N] [--bind]",
	  "Make SRC write into DST's memory, unmap, reset, remap, and check every byte.",
	  "  --bar N        the BAR of DST; else the largest that is plain memory\n"
	  "  --offset X     where in the BAR, a multiple of the page size\n"
	  "  --rounds N     repeat the DMA, fault and reset steps; 1 without it\n"
	  "  --max-iova X   highest address SRC can reach, where it is more than usual\n"
	  "  --bind         bind both to vfio-pci first, give them back at the end\n",
	  "dmabufx p2p-test 0000:00:03.0 0000:00:04.0 --bind", cmd_p2p_test },
	{ "xsk", "COMMAND [ARGUMENT...]", "Do AF_XDP: packets by way of an interface's queues.",
	  NULL, "dmabufx xsk query eth0", cmd_xsk },
	{ "help", "[COMMAND]", "Show this, or what a command takes.", NULL, "dmabufx help export",
	  cmd_help },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	}
	return NULL;
}

static void print_overview(struct cli *cli)
{
	struct json_object *list = js_array(cli->out, "commands");

	cli_say(cli, "Usage: dmabufx [--json] [-v] [-q] COMMAND [ARGUMENT...]\n\n"
		     "PCI device memory as dma-bufs, put in front of other devices; and AF_XDP.\n\n"
		     "Commands:\n");
	for (size_t i = 0; i < COMMANDS; i++) {
		struct json_object *row = js_push(list);

		js_str(row, "command", commands[i].name);
		js_str(row, "summary", commands[i].summary);
		cli_say(cli, "  %-9s %s\n", commands[i].name, commands[i].summary);
	}
	cli_say(cli, "\nOptions of every command:\n"
		     "  --json         facts as JSON on stdout\n"
		     "  -v, --verbose  the library's log on stderr; twice: each step\n"
		     "  -q, --quiet    no text but errors\n"
		     "  --help         what a command takes, with an example\n"
		     "  --version      the versions of command and library\n\n"
		     "Exit status: 0 done, 1 failed, 2 usage, 77 this machine can't.\n");
}

static int cmd_help(struct cli *cli, int argc, char **argv)
{
	const struct command *cmd;

	if (!cli_no_options(cli, argc, argv) || !cli_want_args(cli, argc, 0, 2))
		return cli->exit;
	if (optind == argc) {
		print_overview(cli);
		return CLI_OK;
	}
	cmd = find_command(argv[optind]);
	if (!cmd)
		return cli_usage(cli, "'%s' is no command", argv[optind]);
	if (cmd->run == cmd_xsk)
		return cmd_xsk_help(cli, cmd, argv[optind + 1]);
	if (!cli_want_args(cli, argc, 0, 1))
		return cli->exit;
	cli_print_help(cli, cmd);
	return CLI_OK;
}

static void print_version(struct cli *cli)
{
	char headers[16];

	snprintf(headers, sizeof(headers), "%d.%d.%d", DMABUFX_VERSION_MAJOR, DMABUFX_VERSION_MINOR,
		 DMABUFX_VERSION_PATCH);
	js_str(cli->out, "version", headers);
	js_str(cli->out, "library", dmabufx_version());
	cli_say(cli, "dmabufx %s, libdmabufx %s\n", headers, dmabufx_version());
}

/* So that also the errors of option parsing come as JSON. */
static bool asks_for_json(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		if (!strcmp(argv[i], "--json"))
			return true;
	}
	return false;
}

/* Options before the command's word; true: go on with the command. */
static bool parse_global(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = { CLI_LONG_OPTIONS,
						 { "version", no_argument, NULL, OPT_VERSION },
						 { NULL, 0, NULL, 0 } };
	int opt;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, "+:vqh", options, NULL)) != -1) {
		if (cli_take_switch(cli, opt))
			continue;
		switch (opt) {
		case 'h':
			print_overview(cli);
			return false;
		case OPT_VERSION:
			print_version(cli);
			return false;
		default:
			cli->exit = cli_usage(cli, "'%s' is no option", argv[optind - 1]);
			return false;
		}
	}
	return true;
}

static int run(struct cli *cli, int argc, char **argv)
{
	if (!parse_global(cli, argc, argv))
		return cli->exit;
	if (optind == argc)
		return cli_usage(cli, "no command given");
	cli->cmd = find_command(argv[optind]);
	if (!cli->cmd)
		return cli_usage(cli, "'%s' is no command", argv[optind]);
	argc -= optind;
	argv += optind;
	/* 0 makes getopt_long() start over, also in the middle of a cluster. */
	optind = 0;
	return cli->cmd->run(cli, argc, argv);
}

/*
 * What is opened next would become standard output where that is closed, and be written
 * to: these can be neither read nor written.
 */
static void keep_standard_files(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_PATH) != fd)
			_exit(CLI_FAILED);
	}
}

static bool reader_gone(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };

	return poll(&out, 1, 0) == 1 && out.revents & POLLERR;
}

int main(int argc, char **argv)
{
	struct cli cli = { .json = asks_for_json(argc, argv) };
	int ret;

	keep_standard_files();
	cli.out = json_object_new_object();
	ret = run(&cli, argc, argv);
	if (!cli.emitted)
		cli_emit(&cli);
	dmabufx_ctx_unref(cli.ctx);
	json_object_put(cli.out);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "dmabufx: can't write to standard output: %s\n",
			reader_gone() ? "its reader has gone" :
					"it is closed, or there is no room");
		return ret == CLI_OK ? CLI_FAILED : ret;
	}
	return ret;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of dmabufx xsk. */
#ifndef CMD_XSK_H
#define CMD_XSK_H

#include "cli.h"

int cmd_xsk_bench(struct cli *cli, int argc, char **argv);
int cmd_xsk_fwd(struct cli *cli, int argc, char **argv);
int cmd_xsk_query(struct cli *cli, int argc, char **argv);
int cmd_xsk_rx(struct cli *cli, int argc, char **argv);
int cmd_xsk_stats(struct cli *cli, int argc, char **argv);
int cmd_xsk_tx(struct cli *cli, int argc, char **argv);

/* Help for the command @name of @xsk, or an overview if that is NULL. */
int cmd_xsk_help(struct cli *cli, const struct command *xsk, const char *name);

#endif

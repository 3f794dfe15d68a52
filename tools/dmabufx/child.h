/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command that inherits buffers. */
#ifndef CHILD_H
#define CHILD_H

#include "cli.h"

/*
 * Run @argv with the descriptors of @bufs open, named by DMABUFX_FD and
 * DMABUFX_LEN, from the second on DMABUFX_FD_1 and so on. Returns the exit
 * status to pass on, as a shell would: 126 and 127 if it can't be run, 128 and
 * the signal's number if one ended it.
 */
int child_run(struct cli *cli, struct dmabufx_buf *const bufs[], int count, char **argv);

#endif

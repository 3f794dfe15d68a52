/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keep what was made until somebody says stop. */
#include "cli.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* True when stdin gave a line or ended. */
static bool line_came(int fd)
{
	char buf[256];
	ssize_t got = read(fd, buf, sizeof(buf));

	for (ssize_t i = 0; i < got; i++) {
		if (buf[i] == '\n')
			return true;
	}
	return got <= 0;
}

void cli_hold(struct cli *cli)
{
	struct pollfd fds[2] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .events = POLLIN } };
	sigset_t set;

	/* Read as a descriptor, so that what was made is also undone after ^C. */
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fds[1].fd = signalfd(-1, &set, SFD_CLOEXEC);

	cli_say(cli, "Held until Enter, end of input, or SIGINT or SIGTERM to process %d.\n",
		(int)getpid());
	cli_emit(cli);
	for (;;) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[1].revents & POLLIN)
			break;
		if (fds[0].revents && line_came(STDIN_FILENO))
			break;
	}
	close(fds[1].fd);
}

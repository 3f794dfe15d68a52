/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Run a command with exported buffers open in it. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int set_number(const char *name, int index, uint64_t val)
{
	char key[32];
	char text[24];

	if (index)
		snprintf(key, sizeof(key), "%s_%d", name, index);
	else
		snprintf(key, sizeof(key), "%s", name);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)val);
	return setenv(key, text, 1);
}

static int hand_over(struct dmabufx_buf *buf, int index)
{
	struct dmabufx_buf_info info = { .size = sizeof(info) };
	int fd = dmabufx_buf_fd(buf);

	if (fd < 0 || dmabufx_buf_get_info(buf, &info) < 0)
		return -1;
	/* Only here, in the child: the parent's stays closed on exec. */
	if (fcntl(fd, F_SETFD, 0) < 0)
		return -1;
	if (set_number("DMABUFX_FD", index, (uint64_t)fd))
		return -1;
	return set_number("DMABUFX_LEN", index, info.len);
}

static _Noreturn void run_in_child(struct dmabufx_buf *const bufs[], int count, char **argv)
{
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	for (int i = 0; i < count; i++) {
		if (hand_over(bufs[i], i)) {
			fprintf(stderr, "dmabufx: can't hand the descriptor on: %m\n");
			_exit(126);
		}
	}
	execvp(argv[0], argv);
	fprintf(stderr, "dmabufx: can't run %s: %m\n", argv[0]);
	_exit(errno == ENOENT ? 127 : 126);
}

int child_run(struct cli *cli, struct dmabufx_buf *const bufs[], int count, char **argv)
{
	int status;
	pid_t pid;

	/* As system() does: the keyboard's signals are for the command. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	pid = fork();
	if (pid < 0)
		return cli_fail(cli, -errno, "system", "can't start %s: %m", argv[0]);
	if (pid == 0)
		run_in_child(bufs, count, argv);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return cli_fail(cli, -errno, "system", "can't wait for %s: %m", argv[0]);
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

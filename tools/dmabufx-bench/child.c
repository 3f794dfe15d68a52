// SPDX-License-Identifier: GPL-2.0-or-later
/* Worker processes: started in a namespace, frozen, thawed, stopped; they end with this one. */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MAX 48
#define STOP_MS 5000u

/* Before the rest of the machine, where that is allowed; else rounds differ more. */
static void first_in_line(void)
{
	int fd;

	setsid();
	fd = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, "-18", 3) != 3)
		errno = 0;
	close(fd);
}

static pid_t start(int ns, int cpu, int in, char *words[])
{
	pid_t pid = fork_tied();

	if (pid)
		return pid;
	first_in_line();
	if (cpu >= 0)
		pin(cpu);
	/* testpmd wants to talk. */
	if (in >= 0 && (dup2(in, 0) < 0 || !freopen("/dev/null", "w", stdout) ||
			!freopen("/dev/null", "w", stderr)))
		_exit(BENCH_FAILED);
	/* libxdp's dispatcher would be in the way of its own sockets only. */
	setenv("LIBXDP_SKIP_DISPATCHER", "1", 1);
	world_enter(ns);
	execvp(words[0], words);
	fprintf(stderr, "dmabufx-bench: %s can't be run: %s\n", words[0], strerror(errno));
	_exit(BENCH_FAILED);
}

static void share(struct child *child)
{
	child->totals_fd = memfd_create("totals", 0);
	if (child->totals_fd < 0 || ftruncate(child->totals_fd, sizeof(*child->totals)))
		die("memory to share with a worker: %s", strerror(errno));
	child->totals = mmap(NULL, sizeof(*child->totals), PROT_READ | PROT_WRITE, MAP_SHARED,
			     child->totals_fd, 0);
	if (child->totals == MAP_FAILED)
		die("memory to share with a worker: %s", strerror(errno));
}

/* @wrap: a command to run it under, words between blanks. */
void child_worker(struct child *child, struct world *world, const struct plan *plan,
		  const char *wrap, int end)
{
	char *words[WORDS_MAX + 1], *copy = wrap ? strdup(wrap) : NULL, *rest = NULL, *word;
	char self[256] = { 0 }, totals[32];
	struct plan there = *plan;
	int n = 0, own;

	child->in = -1;
	share(child);
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		die("/proc/self/exe: %s", strerror(errno));
	snprintf(totals, sizeof(totals), "--totals=%d", child->totals_fd);
	snprintf(there.ifname, sizeof(there.ifname), "%s", world_ifname[end]);
	for (word = copy ? strtok_r(copy, " ", &rest) : NULL; word && n < WORDS_MAX - 16;
	     word = strtok_r(NULL, " ", &rest))
		words[n++] = word;
	words[n++] = self;
	words[n++] = (char *)(uintptr_t) "worker";
	words[n++] = totals;
	own = n;
	n += plan_words(&there, words + n, WORDS_MAX - n);
	words[n] = NULL;
	child->pid = start(world->ns[end], end == NEAR ? CPU_WORKER : CPU_PEER, -1, words);
	while (n > own)
		free(words[--n]);
	free(copy);
	/* The next worker is not to have it. */
	fcntl(child->totals_fd, F_SETFD, FD_CLOEXEC);
}

bool testpmd_found(void)
{
	return !access("/usr/bin/dpdk-testpmd", X_OK);
}

/* It ends at the end of its standard input, so that is a pipe. */
void child_testpmd(struct child *child, struct world *world, const struct plan *plan)
{
	static const char *const modes[] = { "rxonly", "txonly", "macswap", "macswap", "" };
	char mode[40], size[32], vdev[64];
	const char *const words[] = {
		"dpdk-testpmd",
		"--no-pci",
		"--no-telemetry",
		"--no-shconf",
		"--lcores",
		"0@0,1@1",
		"--main-lcore",
		"0",
		"--no-huge",
		"-m",
		"256",
		"--log-level=3",
		"--vdev",
		vdev,
		"--",
		mode,
		"--nb-cores=1",
		"--auto-start",
		"--no-mlockall",
		"--total-num-mbufs=16384",
		"--no-lsc-interrupt",
		size,
		NULL,
	};
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		die("pipe: %s", strerror(errno));
	share(child);
	fcntl(child->totals_fd, F_SETFD, FD_CLOEXEC);
	snprintf(mode, sizeof(mode), "--forward-mode=%s", modes[plan->work]);
	snprintf(size, sizeof(size), "--txpkts=%u", plan->size);
	snprintf(vdev, sizeof(vdev), "net_af_xdp0,iface=%s", world_ifname[NEAR]);
	child->pid = start(world->ns[NEAR], -1, ends[0], (char **)(uintptr_t)words);
	child->in = ends[1];
	close(ends[0]);
}

bool child_ended(struct child *child, int *status)
{
	return waitpid(child->pid, status, WNOHANG) == child->pid;
}

bool child_wait_ready(struct child *child, unsigned int ms)
{
	int status;

	while (!child->totals->ready) {
		if (child_ended(child, &status))
			return false;
		if (!ms--)
			return false;
		sleep_ms(1);
	}
	return true;
}

void child_freeze(pid_t pid)
{
	kill(pid, SIGSTOP);
}

void child_thaw(pid_t pid)
{
	kill(pid, SIGCONT);
}

int child_stop(pid_t pid)
{
	int status = 0;

	kill(pid, SIGCONT);
	kill(pid, SIGTERM);
	for (unsigned int i = 0; i < STOP_MS; i++) {
		if (waitpid(pid, &status, WNOHANG))
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		sleep_ms(1);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return 128 + SIGKILL;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The lab's guest side: runs as init, takes programs from the host over a virtio
 * port, runs them one after the other and sends back what they and the kernel say.
 *
 * Host to guest: "job TIMEOUT_MS TTY NENV NARG LEN\n", then LEN bytes holding NENV +
 * NARG strings with their NULs; "quit\n". Guest to host: "hello\n", "out LEN\n" and
 * "log LEN\n" with LEN bytes behind, "start\n", "end exit|signal|timeout|error VALUE
 * USEC\n", and after quit "bye\n".
 */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_STRINGS 512
#define MAX_JOB (1 << 20)

struct job {
	long timeout_ms;
	int tty;
	int nenv;
	int narg;
	char *env[MAX_STRINGS];
	char *arg[MAX_STRINGS];
	char text[MAX_JOB];
};

static struct job job;
static FILE *from_host, *to_host;
static int kmsg = -1;

static void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(to_host, fmt, ap);
	va_end(ap);
	fflush(to_host);
}

static void send_bytes(const char *kind, const char *bytes, size_t len)
{
	fprintf(to_host, "%s %zu\n", kind, len);
	fwrite(bytes, 1, len, to_host);
	fflush(to_host);
}

/* The kernel's log so far; a read gives one record, EPIPE says some were overwritten. */
static void drain_kmsg(void)
{
	char record[8192];
	ssize_t n;

	for (;;) {
		n = read(kmsg, record, sizeof(record));
		if (n > 0)
			send_bytes("log", record, n);
		else if (n < 0 && (errno == EPIPE || errno == EINTR))
			continue;
		else
			return;
	}
}

static long long now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000ll + ts.tv_nsec / 1000;
}

static int read_job(void)
{
	char line[128];
	char *p = job.text;
	size_t len;

	if (!fgets(line, sizeof(line), from_host) ||
	    sscanf(line, "job %ld %d %d %d %zu", &job.timeout_ms, &job.tty, &job.nenv, &job.narg,
		   &len) != 5)
		return -1;
	if (len > MAX_JOB || job.nenv >= MAX_STRINGS || job.narg >= MAX_STRINGS ||
	    fread(job.text, 1, len, from_host) != len || !len || job.text[len - 1])
		return -1;
	for (int i = 0; i < job.nenv + job.narg; i++, p += strlen(p) + 1) {
		if (p >= job.text + len)
			return -1;
		if (i < job.nenv)
			job.env[i] = p;
		else
			job.arg[i - job.nenv] = p;
	}
	job.env[job.nenv] = NULL;
	job.arg[job.narg] = NULL;
	return 0;
}

/* In the child: its own session, so that all it starts can be found and ended. */
static void exec_job(const char *dir, int out)
{
	int in = open(job.tty ? "/dev/ttyS0" : "/dev/null", O_RDWR);

	setsid();
	if (job.tty) {
		ioctl(in, TIOCSCTTY, 0);
		out = in;
	}
	dup2(in, 0);
	dup2(out, 1);
	dup2(out, 2);
	if (chdir(dir))
		fprintf(stderr, "lab: cannot enter %s: %s\n", dir, strerror(errno));
	execvpe(job.arg[0], job.arg, job.env);
	fprintf(stderr, "lab: cannot run %s: %s\n", job.arg[0], strerror(errno));
	_exit(127);
}

static int read_output(int out)
{
	char bytes[65536];
	ssize_t n = read(out, bytes, sizeof(bytes));

	if (n > 0)
		send_bytes("out", bytes, n);
	return n > 0;
}

/* Passes on output and the kernel's log until the child has ended or time is up. */
static int follow(pid_t child, int out, long long deadline_us)
{
	struct pollfd fds[] = {
		{ .fd = syscall(SYS_pidfd_open, child, 0), .events = POLLIN },
		{ .fd = kmsg, .events = POLLIN },
		{ .fd = out, .events = POLLIN },
	};
	int err = 0;

	for (;;) {
		long long left = deadline_us ? (deadline_us - now_us() + 999) / 1000 : 1000;

		if (left <= 0) {
			err = -ETIMEDOUT;
			break;
		}
		poll(fds, 3, left > 1000 ? 1000 : left);
		if (fds[1].revents)
			drain_kmsg();
		if (fds[2].revents && !read_output(out))
			fds[2].fd = -1;
		if (fds[0].revents)
			break;
	}
	close(fds[0].fd);
	return err;
}

/* As init, a signal to -1 reaches everything but us: nothing outlives its program. */
static int end_all(pid_t child)
{
	int status = 0, s;
	pid_t pid;

	/* The child's own status, if it has ended; else it is ended here. */
	if (waitpid(child, &status, WNOHANG) != child) {
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
	}
	kill(-1, SIGKILL);
	do {
		pid = waitpid(-1, &s, 0);
	} while (pid > 0 || (pid < 0 && errno == EINTR));
	return status;
}

static void send_end(int status, int timed_out, long long us)
{
	if (timed_out)
		say("end timeout %ld %lld\n", job.timeout_ms, us);
	else if (WIFSIGNALED(status))
		say("end signal %d %lld\n", WTERMSIG(status), us);
	else
		say("end exit %d %lld\n", WEXITSTATUS(status), us);
}

static void run_job(const char *dir)
{
	long long start = now_us();
	long long deadline = job.timeout_ms ? start + job.timeout_ms * 1000ll : 0;
	int pipefd[2], status, err;
	pid_t child;

	drain_kmsg();
	say("start\n");
	if (pipe2(pipefd, O_CLOEXEC)) {
		say("end error %d 0\n", errno);
		return;
	}
	child = fork();
	if (!child)
		exec_job(dir, pipefd[1]);
	close(pipefd[1]);
	err = follow(child, pipefd[0], deadline);
	status = end_all(child);
	/* What is still in the pipe: with everybody gone it ends. */
	while (read_output(pipefd[0]))
		;
	close(pipefd[0]);
	drain_kmsg();
	send_end(status, err == -ETIMEDOUT, now_us() - start);
}

static void power_off(void)
{
	sync();
	/* QEMU runs with -no-reboot, so this ends it without ACPI's help. */
	reboot(RB_AUTOBOOT);
}

/* argv: the folder programs start in, then folders that must stay visible. */
int main(int argc, char **argv)
{
	const char *dir = argc > 1 ? argv[1] : "/";
	int port;

	if (getpid() != 1) {
		fprintf(stderr, "%s: init of the lab's guest; tests/vm/run boots it\n", argv[0]);
		return 2;
	}
	guest_mounts(argv + 1, argc > 1 ? argc - 1 : 0);
	port = guest_port("dmabufx.lab");
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (port < 0 || kmsg < 0) {
		fprintf(stderr, "lab: no port to the host, or no kernel log\n");
		power_off();
	}
	from_host = fdopen(port, "r");
	to_host = fdopen(fcntl(port, F_DUPFD_CLOEXEC, 0), "w");
	drain_kmsg();
	say("hello\n");
	while (!read_job())
		run_job(dir);
	drain_kmsg();
	say("bye\n");
	power_off();
	return 1;
}

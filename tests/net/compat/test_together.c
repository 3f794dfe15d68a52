// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Programs of both builds on one interface have one program for it, which goes with
 * the last socket, whosever that is. With arguments it is the other process: it holds
 * a socket until its input ends.
 */
#include "program.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct other {
	pid_t pid;
	int to;
	int from;
};

static int hold(const char *ifname, uint32_t queue)
{
	struct memory memory;
	struct sock sock;
	char end;

	memory_make(&memory);
	sock_make(&sock, &memory, ifname, queue, &socket_config);
	if (write(1, "r", 1) != 1 || read(0, &end, 1) != 0)
		return 1;
	xsk_socket__delete(sock.xsk);
	memory_free(&memory);
	return 0;
}

static void other_starts(struct other *other, const char *queue)
{
	const char *path = getenv("COMPAT_OTHER");
	int to[2], from[2];
	char ready = 0;

	assert_non_null(path);
	assert_int_equal(pipe(to), 0);
	assert_int_equal(pipe(from), 0);
	other->pid = fork();
	assert_true(other->pid >= 0);
	if (!other->pid) {
		dup2(to[0], 0);
		dup2(from[1], 1);
		/* Its input must end when this process closes it. */
		close(to[1]);
		close(from[0]);
		execl(path, path, "near", queue, NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	other->to = to[1];
	other->from = from[0];
	assert_int_equal(read(other->from, &ready, 1), 1);
}

static void other_ends(struct other *other)
{
	int status = -1;

	close(other->to);
	assert_int_equal(waitpid(other->pid, &status, 0), other->pid);
	assert_int_equal(status, 0);
	close(other->from);
}

static void the_other_one_leaves_first(void **state)
{
	struct net *net = net_new(2, 1500);
	struct memory memory;
	struct other other;
	struct sock sock;
	uint32_t id;

	memory_make(&memory);
	sock_make(&sock, &memory, "near", 0, &socket_config);
	id = prog_on("near");
	assert_int_not_equal(id, 0);
	other_starts(&other, "1");
	assert_int_equal(prog_on("near"), id);
	other_ends(&other);
	assert_int_equal(prog_on("near"), id);
	xsk_socket__delete(sock.xsk);
	assert_int_equal(prog_on("near"), 0);
	memory_free(&memory);
	net_free(net);
}

static void this_one_leaves_first(void **state)
{
	struct net *net = net_new(2, 1500);
	struct memory memory;
	struct other other;
	struct sock sock;
	uint32_t id;

	other_starts(&other, "1");
	id = prog_on("near");
	assert_int_not_equal(id, 0);
	memory_make(&memory);
	sock_make(&sock, &memory, "near", 0, &socket_config);
	assert_int_equal(prog_on("near"), id);
	xsk_socket__delete(sock.xsk);
	memory_free(&memory);
	assert_int_equal(prog_on("near"), id);
	other_ends(&other);
	assert_int_equal(prog_on("near"), 0);
	net_free(net);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_other_one_leaves_first),
		cmocka_unit_test(this_one_leaves_first),
	};

	if (argc == 3)
		return hold(argv[1], (uint32_t)atoi(argv[2]));
	net_need_privilege();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Run the command with its output in files, so that no pipe can fill up. */
#include "run.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define MAX_ARGS 16

const char *run_program;

static _Noreturn void exec_it(const char *const args[], int out, int err)
{
	char *argv[MAX_ARGS + 2] = { (char *)run_program };

	for (int i = 0; args[i] && i < MAX_ARGS; i++)
		argv[i + 1] = (char *)args[i];
	dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	execv(run_program, argv);
	_exit(127);
}

static void slurp(int fd, char *buf, size_t len)
{
	ssize_t got = pread(fd, buf, len - 1, 0);

	assert_true(got >= 0);
	assert_true((size_t)got < len - 1);
	buf[got] = '\0';
	close(fd);
}

void run_args(struct run *r, const char *const args[])
{
	int out = memfd_create("out", MFD_CLOEXEC);
	int err = memfd_create("err", MFD_CLOEXEC);
	int status;
	pid_t pid;

	assert_true(out >= 0 && err >= 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		exec_it(args, out, err);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	r->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	slurp(out, r->out, sizeof(r->out));
	slurp(err, r->err, sizeof(r->err));
}

struct json_object *run_json(const struct run *r)
{
	struct json_tokener *tok = json_tokener_new();
	struct json_object *obj;
	size_t used;

	obj = json_tokener_parse_ex(tok, r->out, (int)strlen(r->out));
	assert_int_equal(json_tokener_get_error(tok), json_tokener_success);
	assert_true(json_object_is_type(obj, json_type_object));
	/* One object, a newline, and nothing behind. */
	used = json_tokener_get_parse_end(tok);
	used += strspn(r->out + used, "\n");
	assert_string_equal(r->out + used, "");
	json_tokener_free(tok);
	return obj;
}

const char *run_string(struct json_object *obj, const char *key)
{
	struct json_object *val;

	assert_true(json_object_object_get_ex(obj, key, &val));
	assert_true(json_object_is_type(val, json_type_string));
	return json_object_get_string(val);
}

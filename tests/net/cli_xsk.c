// SPDX-License-Identifier: GPL-2.0-or-later
/* The command as a process, and a reader of pcapng of the test's own. */
#include "cli_xsk.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 20000
#define MAX_WORDS 24

const char *cli_program;

bool cli_ready(int argc, char **argv)
{
	if (argc != 2)
		return false;
	cli_program = argv[1];
	net_need_privilege();
	return true;
}

void cli_other_pair(struct cli_world *w)
{
	char far[64];

	w->other = *w->net;
	snprintf(w->other.ifname[NET_NEAR], sizeof(w->other.ifname[0]), "near2");
	snprintf(w->other.ifname[NET_FAR], sizeof(w->other.ifname[0]), "far2");
	snprintf(far, sizeof(far), "/proc/%d/fd/%d", getpid(), w->net->ns[NET_FAR]);
	net_ip("link", "add", "near2", "index", "30", "type", "veth", "peer", "name", "far2",
	       "index", "40", "netns", far);
	for (int end = 0; end < 2; end++) {
		net_up(&w->other, end);
		net_enter(w->net, end);
		w->other.ifindex[end] = if_nametoindex(w->other.ifname[end]);
	}
	net_wait_carrier(&w->other, NET_FAR);
	net_wait_carrier(&w->other, NET_NEAR);
}

static int set_up(void **state, unsigned int queues)
{
	struct cli_world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	/* The command leaves it ignored where it finds it so, as under nohup. */
	signal(SIGHUP, SIG_DFL);
	w->fds = net_fds();
	w->net = net_new(queues, 1500);
	cli_other_pair(w);
	for (int end = 0; end < 2; end++) {
		w->raw[end] = net_raw(w->net, end);
		w->other_raw[end] = net_raw(&w->other, end);
	}
	*state = w;
	return 0;
}

int cli_setup(void **state)
{
	return set_up(state, 1);
}

int cli_setup_queues(void **state)
{
	return set_up(state, 2);
}

bool cli_attached(struct cli_world *w)
{
	char text[4096];
	bool ret = false;

	for (int end = 1; end >= 0; end--) {
		net_enter(w->net, end);
		assert_int_equal(net_try_words((const char *const[]){ "ip", "link", NULL }, text,
					       sizeof(text)),
				 0);
		ret |= strstr(text, "xdp") != NULL;
	}
	return ret;
}

int cli_teardown(void **state)
{
	struct cli_world *w = *state;

	assert_false(cli_attached(w));
	for (int end = 0; end < 2; end++) {
		close(w->raw[end]);
		close(w->other_raw[end]);
	}
	net_free(w->net);
	assert_int_equal(net_fds(), w->fds);
	free(w);
	return 0;
}

static _Noreturn void exec_it(const char *const words[], int out, int err)
{
	const char *argv[MAX_WORDS + 3] = { cli_program, "xsk" };

	for (int i = 0; words[i] && i < MAX_WORDS; i++)
		argv[i + 2] = words[i];
	dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	execv(cli_program, (char *const *)(uintptr_t)argv);
	_exit(127);
}

void cli_begin(struct cli_world *w, enum net_end end, struct cli_run *r, int out,
	       const char *const words[])
{
	memset(r, 0, sizeof(*r));
	r->out = memfd_create("out", MFD_CLOEXEC);
	r->err = memfd_create("err", MFD_CLOEXEC);
	assert_true(r->out >= 0 && r->err >= 0);
	net_enter(w->net, end);
	r->pid = fork();
	assert_true(r->pid >= 0);
	if (!r->pid)
		exec_it(words, out < 0 ? r->out : out, r->err);
	net_enter(w->net, NET_NEAR);
}

static void look(struct cli_run *r)
{
	ssize_t n = pread(r->out, r->text, sizeof(r->text) - 1, 0);
	ssize_t m = pread(r->err, r->errors, sizeof(r->errors) - 1, 0);

	assert_true(n >= 0 && m >= 0);
	r->text[n] = '\0';
	r->errors[m] = '\0';
}

bool cli_ended(struct cli_run *r)
{
	pid_t pid = waitpid(r->pid, &r->status, WNOHANG);

	assert_true(pid >= 0);
	if (pid)
		r->status = WIFSIGNALED(r->status) ? 128 + WTERMSIG(r->status) :
						     WEXITSTATUS(r->status);
	return pid;
}

static void fail_run(struct cli_run *r, const char *why)
{
	kill(r->pid, SIGKILL);
	look(r);
	fail_msg("%s\n%s%s", why, r->text, r->errors);
}

void cli_until(struct cli_run *r, const char *word)
{
	uint64_t until = net_now_ms() + PATIENCE_MS;

	for (look(r); !strstr(r->text, word) && !strstr(r->errors, word); look(r)) {
		if (cli_ended(r) || net_now_ms() > until)
			fail_run(r, word);
		usleep(2000);
	}
}

void cli_end(struct cli_run *r, int status)
{
	uint64_t until = net_now_ms() + PATIENCE_MS;

	while (!cli_ended(r)) {
		if (net_now_ms() > until)
			fail_run(r, "it doesn't end");
		usleep(2000);
	}
	look(r);
	if (r->status != status)
		fail_msg("status %d, not %d\n%s%s", r->status, status, r->text, r->errors);
	close(r->out);
	close(r->err);
}

struct json_object *cli_json(const struct cli_run *r)
{
	struct json_object *obj = json_tokener_parse(r->text);

	if (!obj)
		fail_msg("no JSON: %s", r->text);
	return obj;
}

uint64_t cli_number_at(struct json_object *obj, const char *key)
{
	struct json_object *val;

	if (!json_object_object_get_ex(obj, key, &val))
		fail_msg("no %s", key);
	return json_object_get_uint64(val);
}

const char *cli_finding(struct json_object *obj, const char *id)
{
	struct json_object *list, *val;

	assert_true(json_object_object_get_ex(obj, "findings", &list));
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *row = json_object_array_get_idx(list, i);

		json_object_object_get_ex(row, "id", &val);
		if (strcmp(json_object_get_string(val), id))
			continue;
		json_object_object_get_ex(row, "text", &val);
		return json_object_get_string(val);
	}
	fail_msg("no finding %s in %s", id, json_object_to_json_string(list));
	return NULL;
}

int cli_scratch(char path[64])
{
	int fd = memfd_create("pcapng", MFD_CLOEXEC);

	assert_true(fd >= 0);
	snprintf(path, 64, "/proc/%d/fd/%d", getpid(), fd);
	return fd;
}

static uint32_t word_at(const uint8_t *at)
{
	uint32_t val;

	memcpy(&val, at, sizeof(val));
	return val;
}

/* A packet's block: its time is of this day, and its bytes are those of the flow. */
static void check_packet(struct cli_world *w, const uint8_t *at, const struct net_flow *flow,
			 uint32_t want)
{
	uint64_t ns = (uint64_t)word_at(at + 12) << 32 | word_at(at + 16);
	uint64_t now = (uint64_t)time(NULL);
	uint32_t len = word_at(at + 20), seq = 0;

	assert_true(ns / 1000000000 <= now && ns / 1000000000 + 100 > now);
	assert_int_equal(word_at(at + 8), 0);
	assert_int_equal(word_at(at + 24), len);
	assert_true(net_check(w->net, flow, at + 28, len, &seq));
	assert_int_equal(seq, want);
}

uint32_t cli_check_file(struct cli_world *w, int fd, const struct net_flow *flow, uint32_t first)
{
	uint32_t n = 0, blocks = 0, len;
	struct stat st;
	uint8_t *file;

	assert_int_equal(fstat(fd, &st), 0);
	file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_ptr_not_equal(file, MAP_FAILED);
	for (off_t at = 0; at < st.st_size; at += len, blocks++) {
		uint32_t type = word_at(file + at);

		len = word_at(file + at + 4);
		assert_true(len >= 12 && len % 4 == 0 && at + len <= st.st_size);
		assert_int_equal(word_at(file + at + len - 4), len);
		assert_int_equal(type, blocks == 0 ? 0x0a0d0d0a : blocks == 1 ? 1 : 6);
		if (blocks > 1)
			check_packet(w, file + at, flow, first + n++);
	}
	munmap(file, (size_t)st.st_size);
	close(fd);
	return n;
}

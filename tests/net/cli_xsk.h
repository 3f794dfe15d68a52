/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command as a process beside the test, and the files it writes. */
#ifndef NET_CLI_XSK_H
#define NET_CLI_XSK_H

#include <json-c/json.h>
#include <sys/types.h>

#include "net.h"

/* A second pair, between the same namespaces, and both ends' raw sockets. */
struct cli_world {
	struct net *net;
	struct net other;
	int raw[2];
	int other_raw[2];
	unsigned int fds;
};

/*
 * Where it matters by which queue packets come there is only one: the kernel sends
 * those of other sockets by a queue of its own choice.
 */
int cli_setup(void **state);
int cli_setup_queues(void **state);
/* Also checks that no program is attached and no descriptor left. */
int cli_teardown(void **state);
#define cli_case(test) cmocka_unit_test_setup_teardown(test, cli_setup, cli_teardown)
#define cli_queues_case(test) cmocka_unit_test_setup_teardown(test, cli_setup_queues, cli_teardown)

/* Makes the second pair, which is there from the beginning, once more. */
void cli_other_pair(struct cli_world *w);

/* Whether a program is, at either end. */
bool cli_attached(struct cli_world *w);

/* The command under test; set by cli_main(). */
extern const char *cli_program;

/* The whole of main(); its one argument is the command. */
#define cli_main(argc, argv, tests) \
	(cli_ready(argc, argv) ? cmocka_run_group_tests(tests, NULL, NULL) : 2)
bool cli_ready(int argc, char **argv);

struct cli_run {
	pid_t pid;
	int out;
	int err;
	int status; /* of the exit, or 128 and the signal */
	char text[16384]; /* standard output */
	char errors[8192]; /* standard error */
};

/* Begins dmabufx xsk with @words; in an end's namespace. Output goes to @out, -1: is kept. */
void cli_begin(struct cli_world *w, enum net_end end, struct cli_run *r, int out,
	       const char *const words[]);
#define CLI_BEGIN(w, end, r, ...) \
	cli_begin(w, end, r, -1, (const char *const[]){ __VA_ARGS__, NULL })

/* Until it has printed @word on standard output, or on standard error. */
void cli_until(struct cli_run *r, const char *word);
/* Whether it has ended. */
bool cli_ended(struct cli_run *r);
/* Until it ends; with what status it must. */
void cli_end(struct cli_run *r, int status);
/* Standard output of one that has ended as JSON, to be put. */
struct json_object *cli_json(const struct cli_run *r);
uint64_t cli_number_at(struct json_object *obj, const char *key);
/* The text of a finding; fails if it isn't there. */
const char *cli_finding(struct json_object *obj, const char *id);

/* A file to write packets to, and the path by which the command opens it. */
int cli_scratch(char path[64]);

/*
 * Reads a pcapng file from its beginning and closes it: all its packets must be of the
 * flow, in order from @first on. How many there are.
 */
uint32_t cli_check_file(struct cli_world *w, int fd, const struct net_flow *flow, uint32_t first);

#endif

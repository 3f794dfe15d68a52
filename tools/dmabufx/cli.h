/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands of dmabufx share: options, output, errors. */
#ifndef CLI_H
#define CLI_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>
#include <dmabufx/dmabufx.h>

/* Exit codes. */
enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1,
	CLI_USAGE = 2,
	CLI_CANT = 77, /* this machine can't */
};

struct cli;

/**
 * struct command - one command
 * @name: its word
 * @args: its arguments, for the usage line
 * @summary: what it does, one sentence
 * @options: a line for each option of its own, or NULL
 * @example: one line to copy
 * @run: does it; @argv[0] is the command's word; returns an exit code
 */
struct command {
	const char *name;
	const char *args;
	const char *summary;
	const char *options;
	const char *example;
	int (*run)(struct cli *cli, int argc, char **argv);
};

/**
 * struct cli - one run of the program
 * @cmd: the command
 * @json: facts go to stdout as JSON, not as text
 * @quiet: no text but errors
 * @verbose: 0: the library's warnings, 1: its decisions, 2: each step
 * @exit: what to exit with when option parsing says stop
 * @emitted: @out was printed
 * @out: the JSON object of this run
 * @ctx: the library's context, made by cli_ctx()
 */
struct cli {
	const struct command *cmd;
	bool json;
	bool quiet;
	int verbose;
	int exit;
	bool emitted;
	struct json_object *out;
	struct dmabufx_ctx *ctx;
};

/* The commands. */
int cmd_bind(struct cli *cli, int argc, char **argv);
int cmd_caps(struct cli *cli, int argc, char **argv);
int cmd_export(struct cli *cli, int argc, char **argv);
int cmd_inspect(struct cli *cli, int argc, char **argv);
int cmd_list(struct cli *cli, int argc, char **argv);
int cmd_map(struct cli *cli, int argc, char **argv);
int cmd_p2p_test(struct cli *cli, int argc, char **argv);
int cmd_probe(struct cli *cli, int argc, char **argv);
int cmd_reset(struct cli *cli, int argc, char **argv);
int cmd_unbind(struct cli *cli, int argc, char **argv);
int cmd_xsk(struct cli *cli, int argc, char **argv);

/* options.c: what getopt_long() calls the options that every command takes */
enum {
	OPT_JSON = 256,
	OPT_VERSION,
	OPT_OWN, /* the first of a command's own */
};

#define CLI_LONG_OPTIONS                                                                \
	{ "json", no_argument, NULL, OPT_JSON }, { "verbose", no_argument, NULL, 'v' }, \
		{ "quiet", no_argument, NULL, 'q' },                                    \
	{                                                                               \
		"help", no_argument, NULL, 'h'                                          \
	}

/* Whether it is one of --json, --verbose and --quiet, which is then done. */
bool cli_take_switch(struct cli *cli, int opt);

/*
 * getopt_long() that deals with the common options itself. Returns a command's
 * own option, -1 at the end, or '?': return cli->exit at once.
 */
int cli_getopt(struct cli *cli, int argc, char **argv, const struct option *own);

/* For a command without options of its own: false means return cli->exit. */
bool cli_no_options(struct cli *cli, int argc, char **argv);

/* Whether @min to @max arguments are left; complains and answers false if not. */
bool cli_want_args(struct cli *cli, int argc, int min, int max);

void cli_print_help(struct cli *cli, const struct command *cmd);

/* parse.c: strict; they answer false and leave @ret alone on anything odd */
bool parse_u64(const char *text, uint64_t *ret);
bool parse_bdf(const char *text, char ret[DMABUFX_BDF_MAX]);

/* The same with the complaint made, and cli->exit set. */
bool cli_number(struct cli *cli, const char *what, const char *text, uint64_t *ret);
bool cli_bar(struct cli *cli, const char *text, uint32_t *ret);
bool cli_bdf(struct cli *cli, const char *text, char ret[DMABUFX_BDF_MAX]);
bool cli_device(struct cli *cli, const char *text, const char **ret);

/* out.c: text goes to stdout unless --json or --quiet */
void cli_say(struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void cli_emit(struct cli *cli);
char *cli_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void *cli_alloc(size_t count, size_t each);

/* A length for people, exact: "64 MiB", "4100 B". */
const char *cli_size(uint64_t len, char buf[32]);

/*
 * Errors: one sentence on stderr, and an object in the JSON. The first that is
 * told is kept as the error of the run. All return the exit code.
 */
int cli_fail(struct cli *cli, int err, const char *reason, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
int cli_fail_lib(struct cli *cli, int err);
int cli_usage(struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int cli_exit_for(const struct dmabufx_error *error);

/* ctx.c: the context with its log on stderr; 0 or the exit code */
int cli_ctx(struct cli *cli);
int cli_open(struct cli *cli, const char *name, struct dmabufx_ioas *ioas,
	     struct dmabufx_dev **ret);

/* For a command of one argument, a device, which is opened: false means return cli->exit. */
bool cli_open_only(struct cli *cli, int argc, char **argv, const char **name,
		   struct dmabufx_dev **ret);

/* The device's full address in @buf; what it was @called where it has none. */
const char *cli_dev_name(struct dmabufx_dev *dev, const char *called, char buf[DMABUFX_BDF_MAX]);

/* hold.c: wait for Enter, the end of stdin, SIGINT or SIGTERM */
void cli_hold(struct cli *cli);

/* json.c: members of an object */
void js_str(struct json_object *obj, const char *key, const char *val);
void js_num(struct json_object *obj, const char *key, uint64_t val);
void js_bool(struct json_object *obj, const char *key, bool val);
void js_hex(struct json_object *obj, const char *key, uint64_t val, int digits);
struct json_object *js_obj(struct json_object *obj, const char *key);
struct json_object *js_array(struct json_object *obj, const char *key);
struct json_object *js_push(struct json_object *array);
void js_error(struct json_object *obj, int err, const char *reason, const char *text);

/* table.c: columns that line up; a head that begins with '>' is right-aligned */
struct table;
struct table *table_new(size_t columns, const char *const heads[]);
void table_add(struct table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void table_print(struct cli *cli, struct table *t);
void table_free(struct table *t);

#endif

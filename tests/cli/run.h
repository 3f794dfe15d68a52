/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Run the command and catch what it says. */
#ifndef RUN_H
#define RUN_H

#include <json-c/json.h>

/**
 * struct run - one run of the command
 * @status: exit status, or 128 and the signal that ended it
 * @out: what came on standard output
 * @err: what came on standard error
 */
struct run {
	int status;
	char out[32768];
	char err[8192];
};

/* The command under test; set by main(). */
extern const char *run_program;

/* Run it with @args, a list that ends with NULL, and no input. */
void run_args(struct run *r, const char *const args[]);

#define RUN(r, ...) run_args(r, (const char *const[]){ __VA_ARGS__, NULL })

/* Standard output as the one JSON object that it must be; freed by the caller. */
struct json_object *run_json(const struct run *r);

/* The string at @key of @obj; fails the test if there is none. */
const char *run_string(struct json_object *obj, const char *key);

#endif

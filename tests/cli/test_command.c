/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of dmabufx: usage errors, help, JSON, on any machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "run.h"

#include <cmocka.h>

#define ABSENT "ffff:ff:1f.7"

static const char *const commands[] = { "probe", "list",  "bind",    "unbind",   "caps", "export",
					"map",   "reset", "inspect", "p2p-test", "help" };

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static struct run r;

/* A usage error: exit 2, a sentence on stderr, nothing on stdout; and as JSON. */
static void is_usage_error(const char *const args[])
{
	const char *with_json[18] = { "--json" };
	struct json_object *obj;
	struct json_object *error;

	run_args(&r, args);
	assert_int_equal(r.status, 2);
	assert_string_equal(r.out, "");
	assert_memory_equal(r.err, "dmabufx: ", 9);
	assert_non_null(strstr(r.err, "--help"));

	for (int i = 0; args[i]; i++)
		with_json[i + 1] = args[i];
	run_args(&r, with_json);
	assert_int_equal(r.status, 2);
	obj = run_json(&r);
	assert_true(json_object_object_get_ex(obj, "error", &error));
	assert_string_equal(run_string(error, "errno"), "EINVAL");
	assert_string_equal(run_string(error, "reason"), "usage");
	assert_non_null(strstr(r.err, run_string(error, "text")));
	json_object_put(obj);
}

#define USAGE_ERROR(...) is_usage_error((const char *const[]){ __VA_ARGS__, NULL })

static void no_command_is_a_usage_error(void **state)
{
	const char *const none[] = { NULL };

	is_usage_error(none);
	USAGE_ERROR("frobnicate");
	USAGE_ERROR("--frobnicate");
	USAGE_ERROR("-x", "probe");
	USAGE_ERROR("help", "frobnicate");
	USAGE_ERROR("xsk", "frobnicate");
	USAGE_ERROR("help", "xsk", "frobnicate");
}

static void unknown_option_is_a_usage_error(void **state)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		USAGE_ERROR(commands[i], "--frobnicate");
		USAGE_ERROR(commands[i], "-x");
	}
	USAGE_ERROR("xsk", "query", "--frobnicate", "lo");
	run_args(&r, (const char *const[]){ "map", "--to", NULL });
	assert_non_null(strstr(r.err, "--to wants an argument"));
}

static void wrong_number_of_arguments_is_a_usage_error(void **state)
{
	USAGE_ERROR("probe", "x");
	USAGE_ERROR("list", "x");
	USAGE_ERROR("bind");
	USAGE_ERROR("unbind");
	USAGE_ERROR("caps");
	USAGE_ERROR("caps", ABSENT, ABSENT);
	USAGE_ERROR("export", ABSENT);
	USAGE_ERROR("export", ABSENT, "0", "0", "4K", "5");
	USAGE_ERROR("map", ABSENT, "0");
	USAGE_ERROR("map", "--to", ABSENT);
	USAGE_ERROR("reset");
	USAGE_ERROR("inspect");
	USAGE_ERROR("p2p-test", ABSENT);
	USAGE_ERROR("xsk");
	USAGE_ERROR("xsk", "-v");
	USAGE_ERROR("xsk", "query");
	USAGE_ERROR("xsk", "query", "lo", "lo");
	USAGE_ERROR("help", "probe", "query");
	USAGE_ERROR("help", "xsk", "query", "query");
}

static void malformed_argument_is_a_usage_error(void **state)
{
	USAGE_ERROR("bind", "nonsense");
	USAGE_ERROR("bind", ABSENT, "0000:00:04.8");
	USAGE_ERROR("caps", "nonsense");
	USAGE_ERROR("probe", "--device", "nonsense");
	USAGE_ERROR("export", ABSENT, "6");
	USAGE_ERROR("export", ABSENT, "-1");
	USAGE_ERROR("export", ABSENT, "0", "4Q");
	USAGE_ERROR("export", ABSENT, "0", "0", "0");
	USAGE_ERROR("export", ABSENT, "0", "--");
	USAGE_ERROR("map", ABSENT, "0", "--to", "nonsense");
	USAGE_ERROR("map", ABSENT, "0", "--to", "00:00.0", "--iova", "0");
	USAGE_ERROR("map", "--fd", "x", "--to", ABSENT);
	USAGE_ERROR("inspect", "x");
	USAGE_ERROR("inspect", "fd:");
	USAGE_ERROR("inspect", "pid:0");
	USAGE_ERROR("p2p-test", ABSENT, "00:00.0", "--offset", "1");
	USAGE_ERROR("p2p-test", ABSENT, "00:00.0", "--rounds", "0");
	USAGE_ERROR("p2p-test", ABSENT, "00:00.0", "--bar", "7");
}

static void same_device_twice_is_a_usage_error(void **state)
{
	USAGE_ERROR("p2p-test", "00:01.0", "0000:00:01.0");
	USAGE_ERROR("map", "00:01.0", "0", "--to", "0000:00:01.0");
}

static void help_of_each_command_has_an_example(void **state)
{
	char text[64];

	for (size_t i = 0; i < COMMANDS; i++) {
		struct json_object *obj;

		RUN(&r, commands[i], "--help");
		assert_int_equal(r.status, 0);
		assert_string_equal(r.err, "");
		snprintf(text, sizeof(text), "Example:\n  dmabufx %s", commands[i]);
		assert_non_null(strstr(r.out, text));

		RUN(&r, commands[i], "--help", "--json");
		obj = run_json(&r);
		assert_string_equal(run_string(obj, "command"), commands[i]);
		json_object_put(obj);
	}
}

static void help_of_xsk_names_its_commands(void **state)
{
	static const char *const names[] = { "  xsk query ", "  xsk rx ", "  xsk tx ", "  xsk fwd ",
					     "  xsk stats " };
	static const char *const forms[][3] = { { "xsk", "--help" }, { "help", "xsk" } };
	static const char *const query[][3] = { { "xsk", "query", "--help" },
						{ "xsk", "--help", "query" },
						{ "help", "xsk", "query" } };
	struct json_object *list;
	struct json_object *obj;

	for (int i = 0; i < 2; i++) {
		RUN(&r, forms[i][0], forms[i][1]);
		assert_int_equal(r.status, 0);
		for (size_t c = 0; c < sizeof(names) / sizeof(names[0]); c++)
			assert_non_null(strstr(r.out, names[c]));
		RUN(&r, forms[i][0], forms[i][1], "--json");
		obj = run_json(&r);
		assert_true(json_object_object_get_ex(obj, "commands", &list));
		assert_true(json_object_array_length(list) > 0);
		json_object_put(obj);
	}
	for (int i = 0; i < 3; i++) {
		RUN(&r, query[i][0], query[i][1], query[i][2]);
		assert_int_equal(r.status, 0);
		assert_non_null(strstr(r.out, "xsk query [--no-try] INTERFACE"));
		assert_non_null(strstr(r.out, "Example:\n  dmabufx xsk query"));
	}
}

static void overview_names_each_command(void **state)
{
	RUN(&r, "--help");
	assert_int_equal(r.status, 0);
	for (size_t i = 0; i < COMMANDS; i++)
		assert_non_null(strstr(r.out, commands[i]));
	RUN(&r, "--json", "help");
	json_object_put(run_json(&r));
}

static void version_is_told(void **state)
{
	struct json_object *obj;

	RUN(&r, "--version");
	assert_int_equal(r.status, 0);
	assert_memory_equal(r.out, "dmabufx ", 8);
	RUN(&r, "--json", "--version");
	obj = run_json(&r);
	run_string(obj, "library");
	json_object_put(obj);
}

/* The same sentence as text and as JSON, and the errno's name. */
static void is_error(int status, const char *errno_name, const char *const args[])
{
	struct json_object *obj;
	struct json_object *error;

	run_args(&r, args);
	assert_int_equal(r.status, status);
	assert_memory_equal(r.err, "dmabufx: ", 9);
	obj = run_json(&r);
	assert_true(json_object_object_get_ex(obj, "error", &error));
	assert_string_equal(run_string(error, "errno"), errno_name);
	assert_non_null(strstr(r.err, run_string(error, "text")));
	json_object_put(obj);
}

#define IS_ERROR(status, name, ...) \
	is_error(status, name, (const char *const[]){ "--json", __VA_ARGS__, NULL })

static void absent_device_is_told(void **state)
{
	IS_ERROR(1, "ENODEV", "bind", ABSENT);
	IS_ERROR(1, "ENODEV", "unbind", ABSENT);
	IS_ERROR(1, "ENODEV", "p2p-test", ABSENT, "ffff:ff:1f.6");
	RUN(&r, "bind", ABSENT);
	assert_non_null(strstr(r.err, ABSENT));
}

static void absent_interface_is_told_with_those_there_are(void **state)
{
	static const char *const names[] = { "query", "rx", "tx", "stats" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		IS_ERROR(1, "ENODEV", "xsk", names[i], "not-an-iface");
		assert_non_null(strstr(r.err, "'not-an-iface'"));
		assert_non_null(strstr(r.err, " lo"));
	}
	IS_ERROR(1, "ENODEV", "xsk", "fwd", "lo", "not-an-iface");
}

static const char *answer_of(struct json_object *list, const char *id)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *row = json_object_array_get_idx(list, i);

		if (!strcmp(run_string(row, "id"), id)) {
			assert_true(*run_string(row, "question") && *run_string(row, "text"));
			return run_string(row, "answer");
		}
	}
	fail_msg("no answer %s", id);
	return NULL;
}

/* The loopback interface is on every machine, and has no XDP of its own. */
static void xsk_query_answers_on_any_machine(void **state)
{
	struct json_object *answers;
	struct json_object *obj;

	RUN(&r, "xsk", "--json", "query", "--no-try", "lo");
	assert_int_equal(r.status, 0);
	obj = run_json(&r);
	assert_string_equal(run_string(obj, "interface"), "lo");
	assert_true(json_object_object_get_ex(obj, "answers", &answers));
	assert_int_equal(json_object_array_length(answers), 11);
	assert_string_not_equal(answer_of(answers, "native"), "yes");
	assert_string_not_equal(answer_of(answers, "zero-copy"), "yes");
	json_object_put(obj);

	RUN(&r, "xsk", "query", "--no-try", "lo");
	assert_int_equal(r.status, 0);
	assert_memory_equal(r.out, "lo, number ", 11);
	assert_non_null(strstr(r.out, "sockets do without copying"));
	RUN(&r, "xsk", "-q", "query", "--no-try", "lo");
	assert_int_equal(r.status, 0);
	assert_string_equal(r.out, "");
}

static void closed_descriptor_and_absent_process_are_told(void **state)
{
	IS_ERROR(1, "EBADF", "inspect", "fd:999");
	IS_ERROR(1, "ESRCH", "inspect", "pid:2147483647");
}

static void inspect_finds_a_memory_file(void **state)
{
	struct json_object *obj;
	struct json_object *files;
	int fd = memfd_create("probe", 0);
	char name[16];

	assert_true(fd > 2);
	assert_int_equal(ftruncate(fd, 8192), 0);
	snprintf(name, sizeof(name), "%d", fd);
	RUN(&r, "inspect", name, "--json");
	assert_int_equal(r.status, 0);
	obj = run_json(&r);
	assert_string_equal(run_string(obj, "taken_as"), "fd");
	assert_true(json_object_object_get_ex(obj, "files", &files));
	assert_int_equal(json_object_array_length(files), 1);
	files = json_object_array_get_idx(files, 0);
	assert_string_equal(run_string(files, "kind"), "memfd");
	json_object_put(obj);

	snprintf(name, sizeof(name), "pid:%d", (int)getpid());
	RUN(&r, "inspect", name);
	assert_int_equal(r.status, 0);
	assert_non_null(strstr(r.out, "memfd"));
	assert_non_null(strstr(r.out, "8 KiB"));
	close(fd);
}

static void probe_and_list_answer_on_any_machine(void **state)
{
	struct json_object *obj;
	struct json_object *answers;
	struct json_object *verdict;

	RUN(&r, "probe", "--json");
	assert_int_equal(r.status, 0);
	obj = run_json(&r);
	assert_true(json_object_object_get_ex(obj, "answers", &answers));
	assert_true(json_object_array_length(answers) > 10);
	assert_true(json_object_object_get_ex(obj, "verdict", &verdict));
	run_string(verdict, "text");
	json_object_put(obj);

	RUN(&r, "probe");
	assert_int_equal(r.status, 0);
	assert_non_null(strstr(r.out, "main job"));
	RUN(&r, "-q", "probe");
	assert_string_equal(r.out, "");
	RUN(&r, "list", "--json");
	json_object_put(run_json(&r));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_command_is_a_usage_error),
		cmocka_unit_test(unknown_option_is_a_usage_error),
		cmocka_unit_test(wrong_number_of_arguments_is_a_usage_error),
		cmocka_unit_test(malformed_argument_is_a_usage_error),
		cmocka_unit_test(same_device_twice_is_a_usage_error),
		cmocka_unit_test(help_of_each_command_has_an_example),
		cmocka_unit_test(help_of_xsk_names_its_commands),
		cmocka_unit_test(overview_names_each_command),
		cmocka_unit_test(version_is_told),
		cmocka_unit_test(absent_device_is_told),
		cmocka_unit_test(absent_interface_is_told_with_those_there_are),
		cmocka_unit_test(xsk_query_answers_on_any_machine),
		cmocka_unit_test(closed_descriptor_and_absent_process_are_told),
		cmocka_unit_test(inspect_finds_a_memory_file),
		cmocka_unit_test(probe_and_list_answer_on_any_machine),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: %s PROGRAM\n", argv[0]);
		return 2;
	}
	run_program = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of dmabufx xsk rx, tx, fwd and stats, on any machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "run.h"

#include <cmocka.h>

static struct run r;

/* Exit 2 and a sentence, before any interface is looked at. */
static void is_usage_error(const char *const args[])
{
	run_args(&r, args);
	if (r.status != 2)
		fail_msg("%s %s: status %d: %s", args[1], args[2], r.status, r.err);
	assert_string_equal(r.out, "");
	assert_memory_equal(r.err, "dmabufx: ", 9);
	assert_non_null(strstr(r.err, "--help"));
}

#define USAGE_ERROR(...) is_usage_error((const char *const[]){ __VA_ARGS__, NULL })

static void unknown_option_is_a_usage_error(void **state)
{
	USAGE_ERROR("xsk", "rx", "--rate", "1", "lo");
	USAGE_ERROR("xsk", "tx", "--all", "lo");
	USAGE_ERROR("xsk", "fwd", "--write", "x", "lo", "lo");
	USAGE_ERROR("xsk", "stats", "--all", "lo");
	USAGE_ERROR("xsk", "rx", "lo", "--queue");
}

static void wrong_number_of_arguments_is_a_usage_error(void **state)
{
	USAGE_ERROR("xsk", "rx");
	USAGE_ERROR("xsk", "rx", "lo", "lo");
	USAGE_ERROR("xsk", "tx");
	USAGE_ERROR("xsk", "fwd", "lo");
	USAGE_ERROR("xsk", "fwd", "lo", "lo", "lo");
	USAGE_ERROR("xsk", "stats", "lo", "lo");
}

static void malformed_option_is_a_usage_error(void **state)
{
	static const char *const rx[][2] = {
		{ "--queue", "-1" },
		{ "--queue", "4294967296" },
		{ "--count", "0" },
		{ "--count", "x" },
		{ "--seconds", "0" },
		{ "--seconds", "." },
		{ "--seconds", "1." },
		{ "--seconds", "1s" },
		{ "--seconds", "-1" },
		{ "--seconds", "1e9" },
		{ "--zc", "yes" },
		{ "--zc", "" },
		{ "--profile", "all" },
		{ "--sleep", "never" },
		{ "--ports", "" },
		{ "--ports", "0" },
		{ "--ports", "65536" },
		{ "--ports", "1," },
		{ "--ports", ",1" },
		{ "--ports", "1;2" },
		{ "--ports", "99999999999" },
		{ "--seconds", "5000000000" },
	};
	static const char *const tx[][2] = {
		{ "--size", "59" },
		{ "--size", "65550" },
		{ "--rate", "0" },
		{ "--rate", "1000000001" },
		{ "--batch", "0" },
		{ "--batch", "513" },
		{ "--port", "0" },
		{ "--port", "65536" },
		{ "--dst", "" },
		{ "--dst", "02:00:00:00:00" },
		{ "--dst", "2:0:0:0:0:1" },
		{ "--src", "02:00:00:00:00:01:" },
		{ "--src", "02-00-00-00-00-01" },
		{ "--ip", "192.0.2.1" },
		{ "--ip", "192.0.2.1," },
		{ "--ip", "192.0.2.1,x" },
		{ "--ip", "1.2.3.4.5.6.7.8.9,192.0.2.1" },
		{ "--ip", ",192.0.2.1" },
	};

	for (size_t i = 0; i < sizeof(rx) / sizeof(rx[0]); i++)
		USAGE_ERROR("xsk", "rx", "lo", rx[i][0], rx[i][1]);
	for (size_t i = 0; i < sizeof(tx) / sizeof(tx[0]); i++)
		USAGE_ERROR("xsk", "tx", "lo", tx[i][0], tx[i][1]);
	USAGE_ERROR("xsk", "rx", "lo", "--all", "--queue", "0");
	USAGE_ERROR("xsk", "rx", "lo", "--allow-rules");
	USAGE_ERROR("xsk", "fwd", "lo", "lo", "--both");
	/* With --json, standard output can't also be the packets'. */
	RUN(&r, "xsk", "rx", "lo", "--write", "-", "--json");
	assert_int_equal(r.status, 2);
	assert_non_null(strstr(r.err, "both want standard output"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_option_is_a_usage_error),
		cmocka_unit_test(wrong_number_of_arguments_is_a_usage_error),
		cmocka_unit_test(malformed_option_is_a_usage_error),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: %s PROGRAM\n", argv[0]);
		return 2;
	}
	run_program = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}

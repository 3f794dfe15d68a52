// SPDX-License-Identifier: GPL-2.0-or-later
/* dmabufx xsk while what it needs goes: interface, carrier, terminal, reader, privilege. */
#include "cli_xsk.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct cli_run r;

static const struct net_flow udp = { NET_FAR, 5000, 300 };

/* Slow, so that the ring has room for long; fast; and by an interface that only sends. */
static void interface_that_goes_ends_it(void **state)
{
	static const char *const forms[][4] = { { "tx", "near2", "--rate", "10" },
						{ "tx", "near2" },
						{ "rx", "near2" },
						{ "bench", "tx", "near2" },
						{ "fwd", "near2", "near" },
						{ "fwd", "near", "near2" } };
	struct cli_world *w = *state;

	for (int i = 0; i < 6; i++) {
		cli_begin(w, NET_NEAR, &r, -1,
			  (const char *const[]){ forms[i][0], forms[i][1], forms[i][2], forms[i][3],
						 NULL });
		cli_until(&r, " packets/s ");
		net_ip("link", "del", "near2");
		cli_end(&r, 1);
		assert_non_null(strstr(r.errors, "near2 is "));
		/* The sums, and no guess at why nothing came. */
		assert_non_null(strstr(r.text, " bytes in "));
		assert_null(strstr(r.text, "nothing arrived"));
		assert_null(strstr(r.text, "Mpps"));
		cli_other_pair(w);
	}
}

static void carrier_that_goes_is_told(void **state)
{
	static const char *const forms[][3] = { { "rx", "near" }, { "tx", "near", "--rate=100" } };
	struct cli_world *w = *state;
	struct json_object *obj;

	for (int i = 0; i < 2; i++) {
		cli_begin(w, NET_NEAR, &r, -1,
			  (const char *const[]){ forms[i][0], forms[i][1], "--seconds", "1.5",
						 forms[i][2], NULL });
		cli_until(&r, "near queue 0");
		net_down(w->net, NET_FAR);
		cli_end(&r, 0);
		assert_non_null(
			strstr(r.text, i ? "near has no carrier, and what it sends is lost;" :
					   "near has no carrier; look at the cable"));
		assert_null(strstr(r.text, "nothing arrived"));
		net_up(w->net, NET_FAR);
		net_wait_carrier(w->net, NET_NEAR);
	}
	/* One that comes late is waited for, as a card looks for its link when programs change. */
	net_down(w->net, NET_FAR);
	CLI_BEGIN(w, NET_NEAR, &r, "tx", "near", "--count", "10", "--json");
	sleep(4);
	net_up(w->net, NET_FAR);
	cli_end(&r, 0);
	obj = cli_json(&r);
	assert_int_equal(cli_number_at(obj, "packets"), 10);
	json_object_put(obj);
}

static void terminal_that_goes_leaves_a_whole_file(void **state)
{
	struct cli_world *w = *state;
	char path[64];
	int fd = cli_scratch(path);

	CLI_BEGIN(w, NET_NEAR, &r, "rx", "near", "--write", path, "--count", "1000");
	cli_until(&r, "near queue 0");
	net_send(w->net, w->raw[NET_FAR], &udp, 0, 50);
	cli_until(&r, " packets/s ");
	kill(r.pid, SIGHUP);
	cli_end(&r, 0);
	assert_non_null(strstr(r.text, "near: 50 packets, "));
	assert_int_equal(cli_check_file(w, fd, &udp, 0), 50);
	/* As nohup(1) has it. */
	signal(SIGHUP, SIG_IGN);
	CLI_BEGIN(w, NET_NEAR, &r, "rx", "near");
	signal(SIGHUP, SIG_DFL);
	cli_until(&r, "near queue 0");
	kill(r.pid, SIGHUP);
	cli_until(&r, " packets/s ");
	assert_false(cli_ended(&r));
	kill(r.pid, SIGINT);
	cli_end(&r, 0);
}

/* In a shell, which can close files and has the reader of a pipe leave. */
static int in_shell(const char *script, char text[4096])
{
	char words[512];

	snprintf(words, sizeof(words), script, cli_program);
	return net_try_words((const char *const[]){ "bash", "-c", words, NULL }, text, 4096);
}

static void output_that_goes_is_told(void **state)
{
	char text[4096];

	(void)state;
	/* Its memory of packets was what it opened next, and printed into. */
	assert_int_equal(in_shell("'%s' xsk rx near --seconds 2 >&- & sleep 1; "
				  "readlink /proc/$!/fd/1; wait $!",
				  text),
			 1);
	assert_non_null(strstr(text, "/dev/null"));
	assert_non_null(strstr(text, "can't write to standard output: it is closed, or "));
	assert_int_equal(in_shell("set -o pipefail; '%s' xsk rx near | head -n 1", text), 1);
	assert_non_null(strstr(text, "can't write to standard output: its reader has gone"));
	assert_int_equal(in_shell("'%s' xsk query near >/dev/full", text), 1);
	assert_non_null(strstr(text, "there is no room"));
}

static void files_are_refused_with_the_mend(void **state)
{
	static const struct {
		const char *path;
		const char *says;
	} files[] = {
		{ "/nowhere/file", "/nowhere/file: No such file or directory; make the folder" },
		{ "/dev/null/file", "Not a directory; make the folder" },
		{ "/proc", "/proc: Is a directory; name a file in it" },
		{ "/sys/kernel/vmcoreinfo", "Permission denied; write where this user may" },
	};
	struct cli_world *w = *state;

	for (int i = 0; i < 4; i++) {
		CLI_BEGIN(w, NET_NEAR, &r, "rx", "near", "--write", files[i].path);
		cli_end(&r, 1);
		if (!strstr(r.errors, files[i].says) && !strstr(r.errors, "Read-only file system; "
									  "write where this user"))
			fail_msg("%s: %s", files[i].path, r.errors);
	}
}

/* Root without any capability, who still may run the program wherever it is. */
static void privilege_that_lacks_is_told(void **state)
{
	static const char *const forms[][3] = { { "rx", "near" },
						{ "tx", "near" },
						{ "fwd", "near", "near2" },
						{ "query", "near" },
						{ "stats", "near" } };
	char text[4096];

	(void)state;
	for (int i = 0; i < 5; i++) {
		const char *const words[] = { "setpriv",   "--bounding-set", "-all", "--inh-caps",
					      "-all",      cli_program,      "xsk",  forms[i][0],
					      forms[i][1], forms[i][2],      NULL };

		assert_int_equal(net_try_words(words, text, sizeof(text)), i < 3);
		if (i < 4)
			assert_non_null(strstr(text, "needs CAP_NET_RAW"));
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cli_case(interface_that_goes_ends_it),
		cli_case(carrier_that_goes_is_told),
		cli_case(terminal_that_goes_leaves_a_whole_file),
		cli_case(output_that_goes_is_told),
		cli_case(files_are_refused_with_the_mend),
		cli_case(privilege_that_lacks_is_told),
	};

	return cli_main(argc, argv, tests);
}

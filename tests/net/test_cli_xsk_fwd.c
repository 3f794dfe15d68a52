// SPDX-License-Identifier: GPL-2.0-or-later
/* dmabufx xsk fwd between two pairs; how commands end; and bad input. */
#include "cli_xsk.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOME 200

static struct cli_run r;

static const struct net_flow there = { NET_FAR, 5000, 300 };
static const struct net_flow back = { NET_FAR, 6000, 400 };

static void fwd_moves_packets_one_way(void **state)
{
	struct cli_world *w = *state;

	CLI_BEGIN(w, NET_NEAR, &r, "fwd", "near", "near2", "--count", "200");
	cli_until(&r, "near2 queue 0");
	net_send(w->net, w->raw[NET_FAR], &there, 0, SOME);
	assert_int_equal(net_receive(w->net, w->other_raw[NET_FAR], &there, 0, SOME, 5000), SOME);
	cli_end(&r, 0);
	assert_non_null(strstr(r.text, "near to near2: 200 packets, 60,000 bytes in "));
	assert_non_null(strstr(r.text, "No packet was lost"));
	assert_null(strstr(r.text, "near2 to near"));
}

static void fwd_moves_packets_both_ways(void **state)
{
	struct cli_world *w = *state;
	struct json_object *obj, *ways;

	CLI_BEGIN(w, NET_NEAR, &r, "fwd", "near", "near2", "--both");
	cli_until(&r, "near2 queue 0");
	/* More than there are frames, so that those that were sent must come back. */
	for (uint32_t i = 0; i < 20; i++) {
		net_send(w->net, w->raw[NET_FAR], &there, i * 100, 100);
		net_send(w->net, w->other_raw[NET_FAR], &back, i * 100, 100);
		assert_int_equal(net_receive(w->net, w->other_raw[NET_FAR], &there, i * 100, 100,
					     5000),
				 100);
		assert_int_equal(net_receive(w->net, w->raw[NET_FAR], &back, i * 100, 100, 5000),
				 100);
	}
	kill(r.pid, SIGINT);
	cli_end(&r, 0);
	assert_non_null(strstr(r.text, "near to near2: 2,000 packets, 600,000 bytes"));
	assert_non_null(strstr(r.text, "near2 to near: 2,000 packets, 800,000 bytes"));
	CLI_BEGIN(w, NET_NEAR, &r, "fwd", "near", "near2", "--both", "--json", "--seconds", "0.2");
	cli_end(&r, 0);
	obj = cli_json(&r);
	assert_true(json_object_object_get_ex(obj, "ways", &ways));
	assert_int_equal(json_object_array_length(ways), 2);
	assert_non_null(cli_finding(obj, "nothing-arrived"));
	json_object_put(obj);
}

static void fwd_of_several_frames(void **state)
{
	static const struct net_flow jumbo = { NET_FAR, 0, 9014 };
	struct cli_world *w = *state;

	net_mtu(w->net, 9000);
	net_mtu(&w->other, 9000);
	CLI_BEGIN(w, NET_NEAR, &r, "fwd", "near", "near2", "--multi-buffer", "--count", "50");
	cli_until(&r, "near2 queue 0");
	net_send(w->net, w->raw[NET_FAR], &jumbo, 0, 50);
	assert_int_equal(net_receive(w->net, w->other_raw[NET_FAR], &jumbo, 0, 50, 5000), 50);
	cli_end(&r, 0);
}

static void sent_back(struct cli_world *w, const struct net_flow *flow)
{
	static uint8_t want[9014], got[10000];

	CLI_BEGIN(w, NET_NEAR, &r, "fwd", "near", "near", "--swap-macs", "--count", "50",
		  "--multi-buffer");
	cli_until(&r, "near queue 0");
	net_send(w->net, w->raw[NET_FAR], flow, 0, 50);
	for (uint32_t i = 0; i < 50; i++) {
		struct pollfd ready = { .fd = w->raw[NET_FAR], .events = POLLIN };

		assert_int_equal(poll(&ready, 1, 5000), 1);
		assert_int_equal(recv(w->raw[NET_FAR], got, sizeof(got), 0), flow->len);
		net_packet(w->net, flow, i, want);
		assert_memory_equal(got, w->net->mac[NET_FAR], 6);
		assert_memory_equal(got + 6, w->net->mac[NET_NEAR], 6);
		assert_memory_equal(got + 12, want + 12, flow->len - 12);
	}
	cli_end(&r, 0);
}

static void fwd_sends_packets_back(void **state)
{
	static const struct net_flow jumbo = { NET_FAR, 0, 9014 };
	struct cli_world *w = *state;

	sent_back(w, &there);
	net_mtu(w->net, 9000);
	sent_back(w, &jumbo);
}

static void signals_end_with_a_summary(void **state)
{
	static const char *const forms[][4] = { { "rx", "near" },
						{ "tx", "near", "--rate", "100" },
						{ "fwd", "near", "near2" } };
	static const int signals[] = { SIGINT, SIGTERM };
	struct cli_world *w = *state;

	for (int i = 0; i < 6; i++) {
		const char *words[5] = { NULL };

		for (int k = 0; k < 4; k++)
			words[k] = forms[i / 2][k];
		cli_begin(w, NET_NEAR, &r, -1, words);
		cli_until(&r, " packets/s ");
		kill(r.pid, signals[i % 2]);
		cli_end(&r, 0);
		assert_non_null(strstr(r.text, " bytes in "));
		/* No terminal, so each line has an end. */
		assert_null(strchr(r.text, '\r'));
	}
}

static void terminal_has_one_line(void **state)
{
	struct cli_world *w = *state;
	int pty = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), tty;
	char text[4096];
	size_t len = 0;
	ssize_t n;

	assert_true(pty >= 0 && !grantpt(pty) && !unlockpt(pty));
	tty = open(ptsname(pty), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(tty >= 0);
	cli_begin(w, NET_NEAR, &r, tty,
		  (const char *const[]){ "rx", "near", "--seconds", "2.5", NULL });
	close(tty);
	while (len + 1 < sizeof(text) && (n = read(pty, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	cli_end(&r, 0);
	close(pty);
	/* The second second is written over the first. */
	assert_non_null(strstr(text, "dropped\033[K\r     2 s"));
	assert_non_null(strstr(text, "dropped\033[K\r\nnear: 0 packets"));
}

static void link_that_goes_down_ends_it(void **state)
{
	static const char *const forms[][3] = { { "rx", "near" },
						{ "fwd", "near", "near2" },
						{ "tx", "near" } };
	struct cli_world *w = *state;

	for (int i = 0; i < 3; i++) {
		cli_begin(w, NET_NEAR, &r, -1,
			  (const char *const[]){ forms[i][0], forms[i][1], forms[i][2], NULL });
		cli_until(&r, " packets/s ");
		net_down(w->net, NET_NEAR);
		cli_end(&r, 1);
		assert_non_null(strstr(r.errors, "near is down"));
		assert_non_null(strstr(r.text, " bytes in "));
		CLI_BEGIN(w, NET_NEAR, &r, "rx", "near");
		cli_end(&r, 1);
		assert_non_null(strstr(r.errors, "ip link set near up"));
		net_up(w->net, NET_NEAR);
		net_wait_carrier(w->net, NET_NEAR);
	}
}

static void files_that_cannot_be_written(void **state)
{
	struct cli_world *w = *state;
	int ends[2];

	CLI_BEGIN(w, NET_NEAR, &r, "rx", "near", "--write", "/dev/full");
	cli_end(&r, 1);
	assert_non_null(strstr(r.errors, "/dev/full: No space left"));
	CLI_BEGIN(w, NET_NEAR, &r, "rx", "near", "--write", "/nowhere/file", "--json");
	cli_end(&r, 1);
	assert_non_null(strstr(r.errors, "/nowhere/file: No such file"));
	json_object_put(cli_json(&r));

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	cli_begin(w, NET_NEAR, &r, ends[1],
		  (const char *const[]){ "rx", "near", "--write", "-", NULL });
	close(ends[1]);
	cli_until(&r, "XDP native");
	close(ends[0]);
	net_send(w->net, w->raw[NET_FAR], &there, 0, 10);
	cli_end(&r, 1);
	assert_non_null(strstr(r.errors, "standard output: Broken pipe; its reader has gone"));
	assert_non_null(strstr(r.errors, " bytes in "));
}

static void what_cannot_be_is_told(void **state)
{
	static const struct {
		int status;
		const char *says;
		const char *words[6];
	} cases[] = {
		{ 1, "'nowhere'", { "rx", "nowhere" } },
		{ 1, "'nowhere'", { "tx", "nowhere" } },
		{ 1, "'nowhere'", { "fwd", "near", "nowhere" } },
		{ 1, "near has no queue 7", { "rx", "near", "--queue", "7" } },
		{ 1, "near has no queue 7", { "tx", "near", "--queue", "7" } },
		{ 1, "near has no queue 1", { "fwd", "near", "near2", "--queue", "1" } },
		{ 77, "can't do without copying", { "rx", "near", "--zc", "require" } },
		{ 77, "can't do without copying", { "tx", "near", "--zc", "require" } },
		{ 1, "--size 1514 at most", { "tx", "near", "--size", "1515" } },
	};
	struct cli_world *w = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *words[7] = { NULL };

		memcpy(words, cases[i].words, sizeof(cases[i].words));
		cli_begin(w, NET_NEAR, &r, -1, words);
		cli_end(&r, cases[i].status);
		if (!strstr(r.errors, cases[i].says))
			fail_msg("%s: %s", cases[i].says, r.errors);
	}
}

static void queue_in_use_is_told(void **state)
{
	struct cli_world *w = *state;
	struct cli_run first;

	CLI_BEGIN(w, NET_NEAR, &first, "rx", "near");
	cli_until(&first, "XDP native");
	CLI_BEGIN(w, NET_NEAR, &r, "rx", "near");
	cli_end(&r, 1);
	assert_non_null(strstr(r.errors, "near"));
	kill(first.pid, SIGTERM);
	cli_end(&first, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cli_case(fwd_moves_packets_one_way),   cli_case(fwd_moves_packets_both_ways),
		cli_case(fwd_of_several_frames),       cli_case(fwd_sends_packets_back),
		cli_case(signals_end_with_a_summary),  cli_case(terminal_has_one_line),
		cli_case(link_that_goes_down_ends_it), cli_case(files_that_cannot_be_written),
		cli_case(what_cannot_be_is_told),      cli_case(queue_in_use_is_told),
	};

	return cli_main(argc, argv, tests);
}

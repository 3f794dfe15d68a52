// SPDX-License-Identifier: GPL-2.0-or-later
/* dmabufx xsk rx, tx and stats on a veth: what arrives, what is written, what is told. */
#include "cli_xsk.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Less than a veth keeps for who is slow. */
#define SOME 200

static struct cli_run r, s;

static const struct net_flow udp = { NET_FAR, 5000, 300 };

static void rx_writes_each_packet(void **state)
{
	struct cli_world *w = *state;
	char path[64], text[64];
	int fd = cli_scratch(path);

	CLI_BEGIN(w, NET_NEAR, &r, "rx", "near", "--count", "200", "--write", path);
	cli_until(&r, "XDP native");
	net_send(w->net, w->raw[NET_FAR], &udp, 0, SOME);
	cli_end(&r, 0);
	assert_non_null(strstr(r.text, "near: 200 packets, 60,000 bytes in "));
	assert_non_null(strstr(r.text, "No packet was lost"));
	/* What others make of it. */
	assert_int_equal(net_try_words((const char *const[]){ "tcpdump", "-nn", "-c", "1", "-r",
							      path, NULL },
				       text, sizeof(text)),
			 0);
	assert_non_null(strstr(text, "EN10MB"));
	assert_int_equal(cli_check_file(w, fd, &udp, 0), SOME);
}

static void rx_writes_to_standard_output(void **state)
{
	struct cli_world *w = *state;
	char path[64];
	int fd = cli_scratch(path);

	cli_begin(w, NET_NEAR, &r, fd,
		  (const char *const[]){ "rx", "near", "--count", "20", "--write", "-", NULL });
	cli_until(&r, "XDP native");
	net_send(w->net, w->raw[NET_FAR], &udp, 7, 20);
	cli_end(&r, 0);
	assert_non_null(strstr(r.errors, "near: 20 packets, 6,000 bytes in "));
	assert_int_equal(cli_check_file(w, fd, &udp, 7), 20);
}

static void rx_joins_packets_of_several_frames(void **state)
{
	static const struct net_flow jumbo = { NET_FAR, 0, 9014 };
	struct cli_world *w = *state;
	char path[64];
	int fd = cli_scratch(path);

	net_mtu(w->net, 9000);
	CLI_BEGIN(w, NET_NEAR, &r, "rx", "near");
	cli_end(&r, 1);
	assert_non_null(strstr(r.errors, "--multi-buffer"));
	CLI_BEGIN(w, NET_NEAR, &r, "rx", "--multi-buffer", "near", "--count", "50", "--write", path,
		  "--profile", "payload");
	cli_until(&r, "XDP native");
	net_send(w->net, w->raw[NET_FAR], &jumbo, 0, 50);
	cli_end(&r, 0);
	assert_int_equal(cli_check_file(w, fd, &jumbo, 0), 50);
}

static void rx_of_all_queues_and_of_each_kind(void **state)
{
	static const char *const kinds[][4] = { { "--generic" },
						{ "--sleep", "spin" },
						{ "--sleep", "timer", "--zc", "forbid" },
						{ "--sleep", "poll", "--profile", "headers" } };
	struct cli_world *w = *state;

	for (int i = 0; i < 4; i++) {
		const char *words[16] = { "rx", "near", "--all", "--count", "30" };

		for (int k = 0; k < 4 && kinds[i][k]; k++)
			words[5 + k] = kinds[i][k];
		cli_begin(w, NET_NEAR, &r, -1, words);
		cli_until(&r, "near queue 1");
		net_send(w->net, w->raw[NET_FAR], &udp, 0, 30);
		cli_end(&r, 0);
		assert_non_null(strstr(r.text, "near: 30 packets, 9,000 bytes"));
		assert_non_null(strstr(r.text, i ? "XDP native" : "XDP generic"));
	}
}

static void rx_filters_by_port(void **state)
{
	static const struct net_flow others = { NET_FAR, 6000, 300 };
	struct cli_world *w = *state;
	char path[64];
	int fd = cli_scratch(path);

	CLI_BEGIN(w, NET_NEAR, &r, "rx", "near", "--ports", "53,5000", "--count", "20", "--write",
		  path);
	cli_until(&r, "XDP native");
	net_send(w->net, w->raw[NET_FAR], &others, 0, 20);
	net_send(w->net, w->raw[NET_FAR], &udp, 0, 20);
	cli_end(&r, 0);
	assert_int_equal(cli_check_file(w, fd, &udp, 0), 20);
	assert_int_equal(net_receive(w->net, w->raw[NET_NEAR], &others, 0, 20, 2000), 20);
}

/* What a run of rx has found that got no packet, while @n are sent by queue 0. */
static const char *found(struct cli_world *w, const char *n, const char *id,
			 const char *const words[])
{
	static char text[512];
	struct json_object *obj;

	/* As JSON nothing is said before the end: so that it is ready is seen by the program. */
	cli_begin(w, NET_NEAR, &r, -1, words);
	for (int i = 0; i < 2000 && !cli_attached(w); i++)
		usleep(1000);
	CLI_BEGIN(w, NET_FAR, &s, "tx", "far", "--rate", "200", "--count", n);
	cli_end(&s, 0);
	cli_end(&r, 0);
	obj = cli_json(&r);
	assert_int_equal(cli_number_at(obj, "packets"), 0);
	assert_int_equal(cli_number_at(obj, "drops"), 0);
	snprintf(text, sizeof(text), "%s", cli_finding(obj, id));
	json_object_put(obj);
	return text;
}

static void silence_is_explained(void **state)
{
	static const char *const other[] = { "rx",  "near",    "--json", "--seconds",
					     "1.5", "--queue", "1",      NULL };
	static const char *const ports[] = { "rx",  "near",    "--json", "--seconds",
					     "1.5", "--ports", "53",     NULL };
	static const char *const none[] = { "rx", "near", "--json", "--seconds", "0.3", NULL };
	struct cli_world *w = *state;
	struct json_object *obj;
	const char *text;

	text = found(w, "100", "wrong-queue", other);
	assert_non_null(strstr(text, "packets go to queue 0"));
	assert_non_null(strstr(text, "ethtool -x near"));
	assert_non_null(strstr(found(w, "100", "passed-on", ports), "none was for these ports"));
	cli_begin(w, NET_NEAR, &r, -1, none);
	cli_end(&r, 0);
	obj = cli_json(&r);
	assert_non_null(strstr(cli_finding(obj, "nothing-arrived"), "nothing arrived"));
	json_object_put(obj);
}

/* The program is stopped, so nobody takes what arrives. */
static void full_ring_is_named(void **state)
{
	struct cli_world *w = *state;

	CLI_BEGIN(w, NET_NEAR, &r, "rx", "near");
	cli_until(&r, "XDP native");
	kill(r.pid, SIGSTOP);
	for (uint32_t i = 0; i < 20; i++) {
		net_send(w->net, w->raw[NET_FAR], &udp, i * 100, 100);
		usleep(1000);
	}
	kill(r.pid, SIGCONT);
	cli_until(&r, " packets/s");
	kill(r.pid, SIGTERM);
	cli_end(&r, 0);
	if (!strstr(r.text, "ring full: this program is too slow") &&
	    !strstr(r.text, "times the fill ring was empty"))
		fail_msg("%s", r.text);
	assert_null(strstr(r.text, "No packet was lost"));
}

static void check_sent(const uint8_t *frame, ssize_t len, uint64_t want)
{
	static const uint8_t head[] = { 2, 0, 0,    0, 0, 9,   2, 0, 0,    0, 0,  8,
					8, 0, 0x45, 0, 0, 186, 0, 0, 0x40, 0, 64, 17 };
	static const uint8_t rest[] = { 10, 0, 0, 1, 10, 0, 0, 2, 0, 9, 0x1f, 0x90, 0, 166, 0, 0 };
	uint64_t number;
	uint32_t sum = 0;

	assert_int_equal(len, 200);
	assert_memory_equal(frame, head, sizeof(head));
	assert_memory_equal(frame + 26, rest, sizeof(rest));
	for (int i = 14; i < 34; i += 2)
		sum += (uint32_t)frame[i] << 8 | frame[i + 1];
	assert_int_equal((sum & 0xffff) + (sum >> 16), 0xffff);
	memcpy(&number, frame + 42, 8);
	assert_int_equal(be64toh(number), want);
	for (int i = 50; i < 200; i++)
		assert_int_equal(frame[i], i);
}

static void tx_sends_what_was_asked_for(void **state)
{
	struct cli_world *w = *state;
	uint8_t frame[2048];

	CLI_BEGIN(w, NET_NEAR, &r, "tx", "near", "--count", "2000", "--size", "200", "--dst",
		  "02:00:00:00:00:09", "--src", "02:00:00:00:00:08", "--ip", "10.0.0.1,10.0.0.2",
		  "--port", "8080", "--rate", "50000", "--batch", "16");
	for (uint64_t i = 0; i < 2000; i++) {
		struct pollfd ready = { .fd = w->raw[NET_FAR], .events = POLLIN };

		assert_int_equal(poll(&ready, 1, 5000), 1);
		check_sent(frame, recv(w->raw[NET_FAR], frame, sizeof(frame), 0), i);
	}
	cli_end(&r, 0);
	assert_non_null(strstr(r.text, "near: 2,000 packets, 400,000 bytes in "));
	/* By default from the interface's own address. */
	CLI_BEGIN(w, NET_NEAR, &r, "tx", "near", "--count", "1", "--queue", "1", "--json");
	cli_end(&r, 0);
	assert_int_equal(recv(w->raw[NET_FAR], frame, sizeof(frame), 0), 64);
	assert_memory_equal(frame + 6, w->net->mac[NET_NEAR], 6);
}

/* By the command's own clock, so that a busy machine is no failure. */
static void tx_holds_its_rate(void **state)
{
	static const char *const rates[] = { "700", "20000" };
	struct cli_world *w = *state;

	for (int i = 0; i < 2; i++) {
		double rate = atof(rates[i]), seconds, packets;
		struct json_object *obj, *val;

		CLI_BEGIN(w, NET_NEAR, &r, "tx", "near", "--rate", rates[i], "--seconds", "1",
			  "--json");
		cli_end(&r, 0);
		obj = cli_json(&r);
		assert_true(json_object_object_get_ex(obj, "seconds", &val));
		seconds = json_object_get_double(val);
		packets = (double)cli_number_at(obj, "packets");
		if (seconds < 1 || packets < rate * seconds * 0.95 ||
		    packets > rate * seconds * 1.05)
			fail_msg("%g packets in %g s, not %g/s", packets, seconds, rate);
		json_object_put(obj);
	}
}

static void tx_and_rx_meet(void **state)
{
	struct cli_world *w = *state;
	struct json_object *obj;

	CLI_BEGIN(w, NET_NEAR, &r, "rx", "near", "--count", "5000");
	cli_until(&r, "XDP native");
	CLI_BEGIN(w, NET_FAR, &s, "tx", "far", "--rate", "20000", "--seconds", "20", "--json");
	cli_end(&r, 0);
	kill(s.pid, SIGINT);
	cli_end(&s, 0);
	assert_non_null(strstr(r.text, "near: 5,000 packets, 320,000 bytes in "));
	obj = cli_json(&s);
	assert_true(cli_number_at(obj, "packets") >= 5000);
	json_object_put(obj);
}

static void stats_tell_the_drivers_counts(void **state)
{
	struct cli_world *w = *state;
	struct json_object *obj, *counters;

	CLI_BEGIN(w, NET_NEAR, &r, "rx", "near", "--count", "20");
	cli_until(&r, "XDP native");
	CLI_BEGIN(w, NET_NEAR, &s, "stats", "near");
	/* A kernel with sock_diag for AF_XDP shows it; one without says so. */
	cli_end(&s, 0);
	if (!strstr(s.text, "CONFIG_XDP_SOCKETS_DIAG"))
		assert_non_null(strstr(s.text, "RING FULL"));
	net_send(w->net, w->raw[NET_FAR], &udp, 0, 20);
	cli_end(&r, 0);
	CLI_BEGIN(w, NET_NEAR, &s, "stats", "near", "--json");
	cli_end(&s, 0);
	obj = cli_json(&s);
	assert_true(json_object_object_get_ex(obj, "counters", &counters));
	assert_true(cli_number_at(counters, "rx_queue_0_xdp_packets") >= 20);
	json_object_put(obj);
	CLI_BEGIN(w, NET_NEAR, &s, "stats", "nowhere");
	cli_end(&s, 1);
	assert_non_null(strstr(s.errors, "'nowhere'"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cli_case(rx_writes_each_packet),
		cli_case(rx_writes_to_standard_output),
		cli_case(rx_joins_packets_of_several_frames),
		cli_queues_case(rx_of_all_queues_and_of_each_kind),
		cli_case(rx_filters_by_port),
		cli_queues_case(silence_is_explained),
		cli_case(full_ring_is_named),
		cli_queues_case(tx_sends_what_was_asked_for),
		cli_case(tx_holds_its_rate),
		cli_case(tx_and_rx_meet),
		cli_case(stats_tell_the_drivers_counts),
	};

	return cli_main(argc, argv, tests);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* dmabufx xsk bench; packets of several frames; and forwarding by two queues. */
#include "cli_xsk.h"

#include <endian.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static struct cli_run r, s;

static double double_at(struct json_object *obj, const char *key)
{
	struct json_object *val;

	if (!json_object_object_get_ex(obj, key, &val))
		fail_msg("no %s", key);
	return json_object_get_double(val);
}

/* System calls that the queues have told, sleeps included. */
static uint64_t calls_of(struct json_object *obj)
{
	struct json_object *list;
	uint64_t sum = 0;

	assert_true(json_object_object_get_ex(obj, "queues", &list));
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *row = json_object_array_get_idx(list, i);

		sum += cli_number_at(row, "system_calls") + cli_number_at(row, "sleeps");
	}
	return sum;
}

/* Each figure of a run that has ended fits the others; its packets. */
static uint64_t check_figures(uint64_t packets_at_least, double seconds_at_least)
{
	struct json_object *obj = cli_json(&r), *bench, *rates, *way = obj, *ways;
	double seconds, packets, mpps, processors;

	assert_true(json_object_object_get_ex(obj, "bench", &bench));
	if (json_object_object_get_ex(obj, "ways", &ways))
		way = json_object_array_get_idx(ways, 0);
	seconds = double_at(way, "seconds");
	packets = double_at(way, "packets");
	mpps = double_at(bench, "mpps");
	processors = double_at(bench, "processors");
	assert_true(seconds >= seconds_at_least && packets >= (double)packets_at_least);
	assert_true(fabs(mpps * 1e6 * seconds - packets) < 1);
	/* Some work was done, by one thread. */
	assert_true(processors > 0 && processors < 1.1);
	assert_true(fabs(double_at(bench, "ns_per_packet") - processors * seconds * 1e9 / packets) <
		    1);
	assert_int_equal(cli_number_at(bench, "system_calls"), calls_of(obj));
	assert_int_equal(double_at(bench, "zero_copy"), 0);
	assert_true(json_object_object_get_ex(bench, "packets_per_second", &rates));
	assert_int_equal(json_object_array_length(rates), (int)seconds_at_least);
	json_object_put(obj);
	return (uint64_t)packets;
}

static void bench_of_each_kind_tells_the_cost(void **state)
{
	struct cli_world *w = *state;

	CLI_BEGIN(w, NET_FAR, &s, "tx", "far", "--rate", "20000");
	cli_until(&s, "far queue 0");
	CLI_BEGIN(w, NET_NEAR, &r, "bench", "rx", "near", "--seconds", "1.5", "--json");
	cli_end(&r, 0);
	check_figures(1000, 1.5);
	CLI_BEGIN(w, NET_NEAR, &r, "bench", "fwd", "--swap-macs", "near", "near", "--seconds",
		  "1.5", "--json");
	cli_end(&r, 0);
	check_figures(1000, 1.5);
	CLI_BEGIN(w, NET_NEAR, &r, "bench", "rx", "near", "--seconds", "1.5");
	cli_end(&r, 0);
	assert_non_null(strstr(r.text, " Mpps (a second: 0.0"));
	assert_non_null(strstr(r.text, ", copying; 0."));
	assert_non_null(strstr(r.text, " of it a packet; a system call in "));
	kill(s.pid, SIGTERM);
	cli_end(&s, 0);
	CLI_BEGIN(w, NET_NEAR, &r, "bench", "tx", "near", "--count", "5000", "--json");
	cli_end(&r, 0);
	assert_int_equal(check_figures(5000, 0), 5000);
}

static void bench_without_packets_is_no_success(void **state)
{
	struct cli_world *w = *state;

	CLI_BEGIN(w, NET_NEAR, &r, "bench", "rx", "near", "--seconds", "0.2");
	cli_end(&r, 1);
	assert_non_null(strstr(r.text, "nothing arrived"));
	assert_non_null(strstr(r.errors, "nothing was measured"));
}

static void bench_wants_to_know_what(void **state)
{
	static const char *const forms[][3] = { { "bench" },
						{ "bench", "near" },
						{ "bench", "--json" } };
	struct cli_world *w = *state;

	for (int i = 0; i < 3; i++) {
		cli_begin(w, NET_NEAR, &r, -1,
			  (const char *const[]){ forms[i][0], forms[i][1], NULL });
		cli_end(&r, 2);
		assert_non_null(strstr(r.errors, "rx, tx or fwd"));
		assert_non_null(strstr(r.errors, "dmabufx-bench xsk"));
	}
	CLI_BEGIN(w, NET_NEAR, &r, "bench", "--help");
	cli_end(&r, 0);
	assert_non_null(strstr(r.text, "xsk bench rx|tx|fwd"));
	CLI_BEGIN(w, NET_NEAR, &r, "bench", "tx", "near", "--write", "x");
	cli_end(&r, 2);
}

/* The bytes behind the number are those of their place. */
static void check_large(int fd, uint64_t want, uint32_t size)
{
	static uint8_t frame[66000];
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	uint64_t number;

	assert_int_equal(poll(&ready, 1, 5000), 1);
	assert_int_equal(recv(fd, frame, sizeof(frame), 0), size);
	memcpy(&number, frame + 42, 8);
	assert_int_equal(be64toh(number), want);
	assert_int_equal(frame[16] << 8 | frame[17], size - 14);
	assert_int_equal(frame[38] << 8 | frame[39], size - 34);
	for (uint32_t i = 50; i < size; i++) {
		if (frame[i] != (uint8_t)i)
			fail_msg("byte %u of %u is %u", i, size, frame[i]);
	}
}

static void tx_of_several_frames(void **state)
{
	/* One frame and all but, one more byte, two, three, and as many as there can be. */
	static const char *const sizes[] = { "1774", "4096", "4097", "8192", "9014", "65549" };
	struct cli_world *w = *state;
	int room = 64 << 20;

	/* For all of them, however busy the machine is. */
	assert_int_equal(setsockopt(w->raw[NET_FAR], SOL_SOCKET, SO_RCVBUFFORCE, &room,
				    sizeof(room)),
			 0);
	net_mtu(w->net, 65535);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint32_t size = (uint32_t)strtoul(sizes[i], NULL, 10);

		/* More than fit into the frames. */
		CLI_BEGIN(w, NET_NEAR, &r, "tx", "near", "--count", "700", "--size", sizes[i],
			  "--rate", "5000", "--batch", "40");
		for (uint64_t k = 0; k < 700; k++)
			check_large(w->raw[NET_FAR], k, size);
		cli_end(&r, 0);
		assert_non_null(strstr(r.text, "near: 700 packets, "));
	}
	CLI_BEGIN(w, NET_NEAR, &r, "tx", "near", "--size", "4097", "--zc", "require");
	cli_end(&r, 77);
	assert_non_null(strstr(r.errors, "near can't do without copying"));
	assert_non_null(strstr(r.errors, "leave out --zc require"));
	net_mtu(w->net, 9000);
	CLI_BEGIN(w, NET_NEAR, &r, "tx", "near", "--size", "9015");
	cli_end(&r, 1);
	assert_non_null(strstr(r.errors, "--size 9014 at most"));
	assert_non_null(strstr(r.errors, "ip link set near mtu 9001"));
}

/* What fwd on one interface says of its sockets, and that all comes back. */
static void forwards(struct cli_world *w, const char *option, const char *const says[2])
{
	uint8_t frame[128];

	cli_begin(w, NET_NEAR, &r, -1,
		  (const char *const[]){ "fwd", "--swap-macs", "near", "near", "--count", "500",
					 option, NULL });
	cli_until(&r, says[0]);
	CLI_BEGIN(w, NET_FAR, &s, "tx", "far", "--rate", "5000", "--count", "500", "--src",
		  "02:00:00:00:00:08");
	for (int i = 0; i < 500; i++) {
		struct pollfd ready = { .fd = w->raw[NET_FAR], .events = POLLIN };

		assert_int_equal(poll(&ready, 1, 5000), 1);
		assert_int_equal(recv(w->raw[NET_FAR], frame, sizeof(frame), 0), 64);
		assert_memory_equal(frame, ((const uint8_t[]){ 2, 0, 0, 0, 0, 8 }), 6);
	}
	cli_end(&s, 0);
	cli_end(&r, 0);
	assert_non_null(strstr(r.text, "near to near: 500 packets"));
	assert_non_null(strstr(r.text, "No packet was lost"));
	assert_non_null(strstr(r.text, says[0]));
	if (says[1])
		assert_non_null(strstr(r.text, says[1]));
	else
		assert_null(strstr(r.text, "near queue 1"));
}

static void fwd_sends_by_a_second_queue(void **state)
{
	static const char *const two[] = { "near queue 0, receives: ", "near queue 1, sends: " };
	static const char *const one[] = { "near queue 0, receives and sends: ", NULL };
	struct cli_world *w = *state;
	struct cli_run other;

	forwards(w, NULL, two);
	forwards(w, "--one-queue", one);
	/* Another's. */
	CLI_BEGIN(w, NET_NEAR, &other, "tx", "near", "--queue", "1", "--rate", "1", "--dst",
		  "02:00:00:00:00:08");
	cli_until(&other, "near queue 1");
	forwards(w, NULL, one);
	kill(other.pid, SIGTERM);
	cli_end(&other, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cli_case(bench_of_each_kind_tells_the_cost),
		cli_case(bench_without_packets_is_no_success),
		cli_case(bench_wants_to_know_what),
		cli_case(tx_of_several_frames),
		cli_queues_case(fwd_sends_by_a_second_queue),
	};

	return cli_main(argc, argv, tests);
}

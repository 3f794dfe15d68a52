// SPDX-License-Identifier: GPL-2.0-or-later
/* What dmabufx xsk tells of single packets. */
#include "cli_xsk.h"

#include <string.h>

static struct cli_run r;

static void rx_tells_what_is_known_of_each(void **state)
{
	static const struct net_flow udp = { NET_FAR, 7, 100 };
	struct json_object *all, *list, *row, *value;
	struct cli_world *w = *state;

	CLI_BEGIN(w, NET_NEAR, &r, "rx", "near", "--meta", "--ports", "7", "--count", "20");
	cli_until(&r, "XDP native");
	net_send(w->net, w->raw[NET_FAR], &udp, 0, 20);
	cli_end(&r, 0);
	assert_non_null(strstr(r.text, "packet 1: queue 0, hash 0x"));
	assert_non_null(strstr(r.text, "packet 20: queue 0, hash 0x"));
	assert_null(strstr(r.text, "VLAN"));
	CLI_BEGIN(w, NET_NEAR, &r, "rx", "near", "--meta", "--generic");
	cli_end(&r, 1);
	assert_non_null(strstr(r.errors, "generic"));
	CLI_BEGIN(w, NET_FAR, &r, "tx", "far", "--timestamps", "--checksum", "--json", "--count",
		  "40", "--dst", "02:00:00:00:00:09");
	cli_end(&r, 0);
	all = cli_json(&r);
	assert_true(json_object_object_get_ex(all, "timestamps", &list));
	assert_int_equal(json_object_array_length(list), 40);
	for (size_t i = 0; i < 40; i++) {
		row = json_object_array_get_idx(list, i);
		assert_int_equal(cli_number_at(row, "packet"), i);
		assert_true(json_object_object_get_ex(row, "timestamp_ns", &value));
		assert_true(json_object_get_int64(value) > 0);
	}
	json_object_put(all);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cli_case(rx_tells_what_is_known_of_each),
	};

	return cli_main(argc, argv, tests);
}

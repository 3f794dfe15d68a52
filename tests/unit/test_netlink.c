// SPDX-License-Identifier: GPL-2.0-or-later
/* Netlink: answers in parts, errors, and answers that are no netlink. */
#include "unit.h"

#include <linux/genetlink.h>
#include <linux/rtnetlink.h>

#include "fake_net.h"
#include "sys/netlink.h"

/* What a request is answered with; a socket's first request has the number 1. */
struct message {
	struct nlmsghdr head;
	unsigned char body[64];
};

static struct message message(uint16_t type, uint32_t seq, const void *body, size_t len)
{
	struct message m = { .head = { .nlmsg_len = (uint32_t)(NLMSG_HDRLEN + len),
				       .nlmsg_type = type,
				       .nlmsg_seq = seq } };

	if (len)
		memcpy(m.body, body, len);
	return m;
}

static void script(struct unit *u, const struct message *m)
{
	fake_script(u->f, m, m->head.nlmsg_len);
}

static void script_end(struct unit *u, uint16_t type, int err)
{
	struct message m = message(type, 1, &err, sizeof(err));

	script(u, &m);
}

/* Counts answers, and adds up their first bytes. */
struct seen {
	unsigned int n;
	unsigned int sum;
	int ret;
};

static int see(const void *payload, size_t len, void *arg)
{
	struct seen *seen = arg;

	seen->n++;
	seen->sum += len ? *(const unsigned char *)payload : 0;
	return seen->ret;
}

/* Asks for all links, which the script answers. */
static int ask(struct unit *u, struct seen *seen)
{
	struct ifinfomsg head = { 0 };
	unsigned int fds = fake_open_fds(u->f);
	struct dx_nl_request req;
	struct dx_nl nl;
	int err;

	assert_int_equal(dx_nl_open(&u->f->sys, NETLINK_ROUTE, &nl), 0);
	dx_nl_start(&req, RTM_GETLINK, NLM_F_DUMP, &head, sizeof(head));
	err = dx_nl_ask(&nl, &req, see, seen);
	dx_nl_close(&nl);
	assert_int_equal(fake_open_fds(u->f), fds);
	return err;
}

static void answers_of_several_parts_are_all_taken(void **state)
{
	struct unit *u = *state;
	struct message two[2] = { message(RTM_NEWLINK, 1, "\1", 1),
				  message(RTM_NEWLINK, 1, "\2", 1) };
	struct message three = message(RTM_NEWLINK, 1, "\4", 1);
	unsigned char packed[2 * sizeof(two[0])];
	struct seen seen = { 0 };
	size_t at = NLMSG_ALIGN(two[0].head.nlmsg_len);

	/* Two in a datagram, the last one without its padding, and one in the next. */
	memcpy(packed, &two[0], sizeof(two[0]));
	memcpy(packed + at, &two[1], two[1].head.nlmsg_len);
	fake_script(u->f, packed, at + two[1].head.nlmsg_len);
	script(u, &three);
	script_end(u, NLMSG_DONE, 0);
	assert_int_equal(ask(u, &seen), 0);
	assert_int_equal(seen.n, 3);
	assert_int_equal(seen.sum, 7);
}

static void answers_to_another_request_are_not_taken(void **state)
{
	struct unit *u = *state;
	struct message old = message(NLMSG_ERROR, 0, "\377\377\377\377", 4);
	struct message noop = message(NLMSG_NOOP, 1, NULL, 0);
	struct message mine = message(RTM_NEWLINK, 1, "\1", 1);
	struct seen seen = { 0 };

	script(u, &old);
	script(u, &noop);
	script(u, &mine);
	script_end(u, NLMSG_DONE, 0);
	assert_int_equal(ask(u, &seen), 0);
	assert_int_equal(seen.n, 1);
}

static void kernels_errors_come_back(void **state)
{
	struct unit *u = *state;
	struct message overrun = message(NLMSG_OVERRUN, 1, NULL, 0);
	struct message done = message(NLMSG_DONE, 1, NULL, 0);
	struct seen seen = { 0 };

	script_end(u, NLMSG_ERROR, -EPERM);
	assert_int_equal(ask(u, &seen), -EPERM);
	/* A dump may end with one, after answers. */
	script_end(u, NLMSG_DONE, -EMSGSIZE);
	assert_int_equal(ask(u, &seen), -EMSGSIZE);
	script(u, &overrun);
	assert_int_equal(ask(u, &seen), -ENOBUFS);
	script_end(u, NLMSG_ERROR, 0);
	assert_int_equal(ask(u, &seen), 0);
	script(u, &done);
	assert_int_equal(ask(u, &seen), 0);
	assert_int_equal(seen.n, 0);
}

static void whoever_takes_answers_can_stop(void **state)
{
	struct unit *u = *state;
	struct message m = message(RTM_NEWLINK, 1, "\1", 1);
	struct seen seen = { .ret = -ERANGE };

	script(u, &m);
	script(u, &m);
	assert_int_equal(ask(u, &seen), -ERANGE);
	assert_int_equal(seen.n, 1);
}

static void malformed_messages_are_refused(void **state)
{
	struct unit *u = *state;
	struct message m = message(RTM_NEWLINK, 1, "\1\2\3\4", 4);
	static const uint32_t lens[] = { 0, 1, NLMSG_HDRLEN - 1, NLMSG_HDRLEN + 5, UINT32_MAX };
	unsigned char large[16385];
	struct seen seen = { 0 };

	/* Lengths that lie. */
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		m.head.nlmsg_len = lens[i];
		fake_script(u->f, &m, NLMSG_HDRLEN + 4);
		assert_int_equal(ask(u, &seen), -EBADMSG);
	}
	/* Cut at each byte of the header; nothing is an end of file. */
	m.head.nlmsg_len = NLMSG_HDRLEN + 4;
	for (size_t len = 0; len < NLMSG_HDRLEN + 4; len++) {
		fake_script(u->f, &m, len);
		assert_int_equal(ask(u, &seen), -EBADMSG);
	}
	/* A second one that is cut. */
	memcpy(large, &m, NLMSG_HDRLEN + 4);
	memcpy(large + NLMSG_HDRLEN + 4, &m, NLMSG_HDRLEN + 4);
	fake_script(u->f, large, 2 * NLMSG_HDRLEN + 7);
	assert_int_equal(ask(u, &seen), -EBADMSG);
	assert_int_equal(seen.n, 1);
	/* An error without an errno, or with one that is none. */
	m = message(NLMSG_ERROR, 1, "\1\2", 2);
	script(u, &m);
	assert_int_equal(ask(u, &seen), -EBADMSG);
	script_end(u, NLMSG_ERROR, 5);
	assert_int_equal(ask(u, &seen), -EBADMSG);
	/* More than there is room for. */
	memset(large, 0, sizeof(large));
	fake_script(u->f, large, sizeof(large));
	assert_int_equal(ask(u, &seen), -EMSGSIZE);
}

static void signal_does_not_lose_an_answer(void **state)
{
	struct unit *u = *state;
	struct message m = message(RTM_NEWLINK, 1, "\1", 1);
	struct seen seen = { 0 };

	script(u, &m);
	script_end(u, NLMSG_DONE, 0);
	fake_fail(u->f, (struct fake_rule){ .op = FAKE_RECV, .err = EINTR, .times = 3 });
	assert_int_equal(ask(u, &seen), 0);
	assert_int_equal(seen.n, 1);
}

static void request_that_is_too_long_is_not_sent(void **state)
{
	struct unit *u = *state;
	struct dx_nl_request req;
	char name[DX_NL_ROOM] = "x";
	struct dx_nl nl;

	assert_int_equal(dx_nl_open(&u->f->sys, NETLINK_GENERIC, &nl), 0);
	fake_clear_log(u->f);
	dx_nl_start(&req, GENL_ID_CTRL, 0, NULL, 0);
	for (int i = 0; i < 3; i++)
		dx_nl_put(&req, 1, name, sizeof(name));
	assert_int_equal(dx_nl_ask(&nl, &req, see, NULL), -EMSGSIZE);
	assert_int_equal(u->f->nlog, 0);
	dx_nl_close(&nl);
}

static void requests_are_padded(void **state)
{
	struct ifinfomsg head = { .ifi_index = 5 };
	const struct nlattr *table[4];
	struct dx_nl_request req;
	char text[8];

	dx_nl_start(&req, RTM_GETLINK, NLM_F_DUMP, &head, sizeof(head));
	dx_nl_put(&req, 3, "odd", 3);
	dx_nl_put(&req, 1, "more", 5);
	dx_nl_put(&req, 2, "\7", 1);
	assert_int_equal(req.head.nlmsg_type, RTM_GETLINK);
	assert_int_equal(req.head.nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK | NLM_F_DUMP);
	assert_memory_equal(req.payload, &head, sizeof(head));
	assert_int_equal(dx_nl_attrs(req.payload + sizeof(head),
				     req.head.nlmsg_len - NLMSG_HDRLEN - sizeof(head), table, 4),
			 0);
	dx_nl_string(table[3], text, sizeof(text));
	assert_string_equal(text, "odd");
	dx_nl_string(table[1], text, sizeof(text));
	assert_string_equal(text, "more");
	assert_int_equal(dx_nl_number(table[2], 0), 7);
}

/* Of 1, 2, 4 and 8 bytes; nothing else is one. */
static void numbers_have_their_sizes(void **state)
{
	struct {
		struct nlattr attr;
		unsigned char value[32];
	} a = { .value = { 1, 2, 3, 4, 5, 6, 7, 8 } };
	static const uint64_t want[] = {
		0, 0x01, 0x0201, 0, 0x04030201, 0, 0, 0, 0x0807060504030201
	};

	for (uint16_t len = 0; len <= sizeof(a.value); len++) {
		bool is = len < 9 && want[len];

		a.attr.nla_len = NLA_HDRLEN + len;
		assert_int_equal(dx_nl_number(&a.attr, 99), is ? want[len] : 99);
	}
}

static void attributes_are_sorted_by_type(void **state)
{
	struct {
		struct nlattr a;
		uint32_t a_value;
		struct nlattr b;
		char b_value[4];
		struct nlattr far;
		struct nlattr c;
		uint8_t c_value;
	} attrs = {
		{ NLA_HDRLEN + 4, 1 },
		7,
		{ NLA_HDRLEN + 3, 2 | NLA_F_NESTED },
		"abc",
		{ NLA_HDRLEN, 900 },
		{ NLA_HDRLEN + 1, 3 },
		9,
	};
	const struct nlattr *table[5];
	char text[3];

	/* The last one's padding is missing, as it may be. */
	assert_int_equal(dx_nl_attrs(&attrs, offsetof(typeof(attrs), c_value) + 1, table, 5), 0);
	assert_null(table[0]);
	assert_null(table[4]);
	assert_int_equal(dx_nl_number(table[1], 0), 7);
	assert_int_equal(dx_nl_number(table[3], 0), 9);
	assert_int_equal(dx_nl_number(table[0], 42), 42);
	assert_int_equal(dx_nl_number(table[2], 42), 42);
	dx_nl_string(table[2], text, sizeof(text));
	assert_string_equal(text, "ab");
	dx_nl_string(NULL, text, sizeof(text));
	assert_string_equal(text, "");
	assert_int_equal(dx_nl_attrs(&attrs, 0, table, 5), 0);
	assert_null(table[1]);

	/* Cut anywhere but between two. */
	for (size_t len = 1; len < offsetof(typeof(attrs), c_value) + 1; len++) {
		bool whole = len == offsetof(typeof(attrs), b) ||
			     len == offsetof(typeof(attrs), far) ||
			     len == offsetof(typeof(attrs), far) - 1 ||
			     len == offsetof(typeof(attrs), c);

		assert_int_equal(dx_nl_attrs(&attrs, len, table, 5), whole ? 0 : -EBADMSG);
	}
	for (uint16_t len = 0; len < NLA_HDRLEN; len++) {
		attrs.a.nla_len = len;
		assert_int_equal(dx_nl_attrs(&attrs, sizeof(attrs), table, 5), -EBADMSG);
	}
	attrs.a.nla_len = UINT16_MAX;
	assert_int_equal(dx_nl_attrs(&attrs, sizeof(attrs), table, 5), -EBADMSG);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(answers_of_several_parts_are_all_taken, unit_ctx),
		unit_case(answers_to_another_request_are_not_taken, unit_ctx),
		unit_case(kernels_errors_come_back, unit_ctx),
		unit_case(whoever_takes_answers_can_stop, unit_ctx),
		unit_case(malformed_messages_are_refused, unit_ctx),
		unit_case(signal_does_not_lose_an_answer, unit_ctx),
		unit_case(request_that_is_too_long_is_not_sent, unit_ctx),
		unit_case(requests_are_padded, unit_ctx),
		unit_case(numbers_have_their_sizes, unit_ctx),
		unit_case(attributes_are_sorted_by_type, unit_ctx),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The filter by port: packets of every make, each judged by the program in the kernel. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/ctx.h"
#include "prog_test.h"
#include "xsk/prog_priv.h"

#define PORT 5000
#define TCP 6
#define UDP 17

/* A packet in the making. */
struct make {
	uint8_t bytes[512];
	uint32_t len;
};

static void add(struct make *m, const void *bytes, uint32_t len)
{
	memcpy(m->bytes + m->len, bytes, len);
	m->len += len;
}

static void add16(struct make *m, uint32_t v)
{
	uint16_t be = htons((uint16_t)v);

	add(m, &be, 2);
}

static struct make eth(const uint16_t *tags, unsigned int ntags, uint16_t type)
{
	struct make m = { .len = 12 };

	for (unsigned int i = 0; i < ntags; i++) {
		add16(&m, tags[i]);
		add16(&m, 42);
	}
	add16(&m, type);
	return m;
}

static void ipv4(struct make *m, uint8_t proto, unsigned int words, uint16_t fragment)
{
	uint8_t ip[60] = { 0x40 | (uint8_t)words, [8] = 64, [9] = proto };

	ip[6] = (uint8_t)(fragment >> 8);
	ip[7] = (uint8_t)fragment;
	add(m, ip, words * 4);
}

static void ipv6(struct make *m, uint8_t next)
{
	uint8_t ip[40] = { 0x60, [6] = next, [7] = 64 };

	add(m, ip, sizeof(ip));
}

/* A header that may follow the one of IPv6; for a fragment's, @v is its offset and flag. */
static void more(struct make *m, uint8_t next, uint8_t len, uint16_t v)
{
	uint8_t head[8 * 4] = { next, len, (uint8_t)(v >> 8), (uint8_t)v };

	add(m, head, 8 + len * 8u);
}

static void transport(struct make *m, uint16_t port)
{
	static const uint8_t rest[32];

	add16(m, 9);
	add16(m, port);
	add(m, rest, sizeof(rest));
}

struct filter {
	struct world *w;
	struct dmabufx_prog *prog;
	struct raw_xsk *xsk;
	int fd;
};

/* As on queue 0, which has a socket. */
static void judge(struct filter *f, const struct make *m, int want, const char *what)
{
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = m->bytes, .data_size_in = m->len,
		    .repeat = 1);

	assert_int_equal(bpf_prog_test_run_opts(f->fd, &run), 0);
	if ((int)run.retval != want)
		fail_msg("%s: %u, wanted %d", what, run.retval, want);
}

static void wanted(struct filter *f, const struct make *m, const char *what)
{
	judge(f, m, XDP_REDIRECT, what);
}

static void passed(struct filter *f, const struct make *m, const char *what)
{
	judge(f, m, XDP_PASS, what);
}

static struct filter start(struct world *w, uint32_t flags)
{
	static const uint16_t ports[] = { PORT, 1, 65535, 63, 64, 0 };
	DMABUFX_OPTS(dmabufx_prog_opts, opts, .kind = DMABUFX_PROG_PORTS, .ports = ports,
		     .nports = 6, .flags = flags);
	struct filter f = { .w = w, .prog = attach(w, &opts), .xsk = raw_xsk_new(w, 0) };

	f.fd = bpf_prog_get_fd_by_id(info_of(f.prog).prog_id);
	assert_true(f.fd >= 0);
	dx_lock(w->ctx);
	assert_int_equal(dx_prog_insert(f.prog, 0, raw_xsk_fd(f.xsk)), 0);
	dx_unlock(w->ctx);
	return f;
}

static void end(struct filter *f)
{
	close(f->fd);
	raw_xsk_free(f->xsk);
	dmabufx_prog_unref(f->prog);
}

static void each_port_is_told(struct filter *f)
{
	static const uint16_t listed[] = { PORT, 1, 65535, 63, 64, 0 };
	static const uint16_t others[] = { PORT - 1, PORT + 1, 2, 62, 65, 65534, 0x8813 };

	for (size_t i = 0; i < 6; i++) {
		struct make m = eth(NULL, 0, 0x0800);

		ipv4(&m, UDP, 5, 0);
		transport(&m, listed[i]);
		wanted(f, &m, "a port of the list");
	}
	for (size_t i = 0; i < 7; i++) {
		struct make m = eth(NULL, 0, 0x0800);

		ipv4(&m, UDP, 5, 0);
		transport(&m, others[i]);
		passed(f, &m, "another port");
	}
}

static void tags_are_skipped(struct filter *f)
{
	static const uint16_t tags[][3] = { { 0x8100 },
					    { 0x88a8, 0x8100 },
					    { 0x8100, 0x8100 },
					    { 0x88a8, 0x88a8 },
					    { 0x88a8, 0x8100, 0x8100 } };
	static const unsigned int ntags[] = { 1, 2, 2, 2, 3 };

	for (size_t i = 0; i < 5; i++) {
		for (int six = 0; six < 2; six++) {
			struct make m = eth(tags[i], ntags[i], six ? 0x86dd : 0x0800);

			if (six)
				ipv6(&m, TCP);
			else
				ipv4(&m, TCP, 5, 0);
			transport(&m, PORT);
			judge(f, &m, ntags[i] < 3 ? XDP_REDIRECT : XDP_PASS, "tags");
		}
	}
}

static void ipv4_is_read(struct filter *f)
{
	struct make m;

	for (unsigned int words = 5; words <= 15; words++) {
		m = eth(NULL, 0, 0x0800);
		ipv4(&m, words % 2 ? TCP : UDP, words, 0x4000);
		transport(&m, PORT);
		wanted(f, &m, "options");
	}
	m = eth(NULL, 0, 0x0800);
	ipv4(&m, UDP, 5, 0x2000);
	transport(&m, PORT);
	wanted(f, &m, "the first fragment");
	for (uint16_t fragment = 1; fragment < 0x2000; fragment = (uint16_t)(fragment * 2)) {
		m = eth(NULL, 0, 0x0800);
		ipv4(&m, UDP, 5, fragment);
		transport(&m, PORT);
		passed(f, &m, "a later fragment");
	}
	for (int proto = 0; proto < 256; proto++) {
		m = eth(NULL, 0, 0x0800);
		ipv4(&m, (uint8_t)proto, 5, 0);
		transport(&m, PORT);
		judge(f, &m, proto == TCP || proto == UDP ? XDP_REDIRECT : XDP_PASS, "protocol");
	}
	m = eth(NULL, 0, 0x0800);
	ipv4(&m, UDP, 5, 0);
	m.bytes[14] = 0x44; /* too short a header */
	transport(&m, PORT);
	passed(f, &m, "a header of 16 bytes");
	m = eth(NULL, 0, 0x0806);
	ipv4(&m, UDP, 5, 0);
	transport(&m, PORT);
	passed(f, &m, "ARP");
}

static void ipv6_is_read(struct filter *f)
{
	static const uint8_t skipped[] = { 0, 43, 60 };
	struct make m = eth(NULL, 0, 0x86dd);

	ipv6(&m, UDP);
	transport(&m, PORT);
	wanted(f, &m, "IPv6");
	for (size_t i = 0; i < 3; i++) {
		for (uint8_t len = 0; len < 4; len++) {
			m = eth(NULL, 0, 0x86dd);
			ipv6(&m, skipped[i]);
			more(&m, TCP, len, 0);
			transport(&m, PORT);
			wanted(f, &m, "a header more");
		}
	}
	m = eth(NULL, 0, 0x86dd);
	ipv6(&m, 0);
	more(&m, 43, 1, 0);
	more(&m, 44, 2, 0);
	more(&m, 60, 0, 1); /* the first fragment, whose header's length says nothing */
	transport(&m, PORT);
	passed(f, &m, "a fragment's header is 8 bytes");
	m = eth(NULL, 0, 0x86dd);
	ipv6(&m, 0);
	more(&m, 43, 1, 0);
	more(&m, 44, 2, 0);
	more(&m, 60, 0, 1);
	more(&m, UDP, 1, 0);
	transport(&m, PORT);
	wanted(f, &m, "four headers more");
	m = eth(NULL, 0, 0x86dd);
	ipv6(&m, 44);
	more(&m, UDP, 0, 8);
	transport(&m, PORT);
	passed(f, &m, "a later fragment");
	m = eth(NULL, 0, 0x86dd);
	ipv6(&m, 58);
	transport(&m, PORT);
	passed(f, &m, "ICMPv6");
}

/* Cut anywhere, nothing but the whole is taken; the kernel wants 14 bytes at least. */
static void cut_packets_pass(struct filter *f)
{
	for (int six = 0; six < 2; six++) {
		struct make m = eth((const uint16_t[]){ 0x8100 }, 1, six ? 0x86dd : 0x0800);
		uint32_t all;

		if (six) {
			ipv6(&m, 43);
			more(&m, UDP, 1, 0);
		} else {
			ipv4(&m, UDP, 7, 0);
		}
		all = m.len + 4; /* with both ports */
		transport(&m, PORT);
		for (m.len = 14; m.len < all + 4; m.len++)
			judge(f, &m, m.len < all ? XDP_PASS : XDP_REDIRECT, "cut");
	}
}

static void filter_reads_headers(void **state)
{
	for (uint32_t flags = 0; flags <= DMABUFX_PROG_FRAGS; flags += DMABUFX_PROG_FRAGS) {
		struct filter f = start(*state, flags);

		each_port_is_told(&f);
		tags_are_skipped(&f);
		ipv4_is_read(&f);
		ipv6_is_read(&f);
		cut_packets_pass(&f);
		end(&f);
	}
}

/* What manages the interface still gets through. */
static void other_ports_reach_the_kernel(struct world *w, uint32_t flags)
{
	struct net_flow mine = { .from = NET_FAR, .port = PORT, .len = 300 };
	struct net_flow others = { .from = NET_FAR, .port = 22, .len = 300 };
	int far = net_raw(w->net, NET_FAR), near = net_raw(w->net, NET_NEAR);
	static const uint16_t ports[] = { PORT };
	DMABUFX_OPTS(dmabufx_prog_opts, opts, .kind = DMABUFX_PROG_PORTS, .ports = ports,
		     .nports = 1, .flags = flags);
	struct dmabufx_prog *prog = attach(w, &opts);
	struct raw_xsk *q[2] = { raw_xsk_new(w, 0), raw_xsk_new(w, 1) };

	dx_lock(w->ctx);
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(dx_prog_insert(prog, i, raw_xsk_fd(q[i])), 0);
	dx_unlock(w->ctx);
	net_send(w->net, far, &mine, 0, 40);
	net_send(w->net, far, &others, 0, 40);
	assert_int_equal(raw_xsk_receive(w, q[0], &mine, 0, 40, 1000) +
				 raw_xsk_receive(w, q[1], &mine, 0, 40, 100),
			 40);
	assert_int_equal(net_receive(w->net, near, &others, 0, 40, 2000), 40);
	raw_xsk_free(q[0]);
	raw_xsk_free(q[1]);
	dmabufx_prog_unref(prog);
	close(far);
	close(near);
}

static void rest_reaches_the_kernel(void **state)
{
	other_ports_reach_the_kernel(*state, 0);
}

static void rest_reaches_the_kernel_behind_a_dispatcher(void **state)
{
	other_ports_reach_the_kernel(*state, DMABUFX_PROG_SHARE);
}
in_dispatcher(rest_reaches_the_kernel_behind_a_dispatcher)

	int main(void)
{
	static const struct CMUnitTest tests[] = {
		prog_case(filter_reads_headers),
		prog_case(rest_reaches_the_kernel),
		prog_case(shared_rest_reaches_the_kernel_behind_a_dispatcher),
	};

	net_need_privilege();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

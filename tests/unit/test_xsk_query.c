// SPDX-License-Identifier: GPL-2.0-or-later
/* What AF_XDP is said to be able to do on an interface, and why not more. */
#include "unit.h"

#include <linux/if_link.h>
#include <stdio.h>
#include <sys/socket.h>

#include "fake_net.h"
#include "uapi/if_xdp.h"
#include "uapi/netdev.h"

#define ZC_FEATURES (NETDEV_XDP_ACT_BASIC | NETDEV_XDP_ACT_REDIRECT | NETDEV_XDP_ACT_XSK_ZEROCOPY)

/* Asks, and checks that nothing is left of it. */
static int query_flags(struct unit *u, const char *name, uint32_t flags,
		       struct dmabufx_xsk_caps *caps)
{
	DMABUFX_OPTS(dmabufx_xsk_query_opts, opts, .flags = flags);
	struct unit_account before = unit_account(u->f);
	int ret;

	memset(caps, 0x5e, sizeof(*caps));
	caps->size = sizeof(*caps);
	ret = dmabufx_xsk_query(u->ctx, name, &opts, caps);
	unit_assert_same(&before, u->f, "query", 0);
	return ret;
}

static void query(struct unit *u, struct dmabufx_xsk_caps *caps)
{
	assert_int_equal(query_flags(u, "eth0", 0, caps), 0);
}

static void expect_at(const struct dmabufx_xsk_answer *a, int result, const char *words, int line)
{
	if (a->result != result || !strstr(a->text, words) ||
	    strlen(a->text) == sizeof(a->text) - 1)
		fail_msg("line %d: answer %d, wanted %d; \"%s\" wants \"%s\"", line, a->result,
			 result, a->text, words);
}

#define expect(answer, result, words) expect_at(&caps.answer, result, words, __LINE__)

static void an_interface_that_can_do_all_says_so(void **state)
{
	struct dmabufx_xsk_caps caps;
	struct unit *u = *state;
	struct fake_netdev *dev = fake_add_netdev(u->f, "eth0");

	dev->features = ZC_FEATURES | NETDEV_XDP_ACT_RX_SG;
	dev->zc_max_segs = 17;
	dev->rx_metadata = 7;
	dev->xsk_features = 7;
	dev->zc_err = 0;
	dev->tx_queues = 3;
	query(u, &caps);
	assert_string_equal(caps.ifname, "eth0");
	assert_string_equal(caps.driver, "fake_net");
	assert_int_equal(caps.ifindex, dev->ifindex);
	assert_int_equal(caps.rx_queues, 2);
	assert_int_equal(caps.tx_queues, 3);
	assert_int_equal(caps.mtu, 1500);
	assert_int_equal(caps.zc_max_segs, 17);
	assert_int_equal(caps.prog_id, 0);
	assert_int_equal(caps.features, dev->features);
	expect(up, 1, "carrier");
	expect(native, 1, "fake_net runs XDP programs");
	expect(zero_copy, 1, "queue 1");
	expect(multi_buffer, 1, "up to 17");
	expect(rx_timestamp, 1, "arrived");
	expect(rx_hash, 1, "hash");
	expect(rx_vlan, 1, "VLAN");
	expect(tx_timestamp, 1, "sent");
	expect(tx_checksum, 1, "checksums");
	expect(tx_launch_time, 1, "given time");
	expect(prog_free, 1, "no XDP program");
}

static void each_bit_is_one_answer(void **state)
{
	struct dmabufx_xsk_caps caps;
	struct unit *u = *state;
	struct fake_netdev *dev = fake_add_netdev(u->f, "eth0");

	for (int bit = 0; bit < 3; bit++) {
		dev->rx_metadata = 1u << bit;
		dev->xsk_features = 4u >> bit;
		query(u, &caps);
		expect(rx_timestamp, bit == 0, "arrived");
		expect(rx_hash, bit == 1, "hash");
		expect(rx_vlan, bit == 2, "VLAN");
		expect(tx_timestamp, bit == 2, "sent");
		expect(tx_checksum, bit == 1, "checksums");
		expect(tx_launch_time, bit == 0, "given time");
		expect(multi_buffer, 0, "one frame");
	}
}

static void a_bare_interface_says_what_is_missing(void **state)
{
	struct dmabufx_xsk_caps caps;
	struct unit *u = *state;
	struct fake_netdev *dev = fake_add_netdev(u->f, "eth0");

	dev->features = 0;
	dev->down = true;
	dev->driver[0] = '\0';
	query(u, &caps);
	assert_string_equal(caps.driver, "");
	expect(up, 0, "ip link set eth0 up");
	expect(native, 0, "its driver runs no XDP programs");
	expect(zero_copy, 0, "no zero copy");
	expect(multi_buffer, 0, "one frame");
	expect(rx_hash, 0, "can't");
	dev->down = false;
	dev->no_carrier = true;
	query(u, &caps);
	expect(up, 0, "no carrier");
	dev->features = ZC_FEATURES | NETDEV_XDP_ACT_RX_SG;
	dev->zc_max_segs = 1;
	query(u, &caps);
	expect(multi_buffer, 1, "when copying");
}

static void old_kernels_leave_answers_unknown(void **state)
{
	struct dmabufx_xsk_caps caps;
	struct unit *u = *state;
	struct fake_netdev *dev = fake_add_netdev(u->f, "eth0");

	u->f->net->no_family = true;
	dev->zc_err = 0;
	query(u, &caps);
	expect(native, -ENODATA, "6.3");
	expect(multi_buffer, -ENODATA, "6.3");
	expect(rx_hash, -ENODATA, "6.3");
	expect(tx_checksum, -ENODATA, "6.3");
	/* It is found out all the same. */
	expect(zero_copy, 1, "queue 1");
	assert_int_equal(query_flags(u, "eth0", DMABUFX_XSK_QUERY_NO_TRY, &caps), 0);
	expect(zero_copy, -ENODATA, "6.3");

	u->f->net->no_family = false;
	u->f->net->old_family = true;
	query(u, &caps);
	expect(native, 1, "runs");
	expect(rx_hash, -ENODATA, "6.7");
	expect(rx_vlan, -ENODATA, "6.8");
	expect(tx_checksum, -ENODATA, "6.8");

	/* A kernel that may not be asked. */
	fake_fail(u->f, (struct fake_rule){ .op = FAKE_SEND, .err = EACCES, .skip = 1 });
	query(u, &caps);
	expect(native, -EACCES, "EACCES");
}

static void refusals_of_the_bind_are_told_in_words(void **state)
{
	static const struct {
		const char *driver;
		int err;
		int result;
		const char *words;
	} cases[] = {
		{ "igb", EOPNOTSUPP, 0, "igb has no zero copy" },
		{ "virtio_net", EINVAL, 0, "iommu_platform=on" },
		{ "igb", EINVAL, 0, "igb refuses queue 1 with chunks of 4096 bytes" },
		{ "virtio_net", ENOENT, 0, "mergeable" },
		{ "igb", EBUSY, -EBUSY, "in use" },
		{ "igb", ENETDOWN, -ENETDOWN, "eth0 is down" },
		{ "igb", ENODEV, -ENODEV, "eth0 went away" },
		{ "igb", EPERM, -EPERM, "EPERM" },
		{ "igb", EIO, -EIO, "EIO" },
	};
	struct dmabufx_xsk_caps caps;
	struct unit *u = *state;
	struct fake_netdev *dev = fake_add_netdev(u->f, "eth0");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(dev->driver, sizeof(dev->driver), "%s", cases[i].driver);
		dev->zc_err = cases[i].err;
		query(u, &caps);
		expect(zero_copy, cases[i].result, cases[i].words);
	}
	dev->zc_err = 0;
	dev->zc_copies = true;
	query(u, &caps);
	expect(zero_copy, 0, "but copies");
}

static void what_fails_before_the_bind_says_nothing_of_the_driver(void **state)
{
	static const struct {
		enum fake_op op;
		unsigned long request;
		int err;
		int result;
		const char *words;
	} cases[] = {
		{ FAKE_SOCKET, AF_XDP, EPERM, -EPERM, "CAP_NET_RAW" },
		{ FAKE_SOCKET, AF_XDP, EMFILE, -EMFILE, "not tried: a socket of AF_XDP: EMFILE" },
		{ FAKE_MEMFD, 0, ENFILE, -ENFILE, "not tried: memory: ENFILE" },
		{ FAKE_MMAP, 0, ENOMEM, -ENOMEM, "not tried: memory: ENOMEM" },
		{ FAKE_SETSOCKOPT, XDP_UMEM_REG, ENOBUFS, -ENOBUFS, "RLIMIT_MEMLOCK by 65536" },
		{ FAKE_SETSOCKOPT, XDP_UMEM_REG, ENOMEM, -ENOMEM, "registering memory: ENOMEM" },
		{ FAKE_SETSOCKOPT, XDP_TX_RING, ENOMEM, -ENOMEM, "making rings: ENOMEM" },
		{ FAKE_GETSOCKOPT, XDP_OPTIONS, EFAULT, -EFAULT, "XDP_OPTIONS: EFAULT" },
	};
	struct dmabufx_xsk_caps caps;
	struct unit *u = *state;

	fake_add_netdev(u->f, "eth0")->zc_err = 0;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake_fail(u->f, (struct fake_rule){ .op = cases[i].op,
						    .request = cases[i].request,
						    .err = cases[i].err });
		query(u, &caps);
		fake_heal(u->f);
		expect(zero_copy, cases[i].result, cases[i].words);
		expect(native, 1, "runs");
	}
	u->f->net->no_xdp_sockets = true;
	query(u, &caps);
	expect(zero_copy, 0, "CONFIG_XDP_SOCKETS");
}

static void a_queue_that_is_being_let_go_is_waited_for(void **state)
{
	struct dmabufx_xsk_caps caps;
	struct unit *u = *state;
	struct fake_netdev *dev = fake_add_netdev(u->f, "eth0");

	dev->zc_err = 0;
	dev->queues[1].busy_until = u->f->now + 50;
	query(u, &caps);
	expect(zero_copy, 1, "queue 1");
	/* And is free again when the answer is there. */
	assert_false(fake_queue_busy(u->f, dev, 1));
	/* But not for ever, neither before nor after. */
	dev->queues[1].busy_until = u->f->now + 5000;
	u->f->slept = 0;
	query(u, &caps);
	expect(zero_copy, -EBUSY, "queue 1 is in use");
	assert_in_range(u->f->slept, 100, 110);
	dev->queues[1].busy_until = 0;
	dev->release_ms = 5000;
	query(u, &caps);
	expect(zero_copy, 1, "queue 1");
	/* A kernel that doesn't tell isn't waited for. */
	dev->queues[1].busy_until = 0;
	u->f->net->no_xsk_attr = true;
	u->f->slept = 0;
	query(u, &caps);
	assert_int_equal(u->f->slept, 0);
}

static void without_a_try_no_socket_is_made(void **state)
{
	struct dmabufx_xsk_caps caps;
	struct unit *u = *state;
	struct fake_netdev *dev = fake_add_netdev(u->f, "eth0");

	u->f->net->no_xdp_sockets = true;
	assert_int_equal(query_flags(u, "eth0", DMABUFX_XSK_QUERY_NO_TRY, &caps), 0);
	expect(zero_copy, 0, "no zero copy");
	dev->features = ZC_FEATURES;
	assert_int_equal(query_flags(u, "eth0", DMABUFX_XSK_QUERY_NO_TRY, &caps), 0);
	expect(zero_copy, -ENODATA, "wasn't tried");
}

static void a_program_in_the_way_is_named(void **state)
{
	struct dmabufx_xsk_caps caps;
	struct unit *u = *state;
	struct fake_netdev *dev = fake_add_netdev(u->f, "eth0");

	/* One that the kernel under this test doesn't have. */
	dev->prog_id = 0x7fffff01;
	dev->prog_mode = XDP_ATTACHED_SKB;
	query(u, &caps);
	assert_int_equal(caps.prog_id, 0x7fffff01);
	expect(prog_free, 0, "program 2147483393 is attached to the kernel's general code");
	dev->prog_mode = XDP_ATTACHED_MULTI;
	query(u, &caps);
	expect(prog_free, 0, "program 2147483393 is attached in several places");
	dev->prog_mode = 99;
	query(u, &caps);
	expect(prog_free, 0, "program 2147483393 is attached;");
}

static void an_absent_interface_names_those_there_are(void **state)
{
	struct dmabufx_xsk_caps caps;
	struct unit *u = *state;

	assert_fails(query_flags(u, "eth7", 0, &caps), ENODEV, NO_INTERFACE, "eth7", "none");
	fake_add_netdev(u->f, "lo");
	fake_add_netdev(u->f, "eth0");
	assert_fails(query_flags(u, "eth7", 0, &caps), ENODEV, NO_INTERFACE, "'eth7'", "lo, eth0");
	assert_fails(query_flags(u, "", 0, &caps), ENODEV, NO_INTERFACE, "lo, eth0");
	assert_fails(query_flags(u, "a-name-of-more-than-any-interface-can-have", 0, &caps), ENODEV,
		     NO_INTERFACE, "a-name-of-more-than-any-interfac", "lo, eth0");
	/* The output is as it was. */
	assert_int_equal(caps.ifindex, 0x5e5e5e5e);
}

static void misuse_is_refused(void **state)
{
	struct dmabufx_xsk_caps caps = { .size = sizeof(caps) };
	DMABUFX_OPTS(dmabufx_xsk_query_opts, opts);
	struct unit *u = *state;

	fake_add_netdev(u->f, "eth0");
	assert_fails(dmabufx_xsk_query(NULL, "eth0", NULL, &caps), EINVAL, NULL_ARGUMENT, "ctx");
	assert_fails(dmabufx_xsk_query(u->ctx, NULL, NULL, &caps), EINVAL, NULL_ARGUMENT, "ifname");
	assert_fails(dmabufx_xsk_query(u->ctx, "eth0", NULL, NULL), EINVAL, NULL_ARGUMENT, "ret");
	opts.flags = 2;
	assert_fails(dmabufx_xsk_query(u->ctx, "eth0", &opts, &caps), EINVAL, BAD_FLAGS, "0x2");
	opts.flags = 0;
	opts.reserved = 4;
	assert_fails(dmabufx_xsk_query(u->ctx, "eth0", &opts, &caps), EINVAL, BAD_FLAGS, "0x4");
	opts.reserved = 0;
	opts.size = 3;
	assert_fails(dmabufx_xsk_query(u->ctx, "eth0", &opts, &caps), EINVAL, OPTS_SIZE,
		     "dmabufx_xsk_query_opts");
	caps.size--;
	assert_fails(dmabufx_xsk_query(u->ctx, "eth0", NULL, &caps), EINVAL, OPTS_SIZE,
		     "dmabufx_xsk_caps");
	caps.size += 2;
	assert_fails(dmabufx_xsk_query(u->ctx, "eth0", NULL, &caps), E2BIG, OPTS_UNKNOWN,
		     "dmabufx_xsk_caps");
	caps.size = sizeof(caps);
	assert_int_equal(dmabufx_xsk_query(u->ctx, "eth0", NULL, &caps), 0);
}

static void every_failing_call_is_survived(void **state)
{
	static const int errs[] = { EIO, ENOMEM, EPERM, EINVAL };
	struct dmabufx_xsk_caps caps;
	struct unit *u = *state;
	unsigned int nth;

	fake_add_netdev(u->f, "eth0")->zc_err = 0;
	for (size_t e = 0; e < sizeof(errs) / sizeof(errs[0]); e++) {
		for (nth = 1;; nth++) {
			int ret;

			forget_error();
			fake_fail_nth(u->f, nth, errs[e]);
			ret = query_flags(u, "eth0", 0, &caps);
			fake_heal(u->f);
			assert_int_equal(dmabufx_last_error()->err, ret);
			if (!u->f->failed)
				break;
			/* The queue, which a try that failed may have left as taken. */
			u->f->now += 200;
		}
		assert_in_range(nth, 30, 200);
		query(u, &caps);
		expect(zero_copy, 1, "queue 1");
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(an_interface_that_can_do_all_says_so, unit_ctx),
		unit_case(each_bit_is_one_answer, unit_ctx),
		unit_case(a_bare_interface_says_what_is_missing, unit_ctx),
		unit_case(old_kernels_leave_answers_unknown, unit_ctx),
		unit_case(refusals_of_the_bind_are_told_in_words, unit_ctx),
		unit_case(what_fails_before_the_bind_says_nothing_of_the_driver, unit_ctx),
		unit_case(a_queue_that_is_being_let_go_is_waited_for, unit_ctx),
		unit_case(without_a_try_no_socket_is_made, unit_ctx),
		unit_case(a_program_in_the_way_is_named, unit_ctx),
		unit_case(an_absent_interface_names_those_there_are, unit_ctx),
		unit_case(misuse_is_refused, unit_ctx),
		unit_case(every_failing_call_is_survived, unit_ctx),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

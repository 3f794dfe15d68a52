// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel says of interfaces, and what is made of answers that don't say it. */
#include "unit.h"

#include <linux/genetlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "fake_net.h"
#include "sys/netdev.h"
#include "sys/netlink.h"

/* A message of a socket's first request, or of its second one. */
static void script(struct unit *u, uint16_t type, uint32_t seq, const void *body, size_t len)
{
	struct {
		struct nlmsghdr head;
		unsigned char body[64];
	} m = { .head = { .nlmsg_len = (uint32_t)(NLMSG_HDRLEN + len),
			  .nlmsg_type = type,
			  .nlmsg_seq = seq } };

	memcpy(m.body, body, len);
	fake_script(u->f, &m, NLMSG_HDRLEN + len);
}

static const int fine = 0;

static void links_tell_what_they_are(void **state)
{
	struct unit *u = *state;
	struct fake_netdev *dev = fake_add_netdev(u->f, "eth0");
	struct dx_sys *sys = &u->f->sys;
	struct dx_netdev_queues queues;
	struct dx_netdev_link link;
	char driver[32], text[100] = "";
	uint32_t index;

	dev->rx_queues = 3;
	assert_int_equal(dx_netdev_index(sys, "eth0", &index), 0);
	assert_int_equal(index, dev->ifindex);
	assert_int_equal(dx_netdev_index(sys, "", &index), -ENODEV);
	memset(text, 'x', sizeof(text) - 1);
	for (size_t len = 16; len < sizeof(text); len++)
		assert_int_equal(dx_netdev_index(sys, text + sizeof(text) - 1 - len, &index),
				 -ENODEV);
	assert_int_equal(dx_netdev_link(sys, 0, &link), -ENODEV);
	assert_int_equal(dx_netdev_link(sys, 77, &link), -ENODEV);
	assert_int_equal(dx_netdev_link(sys, index, &link), 0);
	assert_true(link.up && link.carrier && !link.xdp_prog_id);
	assert_int_equal(link.mtu, 1500);
	assert_string_equal(link.name, "eth0");
	assert_int_equal(dx_netdev_queues(sys, "eth0", &queues), 0);
	assert_int_equal(queues.rx, 3);
	assert_int_equal(queues.tx, 2);
	assert_int_equal(dx_netdev_driver(sys, "eth0", driver, sizeof(driver)), 0);
	assert_string_equal(driver, "fake_net");

	dev->no_channels = true;
	dev->down = true;
	dev->no_carrier = true;
	dev->prog_id = 12;
	dev->prog_mode = XDP_ATTACHED_MULTI;
	dev->driver[0] = '\0';
	assert_int_equal(dx_netdev_queues(sys, "eth0", &queues), 0);
	assert_int_equal(queues.rx, dev->rx_made);
	assert_int_equal(queues.tx, dev->tx_made);
	assert_int_equal(dx_netdev_link(sys, index, &link), 0);
	assert_false(link.up || link.carrier);
	assert_int_equal(link.xdp_prog_id, 12);
	assert_int_equal(link.xdp_mode, XDP_ATTACHED_MULTI);
	assert_int_equal(dx_netdev_driver(sys, "eth0", driver, sizeof(driver)), -EOPNOTSUPP);
}

static void names_are_listed_as_far_as_there_is_room(void **state)
{
	struct unit *u = *state;
	char names[20];

	assert_int_equal(dx_netdev_names(&u->f->sys, names, sizeof(names)), 0);
	assert_string_equal(names, "");
	fake_add_netdev(u->f, "lo");
	fake_add_netdev(u->f, "eth0");
	assert_int_equal(dx_netdev_names(&u->f->sys, names, sizeof(names)), 0);
	assert_string_equal(names, "lo, eth0");
	fake_add_netdev(u->f, "a-long-name-x");
	fake_add_netdev(u->f, "x");
	assert_int_equal(dx_netdev_names(&u->f->sys, names, sizeof(names)), 0);
	assert_string_equal(names, "lo, eth0, ...");
	assert_int_equal(dx_netdev_names(&u->f->sys, names, 7), 0);
	assert_string_equal(names, "...");
}

static void sockets_of_queues_are_told(void **state)
{
	struct unit *u = *state;
	struct fake_netdev *dev = fake_add_netdev(u->f, "eth0");
	struct dx_sys *sys = &u->f->sys;

	dev->tx_queues = 3;
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(dx_netdev_queue_has_xsk(sys, dev->ifindex, i), 0);
		dev->queues[i].busy_until = u->f->now + 1;
		assert_int_equal(dx_netdev_queue_has_xsk(sys, dev->ifindex, i), 1);
		assert_int_equal(dx_netdev_queue_has_xsk(sys, dev->ifindex, (i + 1) % 3), 0);
		dev->queues[i].busy_until = 0;
	}
	assert_int_equal(dx_netdev_queue_has_xsk(sys, dev->ifindex, 3), -EINVAL);
	assert_int_equal(dx_netdev_queue_has_xsk(sys, 77, 0), -ENODEV);
	dev->down = true;
	assert_int_equal(dx_netdev_queue_has_xsk(sys, dev->ifindex, 0), -ENOENT);
	u->f->net->no_family = true;
	assert_int_equal(dx_netdev_queue_has_xsk(sys, dev->ifindex, 0), -ENOENT);
}

/* An acknowledgement with no answer before it, and answers that are too short for theirs. */
static void answers_without_content_are_refused(void **state)
{
	struct unit *u = *state;
	struct dx_sys *sys = &u->f->sys;
	struct dx_netdev_link link = { .mtu = 5 };
	struct dx_netdev_xdp xdp;
	char names[32];

	fake_add_netdev(u->f, "eth0");
	script(u, NLMSG_ERROR, 1, &fine, sizeof(fine));
	assert_int_equal(dx_netdev_link(sys, 2, &link), -EBADMSG);
	script(u, RTM_NEWLINK, 1, "", 1);
	assert_int_equal(dx_netdev_link(sys, 2, &link), -EBADMSG);
	assert_int_equal(link.mtu, 5);
	script(u, RTM_NEWLINK, 1, "", 1);
	assert_int_equal(dx_netdev_names(sys, names, sizeof(names)), -EBADMSG);
	/* Of the family, and of it then. */
	for (unsigned int skip = 0; skip < 2; skip++) {
		u->f->net->script_skip = skip;
		script(u, GENL_MIN_ID + 5, 1 + skip, "\0\0\0", GENL_HDRLEN - 1);
		assert_int_equal(dx_netdev_xdp(sys, 2, &xdp), -EBADMSG);
		u->f->net->script_skip = skip;
		script(u, NLMSG_ERROR, 1 + skip, &fine, sizeof(fine));
		assert_int_equal(dx_netdev_queue_has_xsk(sys, 2, 0), -EBADMSG);
	}
}

/* Whatever comes, nothing is read that isn't there: a build with sanitizers sees it. */
static void random_answers_are_survived(void **state)
{
	struct unit *u = *state;
	struct dx_netdev_link link;
	struct dx_netdev_xdp xdp;
	unsigned char bytes[96];

	unit_seed();
	for (int i = unit_steps(30000); i; i--) {
		size_t len = (size_t)rand() % sizeof(bytes);
		struct nlmsghdr head = { .nlmsg_type = (uint16_t)(rand() % 20),
					 .nlmsg_seq = (uint32_t)(1 + rand() % 2) };

		for (size_t at = 0; at < len; at++)
			bytes[at] = (unsigned char)(rand() % (rand() % 2 ? 256 : 12));
		head.nlmsg_len = (uint32_t)(rand() % 4 ? len : (size_t)rand());
		memcpy(bytes, &head, len < sizeof(head) ? len : sizeof(head));
		u->f->net->script_skip = (unsigned int)i % 3 == 2;
		fake_script(u->f, bytes, len);
		if (i % 3)
			dx_netdev_xdp(&u->f->sys, 2, &xdp);
		else
			dx_netdev_link(&u->f->sys, 2, &link);
		fake_unscript(u->f);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(links_tell_what_they_are, unit_ctx),
		unit_case(names_are_listed_as_far_as_there_is_room, unit_ctx),
		unit_case(sockets_of_queues_are_told, unit_ctx),
		unit_case(answers_without_content_are_refused, unit_ctx),
		unit_case(random_answers_are_survived, unit_ctx),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

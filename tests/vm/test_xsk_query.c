/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dmabufx_xsk_query() on drivers that do AF_XDP without copying, and on one that can't. */
#include "guest.h"
#include "wire.h"

#include <linux/if_xdp.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_US 20000

static struct dmabufx_xsk_caps ask(struct vm *vm, const char *ifname)
{
	struct dmabufx_xsk_caps caps = { .size = sizeof(caps) };
	int fds = guest_count_fds();

	vm_works(dmabufx_xsk_query(vm->ctx, ifname, NULL, &caps));
	assert_int_equal(guest_count_fds(), fds);
	return caps;
}

static void answered_at(const struct dmabufx_xsk_answer *a, int result, const char *expression,
			int line)
{
	if (a->result != result || !vm_matches(a->text, expression))
		fail_msg("line %d: answer %d, \"%s\", not %d, /%s/", line, a->result, a->text,
			 result, expression);
}

#define answered(answer, result, expression) answered_at(&caps.answer, result, expression, __LINE__)

/* A link takes its time to be found. */
static void wait_carrier(struct vm *vm, const char *ifname)
{
	for (int i = 0; i < 500; i++) {
		if (ask(vm, ifname).up.result == 1)
			return;
		usleep(WAIT_US);
	}
	fail_msg("%s has no carrier after 10 s", ifname);
}

static void does_without_copying(struct vm *vm, const char *name, const char *driver)
{
	struct dmabufx_xsk_caps caps;
	char ifname[IFNAMSIZ];

	wire_find_card(name, ifname);
	wire_set_link(ifname, true);
	wait_carrier(vm, ifname);
	/* Each try leaves the queue free for the next. */
	for (int i = 0; i < 20; i++) {
		caps = ask(vm, ifname);
		answered(zero_copy, 1, "^a socket on queue [0-9]+ works without copying$");
	}
	assert_string_equal(caps.driver, driver);
	assert_int_equal(caps.ifindex, if_nametoindex(ifname));
	assert_int_equal(caps.mtu, 1500);
	assert_int_equal(caps.zc_max_segs, 1);
	assert_true(caps.rx_queues >= 1 && caps.tx_queues >= 1);
	answered(native, 1, " runs XDP programs$");
	answered(prog_free, 1, "^no XDP program");
	/* Neither driver has any as of Linux 6.18. */
	answered(rx_timestamp, 0, "can't");
	answered(tx_checksum, 0, "can't");
}

static void igb_does_without_copying(void **state)
{
	does_without_copying(*state, "LAB_IGB0", "igb");
}

static void virtio_behind_the_iommu_does_without_copying(void **state)
{
	does_without_copying(*state, "LAB_NET0", "virtio_net");
}

static void virtio_past_the_iommu_copies_and_says_why(void **state)
{
	struct dmabufx_xsk_caps caps;
	char ifname[IFNAMSIZ];

	wire_find_card("LAB_NET1", ifname);
	wire_set_link(ifname, true);
	caps = ask(*state, ifname);
	assert_string_equal(caps.driver, "virtio_net");
	answered(zero_copy, 0, "iommu_platform=on");
	answered(native, 1, "runs XDP programs");
}

static void interface_that_is_down_says_so(void **state)
{
	struct dmabufx_xsk_caps caps;
	char ifname[IFNAMSIZ], words[64];

	wire_find_card("LAB_IGB0", ifname);
	wire_set_link(ifname, false);
	caps = ask(*state, ifname);
	snprintf(words, sizeof(words), "ip link set %s up", ifname);
	answered(up, 0, words);
	answered(native, 1, "igb runs");
}

/* Another program's socket on the queue, in whatever mode. */
static void queue_of_another_socket_cant_be_tried(void **state)
{
	struct sockaddr_xdp addr = { .sxdp_family = AF_XDP, .sxdp_flags = XDP_COPY };
	struct xdp_umem_reg reg = { .len = 16 * VM_PAGE, .chunk_size = VM_PAGE };
	static const int rings[] = { XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING, XDP_RX_RING };
	struct vm *vm = *state;
	int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0), entries = 16;
	int memory = vm_fd(vm, memfd_create("umem", MFD_CLOEXEC));
	struct dmabufx_xsk_caps caps;
	char ifname[IFNAMSIZ];

	wire_find_card("LAB_IGB0", ifname);
	wire_set_link(ifname, true);
	assert_int_equal(ftruncate(memory, 16 * VM_PAGE), 0);
	reg.addr = (uintptr_t)vm_mmap(vm, memory, 16 * VM_PAGE);
	assert_int_equal(setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &reg, sizeof(reg)), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(setsockopt(fd, SOL_XDP, rings[i], &entries, sizeof(entries)), 0);
	addr.sxdp_ifindex = if_nametoindex(ifname);
	addr.sxdp_queue_id = ask(vm, ifname).rx_queues - 1;
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	caps = ask(vm, ifname);
	answered(zero_copy, -EBUSY, "^queue [0-9]+ is in use");
	/* It is let go of late, which a query waits for. */
	close(fd);
	caps = ask(vm, ifname);
	answered(zero_copy, 1, "without copying");
}

static void ask_unprivileged(void *arg)
{
	struct dmabufx_xsk_caps caps = { .size = sizeof(caps) };
	struct vm *vm = arg;
	char ifname[IFNAMSIZ];

	wire_find_card("LAB_IGB0", ifname);
	assert_int_equal(setuid(65534), 0);
	vm_works(dmabufx_xsk_query(vm->ctx, ifname, NULL, &caps));
	answered(zero_copy, -EPERM, "CAP_NET_RAW");
	answered(native, 1, "igb runs");
	answered(rx_hash, 0, "can't");
}

static void all_but_the_try_needs_no_privilege(void **state)
{
	vm_bdf("LAB_IGB0");
	assert_int_equal(vm_in_child(ask_unprivileged, *state), 0);
}

static void absent_interface_names_those_there_are(void **state)
{
	struct dmabufx_xsk_caps caps = { .size = sizeof(caps) };
	struct vm *vm = *state;

	vm_fails(dmabufx_xsk_query(vm->ctx, "wlan7", NULL, &caps), ENODEV,
		 DMABUFX_REASON_NO_INTERFACE, "'wlan7' here; there are: lo, .*eth0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VM_TEST(igb_does_without_copying),
		VM_TEST(virtio_behind_the_iommu_does_without_copying),
		VM_TEST(virtio_past_the_iommu_copies_and_says_why),
		VM_TEST(interface_that_is_down_says_so),
		VM_TEST(queue_of_another_socket_cant_be_tried),
		VM_TEST(all_but_the_try_needs_no_privilege),
		VM_TEST(absent_interface_names_those_there_are),
	};

	return VM_MAIN(tests);
}

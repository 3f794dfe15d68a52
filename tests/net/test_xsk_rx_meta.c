// SPDX-License-Identifier: GPL-2.0-or-later
/* Metadata of received packets on a veth: what its driver knows, and what is none. */
#include "xsk_test.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SOME 100u
#define LONG_MS 5000
#define ALL (DMABUFX_RX_META_TIMESTAMP | DMABUFX_RX_META_HASH | DMABUFX_RX_META_VLAN)

static const struct dmabufx_xsk_opts with_meta = { .size = sizeof(with_meta),
						   .flags = DMABUFX_XSK_RX_META };

/* What packets of a flow had. */
struct seen {
	uint32_t packets;
	uint32_t all; /* bits that each had */
	uint32_t any;
	struct dmabufx_rx_meta last;
};

static struct dmabufx_rx_meta meta_of(struct dmabufx_xsk *xsk, const struct dmabufx_desc *desc)
{
	struct dmabufx_rx_meta meta = { .size = sizeof(meta), .hash = 1, .vlan_tci = 1 };
	int have = dmabufx_xsk_rx_meta(xsk, desc, &meta);

	assert_true(have >= 0 && !(have & ~(int)ALL));
	assert_int_equal(meta.valid, have);
	assert_int_equal(meta.size, sizeof(meta));
	/* What isn't there is 0; a time that is there never is. */
	assert_int_equal(!meta.timestamp_ns, !(have & DMABUFX_RX_META_TIMESTAMP));
	if (!(have & DMABUFX_RX_META_HASH))
		assert_int_equal(meta.hash | meta.hash_type, 0);
	if (!(have & DMABUFX_RX_META_VLAN))
		assert_int_equal(meta.vlan_tci | meta.vlan_proto, 0);
	return meta;
}

static void note(struct seen *seen, const struct dmabufx_rx_meta *meta)
{
	if (!seen->packets++)
		seen->all = meta->valid;
	seen->all &= meta->valid;
	seen->any |= meta->valid;
	seen->last = *meta;
}

/* Until @n packets of the flow more came, whose bytes are right; of others nothing is known. */
static void receive(struct xworld *w, struct dmabufx_xsk *xsk, const struct net_flow *flow,
		    uint32_t n, struct seen *seen)
{
	uint64_t until = net_now_ms() + LONG_MS;

	for (n += seen->packets; seen->packets < n;) {
		struct dmabufx_desc *descs;
		uint32_t have = dmabufx_xsk_rx_burst(xsk, &descs, n - seen->packets), seq;

		for (uint32_t i = 0; i < have; i++) {
			struct dmabufx_rx_meta meta = meta_of(xsk, &descs[i]);

			if (!net_check(w->net, flow, dmabufx_xsk_data(xsk, descs[i].addr),
				       descs[i].len, &seq))
				continue;
			assert_int_equal(seq, seen->packets);
			note(seen, &meta);
		}
		dmabufx_xsk_rx_release(xsk, descs, have);
		if (net_now_ms() > until)
			fail_msg("%u of %u packets came", seen->packets, n);
	}
}

static struct seen exchange(struct xworld *w, struct dmabufx_xsk *xsk, const struct net_flow *flow,
			    uint32_t n)
{
	struct seen seen = { 0 };
	int raw = net_raw(w->net, flow->from);

	while (seen.packets < n) {
		net_send(w->net, raw, flow, seen.packets, SOME);
		receive(w, xsk, flow, SOME, &seen);
	}
	close(raw);
	return seen;
}

static void hash_is_there_time_and_tag_are_not(void **state)
{
	struct net_flow flow = { NET_FAR, 7, 64 }, other = { NET_FAR, 8, 1514 };
	struct xworld *w = *state;
	struct dmabufx_xsk *xsk = xsk_open(w, NET_NEAR, 0, &with_meta);
	struct dmabufx_xsk_info info = info_of(xsk);
	struct seen one, two;

	assert_int_equal(info.mode, DMABUFX_XDP_NATIVE);
	assert_int_equal(info.flags & DMABUFX_XSK_RX_META, DMABUFX_XSK_RX_META);
	one = exchange(w, xsk, &flow, SOME);
	assert_int_equal(one.all, DMABUFX_RX_META_HASH);
	assert_int_equal(one.any, DMABUFX_RX_META_HASH);
	assert_int_equal(one.last.hash_type & DMABUFX_HASH_L4, DMABUFX_HASH_L4);
	two = exchange(w, xsk, &other, SOME);
	assert_int_equal(two.all, DMABUFX_RX_META_HASH);
	assert_int_not_equal(one.last.hash, two.last.hash);
	assert_int_equal(exchange(w, xsk, &flow, SOME).last.hash, one.last.hash);
	xsk_close(w, NET_NEAR, xsk);
}

/* A program at the far end's way out. */
static struct bpf_object *tag_with(struct xworld *w, const char *name)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)w->net->ifindex[NET_FAR],
		    .attach_point = BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, tc);
	const char *dir = getenv("NET_OBJECTS");
	struct bpf_object *obj;
	char path[4096];

	snprintf(path, sizeof(path), "%s/vlan.o", dir ? dir : ".");
	obj = bpf_object__open_file(path, NULL);
	assert_non_null(obj);
	assert_int_equal(bpf_object__load(obj), 0);
	tc.prog_fd = bpf_program__fd(bpf_object__find_program_by_name(obj, name));
	net_enter(w->net, NET_FAR);
	assert_int_equal(bpf_tc_hook_create(&hook), 0);
	assert_int_equal(bpf_tc_attach(&hook, &tc), 0);
	net_enter(w->net, NET_NEAR);
	return obj;
}

static void untag(struct xworld *w, struct bpf_object *obj)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)w->net->ifindex[NET_FAR],
		    .attach_point = (enum bpf_tc_attach_point)(BPF_TC_EGRESS | BPF_TC_INGRESS));

	net_enter(w->net, NET_FAR);
	assert_int_equal(bpf_tc_hook_destroy(&hook), 0);
	net_enter(w->net, NET_NEAR);
	bpf_object__close(obj);
}

static void tagged(struct xworld *w, const char *name, uint16_t proto, uint16_t tci)
{
	struct net_flow flow = { NET_FAR, 7, 100 };
	struct dmabufx_xsk *xsk = xsk_open(w, NET_NEAR, 0, &with_meta);
	struct bpf_object *obj = tag_with(w, name);
	struct seen seen = exchange(w, xsk, &flow, SOME);

	assert_int_equal(seen.all, DMABUFX_RX_META_HASH | DMABUFX_RX_META_VLAN);
	assert_int_equal(seen.last.vlan_proto, proto);
	assert_int_equal(seen.last.vlan_tci, tci);
	untag(w, obj);
	/* And none again without, in the same frames. */
	assert_int_equal(exchange(w, xsk, &flow, 2000).any, DMABUFX_RX_META_HASH);
	xsk_close(w, NET_NEAR, xsk);
}

static void tag_of_8021q_is_told(void **state)
{
	tagged(*state, "tag_8021q", 0x8100, 0x6123);
}

static void tag_of_8021ad_is_told(void **state)
{
	tagged(*state, "tag_8021ad", 0x88a8, 0x9fff);
}

/* Frames whose bytes before the packet are an earlier program's metadata. */
static void other_programs_have_none(void **state)
{
	DMABUFX_OPTS(dmabufx_xsk_opts, generic, .mode = DMABUFX_XDP_GENERIC);
	struct net_flow flow = { NET_FAR, 7, 64 };
	struct xworld *w = *state;
	struct dmabufx_xsk *xsk = xsk_open(w, NET_NEAR, 0, &with_meta);

	assert_int_equal(exchange(w, xsk, &flow, 2000).all, DMABUFX_RX_META_HASH);
	xsk_close(w, NET_NEAR, xsk);
	xsk = xsk_open(w, NET_NEAR, 0, NULL);
	assert_int_equal(info_of(xsk).flags, 0);
	assert_int_equal(exchange(w, xsk, &flow, 2000).any, 0);
	xsk_close(w, NET_NEAR, xsk);
	xsk = xsk_open(w, NET_NEAR, 0, &generic);
	assert_int_equal(exchange(w, xsk, &flow, 2000).any, 0);
	xsk_close(w, NET_NEAR, xsk);
}

static struct dmabufx_desc *take(struct dmabufx_xsk *xsk, uint32_t n)
{
	uint64_t until = net_now_ms() + LONG_MS;
	struct dmabufx_desc *descs;
	uint32_t have = dmabufx_xsk_rx_burst(xsk, &descs, n);

	while (!have) {
		assert_true(net_now_ms() < until);
		have = dmabufx_xsk_rx_burst(xsk, &descs, n);
	}
	assert_int_equal(have, n);
	return descs;
}

/* What the program before wrote isn't taken for what this one writes. */
static void frames_of_an_earlier_program_have_none(void **state)
{
	struct dmabufx_rx_meta meta = { .size = sizeof(meta) };
	struct net_flow flow = { NET_FAR, 7, 64 };
	struct xworld *w = *state;
	struct dmabufx_xsk *xsk = xsk_open(w, NET_NEAR, 0, &with_meta);
	struct dmabufx_desc kept;
	int raw = net_raw(w->net, NET_FAR);

	net_send(w->net, raw, &flow, 0, 1);
	kept = *take(xsk, 1);
	assert_int_not_equal(meta_of(xsk, &kept).valid, 0);
	dmabufx_xsk_rx_release(xsk, &kept, 1);
	xsk_close(w, NET_NEAR, xsk);
	xsk = xsk_open(w, NET_NEAR, 0, &with_meta);
	assert_int_equal(meta_of(xsk, &kept).valid, 0);
	kept.addr = 8;
	assert_int_equal(meta_of(xsk, &kept).valid, 0);
	kept.addr = UINT64_C(1) << 40;
	assert_fails(dmabufx_xsk_rx_meta(xsk, &kept, &meta), EINVAL, UMEM_RANGE, "beyond");
	close(raw);
	xsk_close(w, NET_NEAR, xsk);
}

/* Packets of several frames and of one by turns, so that frames are each after the other. */
static void first_frames_alone_have_some(void **state)
{
	DMABUFX_OPTS(dmabufx_xsk_opts, opts, .rx_frames = 64,
		     .flags = DMABUFX_XSK_RX_META | DMABUFX_XSK_MULTI_BUFFER);
	struct xworld *w = *state;
	struct net_flow flow = { NET_FAR, 7, XSK_JUMBO };
	struct dmabufx_xsk *xsk;
	uint32_t frames = 0, firsts = 0;
	bool more = false;
	int raw;

	net_mtu(w->net, 9000);
	xsk = xsk_open(w, NET_NEAR, 0, &opts);
	raw = net_raw(w->net, NET_FAR);
	for (uint32_t i = 0; i < 400; i++) {
		uint64_t until = net_now_ms() + LONG_MS;
		struct dmabufx_desc *descs, copy;
		bool came = false;

		flow.len = i % 3 ? 100 + i : XSK_JUMBO - i;
		net_send(w->net, raw, &flow, i, 1);
		while (!came || more) {
			uint32_t n = dmabufx_xsk_rx_burst(xsk, &descs, 4);

			for (uint32_t k = 0; k < n; k++) {
				uint32_t valid = meta_of(xsk, &descs[k]).valid;

				copy = descs[k];
				assert_int_equal(meta_of(xsk, &copy).valid, 0);
				assert_int_equal(valid, more ? 0 : DMABUFX_RX_META_HASH);
				frames++;
				firsts += !more;
				more = descs[k].options & DMABUFX_DESC_MORE;
				came = true;
			}
			dmabufx_xsk_rx_release(xsk, descs, n);
			assert_true(net_now_ms() < until);
		}
	}
	assert_true(firsts >= 400 && frames > 2 * firsts);
	close(raw);
	xsk_close(w, NET_NEAR, xsk);
}

/*
 * All frames are in the ring again while the caller has the third frame of a packet, whose
 * second one was given back: what says that it is no first frame is still there.
 */
static void frame_of_a_packet_that_was_cut_has_none(void **state)
{
	DMABUFX_OPTS(dmabufx_xsk_opts, opts, .rx_frames = 64,
		     .flags = DMABUFX_XSK_RX_META | DMABUFX_XSK_MULTI_BUFFER);
	struct net_flow small = { NET_FAR, 7, 64 }, jumbo = { NET_FAR, 7, XSK_JUMBO };
	uint64_t until = net_now_ms() + LONG_MS;
	struct xworld *w = *state;
	struct dmabufx_desc *desc;
	struct dmabufx_xsk *xsk;
	int raw;

	net_mtu(w->net, 9000);
	xsk = xsk_open(w, NET_NEAR, 0, &opts);
	raw = net_raw(w->net, NET_FAR);
	/* Each frame had a packet. */
	for (uint32_t i = 0; i < 128; i++) {
		net_send(w->net, raw, &small, i, 1);
		desc = take(xsk, 1);
		assert_int_not_equal(meta_of(xsk, desc).valid, 0);
		dmabufx_xsk_rx_release(xsk, desc, 1);
	}
	/* Of 6 frames each: 66 entries. */
	net_send(w->net, raw, &jumbo, 0, 1);
	for (int i = 0; i < 2; i++)
		dmabufx_xsk_rx_release(xsk, take(xsk, 1), 1);
	desc = take(xsk, 1);
	net_send(w->net, raw, &jumbo, 1, 10);
	while (__atomic_load_n(xsk->rx.theirs_shared, __ATOMIC_ACQUIRE) != 128 + 66)
		assert_true(net_now_ms() < until);
	assert_int_equal(meta_of(xsk, desc).valid, 0);
	close(raw);
	dmabufx_xsk_rx_release(xsk, desc, 1);
	xsk_close(w, NET_NEAR, xsk);
}

static void lanes_keep_their_bytes(struct xworld *w, uint32_t flags, uint32_t headroom)
{
	DMABUFX_OPTS(dmabufx_umem_opts, umem, .headroom = headroom);
	DMABUFX_OPTS(dmabufx_xsk_opts, opts, .flags = DMABUFX_XSK_RX_META | flags);
	struct dmabufx_xsk *near, *far;
	struct lane lanes[2];

	assert_true(xworld_umem(w, &umem, false));
	near = xsk_open(w, NET_NEAR, 0, &opts);
	far = xsk_open(w, NET_FAR, 0, &opts);
	lanes[0] = (struct lane){ .w = w, .from = near, .to = far, .flow = { NET_NEAR, 0, 64 } };
	lanes[1] = (struct lane){ .w = w, .from = far, .to = near, .flow = { NET_FAR, 7, 64 } };
	for (uint32_t len = 60; len < 1514; len += 131) {
		lanes[0].flow.len = len;
		lanes[1].flow.len = flags ? 7 * len : len;
		if (lanes[1].flow.len > XSK_JUMBO)
			lanes[1].flow.len = XSK_JUMBO;
		lanes_run(lanes, 2, 600);
	}
	assert_idle(near);
	assert_idle(far);
	xsk_close(w, NET_FAR, far);
	xsk_close(w, NET_NEAR, near);
}

static void packets_are_as_they_were_sent(void **state)
{
	lanes_keep_their_bytes(*state, 0, 0);
	lanes_keep_their_bytes(*state, 0, 66);
}

static void packets_of_several_frames_are_as_they_were_sent(void **state)
{
	net_mtu(((struct xworld *)*state)->net, 9000);
	lanes_keep_their_bytes(*state, DMABUFX_XSK_MULTI_BUFFER, 0);
}

static void port_filter_has_it_too(void **state)
{
	const uint16_t ports[] = { 7 };
	DMABUFX_OPTS(dmabufx_prog_opts, opts, .kind = DMABUFX_PROG_PORTS, .ports = ports,
		     .nports = 1, .flags = DMABUFX_PROG_META);
	struct net_flow wanted = { NET_FAR, 7, 64 }, other = { NET_FAR, 8, 64 };
	DMABUFX_OPTS(dmabufx_xsk_opts, sock);
	struct dmabufx_prog_info info = { .size = sizeof(info) };
	struct xworld *w = *state;
	struct seen seen = { 0 };
	struct dmabufx_xsk *xsk;
	int near, far;

	assert_int_equal(dmabufx_prog_attach(w->ctx, "near", &opts, &sock.prog), 0);
	assert_int_equal(dmabufx_prog_get_info(sock.prog, &info), 0);
	assert_int_equal(info.flags, DMABUFX_PROG_META);
	assert_int_equal(info.mode, DMABUFX_XDP_NATIVE);
	/* Not asked for by the socket: its program brings it. */
	xsk = xsk_open(w, NET_NEAR, 0, &sock);
	assert_int_equal(info_of(xsk).flags, DMABUFX_XSK_RX_META);
	near = net_raw(w->net, NET_NEAR);
	far = net_raw(w->net, NET_FAR);
	net_send(w->net, far, &other, 0, 20);
	net_send(w->net, far, &wanted, 0, 20);
	receive(w, xsk, &wanted, 20, &seen);
	assert_int_equal(seen.all, DMABUFX_RX_META_HASH);
	assert_int_equal(net_receive(w->net, near, &other, 0, 20, 2000), 20);
	close(near);
	close(far);
	xsk_close(w, NET_NEAR, xsk);
	dmabufx_prog_unref(sock.prog);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		xsk_narrow_case(hash_is_there_time_and_tag_are_not),
		xsk_narrow_case(tag_of_8021q_is_told),
		xsk_narrow_case(tag_of_8021ad_is_told),
		xsk_narrow_case(other_programs_have_none),
		xsk_narrow_case(frames_of_an_earlier_program_have_none),
		xsk_narrow_case(first_frames_alone_have_some),
		xsk_narrow_case(frame_of_a_packet_that_was_cut_has_none),
		xsk_narrow_case(packets_are_as_they_were_sent),
		xsk_narrow_case(packets_of_several_frames_are_as_they_were_sent),
		xsk_narrow_case(port_filter_has_it_too),
	};

	net_need_privilege();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

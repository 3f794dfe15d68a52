// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The other side of what is measured: a generator, run by BPF_PROG_TEST_RUN with live
 * frames, and programs that drop or reflect what arrives. Compiled at build time,
 * with linux/bpf.h included by the command line.
 */
#include <bpf/bpf_helpers.h>

char bench_license[] SEC("license") = "GPL";

/* struct gen_control of bench.h. */
struct {
	__u64 interval_ns;
	__u64 limit;
	__u64 next;
	__u64 sent;
} control SEC(".data.control");

/* Frames that aren't due yet are dropped, and come again. */
SEC("xdp")
int generate(struct xdp_md *ctx)
{
	__u64 now;

	if (control.sent >= control.limit)
		return XDP_DROP;
	if (control.interval_ns) {
		now = bpf_ktime_get_ns();
		if (now < control.next)
			return XDP_DROP;
		/* What a pause has made late isn't made up for. */
		if (now > control.next + 100000)
			control.next = now;
		control.next += control.interval_ns;
	}
	control.sent++;
	return XDP_TX;
}

SEC("xdp")
int drop(struct xdp_md *ctx)
{
	return XDP_DROP;
}

SEC("xdp")
int reflect(struct xdp_md *ctx)
{
	return XDP_TX;
}

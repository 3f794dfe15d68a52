// SPDX-License-Identifier: LGPL-2.1-or-later
/* Programs that write metadata before packets: whether they can be, and for which interface. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "base/fail.h"
#include "sys/netdev.h"
#include "sys/sys.h"
#include "uapi/netdev.h"
#include "xsk/prog_priv.h"
#include "xsk/rx_meta.h"

#ifndef BPF_F_XDP_DEV_BOUND_ONLY
#define BPF_F_XDP_DEV_BOUND_ONLY (1U << 6) /* linux/bpf.h, 6.3 */
#endif

#define SETTINGS_MAP ".rodata"

static const struct {
	const char *name;
	uint64_t bit;
} kfuncs[] = {
	{ "bpf_xdp_metadata_rx_timestamp", DX_RX_META_TIMESTAMP }, /* 6.3 */
	{ "bpf_xdp_metadata_rx_hash", DX_RX_META_HASH }, /* 6.3 */
	{ "bpf_xdp_metadata_rx_vlan_tag", DX_RX_META_VLAN }, /* 6.8 */
};

/* Which of the functions the kernel has. */
static int find_kfuncs(const struct dmabufx_prog *prog, uint64_t *ret)
{
	struct btf *btf = btf__load_vmlinux_btf();

	*ret = 0;
	if (!btf)
		return dx_fail(-EOPNOTSUPP, DMABUFX_REASON_NO_METADATA,
			       "%s: metadata of received packets takes a kernel with BTF, and this one shows none (%s): build it with CONFIG_DEBUG_INFO_BTF, or do without",
			       prog->ifname, dmabufx_strerror(-errno));
	for (size_t i = 0; i < sizeof(kfuncs) / sizeof(kfuncs[0]); i++) {
		if (btf__find_by_name_kind(btf, kfuncs[i].name, BTF_KIND_FUNC) > 0)
			*ret |= kfuncs[i].bit;
	}
	btf__free(btf);
	if (!*ret)
		return dx_fail(-EOPNOTSUPP, DMABUFX_REASON_NO_METADATA,
			       "%s: this kernel tells XDP programs no metadata; Linux 6.3 does",
			       prog->ifname);
	return 0;
}

/* A kernel that doesn't tell (before 6.7) is tried: packets then say what there is. */
static int check_driver(const struct dmabufx_prog *prog)
{
	char driver[DX_NETDEV_DRIVER_MAX] = "";
	struct dx_netdev_xdp xdp;
	struct dx_sys *sys = prog->ctx->sys;

	if (dx_netdev_xdp(sys, prog->ifindex, &xdp))
		return 0;
	dx_netdev_driver(sys, prog->ifname, driver, sizeof(driver));
	if (!(xdp.features & NETDEV_XDP_ACT_BASIC))
		return dx_fail(-EOPNOTSUPP, DMABUFX_REASON_NO_METADATA,
			       "%s: its driver %s runs no XDP program, and metadata comes from the driver: do without",
			       prog->ifname, driver);
	if (xdp.knows_rx_metadata && !xdp.rx_metadata)
		return dx_fail(-EOPNOTSUPP, DMABUFX_REASON_NO_METADATA,
			       "%s: its driver %s tells XDP programs neither time, hash nor VLAN tag: do without",
			       prog->ifname, driver);
	return 0;
}

int dx_prog_meta_check(const struct dmabufx_prog *prog, const struct dmabufx_prog_opts *o,
		       const struct dx_prog_there *there)
{
	if (o->mode == DMABUFX_XDP_GENERIC)
		return dx_fail(-EOPNOTSUPP, DMABUFX_REASON_NO_METADATA,
			       "%s: metadata comes from the driver, and generic XDP doesn't run there: use DMABUFX_XDP_NATIVE, or do without",
			       prog->ifname);
	if (there->id)
		return dx_fail(-EBUSY, DMABUFX_REASON_PROG_BUSY,
			       "%s: a program that reads metadata is bound to its interface, and can't join libxdp's dispatcher, program %u, which isn't: detach that (xdp-loader unload %s --all), or do without",
			       prog->ifname, there->id, prog->ifname);
	return 0;
}

/* Another one for each program, so that what an earlier one left in a frame isn't taken for its. */
static uint64_t make_mark(const struct dmabufx_prog *prog)
{
	static uint64_t count;
	uint64_t n = __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
	struct dx_sys *sys = prog->ctx->sys;

	return UINT64_C(0xd3ab000000000001) ^ sys->now_ms(sys) << 16 ^ n << 1;
}

int dx_prog_meta_set(struct dmabufx_prog *prog)
{
	struct bpf_map *map = bpf_object__find_map_by_name(prog->obj, SETTINGS_MAP);
	struct dx_rx_meta_settings settings = { .mark = make_mark(prog) };
	uint64_t have;
	int err = find_kfuncs(prog, &have);

	if (!err)
		err = check_driver(prog);
	if (err)
		return err;
	settings.kfuncs = have;
	err = map ? bpf_map__set_initial_value(map, &settings, sizeof(settings)) : -ENOENT;
	if (!err)
		err = bpf_program__set_flags(prog->bpf, bpf_program__flags(prog->bpf) |
								BPF_F_XDP_DEV_BOUND_ONLY);
	if (err)
		return dx_fail_sys(err, "setting up the program that writes metadata");
	/* The program alone: maps that are bound to a device would have to be in it. */
	bpf_program__set_ifindex(prog->bpf, prog->ifindex);
	prog->mark = settings.mark;
	prog->flags |= DMABUFX_PROG_META;
	return 0;
}

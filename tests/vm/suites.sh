#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs all tests of the lab, in as few boots as they allow. Prints each case as
# cmocka does, a line a boot, and at the end "N passed, N failed, N skipped".
set -euo pipefail
# shellcheck source=tests/vm/boots.sh
. "$(dirname "$0")/boots.sh"

usage()
{
	cat <<-EOF
	usage: tests/vm/suites.sh [--build DIR] [--flavour mainline|lts] [--all | --debug]
	  --build DIR    a build with -Dtests=true -Dexamples=true (build)
	  --flavour F    which kernel (mainline)
	  --all          add the long ones: everything on the second IOMMU, thousands of rounds
	  --debug        the long ones on a kernel that looks for its own mistakes (with lts)
	Exit status: 0 all passed or skipped, 1 something failed, 2 usage.
	EOF
}

build=$top/build
flavour=mainline
long=
debug=
# What each boot of the lab is told besides.
kernel=()

# What is about the device and the kernel, whatever IOMMU stands between.
main_job=(test_job test_reset test_reset_busy test_reset_other test_share test_table_export
	test_table_map test_table_memory test_table_revoke)
rest=(test_bad test_open test_type1 test_bind test_probe)
# Random; the numbers are those of --all and --debug, and otherwise.
long_fuzz="fuzz --seconds 300" short_fuzz="fuzz --seconds 10"
long_seq="seq --rounds 10000 --depth 4" short_seq="seq --rounds 20"
# The last one upsets a kernel that loses IOVAs. With 100,000 maps for --all and --debug.
importer=(test_importer test_importer_revoke test_importer_fail)
maps=(--env IMPORTER_ROUNDS=100000)
# Two cards have one UMEM, and what checks mappings warns of memory that is mapped twice:
# kernel/dma/debug.c, add_dma_entry(), 6.18.
no_dma_debug=(--append dma_debug=off)
# Unit tests of the kernel.
kunit=(pci-p2pdma dma-buf-mapping dma-buf-link dma-buf-iov)

# boot LABEL OPTION...: one boot of the lab, for the programs whose lines come on stdin.
boot()
{
	sed "s/^/timeout=$((long ? 20000 : 1200)) /" |
		boot_programs "$1" --build "$build" --flavour "$flavour" \
			${kernel[@]+"${kernel[@]}"} "${@:2}"
}

# programs NAME...: tests of the build, a line each.
programs()
{
	printf 'tests/vm/%s\n' "$@"
}

# part NAME COMMAND...: one that tells its own cases; an end without a failed one is a failure.
part()
{
	local before

	before=$(count FAILED)
	"${@:2}" | tee -a "$out/cases" || [ "$(count FAILED)" -gt "$before" ] ||
		tell FAILED "$1" "it ended early"
}

while [ $# -gt 0 ]; do
	case $1 in
	--build | --flavour)
		[ $# -gt 1 ] || { usage >&2; exit 2; }
		declare "${1#--}=$2"
		shift
		;;
	--all) long=1 ;;
	--debug) debug=1 ;;
	--help) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
	shift
done
build=$(realpath "$build")

if [ -n "$debug" ]; then
	kernel=(--with debug --with iommufd-test --mem 4G --boot-timeout 600)
	long=1
	flavour=lts
fi
own=
[ "$flavour" != lts ] || own=1

# The library, what the kernel answers it, and what only our kernel can.
{
	programs "${main_job[@]}" "${rest[@]}" test_importer ${own:+test_lts test_iov}
	echo "$top/tests/vm/smoke.py"
	[ -z "$own" ] || echo "$top/tests/vm/kunit.py ${kunit[*]}"
	# Mainline warns now and then: drivers/iommu/generic_pt/iommu_pt.h, vtdss_map_range().
	[ -n "$long" ] || [ -z "$own" ] || programs "$short_fuzz"
} | boot vtd
programs test_groups | boot groups --profile groups
programs test_hotreset test_reset_hot | boot hotreset --profile hotreset
{
	programs test_xsk_query
	# The command waits seconds for a link, and such a kernel takes longer.
	[ -n "$debug" ] || echo "$top/tests/vm/xsk_cli.py"
} | boot cards --profile cards ${debug:+"${no_dma_debug[@]}"}
programs test_xsk test_xsk_tx test_xsk_meta | boot wire ${debug:+"${no_dma_debug[@]}"}
# The firmware keeps the ports' errors to itself.
[ -z "$own" ] || programs test_aer | boot aer --profile aer --append pcie_ports=native
# By a host bridge that is trusted, and by a switch without the IOMMU.
programs "${importer[@]}" | boot host-bridge --profile small --cpu EPYC ${long:+"${maps[@]}"}
programs "${importer[@]}" | boot switch --profile switch --append iommu=pt
programs "${main_job[@]}" ${long:+"${rest[@]}"} | boot virtio-iommu --iommu virtio-iommu
# Where time is instructions, waiting costs none.
{
	if [ -n "$long" ]; then programs "$long_seq"; else programs "$short_seq"; fi
	[ -z "$long" ] || [ -z "$own" ] || echo "IOV_ROUNDS=10000 tests/vm/test_iov"
} | boot seq --icount
if [ -z "$debug" ]; then
	{
		echo "tests/bench/bench-cost --gate"
		[ -z "$own" ] || echo "$top/tests/vm/kunit.py icssg-xsk-cost"
	} | boot cost --icount
fi
if [ -n "$long" ] && [ -n "$own" ] && [ -z "$debug" ]; then
	# Ten minutes; and an hour, in which igb's link comes back 1,000 times.
	for case in zero_copy_packets forwarded_packets; do
		echo "VM_CASES=$case* XSK_PACKETS=10000000 tests/vm/test_xsk"
	done | boot wire-packets
	echo "VM_CASES=each_close* XSK_ROUNDS=1000 tests/vm/test_xsk" | boot wire-closes
	# libxdp's dispatcher, which needs a kernel that knows its types.
	for name in prog prog_fail prog_ports prog_share; do
		echo "NET_OBJECTS=$build/tests/net tests/net/test_$name"
	done | boot dispatcher --with btf
fi
if [ -n "$long" ]; then
	[ -z "$own" ] || programs "$long_fuzz" | boot fuzz
	echo "$top/tests/vm/soak.sh" | boot soak
fi
if [ -n "$own" ] && [ -z "$debug" ]; then
	part kselftest "$top/tests/vm/kselftest.sh" ${long:+--all}
	[ -z "$long" ] || part compare "$top/tests/bench/compare.py" --build "$build" --cases
fi

close_cases

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Shows the main job on a real kernel: sets up what is missing, builds, boots the
# lab and lets one device write into another's memory, through a reset.
set -euo pipefail
cd "$(dirname "$0")/.."

usage()
{
	cat <<-EOF
	usage: tools/demo.sh [--flavour lts|mainline] [--iommu vtd|virtio-iommu]
	  --flavour  the kernel: 6.18 LTS with our patches (the default), or a newer one without
	Needs Debian, root or sudo, and a network the first time: then up to 15 minutes,
	later under one. Nothing outside build/ and the cache of the lab is written, but
	for packages that are missing.
	EOF
}

flavour=lts
iommu=vtd
while [ $# -gt 0 ]; do
	case $1 in
	--flavour)
		flavour=${2:-}
		[[ $flavour =~ ^(lts|mainline)$ ]] || { usage >&2; exit 2; }
		shift
		;;
	--iommu)
		iommu=${2:-}
		[[ $iommu =~ ^(vtd|virtio-iommu)$ ]] || { usage >&2; exit 2; }
		shift
		;;
	--help) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
	shift
done

build=$PWD/build/demo
log=$build.log
kernel_log=$build-kernel.log
kernel_pid=

say()
{
	printf '[%2d:%02d] %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$*"
}

# A line that is redrawn on a terminal; elsewhere one each time it says something new.
told=
tell()
{
	if [ -t 1 ]; then
		printf '\r\033[K[%2d:%02d] %s' $((SECONDS / 60)) $((SECONDS % 60)) "$*"
	elif [ "$told" != "$*" ]; then
		say "$*"
	fi
	told=$*
}

told_end()
{
	[ ! -t 1 ] || printf '\r\033[K'
}

die()
{
	told_end
	say "FAILED: $1"
	[ -z "${2:-}" ] || tail -n 15 "$2" | sed 's/^/        /'
	exit 1
}

clean_up()
{
	[ -z "$kernel_pid" ] || kill -- "-$kernel_pid" 2>/dev/null || true
}

install_packages()
{
	tools/setup.sh --lab-only >"$log" 2>&1 &
	wait_for $! "1. Packages" "$log" || die "packages are missing" "$log"
	say "1. Packages: $(tail -n 1 "$log")"
}

# wait_for PID TITLE LOG: shows the log's last line until the process ends.
wait_for()
{
	local line

	while kill -0 "$1" 2>/dev/null; do
		line=$(tail -n 1 "$3")
		[ -z "$line" ] || tell "$2: $line"
		sleep 0.5
	done
	told_end
	wait "$1"
}

# In a process group of its own, so that it ends with this script.
start_kernel()
{
	set -m
	kernel/scripts/build "$flavour" >"$kernel_log" 2>&1 </dev/null &
	kernel_pid=$!
	set +m
}

build_library()
{
	local start=$SECONDS

	if ! { [ -e "$build/build.ninja" ] || meson setup "$build" --buildtype=release; } \
		>"$log" 2>&1 || ! ninja -C "$build" >>"$log" 2>&1; then
		die "the library does not build" "$log"
	fi
	say "2. Library and command: built in $((SECONDS - start)) s"
}

# What was built, the last line of the kernel's log being its folder.
release()
{
	local series=kernel/patches/6.18/series ours=

	[ "$flavour" != lts ] || ours=" with $(grep -c '^[a-z].*[.]patch$' $series) patches of ours"
	echo "Linux $(cat "$(tail -n 1 "$kernel_log")/release")$ours"
}

wait_for_kernel()
{
	local start=$SECONDS

	if ! wait_for "$kernel_pid" "3. Kernel" "$kernel_log"; then
		kernel_pid=
		die "there is no kernel to boot" "$kernel_log"
	fi
	kernel_pid=
	if ((SECONDS - start > 2)); then
		say "3. Kernel: $(release) built; kept for the next time"
	else
		say "3. Kernel: $(release), built earlier"
	fi
}

# The runner's verdict and its second copy of what a failed program printed.
without_report()
{
	sed -u -e '/^[0-9]* passed, .* skipped/d' -e '/^FAIL .*demo-guest/,/^logs: /{/^logs: /!d}'
}

run_in_guest()
{
	local status=0

	say "4. Guest: QEMU without KVM, an emulated IOMMU ($iommu), PCI devices that do real DMA"
	tests/vm/run --build "$build" --flavour "$flavour" --profile small --iommu "$iommu" -q -v \
		-- "$PWD/tools/demo-guest.sh" </dev/null | without_report || status=$?
	echo
	[ "$status" -eq 0 ] || die "the main job did not pass; what is above says where it stopped"
}

cat <<-EOF
libdmabufx: one PCI device's memory put in front of another device, on a real kernel.

EOF
mkdir -p build
# Before whoever writes them starts: they are read at once.
: >"$log"
: >"$kernel_log"
trap clean_up EXIT
install_packages
start_kernel
build_library
wait_for_kernel
run_in_guest
say "PASSED"
cat <<-EOF

One device wrote into the other's memory. While nothing was mapped, the IOMMU stopped
it. After the reset, which takes every mapping away, the library had the mapping back at
the same address, and the device wrote there again.

What to do next:
  build/demo/tools/dmabufx/dmabufx probe     what this machine itself can do, without the lab
  tests/vm/shell --build build/demo --flavour $flavour   a shell in the guest
  man -l build/demo/docs/man3/libdmabufx.3   the manual
  examples/, README.md                       use it from C
  tests/run.sh                               all tests
EOF

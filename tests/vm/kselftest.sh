#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds kernel selftests of the lab's trees and runs them in the lab. Prints each case as
# cmocka does, a line a boot, and at the end "N passed, N failed, N skipped".
set -euo pipefail
# shellcheck source=tests/vm/boots.sh
. "$(dirname "$0")/boots.sh"

usage()
{
	cat <<-EOF
	usage: tests/vm/kselftest.sh [--flavour mainline|lts] [--tree DIR] [--all]
	  --flavour F  which kernel runs vfio_pci_dmabuf_test of the series (lts)
	  --tree DIR   a kernel tree to take the series' selftests from
	  --all        also the other selftests of vfio, the series' and mainline's, on both
	               kernels, and those of iommu, on lts with the mock IOMMU
	Exit status: 0 all passed or skipped, 1 something failed, 2 usage.
	EOF
}

flavour=lts
tree=
long=

# kernel_tree FLAVOUR: the unpacked and patched source, which a cached build need not have left.
kernel_tree()
{
	"$top/kernel/scripts/build" "$1" --config >/dev/null
	echo "$cache/build/$1/tree"
}

# pack TREE: what selftests are made of, without what was built there, and with the
# drivers' headers that they link to.
pack()
{
	tar -C "$1" --dereference --exclude='*.[od]' -cf - scripts/subarch.include \
		tools/include tools/arch/x86/include drivers/iommu/iommufd \
		tools/testing/selftests/{lib.mk,kselftest.h,kselftest_harness.h,vfio,iommu}
}

# copy TREE DIR: unless it is there. A copy, since the Makefile of vfio compiles beside
# the source, and since the guest is slower than the harness thinks.
copy()
{
	local digest
	digest=$(pack "$1" | sha256sum)
	[ "$digest" != "$(cat "$2/copy.is" 2>/dev/null || true)" ] || return 0
	rm -rf "$2/src"
	mkdir -p "$2/src"
	pack "$1" | tar -C "$2/src" -xf -
	sed -i '/define TEST_TIMEOUT_DEFAULT/s/[0-9].*/600/' \
		"$2/src/tools/testing/selftests/kselftest_harness.h"
	ln -sfnT src/tools/testing/selftests/vfio "$2/vfio"
	ln -sfnT src/tools/testing/selftests/iommu "$2/iommu"
	echo "$digest" >"$2/copy.is"
}

# How the build says that libcap-dev or uuid-dev isn't installed.
missing='cannot find -l(cap|uuid)|fatal error: (sys/capability|uuid/uuid)[.]h'

# selftests TREE WHICH NAME: builds those of vfio or iommu; sets programs, the folder they are in.
selftests()
{
	local from=$1 which=$2 log
	programs=$cache/kselftest/$3
	log=$programs/$which.log
	mkdir -p "$programs/headers"
	copy "$from" "$programs"
	{
		make -C "$from" O="$programs/headers" headers &&
			make -C "$programs/$which" \
				KHDR_INCLUDES="-isystem $programs/headers/usr/include"
	} >"$log" 2>&1 && return
	if grep -qE "$missing" "$log"; then
		tell SKIPPED "kselftest/$3/$which" "$(grep -m 1 -E "$missing" "$log")"
	else
		tail -n 5 "$log"
		tell FAILED "kselftest/$3/$which" "it does not build; the log is $log"
	fi
	return 1
}

# boot LABEL FLAVOUR OPTION...: the programs whose lines come on stdin.
boot()
{
	sed "s|^|timeout=3000 $top/tests/vm/kselftest_run |" |
		boot_programs "kselftest-$1" --build "$programs" --flavour "$2" "${@:3}"
}

# The other selftests of vfio, of one tree, on both kernels.
vfio_on_both()
{
	local kernel test

	selftests "$1" vfio "$2" || return 0
	for kernel in lts mainline; do
		for test in "$programs"/vfio/vfio_*_test; do
			case $test in
			*_dmabuf_test) continue ;;
			esac
			printf '%s vfio/%s\n' IGB0 "${test##*/}" EDU0 "${test##*/}"
		done | boot "$2-on-$kernel" "$kernel" --append vfio_pci.enable_sriov=1
	done
}

while [ $# -gt 0 ]; do
	case $1 in
	--flavour | --tree)
		[ $# -gt 1 ] || { usage >&2; exit 2; }
		declare "${1#--}=$2"
		shift
		;;
	--all) long=yes ;;
	--help) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
	shift
done
case $flavour in
mainline | lts) ;;
*) usage >&2; exit 2 ;;
esac
name=lts
[ -z "$tree" ] || name=$(basename "$(realpath "$tree")")
tree=${tree:-$(kernel_tree lts)}

if selftests "$tree" vfio "$name"; then
	printf '%s vfio/vfio_pci_dmabuf_test\n' EDU0 IVSHMEM1 NVME0 IGB0 | boot dmabuf "$flavour"
fi
if [ -n "$long" ]; then
	vfio_on_both "$tree" "$name"
	if selftests "$tree" iommu "$name"; then
		printf -- '- iommu/%s\n' iommufd iommufd_fail_nth |
			boot iommu lts --with iommufd-test
	fi
	mainline=$(kernel_tree mainline)
	vfio_on_both "$mainline" mainline
	if selftests "$mainline" iommu mainline; then
		echo "- iommu/iommufd -t dmabuf_simple -t dmabuf_revoke" |
			boot iommu-of-mainline lts --with iommufd-test
	fi
fi

close_cases

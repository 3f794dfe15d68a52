#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs all tests of the lab, in as few boots as they allow. Prints each case as
# cmocka does, a line a boot, and at the end "N passed, N failed, N skipped".
set -euo pipefail
top=$(realpath "$(dirname "$0")/../..")

usage()
{
	cat <<-EOF
	usage: tests/vm/suites.sh [--build DIR] [--flavour mainline|lts] [--all]
	  --build DIR    a build with -Dtests=true -Dexamples=true (build)
	  --flavour F    which kernel (mainline)
	  --all          add the long ones: everything on the second IOMMU, hundreds of rounds
	Exit status: 0 all passed or skipped, 1 something failed, 2 usage.
	EOF
}

build=$top/build
flavour=mainline
long=
out=$(mktemp -d "${TMPDIR:-/tmp}/suites.XXXXXX")
trap 'rm -rf "$out"' EXIT

# What is about the device and the kernel, whatever IOMMU stands between.
main_job=(test_job test_reset test_reset_busy test_table_export test_table_map test_table_memory
	test_table_revoke)
rest=(test_bad test_open test_type1 test_bind test_probe)

# boot LABEL OPTION...: one boot of the lab, for the programs whose lines come on stdin.
# With one processor: QEMU 10 with several has been seen to end on an assertion of
# its own when a BAR moves on one while the other reads it, as around a reset, and
# to lose one's timer after minutes of load.
boot()
{
	local label=$1 json=$out/$1.json status=0

	sed 's/^/timeout=1200 /' >"$out/programs"
	"$top/tests/vm/run" --smp 1 --build "$build" --flavour "$flavour" -q \
		--list "$out/programs" --json "$json" "${@:2}" >"$out/said" </dev/null || status=$?
	python3 -B "$top/tests/vm/cases.py" "$label" "$json" "$status" | tee -a "$out/cases"
	grep -E '^[0-9]+ passed, ' "$out/said" || tail -n 3 "$out/said"
}

# programs NAME...: tests of the build, a line each.
programs()
{
	printf 'tests/vm/%s\n' "$@"
}

count()
{
	grep -c "^\[ *$1 *\]" "$out/cases" || true
}

while [ $# -gt 0 ]; do
	case $1 in
	--build | --flavour)
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
build=$(realpath "$build")

{
	programs "${main_job[@]}" "${rest[@]}"
	echo "$top/tests/vm/smoke.py"
} | boot vtd
programs test_groups | boot groups --profile groups
programs "${main_job[@]}" ${long:+"${rest[@]}"} | boot virtio-iommu --iommu virtio-iommu
echo "tests/bench/bench-cost --gate" | boot cost --icount
[ -z "$long" ] || echo "$top/tests/vm/soak.sh" | boot soak

failed=$(count FAILED)
echo "$(count OK) passed, $failed failed, $(count SKIPPED) skipped"
[ "$failed" -eq 0 ]

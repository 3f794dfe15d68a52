#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds the tree every way and runs every suite. The last line is always
# "N passed, N failed, N skipped", counted in single test cases (see count.py);
# above it stand the failures and the skips with their reasons.
set -euo pipefail
cd "$(dirname "$0")/.."

usage()
{
	cat <<-EOF
	usage: tests/run.sh [--all | --quick] [--suite NAME]...
	  --all         add the long suites: soaks, fuzzing, sequences of 10,000 rounds
	  --quick       no lab, no valgrind
	  --suite NAME  only this one: ${all_suites[*]}
	  --no-setup    take for granted that tools/setup.sh has run
	Builds and logs are below build/; what is built is used again the next time.
	Exit status: 0 all passed, 1 something failed, 2 usage.
	EOF
}

all_suites=(unit style install sanitize clang valgrind vm)
suites=()
setup=yes
long=
skipped=()
build=$PWD/build
logs=$build/logs
cases=$build/cases
kernel_pid=

# Where the library could leak, misuse memory or rely on luck, stop at once.
export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
memcheck=(valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=all
	--errors-for-leak-kinds=all --child-silent-after-fork=yes)

say()
{
	printf '[%2d:%02d] %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$*"
}

wanted()
{
	[[ " ${suites[*]} " == *" $1 "* ]]
}

# failed NAME REASON: a case for something that broke before any test could run.
failed()
{
	printf 'fail\t%s\t%s\n' "$1" "$2" >>"$cases/$1"
	say "$1: FAILED: $2"
}

# tally NAME: a step's cases in a few words.
tally()
{
	awk -F '\t' -v name="$1" '
		{ n[$1]++ }
		END {
			printf "%s: %d passed, %d failed, %d skipped", name, n["pass"], n["fail"],
				n["skip"]
		}
	' "$cases/$1"
}

# meson_setup DIR OPTION...: configures again only where the options are new ones.
meson_setup()
{
	local dir=$1 options=(-Dtests=true -Dexamples=true -Dwerror=true "${@:2}")

	if [ "$(cat "$dir/.options" 2>/dev/null || true)" != "${CC:-cc} ${options[*]}" ]; then
		rm -rf "$dir"
		meson setup "$dir" "${options[@]}"
		echo "${CC:-cc} ${options[*]}" >"$dir/.options"
	fi
}

# build_tree NAME OPTION...: a build directory, with the compiler of $CC and $CXX.
build_tree()
{
	local name=$1 log=$logs/build-$1.log start=$SECONDS

	if meson_setup "$build/$name" "${@:2}" >"$log" 2>&1 &&
		ninja -k 0 -C "$build/$name" >>"$log" 2>&1; then
		say "build $name: done in $((SECONDS - start)) s"
		return 0
	fi
	grep -E ' error: |ERROR: |undefined reference' "$log" |
		awk '!seen[$0]++ && n++ < 20 { print "        " $0 }' || true
	failed "build-$name" "see $log"
	return 1
}

# meson_suite NAME DIR OPTION...: runs tests of a build, counts their cases.
meson_suite()
{
	local name=$1 dir=$build/$2 log=$logs/$1.log start=$SECONDS json

	rm -f "$dir/meson-logs/run-$name"*.json
	# Its exit status is in the cases; here it only decides what is worth showing.
	meson test -C "$dir" --no-rebuild --logbase "run-$name" --print-errorlogs "${@:3}" \
		>"$log" 2>&1 ||
		awk '/^ *[0-9]+\/[0-9]+ .* (FAIL|TIMEOUT|ERROR) / && !seen[$2 $4]++' "$log"
	json=$(find "$dir/meson-logs" -name "run-$name*.json")
	if [ -z "$json" ]; then
		failed "$name" "no test ran: $(tail -n 1 "$log")"
		return
	fi
	python3 -B tests/count.py meson "$name" "$json" >>"$cases/$name"
	say "$(tally "$name") ($((SECONDS - start)) s, log $log)"
}

run_setup()
{
	local start=$SECONDS

	say "set-up: packages that are missing are installed"
	if tools/setup.sh >"$logs/setup.log" 2>&1; then
		say "set-up: done in $((SECONDS - start)) s"
	else
		tail -n 5 "$logs/setup.log" | sed 's/^/        /'
		failed set-up "$(tail -n 1 "$logs/setup.log")"
	fi
}

# The kernel takes minutes when it is new, so it is built beside the other suites;
# in a process group of its own, so that it ends with this script.
start_kernel()
{
	say "kernel: build started beside the other suites, log $logs/kernel.log"
	set -m
	kernel/scripts/build mainline >"$logs/kernel.log" 2>&1 </dev/null &
	kernel_pid=$!
	set +m
}

wait_for_kernel()
{
	local start=$SECONDS

	while kill -0 "$kernel_pid" 2>/dev/null; do
		if (((SECONDS - start) % 30 == 29)); then
			say "kernel: $(tail -n 1 "$logs/kernel.log")"
		fi
		sleep 1
	done
	if ! wait "$kernel_pid"; then
		kernel_pid=
		failed kernel "$(tail -n 1 "$logs/kernel.log"), see $logs/kernel.log"
		return 1
	fi
	kernel_pid=
	say "kernel: ready, $((SECONDS - start)) s after the other suites"
}

# What needs no lab and is not about the tree: tests of the library and of the
# command. Whoever adds a suite needs no word here unless it is of another kind.
other_kinds=(style docs install vm bench long)
plain=("${other_kinds[@]/#/--no-suite=}")

suite_unit()
{
	meson_suite unit gcc "${plain[@]}"
	if [ -n "$long" ] && meson test -C "$build/gcc" --list --suite long | grep -q .; then
		meson_suite long gcc --suite long
	fi
}

suite_style()
{
	meson_suite style gcc --suite style --suite docs
}

suite_install()
{
	meson_suite install gcc --suite install
}

suite_valgrind()
{
	meson_suite valgrind gcc "${plain[@]}" --timeout-multiplier 20 --wrapper "${memcheck[*]}"
}

suite_sanitize()
{
	build_tree sanitize -Db_sanitize=address,undefined -Db_lundef=false -Ddocs=false || return 0
	meson_suite sanitize sanitize "${plain[@]}" --timeout-multiplier 5
}

suite_clang()
{
	CC=clang CXX=clang++ build_tree clang -Ddocs=false || return 0
	meson_suite clang clang "${plain[@]}"
}

suite_vm()
{
	local log=$logs/vm.log start=$SECONDS status=0

	wait_for_kernel || return 0
	if [ ! -x tests/vm/suites.sh ]; then
		failed vm "tests/vm/suites.sh is missing"
		return
	fi
	say "vm: boots the lab, log $log"
	# A line a boot is progress; it must not look like the closing line.
	tests/vm/suites.sh --build "$build/gcc" ${long:+--all} </dev/null 2>&1 | tee "$log" |
		sed -un 's/^\([0-9]* passed, .* skipped\) (\(.*\))$/        \2: \1/p' || status=$?
	python3 -B tests/count.py text vm "$log" "$status" >"$cases/vm"
	say "$(tally vm) ($((SECONDS - start)) s)"
}

clean_up()
{
	if [ -n "$kernel_pid" ]; then
		kill -- "-$kernel_pid" 2>/dev/null || true
	fi
}

close()
{
	local name

	for name in ${skipped[@]+"${skipped[@]}"}; do
		echo "not run $name"
	done
	# The last line of all.
	python3 -B tests/count.py sum "$cases"/*
}

while [ $# -gt 0 ]; do
	case $1 in
	--all) long=yes ;;
	--quick)
		suites=(unit style install sanitize clang)
		skipped+=("vm: --quick" "valgrind: --quick")
		;;
	--suite)
		[[ " ${all_suites[*]} " == *" ${2:-} "* ]] || { usage >&2; exit 2; }
		suites+=("$2")
		shift
		;;
	--no-setup) setup= ;;
	--help) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
	shift
done
[ ${#suites[@]} -gt 0 ] || suites=("${all_suites[@]}")
[ -n "$long" ] || skipped+=("the long suites: tests/run.sh --all adds them")

rm -rf "$logs" "$cases"
mkdir -p "$logs" "$cases"
: >"$cases/none"
trap clean_up EXIT
[ -z "$setup" ] || run_setup
! wanted vm || start_kernel
if build_tree gcc; then
	for suite in "${all_suites[@]}"; do
		! wanted "$suite" || "suite_$suite"
	done
fi
close

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
	  --all         add the long ones: soaks, sequences of 10,000 rounds, the debug kernel
	  --quick       no lab, no valgrind
	  --suite NAME  only this one: ${all_suites[*]}
	  --no-setup    take for granted that tools/setup.sh has run
	Builds and logs are below build/; what is built is used again the next time.
	Exit status: 0 all passed, 1 something failed, 2 usage.
	EOF
}

# The lab's: "vm" on mainline's kernel, "lts" on ours, "debug" on ours looking for its mistakes;
# "kunit" needs no lab.
all_suites=(unit style install net sanitize clang valgrind vm lts kunit debug)
suites=()
setup=yes
long=
skipped=()
build=$PWD/build
logs=$build/logs
cases=$build/cases
kernels_pid=

# Where the library could leak, misuse memory or rely on luck, stop at once.
export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export TSAN_OPTIONS=halt_on_error=1
# One thread runs at a time; not in turn, one that never sleeps may keep all others from it.
memcheck=(valgrind --quiet --fair-sched=yes --error-exitcode=99 --leak-check=full
	--show-leak-kinds=all --errors-for-leak-kinds=all --child-silent-after-fork=yes)

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

# What a suite boots: the arguments of kernel/scripts/build.
declare -A kernels=(
	[vm]="mainline"
	[lts]="lts"
	[kunit]="kunit"
	[debug]="lts --with debug --with iommufd-test"
)

# A kernel takes minutes when it is new, so they are built, one after the other, beside
# the other suites; in a process group of its own, so that it ends with this script.
start_kernels()
{
	local suite asked=()

	for suite in vm lts kunit debug; do
		wanted "$suite" || continue
		say "kernel of $suite: built beside the other suites, log $logs/kernel-$suite.log"
		: >"$logs/kernel-$suite.log"
		asked+=("$suite")
	done
	set -m
	for suite in ${asked[@]+"${asked[@]}"}; do
		# shellcheck disable=SC2086 # words
		if kernel/scripts/build ${kernels[$suite]} >"$logs/kernel-$suite.log" 2>&1; then
			: >"$logs/kernel-$suite.done"
		else
			: >"$logs/kernel-$suite.failed"
		fi
	done </dev/null &
	kernels_pid=$!
	set +m
}

wait_for_kernel()
{
	local suite=$1 log=$logs/kernel-$1.log start=$SECONDS

	until [ -e "${log%.log}.done" ]; do
		if [ -e "${log%.log}.failed" ] || ! kill -0 "$kernels_pid" 2>/dev/null; then
			failed "$suite" "no kernel: $(tail -n 1 "$log"), see $log"
			return 1
		fi
		if (((SECONDS - start) % 30 == 29)); then
			say "kernel of $suite: $(tail -n 1 "$log")"
		fi
		sleep 1
	done
	say "kernel of $suite: ready, waited $((SECONDS - start)) s"
}

# What needs no lab and is not about the tree: tests of the library and of the
# command. Whoever adds a suite needs no word here unless it is of another kind.
other_kinds=(style docs install net vm bench long)
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

# Real interfaces, in network namespaces; also with the sanitizers, where they are built.
suite_net()
{
	meson_suite net gcc --suite net
}

suite_valgrind()
{
	meson_suite valgrind gcc "${plain[@]}" --timeout-multiplier 20 --wrapper "${memcheck[*]}"
}

suite_sanitize()
{
	build_tree sanitize -Db_sanitize=address,undefined -Db_lundef=false -Ddocs=false || return 0
	meson_suite sanitize sanitize "${plain[@]}" --timeout-multiplier 5
	meson_suite net-sanitize sanitize --suite net --timeout-multiplier 5
	# ThreadSanitizer can't be with the others; what has no threads is nothing to it. It
	# doesn't follow fences, and gcc warns of each.
	build_tree thread -Db_sanitize=thread -Db_lundef=false -Ddocs=false -Dc_args=-Wno-tsan ||
		return 0
	meson_suite thread thread --timeout-multiplier 5 threads xsk_threads
}

suite_clang()
{
	CC=clang CXX=clang++ build_tree clang -Ddocs=false || return 0
	meson_suite clang clang "${plain[@]}"
}

# lab NAME OPTION...: the lab's tests on the kernel of a suite.
lab()
{
	local name=$1 log=$logs/$1.log start=$SECONDS status=0

	wait_for_kernel "$name" || return 0
	say "$name: boots the lab, log $log"
	# A line a boot is progress; it must not look like the closing line.
	tests/vm/suites.sh --build "$build/gcc" "${@:2}" </dev/null 2>&1 | tee "$log" |
		sed -un 's/^\([0-9]* passed, .* skipped\) (\(.*\))$/        \2: \1/p' || status=$?
	python3 -B tests/count.py text "$name" "$log" "$status" >"$cases/$name"
	say "$(tally "$name") ($((SECONDS - start)) s)"
}

suite_vm()
{
	lab vm --flavour mainline ${long:+--all}
}

suite_lts()
{
	lab lts --flavour lts ${long:+--all}
}

suite_debug()
{
	lab debug --flavour lts --debug
}

# The kernel's unit tests, and that they notice the bugs that are put back.
suite_kunit()
{
	local log=$logs/kunit.log start=$SECONDS status=0 bugs=(drm-sched)

	# All of them take longer than the other suites together.
	[ -z "$long" ] || bugs=()
	wait_for_kernel kunit || return 0
	say "kunit: runs, log $log"
	kernel/scripts/kunit ${long:+--slow} </dev/null >"$log" 2>&1 || status=1
	kernel/scripts/kunit --mutations ${bugs[@]+"${bugs[@]}"} </dev/null >>"$log" 2>&1 ||
		status=1
	python3 -B tests/count.py text kunit "$log" "$status" >"$cases/kunit"
	say "$(tally kunit) ($((SECONDS - start)) s)"
}

clean_up()
{
	if [ -n "$kernels_pid" ]; then
		kill -- "-$kernels_pid" 2>/dev/null || true
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
		suites=(unit style install net sanitize clang)
		skipped+=("the lab, valgrind: --quick")
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
if [ ${#suites[@]} -eq 0 ]; then
	for suite in "${all_suites[@]}"; do
		[ "$suite" = debug ] && [ -z "$long" ] || suites+=("$suite")
	done
fi
[ -n "$long" ] || skipped+=("the long suites and the debug kernel: tests/run.sh --all adds them")

rm -rf "$logs" "$cases"
mkdir -p "$logs" "$cases"
: >"$cases/none"
trap clean_up EXIT
[ -z "$setup" ] || run_setup
start_kernels
if build_tree gcc; then
	for suite in "${all_suites[@]}"; do
		! wanted "$suite" || "suite_$suite"
	done
fi
close

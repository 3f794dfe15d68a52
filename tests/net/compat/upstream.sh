#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# libxdp's own tests of AF_XDP, built on libxdp and on compat/xsk.h: both must come to
# the same. They are taken from Debian's source package, into the cache.
# Usage: upstream.sh BUILD_DIR SOURCE_DIR. Prints cmocka's lines, a case each.
# DMABUFX_XDP_TOOLS: a source tree of xdp-tools to use instead.
set -euo pipefail

build=$(realpath "$1")
source=$(realpath "$2")
here=$source/tests/net/compat
# shellcheck disable=SC2034 # for lib.sh
die_code=77
# shellcheck source=kernel/scripts/lib.sh
. "$source/kernel/scripts/lib.sh"
sources=$cache/src/xdp-tools
failures=0

# fetch SUITE: the newest xdp-tools of the suite; prints where its tree is.
fetch()
{
	local dir=$sources/$1 tarball

	mkdir -p "$dir"
	apt_private "$dir/apt" "$1"
	sed -i 's/^deb /deb-src /' "$dir/apt/sources.list"
	apt-get "${apt_opts[@]}" -qq update >&2 || return 1
	(cd "$dir" && apt-get "${apt_opts[@]}" -qq --download-only source xdp-tools >&2) ||
		return 1
	tarball=$(find "$dir" -maxdepth 1 -name 'xdp-tools_*.orig.tar.*' ! -name '*.asc' |
		sort -V | tail -n 1)
	rm -rf "$dir/tree.part" && mkdir "$dir/tree.part"
	tar -xf "$tarball" -C "$dir/tree.part" --strip-components 1
	rm -rf "$dir/tree" && mv "$dir/tree.part" "$dir/tree"
	echo "$dir/tree"
}

# The release's own source, or where the archive has that no more, the newest.
find_tree()
{
	local suite

	if [ -n "${DMABUFX_XDP_TOOLS:-}" ]; then
		realpath "$DMABUFX_XDP_TOOLS"
		return
	fi
	command -v apt-get > /dev/null || die "there is no apt here; set DMABUFX_XDP_TOOLS"
	for suite in "$(codename)" sid; do
		if [ -d "$sources/$suite/tree" ]; then
			echo "$sources/$suite/tree"
			return
		fi
	done
	for suite in "$(codename)" sid; do
		fetch "$suite" && return
		say "the archive doesn't have the source of $suite's xdp-tools"
	done
	die "the source of xdp-tools can't be had; set DMABUFX_XDP_TOOLS to a tree of it"
}

# compile TEST FLAGS...: against the installed libxdp, whatever headers the tree has.
compile()
{
	local test=$1 out=$2 extra=()
	shift 2

	[ ! -f "$tests/test_utils.c" ] || extra+=("$tests/test_utils.c")
	# The order of its words is the preprocessor's: compat/xsk.h first, if it is given.
	"${CC:-cc}" -O1 -g -w -D_GNU_SOURCE -I"$work/include" -I"$tests" "$@" \
		-include "$here/opts.h" -o "$out" "$tests/$test.c" "${extra[@]}" \
		-L"$build/lib" -ldmabufx -lxdp -lbpf -lpthread -Wl,-rpath,"$build/lib"
}

# run FILESYSTEM LINK_STATE PROGRAM: in namespaces of its own, on a veth pair; what it
# says, and its status. What libraries say is for people.
run()
{
	local status=0

	# shellcheck disable=SC2016 # for the shell inside
	timeout 120 unshare --net --mount bash -c '
		set -e
		if mountpoint -q /sys/fs/bpf; then umount -l /sys/fs/bpf; fi
		[ "$1" = legacy ] || mount -t bpf bpf /sys/fs/bpf
		ip link add xsk_veth0 numrxqueues 5 numtxqueues 5 type veth peer name xsk_veth1 \
			numrxqueues 5 numtxqueues 5
		if [ "$2" = up ]; then
			ip link set xsk_veth0 up
			ip link set xsk_veth1 up
		fi
		"$3" xsk_veth0
	' run "$1" "$2" "$3" 2> "$work/words" || status=$?
	echo "status $status"
}

# compare TEST FILESYSTEM LINK_STATE: ours may be better, never worse.
compare()
{
	local name=$1_$2_$3 of

	echo "[ RUN      ] $name"
	for of in libxdp compat; do
		run "$2" "$3" "$work/$1-$of" > "$work/$of"
		sed "s/^/    $of: /" "$work/$of" "$work/words"
	done
	if cmp -s "$work/libxdp" "$work/compat"; then
		echo "[       OK ] $name"
	elif [ "$(tail -n 1 "$work/libxdp")" != 'status 0' ] &&
		[ "$(tail -n 1 "$work/compat")" = 'status 0' ]; then
		echo "    libxdp fails here, compat/xsk.h doesn't"
		echo "[       OK ] $name"
	else
		echo "[  FAILED  ] $name"
		failures=$((failures + 1))
	fi
}

# skip NAME WHY
skip()
{
	echo "[ RUN      ] $1"
	echo "    $2"
	echo "[  SKIPPED ] $1"
}

[ "$(id -u)" -eq 0 ] || die "network namespaces need root"
tree=$(find_tree)
tests=$tree/lib/libxdp/tests
[ -d "$tests" ] || die "$tree has no lib/libxdp/tests: is it xdp-tools?"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/include/linux"
cp "$tree/headers/linux/err.h" "$work/include/linux/"
echo "tests of $(basename "$(dirname "$tree")"): $tree"

for test in test_xsk_refcnt test_xsk_umem_flags test_xsk_map_leak test_xsk_non_privileged; do
	if [ ! -f "$tests/$test.c" ]; then
		skip $test "this xdp-tools has none"
		continue
	fi
	if grep -q '\.fd =' "$tests/$test.c"; then
		skip $test "it needs xsk_umem__create_with_fd(), which libxdp 1.3.1 hasn't"
		continue
	fi
	compile $test "$work/$test-libxdp"
	compile $test "$work/$test-compat" -include "$source/include/dmabufx/compat/xsk.h" \
		-I"$source/include"
	# Else it would be libxdp twice.
	nm "$work/$test-compat" | grep -q 'U dmabufx_compat_socket_create'
	nm "$work/$test-libxdp" | grep -q 'U xsk_socket__create'
	for filesystem in bpffs legacy; do
		for link in up down; do
			compare $test $filesystem $link
		done
	done
done
exit $((failures > 0))

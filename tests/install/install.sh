#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a packager and an outside program see: installs the build into a staging
# directory and builds the consumer against that by pkg-config alone, four ways.
# Usage: install.sh BUILD_DIR SOURCE_DIR [tools] [docs], the last two where they
# were built. Prints cmocka's lines, a case each.
set -euo pipefail

build=$(realpath "$1")
source=$(realpath "$2")
parts=" ${*:3} "
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
stage=$work/stage
failures=0

# check NAME COMMAND...: one test case; its output is shown when it fails.
check()
{
	local name=$1 log=$work/log status

	shift
	echo "[ RUN      ] $name"
	# Not as a condition: bash ignores errexit in all that a condition runs.
	set +e
	(set -e; "$@") >"$log" 2>&1
	status=$?
	set -e
	if [ "$status" -eq 0 ]; then
		echo "[       OK ] $name"
	else
		sed 's/^/    /' "$log"
		echo "[  FAILED  ] $name"
		failures=$((failures + 1))
	fi
}

# absent GREP-ARGUMENTS: fails where grep finds something, and shows it.
absent()
{
	if grep "$@"; then
		return 1
	fi
}

stage_install()
{
	meson install -C "$build" --no-rebuild --destdir "$stage"
}

# The one file of that name in the staging directory.
staged()
{
	local found

	found=$(find "$stage" -name "$1")
	[ -n "$found" ] || { echo "no $1 was installed" >&2; return 1; }
	echo "$found"
}

soname_is_stable()
{
	local so

	so=$(staged 'libdmabufx.so.0.*')
	readelf -d "$so" | grep -F 'Library soname: [libdmabufx.so.0]'
	[ "$(readlink "$(staged libdmabufx.so)")" = libdmabufx.so.0 ]
}

needs_what_it_is_said_to_at_most()
{
	local so needed

	so=$(staged 'libdmabufx.so.0.*')
	needed=$(readelf -d "$so" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
	echo "needs: $needed"
	absent -vE '^(lib(c\.so\.6|drm\.so\.2|xdp\.so\.1|bpf\.so\.1)|ld-linux.*)$' <<<"$needed"
}

exports_the_map_alone()
{
	local so

	so=$(staged 'libdmabufx.so.0.*')
	nm -D --defined-only "$so" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' |
		LC_ALL=C sort >"$work/exported"
	sed -n 's/^\t\(dmabufx_.*\);$/\1/p' "$source/lib/libdmabufx.map" |
		LC_ALL=C sort >"$work/mapped"
	diff -u "$work/mapped" "$work/exported"
}

headers_are_installed()
{
	local dir

	dir=$(dirname "$(staged dmabufx.h)")
	diff -r "$source/include/dmabufx" "$dir"
}

man_pages_are_installed()
{
	local page

	for page in libdmabufx.3 dmabufx_dev_reset.3 dmabufx_map_opts.3type DMABUFX_OPTS.3; do
		staged "$page"
	done
	[ "$(dirname "$(staged libdmabufx.3)" | xargs basename)" = man3 ]
}

command_is_installed()
{
	local libdir

	libdir=$(dirname "$(staged libdmabufx.so)")
	LD_LIBRARY_PATH=$libdir "$(staged dmabufx | grep '/bin/dmabufx$')" --version |
		tee /dev/stderr | grep -F "$version"
}

command_has_a_page()
{
	[ "$(dirname "$(staged dmabufx.1)" | xargs basename)" = man1 ]
}

# Neither path of this build may reach a user: not in .pc, not as run path.
nothing_of_the_build_leaks()
{
	local pc so

	pc=$(staged libdmabufx.pc)
	so=$(staged 'libdmabufx.so.0.*')
	cat "$pc"
	absent -F -e "$build" -e "$source" -e "$work" "$pc"
	readelf -d "$so" | absent -E 'RPATH|RUNPATH'
}

build_consumer()
{
	local flags='-Wall -Wextra -Werror'

	make -C "$work/consumer" CFLAGS="$flags" CXXFLAGS="$flags" "$1"
}

# A static one must not need the library; a shared one must.
run_consumer()
{
	local out dyn

	out=$(LD_LIBRARY_PATH=$(dirname "$(staged libdmabufx.so)") "$work/consumer/$1")
	echo "$out"
	grep -F "libdmabufx $version" <<<"$out"
	dyn=$(readelf -d "$work/consumer/$1")
	case $1 in
	*-shared) grep -F '[libdmabufx.so.0]' <<<"$dyn" ;;
	*) absent -F libdmabufx <<<"$dyn" ;;
	esac
}

version_agrees()
{
	[ "$(pkg-config --modversion libdmabufx)" = "$version" ]
}

check install_to_a_staging_directory stage_install
PKG_CONFIG_PATH=$(dirname "$(staged libdmabufx.pc)")
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR=$stage
version=$(sed -n "s/^  version: '\(.*\)',$/\1/p" "$source/meson.build")
cp -r "$source/pkgconfig/consumer" "$work/consumer"

check soname_is_stable soname_is_stable
check needs_what_it_is_said_to_at_most needs_what_it_is_said_to_at_most
check exports_the_map_alone exports_the_map_alone
check headers_are_installed headers_are_installed
[[ $parts != *" docs "* ]] || check man_pages_are_installed man_pages_are_installed
[[ $parts != *" tools "* ]] || check command_is_installed command_is_installed
[[ $parts != *" tools docs "* ]] || check command_has_a_page command_has_a_page
check nothing_of_the_build_leaks nothing_of_the_build_leaks
check version_agrees version_agrees
for way in c-shared c-static cxx-shared cxx-static; do
	check "build_consumer_$way" build_consumer "$way"
	check "run_consumer_$way" run_consumer "$way"
done
[ "$failures" -eq 0 ]

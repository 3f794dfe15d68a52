#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Installs what building, testing and the lab need on a Debian machine; does
# nothing, quickly, where all is there.
set -euo pipefail
# shellcheck source=kernel/scripts/lib.sh
. "$(dirname "$0")/../kernel/scripts/lib.sh"

usage()
{
	cat >&2 <<-EOF
	usage: tools/setup.sh [--lab-only] [--check]
	  --lab-only  what the demo needs: the compiler, the kernel's build, QEMU
	  --check     only say what is missing
	Works as root, or through sudo. This machine's apt sources stay as they are.
	EOF
	exit 2
}

build=(gcc libc6-dev make meson ninja-build pkg-config python3 libdrm-dev libjson-c-dev
	libbpf-dev libxdp-dev clang llvm)
kernel=(bc bison ca-certificates ccache flex kmod libelf-dev libssl-dev lz4 pahole patch
	xz-utils)
lab=(qemu-system-x86)
checks=(clang-format ethtool g++ git iproute2 libcap-dev libcmocka-dev man-db shellcheck sparse
	tcpdump uuid-dev valgrind)
qemu_needed=10

root()
{
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo --preserve-env=DEBIAN_FRONTEND "$@"
	fi
}

installed()
{
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2> /dev/null || true)" = installed ]
}

# QEMU of the wanted version, from wherever: a person may have built one.
have_qemu()
{
	local version
	version=$(qemu-system-x86_64 --version 2> /dev/null |
		sed -n 's/.*version \([0-9]*\).*/\1/p')
	[ "${version:-0}" -ge "$qemu_needed" ]
}

missing()
{
	local package
	for package in "$@"; do
		if [ "$package" = qemu-system-x86 ]; then
			have_qemu || echo "$package"
		else
			installed "$package" || echo "$package"
		fi
	done
}

# The suite to take QEMU from, with all it depends on: the release's own, or its
# backports where that one is too old.
qemu_suite()
{
	local own
	own=$(apt-cache "${apt_opts[@]}" policy qemu-system-x86 | sed -n 's/^  Candidate: //p')
	own=${own#*:}
	own=${own%%[!0-9]*}
	if [ "${own:-0}" -ge "$qemu_needed" ]; then
		codename
	else
		echo "$(codename)-backports"
	fi
}

# apt_install LOG OPTION|PACKAGE...
apt_install()
{
	local log=$1
	shift
	root apt-get "${apt_opts[@]}" -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 \
		install "$@" > "$log" 2>&1 || {
		tail -n 20 "$log" >&2
		die "apt-get could not install them"
	}
}

# From the release's own suites alone, with lists and cache of this run's own:
# some other source that is configured and out of reach is no hindrance.
install()
{
	local release work
	local -a suites
	release=$(codename)
	[ -n "$release" ] || die "this is no Debian release; install by hand: $*"
	work=$(mktemp -d)
	# shellcheck disable=SC2064 # the name is known now and gone later
	trap "root rm -rf '$work'" EXIT
	suites=("$release" "$release-updates" "$release-backports")
	# The security suite has a place of its own, which only the configuration knows.
	[ -z "$(archive_uri "$release-security")" ] || suites+=("$release-security")
	apt_private "$work" "${suites[@]}"
	say "reading the archive's lists"
	root apt-get "${apt_opts[@]}" -qq update ||
		die "the archive cannot be read; is there a network, or a proxy that apt must know?"
	say "installing $# packages: $*"
	local -a plain=()
	local package qemu=
	for package in "$@"; do
		if [ "$package" = qemu-system-x86 ]; then
			qemu=$package
		else
			plain+=("$package")
		fi
	done
	[ ${#plain[@]} -eq 0 ] || apt_install "$work/log" "${plain[@]}"
	[ -z "$qemu" ] || apt_install "$work/log" -t "$(qemu_suite)" "$qemu"
}

packages=("${build[@]}" "${kernel[@]}" "${lab[@]}" "${checks[@]}")
check=
while [ $# -gt 0 ]; do
	case $1 in
	--lab-only) packages=("${build[@]}" "${kernel[@]}" "${lab[@]}") ;;
	--check) check=1 ;;
	*) usage ;;
	esac
	shift
done

command -v dpkg-query > /dev/null ||
	die "only Debian's packages are known here; install by hand: ${packages[*]}"
mapfile -t wanted < <(missing "${packages[@]}")
if [ ${#wanted[@]} -eq 0 ]; then
	say "all packages are installed"
	exit 0
fi
if [ -n "$check" ]; then
	say "missing: ${wanted[*]}"
	exit 1
fi
[ "$(id -u)" -eq 0 ] || command -v sudo > /dev/null ||
	die "missing: ${wanted[*]}; run tools/setup.sh as root, there is no sudo here"
export DEBIAN_FRONTEND=noninteractive
install "${wanted[@]}"
say "installed ${#wanted[@]} packages in $SECONDS s"

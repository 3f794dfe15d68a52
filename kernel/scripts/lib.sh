# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Shared by the kernel scripts and tools/setup.sh: the cache, messages, patches, apt.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
# shellcheck disable=SC2034 # for those who source this
cache=${DMABUFX_CACHE:-${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/dmabufx}

say()
{
	printf '%s\n' "$*" >&2
}

die()
{
	say "error: $*"
	exit "${die_code:-1}"
}

# progress TEXT: redraws one line on a terminal; elsewhere a line every 20 s.
progress()
{
	if [ -t 2 ]; then
		printf '\r\033[K%s' "$*" >&2
	elif [ $((SECONDS - ${progress_at:--20})) -ge 20 ]; then
		progress_at=$SECONDS
		say "$*"
	fi
}

progress_end()
{
	if [ -t 2 ]; then
		printf '\r\033[K' >&2
	fi
	unset progress_at
}

# fact KEY: the value in kernel/BASE, empty if there is none.
fact()
{
	awk -v key="$1" '$1 == key { print $2 }' "$top/kernel/BASE"
}

# listed DIR: the patches of the series in DIR, in order. One with a "?" behind it is for
# bases that lack it.
listed()
{
	sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$1/series"
}

# in_base TREE PATCH: whether all of it is in the tree, so that it can be taken out.
in_base()
{
	patch -d "$1" -p1 -F0 -s -f -R --dry-run < "$2" > /dev/null 2>&1
}

# apply_patch TREE PATCH [?]: at fuzz 0.
apply_patch()
{
	if [ "${3:-}" = '?' ] && in_base "$1" "$2"; then
		progress_end
		say "skipping ${2##*/}: the base has it"
		return
	fi
	patch -d "$1" -p1 -F0 -s -f --no-backup-if-mismatch < "$2"
}

# The release this machine runs, such as the word bookworm.
codename()
{
	# shellcheck source=/dev/null
	(. /etc/os-release && echo "${VERSION_CODENAME:-}")
}

# archive_uri RELEASE: where this machine's apt gets RELEASE, with a slash behind;
# nothing if it is not configured. apt is asked what it would fetch, since the
# index targets are unknown where no list was fetched yet.
archive_uri()
{
	apt-get update --print-uris 2> /dev/null |
		sed -n "s|^'\([^']*/\)dists/$1/InRelease' .*|\1|p" | sed -n 1p
}

# apt_private DIR SUITE...: sets apt_opts so that apt knows just the named suites
# of the archive, with its lists in DIR, and this machine's own lists stay as
# they are, whatever third-party sources it has.
apt_private()
{
	local dir=$1 release uri suite keys=/usr/share/keyrings/debian-archive-keyring.gpg
	shift
	release=$(codename)
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
	: > "$dir/sources.list"
	for suite in "$@"; do
		uri=$(archive_uri "$suite")
		# A suite that nobody configured lives beside the release's own.
		uri=${uri:-$(archive_uri "$release")}
		[ -n "$uri" ] ||
			die "apt knows no archive for $release; add Debian's own to its sources"
		[ -r "$keys" ] && uri="[signed-by=$keys] $uri"
		echo "deb $uri $suite main" >> "$dir/sources.list"
	done
	# shellcheck disable=SC2034 # for those who source this
	apt_opts=(-o "Dir::Etc::sourcelist=$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null
		-o "Dir::State::lists=$dir/lists" -o "Dir::Cache=$dir/cache"
		-o Dir::Cache::archives=archives -o APT::Sandbox::User=root)
}

# download URI FILE SIZE DIGEST: by apt's own helper, which knows this machine's
# proxies; DIGEST is as apt writes it (SHA256:...), or empty. FILE appears whole
# or not at all.
download()
{
	local uri=$1 file=$2 size=$3 digest=$4 pid have log
	log=$file.log
	rm -f "$file.part"
	/usr/lib/apt/apt-helper -o APT::Sandbox::User=root -o Acquire::Retries=2 \
		download-file "$uri" "$file.part" ${digest:+"$digest"} > "$log" 2>&1 &
	pid=$!
	while kill -0 "$pid" 2> /dev/null; do
		have=$(stat -c %s "$file.part" 2> /dev/null || echo 0)
		if [ "$size" -gt 0 ]; then
			progress "downloading $(basename "$file"):" \
				"$((have * 100 / size))% of $((size >> 20)) MiB"
		fi
		sleep 0.5
	done
	progress_end
	if ! wait "$pid"; then
		tail -n 3 "$log" >&2
		rm -f "$file.part" "$log"
		return 1
	fi
	rm -f "$log"
	mv "$file.part" "$file"
}

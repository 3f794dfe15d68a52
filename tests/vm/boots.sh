# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Shared by what boots the lab for lists of programs: the boots, their cases, the closing line.

# shellcheck source=kernel/scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../kernel/scripts/lib.sh"

out=$(mktemp -d "${TMPDIR:-/tmp}/boots.XXXXXX")
trap 'rm -rf "$out"' EXIT
: >"$out/cases"

# A case of the caller's own: STATE NAME REASON.
tell()
{
	printf '[ RUN      ] %s\n%s\n[ %-8s ] %s\n' "$2" "$3" "$1" "$2" | tee -a "$out/cases"
}

# boot_programs LABEL OPTION...: one boot of the lab, for the programs whose lines come on stdin.
# With one processor: QEMU 10 with several has been seen to end on an assertion of
# its own when a BAR moves on one while the other reads it, as around a reset, and
# to lose one's timer after minutes of load.
boot_programs()
{
	local label=$1 json=$out/$1.json status=0

	cat >"$out/programs"
	"$top/tests/vm/run" --smp 1 -q --list "$out/programs" --json "$json" "${@:2}" \
		>"$out/said" </dev/null || status=$?
	python3 -B "$top/tests/vm/cases.py" "$label" "$json" "$status" | tee -a "$out/cases"
	grep -E '^[0-9]+ passed, ' "$out/said" || tail -n 3 "$out/said"
}

count()
{
	grep -c "^\[ *$1 *\]" "$out/cases" || true
}

# The closing line; fails if a case did.
close_cases()
{
	local failed

	failed=$(count FAILED)
	echo "$(count OK) passed, $failed failed, $(count SKIPPED) skipped"
	[ "$failed" -eq 0 ]
}

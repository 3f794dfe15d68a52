#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs KUnit suites of the kernel it is on, and tells each case as cmocka does.

  kunit.py SUITE...
kernel/scripts/kunit tells by the same functions what a kernel's log shows.
For the lab's guest; needs root, debugfs and CONFIG_KUNIT_DEBUGFS. A case that is skipped counts
as failed, and so does a suite that is absent, empty, or says nothing of a case. A kernel with
kmemleak is asked for leaks afterwards; with failslab, its allocations may be made to fail.
Exit code: 0 all passed, 1 something failed, 2 usage.
"""

import os
import re
import sys
import time

DEBUG = "/sys/kernel/debug"
KUNIT = f"{DEBUG}/kunit"
KMEMLEAK = f"{DEBUG}/kmemleak"
FAILSLAB = f"{DEBUG}/failslab"

# kmemleak leaves alone what is younger than 5 s (MSECS_MIN_AGE in mm/kmemleak.c).
YOUNG_S = 6

# Cases are indented by 4; results of their parameters by 8, and the suite's own by none.
PLAN = re.compile(r"^ {4}1\.\.(\d+)$", re.M)
CASE = re.compile(r"^ {4}(not ok|ok) \d+ (\S+)(?: # (SKIP.*))?$")


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def tell(name, why=""):
    """One case, failed if there is a reason why; tells whether it passed."""
    print(f"[ RUN      ] {name}")
    if why:
        print(why)
    print(f"[  FAILED  ] {name}" if why else f"[       OK ] {name}", flush=True)
    return not why


def tell_skip(name, why):
    print(f"[ RUN      ] {name}\n{why}\n[  SKIPPED ] {name}", flush=True)


def tell_results(suite, results, skips=()):
    """Tells the cases of a suite's results; whether all that were planned passed.

    Those of skips may be skipped.
    """
    passed, said, count = True, [], 0
    for line in results.splitlines():
        case = CASE.match(line)
        if not case:
            said.append(line.strip())
            continue
        state, name, skip = case.groups()
        name = f"{suite}.{name}"
        if skip and name in skips:
            tell_skip(name, skip)
        else:
            failure = "\n".join(said) or state if state != "ok" else ""
            passed &= tell(name, f"# {skip}" if skip else failure)
        said, count = [], count + 1
    plan = PLAN.search(results)
    planned = int(plan.group(1)) if plan else 0
    if not planned or count != planned:
        passed = tell(f"{suite}.all", f"{count} of {planned} cases told their results")
    elif not re.search(rf"^ok \d+ {re.escape(suite)}\b", results, re.M) and passed:
        passed = tell(f"{suite}.all", "all cases passed, but not the suite")
    return passed


def run(suite):
    folder = f"{KUNIT}/{suite}"
    if not os.path.exists(f"{folder}/run"):
        there = " ".join(sorted(os.listdir(KUNIT))) if os.path.isdir(KUNIT) else "no KUnit"
        return tell(f"{suite}.all", f"this kernel has no such suite; it has: {there}")
    try:
        write(f"{folder}/run", "1")
        results = read(f"{folder}/results")
    except OSError as error:
        return tell(f"{suite}.all", str(error))
    return tell_results(suite, results)


def forget_leaks():
    """What was lost before is not ours."""
    if os.path.exists(KMEMLEAK):
        write(KMEMLEAK, "scan")
        write(KMEMLEAK, "clear")


def no_leaks():
    if not os.path.exists(KMEMLEAK):
        return True
    time.sleep(YOUNG_S)
    # What lay in a register or on a stack the first time hardly does the second time.
    write(KMEMLEAK, "scan")
    write(KMEMLEAK, "scan")
    return tell("kmemleak.nothing_was_lost", read(KMEMLEAK).rstrip())


def main(suites):
    if not suites or any(suite.startswith("-") for suite in suites):
        print(__doc__, file=sys.stderr)
        return 2
    if os.path.exists(FAILSLAB):
        write(f"{FAILSLAB}/ignore-gfp-wait", "N")
        write(f"{FAILSLAB}/verbose", "0")
    forget_leaks()
    passed = True
    for suite in suites:
        passed &= run(suite)
    passed &= no_leaks()
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

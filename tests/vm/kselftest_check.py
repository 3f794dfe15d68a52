#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks what kselftest_run makes of a selftest's output; needs no guest."""

import importlib.machinery
import importlib.util
import os
import sys

sys.dont_write_bytecode = True
PATH = os.path.join(os.path.dirname(os.path.realpath(__file__)), "kselftest_run")
loader = importlib.machinery.SourceFileLoader("kselftest_run", PATH)
spec = importlib.util.spec_from_loader("kselftest_run", loader)
kselftest = importlib.util.module_from_spec(spec)
loader.exec_module(kselftest)

FAILED, PASSED, SKIPPED = "failed", "passed", "skipped"
SKIPS = [["lts", "EDU*", "t.reset.*"], ["*", "*", "t.huge"]]

# What it is, the lines, the exit code of the program; the cases, and our exit code.
TABLE = [
    ("passes", ["TAP version 13", "1..2", "# say", "ok 1 t.a", "ok 2 - t.b"], 0,
     {"t.a": PASSED, "t.b": PASSED}, 0),
    ("fails", ["1..2", "not ok 1 t.a", "ok 2 t.b"], 1, {"t.a": FAILED, "t.b": PASSED}, 1),
    ("fails, though it says 0", ["1..1", "not ok 1 t.a"], 0, {"t.a": FAILED}, 1),
    ("may skip", ["1..1", "ok 1 t.reset.a # SKIP can't"], 0, {"t.reset.a": SKIPPED}, 0),
    ("may skip everywhere", ["1..1", "ok 1 t.huge # SKIP"], 0, {"t.huge": SKIPPED}, 0),
    ("must not skip", ["1..1", "ok 1 t.a # SKIP can't"], 0, {"t.a": FAILED}, 1),
    ("ends early", ["1..2", "ok 1 t.a"], 0, {"t.a": PASSED, "program": FAILED}, 1),
    ("says nothing", [], 0, {"program": FAILED}, 1),
    ("dies at the end", ["1..1", "ok 1 t.a"], -11, {"t.a": PASSED, "program": FAILED}, 1),
    ("can't run", ["1..0 # SKIP no device"], 4, {"program": SKIPPED}, 77),
    ("can't run, half-way", ["1..2", "ok 1 t.a"], 4, {"t.a": PASSED, "program": FAILED}, 1),
]


def judge(lines, code):
    cases = {}
    tap = kselftest.Tap(lambda case: kselftest.may_skip(SKIPS, "lts", "EDU0", case),
                        lambda name, state, why: cases.update({name: state}))
    for line in lines:
        tap.line(line)
    return cases, tap.end(code, "")


def main():
    bad = 0
    for name, lines, code, *want in TABLE:
        got = list(judge(lines, code))
        if got != want:
            print(f"{name}: {got}, not {want}")
            bad += 1
    if not kselftest.read_skips(kselftest.SKIPS):
        print(f"{kselftest.SKIPS} is empty")
        bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

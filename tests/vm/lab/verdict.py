# SPDX-License-Identifier: GPL-2.0-or-later
"""What a program's end, its output and the kernel's log say about it."""

import re

SKIP = 77
MARK = "dmabufx-expect:"

# A line of the kernel's log that no healthy kernel prints.
SPLAT = re.compile(
    r"WARNING:|\bBUG:|KASAN|KCSAN|UBSAN|KFENCE|\bOops\b|[Gg]eneral protection fault"
    r"|possible circular locking|inconsistent lock state|suspicious RCU usage"
    r"|possible recursive locking|bad unlock balance|sleeping function called"
    r"|rcu: INFO:|(RCU|rcu).*stall|self-detected stall|soft lockup|hard LOCKUP"
    r"|blocked for more than|refcount_t:|list_(add|del) corruption|DMA-API:.*(device|driver)"
    r"|suspected memory leak|Kernel panic|[Uu]nable to handle|use-after-free")

CLASSES = {"alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "upper": "A-Z",
           "lower": "a-z", "space": r"\s", "blank": r" \t", "xdigit": "0-9a-fA-F",
           "punct": r"!-/:-@\[-`{-~"}

NO_CASE = re.compile(r"^\[=+\] Running 0 test\(s\)", re.M)
CASE = re.compile(r"^\[\s+(OK|FAILED|SKIPPED)\s+\] (.+?)\s*$", re.M)


def posix(expression):
    """A POSIX extended expression, as Python wants it: only the classes differ."""
    return re.compile(re.sub(r"\[:(\w+):\]", lambda m: CLASSES[m.group(1)], expression))


def splats(log):
    """(unannounced splats, announcements that nothing came for) of a kernel log."""
    expected, seen, bad = [], set(), []
    for line in log:
        if MARK in line:
            expected.append(line.split(MARK, 1)[1].strip())
            continue
        matches = []
        for text in expected:
            try:
                if posix(text).search(line):
                    matches.append(text)
            except (re.error, KeyError):
                continue
        seen.update(matches)
        if SPLAT.search(line) and not matches:
            bad.append(line)
    return bad, [text for text in expected if text not in seen]


def cases(output):
    """The single tests of a cmocka program, by name; its summary repeats some."""
    found = {}
    for state, name in CASE.findall(output):
        if not re.match(r"\d+ test\(s\)", name):
            found[name] = {"OK": "passed", "FAILED": "failed", "SKIPPED": "skipped"}[state]
    return found


def judge(result):
    """Sets verdict, reason and cases of a result that has end, output and log."""
    kind, value = result["end"]
    bad, missing = splats(result["log"])
    result["cases"] = cases(result["output"])
    result["splats"] = bad
    reasons = []
    if kind == "exit" and value == 127 and "lab: cannot run" in result["output"]:
        reasons.append("could not be run")
    elif kind == "exit" and value not in (0, SKIP):
        reasons.append(f"exit code {value}")
    elif kind == "signal":
        reasons.append(f"killed by signal {value}")
    elif kind == "timeout":
        reasons.append(f"no end within {value / 1000:g} s")
    elif kind not in ("exit", "signal", "timeout"):
        reasons.append(str(value))
    if bad:
        reasons.append(f"the kernel log shows: {bad[0]}")
    reasons += [f"announced, but not in the kernel log: {text}" for text in missing]
    if NO_CASE.search(result["output"]):
        reasons.append("none of its cases has such a name")
    failing = [n for n, v in result["cases"].items() if v == "failed"]
    if failing and not reasons:
        reasons.append(f"says that {failing[0]} failed")
    skipped = kind == "exit" and value == SKIP
    result["verdict"] = "failed" if reasons else "skipped" if skipped else "passed"
    result["reason"] = "; ".join(reasons)
    return result


def count(results):
    """Passed, failed and skipped single tests; a program without them counts as one."""
    total = {"passed": 0, "failed": 0, "skipped": 0}
    for result in results:
        states = list(result["cases"].values())
        if result["verdict"] == "failed" and "failed" not in states:
            states.append("failed")
        for state in states or [result["verdict"]]:
            total[state] += 1
    return total

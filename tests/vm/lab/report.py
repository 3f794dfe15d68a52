# SPDX-License-Identifier: GPL-2.0-or-later
"""Tells a person, and in JSON a program, how a boot's programs did."""

import json
import os
import shutil
import time

from verdict import count

WORD = {"passed": "ok  ", "failed": "FAIL", "skipped": "skip"}


def name(result, build):
    """A program as it was asked for, without the folder everybody knows."""
    return " ".join(result["argv"]).replace(build + "/", "", 1)


def line(result, build):
    states = list(result["cases"].values())
    tests = f", {len(states)} tests" if states else ""
    said = f"{WORD[result['verdict']]} {name(result, build)} ({result['duration_s']:.2f} s{tests})"
    return f"{said}: {result['reason']}" if result["reason"] else said


def tail(text, lines):
    rows = text.rstrip("\n").split("\n")
    cut = [f"... {len(rows) - lines} lines more in the log"] if len(rows) > lines else []
    return "\n".join("    " + row for row in cut + rows[-lines:])


def failure(result, build, lines=60):
    """A failed program with what it and the kernel said."""
    parts = [f"FAIL {name(result, build)}: {result['reason']}"]
    parts += [f"  failed test: {n}" for n, v in result["cases"].items() if v == "failed"]
    if result["output"].strip():
        parts += ["  it printed:", tail(result["output"], lines)]
    if result["log"]:
        parts += ["  the kernel's log meanwhile:", tail("\n".join(result["log"]), lines)]
    return "\n".join(parts)


def summary(results):
    n = count(results)
    return f"{n['passed']} passed, {n['failed']} failed, {n['skipped']} skipped"


def write_json(path, options, boot, results):
    facts = {"flavour": options.flavour, "profile": options.profile, "iommu": options.iommu,
             "icount": options.icount, **boot, **count(results), "programs": results}
    with open(path, "w", encoding="utf-8") as out:
        json.dump(facts, out, indent=1)
        out.write("\n")


def last_words(folder, lines=12):
    """What QEMU and the console said last, for a guest that is gone."""
    said = []
    for part, title in (("qemu", "QEMU said:"), ("console", "the console's end:")):
        path = os.path.join(folder, part)
        if not os.path.exists(path):
            continue
        with open(path, encoding="utf-8", errors="replace") as text:
            rows = [row.rstrip() for row in text if "TCG doesn't support" not in row]
        if rows:
            said += ["  " + title] + ["    " + row for row in rows[-lines:]]
    return "\n".join(said)


def runs(folder):
    """Whether the process that a folder of logs is named for lives; a long boot needs its own."""
    return os.path.exists(f"/proc/{folder.rpartition('-')[2]}")


def log_folder(cache, keep=30):
    """A new folder for one boot's logs; the oldest go, but for those of boots that run."""
    logs = os.path.join(cache, "logs")
    os.makedirs(logs, exist_ok=True)
    for old in sorted(os.listdir(logs))[:-(keep - 1)]:
        if not runs(old):
            shutil.rmtree(os.path.join(logs, old), ignore_errors=True)
    mine = os.path.join(logs, f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}")
    os.makedirs(mine)
    return mine


def write_log(folder, results, build):
    """All that the programs said, beside the console and the kernel's log."""
    with open(os.path.join(folder, "programs"), "w", encoding="utf-8") as out:
        for result in results:
            out.write(f"==== {line(result, build)}\n{result['output']}\n")
            out.writelines(f"kernel: {text}\n" for text in result["log"])

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tells the results of a boot (tests/vm/run --json FILE) as single cases, as cmocka writes them.

  cases.py LABEL FILE STATUS
STATUS, the runner's exit code, stands in where there is no FILE: the lab could not be booted,
which is a case of its own. A failed program is told with all it said.
"""

import json
import os
import re
import sys

CANT_RUN = 77
WORDS = {"passed": "[       OK ]", "failed": "[  FAILED  ]", "skipped": "[  SKIPPED ]"}


def tell(name, state, why=""):
    """Why a case failed or skipped stands on the line before the result."""
    print(f"[ RUN      ] {name}")
    if why:
        print(why)
    print(f"{WORDS[state]} {name}")


def harmless(text):
    """Output that holds results of its own, so that nobody counts them twice."""
    return re.sub(r"\[ *(RUN|OK|FAILED|SKIPPED) *\]", lambda m: f"<{m.group(1).lower()}>", text)


def said_before(output, name, word):
    """The last line a program printed before a case's result."""
    lines = output.split("\n")
    for i, line in enumerate(lines):
        if re.match(rf"\[ *{word} *\] {re.escape(name)}$", line.strip()) and i:
            return harmless(lines[i - 1])
    return ""


def program_name(argv):
    words = [os.path.basename(argv[0]), *argv[1:]]
    return re.sub(r"\s+", "_", "_".join(words))


def tell_program(label, program):
    name = f"{label}/{program_name(program['argv'])}"
    cases = program["cases"]
    for case, state in cases.items():
        word = {"failed": "FAILED", "skipped": "SKIPPED"}.get(state)
        tell(f"{name}/{case}", state, said_before(program["output"], case, word) if word else "")
    if not cases:
        tell(name, program["verdict"], program["reason"])
    elif program["verdict"] == "failed" and "failed" not in cases.values():
        tell(f"{name}/program", "failed", program["reason"])
    if program["verdict"] == "failed":
        print(f"{name} printed:\n{harmless(program['output'].rstrip())}")
        print("the kernel's log meanwhile:", *program["log"], sep="\n    ")


def main(label, path, status):
    if os.path.exists(path):
        with open(path, encoding="utf-8") as results:
            for program in json.load(results)["programs"]:
                tell_program(label, program)
    else:
        state = "skipped" if int(status) == CANT_RUN else "failed"
        tell(f"{label}/boot", state, f"the lab did not boot, exit code {status}; it says why above")


if __name__ == "__main__":
    main(*sys.argv[1:])

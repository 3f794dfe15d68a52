#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the control path costs in our kernel against mainline's, in instructions.

  compare.py [--build DIR] [--json FILE] [--cases] [LTS.json MAINLINE.json]
Boots both flavours one after the other, runs bench-kernel in each, and prints one table with the
ratio and what it may be at most; or takes two files that bench-kernel --json wrote. --json keeps
all figures and verdicts, --cases tells the verdicts as cmocka does. Exit code: 0 all within their
limits, 1 something is not, 2 usage, 77 can't run here.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

TOP = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
FLAVOURS = ("lts", "mainline")
SIZES = ("4 KiB", "1 MiB", "4 MiB", "64 MiB", "1 GiB")
COUNTS = ("1", "10", "100", "1000")

# Rows that must not cost more than mainline's; the others are shown.
GATED = [(what, size) for what in ("export + close", "map", "unmap") for size in SIZES]
REVOKES = ("revoke maps of one buffer", "revoke a map per buffer")
RESTORES = ("restore maps of one buffer", "restore a map per buffer")
SHOWN = [(what, n) for what in REVOKES + RESTORES for n in COUNTS]

MOST_RATIO = 1.00
# A map of a whole aligned BAR of 1 GiB against one of a page.
MOST_FOR_SIZE = 1.20
# What a further map adds to a revocation, beyond 100 of them against up to 100.
MOST_GROWTH = 1.20


class CantRun(Exception):
    """The lab does not run here."""


def run_lab(flavour, build):
    """What bench-kernel says in a flavour's guest."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "results")
        done = subprocess.run(
            [os.path.join(TOP, "tests/vm/run"), "--icount", "--smp", "1", "--profile", "bigbar",
             "--flavour", flavour, "--build", build, "--quiet", "--json", path,
             "--", "tests/bench/bench-kernel", "--json"],
            stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
        if done.returncode == 77:
            raise CantRun(f"the lab does not run the {flavour} kernel here")
        if done.returncode:
            raise ValueError(f"bench-kernel failed on {flavour}; its words are above")
        with open(path, encoding="utf-8") as results:
            return json.loads(json.load(results)["programs"][0]["output"])


def read(path):
    with open(path, encoding="utf-8") as figures:
        return json.load(figures)


def costs(figures, flavour):
    """{(what, size): instructions}, which must be all that are compared."""
    found = {(r["what"], r["size"]): r["instructions"] for r in figures["rows"]}
    missing = [" ".join(row) for row in GATED + SHOWN if row not in found]
    if missing:
        raise ValueError(f"no figures of {flavour} for: {', '.join(missing)}")
    return found


def growth(cost, what):
    """How much dearer a map becomes by there being 1,000 of them."""
    few = (cost[what, "100"] - cost[what, "10"]) / 90
    many = (cost[what, "1000"] - cost[what, "100"]) / 900
    return many / few


def compare(lts, mainline):
    """A row for each figure: what, size, both costs, their ratio, the limit or None."""
    return [{"what": what, "size": size, "lts": lts[what, size], "mainline": mainline[what, size],
             "value": lts[what, size] / mainline[what, size],
             "most": MOST_RATIO if (what, size) in GATED else None}
            for what, size in GATED + SHOWN]


def rules(lts):
    """What is asked of our kernel alone."""
    found = [{"what": "map of 1 GiB against 4 KiB", "most": MOST_FOR_SIZE,
              "value": lts["map", "1 GiB"] / lts["map", "4 KiB"]}]
    found += [{"what": f"{what}, growth to 1000", "most": MOST_GROWTH, "value": growth(lts, what)}
              for what in REVOKES]
    return found


def is_over(row):
    return row["most"] is not None and row["value"] > row["most"]


def name(row):
    return " ".join(filter(None, [row["what"], row.get("size")]))


def limit(row):
    return "      -" if row["most"] is None else f"{row['most']:7.2f}"


def print_table(rows, releases):
    print(f"lts is {releases['lts']}, mainline is {releases['mainline']}; instructions, medians")
    print(f"{'':38} {'lts':>10} {'mainline':>10} {'ratio':>7} {'most':>7}")
    for row in rows:
        both = f"{row['lts']:10} {row['mainline']:10}" if "lts" in row else " " * 21
        what = f"{row['what']:29} {row['size']:>8}" if "size" in row else f"{row['what']:38}"
        print(f"{what} {both} {row['value']:7.3f} {limit(row)}{'  OVER' if is_over(row) else ''}")


def print_cases(rows):
    for row in rows:
        if row["most"] is None:
            continue
        case = "compare/" + name(row).replace(" ", "_")
        print(f"[ RUN      ] {case}\n{row['value']:.3f}, at most {row['most']:.2f}")
        print(f"{'[  FAILED  ]' if is_over(row) else '[       OK ]'} {case}")


def options(argv):
    p = argparse.ArgumentParser(usage=__doc__.split("\n")[2].strip(), description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default=os.path.join(TOP, "build"))
    p.add_argument("--json", metavar="FILE")
    p.add_argument("--cases", action="store_true")
    p.add_argument("files", nargs="*", metavar="FILE")
    o = p.parse_args(argv)
    if len(o.files) not in (0, 2):
        p.error("two files, of lts and of mainline, or none")
    return o


def main(argv):
    o = options(argv)
    try:
        if o.files:
            figures = dict(zip(FLAVOURS, map(read, o.files)))
        else:
            figures = {flavour: run_lab(flavour, o.build) for flavour in FLAVOURS}
        lts, mainline = (costs(figures[flavour], flavour) for flavour in FLAVOURS)
    except CantRun as error:
        print(f"can't run here: {error}", file=sys.stderr)
        return 77
    except (OSError, ValueError, KeyError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    rows = compare(lts, mainline) + rules(lts)
    releases = {flavour: figures[flavour]["release"] for flavour in FLAVOURS}
    print_table(rows, releases)
    if o.cases:
        print_cases(rows)
    if o.json:
        with open(o.json, "w", encoding="utf-8") as out:
            json.dump({"releases": releases, "rows": rows}, out, indent=1)
    return 1 if any(map(is_over, rows)) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

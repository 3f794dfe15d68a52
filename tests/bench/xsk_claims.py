#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What is claimed of the library's speed, held against what `dmabufx-bench xsk --json` measured.

Usage: xsk_claims.py FILE...

Of each round the ratio to another variant is taken, of each run the median of these; a claim
is the median of at least three runs, and each of them has to be above a floor. Where the two
xdpsock-ref differ by more than the twin's limit, a run says nothing and doesn't count. Exits 1
if a claim isn't met, also for want of runs.
"""
import json
import statistics
import sys

RUNS = 3
# How far two equal ones may differ: where two processes take turns it is more.
TWIN, TWIN_OF = 0.08, {'rxdrop': 0.11}
REF, AGAIN, RAW, TESTPMD, OURS = ('xdpsock-ref', 'xdpsock-ref again', 'libxdp-raw', 'testpmd',
                                  'ours')
# Work, size, to what, least median, least of each run.
FASTER = (
    ('rxdrop', 1500, REF, 1.40, 1.05),
    ('txonly', 64, REF, 1.15, 1.05),
    ('txonly', 1500, REF, 1.22, 1.05),
    ('l2fwd', 64, REF, 1.12, 1.05),
    ('l2fwd', 1500, REF, 1.25, 1.05),
    ('rxdrop', 64, TESTPMD, 1.40, 1.05),
    ('rxdrop', 1500, TESTPMD, 1.40, 1.05),
    ('l2fwd', 64, TESTPMD, 1.10, 1.05),
    ('l2fwd', 1500, TESTPMD, 1.10, 1.05),
    ('rxdrop', 64, RAW, 0.95, 0),
    ('rxdrop', 1500, RAW, 0.95, 0),
    ('txonly', 64, RAW, 0.95, 0),
    ('txonly', 1500, RAW, 0.95, 0),
    ('l2fwd', 64, RAW, 0.95, 0),
    ('l2fwd', 1500, RAW, 0.95, 0),
)


def median_ratio(cell, over, under):
    """Of the rounds; None where a variant wasn't there."""
    rows = {row['name']: row['rates'] for row in cell['rows']}
    if over not in rows or under not in rows:
        return None
    pairs = [a / b for a, b in zip(rows[over], rows[under]) if b > 0]
    return statistics.median(pairs) if pairs else None


def steady(cell):
    twin = median_ratio(cell, AGAIN, REF)
    return twin is not None and abs(twin - 1) <= TWIN_OF.get(cell['work'], TWIN)


def ratios(cells, work, size, over, under):
    found = [median_ratio(cell, over, under) for cell in cells
             if cell['work'] == work and cell['size'] == size and steady(cell)]
    return [ratio for ratio in found if ratio is not None]


def tell(what, runs, need, good):
    least, most = (min(runs), max(runs)) if runs else (0, 0)
    mid = statistics.median(runs) if runs else 0
    verdict = 'pass' if good else 'FAIL' if len(runs) >= RUNS else 'too few steady runs'
    print(f'{what:40} {mid:6.3f}  {least:6.3f}-{most:6.3f}  {len(runs)} runs  {need:8} {verdict}')
    return good


def check(cells):
    results = []
    for work, size, under, least, each in FASTER:
        runs = ratios(cells, work, size, OURS, under)
        good = len(runs) >= RUNS and statistics.median(runs) >= least and min(runs) > each
        results.append(tell(f'{work} {size} B, to {under}', runs, f'>= {least:.2f}', good))
    runs = ratios(cells, 'ping', 64, OURS, REF)
    good = len(runs) >= RUNS and statistics.median(runs) <= 1
    results.append(tell(f'round trip, to {REF}', runs, '<= 1.00', good))
    return results


def main(paths):
    cells = []
    for path in paths:
        with open(path, encoding='utf-8') as f:
            cells += json.load(f)['cells']
    results = check(cells)
    print(f'{len(results)} claims, {results.count(False)} not met')
    return 1 if not results or False in results else 0


if __name__ == '__main__':
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))

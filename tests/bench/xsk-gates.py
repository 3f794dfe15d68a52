#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What packets may cost, as one table of limits; exits 1 if one is exceeded.

Usage: xsk-gates.py [--bench PATH] [--only WORD,...] [--json FILE]
Words, all of them unless some are named:

instructions  user instructions a packet, by callgrind at batch 64, and to xdpsock-ref's
calls         system calls a packet
rate          300,000 packets a second: none lost, and the processor it takes
closed        the ring code alone, against libxdp's inline calls
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
BENCH = 'tools/dmabufx-bench/dmabufx-bench'
CANT = 77

# Most instructions a packet, and most of xdpsock-ref's.
INSTRUCTIONS = {'rxdrop': (4.5, 0.5), 'txonly': (15, 0.6), 'l2fwd': (28, 0.5)}
# Most system calls a packet, at this batch.
CALLS = {'rxdrop': (0, 256), 'txonly': (1 / 250, 256), 'l2fwd': (1 / 64, 64)}
# Least ratio of libxdp's time to ours.
CLOSED = {1: 1.0, 64: 1.3, 256: 1.5}
COUNT = 300_000
PPS, SECONDS, CORES, TRIES = 300_000, 3, 0.2, 4


class Gates:
    """The rows of the table."""

    def __init__(self):
        self.rows = []

    def most(self, what, value, limit):
        self.rows.append({'what': what, 'value': value, 'limit': f'<= {limit:.4g}',
                          'pass': value <= limit})

    def least(self, what, value, limit):
        self.rows.append({'what': what, 'value': value, 'limit': f'>= {limit:.4g}',
                          'pass': value >= limit})

    def show(self):
        for row in self.rows:
            print(f"{row['what']:56} {row['value']:8.4f}  {row['limit']:10} "
                  f"{'pass' if row['pass'] else 'FAIL'}")
        failed = sum(not row['pass'] for row in self.rows)
        print(f'{len(self.rows)} limits, {failed} exceeded')
        return bool(failed or not self.rows)


class Bench:
    """The program that is run, and its answers."""

    def __init__(self, path):
        self.path = path

    def lines(self, *words):
        # A session of its own, and ahead of what else is run: elsewise rings run dry.
        def ahead():
            os.setsid()
            try:
                with open('/proc/self/autogroup', 'w', encoding='ascii') as f:
                    f.write('-18')
            except OSError:
                pass
        run = subprocess.run([self.path, 'xsk', *words], stdout=subprocess.PIPE, check=False,
                             stderr=subprocess.PIPE, text=True, preexec_fn=ahead, timeout=300)
        if run.returncode == CANT:
            print(f'SKIP: {run.stderr.strip()}')
            sys.exit(CANT)
        if run.returncode:
            sys.exit(f'{" ".join(words)}: {run.stderr.strip()}')
        return [json.loads(line) for line in run.stdout.splitlines() if line.startswith('{')]

    def one(self, *words):
        return self.lines('one', *words)[0]

    def instructions(self, impl, work):
        """User instructions a packet, of the loop alone and without waiting."""
        function = ('ours_' if impl == 'ours' else 'libxdp_') + work
        with tempfile.TemporaryDirectory() as place:
            out = os.path.join(place, 'out')
            wrap = ('valgrind -q --tool=callgrind --collect-atstart=no '
                    f'--toggle-collect={function} --callgrind-out-file={out}')
            done = self.one(f'--impl={impl}', f'--work={work}', '--batch=64', f'--count={COUNT}',
                            f'--wrap={wrap}')
            with open(out, encoding='utf-8') as f:
                total = int(re.search(r'^totals: (\d+)', f.read(), re.M).group(1))
        if total < COUNT:
            sys.exit(f'callgrind saw nothing of {function}')
        if done['empty']:
            sys.exit(f'{function} looked {done["empty"]} times in vain: what it counts is no gate')
        return total / done['packets']


def instructions(bench, gates):
    for work, (most, of_ref) in INSTRUCTIONS.items():
        ref = bench.instructions('xdpsock-ref', work)
        ours = bench.instructions('ours', work)
        gates.most(f'{work}: user instructions a packet', ours, most)
        gates.most(f'{work}: of xdpsock-ref\'s {ref:.1f}', ours / ref, of_ref)


def calls(bench, gates):
    for work, (most, batch) in CALLS.items():
        done = bench.one('--impl=ours', f'--work={work}', f'--batch={batch}', '--count=1000000')
        gates.most(f'{work}: system calls a packet, batch {batch}',
                   done['calls'] / done['packets'], most)


def rate(bench, gates):
    """None lost in the best of some tries; what they take of a processor, as they take it.

    Other work may keep a receiver away for longer than its frames last, whatever it does. If it
    did so each time, the receiver is tried ahead of all others, and the row says so.
    """
    def attempt(*more):
        done = bench.one('--impl=ours', '--work=rxdrop', '--wait=adaptive', f'--pps={PPS}',
                         f'--limit={PPS * SECONDS}', *more)
        return done['sent'] - done['packets'], done['cpu']

    tries = []
    while not tries or (tries[-1][0] and len(tries) < TRIES):
        tries.append(attempt())
    what = f'best of {len(tries)}'
    lost, cpu = min(tries)
    if lost:
        what = f'{lost} in the {what}; by SCHED_FIFO'
        lost = attempt('--wrap=chrt -f 1')[0]
    gates.most(f'300 kpps: packets lost, {what}', lost, 0)
    gates.most('300 kpps: processors used', cpu, CORES)


def closed(bench, gates):
    for line in bench.lines('closed'):
        batch = line['batch']
        gates.least(f"closed loop, batch {batch}: libxdp's {line['libxdp_ns']:.2f} ns to ours",
                    line['ratio'], CLOSED[batch])


def main():
    parts = {'instructions': instructions, 'calls': calls, 'rate': rate, 'closed': closed}
    parser = argparse.ArgumentParser()
    parser.add_argument('--bench', default=os.path.join(ROOT, 'build', BENCH))
    parser.add_argument('--only', default=','.join(parts))
    parser.add_argument('--json')
    args = parser.parse_args()
    if not shutil.which('valgrind') and 'instructions' in args.only:
        print('SKIP: there is no valgrind to count instructions')
        sys.exit(CANT)
    gates, bench = Gates(), Bench(args.bench)
    for word in args.only.split(','):
        if word not in parts:
            parser.error(f'{word} is none of {", ".join(parts)}')
        parts[word](bench, gates)
    if args.json:
        with open(args.json, 'w', encoding='utf-8') as f:
            json.dump(gates.rows, f, indent=1)
    sys.exit(gates.show())


if __name__ == '__main__':
    main()

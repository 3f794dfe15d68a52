#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of the claims: each must be seen to fail, by its median, by one run, for want of runs."""
import contextlib
import io
import unittest

import xsk_claims as claims

# Fast enough for each claim: rates to xdpsock-ref's, which has 1.
GOOD = {claims.REF: 1, claims.AGAIN: 1.01, claims.RAW: 2, claims.TESTPMD: 1.2, claims.OURS: 2}
PING = {claims.REF: 5, claims.AGAIN: 5, claims.OURS: 4.9}


def cells(change=None, runs=3, of_run=None):
    """All that is claimed of, with some rates changed by (work, size), in all runs or in one."""
    found = []
    wanted = sorted({claim[:2] for claim in claims.FASTER}) + [('ping', 64)]
    for run in range(runs):
        for work, size in wanted:
            rates = dict(PING if work == 'ping' else GOOD)
            if of_run in (None, run):
                rates.update((change or {}).get((work, size), {}))
            found.append({'work': work, 'size': size, 'run': run, 'rows': [
                {'name': name, 'rates': [rate, rate * 1.1, rate * 0.9]}
                for name, rate in rates.items()]})
    return found


class Claims(unittest.TestCase):
    def results(self, *args, **kwargs):
        with contextlib.redirect_stdout(io.StringIO()):
            return claims.check(cells(*args, **kwargs))

    def test_good_rates_pass(self):
        self.assertNotIn(False, self.results())

    def test_each_claim_fails_below_its_median(self):
        for at, (work, size, under, least, _) in enumerate(claims.FASTER):
            slow = {(work, size): {claims.OURS: GOOD[under] * least * 0.99}}
            self.assertFalse(self.results(slow)[at], (work, size, under))

    def test_each_claim_fails_by_one_run_below_its_floor(self):
        for at, (work, size, under, _, each) in enumerate(claims.FASTER):
            if each:
                slow = {(work, size): {claims.OURS: GOOD[under] * each * 0.99}}
                self.assertFalse(self.results(slow, of_run=1)[at], (work, size, under))

    def test_a_longer_round_trip_fails(self):
        self.assertFalse(self.results({('ping', 64): {claims.OURS: 5.1}})[-1])

    def test_two_runs_are_too_few(self):
        self.assertNotIn(True, self.results(runs=2))

    def test_a_run_whose_twins_differ_does_not_count(self):
        shaky = {('txonly', 64): {claims.AGAIN: 1.2}}
        at = [claim[:2] for claim in claims.FASTER].index(('txonly', 64))
        self.assertFalse(self.results(shaky, of_run=0)[at])
        self.assertEqual(self.results(shaky, of_run=0).count(False), 2)

    def test_a_variant_that_was_not_measured_is_not_faster(self):
        some = cells()
        for cell in some:
            cell['rows'] = [row for row in cell['rows'] if row['name'] != claims.TESTPMD]
        with contextlib.redirect_stdout(io.StringIO()):
            results = claims.check(some)
        wanted = sum(claim[2] == claims.TESTPMD for claim in claims.FASTER)
        self.assertEqual(results.count(False), wanted)


if __name__ == '__main__':
    unittest.main(verbosity=2)

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of kernel/scripts/kunit: what must not pass, with a script in place of the kernel."""
import contextlib
import importlib.machinery
import importlib.util
import io
import os
import tempfile
import unittest
import unittest.mock

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), '..'))
PATH = os.path.join(TOP, 'kernel', 'scripts', 'kunit')
LOADER = importlib.machinery.SourceFileLoader('kunit_script', PATH)
kunit = importlib.util.module_from_spec(importlib.util.spec_from_loader('kunit_script', LOADER))
LOADER.exec_module(kunit)

LOG = '''Linux version 6.18.15
{boot}KTAP version 1
1..2
    KTAP version 1
    # Subtest: first
    # module: first_test
    1..2
    ok 1 good
{extra}    ok 2 better
# first: pass:2 fail:0 skip:0 total:2
ok 1 first
    KTAP version 1
    # Subtest: second
    1..1
    {second} 1 other{why}
{end}'''
END = 'ok 2 second\nreboot: System halted\n'
SPLAT = 'WARNING: possible recursive locking detected\n'
MUTATION = '''Subject: S1: put back
Suite: second
Fails: other
{log}
--- a/x.c
+++ b/x.c
@@ -1 +1 @@
-a
+b
'''


class Kernel(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def boot(self, last='', boot='', extra='', second='ok', why='', end=END,
             timeout=60):
        path = os.path.join(self.folder.name, 'linux')
        with open(path, 'w', encoding='utf-8') as file:
            log = LOG.format(boot=boot, extra=extra, second=second, why=why, end=end)
            file.write(f"#!/bin/sh\ncat <<'END'\n{log}END\n{last}\n")
        os.chmod(path, 0o755)
        return kunit.Boot(self.folder.name, None, timeout)

    def told(self, **how):
        """Whether all passed, and what was told."""
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            passed = self.boot(**how).tell()
        return passed, out.getvalue()

    def test_a_healthy_run_passes_case_by_case(self):
        passed, text = self.told()
        self.assertTrue(passed)
        for name in 'first.good', 'first.better', 'second.other':
            self.assertIn(f'[       OK ] {name}\n', text)

    def test_a_skip_fails_unless_it_is_known(self):
        skip = {'end': 'ok 2 second\n', 'why': ' # SKIP no card'}
        passed, text = self.told(**skip)
        self.assertFalse(passed)
        self.assertIn('[  FAILED  ] second.other\n', text)
        with unittest.mock.patch.object(kunit, 'SKIPS', {'second.other'}):
            passed, text = self.told(**skip)
        self.assertTrue(passed)
        self.assertIn('# SKIP no card\n[  SKIPPED ] second.other\n'[2:], text)

    def test_an_expected_warning_is_its_suites_alone(self):
        expected = {'first': kunit.re.compile('WARNING: possible')}
        with unittest.mock.patch.object(kunit, 'EXPECTED', expected):
            self.assertTrue(self.told(extra=SPLAT)[0])
            self.assertFalse(self.told(extra='BUG: other\n')[0])
            self.assertFalse(self.told(end=END + SPLAT)[0])

    def test_a_splat_fails_its_suite_though_all_cases_pass(self):
        passed, text = self.told(extra=SPLAT)
        self.assertFalse(passed)
        self.assertIn('[  FAILED  ] first.log\n', text)
        self.assertNotIn('second.log', text)

    def test_a_splat_at_the_end_fails_too(self):
        self.assertFalse(self.told(end=END + SPLAT)[0])

    def test_a_splat_of_the_boot_fails_too(self):
        passed, text = self.told(boot='BUG: KASAN: slab-out-of-bounds in x\n')
        self.assertFalse(passed)
        self.assertIn('[  FAILED  ] boot.log\n', text)

    def test_a_case_that_fails_fails(self):
        passed, text = self.told(second='not ok', end='not ok 2 second\n')
        self.assertFalse(passed)
        self.assertIn('[  FAILED  ] second.other\n', text)

    def test_a_kernel_that_dies_fails(self):
        passed, text = self.told(end='Kernel panic\n')
        self.assertFalse(passed)
        self.assertIn('1 of 2 suites ended', text)

    def test_a_kernel_that_does_not_end_is_killed(self):
        passed, text = self.told(last='sleep 100', timeout=1)
        self.assertFalse(passed)
        self.assertIn('did not end', text)

    def test_a_kernel_without_kunit_fails(self):
        boot = self.boot()
        boot.text, boot.suites = 'Linux\n', {'boot': ['Linux']}
        with contextlib.redirect_stdout(io.StringIO()):
            self.assertFalse(boot.tell())

    def noticed(self, log='', **how):
        """Why a mutation was not noticed."""
        self.boot(**how)
        path = os.path.join(self.folder.name, 'x.patch')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(MUTATION.format(log=log))
        one = kunit.Mutation(path)
        self.assertEqual(one.lacks(), '')
        one.timeout = how.get('timeout', 60)
        return one.run(self.folder.name)

    def test_a_mutation_is_noticed_by_its_case(self):
        self.assertEqual(self.noticed(second='not ok', end='not ok 2 second\n'), '')

    def test_a_mutation_is_noticed_by_a_crash(self):
        self.assertEqual(self.noticed(second='# other', end='Kernel panic\n'), '')

    def test_a_mutation_that_nothing_notices_is_told(self):
        self.assertIn('not noticed by other', self.noticed())

    def test_a_mutation_must_log_what_it_says(self):
        failing = {'second': 'not ok', 'end': 'not ok 2 second\n'}
        self.assertIn('no line', self.noticed(log='Log: recursive locking', **failing))
        self.assertEqual(self.noticed(log='Log: recursive locking', extra=SPLAT, **failing), '')


if __name__ == '__main__':
    unittest.main(verbosity=2)

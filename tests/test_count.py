#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of the counting: a case that fails, hangs, skips or hides must show in the closing line."""
import contextlib
import io
import json
import os
import tempfile
import unittest

import count

CMOCKA = '''[==========] Running 3 test(s).
[ RUN      ] good
[       OK ] good
[ RUN      ] bad
x.c:3: error: Failure!
[  FAILED  ] bad
[ RUN      ] left_out
needs two devices
[  SKIPPED ] left_out
[==========] 3 test(s) run.
[  PASSED  ] 1 test(s).
[  FAILED  ] 1 test(s), listed below:
[  FAILED  ] bad
'''


class Cases(unittest.TestCase):
    def test_cmocka_cases_are_counted_once(self):
        cases = count.cases_of(CMOCKA, 'fail', 'exit status 1')
        self.assertEqual([c[:2] for c in cases],
                         [('pass', 'good'), ('fail', 'bad'), ('skip', 'left_out')])

    def test_a_skip_has_what_was_printed_last_as_reason(self):
        self.assertEqual(count.cases_of(CMOCKA, 'fail', '')[2][2], 'needs two devices')

    def test_a_case_that_never_ends_fails(self):
        cases = count.cases_of('[ RUN      ] hang\n', 'fail', 'timeout')
        self.assertEqual(cases, [('fail', 'hang', 'did not end')])

    def test_a_program_that_fails_after_its_cases_adds_a_failure(self):
        text = '[ RUN      ] good\n[       OK ] good\nLeakSanitizer: leaks\n'
        self.assertEqual(count.cases_of(text, 'fail', 'leaks')[1], ('fail', 'program', 'leaks'))

    def test_a_pattern_that_picks_no_case_fails(self):
        text = '[==========] Running 0 test(s).\n[==========] 0 test(s) run.\n'
        self.assertEqual([c[0] for c in count.cases_of(text, 'pass', '')], ['fail'])

    def test_unittest_cases(self):
        text = "test_a (m.C.test_a) ... ok\ntest_b (m.C.test_b) ... FAIL\n" \
               "test_c (m.C.test_c) ... skipped 'no'\nRan 3 tests in 0.1s\n"
        self.assertEqual([c[0] for c in count.cases_of(text, 'fail', '')], ['pass', 'fail', 'skip'])

    def test_a_lost_unittest_case_is_noticed(self):
        text = 'test_a (m.C.test_a) ... ok\nRan 2 tests in 0.1s\n'
        self.assertEqual(count.cases_of(text, 'pass', '')[1][0], 'fail')

    def test_any_other_program_is_one_case(self):
        self.assertEqual(count.cases_of('hello\n', 'pass', ''), [('pass', '', '')])


class Lab(unittest.TestCase):
    def counted(self, text):
        return count.lab_cases(text.split('\n'))[0]

    def test_cases_belong_to_the_program_that_is_judged_behind_them(self):
        text = '[ RUN      ] a\n[       OK ] a\nok   tests/vm/x (0.10 s, 1 tests)\n'
        self.assertEqual(self.counted(text), [('pass', 'x: a', '')])

    def test_a_splat_fails_a_program_whose_cases_passed(self):
        text = '[ RUN      ] a\n[       OK ] a\nFAIL tests/vm/x (0.10 s, 1 tests): WARNING: y\n'
        self.assertEqual(self.counted(text)[1], ('fail', 'x', 'WARNING: y'))

    def test_a_program_without_cases_is_one(self):
        text = 'ok   examples/list (0.10 s)\nskip x (0.10 s): no device\n'
        self.assertEqual(self.counted(text), [('pass', 'list', ''), ('skip', 'x', 'no device')])

    def test_cases_that_were_not_shown_are_counted(self):
        self.assertEqual(len(self.counted('ok   x (0.10 s, 7 tests)\n')), 7)


class Files(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)

    def write(self, name, content):
        path = os.path.join(self.dir.name, name)
        with open(path, 'w', encoding='utf-8') as f:
            f.write(content)
        return path

    def said(self, *args):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            status = count.main(*args)
        return status, out.getvalue()

    def test_meson_log(self):
        log = self.write('log.json', json.dumps({'name': 'x:unit / t', 'result': 'TIMEOUT',
                                                 'stdout': '[ RUN      ] a\n'}) + '\n')
        self.assertEqual(self.said('meson', 'unit', log)[1], 'fail\tunit: t: a\tdid not end\n')

    def test_meson_log_without_tests_is_a_failure(self):
        self.assertIn('fail\tunit\tno test ran', self.said('meson', 'unit', self.write('x', ''))[1])

    def test_program_that_cannot_run_fails_with_its_reason(self):
        path = self.write('out', 'there is no QEMU\n')
        self.assertEqual(self.said('text', 'vm', path, '77')[1],
                         'fail\tvm\texit status 77: there is no QEMU\n')

    def test_closing_line_is_last_and_alone(self):
        path = self.write('cases', 'pass\ta\t\nfail\tb\twhy\nskip\tc\tbecause\n')
        status, text = self.said('sum', path)
        self.assertEqual(text.split('\n'), ['FAILED b: why', 'skipped c: because',
                                            '1 passed, 1 failed, 1 skipped', ''])
        self.assertEqual(status, 1)

    def test_nothing_passed_is_a_failure(self):
        self.assertEqual(self.said('sum', self.write('none', '')),
                         (1, '0 passed, 0 failed, 0 skipped\n'))

    def test_all_passed(self):
        self.assertEqual(self.said('sum', self.write('ok', 'pass\ta\t\n'))[0], 0)


if __name__ == '__main__':
    unittest.main(verbosity=2)

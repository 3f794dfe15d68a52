#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of how patches are applied: those for bases that lack them, by kernel/scripts/lib.sh."""
import os
import subprocess
import tempfile
import unittest

LIB = os.path.join(os.path.dirname(os.path.realpath(__file__)), '..', 'kernel', 'scripts', 'lib.sh')
BEFORE = 'a\nb\nc\n' + 'd\n' * 20 + 'x\ny\nz\n'
AFTER = BEFORE.replace('b', 'B').replace('y', 'Y')
HALF = BEFORE.replace('b', 'B')
PATCH = '''--- a/file
+++ b/file
@@ -1,3 +1,3 @@
 a
-b
+B
 c
@@ -24,3 +24,3 @@
 x
-y
+Y
 z
'''


class Apply(unittest.TestCase):
    def applied(self, base, mark):
        """(exit code, what was said, the file afterwards)"""
        with tempfile.TemporaryDirectory() as tree:
            for name, text in ('file', base), ('1.patch', PATCH):
                with open(os.path.join(tree, name), 'w', encoding='utf-8') as file:
                    file.write(text)
            run = subprocess.run(['bash', '-c', '. "$0"; apply_patch "$1" "$1/1.patch" "$2"', LIB,
                                  tree, mark], check=False, text=True, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT)
            with open(os.path.join(tree, 'file'), encoding='utf-8') as file:
                return run.returncode, run.stdout, file.read()

    def test_a_base_that_lacks_it_gets_it(self):
        self.assertEqual(self.applied(BEFORE, '?'), (0, '', AFTER))

    def test_a_base_that_has_it_is_left_alone_with_a_word(self):
        code, said, text = self.applied(AFTER, '?')
        self.assertEqual((code, text), (0, AFTER))
        self.assertIn('skipping 1.patch: the base has it', said)

    def test_a_base_that_has_half_of_it_is_an_error(self):
        self.assertNotEqual(self.applied(HALF, '?')[0], 0)

    def test_a_base_that_has_neither_is_an_error(self):
        self.assertNotEqual(self.applied(BEFORE.replace('b', 'other'), '?')[0], 0)

    def test_without_the_mark_to_have_it_is_an_error(self):
        self.assertEqual(self.applied(BEFORE, '')[0], 0)
        self.assertNotEqual(self.applied(AFTER, '')[0], 0)

    def test_the_list_has_marks_and_no_comments(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, 'series'), 'w', encoding='utf-8') as file:
                file.write('# list\nx/base-1.patch ?\n\nx/1.patch  # first\n')
            text = subprocess.run(['bash', '-c', '. "$0"; listed "$1"', LIB, folder], check=True,
                                  text=True, stdout=subprocess.PIPE).stdout
        self.assertEqual(text, 'x/base-1.patch ?\nx/1.patch\n')


if __name__ == '__main__':
    unittest.main(verbosity=2)

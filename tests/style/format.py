#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""clang-format is the judge of C, except for the gap before a comment at a line's end.

Kernel style puts a tab there, or several to make a column; clang-format 14 knows one space or
its own columns. Both sides are compared with that gap as one space.
"""
import difflib
import os
import re
import subprocess
import sys

import tree

GAP = re.compile(r'(?<=\S)[ \t]+(?=/\*|//)')


def gapless(text):
    return [GAP.sub(' ', line) for line in text.split('\n')]


def formatted(root, path):
    run = subprocess.run(['clang-format', '--style=file', path], cwd=root, check=True, text=True,
                         stdout=subprocess.PIPE)
    return run.stdout


def check(root, paths):
    problems = []
    for path in paths:
        have, want = gapless(tree.read(root, path)), gapless(formatted(root, path))
        if have != want:
            problems += difflib.unified_diff(have, want, path, 'clang-format', lineterm='', n=1)
    return problems


if __name__ == '__main__':
    where = os.path.abspath(sys.argv[1])
    sources = tree.files(where, '.c', '.h', '.cc')
    tree.verdict(check(where, sources), len(sources))

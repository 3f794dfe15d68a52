#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Licences: an SPDX line in each file, the right one for its room; a sentence on its purpose."""
import os
import re
import sys

import tree

LGPL = 'LGPL-2.1-or-later'
GPL2 = 'GPL-2.0-only'
GPL = 'GPL-2.0-or-later'

# First match wins: the licences that files below a path may carry.
ROOMS = (
    ('lib/', {LGPL}),
    ('include/', {LGPL}),
    ('kernel/patches/', {GPL2}),
    ('kernel/', {GPL, GPL2}),
    ('pkgconfig/', {LGPL}),
    ('docs/', {LGPL, GPL}),
    ('examples/', {LGPL, GPL}),
    ('tools/', {GPL}),
    ('tests/', {GPL}),
    ('', {LGPL, GPL}),
)

# A patch carries its licence in the files it touches; JSON has no comments.
EXEMPT = ('.patch', '.json', '.gitignore')
CODE = ('.c', '.h', '.cc', '.py', '.sh')
SPDX = re.compile(r'SPDX-License-Identifier: ([\w.\-]+(?: (?:OR|AND|WITH) [\w.\-]+)*)')


def allowed(path):
    if path.endswith('/meson.build'):
        return {LGPL, GPL}
    return next(ids for prefix, ids in ROOMS if path.startswith(prefix))


def licence(text):
    """Identifier in the first three lines, or None."""
    match = SPDX.search('\n'.join(text.split('\n')[:3]))
    return match.group(1) if match else None


def says_what_for(text):
    """Whether one of the next lines is a comment of some words."""
    lines = text.split('\n')
    at = next(i for i, line in enumerate(lines) if SPDX.search(line))
    for line in lines[at + 1:at + 5]:
        match = re.match(r'\s*(?:/\*|//|#(?!!)|\*|"""|\'\'\')\s*(?!shellcheck)(.+)', line)
        if match and len(match.group(1).split()) > 2 and not line.startswith('#include'):
            return True
    return False


def check(root):
    problems, paths = [], [p for p in tree.files(root) if not p.endswith(EXEMPT)]
    for path in paths:
        text = tree.read(root, path)
        found = licence(text)
        if not text:
            continue
        if not found:
            problems.append(f'{path}: no SPDX line in its first three')
            continue
        if found not in allowed(path):
            problems.append(f'{path}: {found}, not {" or ".join(sorted(allowed(path)))}')
        if not os.path.exists(os.path.join(root, 'LICENSES', found + '.txt')):
            problems.append(f'{path}: LICENSES/{found}.txt is missing')
        if path.endswith(CODE) or text.startswith('#!'):
            if not says_what_for(text):
                problems.append(f'{path}: no sentence below the SPDX line says what it is for')
    return problems, len(paths)


if __name__ == '__main__':
    tree.verdict(*check(sys.argv[1]))

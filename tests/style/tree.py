# SPDX-License-Identifier: GPL-2.0-or-later
"""What the style checks share: the files of the tree, C text without comments, a verdict."""
import os
import re
import subprocess
import sys

SKIPPED_DIRS = {'.git', '__pycache__', 'LICENSES'}


def files(root, *suffixes, under=''):
    """Paths below root, sorted; build directories and caches are left out."""
    found = []
    for top, dirs, names in os.walk(os.path.join(root, under)):
        dirs[:] = [d for d in dirs if d not in SKIPPED_DIRS and not d.startswith('build')]
        found += [os.path.relpath(os.path.join(top, name), root) for name in names]
    return sorted(p for p in found if not suffixes or p.endswith(suffixes))


def read(root, path):
    with open(os.path.join(root, path), encoding='utf-8') as f:
        return f.read()


def is_script(root, path, *interpreters):
    """Whether the first line names one of the interpreters."""
    with open(os.path.join(root, path), 'rb') as f:
        line = f.readline().decode('utf-8', 'replace')
    return line.startswith('#!') and any(i in line for i in interpreters)


def blank(match):
    return re.sub(r'[^\n]', ' ', match.group())


def code(text, strings=True):
    """C text with comments, and with strings unless they are wanted, blanked out."""
    token = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.S)
    return token.sub(lambda m: m.group() if m.group()[0] == '"' and strings else blank(m), text)


def line_of(text, pos):
    return text.count('\n', 0, pos) + 1


def output(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout


def api(root):
    """Names of the functions that the public headers declare as exported."""
    names = set()
    for path in files(root, '.h', under='include'):
        text = code(read(root, path))
        names |= set(re.findall(r'^DMABUFX_API\b[^;(]*?(\w+)\(', text, re.M))
    return names


def verdict(problems, seen):
    """Tell and leave: 0 only where something was looked at and nothing was wrong."""
    for problem in problems:
        print(problem)
    first = f', the first: {problems[0]}' if problems else ''
    print(f'{seen} looked at, {len(problems)} problems{first}'.split('\n', maxsplit=1)[0])
    sys.exit(1 if problems or not seen else 0)

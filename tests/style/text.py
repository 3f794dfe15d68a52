#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Plain text rules: no left-over marks, hosts, home paths or stray blanks; lines and files short.

Usage: text.py ROOT [--allow PATH...], where the allowed may have more than 400 lines.
"""
import argparse
import re

import tree

MAX_LINES = 400
MAX_COLUMNS = 100
SOURCES = ('.c', '.h', '.cc', '.py', '.sh')

# Written so that this file doesn't match itself.
RULES = (
    (re.compile(r'\b(TO' r'DO|FIX' r'ME|X' r'XX)\b'), 'an unfinished mark'),
    (re.compile(r'[ \t]+$', re.M), 'white space at the end of the line'),
    (re.compile(r'\r'), 'a carriage return'),
    (re.compile(r'(?<![\w./])/(home|root|Users|work)/(?=\w)'), "a path of somebody's machine"),
    (re.compile(r'\b(?:https?|ftp|git|ssh)://(?!\$|%|\{|"|\')[\w.-]+'), 'a host name'),
    (re.compile(r'\b(?:[\w-]+\.)+(?:debian|ubuntu|github|gitlab|freedesktop)\.(?:org|com|net)\b'),
     'a host name'),
)

# The kernel's release is public and has one home; the archive's address is asked of apt.
HOSTS_ALLOWED = re.compile(r'\bhttps://(?:cdn|www)\.kernel\.org\b')


def is_patch(path):
    return path.endswith('.patch')


def check_text(path, text):
    problems = []
    for rule, what in RULES:
        for match in rule.finditer(text):
            if not HOSTS_ALLOWED.match(match.group()):
                problems.append(f'{path}:{tree.line_of(text, match.start())}: {what}: '
                                f'{match.group()!r}')
    if text and not text.endswith('\n'):
        problems.append(f'{path}: the last line has no end')
    if text.endswith('\n\n'):
        problems.append(f'{path}: ends with empty lines')
    return problems


def check_length(path, text, allowed):
    """A line of C may be longer for a string's sake: messages stay whole to be found by grep."""
    problems = []
    for number, line in enumerate(text.split('\n'), 1):
        may = path.endswith(('.c', '.h', '.cc')) and '"' in line
        if len(line.expandtabs(8)) > MAX_COLUMNS and not may:
            problems.append(f'{path}:{number}: longer than {MAX_COLUMNS} columns')
    if text.count('\n') > MAX_LINES and path not in allowed:
        problems.append(f'{path}: {text.count(chr(10))} lines; a file holds one idea, {MAX_LINES} '
                        f'are the most')
    return problems


def check(root, allowed=()):
    problems, paths = [], tree.files(root)
    for path in (p for p in paths if not is_patch(p)):
        text = tree.read(root, path)
        problems += check_text(path, text)
        if path.endswith(SOURCES) or text.startswith('#!'):
            problems += check_length(path, text, allowed)
    problems += [f'{path}: allowed to be long, but not there' for path in allowed
                 if path not in paths]
    return problems, len(paths)


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('root')
    parser.add_argument('--allow', nargs='*', default=[])
    args = parser.parse_args()
    tree.verdict(*check(args.root, args.allow))

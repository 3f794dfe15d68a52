#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each public header alone, in C11 and C++11, by both compilers; option structs; no padding.

Padding that the compiler adds would differ between ABIs and could carry the caller's garbage into
the check that unknown option bytes are zero.
"""
import os
import re
import subprocess
import sys

import tree

STRICT = ['-Wall', '-Wextra', '-pedantic', '-Wpadded', '-Werror', '-c', '-o', os.devnull]

# DMABUFX_OPTS() is a designated initialiser: standard in C and in C++20, in older C++ an extension
# of both compilers. g++ counts the members that are left to their default as missing.
GNU = ['-Wall', '-Wextra', '-Werror', '-Wno-missing-field-initializers', '-c', '-o', os.devnull]
CLANG_OLD = ['-Wno-c++20-designator']


def compile_text(command, language, text):
    run = subprocess.run([*command, '-x', language, '-'], input=text, text=True, check=False,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return run.stdout.strip() if run.returncode else ''


def alone(name, text):
    """Includes it first and twice, and lays out each struct it defines."""
    lines = [f'#include <dmabufx/{name}>'] * 2
    for tag in re.findall(r'^struct (\w+) \{', text, re.M):
        lines.append(f'extern char room_for_{tag}[sizeof(struct {tag})];')
    return '\n'.join([*lines, 'extern int not_empty;', ''])


def options(name, text):
    """A function that declares each option struct of the header."""
    uses = [f'\t{{ DMABUFX_OPTS({tag}, opts, .flags = 0); sum += opts.size; }}\n'
            for tag in re.findall(r'^struct (\w+_opts) \{', text, re.M)]
    return (f'#include <dmabufx/{name}>\nunsigned long use(void);\nunsigned long use(void)\n{{\n'
            f'\tunsigned long sum = 0;\n{"".join(uses)}\treturn sum;\n}}\n')


def check(root):
    include = '-I' + os.path.join(root, 'include')
    runs = []
    for cc, cxx in (('gcc', 'g++'), ('clang', 'clang++')):
        runs += [(alone, 'c', [cc, '-std=c11', *STRICT]),
                 (alone, 'c++', [cxx, '-std=c++11', *STRICT]),
                 (options, 'c', [cc, '-std=c11', *STRICT]),
                 (options, 'c++', [cxx, '-std=c++20', '-pedantic', *GNU])]
        old = CLANG_OLD if cxx == 'clang++' else []
        runs += [(options, 'c++', [cxx, '-std=c++11', *old, *GNU])]
    problems, seen = [], 0
    for path in tree.files(root, '.h', under='include'):
        name, text = os.path.relpath(path, 'include/dmabufx'), tree.read(root, path)
        for make, language, command in runs:
            seen += 1
            said = compile_text([*command, include], language, make(name, text))
            if said:
                problems.append(f'{path}: {command[0]} {command[1]}, {make.__name__}:\n{said}')
    return problems, seen


if __name__ == '__main__':
    tree.verdict(*check(sys.argv[1]))

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The README's C compiles: what is shown is what works, and is as short as it is said to be."""
import os
import re
import subprocess
import sys

import tree

# The reader's own part of the examples, declared so that the compiler can check the rest.
PROLOGUE = '''#include <dmabufx/dmabufx.h>
void run_dma(struct dmabufx_dev *dev, uint64_t iova);
void look_at(const void *packet, uint32_t len);
void example(void);
void example(void)
{
'''
# The control path, and receiving.
MAX_STATEMENTS = (13, 17)


def blocks(text):
    return re.findall(r'^```c\n(.*?)^```$', text, re.M | re.S)


def statements(block):
    """Statements that do something: declarations are not counted."""
    plain = tree.code(block)
    return [line for line in re.findall(r'[^;{}]+;', plain)
            if not re.match(r'\s*(?:struct \w+ |\w+_t )[^(]*$', line)]


def check(root):
    found = blocks(tree.read(root, 'README.md'))
    if not found:
        return ['README.md: no block of C'], 0
    problems = []
    for block in found:
        run = subprocess.run(['gcc', '-std=c11', '-Wall', '-Wextra', '-Werror', '-x', 'c', '-c',
                              '-I' + os.path.join(root, 'include'), '-o', os.devnull, '-'],
                             input=PROLOGUE + block + '}\n', text=True, check=False,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        problems += ['README.md: ' + run.stdout] if run.returncode else []
    problems += [f'README.md: example {i + 1} takes {len(statements(block))} statements, not {most}'
                 for i, (block, most) in enumerate(zip(found, MAX_STATEMENTS))
                 if len(statements(block)) > most]
    return problems, len(found)


if __name__ == '__main__':
    tree.verdict(*check(sys.argv[1]))

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Scripts: bash ones are strict and pass shellcheck, Python ones compile, all can be executed."""
import os
import subprocess
import sys

import tree


def check_shell(root, path):
    text = tree.read(root, path)
    problems = []
    if not text.startswith('#!'):
        return problems + shellcheck(root, path, '--shell=bash')
    if text.splitlines()[0] not in ('#!/bin/bash', '#!/usr/bin/env bash'):
        problems.append(f'{path}: starts with {text.splitlines()[0]}, which is not bash')
    if 'set -euo pipefail\n' not in text:
        problems.append(f'{path}: no set -euo pipefail')
    return problems + shellcheck(root, path)


def shellcheck(root, path, *options):
    run = subprocess.run(['shellcheck', '--external-sources', '--source-path=SCRIPTDIR',
                          '--format=gcc', *options, path], cwd=root, check=False, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return run.stdout.splitlines() if run.returncode else []


def check_python(root, path):
    try:
        compile(tree.read(root, path), path, 'exec')
    except SyntaxError as error:
        return [f'{path}:{error.lineno}: {error.msg}']
    return []


def check(root):
    problems, seen = [], 0
    for path in tree.files(root):
        shell = path.endswith('.sh') or tree.is_script(root, path, 'bash', '/sh')
        python = path.endswith('.py') or tree.is_script(root, path, 'python')
        seen += shell or python
        if shell:
            problems += check_shell(root, path)
        if python:
            problems += check_python(root, path)
        if tree.is_script(root, path, '') and not os.access(os.path.join(root, path), os.X_OK):
            problems.append(f'{path}: has a #! line, but is not executable')
    return problems, seen


if __name__ == '__main__':
    tree.verdict(*check(os.path.abspath(sys.argv[1])))

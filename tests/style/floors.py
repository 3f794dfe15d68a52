#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may include whom: the rooms of lib/, the public headers, and those who use them alone."""
import os
import re
import sys

import tree

# The rooms that a room may include, besides itself. 'top' is lib/*.c.
MAY = {
    'base': set(),
    'uapi': {'base'},
    'sys': {'base', 'uapi'},
    'buf': {'base', 'uapi', 'sys'},
    'iommu': {'base', 'uapi', 'sys', 'buf'},
    'vfio': {'base', 'uapi', 'sys', 'buf', 'iommu'},
    'xsk': {'base', 'uapi', 'sys', 'buf'},
    'top': {'base', 'uapi', 'sys', 'buf', 'iommu', 'vfio', 'xsk'},
}

# sys types the kernel's calls, uapi holds their structures; these two choose what to call.
KNOW_A_BACKEND = {'sys', 'uapi', 'iommu', 'vfio'}
BACKEND = re.compile(r'\bstruct (?:iommu|vfio)_\w+|\b(?:IOMMU|VFIO)_[A-Z]\w*')

# The last two are for the checks of DMABUFX_XSK_DEBUG, which end the program.
PUBLIC_SYSTEM_HEADERS = {'stddef.h', 'stdint.h', 'emmintrin.h', 'stdio.h', 'stdlib.h'}
# What a program for libxdp expects of libxdp's header.
COMPAT_SYSTEM_HEADERS = {'linux/if_xdp.h', 'linux/types.h', 'bpf/libbpf.h'}
USERS = ('tools', 'examples', 'pkgconfig/consumer')

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def room_of(path):
    parts = path.split('/')
    return parts[1] if len(parts) > 2 else 'top'


def includes(text):
    """(line, quoted, name) of each include."""
    return [(tree.line_of(text, m.start(1)), m.group(1) == '"', m.group(2))
            for m in INCLUDE.finditer(tree.code(text))]


def lib_include(root, path, name, quoted):
    """What is wrong with one include of a file in lib/, or None."""
    room = room_of(path)
    if not quoted:
        if name.startswith('linux/') and room not in KNOW_A_BACKEND:
            return f'<{name}>: only rooms that know a backend may include it'
        return None
    if name.startswith('dmabufx/'):
        return None
    if not os.path.exists(os.path.join(root, 'lib', name)):
        return f'"{name}" is not named from lib/ down'
    other = room_of('lib/' + name)
    if other != room and name.endswith('_priv.h'):
        return f'"{name}" is private to lib/{other}'
    if other != room and other not in MAY[room]:
        return f'lib/{room} may not include lib/{other}: "{name}"'
    return None


def check_lib(root):
    problems = []
    for path in tree.files(root, '.c', '.h', under='lib'):
        text, room = tree.read(root, path), room_of(path)
        if room not in MAY:
            problems.append(f'{path}: lib/{room} is no room that floors.py knows')
            continue
        for line, quoted, name in includes(text):
            problem = lib_include(root, path, name, quoted)
            if problem:
                problems.append(f'{path}:{line}: {problem}')
        if room not in KNOW_A_BACKEND:
            plain = tree.code(text, strings=False)
            problems += [f'{path}:{tree.line_of(plain, m.start())}: {m.group()}: only lib/iommu '
                         f'and lib/vfio know a backend' for m in BACKEND.finditer(plain)]
    return problems


def check_public(root):
    problems = []
    for path in tree.files(root, '.h', under='include'):
        known = PUBLIC_SYSTEM_HEADERS
        if path.startswith('include/dmabufx/compat/'):
            known = known | COMPAT_SYSTEM_HEADERS
        for line, quoted, name in includes(tree.read(root, path)):
            there = os.path.exists(os.path.join(root, os.path.dirname(path), name))
            if not there if quoted else name not in known:
                problems.append(f'{path}:{line}: a public header may not include {name}')
    return problems


def check_users(root):
    """Tools, examples and the consumer see the public headers and their own."""
    problems = []
    for top in USERS:
        for path in tree.files(root, '.c', '.h', '.cc', under=top):
            near = (os.path.dirname(path), top)
            for line, quoted, name in includes(tree.read(root, path)):
                own = any(os.path.exists(os.path.join(root, d, name)) for d in near)
                if quoted and (not own or '..' in name):
                    problems.append(f'{path}:{line}: "{name}" is neither public nor of {top}/')
    return problems


def check_circles(root):
    graph = {}
    for path in tree.files(root, '.h', under='lib') + tree.files(root, '.h', under='include'):
        base = 'lib' if path.startswith('lib/') else os.path.dirname(path)
        names = [os.path.join(base, n) for _, q, n in includes(tree.read(root, path)) if q]
        graph[path] = [n for n in names if os.path.exists(os.path.join(root, n))]
    problems, done = [], set()

    def visit(path, trail):
        if path in trail:
            problems.append(' includes '.join([*trail[trail.index(path):], path]) + ': a circle')
        elif path not in done:
            for name in graph.get(path, []):
                visit(name, [*trail, path])
            done.add(path)

    for path in graph:
        visit(path, [])
    return problems


def check(root):
    return check_lib(root) + check_public(root) + check_users(root) + check_circles(root)


if __name__ == '__main__':
    tree.verdict(check(sys.argv[1]), len(tree.files(sys.argv[1], '.c', '.h', under='lib')))

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Exported symbols: shared library, map file and headers agree, the rest is hidden."""
import re
import sys

import tree


def mapped(text):
    """Names in the map in their order, {name: node}, and whether the rest is local."""
    order, nodes, node = [], {}, ''
    for line in text.splitlines():
        head = re.match(r'([\w.]+) \{', line)
        entry = re.match(r'\t(\w+);$', line)
        if head:
            node = head.group(1)
        elif entry:
            order.append((node, entry.group(1)))
            nodes[entry.group(1)] = node
    return order, nodes, re.search(r'^local:\n\t\*;$', text, re.M) is not None


def exported(shared):
    """{name: version node} of the dynamic symbols that a program can link to."""
    found = {}
    for line in tree.output('nm', '-D', '--defined-only', '--with-symbol-versions',
                            shared).splitlines():
        kind, symbol = line.split()[-2:]
        if kind != 'A':
            name, _, node = symbol.partition('@')
            found[name] = node.lstrip('@')
    return found


def visible(archive):
    """Global symbols of the archive as (name, visibility)."""
    found = set()
    for line in tree.output('readelf', '-sW', archive).splitlines():
        words = line.split()
        if len(words) == 8 and words[4] in ('GLOBAL', 'WEAK') and words[6] != 'UND':
            found.add((words[7], words[5]))
    return found


def differences(left, left_name, right, right_name):
    return ([f'{n}: in {left_name}, not in {right_name}' for n in sorted(left - right)]
            + [f'{n}: in {right_name}, not in {left_name}' for n in sorted(right - left)])


def check(declared, map_text, dynamic, static):
    order, nodes, rest_is_local = mapped(map_text)
    problems = [] if rest_is_local else ['the map does not end with local: *']
    if order != sorted(order):
        problems.append('the map is not sorted')
    problems += differences(declared, 'the headers', set(nodes), 'the map')
    problems += differences(set(nodes), 'the map', set(dynamic), 'the shared library')
    problems += [f'{n}: version {v} in the library, {nodes[n]} in the map'
                 for n, v in sorted(dynamic.items()) if n in nodes and nodes[n] != v]
    for name, visibility in sorted(static):
        if name in declared and visibility != 'DEFAULT':
            problems.append(f'{name}: is public, but {visibility}')
        elif name not in declared and visibility != 'HIDDEN':
            problems.append(f'{name}: is no public call, but {visibility}')
        if name not in declared and not name.startswith('dx_'):
            problems.append(f'{name}: a name across files that is not public starts with dx_')
    return problems


if __name__ == '__main__':
    tree_root, so, a = sys.argv[1:]
    tree.verdict(check(tree.api(tree_root), tree.read(tree_root, 'lib/libdmabufx.map'),
                       exported(so), visible(a)), len(tree.api(tree_root)))

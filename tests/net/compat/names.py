#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each name that libxdp's xsk.h declares is declared by compat/xsk.h, and in the same way.

Usage: names.py COMPILER COMPAT_HEADER. Prints cmocka's lines, a case for each kind of name.
"""
import re
import subprocess
import sys

ATTRIBUTES = re.compile(r'__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)|'
                        r'\b(?:static|extern|inline)\b')
# Guards, and what stands for "inline", which is the header's own matter.
OWN_MATTER = {'__LIBBPF_XSK_H', '__LIBXDP_XSK_H', 'XDP_ALWAYS_INLINE'}


def tokens(text):
    return ' '.join(re.findall(r'\w+|[^\s\w]', text))


def of_header(compiler, include, ends_with):
    """The header's own lines after preprocessing, macros left as #define."""
    text = subprocess.run([compiler, '-E', '-dD', '-x', 'c', '-'], input=f'#include {include}\n',
                          stdout=subprocess.PIPE, check=True, text=True).stdout
    lines, own = [], False
    for line in text.splitlines():
        mark = re.match(r'# \d+ "([^"]*)"', line)
        if mark:
            own = mark.group(1).endswith(ends_with)
        elif own:
            lines.append(line)
    return lines


def macros(lines):
    found = {}
    for line in lines:
        match = re.match(r'#define (\w+)(\([^)]*\))?\s*(.*)', line)
        if match and match.group(1) not in OWN_MATTER:
            found[match.group(1)] = tokens((match.group(2) or '') + ' ' + match.group(3))
    return found


def without_bodies(text):
    """Functions become declarations; structures keep their members."""
    out, keep = [], []
    for i, char in enumerate(text):
        if char == '{':
            keep.append(not text[:i].rstrip().endswith(')'))
            if keep[-1]:
                out.append(char)
        elif char == '}':
            out.append(char if keep.pop() else ';')
        elif all(keep):
            out.append(char)
    assert not keep
    return ''.join(out)


def declarations(lines):
    """({struct: members}, {function: prototype})."""
    text = ' '.join(line for line in lines if not line.startswith('#'))
    text = without_bodies(ATTRIBUTES.sub(' ', text))
    structs = {}
    for match in re.finditer(r'struct (\w+)\s*\{((?:[^{}]|\{[^{}]*\})*)\}', text):
        # A member without a name is room.
        members = re.sub(r'[\w ]+:\s*\d+\s*;', '', match.group(2))
        structs[match.group(1)] = tokens(members)
    functions = {}
    for match in re.finditer(r'([\w\s*]+?)\b(\w+)\s*\(([^()]*)\)\s*;', text):
        functions[match.group(2)] = tokens(f'{match.group(1)} ({match.group(3)})')
    return structs, functions


def report(kind, theirs, ours):
    print(f'[ RUN      ] {kind}')
    # What ours knows of a UMEM and a socket, libxdp only names.
    problems = [f'{name}: not there' for name in sorted(set(theirs) - set(ours))]
    problems += [f'{name}: {ours[name]} instead of {theirs[name]}' for name in sorted(theirs)
                 if name in ours and ours[name] != theirs[name]]
    if not theirs:
        problems.append('libxdp declares none: is it read rightly?')
    for problem in problems:
        print(f'    {problem}')
    print(f'[  FAILED  ] {kind}' if problems else f'[       OK ] {kind}')
    return not problems


def main():
    compiler, compat = sys.argv[1:]
    theirs = of_header(compiler, '<xdp/xsk.h>', 'xdp/xsk.h')
    ours = of_header(compiler, f'"{compat}"', 'compat/xsk.h')
    structs, functions = declarations(theirs)
    our_structs, our_functions = declarations(ours)
    for name in ('xsk_umem__create', 'xsk_ring_prod__reserve', 'xsk_setup_xdp_prog'):
        assert name in functions, f'{name} was read over'
    good = [report('macros_are_the_same', macros(theirs), macros(ours)),
            report('structures_are_the_same', structs, our_structs),
            report('functions_are_the_same', functions, our_functions)]
    print(f'{len(macros(theirs))} macros, {len(structs)} structures, {len(functions)} functions')
    sys.exit(0 if all(good) else 1)


if __name__ == '__main__':
    main()

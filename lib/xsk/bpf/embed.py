#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes a BPF object an array in C: embed.py OBJECT OUTPUT NAME [LLVM-STRIP]"""
import os
import subprocess
import sys
import tempfile


def stripped(path, strip):
    """The object without DWARF; BTF stays. All of it where there is nothing to strip it."""
    with tempfile.TemporaryDirectory() as work:
        if strip:
            out = os.path.join(work, 'object')
            subprocess.run([strip, '-g', '-o', out, path], check=True)
            path = out
        with open(path, 'rb') as f:
            return f.read()


def main(path, output, name, strip=None):
    data = stripped(path, strip)
    rows = [', '.join(f'{b:#04x}' for b in data[i:i + 16]) for i in range(0, len(data), 16)]
    with open(output, 'w', encoding='utf-8') as f:
        f.write('/* Made by embed.py. */\n#include "xsk/prog_priv.h"\n\n'
                f'const unsigned char {name}[] __attribute__((aligned(8))) = {{\n\t'
                + ',\n\t'.join(rows) + ',\n};\n'
                f'const size_t {name}_len = {len(data)};\n')


if __name__ == '__main__':
    main(*sys.argv[1:])

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes a BPF object an array in C: array.py OBJECT OUTPUT"""
import sys

with open(sys.argv[1], 'rb') as source:
    data = source.read()
with open(sys.argv[2], 'w', encoding='utf-8') as output:
    rows = [', '.join(f'{b:#04x}' for b in data[i:i + 16]) for i in range(0, len(data), 16)]
    output.write('/* Made by array.py. */\n#include "peer.h"\n\n'
                 'const unsigned char peer_object[] __attribute__((aligned(8))) = {\n\t'
                 + ',\n\t'.join(rows) + ',\n};\n'
                 f'const size_t peer_object_len = {len(data)};\n')

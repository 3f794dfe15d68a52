#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each style check fails when it should: a small tree with one violation at a time."""
import os
import shutil
import subprocess
import tempfile
import unittest

import floors
import format as formatting
import headers
import objects
import readme
import scripts
import spdx
import symbols
import text

LGPL = '/* SPDX-License-Identifier: LGPL-2.1-or-later */\n/* A file of a test. */\n'
GPL = '# SPDX-License-Identifier: GPL-2.0-or-later\n# A file of a test.\n'


class Tree(unittest.TestCase):
    """A temporary tree; add() writes a file, found() looks for a problem."""

    def setUp(self):
        self.root = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.root)

    def add(self, path, content, mode=0o644):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, 'w', encoding='utf-8') as f:
            f.write(content)
        os.chmod(full, mode)

    def found(self, problems, *words):
        problems = problems[0] if isinstance(problems, tuple) else problems
        self.assertTrue(any(all(w in p for w in words) for p in problems), problems)

    def clean(self, problems):
        self.assertEqual(problems[0] if isinstance(problems, tuple) else problems, [])


class Floors(Tree):
    def lib(self, path, *lines):
        self.add('lib/' + path, LGPL + '\n'.join(lines) + '\n')

    def test_a_room_may_include_the_floors_below(self):
        self.lib('base/list.h')
        self.lib('buf/buf_priv.h', '#include "base/list.h"')
        self.lib('buf/buf.c', '#include "buf/buf_priv.h"', '#include <errno.h>')
        self.clean(floors.check(self.root))

    def test_no_room_may_include_a_floor_above(self):
        self.lib('vfio/dev.h')
        self.lib('buf/buf.c', '#include "vfio/dev.h"')
        self.found(floors.check(self.root), 'lib/buf/buf.c:3', 'may not include lib/vfio')

    def test_a_private_header_stays_in_its_room(self):
        self.lib('buf/buf_priv.h')
        self.lib('vfio/dev.c', '#include "buf/buf_priv.h"')
        self.found(floors.check(self.root), 'private to lib/buf')

    def test_an_unknown_room_is_noticed(self):
        self.lib('attic/x.c')
        self.found(floors.check(self.root), 'attic')

    def test_only_two_rooms_know_a_backend(self):
        self.lib('iommu/type1.c', 'int x = VFIO_IOMMU_MAP_DMA;')
        self.clean(floors.check(self.root))
        self.lib('buf/buf.c', 'struct iommu_ioas_map map;')
        self.found(floors.check(self.root), 'struct iommu_ioas_map')

    def test_a_backend_in_a_comment_or_string_is_no_use_of_it(self):
        self.lib('buf/buf.c', '/* IOMMU_IOAS_MAP */', 'const char *s = "VFIO_GROUP";')
        self.clean(floors.check(self.root))

    def test_kernel_headers_stay_below(self):
        self.lib('buf/buf.c', '#include <linux/vfio.h>')
        self.found(floors.check(self.root), '<linux/vfio.h>')

    def test_public_headers_include_no_kernel_header(self):
        self.add('include/dmabufx/t.h', LGPL + '#include <linux/types.h>\n')
        self.found(floors.check(self.root), 'a public header may not include linux/types.h')

    def test_only_libxdps_names_need_the_kernels_types(self):
        self.add('include/dmabufx/compat/t.h', LGPL + '#include <linux/types.h>\n')
        self.clean(floors.check(self.root))
        self.add('include/dmabufx/compat/t.h', LGPL + '#include <linux/vfio.h>\n')
        self.found(floors.check(self.root), 'may not include linux/vfio.h')

    def test_public_headers_include_only_each_other(self):
        self.add('include/dmabufx/t.h', LGPL + '#include "secret.h"\n')
        self.found(floors.check(self.root), 'secret.h')

    def test_tools_see_public_headers_alone(self):
        self.add('tools/x/cmd.h', '')
        self.add('tools/x/cmd.c', '#include "cmd.h"\n#include <dmabufx/dev.h>\n')
        self.clean(floors.check(self.root))
        self.lib('base/list.h')
        self.add('tools/x/bad.c', '#include "base/list.h"\n')
        self.found(floors.check(self.root), 'base/list.h')

    def test_a_circle_is_noticed(self):
        self.lib('base/a.h', '#include "base/b.h"')
        self.lib('base/b.h', '#include "base/a.h"')
        self.found(floors.check(self.root), 'a circle')


class Objects(Tree):
    def archive(self, **sources):
        made = []
        for name, code in sources.items():
            path = os.path.join(self.root, name + '.c.o')
            subprocess.run(['gcc', '-w', '-O0', '-x', 'c', '-c', '-o', path, '-'], input=code,
                           text=True, check=True)
            made.append(path)
        archive = os.path.join(self.root, 'lib.a')
        subprocess.run(['ar', 'rc', archive, *made], check=True)
        return objects.check(objects.symbols(archive))

    def test_sys_may_call_the_kernel(self):
        self.clean(self.archive(sys_linux='int x(int f) { return ioctl(f, 1); }'))

    def test_no_other_room_may(self):
        self.found(self.archive(buf_buf='int x(int f) { return ioctl(f, 1); }'),
                   'lib/buf/buf.c', 'ioctl')

    def test_top_may_not_either(self):
        self.found(self.archive(probe='int x(void) { return open("/dev/iommu", 0); }'),
                   'lib/probe.c', 'open')

    def test_fortified_and_large_file_names_are_known(self):
        for name in ('open64', '__open_2', '__read_chk', 'openat64', '__open64_2', 'mmap64'):
            self.assertIn(objects.plain(name), objects.KERNEL_CALLS)
        self.assertIn(objects.plain('__printf_chk'), objects.NEVER)

    def test_nobody_prints_or_exits(self):
        self.found(self.archive(sys_linux='void x(void) { puts("x"); }'), 'puts')
        self.found(self.archive(sys_linux='void x(void) { abort(); }'), 'abort')
        self.found(self.archive(error='char *x(void) { return getenv("X"); }'), 'getenv')

    def test_a_room_calls_down_only(self):
        self.clean(self.archive(buf_buf='void dx_buf(void) { dx_base(); }',
                                base_list='void dx_base(void) { }'))
        self.found(self.archive(buf_buf='void dx_buf(void) { dx_dev(); }',
                                vfio_dev='void dx_dev(void) { }'), 'lib/vfio/dev.c is above it')


    def test_names_of_errors_may_be_called_from_anywhere(self):
        self.clean(self.archive(error='void dmabufx_name(void) { }',
                                base_fail='void dx_fail(void) { dmabufx_name(); }'))

    def test_names_of_errors_call_nobody(self):
        self.found(self.archive(error='void dmabufx_name(void) { dx_fail(); }',
                                base_fail='void dx_fail(void) { }'), 'called from everywhere')


class Headers(Tree):
    def header(self, body):
        self.add('include/dmabufx/t.h', f'#ifndef T_H\n#define T_H\n#include <stddef.h>\n'
                 f'#include <stdint.h>\n{body}\n#endif\n')
        return headers.check(self.root)

    def test_padding_is_noticed(self):
        self.found(self.header('struct t { uint64_t a; uint32_t b; };'), 'gcc', 'padding')

    def test_a_header_that_needs_another_is_noticed(self):
        self.found(self.header('struct t { size_t a; pid_t b; };'), 'pid_t')

    def test_a_word_of_cxx_is_noticed(self):
        self.found(self.header('int make(int new);'), 'g++')

    def test_a_sound_header_passes(self):
        self.clean(self.header('struct t { uint64_t a; };'))


class Symbols(Tree):
    MAP = 'LIBDMABUFX_0.1 {\nglobal:\n\tdmabufx_a;\n\tdmabufx_b;\nlocal:\n\t*;\n};\n'
    ALL = {'dmabufx_a', 'dmabufx_b'}
    DYNAMIC = {n: 'LIBDMABUFX_0.1' for n in ALL}
    STATIC = {(n, 'DEFAULT') for n in ALL}

    def test_agreement_passes(self):
        self.clean(symbols.check(self.ALL, self.MAP, self.DYNAMIC, self.STATIC))

    def test_declared_but_not_mapped(self):
        self.found(symbols.check(self.ALL | {'dmabufx_c'}, self.MAP, self.DYNAMIC, self.STATIC),
                   'dmabufx_c', 'not in the map')

    def test_mapped_but_not_in_the_library(self):
        self.found(symbols.check(self.ALL, self.MAP, {'dmabufx_a': 'LIBDMABUFX_0.1'}, self.STATIC),
                   'dmabufx_b', 'not in the shared library')

    def test_exported_by_accident(self):
        self.found(symbols.check(self.ALL, self.MAP, {**self.DYNAMIC, 'dx_x': ''}, self.STATIC),
                   'dx_x', 'not in the map')

    def test_internal_but_visible(self):
        static = self.STATIC | {('dx_x', 'DEFAULT')}
        self.found(symbols.check(self.ALL, self.MAP, self.DYNAMIC, static),
                   'dx_x', 'is no public call')

    def test_a_name_without_prefix(self):
        for name in ('list', 'dmabufx_not_declared'):
            static = self.STATIC | {(name, 'HIDDEN')}
            self.found(symbols.check(self.ALL, self.MAP, self.DYNAMIC, static), name, 'starts with')

    def test_unsorted_map(self):
        swapped = self.MAP.replace('\tdmabufx_a;\n\tdmabufx_b;', '\tdmabufx_b;\n\tdmabufx_a;')
        self.found(symbols.check(self.ALL, swapped, self.DYNAMIC, self.STATIC), 'not sorted')

    def test_map_without_local(self):
        self.found(symbols.check(self.ALL, self.MAP.replace('local:\n\t*;\n', ''), self.DYNAMIC,
                                 self.STATIC), 'local: *')


class Licences(Tree):
    def setUp(self):
        super().setUp()
        for name in (spdx.LGPL, spdx.GPL, spdx.GPL2):
            self.add(f'LICENSES/{name}.txt', 'text\n')

    def test_right_licences_pass(self):
        self.add('lib/x.c', LGPL)
        self.add('tests/x.py', GPL)
        self.clean(spdx.check(self.root))

    def test_missing_line(self):
        self.add('lib/x.c', '/* A file of a test. */\n')
        self.found(spdx.check(self.root), 'no SPDX line')

    def test_wrong_licence_for_the_room(self):
        self.add('lib/x.c', LGPL.replace(spdx.LGPL, spdx.GPL))
        self.found(spdx.check(self.root), 'lib/x.c', 'not LGPL')

    def test_missing_text(self):
        os.remove(os.path.join(self.root, 'LICENSES', spdx.LGPL + '.txt'))
        self.add('lib/x.c', LGPL)
        self.found(spdx.check(self.root), 'is missing')

    def test_missing_sentence(self):
        self.add('lib/x.c', LGPL.split('\n', maxsplit=1)[0] + '\n#include <x.h>\n')
        self.found(spdx.check(self.root), 'no sentence')


class Format(Tree):
    def problems(self, code):
        self.add('.clang-format', 'BasedOnStyle: LLVM\n')
        self.add('x.c', code)
        return formatting.check(self.root, ['x.c'])

    def test_misplaced_brace_is_noticed(self):
        self.found(self.problems('int x(void)\n{\n  return 0;\n}\n'), '+int x(void) { return 0; }')

    def test_gap_before_a_comment_is_free(self):
        self.clean(self.problems('int x;\t\t/* why */\n'))


class Text(Tree):
    def problems(self, content, path='x.c', **more):
        self.add(path, content)
        return text.check(self.root, **more)

    def test_unfinished_marks(self):
        for mark in ('TO' 'DO', 'FIX' 'ME', 'X' 'XX'):
            self.found(self.problems(f'/* {mark}: later */\n'), 'unfinished')

    def test_template_of_mktemp_is_none(self):
        self.clean(self.problems('mktemp /tmp/x.XXXXXX\n', 'x.sh'))

    def test_blanks_at_the_end(self):
        self.found(self.problems('int x; \n'), 'white space')

    def test_home_paths(self):
        for top in ('home', 'root', 'work'):
            self.found(self.problems(f'cd /{top}/x\n', 'x.sh'), 'machine')

    def test_host_names(self):
        self.found(self.problems('get http' '://example.net/x\n', 'x.sh'), 'host')
        self.found(self.problems('deb.' 'debian.org\n', 'x.md'), 'host')

    def test_long_lines(self):
        self.found(self.problems('x' * 101 + '\n'), 'longer')
        self.clean(self.problems('"' + 'x' * 101 + '"\n'))

    def test_long_files(self):
        self.found(self.problems('x\n' * 401), '401 lines')
        self.clean(self.problems('x\n' * 401, allowed=['x.c']))

    def test_last_line_without_end(self):
        self.found(self.problems('x'), 'no end')

    def test_patches_are_left_alone(self):
        self.clean(self.problems(' \n', 'kernel/x.patch'))


class Scripts(Tree):
    def problems(self, content, path='x.sh', mode=0o755):
        self.add(path, content, mode)
        return scripts.check(self.root)

    def test_strict_script_passes(self):
        self.clean(self.problems('#!/bin/bash\nset -euo pipefail\ntrue\n'))

    def test_not_strict(self):
        self.found(self.problems('#!/bin/bash\ntrue\n'), 'set -euo pipefail')

    def test_other_shell(self):
        self.found(self.problems('#!/bin/sh\nset -euo pipefail\n'), 'not bash')

    def test_shellcheck_is_asked(self):
        self.found(self.problems('#!/bin/bash\nset -euo pipefail\nrm $1\n'), 'SC2086')

    def test_not_executable(self):
        self.found(self.problems('#!/bin/bash\nset -euo pipefail\n', mode=0o644), 'executable')

    def test_broken_python(self):
        self.found(self.problems('def x(:\n', 'x.py'), 'x.py:1')


class Readme(Tree):
    def problems(self, block):
        self.add('README.md', f'```c\n{block}```\n')
        self.add('include/dmabufx/dmabufx.h', '#include <stdint.h>\nstruct dmabufx_dev;\n')
        return readme.check(self.root)

    def test_what_does_not_compile(self):
        self.found(self.problems('dmabufx_gone();\n'), 'dmabufx_gone')

    def test_what_is_too_long(self):
        self.found(self.problems('run_dma(0, 1);\n' * 14), '14 statements')

    def test_declarations_are_free(self):
        self.clean(self.problems('struct dmabufx_dev *d = 0;\n' + 'run_dma(d, 1);\n' * 13))

    def test_no_block_at_all(self):
        self.add('README.md', 'words\n')
        self.found(readme.check(self.root), 'no block')


if __name__ == '__main__':
    unittest.main(verbosity=2)

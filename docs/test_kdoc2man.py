#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of the page generator: what it refuses, what it writes, and that man accepts it."""
import glob
import os
import subprocess
import sys
import tempfile
import unittest

import kdoc
import kdoc2man

HERE = os.path.dirname(os.path.abspath(__file__))

HEAD = '''/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A header for a test. */
#ifndef DMABUFX_T_H
#define DMABUFX_T_H
'''

CALL = '''
/**
 * dmabufx_t_make() - make a thing
 * @n: how many,
 * on two lines
 * @ret: receives it
 *
 * First. See dmabufx_t_make().
 *
 * Second.
 *
 * Threads: any. Privilege: none.
 * Return: 0; -EINVAL: NULL, or @n is 0; -EACCES or -EPERM: not allowed; -ENOMEM;
 * errors of the kernel's call. After an error nothing changed.
 * Source: linux/vfio.h (3.6).
 * Since: 0.1
 */
DMABUFX_API int dmabufx_t_make(int n, struct dmabufx_t **ret);
'''

TYPES = '''
/**
 * enum dmabufx_t_make - shares its name with a call
 * @DMABUFX_T_A: by member line
 */
enum dmabufx_t_make {
	DMABUFX_T_A = 1,
	DMABUFX_T_B,	/* by trailing comment */
};

/**
 * struct dmabufx_t_info - a thing
 * @size: bytes
 * @name: its name
 */
struct dmabufx_t_info {
	size_t size;
	char name[16];
	uint32_t reserved;
};

/** DMABUFX_T_MAX - the most. */
#define DMABUFX_T_MAX 3
'''


def load(text):
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, 'dmabufx', 't.h')
        os.mkdir(os.path.dirname(path))
        with open(path, 'w', encoding='ascii') as f:
            f.write(HEAD + text + '\n#endif\n')
        return kdoc.load([path])


def pages(text):
    headers, errors = load(text)
    assert not errors, errors
    return kdoc2man.build(headers, 'SPDX\n\nOverview of @all.\n', '9.9')


class Refuses(unittest.TestCase):
    def refused(self, text, message):
        errors = '\n'.join(load(text)[1])
        self.assertIn(message, errors)

    def test_complete_header_passes(self):
        self.assertEqual(load(CALL + TYPES)[1], [])

    def test_missing_since(self):
        self.refused(CALL.replace(' * Since: 0.1\n', ''), 'Since: is missing')

    def test_missing_threads(self):
        self.refused(CALL.replace('Threads: any. ', ''), 'Threads: is missing')

    def test_missing_return(self):
        self.refused(CALL.replace('Return: 0;', 'Gives 0;'), 'Return: is missing')

    def test_undocumented_argument(self):
        self.refused(CALL.replace(' * @ret: receives it\n', ''), '@ret is not documented')

    def test_argument_that_is_not_declared(self):
        self.refused(CALL.replace('int n,', 'int m,'), '@n is documented, but not declared')

    def test_arguments_in_another_order(self):
        swapped = CALL.replace('int n, struct dmabufx_t **ret', 'struct dmabufx_t **ret, int n')
        self.refused(swapped, 'another order')

    def test_undocumented_member(self):
        self.refused(TYPES.replace(' * @name: its name\n', ''), '@name is not documented')

    def test_undocumented_enum_value(self):
        self.refused(TYPES.replace('\t/* by trailing comment */', ''), '@DMABUFX_T_B is not')

    def test_comment_above_another_call(self):
        self.refused(CALL.replace('int dmabufx_t_make(', 'int dmabufx_t_free('), 'stands above')

    def test_reference_to_a_call_that_does_not_exist(self):
        self.refused(CALL.replace('See dmabufx_t_make()', 'See dmabufx_gone()'), 'dmabufx_gone()')

    def test_text_that_speaks_of_what_does_not_exist(self):
        errors = []
        kdoc.check_text(load(CALL)[0], 'x.txt', 'See dmabufx_t_make() and DMABUFX_GONE.', errors)
        self.assertEqual(errors, ['x.txt: speaks of DMABUFX_GONE, which does not exist'])

    def test_bare_errno_without_known_cause(self):
        self.refused(CALL.replace('-ENOMEM;', '-ENOTTY;'), '-ENOTTY is named without a cause')

    def test_undocumented_declarations(self):
        for text in ('DMABUFX_API int dmabufx_x(void);', '#define DMABUFX_X 1',
                     'struct dx { int a; };', 'enum dx {\n\tDX,\n};', 'typedef int dx;',
                     'static inline int dx(void)\n{\n}'):
            with self.subTest(text):
                self.refused(text + '\n', 'undocumented')

    def test_header_without_a_sentence(self):
        self.assertTrue(any('one-sentence' in e for e in load_without_sentence()))


def load_without_sentence():
    with tempfile.NamedTemporaryFile('w', suffix='.h') as f:
        f.write('/* SPDX-License-Identifier: X */\n')
        f.flush()
        return kdoc.load([f.name])[1]


class Writes(unittest.TestCase):
    def test_call_and_enum_of_one_name_get_two_pages(self):
        names = pages(CALL + TYPES)
        self.assertIn('dmabufx_t_make.3', names)
        self.assertIn('dmabufx_t_make.3type', names)

    def test_return_is_split_into_tagged_errors(self):
        page = pages(CALL)['dmabufx_t_make.3']
        self.assertIn('.SH RETURN VALUE\n0 on success.\n', page)
        self.assertIn('.B \\-EINVAL\nA NULL argument, or \\fIn\\fP is 0.\n', page)
        self.assertIn('.B \\-EACCES\nNot allowed.\n.TP\n.B \\-EPERM\nNot allowed.\n', page)
        self.assertIn('.B \\-ENOMEM\nOut of memory.\n', page)
        self.assertIn(".PP\nErrors of the kernel's call.\n.PP\nAfter an error nothing", page)

    def test_fields_of_one_line_are_told_apart(self):
        page = pages(CALL)['dmabufx_t_make.3']
        self.assertIn('.SH THREADS\nAny thread.\n.SH PRIVILEGE\nNone.\n', page)

    def test_success_values_are_tagged(self):
        text = CALL.replace('Return: 0; -EINVAL', 'Return: 1: made; 0: not; -EINVAL')
        page = pages(text)['dmabufx_t_make.3']
        self.assertIn('.TP\n.B 1\nMade.\n.TP\n.B 0\nNot.\n', page)

    def test_leading_dot_is_no_macro(self):
        self.assertEqual(kdoc2man.markup('.so x'), '\\&.so x')

    def test_backslash_is_kept(self):
        self.assertEqual(kdoc2man.markup('a\\b'), 'a\\eb')

    def test_constants_stand_on_the_page_of_the_header(self):
        self.assertIn('.B DMABUFX_T_MAX\nThe most.', pages(TYPES)['libdmabufx-t.3'])

    def test_old_pages_are_removed(self):
        with tempfile.TemporaryDirectory() as tmp:
            out = os.path.join(tmp, 'man3')
            os.mkdir(out)
            open(os.path.join(out, 'gone.3'), 'w', encoding='ascii').close()
            subprocess.run(generator(out), check=True)
            self.assertNotIn('gone.3', os.listdir(out))


def generator(out):
    headers = glob.glob(os.path.join(HERE, '..', 'include', 'dmabufx', '*.h'))
    return [sys.executable, '-B', os.path.join(HERE, 'kdoc2man.py'), '--version', '0',
            '--overview', os.path.join(HERE, 'overview.txt'), '--out', out, *headers]


class RealPages(unittest.TestCase):
    def test_man_finds_nothing_to_warn_of(self):
        with tempfile.TemporaryDirectory() as tmp:
            out = os.path.join(tmp, 'man3')
            subprocess.run(generator(out), check=True)
            for page in [*glob.glob(out + '/*'), *glob.glob(os.path.join(HERE, 'man', '*.1'))]:
                with self.subTest(os.path.basename(page)):
                    self.assertEqual(warnings_of(page), '')

    def test_a_broken_page_is_noticed(self):
        with tempfile.NamedTemporaryFile('w', suffix='.3') as f:
            f.write('.TH x 3\n.SH NAME\nx \\- y\n.nonsense\n')
            f.flush()
            self.assertIn('nonsense', warnings_of(f.name))


def warnings_of(page):
    env = dict(os.environ, LC_ALL='C.UTF-8', MANWIDTH='80')
    run = subprocess.run(['man', '--warnings', '-E', 'UTF-8', '-l', '-Tutf8', '-Z', page], env=env,
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    return run.stderr


if __name__ == '__main__':
    unittest.main(verbosity=2)

# SPDX-License-Identifier: GPL-2.0-or-later
"""Compiles what a patch touches, in one configuration."""
import collections
import hashlib
import os
import re
import shutil
import subprocess

import tree as trees
import variants

WARNING = re.compile(r'\b(warning|error): |^(Warning|Error): |^(WARNING|ERROR): ')
# What make itself and a missing sign of life say is no warning on the source.
NOISE = re.compile(r'^make(\[\d+\])?: |Clock skew|modification time')
# Prints what a Makefile lists, composite objects opened.
LIST = r'''
.PHONY: print-list
print-list: ;
include $(OBJ)/include/config/auto.conf
include $(srctree)/$(obj)/$(if $(wildcard $(srctree)/$(obj)/Kbuild),Kbuild,Makefile)
all := $(obj-y) $(obj-m) $(lib-y) $(subdir-y) $(subdir-m)
parts = $($(1:.o=-objs)) $($(1:.o=-y)) $($(1:.o=-m))
$(foreach o,$(sort $(all)),$(info $(o)) $(foreach p,$(sort $(call parts,$(o))),$(info $(p))))
'''


def diagnostics(text, root):
    """How often each warning is in the text, wherever in its file it stands."""
    found = collections.Counter()
    for line in text.splitlines():
        if WARNING.search(line) and not NOISE.search(line):
            # With ccache the compiler is told the way from the objects.
            line = line.replace(root + '/', '').replace('../tree/', '')
            found[re.sub(r'(\.\w+):\d+(:\d+)?', r'\1', line)] += 1
    return found


def fresh(found, known):
    """Warnings more often than before; from now on they are known."""
    new = sorted(line for line in found if found[line] > known[line])
    for line in found:
        known[line] = max(known[line], found[line])
    return new


class Variant:
    def __init__(self, name, home, tree, config, jobs):
        self.name, self.tree, self.jobs, self.home = name, tree, jobs, home
        self.obj = os.path.join(home, 'obj-' + name)
        self.config = config + variants.VARIANTS[name]
        self.known = collections.Counter()
        self.lists = {}
        self.flags, self.configured = [], False
        if name == variants.SPARSE:
            self.flags += ['W=1', 'C=1'] if shutil.which('sparse') else ['W=1']

    def make(self, *words):
        """What make said, and whether it was content."""
        compiler = 'ccache gcc' if shutil.which('ccache') else 'gcc'
        env = dict(os.environ, CCACHE_NOHASHDIR='1', CCACHE_BASEDIR=self.home,
                   KBUILD_BUILD_TIMESTAMP='1970-01-01', KBUILD_BUILD_VERSION='1',
                   KBUILD_BUILD_USER='lab', KBUILD_BUILD_HOST='dmabufx')
        env.setdefault('CCACHE_DIR', os.path.join(trees.cache(), 'ccache'))
        run = subprocess.run(['make', '-s', '-k', '-C', self.tree.path, f'O={self.obj}',
                              f'-j{self.jobs}', f'CC={compiler}', f'HOSTCC={compiler}', *words],
                             check=False, text=True, errors='replace', env=env,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        with open(os.path.join(self.home, self.name + '.log'), 'a', encoding='utf-8') as log:
            log.write(f'make {" ".join(words)}\n{run.stdout}')
        return run.stdout, run.returncode == 0

    def must(self, *words):
        said, good = self.make(*words)
        if not good:
            raise trees.Failed(f'{self.name}: make {" ".join(words)} fails:\n{said[-2000:]}')

    def configure(self, anew=False):
        """Asked again after a patch that touches a Kconfig: the options may be new."""
        self.lists = {}
        if self.configured and not anew:
            return
        self.configured = True
        os.makedirs(self.obj, exist_ok=True)
        path = os.path.join(self.home, self.name + '.config')
        trees.write(path, self.config)
        self.must(f'KCONFIG_ALLCONFIG={path}', 'allnoconfig')
        have = trees.read(os.path.join(self.obj, '.config')).splitlines()
        for line in variants.VARIANTS[self.name].split('\n'):
            name = re.sub(r'^# |[= ].*', '', line.replace('# ', '', 1))
            if line.startswith('# '):
                good = not any(other.startswith(name + '=') for other in have)
            else:
                good = not line or line in have
            if not good:
                raise trees.Failed(f'{self.name}: "{line}" was asked for and did not survive')
        self.must('prepare')

    def listed(self, folder):
        """What the folder's Makefile builds; nothing if make doesn't get there."""
        if folder not in self.lists:
            self.lists[folder] = set()
            parent, _, last = folder.rpartition('/')
            if not folder or last + '/' in self.listed(parent):
                run = subprocess.run(
                    ['make', '-s', '-r', '-R', '-f', '-', 'print-list', f'OBJ={self.obj}',
                     f'srctree={self.tree.path}', f'src={self.tree.at(folder)}',
                     f'obj={folder or "."}'], input=LIST, cwd=self.obj, check=False, text=True,
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                self.lists[folder] = set(run.stdout.split())
        return self.lists[folder]

    def objects(self, sources):
        """The objects of the sources that there are and that this configuration builds."""
        found = []
        for source in sources:
            folder, name = os.path.split(source[:-2] + '.o')
            if os.path.exists(self.tree.at(source)) and name in self.listed(folder):
                found.append(source[:-2] + '.o')
        return found

    def learn(self, sources):
        """The base's own warnings. They are kept, for the time when nothing has changed."""
        tools = ''.join(subprocess.run([tool, '--version'], check=False, text=True,
                                       stdout=subprocess.PIPE).stdout
                        for tool in ('gcc', 'sparse') if shutil.which(tool))
        key = hashlib.sha256('\n'.join([self.tree.digest, tools, self.config, *self.flags,
                                        *sources]).encode()).hexdigest()
        path = os.path.join(self.home, self.name + '.known')
        if os.path.exists(path):
            first, *lines = trees.read(path).splitlines()
            if first == key:
                for line in lines:
                    count, _, text = line.partition(' ')
                    self.known[text] = int(count)
                return
        objects = self.objects(sources)
        # An object of an earlier check is up to date and would say nothing.
        for name in objects:
            if os.path.exists(os.path.join(self.obj, name)):
                os.remove(os.path.join(self.obj, name))
        said, good = self.make(*self.flags, *objects)
        if not good:
            raise trees.Failed(f'the base does not compile in {self.name}:\n{errors(said)}')
        self.known = diagnostics(said, self.tree.path)
        lines = [f'{count} {text}' for text, count in self.known.items()]
        trees.write(path, '\n'.join([key, *lines]) + '\n')

    def compile(self, sources):
        """What is wrong with the sources as they are now, and how many were compiled."""
        objects = self.objects(sources)
        if not objects:
            return [], 0
        said, good = self.make(*self.flags, *objects)
        wrong = [] if good else [f'{self.name}: does not compile:\n{errors(said)}']
        wrong += [f'{self.name}: no {name} was made' for name in objects
                  if good and not os.path.exists(os.path.join(self.obj, name))]
        wrong += [f'{self.name}: {line}' for line in
                  fresh(diagnostics(said, self.tree.path), self.known)]
        return wrong, len(objects)

    def link(self):
        """All modules, so that modpost sees each symbol that none exports."""
        said, good = self.make('vmlinux_o', 'modules')
        if not good:
            return [f'{self.name}: modules do not link:\n{errors(said)}']
        return [f'{self.name}: {line}' for line in
                fresh(diagnostics(said, self.tree.path), self.known) if 'modpost' in line]


def errors(said):
    lines = [line for line in said.splitlines()
             if re.search(r'error:|ERROR:|undefined|No rule', line)]
    return '\n'.join(lines[:8]) or said[-600:]

# SPDX-License-Identifier: GPL-2.0-or-later
"""The base's source in the cache, with the patches put on and taken off again."""
import collections
import json
import os
import re
import shutil
import subprocess

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), '..', '..', '..'))
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.M)
# Where users of a header are looked for.
ROOTS = ('block', 'drivers', 'include', 'io_uring', 'kernel', 'lib', 'mm', 'net', 'virt')
# How much of a file is looked at for what it includes.
HEAD = 16384
# A header of more users than this has everybody as a user.
COMMON = 300


class Failed(Exception):
    """What is said and ends the check."""


def cache():
    below = os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache')
    return os.environ.get('DMABUFX_CACHE') or os.path.join(below, 'dmabufx')


def code(path):
    """A file without its comments and blanks."""
    if not os.path.exists(path):
        return None
    return re.sub(r'/\*.*?\*/|//[^\n]*|\s+', ' ', read(path), flags=re.S).split()


def read(path):
    with open(path, encoding='utf-8', errors='replace') as file:
        return file.read()


def write(path, text):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


class Patch:
    def __init__(self, folder, name):
        self.name, self.path = name, os.path.join(folder, name)
        self.text = read(self.path)
        self.touched = re.findall(r'^\+\+\+ b/(\S+)', self.text, re.M)
        self.touched += re.findall(r'^--- a/(\S+)\n\+\+\+ /dev/null', self.text, re.M)

    def added(self, path):
        """The lines that the patch adds to one file."""
        part = self.text.partition(f'\n+++ b/{path}\n')[2].partition('\ndiff --git ')[0]
        return '\n'.join(line[1:] for line in part.splitlines() if line.startswith('+'))


class Tree:
    def __init__(self, home, tarball, digest):
        self.path, self.home = os.path.join(home, 'tree'), home
        self.saved = os.path.join(home, 'saved')
        self.tarball, self.digest = tarball, digest
        self.includes = collections.defaultdict(set)
        self.commented = set()

    def at(self, path):
        return os.path.join(self.path, path)

    def unpack(self):
        """The base, from what the last check left if it is there."""
        mark = os.path.join(self.home, 'tree.is')
        if not os.path.exists(mark) or read(mark) != self.digest:
            if os.path.exists(mark):
                os.remove(mark)
            for path in (self.path, self.saved):
                shutil.rmtree(path, ignore_errors=True)
            os.makedirs(self.path)
            subprocess.run(['tar', '-C', self.path, '--strip-components=1', '-xf', self.tarball,
                            '--exclude=*/drivers/gpu/drm/amd/include/*'], check=True)
            write(mark, self.digest)
        self.restore()

    def restore(self):
        """Takes all patches off. The files are new for make, ccache knows what is in them."""
        for folder, _, files in os.walk(self.saved):
            for file in files:
                saved = os.path.join(folder, file)
                path = self.at(os.path.relpath(saved, self.saved))
                if os.path.getsize(saved):
                    shutil.copyfile(saved, path)
                elif os.path.exists(path):
                    os.remove(path)
        shutil.rmtree(self.saved, ignore_errors=True)

    def apply(self, patch):
        """An empty file stands for one that the base hasn't."""
        before = {path: code(self.at(path)) for path in patch.touched}
        for path in patch.touched:
            saved = os.path.join(self.saved, path)
            if os.path.exists(saved):
                continue
            os.makedirs(os.path.dirname(saved), exist_ok=True)
            if os.path.exists(self.at(path)):
                shutil.copyfile(self.at(path), saved + '.part')
            else:
                write(saved + '.part', '')
            os.rename(saved + '.part', saved)
        run = subprocess.run(['patch', '-d', self.path, '-p1', '-F0', '-s',
                              '--no-backup-if-mismatch', '-i', patch.path],
                             check=False, text=True, stdout=subprocess.PIPE)
        if run.returncode:
            raise Failed(f'{patch.name} does not apply at fuzz 0:\n{run.stdout}')
        for path in patch.touched:
            self.read_includes(path)
        self.commented = {path for path in patch.touched if code(self.at(path)) == before[path]}

    def index(self):
        """Who includes what in the base; kept, since reading all takes a while."""
        kept = os.path.join(self.home, 'includes.json')
        if os.path.exists(kept):
            digest, includes = json.loads(read(kept))
            if digest == self.digest:
                for name, pairs in includes.items():
                    self.includes[name] = {tuple(pair) for pair in pairs}
                return
        for root in ROOTS:
            for folder, _, files in os.walk(self.at(root)):
                for file in files:
                    if file.endswith(('.c', '.h')):
                        self.read_includes(os.path.relpath(os.path.join(folder, file), self.path))
        write(kept, json.dumps([self.digest, {name: sorted(pairs) for name, pairs
                                              in self.includes.items()}]))

    def read_includes(self, path):
        if path.endswith(('.c', '.h')) and os.path.exists(self.at(path)):
            with open(self.at(path), encoding='utf-8', errors='replace') as file:
                top = file.read(HEAD)
            for name in INCLUDE.findall(top):
                self.includes[os.path.basename(name)].add((path, name))

    def includers(self, header):
        public = re.match(r'include/(uapi/)?(.*)', header)
        below = os.path.dirname(header) + '/'
        return {path for path, name in self.includes[os.path.basename(header)]
                if (name in (public[2], 'uapi/' + public[2]) if public
                    else path.startswith(below))}

    def users(self, header, patch):
        """The .c files that include the header, by way of headers beside them if need be."""
        found, todo, seen = set(), [header], {header}
        while todo:
            includers = self.includers(todo.pop())
            everywhere = len(includers) > COMMON
            if everywhere:
                includers = self.mention(re.findall(r'^struct (\w+) \{', patch.added(header),
                                                    re.M))
            for path in includers - seen:
                seen.add(path)
                if path.endswith('.c'):
                    found.add(path)
                elif everywhere or not path.startswith('include/') or \
                        path == header.replace('/uapi/', '/'):
                    todo.append(path)
        return found

    def mention(self, names):
        """Files that mention one of the structures."""
        if not names:
            return set()
        run = subprocess.run(['grep', '-rlwE', '--include=*.[ch]', '|'.join(names), *ROOTS],
                             cwd=self.path, check=False, text=True, stdout=subprocess.PIPE)
        return set(run.stdout.split())

    def sources(self, patch):
        """What is to be compiled for a patch, where it is configured."""
        found = set()
        for path in patch.touched:
            if path.startswith(('tools/', 'Documentation/', 'samples/', 'scripts/')):
                continue
            if path.endswith('.c'):
                found.add(path)
            # Nobody notices a header of which only comments have changed.
            if path.endswith('.h') and path not in self.commented:
                found |= self.users(path, patch)
        return sorted(found)

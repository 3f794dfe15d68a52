#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may call whom, judged by the symbols of libdmabufx.a.

Includes can be evaded by a declaration of one's own; the linker's view can't. Only lib/sys calls
the kernel, nobody prints, ends the process or reads the environment, and a room calls down only.
"""
import collections
import re
import sys

import floors
import tree

# C library calls that enter the kernel on purpose: for lib/sys alone.
KERNEL_CALLS = set('''
    open openat creat close read write pread pwrite readv writev preadv pwritev ioctl fcntl
    mmap munmap mremap mprotect madvise mlock munlock readlink readlinkat opendir fdopendir readdir
    scandir fopen fdopen freopen fread fgets getline fclose stat lstat fstat fstatat statx access
    faccessat realpath memfd_create eventfd timerfd_create timerfd_settime dup dup2 dup3 pipe pipe2
    socket socketpair sendmsg recvmsg sendto recvfrom send recv bind connect setsockopt getsockopt
    poll ppoll select pselect epoll_create1 epoll_ctl epoll_wait nanosleep clock_nanosleep usleep
    sleep clock_gettime gettimeofday time getrlimit setrlimit prlimit sysconf getpagesize ftruncate
    fallocate unlink rename mkdir syscall getpid gettid getuid geteuid sched_yield uname
    '''.split())

# For nobody: a library that prints, exits, forks or looks at the environment surprises its caller.
NEVER = set('''
    printf vprintf fprintf vfprintf dprintf vdprintf puts putchar putc fputs fputc fwrite perror
    syslog stdout stderr stdin exit _exit _Exit quick_exit abort assert_fail atexit on_exit getenv
    secure_getenv setenv putenv fork vfork execve execv execvp posix_spawn system popen
    pthread_create thrd_create signal sigaction raise kill uname
    '''.split())


# Tables of names on the top floor: anybody may call them, as long as they call nobody.
LEAVES = {'lib/error.c'}


def plain(symbol):
    """open for __open64_2, printf for __printf_chk, and so on."""
    symbol = symbol.split('@')[0]
    symbol = re.sub(r'(_chk|_2|_alias)$', '', re.sub(r'^__', '', symbol))
    return re.sub(r'64$', '', symbol)


def source_of(member):
    """lib/sys/linux.c for the archive member sys_linux.c.o, lib/error.c for error.c.o."""
    name = member[:-2].replace('meson-generated_.._', '')
    for room in floors.MAY:
        if name.startswith(room + '_'):
            return f'lib/{room}/{name[len(room) + 1:]}'
    return 'lib/' + name


def symbols(archive):
    """{source: (defined, undefined)} of an archive."""
    table = collections.defaultdict(lambda: (set(), set()))
    for line in tree.output('nm', '-A', archive).splitlines():
        match = re.match(r'.*:([^:]+\.o):\s*[0-9a-f]*\s+(\w)\s+(\S+)$', line)
        if match:
            source = source_of(match.group(1))
            if match.group(2) in 'Uw':
                table[source][1].add(match.group(3))
            elif match.group(2).isupper():
                table[source][0].add(match.group(3))
    return table


def above(caller, callee):
    room, other = floors.room_of(caller), floors.room_of(callee)
    return other != room and other not in floors.MAY[room] and callee not in LEAVES


def check(table):
    home = {s: source for source, (defined, _) in table.items() for s in defined}
    problems = []
    for source, (_, undefined) in sorted(table.items()):
        room = floors.room_of(source)
        for symbol in sorted(undefined):
            if plain(symbol) in NEVER:
                problems.append(f'{source}: uses {symbol}')
            elif plain(symbol) in KERNEL_CALLS and room != 'sys':
                problems.append(f'{source}: calls {symbol}: only lib/sys calls the kernel')
            elif symbol in home and above(source, home[symbol]):
                problems.append(f'{source}: calls {symbol}: {home[symbol]} is above it')
            elif symbol in home and source in LEAVES:
                problems.append(f'{source}: calls {symbol}, but is called from everywhere')
    return problems


if __name__ == '__main__':
    objects = symbols(sys.argv[1])
    tree.verdict(check(objects), len(objects))

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts single test cases, whatever ran them, for the closing line of tests/run.sh.

A meson test is a program; what is counted are the cases inside it. A program that prints cmocka's
"[       OK ] name" lines has a case each; so has Python's unittest; any other program is one case.
In the lab a boot runs several programs, each followed by a line of tests/vm/run that judges it.
A program that fails with no failed case in it (a leak found at exit, valgrind, a signal, a
time-out) adds one of its own, and so does a case that starts and never ends.

  count.py meson LABEL TESTLOG.json    cases of `meson test`
  count.py text LABEL FILE STATUS      cases of the lab's suites, from their output and exit status
  count.py sum FILE...                 failures, skips with their reasons, and the closing line
Cases are lines "status TAB name TAB reason".
"""
import json
import re
import sys

NO_CASE = re.compile(r'\[=+\] Running 0 test\(s\)')
CMOCKA = re.compile(r'\[ *(RUN|OK|FAILED|SKIPPED) *\] (\S+)')
UNITTEST = re.compile(r"^(\w+) \(.*\) \.\.\. (ok|FAIL|ERROR|skipped '(.*)')$")
JUDGED = re.compile(r'(ok|FAIL|skip) +(\S.*) \([\d.]+ s(?:, (\d+) tests)?\)(?:: (.*))?$')
WORDS = {'OK': 'pass', 'FAILED': 'fail', 'SKIPPED': 'skip',
         'ok': 'pass', 'FAIL': 'fail', 'ERROR': 'fail', 'skip': 'skip'}


def cmocka_cases(lines):
    """A case runs from its RUN line to the line with its result; the rest is a summary.

    cmocka has no words for why a case skips: the last line it printed is taken for it.
    """
    cases, running, said = [], None, ''
    for line in lines:
        match = CMOCKA.search(line)
        if not match:
            said = line.strip() or said
            if NO_CASE.match(line):
                cases.append(('fail', 'none', 'no case has such a name'))
        elif match.group(1) == 'RUN':
            if running:
                cases.append(('fail', running, 'did not end'))
            running, said = match.group(2), ''
        elif match.group(2) == running:
            status = WORDS[match.group(1)]
            cases.append((status, running, said if status != 'pass' else ''))
            running = None
    if running:
        cases.append(('fail', running, 'did not end'))
    return cases


def unittest_cases(lines):
    cases = []
    for line in lines:
        match = UNITTEST.match(line)
        if match:
            status = WORDS.get(match.group(2), 'skip')
            cases.append((status, match.group(1), match.group(3) or ''))
    ran = [int(m.group(1)) for m in (re.match(r'Ran (\d+) tests? in', line) for line in lines) if m]
    if ran and ran[0] != len(cases):
        cases.append(('fail', 'count', f'{ran[0]} cases ran, {len(cases)} were told'))
    return cases


def last_line(text):
    lines = [line.strip() for line in text.split('\n') if line.strip()]
    return lines[-1] if lines else 'said nothing'


def cases_of(text, status, reason):
    """Cases in a program's output; status and reason are those of the program."""
    lines = text.split('\n')
    cases = cmocka_cases(lines) or unittest_cases(lines)
    if not cases:
        return [(status, '', reason)]
    if status == 'fail' and not any(case[0] == 'fail' for case in cases):
        cases.append(('fail', 'program', reason))
    return cases


def lab_cases(lines):
    """Cases of the programs of a boot, and what is left behind the last of them.

    The verdict on a program may be worse than its own: the kernel's log is judged as well.
    """
    cases, start = [], 0
    for at, line in enumerate(lines):
        match = JUDGED.match(line)
        if not match:
            continue
        status, name = WORDS[match.group(1)], match.group(2).split('/')[-1]
        found = cmocka_cases(lines[start:at])
        if not found and status == 'pass':
            found = [('pass', '', '')] * int(match.group(3) or 1)
        elif not any(case[0] == status for case in found):
            found.append((status, '', match.group(4) or ''))
        cases += [(s, f'{name}: {n}' if n else name, why) for s, n, why in found]
        start = at + 1
    return cases, lines[start:]


def tell(label, cases):
    for status, name, reason in cases:
        name = f'{label}: {name}' if name else label
        print(status, name, re.sub(r'\s+', ' ', reason), sep='\t')


def count_meson(label, path):
    with open(path, encoding='utf-8') as f:
        programs = [json.loads(line) for line in f if line.strip()]
    for program in programs:
        text = program.get('stdout', '') + '\n' + program.get('stderr', '')
        result, name = program['result'], program['name'].split(' / ')[-1]
        status = {'OK': 'pass', 'EXPECTEDFAIL': 'pass', 'SKIP': 'skip'}.get(result, 'fail')
        reason = f'{result.lower()}: {last_line(text)}' if status == 'fail' else last_line(text)
        tell(f'{label}: {name}', cases_of(text, status, '' if status == 'pass' else reason))
    if not programs:
        tell(label, [('fail', '', 'no test ran')])


def count_text(label, path, code):
    with open(path, encoding='utf-8', errors='replace') as f:
        text = f.read()
    status = 'pass' if code == '0' else 'fail'
    reason = '' if status == 'pass' else f'exit status {code}: {last_line(text)}'
    cases, rest = lab_cases(text.split('\n'))
    cases += cmocka_cases(rest)
    if not cases or (status == 'fail' and not any(case[0] == 'fail' for case in cases)):
        cases.append((status, '', reason))
    tell(label, cases)


def count_sum(paths):
    count = {'pass': 0, 'fail': 0, 'skip': 0}
    for path in paths:
        with open(path, encoding='utf-8') as f:
            for line in f:
                status, name, reason = line.rstrip('\n').split('\t')
                count[status] += 1
                if status != 'pass':
                    word = 'FAILED' if status == 'fail' else 'skipped'
                    print(f'{word} {name}' + (f': {reason}' if reason else ''))
    print(f"{count['pass']} passed, {count['fail']} failed, {count['skip']} skipped")
    return 1 if count['fail'] or not count['pass'] else 0


def main(verb, *args):
    if verb == 'sum':
        return count_sum(args)
    {'meson': count_meson, 'text': count_text}[verb](*args)
    return 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))

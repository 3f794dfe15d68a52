#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the kernel-doc comments of the public headers, and refuse incomplete ones."""
import os
import re
import sys

FIELDS = ('Threads', 'Privilege', 'Return', 'Source', 'Since')
NEEDED = ('Return', 'Threads', 'Since')

# What an errno means when a Return: sentence names it without a cause.
BARE = {
    'E2BIG': "the options hold members that this library doesn't know",
    'EMFILE': 'the process has no descriptor left',
    'ENFILE': 'the system has no open file left',
    'ENOMEM': 'out of memory',
}

# No part of what a user calls, though headers show it.
PLUMBING = re.compile(r'DMABUFX_\w+_H$|DMABUFX_(BEGIN|END)_DECLS$|DX_\w+$|dx_\w+$')


class Decl:
    """One documented declaration; args are (name, text) for members and values too."""

    def __init__(self, header, line):
        self.header, self.line = header, line
        self.kind = self.name = self.brief = self.code = ''
        self.args, self.paragraphs, self.fields = [], [], {}

    def where(self):
        return f'{self.header}:{self.line}: {self.name or "?"}'

    def arg(self, name):
        return dict(self.args).get(name)


class Header:
    """A header: its name below include/, its one sentence, its declarations."""

    def __init__(self, name, brief):
        self.name, self.brief, self.decls = name, brief, []

    @property
    def page(self):
        return 'libdmabufx-' + os.path.basename(self.name)[:-2]


def strip_stars(comment):
    body = comment[3:-2]
    return [re.sub(r'^\s*\* ?', '', line).rstrip() for line in body.strip().split('\n')]


def add_field(decl, line, current, errors):
    """A field starts a line, or follows another field's full stop."""
    names = '|'.join(FIELDS)
    for part in re.split(rf'(?<=\.) (?=(?:{names}):(?: |$))', line):
        match = re.match(rf'({names}):\s*(.*)', part)
        if match:
            current = match.group(1)
            if current in decl.fields:
                errors.append(f'{decl.where()}: {current}: stands there twice')
            decl.fields[current] = match.group(2)
        else:
            decl.fields[current] += ' ' + part
    return current


def parse_comment(decl, comment, errors):
    lines = strip_stars(comment)
    head = re.match(r'(?:(struct|enum|union|typedef) )?(\w+)(\(\))? - (.+)', lines[0])
    if not head:
        errors.append(f'{decl.where()}: first line is not "name - brief": {lines[0]}')
        return
    decl.kind = head.group(1) or ('function' if head.group(3) else 'constant')
    decl.name, decl.brief = head.group(2), head.group(4)
    place, field = 'brief', None
    for line in lines[1:]:
        arg = re.match(r'@(\w+): (.+)', line)
        if not line:
            place, field = 'gap', None
        elif arg and place in ('brief', 'arg'):
            decl.args.append((arg.group(1), arg.group(2)))
            place = 'arg'
        elif field or re.match(rf'(?:{"|".join(FIELDS)}):', line):
            field = add_field(decl, line, field, errors)
        elif place == 'brief':
            decl.brief += ' ' + line
        elif place == 'arg':
            decl.args[-1] = (decl.args[-1][0], decl.args[-1][1] + ' ' + line)
        elif place == 'gap':
            decl.paragraphs.append(line)
            place = 'text'
        else:
            decl.paragraphs[-1] += ' ' + line
    decl.brief = decl.brief.rstrip('.')


def code_end(text, start):
    """Index behind the declaration that starts at start."""
    if text[start] == '#':
        end = start
        while True:
            end = text.index('\n', end)
            if text[end - 1] != '\\':
                return end
            end += 1
    depth = 0
    for i in range(start, len(text)):
        if text[i] == '{':
            depth += 1
        elif text[i] == '}':
            depth -= 1
            if depth == 0 and text.startswith('static', start):
                return i + 1
        elif text[i] == ';' and depth == 0:
            return i + 1
    return len(text)


def squeeze(code):
    return re.sub(r'\s+', ' ', code).strip()


def split_args(inside):
    """Names of a prototype's parameters, in order."""
    names = []
    for part in inside.split(','):
        part = part.strip()
        if part in ('', 'void', '...'):
            continue
        names.append(re.findall(r'\w+', part.replace('[]', ''))[-1])
    return names


def member_names(code):
    body = re.sub(r'/\*.*?\*/', '', code[code.index('{') + 1:code.rindex('}')], flags=re.S)
    names = []
    for member in body.split(';'):
        if member.strip():
            names.append(re.findall(r'\w+', re.sub(r'\[\w*\]', '', member))[-1])
    return names


def enum_values(code):
    """(name, trailing comment or None) of each value."""
    body = code[code.index('{') + 1:code.rindex('}')]
    value = r'^\s*(\w+)(?:\s*=[^,/\n]+)?,?[ \t]*(?:/\*\s*(.*?)\s*\*/)?[ \t]*$'
    values = re.findall(value, body, re.M)
    return [(name, text or None) for name, text in values]


def expect_args(decl, names, errors, optional=()):
    documented = [name for name, _ in decl.args]
    for name in names:
        if name not in documented and name not in optional:
            errors.append(f'{decl.where()}: @{name} is not documented')
    for name in documented:
        if name not in names:
            errors.append(f'{decl.where()}: @{name} is documented, but not declared')
    if not optional and sorted(documented) == sorted(names) and documented != names:
        errors.append(f'{decl.where()}: arguments are documented in another order')


def check_function(decl, errors):
    flat = squeeze(decl.code)
    macro = re.match(r'#define (\w+)\(([^)]*)\)', flat)
    typedef = re.match(r'typedef (.+?) ?\(\*(\w+)\)\((.*)\);$', flat)
    call = re.match(r'(?:DMABUFX_API |static inline )(.+?)(\w+)\((.*?)\)\s*[;{]', flat)
    if macro:
        decl.kind, name, inside = 'macro', macro.group(1), macro.group(2)
    elif typedef:
        name, inside = typedef.group(2), typedef.group(3)
        if typedef.group(1) != 'void' and 'Return' not in decl.fields:
            errors.append(f'{decl.where()}: Return: is missing')
    elif call:
        name, inside = call.group(2), call.group(3)
        for field in NEEDED:
            if not decl.fields.get(field):
                errors.append(f'{decl.where()}: {field}: is missing')
    else:
        errors.append(f'{decl.where()}: no declaration follows the comment')
        return
    if name != decl.name:
        errors.append(f'{decl.where()}: the comment stands above {name}')
    expect_args(decl, split_args(inside), errors)


def check_aggregate(decl, errors):
    match = re.match(r'(struct|enum|union)\s+(\w+)\s*\{', decl.code)
    if not match or match.group(1) != decl.kind or match.group(2) != decl.name:
        errors.append(f'{decl.where()}: the comment does not stand above its {decl.kind}')
        return
    if decl.kind == 'enum':
        values = enum_values(decl.code)
        known = dict(decl.args)
        expect_args(decl, [name for name, _ in values], errors,
                    [name for name, text in values if text])
        decl.args = [(name, known.get(name) or text or '') for name, text in values]
    else:
        expect_args(decl, member_names(decl.code), errors, ('reserved',))


def check(decl, errors):
    if decl.kind in ('function', 'typedef'):
        check_function(decl, errors)
    elif decl.kind == 'constant':
        match = re.match(r'#define (\w+)', decl.code)
        if not match or match.group(1) != decl.name:
            errors.append(f'{decl.where()}: the comment does not stand above its #define')
    else:
        check_aggregate(decl, errors)
    for errno in split_return(decl.fields.get('Return', ''))[1]:
        if not errno[1] and any(name[1:] not in BARE for name in errno[0]):
            errors.append(f'{decl.where()}: {", ".join(errno[0])} is named without a cause')


def split_return(text):
    """A Return: sentence as (success, [(tags, cause)], rest); tags may be empty."""
    parts = re.split(r';\s+(?:and\s+)?|,\s+and\s+(?=-E)', text.strip())
    first, tagged, rest = [], [], ''
    for part in parts:
        tags = r'(-?(?:E[A-Z0-9]+|\d+)(?:(?:, | or )-E[A-Z0-9]+)*)'
        match = re.match(tags + r'(?:: (.+)|\.?)$', part)
        if match and not (match.group(1).isdigit() and not match.group(2)):
            tagged.append((re.split(r', | or ', match.group(1)), match.group(2) or ''))
        elif tagged or first == ['0']:
            tagged.append(([], part))
        else:
            first.append(part)
    if tagged:
        tags, cause = tagged[-1]
        stop = re.search(r'\.\s+(?=[A-Z])', cause)
        if stop:
            rest, cause = cause[stop.end():], cause[:stop.start()]
        tagged[-1] = (tags, cause.rstrip('.'))
    return '; '.join(first), tagged, rest


def undocumented(header, rest, errors):
    rest = re.sub(r'/\*.*?\*/', lambda m: '\n' * m.group().count('\n'), rest, flags=re.S)
    pattern = re.compile(r'^#define (\w+)|^(?:DMABUFX_API|static inline)\s([^;{]*)'
                         r'|^(typedef\b[^;]*)|^((?:struct|enum|union)\s+\w+)\s*\{', re.M)
    for match in pattern.finditer(rest):
        function = re.search(r'(\w+)\(', match.group(2) or '')
        if PLUMBING.match(match.group(1) or (function.group(1) if function else '')):
            continue
        line = rest.count('\n', 0, match.start()) + 1
        what = squeeze(next(g for g in match.groups() if g))
        errors.append(f'{header}:{line}: undocumented: {what}')


def parse(path, errors):
    """The Header of a file; what is wrong with it is appended to errors."""
    with open(path, encoding='ascii') as f:
        text = f.read().replace('__attribute__((always_inline)) ', '')
    name = '/'.join(path.split(os.sep)[-2:])
    brief = re.search(r'^/\* (?!SPDX)(.+?) \*/$', text, re.M)
    if not brief:
        errors.append(f'{name}: no one-sentence comment says what it is for')
    header = Header(name, brief.group(1) if brief else '')
    rest, pos = text, 0
    for match in re.finditer(r'/\*\*(?!\*).*?\*/', text, re.S):
        if match.start() < pos:
            continue
        decl = Decl(name, text.count('\n', 0, match.start()) + 1)
        start = re.compile(r'\S').search(text, match.end()).start()
        pos = code_end(text, start)
        decl.code = text[start:pos]
        parse_comment(decl, match.group(), errors)
        if decl.kind:
            check(decl, errors)
            header.decls.append(decl)
        blank = re.sub(r'[^\n]', ' ', text[match.start():pos])
        rest = rest[:match.start()] + blank + rest[pos:]
    undocumented(name, rest, errors)
    return header


def check_text(headers, where, text, errors):
    """Each call and constant that a text mentions must exist."""
    calls = {d.name for h in headers for d in h.decls if d.kind in ('function', 'macro')}
    words = {d.name for h in headers for d in h.decls}
    words |= {name for h in headers for d in h.decls if d.kind == 'enum' for name, _ in d.args}
    for name in re.findall(r'\b(dmabufx_\w+)\(\)', text):
        if name not in calls:
            errors.append(f'{where}: speaks of {name}(), which does not exist')
    for name in re.findall(r'\b(DMABUFX_\w+)\b(?!\*)', text):
        if name not in words:
            errors.append(f'{where}: speaks of {name}, which does not exist')


def check_references(headers, errors):
    for decl in (d for h in headers for d in h.decls):
        texts = [decl.brief, *decl.paragraphs, *decl.fields.values(), *(t for _, t in decl.args)]
        check_text(headers, decl.where(), '\n'.join(texts), errors)


def load(paths):
    """All headers, with what is wrong with them."""
    errors = []
    headers = [parse(path, errors) for path in sorted(paths)]
    check_references(headers, errors)
    return headers, errors


if __name__ == '__main__':
    found, problems = load(sys.argv[1:])
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f'{sum(len(h.decls) for h in found)} declarations, {len(problems)} problems')
    sys.exit(1 if problems or not found else 0)

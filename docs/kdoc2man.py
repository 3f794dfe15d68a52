#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Write section 3 manual pages from the public headers, one a declaration.

Calls and function-like macros go to section 3, types to 3type as in Linux's own pages, so that
a call and an enum may share a name. Each header has a page, libdmabufx(3) lists them.
"""
import argparse
import os
import re
import shutil
import sys

import kdoc

PAGE = {'function': '3', 'macro': '3', 'struct': '3type', 'enum': '3type', 'typedef': '3type'}
MARK = re.compile(r"@(?P<arg>\w+)|(?P<call>\b\w+)\((?P<sec>\d\w*)?\)|(?P<errno>-E[A-Z0-9]+)"
                  r"|(?P<word>\bDMABUFX_\w+\*?)")


def escape(text):
    text = text.replace('\\', '\\e')
    return '\\&' + text if text[:1] in ('.', "'") else text


def mark_one(match):
    if match['arg']:
        return f"\\fI{match['arg']}\\fP"
    if match['call']:
        return f"\\fB{match['call']}\\fP({match['sec'] or '3'})"
    return '\\fB' + (match['errno'] or match['word']).replace('-', '\\-') + '\\fP'


def markup(text):
    return MARK.sub(mark_one, escape(text))


def sentence(text):
    """Capitalised and closed, unless it starts with a name or a number."""
    if text[:1].islower() and not re.match(r'dma-buf|\w+[_(/]', text):
        text = text[0].upper() + text[1:]
    return text if text.endswith('.') else text + '.'


def title(name, section, version):
    return [f'.TH {name} {section} "" "libdmabufx {version}" "libdmabufx"', '.nh', '.ad l']


def library():
    return ['.SH LIBRARY', 'Device memory between devices', '.RI ( libdmabufx ", " \\-ldmabufx )']


def wrap(text, indent):
    """A prototype in lines of at most 76 columns, broken at commas."""
    lines, line = [], ''
    for part in re.split(r'(?<=,) ', text):
        if line and len(line) + len(part) + 1 > 76:
            lines.append(line)
            line = ' ' * indent + part
        else:
            line = f'{line} {part}' if line else part
    return lines + [line]


def italic(line, names):
    """A line of code in bold, the names of the arguments in italics."""
    line = escape(line).replace('-', '\\-')
    for name in names:
        line = re.sub(rf'(?<![\w>])({name})(?=\[\])?(?=[,)\[])', r'\\fI\1\\fB', line)
    return f'\\fB{line}\\fP'


def prototype(decl):
    code = kdoc.squeeze(re.sub(r'/\*.*?\*/', '', decl.code, flags=re.S))
    if decl.kind == 'macro':
        code = re.match(r'#define (\w+\([^)]*\))', code).group(1)
    code = re.sub(r'^DMABUFX_API ', '', code.split('{')[0].strip())
    if code.startswith('static inline') or decl.kind == 'macro':
        code += ';'
    indent = code.index('(', code.index(decl.name)) + 1
    indent = 8 if indent > 40 else indent
    return [italic(line, [name for name, _ in decl.args]) for line in wrap(code, indent)]


def aggregate(decl):
    code = re.sub(r'[ \t]*/\*.*?\*/', '', decl.code, flags=re.S).expandtabs(8)
    return [italic(line.replace(' ' * 8, '    '), []) for line in code.split('\n')]


def synopsis(header, decl):
    code = prototype(decl) if decl.kind in ('function', 'macro', 'typedef') else aggregate(decl)
    return ['.SH SYNOPSIS', '.nf', f'.B #include <{header.name}>', '.PP', *code, '.fi']


def arguments(decl):
    if not decl.args:
        return []
    heading = {'struct': 'MEMBERS', 'enum': 'VALUES'}.get(decl.kind, 'ARGUMENTS')
    font = 'B' if decl.kind == 'enum' else 'I'
    out = [f'.SH {heading}']
    for name, text in decl.args:
        out += ['.TP', f'.{font} {name}', markup(sentence(text))]
    return out


def paragraphs(texts):
    out = []
    for text in texts:
        out += ['.PP'] * bool(out) + [markup(text)]
    return out


def reason(tag, cause):
    """A cause as a sentence; a bare NULL or errno is spelt out."""
    return markup(sentence(re.sub(r'^NULL\b', 'a NULL argument', cause) or kdoc.BARE[tag[1:]]))


def returns(decl):
    text = decl.fields.get('Return')
    if not text:
        return []
    first, tagged, rest = kdoc.split_return(text)
    out, errors = ['.SH RETURN VALUE'], []
    if first:
        out += [markup(sentence('0 on success' if first == '0' else first))]
    if not any(tags for tags, _ in tagged):
        return out + [markup(sentence(cause)) for _, cause in tagged]
    for tags, cause in tagged:
        if tags and tags[0].isdigit():
            out += ['.TP', f'.B {tags[0]}', markup(sentence(cause))]
        elif not tags:
            errors += ['.PP', markup(sentence(cause))]
        for tag in (t for t in tags if t.startswith('-')):
            errors += ['.TP', f'.B \\{tag}', reason(tag, cause)]
    if errors:
        out += ['.SH ERRORS', '.BR dmabufx_last_error (3)', 'tells which of the causes it was.',
                *errors]
    if rest:
        out += ['.PP', markup(rest)]
    return out


def field(decl, name, heading, before=''):
    text = re.sub(r'^any\b', 'any thread', decl.fields.get(name, ''))
    return [f'.SH {heading}', before + markup(sentence(text))] if text else []


def see_also(header, decl, pages):
    text = ' '.join([decl.brief, *decl.paragraphs, *decl.fields.values(),
                     *(text for _, text in decl.args)])
    names = re.findall(r'\b(dmabufx_\w+)\(\)', text)
    for kind, name in re.findall(r'\b(struct|enum)\s+(dmabufx_\w+)', decl.code + text):
        names.append(name + ':' + kind)
    refs = set()
    for name in names:
        name, _, kind = name.partition(':')
        section = '3type' if kind else '3'
        if (name, section) in pages and (name, section) != (decl.name, PAGE[decl.kind]):
            refs.add(f'.BR {name} ({section})')
    refs = sorted(refs) + [f'.BR {header.page} (3)']
    return ['.SH SEE ALSO', *(ref + ',' for ref in refs[:-1]), refs[-1]]


def page_of(header, decl, pages, version):
    body = [*title(decl.name, PAGE[decl.kind], version),
            '.SH NAME', f'{decl.name} \\- {escape(decl.brief)}', *library(),
            *synopsis(header, decl), *arguments(decl)]
    if decl.paragraphs:
        body += ['.SH DESCRIPTION', *paragraphs(decl.paragraphs)]
    body += returns(decl)
    body += field(decl, 'Threads', 'THREADS')
    body += field(decl, 'Privilege', 'PRIVILEGE')
    body += field(decl, 'Source', 'KERNEL INTERFACE')
    body += field(decl, 'Since', 'HISTORY', 'libdmabufx ')
    return body + see_also(header, decl, pages)


def listing(heading, decls):
    out = [f'.SH {heading}'] if decls else []
    for decl in decls:
        section = f' ({PAGE[decl.kind]})' if decl.kind in PAGE else ''
        out += ['.TP', f'.B{"R" if section else ""} {decl.name}{section}',
                markup(sentence(decl.brief))]
        out += [markup(text) for text in decl.paragraphs if not section]
    return out


def header_page(header, version):
    by_kind = {kind: [d for d in header.decls if d.kind in kind.split()]
               for kind in ('function macro', 'struct enum typedef', 'constant')}
    return [*title(header.page, '3', version), '.SH NAME',
            f'{header.page} \\- {escape(header.brief.rstrip("."))}', *library(),
            '.SH SYNOPSIS', f'.B #include <{header.name}>',
            *listing('CALLS', by_kind['function macro']),
            *listing('TYPES', by_kind['struct enum typedef']),
            *listing('CONSTANTS', by_kind['constant']), '.SH SEE ALSO', '.BR libdmabufx (3)']


def overview(headers, text, version):
    body = text.split('\n\n')[1:]
    out = [*title('libdmabufx', '3', version), '.SH NAME',
           'libdmabufx \\- device memory between devices', *library(),
           '.SH SYNOPSIS', '.nf', '.B #include <dmabufx/dmabufx.h>', '.PP',
           '.B cc program.c $(pkg\\-config \\-\\-cflags \\-\\-libs libdmabufx)', '.fi',
           '.SH DESCRIPTION', *paragraphs(part.replace('\n', ' ').strip() for part in body),
           '.SH HEADERS']
    for header in (h for h in headers if h.decls):
        out += ['.TP', f'.BR {header.page} (3)', markup(header.brief)]
    return out


def build(headers, text, version):
    """All pages as {file name: content}."""
    decls = [(h, d) for h in headers for d in h.decls if d.kind in PAGE]
    pages = {(d.name, PAGE[d.kind]) for _, d in decls}
    out = {f'{d.name}.{PAGE[d.kind]}': page_of(h, d, pages, version) for h, d in decls}
    for header in (h for h in headers if h.decls):
        out[f'{header.page}.3'] = header_page(header, version)
    out['libdmabufx.3'] = overview(headers, text, version)
    return {name: '\n'.join(lines) + '\n' for name, lines in out.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('--version', required=True, help='of the library, for the page footer')
    parser.add_argument('--overview', required=True, help='text of libdmabufx(3)')
    parser.add_argument('--out', required=True, help='directory to make; an old one is replaced')
    parser.add_argument('headers', nargs='+')
    args = parser.parse_args()
    headers, errors = kdoc.load(args.headers)
    with open(args.overview, encoding='ascii') as f:
        text = f.read()
    kdoc.check_text(headers, args.overview, text, errors)
    if errors:
        sys.exit('\n'.join(errors))
    pages = build(headers, text, args.version)
    shutil.rmtree(args.out, ignore_errors=True)
    os.makedirs(args.out)
    for name, content in pages.items():
        with open(os.path.join(args.out, name), 'w', encoding='ascii') as f:
            f.write(content)


if __name__ == '__main__':
    main()

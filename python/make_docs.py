#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Turns the comments of cv::drgan's headers into Python docstrings.

usage: make_docs.py OUTPUT HEADER...

OUTPUT becomes a C++ table {"Encoder::feature", "text"} of every class, field and function that OpenCV's generators
would wrap, so that the package's help() always agrees with the headers.
"""
import re
import sys
import textwrap

WIDTH = 88
# Names in Python.
WORDS = ((r'\bCV_8UC?\d?\b', 'uint8'), (r'\bCV_32FC?1?\b', 'float32'), (r'\bCV_64FC?1?\b', 'float64'),
         (r'\bcv::Exception\b', 'error'), (r'\ban empty matrix\b', 'None'), (r'::', '.'), (r'\bdrgan\.', ''),
         # the package has a lock in each object
         (r'One object serves one thread at a time; only const functions may be called from other threads meanwhile',
          'Calls from several threads wait for each other'))


def plain(text):
    for pattern, word in WORDS:
        text = re.sub(pattern, word, text)
    return text


def filled(text, indent=''):
    """The paragraphs of a text, wrapped. With an indent, all lines but the first have twice as much."""
    paragraphs = [' '.join(part.split()) for part in re.split(r'\n\s*\n', plain(text)) if part.strip()]
    return '\n\n'.join(textwrap.fill(part, WIDTH, initial_indent=indent if number == 0 else 2 * indent,
                                     subsequent_indent=2 * indent, break_long_words=False)
                       for number, part in enumerate(paragraphs))


def docstring(comment):
    """A docstring from a comment with @brief, @param, @return and @throws."""
    lead, *tagged = re.split(r'@(brief|param|return|throws)\b', comment)
    body, parameters, rest = [lead], [], []
    for tag, text in zip(tagged[::2], tagged[1::2]):
        if tag == 'brief':
            body.append(text)
        elif tag == 'param':
            name, text = re.match(r'\s*(\w+(?:,\s*\w+)*)\s*(.*)', text, re.S).groups()
            # text after an empty line belongs to the parameter, too
            parameters.append(filled(f'{name}: {text}', '    '))
        elif tag == 'return':
            rest.append(filled('Returns ' + text))
        else:
            rest.append(filled('Raises ' + text))
    parts = [filled('\n\n'.join(body))]
    if parameters:
        parts.append('\n'.join(['Parameters:'] + parameters))
    return '\n\n'.join(filter(None, parts + rest))


def wrapped(text):
    """(name, comment) of what the header declares for the generators, in order."""
    scope, comment, lines = '', '', iter(text.splitlines())
    for line in lines:
        if line.lstrip().startswith('/**'):
            while '*/' not in line:
                line += '\n' + next(lines)
            comment = line.strip()[3:].rsplit('*/', 1)[0].replace('\n    ', '\n')
            continue
        if line == '};':
            scope = ''
        elif opened := re.match(r'(?:class|struct) CV_EXPORTS_W(?:_SIMPLE)? (\w+)', line):
            scope = opened[1] + '::'
            yield opened[1], comment
        elif field := re.match(r'\s+CV_PROP_RW .*?(\w+);\s*(?://!<\s*(.*))?$', line):
            yield scope + field[1], comment or field[2] or ''
        elif re.search(r'\bCV_(WRAP|EXPORTS_W) ', line):
            while not re.search(r'[;}]', line):
                line += ' ' + next(lines).strip()
            name = re.search(r'(\w+)\(', line)[1]
            yield scope + name, comment or (line.split('//!<')[1] if '//!<' in line else '')
        comment = ''


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    table = {}
    for path in sys.argv[2:]:
        with open(path, encoding='utf-8') as header:
            table.update((name, docstring(comment)) for name, comment in wrapped(header.read()))
    with open(sys.argv[1], 'w', encoding='utf-8') as output:
        for name, text in table.items():
            output.write(f'{{"{name}", R"doc({text})doc"}},\n')


if __name__ == '__main__':
    main()

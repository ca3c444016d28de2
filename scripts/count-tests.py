#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Counts the test cases of a `meson test` run.

usage: count-tests.py build/meson-logs

Prints the failures, why tests were skipped, and last "N passed, N failed, N skipped". Exits 1 when something failed or
nothing ran. testlog.junit.xml has the cases; testlog.json has the fate of each program, so that one that crashed or ran
out of time counts as a failure even where it left no case behind.
"""
import collections
import json
import pathlib
import sys
import xml.etree.ElementTree as ElementTree

FINE = {'OK', 'EXPECTEDFAIL'}


def read_cases(path):
    """(suite, case, outcome, text) of each case that ran."""
    cases = []
    if not path.exists():
        return cases
    for suite in ElementTree.parse(path).getroot().iter('testsuite'):
        for case in suite.iter('testcase'):
            if case.get('status') == 'notrun':
                continue
            name = '.'.join(filter(None, (case.get('classname'), case.get('name'))))
            outcome, text = 'passed', ''
            for tag, what in (('skipped', 'skipped'), ('error', 'failed'), ('failure', 'failed')):
                found = case.findall(tag)
                if found:
                    outcome = what
                    text = '\n'.join((one.get('message') or one.text or '').strip() for one in found)
                    # of a program that prints TAP, meson has the reason elsewhere
                    text = text or (case.findtext('system-out') or '').strip()
            cases.append((suite.get('name', ''), name, outcome, text))
    return cases


def read_programs(path):
    """(name, result) of each test program."""
    if not path.exists():
        return []
    with path.open(encoding='utf-8') as log:
        return [(entry['name'], entry['result']) for entry in map(json.loads, filter(str.strip, log))]


def main():
    if len(sys.argv) != 2:
        sys.exit('usage: count-tests.py build/meson-logs')
    logs = pathlib.Path(sys.argv[1])
    try:
        cases = read_cases(logs / 'testlog.junit.xml')
    except ElementTree.ParseError as error:
        print(f'{logs / "testlog.junit.xml"} cannot be read: {error}')
        cases = []
    failures = [(name, text) for _, name, outcome, text in cases if outcome == 'failed']
    passed = sum(outcome == 'passed' for _, _, outcome, _ in cases)

    for program, result in read_programs(logs / 'testlog.json'):
        if result in FINE or result == 'SKIP':
            continue
        # meson names a gtest program's suites "project.program.Suite"; a plain program is one case of suite "project"
        listed = any(outcome == 'failed' and (f'.{program}.' in suite + '.' or name.endswith('.' + program))
                     for suite, name, outcome, _ in cases)
        if listed:
            continue
        failures.append((program, f'the program ended as {result}'))
        if any(name.endswith('.' + program) and outcome == 'passed' for _, name, outcome, _ in cases):
            passed -= 1  # meson lists a plain program that ran out of time without an error

    skipped = collections.Counter(text.splitlines()[-1] if text else 'no reason given'
                                  for _, _, outcome, text in cases if outcome == 'skipped')
    if skipped:
        print('\nSkipped:')
        for reason, count in skipped.most_common():
            print(f'  {count} x {reason}')
    if failures:
        print('\nFailed:')
        for name, text in failures:
            print(f'  {name}')
            for line in text.splitlines():
                print(f'      {line}')
    print(f'\n{passed} passed, {len(failures)} failed, {sum(skipped.values())} skipped')
    if passed == 0 and not failures:
        print('no test ran', file=sys.stderr)
    sys.exit(1 if failures or passed == 0 else 0)


if __name__ == '__main__':
    main()

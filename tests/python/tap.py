# SPDX-License-Identifier: Apache-2.0
"""unittest's results in the Test Anything Protocol, which meson reads case by case."""
import sys
import unittest


class _Result(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.number = 0
        self.outcome = None

    def startTest(self, test):
        super().startTest(test)
        self.outcome = ('ok', '', '')

    def stopTest(self, test):
        super().stopTest(test)
        word, directive, details = self.outcome
        self.number += 1
        print(f'{word} {self.number} {test.id().split(".", 1)[1]}{directive}')
        for line in details.splitlines():
            print('#', line)
        sys.stdout.flush()

    def _fail(self, test, error):
        details = self._exc_info_to_string(error, test)
        if self.outcome is None:  # failed in setUpModule or setUpClass, outside of any test case
            print('Bail out!', details.splitlines()[-1])
        else:
            self.outcome = ('not ok', '', self.outcome[2] + f'{test}\n{details}')

    def addError(self, test, err):
        super().addError(test, err)
        self._fail(test, err)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._fail(test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._fail(subtest, err)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        if self.outcome is not None:
            self.outcome = ('ok', f' # SKIP {reason}', '')
        else:  # a whole class, or module, in one
            self.number += 1
            print(f'ok {self.number} {test} # SKIP {reason}', flush=True)


def main(module='__main__'):
    tests = unittest.defaultTestLoader.loadTestsFromName(module if len(sys.argv) < 2 else f'{module}.{sys.argv[1]}')
    result = _Result()
    tests.run(result)
    # At the end: of a class that is skipped, no case is reported.
    print(f'1..{result.number}', flush=True)
    sys.exit(0 if result.wasSuccessful() else 1)

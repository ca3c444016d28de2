#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Installs the library into a folder, moves that, and builds the consumer against it: with CMake and with pkg-config.

usage: installed_test.py BUILD_FOLDER PREFIX COMPILER...
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SKIPPED = 77


def run(*command, **more):
    print('+', *command, flush=True)
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          encoding='utf-8', check=False, **more)
    print(done.stdout, flush=True)
    if done.returncode != 0:
        sys.exit(f'{command[0]} ended with {done.returncode}')
    return done.stdout


def main():
    build, prefix, compiler = sys.argv[1], sys.argv[2], sys.argv[3:]
    for tool in ('cmake', 'pkg-config'):
        if not shutil.which(tool):
            print(f'skipped: {tool} is not installed')
            return SKIPPED
    with tempfile.TemporaryDirectory() as folder:
        run('meson', 'install', '-C', build, '--no-rebuild', '--tags', 'runtime,devel,models', '--destdir', folder)
        # Elsewhere than where it was configured for: what is installed must not name its prefix.
        moved = Path(folder) / 'moved'
        (Path(folder) / prefix.lstrip('/')).rename(moved)
        bundle = moved / 'share' / 'drgan' / 'default'
        library, = {path.parent for path in moved.rglob('libopencv_drgan.so')}
        environment = {**os.environ, 'LD_LIBRARY_PATH': str(library)}
        expected = json.loads((bundle / 'manifest.json').read_text())['bundle_id']

        made = Path(folder) / 'build'
        told = run('cmake', '-S', HERE, '-B', made, f'-DCMAKE_PREFIX_PATH={moved}',
                   f'-DCMAKE_CXX_COMPILER={shutil.which(compiler[-1])}')
        if f' of {library}/cmake/drgan' not in told:
            sys.exit('find_package(drgan) took another installation')
        run('cmake', '--build', made)
        by_cmake = run(made / 'consumer', bundle, env=environment)

        # The options of pkg-config for a new prefix would move OpenCV, too.
        described = library / 'pkgconfig' / 'drgan.pc'
        text, lines = re.subn('(?m)^prefix=.*$', f'prefix={moved}', described.read_text())
        if lines != 1 or prefix in text.replace(str(moved), ''):
            sys.exit(f'{described} names the prefix {lines} times, or also elsewhere than in its first line')
        described.write_text(text)
        finder = {**os.environ, 'PKG_CONFIG_PATH': str(library / 'pkgconfig')}
        flags = run('pkg-config', '--cflags', '--libs', 'drgan', env=finder).split()
        run(*compiler, '-std=c++17', HERE / 'consumer.cpp', '-o', made / 'by-pkg-config', *flags, '-lopencv_core')
        by_pkg_config = run(made / 'by-pkg-config', bundle, env=environment)
    if not by_cmake.startswith(expected + ' ') or by_pkg_config != by_cmake:
        sys.exit(f'the consumers print {by_cmake!r} and {by_pkg_config!r}, expected the bundle {expected}')
    return 0


if __name__ == '__main__':
    sys.exit(main())

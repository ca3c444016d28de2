#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""pip install . into a folder; the package there is whole: it brings its bundle and needs no library of this project.

usage: wheel_test.py SOURCE_FOLDER VERSION
"""
import importlib.util
import os
import subprocess
import sys
import tempfile

SKIPPED = 77


def run(*command, **more):
    print('+', *command, flush=True)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding='utf-8', check=False, **more)
    print(done.stdout, flush=True)
    return done


def message_without(source, backend, expected):
    """What pip prints where meson-python is missing or too old."""
    done = run(sys.executable, '-c', f'import sys, types; sys.modules["mesonpy"] = {backend}; import build_wheel',
               cwd=os.path.join(source, 'python'))
    if done.returncode == 0 or expected not in done.stdout or 'Traceback' in done.stdout:
        sys.exit(f'the message does not say {expected}')


def main():
    source, version = sys.argv[1:]
    message_without(source, 'None', 'install python3-mesonpy')
    message_without(source, 'types.SimpleNamespace(__version__="0.12.0")', '0.12.0 is too old, 0.13 or newer')
    for module, package in (('mesonpy', 'python3-mesonpy'), ('pip', 'python3-pip')):
        if importlib.util.find_spec(module) is None:
            print(f'skipped: {sys.executable} has no {module}: install {package}')
            return SKIPPED
    done = run(sys.executable, '-c', 'import build_wheel', cwd=os.path.join(source, 'python'))
    if done.returncode != 0:
        print(f'skipped: {done.stdout.strip()}')
        return SKIPPED
    with tempfile.TemporaryDirectory() as folder:
        done = run(sys.executable, '-m', 'pip', 'install', '--no-build-isolation', '--no-deps', '--no-index', '--target',
                   folder, source)
        if done.returncode != 0:
            sys.exit('pip cannot install the package')
        environment = {name: value for name, value in os.environ.items()
                       if name not in ('DRGAN_BUNDLE', 'LD_LIBRARY_PATH', 'PYTHONPATH')}
        environment['PYTHONPATH'] = folder
        done = run(sys.executable, '-c', '''
import os, drgan
bundle = drgan.Bundle.load()
encoder = drgan.Encoder.create(bundle.encoder)
drgan.Decoder.create(bundle.decoder, encoder)
drgan.FaceFinder.create()
print(drgan.__version__, os.path.dirname(drgan.__file__), bundle.folder, sep="\\n")''', cwd='/', env=environment)
        package = os.path.join(folder, 'drgan')
        expected = [version, package, os.path.join(package, 'default')]
        if done.returncode != 0 or done.stdout.splitlines() != expected:
            sys.exit(f'the installed package says {done.stdout.splitlines()}, expected {expected}')
        loads = run('ldd', *(entry.path for entry in os.scandir(package) if entry.name.endswith('.so')))
        if 'libopencv_drgan' in loads.stdout or 'not found' in loads.stdout:
            sys.exit('the extension needs a library that pip did not install')
    return 0


if __name__ == '__main__':
    sys.exit(main())

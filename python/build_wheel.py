# SPDX-License-Identifier: Apache-2.0
"""meson-python as pip's build backend, for the Python that runs pip."""
import sys

NEEDED = (0, 13)  # 0.12 does not know which of the files that meson installs belong to the package

try:
    import mesonpy
except ImportError as error:
    sys.exit(f'drgan: meson-python cannot be imported by {sys.executable} ({error}); install python3-mesonpy (Debian 13 or '
             'newer) or meson-python (pip), or build without pip: meson setup build && meson install -C build')
if tuple(map(int, mesonpy.__version__.split('.')[:2])) < NEEDED:
    sys.exit(f'drgan: meson-python {mesonpy.__version__} is too old, {".".join(map(str, NEEDED))} or newer is needed, as in '
             'Debian 13; without pip: meson setup build && meson install -C build')

# pip finds the hooks by their names; those that are not below are meson-python's.
from mesonpy import *  # noqa: E402,F401,F403


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    settings = dict(config_settings or {})
    given = settings.get('setup-args', [])
    settings['setup-args'] = [f'-Dpython_interpreter={sys.executable}'] + ([given] if isinstance(given, str) else given)
    return mesonpy.build_wheel(wheel_directory, settings, metadata_directory)

# SPDX-License-Identifier: Apache-2.0
"""scripts/install-packages with an apt-get and a systemctl of the test's own, on a folder in place of /. Prints TAP."""
import os
import stat
import subprocess
import sys
import tempfile
import unittest

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, '..', 'python'))
import tap  # noqa: E402

SCRIPT = os.path.join(here, '..', '..', 'scripts', 'install-packages')

# While the packages are installed: asks the policy as invoke-rc.d does, and enables a service as the package does.
APT_GET = '''#!/bin/sh
echo "$@" > $DRGAN_INSTALL_ROOT/arguments
$DRGAN_INSTALL_ROOT/usr/sbin/policy-rc.d mosquitto start; echo $? > $DRGAN_INSTALL_ROOT/policy
cat $DRGAN_INSTALL_ROOT/etc/postgresql-common/createcluster.d/*.conf > $DRGAN_INSTALL_ROOT/cluster
echo mosquitto.service enabled enabled >> $DRGAN_INSTALL_ROOT/units
exit ${APT_STATUS:-0}
'''
SYSTEMCTL = '''#!/bin/sh
case "$*" in
    *list-unit-files*) cat $DRGAN_INSTALL_ROOT/units ;;
    *disable*) echo "$@" >> $DRGAN_INSTALL_ROOT/disabled ;;
esac
'''


class InstallPackages(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = folder.name
        os.makedirs(f'{self.root}/usr/sbin')
        os.makedirs(f'{self.root}/bin')
        self.write('units', 'cron.service enabled enabled\n')
        self.write('bin/apt-get', APT_GET)
        self.write('bin/systemctl', SYSTEMCTL)

    def write(self, name, text):
        with open(f'{self.root}/{name}', 'w', encoding='utf-8') as file:
            file.write(text)
        os.chmod(f'{self.root}/{name}', stat.S_IRWXU)

    def read(self, name):
        with open(f'{self.root}/{name}', encoding='utf-8') as file:
            return file.read()

    def run_script(self, **more):
        return subprocess.run([SCRIPT, 'mosquitto', 'postgresql'], capture_output=True, text=True, check=False,
                              env={**os.environ, 'DRGAN_INSTALL_ROOT': self.root,
                                   'PATH': f'{self.root}/bin:{os.environ["PATH"]}', **more})

    def assert_clean(self):
        self.assertEqual(os.listdir(f'{self.root}/usr/sbin'), [])
        self.assertFalse(os.path.exists(f'{self.root}/etc'))

    def test_services_are_neither_started_nor_enabled(self):
        done = self.run_script()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('--no-install-recommends -- mosquitto postgresql', self.read('arguments'))
        self.assertEqual(self.read('policy'), '101\n')
        self.assertIn('create_main_cluster = false', self.read('cluster'))
        self.assertEqual(self.read('disabled').split()[-2:], ['disable', 'mosquitto.service'])
        self.assertIn('neither started nor enabled: mosquitto.service', done.stderr)
        self.assert_clean()

    def test_nothing_is_left_after_a_failure(self):
        self.assertEqual(self.run_script(APT_STATUS='100').returncode, 100)
        self.assert_clean()

    def test_a_policy_of_the_system_s_own_decides(self):
        own = '#!/bin/sh\nexit 104\n'
        self.write('usr/sbin/policy-rc.d', own)
        self.assertEqual(self.run_script().returncode, 0)
        self.assertEqual(self.read('policy'), '104\n')
        self.assertEqual(self.read('usr/sbin/policy-rc.d'), own)

    def test_what_a_killed_run_has_left_is_removed(self):
        self.write('bin/apt-get', '#!/bin/sh\nkill -9 $PPID\n')
        self.assertEqual(self.run_script().returncode, -9)
        self.assertNotEqual(os.listdir(f'{self.root}/usr/sbin'), [])
        self.write('bin/apt-get', APT_GET)
        self.assertEqual(self.run_script().returncode, 0)
        self.assertEqual(self.read('policy'), '101\n')
        self.assert_clean()


if __name__ == '__main__':
    tap.main()

# SPDX-License-Identifier: Apache-2.0
"""examples/fleet, which scripts/fleet-demo runs, on a clip of a generated person. Prints TAP.

DRGAN_SAMPLE_CLIP and DRGAN_GALLERY_PROGRAM are the programs. Skips, and says so, where Mosquitto or PostgreSQL is not
installed.
"""
import glob
import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest

here = os.path.dirname(os.path.abspath(__file__))
FLEET = os.path.realpath(f'{here}/../../examples/fleet')
sys.path[:0] = [f'{here}/../python', FLEET]
import mosquitto  # noqa: E402
import postgresql  # noqa: E402
import tap  # noqa: E402


class Fleet(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not mosquitto.is_installed() or postgresql.programs() is None:
            raise unittest.SkipTest("NOT RUN, one of Debian's packages mosquitto, mosquitto-clients and postgresql is "
                                    "not installed")
        folder = tempfile.TemporaryDirectory(prefix='drgan-test-fleet-')
        cls.addClassCleanup(folder.cleanup)
        cls.clip = f'{folder.name}/clip.mp4'
        subprocess.run([os.environ['DRGAN_SAMPLE_CLIP'], '--bundle', os.environ['DRGAN_BUNDLE'], '--seconds', '4', '-o',
                        cls.clip], check=True, capture_output=True)

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='drgan-test-fleet-')
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        os.chmod(self.folder, 0o755)  # PostgreSQL runs as somebody else

    def start(self, *arguments):
        process = subprocess.Popen(
            [sys.executable, f'{FLEET}/fleet.py', '--drgan-gallery', os.environ['DRGAN_GALLERY_PROGRAM'], *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, 'TMPDIR': self.folder})
        self.addCleanup(process.kill)
        return process

    def running(self):
        """The programs that use a file or a folder of this test's."""
        out = []
        for process in glob.glob('/proc/[0-9]*'):
            try:
                with open(f'{process}/cmdline', encoding='utf-8', errors='replace') as file:
                    command = file.read().replace('\0', ' ')
                if self.folder in command or os.readlink(f'{process}/cwd').startswith(self.folder):
                    out.append(command)
            except OSError:
                pass  # it has ended
        return out

    def assert_nothing_left(self):
        self.assertEqual(self.running(), [])
        self.assertEqual([n for n in os.listdir(self.folder) if n.startswith('drgan-')], [])

    def test_a_person_who_is_enrolled_at_one_camera_is_named_at_all(self):
        report = f'{self.folder}/report'
        fleet = self.start(self.clip, '--person', 'Ada Lovelace', '--report', report)
        out, err = fleet.communicate(timeout=300)
        self.assertEqual(fleet.returncode, 0, err)
        with open(report, encoding='utf-8') as file:
            done = json.load(file)
        self.assertEqual(sorted(done['named']), ['cam1', 'cam2', 'cam3', 'cam4'])
        for name, named in done['named'].items():
            self.assertGreater(named['similarity'], 0.5, name)
            if name != 'cam1':  # it sees other pixels than those that were enrolled
                self.assertLess(named['similarity'], 0.9999, name)
            self.assertIn(f'{name} names its track {named["track_id"]}', out)
        for frames, sent, dropped in done['metrics'].values():
            self.assertTrue(frames > 0 and sent > 0 and dropped == 0, done)
        self.assertIn('all of it was ended', out)
        self.assert_nothing_left()

    def test_nothing_is_left_after_an_interrupt(self):
        fleet = self.start(self.clip, '--stay')
        fleet.stdout.readline()
        self.assertGreaterEqual(len(self.running()), 10)  # broker, subscriber, database, four cameras, four watch
        fleet.send_signal(signal.SIGINT)
        _, err = fleet.communicate(timeout=60)
        self.assertEqual((fleet.returncode, err), (0, ''))
        self.assert_nothing_left()

    def test_nothing_runs_on_after_a_kill(self):
        fleet = self.start(self.clip, '--stay')
        fleet.stdout.readline()
        fleet.kill()
        fleet.wait()
        self.assertTrue(postgresql.wait_for(lambda: not self.running()), self.running())

    def test_a_failure_says_what_is_wrong(self):
        fleet = self.start(f'{self.folder}/no.mp4')
        _, err = fleet.communicate(timeout=120)
        self.assertEqual(fleet.returncode, 1)
        self.assertIn('no.mp4', err)
        self.assertNotIn('Traceback', err)
        self.assert_nothing_left()


if __name__ == '__main__':
    tap.main()

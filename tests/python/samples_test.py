# SPDX-License-Identifier: Apache-2.0
"""The module's samples, run as people do: opencv-module/samples, in Python, and in C++ where they are built."""
import os
import re
import subprocess
import sys
import tempfile
import unittest

import numpy as np

from subject import Models, cv2, needs_cv2, scene

FOLDER = os.path.join(os.path.dirname(__file__), '../../opencv-module/samples')


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding='utf-8')


def sample(name, *arguments):
    return run(sys.executable, os.path.join(FOLDER, name), *arguments)


def program(name):
    """The test needs a C++ program, which an environment variable names."""
    return unittest.skipUnless(os.environ.get(name) and cv2, f'{name} names no program, or no cv2')


@needs_cv2
class Samples(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = cls.temporary.name
        cls.paths = [os.path.join(cls.folder, f'{i}.png') for i in range(3)]
        for path, face in zip(cls.paths, Models.faces):
            cv2.imwrite(path, scene(face))

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def path(self, name):
        return os.path.join(self.folder, name)

    def expect_numbers_of_recognize(self, told, front):
        """What the module says itself of the first two pictures."""
        m = Models
        embeddings, confidences = [], []
        for face in m.faces[:2]:
            found, row = m.finder.findMain(scene(face))
            self.assertTrue(found)
            embedding, confidence = m.encoder.feature(m.encoder.alignCrop(scene(face), row))
            embeddings.append(embedding)
            confidences.append(confidence)
        np.testing.assert_allclose([float(x) for x in re.findall(r'confidence ([\d.]+)', told)], confidences, atol=6e-4)
        self.assertAlmostEqual(float(re.search(r'cosine (-?[\d.]+)', told)[1]), m.encoder.match(*embeddings), places=3)
        np.testing.assert_allclose(cv2.imread(front), m.decoder.frontalize(embeddings[0]).astype(int), atol=1)

    def test_recognize(self):
        front = self.path('python.png')
        outcome = sample('recognize.py', *self.paths[:2], '--front', front)
        self.assertEqual(outcome.returncode, 0, outcome.stderr)
        self.expect_numbers_of_recognize(outcome.stdout, front)

    @program('DRGAN_RECOGNIZE')
    def test_recognize_in_cpp(self):
        front = self.path('cpp.png')
        outcome = run(os.environ['DRGAN_RECOGNIZE'], *self.paths[:2], f'--front={front}')
        self.assertEqual(outcome.returncode, 0, outcome.stderr)
        self.expect_numbers_of_recognize(outcome.stdout, front)

    def test_frontalize(self):
        sheet = self.path('sheet.png')
        outcome = sample('frontalize.py', sheet, self.paths[0], self.paths[0])
        self.assertEqual(outcome.returncode, 0, outcome.stderr)
        self.assertEqual(re.findall(r'cosine with the fused person ([\d.]+)', outcome.stdout), ['1.000'] * 2)
        side, views = Models.decoder.imageSize(), len(Models.decoder.poses())
        self.assertEqual(cv2.imread(sheet).shape, (2 * side, views * side, 3))

    def test_what_is_no_picture_is_named(self):
        nothing = self.path('nothing.png')
        with open(nothing, 'w', encoding='utf-8') as file:
            file.write('no picture')
        for outcome in (sample('recognize.py', nothing, nothing), sample('frontalize.py', self.path('x.png'), nothing)):
            self.assertEqual(outcome.returncode, 1)
            self.assertIn(nothing, outcome.stderr)

    @program('DRGAN_NAME_FACES')
    def test_name_faces_in_cpp(self):
        people = self.path('people')
        os.mkdir(people)
        for name, path in zip(('Ann', 'Béla'), self.paths):
            os.link(path, os.path.join(people, name + '.png'))
        clip, named = self.path('clip.avi'), self.path('named.avi')
        size = scene().shape[1::-1]
        video = cv2.VideoWriter(clip, cv2.VideoWriter_fourcc(*'MJPG'), 25, size)
        for face in Models.faces[:3]:
            video.write(scene(face))
        video.write(np.full((size[1], size[0], 3), 90, np.uint8))
        video.release()
        outcome = run(os.environ['DRGAN_NAME_FACES'], people, clip, f'--output={named}')
        self.assertEqual(outcome.returncode, 0, outcome.stderr)
        self.assertEqual(outcome.stdout.splitlines()[0], '2 people')
        self.assertEqual(re.findall(r'frame (\d): (\S+) ', outcome.stdout), [('0', 'Ann'), ('1', 'Béla'), ('2', 'unknown')])
        frames = cv2.VideoCapture(named)
        read = [frames.read() for _ in range(5)]
        self.assertEqual([ok for ok, _ in read], [True] * 4 + [False])
        self.assertGreater(np.abs(read[0][1].astype(int) - scene(Models.faces[0])).max(), 100)  # something is drawn
        outcome = run(os.environ['DRGAN_NAME_FACES'], people, self.path('none.avi'), f'--output={named}')
        self.assertEqual(outcome.returncode, 1)
        self.assertIn('none.avi', outcome.stderr)

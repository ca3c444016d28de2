# SPDX-License-Identifier: Apache-2.0
"""python3 -m drgan, run as people do; what it prints is what the package says itself."""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

import numpy as np

from subject import Models, cv2, drgan, needs_cv2, not_cv2, scene


def run(*arguments):
    return subprocess.run([sys.executable, '-m', 'drgan', *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          encoding='utf-8')


@not_cv2
@needs_cv2
class Program(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.paths = [os.path.join(cls.temporary.name, f'{i}.png') for i in range(2)]
        cls.embeddings, cls.faces, cls.confidences = [], [], []
        for path, aligned in zip(cls.paths, Models.faces):
            picture = scene(aligned)
            cv2.imwrite(path, picture)
            _, face = Models.finder.findMain(picture)
            embedding, confidence = Models.encoder.feature(Models.encoder.alignCrop(picture, face))
            cls.embeddings.append(embedding)
            cls.faces.append(face)
            cls.confidences.append(confidence)
        cls.empty = os.path.join(cls.temporary.name, 'empty.png')
        cv2.imwrite(cls.empty, np.full((200, 200, 3), 90, np.uint8))

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def file(self, name):
        return os.path.join(self.temporary.name, name)

    def expect(self, done, status=0):
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def test_help_names_every_command(self):
        told = self.expect(run('--help')).stdout
        for command in ('detect', 'embed', 'frontalize', 'compare'):
            self.assertIn(command, told)
            self.assertIn('--bundle', self.expect(run(command, '--help')).stdout)
        self.assertEqual(self.expect(run('--version')).stdout.strip(), f'drgan {drgan.__version__}')

    def test_detect_lists_each_face(self):
        lines = self.expect(run('detect', '--json', *self.paths)).stdout.splitlines()
        self.assertEqual([json.loads(line)['picture'] for line in lines], self.paths)
        for line, path in zip(map(json.loads, lines), self.paths):
            face = Models.finder.find(cv2.imread(path))
            np.testing.assert_allclose(line['box'], face[0, :4], atol=0.1)
            np.testing.assert_allclose(np.ravel(line['landmarks']), face[0, 4:14], atol=0.1)
            self.assertAlmostEqual(line['score'], float(face[0, 14]), places=2)
            self.assertAlmostEqual(line['yaw'], drgan.estimateYaw(face), places=0)
        told = self.expect(run('detect', self.paths[0])).stdout
        self.assertRegex(told, r'0\.png: \d+x\d+ at \d+,\d+, score [01]\.\d+, yaw about -?\d+ degrees')

    def test_detect_finds_a_large_face_where_it_is(self):
        small = cv2.imread(self.paths[0])
        cv2.imwrite(self.file('large.png'), cv2.resize(small, None, fx=6, fy=6, interpolation=cv2.INTER_CUBIC))
        self.assertGreater(6 * max(small.shape), 2 * Models.finder.workingSide())
        line, = self.expect(run('detect', '--json', self.file('large.png'))).stdout.splitlines()
        np.testing.assert_allclose(np.array(json.loads(line)['box']) / 6, self.faces[0][0, :4], atol=12)

    def test_embed_prints_the_embedding_or_writes_a_file(self):
        line = json.loads(self.expect(run('embed', '--json', self.paths[0])).stdout)
        np.testing.assert_allclose(line['embedding'], self.embeddings[0][0], atol=1e-4)
        self.assertAlmostEqual(line['confidence'], self.confidences[0], places=3)
        told = self.expect(run('embed', *self.paths, '-o', self.file('both.npz'))).stdout
        self.assertEqual(len(told.splitlines()), 2)
        self.assertNotIn('embedding', told)
        with np.load(self.file('both.npz')) as both:
            np.testing.assert_allclose(both['embeddings'], np.vstack(self.embeddings), atol=1e-4)
            np.testing.assert_allclose(both['confidences'], self.confidences, atol=1e-4)
            self.assertEqual(list(both['pictures']), self.paths)
            self.assertEqual(str(both['bundle']), Models.bundle.id)

    def test_frontalize_draws_the_fused_person(self):
        front, row = self.file('front.png'), self.file('row.png')
        self.assertIn('2 pictures', self.expect(run('frontalize', *self.paths, '-o', front)).stdout)
        fused = drgan.fuse(np.vstack(self.embeddings), np.array(self.confidences, np.float32))
        np.testing.assert_allclose(cv2.imread(front), Models.decoder.frontalize(fused).astype(int), atol=1)
        self.expect(run('frontalize', self.paths[0], '-o', row, '--yaw', '-45', '0', '45'))
        side = Models.decoder.imageSize()
        self.assertEqual(cv2.imread(row).shape, (side, 3 * side, 3))
        np.testing.assert_allclose(cv2.imread(row)[:, 2 * side:],
                                   Models.decoder.rotate(self.embeddings[0], 45).astype(int), atol=1)

    def test_compare_says_who_is_the_same(self):
        same = self.expect(run('compare', self.paths[0], self.paths[0])).stdout
        self.assertIn('cosine 1.000', same)
        self.assertIn('the same person', same)
        told = json.loads(self.expect(run('compare', '--json', *self.paths)).stdout)
        cosine = Models.encoder.match(*self.embeddings)
        self.assertAlmostEqual(told['cosine'], cosine, places=3)
        self.assertEqual(told['same'], cosine >= Models.bundle.matchThreshold)

    def test_a_picture_that_is_none_fails_and_the_others_go_on(self):
        missing = self.file('missing.png')
        done = self.expect(run('detect', missing, self.empty, self.paths[0]), 1)
        self.assertEqual(len(done.stdout.splitlines()), 1)
        errors = done.stderr.splitlines()
        self.assertIn(f'drgan: {missing}: not a picture', '\n'.join(errors))
        self.assertIn(f'drgan: {self.empty}: no face found', errors)
        for command in (('embed', self.empty), ('compare', self.paths[0], self.empty),
                        ('frontalize', self.empty, '-o', self.file('none.png'))):
            done = self.expect(run(*command), 1)
            self.assertIn('no face found', done.stderr)
            self.assertNotIn('Traceback', done.stderr)
        self.assertFalse(os.path.exists(self.file('none.png')))

    def test_what_cannot_be_written_or_loaded_is_named(self):
        for arguments, named in (
                (('frontalize', self.paths[0], '-o', '/nowhere/front.png'), '/nowhere/front.png'),
                (('frontalize', self.paths[0], '-o', self.file('front.nothing')), 'front.nothing'),
                (('embed', self.paths[0], '-o', '/nowhere/e.npz'), '/nowhere/e.npz'),
                (('detect', self.paths[0], '--bundle', '/nowhere'), '/nowhere/manifest.json'),
                (('detect', self.paths[0], '--detector', '/nowhere.onnx'), '/nowhere.onnx')):
            done = self.expect(run(*arguments), 1)
            self.assertIn(named, done.stderr)
            self.assertNotIn('Traceback', done.stderr)
            self.assertTrue(re.search(r'^drgan: ', done.stderr, re.M), done.stderr)

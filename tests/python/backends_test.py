# SPDX-License-Identifier: Apache-2.0
"""What networks can run on, and clones."""
import gc
import threading
import unittest

import numpy as np

from subject import Error, Models, drgan, scene


class Backends(unittest.TestCase):
    def test_names_are_found_and_can_be_used(self):
        names = drgan.availableBackends()
        self.assertIsInstance(names, tuple)
        self.assertIn('opencv/cpu', names)
        self.assertEqual(drgan.findBackend('opencv/cpu'), (3, 0))
        backend, target = drgan.findBackend(name='opencv/cpu')
        encoder = drgan.Encoder.create(Models.bundle.encoder, backend, target)
        np.testing.assert_array_equal(encoder.feature(Models.faces[0])[0], Models.encoder.feature(Models.faces[0])[0])

    def test_auto_is_one_of_them(self):
        found = [drgan.findBackend(name) for name in drgan.availableBackends()]
        self.assertIn(drgan.findBackend('auto'), found)

    def test_what_is_not_there_is_an_error_that_says_what_is(self):
        with self.assertRaisesRegex(Error, r'got "tpu/tpu".*opencv/cpu \(3, 0\)'):
            drgan.findBackend('tpu/tpu')
        with self.assertRaisesRegex(Error, r'backend 12345 and target 0.*opencv/cpu \(3, 0\)'):
            drgan.Encoder.create(Models.bundle.encoder, 12345, 0)


class Clones(unittest.TestCase):
    def test_clones_give_the_same(self):
        m, picture = Models, scene()
        np.testing.assert_array_equal(m.encoder.clone().feature(m.faces[1])[0], m.encoder.feature(m.faces[1])[0])
        np.testing.assert_array_equal(m.decoder.clone().frontalize(m.embeddings[1]),
                                      m.decoder.frontalize(m.embeddings[1]))
        np.testing.assert_array_equal(m.aligner.clone().align(picture, (150, 100, 160, 160)),
                                      m.aligner.align(picture, (150, 100, 160, 160)))
        np.testing.assert_array_equal(m.detector.clone().detect(picture), m.detector.detect(picture))
        np.testing.assert_array_equal(m.finder.clone().find(picture), m.finder.find(picture))

    def test_a_clone_has_the_settings_and_outlives_its_original(self):
        detector = drgan.Detector.create(Models.bundle.detector)
        detector.setTopK(7)
        clone = detector.clone()
        detector.setTopK(8)
        del detector
        gc.collect()
        self.assertEqual(clone.getTopK(), 7)
        self.assertEqual(len(clone.detect(scene())), 1)

    def test_a_thread_each(self):
        expected = [Models.encoder.feature(face) for face in Models.faces]
        wrong = []

        def work(i):
            try:
                own = Models.encoder.clone()
                for _ in range(10):
                    embedding, confidence = own.feature(Models.faces[i])
                    np.testing.assert_allclose(embedding, expected[i][0], atol=1e-4)
                    np.testing.assert_allclose(confidence, expected[i][1], atol=1e-5)
            except Exception as error:
                wrong.append(error)

        threads = [threading.Thread(target=work, args=(i % 3,)) for i in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])

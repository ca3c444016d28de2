# SPDX-License-Identifier: Apache-2.0
"""Threads, memory, and the package's stubs and help."""
import ast
import gc
import os
import pathlib
import sys
import threading
import time
import unittest

import numpy as np

from subject import Error, Models, cv2, drgan, not_cv2, scene

BOX = (150, 100, 160, 160)


def resident():
    """Bytes."""
    with open('/proc/self/statm', encoding='ascii') as file:
        return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')


class Threads(unittest.TestCase):
    def test_others_go_on_while_a_network_runs(self):
        ticks, over = [], threading.Event()

        def tick():
            while not over.wait(0.001):
                ticks.append(None)

        ticker = threading.Thread(target=tick)
        ticker.start()
        try:
            while not ticks:
                time.sleep(0.001)
            before = len(ticks)
            Models.encoder.features([Models.faces[0]] * 64)
            during = len(ticks) - before
        finally:
            over.set()
            ticker.join()
        # If a call held the GIL, the ticker would run only once, before the call.
        self.assertGreater(during, 5)

    @not_cv2  # OpenCV's objects are not thread-safe and do not lock
    def test_one_object_serves_many_threads(self):
        expected = [Models.encoder.feature(face) for face in Models.faces]
        wrong = []

        def work(i):
            try:
                for _ in range(10):
                    embedding, confidence = Models.encoder.feature(Models.faces[i])
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

    def test_memory_does_not_grow(self):
        picture = np.zeros((1500, 1000, 3), np.uint8)
        turned = picture[::-1]  # 4.5 MB, copied in each call

        def calls(count):
            for _ in range(count):
                aligned = Models.encoder.alignCrop(turned, BOX)
                Models.encoder.alignCrop(picture, BOX, aligned)
                Models.decoder.poses()
                drgan.fuse(Models.embeddings[0], np.ones(1, np.float32))
                for wrong in (lambda: Models.encoder.alignCrop(turned, np.zeros(7)),
                              lambda: Models.encoder.features([turned, turned, 'x'])):
                    with self.assertRaises((Error, TypeError)):
                        wrong()

        calls(5)
        gc.collect()
        before = resident()
        calls(40)
        gc.collect()
        # leaking one copy per round would be 180 MB
        self.assertLess(resident() - before, 60e6)

    def test_arrays_are_let_go(self):
        picture, face = scene(), np.array(BOX)
        out = np.zeros((112, 112, 3), np.uint8)
        counts = [sys.getrefcount(one) for one in (picture, face, out)]
        for _ in range(20):
            Models.encoder.alignCrop(picture, face, out)
            Models.encoder.alignCrop(picture[::-1], face, out)
            with self.assertRaises(Error):
                Models.encoder.alignCrop(picture, picture, out)
        self.assertEqual([sys.getrefcount(one) for one in (picture, face, out)], counts)

    def test_a_decoder_keeps_working_without_the_encoder_that_it_was_checked_against(self):
        encoder = drgan.Encoder.create(Models.bundle.encoder)
        decoder = drgan.Decoder.create(Models.bundle.decoder, encoder)
        del encoder
        gc.collect()
        np.testing.assert_array_equal(decoder.frontalize(Models.embeddings[0]),
                                      Models.decoder.frontalize(Models.embeddings[0]))


@not_cv2
class Package(unittest.TestCase):
    def test_errors_are_those_of_cv2(self):
        if cv2 is None:
            self.skipTest('cv2 cannot be imported')
        self.assertIs(drgan.error, cv2.error)

    def test_the_stub_says_what_there_is(self):
        stub = pathlib.Path(drgan.__file__).with_name('__init__.pyi')
        self.assertTrue(stub.with_name('py.typed').exists())

        def names(body):
            """name -> names of the arguments, None for what is not called"""
            found = {}
            for node in body:
                if isinstance(node, ast.FunctionDef):
                    arguments = [a.arg for a in node.args.args if a.arg != 'self']
                    is_property = any(isinstance(d, (ast.Name, ast.Attribute)) and ast.unparse(d) != 'staticmethod'
                                      for d in node.decorator_list)
                    found[node.name] = None if is_property else arguments
                elif isinstance(node, ast.ClassDef):
                    found[node.name] = names(node.body)
                elif isinstance(node, ast.AnnAssign):
                    found[node.target.id] = None
            return {name: what for name, what in found.items() if not name.startswith('__')}

        declared = names(ast.parse(stub.read_text(encoding='utf-8')).body)
        self.assertEqual(sorted(declared), drgan.__all__)
        for name, members in declared.items():
            here = getattr(drgan, name)
            if isinstance(members, list):
                self.check_signature(name, here, members)
            elif isinstance(members, dict) and not issubclass(here, Exception):
                self.assertEqual(sorted(members), sorted(one for one in vars(here) if not one.startswith('_')), name)
                for member, arguments in members.items():
                    if arguments is not None:
                        self.check_signature(member, getattr(here, member), arguments)

    def check_signature(self, name, function, arguments):
        """The docstring's first line has the stub's arguments."""
        signature = function.__doc__.splitlines()[0]
        called = name.split('_')[-1]
        self.assertTrue(signature.startswith(called + '('), signature)
        listed = signature[len(called) + 1:signature.index(')')].replace('[', '').replace(']', '')
        self.assertEqual([a.strip() for a in listed.split(',') if a.strip()], arguments, signature)

    def test_everything_is_explained(self):
        for name in drgan.__all__:
            here = getattr(drgan, name)
            if isinstance(here, int) or name == 'error':
                continue
            self.assertTrue(here.__doc__, name)
            if isinstance(here, type):
                self.assertEqual(here.__module__, 'drgan')
        self.assertIn('n x 15 float32', drgan.Detector.detect.__doc__)
        self.assertIn('degrees in [-90, 90]', drgan.estimateYaw.__doc__)
        for text in (drgan.Detector.detect.__doc__, drgan.Encoder.__doc__, drgan.alignCrop.__doc__):
            self.assertNotRegex(text, r'CV_\d|cv::|@param|@brief')

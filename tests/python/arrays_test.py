# SPDX-License-Identifier: Apache-2.0
"""numpy arrays in and out: layouts, types, who owns the memory, and what is refused."""
import os
import tempfile
import tracemalloc
import unittest

import numpy as np

from subject import IS_CV2, Error, Models, drgan, not_cv2, scene

BOX = (150, 100, 160, 160)


class Arrays(unittest.TestCase):
    def test_any_layout_of_a_picture_gives_the_same(self):
        picture = scene()
        expected = Models.encoder.alignCrop(picture, BOX)
        around = np.zeros((450, 560, 3), np.uint8)
        around[20:420, 30:530] = picture
        rows = np.zeros((800, 500, 3), np.uint8)
        rows[::2] = picture
        unaligned = np.frombuffer(b'x' + picture.tobytes(), np.uint8)[1:].reshape(picture.shape)
        layouts = {
            'part of a picture': around[20:420, 30:530],
            'every other row': rows[::2],
            'unaligned': unaligned,
            'Fortran order': np.asfortranarray(picture),
            'bottom up': picture[::-1].copy()[::-1],
            'right to left': picture[:, ::-1].copy()[:, ::-1],
            'RGB turned to BGR': picture[:, :, ::-1].copy()[:, :, ::-1],
            'transposed': picture.transpose(1, 0, 2).copy().transpose(1, 0, 2),
            'planes': np.ascontiguousarray(picture.transpose(2, 0, 1)).transpose(1, 2, 0),
            'every other column': np.repeat(picture, 2, axis=1)[:, ::2],
            'BGRA': np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)]),
            'three channels of four': np.dstack([picture, picture[:, :, :1]])[:, :, :3],
        }
        for name, layout in layouts.items():
            with self.subTest(name):
                kept = layout.copy()
                np.testing.assert_array_equal(Models.encoder.alignCrop(layout, BOX), expected)
                np.testing.assert_array_equal(layout, kept)

    def test_grey_with_and_without_a_channel_dimension(self):
        grey = scene()[:, :, 0]
        expected = Models.encoder.alignCrop(grey, BOX)
        self.assertEqual(expected.shape[2], 3)
        np.testing.assert_array_equal(Models.encoder.alignCrop(grey[:, :, np.newaxis], BOX), expected)
        row = np.broadcast_to(np.arange(500, dtype=np.uint8), (400, 500))  # all rows share memory
        np.testing.assert_array_equal(Models.encoder.alignCrop(row, BOX), Models.encoder.alignCrop(row.copy(), BOX))

    def test_parts_of_pictures_are_not_copied(self):
        big = np.zeros((3000, 4000, 3), np.uint8)
        big[1000:1400, 1000:1500] = scene()

        def peak(picture):
            tracemalloc.start()  # numpy reports its memory to it
            Models.encoder.alignCrop(picture, (1050, 1000, 160, 160))
            size = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            return size

        for name, view in (('whole', big), ('part', big[100:2900, 100:3900]), ('every other row', big[::2])):
            self.assertLess(peak(view), 2 ** 20, name)
        self.assertGreater(peak(big[::-1]), big.nbytes / 2, 'what is copied is seen')

    def test_faces_of_any_type_and_shape(self):
        picture = scene()
        expected = Models.encoder.alignCrop(picture, BOX)
        boxes = [np.array(BOX, kind) for kind in (np.int32, np.int64, np.uint64, np.float32, np.float64)]
        boxes += [boxes[0].reshape(1, 4), boxes[0].reshape(4, 1), np.array([BOX, BOX])[1], np.repeat(BOX, 2)[::2]]
        if not IS_CV2:  # cv2 ignores the byte order
            boxes.append(np.array(BOX, '>f4'))
        for box in boxes:
            np.testing.assert_array_equal(Models.encoder.alignCrop(picture, box), expected, f'{box!r}')
        row = Models.aligner.align(picture, BOX)
        points = np.zeros((5, 4))
        points[:, 1:3] = row[0, 4:14].reshape(5, 2)
        landed = Models.encoder.alignCrop(picture, row)
        self.assertTrue((landed != expected).any())
        for face in (row[0], row[:, :15], row.astype(float), points[:, 1:3], points[:, 1:3].reshape(5, 1, 2)):
            np.testing.assert_array_equal(Models.encoder.alignCrop(picture, face), landed, f'{face!r}')

    def test_embeddings_as_rows_columns_and_vectors(self):
        a = Models.embeddings[0]
        expected = Models.decoder.frontalize(a)
        for form in (a[0], a.T, np.asfortranarray(np.vstack([a, a]))[1], np.repeat(a, 2)[::2]):
            np.testing.assert_array_equal(Models.decoder.frontalize(form), expected)
            self.assertGreater(Models.encoder.match(a, form), 0.9999)

    def test_features_takes_lists_tuples_and_stacks(self):
        expected = [Models.encoder.feature(face) for face in Models.faces]
        turned = [face[:, ::-1].copy()[:, ::-1] for face in Models.faces]
        for pictures in (Models.faces, tuple(Models.faces), np.stack(Models.faces), turned):
            embeddings, confidences = Models.encoder.features(pictures)
            self.assertEqual((embeddings.dtype, confidences.dtype), (np.float32, np.float32))
            self.assertEqual(confidences.shape, (3, 1))
            np.testing.assert_allclose(embeddings, np.vstack([one for one, _ in expected]), atol=1e-4)
            np.testing.assert_allclose(confidences[:, 0], [weight for _, weight in expected], atol=1e-5)

    def test_numpy_scalars_are_numbers(self):
        picture = scene()
        self.assertEqual(len(Models.aligner.align(picture, np.array(BOX), passes=np.int64(2))), 1)
        self.assertEqual(len(Models.finder.find(picture, minFace=np.float32(10))), 1)
        Models.decoder.rotate(Models.embeddings[0], np.float32(30))
        template = drgan.Template()
        template.add(Models.embeddings[0], np.float32(0.5))
        self.assertEqual(template.totalConfidence(), 0.5)

    def test_nothing_found_is_none(self):
        blank = np.zeros((100, 120, 3), np.uint8)
        self.assertIsNone(Models.finder.find(blank))
        self.assertIsNone(Models.detector.detect(blank))
        self.assertEqual(Models.finder.findMain(blank), (False, None))
        for no_boxes in (None, np.zeros((0, 4), np.float32), np.zeros((0, 15))):
            self.assertIsNone(Models.aligner.align(blank, no_boxes))


class Outputs(unittest.TestCase):
    def test_every_result_has_memory_of_its_own(self):
        def results():
            for face, embedding in zip(Models.faces, Models.embeddings):
                yield Models.encoder.feature(face)[0]
                yield from Models.encoder.features([face, face])
                yield Models.decoder.frontalize(embedding)
                yield Models.encoder.alignCrop(scene(face), BOX)
                yield Models.aligner.align(scene(face), BOX)
                yield Models.finder.find(scene(face))
                yield drgan.fuse(embedding, np.ones(1, np.float32))
                yield Models.decoder.poses()

        kept = list(results())
        copies = [one.copy() for one in kept]
        for _ in range(3):
            for other in results():
                other[...] = 7  # would change a result that shares memory
        for i, (one, copy) in enumerate(zip(kept, copies)):
            self.assertTrue(one.flags.owndata and one.flags.writeable and one.flags.c_contiguous, i)
            np.testing.assert_array_equal(one, copy, f'result {i}')
            self.assertFalse(any(np.shares_memory(one, other) for other in kept[:i]), i)

    def test_a_result_outlives_its_input_and_its_object(self):
        encoder = drgan.Encoder.create(Models.bundle.encoder)
        picture = scene()
        aligned = encoder.alignCrop(picture, BOX)
        embedding, _ = encoder.feature(aligned)
        copies = aligned.copy(), embedding.copy()
        picture[...] = 0
        del encoder, picture
        np.testing.assert_array_equal(aligned, copies[0])
        np.testing.assert_array_equal(embedding, copies[1])

    def test_a_given_output_that_fits_is_filled(self):
        size = Models.encoder.embeddingSize()
        picture = scene()
        expected = Models.encoder.alignCrop(picture, BOX)
        around = np.zeros((150, 150, 3), np.uint8)
        part = around[10:122, 20:132]
        self.assertIs(Models.encoder.alignCrop(picture, BOX, part), part)
        np.testing.assert_array_equal(part, expected)
        self.assertEqual(around[122:].max(), 0)
        row = np.zeros((1, size), np.float32)
        filled, _ = Models.encoder.feature(expected, embedding=row)
        self.assertIs(filled, row)
        self.assertTrue(row.any())
        rows, weights = np.zeros((2, size), np.float32), np.zeros((2, 1), np.float32)
        given = Models.encoder.features([expected, expected], rows, weights)
        self.assertTrue(given[0] is rows and given[1] is weights and weights.all())

    def test_a_given_output_that_does_not_fit_is_left_alone(self):
        for shape, kind in (((5, 5, 3), np.uint8), ((112, 112), np.uint8), ((112, 112, 3), np.float32)):
            other = np.zeros(shape, kind)
            result = Models.encoder.alignCrop(scene(), BOX, dst=other)
            self.assertEqual((result.shape, result.dtype), ((112, 112, 3), np.uint8))
            self.assertFalse(other.any())

    def test_an_output_that_cannot_be_written_to_is_refused(self):
        turned = np.zeros((112, 112, 3), np.uint8)[::-1]
        with self.assertRaises((Error, TypeError)):
            Models.encoder.alignCrop(scene(), BOX, turned)
        if not IS_CV2:  # cv2 writes into it
            fixed = np.zeros((112, 112, 3), np.uint8)
            fixed.flags.writeable = False
            with self.assertRaisesRegex(Error, 'dst: got uint8 array of shape .* read-only'):
                Models.encoder.alignCrop(scene(), BOX, fixed)


class Refusals(unittest.TestCase):
    def test_what_the_module_refuses(self):
        m = Models
        picture, embedding = scene(), Models.embeddings[0]
        nan = embedding.copy()
        nan[0, 3] = np.nan
        cases = [
            (lambda: m.encoder.alignCrop(None, BOX), 'src: got an empty matrix'),
            (lambda: m.encoder.alignCrop(np.zeros((0, 0, 3), np.uint8), BOX), 'src: got an empty matrix'),
            (lambda: m.encoder.alignCrop(picture.astype(np.uint16), BOX), 'src: got CV_16UC3'),
            (lambda: m.encoder.alignCrop(picture.astype(np.float32), BOX), 'src: got CV_32FC3'),
            (lambda: m.encoder.alignCrop(picture[:, :, :2], BOX), 'src: got CV_8UC2'),
            (lambda: m.encoder.alignCrop(picture, None), 'face: got an empty matrix'),
            (lambda: m.encoder.alignCrop(picture, np.zeros(7)), 'face: got CV_64FC1 of 7 rows'),
            (lambda: m.encoder.alignCrop(picture, (1, 2, 0, 0)), 'got a box of 0 x 0 pixels'),
            (lambda: m.encoder.alignCrop(picture, np.array([1, 2, np.nan, 4])), 'value 2 is nan'),
            (lambda: drgan.estimateYaw(BOX), 'a plain box, which has no yaw'),
            (lambda: drgan.alignCrop(picture, BOX, drgan.Alignment()), 'alignment: got size 0'),
            (lambda: m.encoder.feature(picture), 'aligned picture 0: got CV_8UC3 of 400 rows'),
            (lambda: m.encoder.features([]), 'got no picture'),
            (lambda: m.encoder.features([m.faces[0], picture]), 'aligned picture 1'),
            (lambda: m.encoder.match(embedding, embedding[:, :10]), 'b: got 10 values, expected'),
            (lambda: m.encoder.match(embedding, embedding.astype(float)), 'b: got CV_64FC1'),
            (lambda: m.encoder.match(embedding, nan), 'b: contains NaN'),
            (lambda: m.encoder.match(embedding, 0 * embedding), 'b: got an embedding of zeros'),
            (lambda: m.encoder.match(embedding, embedding, 7), 'disType: got 7'),
            (lambda: m.decoder.rotate(embedding, 170), '170'),
            (lambda: m.decoder.rotate(embedding, 0, noise=np.zeros(1, np.float32)), 'noise'),
            (lambda: m.aligner.align(picture, np.zeros((2, 5))), 'boxes: got CV_64FC1 of 2 rows x 5 columns'),
            (lambda: m.detector.setScoreThreshold(2), '2'),
            (lambda: drgan.fuse(np.vstack(m.embeddings), np.ones(2, np.float32)), 'confidences: got 2 values'),
            (lambda: drgan.fuse(embedding, np.array([-1], np.float32)), 'confidence: got -1'),
            (lambda: drgan.Bundle.load('/no/such/folder'), '/no/such/folder/manifest.json'),
            (lambda: drgan.Encoder.create('/no/such/model.onnx'), '/no/such/model.onnx'),
            (lambda: drgan.Encoder.create(m.bundle.decoder), 'decoder'),
            (lambda: drgan.FaceFinder.create('', '/no/such/folder'), '/no/such/folder'),
        ]
        for i, (call, message) in enumerate(cases):
            with self.subTest(message, case=i), self.assertRaises(Error) as caught:
                call()
            self.assertIn(message, str(caught.exception))

    def test_what_is_no_argument_of_the_function(self):
        m = Models
        picture = scene()
        for i, call in enumerate([
                lambda: m.encoder.alignCrop(picture, list(BOX)),
                lambda: m.encoder.alignCrop(picture, 'face'),
                lambda: m.encoder.alignCrop(picture, ('a', 'b', 'c', 'd')),
                lambda: m.encoder.alignCrop(picture, np.array(BOX, bool)),
                lambda: m.encoder.alignCrop(picture, np.array(BOX, complex)),
                lambda: m.encoder.alignCrop(picture, np.array(BOX, object)),
                lambda: m.encoder.alignCrop(picture, np.array(BOX, np.float16)),
                lambda: m.encoder.alignCrop(picture),
                lambda: m.encoder.alignCrop(picture, BOX, None, 1),
                lambda: m.encoder.alignCrop(source=picture, face=BOX),
                lambda: m.encoder.features(5),
                lambda: m.encoder.features(['a']),
                lambda: m.aligner.align(picture, BOX, None, '1'),
                lambda: m.aligner.align(picture, BOX, None, 1.5),
                lambda: m.decoder.rotate(m.embeddings[0], 'left'),
                lambda: drgan.alignCrop(picture, BOX, 112),
                lambda: drgan.Encoder.create(5),
                lambda: drgan.Decoder.create(m.bundle.decoder, m.decoder)]):
            with self.subTest(case=i), self.assertRaises((Error, TypeError)):
                call()

    @not_cv2
    def test_messages_name_the_argument_and_what_was_expected(self):
        m = Models
        for call, message in (
                (lambda: m.encoder.feature(m.faces[0].tolist()), r'aligned: got list, expected a numpy array \(num'),
                (lambda: m.encoder.features([m.faces[0], 'b']), r'aligned\[1\]: got str, expected a numpy array'),
                (lambda: m.encoder.match(np.zeros(3, bool), 1), r'a: got bool array of shape \(3,\), expected uint8'),
                (lambda: m.finder.find(np.zeros((1, 2, 2, 3), np.uint8)), r'shape \(1, 2, 2, 3\), expected 1, 2 or 3'),
                (lambda: m.finder.find(np.uint8(3)), 'image: got numpy.uint8, expected a numpy array'),
                (lambda: m.encoder.alignCrop(scene(), np.array([1, 2, 3, 2 ** 40])), 'that int32 does not hold'),
                (lambda: m.encoder.alignCrop(scene(), (1, 2, 'x', 4)), 'face: got a tuple with str at index 2')):
            with self.assertRaisesRegex(drgan.ArgumentError, message) as caught:
                call()
            self.assertIsInstance(caught.exception, drgan.error)
            self.assertIsInstance(caught.exception, TypeError)

    def test_errors_carry_what_cv_exception_has(self):
        with self.assertRaises(Error) as caught:
            drgan.Bundle.load('/no/such/folder')
        error = caught.exception
        self.assertLess(error.code, 0)
        self.assertIn('/no/such/folder/manifest.json: cannot be opened', error.err)
        self.assertIn(error.err, str(error))
        self.assertTrue(error.func and error.file and error.line > 0)

    def test_broken_models_are_refused(self):
        with open(Models.bundle.aligner, 'rb') as file:
            model = file.read()
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'aligner.onnx')
            for length in (0, 10, len(model) // 2, len(model) - 1):
                with open(path, 'wb') as file:
                    file.write(model[:length])
                with self.assertRaises(Error, msg=length):
                    drgan.Aligner.create(path)

# SPDX-License-Identifier: Apache-2.0
"""Names, values, and that the numbers are right."""
import unittest

import numpy as np

from subject import IS_CV2, Error, Models, cv2, drgan, needs_cv2, scene


class Names(unittest.TestCase):
    def test_static_functions_have_both_names(self):
        for name in ('Encoder', 'Decoder', 'Aligner', 'Detector', 'FaceFinder'):
            self.assertTrue(callable(getattr(drgan, name).create), name)
            self.assertTrue(callable(getattr(drgan, name + '_create')), name)
        self.assertEqual(drgan.Bundle_load().id, drgan.Bundle.load().id)
        self.assertEqual(drgan.Encoder_create(Models.bundle.encoder).bundleId(), Models.bundle.id)

    def test_constants(self):
        self.assertEqual((drgan.Encoder_FR_COSINE, drgan.Encoder_FR_NORM_L2), (0, 1))
        self.assertEqual((drgan.ENCODER_FR_COSINE, drgan.ENCODER_FR_NORM_L2), (0, 1))
        if not IS_CV2:  # OpenCV's generator puts them only into the module
            self.assertEqual((drgan.Encoder.FR_COSINE, drgan.Encoder.FR_NORM_L2), (0, 1))

    def test_arguments_have_the_names_of_the_header(self):
        m = Models
        picture = scene()
        faces = m.finder.find(image=picture, minFace=20)
        faces = m.aligner.align(image=picture, boxes=faces, passes=2)
        aligned = m.encoder.alignCrop(src=picture, face=faces[0])
        embedding, _ = m.encoder.feature(aligned=aligned)
        self.assertGreater(m.encoder.match(a=embedding, b=embedding, disType=0), 0.999)
        m.decoder.rotate(embedding=embedding, yawDegrees=15, noise=np.zeros(m.decoder.noiseSize(), np.float32))
        drgan.alignCrop(src=picture, face=faces[0], alignment=m.encoder.alignment())
        drgan.fuse(embeddings=embedding, confidences=np.ones(1, np.float32))
        drgan.Encoder.create(model=m.bundle.encoder, backendId=0, targetId=0)
        drgan.Decoder.create(model=m.bundle.decoder, encoder=None, backendId=0, targetId=0)

    def test_bundle_and_alignment_are_values(self):
        bundle = drgan.Bundle.load(Models.bundle.folder)
        self.assertEqual(len(bundle.id), 16)
        self.assertEqual(bundle.poseYaws.dtype, np.float32)
        np.testing.assert_array_equal(bundle.poseYaws, Models.decoder.poses())
        self.assertTrue(0 < bundle.matchThreshold < 1)
        bundle.matchThreshold = 0.5
        bundle.poseYaws = [1, 2]
        np.testing.assert_array_equal(bundle.poseYaws, [1, 2])
        self.assertNotEqual(drgan.Bundle.load(bundle.folder).matchThreshold, 0.5)
        alignment = drgan.Alignment()
        self.assertEqual((alignment.size, alignment.eyeMouth), (0, 0))
        alignment.size, alignment.eyes, alignment.eyeMouth = 64, (0.5, 0.25), 0.5
        self.assertEqual(alignment.eyes, (0.5, 0.25))
        self.assertEqual(drgan.alignCrop(scene(), (150, 100, 160, 160), alignment).shape, (64, 64, 3))


class Numbers(unittest.TestCase):
    def test_generated_faces_are_known_again(self):
        m = Models
        for i, embedding in enumerate(m.embeddings):
            for yaw in (-45, 0, 45):
                other, confidence = m.encoder.feature(m.decoder.rotate(embedding, yaw))
                self.assertTrue(0 < confidence < 1)
                cosines = [m.encoder.match(other, one) for one in m.embeddings]
                self.assertEqual(np.argmax(cosines), i, f'{yaw} {cosines}')
                self.assertGreater(cosines[i], m.bundle.matchThreshold)

    @needs_cv2
    def test_encoder_gives_what_its_network_gives(self):
        net = cv2.dnn.readNetFromONNX(Models.bundle.encoder)
        rgb = Models.faces[1][:, :, ::-1].astype(np.float32)
        net.setInput(np.ascontiguousarray((rgb / 127.5 - 1).transpose(2, 0, 1)[np.newaxis]), 'image')
        expected, weight = net.forward(['embedding', 'confidence'])
        embedding, confidence = Models.encoder.feature(Models.faces[1])
        np.testing.assert_allclose(embedding, expected, atol=1e-3)
        self.assertAlmostEqual(confidence, float(weight.ravel()[0]), places=4)

    def test_match_is_cosine_or_distance_and_changes_nothing(self):
        a, b = (3 * e for e in Models.embeddings[:2])
        kept = a.copy(), b.copy()
        unit = [e.ravel() / np.linalg.norm(e) for e in (a, b)]
        self.assertAlmostEqual(Models.encoder.match(a, b), float(unit[0] @ unit[1]), places=5)
        self.assertAlmostEqual(Models.encoder.match(a, b, drgan.Encoder_FR_NORM_L2),
                               float(np.linalg.norm(unit[0] - unit[1])), places=5)
        np.testing.assert_array_equal((a, b), kept)

    def test_fuse_and_template_weigh_by_confidence(self):
        rows = np.vstack(Models.embeddings)
        weights = np.array([0.9, 0.1, 0.4], np.float32)
        expected = (weights[:, np.newaxis] * rows).sum(0, keepdims=True) / weights.sum()
        np.testing.assert_allclose(drgan.fuse(rows, weights), expected, atol=1e-5)
        template = drgan.Template()
        for row, weight in zip(rows, weights):
            template.add(row, weight)
        np.testing.assert_allclose(template.fused(), expected, atol=1e-5)
        self.assertEqual(template.size(), 3)
        self.assertAlmostEqual(template.totalConfidence(), 1.4, places=5)
        template.reset()
        self.assertEqual(template.size(), 0)
        with self.assertRaisesRegex(Error, 'got no embedding yet'):
            template.fused()

    def test_alignment_puts_eyes_and_mouth_in_place(self):
        alignment = Models.encoder.alignment()
        eyes, mouth = np.array([200, 150]), np.array([200, 210])
        picture = np.zeros((400, 400, 3), np.uint8)
        for x, y in (eyes, mouth):
            picture[y - 2:y + 3, x - 2:x + 3] = 255
        face = np.array([[180, 150], [220, 150], [200, 180], [185, 210], [215, 210]], np.float32)
        crop = Models.encoder.alignCrop(picture, face)[:, :, 0].astype(float)
        self.assertEqual(crop.shape, (alignment.size, alignment.size))
        expected_y = alignment.size * (alignment.eyes[1] + alignment.eyeMouth * np.array([0, 1]))
        for y, half in zip(expected_y, (slice(0, int(expected_y.mean())), slice(int(expected_y.mean()), None))):
            part = np.zeros_like(crop)
            part[half] = crop[half]
            where = np.indices(crop.shape).reshape(2, -1) @ part.ravel() / part.sum()
            np.testing.assert_allclose(where, (y, alignment.size * alignment.eyes[0]), atol=0.6)

    def test_faces_are_found_and_landed(self):
        picture = scene()
        found, main = Models.finder.findMain(picture)
        self.assertIs(found, True)
        self.assertEqual((main.shape, main.dtype), ((1, 15), np.float32))
        for rows in (Models.finder.find(picture), Models.detector.detect(picture),
                     Models.aligner.align(picture, (150, 100, 160, 160))):
            self.assertEqual(len(rows), 1)
            np.testing.assert_allclose(rows[0][4:14], main[0][4:14], atol=20)  # pixels of a face of 160
            # A detector's box is tight, the aligner's is a square.
            np.testing.assert_allclose(rows[0][:2] + rows[0][2:4] / 2, main[0][:2] + main[0][2:4] / 2, atol=25)
            np.testing.assert_allclose(rows[0][3], main[0][3], atol=40)
            self.assertLess(abs(drgan.estimateYaw(rows)), 20)
        self.assertEqual(Models.aligner.align(picture, main).shape, (1, 16))

# SPDX-License-Identifier: Apache-2.0
"""What is tested, and the models and the generated people of all tests."""
import importlib
import os
import unittest

import numpy as np

MODULE = os.environ.get('DRGAN_PYTHON_MODULE', 'drgan')
IS_CV2 = MODULE.startswith('cv2')
drgan = importlib.import_module(MODULE.split('.')[0])
for part in MODULE.split('.')[1:]:
    drgan = getattr(drgan, part)
try:
    import cv2
except ImportError:
    cv2 = None
# cv2's only error class is not in the submodule.
Error = cv2.error if IS_CV2 else drgan.error

not_cv2 = unittest.skipIf(IS_CV2, 'of the package drgan alone')
needs_cv2 = unittest.skipUnless(cv2, 'cv2 cannot be imported')


class Models:
    """The default bundle's models, and three generated people."""
    bundle = drgan.Bundle.load()
    encoder = drgan.Encoder.create(bundle.encoder)
    decoder = drgan.Decoder.create(bundle.decoder, encoder)
    aligner = drgan.Aligner.create(bundle.aligner, encoder)
    detector = drgan.Detector.create(bundle.detector, encoder)
    finder = drgan.FaceFinder.create()
    faces, embeddings = [], []


for seed in range(3):
    embedding = np.random.default_rng(seed).standard_normal((1, Models.encoder.embeddingSize())).astype(np.float32)
    for _ in range(3):  # each round makes it look more like a face
        face = Models.decoder.frontalize(embedding)
        embedding, _ = Models.encoder.feature(face)
    Models.faces.append(face)
    Models.embeddings.append(embedding)


def scene(face=None, side=160, at=(150, 100), size=(400, 500)):
    """A grey picture with a face of side x side pixels at (x, y)."""
    picture = np.full((*size, 3), 90, np.uint8)
    face = Models.faces[0] if face is None else face
    rows = np.arange(side) * face.shape[0] // side
    picture[at[1]:at[1] + side, at[0]:at[0] + side] = face[rows][:, rows]
    return picture

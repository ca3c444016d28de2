# SPDX-License-Identifier: Apache-2.0
"""Pose-invariant face embeddings and face frontalization (DR-GAN): cv::drgan for numpy.

The names, the arguments and what is returned are those of cv2.drgan, which OpenCV built with the module has: code
written for one runs with the other. What a C++ function writes into an argument is returned, after its own value if it
has one; an array may be given for it, which is then filled where its type and shape fit. An empty matrix is None.

Pictures are uint8 arrays of rows x columns (grey) or rows x columns x 3 (BGR) or 4 (BGRA), as of cv2.imread; boxes,
landmarks and rows of faces float32, float64 or integers, in pixels; embeddings float32; yaw in degrees, positive turns
the nose to the image's right. Arrays whose rows are whole, as those of a part of a picture, are used without a copy.

Errors are drgan.error (cv2.error where cv2 can be imported), with the message of the C++ exception; for an argument of
a kind that no function takes drgan.ArgumentError, which is a drgan.error and a TypeError.

    import cv2, drgan

    bundle = drgan.Bundle.load()                  # $DRGAN_BUNDLE, else the installed one
    finder = drgan.FaceFinder.create()
    encoder = drgan.Encoder.create(bundle.encoder)
    decoder = drgan.Decoder.create(bundle.decoder, encoder)

    picture = cv2.imread('picture.jpg')
    found, face = finder.findMain(picture)
    if found:
        aligned = encoder.alignCrop(picture, face)
        embedding, confidence = encoder.feature(aligned)
        appearance = encoder.appearance(aligned)  # None if the bundle has none
        cv2.imwrite('front.png', decoder.frontalize(embedding, noise=appearance))
"""
import os as _os

# A package that pip built brings the bundle along; cv::drgan knows only the folder that it was configured for.
_bundle = _os.path.join(_os.path.dirname(_os.path.abspath(__file__)), 'default')
if _os.path.isdir(_bundle):
    _os.environ.setdefault('DRGAN_BUNDLE', _bundle)

from . import _drgan
from ._drgan import *
from ._drgan import __version__

__all__ = sorted(name for name in vars(_drgan) if not name.startswith('_'))

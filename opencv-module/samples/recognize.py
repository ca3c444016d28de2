#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Decides whether two pictures show the same person, and draws the frontal view of the first.

usage: recognize.py A.jpg B.jpg [--detector face_detection_yunet.onnx] [--bundle DIR] [--front front.png]

The main face of each picture is aligned and embedded; the cosine of the embeddings is compared with the bundle's
threshold. The bundle's own networks detect the faces, or a YuNet model (cv2.FaceDetectorYN) if one is given.
"""
import argparse
import sys

import cv2

try:
    import drgan
except ImportError:
    from cv2 import drgan  # an OpenCV that was built with the module


def embed(finder, encoder, path):
    picture = cv2.imread(path)
    if picture is None:
        sys.exit(f'{path}: not a picture that OpenCV can read')
    ## [embed]
    found, face = finder.findMain(picture)
    if not found:
        sys.exit(f'{path}: no face found')
    embedding, confidence = encoder.feature(encoder.alignCrop(picture, face))
    ## [embed]
    print(f'{path}: confidence {confidence:.3f}, yaw about {drgan.estimateYaw(face):.0f} degrees')
    return embedding


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('a', help='first picture')
    parser.add_argument('b', help='second picture')
    parser.add_argument('--detector', default='', help='YuNet model')
    parser.add_argument('--bundle', default='', help='folder of the models; else DRGAN_BUNDLE, else the installed one')
    parser.add_argument('--front', default='front.png', help="file for the frontal view of the first face")
    options = parser.parse_args()

    ## [load]
    bundle = drgan.Bundle.load(options.bundle)
    encoder = drgan.Encoder.create(bundle.encoder)
    decoder = drgan.Decoder.create(bundle.decoder, encoder)
    finder = drgan.FaceFinder.create(options.detector, bundle.folder)
    ## [load]

    a = embed(finder, encoder, options.a)
    b = embed(finder, encoder, options.b)
    ## [match]
    cosine = encoder.match(a, b, drgan.Encoder_FR_COSINE)
    verdict = 'the same person' if cosine >= bundle.matchThreshold else 'different people'
    print(f'cosine {cosine:.3f}, threshold {bundle.matchThreshold:.3f}: {verdict}')
    ## [match]

    if not cv2.imwrite(options.front, decoder.frontalize(a)):
        sys.exit(f'{options.front}: cannot be written')
    print(f'frontal view of the first: {options.front}')


if __name__ == '__main__':
    try:
        main()
    except cv2.error as error:
        sys.exit(error.err or str(error))

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Fuses several pictures of one person and draws the person at every yaw of the model.

usage: frontalize.py OUT.png PICTURE... [--bundle DIR]

The main faces of the pictures, which must be of one person, are embedded in one pass and fused by their confidences.
OUT.png has the aligned faces in its first row and the fused person below, from the leftmost yaw to the rightmost.
"""
import argparse
import sys

import cv2
import numpy as np

try:
    import drgan
except ImportError:
    from cv2 import drgan  # an OpenCV that was built with the module


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('out', help='picture to write')
    parser.add_argument('pictures', nargs='+', metavar='PICTURE')
    parser.add_argument('--bundle', default='', help='folder of the models; else DRGAN_BUNDLE, else the installed one')
    options = parser.parse_args()

    bundle = drgan.Bundle.load(options.bundle)
    finder = drgan.FaceFinder.create('', bundle.folder)
    encoder = drgan.Encoder.create(bundle.encoder)
    decoder = drgan.Decoder.create(bundle.decoder, encoder)

    used, aligned = [], []
    for path in options.pictures:
        picture = cv2.imread(path)
        if picture is None:
            sys.exit(f'{path}: not a picture that OpenCV can read')
        found, face = finder.findMain(picture)
        if not found:
            print(f'{path}: no face found', file=sys.stderr)
            continue
        used.append(path)
        aligned.append(encoder.alignCrop(picture, face))
    if not aligned:
        sys.exit('no picture with a face')

    ## [fuse]
    embeddings, confidences, appearances = encoder.featuresAndAppearances(aligned)
    fused = drgan.fuse(embeddings, confidences)
    appearance = drgan.fuse(appearances, confidences) if encoder.appearanceSize() else None
    ## [fuse]
    for path, embedding, confidence in zip(used, embeddings, confidences[:, 0]):
        cosine = encoder.match(embedding, fused)
        print(f'{path}: confidence {confidence:.3f}, cosine with the fused person {cosine:.3f}')

    ## [rotate]
    yaws = decoder.poses()
    views = [decoder.rotate(fused, yaw, noise=appearance) for yaw in yaws]
    ## [rotate]
    side = views[0].shape[0]
    columns = max(len(aligned), len(views))
    sheet = np.zeros((2 * side, columns * side, 3), np.uint8)
    for row, faces in enumerate((aligned, views)):
        for column, face in enumerate(faces):
            sheet[row * side:(row + 1) * side, column * side:(column + 1) * side] = cv2.resize(face, (side, side))
    if not cv2.imwrite(options.out, sheet):
        sys.exit(f'{options.out}: cannot be written')
    print(f'{options.out}: yaws {yaws[0]:.0f} to {yaws[-1]:.0f} degrees')


if __name__ == '__main__':
    try:
        main()
    except cv2.error as error:
        sys.exit(error.err or str(error))

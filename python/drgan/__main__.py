# SPDX-License-Identifier: Apache-2.0
"""For people who have a picture and no program: python3 -m drgan detect, embed, frontalize, compare.

Every command prints one line a picture or face; with --json, one JSON object a line. It ends with 1 where a picture
cannot be read or has no face, after it has done the others.
"""
import argparse
import json
import sys

import numpy as np

import drgan

try:
    import cv2
except ImportError:
    sys.exit('drgan: pictures are read with cv2, which is missing here: install python3-opencv (or opencv-python)')


class Failure(Exception):
    """Of one picture; the text says which and why."""


class Networks:
    """A bundle's networks, each loaded when it is first used."""

    def __init__(self, options):
        self.options = options
        self.bundle = drgan.Bundle.load(options.bundle)
        self._loaded = {}

    def _once(self, name, create):
        if name not in self._loaded:
            self._loaded[name] = create()
        return self._loaded[name]

    @property
    def finder(self):
        return self._once('finder', lambda: drgan.FaceFinder.create(self.options.detector, self.bundle.folder))

    @property
    def encoder(self):
        return self._once('encoder', lambda: drgan.Encoder.create(self.bundle.encoder))

    @property
    def decoder(self):
        return self._once('decoder', lambda: drgan.Decoder.create(self.bundle.decoder, self.encoder))

    def embed(self, path):
        """@return embedding, confidence, appearance (of a bundle without one: of no values) and row of the main face"""
        picture = read(path)
        found, face = self.finder.findMain(picture)
        if not found:
            raise Failure(f'{path}: no face found')
        aligned = self.encoder.alignCrop(picture, face)
        embeddings, confidences, appearances = self.encoder.featuresAndAppearances([aligned])
        return embeddings[0], float(confidences[0, 0]), [] if appearances is None else appearances[0], face


def read(path):
    picture = cv2.imread(path)
    if picture is None:
        raise Failure(f'{path}: not a picture that OpenCV can read')
    return picture


def find(finder, picture):
    """@return the rows of the faces of a picture of any size, in its pixels; None if it has none"""
    scale = finder.workingSide() / max(picture.shape[:2])
    if scale >= 1:
        return finder.find(picture)
    faces = finder.find(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    if faces is not None:
        faces[:, :14] /= scale
    return faces


def write(path, picture):
    try:
        written = cv2.imwrite(path, picture)
    except cv2.error:  # of an ending that names no format
        written = False
    if not written:
        raise Failure(f'{path}: cannot be written; expected the name of a picture, such as front.png')


def described(face):
    """A row of a finder, for people and for JSON."""
    return {
        'box': [round(float(v), 1) for v in face[:4]],
        'landmarks': [[round(float(x), 1), round(float(y), 1)] for x, y in np.reshape(face[4:14], (5, 2))],
        'score': round(float(face[14]), 3),
        'yaw': round(float(drgan.estimateYaw(face[None, :])), 1),
    }


def show(options, result, line):
    print(json.dumps(result, ensure_ascii=False) if options.json else line, flush=True)


def each(options, work):
    """Runs the work on every picture. @return 1 if it failed on one, else 0"""
    status = 0
    for path in options.pictures:
        try:
            work(path)
        except (Failure, cv2.error, drgan.error) as error:
            print(f'drgan: {getattr(error, "err", "") or error}', file=sys.stderr)
            status = 1
    return status


def detect(options, networks):
    def work(path):
        faces = find(networks.finder, read(path))
        if faces is None:
            raise Failure(f'{path}: no face found')
        for face in map(described, faces):
            x, y, width, height = face['box']
            show(options, {'picture': path, **face},
                 f'{path}: {width:.0f}x{height:.0f} at {x:.0f},{y:.0f}, score {face["score"]:.3f}, '
                 f'yaw about {face["yaw"]:.0f} degrees')

    return each(options, work)


def embed(options, networks):
    names, embeddings, confidences = [], [], []

    def work(path):
        embedding, confidence, _, face = networks.embed(path)
        names.append(path)
        embeddings.append(embedding)
        confidences.append(confidence)
        result = {'picture': path, 'confidence': round(confidence, 4), **described(face[0])}
        if not options.output:
            result['embedding'] = [round(float(v), 6) for v in embedding]
        show(options, result, f'{path}: confidence {confidence:.3f}' if options.output else
             f'{path}: confidence {confidence:.3f}, embedding ' + ' '.join(f'{v:.6g}' for v in embedding))

    status = each(options, work)
    if options.output and names:
        try:
            with open(options.output, 'wb') as file:
                np.savez(file, pictures=np.array(names), embeddings=np.array(embeddings, np.float32),
                         confidences=np.array(confidences, np.float32), bundle=np.array(networks.bundle.id))
        except OSError as error:
            raise Failure(f'{options.output}: cannot be written: {error.strerror}') from error
    return status


def frontalize(options, networks):
    embeddings, confidences, appearances = [], [], []

    def work(path):
        embedding, confidence, appearance, _ = networks.embed(path)
        embeddings.append(embedding)
        confidences.append(confidence)
        appearances.append(appearance)

    status = each(options, work)
    if not embeddings:
        return 1
    weights = np.array(confidences, np.float32)
    fused = drgan.fuse(np.array(embeddings, np.float32), weights)
    appearance = drgan.fuse(np.array(appearances, np.float32), weights) if len(appearances[0]) else None
    # One yaw after the other, side by side.
    write(options.output, np.hstack([networks.decoder.rotate(fused, yaw, noise=appearance) for yaw in options.yaw]))
    show(options, {'output': options.output, 'pictures': len(embeddings), 'yaws': options.yaw},
         f'{options.output}: the person of {len(embeddings)} picture{"s" if len(embeddings) > 1 else ""}')
    return status


def compare(options, networks):
    first, second = (networks.embed(path)[0] for path in (options.a, options.b))
    cosine = float(networks.encoder.match(first, second))
    threshold = float(networks.bundle.matchThreshold)
    same = cosine >= threshold
    show(options, {'cosine': round(cosine, 4), 'threshold': round(threshold, 4), 'same': same},
         f'cosine {cosine:.3f}, threshold {threshold:.3f}: {"the same person" if same else "different people"}')
    return 0


def parse(arguments):
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument('--bundle', default='', metavar='DIR',
                        help='folder of the models; default: DRGAN_BUNDLE, else the installed bundle')
    common.add_argument('--detector', default='', metavar='FILE',
                        help="YuNet model to detect faces; default: the bundle's own networks")
    common.add_argument('--json', action='store_true', help='print JSON, one object a line')
    parser = argparse.ArgumentParser(prog='python3 -m drgan', description='Faces in pictures: where they are, who they '
                                     'are, how they look from the front.')
    parser.add_argument('--version', action='version', version=f'drgan {drgan.__version__}')
    commands = parser.add_subparsers(dest='command', required=True, metavar='COMMAND')

    def command(name, run, what):
        added = commands.add_parser(name, help=what, description=what[:1].upper() + what[1:] + '.', parents=[common])
        added.set_defaults(run=run)
        return added

    command('detect', detect, 'list the faces of pictures: box, score, yaw').add_argument(
        'pictures', nargs='+', metavar='PICTURE')
    added = command('embed', embed, 'compute the embedding of the main face of each picture')
    added.add_argument('pictures', nargs='+', metavar='PICTURE')
    added.add_argument('-o', '--output', metavar='FILE', help='write pictures, embeddings, confidences and the bundle to '
                       'this file of numpy (.npz) instead of printing the embeddings; they are biometric data')
    added = command('frontalize', frontalize, 'draw the frontal view of the main face of the pictures, fused as one '
                    'person')
    added.add_argument('pictures', nargs='+', metavar='PICTURE')
    added.add_argument('-o', '--output', required=True, metavar='FILE', help='picture to write')
    added.add_argument('--yaw', type=float, nargs='+', default=[0.], metavar='DEGREES',
                       help="yaws to draw, side by side; positive turns the nose to the image's right; default: 0")
    added = command('compare', compare, 'decide whether two pictures show the same person')
    added.add_argument('a', metavar='A', help='first picture')
    added.add_argument('b', metavar='B', help='second picture')
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse(arguments)
    try:
        return options.run(options, Networks(options))
    except (Failure, cv2.error, drgan.error) as error:
        print(f'drgan: {getattr(error, "err", "") or error}', file=sys.stderr)
        return 1


if __name__ == '__main__':
    sys.exit(main())

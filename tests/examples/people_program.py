# SPDX-License-Identifier: Apache-2.0
"""drgan-people over a picture of two people who do not exist (DRGAN_FACES), or over a video."""
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request

try:
    import cv2
    import numpy
except ImportError:
    cv2 = numpy = None

PROGRAM = os.environ['DRGAN_PEOPLE']


def lacking():
    """What the clip needs and is not installed: Python's OpenCV, elements of GStreamer."""
    return ([] if cv2 else ['cv2']) + [
        name for name in ('pngdec', 'imagefreeze', 'videoconvert', 'avidemux', 'jpegdec')
        if subprocess.run(['gst-inspect-1.0', '--exists', name], check=False).returncode != 0]


def write_picture(path, people=(0, 6)):
    """A row of generated people. DRGAN_FACES has a row of 13 faces of 112 pixels for each, frontal in the middle."""
    grid = cv2.imread(os.environ['DRGAN_FACES'])
    faces = []
    for person in people:
        face = grid[person * 112:(person + 1) * 112, 6 * 112:7 * 112]
        face = cv2.resize(face, (224, 224), interpolation=cv2.INTER_CUBIC)
        faces.append(cv2.copyMakeBorder(face, 60, 76, 48, 48, cv2.BORDER_REPLICATE))
    cv2.imwrite(path, cv2.hconcat(faces))


def wait_for(check, seconds=30):
    """Waits until a function returns something true, and returns it."""
    end = time.monotonic() + seconds
    while not (value := check()):
        if time.monotonic() > end:
            raise AssertionError(f'not true within {seconds} s: {check}')
        time.sleep(0.02)
    return value


# Only a name that changes, and the first picture, update a track; a slow machine loses none.
SETTINGS = ('refresh-interval=400', 'update-threshold=1000', 'track-timeout=60000')


class Program:
    """A running drgan-people. frames: how many there are, ten in a second; 0: no end."""

    def __init__(self, folder, source=None, frames=0, settings=SETTINGS, arguments=None, sync='false'):
        self.results = f'{folder}/results.jsonl'
        self.gallery = f'{folder}/people.gallery'
        self.log = open(f'{folder}/log', 'a+', encoding='utf-8')
        source = source or ['filesrc', f'location={folder}/picture.png', '!', 'pngdec', '!', 'imagefreeze',
                            'is-live=true', f'num-buffers={frames or -1}', '!', 'video/x-raw,framerate=10/1', '!']
        pipeline = [*source, 'videoconvert', '!', 'drganfrontalize', 'name=door', 'display=false', *settings,
                    f'results-location={self.results}', '!', 'fakesink', f'sync={sync}']
        self.process = subprocess.Popen(
            [PROGRAM, '--port', '0', '--gallery', self.gallery, *(arguments or ['--', *pipeline])],
            stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.address = self.process.stdout.readline().strip()
        if not self.address:
            self.stop()
            raise AssertionError(self.errors())
        self.root, self.token = self.address.split('/?token=')
        self.host = self.root.removeprefix('http://')

    def stop(self):
        """Ends the program as a service manager does. Returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(60)
        finally:
            self.process.kill()
            self.process.stdout.close()

    def errors(self):
        self.log.seek(0)
        return self.log.read()

    def request(self, path, body=None, **headers):
        """Status, headers and content. headers: instead of the page's own; None: none."""
        own = {'Authorization': f'Bearer {self.token}', 'Origin': None if body is None else self.root, **headers}
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.root + path, data,
                                         {name: value for name, value in own.items() if value is not None})
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return reply.status, reply.headers, reply.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def state(self):
        status, _, content = self.request('/state')
        assert status == 200, status
        return json.loads(content)

    def change(self, path, **body):
        """Status and what the user is told."""
        status, _, content = self.request(path, body)
        return status, content.decode()

    def tracks(self, where='present', count=2):
        """The tracks, from left to right as long as nobody was forgotten, once each has a picture."""
        def pictured():
            found = [track for track in self.state()[where] if track['images'] > 0]
            return found if len(found) == count else None
        return wait_for(pictured)

    def messages(self, track):
        with open(self.results, encoding='utf-8') as file:
            lines = file.read().split('\n')[:-1]
        return [m for m in map(json.loads, lines) if m['track_id'] == track]

#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Four cameras, a broker and a database on this machine: a person who is enrolled at one camera gets the name at all.

Starts a Mosquitto and a PostgreSQL of its own on loopback, and for each camera camera.py and `drgan-gallery watch`.
Ends all of it, whatever happens. scripts/fleet-demo runs it; docs/fleet.md does the same by hand.
"""
import argparse
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

import mosquitto
import postgresql

HERE = os.path.dirname(os.path.abspath(__file__))
PREFIX = 'fleet'
# What each camera makes of the clip, so that no two see the same pixels.
VIEWS = {'cam1': 'identity', 'cam2': 'videoflip video-direction=horiz', 'cam3': 'videobalance brightness=-0.1',
         'cam4': 'videoscale ! video/x-raw,width=480,height=360'}
ROLES = '''
CREATE ROLE camera LOGIN;
GRANT USAGE ON SCHEMA drgan TO camera;
GRANT SELECT ON ALL TABLES IN SCHEMA drgan TO camera;
CREATE ROLE enrolment LOGIN;
GRANT USAGE ON SCHEMA drgan TO enrolment;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA drgan TO enrolment;
GRANT USAGE ON SEQUENCE drgan.revision TO enrolment;
'''


class Failure(Exception):
    """Something did not happen; the text says what."""


class Fleet:
    """Everything that runs, in the order in which it is started; close() of `stack` ends it in the other order."""

    def __init__(self, stack, arguments):
        self.stack = stack
        self.program = arguments.drgan_gallery
        self.folder = stack.enter_context(tempfile.TemporaryDirectory(prefix='drgan-fleet-'))
        self.broker = stack.enter_context(contextlib.closing(mosquitto.Broker()))
        self.database = stack.enter_context(contextlib.closing(postgresql.Server()))
        self.gallery('create', f'{self.folder}/nobody.gallery')
        self.gallery('push', f'{self.folder}/nobody.gallery', self.database.url())
        self.database.sql(ROLES)
        self.subscriber = stack.enter_context(contextlib.closing(mosquitto.Subscriber(self.broker, PREFIX)))
        for name in VIEWS:
            self.start([self.program, 'watch', self.path(name, 'gallery'), self.database.url('camera')],
                       f'{name}.watch')
        if not postgresql.wait_for(lambda: all(os.path.exists(self.path(n, 'gallery')) for n in VIEWS)):
            raise Failure('drgan-gallery watch writes no gallery: ' + self.log('cam1.watch'))
        self.cameras = {}
        for i, (name, view) in enumerate(VIEWS.items()):
            self.cameras[name] = self.start(
                [sys.executable, f'{HERE}/camera.py', arguments.clips[i % len(arguments.clips)], view, f'source={name}',
                 f'mqtt-address={self.broker.address(PREFIX)}', f'gallery={self.path(name, "gallery")}',
                 f'metrics-location={self.path(name, "prom")}'], name)

    def path(self, name, ending):
        return f'{self.folder}/{name}.{ending}'

    def gallery(self, *arguments):
        done = subprocess.run([self.program, *arguments], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failure(done.stderr.strip())

    def start(self, command, name):
        """Starts a program that ends with this one. Standard error goes to NAME.log."""
        with open(self.path(name, 'log'), 'wb') as log:
            process = subprocess.Popen(['setpriv', '--pdeathsig', 'TERM', *command], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=log, start_new_session=True, text=True)

        def end():
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.stack.callback(end)
        return process

    def log(self, name):
        with open(self.path(name, 'log'), encoding='utf-8', errors='replace') as log:
            return log.read().strip()[-2000:]

    def wait_for(self, what, seconds, otherwise):
        """what(messages), as soon as it is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = self.subscriber.wait_for(what, 1)
            if found:
                return found
            for name, process in self.cameras.items():
                if process.poll() is not None:
                    raise Failure(f'{name} has ended: {self.log(name)}')
        raise Failure(otherwise + ''.join(f'\n{n}: {self.log(n)}' for n in self.cameras if self.log(n)))

    def metric(self, name, metric):
        """A number of the camera's metrics, which it writes every five seconds."""
        with open(self.path(name, 'prom'), encoding='utf-8') as file:
            return int(re.search(rf'^{metric}{{[^}}]*}} (\d+)$', file.read(), re.MULTILINE)[1])


def newest_tracks(messages):
    """source -> the newest message of the track that has most pictures, of the tracks that are not lost."""
    tracks = {}
    for _, m in messages:
        tracks.pop((m['source'], m['track_id']), None)
        if m['event'] != 'track-lost':
            tracks[m['source'], m['track_id']] = m
    out = {}
    for (source, _), m in tracks.items():
        if m['images'] >= max(2, out.get(source, m)['images']):
            out[source] = m
    return out


def enrol(fleet, person):
    """Enrols the person whom the first camera sees, and pushes its gallery. Returns what happened when, in seconds."""
    track = fleet.wait_for(lambda messages: len(newest_tracks(messages)) == len(VIEWS) and newest_tracks(messages), 60,
                           'not every camera sees a face')['cam1']
    first = len(fleet.subscriber.messages)
    start = time.monotonic()
    camera = fleet.cameras['cam1']
    camera.stdin.write(f'enroll {track["track_id"]} {person}\n')
    camera.stdin.flush()
    if camera.stdout.readline().strip() != 'done':
        raise Failure('cam1 could not enrol: ' + fleet.log('cam1'))
    saved = time.monotonic() - start
    fleet.gallery('push', fleet.path('cam1', 'gallery'), fleet.database.url('enrolment'))
    pushed = time.monotonic() - start

    def named(messages):
        out = {}
        for at, m in messages[first:]:
            if m.get('label') == person:
                out.setdefault(m['source'], {'seconds': at - start, 'track_id': m['track_id'],
                                             'similarity': m['similarity']})
        return len(out) == len(VIEWS) and out
    return {'track_id': track['track_id'], 'images': track['images'], 'saved': saved, 'pushed': pushed,
            'named': fleet.wait_for(named, 60, f'not every camera names {person}')}


def run(arguments):
    with contextlib.ExitStack() as stack:
        fleet = Fleet(stack, arguments)
        print(f'broker    mosquitto, {fleet.broker.address(PREFIX)}\n'
              f'database  PostgreSQL, {fleet.database.url("camera")}\n'
              f'cameras   {", ".join(VIEWS)}, each with a gallery that drgan-gallery watch keeps', flush=True)
        done = enrol(fleet, arguments.person)
        print(f'\ncam1      is told to enrol its track {done["track_id"]} ({done["images"]} pictures) as '
              f'{arguments.person}')
        steps = [(done['saved'], 'cam1 has saved its gallery'), (done['pushed'], 'the database has the person')]
        steps += [(at['seconds'], f'{name} names its track {at["track_id"]}, similarity {at["similarity"]:.2f}')
                  for name, at in done['named'].items()]
        for seconds, what in sorted(steps):
            print(f'{seconds:8.2f} s  {what}')
        postgresql.wait_for(lambda: all(fleet.metric(n, 'drgan_mqtt_sent_total') > 0 for n in VIEWS), 20)
        print('\nmetrics   frames, messages that the broker has acknowledged, messages lost')
        done['metrics'] = {}
        for name in VIEWS:
            figures = [fleet.metric(name, f'drgan_{m}_total') for m in ('frames', 'mqtt_sent', 'mqtt_dropped')]
            done['metrics'][name] = figures
            print(f'{name:9}', *(f'{n:6}' for n in figures), flush=True)
        if arguments.report:
            with open(arguments.report, 'w', encoding='utf-8') as file:
                json.dump(done, file)
        if arguments.stay:
            print(f'\nIt runs until Ctrl-C. To see more: mosquitto_sub -p {fleet.broker.port} -v -t "{PREFIX}/#"; '
                  f'metrics and galleries are in {fleet.folder}', flush=True)
            signal.pause()
    print('all of it was ended')


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', 1)[0])
    parser.add_argument('clips', nargs='+', help='for the cameras in turn; the first shows one person, and the others '
                                                 'show the same person')
    parser.add_argument('--person', default='Grace Hopper', help='name of that person (default: %(default)s)')
    parser.add_argument('--stay', action='store_true', help='go on until Ctrl-C')
    parser.add_argument('--report', metavar='FILE', help='write the figures as JSON')
    parser.add_argument('--drgan-gallery', metavar='PROGRAM', default='drgan-gallery', help='default: from PATH')
    arguments = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, frame: sys.exit(128 + number))
    if not mosquitto.is_installed() or postgresql.programs() is None:
        sys.exit("fleet.py: Debian's packages mosquitto, mosquitto-clients and postgresql are needed")
    try:
        run(arguments)
    except (Failure, RuntimeError, OSError) as error:
        sys.exit(f'fleet.py: {error}')
    except KeyboardInterrupt:
        print('\nall of it was ended')
        if not arguments.stay:
            sys.exit(130)


if __name__ == '__main__':
    main()

# SPDX-License-Identifier: Apache-2.0
"""A Mosquitto of one's own on loopback, and what comes through it."""
import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import time

import postgresql

PROGRAM = '/usr/sbin/mosquitto'


def is_installed():
    return os.access(PROGRAM, os.X_OK) and os.access('/usr/bin/mosquitto_sub', os.X_OK)


class Broker:
    """Anybody on this machine may publish and subscribe; nothing is kept on the disk."""

    def __init__(self, settings=''):
        """settings: more lines of mosquitto.conf"""
        self.port = postgresql.free_port()
        self.process = None
        self.folder = tempfile.mkdtemp(prefix='drgan-mosquitto-')
        with open(f'{self.folder}/mosquitto.conf', 'w', encoding='utf-8') as file:
            file.write(f'listener {self.port} 127.0.0.1\nallow_anonymous true\n{settings}')
        # Not as root. It ends with this program, even if that is killed.
        account = {}
        if os.getuid() == 0:
            nobody = pwd.getpwnam('nobody')
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
            account = {'user': nobody.pw_uid, 'group': nobody.pw_gid, 'extra_groups': []}
        try:
            with open(f'{self.folder}/log', 'wb') as log:
                self.process = subprocess.Popen(
                    ['setpriv', '--pdeathsig', 'TERM', PROGRAM, '-c', f'{self.folder}/mosquitto.conf'], stdout=log,
                    stderr=log, start_new_session=True, **account)
            if not postgresql.wait_for(self._listens, 20):
                with open(f'{self.folder}/log', encoding='utf-8', errors='replace') as log:
                    raise RuntimeError('mosquitto does not start: ' + log.read()[-2000:])
        except BaseException:  # also an interrupt
            self.close()
            raise

    def _listens(self):
        with socket.socket() as s:
            return s.connect_ex(('127.0.0.1', self.port)) == 0

    def address(self, prefix):
        return f'mqtt://127.0.0.1:{self.port}/{prefix}'

    def close(self):
        if self.process:
            self.process.terminate()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Subscriber:
    """Collects the messages of tracks under a prefix."""

    def __init__(self, broker, prefix):
        self.messages = []  # (time.monotonic(), message as a dictionary), in the order of their arrival
        self._changed = threading.Condition()
        self.process = subprocess.Popen(
            ['setpriv', '--pdeathsig', 'TERM', 'mosquitto_sub', '-h', '127.0.0.1', '-p', str(broker.port), '-q', '1',
             '-t', f'{prefix}/+/track'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        for line in self.process.stdout:
            with self._changed:
                self.messages.append((time.monotonic(), json.loads(line)))
                self._changed.notify_all()

    def wait_for(self, what, seconds):
        """Waits until what(messages) is true. Returns it; None: not in time."""
        with self._changed:
            return self._changed.wait_for(lambda: what(self.messages), seconds) or None

    def close(self):
        self.process.terminate()
        self.process.wait()
        self._thread.join()

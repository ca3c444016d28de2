# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL of one's own on loopback, in a folder of its own, which is gone at the end."""
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time


def programs():
    """The folder of initdb and postgres; None: not installed."""
    found = sorted(glob.glob('/usr/lib/postgresql/*/bin/initdb'))
    return os.path.dirname(found[-1]) if found else None


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Server:
    """The superuser is owner. Nobody needs a password."""

    def __init__(self, primary=None):
        """primary: another Server, of which this one is a read replica"""
        self.folder = tempfile.mkdtemp(prefix='drgan-postgresql-')
        self.port = free_port()
        self.process = None
        # PostgreSQL does not run as root.
        self.account = pwd.getpwnam('postgres') if os.getuid() == 0 else None
        if self.account:
            os.chown(self.folder, self.account.pw_uid, self.account.pw_gid)
        try:
            if primary:
                self._run('pg_basebackup', '-D', f'{self.folder}/data', '-R', '-c', 'fast', '-d', primary.url())
            else:
                self._run('initdb', '-D', f'{self.folder}/data', '-U', 'owner', '-A', 'trust', '-E', 'UTF8',
                          '--locale=C', '-N')
            self.start()
        except BaseException:  # also an interrupt
            self.close()
            raise

    def _as_account(self):
        return {'user': self.account.pw_uid, 'group': self.account.pw_gid, 'extra_groups': []} if self.account else {}

    def _run(self, program, *arguments):
        subprocess.run([f'{programs()}/{program}', *arguments], check=True, capture_output=True, cwd=self.folder,
                       **self._as_account())

    def start(self):
        with open(f'{self.folder}/log', 'ab') as log:
            # It ends with this program, even if that is killed.
            self.process = subprocess.Popen(
                ['setpriv', '--pdeathsig', 'INT', f'{programs()}/postgres', '-D', f'{self.folder}/data', '-p',
                 str(self.port), '-k', self.folder, '-c', 'listen_addresses=127.0.0.1'],
                stdout=log, stderr=log, cwd=self.folder, start_new_session=True, **self._as_account())
        if not wait_for(lambda: self.sql('SELECT 1', check=False) == '1'):
            with open(f'{self.folder}/log', encoding='utf-8', errors='replace') as log:
                raise RuntimeError('PostgreSQL does not start: ' + log.read()[-2000:])

    def kill(self):
        """-9: the server and all that it started."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        try:
            os.unlink(f'{self.folder}/data/postmaster.pid')
        except FileNotFoundError:
            pass

    def stop(self):
        """As an administrator does: it disconnects everybody, and frees its shared memory."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, user='owner', database='postgres', port=None):
        return f'postgresql://{user}@127.0.0.1:{port or self.port}/{database}'

    def sql(self, statement, check=True, user='owner', database='postgres'):
        done = subprocess.run([f'{programs()}/psql', '-X', '-A', '-t', '-q', '-v', 'ON_ERROR_STOP=1', '-c', statement,
                               self.url(user, database)], capture_output=True, text=True, check=False)
        if check and done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

# SPDX-License-Identifier: Apache-2.0
"""drgan-gallery push, pull, watch and remove with a PostgreSQL of the test's own.

DRGAN_GALLERY_PROGRAM is the program. Prints TAP. Skips, and says so, where PostgreSQL is not installed.
"""
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [f'{here}/../python', f'{here}/../../examples/fleet']
import gallery_file  # noqa: E402
import postgresql  # noqa: E402
import tap  # noqa: E402

PROGRAM = os.environ['DRGAN_GALLERY_PROGRAM']


def person(seed, images=1):
    return images, float(images) / 2, tuple(float((seed * 7 + i) % 11 - 5) + 0.5 for i in range(4))


class StallingProxy:
    """Passes one client's bytes on to the server, and the answers back; after `limit` bytes it holds the rest."""

    def __init__(self, server, limit):
        self.server = server
        self.limit = limit
        self.stalled = threading.Event()
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.listener.settimeout(60)
        self.port = self.listener.getsockname()[1]
        self.ends = []
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.cut()
        self.thread.join()
        for end in [self.listener, *self.ends]:
            end.close()

    def run(self):
        client = self.listener.accept()[0]
        server = socket.create_connection(('127.0.0.1', self.server))
        self.ends = [client, server]
        passed = 0
        while passed < self.limit:
            for end in select.select(self.ends, [], [])[0]:
                data = end.recv(65536)
                if not data:
                    return
                (server if end is client else client).sendall(data)
                passed += len(data) if end is client else 0
        self.stalled.set()

    def cut(self):
        for end in self.ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class Database(unittest.TestCase):
    server = None

    @classmethod
    def setUpClass(cls):
        if postgresql.programs() is None:
            raise unittest.SkipTest("NOT RUN, Debian's package postgresql is not installed")
        cls.server = postgresql.Server()

    @classmethod
    def tearDownClass(cls):
        if cls.server:
            cls.server.close()

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.server.sql('DROP SCHEMA IF EXISTS drgan CASCADE')
        self.server.sql('DROP ROLE IF EXISTS reader')
        self.url = self.server.url()

    def path(self, name):
        return f'{self.folder}/{name}.gallery'

    def run_program(self, *arguments, status=0):
        done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False, timeout=300)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def push(self, name, people, *options, status=0, pictures=None):
        gallery_file.write(self.path(name), people, pictures=pictures)
        return self.run_program('push', self.path(name), self.url, *options, status=status)

    def pull(self, name, *options):
        self.run_program('pull', self.path(name), self.url, *options)
        return gallery_file.read(self.path(name))

    def watch(self, name, *, url=None):
        """The program, and a function that waits until the file has these people."""
        log = open(f'{self.folder}/watch.log', 'ab')
        self.addCleanup(log.close)
        process = subprocess.Popen([PROGRAM, 'watch', self.path(name), url or self.url], stdout=log, stderr=log)

        def end():
            if process.poll() is None:
                process.kill()
                process.wait()
        self.addCleanup(end)

        def has(*names):
            def check():
                try:
                    return sorted(gallery_file.read(self.path(name))[1]) == sorted(names)
                except FileNotFoundError:
                    return False
            self.assertTrue(postgresql.wait_for(check), self.log())
        return process, has

    def log(self):
        with open(f'{self.folder}/watch.log', encoding='utf-8') as log:
            return log.read()

    def test_what_is_pushed_is_pulled_to_the_last_bit(self):
        people = {'Ann': person(1), 'Béla "Ó" \\': person(2, 5), 'Chi 愛': person(3, 2)}
        mean = tuple((a + b) / 2 for a, b in zip(person(4)[2], person(6)[2]))
        people['Dan'] = (2, 1.0, mean)
        pictures = {'Dan': [('a.jpg', 1, 0.5, person(4)[2]), ('b/ö.jpg', 1, 0.5, person(6)[2])]}
        out = json.loads(self.push('a', people, '--json', pictures=pictures).stdout)
        self.assertEqual((out['added'], out['changed'], out['unchanged']), (4, 0, 0))
        bundle, pulled, pulled_pictures = self.pull('b')
        self.assertEqual(bundle, 'test-bundle')
        self.assertEqual(pulled, people)
        self.assertEqual(pulled_pictures, pictures)
        again = json.loads(self.run_program('push', self.path('b'), self.url, '--json').stdout)
        self.assertEqual((again['added'], again['changed'], again['unchanged']), (0, 0, 4))

    def test_two_pushers_lose_nobody(self):
        files = []
        for i in range(4):
            people = {f'person {i} {n}': person(n) for n in range(50)}
            people['everybody'] = person(i, i + 1)
            gallery_file.write(self.path(f'p{i}'), people)
            files.append(self.path(f'p{i}'))
        processes = [subprocess.Popen([PROGRAM, 'push', file, self.url], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                     for file in files]
        for process in processes:
            _, err = process.communicate(timeout=300)
            self.assertEqual(process.returncode, 0, err)
        _, people, _ = self.pull('all')
        self.assertEqual(len(people), 201)
        self.assertEqual(people['everybody'], person(3, 4))  # the one of most images

    def test_pictures_of_both_are_kept(self):
        one, two, three = (('x.jpg', 1, 0.5, person(n)[2]) for n in (1, 2, 3))

        def both(a, b):
            return {'Ann': (2, 1.0, tuple((x + y) / 2 for x, y in zip(a[3], b[3])))}
        self.push('a', both(one, two), pictures={'Ann': [('1', *one[1:]), ('2', *two[1:])]})
        self.push('b', both(one, three), pictures={'Ann': [('1', *one[1:]), ('2', *three[1:])]})
        _, people, pictures = self.pull('c')
        self.assertEqual(people['Ann'][0], 3)
        self.assertEqual([p[3] for p in pictures['Ann']], [one[3], two[3], three[3]])
        self.assertEqual(len({p[0] for p in pictures['Ann']}), 3)

    def test_removed_people_do_not_come_back(self):
        self.push('a', {'Ann': person(1), 'Bob': person(2)})
        self.pull('old')
        self.run_program('remove', self.url, 'Ann')
        self.assertIn('Cy', self.run_program('remove', self.url, 'Bob', 'Cy', status=1).stderr)
        self.assertEqual(sorted(self.pull('old')[1]), ['Bob'])
        refused = self.run_program('push', self.path('a'), self.url, status=1)
        self.assertIn('Ann: was removed', refused.stderr)
        self.assertEqual(sorted(self.pull('new')[1]), ['Bob'])
        self.assertNotIn('Ann', self.server.sql('SELECT * FROM drgan.removed'))
        self.run_program('push', self.path('a'), self.url, '--restore')
        self.assertEqual(sorted(self.pull('new')[1]), ['Ann', 'Bob'])

    def test_people_who_are_only_in_the_file_stay(self):
        self.push('a', {'Ann': person(1)})
        gallery_file.write(self.path('mine'), {'Zoe': person(5)})
        done = self.run_program('pull', self.path('mine'), self.url)
        self.assertIn('1 people are not in the database', done.stderr)
        self.assertEqual(sorted(gallery_file.read(self.path('mine'))[1]), ['Ann', 'Zoe'])

    def test_bundles_are_not_mixed(self):
        self.push('a', {'Ann': person(1)})
        gallery_file.write(self.path('other'), {'Bob': person(2)}, bundle='other-bundle')
        self.run_program('push', self.path('other'), self.url)
        done = self.run_program('pull', self.path('x'), self.url, status=1)
        self.assertIn('other-bundle, test-bundle; --bundle-id', done.stderr)
        self.assertEqual(list(self.pull('x', '--bundle-id', 'other-bundle')[1]), ['Bob'])

    def test_watch_follows_every_change(self):
        self.push('a', {'Ann': person(1)})
        process, has = self.watch('w')
        has('Ann')
        self.push('b', {'Bob': person(2)})
        has('Ann', 'Bob')
        self.server.sql("UPDATE drgan.people SET name = 'Bobby' WHERE name = 'Bob'")
        has('Ann', 'Bobby')
        self.server.sql("DELETE FROM drgan.people WHERE name = 'Ann'")
        has('Bobby')
        # Somebody enrols in the file itself.
        people = gallery_file.read(self.path('w'))[1]
        gallery_file.write(self.path('new'), {**people, 'Cy': person(3)})
        os.replace(self.path('new'), self.path('w'))
        self.push('c', {'Dan': person(4)})
        has('Bobby', 'Cy', 'Dan')
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(30), 0)

    def test_watch_follows_a_read_replica(self):
        self.push('a', {'Ann': person(1)})
        replica = postgresql.Server(self.server)
        self.addCleanup(replica.close)
        _, has = self.watch('w', url=replica.url())
        has('Ann')
        self.push('b', {'Bob': person(2)})
        has('Ann', 'Bob')
        self.assertEqual(self.log().count('\n'), 2, self.log())

    def test_watch_goes_on_after_the_database_was_restarted(self):
        self.push('a', {'Ann': person(1)})
        _, has = self.watch('w')
        has('Ann')
        self.server.stop()
        self.server.start()
        self.server.sql("UPDATE drgan.people SET name = 'Anna'")
        has('Anna')

    def test_watch_goes_on_after_the_database_was_killed(self):
        self.push('a', {'Ann': person(1)})
        _, has = self.watch('w')
        has('Ann')
        self.server.kill()
        self.assertTrue(postgresql.wait_for(lambda: 'trying again' in self.log()), self.log())
        has('Ann')
        self.server.start()
        self.push('b', {'Bob': person(2)})
        has('Ann', 'Bob')

    def test_push_that_was_cut_leaves_nothing_half_and_goes_on(self):
        self.push('a', {'Ann': person(1)})
        many = {f'person {n}': person(n) for n in range(20000)}
        gallery_file.write(self.path('many'), many)
        # Holds the pusher in the middle: its rows are with the server, its transaction is not committed.
        blocker = subprocess.Popen([f'{postgresql.programs()}/psql', '-X', '-q', '-c',
                                    "BEGIN; SELECT pg_advisory_xact_lock(x'447247414e'::bigint); SELECT pg_sleep(600)",
                                    self.url], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(blocker.kill)
        self.assertTrue(postgresql.wait_for(lambda: self.server.sql(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted") == '1'))
        push = subprocess.Popen([PROGRAM, 'push', self.path('many'), self.url, '--wait', '300'], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)
        self.addCleanup(push.kill)
        self.assertTrue(postgresql.wait_for(lambda: self.server.sql(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") == '1'))
        self.server.kill()
        blocker.wait()
        self.server.start()
        half = self.server.sql('SELECT count(*) FROM drgan.people')
        out, err = push.communicate(timeout=300)
        self.assertEqual(push.returncode, 0, err)
        self.assertIn('trying again', err)
        self.assertIn(half, ('1', '20001'))
        self.assertIn('20000 people added', out)
        self.assertEqual(len(self.pull('all')[1]), 20001)

    def test_push_says_that_the_database_was_killed_and_leaves_nothing_half(self):
        self.push('a', {'Ann': person(1)})
        gallery_file.write(self.path('many'), {f'person {n}': person(n) for n in range(20000)})
        with StallingProxy(self.server.port, 300000) as proxy:  # of more than a million bytes
            url = self.server.url(port=proxy.port)
            push = subprocess.Popen([PROGRAM, 'push', self.path('many'), url, '--wait', '0'], stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, text=True)
            self.addCleanup(push.kill)
            self.assertTrue(proxy.stalled.wait(60))
            self.assertIn('COPY', self.server.sql(
                "SELECT query FROM pg_stat_activity WHERE application_name = 'drgan-gallery'"))
            self.server.kill()
            proxy.cut()
            out, err = push.communicate(timeout=60)
        self.assertEqual((push.returncode, out), (1, ''), err)
        self.assertRegex(err, 'drgan-gallery: .*(closed|reset|connection)')
        self.server.start()
        self.assertEqual(self.server.sql('SELECT name FROM drgan.people'), 'Ann')
        self.run_program('push', self.path('many'), self.url)
        self.assertEqual(self.server.sql('SELECT count(*) FROM drgan.people'), '20001')

    def test_a_database_begins_with_a_gallery_of_nobody(self):
        gallery_file.write(self.path('nobody'), {})
        self.run_program('push', self.path('nobody'), self.url)
        _, has = self.watch('w')
        has()
        self.push('a', {'Ann': person(1)})
        has('Ann')

    def test_reader_reads_and_does_not_write(self):
        self.push('a', {'Ann': person(1)})
        self.server.sql('CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA drgan TO reader; '
                        'GRANT SELECT ON ALL TABLES IN SCHEMA drgan TO reader')
        reader = self.server.url('reader')
        self.run_program('pull', self.path('r'), reader)
        self.assertEqual(list(gallery_file.read(self.path('r'))[1]), ['Ann'])
        _, has = self.watch('w', url=reader)
        has('Ann')
        gallery_file.write(self.path('b'), {'Bob': person(2)})
        self.assertIn('permission denied', self.run_program('push', self.path('b'), reader, status=1).stderr)
        self.assertIn('permission denied', self.run_program('remove', reader, 'Ann', status=1).stderr)
        self.assertEqual(self.server.sql('SELECT name FROM drgan.people'), 'Ann')
        self.server.sql('DROP OWNED BY reader')

    def test_roles_of_the_containers_are_made_before_the_first_push(self):
        roles = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'containers', 'roles.sh')
        path = f'{postgresql.programs()}:{os.environ["PATH"]}'
        subprocess.run([roles], check=True, capture_output=True, env={
            **os.environ, 'PATH': path, 'POSTGRES_DB': self.url, 'ENROLMENT_PASSWORD': "it's", 'CAMERA_PASSWORD': 'c'})
        writer, reader = self.server.url('enrolment'), self.server.url('camera')
        gallery_file.write(self.path('a'), {'Ann': person(1)})
        self.run_program('push', self.path('a'), writer)
        self.run_program('pull', self.path('c'), reader)
        self.assertEqual(list(gallery_file.read(self.path('c'))[1]), ['Ann'])
        self.assertIn('permission denied', self.run_program('push', self.path('c'), reader, status=1).stderr)
        self.assertIn('permission denied', self.run_program('remove', reader, 'Ann', status=1).stderr)
        self.server.sql('DROP OWNED BY enrolment; DROP OWNED BY camera; DROP ROLE enrolment, camera')

    def test_addresses_and_databases_that_do_not_do(self):
        gallery_file.write(self.path('a'), {'Ann': person(1)})
        done = self.run_program('push', self.path('a'), self.url.replace('owner', 'owner:secret'), status=1)
        self.assertIn('password', done.stderr)
        self.assertNotIn('secret', done.stderr)
        done = self.run_program('pull', self.path('x'), self.url, status=1)
        self.assertIn('no people yet', done.stderr)
        self.assertFalse(os.path.exists(self.path('x')))
        done = self.run_program('pull', self.path('x'), f'postgresql://owner@127.0.0.1:{postgresql.free_port()}/x',
                                '--wait', '0', status=1)
        self.assertIn('refused', done.stderr)
        self.push('a', {'Ann': person(1)})
        self.server.sql('INSERT INTO drgan.schema_version VALUES (99)')
        self.assertIn('version 99', self.run_program('push', self.path('a'), self.url, status=1).stderr)


if __name__ == '__main__':
    tap.main()

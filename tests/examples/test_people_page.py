# SPDX-License-Identifier: Apache-2.0
"""drgan-people: its requests, and its page in Chromium.

DRGAN_PEOPLE is the program, DRGAN_FACES a picture of generated faces. Prints TAP. A test that lacks Chromium or
a plugin of GStreamer skips, and says so.
"""
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '..', 'python'), os.path.join(HERE, '..', 'tools')]
import gallery_file  # noqa: E402
import people_program  # noqa: E402
import tap  # noqa: E402
import webdriver  # noqa: E402
from people_program import Program, wait_for  # noqa: E402


class PeopleTest(unittest.TestCase):
    def setUp(self):
        if lacking := people_program.lacking():
            self.skipTest(f'NOT RUN, not installed: {", ".join(lacking)}')
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        people_program.write_picture(f'{self.folder}/picture.png')

    def start(self, **arguments):
        program = Program(self.folder, **arguments)
        self.addCleanup(program.log.close)
        self.addCleanup(program.stop)
        return program

    def gallery(self):
        """name -> images"""
        return {name: person[0] for name, person in gallery_file.read(f'{self.folder}/people.gallery')[1].items()}

    def named(self, program, track):
        """The name in the track's newest message."""
        return program.messages(track)[-1].get('label')


class Requests(PeopleTest):
    def test_a_name_is_in_the_next_message_and_there_after_a_restart(self):
        program = self.start()
        self.assertEqual(self.gallery(), {})
        one, two = program.tracks()
        before = len(program.messages(one['id']))
        self.assertEqual(program.change('/enroll', track=one['id'], name='  Žofie Ó \n'), (204, ''))
        self.assertEqual(list(self.gallery()), ['Žofie Ó'])
        following = wait_for(lambda: program.messages(one['id'])[before:])
        self.assertEqual([message.get('label') for message in following], ['Žofie Ó'])
        wait_for(lambda: [t['name'] for t in program.tracks()] == ['Žofie Ó', ''])
        self.assertIsNone(self.named(program, two['id']))
        self.assertEqual(program.stop(), 0, program.errors())

        again = self.start()
        wait_for(lambda: [t['name'] for t in again.tracks()] == ['Žofie Ó', ''])
        self.assertEqual(again.state()['people'][0]['name'], 'Žofie Ó')

    def test_others_change_nothing_and_see_nothing(self):
        program = self.start()
        track = program.tracks()[0]['id']
        port = program.host.rpartition(':')[2]
        with open(program.gallery, 'rb') as file:
            before = file.read()
        others = {
            'no token': {'Authorization': None},
            'wrong token': {'Authorization': 'Bearer ' + '0' * 32},
            'wrong cookie': {'Authorization': None, 'Cookie': f'drgan-people-{port}={"0" * 32}'},
            'no origin': {'Origin': None},
            'null origin': {'Origin': 'null'},
            'foreign origin': {'Origin': 'http://evil.example'},
            'origin on another port': {'Origin': 'http://127.0.0.1:1'},
            'foreign host': {'Host': 'evil.example', 'Origin': 'http://evil.example'},
            'foreign host and port': {'Host': f'evil.example:{port}', 'Origin': f'http://evil.example:{port}'},
        }
        changes = {'/enroll': {'track': track, 'name': 'Eve'}, '/rename': {'name': 'a', 'to': 'b'},
                   '/merge': {'name': 'a', 'into': 'b'}, '/remove': {'name': 'a'}, '/forget': {'track': track}}
        for what, headers in others.items():
            for path, body in changes.items():
                with self.subTest(what, path=path):
                    self.assertEqual(program.request(path, body, **headers)[0], 403)
            if 'origin' not in what or 'foreign' in what:
                for path in ('/', '/state', f'/face?track={track}', '/nothing'):
                    with self.subTest(what, path=path):
                        status, _, content = program.request(path, **headers)
                        self.assertEqual(status, 403)
                        self.assertNotIn(program.token.encode(), content)
        time.sleep(0.5)
        self.assertEqual([t['id'] for t in program.tracks()], [track, track + 1])
        self.assertEqual({t['name'] for t in program.tracks()}, {''})
        with open(program.gallery, 'rb') as file:
            self.assertEqual(file.read(), before)
        # The same with the token, from the page.
        self.assertEqual(program.change('/enroll', track=track, name='Eve'), (204, ''))
        cookie = {'Authorization': None, 'Cookie': f'drgan-people-{port}={program.token}'}
        self.assertEqual(program.request('/forget', {'track': track}, **cookie)[0], 204)

    def test_the_page_lets_nothing_in_from_outside(self):
        program = self.start()
        status, headers, page = program.request(f'/?token={program.token}', Authorization=None)
        self.assertEqual(status, 200)
        self.assertNotIn(program.token.encode(), page)
        self.assertIn(b'<title>People</title>', page)
        self.assertRegex(headers['Set-Cookie'], r'^drgan-people-\d+=\w{32}; Path=/; HttpOnly; SameSite=Strict$')
        self.assertIn("default-src 'none'", headers['Content-Security-Policy'])
        self.assertIn("frame-ancestors 'none'", headers['Content-Security-Policy'])
        self.assertEqual(headers['Referrer-Policy'], 'no-referrer')
        self.assertEqual(headers['Cache-Control'], 'no-store')
        self.assertNotIn(b'http://', page.replace(b'http://www.w3.org', b''))
        self.assertNotIn(b'https://', page)

    def test_people_are_renamed_merged_and_removed(self):
        program = self.start()
        one, two = (track['id'] for track in program.tracks())
        self.assertEqual(program.change('/enroll', track=one, name='Ann'), (204, ''))
        self.assertEqual(program.change('/enroll', track=two, name='Bob'), (204, ''))
        self.assertIn('Merge', program.change('/rename', name='Ann', to='Bob')[1])
        self.assertEqual(program.change('/rename', name='Ann', to='Anne'), (204, ''))
        self.assertEqual(list(self.gallery()), ['Anne', 'Bob'])
        wait_for(lambda: (self.named(program, one), self.named(program, two)) == ('Anne', 'Bob'))
        images = sum(self.gallery().values())
        self.assertEqual(program.change('/merge', name='Bob', into='Anne'), (204, ''))
        self.assertEqual(self.gallery(), {'Anne': images})
        self.assertEqual(program.change('/remove', name='Anne'), (204, ''))
        self.assertEqual(self.gallery(), {})
        wait_for(lambda: (self.named(program, one), self.named(program, two)) == (None, None))
        for path, body in {'/rename': {'name': 'Anne', 'to': 'x'}, '/merge': {'name': 'Anne', 'into': 'Bob'},
                           '/remove': {'name': 'Anne'}, '/forget': {'track': 77},
                           '/enroll': {'track': 77, 'name': 'x'}}.items():
            status, error = program.change(path, **body)
            self.assertEqual(status, 409, path)
            self.assertTrue(error, path)

    def test_a_wrong_name_is_taken_back(self):
        program = self.start(frames=100)
        one, two = (track['id'] for track in program.tracks())
        self.assertEqual(program.change('/enroll', track=two, name='Bob'), (204, ''))
        self.assertEqual(program.change('/enroll', track=one, name='Bob'), (204, ''))
        bob = self.gallery()['Bob']
        self.assertEqual(program.change('/enroll', track=one, name='An'), (204, ''))
        self.assertLess(self.gallery()['Bob'], bob)
        self.assertEqual(program.change('/enroll', track=one, name='Ann'), (204, ''))
        self.assertEqual(list(self.gallery()), ['Ann', 'Bob'])
        wait_for(lambda: (self.named(program, one), self.named(program, two)) == ('Ann', 'Bob'))
        wait_for(lambda: program.state()['ended'])
        self.assertEqual(program.change('/enroll', track=one, name='Anne'), (204, ''))
        self.assertEqual(program.change('/enroll', track=one, name='Anna'), (204, ''))
        self.assertEqual(list(self.gallery()), ['Anna', 'Bob'])
        self.assertEqual(program.state()['warning'], '')

    def test_bad_requests_get_an_answer(self):
        program = self.start()
        track = program.tracks()[0]['id']
        for body in (b'', b'{', b'[]', b'7', b'{"track": "x", "name": "y"}', b'{"track": 1}', b'{"name": "\xff"}',
                     b'{"track": 1, "name": 5}', b'[' * 60000):
            self.assertEqual(program.request('/enroll', body)[0], 400, body[:20])
        for name in ('', '   ', 'a\u0000b', 'x' * 1025):
            status, error = program.change('/enroll', track=track, name=name)
            self.assertEqual((status, bool(error)), (409, True), name[:20])
        self.assertEqual(program.request('/enroll', b'x' * 65537)[0], 413)
        with socket.create_connection(program.host.split(':')) as connection:
            connection.sendall((f'POST /forget HTTP/1.1\r\nHost: {program.host}\r\nOrigin: {program.root}\r\n'
                                f'Authorization: Bearer {program.token}\r\nTransfer-Encoding: chunked\r\n\r\n'
                                '2\r\n{}\r\n0\r\n\r\n').encode())
            self.assertIn(b' 411 ', connection.recv(1000))
        self.assertEqual(program.request('/nothing', {})[0], 404)
        self.assertEqual(program.request('/nothing')[0], 404)
        for path in ('/face', '/face?track=77', '/face?track=x', '/frontal?track='):
            self.assertEqual(program.request(path)[0], 404, path)
        self.assertEqual(self.gallery(), {})

    def test_pictures_are_the_elements(self):
        program = self.start()
        track = program.tracks()[0]
        for kind in ('face', 'frontal'):
            status, headers, content = program.request(f'/{kind}?track={track["id"]}')
            self.assertEqual((status, headers['Content-Type']), (200, 'image/png'))
            picture = people_program.cv2.imdecode(people_program.numpy.frombuffer(content, 'u1'), -1)
            self.assertEqual(picture.shape, (112, 112, 3))
            self.assertGreater(picture.std(), 10)

    def test_nothing_new_is_not_sent_again(self):
        program = self.start(frames=15)
        wait_for(lambda: program.state()['ended'])
        version = program.state()['version']
        self.assertEqual(program.request(f'/state?since={version}')[0], 204)
        self.assertEqual(program.request('/state?since=x')[0], 200)
        track = program.state()['past'][0]['id']
        self.assertEqual(program.change('/forget', track=track), (204, ''))
        status, _, content = program.request(f'/state?since={version}')
        self.assertEqual(status, 200)
        self.assertGreater(json.loads(content)['version'], version)

    def test_who_has_left_can_be_named_and_forgotten(self):
        program = self.start(frames=15)
        wait_for(lambda: program.state()['ended'])
        two, one = program.tracks('past')  # the newest first
        if one['id'] > two['id']:
            one, two = two, one
        self.assertEqual(program.change('/enroll', track=one['id'], name='Ann'), (204, ''))
        self.assertEqual(self.gallery(), {'Ann': 1})
        names = {track['id']: track['name'] for track in program.tracks('past')}
        self.assertEqual(names, {one['id']: 'Ann', two['id']: ''})
        wait_for(lambda: program.change('/rename', name='Ann', to='Anne') == (204, ''))  # the element loads the file
        self.assertIn('Anne', [track['name'] for track in program.tracks('past')])
        self.assertEqual(program.change('/forget', track=two['id']), (204, ''))
        self.assertEqual([track['id'] for track in program.tracks('past', 1)], [one['id']])
        program.stop()
        again = self.start()
        wait_for(lambda: [t['name'] for t in again.tracks()] == ['Anne', ''])

    def test_a_file_that_cannot_be_used_is_told(self):
        program = self.start()
        one, two = (track['id'] for track in program.tracks())
        self.assertEqual(program.change('/enroll', track=one, name='Ann'), (204, ''))
        self.assertEqual(program.state()['warning'], '')
        with open(f'{self.folder}/new', 'wb') as file:
            file.write(b'somebody else')
        os.replace(f'{self.folder}/new', program.gallery)
        wait_for(lambda: 'people.gallery' in program.state()['warning'])
        self.assertEqual([person['name'] for person in program.state()['people']], ['Ann'])
        status, told = program.change('/enroll', track=two, name='Bob')
        self.assertEqual(status, 500)
        self.assertIn('could not be written', told)
        wait_for(lambda: self.named(program, two) == 'Bob')
        with open(program.gallery, 'rb') as file:
            self.assertEqual(file.read(), b'somebody else')

    def test_plays_a_file(self):
        picture = people_program.cv2.imread(f'{self.folder}/picture.png')
        video = people_program.cv2.VideoWriter(f'{self.folder}/a b.avi', people_program.cv2.CAP_OPENCV_MJPEG,
                                               people_program.cv2.VideoWriter_fourcc(*'MJPG'), 10, picture.shape[1::-1])
        for _ in range(10):
            video.write(picture)
        video.release()
        program = self.start(arguments=[f'{self.folder}/a b.avi'])
        wait_for(lambda: program.state()['ended'])
        self.assertEqual([track['images'] > 0 for track in program.tracks('past')], [True, True])
        self.assertEqual(program.stop(), 0, program.errors())

    def test_a_forgotten_face_is_met_again_as_a_new_one(self):
        program = self.start()
        one, two = (track['id'] for track in program.tracks())
        self.assertEqual(program.change('/forget', track=one), (204, ''))
        self.assertEqual(program.request(f'/face?track={one}')[0], 404)
        wait_for(lambda: {track['id'] for track in program.tracks()} == {two, two + 1})
        self.assertEqual(program.state()['past'], [])

    def test_refuses_what_it_cannot_play_or_use(self):
        def fails(*arguments):
            done = subprocess.run([people_program.PROGRAM, *arguments], capture_output=True, text=True, timeout=60,
                                  check=False)
            self.assertEqual((done.returncode, done.stdout), (1, ''))
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
            return done.stderr
        gallery = ['--port', '0', '--gallery', f'{self.folder}/people.gallery']
        self.assertIn('has 0 elements', fails(*gallery, '--', 'videotestsrc', '!', 'fakesink'))
        self.assertIn('has 2 elements', fails(*gallery, '--', 'videotestsrc', '!', 'drganfrontalize', '!',
                                              'drganfrontalize', '!', 'fakesink'))
        self.assertIn('no file', fails(*gallery, f'{self.folder}/nothing.mp4'))
        self.assertFalse(os.path.exists(f'{self.folder}/people.gallery'))
        self.assertIn('not an IP address', fails(*gallery, '--address', 'localhost', f'{self.folder}/picture.png'))
        with socket.create_server(('127.0.0.1', 0)) as taken:
            self.assertIn('cannot listen', fails(*gallery[2:], '--port', str(taken.getsockname()[1]),
                                                 f'{self.folder}/picture.png'))
        with open(f'{self.folder}/people.gallery', 'wb') as file:
            file.write(b'mine')
        self.assertIn('people.gallery', fails(*gallery, f'{self.folder}/picture.png'))
        with open(f'{self.folder}/people.gallery', 'rb') as file:
            self.assertEqual(file.read(), b'mine')


class Page(PeopleTest):
    browser = None

    def setUp(self):
        if missing := webdriver.missing():
            self.skipTest(f"NOT RUN, {' and '.join(missing)} not found: Debian's packages chromium and chromium-driver")
        super().setUp()
        Page.browser = Page.browser or webdriver.Browser()

    @classmethod
    def tearDownClass(cls):
        if cls.browser:
            cls.browser.close()

    def open(self, **arguments):
        program = self.start(**arguments)
        self.browser.problems()
        self.addCleanup(self.browser.open, 'about:blank')  # before the program stops
        self.browser.open(program.address)
        self.browser.wait("return document.querySelectorAll('#present .card button.name:enabled').length === 2 || "
                          "document.querySelectorAll('#past li').length === 2")
        return program

    def names(self, selector):
        return self.browser.run(f'return [...document.querySelectorAll("{selector} h3")].map(e => e.textContent)')

    def wait_names(self, selector, names):
        wait_for(lambda: self.names(selector) == names)

    def wait_closed(self):
        self.browser.wait("return !document.getElementById('dialog').open")

    def test_a_name_given_on_the_page_is_there_after_a_restart(self):
        browser = self.browser
        program = self.open()
        self.assertEqual(browser.address(), program.root + '/')  # the token is not left in the history
        self.assertEqual(self.names('#present'), ['Unknown', 'Unknown'])
        track = program.tracks()[0]['id']
        before = len(program.messages(track))
        browser.click('#present .card button.name')
        browser.type('Grace Hopper')
        browser.press('enter')
        self.wait_closed()
        following = wait_for(lambda: program.messages(track)[before:])
        self.assertEqual([message.get('label') for message in following], ['Grace Hopper'])
        self.wait_names('#present', ['Grace Hopper', 'Unknown'])
        self.wait_names('#people', ['Grace Hopper'])
        self.assertEqual(list(self.gallery()), ['Grace Hopper'])
        self.assertEqual(browser.problems(), [])
        self.assertEqual(program.stop(), 0)
        browser.wait("return document.getElementById('state').textContent === 'No connection'")
        self.open()
        self.wait_names('#present', ['Grace Hopper', 'Unknown'])

    def test_every_action_by_a_click(self):
        browser = self.browser
        program = self.open()
        for number, name in enumerate(('Ann', 'Bob'), 1):
            browser.click(f'#present .card:nth-child({number}) button.name')
            browser.type(name)
            browser.click('#submit')
            self.wait_closed()
        self.wait_names('#people', ['Ann', 'Bob'])
        self.wait_names('#present', ['Ann', 'Bob'])
        browser.click('#people li:first-child .rename')
        browser.type('Bob')  # the old name is selected, and typed over
        browser.click('#submit')
        self.assertIn('Merge', browser.wait("return document.getElementById('problem').textContent"))
        browser.run("document.getElementById('name').select()")
        browser.type('Cy')
        browser.click('#submit')
        self.wait_names('#people', ['Bob', 'Cy'])
        browser.click('#people li:first-child .merge')
        browser.click('#submit')
        self.wait_names('#people', ['Cy'])
        browser.click('#people .remove')
        browser.click('#cancel')
        self.assertEqual(self.names('#people'), ['Cy'])
        browser.click('#people .remove')
        browser.click('#submit')
        self.wait_names('#people', [])
        self.assertEqual(self.gallery(), {})
        self.wait_names('#present', ['Unknown', 'Unknown'])
        gone = program.tracks()[0]['id']
        browser.click('#present .forget')
        browser.click('#submit')
        self.wait_closed()
        wait_for(lambda: gone not in [track['id'] for track in program.state()['present']])
        self.assertEqual([problem for problem in browser.problems() if '409' not in problem], [])

    def test_by_keyboard_alone(self):
        browser = self.browser
        self.open()
        for _ in range(3):
            browser.press('tab')  # Name, Forget, Name of the second
        browser.press('enter')
        browser.wait("return document.getElementById('dialog').open")
        self.assertEqual(browser.run('return document.activeElement.id'), 'name')
        browser.press('escape')
        self.wait_closed()
        browser.press('enter')  # the focus is back
        browser.type('Bob')
        # What arrives meanwhile takes away neither the focus nor the text.
        time.sleep(2.5)
        self.assertEqual(browser.run("return [document.activeElement.id, document.activeElement.value]"),
                         ['name', 'Bob'])
        browser.press('enter')
        self.wait_closed()
        self.wait_names('#present', ['Unknown', 'Bob'])
        self.assertEqual(browser.run("return document.activeElement.closest('.card').querySelector('h3').textContent"),
                         'Bob')

    def test_who_has_left_is_named(self):
        program = self.open(frames=15)
        self.browser.wait("return document.getElementById('state').textContent === 'The video has ended'")
        self.browser.click('#past li:first-child button.name')
        self.browser.type('Ann')
        self.browser.press('enter')
        self.wait_closed()
        self.wait_names('#past', ['Ann', 'Unknown'])
        self.assertEqual(self.gallery(), {'Ann': 1})
        self.assertEqual(program.stop(), 0)

    def test_on_a_phone_and_in_the_dark(self):
        browser = self.browser
        browser.resize(360, 740, mobile=True)
        browser.dark(True)
        self.addCleanup(browser.develop, 'Emulation.clearDeviceMetricsOverride')
        self.addCleanup(browser.dark, False)
        program = self.open()
        self.assertEqual(program.change('/enroll', track=program.tracks()[0]['id'], name='A' + 'b' * 300), (204, ''))
        browser.wait("return document.querySelectorAll('#people li').length === 1")
        overflow = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
        self.assertEqual(browser.run(overflow), 0)
        browser.click('#people .remove')
        self.assertEqual(browser.run(overflow), 0)
        small = browser.run("""return [...document.querySelectorAll('button')].filter(b => b.offsetParent)
            .map(b => b.getBoundingClientRect()).filter(r => r.height < 32 || r.right > 360).length""")
        self.assertEqual(small, 0)
        colour = browser.run("return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
        self.assertLess(max(colour), 64)

    def test_nothing_jumps(self):
        browser = self.browser
        browser.resize(1080, 700)
        self.addCleanup(browser.develop, 'Emulation.clearDeviceMetricsOverride')
        program = self.open(frames=40)
        self.assertEqual(program.change('/enroll', track=program.tracks()[0]['id'], name='Ann'), (204, ''))
        browser.wait("return document.querySelectorAll('#past li').length === 2")
        # The words at the right of the header may change.
        jumped = browser.call('/execute/async', {'args': [], 'script': """const done = arguments[0];
            const moved = list => list.getEntries().flatMap(e => e.sources).filter(s => s.node?.id !== 'state');
            new PerformanceObserver(list => done(moved(list).map(s => s.node?.outerHTML)))
                .observe({ type: 'layout-shift', buffered: true });
            setTimeout(() => done([]), 1000)"""})
        self.assertEqual(jumped, [])

    def test_everything_has_a_label(self):
        self.open(frames=40)
        self.browser.wait("return document.querySelectorAll('#past li').length === 2")
        nameless = self.browser.run("""return [...document.querySelectorAll('button, input, select, img')]
            .filter(e => e.offsetParent && !(e.getAttribute('aria-label') || e.alt || e.textContent.trim() ||
                (e.labels && e.labels.length))).map(e => e.outerHTML)""")
        self.assertEqual(nameless, [])

    def test_the_visitor_of_a_message_is_shown(self):
        self.open()
        self.assertEqual(self.browser.run("""state.present[0].visitor = 'visitor 7'; show();
            return [...document.querySelectorAll('#present .visitor')].map(e => e.textContent)"""), ['visitor 7', ''])

    def test_a_changed_page_is_not_run(self):
        """What somebody brings into the page does not run: the policy allows the page's own script only."""
        self.open()
        self.browser.problems()
        self.browser.run("""const image = new Image(); image.src = 'http://127.0.0.1:1/x.png';
            document.body.append(image);
            try {
                const script = document.createElement('script');
                script.append('window.bad = 1');
                document.head.append(script);
            } catch {}""")
        self.assertIsNone(self.browser.run('return window.bad'))
        wait_for(lambda: [p for p in self.browser.problems() if 'Content Security Policy' in p])


if __name__ == '__main__':
    tap.main()

# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium, driven by WebDriver (https://www.w3.org/TR/webdriver2/) over chromedriver."""
import base64
import json
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'
KEYS = {'enter': '\ue007', 'escape': '\ue00c', 'tab': '\ue004'}


def missing():
    """What is not installed; empty: nothing."""
    return [program for program in ('chromium', 'chromedriver') if shutil.which(program) is None]


class Browser:
    def __init__(self):
        self.profile = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen(['chromedriver', '--port=0'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        text=True)
        self.session = ''
        try:
            self.start()
        except Exception:
            self.close()
            raise

    def start(self):
        line = next((line for line in self.process.stdout if 'successfully on port ' in line), None)
        if line is None:
            raise RuntimeError('chromedriver does not start')
        port = line.split('on port ')[1].strip().rstrip('.')
        self.url = f'http://127.0.0.1:{port}/session'
        arguments = ['--headless=new', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--lang=en-GB',
                     f'--user-data-dir={self.profile.name}']
        self.session = '/' + self.call('', {'capabilities': {'alwaysMatch': {
            'goog:chromeOptions': {'binary': shutil.which('chromium'), 'args': arguments},
            'goog:loggingPrefs': {'browser': 'ALL'}}}})['sessionId']

    def close(self):
        try:
            if self.session:
                self.call('', method='DELETE')
        finally:
            self.process.terminate()
            self.process.wait()
            self.process.stdout.close()
            self.profile.cleanup()

    def call(self, path, body=None, method='POST'):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + self.session + path, data, {'Content-Type': 'application/json'},
                                         method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as reply:
                return json.load(reply)['value']
        except urllib.error.HTTPError as error:
            raise RuntimeError(json.load(error)['value']['message']) from None

    def open(self, address):
        self.call('/url', {'url': address})

    def address(self):
        return self.call('/url', method='GET')

    def run(self, script, *arguments):
        """The value that a script returns."""
        return self.call('/execute/sync', {'script': script, 'args': arguments})

    def click(self, selector):
        """Clicks as a user does: what is covered or disabled gets no click."""
        element = self.call('/element', {'using': 'css selector', 'value': selector})[ELEMENT]
        self.call(f'/element/{element}/click', {})

    def type(self, text):
        """Types into what has the focus."""
        keys = [{'type': kind, 'value': key} for key in text for kind in ('keyDown', 'keyUp')]
        self.call('/actions', {'actions': [{'type': 'key', 'id': 'keyboard', 'actions': keys}]})

    def press(self, key):
        self.type(KEYS[key])

    def wait(self, script, seconds=20):
        """Waits until a script returns something true, and returns it."""
        end = time.monotonic() + seconds
        while True:
            value = self.run(script)
            if value:
                return value
            if time.monotonic() > end:
                text = self.run('return document.body.innerText')
                raise AssertionError(f'not true within {seconds} s: {script}\n{text}')
            time.sleep(0.05)

    def problems(self):
        """What the browser has complained of since the last call."""
        return [entry['message'] for entry in self.call('/se/log', {'type': 'browser'}) if entry['level'] != 'INFO']

    def develop(self, command, **parameters):
        return self.call('/goog/cdp/execute', {'cmd': command, 'params': parameters})

    def resize(self, width, height, mobile=False, scale=1):
        self.develop('Emulation.setDeviceMetricsOverride', width=width, height=height, deviceScaleFactor=scale,
                     mobile=mobile)

    def dark(self, on):
        self.develop('Emulation.setEmulatedMedia',
                     features=[{'name': 'prefers-color-scheme', 'value': 'dark' if on else 'light'}])

    def screenshot(self, path):
        with open(path, 'wb') as file:
            file.write(base64.b64decode(self.call('/screenshot', method='GET')))

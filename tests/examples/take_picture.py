# SPDX-License-Identifier: Apache-2.0
"""Takes docs/people.png: the page over the demo's sample clip, on a desktop and on a phone.

usage: take_picture.py CLIP OUT.png, in the environment of the test "examples people page" (meson devenv -C build, with
DRGAN_PEOPLE). CLIP, of the demo's two portraits in the public domain (scripts/demo fetches them):
    build/examples/drgan-sample-clip --seconds 24 -o CLIP build/sample/grace_hopper.jpg build/sample/astronaut.png
"""
import sys
import tempfile
import time

import cv2
import numpy

import webdriver
from people_program import Program, wait_for


def name(browser, card, text):
    browser.wait(f"return document.querySelector('{card} button.name:enabled')")
    browser.click(f'{card} button.name')
    browser.type(text)


def take(clip, folder):
    twice = 2 * ['filesrc', f'location={clip}', '!', 'decodebin', '!', 'all.']
    program = Program(folder, [*twice, 'concat', 'name=all', '!'], settings=['source=door'], sync='true')
    browser = webdriver.Browser()
    try:
        browser.resize(1080, 650)
        browser.open(program.address)
        wait_for(lambda: [t for t in program.state()['present'] if t['images'] > 2])
        name(browser, '#present .card', 'Grace Hopper')
        browser.press('enter')
        # In the second half, she comes again.
        wait_for(lambda: program.state()['past'], 60)
        wait_for(lambda: len([t for t in program.state()['present'] if t['images'] > 4]) == 2, 60)
        wait_for(lambda: 'Grace Hopper' in [t['name'] for t in program.state()['present']])
        time.sleep(2)
        browser.screenshot(f'{folder}/desktop.png')
        browser.resize(360, 650, mobile=True)
        browser.dark(True)
        browser.run("window.scrollTo(0, document.querySelector('.card .main').getBoundingClientRect().top - 300)")
        name(browser, '.card:has(.main)', 'Eileen Collins')
        time.sleep(1)
        browser.screenshot(f'{folder}/phone.png')
    finally:
        browser.close()
        program.stop()
        program.log.close()


with tempfile.TemporaryDirectory() as place:
    take(sys.argv[1], place)
    pictures = [cv2.imread(f'{place}/{kind}.png') for kind in ('desktop', 'phone')]
height = max(picture.shape[0] for picture in pictures) + 40
canvas = numpy.full((height, sum(picture.shape[1] for picture in pictures) + 60, 3), 200, numpy.uint8)
left = 20
for picture in pictures:
    canvas[20:20 + picture.shape[0], left:left + picture.shape[1]] = picture
    left += picture.shape[1] + 20
cv2.imwrite(sys.argv[2], canvas, [cv2.IMWRITE_PNG_COMPRESSION, 9])

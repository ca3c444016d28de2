#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Plays a clip again and again through drganfrontalize, as a camera would.

usage: camera.py CLIP VIEW PROPERTY=VALUE...
VIEW: elements that change the picture, as gst-launch-1.0 takes them; `identity` for none. PROPERTY: the element's.

The line "enroll TRACK NAME" on standard input enrols the person behind a track and saves the gallery; the answer is
"done" or "failed". Ends with standard input, or with SIGINT or SIGTERM.
Debian: python3-gi gir1.2-gstreamer-1.0
"""
import signal
import sys

import gi

gi.require_version('Gst', '1.0')
from gi.repository import GLib, Gst


def on_message(_bus, message, pipeline, loop):
    if message.type == Gst.MessageType.EOS:
        pipeline.seek_simple(Gst.Format.TIME, Gst.SeekFlags.FLUSH, 0)
    elif message.type == Gst.MessageType.ERROR:
        print(f'{sys.argv[1]}: {message.parse_error().gerror.message}', file=sys.stderr)
        loop.failed = True
        loop.quit()
    elif message.type == Gst.MessageType.WARNING:
        print(message.parse_warning().gerror.message, file=sys.stderr, flush=True)


def on_command(_stdin, _condition, drgan, loop):
    line = sys.stdin.readline()
    if not line:
        loop.quit()
        return False
    words = line.strip().split(' ', 2)
    if len(words) == 3 and words[0] == 'enroll' and words[1].isdigit():
        done = drgan.emit('enroll', int(words[1]), words[2]) and drgan.emit('save-gallery')
    else:
        done = False
        print(f'got "{line.strip()}", expected "enroll TRACK NAME"', file=sys.stderr, flush=True)
    print('done' if done else 'failed', flush=True)
    return True


def main():
    clip, view, *properties = sys.argv[1:]
    Gst.init(None)
    pipeline = Gst.parse_launch(f'filesrc name=clip ! decodebin ! videoconvert ! {view} ! '
                                'drganfrontalize name=drgan display=false threads=1 ! fakesink sync=true')
    pipeline.get_by_name('clip').set_property('location', clip)
    drgan = pipeline.get_by_name('drgan')
    for item in properties:
        Gst.util_set_object_arg(drgan, *item.split('=', 1))
    loop = GLib.MainLoop()
    loop.failed = False
    bus = pipeline.get_bus()
    bus.add_signal_watch()
    bus.connect('message', on_message, pipeline, loop)
    GLib.io_add_watch(sys.stdin, GLib.PRIORITY_DEFAULT, GLib.IOCondition.IN | GLib.IOCondition.HUP, on_command, drgan,
                      loop)
    for number in (signal.SIGINT, signal.SIGTERM):
        GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, loop.quit)
    pipeline.set_state(Gst.State.PLAYING)
    loop.run()
    pipeline.set_state(Gst.State.NULL)
    return 1 if loop.failed else 0


if __name__ == '__main__':
    sys.exit(main() if len(sys.argv) >= 3 else __doc__)

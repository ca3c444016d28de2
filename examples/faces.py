#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the results of drganfrontalize on a video: metadata of the frames, messages, statistics.

usage: faces.py FILE [GALLERY]
Debian: python3-gi gir1.2-gstreamer-1.0 gir1.2-gst-plugins-base-1.0
"""
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstVideo", "1.0")
from gi.repository import Gst, GstVideo

ids = set()


def name_of(result):
    """The name of a face and its similarity, if it has a name."""
    found, similarity = result.get_double("similarity")
    return (result.get_string("label"), round(similarity, 2)) if found else ()


def tell(bus):
    """Prints the messages on the bus; ends the program on an error."""
    while message := bus.pop_filtered(Gst.MessageType.ELEMENT | Gst.MessageType.ERROR):
        if message.type == Gst.MessageType.ERROR:
            sys.exit(message.parse_error().gerror.message)
        result = message.get_structure()
        if result.get_name() == "drganfrontalize":
            ids.add(result.get_uint("track-id")[1])
            print(result.get_string("event"), result.get_uint("track-id")[1], result.get_uint64("stream-time")[1],
                  *name_of(result))


def next_frame(out, bus, seconds=20):
    """The next frame, or None at the end. Ends the program if neither comes in time, as with some GIFs."""
    for _ in range(10 * seconds):
        sample = out.emit("try-pull-sample", Gst.SECOND // 10)
        if sample or out.get_property("eos"):
            return sample
        tell(bus)  # an error would otherwise go unnoticed
    sys.exit(f"{sys.argv[1]}: no frame for {seconds} seconds: is it a video?")


if len(sys.argv) not in (2, 3):
    sys.exit(__doc__)
Gst.init(None)
pipeline = Gst.parse_launch(
    "filesrc name=source ! decodebin ! videoconvert ! videoflip video-direction=auto ! "
    "drganfrontalize name=drgan display=false ! appsink name=out sync=false")
pipeline.get_by_name("source").set_property("location", sys.argv[1])
drgan, out, bus = pipeline.get_by_name("drgan"), pipeline.get_by_name("out"), pipeline.get_bus()
if len(sys.argv) == 3:
    drgan.set_property("gallery", sys.argv[2])
try:
    started = pipeline.set_state(Gst.State.PLAYING) != Gst.StateChangeReturn.FAILURE
    while started and (sample := next_frame(out, bus)):
        tell(bus)  # the messages of a frame arrive before the frame
        for track in ids:
            region = GstVideo.buffer_get_video_region_of_interest_meta_id(sample.get_buffer(), track)
            if region:
                result = region.get_param("drgan")
                print(sample.get_buffer().pts, track, region.x, region.y, region.w, region.h,
                      round(result.get_double("yaw")[1]), result.get_uint("images")[1], *name_of(result))
    tell(bus)
    print(drgan.get_property("stats").to_string())
finally:
    pipeline.set_state(Gst.State.NULL)

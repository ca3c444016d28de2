#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Pipelines with drganfrontalize, to run and to copy from. Where the element is not installed:
#   meson devenv -C build ../examples/pipelines.sh window /path/to/FILE
set -euo pipefail

usage="usage: pipelines.sh window FILE       show a video with its frontal views
       pipelines.sh camera [DEVICE]   the same for a camera (default: /dev/video0)
       pipelines.sh messages FILE     print the element's results as lines of JSON, without drawing
       pipelines.sh profile FILE OUT  write a video that shows each face turned to a yaw of 45 degrees
More properties: gst-inspect-1.0 drganfrontalize"

source_of() {
    if [ ! -f "$1" ]; then
        echo "there is no file $1" >&2
        exit 1
    fi
    realpath "$1"
}

case "${1:-} $#" in
    "window 2")
        file="$(source_of "$2")"
        gst-launch-1.0 filesrc location="$file" ! decodebin ! videoconvert ! videoflip video-direction=auto ! \
            drganfrontalize ! videoconvert ! autovideosink
        ;;
    "camera 1" | "camera 2")
        gst-launch-1.0 v4l2src device="${2:-/dev/video0}" ! decodebin ! queue leaky=downstream max-size-buffers=2 ! \
            videoconvert ! drganfrontalize qos=true ! videoconvert ! autovideosink
        ;;
    "messages 2")
        file="$(source_of "$2")"
        gst-launch-1.0 -q filesrc location="$file" ! decodebin ! videoconvert ! videoflip video-direction=auto ! \
            drganfrontalize display=false results-location=- ! fakesink sync=false
        ;;
    "profile 3")
        file="$(source_of "$2")"
        gst-launch-1.0 -e filesrc location="$file" ! decodebin ! videoconvert ! videoflip video-direction=auto ! \
            drganfrontalize yaw=45 ! videoconvert ! x264enc ! h264parse ! mp4mux ! filesink location="$3"
        ;;
    *)
        echo "$usage" >&2
        exit 2
        ;;
esac

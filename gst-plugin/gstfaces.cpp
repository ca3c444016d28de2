// SPDX-License-Identifier: Apache-2.0
#include "gstfaces.h"

#include <utility>

namespace drgan {

GstStaticPadTemplate Faces::padTemplate =
    GST_STATIC_PAD_TEMPLATE("faces", GST_PAD_SRC, GST_PAD_REQUEST,
                            GST_STATIC_CAPS("video/x-raw, format=RGB, width=[1, 4096], "
                                            "height=[1, 4096], framerate=0/1"));

GstPad* Faces::request(GstElement* element, GstPadTemplate* templ) {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (std::exchange(taken_, true)) {
            return nullptr;
        }
    }
    GstPad* pad = FaceLine::createPad(templ);
    LinePtr line(&FaceLine::of(pad), [pad](FaceLine*) { gst_object_unref(pad); });
    gst_object_ref_sink(pad);
    gst_element_add_pad(element, pad);  // activates it if the element is running
    // Publish it to the streaming thread only now: only one thread may enqueue.
    const std::lock_guard<std::mutex> lock(mutex_);
    if (stream_.start) {
        line->advance(stream_);
    }
    line->enqueue(stream_.end);
    line_ = std::move(line);
    return pad;
}

void Faces::release(GstElement* element, GstPad* pad) {
    LinePtr last;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        last = std::move(line_);
        line_.reset();
    }
    FaceLine::of(pad).leave();
    gst_element_remove_pad(element, pad);
    FaceLine::of(pad).leave();  // a state change may have started it again
    const std::lock_guard<std::mutex> lock(mutex_);
    taken_ = false;
}

Faces::LinePtr Faces::line() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return line_;
}

bool Faces::wanted() const { return line() != nullptr; }

// Changes the stream and reads the pad under one lock, so that a pad that is requested meanwhile misses nothing.
template <typename Change>
std::pair<Faces::LinePtr, VideoStream> Faces::change(Change how) {
    const std::lock_guard<std::mutex> lock(mutex_);
    how(stream_);
    return {line_, stream_};
}

void Faces::follow(GstEvent* event, int side) {
    switch (GST_EVENT_TYPE(event)) {
        case GST_EVENT_STREAM_START:
            change([&](VideoStream& s) {
                s.start = share(event);
                s.side = side;
                s.end = nullptr;
            });
            break;
        case GST_EVENT_SEGMENT:
            change([&](VideoStream& s) {
                s.segment = share(event);
                s.end = nullptr;
                s.position = GST_CLOCK_TIME_NONE;
            });
            break;
        case GST_EVENT_GAP: {
            GstClockTime timestamp = GST_CLOCK_TIME_NONE;
            gst_event_parse_gap(event, &timestamp, nullptr);
            advance(side, timestamp);
            break;
        }
        case GST_EVENT_EOS:
        case GST_EVENT_SEGMENT_DONE:
        case GST_EVENT_STREAM_GROUP_DONE: {
            const auto [line, stream] = change([&](VideoStream& s) {
                s.side = side;
                if (GST_EVENT_TYPE(event) == GST_EVENT_EOS) {
                    s.end = share(event);
                }
            });
            if (line) {
                line->begin(stream);
                line->enqueue(share(event));
            }
            break;
        }
        case GST_EVENT_INSTANT_RATE_CHANGE:
            if (const auto to = line()) {
                to->enqueue(share(event));
            }
            break;
        case GST_EVENT_FLUSH_START:
            if (const auto to = line()) {
                to->flushStart(event);
            }
            break;
        case GST_EVENT_FLUSH_STOP: {
            const auto [line, stream] = change([](VideoStream& s) {
                s.segment = nullptr;
                s.end = nullptr;
                s.position = GST_CLOCK_TIME_NONE;
            });
            if (line) {
                line->flushStop(event);
            }
            break;
        }
        default:
            break;
    }
}

void Faces::push(GstBuffer* picture, int side) {
    const auto [line, stream] = change([&](VideoStream& s) { s.side = side; });
    if (!line) {
        gst_buffer_unref(picture);
        return;
    }
    line->push(stream, picture);
}

void Faces::advance(int side, GstClockTime timestamp) {
    const auto [line, stream] = change([&](VideoStream& s) {
        s.side = side;
        s.position = timestamp;
    });
    if (line) {
        line->advance(stream);
    }
}

void Faces::interrupt() {
    if (const auto to = line()) {
        to->interrupt();
    }
}

void Faces::stop() {
    change([](VideoStream& s) { s = {}; });
}

}  // namespace drgan

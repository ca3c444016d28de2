// SPDX-License-Identifier: Apache-2.0
#include "gstfacespad.h"

#include <utility>

namespace drgan {

GstStaticPadTemplate FacesPad::padTemplate =
    GST_STATIC_PAD_TEMPLATE("faces", GST_PAD_SRC, GST_PAD_REQUEST,
                            GST_STATIC_CAPS("video/x-raw, format=RGB, width=[1, 4096], "
                                            "height=[1, 4096], framerate=0/1"));

GstPad* FacesPad::request(GstElement* element, GstPadTemplate* templ) {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (std::exchange(taken_, true)) {
            return nullptr;
        }
    }
    GstPad* pad = FacesQueue::createPad(templ);
    QueuePtr queue(&FacesQueue::of(pad), [pad](FacesQueue*) { gst_object_unref(pad); });
    gst_object_ref_sink(pad);
    gst_element_add_pad(element, pad);  // activates it if the element is running
    // Publish it to the streaming thread only now: only one thread may enqueue.
    const std::lock_guard<std::mutex> lock(mutex_);
    if (stream_.start) {
        queue->advance(stream_);
    }
    queue->enqueue(stream_.end);
    queue_ = std::move(queue);
    return pad;
}

void FacesPad::release(GstElement* element, GstPad* pad) {
    QueuePtr last;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        last = std::move(queue_);
        queue_.reset();
    }
    FacesQueue::of(pad).leave();
    gst_element_remove_pad(element, pad);
    FacesQueue::of(pad).leave();  // a state change may have started it again
    const std::lock_guard<std::mutex> lock(mutex_);
    taken_ = false;
}

FacesPad::QueuePtr FacesPad::queue() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return queue_;
}

bool FacesPad::wanted() const { return queue() != nullptr; }

// Changes the stream and reads the pad under one lock, so that a pad that is requested meanwhile misses nothing.
template <typename Change>
std::pair<FacesPad::QueuePtr, VideoStream> FacesPad::change(Change how) {
    const std::lock_guard<std::mutex> lock(mutex_);
    how(stream_);
    return {queue_, stream_};
}

void FacesPad::follow(GstEvent* event, int side) {
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
            const auto [queue, stream] = change([&](VideoStream& s) {
                s.side = side;
                if (GST_EVENT_TYPE(event) == GST_EVENT_EOS) {
                    s.end = share(event);
                }
            });
            if (queue) {
                queue->begin(stream);
                queue->enqueue(share(event));
            }
            break;
        }
        case GST_EVENT_INSTANT_RATE_CHANGE:
            if (const auto to = queue()) {
                to->enqueue(share(event));
            }
            break;
        case GST_EVENT_FLUSH_START:
            if (const auto to = queue()) {
                to->flushStart(event);
            }
            break;
        case GST_EVENT_FLUSH_STOP: {
            const auto [queue, stream] = change([](VideoStream& s) {
                s.segment = nullptr;
                s.end = nullptr;
                s.position = GST_CLOCK_TIME_NONE;
            });
            if (queue) {
                queue->flushStop(event);
            }
            break;
        }
        default:
            break;
    }
}

void FacesPad::push(GstBuffer* picture, int side) {
    const auto [queue, stream] = change([&](VideoStream& s) { s.side = side; });
    if (!queue) {
        gst_buffer_unref(picture);
        return;
    }
    queue->push(stream, picture);
}

void FacesPad::advance(int side, GstClockTime timestamp) {
    const auto [queue, stream] = change([&](VideoStream& s) {
        s.side = side;
        s.position = timestamp;
    });
    if (queue) {
        queue->advance(stream);
    }
}

void FacesPad::interrupt() {
    if (const auto to = queue()) {
        to->interrupt();
    }
}

void FacesPad::stop() {
    change([](VideoStream& s) { s = {}; });
}

}  // namespace drgan

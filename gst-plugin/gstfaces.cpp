// SPDX-License-Identifier: Apache-2.0
#include "gstfaces.h"

#include <gst/base/gstdataqueue.h>

#include <atomic>
#include <utility>

#include "gstframe.h"

namespace drgan {
namespace {

constexpr guint mostWaiting = 256;                    // pictures and events; 112x112 RGB: 10 MB
constexpr GstClockTime gapInterval = GST_SECOND / 4;  // how often a sink hears that there is no face

void destroyItem(void* memory) {
    auto* item = static_cast<GstDataQueueItem*>(memory);
    gst_clear_mini_object(&item->object);
    g_free(item);
}

gboolean isFull(GstDataQueue*, guint visible, guint, guint64, gpointer) {
    return visible >= mostWaiting ? TRUE : FALSE;
}

}  // namespace

GstStaticPadTemplate Faces::padTemplate =
    GST_STATIC_PAD_TEMPLATE("faces", GST_PAD_SRC, GST_PAD_REQUEST,
                            GST_STATIC_CAPS("video/x-raw, format=RGB, width=[1, 4096], "
                                            "height=[1, 4096], framerate=0/1"));

// Lives as long as its pad is active: its task has ended before the last reference goes.
struct Faces::Line {
    GstPad* pad;
    GstDataQueue* queue;
    std::atomic<bool> fresh{true};  // its stream has not begun, or begins anew
    // The streaming thread's.
    int side = 0;
    GstSegment segment{};
    GstClockTime told = GST_CLOCK_TIME_NONE;  // newest time that went out, in the segment's time

    explicit Line(GstPad* p)
        : pad(GST_PAD(gst_object_ref(p))), queue(gst_data_queue_new(isFull, nullptr, nullptr, nullptr)) {}
    ~Line() {
        gst_data_queue_flush(queue);
        g_object_unref(queue);
        gst_object_unref(pad);
    }
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;

    void enqueue(GstMiniObject* object) {
        auto* item = g_new0(GstDataQueueItem, 1);
        item->object = object;
        item->visible = TRUE;
        item->destroy = destroyItem;
        if (gst_data_queue_push(queue, item) == FALSE) {  // stopping or flushing
            destroyItem(item);
        }
    }

    // What a stream begins with, and again whenever it changes.
    /// @param wantedSide 0: no picture has come
    void begin(int wantedSide, const GstSegment& wantedSegment) {
        const bool first = fresh.exchange(false);
        if (first) {
            GstElement* element = gst_pad_get_parent_element(pad);
            gchar* id = gst_pad_create_stream_id(pad, element, "faces");
            GstEvent* start = gst_event_new_stream_start(id);
            gst_event_set_stream_flags(start, GST_STREAM_FLAG_SPARSE);
            gst_event_set_group_id(start, gst_util_group_id_next());
            g_free(id);
            gst_clear_object(&element);
            enqueue(GST_MINI_OBJECT(start));
            told = GST_CLOCK_TIME_NONE;
        }
        if (wantedSide > 0 && (first || side != wantedSide)) {
            side = wantedSide;
            GstCaps* caps = pictureCaps({side, side});
            enqueue(GST_MINI_OBJECT(gst_event_new_caps(caps)));
            gst_caps_unref(caps);
        }
        if (first || gst_segment_is_equal(&segment, &wantedSegment) == FALSE) {
            gst_segment_copy_into(&wantedSegment, &segment);
            told = GST_CLOCK_TIME_NONE;
            enqueue(GST_MINI_OBJECT(gst_event_new_segment(&segment)));
        }
    }
};

namespace {

// The thread of the pad.
void work(gpointer user) {
    GstPad* pad = GST_PAD(user);
    auto* line = static_cast<Faces::Line*>(gst_pad_get_element_private(pad));
    GstDataQueueItem* item = nullptr;
    if (gst_data_queue_pop(line->queue, &item) == FALSE) {
        gst_pad_pause_task(pad);
        return;
    }
    GstMiniObject* object = std::exchange(item->object, nullptr);
    item->destroy(item);
    if (GST_IS_EVENT(object)) {
        gst_pad_push_event(pad, GST_EVENT_CAST(object));
        return;
    }
    const GstFlowReturn flow = gst_pad_push(pad, GST_BUFFER_CAST(object));
    // A branch that is not linked, or has enough, is left in peace; pictures for it are dropped.
    if (flow == GST_FLOW_FLUSHING) {
        gst_pad_pause_task(pad);
    } else if (flow <= GST_FLOW_NOT_NEGOTIATED) {
        GstElement* element = gst_pad_get_parent_element(pad);
        if (element != nullptr) {
            GST_ELEMENT_FLOW_ERROR(element, flow);
            gst_object_unref(element);
        }
        gst_data_queue_set_flushing(line->queue, TRUE);  // or the video would wait for ever
        gst_pad_pause_task(pad);
    }
}

gboolean activate(GstPad* pad, GstObject*, GstPadMode mode, gboolean active) {
    auto* line = static_cast<Faces::Line*>(gst_pad_get_element_private(pad));
    if (mode != GST_PAD_MODE_PUSH) {
        return FALSE;
    }
    if (active != FALSE) {
        line->fresh = true;
        gst_data_queue_set_flushing(line->queue, FALSE);
        return gst_pad_start_task(pad, work, pad, nullptr);
    }
    gst_data_queue_set_flushing(line->queue, TRUE);
    gst_data_queue_flush(line->queue);
    return gst_pad_stop_task(pad);
}

// How late this branch's sink is says nothing about the video.
gboolean upstreamEvent(GstPad* pad, GstObject* parent, GstEvent* event) {
    if (GST_EVENT_TYPE(event) == GST_EVENT_QOS) {
        gst_event_unref(event);
        return TRUE;
    }
    return gst_pad_event_default(pad, parent, event);
}

}  // namespace

Faces::~Faces() = default;

GstPad* Faces::request(GstElement* element, GstPadTemplate* templ) {
    GstPad* pad = nullptr;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (line_) {
            return nullptr;
        }
        pad = gst_pad_new_from_template(templ, "faces");
        line_ = std::make_shared<Line>(pad);
        gst_pad_set_element_private(pad, line_.get());
    }
    gst_pad_set_activatemode_function(pad, activate);
    gst_pad_set_event_function(pad, upstreamEvent);
    gst_element_add_pad(element, pad);  // activates it where the element is running
    return pad;
}

void Faces::release(GstElement* element, GstPad* pad) {
    gst_pad_set_active(pad, FALSE);
    std::shared_ptr<Line> last;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        last = std::move(line_);
    }
    gst_element_remove_pad(element, pad);
}

std::shared_ptr<Faces::Line> Faces::line() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return line_;
}

bool Faces::wanted() const { return line() != nullptr; }

void Faces::push(GstBuffer* picture, int side, const GstSegment& segment) {
    const auto to = line();
    if (!to) {
        gst_buffer_unref(picture);
        return;
    }
    to->begin(side, segment);
    to->told = GST_BUFFER_PTS(picture);
    to->enqueue(GST_MINI_OBJECT(picture));
}

void Faces::advance(int side, const GstSegment& segment, GstClockTime timestamp) {
    const auto to = line();
    if (!to || !GST_CLOCK_TIME_IS_VALID(timestamp)) {
        return;
    }
    to->begin(side, segment);
    const bool due = !GST_CLOCK_TIME_IS_VALID(to->told) || timestamp >= to->told + gapInterval ||
                     timestamp + gapInterval <= to->told;  // reverse playback
    if (due) {
        to->told = timestamp;
        to->enqueue(GST_MINI_OBJECT(gst_event_new_gap(timestamp, GST_CLOCK_TIME_NONE)));
    }
}

void Faces::end(const GstSegment& segment) {
    if (const auto to = line()) {
        to->begin(0, segment);
        to->enqueue(GST_MINI_OBJECT(gst_event_new_eos()));
    }
}

void Faces::flush(GstEvent* event) {
    const auto to = line();
    if (!to) {
        return;
    }
    const bool stop = GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP;
    if (!stop) {
        gst_data_queue_set_flushing(to->queue, TRUE);
    }
    gst_pad_push_event(to->pad, gst_event_ref(event));
    if (stop) {
        gst_data_queue_flush(to->queue);
        gst_data_queue_set_flushing(to->queue, FALSE);
        to->fresh = true;
        gst_pad_start_task(to->pad, work, to->pad, nullptr);
    } else {
        gst_pad_pause_task(to->pad);
    }
}

void Faces::interrupt() {
    if (const auto to = line()) {
        gst_data_queue_set_flushing(to->queue, TRUE);
    }
}

}  // namespace drgan

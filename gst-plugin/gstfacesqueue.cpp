// SPDX-License-Identifier: Apache-2.0
#include "gstfacesqueue.h"

#include <utility>

#include "gstframe.h"

namespace drgan {
namespace {

constexpr guint mostWaiting = 256;                    // pictures and events; 112x112 RGB: 10 MB
constexpr GstClockTime gapInterval = GST_SECOND / 4;  // minimum time between gap events

constexpr const char* queueKey = "drgan-faces-queue";

EventPtr take(GstEvent* event) { return {event, gst_event_unref}; }

void destroyItem(void* memory) {
    auto* item = static_cast<GstDataQueueItem*>(memory);
    gst_clear_mini_object(&item->object);
    g_free(item);
}

gboolean isFull(GstDataQueue*, guint visible, guint, guint64, gpointer) {
    return visible >= mostWaiting ? TRUE : FALSE;
}

// A separate stream in the video's group.
EventPtr makeStart(GstEvent* upstream) {
    const gchar* id = nullptr;
    gst_event_parse_stream_start(upstream, &id);
    gchar* own = g_strconcat(id, "/faces", nullptr);
    GstEvent* start = gst_event_new_stream_start(own);
    g_free(own);
    gst_event_set_stream_flags(start, GST_STREAM_FLAG_SPARSE);
    guint group = 0;
    if (gst_event_parse_group_id(upstream, &group) != FALSE) {
        gst_event_set_group_id(start, group);
    }
    gst_event_set_seqnum(start, gst_event_get_seqnum(upstream));
    return take(start);
}

// The video's segment if it is in time, as the pictures' timestamps are; else a new one.
EventPtr makeSegment(const EventPtr& upstream, GstSegment& segment) {
    gst_event_copy_segment(upstream.get(), &segment);
    if (segment.format == GST_FORMAT_TIME) {
        return upstream;
    }
    gst_segment_init(&segment, GST_FORMAT_TIME);
    EventPtr own = take(gst_event_new_segment(&segment));
    gst_event_set_seqnum(own.get(), gst_event_get_seqnum(upstream.get()));
    return own;
}

GstMiniObject* makeGap(GstClockTime time, GstEvent* segment) {
    GstEvent* gap = gst_event_new_gap(time, GST_CLOCK_TIME_NONE);
    gst_event_set_seqnum(gap, gst_event_get_seqnum(segment));
    return GST_MINI_OBJECT(gap);
}

// QoS, reconfiguration and navigation of this branch do not concern the video.
gboolean upstreamEvent(GstPad* pad, GstObject* parent, GstEvent* event) {
    switch (GST_EVENT_TYPE(event)) {
        case GST_EVENT_RECONFIGURE:
            FacesQueue::of(pad).linked();
            [[fallthrough]];
        case GST_EVENT_QOS:
        case GST_EVENT_NAVIGATION:
            gst_event_unref(event);
            return TRUE;
        default:
            return gst_pad_event_default(pad, parent, event);
    }
}

}  // namespace

EventPtr share(GstEvent* event) { return event != nullptr ? take(gst_event_ref(event)) : nullptr; }

GstPad* FacesQueue::createPad(GstPadTemplate* padTemplate) {
    GstPad* pad = gst_pad_new_from_template(padTemplate, "faces");
    auto* queue = new FacesQueue(pad);
    gst_pad_set_element_private(pad, queue);
    g_object_set_data_full(G_OBJECT(pad), queueKey, queue, [](gpointer p) { delete static_cast<FacesQueue*>(p); });
    gst_pad_set_activatemode_function(pad, activate);
    gst_pad_set_event_function(pad, upstreamEvent);
    return pad;
}

FacesQueue& FacesQueue::of(GstPad* pad) { return *static_cast<FacesQueue*>(gst_pad_get_element_private(pad)); }

FacesQueue::FacesQueue(GstPad* pad) : pad_(pad), queue_(gst_data_queue_new(isFull, nullptr, nullptr, nullptr)) {
    gst_data_queue_set_flushing(queue_, TRUE);  // until the pad is activated
}

FacesQueue::~FacesQueue() {
    gst_data_queue_flush(queue_);
    g_object_unref(queue_);
}

void FacesQueue::enqueue(GstMiniObject* object, bool wait) {
    auto* item = g_new0(GstDataQueueItem, 1);
    item->object = object;
    item->visible = TRUE;
    item->destroy = destroyItem;
    const gboolean there = wait ? gst_data_queue_push(queue_, item) : gst_data_queue_push_force(queue_, item);
    if (there == FALSE) {  // stopping or flushing
        destroyItem(item);
    }
}

void FacesQueue::enqueue(const EventPtr& event) {
    if (event) {
        enqueue(GST_MINI_OBJECT(gst_event_ref(event.get())));
    }
}

void FacesQueue::begin(const VideoStream& stream) {
    const bool first = fresh_.exchange(false);
    if (stream.start && (first || stream.start != upstreamStart_)) {
        if (stream.start != upstreamStart_) {
            upstreamStart_ = stream.start;
            startEvent_ = makeStart(upstreamStart_.get());
        }
        enqueue(startEvent_);
    }
    if (stream.side > 0 && (first || stream.side != side_)) {
        if (stream.side != side_) {
            side_ = stream.side;
            GstCaps* caps = pictureCaps({side_, side_});
            caps_ = take(gst_event_new_caps(caps));
            gst_caps_unref(caps);
        }
        enqueue(caps_);
    }
    if (stream.segment && (first || stream.segment != upstreamSegment_)) {
        if (stream.segment != upstreamSegment_) {
            upstreamSegment_ = stream.segment;
            segmentEvent_ = makeSegment(upstreamSegment_, segment_);
        }
        sentTime_ = GST_CLOCK_TIME_NONE;
        enqueue(segmentEvent_);
    }
}

void FacesQueue::push(const VideoStream& stream, GstBuffer* picture) {
    begin(stream);
    sentTime_ = GST_BUFFER_PTS(picture);
    enqueue(GST_MINI_OBJECT(picture));
}

void FacesQueue::advance(const VideoStream& stream) {
    begin(stream);
    if (!stream.segment) {
        return;
    }
    GstClockTime time = stream.position;
    if (!GST_CLOCK_TIME_IS_VALID(time)) {  // frames without timestamps: only a gap at the start is possible
        time = GST_CLOCK_TIME_IS_VALID(sentTime_) ? sentTime_.load() : segment_.start;
    }
    const GstClockTime sent = sentTime_;
    const bool due =
        !GST_CLOCK_TIME_IS_VALID(sent) || time >= sent + gapInterval || time + gapInterval <= sent;  // reverse playback
    if (due) {
        sentTime_ = time;
        enqueue(makeGap(time, segmentEvent_.get()));
    }
}

void FacesQueue::send(GstMiniObject* object) {
    if (GST_IS_EVENT(object)) {
        gst_pad_push_event(pad_, GST_EVENT_CAST(object));
        return;
    }
    // Pictures are dropped if the branch is not linked, at EOS or flushing.
    const GstFlowReturn flow = gst_pad_push(pad_, GST_BUFFER_CAST(object));
    if (flow <= GST_FLOW_NOT_NEGOTIATED) {
        GstElement* element = gst_pad_get_parent_element(pad_);
        if (element != nullptr) {
            GST_ELEMENT_FLOW_ERROR(element, flow);
            gst_object_unref(element);
        }
        interrupt();  // so that the video does not wait forever
    }
}

// The thread of the pad.
void FacesQueue::work(gpointer user) {
    auto& queue = of(GST_PAD(user));
    queue.worker_ = std::this_thread::get_id();
    GstDataQueueItem* item = nullptr;
    if (gst_data_queue_pop(queue.queue_, &item) == FALSE) {
        gst_pad_pause_task(queue.pad_);
        return;
    }
    GstMiniObject* object = std::exchange(item->object, nullptr);
    item->destroy(item);
    queue.send(object);
}

gboolean FacesQueue::activate(GstPad* pad, GstObject*, GstPadMode mode, gboolean active) {
    if (mode != GST_PAD_MODE_PUSH) {
        return FALSE;
    }
    FacesQueue& queue = of(pad);
    if (active == FALSE) {
        return queue.stop() ? TRUE : FALSE;
    }
    const std::lock_guard<std::mutex> lock(queue.mutex_);
    queue.active_ = true;
    queue.start();
    return TRUE;
}

// With the lock.
void FacesQueue::start() {
    gst_data_queue_flush(queue_);
    fresh_ = true;
    gst_data_queue_set_flushing(queue_, FALSE);
    // The task may outlive the pad's place in the element, see stop(). An existing task keeps its reference.
    GST_OBJECT_LOCK(pad_);
    const bool made = GST_PAD_TASK(pad_) != nullptr;
    GST_OBJECT_UNLOCK(pad_);
    gst_pad_start_task(pad_, work, made ? pad_ : gst_object_ref(pad_), made ? nullptr : gst_object_unref);
}

void FacesQueue::close() {
    const std::lock_guard<std::mutex> lock(mutex_);
    active_ = false;
    gst_data_queue_set_flushing(queue_, TRUE);
}

bool FacesQueue::stop() {
    close();
    if (worker_.load() == std::this_thread::get_id()) {
        abandonTask();  // a thread cannot join itself
        return true;
    }
    const bool stopped = gst_pad_stop_task(pad_) != FALSE;
    gst_data_queue_flush(queue_);
    return stopped;
}

// The thread ends as soon as its current call returns. Its reference keeps the pad until then.
void FacesQueue::abandonTask() {
    GST_OBJECT_LOCK(pad_);
    GstTask* task = std::exchange(GST_PAD_TASK(pad_), nullptr);
    GST_OBJECT_UNLOCK(pad_);
    if (task != nullptr) {
        gst_task_stop(task);
        gst_object_unref(task);
    }
}

void FacesQueue::leave() {
    close();
    // The pad's thread may wait for the calling thread: a paused sink holds a picture until it plays.
    if (g_rec_mutex_trylock(GST_PAD_GET_STREAM_LOCK(pad_)) == FALSE) {
        abandonTask();
        return;
    }
    g_rec_mutex_unlock(GST_PAD_GET_STREAM_LOCK(pad_));
    gst_pad_set_active(pad_, FALSE);
}

void FacesQueue::linked() {
    // Sticky events are sent before the next event or buffer. There may be none, or only after this branch's sink has
    // prerolled: send one now.
    for (const GstEventType type : {GST_EVENT_EOS, GST_EVENT_SEGMENT}) {
        if (GstEvent* kept = gst_pad_get_sticky_event(pad_, type, 0)) {
            const GstClockTime time = sentTime_;
            enqueue(makeGap(GST_CLOCK_TIME_IS_VALID(time) ? time : 0, kept), false);
            gst_event_unref(kept);
            return;
        }
    }
}

void FacesQueue::interrupt() { gst_data_queue_set_flushing(queue_, TRUE); }

void FacesQueue::flushStart(GstEvent* event) {
    interrupt();
    gst_pad_push_event(pad_, gst_event_ref(event));
    gst_pad_pause_task(pad_);
}

void FacesQueue::flushStop(GstEvent* event) {
    gst_pad_push_event(pad_, gst_event_ref(event));
    const std::lock_guard<std::mutex> lock(mutex_);
    if (active_) {  // else the pad was released or stopped meanwhile
        start();
    }
}

}  // namespace drgan

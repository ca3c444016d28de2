// SPDX-License-Identifier: Apache-2.0
//
// The queue and the thread of the pad "faces".
#ifndef GST_DRGAN_FACES_QUEUE_H
#define GST_DRGAN_FACES_QUEUE_H

#include <gst/base/gstdataqueue.h>
#include <gst/gst.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>

namespace drgan {

using EventPtr = std::shared_ptr<GstEvent>;
/// Another reference; null stays null.
EventPtr share(GstEvent* event);

/// The state of the video's stream, which the faces' stream follows.
struct VideoStream {
    EventPtr start;                               ///< stream-start; null: none yet
    EventPtr segment;                             ///< null: none yet
    EventPtr end;                                 ///< EOS; null: none yet
    int side = 0;                                 ///< of the pictures, pixels; 0: not known yet
    GstClockTime position = GST_CLOCK_TIME_NONE;  ///< of the newest frame, in the segment's time
};

/// Belongs to a pad, with which it is destroyed.
class FacesQueue {
public:
    /// Creates a pad with its queue and thread, which start and stop when the pad is activated. The caller owns the
    /// pad.
    static GstPad* createPad(GstPadTemplate* padTemplate);
    static FacesQueue& of(GstPad* pad);

    ~FacesQueue();
    FacesQueue(const FacesQueue&) = delete;
    FacesQueue& operator=(const FacesQueue&) = delete;

    GstPad* pad() const { return pad_; }

    // One thread at a time. They wait while the queue is full, and drop their argument while the pad is inactive or
    // flushing.
    /// Enqueues the sticky events that have not been sent yet or have changed.
    void begin(const VideoStream& stream);
    /// @param picture owned by the callee
    void push(const VideoStream& stream, GstBuffer* picture);
    /// Enqueues a gap up to the stream's position, for sinks that preroll or synchronise.
    void advance(const VideoStream& stream);
    /// @param event null: does nothing
    void enqueue(const EventPtr& event);

    // From any thread.
    /// Wakes up a thread that waits for room. The queue is dropped, and so is what follows until flushStop() or
    /// activation.
    void interrupt();
    void flushStart(GstEvent* event);
    void flushStop(GstEvent* event);
    /// Stops before the pad is released. Waits neither for a thread that is in a push, nor, in a probe of the pad, for
    /// the calling thread.
    void leave();
    /// The pad was linked to a new peer, which has seen no events yet.
    void linked();

private:
    explicit FacesQueue(GstPad* pad);

    static void work(gpointer pad);
    static gboolean activate(GstPad* pad, GstObject* parent, GstPadMode mode, gboolean active);
    void enqueue(GstMiniObject* object, bool wait = true);  // takes ownership
    void send(GstMiniObject* object);
    void start();
    bool stop();
    void close();
    void abandonTask();

    GstPad* pad_;  // owns this object
    GstDataQueue* queue_;
    std::atomic<bool> fresh_{true};  // nothing was sent since activation or flush
    std::atomic<std::thread::id> worker_{};
    std::atomic<GstClockTime> sentTime_{GST_CLOCK_TIME_NONE};  // newest time that was sent, in the segment's time
    std::mutex mutex_;                                         // protects active_ and starting the task
    bool active_ = false;
    // Used by the thread that enqueues.
    EventPtr upstreamStart_, upstreamSegment_;   // from which the next three were made
    EventPtr startEvent_, segmentEvent_, caps_;  // pushed again after a flush, the same ones are not sent again
    int side_ = 0;
    GstSegment segment_{};
};

}  // namespace drgan

#endif

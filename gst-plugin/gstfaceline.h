// SPDX-License-Identifier: Apache-2.0
//
// The queue and the thread that lie in front of the pad "faces".
#ifndef GST_DRGAN_FACE_LINE_H
#define GST_DRGAN_FACE_LINE_H

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

/// What the video's stream is at the moment: the faces' begins, moves and ends with it.
struct VideoStream {
    EventPtr start;                               ///< null: upstream has sent none
    EventPtr segment;                             ///< null: none yet
    EventPtr end;                                 ///< EOS; null: it goes on
    int side = 0;                                 ///< of the faces' pictures, pixels; 0: not known yet
    GstClockTime position = GST_CLOCK_TIME_NONE;  ///< of the newest frame, in the segment's time
};

/// Belongs to a pad and lives as long as it.
class FaceLine {
public:
    /// Makes a pad with a line of its own, which starts and stops as the pad is activated. The caller owns the pad.
    static GstPad* createPad(GstPadTemplate* padTemplate);
    static FaceLine& of(GstPad* pad);

    ~FaceLine();
    FaceLine(const FaceLine&) = delete;
    FaceLine& operator=(const FaceLine&) = delete;

    GstPad* pad() const { return pad_; }

    // One thread at a time. They wait while the queue is full; what comes while the pad is inactive, or flushes, is
    // dropped.
    /// Sends what a stream begins with, as far as it has not gone out or has changed.
    void begin(const VideoStream& stream);
    /// @param picture owned by the callee
    void push(const VideoStream& stream, GstBuffer* picture);
    /// There is no picture up to the stream's position: sinks that wait for a first one, or keep in step, need to know.
    void advance(const VideoStream& stream);
    /// null: nothing
    void enqueue(const EventPtr& event);

    // From any thread.
    /// Lets go of whoever waits for room; what waits, and what comes, is dropped until flushStop() or activation.
    void interrupt();
    void flushStart(GstEvent* event);
    void flushStop(GstEvent* event);
    /// Ends all for good, before the pad is released. Does not wait for a thread that is within a push, nor for itself,
    /// in a probe of the pad.
    void leave();
    /// The pad was linked: whoever is there now has heard nothing yet.
    void linked();

private:
    explicit FaceLine(GstPad* pad);

    static void work(gpointer pad);
    static gboolean activate(GstPad* pad, GstObject* parent, GstPadMode mode, gboolean active);
    void enqueue(GstMiniObject* object, bool wait = true);  // takes it
    void send(GstMiniObject* object);
    void start();
    bool stop();
    void close();
    void abandonTask();

    GstPad* pad_;  // whose part it is
    GstDataQueue* queue_;
    std::atomic<bool> fresh_{true};  // nothing has gone out since activation or flush
    std::atomic<std::thread::id> worker_{};
    std::atomic<GstClockTime> told_{GST_CLOCK_TIME_NONE};  // newest time that went out, in the segment's time
    std::mutex mutex_;                                     // of active_, and of starting the task
    bool active_ = false;
    // Of the thread that enqueues.
    EventPtr upstreamStart_, upstreamSegment_;   // what the next three were made of
    EventPtr startEvent_, segmentEvent_, caps_;  // pushed again after a flush, the same ones are not sent again
    int side_ = 0;
    GstSegment segment_{};
};

}  // namespace drgan

#endif

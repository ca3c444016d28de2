// SPDX-License-Identifier: Apache-2.0
//
// The request pad "faces": frontal faces as a separate stream with its own thread.
#ifndef GST_DRGAN_FACES_PAD_H
#define GST_DRGAN_FACES_PAD_H

#include <gst/gst.h>

#include <memory>
#include <mutex>

#include "gstfacesqueue.h"

namespace drgan {

/// The pad, if it was requested, and the state of the video's stream, which the faces' stream follows. The pad has a
/// queue, so that neither branch needs a queue element: the video's thread waits only while the queue is full.
class FacesPad {
public:
    static GstStaticPadTemplate padTemplate;

    /// In any state, from any thread. A pad that is requested late gets the stream's sticky events at once.
    /// @return the pad, owned by the element; null if it exists already
    GstPad* request(GstElement* element, GstPadTemplate* padTemplate);
    void release(GstElement* element, GstPad* pad);

    /// From any thread.
    bool wanted() const;

    /// Forwards an event of the video if it concerns the faces' stream. Waits while the queue is full.
    /// @param side width and height of the following pictures, pixels
    void follow(GstEvent* event, int side);

    // The next two belong to the streaming thread, wait while the queue is full, and do nothing without a pad.
    /// @param picture RGB, side x side; owned by the callee
    void push(GstBuffer* picture, int side);
    /// The position of the video.
    void advance(int side, GstClockTime timestamp);

    /// From any thread: wakes up a streaming thread that waits.
    void interrupt();
    /// Call at the end of the stream.
    void stop();

private:
    using QueuePtr = std::shared_ptr<FacesQueue>;  // holds the pad

    QueuePtr queue() const;
    template <typename Change>
    std::pair<QueuePtr, VideoStream> change(Change how);

    mutable std::mutex mutex_;
    bool taken_ = false;  // the pad exists or is being created
    QueuePtr queue_;
    VideoStream stream_;
};

}  // namespace drgan

#endif

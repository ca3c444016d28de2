// SPDX-License-Identifier: Apache-2.0
//
// The request pad "faces": frontal faces as a stream of their own, from a thread of its own.
#ifndef GST_DRGAN_FACES_H
#define GST_DRGAN_FACES_H

#include <gst/gst.h>

#include <memory>
#include <mutex>

#include "gstfaceline.h"

namespace drgan {

/// The pad, if it was requested, and the video's stream, which the faces' follows. A queue lies in front of the pad, so
/// that neither branch must have one: the video's thread waits only while it is full.
class Faces {
public:
    static GstStaticPadTemplate padTemplate;

    /// In any state, from any thread. A pad that comes late hears at once of the stream as it is.
    /// @return the pad, which is the element's then; null if there is one already
    GstPad* request(GstElement* element, GstPadTemplate* padTemplate);
    void release(GstElement* element, GstPad* pad);

    /// From any thread.
    bool wanted() const;

    /// An event of the video: what concerns the faces' stream, too, goes on to it. Waits while the queue is full.
    /// @param side of the pictures to come, pixels
    void follow(GstEvent* event, int side);

    // The next two belong to the streaming thread, wait while the queue is full, and do nothing without a pad.
    /// @param picture RGB, side x side; owned by the callee
    void push(GstBuffer* picture, int side);
    /// The video has come this far.
    void advance(int side, GstClockTime timestamp);

    /// From any thread: lets go of a streaming thread that waits.
    void interrupt();
    /// The stream is over; the next one begins anew.
    void stop();

private:
    using LinePtr = std::shared_ptr<FaceLine>;  // holds the pad

    LinePtr line() const;
    template <typename Change>
    std::pair<LinePtr, VideoStream> change(Change how);

    mutable std::mutex mutex_;
    bool taken_ = false;  // the pad is there, or on its way
    LinePtr line_;
    VideoStream stream_;
};

}  // namespace drgan

#endif

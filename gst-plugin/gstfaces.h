// SPDX-License-Identifier: Apache-2.0
//
// The request pad "faces": frontal faces as a stream of their own, from a thread of its own.
#ifndef GST_DRGAN_FACES_H
#define GST_DRGAN_FACES_H

#include <gst/gst.h>

#include <memory>
#include <mutex>

namespace drgan {

/// The pad, if it was requested, and what waits to leave through it. A queue lies in front of the pad, so that neither
/// branch must have one: the video's thread waits only while it is full.
class Faces {
public:
    static GstStaticPadTemplate padTemplate;

    ~Faces();

    /// @return the pad, which is the element's then; null if there is one already
    GstPad* request(GstElement* element, GstPadTemplate* padTemplate);
    void release(GstElement* element, GstPad* pad);

    /// From any thread.
    bool wanted() const;

    /// The rest belongs to the streaming thread. Waits while the queue is full, and does nothing without a pad.
    /// @param picture RGB, side x side; owned by the callee
    /// @param segment the video's, in which the picture's timestamp lies
    void push(GstBuffer* picture, int side, const GstSegment& segment);
    /// There is no picture up to this time: sinks that wait for a first one, or keep in step, need to know.
    void advance(int side, const GstSegment& segment, GstClockTime timestamp);
    void end(const GstSegment& segment);

    /// The video's flush, from the thread that it comes in: what waits is dropped.
    void flush(GstEvent* event);
    /// From any thread: lets go of a streaming thread that waits.
    void interrupt();

    struct Line;

private:
    std::shared_ptr<Line> line() const;

    mutable std::mutex mutex_;
    std::shared_ptr<Line> line_;
};

}  // namespace drgan

#endif

// SPDX-License-Identifier: Apache-2.0
//
// Warnings about video in which few faces can be detected: rotated frames, pixels that are not square.
#ifndef GST_DRGAN_ADVICE_H
#define GST_DRGAN_ADVICE_H

#include <gst/video/video.h>

#include <string>

namespace drgan {

/// Posts warnings (STREAM/FORMAT), each once per stream. Belongs to the streaming thread.
class Advice {
public:
    /// Call when another stream starts.
    void forget();

    /// Warns if a tag says that the frames are not upright, and no element upstream rotates them. (Before
    /// GStreamer 1.24, videoflip does not update the tag.)
    /// @param sink the element's pad
    void seeTags(GstElement* element, GstEvent* tagEvent, GstPad* sink);
    /// Warns if the pixels are far from square.
    void seeFormat(GstElement* element, const GstVideoInfo& info);

private:
    std::string orientation_;  // newest one that was reported
    bool pixelsReported_ = false;
};

}  // namespace drgan

#endif

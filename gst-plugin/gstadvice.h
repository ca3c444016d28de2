// SPDX-License-Identifier: Apache-2.0
//
// Why hardly a face is found in a video that plays well, told on the bus: frames on their side, pixels that are not
// square.
#ifndef GST_DRGAN_ADVICE_H
#define GST_DRGAN_ADVICE_H

#include <gst/video/video.h>

#include <string>

namespace drgan {

/// Posts warnings (STREAM/FORMAT), each once a stream. Belongs to the streaming thread.
class Advice {
public:
    /// Another stream.
    void forget();

    /// Warns if a tag says that the frames are not upright, and no element upstream turns them. (videoflip leaves the
    /// tag as it was before GStreamer 1.24.)
    /// @param sink the element's pad
    void seeTags(GstElement* element, GstEvent* tagEvent, GstPad* sink);
    /// Warns if the pixels are far from square.
    void seeFormat(GstElement* element, const GstVideoInfo& info);

private:
    std::string orientation_;  // that was told of
    bool pixelsTold_ = false;
};

}  // namespace drgan

#endif

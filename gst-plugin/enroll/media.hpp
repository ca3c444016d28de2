// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_ENROLL_MEDIA_HPP
#define DRGAN_ENROLL_MEDIA_HPP

#include <gst/gst.h>

#include <memory>
#include <string>

namespace drgan::enroll {

struct Unref {
    void operator()(gpointer object) const { gst_object_unref(object); }
    void operator()(GstSample* sample) const { gst_sample_unref(sample); }
};
using SamplePtr = std::unique_ptr<GstSample, Unref>;

/// Decodes the pictures of a file with GStreamer, to a format that drganfrontalize takes, and rotates them upright.
class Media {
public:
    /// @param formats caps of the pictures
    /// @param direction videoflip's video-direction; "auto": by the file's orientation tag
    /// @param patience maximum time to wait for the next picture or the end of the file
    /// @throws std::runtime_error if GStreamer lacks an element
    Media(const std::string& file, GstCaps* formats, const std::string& direction = "auto",
          GstClockTime patience = 20 * GST_SECOND);
    ~Media();
    Media(const Media&) = delete;
    Media& operator=(const Media&) = delete;

    /// @return null at the end
    /// @throws std::runtime_error saying why the file cannot be decoded
    SamplePtr next();

private:
    GstElement* pipeline_ = nullptr;
    GstElement* sink_ = nullptr;
    GstBus* bus_ = nullptr;
    GstClockTime patience_;
};

/// The first error on a bus as a text; empty: none. Other messages are dropped.
std::string errorOn(GstBus* bus);

}  // namespace drgan::enroll

#endif

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

/// A file's pictures, one after the other, in a format that drganfrontalize takes: whatever GStreamer decodes, turned
/// upright where the file says how.
class Media {
public:
    /// @param formats caps of the pictures
    /// @throws std::runtime_error if GStreamer lacks an element
    Media(const std::string& file, GstCaps* formats);
    ~Media();
    Media(const Media&) = delete;
    Media& operator=(const Media&) = delete;

    /// @return null at the end
    /// @throws std::runtime_error saying why the file cannot be decoded
    SamplePtr next();

private:
    void throwErrors();

    GstElement* pipeline_ = nullptr;
    GstElement* sink_ = nullptr;
    GstBus* bus_ = nullptr;
};

/// The first error on a bus as a text; empty: none. Other messages are dropped.
std::string errorOn(GstBus* bus);

}  // namespace drgan::enroll

#endif

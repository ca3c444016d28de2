// SPDX-License-Identifier: Apache-2.0
#include "gstadvice.h"

#include <memory>

namespace drgan {
namespace {

// The cosine of a face's embedding and that of the face stretched by a tenth is 0.96, by a fifth 0.90. A face that is
// twice as wide is not detected.
constexpr double mostStretch = 1.1;

struct Unref {
    void operator()(gpointer object) const { gst_object_unref(object); }
};
using PadPtr = std::unique_ptr<GstPad, Unref>;
using ElementPtr = std::unique_ptr<GstElement, Unref>;

bool rotates(GstElement* element) {
    if (!GST_IS_VIDEO_DIRECTION(element)) {
        return false;
    }
    gint direction = GST_VIDEO_ORIENTATION_IDENTITY;
    g_object_get(element, "video-direction", &direction, nullptr);
    return direction != GST_VIDEO_ORIENTATION_IDENTITY;
}

/// The sink pad that is linked internally to a source pad; null if there is none, or more than one.
PadPtr internalSink(GstPad* source) {
    GstIterator* links = gst_pad_iterate_internal_links(source);
    GValue value = G_VALUE_INIT;
    PadPtr pad;
    int count = 0;
    while (links != nullptr && gst_iterator_next(links, &value) == GST_ITERATOR_OK) {
        pad.reset(GST_PAD(g_value_dup_object(&value)));
        ++count;
        g_value_reset(&value);
    }
    g_value_unset(&value);
    g_clear_pointer(&links, gst_iterator_free);
    return count == 1 ? std::move(pad) : nullptr;
}

bool rotatedUpstream(GstPad* sink) {
    for (PadPtr pad(gst_pad_get_peer(sink)); pad;) {
        const ElementPtr element(gst_pad_get_parent_element(pad.get()));
        if (element && rotates(element.get())) {
            return true;
        }
        const PadPtr in = internalSink(pad.get());
        pad.reset(in ? gst_pad_get_peer(in.get()) : nullptr);
    }
    return false;
}

/// The tag's value, such as "rotate-90"; empty: the frames are upright (or mirrored), or there is no such tag
std::string sidewaysTag(GstEvent* tagEvent) {
    GstTagList* tags = nullptr;
    gst_event_parse_tag(tagEvent, &tags);
    gchar* text = nullptr;
    if (gst_tag_list_get_string(tags, GST_TAG_IMAGE_ORIENTATION, &text) == FALSE) {
        return {};
    }
    const std::string value = text;
    g_free(text);
    return value == "rotate-0" || value == "flip-rotate-0" ? "" : value;
}

}  // namespace

void Advice::forget() { *this = {}; }

void Advice::seeTags(GstElement* element, GstEvent* tagEvent, GstPad* sink) {
    const std::string orientation = sidewaysTag(tagEvent);
    if (orientation.empty() || orientation == orientation_ || rotatedUpstream(sink)) {
        return;
    }
    orientation_ = orientation;
    GST_ELEMENT_WARNING(
        element, STREAM, FORMAT,
        ("The video is not upright, and faces that are not upright are not detected: put \"videoflip "
         "video-direction=auto\" before this element"),
        ("the tag image-orientation is %s, and no element upstream rotates the video", orientation.c_str()));
}

void Advice::seeFormat(GstElement* element, const GstVideoInfo& info) {
    const double stretch = static_cast<double>(GST_VIDEO_INFO_PAR_N(&info)) / GST_VIDEO_INFO_PAR_D(&info);
    if (pixelsReported_ || (stretch <= mostStretch && stretch >= 1 / mostStretch)) {
        return;
    }
    pixelsReported_ = true;
    GST_ELEMENT_WARNING(element, STREAM, FORMAT,
                        ("The video's pixels are not square, and distorted faces are not detected, or not "
                         "recognised: put \"videoscale ! video/x-raw,pixel-aspect-ratio=1/1\" before this element"),
                        ("the pixel-aspect-ratio is %d/%d", GST_VIDEO_INFO_PAR_N(&info), GST_VIDEO_INFO_PAR_D(&info)));
}

}  // namespace drgan

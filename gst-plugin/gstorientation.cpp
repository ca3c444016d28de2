// SPDX-License-Identifier: Apache-2.0
#include "gstorientation.h"

#include <gst/video/video.h>

#include <memory>

namespace drgan {
namespace {

struct Unref {
    void operator()(gpointer object) const { gst_object_unref(object); }
};
using PadPtr = std::unique_ptr<GstPad, Unref>;
using ElementPtr = std::unique_ptr<GstElement, Unref>;

bool turns(GstElement* element) {
    if (!GST_IS_VIDEO_DIRECTION(element)) {
        return false;
    }
    gint direction = GST_VIDEO_ORIENTATION_IDENTITY;
    g_object_get(element, "video-direction", &direction, nullptr);
    return direction != GST_VIDEO_ORIENTATION_IDENTITY;
}

/// The pad through which comes what leaves by this one; null where there is none, or more than one.
PadPtr wayIn(GstPad* source) {
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

bool turnedBefore(GstPad* sink) {
    for (PadPtr pad(gst_pad_get_peer(sink)); pad;) {
        const ElementPtr element(gst_pad_get_parent_element(pad.get()));
        if (element && turns(element.get())) {
            return true;
        }
        const PadPtr in = wayIn(pad.get());
        pad.reset(in ? gst_pad_get_peer(in.get()) : nullptr);
    }
    return false;
}

}  // namespace

std::string unturned(GstEvent* tagEvent, GstPad* sink) {
    GstTagList* tags = nullptr;
    gst_event_parse_tag(tagEvent, &tags);
    gchar* text = nullptr;
    if (gst_tag_list_get_string(tags, GST_TAG_IMAGE_ORIENTATION, &text) == FALSE) {
        return {};
    }
    const std::string value = text;
    g_free(text);
    const bool upright = value == "rotate-0" || value == "flip-rotate-0";
    return upright || turnedBefore(sink) ? "" : value;
}

}  // namespace drgan

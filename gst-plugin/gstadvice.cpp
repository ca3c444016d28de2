// SPDX-License-Identifier: Apache-2.0
#include "gstadvice.h"

#include <memory>

namespace drgan {
namespace {

// Embeddings of a face that is wider or narrower by a tenth match the true one's with 0.96, by a fifth with 0.90; of
// one that is twice as wide, nothing is found.
constexpr double mostStretch = 1.1;

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

/// "rotate-90" and the like; empty: the frames are upright (mirrored, perhaps), or the event says nothing of it
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
    if (orientation.empty() || orientation == orientation_ || turnedBefore(sink)) {
        return;
    }
    orientation_ = orientation;
    GST_ELEMENT_WARNING(
        element, STREAM, FORMAT,
        ("The video is not upright, and faces that are not upright are not found: put \"videoflip "
         "video-direction=auto\" before this element"),
        ("its tag image-orientation says %s, and no element before this one turns it", orientation.c_str()));
}

void Advice::seeFormat(GstElement* element, const GstVideoInfo& info) {
    const double stretch = static_cast<double>(GST_VIDEO_INFO_PAR_N(&info)) / GST_VIDEO_INFO_PAR_D(&info);
    if (pixelsTold_ || (stretch <= mostStretch && stretch >= 1 / mostStretch)) {
        return;
    }
    pixelsTold_ = true;
    GST_ELEMENT_WARNING(
        element, STREAM, FORMAT,
        ("The video's pixels are not square, and faces that are out of proportion are not found, or not "
         "recognised: put \"videoscale ! video/x-raw,pixel-aspect-ratio=1/1\" before this element"),
        ("its pixel-aspect-ratio is %d/%d", GST_VIDEO_INFO_PAR_N(&info), GST_VIDEO_INFO_PAR_D(&info)));
}

}  // namespace drgan

// SPDX-License-Identifier: Apache-2.0
#include "face_element.hpp"

#include <gst/video/video.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace drgan::enroll {
namespace {

// Without a template, a pad that has caps accepts no others.
GstStaticPadTemplate anything = GST_STATIC_PAD_TEMPLATE("from", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

GstFlowReturn dropBuffer(GstPad*, GstObject*, GstBuffer* buffer) {
    gst_buffer_unref(buffer);
    return GST_FLOW_OK;
}

gboolean dropEvent(GstPad*, GstObject*, GstEvent* event) {
    gst_event_unref(event);
    return TRUE;
}

Track readTrack(const GstStructure* s) {
    Track track;
    guint x = 0;
    guint y = 0;
    guint width = 0;
    guint height = 0;
    guint images = 0;
    gst_structure_get(s, "track-id", G_TYPE_UINT, &track.id, "x", G_TYPE_UINT, &x, "y", G_TYPE_UINT, &y, "width",
                      G_TYPE_UINT, &width, "height", G_TYPE_UINT, &height, "images", G_TYPE_UINT, &images,
                      "total-confidence", G_TYPE_DOUBLE, &track.totalConfidence, nullptr);
    track.box = cv::Rect(static_cast<int>(x), static_cast<int>(y), static_cast<int>(width), static_cast<int>(height));
    track.images = static_cast<int>(images);
    const GValue* values = gst_structure_get_value(s, "embedding");
    const guint n = values != nullptr ? gst_value_array_get_size(values) : 0;
    track.embedding.create(n > 0 ? 1 : 0, static_cast<int>(n), CV_32F);
    for (guint i = 0; i < n; ++i) {
        track.embedding.at<float>(static_cast<int>(i)) = g_value_get_float(gst_value_array_get_value(values, i));
    }
    return track;
}

}  // namespace

FaceElement::FaceElement(const std::string& bundle, const std::string& detector) {
    element_ = gst_element_factory_make("drganfrontalize", nullptr);
    if (element_ == nullptr) {
        throw std::runtime_error("no element \"drganfrontalize\": set GST_PLUGIN_PATH to the folder of libgstdrgan.so");
    }
    gst_object_ref_sink(element_);
    g_object_set(element_, "display", FALSE, "embeddings", TRUE, nullptr);
    if (!bundle.empty()) {
        g_object_set(element_, "bundle", bundle.c_str(), nullptr);
    }
    if (!detector.empty()) {
        g_object_set(element_, "detector", detector.c_str(), nullptr);
    }
    bus_ = gst_bus_new();
    gst_element_set_bus(element_, bus_);

    GstPad* sink = gst_element_get_static_pad(element_, "sink");
    GstPad* src = gst_element_get_static_pad(element_, "src");
    formats_ = gst_pad_get_pad_template_caps(sink);
    into_ = gst_pad_new("into", GST_PAD_SRC);
    from_ = gst_pad_new_from_static_template(&anything, "from");
    gst_object_ref_sink(into_);
    gst_object_ref_sink(from_);
    gst_pad_set_chain_function(from_, dropBuffer);
    gst_pad_set_event_function(from_, dropEvent);
    gst_pad_link(into_, sink);
    gst_pad_link(src, from_);
    gst_object_unref(sink);
    gst_object_unref(src);
    gst_pad_set_active(from_, TRUE);
    gst_pad_set_active(into_, TRUE);
    if (gst_element_set_state(element_, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
        const std::string why = errorOn(bus_);
        throw std::runtime_error(why.empty() ? "drganfrontalize cannot start" : why);
    }
    beginStream();
}

FaceElement::~FaceElement() {
    gst_element_set_state(element_, GST_STATE_NULL);
    gst_pad_set_active(into_, FALSE);
    gst_pad_set_active(from_, FALSE);
    gst_element_set_bus(element_, nullptr);
    gst_clear_caps(&caps_);
    gst_clear_caps(&formats_);
    gst_object_unref(element_);
    gst_object_unref(into_);
    gst_object_unref(from_);
    gst_object_unref(bus_);
}

// A new stream ends the tracks of the one before.
void FaceElement::beginStream() {
    gst_pad_push_event(into_, gst_event_new_stream_start(std::to_string(++streams_).c_str()));
    gst_clear_caps(&caps_);
}

void FaceElement::check(GstFlowReturn flow) {
    if (flow < GST_FLOW_OK) {
        const std::string why = errorOn(bus_);
        throw std::runtime_error("drganfrontalize: " + (why.empty() ? gst_flow_get_name(flow) : why));
    }
}

void FaceElement::show(GstSample* frame, GstClockTime time) {
    GstCaps* caps = gst_sample_get_caps(frame);
    if (caps_ == nullptr || gst_caps_is_equal(caps, caps_) == FALSE) {
        const bool first = caps_ == nullptr;
        gst_caps_replace(&caps_, caps);
        check(gst_pad_push_event(into_, gst_event_new_caps(caps)) != FALSE ? GST_FLOW_OK : GST_FLOW_NOT_NEGOTIATED);
        if (first) {
            GstSegment segment;
            gst_segment_init(&segment, GST_FORMAT_TIME);
            gst_pad_push_event(into_, gst_event_new_segment(&segment));
        }
    }
    GstBuffer* buffer = gst_buffer_copy(gst_sample_get_buffer(frame));  // the pixels stay shared
    GST_BUFFER_PTS(buffer) = time;
    GST_BUFFER_DTS(buffer) = GST_CLOCK_TIME_NONE;
    check(gst_pad_push(into_, buffer));
    readMessages();
}

void FaceElement::show(const cv::Mat& picture, GstClockTime time) {
    GstVideoInfo info;
    gst_video_info_set_format(&info, GST_VIDEO_FORMAT_BGR, static_cast<guint>(picture.cols),
                              static_cast<guint>(picture.rows));
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, info.size, nullptr);
    for (int y = 0; y < picture.rows; ++y) {
        gst_buffer_fill(buffer, static_cast<gsize>(y) * static_cast<gsize>(info.stride[0]), picture.ptr(y),
                        static_cast<gsize>(picture.cols) * picture.elemSize());
    }
    GstCaps* caps = gst_video_info_to_caps(&info);
    const std::unique_ptr<GstSample, Unref> sample(gst_sample_new(buffer, caps, nullptr, nullptr));
    gst_caps_unref(caps);
    gst_buffer_unref(buffer);
    show(sample.get(), time);
}

// After each frame, as a video has many messages. Only those of tracks that have ended are kept.
void FaceElement::readMessages() {
    while (GstMessage* message = gst_bus_pop_filtered(
               bus_, static_cast<GstMessageType>(GST_MESSAGE_ANY & ~static_cast<guint>(GST_MESSAGE_ERROR)))) {
        const GstStructure* s = gst_message_get_structure(message);
        if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ELEMENT && gst_structure_has_name(s, "drganfrontalize") &&
            g_strcmp0(gst_structure_get_string(s, "event"), "track-lost") == 0) {
            Track track = readTrack(s);
            if (track.images > 0 && !track.embedding.empty()) {
                tracks_.push_back(std::move(track));
            }
        }
        gst_message_unref(message);
    }
}

std::vector<Track> FaceElement::finish() {
    beginStream();
    readMessages();
    std::vector<Track> tracks = std::move(tracks_);
    tracks_.clear();
    std::sort(tracks.begin(), tracks.end(), [](const Track& a, const Track& b) { return a.id < b.id; });
    return tracks;
}

}  // namespace drgan::enroll

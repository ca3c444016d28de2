// SPDX-License-Identifier: Apache-2.0
#include "media.hpp"

#include <gst/app/gstappsink.h>

#include <stdexcept>

namespace drgan::enroll {
namespace {

// decodebin does not take it by itself, and it alone reads which way a camera was held.
void preferJpegParser() {
    if (GstPluginFeature* parser = gst_registry_lookup_feature(gst_registry_get(), "jpegparse")) {
        gst_plugin_feature_set_rank(parser, GST_RANK_PRIMARY + 1);
        gst_object_unref(parser);
    }
}

}  // namespace

std::string errorOn(GstBus* bus) {
    std::string text;
    while (GstMessage* message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR)) {
        if (text.empty()) {
            GError* error = nullptr;
            gst_message_parse_error(message, &error, nullptr);
            text = error->message;
            g_error_free(error);
        }
        gst_message_unref(message);
    }
    return text;
}

Media::Media(const std::string& file, GstCaps* formats) {
    preferJpegParser();
    GError* error = nullptr;
    pipeline_ = gst_parse_launch(
        "filesrc name=file ! decodebin ! videoconvert ! videoflip video-direction=auto ! videoconvert ! "
        "appsink name=out sync=false max-buffers=4",
        &error);
    if (error != nullptr) {
        const std::string why = error->message;
        g_error_free(error);
        gst_clear_object(&pipeline_);
        throw std::runtime_error("cannot decode files: " + why);
    }
    GstElement* source = gst_bin_get_by_name(GST_BIN(pipeline_), "file");
    g_object_set(source, "location", file.c_str(), nullptr);
    gst_object_unref(source);
    sink_ = gst_bin_get_by_name(GST_BIN(pipeline_), "out");
    gst_app_sink_set_caps(GST_APP_SINK(sink_), formats);
    bus_ = gst_element_get_bus(pipeline_);
    gst_element_set_state(pipeline_, GST_STATE_PLAYING);
}

Media::~Media() {
    gst_element_set_state(pipeline_, GST_STATE_NULL);
    gst_object_unref(sink_);
    gst_object_unref(bus_);
    gst_object_unref(pipeline_);
}

void Media::throwErrors() {
    const std::string error = errorOn(bus_);
    if (!error.empty()) {
        throw std::runtime_error("cannot be decoded: " + error);
    }
}

SamplePtr Media::next() {
    constexpr GstClockTime wait = 100 * GST_MSECOND;
    for (;;) {
        SamplePtr sample(gst_app_sink_try_pull_sample(GST_APP_SINK(sink_), wait));
        if (sample) {
            return sample;
        }
        throwErrors();
        if (gst_app_sink_is_eos(GST_APP_SINK(sink_)) != FALSE) {
            return nullptr;
        }
    }
}

}  // namespace drgan::enroll

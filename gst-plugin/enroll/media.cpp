// SPDX-License-Identifier: Apache-2.0
#include "media.hpp"

#include <gst/app/gstappsink.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <stdexcept>
#include <thread>

namespace drgan::enroll {
namespace {

// decodebin does not choose it by itself, and only it reads the orientation tag.
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

Media::Media(const std::string& file, GstCaps* formats, const std::string& direction, GstClockTime patience)
    : patience_(patience) {
    preferJpegParser();
    GError* error = nullptr;
    const std::string line = "filesrc name=file ! decodebin ! videoconvert ! videoflip video-direction=" + direction +
                             " ! videoscale ! video/x-raw,pixel-aspect-ratio=1/1 ! videoconvert ! "
                             "appsink name=out sync=false max-buffers=4";
    pipeline_ = gst_parse_launch(line.c_str(), &error);
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
    gst_object_unref(sink_);
    gst_object_unref(bus_);
    // Stopping waits for the decoder: a decoder that hangs is left running.
    std::packaged_task<void()> stop([pipeline = pipeline_] {
        gst_element_set_state(pipeline, GST_STATE_NULL);
        gst_object_unref(pipeline);
    });
    const auto stopped = stop.get_future();
    std::thread(std::move(stop)).detach();
    stopped.wait_for(std::min(std::chrono::nanoseconds(patience_), std::chrono::nanoseconds(5 * GST_SECOND)));
}

SamplePtr Media::next() {
    constexpr GstClockTime wait = 100 * GST_MSECOND;
    for (GstClockTime waited = 0; waited < patience_; waited += wait) {
        SamplePtr sample(gst_app_sink_try_pull_sample(GST_APP_SINK(sink_), wait));
        const std::string error = errorOn(bus_);  // each time: unread messages stay in memory
        if (!error.empty()) {
            throw std::runtime_error("cannot be decoded: " + error);
        }
        if (sample) {
            return sample;
        }
        if (gst_app_sink_is_eos(GST_APP_SINK(sink_)) != FALSE) {
            return nullptr;
        }
    }
    throw std::runtime_error("no picture and no end of the file within " + std::to_string(patience_ / GST_SECOND) +
                             " seconds: is it a video or a picture?");
}

}  // namespace drgan::enroll

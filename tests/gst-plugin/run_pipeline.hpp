// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_TESTS_RUN_PIPELINE_HPP
#define DRGAN_TESTS_RUN_PIPELINE_HPP

#include <gst/gst.h>

#include <functional>
#include <string>

namespace drgan_test {

/// Plays a pipeline to its end.
/// @param description as gst-launch-1.0 takes it
/// @param prepare called before the start
/// @param look called at the end, while the pipeline is still playing
/// @param longest maximum playing time
/// @return the pipeline's error; empty: none
inline std::string runPipeline(const std::string& description, const std::function<void(GstBin*)>& prepare = {},
                               const std::function<void(GstBin*)>& look = {}, GstClockTime longest = 120 * GST_SECOND) {
    GError* error = nullptr;
    GstElement* pipeline = gst_parse_launch(description.c_str(), &error);
    if (error != nullptr) {
        const std::string why = error->message;
        g_error_free(error);
        gst_clear_object(&pipeline);
        return why;
    }
    if (prepare) {
        prepare(GST_BIN(pipeline));
    }
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    GstBus* bus = gst_element_get_bus(pipeline);
    GstMessage* message =
        gst_bus_timed_pop_filtered(bus, longest, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
    std::string why = message == nullptr ? "no end within " + std::to_string(longest / GST_SECOND) + " s" : "";
    if (message != nullptr && GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
        gchar* debug = nullptr;
        gst_message_parse_error(message, &error, &debug);
        why = std::string(error->message) + "; " + (debug != nullptr ? debug : "");
        g_error_free(error);
        g_free(debug);
    }
    gst_clear_message(&message);
    gst_object_unref(bus);
    if (look) {
        look(GST_BIN(pipeline));
    }
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(pipeline);
    return why;
}

/// Calls `seen` in the streaming thread for each buffer that leaves an element's pad.
inline void onBuffers(GstBin* bin, const char* element, const char* padName,
                      std::function<GstBuffer*(GstBuffer*)> seen) {
    GstElement* e = gst_bin_get_by_name(bin, element);
    GstPad* pad = gst_element_get_static_pad(e, padName);
    gst_pad_add_probe(
        pad, GST_PAD_PROBE_TYPE_BUFFER,
        [](GstPad*, GstPadProbeInfo* info, gpointer user) {
            auto& function = *static_cast<std::function<GstBuffer*(GstBuffer*)>*>(user);
            info->data = function(GST_PAD_PROBE_INFO_BUFFER(info));
            return GST_PAD_PROBE_OK;
        },
        new std::function<GstBuffer*(GstBuffer*)>(std::move(seen)),
        [](gpointer user) { delete static_cast<std::function<GstBuffer*(GstBuffer*)>*>(user); });
    gst_object_unref(pad);
    gst_object_unref(e);
}

}  // namespace drgan_test

#endif

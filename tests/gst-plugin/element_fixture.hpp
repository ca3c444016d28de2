// SPDX-License-Identifier: Apache-2.0
//
// One drganfrontalize in a GstHarness, with a bus, and buffers of any format, size and stride.
#ifndef DRGAN_TESTS_ELEMENT_FIXTURE_HPP
#define DRGAN_TESTS_ELEMENT_FIXTURE_HPP

#include <gmock/gmock.h>
#include <gst/check/gstharness.h>
#include <gst/video/video.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "tiny_onnx.hpp"

namespace drgan_test {

/// Owns a message or a structure.
struct Posted {
    GstMessage* message;
    explicit Posted(GstMessage* m) : message(m) {}
    Posted(Posted&& o) noexcept : message(o.message) { o.message = nullptr; }
    Posted(const Posted&) = delete;
    Posted& operator=(const Posted&) = delete;
    Posted& operator=(Posted&&) = delete;
    ~Posted() { gst_clear_message(&message); }
    const GstStructure* structure() const { return gst_message_get_structure(message); }
    std::string event() const { return gst_structure_get_string(structure(), "event"); }
    template <typename T>
    T get(const char* field, GType type) const {
        T value{};
        EXPECT_TRUE(gst_structure_get(structure(), field, type, &value, nullptr)) << field << " is missing";
        return value;
    }
    guint id() const { return get<guint>("track-id", G_TYPE_UINT); }
};

/// A bundle that all tests of a program share.
inline const std::string& tinyBundle() {
    static const TempDir dir;
    static const std::string folder = writeTinyBundle(dir.path() + "/bundle");
    return folder;
}

class Element {
public:
    /// @param properties as in a gst-launch-1.0 line; detection is off unless they turn it on
    explicit Element(const std::string& properties = {}, const std::string& bundle = tinyBundle()) {
        GError* error = nullptr;
        element = gst_parse_launch(("drganfrontalize detect-interval=0 " + properties).c_str(), &error);
        EXPECT_NE(element, nullptr) << (error != nullptr ? error->message : "");
        g_clear_error(&error);
        gst_object_ref_sink(element);
        g_object_set(element, "bundle", bundle.c_str(), nullptr);
        bus = gst_bus_new();
        gst_element_set_bus(element, bus);
    }
    ~Element() {
        if (harness != nullptr) {
            gst_harness_teardown(harness);
        } else {
            gst_element_set_state(element, GST_STATE_NULL);
        }
        gst_element_set_bus(element, nullptr);
        gst_object_unref(element);
        gst_object_unref(bus);
    }
    Element(const Element&) = delete;
    Element& operator=(const Element&) = delete;

    void caps(const char* format, int width, int height, const char* framerate = "25/1") {
        if (harness == nullptr) {
            harness = gst_harness_new_with_element(element, "sink", "src");
        }
        gchar* text =
            g_strdup_printf("video/x-raw,format=%s,width=%d,height=%d,framerate=%s", format, width, height, framerate);
        GstCaps* c = gst_caps_from_string(text);
        gst_video_info_from_caps(&info, c);
        gst_caps_unref(c);
        gst_harness_set_src_caps_str(harness, text);
        g_free(text);
    }

    /// A frame of noise. @param pad extra bytes at the end of every row and between planes
    GstBuffer* frame(guint32 seed = 1, int pad = 0) {
        gsize offsets[GST_VIDEO_MAX_PLANES] = {};
        gint strides[GST_VIDEO_MAX_PLANES] = {};
        gsize size = 0;
        for (guint i = 0; i < GST_VIDEO_INFO_N_PLANES(&info); ++i) {
            gint component[GST_VIDEO_MAX_COMPONENTS];
            gst_video_format_info_component(info.finfo, i, component);
            strides[i] = GST_VIDEO_INFO_PLANE_STRIDE(&info, i) + pad;
            offsets[i] = size;
            size +=
                static_cast<gsize>(strides[i]) * static_cast<gsize>(GST_VIDEO_INFO_COMP_HEIGHT(&info, component[0])) +
                static_cast<gsize>(pad);
        }
        GstBuffer* buffer = gst_buffer_new_allocate(nullptr, size, nullptr);
        GstMapInfo map;
        gst_buffer_map(buffer, &map, GST_MAP_WRITE);
        GRand* random = g_rand_new_with_seed(seed);
        for (gsize i = 0; i < map.size; ++i) {
            map.data[i] = static_cast<guint8>(g_rand_int_range(random, 0, 256));
        }
        g_rand_free(random);
        gst_buffer_unmap(buffer, &map);
        gst_buffer_add_video_meta_full(buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_INFO_FORMAT(&info),
                                       static_cast<guint>(GST_VIDEO_INFO_WIDTH(&info)),
                                       static_cast<guint>(GST_VIDEO_INFO_HEIGHT(&info)), GST_VIDEO_INFO_N_PLANES(&info),
                                       offsets, strides);
        GST_BUFFER_PTS(buffer) = static_cast<GstClockTime>(count) * 40 * GST_MSECOND;
        GST_BUFFER_DURATION(buffer) = 40 * GST_MSECOND;
        ++count;
        return buffer;
    }

    static GstVideoRegionOfInterestMeta* addFace(GstBuffer* buffer, guint x, guint y, guint w, guint h,
                                                 const char* type = "face") {
        return gst_buffer_add_video_region_of_interest_meta(buffer, type, x, y, w, h);
    }

    GstBuffer* pushFace(guint x, guint y, guint side) {
        GstBuffer* b = frame();
        addFace(b, x, y, side, side);
        return gst_harness_push_and_pull(harness, b);
    }

    std::vector<Posted> messages(GstMessageType type = GST_MESSAGE_ELEMENT) {
        std::vector<Posted> out;
        while (GstMessage* m = gst_bus_pop_filtered(bus, type)) {
            out.emplace_back(m);
        }
        return out;
    }

    std::vector<std::string> events() {
        std::vector<std::string> out;
        for (const auto& m : messages()) {
            out.push_back(m.event() + " " + std::to_string(m.id()));
        }
        return out;
    }

    /// The posted errors: message and debug text of each.
    std::string errors() {
        std::string out;
        for (const auto& m : messages(GST_MESSAGE_ERROR)) {
            GError* error = nullptr;
            gchar* debug = nullptr;
            gst_message_parse_error(m.message, &error, &debug);
            out += std::string(error->message) + " " + (debug != nullptr ? debug : "");
            g_error_free(error);
            g_free(debug);
        }
        return out;
    }

    /// The texts of the posted warnings.
    std::vector<std::string> warnings() {
        std::vector<std::string> out;
        for (const auto& m : messages(GST_MESSAGE_WARNING)) {
            GError* error = nullptr;
            gst_message_parse_warning(m.message, &error, nullptr);
            out.emplace_back(error->message);
            g_error_free(error);
        }
        return out;
    }

    GstElement* element = nullptr;
    GstBus* bus = nullptr;
    GstHarness* harness = nullptr;
    GstVideoInfo info{};
    int count = 0;
};

inline std::vector<guint8> bytesOf(GstBuffer* buffer) {
    std::vector<guint8> out(gst_buffer_get_size(buffer));
    gst_buffer_extract(buffer, 0, out.data(), out.size());
    return out;
}

inline std::vector<GstVideoRegionOfInterestMeta*> regionsOf(GstBuffer* buffer) {
    std::vector<GstVideoRegionOfInterestMeta*> out;
    gpointer state = nullptr;
    while (auto* meta = gst_buffer_iterate_meta_filtered(buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE)) {
        out.push_back(reinterpret_cast<GstVideoRegionOfInterestMeta*>(meta));
    }
    return out;
}

class GStreamer : public testing::Environment {
public:
    void SetUp() override { gst_init(nullptr, nullptr); }
};
[[maybe_unused]] inline testing::Environment* const gstreamer = testing::AddGlobalTestEnvironment(new GStreamer);

}  // namespace drgan_test

#endif

// SPDX-License-Identifier: Apache-2.0
//
// Whole pipelines on clips, each of one turning head (shared research data, not part of the project).
#include <gst/app/gstappsink.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>

#include "element_fixture.hpp"
#include "yunet.hpp"

namespace {

using drgan_test::Posted;
using drgan_test::regionsOf;

struct Case {
    const char* clip;
    const char* format;
    bool yunet;
    bool followed = false;  ///< by the aligner, with the detector running once a second
};
std::ostream& operator<<(std::ostream& out, const Case& c) {
    return out << c.clip << " " << c.format << (c.followed ? " followed" : "");
}

// The trained bundle if there is one, else a tiny one: tracking and data flow are the same.
std::string bundle() {
    const char* set = std::getenv("DRGAN_BUNDLE");
    const bool there = set != nullptr && std::ifstream(std::string(set) + "/manifest.json");
    return there ? set : drgan_test::tinyBundle();
}

struct Outcome {
    int frames = 0;
    std::map<int, int> framesById;
    double leftmost = 90, rightmost = -90;  ///< yaw, degrees
    std::vector<Posted> messages;
};

void run(const std::string& line, Outcome& out) {
    GError* error = nullptr;
    GstElement* pipeline = gst_parse_launch(line.c_str(), &error);
    ASSERT_NE(pipeline, nullptr) << error->message;
    GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline), "out");
    GstBus* bus = gst_element_get_bus(pipeline);
    // If the pipeline does not start, no sample arrives, and the bus has the reason.
    const bool started = gst_element_set_state(pipeline, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE;
    while (GstSample* sample = started ? gst_app_sink_pull_sample(GST_APP_SINK(sink)) : nullptr) {
        ++out.frames;
        for (auto* r : regionsOf(gst_sample_get_buffer(sample))) {
            ++out.framesById[r->id];
            gdouble yaw = 0;
            if (gst_structure_get_double(gst_video_region_of_interest_meta_get_param(r, "drgan"), "yaw", &yaw)) {
                out.leftmost = std::min(out.leftmost, yaw);
                out.rightmost = std::max(out.rightmost, yaw);
            }
        }
        gst_sample_unref(sample);
    }
    std::string problem;
    while (GstMessage* m = gst_bus_pop(bus)) {
        if (GST_MESSAGE_TYPE(m) == GST_MESSAGE_ERROR) {
            GError* e = nullptr;
            gst_message_parse_error(m, &e, nullptr);
            problem += e->message;
            g_error_free(e);
        }
        if (GST_MESSAGE_TYPE(m) == GST_MESSAGE_ELEMENT && gst_message_has_name(m, "drganfrontalize")) {
            out.messages.emplace_back(m);
        } else {
            gst_message_unref(m);
        }
    }
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(bus);
    gst_object_unref(sink);
    gst_object_unref(pipeline);
    ASSERT_EQ(problem, "");
    ASSERT_TRUE(started);
}

class Clips : public testing::TestWithParam<Case> {};

INSTANTIATE_TEST_SUITE_P(
    All, Clips,
    testing::Values(Case{"head-turn-male.mp4", "I420", true}, Case{"head-turn-female.mp4", "I420", true},
                    Case{"head-turn-male.mp4", "BGRx", true}, Case{"head-turn-female.mp4", "RGB", true},
                    Case{"head-turn-male.mp4", "NV12", false}, Case{"head-turn-male.mp4", "I420", false, true},
                    Case{"head-turn-female.mp4", "NV12", false, true},
                    Case{"head-turn-female.mp4", "RGBx", true, true}));

TEST_P(Clips, AreOnePersonUnderOneId) {
    const char* shared = std::getenv("DRGAN_SHARED");
    const std::string folder = shared != nullptr ? shared : "";
    const std::string clip = folder + "/data/video/" + GetParam().clip;
    if (!std::ifstream(clip)) {
        GTEST_SKIP() << "no " << clip << "; set DRGAN_SHARED to the folder with the research data";
    }
    const std::string yunet = drgan_test::yuNet();
    if (GetParam().yunet && yunet.empty()) {
        GTEST_SKIP() << "no YuNet that this OpenCV can run in " << folder << "/models";
    }
    if (GetParam().followed && !std::ifstream(bundle() + "/aligner.onnx")) {
        GTEST_SKIP() << "no aligner.onnx in " << bundle() << "; set DRGAN_BUNDLE to a bundle that has one";
    }
    const std::string detector =
        std::string(GetParam().yunet ? " detector=" + yunet : "") + (GetParam().followed ? " detect-interval=25" : "");
    Outcome out;
    run("filesrc location=" + clip + " ! decodebin ! videoconvert ! video/x-raw,format=" + GetParam().format +
            " ! drganfrontalize pictures=true embeddings=true bundle=" + bundle() + detector +
            " ! appsink name=out sync=false",
        out);
    ASSERT_GT(out.frames, 20);
    const auto most = std::max_element(out.framesById.begin(), out.framesById.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    ASSERT_NE(most, out.framesById.end()) << "no face was found";
    EXPECT_GE(most->second, out.frames * 95 / 100) << "of " << out.frames << " frames";

    if (GetParam().followed && GetParam().clip == std::string("head-turn-female.mp4")) {
        EXPECT_LT(out.leftmost, -40);  // the clip is shorter than a second, so only the aligner sees the head turn
        EXPECT_GT(out.rightmost, 15);
    }

    std::map<std::string, int> events;
    guint images = 0;
    for (const auto& m : out.messages) {
        if (m.id() != static_cast<guint>(most->first)) {
            continue;
        }
        ++events[m.event()];
        images = std::max(images, m.get<guint>("images", G_TYPE_UINT));
        EXPECT_GE(m.get<guint64>("running-time", G_TYPE_UINT64), 0U);
        if (m.event() != "track-new") {
            EXPECT_TRUE(gst_structure_has_field_typed(m.structure(), "face", GST_TYPE_SAMPLE));
            EXPECT_TRUE(gst_structure_has_field_typed(m.structure(), "frontal", GST_TYPE_SAMPLE));
            EXPECT_TRUE(gst_structure_has_field_typed(m.structure(), "embedding", GST_TYPE_ARRAY));
        }
    }
    EXPECT_EQ(events["track-new"], 1);
    EXPECT_GE(events["track-updated"], 1);
    EXPECT_EQ(events["track-lost"], 1);
    EXPECT_GE(images, 2U);
    RecordProperty("frames", out.frames);
    RecordProperty("framesUnderOneId", most->second);
    RecordProperty("ids", static_cast<int>(out.framesById.size()));
    std::cout << GetParam() << (GetParam().yunet ? " YuNet: " : " own detector: ") << most->second << " of "
              << out.frames << " frames under one id, " << out.framesById.size() << " id(s), " << images
              << " pictures fused\n";
}

}  // namespace

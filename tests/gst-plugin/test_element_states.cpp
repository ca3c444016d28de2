// SPDX-License-Identifier: Apache-2.0
//
// Models, errors, states and unusual caps.
#include <unistd.h>
#include <fstream>

#include "element_fixture.hpp"

namespace {

using drgan_test::Element;
using drgan_test::TempDir;
using drgan_test::TinyOptions;
using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;

struct Broken {
    const char* name;
    std::string (*make)(const std::string& dir);  // writes a bundle
    const char* expected;                         // part of the error's text
    const char* properties = "";
};

std::string whole(const std::string& dir) { return drgan_test::writeTinyBundle(dir + "/bundle"); }

/// A bundle with a detector and an aligner.
std::string writeSeeingBundle(const std::string& dir) {
    drgan_test::TinyOptions options;
    options.withAligner = options.withDetector = true;
    return drgan_test::writeTinyBundle(dir + "/bundle", options);
}

void cutFile(const std::string& path, size_t size) {
    std::ifstream in(path, std::ios::binary);
    std::vector<unsigned char> bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    in.close();
    bytes.resize(std::min(size, bytes.size()));
    drgan_test::writeFile(path, bytes);
}

const Broken broken[] = {
    {"NoBundle", [](const std::string& dir) { return dir + "/nowhere"; }, "/nowhere"},
    {"NoEncoder",
     [](const std::string& dir) {
         const auto b = whole(dir);
         unlink((b + "/encoder.onnx").c_str());
         return b;
     },
     "encoder.onnx"},
    {"NoDecoder",
     [](const std::string& dir) {
         const auto b = whole(dir);
         unlink((b + "/decoder.onnx").c_str());
         return b;
     },
     "decoder.onnx"},
    {"CutEncoder",
     [](const std::string& dir) {
         const auto b = whole(dir);
         cutFile(b + "/encoder.onnx", 200);
         return b;
     },
     "encoder.onnx"},
    {"NotAModel",
     [](const std::string& dir) {
         const auto b = whole(dir);
         drgan_test::writeFile(b + "/decoder.onnx", std::string("this is no model"));
         return b;
     },
     "decoder.onnx"},
    {"OtherBundlesDecoder",
     [](const std::string& dir) {
         const auto b = whole(dir);
         TinyOptions other;
         other.bundleId = "tinz";  // the same length, because the manifest has the file's size
         drgan_test::writeFile(b + "/decoder.onnx", drgan_test::tinyDecoder(other));
         return b;
     },
     "tinz"},
    {"OtherBundlesAligner",
     [](const std::string& dir) {
         TinyOptions own;
         own.withAligner = true;
         const auto b = drgan_test::writeTinyBundle(dir + "/bundle", own);
         TinyOptions other;
         other.bundleId = "tinz";
         drgan_test::writeFile(b + "/aligner.onnx", drgan_test::tinyAligner(other));
         return b;
     },
     "tinz"},
    {"BadManifest",
     [](const std::string& dir) {
         const auto b = whole(dir);
         drgan_test::writeFile(b + "/manifest.json", std::string("{"));
         return b;
     },
     "manifest.json"},
    {"NoDetector", whole, "/nowhere/yunet.onnx", "detect-interval=5 detector=/nowhere/yunet.onnx"},
    {"NoDetectorInTheBundle", whole, "no detector.onnx", "detect-interval=5"},
};

class BrokenModels : public testing::TestWithParam<Broken> {};
INSTANTIATE_TEST_SUITE_P(All, BrokenModels, testing::ValuesIn(broken),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(BrokenModels, FailTheStateChangeAndSayWhichFile) {
    const TempDir dir;
    const std::string bundle = GetParam().make(dir.path());
    Element e(GetParam().properties, bundle);
    EXPECT_EQ(gst_element_set_state(e.element, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
    EXPECT_THAT(e.errors(), HasSubstr(GetParam().expected));
    // The element can be started after the mistake is corrected.
    g_object_set(e.element, "bundle", drgan_test::tinyBundle().c_str(), "detector", nullptr, "detect-interval", 0,
                 nullptr);
    EXPECT_NE(gst_element_set_state(e.element, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE) << e.errors();
}

TEST(Errors, WhatIsMissingHasAnotherCodeThanWhatIsBroken) {
    const auto codeOf = [](Element& e) {
        EXPECT_EQ(gst_element_set_state(e.element, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
        int code = -1;
        for (const auto& m : e.messages(GST_MESSAGE_ERROR)) {
            GError* error = nullptr;
            gst_message_parse_error(m.message, &error, nullptr);
            EXPECT_EQ(error->domain, GST_RESOURCE_ERROR);
            code = error->code;
            g_error_free(error);
        }
        return code;
    };
    Element missing("detect-interval=5 detector=/nowhere/yunet.onnx");
    EXPECT_EQ(codeOf(missing), GST_RESOURCE_ERROR_NOT_FOUND);
    Element broken("detect-interval=5 detector=" + drgan_test::tinyBundle() + "/encoder.onnx");
    EXPECT_EQ(codeOf(broken), GST_RESOURCE_ERROR_OPEN_READ);
}

TEST(Errors, InferenceThatFailsOnAFrameIsAnElementError) {
    const TempDir dir;
    TinyOptions options;
    options.nanWeights = true;  // loads, but computes embeddings that cannot be fused
    Element e("", drgan_test::writeTinyBundle(dir.path() + "/bundle", options));
    if (gst_element_set_state(e.element, GST_STATE_READY) == GST_STATE_CHANGE_FAILURE ||
        gst_element_set_state(e.element, GST_STATE_PAUSED) == GST_STATE_CHANGE_FAILURE) {
        EXPECT_THAT(e.errors(), HasSubstr("encoder.onnx"));  // also right: detected at load
        return;
    }
    e.caps("BGR", 320, 240);
    GstBuffer* in = e.frame();
    Element::addFace(in, 40, 60, 80, 80);
    EXPECT_EQ(gst_harness_push(e.harness, in), GST_FLOW_ERROR);
    EXPECT_THAT(e.errors(), HasSubstr("Processing a frame failed"));
}

TEST(Caps, UnusualSizesAndFrameratesPass) {
    const struct {
        int width, height;
        const char* framerate;
    } cases[] = {{1, 1, "25/1"},  {2, 1, "0/1"},    {1, 300, "25/1"},  {300, 1, "25/1"},
                 {31, 31, "0/1"}, {17, 64, "1/60"}, {3000, 2, "25/1"}, {64, 48, "0/1"}};
    const TempDir dir;
    const std::string seeing = writeSeeingBundle(dir.path());
    for (const char* format : {"BGR", "BGRx", "RGBA", "I420", "NV12"}) {
        for (const auto& c : cases) {
            // One format is enough to test a detector with such sizes.
            const bool detects = format == std::string("I420");
            Element e(detects ? "min-face-size=1 detect-interval=1" : "min-face-size=1",
                      detects ? seeing : drgan_test::tinyBundle());
            e.caps(format, c.width, c.height, c.framerate);
            for (int i = 0; i < 3; ++i) {
                GstBuffer* in = e.frame();
                if (i > 0) {
                    Element::addFace(in, 0, 0, static_cast<guint>(c.width), static_cast<guint>(c.height));
                }
                if (i == 2) {
                    GST_BUFFER_PTS(in) = GST_CLOCK_TIME_NONE;
                    GST_BUFFER_DURATION(in) = GST_CLOCK_TIME_NONE;
                }
                GstBuffer* out = gst_harness_push_and_pull(e.harness, in);
                ASSERT_NE(out, nullptr) << format << " " << c.width << "x" << c.height << ": " << e.errors();
                gst_buffer_unref(out);
            }
        }
    }
}

TEST(Caps, AnAlignerSeesFramesOfAnyFormatAndHostileRegions) {
    const TempDir dir;
    TinyOptions options;
    options.withAligner = true;
    const std::string bundle = drgan_test::writeTinyBundle(dir.path() + "/bundle", options);
    for (const char* format : {"BGR", "BGRA", "RGB", "RGBx", "I420", "NV12"}) {
        for (const auto& size : {std::pair{320, 240}, std::pair{31, 17}, std::pair{1, 1}}) {
            Element e("min-face-size=1", bundle);
            e.caps(format, size.first, size.second);
            for (int i = 0; i < 8; ++i) {
                GstBuffer* in = e.frame();
                if (i % 2 == 0) {
                    Element::addFace(in, 4, 4, 200, 200);
                    Element::addFace(in, 0, 0, 1, 1);
                    Element::addFace(in, 10, 10, 0, 0);
                    Element::addFace(in, G_MAXUINT - 20, G_MAXUINT - 20, 60, 60);
                    Element::addFace(in, 0, 0, G_MAXUINT, G_MAXUINT);
                    Element::addFace(in, G_MAXINT, G_MAXINT, G_MAXINT, 3);
                    Element::addFace(in, 300, 200, 2000000, 2000000);
                }
                GstBuffer* out = gst_harness_push_and_pull(e.harness, in);
                ASSERT_NE(out, nullptr) << format << " " << size.first << "x" << size.second << ": " << e.errors();
                gst_buffer_unref(out);
            }
        }
    }
}

TEST(Caps, FramesWithoutTimesAreTrackedAtTheirRate) {
    Element e("track-timeout=1000");
    e.caps("BGR", 320, 240, "10/1");
    const auto push = [&](bool face) {
        GstBuffer* in = e.frame();
        GST_BUFFER_PTS(in) = GST_CLOCK_TIME_NONE;
        if (face) {
            Element::addFace(in, 40, 60, 80, 80);
        }
        gst_buffer_unref(gst_harness_push_and_pull(e.harness, in));
    };
    push(true);
    EXPECT_EQ(e.events().size(), 2U);
    for (int i = 0; i < 10; ++i) {
        push(false);
    }
    EXPECT_THAT(e.events(), IsEmpty());
    push(false);
    EXPECT_THAT(e.events(), testing::ElementsAre("track-lost 1"));
}

size_t residentBytes() {
    std::ifstream in("/proc/self/statm");
    size_t total = 0;
    size_t resident = 0;
    in >> total >> resident;
    return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

TEST(States, AHundredCyclesDoNotGrow) {
    if (residentBytes() == 0) {
        GTEST_SKIP() << "no /proc/self/statm on this system to read the resident memory from";
    }
#if defined(__SANITIZE_ADDRESS__)
    // Freed memory stays in the sanitizer's quarantine. It detects leaks itself, so few of its slow cycles are enough.
    constexpr int cycles = 10;
    constexpr size_t allowed = size_t{200} << 20;
#else
    constexpr int cycles = 100;
    constexpr size_t allowed = size_t{8} << 20;
#endif
    const TempDir dir;
    const std::string bundle = writeSeeingBundle(dir.path());
    constexpr int warmUp = cycles / 5;
    size_t warm = 0;
    for (int cycle = 0; cycle < warmUp + cycles; ++cycle) {
        if (cycle == warmUp) {
            warm = residentBytes();
        }
        Element e(cycle % 5 == 0 ? "detect-interval=5" : "", bundle);
        // Each element starts twice.
        ASSERT_NE(gst_element_set_state(e.element, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE) << e.errors();
        ASSERT_EQ(gst_element_set_state(e.element, GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
        e.caps("I420", 320, 240);
        gst_buffer_unref(e.pushFace(40, 60, 80));
    }
    EXPECT_LT(residentBytes(), warm + allowed);
}

TEST(States, StopEndsTheTracks) {
    Element e;
    e.caps("BGR", 320, 240);
    gst_buffer_unref(e.pushFace(40, 60, 80));
    e.messages();
    gst_element_set_state(e.element, GST_STATE_READY);
    EXPECT_THAT(e.events(), testing::ElementsAre("track-lost 1"));
}

TEST(States, ALongTrackDoesNotGrow) {
    Element e("encode-interval=0 refresh-interval=0 update-threshold=0 pictures=true embeddings=true");
    e.caps("NV12", 160, 120);
    size_t warm = 0;
    for (int i = 0; i < 3000; ++i) {
        if (i == 500) {
            warm = residentBytes();
        }
        GstBuffer* out = e.pushFace(40, 30, 60);
        ASSERT_NE(out, nullptr);
        gst_buffer_unref(out);
        e.messages();
    }
#if defined(__SANITIZE_ADDRESS__)
    EXPECT_LT(residentBytes(), warm + (size_t{200} << 20));  // quarantine, see above
#else
    EXPECT_LT(residentBytes(), warm + (size_t{4} << 20));
#endif
}

guint64 skipped(Element& e) {
    GstStructure* stats = nullptr;
    g_object_get(e.element, "stats", &stats, nullptr);
    guint64 value = G_MAXUINT64;
    EXPECT_TRUE(gst_structure_get_uint64(stats, "skipped", &value));
    gst_structure_free(stats);
    return value;
}

// A QoS event about the last frames of a run does not apply to the next run.
TEST(Lateness, OfOneRunDoesNotStarveTheNext) {
    Element e;
    const auto play = [&](bool late) {
        e.count = 0;
        for (int i = 0; i < 10; ++i) {
            gst_buffer_unref(e.pushFace(40, 60, 80));
        }
        const guint64 count = skipped(e);
        if (late) {
            gst_harness_push_upstream_event(
                e.harness, gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 0.1, 60 * GST_SECOND, 400 * GST_MSECOND));
        }
        return count;
    };
    e.caps("BGR", 320, 240);
    EXPECT_EQ(play(true), 0U);
    gst_buffer_unref(e.pushFace(40, 60, 80));
    EXPECT_EQ(skipped(e), 1U) << "within the run it applies";
    gst_element_set_state(e.element, GST_STATE_READY);
    gst_element_set_state(e.element, GST_STATE_PLAYING);
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    const auto begin = [&](const char* id) {
        gst_harness_push_event(e.harness, gst_event_new_stream_start(id));
        GstCaps* caps = gst_video_info_to_caps(&e.info);
        gst_harness_push_event(e.harness, gst_event_new_caps(caps));
        gst_caps_unref(caps);
        gst_harness_push_event(e.harness, gst_event_new_segment(&segment));
    };
    begin("again");
    EXPECT_EQ(play(true), 0U);
    gst_harness_push_event(e.harness, gst_event_new_flush_start());
    gst_harness_push_event(e.harness, gst_event_new_flush_stop(TRUE));
    gst_harness_push_event(e.harness, gst_event_new_segment(&segment));
    EXPECT_EQ(play(true), 0U);
    begin("another");
    EXPECT_EQ(play(false), 0U);
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
//
// Whole pipelines: live sources, late sinks, several branches and streams.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "element_fixture.hpp"
#include "element_log.hpp"
#include "run_pipeline.hpp"

namespace {

using drgan_test::Element;
using drgan_test::Log;
using drgan_test::onBuffers;
using drgan_test::regionsOf;
using drgan_test::runPipeline;

std::string drgan(const std::string& properties = {}) {
    return " ! drganfrontalize bundle=" + drgan_test::tinyBundle() + " detect-interval=0 " + properties + " ";
}

GstBuffer* withFaces(GstBuffer* buffer, guint faces = 1) {
    buffer = gst_buffer_make_writable(buffer);
    for (guint i = 0; i < faces; ++i) {
        Element::addFace(buffer, 10 + i % 4 * 78, 10 + i / 4 * 110, 70, 70);
    }
    return buffer;
}

bool installed(const char* element) {
    GstElementFactory* factory = gst_element_factory_find(element);
    const bool there = factory != nullptr;
    gst_clear_object(&factory);
    return there;
}

/// The shipped bundle's encoder and decoder without the networks that would reject noise as no face.
std::string withoutAligner(const std::string& bundle, const std::string& folder) {
    std::ifstream in(bundle + "/manifest.json");
    auto manifest = nlohmann::json::parse(in);
    auto files = nlohmann::json::array();
    for (const auto& file : manifest["files"]) {
        const auto name = file["name"].get<std::string>();
        if (name == "encoder.onnx" || name == "decoder.onnx") {
            files.push_back(file);
            std::filesystem::copy(bundle + "/" + name, folder + "/" + name);
        }
    }
    manifest["files"] = files;
    drgan_test::writeFile(folder + "/manifest.json", manifest.dump());
    return folder;
}

// With the shipped bundle, eight faces and every picture encoded, a frame takes tens of milliseconds, and the source
// gives 100 frames a second. The sink shows frames on time, sends QoS events for late ones, and drops none.
TEST(Live, WhenInferenceIsTooSlowFramesFlowAtTheSourcesRateWithTheNewestResults) {
    Log log("drganfrontalize:2");
    const char* shipped = g_getenv("DRGAN_BUNDLE");
    ASSERT_NE(shipped, nullptr);
    const drgan_test::TempDir dir;
    const std::string bundle = withoutAligner(shipped, dir.path());
    constexpr guint frames = 300;
    constexpr double interval = 10;  // ms
    std::vector<bool> known;         // per frame at the sink: whether every face has results
    guint64 skipped = 0;
    guint64 counted = 0;
    gdouble slowest = 0;
    const auto start = std::chrono::steady_clock::now();
    const std::string error = runPipeline(
        "videotestsrc name=source is-live=true num-buffers=300 ! "
        "video/x-raw,format=I420,width=320,height=240,framerate=100/1 ! drganfrontalize name=drgan detect-interval=0 "
        "encode-interval=0 refresh-interval=0 update-threshold=0 bundle=" +
            bundle + " ! fakesink name=sink sync=true qos=true max-lateness=-1",
        [&](GstBin* bin) {
            onBuffers(bin, "source", "src", [](GstBuffer* b) { return withFaces(b, 8); });
            onBuffers(bin, "sink", "sink", [&](GstBuffer* b) {
                const auto regions = regionsOf(b);
                known.push_back(std::count_if(regions.begin(), regions.end(), [](auto* r) {
                                    return gst_video_region_of_interest_meta_get_param(r, "drgan") != nullptr;
                                }) > 0);
                return b;
            });
        },
        [&](GstBin* bin) {
            GstElement* element = gst_bin_get_by_name(bin, "drgan");
            GstStructure* stats = nullptr;
            g_object_get(element, "stats", &stats, nullptr);
            gst_structure_get_uint64(stats, "skipped", &skipped);
            gst_structure_get_uint64(stats, "frames", &counted);
            gst_structure_get_double(stats, "frame-p99", &slowest);
            gst_structure_free(stats);
            gst_object_unref(element);
        });
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    ASSERT_EQ(error, "");
    EXPECT_EQ(known.size(), frames) << "a frame was dropped";
    EXPECT_EQ(counted, frames);
    if (slowest < 1.5 * interval) {
        GTEST_SKIP() << "this machine is faster than the stream: " << slowest << " ms a frame";
    }
    EXPECT_GT(skipped, 0U);
    EXPECT_LT(skipped, frames);
    EXPECT_EQ(log.lines("drganfrontalize", "slower than the stream").size(), 1U);
    // Inference on every frame would have taken frames * slowest, at most.
    EXPECT_LT(took.count(), std::max(2 * frames * interval, 0.7 * frames * slowest))
        << skipped << " skipped, " << slowest << " ms a frame";
    // Every frame after the first one with inference has results.
    EXPECT_LT(std::count(known.begin(), known.end(), false), frames / 10);
}

TEST(Live, ASourceInTimeIsNeverSkipped) {
    guint64 skipped = 1;
    guint64 frames = 0;
    EXPECT_EQ(runPipeline(
                  "videotestsrc name=source is-live=true num-buffers=20 ! "
                  "video/x-raw,format=NV12,width=320,height=240,framerate=20/1" +
                      drgan("name=drgan") + "! fakesink sync=true qos=true max-lateness=-1",
                  [](GstBin* bin) { onBuffers(bin, "source", "src", [](GstBuffer* b) { return withFaces(b); }); },
                  [&](GstBin* bin) {
                      GstElement* element = gst_bin_get_by_name(bin, "drgan");
                      GstStructure* stats = nullptr;
                      g_object_get(element, "stats", &stats, nullptr);
                      gst_structure_get_uint64(stats, "skipped", &skipped);
                      gst_structure_get_uint64(stats, "frames", &frames);
                      gst_structure_free(stats);
                      gst_object_unref(element);
                  }),
              "");
    EXPECT_EQ(frames, 20U);
    EXPECT_LT(skipped, 10U) << "frames take a few milliseconds and are fifty apart";
}

TEST(Latency, IsUpstreamsAndNothingMore) {
    for (const char* display : {"display=true", "display=false"}) {
        Element e(display);
        e.caps("I420", 320, 240);
        for (const GstClockTime upstream :
             {GstClockTime{0}, GstClockTime{33 * GST_MSECOND}, GstClockTime{2 * GST_SECOND}}) {
            gst_harness_set_upstream_latency(e.harness, upstream);
            EXPECT_EQ(gst_harness_query_latency(e.harness), upstream);
        }
        // Each frame leaves within its own push.
        gst_harness_push(e.harness, e.frame());
        EXPECT_EQ(gst_harness_buffers_in_queue(e.harness), 1U);
    }
}

TEST(Latency, OfALivePipelineIsTheSources) {
    const auto latencyOf = [](const std::string& element) {
        GstClockTime latency = GST_CLOCK_TIME_NONE;
        EXPECT_EQ(runPipeline("videotestsrc is-live=true num-buffers=10 ! "
                              "video/x-raw,format=I420,width=320,height=240,framerate=50/1" +
                                  element + "! fakesink name=sink sync=true",
                              {},
                              [&](GstBin* bin) {
                                  GstQuery* query = gst_query_new_latency();
                                  gboolean live = FALSE;
                                  EXPECT_TRUE(gst_element_query(GST_ELEMENT(bin), query));
                                  gst_query_parse_latency(query, &live, &latency, nullptr);
                                  EXPECT_TRUE(live);
                                  gst_query_unref(query);
                              }),
                  "");
        return latency;
    };
    EXPECT_EQ(latencyOf(drgan()), latencyOf(" ! identity "));
}

TEST(Branches, OneDrawnOnLeavesTheOthersPixelsAlone) {
    std::atomic<int> drawn{0};
    std::atomic<int> plain{0};
    std::vector<guint8> source;
    EXPECT_EQ(
        runPipeline("videotestsrc name=source num-buffers=30 pattern=white ! "
                    "video/x-raw,format=I420,width=320,height=240 ! tee name=t " +
                        std::string("t. ! queue") + drgan("display=true") + "! fakesink name=drawn " + "t. ! queue" +
                        drgan("display=false") + "! fakesink name=untouched t. ! queue ! fakesink name=plain",
                    [&](GstBin* bin) {
                        onBuffers(bin, "source", "src", [&](GstBuffer* b) {
                            if (source.empty()) {
                                source = drgan_test::bytesOf(b);
                            }
                            return withFaces(b);
                        });
                        onBuffers(bin, "drawn", "sink", [&](GstBuffer* b) {
                            drawn += drgan_test::bytesOf(b) != source ? 1 : 0;
                            return b;
                        });
                        for (const char* name : {"untouched", "plain"}) {
                            onBuffers(bin, name, "sink", [&](GstBuffer* b) {
                                plain += drgan_test::bytesOf(b) == source ? 1 : 0;
                                return b;
                            });
                        }
                    }),
        "");
    EXPECT_EQ(drawn, 30);
    EXPECT_EQ(plain, 60);
}

struct Smoke {
    const char* name;
    const char* needs;        // an element that has to be installed
    const char* description;  // %s: drganfrontalize
};

class Pipelines : public testing::TestWithParam<Smoke> {};

INSTANTIATE_TEST_SUITE_P(
    Of, Pipelines,
    testing::Values(
        Smoke{"Compositor", "compositor",
              "videotestsrc num-buffers=20 ! video/x-raw,width=320,height=240 ! videoconvert DRGAN ! c.sink_0 "
              "videotestsrc num-buffers=20 pattern=ball ! video/x-raw,width=320,height=240 ! videoconvert DRGAN ! "
              "c.sink_1 "
              "compositor name=c sink_1::xpos=320 ! video/x-raw,width=640,height=240 ! fakesink"},
        Smoke{"Encoder", "x264enc",
              "videotestsrc num-buffers=20 ! video/x-raw,width=320,height=240 ! videoconvert DRGAN ! x264enc "
              "tune=zerolatency ! h264parse ! fakesink"},
        Smoke{"DecodedWithPaddedRows", "avdec_h264",
              "videotestsrc num-buffers=20 ! video/x-raw,format=I420,width=322,height=242 ! x264enc ! h264parse ! "
              "avdec_h264 DRGAN "
              "! fakesink"},
        Smoke{"Jpeg", "jpegdec",
              "videotestsrc num-buffers=20 ! video/x-raw,width=322,height=242 ! jpegenc ! jpegdec DRGAN ! fakesink"},
        Smoke{"BoxedAndCropped", "videobox",
              "videotestsrc num-buffers=20 ! video/x-raw,width=320,height=240 ! videobox left=3 top=5 ! videocrop "
              "right=7 ! "
              "videoconvert DRGAN ! videoflip method=horizontal-flip ! fakesink"},
        Smoke{"RateAndScaleBehind", "videorate",
              "videotestsrc num-buffers=20 ! video/x-raw,width=320,height=240 ! videoconvert DRGAN ! videorate ! "
              "video/x-raw,framerate=50/1 ! videoscale ! video/x-raw,width=100,height=60 ! fakesink"},
        Smoke{
            "Rtp", "rtph264pay",
            "videotestsrc num-buffers=20 is-live=true ! video/x-raw,width=320,height=240,framerate=50/1 ! x264enc "
            "tune=zerolatency ! rtph264pay ! rtpjitterbuffer latency=50 ! rtph264depay ! avdec_h264 DRGAN ! fakesink"},
        Smoke{"FacesBesideTheVideo", "multifilesink",
              "videotestsrc num-buffers=20 ! video/x-raw,width=320,height=240 ! videoconvert DRGAN name=d ! fakesink "
              "d.faces "
              "! fakesink async=false"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_P(Pipelines, PlayToTheirEnd) {
    if (!installed(GetParam().needs)) {
        GTEST_SKIP() << "there is no element " << GetParam().needs << " here";
    }
    std::string description = GetParam().description;
    int n = 0;
    for (size_t at = 0; (at = description.find("DRGAN")) != std::string::npos; ++n) {
        description.replace(at, 5, "! identity name=in" + std::to_string(n) + drgan());
    }
    std::atomic<int> frames{0};
    const std::string error = runPipeline(description, [&](GstBin* bin) {
        for (int i = 0; i < n; ++i) {
            onBuffers(bin, ("in" + std::to_string(i)).c_str(), "src", [&](GstBuffer* b) {
                ++frames;
                return withFaces(b);
            });
        }
    });
    if (error.find("no element") != std::string::npos) {
        GTEST_SKIP() << error;
    }
    EXPECT_EQ(error, "");
    EXPECT_GE(frames, 19 * n);
}

}  // namespace

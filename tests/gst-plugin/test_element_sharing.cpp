// SPDX-License-Identifier: Apache-2.0
//
// Several elements in one process.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <thread>

#include "element_fixture.hpp"
#include "element_log.hpp"
#include "run_pipeline.hpp"

namespace {

using drgan_test::Element;
using drgan_test::Log;
using drgan_test::runPipeline;
using drgan_test::TempDir;
using drgan_test::TinyOptions;

std::string writeSeeingBundle(const std::string& folder, unsigned seed = 1) {
    TinyOptions options;
    options.withAligner = options.withDetector = true;
    options.seed = seed;
    options.landmarks = {0.4F, 0.41F, 0.6F, 0.41F, 0.5F,
                         0.5F, 0.43F, 0.6F, 0.57F, 0.6F};  // takes anything bright for a face
    return drgan_test::writeTinyBundle(folder, options);
}

struct Counts {
    size_t loads = 0;
    size_t networks = 0;
};

/// The counts that the last started element has logged.
Counts newest(Log& log) {
    Counts counts;
    const auto lines = log.lines("drganfrontalize", "this process has loaded");
    EXPECT_FALSE(lines.empty());
    if (!lines.empty()) {
        EXPECT_EQ(std::sscanf(lines.back().c_str(), "this process has loaded %zu networks; %zu are in use",
                              &counts.loads, &counts.networks),
                  2)
            << lines.back();
    }
    return counts;
}

Counts start(Log& log, Element& e) {
    EXPECT_NE(gst_element_set_state(e.element, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE) << e.errors();
    return newest(log);
}

TEST(Sharing, ElementsOfOneBundleLoadItOnce) {
    Log log("drganfrontalize:4");
    const TempDir dir;
    const std::string bundle = writeSeeingBundle(dir.path() + "/bundle");
    Element first("detect-interval=5", bundle);
    const Counts one = start(log, first);
    EXPECT_EQ(one.networks, 4U);
    Element second("detect-interval=5 display=false", bundle);
    Element third("", bundle);
    start(log, second);
    const Counts all = start(log, third);
    EXPECT_EQ(all.loads, one.loads);
    EXPECT_EQ(all.networks, 4U);

    Element other("detect-interval=5", writeSeeingBundle(dir.path() + "/other", 2));
    EXPECT_EQ(start(log, other).loads, one.loads + 4);

    // Networks stay loaded until the last element that uses them stops.
    gst_element_set_state(first.element, GST_STATE_NULL);
    EXPECT_EQ(start(log, first).loads, one.loads + 4);
    for (auto* e : {&first, &second, &third}) {
        gst_element_set_state(e->element, GST_STATE_NULL);
    }
    EXPECT_EQ(start(log, second).loads, one.loads + 8);
}

TEST(Sharing, ABundleReplacedWhilePlayingIsForThoseWhoStartLater) {
    const TempDir dir;
    const auto confidenceOf = [](Element& e) {
        GstBuffer* in = e.frame(7);
        Element::addFace(in, 40, 60, 80, 80);
        GstBuffer* out = gst_harness_push_and_pull(e.harness, in);
        EXPECT_NE(out, nullptr) << e.errors();
        gdouble confidence = -1;
        gst_structure_get_double(gst_video_region_of_interest_meta_get_param(drgan_test::regionsOf(out).at(0), "drgan"),
                                 "confidence", &confidence);
        gst_buffer_unref(out);
        gst_harness_push_event(e.harness, gst_event_new_stream_start("anew"));  // forgets the face
        GstSegment segment;
        gst_segment_init(&segment, GST_FORMAT_TIME);
        gst_harness_push_event(e.harness, gst_event_new_segment(&segment));
        return confidence;
    };
    const std::string bundle = drgan_test::writeTinyBundle(dir.path() + "/bundle");
    Element before("", bundle);
    before.caps("BGR", 320, 240);
    const double old = confidenceOf(before);
    TinyOptions options;
    options.seed = 2;
    drgan_test::writeTinyBundle(bundle, options);
    Element after("", bundle);
    after.caps("BGR", 320, 240);
    EXPECT_EQ(confidenceOf(before), old);
    EXPECT_NE(confidenceOf(after), old);
    // The first element loads the new files at its next start.
    gst_element_set_state(before.element, GST_STATE_READY);
    gst_element_set_state(before.element, GST_STATE_PLAYING);
    before.caps("BGR", 320, 240);
    EXPECT_EQ(confidenceOf(before), confidenceOf(after));
    EXPECT_EQ(before.errors() + after.errors(), "");
}

struct Told {
    std::string event;
    guint id;
    gdouble confidence;
    gdouble total;
    bool operator==(const Told& o) const {
        return event == o.event && id == o.id && confidence == o.confidence && total == o.total;
    }
};

/// Plays frames with a detector and faces from upstream, and returns all messages.
std::vector<Told> play(const std::string& bundle, int width, int height, guint frames = 60) {
    std::vector<Told> told;
    Element e("detect-interval=2 encode-interval=0 refresh-interval=0 update-threshold=0 track-timeout=100", bundle);
    e.caps("NV12", width, height);
    for (guint i = 0; i < frames; ++i) {
        GstBuffer* in = e.frame(i);
        GstMapInfo map;
        gst_buffer_map(in, &map, GST_MAP_READWRITE);
        std::for_each(map.data, map.data + map.size, [](guint8& v) { v |= 0x80; });
        gst_buffer_unmap(in, &map);
        if (i % 20 < 15) {  // the detector runs, too
            Element::addFace(in, 40 + i, 60, 80, 80);
        }
        GstBuffer* out = gst_harness_push_and_pull(e.harness, in);
        if (out == nullptr) {
            ADD_FAILURE() << e.errors();
            return told;
        }
        gst_buffer_unref(out);
    }
    gst_element_set_state(e.element, GST_STATE_READY);
    for (const auto& m : e.messages()) {
        told.push_back({m.event(), m.id(), m.get<gdouble>("confidence", G_TYPE_DOUBLE),
                        m.get<gdouble>("total-confidence", G_TYPE_DOUBLE)});
    }
    return told;
}

TEST(Sharing, StreamsOfAllSizesGetWhatEachWouldAlone) {
    const TempDir dir;
    const std::string seeing = writeSeeingBundle(dir.path() + "/bundle");
    const struct { int width, height; } sizes[] = {{320, 240}, {320, 240}, {640, 480}, {400, 304}};
    std::vector<std::vector<Told>> alone;
    for (const auto& s : sizes) {
        alone.push_back(play(seeing, s.width, s.height));
        EXPECT_GE(alone.back().size(), 60U) << "one picture per frame";
    }
    std::vector<Told> together[4];
    std::vector<std::thread> threads;
    for (size_t i = 0; i < 4; ++i) {
        threads.emplace_back([&, i] { together[i] = play(seeing, sizes[i].width, sizes[i].height); });
    }
    for (auto& t : threads) {
        t.join();
    }
    for (size_t i = 0; i < 4; ++i) {
        EXPECT_TRUE(together[i] == alone[i]) << i;
    }
}

TEST(Sharing, ElementsStartAndStopWhileOthersPlay) {
    const TempDir dir;
    const std::string bundle = writeSeeingBundle(dir.path() + "/bundle");
    const auto alone = play(bundle, 320, 240);
    EXPECT_FALSE(alone.empty());
    std::atomic<bool> stop{false};
    std::vector<std::thread> churn;
    std::atomic<int> cycles{0};
    for (int t = 0; t < 3; ++t) {
        churn.emplace_back([&] {
            while (!stop) {
                Element e("detect-interval=5", bundle);
                if (gst_element_set_state(e.element, GST_STATE_PAUSED) == GST_STATE_CHANGE_FAILURE) {
                    ADD_FAILURE() << e.errors();
                    return;
                }
                gst_element_set_state(e.element, GST_STATE_NULL);
                ++cycles;
            }
        });
    }
    for (int i = 0; i < 3 || cycles < 100; ++i) {
        EXPECT_TRUE(play(bundle, 320, 240) == alone);
    }
    stop = true;
    for (auto& t : churn) {
        t.join();
    }
}

TEST(Sharing, SixteenElementsOfOnePipelineLoadOneBundle) {
    Log log("drganfrontalize:4");
    const TempDir dir;
    const std::string bundle = writeSeeingBundle(dir.path() + "/bundle");
    size_t before = 0;
    {
        Element e("", drgan_test::tinyBundle());
        before = start(log, e).loads;
    }
    std::string description;
    for (int i = 0; i < 16; ++i) {
        description +=
            "videotestsrc num-buffers=30 ! video/x-raw,format=I420,width=160,height=120 ! drganfrontalize "
            "detect-interval=1 bundle=" +
            bundle + " ! fakesink ";
    }
    EXPECT_EQ(runPipeline(description), "");
    const auto lines = log.lines("drganfrontalize", "this process has loaded");
    EXPECT_EQ(lines.size(), 17U);
    const Counts counts = newest(log);
    // One of each network at the start, and more if streams had to wait for each other before the last one started.
    EXPECT_GE(counts.loads, before + 4);
    EXPECT_LE(counts.loads, before + 4 * static_cast<size_t>(g_get_num_processors()));
    EXPECT_LE(counts.networks, 4 * static_cast<size_t>(g_get_num_processors()));
}

TEST(Sharing, APipelinesOwnElementsOneBehindTheOther) {
    const std::string drgan = " ! drganfrontalize detect-interval=0 bundle=" + drgan_test::tinyBundle();
    EXPECT_EQ(runPipeline("videotestsrc num-buffers=50 ! video/x-raw,format=BGRx,width=160,height=120" + drgan +
                          " ! queue" + drgan + " display=false ! fakesink"),
              "");
}

}  // namespace

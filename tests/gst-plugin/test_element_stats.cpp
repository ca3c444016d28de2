// SPDX-License-Identifier: Apache-2.0
//
// The element's counters and log.
#include "element_fixture.hpp"
#include "element_log.hpp"

namespace {

using drgan_test::Element;
using drgan_test::Log;
using drgan_test::TempDir;
using drgan_test::TinyOptions;
using testing::HasSubstr;

class Stats {
public:
    explicit Stats(Element& e) { g_object_get(e.element, "stats", &structure_, nullptr); }
    ~Stats() { gst_structure_free(structure_); }
    Stats(const Stats&) = delete;
    Stats& operator=(const Stats&) = delete;

    guint64 count(const char* field) const {
        guint64 value = G_MAXUINT64;
        EXPECT_TRUE(gst_structure_get_uint64(structure_, field, &value)) << field << " is missing";
        return value;
    }
    bool has(const std::string& field) const { return gst_structure_has_field(structure_, field.c_str()) != FALSE; }
    double milliseconds(const std::string& field) const {
        gdouble value = -1;
        EXPECT_TRUE(gst_structure_get_double(structure_, field.c_str(), &value)) << field << " is missing";
        return value;
    }

private:
    GstStructure* structure_ = nullptr;
};

std::string writeSeeingBundle(const std::string& dir) {
    TinyOptions options;
    options.withAligner = options.withDetector = true;
    return drgan_test::writeTinyBundle(dir + "/bundle", options);
}

TEST(ElementStats, CountFramesFacesTracksAndEncodes) {
    Element e("encode-interval=0 refresh-interval=0");
    EXPECT_EQ(Stats(e).count("frames"), 0U);
    e.caps("BGR", 320, 240);
    gst_buffer_unref(gst_harness_push_and_pull(e.harness, e.frame()));
    {
        const Stats s(e);
        EXPECT_EQ(s.count("frames"), 1U);
        EXPECT_EQ(s.count("faces"), 0U);
        EXPECT_FALSE(s.has("encode-median"));
        EXPECT_FALSE(s.has("draw-median"));
    }
    for (int i = 0; i < 3; ++i) {
        GstBuffer* in = e.frame();
        Element::addFace(in, 40, 60, 80, 80);
        Element::addFace(in, 200, 60, 80, 80);
        gst_buffer_unref(gst_harness_push_and_pull(e.harness, in));
    }
    const Stats s(e);
    EXPECT_EQ(s.count("frames"), 4U);
    EXPECT_EQ(s.count("skipped"), 0U);
    EXPECT_EQ(s.count("faces"), 6U);
    EXPECT_EQ(s.count("tracks"), 2U);
    EXPECT_EQ(s.count("encodes"), 6U);
    for (const std::string stage : {"encode", "decode", "draw", "frame"}) {
        EXPECT_GT(s.milliseconds(stage + "-median"), 0) << stage;
        EXPECT_GE(s.milliseconds(stage + "-p99"), s.milliseconds(stage + "-median")) << stage;
    }
    EXPECT_GE(s.milliseconds("frame-p99"), s.milliseconds("encode-p99"));
    EXPECT_FALSE(s.has("detect-median"));
    EXPECT_FALSE(s.has("align-median"));
}

TEST(ElementStats, HaveAStageForDetectorAndAligner) {
    const TempDir dir;
    Element e("detect-interval=1 display=false", writeSeeingBundle(dir.path()));
    e.caps("BGR", 320, 240);
    GstBuffer* in = e.frame();
    Element::addFace(in, 40, 60, 80, 80);
    gst_buffer_unref(gst_harness_push_and_pull(e.harness, in));
    EXPECT_TRUE(Stats(e).has("align-p99"));
    EXPECT_FALSE(Stats(e).has("detect-p99")) << "upstream's faces switch the detector off";
    EXPECT_FALSE(Stats(e).has("draw-p99"));
    gst_harness_push_event(e.harness, gst_event_new_stream_start("another"));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_harness_push_event(e.harness, gst_event_new_segment(&segment));
    gst_buffer_unref(gst_harness_push_and_pull(e.harness, e.frame()));
    EXPECT_TRUE(Stats(e).has("detect-p99"));
}

TEST(ElementStats, StayAfterTheStopAndBeginAnewWithTheStart) {
    Element e;
    e.caps("BGR", 320, 240);
    gst_buffer_unref(e.pushFace(40, 60, 80));
    gst_element_set_state(e.element, GST_STATE_NULL);
    EXPECT_EQ(Stats(e).count("encodes"), 1U);
    gst_element_set_state(e.element, GST_STATE_PAUSED);
    EXPECT_EQ(Stats(e).count("frames"), 0U);
    EXPECT_FALSE(Stats(e).has("encode-median"));
}

TEST(ElementStats, LateFramesAreCountedKeepTheNewestResultsAndAreLoggedOnce) {
    Log log("drganfrontalize:2");
    Element e("encode-interval=0 refresh-interval=0");
    e.caps("BGR", 320, 240);
    gst_buffer_unref(e.pushFace(40, 60, 80));
    gst_harness_push_upstream_event(
        e.harness, gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 0.5, 300 * GST_MSECOND, 0));  // late until 600 ms
    for (int i = 1; i < 17; ++i) {
        // Every third frame has its face from upstream; on the others the element predicts where it is.
        GstBuffer* in = e.frame();
        if (i % 3 == 0) {
            Element::addFace(in, 40, 60, 80, 80);
        }
        GstBuffer* out = gst_harness_push_and_pull(e.harness, in);
        ASSERT_NE(out, nullptr) << i;
        const auto regions = drgan_test::regionsOf(out);
        ASSERT_EQ(regions.size(), 1U) << i;
        EXPECT_EQ(regions[0]->id, 1);
        guint images = 0;
        const GstStructure* drgan = gst_video_region_of_interest_meta_get_param(regions[0], "drgan");
        EXPECT_TRUE(gst_structure_get_uint(drgan, "images", &images));
        EXPECT_EQ(images, i < 15 ? 1U : 2U) << i;
        gst_buffer_unref(out);
    }
    const Stats s(e);
    EXPECT_EQ(s.count("frames"), 17U);
    EXPECT_EQ(s.count("skipped"), 14U);  // 40 to 560 ms
    EXPECT_EQ(s.count("encodes"), 2U);
    EXPECT_EQ(log.lines("drganfrontalize", "slower than the stream").size(), 1U);
}

TEST(Logs, HaveACategoryPerPart) {
    Log log("drgan-detect:5,drgan-align:5,drgan-track:4,drgan-encode:5,drgan-decode:5");
    {
        const TempDir dir;
        Element seeing("detect-interval=1", writeSeeingBundle(dir.path()));
        seeing.caps("BGR", 320, 240);
        gst_buffer_unref(gst_harness_push_and_pull(seeing.harness, seeing.frame()));
        Element e;
        e.caps("BGR", 320, 240);
        gst_buffer_unref(e.pushFace(40, 60, 80));
    }
    EXPECT_FALSE(log.lines("drgan-detect", "faces detected in").empty());
    EXPECT_FALSE(log.lines("drgan-align", "tracks followed").empty());
    EXPECT_EQ(log.lines("drgan-encode", "track 1: first picture").size(), 1U);
    EXPECT_EQ(log.lines("drgan-decode", "drawn in").size(), 1U);
    EXPECT_EQ(log.lines("drgan-track", "track 1 new").size(), 1U);
    EXPECT_EQ(log.lines("drgan-track", "track 1 lost").size(), 1U);
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
//
// The request pad "faces": its stream compared with the video's.
#include <filesystem>
#include <fstream>

#include "criticals.hpp"
#include "element_fixture.hpp"
#include "run_pipeline.hpp"
#include "taken_faces.hpp"

namespace {

using drgan_test::Criticals;
using drgan_test::Element;
using drgan_test::runPipeline;
using drgan_test::Taken;
using testing::ElementsAre;

constexpr const char* everyFrame = "display=false encode-interval=0 refresh-interval=0 update-threshold=0";

std::string drgan() {
    return " ! drganfrontalize name=d display=false detect-interval=0 bundle=" + drgan_test::tinyBundle();
}

GstEvent* numbered(GstEvent* event, guint32 seqnum) {
    gst_event_set_seqnum(event, seqnum);
    return event;
}

GstEvent* startOf(const char* id, guint group, guint32 seqnum) {
    GstEvent* start = gst_event_new_stream_start(id);
    gst_event_set_group_id(start, group);
    return numbered(start, seqnum);
}

GstEvent* segmentFrom(GstClockTime start, guint32 seqnum, GstFormat format = GST_FORMAT_TIME) {
    GstSegment segment;
    gst_segment_init(&segment, format);
    segment.start = segment.time = start;
    return numbered(gst_event_new_segment(&segment), seqnum);
}

std::string idOf(GstEvent* start) {
    const gchar* id = nullptr;
    gst_event_parse_stream_start(start, &id);
    return id;
}

guint groupOf(GstEvent* start) {
    guint group = 0;
    EXPECT_TRUE(gst_event_parse_group_id(start, &group));
    return group;
}

TEST(FacesStream, IsOfTheVideosGroupAndNumbers) {
    Element e(everyFrame);
    Taken faces(e.element);
    e.caps("BGR", 320, 240);
    gst_harness_push_event(e.harness, startOf("video", 77, 1001));
    gst_harness_push_event(e.harness, segmentFrom(0, 1002));
    gst_buffer_unref(e.pushFace(40, 60, 80));
    ASSERT_EQ(faces.wait(1).size(), 1U);
    GstEvent* start = faces.event(GST_EVENT_STREAM_START);
    ASSERT_NE(start, nullptr);
    EXPECT_EQ(idOf(start), "video/faces");
    EXPECT_EQ(groupOf(start), 77U);
    EXPECT_EQ(gst_event_get_seqnum(start), 1001U);
    EXPECT_EQ(gst_event_get_seqnum(faces.event(GST_EVENT_SEGMENT)), 1002U);

    gst_harness_push_event(e.harness, numbered(gst_event_new_flush_start(), 1003));
    gst_harness_push_event(e.harness, numbered(gst_event_new_flush_stop(TRUE), 1003));
    gst_harness_push_event(e.harness, segmentFrom(GST_SECOND, 1004));
    gst_buffer_unref(gst_harness_push_and_pull(e.harness, e.frame()));
    gst_harness_push_event(e.harness, numbered(gst_event_new_eos(), 1005));
    ASSERT_TRUE(faces.waitFor(GST_EVENT_EOS));
    EXPECT_EQ(gst_event_get_seqnum(faces.event(GST_EVENT_FLUSH_START)), 1003U);
    EXPECT_EQ(gst_event_get_seqnum(faces.event(GST_EVENT_FLUSH_STOP)), 1003U);
    EXPECT_EQ(gst_event_get_seqnum(faces.event(GST_EVENT_SEGMENT, 2)), 1004U);
    EXPECT_EQ(gst_event_get_seqnum(faces.event(GST_EVENT_GAP)), 1004U);
    EXPECT_EQ(gst_event_get_seqnum(faces.event(GST_EVENT_EOS)), 1005U);
    // A flush keeps the stream and its caps.
    EXPECT_THAT(faces.events(),
                ElementsAre(GST_EVENT_STREAM_START, GST_EVENT_CAPS, GST_EVENT_SEGMENT, GST_EVENT_FLUSH_START,
                            GST_EVENT_FLUSH_STOP, GST_EVENT_SEGMENT, GST_EVENT_GAP, GST_EVENT_EOS));
}

TEST(FacesStream, OfAFlushedBeginningStillBegins) {
    Element e(everyFrame);
    Taken faces(e.element);
    e.caps("BGR", 320, 240);
    gst_harness_push_event(e.harness, gst_event_new_flush_start());
    gst_harness_push_event(e.harness, gst_event_new_flush_stop(TRUE));
    gst_harness_push_event(e.harness, segmentFrom(0, 5));
    gst_buffer_unref(e.pushFace(40, 60, 80));
    ASSERT_EQ(faces.wait(1).size(), 1U);
    EXPECT_THAT(faces.events(), ElementsAre(GST_EVENT_FLUSH_START, GST_EVENT_FLUSH_STOP, GST_EVENT_STREAM_START,
                                            GST_EVENT_CAPS, GST_EVENT_SEGMENT));
}

TEST(FacesStream, BeginsAnewWithTheVideos) {
    Element e(everyFrame);
    Taken faces(e.element);
    e.caps("BGR", 320, 240);
    gst_harness_push_event(e.harness, startOf("first", 1, 1));
    gst_buffer_unref(e.pushFace(40, 60, 80));
    gst_harness_push_event(e.harness, startOf("second", 2, 2));
    gst_harness_push_event(e.harness, segmentFrom(0, 3));
    gst_buffer_unref(e.pushFace(40, 60, 80));
    ASSERT_EQ(faces.wait(2).size(), 2U);
    GstEvent* start = faces.event(GST_EVENT_STREAM_START, 2);
    ASSERT_NE(start, nullptr);
    EXPECT_EQ(idOf(start), "second/faces");
    EXPECT_EQ(groupOf(start), 2U);
}

TEST(FacesStream, GoesOnAfterItsEndWithAFlushOrAnotherStream) {
    const Criticals criticals;
    Element e(everyFrame);
    Taken faces(e.element);
    e.caps("BGR", 320, 240);
    gst_buffer_unref(e.pushFace(40, 60, 80));
    gst_harness_push_event(e.harness, gst_event_new_eos());
    ASSERT_NE(faces.event(GST_EVENT_EOS), nullptr);
    gst_harness_push_event(e.harness, gst_event_new_flush_start());
    gst_harness_push_event(e.harness, gst_event_new_flush_stop(TRUE));
    gst_harness_push_event(e.harness, segmentFrom(0, 2));
    gst_buffer_unref(e.pushFace(40, 60, 80));
    EXPECT_EQ(faces.wait(2).size(), 2U);
    gst_harness_push_event(e.harness, gst_event_new_eos());
    ASSERT_NE(faces.event(GST_EVENT_EOS, 2), nullptr);
    gst_harness_push_event(e.harness, startOf("next", 3, 3));
    e.caps("BGR", 320, 240);
    gst_buffer_unref(e.pushFace(40, 60, 80));
    EXPECT_EQ(faces.wait(3).size(), 3U);
    EXPECT_THAT(criticals.texts(), testing::IsEmpty());
}

TEST(FacesStream, HasTheVideosGapsAndEndsOfSegments) {
    Element e(everyFrame);
    Taken faces(e.element);
    e.caps("BGR", 320, 240);
    gst_harness_push_event(e.harness, gst_event_new_gap(3 * GST_SECOND, GST_SECOND));
    gst_harness_push_event(e.harness, numbered(gst_event_new_segment_done(GST_FORMAT_TIME, 4 * GST_SECOND), 9));
    ASSERT_TRUE(faces.waitFor(GST_EVENT_SEGMENT_DONE));
    EXPECT_EQ(gst_event_get_seqnum(faces.event(GST_EVENT_SEGMENT_DONE)), 9U);
    GstClockTime time = 0;
    gst_event_parse_gap(faces.event(GST_EVENT_GAP), &time, nullptr);
    EXPECT_EQ(time, 3 * GST_SECOND);
    EXPECT_THAT(faces.events(), ElementsAre(GST_EVENT_STREAM_START, GST_EVENT_CAPS, GST_EVENT_SEGMENT, GST_EVENT_GAP,
                                            GST_EVENT_SEGMENT_DONE));
}

// A sink that was added late must get its first events immediately: the pipeline may be waiting for it to preroll.
TEST(FacesStream, IsToldAtOnceToWhoComesLate) {
    const Criticals criticals;
    Element e(everyFrame);
    e.caps("BGR", 320, 240);
    gst_harness_push_event(e.harness, startOf("video", 3, 30));
    for (int i = 0; i < 4; ++i) {
        gst_buffer_unref(e.pushFace(40, 60, 80));
    }
    Taken late(e.element);
    ASSERT_TRUE(late.waitFor(GST_EVENT_GAP));
    auto events = late.events();
    ASSERT_GE(events.size(), 4U);
    events.resize(4);  // there is a second gap if the pad's thread was faster than the link
    EXPECT_THAT(events, ElementsAre(GST_EVENT_STREAM_START, GST_EVENT_CAPS, GST_EVENT_SEGMENT, GST_EVENT_GAP));
    EXPECT_EQ(idOf(late.event(GST_EVENT_STREAM_START)), "video/faces");
    GstClockTime time = 0;
    gst_event_parse_gap(late.event(GST_EVENT_GAP), &time, nullptr);
    EXPECT_EQ(time, 3 * 40 * GST_MSECOND);
    gst_buffer_unref(e.pushFace(40, 60, 80));
    EXPECT_EQ(late.wait(1).size(), 1U);
    late.release();

    gst_harness_push_event(e.harness, numbered(gst_event_new_eos(), 31));
    Taken tooLate(e.element);
    ASSERT_TRUE(tooLate.waitFor(GST_EVENT_EOS));
    EXPECT_EQ(gst_event_get_seqnum(tooLate.event(GST_EVENT_EOS)), 31U);
    events = tooLate.events();
    events.erase(std::remove(events.begin(), events.end(), GST_EVENT_GAP), events.end());
    EXPECT_THAT(events, ElementsAre(GST_EVENT_STREAM_START, GST_EVENT_CAPS, GST_EVENT_SEGMENT, GST_EVENT_EOS));
    EXPECT_THAT(criticals.texts(), testing::IsEmpty());
}

TEST(FacesStream, ThatIsEmptyIsNoError) {
    const Criticals criticals;
    for (const char* source : {"fakesrc num-buffers=0", "fakesrc num-buffers=0 format=time",
                               "videotestsrc num-buffers=0 ! video/x-raw,format=I420,width=320,height=240"}) {
        for (const char* sink : {"fakesink", "fakesink async=false", "videoconvert ! fakesink"}) {
            EXPECT_EQ(runPipeline(source + drgan() + " ! fakesink d.faces ! " + sink, {}, {}, 20 * GST_SECOND), "")
                << source << ", " << sink;
        }
    }
    EXPECT_THAT(criticals.texts(), testing::IsEmpty());
}

// Raw frames from a file: a BYTES segment without timestamps. Both sinks preroll on a first picture or a gap.
TEST(FacesStream, OfAVideoThatIsNotCountedInTimeIs) {
    const Criticals criticals;
    const drgan_test::TempDir dir;
    const std::string file = dir.path() + "/frames.i420";
    const std::vector<unsigned char> frames(5 * 320 * 240 * 3 / 2, 128);
    drgan_test::writeFile(file, frames);
    std::atomic<int> gone{0};
    EXPECT_EQ(runPipeline(
                  "filesrc location=" + file +
                      " blocksize=115200 ! video/x-raw,format=I420,width=320,height=240,framerate=25/1" + drgan() +
                      " ! fakesink name=out d.faces ! fakesink",
                  [&](GstBin* bin) {
                      drgan_test::onBuffers(bin, "out", "sink", [&](GstBuffer* b) {
                          ++gone;
                          return b;
                      });
                  },
                  {}, 20 * GST_SECOND),
              "");
    EXPECT_EQ(gone, 5);
    EXPECT_THAT(criticals.texts(), testing::IsEmpty());
}

TEST(FacesStream, HasTimesWhereTheVideosSegmentHasOthers) {
    const Criticals criticals;
    for (const GstFormat format : {GST_FORMAT_BYTES, GST_FORMAT_BUFFERS, GST_FORMAT_DEFAULT}) {
        Element e(everyFrame);
        Taken faces(e.element);
        e.caps("BGR", 320, 240);
        gst_harness_push_event(e.harness, segmentFrom(0, 12, format));
        for (int i = 0; i < 3; ++i) {
            gst_buffer_unref(e.pushFace(40, 60, 80));
        }
        const auto pictures = faces.wait(3);
        ASSERT_EQ(pictures.size(), 3U);
        EXPECT_EQ(GST_BUFFER_PTS(pictures[2]), 80 * GST_MSECOND);
        const GstSegment* segment = nullptr;
        gst_event_parse_segment(faces.event(GST_EVENT_SEGMENT), &segment);
        EXPECT_EQ(segment->format, GST_FORMAT_TIME);
        EXPECT_EQ(gst_event_get_seqnum(faces.event(GST_EVENT_SEGMENT)), 12U);
        const auto messages = e.messages();
        ASSERT_FALSE(messages.empty());
        EXPECT_EQ(messages.back().get<guint64>("running-time", G_TYPE_UINT64), GST_CLOCK_TIME_NONE);
        EXPECT_EQ(messages.back().get<guint64>("stream-time", G_TYPE_UINT64), GST_CLOCK_TIME_NONE);
        EXPECT_EQ(messages.back().get<guint64>("timestamp", G_TYPE_UINT64), 80 * GST_MSECOND);
    }
    EXPECT_THAT(criticals.texts(), testing::IsEmpty());
}

TEST(FacesStream, KeepsToItselfWhatItsSinkAsksFor) {
    Element e("display=false");
    Taken faces(e.element);
    e.caps("BGR", 320, 240);
    while (GstEvent* event = gst_harness_try_pull_upstream_event(e.harness)) {
        gst_event_unref(event);
    }
    gst_pad_push_event(faces.sink(), gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 0.5, GST_SECOND, 0));
    gst_pad_push_event(faces.sink(), gst_event_new_reconfigure());
    gst_pad_push_event(faces.sink(), gst_event_new_navigation(gst_structure_new_empty("application/x-gst-navigation")));
    GstEvent* event = gst_harness_try_pull_upstream_event(e.harness);
    EXPECT_EQ(event, nullptr) << GST_EVENT_TYPE_NAME(event);
    gst_pad_push_event(faces.sink(), gst_event_new_seek(1, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET, 0,
                                                        GST_SEEK_TYPE_NONE, 0));
    event = gst_harness_try_pull_upstream_event(e.harness);
    ASSERT_NE(event, nullptr);
    EXPECT_EQ(GST_EVENT_TYPE(event), GST_EVENT_SEEK);
    gst_event_unref(event);
}

}  // namespace

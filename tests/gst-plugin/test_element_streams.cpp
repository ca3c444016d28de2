// SPDX-License-Identifier: Apache-2.0
//
// Events of a stream: seeks, segments, gaps, rates, sizes, threads.
#include <unistd.h>

#include <atomic>
#include <functional>
#include <map>
#include <set>
#include <thread>

#include "element_fixture.hpp"

namespace {

using drgan_test::Element;
using drgan_test::regionsOf;
using drgan_test::TempDir;
using drgan_test::TinyOptions;
using testing::ElementsAre;
using testing::IsEmpty;

std::set<int> idsOf(GstBuffer* buffer) {
    std::set<int> ids;
    for (auto* r : regionsOf(buffer)) {
        ids.insert(r->id);
    }
    return ids;
}

std::set<int> pushAt(Element& e, GstClockTime time, guint x = 40) {
    GstBuffer* in = e.frame();
    GST_BUFFER_PTS(in) = time;
    Element::addFace(in, x, 60, 80, 80);
    GstBuffer* out = gst_harness_push_and_pull(e.harness, in);
    EXPECT_NE(out, nullptr) << e.errors();
    const auto ids = idsOf(out);
    gst_buffer_unref(out);
    return ids;
}

void pushSegment(Element& e, GstClockTime start, GstClockTime base, double rate = 1) {
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    segment.start = segment.time = segment.position = start;
    segment.base = base;
    segment.rate = rate;
    gst_harness_push_event(e.harness, gst_event_new_segment(&segment));
}

TEST(Streams, ASegmentThatContinuesKeepsTheTracks) {
    Element e;
    e.caps("BGR", 320, 240);
    EXPECT_THAT(pushAt(e, 0), ElementsAre(1));
    // Another position in the file, but the next running time; then the same at twice the speed.
    pushSegment(e, 600 * GST_SECOND, 40 * GST_MSECOND);
    EXPECT_THAT(pushAt(e, 600 * GST_SECOND, 44), ElementsAre(1));
    pushSegment(e, 5 * GST_SECOND, 80 * GST_MSECOND, 2);
    EXPECT_THAT(pushAt(e, 5 * GST_SECOND, 48), ElementsAre(1));
    EXPECT_THAT(e.events(), ElementsAre("track-new 1", "track-updated 1"));
}

TEST(Streams, TimesInMessagesAreThoseOfTheSegment) {
    Element e;
    e.caps("BGR", 320, 240);
    pushSegment(e, 600 * GST_SECOND, 7 * GST_SECOND);
    pushAt(e, 601 * GST_SECOND);
    const auto messages = e.messages();
    ASSERT_EQ(messages.size(), 2U);
    EXPECT_EQ(messages[0].get<guint64>("timestamp", G_TYPE_UINT64), 601 * GST_SECOND);
    EXPECT_EQ(messages[0].get<guint64>("stream-time", G_TYPE_UINT64), 601 * GST_SECOND);
    EXPECT_EQ(messages[0].get<guint64>("running-time", G_TYPE_UINT64), 8 * GST_SECOND);
}

TEST(Streams, AGapGoesOnAndEndsWhatIsNotSeenAfterIt) {
    Element e("track-timeout=1000");
    e.caps("BGR", 320, 240);
    pushAt(e, 0);
    e.messages();
    while (GstEvent* event = gst_harness_try_pull_event(e.harness)) {
        gst_event_unref(event);
    }
    gst_harness_push_event(e.harness, gst_event_new_gap(40 * GST_MSECOND, 3 * GST_SECOND));
    GstEvent* gap = gst_harness_try_pull_event(e.harness);
    ASSERT_NE(gap, nullptr);
    EXPECT_EQ(GST_EVENT_TYPE(gap), GST_EVENT_GAP);
    gst_event_unref(gap);
    EXPECT_THAT(e.events(), IsEmpty());
    EXPECT_THAT(pushAt(e, 3040 * GST_MSECOND), ElementsAre(2));
    EXPECT_THAT(e.events(), ElementsAre("track-lost 1", "track-new 2", "track-updated 2"));
}

TEST(Streams, ASeekForgetsWhatWasSeenBefore) {
    GError* error = nullptr;
    GstElement* pipeline = gst_parse_launch(
        "videotestsrc name=source ! video/x-raw,format=I420,width=160,height=120,framerate=25/1 ! "
        "drganfrontalize detect-interval=0 display=false name=drgan ! appsink name=out sync=false max-buffers=2",
        &error);
    ASSERT_NE(pipeline, nullptr) << error->message;
    GstElement* drgan = gst_bin_get_by_name(GST_BIN(pipeline), "drgan");
    GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline), "out");
    g_object_set(drgan, "bundle", drgan_test::tinyBundle().c_str(), nullptr);
    GstPad* pad = gst_element_get_static_pad(drgan, "sink");
    gst_pad_add_probe(
        pad, GST_PAD_PROBE_TYPE_BUFFER,
        [](GstPad*, GstPadProbeInfo* info, gpointer) {
            info->data = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
            Element::addFace(GST_PAD_PROBE_INFO_BUFFER(info), 40, 20, 60, 60);
            return GST_PAD_PROBE_OK;
        },
        nullptr, nullptr);
    gst_object_unref(pad);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    const auto pull = [&] {
        std::pair<GstClockTime, std::set<int>> out;
        GstSample* sample = nullptr;
        g_signal_emit_by_name(sink, "pull-sample", &sample);
        EXPECT_NE(sample, nullptr);
        out = {GST_BUFFER_PTS(gst_sample_get_buffer(sample)), idsOf(gst_sample_get_buffer(sample))};
        gst_sample_unref(sample);
        return out;
    };
    int id = 0;
    for (const GstClockTime to : {60 * GST_SECOND, 2 * GST_SECOND, 2 * GST_SECOND}) {
        EXPECT_THAT(pull().second, ElementsAre(id + 1));
        EXPECT_THAT(pull().second, ElementsAre(id + 1));
        ASSERT_TRUE(gst_element_seek_simple(pipeline, GST_FORMAT_TIME,
                                            static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE),
                                            static_cast<gint64>(to)));
        const auto first = pull();
        EXPECT_GE(first.first, to);
        EXPECT_THAT(first.second, ElementsAre(id + 2)) << "not an id from before the seek";
        ++id;
    }
    GstBus* bus = gst_element_get_bus(pipeline);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(bus);
    gst_object_unref(sink);
    gst_object_unref(drgan);
    gst_object_unref(pipeline);
}

// When cameras restart and files loop, timestamps go back without a new segment. Nothing may wait until they have
// caught up.
TEST(Streams, TimesThatBeginAgainStopNothing) {
    Element e("encode-interval=0 refresh-interval=400 update-threshold=0");
    e.caps("BGR", 320, 240);
    const auto seconds = [&](GstClockTime from) {
        guint images = 0;
        for (GstClockTime i = 0; i < 50; ++i) {
            GstBuffer* in = e.frame();
            GST_BUFFER_PTS(in) = from + i * 40 * GST_MSECOND;
            Element::addFace(in, 40, 60, 80, 80);
            gst_buffer_unref(gst_harness_push_and_pull(e.harness, in));
        }
        for (const auto& m : e.messages()) {
            EXPECT_NE(m.event(), "track-lost");
            images = std::max(images, m.get<guint>("images", G_TYPE_UINT));
        }
        return images;
    };
    const guint first = seconds(GST_SECOND * 3600);
    EXPECT_GE(first, 5U);
    EXPECT_GE(seconds(0), first + 4);
}

TEST(Streams, ManyFlushesInARowLeaveNothingBehind) {
    Element e;
    e.caps("BGR", 320, 240);
    for (int i = 1; i <= 20; ++i) {
        EXPECT_THAT(pushAt(e, 0), ElementsAre(i));
        gst_harness_push_event(e.harness, gst_event_new_flush_start());
        gst_harness_push_event(e.harness, gst_event_new_flush_stop(TRUE));
        pushSegment(e, 0, 0);
        const std::string id = " " + std::to_string(i);
        EXPECT_THAT(e.events(), ElementsAre("track-new" + id, "track-updated" + id, "track-lost" + id));
    }
}

class Rates : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(All, Rates, testing::Values("1/1", "5/1", "24000/1001", "60/1", "120/1", "240/1", "0/1"));

TEST_P(Rates, AFaceThatWalksAcrossKeepsItsId) {
    Element e("track-timeout=3000");
    e.caps("BGR", 320, 240, GetParam());
    // 10 frames a second if the caps have no rate.
    const gint n = GST_VIDEO_INFO_FPS_N(&e.info);
    const GstClockTime step =
        n > 0 ? gst_util_uint64_scale_int(GST_SECOND, GST_VIDEO_INFO_FPS_D(&e.info), n) : 100 * GST_MSECOND;
    const guint pixels = step >= GST_SECOND ? 20 : step >= 100 * GST_MSECOND ? 10 : 1;
    for (guint i = 0; i < 10; ++i) {
        EXPECT_THAT(pushAt(e, i * step, 20 + i * pixels), ElementsAre(1)) << i;
    }
    // Missing for longer than the timeout, whatever the rate.
    GstBuffer* in = e.frame();
    GST_BUFFER_PTS(in) = 9 * step + 3001 * GST_MSECOND;
    gst_buffer_unref(gst_harness_push_and_pull(e.harness, in));
    const auto events = e.events();
    EXPECT_EQ(events.back(), "track-lost 1");
}

class Sizes : public testing::TestWithParam<std::pair<int, int>> {};
INSTANTIATE_TEST_SUITE_P(All, Sizes,
                         testing::Values(std::pair{1, 1}, std::pair{16, 8}, std::pair{1920, 1080},
                                         std::pair{7680, 4320}));

TEST_P(Sizes, AreSearchedAndDrawnOn) {
    const TempDir dir;
    TinyOptions options;
    options.withAligner = options.withDetector = true;
    const std::string seeing = drgan_test::writeTinyBundle(dir.path() + "/bundle", options);
    const auto [width, height] = GetParam();
    for (const bool detects : {true, false}) {
        Element e(detects ? "detect-interval=1 min-face-size=1" : "min-face-size=1",
                  detects ? seeing : drgan_test::tinyBundle());
        e.caps("NV12", width, height);
        GstBuffer* in = e.frame();
        if (!detects) {
            Element::addFace(in, 0, 0, static_cast<guint>(height), static_cast<guint>(height));
        }
        const auto before = drgan_test::bytesOf(in);
        GstBuffer* out = gst_harness_push_and_pull(e.harness, in);
        ASSERT_NE(out, nullptr) << e.errors();
        if (!detects) {
            EXPECT_THAT(e.events(), ElementsAre("track-new 1", "track-updated 1"));
            EXPECT_NE(drgan_test::bytesOf(out), before);
        }
        gst_buffer_unref(out);
    }
}

TEST(Faces, TwoHundredInOneFrameKeepTheirIds) {
    Element e("max-faces=256 track-timeout=60000");
    e.caps("I420", 1920, 1080);
    std::map<guint, int> idByPlace;
    for (guint f = 0; f < 3; ++f) {
        GstBuffer* in = e.frame();
        for (guint i = 0; i < 200; ++i) {
            Element::addFace(in, 20 + i % 20 * 94 + f, 20 + i / 20 * 104, 60, 60);
        }
        GstBuffer* out = gst_harness_push_and_pull(e.harness, in);
        ASSERT_NE(out, nullptr) << e.errors();
        EXPECT_EQ(idsOf(out).size(), 200U);
        for (auto* r : regionsOf(out)) {
            const guint place = r->y * 10000 + r->x - f;
            EXPECT_EQ(idByPlace.emplace(place, r->id).first->second, r->id);
        }
        gst_buffer_unref(out);
    }
    EXPECT_EQ(idByPlace.size(), 200U);
}

TEST(Faces, TenThousandHostileRegionsPassAnAligner) {
    const TempDir dir;
    TinyOptions options;
    options.withAligner = true;
    Element e("max-faces=8 min-face-size=1", drgan_test::writeTinyBundle(dir.path() + "/bundle", options));
    e.caps("I420", 320, 240);
    GRand* random = g_rand_new_with_seed(3);
    for (int f = 0; f < 3; ++f) {
        GstBuffer* in = e.frame();
        for (int i = 0; i < 10000; ++i) {
            const auto any = [&] { return i % 2 == 0 ? g_rand_int(random) : g_rand_int(random) % 400; };
            auto* roi = Element::addFace(in, any(), any(), any(), any());
            roi->id = static_cast<gint>(g_rand_int(random));
            roi->parent_id = static_cast<gint>(g_rand_int(random));
        }
        GstBuffer* out = gst_harness_push_and_pull(e.harness, in);
        ASSERT_NE(out, nullptr) << e.errors();
        EXPECT_EQ(regionsOf(out).size(), 10000U) << "the element must not remove upstream's regions";
        gst_buffer_unref(out);
    }
    g_rand_free(random);
    for (const auto& m : e.messages()) {
        EXPECT_LE(m.get<guint>("x", G_TYPE_UINT) + m.get<guint>("width", G_TYPE_UINT), 320U);
        EXPECT_LE(m.get<guint>("y", G_TYPE_UINT) + m.get<guint>("height", G_TYPE_UINT), 240U);
    }
}

TEST(Models, MayBeDeletedWhilePlaying) {
    auto dir = std::make_unique<TempDir>();
    TinyOptions options;
    options.withAligner = options.withDetector = true;
    const std::string bundle = drgan_test::writeTinyBundle(dir->path() + "/bundle", options);
    Element e("encode-interval=0 refresh-interval=0 detect-interval=1", bundle);
    e.caps("BGR", 320, 240);
    pushAt(e, 0);
    dir.reset();
    ASSERT_NE(access(bundle.c_str(), F_OK), 0);
    for (guint i = 1; i < 5; ++i) {
        pushAt(e, i * 40 * GST_MSECOND);
    }
    EXPECT_EQ(e.errors(), "");
    // The next start needs the files.
    gst_element_set_state(e.element, GST_STATE_READY);
    EXPECT_EQ(gst_element_set_state(e.element, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
    EXPECT_THAT(e.errors(), testing::HasSubstr(bundle));
}

TEST(Threads, PropertiesChangeDuringPlayback) {
    Element e("encode-interval=0 refresh-interval=0");
    e.caps("I420", 320, 240);
    std::atomic<bool> streaming{true};
    std::atomic<int> rounds{0};
    std::thread setter([&] {
        for (int i = 0; streaming; ++i, ++rounds) {
            g_object_set(e.element, "display", i % 2, "embeddings", i % 3 == 0, "pictures", i % 5 == 0, "yaw",
                         static_cast<gdouble>(i % 181 - 90), "max-faces", 1 + i % 4, "min-face-size", 1 + i % 100,
                         "roi-type", i % 7 == 0 ? "head" : "face", "update-threshold", i % 2 * 0.5, "match-threshold",
                         i % 3 * 0.4, "detect-interval", i % 3, "track-timeout", 1U + static_cast<guint>(i % 500),
                         "encode-interval", static_cast<guint>(i % 100), "bundle", i % 2 == 0 ? "/a" : "/b", nullptr);
            GstStructure* stats = nullptr;
            gchar* type = nullptr;
            g_object_get(e.element, "stats", &stats, "roi-type", &type, nullptr);
            gst_structure_free(stats);
            g_free(type);
        }
    });
    for (guint i = 0; i < 300 || rounds < 300; ++i) {
        GstBuffer* in = e.frame();
        Element::addFace(in, 40, 60, 80, 80);
        Element::addFace(in, 200, 60, 40, 40, "head");
        GstBuffer* out = gst_harness_push_and_pull(e.harness, in);
        if (out == nullptr) {
            ADD_FAILURE() << e.errors();
            break;
        }
        gst_buffer_unref(out);
    }
    streaming = false;
    setter.join();
    EXPECT_EQ(e.errors(), "");
}

TEST(Threads, TwoElementsOfOneBundleDoNotDisturbEachOther) {
    struct Told {
        std::string event;
        guint id;
        gdouble confidence;
        bool operator==(const Told& o) const { return event == o.event && id == o.id && confidence == o.confidence; }
    };
    const auto play = [&](std::vector<Told>& told) {
        Element e("display=true encode-interval=0 refresh-interval=0 update-threshold=0 threads=2");
        e.caps("NV12", 320, 240);
        for (guint i = 0; i < 100; ++i) {
            GstBuffer* in = e.frame(i);
            Element::addFace(in, 40 + i, 60, 80, 80);
            GstBuffer* out = gst_harness_push_and_pull(e.harness, in);
            ASSERT_NE(out, nullptr) << e.errors();
            gst_buffer_unref(out);
        }
        gst_element_set_state(e.element, GST_STATE_READY);
        for (const auto& m : e.messages()) {
            told.push_back({m.event(), m.id(), m.get<gdouble>("confidence", G_TYPE_DOUBLE)});
        }
    };
    std::vector<Told> alone;
    play(alone);
    std::vector<Told> together[2];
    std::thread other(play, std::ref(together[0]));
    play(together[1]);
    other.join();
    EXPECT_GE(alone.size(), 100U);
    EXPECT_TRUE(together[0] == alone);
    EXPECT_TRUE(together[1] == alone);
}

}  // namespace

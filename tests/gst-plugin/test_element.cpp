// SPDX-License-Identifier: Apache-2.0
//
// Frames, metadata and messages. Errors and states: test_element_states.cpp.
#include <limits>
#include <set>

#include "element_fixture.hpp"

namespace {

using drgan_test::bytesOf;
using drgan_test::Element;
using drgan_test::Posted;
using drgan_test::regionsOf;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* formats[] = {"BGR", "BGRx", "BGRA", "RGB", "RGBx", "RGBA", "I420", "NV12"};

struct Shape {
    int width, height, pad;
};
std::ostream& operator<<(std::ostream& out, const Shape& s) {
    return out << s.width << "x" << s.height << " pad " << s.pad;
}

class Formats : public testing::TestWithParam<std::tuple<const char*, Shape>> {};

INSTANTIATE_TEST_SUITE_P(All, Formats,
                         testing::Combine(testing::ValuesIn(formats),
                                          testing::Values(Shape{320, 240, 0}, Shape{321, 241, 0}, Shape{320, 240, 37},
                                                          Shape{323, 239, 64})));

TEST_P(Formats, DrawsOnTheFaceAndNowhereFarFromIt) {
    const auto [format, shape] = GetParam();
    Element e;
    e.caps(format, shape.width, shape.height);
    GstBuffer* in = e.frame(1, shape.pad);
    const auto before = bytesOf(in);
    Element::addFace(in, 40, 60, 80, 80);
    GstBuffer* out = gst_harness_push_and_pull(e.harness, in);
    ASSERT_NE(out, nullptr) << e.errors();
    const auto after = bytesOf(out);
    ASSERT_EQ(before.size(), after.size());
    EXPECT_NE(before, after);
    // The box ends at x = 120, and its frontal view, at most a third of the frame, is beside it. Nothing else changes,
    // including the padding.
    const GstVideoMeta* meta = gst_buffer_get_video_meta(out);
    for (guint p = 0; p < meta->n_planes; ++p) {
        gint component[GST_VIDEO_MAX_COMPONENTS];
        gst_video_format_info_component(e.info.finfo, p, component);
        const auto rows = static_cast<gsize>(GST_VIDEO_INFO_COMP_HEIGHT(&e.info, component[0]));
        const auto step = static_cast<gsize>(GST_VIDEO_INFO_COMP_PSTRIDE(&e.info, component[0]));
        const auto used = static_cast<gsize>(GST_VIDEO_INFO_COMP_WIDTH(&e.info, component[0])) * step;
        const auto stride = static_cast<gsize>(meta->stride[p]);
        for (gsize y = 0; y < rows; ++y) {
            const auto from = meta->offset[p] + y * stride + used * 3 / 4;
            const auto length = stride - used * 3 / 4;
            ASSERT_EQ(std::memcmp(before.data() + from, after.data() + from, length), 0)
                << "plane " << p << " row " << y;
        }
    }
    gst_buffer_unref(out);
}

TEST_P(Formats, DisplayOffLeavesEveryByte) {
    const auto [format, shape] = GetParam();
    Element e("display=false");
    e.caps(format, shape.width, shape.height);
    GstBuffer* in = e.frame(1, shape.pad);
    const auto before = bytesOf(in);
    Element::addFace(in, 40, 60, 80, 80);
    GstBuffer* out = gst_harness_push_and_pull(e.harness, in);
    ASSERT_NE(out, nullptr) << e.errors();
    EXPECT_EQ(bytesOf(out), before);
    EXPECT_THAT(e.events(), ElementsAre("track-new 1", "track-updated 1"));
    gst_buffer_unref(out);
}

TEST(Buffers, SharedPixelsAreNotCopiedWithoutDisplayAndNotDrawnOnWithIt) {
    for (const bool display : {false, true}) {
        Element e(display ? "display=true" : "display=false");
        e.caps("BGR", 160, 120);
        GstBuffer* in = e.frame();
        Element::addFace(in, 40, 40, 50, 50);
        const auto before = bytesOf(in);
        GstMemory* memory = gst_buffer_peek_memory(in, 0);
        GstBuffer* out = gst_harness_push_and_pull(e.harness, gst_buffer_ref(in));
        ASSERT_NE(out, nullptr);
        EXPECT_NE(out, in);
        EXPECT_EQ(gst_buffer_peek_memory(out, 0) == memory, !display);
        EXPECT_EQ(bytesOf(in), before);
        EXPECT_EQ(bytesOf(out) == before, !display);
        ASSERT_EQ(regionsOf(in).size(), 1U);
        EXPECT_EQ(gst_video_region_of_interest_meta_get_param(regionsOf(in)[0], "drgan"), nullptr);
        ASSERT_EQ(regionsOf(out).size(), 1U);
        EXPECT_NE(gst_video_region_of_interest_meta_get_param(regionsOf(out)[0], "drgan"), nullptr);
        gst_buffer_unref(in);
        gst_buffer_unref(out);
    }
}

TEST(Buffers, TimesAndFlagsPassUnchanged) {
    Element e;
    e.caps("I420", 64, 48);
    GstBuffer* in = e.frame();
    GST_BUFFER_PTS(in) = 5 * GST_SECOND;
    GST_BUFFER_DTS(in) = 4 * GST_SECOND;
    GST_BUFFER_OFFSET(in) = 77;
    GST_BUFFER_FLAG_SET(in, GST_BUFFER_FLAG_MARKER);
    GstBuffer* out = gst_harness_push_and_pull(e.harness, in);
    EXPECT_EQ(GST_BUFFER_PTS(out), 5 * GST_SECOND);
    EXPECT_EQ(GST_BUFFER_DTS(out), 4 * GST_SECOND);
    EXPECT_EQ(GST_BUFFER_DURATION(out), 40 * GST_MSECOND);
    EXPECT_EQ(GST_BUFFER_OFFSET(out), 77U);
    EXPECT_TRUE(GST_BUFFER_FLAG_IS_SET(out, GST_BUFFER_FLAG_MARKER));
    gst_buffer_unref(out);
}

TEST(Regions, AreEnrichedNotDuplicated) {
    Element e;
    e.caps("BGR", 320, 240);
    GstBuffer* in = e.frame();
    auto* roi = Element::addFace(in, 40, 60, 80, 80);
    gst_video_region_of_interest_meta_add_param(roi, gst_structure_new("object_id", "id", G_TYPE_INT, 42, nullptr));
    Element::addFace(in, 200, 60, 60, 60)->id = 7;
    Element::addFace(in, 150, 150, 60, 60);
    Element::addFace(in, 5, 5, 60, 60, "car");
    GstBuffer* out = gst_harness_push_and_pull(e.harness, in);
    const auto regions = regionsOf(out);
    ASSERT_EQ(regions.size(), 4U);
    std::set<int> ids;
    for (auto* r : regions) {
        GstStructure* drgan = gst_video_region_of_interest_meta_get_param(r, "drgan");
        if (r->roi_type == g_quark_from_string("car")) {
            EXPECT_EQ(drgan, nullptr);
            EXPECT_EQ(r->params, nullptr);
            continue;
        }
        ASSERT_NE(drgan, nullptr);
        gint id = -1;
        gint object = -1;
        gdouble yaw = 1;
        gdouble confidence = -1;
        gdouble total = -1;
        guint images = 0;
        EXPECT_TRUE(gst_structure_get(drgan, "track-id", G_TYPE_INT, &id, "yaw", G_TYPE_DOUBLE, &yaw, "confidence",
                                      G_TYPE_DOUBLE, &confidence, "images", G_TYPE_UINT, &images, "total-confidence",
                                      G_TYPE_DOUBLE, &total, nullptr));
        EXPECT_TRUE(gst_structure_get_int(gst_video_region_of_interest_meta_get_param(r, "object_id"), "id", &object));
        EXPECT_EQ(object, r->x == 40 ? 42 : id) << "upstream's own id is kept";
        EXPECT_EQ(r->id, id);
        guint64 key = 0;
        EXPECT_EQ(gst_structure_get_uint64(drgan, "upstream-id", &key), r->x == 40);
        EXPECT_EQ(images, 1U);
        EXPECT_DOUBLE_EQ(total, confidence);
        EXPECT_GT(confidence, 0);
        EXPECT_LT(confidence, 1);
        EXPECT_EQ(gst_video_region_of_interest_meta_get_param(r, "drgan-embedding"), nullptr);
        ids.insert(id);
        if (r->x == 40) {
            EXPECT_EQ(id, 1);
            EXPECT_EQ(key, 42U);
            EXPECT_EQ(g_list_length(r->params), 2U);
        }
        if (r->x == 200) {
            EXPECT_NE(id, 7) << "a region's id is not a track's";
        }
    }
    EXPECT_EQ(ids.size(), 3U);
    gst_buffer_unref(out);
}

TEST(Regions, AnotherTypeCanCountAsFaces) {
    Element e("roi-type=head");
    e.caps("BGR", 320, 240);
    GstBuffer* in = e.frame();
    Element::addFace(in, 40, 60, 80, 80, "head");
    Element::addFace(in, 200, 60, 80, 80, "face");
    gst_buffer_unref(gst_harness_push_and_pull(e.harness, in));
    EXPECT_THAT(e.events(), ElementsAre("track-new 1", "track-updated 1"));
}

TEST(Regions, IdsFollowTheFaceWhereUpstreamGivesNone) {
    Element e;
    e.caps("BGR", 320, 240);
    for (int i = 0; i < 20; ++i) {
        GstBuffer* out = e.pushFace(static_cast<guint>(40 + 6 * i), 60, 80);
        EXPECT_EQ(regionsOf(out).at(0)->id, 1);
        gst_buffer_unref(out);
    }
}

TEST(Regions, HostileOnesAreCutOrSkipped) {
    constexpr guint max = std::numeric_limits<guint>::max();
    constexpr guint imax = std::numeric_limits<gint>::max();
    const struct {
        guint x, y, w, h;
    } boxes[] = {{0, 0, 0, 0},
                 {10, 10, 0, 50},
                 {max, max, max, max},
                 {imax, imax, imax, imax},
                 {static_cast<guint>(-20), static_cast<guint>(-20), 100, 100},
                 {static_cast<guint>(-20), 5, max, max},
                 {0, 0, max, max},
                 {319, 239, 1, 1},
                 {320, 240, 50, 50},
                 {0, 100, 320, 1},
                 {0x80000000U, 0x80000000U, 0x80000000U, 0x80000000U},
                 {300, 200, 1000000, 1000000}};
    for (const char* format : formats) {
        Element e("min-face-size=1 max-faces=256");
        e.caps(format, 320, 240);
        for (const auto& b : boxes) {
            GstBuffer* in = e.frame();
            auto* roi = Element::addFace(in, b.x, b.y, b.w, b.h);
            roi->id = std::numeric_limits<gint>::min();
            gst_video_region_of_interest_meta_add_param(
                roi, gst_structure_new("object_id", "id", G_TYPE_STRING, "not a number", nullptr));
            GstBuffer* out = gst_harness_push_and_pull(e.harness, in);
            ASSERT_NE(out, nullptr) << format << " " << b.x << "," << b.y << " " << b.w << "x" << b.h << ": "
                                    << e.errors();
            gst_buffer_unref(out);
        }
        for (const auto& m : e.messages()) {
            EXPECT_LE(m.get<guint>("x", G_TYPE_UINT) + m.get<guint>("width", G_TYPE_UINT), 320U);
            EXPECT_LE(m.get<guint>("y", G_TYPE_UINT) + m.get<guint>("height", G_TYPE_UINT), 240U);
        }
    }
}

TEST(Regions, ThousandsAreTakenUpToMaxFaces) {
    Element e("max-faces=5");
    e.caps("NV12", 640, 480);
    for (int f = 0; f < 3; ++f) {
        GstBuffer* in = e.frame();
        for (guint i = 0; i < 5000; ++i) {
            Element::addFace(in, i * 7 % 600, i * 13 % 440, 30, 30);
        }
        GstBuffer* out = gst_harness_push_and_pull(e.harness, in);
        ASSERT_NE(out, nullptr);
        EXPECT_EQ(regionsOf(out).size(), 5000U);
        gst_buffer_unref(out);
    }
    std::set<guint> ids;
    for (const auto& m : e.messages()) {
        ids.insert(m.id());
    }
    EXPECT_FALSE(ids.empty());
    EXPECT_LE(ids.size(), 15U);
}

TEST(Messages, CarryTimesPlaceAndResults) {
    Element e;
    e.caps("BGR", 320, 240);
    gst_buffer_unref(gst_harness_push_and_pull(e.harness, e.frame()));
    gst_buffer_unref(e.pushFace(40, 60, 80));
    const auto messages = e.messages();
    ASSERT_EQ(messages.size(), 2U);
    for (const auto& m : messages) {
        EXPECT_TRUE(gst_structure_has_name(m.structure(), "drganfrontalize"));
        EXPECT_EQ(m.get<guint64>("timestamp", G_TYPE_UINT64), 40 * GST_MSECOND);
        EXPECT_EQ(m.get<guint64>("stream-time", G_TYPE_UINT64), 40 * GST_MSECOND);
        EXPECT_EQ(m.get<guint64>("running-time", G_TYPE_UINT64), 40 * GST_MSECOND);
        EXPECT_EQ(m.get<guint64>("duration", G_TYPE_UINT64), 40 * GST_MSECOND);
        EXPECT_EQ(m.get<guint>("x", G_TYPE_UINT), 40U);
        EXPECT_EQ(m.get<guint>("y", G_TYPE_UINT), 60U);
        EXPECT_EQ(m.get<guint>("width", G_TYPE_UINT), 80U);
        EXPECT_EQ(m.get<guint>("height", G_TYPE_UINT), 80U);
        EXPECT_EQ(m.get<gdouble>("yaw", G_TYPE_DOUBLE), 0);
        EXPECT_EQ(m.get<guint>("images", G_TYPE_UINT), 1U);
        EXPECT_GT(m.get<gdouble>("confidence", G_TYPE_DOUBLE), 0);
        EXPECT_GT(m.get<gdouble>("total-confidence", G_TYPE_DOUBLE), 0);
        for (const char* field : {"embedding", "face", "frontal"}) {
            EXPECT_FALSE(gst_structure_has_field(m.structure(), field)) << field;
        }
    }
}

TEST(Messages, EmbeddingsAndPicturesOnRequest) {
    Element e("embeddings=true pictures=true display=false");
    e.caps("BGR", 320, 240);
    GstBuffer* out = e.pushFace(40, 60, 80);
    const auto messages = e.messages();
    ASSERT_EQ(messages.size(), 2U);
    const GValue* array = gst_structure_get_value(messages[1].structure(), "embedding");
    ASSERT_TRUE(array != nullptr && GST_VALUE_HOLDS_ARRAY(array));
    ASSERT_EQ(gst_value_array_get_size(array), 8U);  // the tiny bundle's Nf

    GstStructure* tensor = gst_video_region_of_interest_meta_get_param(regionsOf(out).at(0), "drgan-embedding");
    ASSERT_NE(tensor, nullptr);
    EXPECT_STREQ(gst_structure_get_string(tensor, "layer_name"), "embedding");
    EXPECT_STREQ(gst_structure_get_string(tensor, "model_name"), "tiny");
    gint precision = 0;
    EXPECT_TRUE(gst_structure_get_int(tensor, "precision", &precision));
    EXPECT_EQ(precision, 10);  // DL Streamer's GVA_PRECISION_FP32
    const GValue* dims = gst_structure_get_value(tensor, "dims");
    ASSERT_EQ(gst_value_array_get_size(dims), 2U);
    EXPECT_EQ(g_value_get_uint(gst_value_array_get_value(dims, 1)), 8U);
    GVariant* data = g_value_get_variant(gst_structure_get_value(tensor, "data_buffer"));
    gsize bytes = 0;
    const auto* floats = static_cast<const gfloat*>(g_variant_get_fixed_array(data, &bytes, 1));
    ASSERT_EQ(bytes, 8 * sizeof(gfloat));
    for (guint i = 0; i < 8; ++i) {
        EXPECT_EQ(floats[i], g_value_get_float(gst_value_array_get_value(array, i)));
    }

    for (const char* field : {"face", "frontal"}) {
        GstSample* sample = gst_value_get_sample(gst_structure_get_value(messages[1].structure(), field));
        ASSERT_NE(sample, nullptr) << field;
        GstVideoInfo info;
        ASSERT_TRUE(gst_video_info_from_caps(&info, gst_sample_get_caps(sample)));
        EXPECT_EQ(GST_VIDEO_INFO_FORMAT(&info), GST_VIDEO_FORMAT_RGB);
        EXPECT_EQ(GST_VIDEO_INFO_WIDTH(&info), 16);  // the tiny bundle's S
        EXPECT_EQ(GST_VIDEO_INFO_HEIGHT(&info), 16);
        EXPECT_EQ(gst_buffer_get_size(gst_sample_get_buffer(sample)), GST_VIDEO_INFO_SIZE(&info));
    }
    gst_buffer_unref(out);
}

TEST(Messages, EosEndsTheTracksBeforeItGoesOn) {
    Element e;
    e.caps("BGR", 320, 240);
    gst_buffer_unref(e.pushFace(40, 60, 80));
    e.messages();
    gst_harness_push_event(e.harness, gst_event_new_eos());
    const auto messages = e.messages();
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(messages[0].event(), "track-lost");
    EXPECT_EQ(messages[0].get<guint>("images", G_TYPE_UINT), 1U);
    EXPECT_EQ(messages[0].get<guint64>("timestamp", G_TYPE_UINT64), 0U);
}

TEST(Messages, FlushCapsChangeAndNewStreamEndTheTracks) {
    Element e;
    e.caps("BGR", 320, 240);
    gst_buffer_unref(e.pushFace(40, 60, 80));
    EXPECT_THAT(e.events(), ElementsAre("track-new 1", "track-updated 1"));

    gst_harness_push_event(e.harness, gst_event_new_flush_start());
    gst_harness_push_event(e.harness, gst_event_new_flush_stop(TRUE));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_harness_push_event(e.harness, gst_event_new_segment(&segment));
    EXPECT_THAT(e.events(), ElementsAre("track-lost 1"));
    gst_buffer_unref(e.pushFace(40, 60, 80));
    EXPECT_THAT(e.events(), ElementsAre("track-new 2", "track-updated 2"));

    e.caps("I420", 160, 120);
    GstBuffer* out = e.pushFace(40, 20, 80);
    ASSERT_NE(out, nullptr);
    gst_buffer_unref(out);
    EXPECT_THAT(e.events(), ElementsAre("track-lost 2", "track-new 3", "track-updated 3"));

    gst_harness_push_event(e.harness, gst_event_new_stream_start("another"));
    EXPECT_THAT(e.events(), ElementsAre("track-lost 3"));
}

TEST(Messages, ATrackThatIsNotSeenIsLostAfterTheTimeout) {
    Element e("track-timeout=200");
    e.caps("BGR", 320, 240);
    gst_buffer_unref(e.pushFace(40, 60, 80));  // at 0
    e.messages();
    for (int i = 1; i <= 5; ++i) {  // until 200 ms
        gst_buffer_unref(gst_harness_push_and_pull(e.harness, e.frame()));
    }
    EXPECT_THAT(e.events(), IsEmpty());
    gst_buffer_unref(gst_harness_push_and_pull(e.harness, e.frame()));
    EXPECT_THAT(e.events(), ElementsAre("track-lost 1"));
}

TEST(Messages, LateFramesGoOnWithoutInference) {
    Element e("encode-interval=0 refresh-interval=0 update-threshold=0");
    e.caps("BGR", 320, 240);
    gst_buffer_unref(e.pushFace(40, 60, 80));
    EXPECT_EQ(e.messages().size(), 2U);
    gst_harness_push_upstream_event(
        e.harness, gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 0.5, 300 * GST_MSECOND, 0));  // late until 600 ms
    for (int i = 1; i < 15; ++i) {
        GstBuffer* out = e.pushFace(40, 60, 80);
        ASSERT_NE(out, nullptr);
        EXPECT_EQ(regionsOf(out).at(0)->id, 1);
        gst_buffer_unref(out);
    }
    EXPECT_THAT(e.events(), IsEmpty());
    gst_buffer_unref(e.pushFace(40, 60, 80));  // 600 ms: on time again
    EXPECT_THAT(e.events(), ElementsAre("track-updated 1"));
}

TEST(Messages, ConstantLatenessStillGetsAFrameASecond) {
    Element e("encode-interval=0 refresh-interval=0 update-threshold=0");
    e.caps("BGR", 320, 240);
    gst_buffer_unref(e.pushFace(40, 60, 80));
    e.messages();
    gst_harness_push_upstream_event(e.harness, gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 0.5, 60 * 60 * GST_SECOND, 0));
    for (int i = 1; i <= 75; ++i) {  // three seconds
        gst_buffer_unref(e.pushFace(40, 60, 80));
    }
    EXPECT_EQ(e.messages().size(), 3U);
}

}  // namespace

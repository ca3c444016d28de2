// SPDX-License-Identifier: Apache-2.0
//
// What passes through unchanged (caps, other elements' metadata, flags), and what the element answers upstream.
#include <gst/video/gstvideoaffinetransformationmeta.h>

#include "element_fixture.hpp"

namespace {

using drgan_test::Element;
using drgan_test::regionsOf;

class Display : public testing::TestWithParam<bool> {
protected:
    std::string properties() const { return GetParam() ? "display=true" : "display=false"; }
};
INSTANTIATE_TEST_SUITE_P(OnAndOff, Display, testing::Bool());

TEST_P(Display, UnusualCapsPassUntouched) {
    const char* const unusual[] = {
        "interlace-mode=interleaved,field-order=top-field-first",
        "interlace-mode=mixed",
        "colorimetry=bt2020,chroma-site=mpeg2",
        "colorimetry=2:3:16:4",
        "pixel-aspect-ratio=16/11,multiview-mode=side-by-side",
        "views=1,max-framerate=30/1",
    };
    for (const char* format : {"I420", "NV12", "BGRA"}) {
        for (const char* more : unusual) {
            Element e(properties());
            e.caps(format, 320, 240);  // for the fixture's frames
            gchar* text = g_strdup_printf("video/x-raw,format=%s,width=320,height=240,framerate=25/1,%s", format, more);
            gst_harness_set_src_caps_str(e.harness, text);
            GstBuffer* in = e.frame();
            GST_BUFFER_FLAG_SET(in, GST_VIDEO_BUFFER_FLAG_INTERLACED);
            GST_BUFFER_FLAG_SET(in, GST_VIDEO_BUFFER_FLAG_TFF);
            Element::addFace(in, 40, 60, 80, 80);
            GstBuffer* out = gst_harness_push_and_pull(e.harness, in);
            ASSERT_NE(out, nullptr) << text << ": " << e.errors();
            EXPECT_TRUE(GST_BUFFER_FLAG_IS_SET(out, GST_VIDEO_BUFFER_FLAG_INTERLACED));
            EXPECT_TRUE(GST_BUFFER_FLAG_IS_SET(out, GST_VIDEO_BUFFER_FLAG_TFF));
            GstCaps* expected = gst_caps_from_string(text);
            GstCaps* caps = gst_pad_get_current_caps(e.harness->sinkpad);
            EXPECT_TRUE(gst_caps_is_equal(caps, expected)) << text;
            gst_caps_unref(caps);
            gst_caps_unref(expected);
            gst_buffer_unref(out);
            g_free(text);
        }
    }
}

TEST_P(Display, ForeignMetadataPasses) {
    Element e(properties());
    e.caps("NV12", 320, 240);
    GstBuffer* in = e.frame();
    auto* car = Element::addFace(in, 5, 5, 60, 60, "car");
    car->id = 77;
    gst_video_region_of_interest_meta_add_param(car,
                                                gst_structure_new("detection", "score", G_TYPE_DOUBLE, 0.5, nullptr));
    Element::addFace(in, 40, 60, 80, 80);
    GstCaps* reference = gst_caps_from_string("timestamp/x-ntp");
    gst_buffer_add_reference_timestamp_meta(in, reference, 12345, 40);
    auto* crop = gst_buffer_add_video_crop_meta(in);
    crop->x = 3;
    crop->width = 200;
    gst_buffer_add_video_time_code_meta_full(in, 25, 1, nullptr, GST_VIDEO_TIME_CODE_FLAGS_NONE, 1, 2, 3, 4, 0);
    const gchar* tags[] = {nullptr};
    if (gst_meta_get_info("DrganForeignMeta") == nullptr) {
        gst_meta_register_custom("DrganForeignMeta", tags, nullptr, nullptr, nullptr);
    }
    gst_structure_set(gst_custom_meta_get_structure(gst_buffer_add_custom_meta(in, "DrganForeignMeta")), "what",
                      G_TYPE_STRING, "mine", nullptr);
    GstBuffer* out = gst_harness_push_and_pull(e.harness, in);
    ASSERT_NE(out, nullptr) << e.errors();
    const auto* stamp = gst_buffer_get_reference_timestamp_meta(out, reference);
    ASSERT_NE(stamp, nullptr);
    EXPECT_EQ(stamp->timestamp, 12345U);
    ASSERT_NE(gst_buffer_get_video_crop_meta(out), nullptr);
    EXPECT_EQ(gst_buffer_get_video_crop_meta(out)->width, 200U);
    ASSERT_NE(gst_buffer_get_video_time_code_meta(out), nullptr);
    EXPECT_EQ(gst_buffer_get_video_time_code_meta(out)->tc.seconds, 3U);
    auto* custom = gst_buffer_get_custom_meta(out, "DrganForeignMeta");
    ASSERT_NE(custom, nullptr);
    EXPECT_STREQ(gst_structure_get_string(gst_custom_meta_get_structure(custom), "what"), "mine");
    const auto regions = regionsOf(out);
    ASSERT_EQ(regions.size(), 2U);
    EXPECT_EQ(regions[0]->id, 77);
    EXPECT_EQ(g_list_length(regions[0]->params), 1U);
    EXPECT_NE(gst_video_region_of_interest_meta_get_param(regions[0], "detection"), nullptr);
    gst_caps_unref(reference);
    gst_buffer_unref(out);
}

// Buffers pass through, so upstream may use what downstream supports. The element itself supports GstVideoMeta, so
// upstream may choose strides and offsets.
TEST_P(Display, TheAllocationQueryIsAnsweredByWhoeverIsBehind) {
    for (const bool taken : {true, false}) {
        Element e(properties());
        e.caps("I420", 322, 242);
        if (taken) {
            gst_harness_add_propose_allocation_meta(e.harness, GST_VIDEO_META_API_TYPE, nullptr);
        }
        gst_buffer_unref(gst_harness_push_and_pull(e.harness, e.frame()));
        GstCaps* caps = gst_pad_get_current_caps(e.harness->srcpad);
        GstQuery* query = gst_query_new_allocation(caps, TRUE);
        gst_pad_peer_query(e.harness->srcpad, query);
        EXPECT_EQ(gst_query_find_allocation_meta(query, GST_VIDEO_META_API_TYPE, nullptr) != FALSE, taken);
        gst_query_unref(query);
        gst_caps_unref(caps);
    }
}

// Faces are detected in the frame's pixels as they are.
TEST_P(Display, NobodyIsAskedForFramesThatAreToBeCroppedOrTurned) {
    Element e(properties());
    e.caps("I420", 322, 242);
    for (const GType meta : {GST_VIDEO_CROP_META_API_TYPE, GST_VIDEO_AFFINE_TRANSFORMATION_META_API_TYPE,
                             GST_VIDEO_OVERLAY_COMPOSITION_META_API_TYPE}) {
        gst_harness_add_propose_allocation_meta(e.harness, meta, nullptr);
    }
    gst_buffer_unref(gst_harness_push_and_pull(e.harness, e.frame()));
    GstCaps* caps = gst_pad_get_current_caps(e.harness->srcpad);
    GstQuery* query = gst_query_new_allocation(caps, TRUE);
    EXPECT_TRUE(gst_pad_peer_query(e.harness->srcpad, query));
    EXPECT_FALSE(gst_query_find_allocation_meta(query, GST_VIDEO_CROP_META_API_TYPE, nullptr));
    EXPECT_FALSE(gst_query_find_allocation_meta(query, GST_VIDEO_AFFINE_TRANSFORMATION_META_API_TYPE, nullptr));
    gst_query_unref(query);
    gst_caps_unref(caps);
}

TEST_P(Display, CapsMayChangeWithEveryFrame) {
    Element e(properties());
    const struct {
        const char* format;
        int width, height;
    } sequence[] = {{"BGR", 320, 240}, {"I420", 640, 480}, {"NV12", 16, 16}, {"RGBx", 321, 241}, {"BGR", 320, 240}};
    for (int round = 0; round < 3; ++round) {
        for (const auto& s : sequence) {
            e.caps(s.format, s.width, s.height);
            const auto side = static_cast<guint>(s.height / 2);
            GstBuffer* out = e.pushFace(2, 2, side);
            ASSERT_NE(out, nullptr) << e.errors();
            EXPECT_EQ(gst_buffer_get_video_meta(out)->width, static_cast<guint>(s.width));
            gst_buffer_unref(out);
        }
    }
    EXPECT_EQ(e.errors(), "");
}

TEST(Reverse, PlaybackKeepsTheTrack) {
    Element e("encode-interval=100 refresh-interval=100 update-threshold=0");
    e.caps("BGR", 320, 240);
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    segment.rate = -1;
    segment.stop = segment.position = 10 * GST_SECOND;
    gst_harness_push_event(e.harness, gst_event_new_segment(&segment));
    for (guint i = 0; i < 25; ++i) {
        GstBuffer* in = e.frame(i);
        GST_BUFFER_PTS(in) = 10 * GST_SECOND - (i + 1) * 40 * GST_MSECOND;
        Element::addFace(in, 40 + 4 * i, 60, 80, 80);
        GstBuffer* out = gst_harness_push_and_pull(e.harness, in);
        ASSERT_NE(out, nullptr) << e.errors();
        EXPECT_EQ(regionsOf(out).at(0)->id, 1) << i;
        gst_buffer_unref(out);
    }
    const auto messages = e.messages();
    ASSERT_GE(messages.size(), 3U);
    EXPECT_EQ(messages[0].event(), "track-new");
    EXPECT_EQ(messages[0].get<guint64>("timestamp", G_TYPE_UINT64), 9960 * GST_MSECOND);
    EXPECT_EQ(messages[0].get<guint64>("running-time", G_TYPE_UINT64), 40 * GST_MSECOND);
    for (size_t i = 1; i < messages.size(); ++i) {
        EXPECT_EQ(messages[i].event(), "track-updated") << i;
    }
}

}  // namespace

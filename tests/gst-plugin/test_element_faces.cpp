// SPDX-License-Identifier: Apache-2.0
//
// The request pad "faces".
#include <atomic>
#include <set>
#include <thread>

#include "element_fixture.hpp"
#include "taken_faces.hpp"

namespace {

using drgan_test::Element;
using drgan_test::regionsOf;
using drgan_test::Taken;

TEST(FacesPad, GivesAPictureForEachUpdateWithTheTrackOnIt) {
    Element e("display=false encode-interval=0 refresh-interval=0 update-threshold=0");
    Taken faces(e.element);
    e.caps("I420", 320, 240);
    for (int i = 0; i < 3; ++i) {
        GstBuffer* in = e.frame(static_cast<guint32>(i));
        Element::addFace(in, 40, 60, 80, 80);
        Element::addFace(in, 200, 60, 80, 80);
        gst_buffer_unref(gst_harness_push_and_pull(e.harness, in));
    }
    size_t updates = 0;
    for (const auto& m : e.messages()) {
        updates += m.event() == "track-updated" ? 1 : 0;
        EXPECT_FALSE(gst_structure_has_field(m.structure(), "frontal")) << "only the pad has it";
    }
    EXPECT_EQ(updates, 6U);
    const auto buffers = faces.wait(updates);
    ASSERT_EQ(buffers.size(), updates);
    const GstVideoInfo info = faces.info();
    EXPECT_EQ(GST_VIDEO_INFO_FORMAT(&info), GST_VIDEO_FORMAT_RGB);
    EXPECT_EQ(GST_VIDEO_INFO_WIDTH(&info), 16);  // the tiny bundle's S
    std::set<int> ids;
    for (size_t i = 0; i < buffers.size(); ++i) {
        EXPECT_EQ(GST_BUFFER_PTS(buffers[i]), i / 2 * 40 * GST_MSECOND);
        EXPECT_EQ(gst_buffer_get_size(buffers[i]), GST_VIDEO_INFO_SIZE(&info));
        const auto regions = regionsOf(buffers[i]);
        ASSERT_EQ(regions.size(), 1U);
        ids.insert(regions[0]->id);
        EXPECT_EQ(regions[0]->w, 16U);
        gdouble confidence = 0;
        const GstStructure* drgan = gst_video_region_of_interest_meta_get_param(regions[0], "drgan");
        ASSERT_NE(drgan, nullptr);
        EXPECT_TRUE(gst_structure_get_double(drgan, "confidence", &confidence));
        EXPECT_GT(confidence, 0);
        EXPECT_EQ(gst_video_region_of_interest_meta_get_param(regions[0], "drgan-embedding"), nullptr);
    }
    EXPECT_EQ(ids, (std::set<int>{1, 2}));
    const auto events = faces.events();
    ASSERT_GE(events.size(), 3U);
    EXPECT_EQ(events[0], GST_EVENT_STREAM_START);
    EXPECT_EQ(events[1], GST_EVENT_CAPS);
    EXPECT_EQ(events[2], GST_EVENT_SEGMENT);
}

TEST(FacesPad, HasTheAskedSizeAndEmbeddingsOnRequest) {
    Element e("display=false face-size=48 embeddings=true");
    Taken faces(e.element);
    e.caps("BGR", 320, 240);
    gst_buffer_unref(e.pushFace(40, 60, 80));
    const auto buffers = faces.wait(1);
    ASSERT_EQ(buffers.size(), 1U);
    const GstVideoInfo info = faces.info();
    EXPECT_EQ(GST_VIDEO_INFO_WIDTH(&info), 48);
    EXPECT_EQ(GST_VIDEO_INFO_HEIGHT(&info), 48);
    EXPECT_NE(gst_video_region_of_interest_meta_get_param(regionsOf(buffers[0]).at(0), "drgan-embedding"), nullptr);
}

TEST(FacesPad, IsOneAndComesAndGoesWhilePlaying) {
    Element e("display=false encode-interval=0 refresh-interval=0 update-threshold=0");
    e.caps("BGR", 320, 240);
    for (int i = 0; i < 5; ++i) {
        gst_buffer_unref(e.pushFace(40, 60, 80));
        Taken faces(e.element);
        EXPECT_EQ(gst_element_request_pad_simple(e.element, "faces"), nullptr);
        gst_buffer_unref(e.pushFace(40, 60, 80));
        EXPECT_EQ(faces.wait(1).size(), 1U);
        faces.release();
        gst_buffer_unref(e.pushFace(40, 60, 80));
    }
    EXPECT_EQ(e.errors(), "");
}

TEST(FacesPad, EndsWithTheVideo) {
    Element e("display=false");
    Taken faces(e.element);
    e.caps("BGR", 320, 240);
    gst_buffer_unref(gst_harness_push_and_pull(e.harness, e.frame()));  // no face: a waiting sink needs a gap event
    EXPECT_TRUE(faces.waitFor(GST_EVENT_GAP));
    gst_harness_push_event(e.harness, gst_event_new_eos());
    EXPECT_TRUE(faces.waitFor(GST_EVENT_EOS));
}

TEST(FacesPad, IsFlushedWithTheVideo) {
    Element e("display=false");
    Taken faces(e.element);
    e.caps("BGR", 320, 240);
    gst_buffer_unref(e.pushFace(40, 60, 80));
    EXPECT_EQ(faces.wait(1).size(), 1U);
    gst_harness_push_event(e.harness, gst_event_new_flush_start());
    gst_harness_push_event(e.harness, gst_event_new_flush_stop(TRUE));
    EXPECT_TRUE(faces.waitFor(GST_EVENT_FLUSH_STOP));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_harness_push_event(e.harness, gst_event_new_segment(&segment));
    gst_buffer_unref(e.pushFace(40, 60, 80));
    EXPECT_EQ(faces.wait(2).size(), 2U);
}

TEST(FacesPad, AReaderThatIsStuckDoesNotKeepTheElementFromStopping) {
    Element e("display=false encode-interval=0 refresh-interval=0 update-threshold=0 max-faces=16");
    Taken faces(e.element);
    faces.block = true;
    e.caps("BGR", 320, 240);
    std::atomic<int> pushed{0};
    std::thread streaming([&] {
        for (int i = 0; i < 100; ++i) {  // more pictures than the queue holds
            GstBuffer* in = e.frame(static_cast<guint32>(i));
            for (guint k = 0; k < 8; ++k) {
                Element::addFace(in, 5 + k % 4 * 80, 5 + k / 4 * 110, 70, 70);
            }
            if (gst_harness_push(e.harness, in) != GST_FLOW_OK) {
                break;
            }
            ++pushed;
        }
    });
    int before = -1;
    while (pushed != before) {  // until it blocks
        before = pushed;
        g_usleep(300000);
    }
    EXPECT_LT(pushed, 100) << "the queue is bounded";
    std::thread stopping([&] { gst_element_set_state(e.element, GST_STATE_READY); });
    streaming.join();  // the video's thread ends although the reader still blocks
    faces.block = false;
    stopping.join();
}

TEST(FacesPad, AReaderThatHasEnoughOrIsNotThereLeavesTheVideoAlone) {
    for (const GstFlowReturn flow : {GST_FLOW_EOS, GST_FLOW_NOT_LINKED}) {
        Element e("display=false encode-interval=0 refresh-interval=0 update-threshold=0");
        Taken faces(e.element);
        faces.flow = flow;
        e.caps("BGR", 320, 240);
        for (int i = 0; i < 20; ++i) {
            GstBuffer* out = e.pushFace(40, 60, 80);
            ASSERT_NE(out, nullptr);
            gst_buffer_unref(out);
        }
        EXPECT_EQ(e.errors(), "");
    }
    Element e("display=false");
    GstPad* pad = gst_element_request_pad_simple(e.element, "faces");  // not linked
    e.caps("BGR", 320, 240);
    GstBuffer* out = e.pushFace(40, 60, 80);
    ASSERT_NE(out, nullptr);
    gst_buffer_unref(out);
    EXPECT_EQ(e.errors(), "");
    gst_element_release_request_pad(e.element, pad);
    gst_object_unref(pad);
}

}  // namespace

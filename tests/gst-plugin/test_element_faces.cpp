// SPDX-License-Identifier: Apache-2.0
//
// The request pad "faces".
#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "element_fixture.hpp"

namespace {

using drgan_test::Element;
using drgan_test::regionsOf;

/// What came out of the pad, by its thread.
class Taken {
public:
    explicit Taken(Element& e) : element_(e.element) {
        pad_ = gst_element_request_pad_simple(element_, "faces");
        EXPECT_NE(pad_, nullptr);
        sink_ = gst_pad_new("sink", GST_PAD_SINK);
        gst_pad_set_element_private(sink_, this);
        gst_pad_set_chain_function(sink_, [](GstPad* pad, GstObject*, GstBuffer* buffer) {
            return static_cast<Taken*>(gst_pad_get_element_private(pad))->take(buffer);
        });
        gst_pad_set_event_function(sink_, [](GstPad* pad, GstObject*, GstEvent* event) -> gboolean {
            static_cast<Taken*>(gst_pad_get_element_private(pad))->take(event);
            return TRUE;
        });
        gst_pad_set_active(sink_, TRUE);
        EXPECT_EQ(gst_pad_link(pad_, sink_), GST_PAD_LINK_OK);
    }
    ~Taken() {
        release();
        gst_pad_set_active(sink_, FALSE);
        gst_object_unref(sink_);
        for (GstBuffer* b : buffers_) {
            gst_buffer_unref(b);
        }
    }
    Taken(const Taken&) = delete;
    Taken& operator=(const Taken&) = delete;

    void release() {
        if (pad_ != nullptr) {
            gst_element_release_request_pad(element_, pad_);
            gst_object_unref(pad_);
            pad_ = nullptr;
        }
    }

    /// Waits for so many pictures. @return all that have come
    std::vector<GstBuffer*> wait(size_t count) {
        for (int i = 0; i < 1000 && size() < count; ++i) {
            g_usleep(10000);
        }
        const std::lock_guard<std::mutex> lock(mutex_);
        return buffers_;
    }
    /// Waits for an event of this kind.
    bool waitFor(GstEventType type) {
        for (int i = 0; i < 1000 && !has(type); ++i) {
            g_usleep(10000);
        }
        return has(type);
    }
    std::vector<GstEventType> events() {
        const std::lock_guard<std::mutex> lock(mutex_);
        return events_;
    }
    GstVideoInfo info() {
        GstVideoInfo out;
        gst_video_info_init(&out);
        GstCaps* caps = gst_pad_get_current_caps(sink_);
        EXPECT_NE(caps, nullptr);
        if (caps != nullptr) {
            EXPECT_TRUE(gst_video_info_from_caps(&out, caps));
            gst_caps_unref(caps);
        }
        return out;
    }
    std::atomic<bool> block{false};  ///< take no picture until this is false
    std::atomic<int> flow{GST_FLOW_OK};

private:
    size_t size() {
        const std::lock_guard<std::mutex> lock(mutex_);
        return buffers_.size();
    }
    bool has(GstEventType type) {
        const std::lock_guard<std::mutex> lock(mutex_);
        return std::find(events_.begin(), events_.end(), type) != events_.end();
    }
    GstFlowReturn take(GstBuffer* buffer) {
        while (block) {
            g_usleep(1000);
        }
        const std::lock_guard<std::mutex> lock(mutex_);
        buffers_.push_back(buffer);
        return static_cast<GstFlowReturn>(flow.load());
    }
    void take(GstEvent* event) {
        const std::lock_guard<std::mutex> lock(mutex_);
        events_.push_back(GST_EVENT_TYPE(event));
        gst_event_unref(event);
    }
    GstElement* element_;
    GstPad* pad_ = nullptr;
    GstPad* sink_ = nullptr;
    std::mutex mutex_;
    std::vector<GstBuffer*> buffers_;
    std::vector<GstEventType> events_;
};

TEST(FacesPad, GivesAPictureForEachUpdateWithTheTrackOnIt) {
    Element e("display=false encode-interval=0 refresh-interval=0 update-threshold=0");
    Taken faces(e);
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
        EXPECT_FALSE(gst_structure_has_field(m.structure(), "frontal")) << "on the pad alone";
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
    Taken faces(e);
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
        Taken faces(e);
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
    Taken faces(e);
    e.caps("BGR", 320, 240);
    gst_buffer_unref(gst_harness_push_and_pull(e.harness, e.frame()));  // nobody: a sink that waits must hear of it
    EXPECT_TRUE(faces.waitFor(GST_EVENT_GAP));
    gst_harness_push_event(e.harness, gst_event_new_eos());
    EXPECT_TRUE(faces.waitFor(GST_EVENT_EOS));
}

TEST(FacesPad, IsFlushedWithTheVideo) {
    Element e("display=false");
    Taken faces(e);
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
    Taken faces(e);
    faces.block = true;
    e.caps("BGR", 320, 240);
    std::atomic<int> pushed{0};
    std::thread streaming([&] {
        for (int i = 0; i < 100; ++i) {  // more pictures than may wait
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
    while (pushed != before) {  // until it waits
        before = pushed;
        g_usleep(300000);
    }
    EXPECT_LT(pushed, 100) << "the queue is bounded";
    std::thread stopping([&] { gst_element_set_state(e.element, GST_STATE_READY); });
    streaming.join();  // the video is let go although the reader is still stuck
    faces.block = false;
    stopping.join();
}

TEST(FacesPad, AReaderThatHasEnoughOrIsNotThereLeavesTheVideoAlone) {
    for (const GstFlowReturn flow : {GST_FLOW_EOS, GST_FLOW_NOT_LINKED}) {
        Element e("display=false encode-interval=0 refresh-interval=0 update-threshold=0");
        Taken faces(e);
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
    GstPad* pad = gst_element_request_pad_simple(e.element, "faces");  // linked to nothing
    e.caps("BGR", 320, 240);
    GstBuffer* out = e.pushFace(40, 60, 80);
    ASSERT_NE(out, nullptr);
    gst_buffer_unref(out);
    EXPECT_EQ(e.errors(), "");
    gst_element_release_request_pad(e.element, pad);
    gst_object_unref(pad);
}

}  // namespace

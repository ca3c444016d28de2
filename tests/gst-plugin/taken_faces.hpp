// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_TESTS_TAKEN_FACES_HPP
#define DRGAN_TESTS_TAKEN_FACES_HPP

#include <gst/video/video.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <vector>

namespace drgan_test {

/// Collects what the "faces" pad's thread pushes.
class Taken {
public:
    explicit Taken(GstElement* element) : element_(element) {
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
        for (GstEvent* e : events_) {
            gst_event_unref(e);
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

    /// Waits for `count` pictures. @return all that have arrived
    std::vector<GstBuffer*> wait(size_t count) {
        for (int i = 0; i < 1000 && size() < count; ++i) {
            g_usleep(10000);
        }
        const std::lock_guard<std::mutex> lock(mutex_);
        return buffers_;
    }
    /// Waits for `count` events of this type. @return the newest, still owned by this object; null: none arrived
    GstEvent* event(GstEventType type, size_t count = 1) {
        for (int i = 0; i < 1000; ++i) {
            {
                const std::lock_guard<std::mutex> lock(mutex_);
                const auto is = [&](GstEvent* e) { return GST_EVENT_TYPE(e) == type; };
                if (static_cast<size_t>(std::count_if(events_.begin(), events_.end(), is)) >= count) {
                    return *std::find_if(events_.rbegin(), events_.rend(), is);
                }
            }
            g_usleep(10000);
        }
        return nullptr;
    }
    bool waitFor(GstEventType type) { return event(type) != nullptr; }
    std::vector<GstEventType> events() {
        const std::lock_guard<std::mutex> lock(mutex_);
        std::vector<GstEventType> out;
        for (GstEvent* e : events_) {
            out.push_back(GST_EVENT_TYPE(e));
        }
        return out;
    }
    GstPad* pad() const { return pad_; }
    GstPad* sink() const { return sink_; }
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
    std::atomic<bool> block{false};    ///< do not accept pictures until this is false
    std::atomic<bool> blocked{false};  ///< a picture is waiting to be accepted
    std::atomic<int> flow{GST_FLOW_OK};

private:
    size_t size() {
        const std::lock_guard<std::mutex> lock(mutex_);
        return buffers_.size();
    }
    GstFlowReturn take(GstBuffer* buffer) {
        while (block) {
            blocked = true;
            g_usleep(1000);
        }
        const std::lock_guard<std::mutex> lock(mutex_);
        buffers_.push_back(buffer);
        return static_cast<GstFlowReturn>(flow.load());
    }
    void take(GstEvent* event) {
        const std::lock_guard<std::mutex> lock(mutex_);
        events_.push_back(event);
    }
    GstElement* element_;
    GstPad* pad_ = nullptr;
    GstPad* sink_ = nullptr;
    std::mutex mutex_;
    std::vector<GstBuffer*> buffers_;
    std::vector<GstEvent*> events_;
};

}  // namespace drgan_test

#endif

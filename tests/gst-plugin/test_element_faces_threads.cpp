// SPDX-License-Identifier: Apache-2.0
//
// Requests and releases the pad "faces" in any state, from any thread, whatever the stream is doing.
#include <atomic>
#include <thread>

#include "criticals.hpp"
#include "element_fixture.hpp"
#include "taken_faces.hpp"

namespace {

using drgan_test::Criticals;
using drgan_test::Element;
using drgan_test::Taken;
using testing::IsEmpty;

constexpr const char* everyFrame = "display=false encode-interval=0 refresh-interval=0 update-threshold=0";

/// Pushes frames with a face, or calls `each`, in a thread of its own, as fast as possible.
class Streaming {
public:
    template <typename Each>
    Streaming(Element& e, Each each)
        : thread_([this, &e, each] {
              while (!done_) {
                  each(e);
              }
          }) {}
    ~Streaming() {
        done_ = true;
        thread_.join();
    }
    Streaming(const Streaming&) = delete;
    Streaming& operator=(const Streaming&) = delete;

private:
    std::atomic<bool> done_{false};
    std::thread thread_;
};

void pushFrame(Element& e) {
    GstBuffer* out = e.pushFace(40, 60, 80);
    if (out != nullptr) {
        gst_buffer_unref(out);
    }
}

void flush(Element& e) {
    gst_harness_push_event(e.harness, gst_event_new_flush_start());
    gst_harness_push_event(e.harness, gst_event_new_flush_stop(TRUE));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_harness_push_event(e.harness, gst_event_new_segment(&segment));
}

/// Whether nobody else holds a reference to the pad.
bool isLast(Element& e, GstPad* pad) {
    for (int i = 0; i < 1000 && GST_OBJECT_REFCOUNT_VALUE(pad) != 1; ++i) {
        gst_bus_set_flushing(e.bus, TRUE);  // messages of its thread, which may still be ending
        gst_bus_set_flushing(e.bus, FALSE);
        g_usleep(1000);
    }
    return GST_OBJECT_REFCOUNT_VALUE(pad) == 1;
}

TEST(FacesThreads, APadRequestedWhilePlayingHasAWholeStream) {
    const Criticals criticals;
    Element e(everyFrame);
    e.caps("BGR", 320, 240);
    const Streaming streaming(e, pushFrame);
    for (int i = 0; i < 200 && !testing::Test::HasFailure(); ++i) {
        Taken faces(e.element);
        EXPECT_GE(faces.wait(1).size(), 1U);
        faces.release();
        const auto events = faces.events();
        ASSERT_GE(events.size(), 3U);
        EXPECT_EQ(events[0], GST_EVENT_STREAM_START);
        EXPECT_EQ(events[1], GST_EVENT_CAPS);
        EXPECT_EQ(events[2], GST_EVENT_SEGMENT);
        EXPECT_EQ(std::count(events.begin(), events.end(), GST_EVENT_STREAM_START), 1);
        EXPECT_EQ(std::count(events.begin(), events.end(), GST_EVENT_SEGMENT), 1);
    }
    EXPECT_THAT(criticals.texts(), IsEmpty());
}

TEST(FacesThreads, APadMayGoDuringAFlush) {
    const Criticals criticals;
    Element e(everyFrame);
    e.caps("BGR", 320, 240);
    {
        const Streaming streaming(e, [](Element& element) {
            flush(element);
            pushFrame(element);
        });
        for (int i = 0; i < 300; ++i) {
            Taken faces(e.element);
            g_usleep(static_cast<gulong>(i % 7) * 100);
            faces.release();
        }
    }
    EXPECT_THAT(criticals.texts(), IsEmpty());
    Taken faces(e.element);
    pushFrame(e);
    EXPECT_GE(faces.wait(1).size(), 1U);
}

// The unlucky order: the flush starts, the pad is released, the flush stops.
TEST(FacesThreads, APadThatWentDuringAFlushStaysEnded) {
    Element e(everyFrame);
    e.caps("BGR", 320, 240);
    GstPad* pad = nullptr;
    {
        Taken faces(e.element);
        pad = GST_PAD(gst_object_ref(faces.pad()));
        // Called by the flush while it holds the pad; meanwhile another thread releases the pad completely.
        gst_pad_add_probe(
            pad, GST_PAD_PROBE_TYPE_EVENT_FLUSH,
            [](GstPad*, GstPadProbeInfo* info, gpointer user) {
                if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_FLUSH_STOP) {
                    std::thread([&] { static_cast<Taken*>(user)->release(); }).join();
                }
                return GST_PAD_PROBE_OK;
            },
            &faces, nullptr);
        flush(e);
    }
    EXPECT_EQ(gst_pad_get_task_state(pad), GST_TASK_STOPPED);
    EXPECT_TRUE(isLast(e, pad));
    gst_object_unref(pad);
    pushFrame(e);
    EXPECT_EQ(e.errors(), "");
}

TEST(FacesThreads, OfManyRequestsAtOnceOneIsGranted) {
    const Criticals criticals;
    Element e(everyFrame);
    e.caps("BGR", 320, 240);
    for (int round = 0; round < 20; ++round) {
        std::atomic<GstPad*> granted{nullptr};
        std::atomic<int> count{0};
        std::vector<std::thread> threads;
        GstPadTemplate* templ = gst_element_get_pad_template(e.element, "faces");
        for (int i = 0; i < 8; ++i) {
            threads.emplace_back([&] {
                if (GstPad* pad = gst_element_request_pad(e.element, templ, nullptr, nullptr)) {
                    granted = pad;
                    ++count;
                }
            });
        }
        for (auto& t : threads) {
            t.join();
        }
        ASSERT_EQ(count, 1);
        gst_element_release_request_pad(e.element, granted);
        gst_object_unref(granted);
    }
    EXPECT_THAT(criticals.texts(), IsEmpty());
}

class States : public testing::TestWithParam<GstState> {};

INSTANTIATE_TEST_SUITE_P(RequestedIn, States,
                         testing::Values(GST_STATE_NULL, GST_STATE_READY, GST_STATE_PAUSED, GST_STATE_PLAYING),
                         [](const auto& info) { return std::string(gst_element_state_get_name(info.param)); });

// Each run has its own stream, from stream-start to EOS.
TEST_P(States, APadServesRunAfterRun) {
    const Criticals criticals;
    Element e(everyFrame);
    gst_element_set_state(e.element, GetParam());
    Taken faces(e.element);
    for (size_t run = 1; run <= 3; ++run) {
        gst_element_set_state(e.element, GST_STATE_PLAYING);
        if (run == 1) {
            e.caps("BGR", 320, 240);
        }
        gst_harness_push_event(e.harness, gst_event_new_stream_start(("run" + std::to_string(run)).c_str()));
        e.caps("BGR", 320, 240);
        pushFrame(e);
        EXPECT_EQ(faces.wait(run).size(), run);
        gst_harness_push_event(e.harness, gst_event_new_eos());
        GstEvent* end = faces.event(GST_EVENT_EOS, run);
        ASSERT_NE(end, nullptr) << run;
        const gchar* id = nullptr;
        gst_event_parse_stream_start(faces.event(GST_EVENT_STREAM_START), &id);
        EXPECT_EQ(id, "run" + std::to_string(run) + "/faces");
        gst_element_set_state(e.element, run == 1 ? GST_STATE_READY : GST_STATE_NULL);
        EXPECT_EQ(gst_pad_get_task_state(faces.pad()), GST_TASK_STOPPED);
        // drops the sticky events that the harness's own pads keep of the last run
        gst_pad_set_active(e.harness->srcpad, FALSE);
        gst_pad_set_active(e.harness->srcpad, TRUE);
    }
    const auto events = faces.events();
    EXPECT_GE(std::count(events.begin(), events.end(), GST_EVENT_CAPS), 3);
    EXPECT_THAT(criticals.texts(), IsEmpty());
    EXPECT_EQ(e.errors(), "");
}

TEST_P(States, APadMayGoAndComeInAnyState) {
    const Criticals criticals;
    Element e(everyFrame);
    for (int i = 0; i < 3; ++i) {
        gst_element_set_state(e.element, GetParam());
        GstPad* pad = gst_element_request_pad_simple(e.element, "faces");
        ASSERT_NE(pad, nullptr);
        EXPECT_EQ(gst_pad_is_active(pad) != FALSE, GetParam() >= GST_STATE_PAUSED);
        gst_element_release_request_pad(e.element, pad);
        EXPECT_TRUE(isLast(e, pad));
        gst_object_unref(pad);
        gst_element_set_state(e.element, GST_STATE_NULL);
    }
    EXPECT_THAT(criticals.texts(), IsEmpty());
}

// As applications remove a branch from a tee: a probe blocks the pad and releases it.
TEST(FacesThreads, APadMayBeReleasedInAProbeOfItsOwn) {
    const Criticals criticals;
    Element e(everyFrame);
    e.caps("BGR", 320, 240);
    for (int i = 0; i < 20; ++i) {
        Taken faces(e.element);
        std::atomic<bool> released{false};
        std::pair<Taken*, std::atomic<bool>*> context{&faces, &released};
        gst_pad_add_probe(
            faces.pad(), static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_BUFFER),
            [](GstPad*, GstPadProbeInfo*, gpointer user) {
                auto* both = static_cast<std::pair<Taken*, std::atomic<bool>*>*>(user);
                both->first->release();
                *both->second = true;
                return GST_PAD_PROBE_REMOVE;
            },
            &context, nullptr);
        while (!released) {
            pushFrame(e);
        }
        pushFrame(e);
    }
    EXPECT_THAT(criticals.texts(), IsEmpty());
    EXPECT_EQ(e.errors(), "");
}

// A paused sink holds its picture and with it the pad's thread. Removing the branch must not wait for it.
TEST(FacesThreads, APadMayBeReleasedWhileItsSinkHoldsAPicture) {
    Element e(everyFrame);
    e.caps("BGR", 320, 240);
    for (int i = 0; i < 5; ++i) {
        Taken faces(e.element);
        faces.block = true;
        pushFrame(e);
        while (!faces.blocked) {
            g_usleep(1000);
        }
        std::atomic<bool> released{false};
        std::thread application([&] {
            faces.release();
            released = true;
        });
        for (int k = 0; k < 3000 && !released; ++k) {
            g_usleep(1000);
        }
        EXPECT_TRUE(released);
        pushFrame(e);
        faces.block = false;
        application.join();
    }
    Taken faces(e.element);
    pushFrame(e);
    EXPECT_GE(faces.wait(1).size(), 1U);
    EXPECT_EQ(e.errors(), "");
}

// A branch of which only the elements were stopped refuses pictures. The video must not wait for it, and it may start
// again.
TEST(FacesThreads, ABranchThatIsStoppedLeavesTheVideoAlone) {
    Element e(everyFrame);
    Taken faces(e.element);
    faces.flow = GST_FLOW_FLUSHING;
    e.caps("BGR", 320, 240);
    std::atomic<int> pushed{0};
    std::thread streaming([&] {
        for (; pushed < 400; ++pushed) {  // more than the queue holds
            pushFrame(e);
        }
    });
    for (int i = 0; i < 600 && pushed < 400; ++i) {
        g_usleep(100000);
    }
    EXPECT_EQ(pushed, 400);
    faces.flow = GST_FLOW_OK;
    if (pushed < 400) {
        faces.release();  // else the test would never end
    }
    streaming.join();
    EXPECT_EQ(e.errors(), "");
    if (pushed == 400 && faces.pad() != nullptr) {
        const size_t before = faces.wait(0).size();
        pushFrame(e);
        EXPECT_GT(faces.wait(before + 1).size(), before);
    }
}

}  // namespace

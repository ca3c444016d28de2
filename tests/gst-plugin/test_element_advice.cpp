// SPDX-License-Identifier: Apache-2.0
//
// The element's warnings about videos in which faces are hard to detect: rotated ones, or with non-square pixels.
#include <atomic>

#include "element_fixture.hpp"
#include "run_pipeline.hpp"

namespace {

using drgan_test::Element;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> warnings(GstBus* bus) {
    std::vector<std::string> out;
    while (GstMessage* m = gst_bus_pop_filtered(bus, GST_MESSAGE_WARNING)) {
        GError* error = nullptr;
        gchar* debug = nullptr;
        gst_message_parse_warning(m, &error, &debug);
        out.push_back(std::string(error->message) + " " + debug);
        g_error_free(error);
        g_free(debug);
        gst_message_unref(m);
    }
    return out;
}

void pushTag(Element& e, const char* orientation) {
    gst_harness_push_event(e.harness,
                           gst_event_new_tag(gst_tag_list_new(GST_TAG_IMAGE_ORIENTATION, orientation, nullptr)));
}

TEST(Orientation, OfFramesThatNobodyTurnedIsWarnedOfOnce) {
    Element e;
    e.caps("BGR", 320, 240);
    gst_harness_push_event(e.harness, gst_event_new_tag(gst_tag_list_new(GST_TAG_TITLE, "a title", nullptr)));
    for (const char* upright : {"rotate-0", "flip-rotate-0"}) {
        pushTag(e, upright);
        EXPECT_THAT(warnings(e.bus), IsEmpty()) << upright;
    }
    for (int i = 0; i < 3; ++i) {
        pushTag(e, "rotate-90");
        gst_buffer_unref(gst_harness_push_and_pull(e.harness, e.frame()));
    }
    EXPECT_THAT(warnings(e.bus),
                ElementsAre(testing::AllOf(HasSubstr("videoflip video-direction=auto"), HasSubstr("rotate-90"))));
    pushTag(e, "rotate-180");
    EXPECT_THAT(warnings(e.bus), ElementsAre(HasSubstr("rotate-180")));
    gst_harness_push_event(e.harness, gst_event_new_stream_start("another"));
    pushTag(e, "rotate-180");
    EXPECT_THAT(warnings(e.bus), ElementsAre(HasSubstr("rotate-180"))) << "once per stream";
    EXPECT_EQ(e.errors(), "");
}

// Before 1.24, videoflip does not change the tag: the element must look for a videoflip.
struct Turning {
    const char* name;
    const char* before;
    bool warned;
};

std::ostream& operator<<(std::ostream& out, const Turning& t) { return out << t.before; }

class Upstream : public testing::TestWithParam<Turning> {};

INSTANTIATE_TEST_SUITE_P(
    Turns, Upstream,
    testing::Values(Turning{"Nobody", "identity", true}, Turning{"Auto", "videoflip video-direction=auto", false},
                    Turning{"AutoAndMore", "videoflip video-direction=auto ! queue ! videoconvert", false},
                    Turning{"ByHand", "videoflip video-direction=90r", false},
                    Turning{"InABin", "( videoflip video-direction=auto ! identity )", false},
                    Turning{"AFlipThatDoesNothing", "videoflip video-direction=identity", true}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_P(Upstream, IsAsked) {
    std::atomic<int> told{0};
    EXPECT_EQ(drgan_test::runPipeline(
                  "videotestsrc num-buffers=3 ! video/x-raw,format=I420,width=320,height=240 ! taginject "
                  "tags=image-orientation=rotate-90 ! " +
                      std::string(GetParam().before) +
                      " ! drganfrontalize detect-interval=0 bundle=" + drgan_test::tinyBundle() + " ! fakesink",
                  [&](GstBin* bin) {
                      GstBus* bus = gst_element_get_bus(GST_ELEMENT(bin));
                      gst_bus_set_sync_handler(
                          bus,
                          [](GstBus*, GstMessage* message, gpointer count) {
                              if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_WARNING) {
                                  ++*static_cast<std::atomic<int>*>(count);
                              }
                              return GST_BUS_PASS;
                          },
                          &told, nullptr);
                      gst_object_unref(bus);
                  }),
              "");
    EXPECT_EQ(told, GetParam().warned ? 1 : 0);
}

TEST(Pixels, ThatAreFarFromSquareAreWarnedOfOnce) {
    const auto capsWith = [](const std::string& ratio) {
        return "video/x-raw,format=BGR,width=320,height=240,framerate=25/1,pixel-aspect-ratio=" + ratio;
    };
    for (const char* square : {"1/1", "12/11", "10/11"}) {
        Element e;
        e.caps("BGR", 320, 240);
        gst_harness_set_src_caps_str(e.harness, capsWith(square).c_str());
        EXPECT_THAT(warnings(e.bus), IsEmpty()) << square;
    }
    for (const char* other : {"2/1", "1/2", "16/11", "4/3"}) {
        Element e;
        e.caps("BGR", 320, 240);
        for (int i = 0; i < 2; ++i) {
            gst_harness_set_src_caps_str(e.harness, capsWith(other).c_str());
            gst_buffer_unref(gst_harness_push_and_pull(e.harness, e.frame()));
        }
        EXPECT_THAT(warnings(e.bus),
                    ElementsAre(testing::AllOf(HasSubstr("pixel-aspect-ratio=1/1"), HasSubstr(other))));
        EXPECT_EQ(e.errors(), "");
    }
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
//
// Which of the element's metadata GStreamer's own elements keep, as docs/element.md says.
#include "element_fixture.hpp"

namespace {

using drgan_test::Element;
using drgan_test::regionsOf;

struct Case {
    const char* name;
    const char* elements;  ///< after drganfrontalize, whose frames are 160x120 with a face at (40, 20), 60x50
    enum Left { none, region, all } left;  ///< region: only its rectangle and id, not its structures
    guint x, y, w, h;                      ///< the region after them
};
std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.elements; }

const Case cases[] = {
    {"Queue", "queue", Case::all, 40, 20, 60, 50},
    {"SameFormat", "videoconvert ! video/x-raw,format=I420", Case::all, 40, 20, 60, 50},
    {"SameSize", "videoscale ! video/x-raw,width=160,height=120", Case::all, 40, 20, 60, 50},
    {"Rate", "videorate ! video/x-raw,framerate=50/1", Case::all, 40, 20, 60, 50},
    {"Balance", "videobalance saturation=0", Case::all, 40, 20, 60, 50},
    {"Coded", "x264enc ! avdec_h264", Case::all, 40, 20, 60, 50},
    {"Convert", "videoconvert ! video/x-raw,format=BGR", Case::region, 40, 20, 60, 50},
    {"Scale", "videoscale ! video/x-raw,width=320,height=60", Case::region, 80, 10, 120, 25},
    {"ConvertAndScale", "videoconvertscale ! video/x-raw,format=BGR,width=320,height=60", Case::region, 80, 10, 120,
     25},
    // The region is still where it was before the flip, which is wrong.
    {"FlipHorizontally", "videoflip method=horizontal-flip", Case::all, 40, 20, 60, 50},
    {"FlipClockwise", "videoflip method=clockwise", Case::all, 40, 20, 60, 50},
    {"Crop", "videocrop left=20 top=10", Case::none, 0, 0, 0, 0},
    {"Compositor", "compositor", Case::none, 0, 0, 0, 0},
};

// As of GStreamer 1.22; newer versions may keep more.
class Downstream : public testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Of, Downstream, testing::ValuesIn(cases),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(Downstream, MetadataIsAsDocumented) {
    const Case& c = GetParam();
    guint major = 0;
    guint minor = 0;
    guint micro = 0;
    guint nano = 0;
    gst_version(&major, &minor, &micro, &nano);
    if (minor != 22) {
        GTEST_SKIP() << "this is GStreamer 1." << minor << "; what is documented is of 1.22";
    }
    GError* error = nullptr;
    GstElement* pipeline = gst_parse_launch(
        (std::string("videotestsrc num-buffers=3 ! video/x-raw,format=I420,width=160,height=120,framerate=25/1 ! "
                     "drganfrontalize detect-interval=0 display=false name=drgan ! ") +
         c.elements + " ! appsink name=out sync=false")
            .c_str(),
        &error);
    if (pipeline == nullptr || error != nullptr) {
        const std::string why = error->message;
        g_error_free(error);
        gst_clear_object(&pipeline);
        GTEST_SKIP() << why;
    }
    GstElement* drgan = gst_bin_get_by_name(GST_BIN(pipeline), "drgan");
    GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline), "out");
    g_object_set(drgan, "bundle", drgan_test::tinyBundle().c_str(), nullptr);
    GstPad* pad = gst_element_get_static_pad(drgan, "sink");
    gst_pad_add_probe(
        pad, GST_PAD_PROBE_TYPE_BUFFER,
        [](GstPad*, GstPadProbeInfo* info, gpointer) {
            info->data = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
            Element::addFace(GST_PAD_PROBE_INFO_BUFFER(info), 40, 20, 60, 50);
            return GST_PAD_PROBE_OK;
        },
        nullptr, nullptr);
    gst_object_unref(pad);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    GstSample* sample = nullptr;
    g_signal_emit_by_name(sink, "pull-sample", &sample);
    EXPECT_NE(sample, nullptr);
    if (sample != nullptr) {
        const auto regions = regionsOf(gst_sample_get_buffer(sample));
        EXPECT_EQ(regions.size(), c.left == Case::none ? 0U : 1U);
        for (auto* r : regions) {
            EXPECT_EQ(r->x, c.x);
            EXPECT_EQ(r->y, c.y);
            EXPECT_EQ(r->w, c.w);
            EXPECT_EQ(r->h, c.h);
            EXPECT_EQ(r->id, 1);
            gint id = 0;
            const GstStructure* result = gst_video_region_of_interest_meta_get_param(r, "drgan");
            EXPECT_EQ(result != nullptr && gst_structure_get_int(result, "track-id", &id) && id == 1,
                      c.left == Case::all);
        }
        gst_sample_unref(sample);
    }
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(sink);
    gst_object_unref(drgan);
    gst_object_unref(pipeline);
}

}  // namespace

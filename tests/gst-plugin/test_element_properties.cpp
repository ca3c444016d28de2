// SPDX-License-Identifier: Apache-2.0
#include <opencv2/core/utility.hpp>
#include <opencv2/dnn.hpp>
#include <set>

#include "element_fixture.hpp"

namespace {

using drgan_test::Element;
using drgan_test::regionsOf;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Properties, KeepWhatTheyAreGiven) {
    Element e(
        "detector=/a detect-interval=9 detect-size=1280 encode-interval=10 refresh-interval=11 roi-type=head "
        "display=false "
        "embeddings=true pictures=true yaw=-30 max-faces=3 min-face-size=40 track-timeout=12 update-threshold=0.25 "
        "match-threshold=0.375 stranger-rate=0.125 backend=cuda target=cuda-fp16 threads=2 results-location=/b "
        "gallery=/d visitors=/e visitors-days=13 visitors-limit=14",
        "/c");
    gchar *detector, *type, *bundle, *results, *gallery, *visitors;
    gint detect, detectSize, faces, size, backend, target, threads, days, limit;
    guint encode, refresh, timeout;
    gboolean display, embeddings, pictures;
    gdouble yaw, threshold, match, rate;
    g_object_get(e.element, "detector", &detector, "roi-type", &type, "bundle", &bundle, "detect-interval", &detect,
                 "detect-size", &detectSize, "max-faces", &faces, "min-face-size", &size, "encode-interval", &encode,
                 "refresh-interval", &refresh, "track-timeout", &timeout, "display", &display, "embeddings",
                 &embeddings, "pictures", &pictures, "yaw", &yaw, "update-threshold", &threshold, "match-threshold",
                 &match, "stranger-rate", &rate, "backend", &backend, "target", &target, "threads", &threads,
                 "results-location", &results, "gallery", &gallery, "visitors", &visitors, "visitors-days", &days,
                 "visitors-limit", &limit, nullptr);
    EXPECT_STREQ(detector, "/a");
    EXPECT_STREQ(bundle, "/c");
    EXPECT_STREQ(type, "head");
    EXPECT_EQ(detect, 9);
    EXPECT_EQ(detectSize, 1280);
    EXPECT_EQ(encode, 10U);
    EXPECT_EQ(refresh, 11U);
    EXPECT_EQ(timeout, 12U);
    EXPECT_EQ(faces, 3);
    EXPECT_EQ(size, 40);
    EXPECT_FALSE(display);
    EXPECT_TRUE(embeddings);
    EXPECT_TRUE(pictures);
    EXPECT_EQ(yaw, -30);
    EXPECT_EQ(threshold, 0.25);
    EXPECT_EQ(match, 0.375);
    EXPECT_EQ(rate, 0.125);
    EXPECT_EQ(backend, 2);
    EXPECT_EQ(target, 4);
    EXPECT_EQ(threads, 2);
    EXPECT_STREQ(results, "/b");
    EXPECT_STREQ(gallery, "/d");
    EXPECT_STREQ(visitors, "/e");
    EXPECT_EQ(days, 13);
    EXPECT_EQ(limit, 14);
    for (gchar* s : {detector, type, bundle, results, gallery, visitors}) {
        g_free(s);
    }
}

TEST(Properties, DisplayAndYawChangeWhilePlaying) {
    Element e("pictures=true");
    e.caps("BGR", 320, 240);
    const auto drawn = [&] {
        GstBuffer* in = e.frame();
        const auto before = drgan_test::bytesOf(in);
        Element::addFace(in, 40, 60, 80, 80);
        GstBuffer* out = gst_harness_push_and_pull(e.harness, in);
        auto after = drgan_test::bytesOf(out);
        gst_buffer_unref(out);
        return after == before ? std::vector<guint8>() : after;
    };
    const auto front = drawn();
    EXPECT_FALSE(front.empty());
    g_object_set(e.element, "display", FALSE, nullptr);
    EXPECT_TRUE(drawn().empty());
    g_object_set(e.element, "display", TRUE, nullptr);
    EXPECT_EQ(drawn(), front);
    g_object_set(e.element, "yaw", 90., nullptr);
    EXPECT_NE(drawn(), front);
}

TEST(Properties, HaveABlurbARangeAndADefaultInIt) {
    Element e;
    guint n = 0;
    GParamSpec** specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(e.element), &n);
    int own = 0;
    for (guint i = 0; i < n; ++i) {
        if (specs[i]->owner_type != G_OBJECT_TYPE(e.element)) {
            continue;
        }
        ++own;
        EXPECT_GT(std::strlen(g_param_spec_get_blurb(specs[i])), 10U) << specs[i]->name;
        if ((specs[i]->flags & G_PARAM_WRITABLE) != 0) {
            EXPECT_NE(specs[i]->flags & (GST_PARAM_MUTABLE_READY | GST_PARAM_MUTABLE_PLAYING), 0) << specs[i]->name;
        }
        GValue value = G_VALUE_INIT;
        g_value_init(&value, specs[i]->value_type);
        const std::string name = specs[i]->name;
        if (name != "bundle" && name != "detect-interval" && name != "stats") {  // set by the fixture; counts
            g_object_get_property(G_OBJECT(e.element), specs[i]->name, &value);
            EXPECT_TRUE(g_param_value_defaults(specs[i], &value)) << name << " does not start with its default";
        }
        g_value_unset(&value);
    }
    g_free(specs);
    EXPECT_EQ(own, 35);
}

bool opencvHas(cv::dnn::Backend backend, cv::dnn::Target target) {
    for (const auto& pair : cv::dnn::getAvailableBackends()) {
        if (pair.first == backend && pair.second == target) {
            return true;
        }
    }
    return false;
}

TEST(Devices, ThatOpenCvWasBuiltWithoutAreAnErrorIfChosen) {
    if (opencvHas(cv::dnn::DNN_BACKEND_CUDA, cv::dnn::DNN_TARGET_CUDA)) {
        GTEST_SKIP() << "this OpenCV has CUDA";
    }
    for (const char* choice : {"backend=cuda", "target=cuda", "target=cuda-fp16", "backend=cuda target=cuda"}) {
        Element e(choice);
        EXPECT_EQ(gst_element_set_state(e.element, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
        const auto messages = e.messages(GST_MESSAGE_ERROR);
        ASSERT_EQ(messages.size(), 1U);
        GError* error = nullptr;
        gst_message_parse_error(messages[0].message, &error, nullptr);
        EXPECT_TRUE(g_error_matches(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS));
        EXPECT_THAT(error->message, HasSubstr("cuda"));
        EXPECT_THAT(error->message, HasSubstr("has here: opencv/cpu"));
        g_error_free(error);
        g_object_set(e.element, "backend", 0, "target", 0, nullptr);
        EXPECT_NE(gst_element_set_state(e.element, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE) << e.errors();
    }
}

TEST(Devices, TheProcessorIsAlwaysThere) {
    for (const char* choice :
         {"backend=auto target=auto", "target=cpu", "backend=opencv", "backend=opencv target=cpu"}) {
        Element e(choice);
        e.caps("BGR", 320, 240);
        GstBuffer* out = e.pushFace(40, 60, 80);
        ASSERT_NE(out, nullptr) << choice << ": " << e.errors();
        gst_buffer_unref(out);
        EXPECT_THAT(e.events(), testing::ElementsAre("track-new 1", "track-updated 1"));
    }
}

TEST(Devices, ThreadsAreThoseOfTheProcess) {
    const int before = cv::getNumThreads();
    Element e("threads=1");
    gst_element_set_state(e.element, GST_STATE_PAUSED);
    EXPECT_EQ(cv::getNumThreads(), 1);
    Element other;  // threads=0 does not change the number
    gst_element_set_state(other.element, GST_STATE_PAUSED);
    EXPECT_EQ(cv::getNumThreads(), 1);
    cv::setNumThreads(before);
}

TEST(Properties, TheMatchThresholdDecidesWhoComesBack) {
    for (const double threshold : {1., -0.99}) {
        Element e("track-timeout=5000 match-threshold=" + std::to_string(threshold));
        e.caps("BGR", 320, 240);
        gst_buffer_unref(e.pushFace(10, 20, 60));
        for (int i = 0; i < 25; ++i) {
            gst_buffer_unref(e.pushFace(230, 150, 60));  // the first face is missed and becomes hidden
        }
        GstBuffer* out = e.pushFace(10, 150, 60);  // another picture in another place
        std::set<int> ids;
        for (auto* r : regionsOf(out)) {
            ids.insert(r->id);
        }
        EXPECT_EQ(ids.count(1), threshold < 0 ? 1U : 0U) << threshold;
        gst_buffer_unref(out);
    }
}

}  // namespace

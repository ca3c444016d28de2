// SPDX-License-Identifier: Apache-2.0
//
// Which stream a message comes from, and when: source, bundle, utc and schema.
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>

#include "element_fixture.hpp"

namespace {

using drgan_test::Element;
using drgan_test::TempDir;
using nlohmann::json;
using testing::ElementsAre;
using testing::MatchesRegex;

class Origin : public testing::Test {
protected:
    std::vector<json> lines() const {
        std::ifstream in(file);
        std::vector<json> out;
        for (std::string line; std::getline(in, line);) {
            out.push_back(json::parse(line));
        }
        return out;
    }

    TempDir dir;
    std::string file = dir.path() + "/results.jsonl";
    std::string property = "results-location=" + file + " ";
};

std::string text(const drgan_test::Posted& message, const char* field) {
    const gchar* found = gst_structure_get_string(message.structure(), field);
    return found != nullptr ? found : "(none)";
}

// Milliseconds since 1970.
long long millisecondsOf(const std::string& utc) {
    std::tm parts{};
    const char* end = strptime(utc.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
    return end == nullptr ? -1 : timegm(&parts) * 1000LL + std::atoi(end + 1);
}

void pushAt(Element& e, GstClockTime reference, const char* caps) {
    GstBuffer* in = e.frame();
    Element::addFace(in, 40, 60, 80, 80);
    if (caps != nullptr) {
        GstCaps* c = gst_caps_from_string(caps);
        gst_buffer_add_reference_timestamp_meta(in, c, reference, GST_CLOCK_TIME_NONE);
        gst_caps_unref(c);
    }
    gst_buffer_unref(gst_harness_push_and_pull(e.harness, in));
}

TEST_F(Origin, IsInEachMessageAndLine) {
    Element e(property + "source=door");
    e.caps("BGR", 320, 240);
    gst_buffer_unref(e.pushFace(40, 60, 80));
    const auto messages = e.messages();
    const auto written = lines();
    ASSERT_EQ(messages.size(), 2U);
    ASSERT_EQ(written.size(), 2U);
    for (size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(messages[i].get<guint>("schema", G_TYPE_UINT), 1U);
        EXPECT_EQ(text(messages[i], "source"), "door");
        EXPECT_EQ(text(messages[i], "bundle"), "tiny");
        EXPECT_THAT(text(messages[i], "utc"), MatchesRegex("[0-9-]+T[0-9:]+\\.[0-9]+Z"));
        EXPECT_EQ(written[i].at("schema"), 1);
        EXPECT_EQ(written[i].at("source"), "door");
        EXPECT_EQ(written[i].at("bundle"), "tiny");
        EXPECT_EQ(written[i].at("utc"), text(messages[i], "utc"));
    }
}

TEST_F(Origin, IsTheElementsNameUnlessTheSourceIsNamedAndFollowsIt) {
    Element e("name=camera-7 encode-interval=0 refresh-interval=0 update-threshold=0");
    e.caps("BGR", 320, 240);
    std::vector<std::string> sources;
    const auto push = [&] {
        gst_buffer_unref(e.pushFace(40, 60, 80));
        sources.push_back(text(e.messages().back(), "source"));
    };
    push();
    g_object_set(e.element, "source", "hall", nullptr);
    push();
    g_object_set(e.element, "source", nullptr, nullptr);
    push();
    EXPECT_THAT(sources, ElementsAre("camera-7", "hall", "camera-7"));
}

TEST_F(Origin, TakesTheCamerasClockWhereTheFrameHasIt) {
    Element e("encode-interval=0 refresh-interval=0 update-threshold=0");
    e.caps("BGR", 320, 240);
    std::vector<std::string> times;
    const auto push = [&](GstClockTime reference, const char* caps) {
        pushAt(e, reference, caps);
        times.push_back(text(e.messages().back(), "utc"));
    };
    const GstClockTime time = 1796029383 * GST_SECOND + 12345678;
    push(time, "timestamp/x-unix");
    push(time + GST_SECOND + 2208988800 * GST_SECOND, "timestamp/x-ntp");
    EXPECT_THAT(times, ElementsAre("2026-11-30T09:03:03.012Z", "2026-11-30T09:03:04.012Z"));
    // Of an epoch of its own: not a date.
    push(5 * GST_SECOND, "timestamp/x-ntp");
    push(5 * GST_SECOND, "timestamp/x-drone");
    for (size_t i = 2; i < 4; ++i) {
        EXPECT_LT(std::llabs(millisecondsOf(times[i]) - g_get_real_time() / 1000), 60000) << times[i];
    }
}

TEST_F(Origin, TakesTheSystemsClockAtTheFramesRunningTime) {
    Element e("encode-interval=0 refresh-interval=0 update-threshold=0");
    e.caps("BGR", 320, 240);
    gst_harness_set_time(e.harness, GST_SECOND);
    const auto push = [&](GstClockTime running) {
        GstBuffer* in = e.frame();
        Element::addFace(in, 40, 60, 80, 80);
        GST_BUFFER_PTS(in) = running;
        gst_buffer_unref(gst_harness_push_and_pull(e.harness, in));
        return millisecondsOf(text(e.messages().back(), "utc"));
    };
    const long long before = g_get_real_time() / 1000;
    const long long late = push(0);                     // a second ago
    const long long due = push(GST_SECOND);             // now
    const long long early = push(61 * GST_SECOND);      // in a minute
    const long long never = push(GST_CLOCK_TIME_NONE);  // no time: now
    const long long after = g_get_real_time() / 1000;
    const auto expectBetween = [&](long long value, long long offset) {
        EXPECT_GE(value, before + offset - 1);
        EXPECT_LE(value, after + offset + 1);
    };
    expectBetween(late, -1000);
    expectBetween(due, 0);
    expectBetween(early, 60000);
    expectBetween(never, 0);
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
//
// The element's messages as lines of JSON.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "element_fixture.hpp"

namespace {

using drgan_test::Element;
using drgan_test::TempDir;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<json> linesOf(const std::string& path) {
    std::ifstream in(path);
    std::vector<json> out;
    for (std::string line; std::getline(in, line);) {
        out.push_back(json::parse(line));  // throws if a line is incomplete
    }
    return out;
}

/// Warnings and the element's own messages, read together: popping one kind would drop the other.
struct Heard {
    std::vector<std::string> warnings;
    std::vector<int> codes;
    std::vector<std::string> events;
    explicit Heard(Element& e) {
        for (const auto& m : e.messages(static_cast<GstMessageType>(GST_MESSAGE_WARNING | GST_MESSAGE_ELEMENT))) {
            if (GST_MESSAGE_TYPE(m.message) == GST_MESSAGE_ELEMENT) {
                events.push_back(m.event());
                continue;
            }
            GError* error = nullptr;
            gst_message_parse_warning(m.message, &error, nullptr);
            EXPECT_EQ(error->domain, GST_RESOURCE_ERROR);
            warnings.emplace_back(error->message);
            codes.push_back(error->code);
            g_error_free(error);
        }
    }
};

class Results : public testing::Test {
protected:
    TempDir dir;
    std::string file = dir.path() + "/results.jsonl";
    std::string property = "results-location=" + file + " ";
};

TEST_F(Results, HaveEachMessageAsALineWithItsFields) {
    Element e(property + "pictures=true");
    e.caps("BGR", 320, 240);
    gst_buffer_unref(gst_harness_push_and_pull(e.harness, e.frame()));
    GstBuffer* in = e.frame();
    GST_BUFFER_DURATION(in) = GST_CLOCK_TIME_NONE;
    Element::addFace(in, 40, 60, 80, 70);
    gst_buffer_unref(gst_harness_push_and_pull(e.harness, in));
    EXPECT_EQ(linesOf(file).size(), 2U) << "lines are buffered";
    gst_harness_push_event(e.harness, gst_event_new_eos());
    const auto lines = linesOf(file);
    const auto messages = e.messages();
    ASSERT_EQ(lines.size(), 3U);
    ASSERT_EQ(messages.size(), 3U);
    const char* events[] = {"track-new", "track-updated", "track-lost"};
    for (size_t i = 0; i < 3; ++i) {
        const json& line = lines[i];
        EXPECT_EQ(line.at("event"), events[i]);
        EXPECT_EQ(line.at("track_id"), 1);
        EXPECT_EQ(line.at("timestamp"), 40 * GST_MSECOND);
        EXPECT_EQ(line.at("stream_time"), 40 * GST_MSECOND);
        EXPECT_EQ(line.at("running_time"), 40 * GST_MSECOND);
        EXPECT_TRUE(line.at("duration").is_null());
        EXPECT_EQ(line.at("x"), 40);
        EXPECT_EQ(line.at("y"), 60);
        EXPECT_EQ(line.at("width"), 80);
        EXPECT_EQ(line.at("height"), 70);
        EXPECT_EQ(line.at("yaw"), 0);
        EXPECT_EQ(line.at("images"), 1);
        EXPECT_EQ(line.at("confidence"), messages[i].get<gdouble>("confidence", G_TYPE_DOUBLE));
        EXPECT_EQ(line.at("total_confidence"), messages[i].get<gdouble>("total-confidence", G_TYPE_DOUBLE));
        EXPECT_EQ(line.size(), 18U) << line;  // neither embedding nor picture
    }
}

TEST_F(Results, HaveTheEmbeddingOnRequest) {
    Element e(property + "embeddings=true");
    e.caps("BGR", 320, 240);
    gst_buffer_unref(e.pushFace(40, 60, 80));
    const auto lines = linesOf(file);
    const auto messages = e.messages();
    ASSERT_EQ(lines.size(), 2U);
    const auto embedding = lines[1].at("embedding").get<std::vector<float>>();
    const GValue* array = gst_structure_get_value(messages[1].structure(), "embedding");
    ASSERT_EQ(embedding.size(), gst_value_array_get_size(array));
    for (guint i = 0; i < embedding.size(); ++i) {
        EXPECT_EQ(embedding[i], g_value_get_float(gst_value_array_get_value(array, i)));
    }
}

TEST_F(Results, EndWithTheElementAndBeginAnewWithIt) {
    Element e(property);
    e.caps("BGR", 320, 240);
    gst_buffer_unref(e.pushFace(40, 60, 80));
    gst_element_set_state(e.element, GST_STATE_READY);
    const auto lines = linesOf(file);
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_EQ(lines[2].at("event"), "track-lost");
    gst_element_set_state(e.element, GST_STATE_PAUSED);
    EXPECT_THAT(linesOf(file), IsEmpty());
}

TEST_F(Results, ThatCannotBeOpenedFailTheStart) {
    Element e("results-location=" + dir.path() + "/no/such/folder");
    EXPECT_EQ(gst_element_set_state(e.element, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
    const auto messages = e.messages(GST_MESSAGE_ERROR);
    ASSERT_EQ(messages.size(), 1U);
    GError* error = nullptr;
    gst_message_parse_error(messages[0].message, &error, nullptr);
    EXPECT_TRUE(g_error_matches(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_WRITE)) << error->code;
    EXPECT_THAT(error->message, HasSubstr("/no/such/folder"));
    g_error_free(error);
    g_object_set(e.element, "results-location", file.c_str(), nullptr);
    EXPECT_NE(gst_element_set_state(e.element, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE) << e.errors();
}

TEST_F(Results, OnAFullDiskAreOneWarningAndTheStreamGoesOn) {
    Element e("results-location=/dev/full encode-interval=0 refresh-interval=0 update-threshold=0");
    e.caps("BGR", 320, 240);
    for (int i = 0; i < 5; ++i) {
        GstBuffer* out = e.pushFace(40, 60, 80);
        ASSERT_NE(out, nullptr);
        gst_buffer_unref(out);
    }
    const Heard heard(e);
    EXPECT_THAT(heard.warnings, ElementsAre(HasSubstr("No space left")));
    EXPECT_THAT(heard.codes, ElementsAre(GST_RESOURCE_ERROR_NO_SPACE_LEFT));
    EXPECT_EQ(heard.events.size(), 6U);
    // After the next start there is a warning again.
    gst_element_set_state(e.element, GST_STATE_READY);
    EXPECT_THAT(e.messages(GST_MESSAGE_WARNING), IsEmpty());
    gst_element_set_state(e.element, GST_STATE_PLAYING);
    e.caps("BGR", 320, 240);
    gst_buffer_unref(e.pushFace(40, 60, 80));
    EXPECT_EQ(e.messages(GST_MESSAGE_WARNING).size(), 1U);
}

TEST_F(Results, OutliveTheirReader) {
    ASSERT_EQ(mkfifo(file.c_str(), 0600), 0);
    const int reader = open(file.c_str(), O_RDONLY | O_NONBLOCK);
    Element e(property);
    e.caps("BGR", 320, 240);
    gst_buffer_unref(e.pushFace(40, 60, 80));
    char bytes[4096];
    const ssize_t n = read(reader, bytes, sizeof bytes);
    ASSERT_GT(n, 0);
    EXPECT_EQ(std::count(bytes, bytes + n, '\n'), 2);
    close(reader);
    gst_harness_push_event(e.harness, gst_event_new_eos());  // with the default handling of SIGPIPE
    const Heard heard(e);
    EXPECT_THAT(heard.warnings, ElementsAre(HasSubstr("Broken pipe")));
    EXPECT_THAT(heard.events, ElementsAre("track-new", "track-updated", "track-lost"));
}

TEST_F(Results, ThatNobodyReadsDoNotKeepTheElementFromStopping) {
    ASSERT_EQ(mkfifo(file.c_str(), 0600), 0);
    const int reader = open(file.c_str(), O_RDONLY | O_NONBLOCK);
    // The pipe's one page is practically full with one line in it.
    ASSERT_GE(fcntl(reader, F_SETPIPE_SZ, 4096), 4096);
    Element e(property);
    e.caps("BGR", 320, 240);
    GstBuffer* in = e.frame();
    Element::addFace(in, 40, 60, 80, 80);
    std::thread streaming([&] { gst_harness_push(e.harness, in); });
    int bytes = 0;
    while (bytes == 0) {
        ASSERT_EQ(ioctl(reader, FIONREAD, &bytes), 0);
    }
    EXPECT_NE(gst_element_set_state(e.element, GST_STATE_READY), GST_STATE_CHANGE_FAILURE);
    streaming.join();
    close(reader);
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
//
// docs/messages.schema.json describes each line of results, and refuses what is none.
#include <fstream>
#include <opencv2/drgan.hpp>
#include <set>

#include "element_fixture.hpp"
#include "line_schema.hpp"

namespace {

using drgan_test::Element;
using drgan_test::TempDir;
using nlohmann::json;

class MessagesSchema : public testing::Test {
protected:
    /// Lines of new, updated and lost tracks, with everything that a line can have and with as little as it can.
    std::vector<json> play() {
        const std::string results = dir.path() + "/results.jsonl";
        const std::string gallery = dir.path() + "/people.gallery";
        cv::drgan::Gallery::createEmpty(8, "tiny")->save(gallery);
        std::vector<json> out;
        const auto read = [&] {
            std::ifstream file(results);
            for (std::string line; std::getline(file, line);) {
                out.push_back(json::parse(line));
            }
        };
        for (const char* more : {"", "embeddings=true source=\"the \\\"door\\\"\" match-threshold=-1 "}) {
            Element e("results-location=" + results + " gallery=" + gallery + " " + more);
            e.caps("BGR", 320, 240);
            GstBuffer* in = e.frame();
            auto* region = Element::addFace(in, 40, 60, 80, 80);
            gst_video_region_of_interest_meta_add_param(region,
                                                        gst_structure_new("object_id", "id", G_TYPE_INT, 5, nullptr));
            GST_BUFFER_PTS(in) = *more != '\0' ? GST_CLOCK_TIME_NONE : 0;
            gst_buffer_unref(gst_harness_push_and_pull(e.harness, in));
            gst_harness_push_event(e.harness, gst_event_new_eos());
            read();
            if (*more == '\0') {  // the second time, the face has a name
                const auto people = cv::drgan::Gallery::createEmpty(8, "tiny");
                Element other("embeddings=true");
                other.caps("BGR", 320, 240);
                gst_buffer_unref(other.pushFace(40, 60, 80));
                const auto messages = other.messages();
                const GValue* array = gst_structure_get_value(messages.back().structure(), "embedding");
                cv::Mat embedding(1, 8, CV_32F);
                for (int i = 0; i < 8; ++i) {
                    embedding.at<float>(i) = g_value_get_float(gst_value_array_get_value(array, static_cast<guint>(i)));
                }
                people->addFused("Ada", embedding, 0.5, 1);
                people->save(gallery);
            }
        }
        Element e("results-location=" + results + " encode-interval=0 refresh-interval=0 visitors=" + dir.path() +
                  "/visitors.gallery");
        e.caps("BGR", 320, 240);
        for (int i = 0; i < 3; ++i) {  // from the third picture on, the face is a visitor
            GstBuffer* in = e.frame(1);
            Element::addFace(in, 40, 60, 80, 80);
            gst_buffer_unref(gst_harness_push_and_pull(e.harness, in));
        }
        gst_harness_push_event(e.harness, gst_event_new_eos());
        read();
        return out;
    }

    const drgan_test::LineSchema schema;
    const json& document = schema.document();
    TempDir dir;
};

TEST_F(MessagesSchema, DescribesEachLine) {
    const auto lines = play();
    ASSERT_EQ(lines.size(), 11U);
    std::set<std::string> seen;
    for (const json& line : lines) {
        EXPECT_EQ(schema.fault(line), "");
        for (const auto& [field, value] : line.items()) {
            EXPECT_TRUE(document.at("properties").contains(field)) << field << " is not documented";
            seen.insert(field);
        }
    }
    for (const auto& [field, description] : document.at("properties").items()) {
        EXPECT_EQ(seen.count(field), 1U) << field << " is in no line";
    }
}

TEST_F(MessagesSchema, RefusesWhatIsNoLine) {
    const json line = play().at(4);  // an updated track, with everything
    ASSERT_EQ(schema.fault(line), "");
    for (const auto& field : document.at("required")) {
        json broken = line;
        broken.erase(field.get<std::string>());
        EXPECT_NE(schema.fault(broken), "") << field << " may be missing";
    }
    const std::pair<const char*, json> wrong[] = {
        {"schema", 2},       {"source", 7},           {"bundle", ""},   {"utc", "30.11.2026 09:03"},
        {"utc", nullptr},    {"timestamp", "40"},     {"event", "new"}, {"track_id", 0},
        {"confidence", 1.5}, {"similarity", nullptr}, {"label", ""},    {"embedding", json::array()}};
    for (const auto& [field, value] : wrong) {
        json broken = line;
        broken[field] = value;
        EXPECT_NE(schema.fault(broken), "") << field << ": " << value;
    }
    json broken = line;
    broken.erase("similarity");
    EXPECT_NE(schema.fault(broken), "") << "a name without its similarity";
    broken = line;
    broken["visitor"] = "visitor-k3v7q2mdw5xa";
    EXPECT_NE(schema.fault(broken), "") << "a visitor with a name";
    broken.erase("label");
    broken.erase("similarity");
    EXPECT_EQ(schema.fault(broken), "");
    broken["visitor"] = "visitor-1";
    EXPECT_NE(schema.fault(broken), "") << "no visitor's id";
}

}  // namespace

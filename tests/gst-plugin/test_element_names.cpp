// SPDX-License-Identifier: Apache-2.0
//
// The property gallery: names in metadata, messages and results, and files that are not a gallery of this bundle.
#include <fstream>
#include <nlohmann/json.hpp>
#include <opencv2/drgan.hpp>

#include "element_fixture.hpp"

namespace {

using drgan_test::Element;
using drgan_test::Posted;
using drgan_test::regionsOf;
using drgan_test::TempDir;
using nlohmann::json;
using testing::HasSubstr;

// Quotes, a backslash, and characters of two, three and four bytes.
const std::string fullName = "Ada \"\\\" L\xC3\xB8velace \xE7\x8E\x8B \xF0\x9F\x98\x80";

cv::Mat embeddingOf(const Posted& message) {
    const GValue* array = gst_structure_get_value(message.structure(), "embedding");
    cv::Mat out;
    for (guint i = 0; array != nullptr && i < gst_value_array_get_size(array); ++i) {
        out.push_back(g_value_get_float(gst_value_array_get_value(array, i)));
    }
    return out.t();
}

class Names : public testing::Test {
protected:
    /// A gallery in which `name` has the face of the fixture's first frame.
    void enroll(const std::string& name) {
        Element e("embeddings=true");
        e.caps("BGR", 320, 240);
        gst_buffer_unref(e.pushFace(40, 60, 80));
        const auto messages = e.messages();
        ASSERT_EQ(messages.size(), 2U);
        embedding = embeddingOf(messages[1]);
        const auto gallery = cv::drgan::Gallery::createEmpty(8, "tiny");
        gallery->addFused(name, embedding, 0.5, 1);
        gallery->save(file);
    }

    /// @return the error of a start that must fail
    GError* refused(Element& e) {
        EXPECT_EQ(gst_element_set_state(e.element, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
        const auto messages = e.messages(GST_MESSAGE_ERROR);
        EXPECT_EQ(messages.size(), 1U);
        GError* error = nullptr;
        if (!messages.empty()) {
            gst_message_parse_error(messages[0].message, &error, nullptr);
        }
        return error;
    }

    TempDir dir;
    std::string file = dir.path() + "/people.gallery";
    std::string results = dir.path() + "/results.jsonl";
    std::string property = "gallery=" + file + " ";
    cv::Mat embedding;
};

TEST_F(Names, GoIntoMetadataMessagesAndResults) {
    enroll(fullName);
    Element e(property + "results-location=" + results);
    e.caps("BGR", 320, 240);
    GstBuffer* out = e.pushFace(40, 60, 80);
    gst_harness_push_event(e.harness, gst_event_new_eos());

    const GstStructure* meta = gst_video_region_of_interest_meta_get_param(regionsOf(out).at(0), "drgan");
    EXPECT_EQ(gst_structure_get_string(meta, "label"), fullName);
    gdouble similarity = 0;
    EXPECT_TRUE(gst_structure_get_double(meta, "similarity", &similarity));
    EXPECT_NEAR(similarity, 1, 1e-6);
    gst_buffer_unref(out);

    const auto messages = e.messages();
    ASSERT_EQ(messages.size(), 3U);
    EXPECT_FALSE(gst_structure_has_field(messages[0].structure(), "label")) << "before the first picture is encoded";
    for (size_t i = 1; i < 3; ++i) {
        EXPECT_EQ(gst_structure_get_string(messages[i].structure(), "label"), fullName);
        EXPECT_EQ(messages[i].get<gdouble>("similarity", G_TYPE_DOUBLE), similarity);
    }

    std::ifstream in(results);
    std::vector<json> lines;
    for (std::string line; std::getline(in, line);) {
        lines.push_back(json::parse(line));
    }
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_FALSE(lines[0].contains("label"));
    EXPECT_EQ(lines[2].at("label"), fullName);
    EXPECT_EQ(lines[2].at("similarity"), similarity);
}

TEST_F(Names, AreNotThereWhereNobodyIsAlike) {
    enroll("Ada");
    const auto gallery = cv::drgan::Gallery::createEmpty(8, "tiny");
    gallery->addFused("Ada", cv::Mat(-embedding), 0.5, 1);
    gallery->save(file);
    Element e(property);
    e.caps("BGR", 320, 240);
    GstBuffer* in = e.frame();
    auto* roi = Element::addFace(in, 40, 60, 80, 80);
    // The result of another element for that face.
    gst_video_region_of_interest_meta_add_param(
        roi, gst_structure_new("drgan", "label", G_TYPE_STRING, "Grace", "similarity", G_TYPE_DOUBLE, 0.9, nullptr));
    GstBuffer* out = gst_harness_push_and_pull(e.harness, in);
    const GstStructure* meta = gst_video_region_of_interest_meta_get_param(regionsOf(out).at(0), "drgan");
    EXPECT_TRUE(gst_structure_has_field(meta, "confidence"));
    EXPECT_FALSE(gst_structure_has_field(meta, "label"));
    EXPECT_FALSE(gst_structure_has_field(meta, "similarity"));
    gst_buffer_unref(out);
    for (const auto& m : e.messages()) {
        EXPECT_FALSE(gst_structure_has_field(m.structure(), "label"));
    }
}

TEST_F(Names, GoByTheMatchThreshold) {
    enroll("Ada");
    cv::Mat other = embedding.clone();
    other.at<float>(0) += 2 * static_cast<float>(cv::norm(embedding));
    const double likeness = other.dot(embedding) / cv::norm(other) / cv::norm(embedding);
    const auto gallery = cv::drgan::Gallery::createEmpty(8, "tiny");
    gallery->addFused("Ada", other, 0.5, 1);
    gallery->save(file);
    for (const double difference : {-0.01, 0.01}) {
        Element e(property);
        g_object_set(e.element, "match-threshold", likeness + difference, nullptr);
        e.caps("BGR", 320, 240);
        GstBuffer* out = e.pushFace(40, 60, 80);
        const GstStructure* meta = gst_video_region_of_interest_meta_get_param(regionsOf(out).at(0), "drgan");
        EXPECT_EQ(gst_structure_has_field(meta, "label") != FALSE, difference < 0) << likeness;
        gst_buffer_unref(out);
    }
}

TEST_F(Names, AreDrawn) {
    enroll("Ada");
    const auto drawn = [](const std::string& properties) {
        Element e(properties);
        e.caps("BGR", 320, 240);
        GstBuffer* out = e.pushFace(40, 60, 80);
        auto bytes = drgan_test::bytesOf(out);
        gst_buffer_unref(out);
        return bytes;
    };
    const auto ada = drawn(property);
    EXPECT_NE(ada, drawn(""));
    enroll("Eve");
    EXPECT_NE(ada, drawn(property));
}

TEST_F(Names, ComeFromAFileThatIsReadAtEachStart) {
    enroll("Ada");
    Element e(property);
    e.caps("BGR", 320, 240);
    gst_buffer_unref(e.pushFace(40, 60, 80));
    gst_element_set_state(e.element, GST_STATE_READY);
    enroll("Grace");
    e.messages();
    gst_element_set_state(e.element, GST_STATE_PLAYING);
    e.caps("BGR", 320, 240);
    gst_buffer_unref(e.pushFace(40, 60, 80));
    EXPECT_STREQ(gst_structure_get_string(e.messages().at(1).structure(), "label"), "Grace");
}

TEST_F(Names, FromAFileThatIsNotThereFailTheStart) {
    Element e(property);
    GError* error = refused(e);
    ASSERT_NE(error, nullptr);
    EXPECT_TRUE(g_error_matches(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND)) << error->code;
    EXPECT_THAT(error->message, HasSubstr(file));
    g_error_free(error);
    enroll("Ada");
    EXPECT_NE(gst_element_set_state(e.element, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE) << e.errors();
}

TEST_F(Names, OfAnotherBundleFailTheStartAndNameBoth) {
    const auto gallery = cv::drgan::Gallery::createEmpty(8, "somebody-elses");
    gallery->addFused("Ada", cv::Mat::ones(1, 8, CV_32F), 0.5, 1);
    gallery->save(file);
    Element e(property);
    GError* error = refused(e);
    ASSERT_NE(error, nullptr);
    EXPECT_TRUE(g_error_matches(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ)) << error->code;
    EXPECT_THAT(error->message, HasSubstr("somebody-elses"));
    EXPECT_THAT(error->message, HasSubstr("tiny"));
    g_error_free(error);
}

TEST_F(Names, OfADamagedFileFailTheStart) {
    enroll("Ada");
    std::ifstream in(file, std::ios::binary);
    const std::string whole((std::istreambuf_iterator<char>(in)), {});
    for (const size_t length : {size_t(0), size_t(20), whole.size() - 1}) {
        std::ofstream(file, std::ios::binary) << whole.substr(0, length);
        Element e(property);
        GError* error = refused(e);
        ASSERT_NE(error, nullptr);
        EXPECT_TRUE(g_error_matches(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ)) << length;
        EXPECT_THAT(error->message, HasSubstr(file));
        g_error_free(error);
    }
    std::string flipped = whole;
    flipped[whole.size() / 2] = static_cast<char>(flipped[whole.size() / 2] ^ 4);
    std::ofstream(file, std::ios::binary) << flipped;
    Element e(property);
    GError* error = refused(e);
    ASSERT_NE(error, nullptr);
    g_error_free(error);
}

}  // namespace

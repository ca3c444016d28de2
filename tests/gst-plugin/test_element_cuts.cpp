// SPDX-License-Identifier: Apache-2.0
//
// People (generated ones, by the trained bundle) who follow each other in one place, at one second each.
#include <map>
#include <opencv2/imgcodecs.hpp>
#include <set>

#include "element_fixture.hpp"
#include "generated_faces.hpp"

namespace {

using drgan_test::Element;
using drgan_test::regionsOf;

constexpr int people = 5;
constexpr int framesEach = 25;
constexpr int late = 5;  // frames: 0.2 s

class Cuts : public testing::TestWithParam<const char*> {
protected:
    void SetUp() override {
        if (drgan_test::trainedBundle().empty()) {
            GTEST_SKIP() << "set DRGAN_BUNDLE to a trained bundle";
        }
        // A person per row, a yaw per column, each face 112 pixels wide.
        const cv::Mat grid = cv::imread(drgan_test::trainedBundle() + "/generated.jpg");
        if (grid.cols != 13 * 112 || grid.rows < 8 * 112) {
            GTEST_SKIP() << "no generated.jpg in " << drgan_test::trainedBundle();
        }
        const auto bundle = cv::drgan::Bundle::load(drgan_test::trainedBundle());
        encoder = cv::drgan::Encoder::create(bundle.encoder);
        const auto gallery = cv::drgan::Gallery::createEmpty(encoder->embeddingSize(), encoder->bundleId());
        const auto finder = cv::drgan::FaceFinder::create("", drgan_test::trainedBundle());
        for (int i = 0; i < people; ++i) {
            pictures[i] = cv::Mat(360, 480, CV_8UC3, cv::Scalar(150, 140, 120));
            const cv::Rect place(130, 70, 220, 220);
            cv::resize(grid(cv::Rect(6 * 112, rows[i] * 112, 112, 112)), pictures[i](place), place.size(), 0, 0,
                       cv::INTER_CUBIC);
            cv::Mat row, crop;
            float confidence = 0;
            ASSERT_TRUE(finder->findMain(pictures[i], row));
            encoder->alignCrop(pictures[i], row, crop);
            encoder->feature(crop, embeddings[i], confidence);
            gallery->add(nameOf(i), embeddings[i], confidence);
        }
        gallery->save(file);
    }

    static std::string nameOf(int person) { return "person " + std::to_string(person); }

    GstBuffer* frameOf(Element& e, int person) const {
        GstBuffer* buffer = e.frame();
        GstMapInfo map;
        gst_buffer_map(buffer, &map, GST_MAP_WRITE);
        std::memcpy(map.data, pictures[person].data, pictures[person].total() * 3);
        gst_buffer_unmap(buffer, &map);
        return buffer;
    }

    static constexpr int rows[people] = {0, 2, 7, 4, 5};  // who are unlike each other
    cv::Ptr<cv::drgan::Encoder> encoder;
    drgan_test::TempDir dir;
    std::string file = dir.path() + "/people.gallery";
    cv::Mat pictures[people], embeddings[people];
};

INSTANTIATE_TEST_SUITE_P(, Cuts, testing::Values("detector", "regions", "keys"),
                         [](const auto& p) { return std::string(p.param); });

TEST_P(Cuts, GiveEachPersonAnIdATemplateAndAName) {
    const std::string way = GetParam();
    Element e("display=false embeddings=true gallery=" + file + (way == "detector" ? " detect-interval=5" : ""),
              drgan_test::trainedBundle());
    e.caps("BGR", 480, 360);
    std::map<gint, int> personOf;
    for (int i = 0; i < people * framesEach; ++i) {
        const int person = i / framesEach;
        GstBuffer* in = frameOf(e, person);
        if (way != "detector") {
            auto* roi = Element::addFace(in, 180, 110, 120, 140);
            roi->id = 1000 + i;
            if (way == "keys") {
                gst_video_region_of_interest_meta_add_param(
                    roi, gst_structure_new("object_id", "id", G_TYPE_INT, 7, nullptr));
            }
        }
        GstBuffer* out = gst_harness_push_and_pull(e.harness, in);
        ASSERT_NE(out, nullptr) << e.errors();
        for (auto* r : regionsOf(out)) {
            const GstStructure* drgan = gst_video_region_of_interest_meta_get_param(r, "drgan");
            if (i % framesEach < late || drgan == nullptr) {
                continue;
            }
            gint id = 0;
            gst_structure_get_int(drgan, "track-id", &id);
            EXPECT_EQ(personOf.emplace(id, person).first->second, person) << "frame " << i << ", id " << id;
            EXPECT_STREQ(gst_structure_get_string(drgan, "label"), nameOf(person).c_str()) << "frame " << i;
        }
        gst_buffer_unref(out);
    }
    EXPECT_EQ(personOf.size(), static_cast<size_t>(people));
    gst_harness_push_event(e.harness, gst_event_new_eos());
    std::set<guint> lost;
    for (const auto& m : e.messages()) {
        if (m.event() != "track-lost") {
            continue;
        }
        lost.insert(m.id());
        ASSERT_EQ(personOf.count(static_cast<gint>(m.id())), 1U) << m.id();
        const GValue* array = gst_structure_get_value(m.structure(), "embedding");
        cv::Mat fused(1, encoder->embeddingSize(), CV_32F);
        for (guint i = 0; i < gst_value_array_get_size(array); ++i) {
            fused.at<float>(static_cast<int>(i)) = g_value_get_float(gst_value_array_get_value(array, i));
        }
        // Two frames apart nothing but the landmarks differ: of one person's pictures alone, it is all but hers.
        EXPECT_GT(encoder->match(fused, embeddings[personOf[static_cast<gint>(m.id())]]), 0.85) << m.id();
    }
    EXPECT_EQ(lost.size(), static_cast<size_t>(people));
}

}  // namespace

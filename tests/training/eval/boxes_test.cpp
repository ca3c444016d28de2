// SPDX-License-Identifier: Apache-2.0

#include "eval/boxes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tiny_onnx.hpp"

namespace drgan::eval {
namespace {

constexpr double average[10] = {0.347, 0.397, 0.653, 0.397, 0.5, 0.597, 0.371, 0.747, 0.629, 0.747};  // of the box

// The average is symmetric about the middle of the crop (16 pixels, 1.8 boxes), its mirror image about the middle
// between the crop's first and last pixel. The result is the mean of both, half a pixel to the left.
constexpr double aside = -0.5 / 16 * 1.8;  // of the box

/// An aligner that returns the average landmarks of a frontal face for any box.
cv::Ptr<cv::drgan::Aligner> averageAligner() {
    drgan_test::TinyOptions options;
    for (const double v : average) {
        options.landmarks.push_back(static_cast<float>((v - 0.5) / options.cropFactor + 0.5));
    }
    return cv::drgan::Aligner::create(drgan_test::tinyAligner(options));
}

/// A face whose landmarks are where averageAligner() locates them in three passes, all moved by `off` box sides.
Faces::Face face(float yaw, double off = 0) {
    const float x = 60, y = 40, side = 50;
    Faces::Face result;
    result.place = cv::Mat(1, 15, CV_32F, cv::Scalar(1));
    result.found = result.hasYaw = true;
    result.yaw = yaw;
    const float box[4] = {x, y, side, side};
    std::copy(box, box + 4, result.place.ptr<float>());
    for (int i = 0; i < 5; ++i) {
        result.place.at<float>(4 + 2 * i) = static_cast<float>(x + side * (average[2 * i] + aside + off));
        result.place.at<float>(5 + 2 * i) = static_cast<float>(y + side * average[2 * i + 1]);
    }
    return result;
}

Faces::Face none() {
    Faces::Face result;
    result.place = (cv::Mat_<float>(1, 4) << 10, 10, 60, 60);
    return result;
}

cv::Mat picture(const std::string& /*name*/) { return cv::Mat(120, 160, CV_8UC3, cv::Scalar::all(128)); }

TEST(Boxes, ErrorsAreInUnitsOfTheFaceAndPartedByYaw) {
    const Faces faces({{"a", face(0)}, {"b", face(20, 0.07)}, {"c", face(-80, 0.14)}, {"d", none()}}, picture);
    const auto aligner = averageAligner();
    const Landed landed = landFromBoxes(faces, *aligner, false);
    ASSERT_EQ(landed.rows.size(), 2U);
    EXPECT_EQ(landed.rows[0].faces, 2U);
    EXPECT_EQ(landed.rows[1].faces, 1U);
    // The distance from eyes to mouth is 0.35 of the side.
    EXPECT_NEAR(landed.rows[0].landmarks, (0 + 0.07 / 0.35) / 2, 0.01);
    EXPECT_NEAR(landed.rows[1].landmarks, 0.14 / 0.35, 0.01);
    const float found = cv::drgan::estimateYaw(landed.faces.at("a").place);
    EXPECT_NEAR(landed.rows[1].yaw, std::abs(found + 80), 0.01);
    EXPECT_THAT(table(landed.rows), testing::HasSubstr("face score"));
    EXPECT_EQ(report(landed.rows).size(), 2U);
}

TEST(Boxes, TheAlignersRowTakesThePlaceOfTheFinders) {
    const Faces faces({{"a", face(0)}, {"d", none()}}, picture);
    const auto aligner = averageAligner();
    const Landed landed = landFromBoxes(faces, *aligner, false);
    EXPECT_EQ(landed.faces.at("a").place.cols, 16);
    EXPECT_EQ(landed.faces.at("d").place.cols, 4);
    EXPECT_EQ(landed.faces.read("a").size(), cv::Size(160, 120));
}

TEST(Boxes, JitterMovesTheBoxesAlwaysInTheSameWay) {
    const Faces faces({{"a", face(0)}, {"b", face(60)}}, picture);
    const auto aligner = averageAligner();
    const Landed once = landFromBoxes(faces, *aligner, true), again = landFromBoxes(faces, *aligner, true);
    ASSERT_EQ(once.rows.size(), 2U);
    for (size_t i = 0; i < 2; ++i) {
        EXPECT_GT(once.rows[i].landmarks, 0.01);
        EXPECT_LT(once.rows[i].landmarks, 0.8);  // at the largest shift and size: 0.2 of the side of 0.35
        EXPECT_EQ(once.rows[i].landmarks, again.rows[i].landmarks);
    }
    EXPECT_NE(once.rows[0].landmarks, once.rows[1].landmarks);
}

TEST(Boxes, BoxesWithoutLandmarksAreLandedButNotMeasured) {
    Faces::Face box = none();
    box.found = true;
    const Faces faces({{"a", box}}, picture);
    const auto aligner = averageAligner();
    const Landed landed = landFromBoxes(faces, *aligner, false);
    EXPECT_TRUE(landed.rows.empty());
    EXPECT_EQ(landed.faces.at("a").place.cols, 16);
}

}  // namespace
}  // namespace drgan::eval

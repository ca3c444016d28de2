// SPDX-License-Identifier: Apache-2.0
//
// The scales at which the detector runs, and how it decodes the network's maps. The tiny detector detects a face
// wherever the pixel of a cell is red (stride 8), green (16) or blue (32).
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <opencv2/drgan.hpp>

#include "expect_error.hpp"
#include "tiny_onnx.hpp"

using cv::Mat;
using cv::Rect;
using cv::Scalar;
using cv::drgan::Detector;
using cv::drgan::Encoder;
using drgan_test::expectError;
using drgan_test::tinyDetector;
using drgan_test::TinyOptions;

namespace {

const Scalar red(0, 0, 255), green(0, 255, 0), blue(255, 0, 0);

Mat black(int width, int height) { return Mat(height, width, CV_8UC3, Scalar::all(0)); }

Mat detect(Detector& detector, const Mat& picture) {
    Mat faces;
    detector.detect(picture, faces);
    return faces;
}

/// Detects faces as large as any picture here, so that it runs at one scale.
TinyOptions wide() {
    TinyOptions options;
    options.imageSize = 1024;
    return options;
}

}  // namespace

TEST(Detector, TellsWhatItsMetadataSays) {
    TinyOptions options;
    options.imageSize = 320;
    options.bundleId = "another";
    const auto detector = Detector::create(tinyDetector(options));
    EXPECT_EQ(detector->imageSize(), 320);
    EXPECT_EQ(detector->bundleId(), "another");
}

TEST(Detector, OnlyGoesWithTheEncoderOfItsBundle) {
    const auto encoder = Encoder::create(drgan_test::tinyEncoder());
    EXPECT_NO_THROW(Detector::create(tinyDetector(), encoder));
    TinyOptions other;
    other.bundleId = "other";
    expectError([&] { Detector::create(tinyDetector(other), encoder); }, {"drgan.bundle_id", "\"other\"", "\"tiny\""});
}

TEST(Detector, RowsAreThoseOfFaceDetectorYN) {
    TinyOptions options = wide();
    options.detectorBox = {0.25f, -0.5f, std::log(3.0f), std::log(4.0f)};
    options.detectorLandmarks = {-1, -1, 1, -1, 0, 0, -0.5f, 1, 0.5f, 1};
    const auto detector = Detector::create(tinyDetector(options));
    const struct {
        Scalar color;
        int stride;
    } maps[] = {{red, 8}, {green, 16}, {blue, 32}};
    for (const auto& map : maps) {
        SCOPED_TRACE(map.stride);
        Mat picture = black(256, 192);
        picture(Rect(128, 64, 1, 1)) = map.color;
        const Mat faces = detect(*detector, picture);
        ASSERT_EQ(faces.size(), cv::Size(15, 1));
        ASSERT_EQ(faces.type(), CV_32F);
        const float s = static_cast<float>(map.stride);
        const float expected[] = {128.5f + 0.25f * s - 1.5f * s,  // the box: from where the first pixel begins
                                  64.5f - 0.5f * s - 2 * s,
                                  3 * s,
                                  4 * s,
                                  128 - s,
                                  64 - s,
                                  128 + s,
                                  64 - s,
                                  128,
                                  64,
                                  128 - 0.5f * s,
                                  64 + s,
                                  128 + 0.5f * s,
                                  64 + s};
        for (int k = 0; k < 14; ++k) EXPECT_NEAR(faces.at<float>(k), expected[k], 1e-3) << k;
        EXPECT_NEAR(faces.at<float>(14), 1, 1e-3);
    }
}

TEST(Detector, PicturesMayHaveAnySizeAndOneToFourChannels) {
    const auto detector = Detector::create(tinyDetector(wide()));
    for (const cv::Size size : {cv::Size(1, 1), cv::Size(31, 33), cv::Size(64, 64), cv::Size(333, 77),
                                cv::Size(1, 2000), cv::Size(2500, 3)}) {
        SCOPED_TRACE(cv::format("%d x %d", size.width, size.height));
        Mat picture = black(size.width, size.height);
        EXPECT_TRUE(detect(*detector, picture).empty());
        picture(Rect(0, 0, 1, 1)) = red;
        if (std::max(size.width, size.height) <= 640) {
            EXPECT_GE(detect(*detector, picture).rows, 1);
        }
        EXPECT_TRUE(detect(*detector, Mat(size, CV_8UC1, Scalar(200))).empty());
        EXPECT_TRUE(detect(*detector, Mat(size, CV_8UC4, Scalar::all(0))).empty());
    }
}

TEST(Detector, FindsNothingBeyondThePictureInTheCellsThatFillItUp) {
    // The padding repeats the last column: one face, not one for each padded cell.
    const auto detector = Detector::create(tinyDetector(wide()));
    Mat picture = black(97, 64);
    picture(Rect(96, 32, 1, 1)) = blue;
    ASSERT_EQ(detect(*detector, picture).rows, 1);
    EXPECT_NEAR(detect(*detector, picture).at<float>(8), 96, 1e-3);
}

TEST(Detector, LargePicturesAreReducedAndRowsEnlarged) {
    const auto detector = Detector::create(tinyDetector(wide()));
    detector->setMaxSide(320);
    Mat picture = black(1280, 640);  // scaled down to a quarter
    picture(Rect(512, 256, 4, 4)) = red;
    const Mat faces = detect(*detector, picture);
    ASSERT_EQ(faces.rows, 1);
    EXPECT_NEAR(faces.at<float>(8), 513.5, 1e-2);  // the nose: the centre of the four pixels that became one
    EXPECT_NEAR(faces.at<float>(9), 257.5, 1e-2);
    EXPECT_NEAR(faces.at<float>(2), 4 * 8 * std::exp(1.25), 1e-2);
}

TEST(Detector, FacesTooLargeForTheNetworkAreFoundInACoarserLook) {
    TinyOptions options;
    options.imageSize = 128;
    options.detectorBox = {0, 0, 1, 1};  // 2.7 strides
    Mat picture = black(256, 256);
    picture(Rect(128, 128, 4, 4)) = blue;  // one pixel at a quarter of the size
    const auto found = [&](const TinyOptions& o) { return detect(*Detector::create(tinyDetector(o)), picture); };
    const double side = 32 * std::exp(1.0);
    const Mat faces = found(options);
    ASSERT_EQ(faces.rows, 2);  // of another size at each scale
    EXPECT_NEAR(std::min(faces.at<float>(0, 2), faces.at<float>(1, 2)), side, 1e-2);
    EXPECT_NEAR(std::max(faces.at<float>(0, 2), faces.at<float>(1, 2)), 4 * side, 4e-2);
    options.imageSize = 256;
    EXPECT_EQ(found(options).rows, 1);
    // Small faces at a coarser scale were detected better at the finer one.
    options.imageSize = 128;
    options.detectorBox = {0, 0, -1, -1};
    EXPECT_EQ(found(options).rows, 1);
}

TEST(Detector, OfFacesThatOverlapTheBestIsKept) {
    const auto detector = Detector::create(tinyDetector(wide()));
    Mat picture = black(256, 128);
    picture(Rect(64, 64, 1, 1)) = red;
    picture(Rect(72, 64, 1, 1)) = Scalar(0, 0, 190);  // 8 of 28 pixels further: 0.56 of both
    picture(Rect(200, 64, 1, 1)) = Scalar(0, 0, 200);
    Mat faces = detect(*detector, picture);
    ASSERT_EQ(faces.rows, 2);
    EXPECT_NEAR(faces.at<float>(0, 8), 64, 1e-3);
    EXPECT_NEAR(faces.at<float>(1, 8), 200, 1e-3);
    EXPECT_GT(faces.at<float>(0, 14), faces.at<float>(1, 14));
    detector->setNMSThreshold(0.7f);
    EXPECT_EQ(detect(*detector, picture).rows, 3);
    detector->setTopK(2);
    EXPECT_EQ(detect(*detector, picture).rows, 2);
    detector->setTopK(1000);
    detector->setScoreThreshold(0.99999f);
    EXPECT_EQ(detect(*detector, picture).rows, 1);
}

TEST(Detector, SettingsAreChecked) {
    const auto detector = Detector::create(tinyDetector());
    const float nan = std::numeric_limits<float>::quiet_NaN();
    expectError([&] { detector->setScoreThreshold(1.5f); }, {"scoreThreshold", "1.5", "0..1"});
    expectError([&] { detector->setScoreThreshold(nan); }, {"scoreThreshold", "nan"});
    expectError([&] { detector->setNMSThreshold(-0.1f); }, {"nmsThreshold", "-0.1", "0..1"});
    expectError([&] { detector->setTopK(0); }, {"topK", "0", "at least 1"});
    expectError([&] { detector->setMaxSide(31); }, {"31", "32..8192"});
    detector->setMaxSide(32);
    detector->setScoreThreshold(0.25f);
    EXPECT_EQ(detector->getMaxSide(), 32);
    EXPECT_EQ(detector->getScoreThreshold(), 0.25f);
    EXPECT_EQ(detector->getTopK(), 1000);
    EXPECT_FLOAT_EQ(detector->getNMSThreshold(), 0.3f);
}

TEST(Detector, RefusesWhatIsNoPicture) {
    const auto detector = Detector::create(tinyDetector());
    Mat faces;
    expectError([&] { detector->detect(Mat(), faces); }, {"image"});
    expectError([&] { detector->detect(Mat(8, 8, CV_32FC3, Scalar::all(0)), faces); }, {"image", "CV_32FC3"});
    expectError([&] { detector->detect(Mat(8, 8, CV_8UC2, Scalar::all(0)), faces); }, {"image", "CV_8UC2"});
}

TEST(Detector, WhatIsNoBoxIsNoFace) {
    Mat picture = black(64, 64);
    picture(Rect(32, 32, 1, 1)) = red;
    for (const std::vector<float>& box : {std::vector<float>{0, 0, 90, 0}, {0, 0, 0, -200}, {1e7f, 0, 0, 0}}) {
        TinyOptions options = wide();
        options.detectorBox = box;
        EXPECT_TRUE(detect(*Detector::create(tinyDetector(options)), picture).empty());
    }
    TinyOptions options = wide();
    options.detectorLandmarks[7] = 1e9f;
    EXPECT_TRUE(detect(*Detector::create(tinyDetector(options)), picture).empty());
}

TEST(Detector, AModelThatGivesNoNumbersIsRefused) {
    TinyOptions options;
    options.nanWeights = true;
    expectError([&] { Detector::create(tinyDetector(options)); }, {"score_8", "NaN", "finite"});
}

TEST(Detector, IsTheSameTwice) {
    const auto detector = Detector::create(tinyDetector(wide()));
    Mat picture = black(320, 240), other = black(96, 96);
    picture(Rect(64, 64, 1, 1)) = red;
    const Mat first = detect(*detector, picture);
    EXPECT_TRUE(detect(*detector, other).empty());
    EXPECT_EQ(cv::norm(first, detect(*detector, picture), cv::NORM_INF), 0);
}

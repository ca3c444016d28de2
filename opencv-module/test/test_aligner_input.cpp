// SPDX-License-Identifier: Apache-2.0
//
// Pictures and boxes of every form, good and bad, and networks that answer nonsense.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <opencv2/drgan.hpp>
#include <opencv2/imgproc.hpp>

#include "expect_error.hpp"
#include "pictures.hpp"
#include "tiny_onnx.hpp"

using cv::Mat;
using cv::drgan::Aligner;
using drgan_test::expectError;
using drgan_test::tinyAligner;
using drgan_test::TinyOptions;

namespace {

constexpr float notANumber = std::numeric_limits<float>::quiet_NaN();
constexpr float inf = std::numeric_limits<float>::infinity();

Mat rows(std::initializer_list<cv::Vec4f> boxes) {
    return Mat(std::vector<cv::Vec4f>(boxes), true).reshape(1, static_cast<int>(boxes.size()));
}

/// Always finds a face, a little right of the box's middle.
cv::Ptr<Aligner> steady(std::vector<float> landmarks = {0.4f, 0.4f, 0.7f, 0.4f, 0.6f, 0.5f, 0.5f, 0.6f, 0.7f, 0.6f}) {
    TinyOptions options;
    options.landmarks = std::move(landmarks);
    return Aligner::create(tinyAligner(options));
}

Mat align(Aligner& aligner, const Mat& picture, const Mat& boxes, int passes = 1) {
    Mat faces;
    aligner.align(picture, boxes, faces, passes);
    return faces;
}

/// A row that says that there is no face in the square box of this middle and side.
void expectNoFace(const Mat& row, cv::Point2f center, float side) {
    const float expected[] = {center.x - side / 2, center.y - side / 2, side, side};
    for (int i = 0; i < 4; ++i) EXPECT_NEAR(row.at<float>(i), expected[i], 1e-4 * side) << i;
    EXPECT_NEAR((row.at<float>(5) + row.at<float>(7)) / 2, center.y - 0.103f * side, 1e-3 * side);
    EXPECT_NEAR((row.at<float>(11) + row.at<float>(13)) / 2, center.y + 0.247f * side, 1e-3 * side);
    EXPECT_LT(row.at<float>(4), row.at<float>(6));
    EXPECT_EQ(row.at<float>(14), 0);
    EXPECT_EQ(row.at<float>(15), 0);
}

const Mat& grey100() {
    static const Mat picture(100, 100, CV_8UC3, cv::Scalar::all(100));
    return picture;
}

}  // namespace

TEST(AlignerInput, TakesBoxesOfEveryForm) {
    const auto aligner = steady();
    const Mat boxes = rows({{10, 20, 30, 40}, {50, 5, 20, 20}});
    const Mat expected = align(*aligner, grey100(), boxes);
    ASSERT_EQ(expected.size(), cv::Size(16, 2));
    Mat other, faces;
    for (const int type : {CV_64F, CV_32S}) {
        boxes.convertTo(other, type);
        EXPECT_EQ(cv::norm(align(*aligner, grey100(), other), expected), 0);
    }
    const std::vector<cv::Rect> rects = {{10, 20, 30, 40}, {50, 5, 20, 20}};
    aligner->align(grey100(), rects, faces);
    EXPECT_EQ(cv::norm(faces, expected), 0);
    aligner->align(grey100(), cv::Vec4i(10, 20, 30, 40), faces);
    EXPECT_EQ(cv::norm(faces, expected.row(0)), 0);
    Mat wide(2, 9, CV_32F, cv::Scalar(notANumber));
    boxes.copyTo(wide.colRange(3, 7));
    EXPECT_EQ(cv::norm(align(*aligner, grey100(), wide.colRange(3, 7)), expected), 0);
    other = boxes.clone();
    aligner->align(grey100(), other, other);
    EXPECT_EQ(cv::norm(other, expected), 0);
}

TEST(AlignerInput, NoBoxGivesNoFace) {
    const auto aligner = steady();
    for (const Mat& none : {Mat(), Mat(0, 4, CV_32F), Mat(0, 15, CV_32F)}) {
        Mat faces = Mat::ones(3, 16, CV_32F);
        aligner->align(grey100(), none, faces, 2);
        EXPECT_TRUE(faces.empty());
    }
    Mat faces;
    aligner->align(grey100(), std::vector<cv::Rect>(), faces);
    EXPECT_TRUE(faces.empty());
}

TEST(AlignerInput, GreyAndAlphaGiveTheSameAsBgr) {
    const auto aligner = Aligner::create(tinyAligner());
    Mat bgr = drgan_test::noisePicture({16, 12}, CV_8UC3, 3), grey, greyAsBgr, bgra;
    cv::resize(bgr, bgr, {640, 480}, 0, 0, cv::INTER_CUBIC);
    const Mat boxes = rows({{100, 100, 120, 120}, {-20, 300, 90, 90}});
    cv::cvtColor(bgr, bgra, cv::COLOR_BGR2BGRA);
    EXPECT_LT(cv::norm(align(*aligner, bgra, boxes), align(*aligner, bgr, boxes), cv::NORM_INF), 1e-3);
    cv::cvtColor(bgr, grey, cv::COLOR_BGR2GRAY);
    cv::cvtColor(grey, greyAsBgr, cv::COLOR_GRAY2BGR);
    EXPECT_LT(cv::norm(align(*aligner, grey, boxes), align(*aligner, greyAsBgr, boxes), cv::NORM_INF), 1e-3);
}

TEST(AlignerInput, RefusesOtherPictures) {
    const auto aligner = steady();
    for (const Mat& boxes : {Mat(), rows({{10, 10, 20, 20}})}) {
        expectError([&] { align(*aligner, Mat(), boxes); }, {"image", "empty", "8-bit"});
        for (const int type : {CV_16UC1, CV_16UC3, CV_32FC3, CV_8UC2}) {
            expectError([&] { align(*aligner, Mat(50, 50, type, cv::Scalar::all(0)), boxes); },
                        {"image", cv::typeToString(type), "8-bit"});
        }
    }
}

TEST(AlignerInput, RefusesBadBoxesByRowAndValue) {
    const auto aligner = steady();
    const cv::Vec4f good(10, 10, 20, 20);
    const auto refuse = [&](const cv::Vec4f& bad, const std::vector<std::string>& parts) {
        expectError([&] { align(*aligner, grey100(), rows({good, good, bad})); }, parts);
    };
    for (int i = 0; i < 4; ++i) {
        for (const float value : {notANumber, inf, -inf, 1e30f, -1.5e6f}) {
            cv::Vec4f bad = good;
            bad[i] = value;
            refuse(bad, {"boxes: row 2", cv::format("value %d is %g", i, value), "finite"});
        }
    }
    refuse({10, 10, 0, 20}, {"boxes: row 2", "0 x 20", "at least 1 x 1"});
    refuse({10, 10, 20, -3}, {"boxes: row 2", "20 x -3"});
    refuse({10, 10, 0.5f, 20}, {"boxes: row 2", "0.5 x 20"});
    EXPECT_EQ(align(*aligner, grey100(), rows({good, good})).rows, 2);
}

TEST(AlignerInput, RefusesBadLandmarksByRowAndValue) {
    const auto aligner = steady();
    const Mat found = align(*aligner, grey100(), rows({{10, 10, 20, 20}, {40, 40, 50, 50}}));
    for (const int columns : {15, 16}) {
        for (int i = 0; i < columns; ++i) {
            Mat bad = found.colRange(0, columns).clone();
            bad.at<float>(1, i) = notANumber;
            expectError([&] { align(*aligner, grey100(), bad); }, {"boxes: row 1", cv::format("value %d is nan", i)});
        }
        Mat bad = found.colRange(0, columns).clone();
        bad.row(1).colRange(4, 14).setTo(0);
        expectError([&] { align(*aligner, grey100(), bad); }, {"boxes: row 1", "0 pixels apart"});
        bad = found.colRange(0, columns).clone();
        bad.at<float>(1, 3) = 0;
        expectError([&] { align(*aligner, grey100(), bad); }, {"boxes: row 1", "x 0 pixels"});
    }
}

TEST(AlignerInput, RefusesOtherShapesAndTypes) {
    const auto aligner = steady();
    const auto refuse = [&](const Mat& boxes, const std::vector<std::string>& parts) {
        expectError([&] { align(*aligner, grey100(), boxes); }, parts);
    };
    for (const int columns : {1, 3, 5, 14, 17}) {
        refuse(Mat(2, columns, CV_32F, cv::Scalar(9)), {"boxes", cv::format("2 rows x %d columns", columns), "n x 16"});
    }
    for (const int type : {CV_8U, CV_16S, CV_32FC2}) {
        refuse(Mat(2, 4, type, cv::Scalar::all(9)), {"boxes", cv::typeToString(type)});
    }
    refuse(Mat(std::vector<int>{1, 1, 4}, CV_32F, cv::Scalar(9)), {"boxes", "3 dimensions"});
    for (const int passes : {-1, 0, 4}) {
        expectError([&] { align(*aligner, grey100(), Mat(), passes); }, {"passes", cv::format("got %d", passes)});
    }
}

TEST(AlignerInput, BoxesOutsideThePictureHoldNoFace) {
    const auto aligner = steady();
    const Mat boxes = rows({{10, 10, 20, 20},
                            {100, 10, 20, 20},
                            {-20, 40, 20, 10},
                            {-20, 40, 20.5f, 10},
                            {10, 9000, 50, 100},
                            {30, 30, 40, 40}});
    for (const int passes : {1, 2, 3}) {
        const Mat faces = align(*aligner, grey100(), boxes, passes);
        for (const int i : {0, 3, 5}) EXPECT_GT(faces.at<float>(i, 14), 0) << i;
        expectNoFace(faces.row(1), {110, 20}, 20);
        expectNoFace(faces.row(2), {-10, 45}, 20);
        expectNoFace(faces.row(4), {35, 9050}, 100);
    }
    const Mat outside = boxes.rowRange(1, 3);  // none for the network
    EXPECT_EQ(cv::countNonZero(align(*aligner, grey100(), outside).col(14)), 0);
}

TEST(AlignerInput, AFaceThatTheFirstPassFindsOutsideIsLost) {
    // The network says: half a crop further to the right, each time.
    const auto aligner = steady({1.0f, 0.45f, 1.1f, 0.45f, 1.05f, 0.5f, 1.0f, 0.6f, 1.1f, 0.6f});
    const Mat boxes = rows({{85, 40, 20, 20}});
    EXPECT_GT(align(*aligner, grey100(), boxes, 1).at<float>(14), 0);
    const Mat faces = align(*aligner, grey100(), boxes, 2);
    EXPECT_EQ(faces.at<float>(14), 0);
    EXPECT_GT(faces.at<float>(0), 100);
}

TEST(AlignerInput, AnswersThatAreNoFaceScoreNothing) {
    const Mat boxes = rows({{10, 20, 40, 40}});
    const std::vector<float> good = {0.4f, 0.4f, 0.7f, 0.4f, 0.6f, 0.5f, 0.5f, 0.6f, 0.7f, 0.6f};
    EXPECT_GT(align(*steady(good), grey100(), boxes, 2).at<float>(14), 0);
    for (const float value : {2.5f, -1.5f, 1e30f}) {
        for (const size_t i : {0U, 5U, 9U}) {
            std::vector<float> bad = good;
            bad[i] = value;
            expectNoFace(align(*steady(bad), grey100(), boxes, 2), {30, 40}, 40);
        }
    }
    expectNoFace(align(*steady(std::vector<float>(10, 0.5f)), grey100(), boxes, 2), {30, 40}, 40);
}

TEST(AlignerInput, ANetworkThatGivesNoNumberSpoilsItsRowOnly) {
    // The tiny aligner divides by how much of each colour it sees.
    const auto aligner = Aligner::create(tinyAligner());
    Mat picture = drgan_test::noisePicture({16, 12}, CV_8UC3, 3);
    cv::resize(picture, picture, {640, 480}, 0, 0, cv::INTER_CUBIC);
    picture.colRange(300, 640).setTo(0);
    const Mat boxes = rows({{100, 100, 80, 80}, {450, 200, 50, 60}, {60, 200, 90, 90}});
    for (const int passes : {1, 2, 3}) {
        const Mat faces = align(*aligner, picture, boxes, passes);
        EXPECT_GT(faces.at<float>(0, 14), 0);
        expectNoFace(faces.row(1), {475, 230}, 60);
        EXPECT_GT(faces.at<float>(2, 14), 0);
        EXPECT_LT(cv::norm(faces.row(2), align(*aligner, picture, boxes.row(2), passes), cv::NORM_INF), 0.05);
        EXPECT_TRUE(cv::checkRange(faces));
    }
}

TEST(AlignerInput, TinyPicturesAndHugeBoxes) {
    const auto aligner = steady();
    const Mat boxes = rows({{0, 0, 1, 1}, {-10, -10, 30, 30}, {-9e5f, -9e5f, 1e6f, 1e6f}, {-2, -2, 9, 1}});
    for (const cv::Size size : {cv::Size(1, 1), cv::Size(1, 50), cv::Size(3, 2), cv::Size(5000, 20)}) {
        for (const int type : {CV_8UC1, CV_8UC3, CV_8UC4}) {
            for (const int passes : {1, 2, 3}) {
                const Mat faces = align(*aligner, Mat(size, type, cv::Scalar::all(70)), boxes, passes);
                ASSERT_EQ(faces.rows, 4);
                EXPECT_TRUE(cv::checkRange(faces));
                EXPECT_EQ(faces.at<float>(0, 14), 0);  // 0.36 pixels from eyes to mouth
                EXPECT_GT(passes > 1 ? 1 : faces.at<float>(1, 14), 0);
            }
        }
    }
}

TEST(AlignerInput, ThousandsOfBoxesComeBackInTheirOrder) {
    const auto aligner = steady();
    const int n = 5000;
    Mat boxes(n, 4, CV_32S);
    for (int i = 0; i < n; ++i) {
        Mat(cv::Vec4i(i % 100, i / 100, 8 + i % 7, 9)).reshape(1, 1).copyTo(boxes.row(i));
    }
    const Mat faces = align(*aligner, grey100(), boxes);
    ASSERT_EQ(faces.rows, n);
    for (int i = 0; i < n; ++i) {
        const auto* b = boxes.ptr<int>(i);
        // The right eye is at 0.4 of the crop, which is 1.8 boxes wide.
        EXPECT_NEAR(faces.at<float>(i, 4), b[0] + b[2] / 2.0 - 0.1 * 1.8 * std::max(b[2], b[3]), 1e-3) << i;
    }
}

TEST(AlignerInput, FacesFoundCanBeGivenBack) {
    const auto aligner = steady();
    Mat faces = align(*aligner, grey100(), rows({{10, 20, 30, 30}, {70, 5, 20, 20}, {300, 1, 20, 20}}));
    Mat crop;
    cv::drgan::Alignment alignment;
    alignment.size = 32;
    alignment.eyes = {0.5f, 0.461f};
    alignment.eyeMouth = 0.363f;
    for (int frame = 0; frame < 20; ++frame) {
        for (int i = 0; i < faces.rows; ++i) {
            if (faces.at<float>(i, 14) > 0) {
                EXPECT_NO_THROW(alignCrop(grey100(), faces.row(i), crop, alignment));
            }
        }
        EXPECT_NO_THROW(aligner->align(grey100(), faces, faces, 1 + frame % 2));
    }
    EXPECT_EQ(faces.rows, 3);
}

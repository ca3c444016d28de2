// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <opencv2/drgan.hpp>

#include "expect_error.hpp"
#include "imgproc.hpp"
#include "pictures.hpp"

using cv::Mat;
using cv::Point2f;
using cv::drgan::alignCrop;
using cv::drgan::Alignment;
using cv::drgan::estimateYaw;
using drgan_test::expectError;

namespace {

Alignment standard(int size = 112) {
    Alignment a;
    a.size = size;
    a.eyes = Point2f(0.5f, 0.461f);
    a.eyeMouth = 0.363f;
    return a;
}

Mat landmarksOf(Point2f rightEye, Point2f leftEye, Point2f nose, Point2f rightMouth, Point2f leftMouth) {
    return (cv::Mat_<float>(5, 2) << rightEye.x, rightEye.y, leftEye.x, leftEye.y, nose.x, nose.y, rightMouth.x,
            rightMouth.y, leftMouth.x, leftMouth.y);
}

/// A frontal face upright in its own axes, then turned and scaled. @param noseX the tip's place beside the midline, in
/// units of the eye-mouth distance
Mat turnedFace(Point2f center, float eyeMouth, double rollDegrees, float noseX = 0) {
    const double r = rollDegrees * CV_PI / 180;
    const auto at = [&](double x, double y) {
        return Point2f(static_cast<float>(center.x + eyeMouth * (x * std::cos(r) - y * std::sin(r))),
                       static_cast<float>(center.y + eyeMouth * (x * std::sin(r) + y * std::cos(r))));
    };
    return landmarksOf(at(-0.45, -0.5), at(0.45, -0.5), at(noseX, 0.05), at(-0.35, 0.5), at(0.35, 0.5));
}

Mat detectorRow(const Mat& landmarks, cv::Rect2f box = {0, 0, 10, 10}) {
    Mat row(1, 15, CV_32F, cv::Scalar(0.9));
    const float head[] = {box.x, box.y, box.width, box.height};
    for (int i = 0; i < 4; ++i) row.at<float>(i) = head[i];
    for (int i = 0; i < 10; ++i) row.at<float>(4 + i) = landmarks.at<float>(i / 2, i % 2);
    return row;
}

/// A row as Aligner gives it.
Mat alignerRow(const Mat& landmarks, float yaw) {
    Mat row;
    cv::hconcat(detectorRow(landmarks), Mat(1, 1, CV_32F, cv::Scalar(yaw)), row);
    return row;
}

Point2f midpoint(const Mat& landmarks, int a, int b) {
    return Point2f((landmarks.at<float>(a, 0) + landmarks.at<float>(b, 0)) / 2,
                   (landmarks.at<float>(a, 1) + landmarks.at<float>(b, 1)) / 2);
}

void dot(Mat& picture, Point2f center, double radius, const cv::Scalar& color) {
    const int bits = 8;
    cv::circle(picture, cv::Point(cvRound(center.x * (1 << bits)), cvRound(center.y * (1 << bits))),
               cvRound(radius * (1 << bits)), color, cv::FILLED, cv::LINE_AA, bits);
}

/// The centre of what is bright in one channel, pixels.
Point2f centerOf(const Mat& picture, int channel) {
    Mat plane;
    cv::extractChannel(picture, plane, channel);
    const cv::Moments m = cv::moments(plane);
    return Point2f(static_cast<float>(m.m10 / m.m00), static_cast<float>(m.m01 / m.m00));
}

double maxDifference(const Mat& a, const Mat& b) { return cv::norm(a, b, cv::NORM_INF); }

}  // namespace

TEST(AlignCrop, PutsBothPointsWhereTheAlignmentSays) {
    for (const int size : {96, 112}) {
        for (const float eyeMouth : {12.f, 40.f, 90.f, 260.f}) {
            for (const double roll : {0.0, 17.0, -45.0, 90.0, 180.0, -130.0}) {
                SCOPED_TRACE(cv::format("S %d, eye-mouth distance %g, roll %g", size, eyeMouth, roll));
                const Mat face = turnedFace(Point2f(401.3f, 398.8f), eyeMouth, roll);
                Mat picture(800, 800, CV_8UC3, cv::Scalar::all(0));
                dot(picture, midpoint(face, 0, 1), eyeMouth / 8, cv::Scalar(255, 0, 0));
                dot(picture, midpoint(face, 3, 4), eyeMouth / 8, cv::Scalar(0, 0, 255));
                Mat crop;
                alignCrop(picture, face, crop, standard(size));
                ASSERT_EQ(crop.size(), cv::Size(size, size));
                ASSERT_EQ(crop.type(), CV_8UC3);
                const Point2f eyes = centerOf(crop, 0);
                const Point2f mouth = centerOf(crop, 2);
                EXPECT_NEAR(eyes.x, 0.5f * size, 0.3);
                EXPECT_NEAR(eyes.y, 0.461f * size, 0.3);
                EXPECT_NEAR(mouth.x, 0.5f * size, 0.3);
                EXPECT_NEAR(mouth.y, (0.461f + 0.363f) * size, 0.3);
            }
        }
    }
}

TEST(AlignCrop, KeepsTheSubjectsSidesApart) {
    // No mirroring: the subject's right eye stays on the image's left.
    const Mat face = turnedFace(Point2f(200, 200), 60, 120);
    Mat picture(400, 400, CV_8UC3, cv::Scalar::all(0));
    dot(picture, Point2f(face.at<float>(0, 0), face.at<float>(0, 1)), 6, cv::Scalar(255, 0, 0));
    Mat crop;
    alignCrop(picture, face, crop, standard());
    EXPECT_LT(centerOf(crop, 0).x, 0.4f * 112);
}

TEST(AlignCrop, TakesEveryFormOfTheSameFace) {
    const drgan_test::DrawnFace drawn = drgan_test::drawFace(cv::Size(320, 240), Point2f(150, 120), 120, 12);
    Mat expected, crop, other;
    alignCrop(drawn.picture, drawn.landmarks, expected, standard());
    alignCrop(drawn.picture, detectorRow(drawn.landmarks), crop, standard());
    EXPECT_EQ(maxDifference(expected, crop), 0);
    alignCrop(drawn.picture, detectorRow(drawn.landmarks).t(), crop, standard());
    EXPECT_EQ(maxDifference(expected, crop), 0);
    alignCrop(drawn.picture, alignerRow(drawn.landmarks, 40), crop, standard());
    EXPECT_EQ(maxDifference(expected, crop), 0);
    drawn.landmarks.convertTo(other, CV_64F);
    alignCrop(drawn.picture, other, crop, standard());
    EXPECT_EQ(maxDifference(expected, crop), 0);
    std::vector<Point2f> points;
    for (int i = 0; i < 5; ++i) points.emplace_back(drawn.landmarks.at<float>(i, 0), drawn.landmarks.at<float>(i, 1));
    alignCrop(drawn.picture, points, crop, standard());
    EXPECT_EQ(maxDifference(expected, crop), 0);
}

TEST(AlignCrop, TakesABox) {
    // 200 px box: eyes 0.397, mouth 0.747 of its side from the top (see align.cpp), that is 70 px apart.
    Mat picture(600, 600, CV_8UC3, cv::Scalar::all(0));
    const cv::Rect box(210, 150, 200, 200);
    dot(picture, Point2f(310, 150 + 0.397f * 200), 10, cv::Scalar(255, 0, 0));
    dot(picture, Point2f(310, 150 + 0.747f * 200), 10, cv::Scalar(0, 0, 255));
    Mat fromInts, fromFloats, fromColumn;
    alignCrop(picture, cv::Vec4i(box.x, box.y, box.width, box.height), fromInts, standard());
    alignCrop(picture, Mat((cv::Mat_<float>(1, 4) << 210, 150, 200, 200)), fromFloats, standard());
    alignCrop(picture, Mat((cv::Mat_<double>(4, 1) << 210, 150, 200, 200)), fromColumn, standard());
    EXPECT_EQ(maxDifference(fromInts, fromFloats), 0);
    EXPECT_EQ(maxDifference(fromInts, fromColumn), 0);
    EXPECT_NEAR(centerOf(fromInts, 0).y, 0.461f * 112, 0.3);
    EXPECT_NEAR(centerOf(fromInts, 2).y, 0.824f * 112, 0.3);
    EXPECT_NEAR(centerOf(fromInts, 0).x, 56, 0.3);
}

TEST(AlignCrop, GreyAndAlphaGiveTheSameAsBgr) {
    const drgan_test::DrawnFace drawn = drgan_test::drawFace(cv::Size(320, 240), Point2f(150, 120), 120);
    Mat grey, greyAsBgr, bgra, expected, crop;
    cv::cvtColor(drawn.picture, grey, cv::COLOR_BGR2GRAY);
    cv::cvtColor(grey, greyAsBgr, cv::COLOR_GRAY2BGR);
    alignCrop(greyAsBgr, drawn.landmarks, expected, standard());
    alignCrop(grey, drawn.landmarks, crop, standard());
    EXPECT_EQ(crop.type(), CV_8UC3);
    EXPECT_EQ(maxDifference(expected, crop), 0);
    cv::cvtColor(drawn.picture, bgra, cv::COLOR_BGR2BGRA);
    alignCrop(drawn.picture, drawn.landmarks, expected, standard());
    alignCrop(bgra, drawn.landmarks, crop, standard());
    EXPECT_EQ(crop.type(), CV_8UC3);
    EXPECT_EQ(maxDifference(expected, crop), 0);
}

TEST(AlignCrop, PartOfALargerPictureStaysWithinThatPart) {
    // A region of interest: the pixels around it must not leak in; beyond lie the region's own, mirrored and blurred.
    Mat large(500, 500, CV_8UC3, cv::Scalar(0, 255, 0));
    Mat part = large(cv::Rect(100, 100, 200, 200));
    part.setTo(cv::Scalar(200, 10, 30));
    Mat crop, fromCopy;
    const Mat face = turnedFace(Point2f(20, 180), 60, 30);
    alignCrop(part, face, crop, standard());
    alignCrop(part.clone(), face, fromCopy, standard());
    EXPECT_EQ(maxDifference(crop, fromCopy), 0);
    EXPECT_EQ(maxDifference(crop, Mat(112, 112, CV_8UC3, cv::Scalar(200, 10, 30))), 0);
}

TEST(AlignCrop, OutsideThePictureIsBlurred) {
    // The left half of a picture with stripes: what the crop has of it stays, and beyond lie its colours, no stripes.
    Mat whole(200, 200, CV_8UC3, cv::Scalar(30, 80, 120));
    for (int x = 0; x < whole.cols; x += 16) whole.colRange(x, x + 8).setTo(cv::Scalar(90, 200, 180));
    const Mat half = whole.colRange(0, 100);
    for (const float roll : {0.f, 15.f}) {
        Mat crop, expected, within;
        const Mat face = turnedFace(Point2f(90, 80), 37, roll);
        alignCrop(half, face, crop, standard());
        alignCrop(whole, face, expected, standard());
        EXPECT_LE(maxDifference(crop.colRange(0, 40), expected.colRange(0, 40)), 1);
        const Mat outside = crop(cv::Rect(90, 20, 20, 70));
        cv::Scalar mean, deviation;
        cv::meanStdDev(outside, mean, deviation);
        EXPECT_LT(deviation[1], 15);  // the stripes': 60
        EXPECT_NEAR(mean[1], 140, 25);
    }
}

TEST(AlignCrop, InsideThePictureNothingIsBlurred) {
    Mat picture(300, 300, CV_8UC3), crop, padded, fromPadded;
    cv::randu(picture, 0, 255);
    alignCrop(picture, turnedFace(Point2f(150, 130), 37, 10), crop, standard());
    cv::copyMakeBorder(picture, padded, 90, 90, 90, 90, cv::BORDER_REPLICATE);
    alignCrop(padded, turnedFace(Point2f(240, 220), 37, 10), fromPadded, standard());
    EXPECT_LE(maxDifference(crop, fromPadded), 8);  // a 32nd of a pixel, as warpAffine rounds; blurred it would be 127
}

TEST(AlignCrop, FarOutsideThePictureIsItsNearestPart) {
    Mat picture(100, 200, CV_8UC3, cv::Scalar::all(0));
    picture.colRange(0, 100).setTo(cv::Scalar(10, 20, 30));
    picture.colRange(100, 200).setTo(cv::Scalar(40, 50, 60));
    for (const float eyeMouth : {20.f, 5000.f}) {
        Mat crop;
        alignCrop(picture, turnedFace(Point2f(-90000, 50), eyeMouth, 0), crop, standard());
        EXPECT_EQ(maxDifference(crop, Mat(112, 112, CV_8UC3, cv::Scalar(10, 20, 30))), 0);
        alignCrop(picture, turnedFace(Point2f(900000, -900000), eyeMouth, 25), crop, standard());
        EXPECT_EQ(maxDifference(crop, Mat(112, 112, CV_8UC3, cv::Scalar(40, 50, 60))), 0);
    }
}

TEST(AlignCrop, ShrinkingAveragesInsteadOfSkipping) {
    // Stripes of one pixel: taking every tenth pixel would give black or white, the mean is grey.
    Mat picture(2000, 2000, CV_8UC1);
    for (int x = 0; x < picture.cols; ++x) picture.col(x).setTo(x % 2 ? 255 : 0);
    Mat crop;
    alignCrop(picture, turnedFace(Point2f(1000, 1000), 400, 33), crop, standard());
    EXPECT_LT(maxDifference(crop, Mat(112, 112, CV_8UC3, cv::Scalar::all(127))), 25);
}

TEST(AlignCrop, ResultIsTheSameForAShiftedPicture) {
    const Mat picture = drgan_test::noisePicture(cv::Size(600, 600), CV_8UC3, 3);
    for (const float eyeMouth : {30.f, 110.f}) {  // enlarged by 1.4 and shrunk by 2.7
        Mat here, shifted;
        alignCrop(picture, turnedFace(Point2f(300, 300), eyeMouth, 20), here, standard());
        alignCrop(picture(cv::Rect(13, 7, 580, 580)), turnedFace(Point2f(287, 293), eyeMouth, 20), shifted, standard());
        EXPECT_LE(maxDifference(here, shifted), 1);
    }
}

TEST(AlignCrop, WritesOverItsOwnInput) {
    const drgan_test::DrawnFace drawn = drgan_test::drawFace(cv::Size(320, 240), Point2f(150, 120), 120);
    Mat expected, inPlace = drawn.picture.clone();
    alignCrop(drawn.picture, drawn.landmarks, expected, standard());
    alignCrop(inPlace, drawn.landmarks, inPlace, standard());
    EXPECT_EQ(maxDifference(expected, inPlace), 0);
}

TEST(AlignCrop, TouchesOnlyItsRegionOfAHugePicture) {
    // Not a benchmark: 8K took well under a millisecond; a pass over all its 100 MB takes 20 times the limit per crop.
    const Mat picture(4320, 7680, CV_8UC3, cv::Scalar(1, 2, 3));
    Mat crop;
    const int64 start = cv::getTickCount();
    for (int i = 0; i < 100; ++i) alignCrop(picture, turnedFace(Point2f(4000, 2000), 60, 10), crop, standard());
    EXPECT_LT(static_cast<double>(cv::getTickCount() - start) / cv::getTickFrequency(), 5.0);
}

TEST(AlignCrop, RefusesBadFaces) {
    const Mat picture(100, 100, CV_8UC3, cv::Scalar::all(9));
    Mat crop;
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const float inf = std::numeric_limits<float>::infinity();
    const auto refuse = [&](const Mat& face, const std::vector<std::string>& parts) {
        SCOPED_TRACE(cv::format("%d x %d", face.rows, face.cols));
        expectError([&] { alignCrop(picture, face, crop, standard()); }, parts);
    };
    refuse(Mat(), {"face", "empty", "1x15"});
    refuse(Mat(2, 15, CV_32F, cv::Scalar(1)), {"2 rows x 15 columns", "1x15"});
    for (const int n : {14, 17}) refuse(Mat(1, n, CV_32F, cv::Scalar(1)), {cv::format("1 rows x %d columns", n)});
    refuse(Mat(2, 5, CV_32F, cv::Scalar(1)), {"2 rows x 5 columns", "5x2"});
    refuse(Mat(1, 4, CV_8U, cv::Scalar(1)), {"CV_8U", "float, double or int"});
    refuse(Mat(1, 4, CV_32FC3, cv::Scalar(1)), {"CV_32FC3"});
    refuse(Mat(std::vector<int>{1, 1, 15}, CV_32F, cv::Scalar(1)), {"3 dimensions"});
    refuse((cv::Mat_<float>(1, 4) << 1, 2, 0, 30), {"box of 0 x 30"});
    refuse((cv::Mat_<float>(1, 4) << 1, 2, 30, -5), {"box of 30 x -5"});
    refuse((cv::Mat_<float>(1, 4) << 1, nan, 30, 30), {"value 1 is nan"});
    refuse((cv::Mat_<float>(1, 4) << 2e6, 1, 30, 30), {"value 0 is 2e+06"});
    refuse(Mat(5, 2, CV_32F, cv::Scalar(7)), {"0 pixels apart"});
    for (int i = 0; i < 10; ++i) {
        for (const float bad : {nan, inf, -inf, 1.5e6f}) {
            Mat face = turnedFace(Point2f(50, 50), 20, 0);
            face.at<float>(i / 2, i % 2) = bad;
            refuse(face, {cv::format("value %d is", i), "finite"});
        }
    }
}

TEST(AlignCrop, RefusesBadPicturesAndAlignments) {
    const Mat face = turnedFace(Point2f(50, 50), 20, 0);
    Mat crop;
    expectError([&] { alignCrop(Mat(), face, crop, standard()); }, {"src", "empty", "8-bit"});
    for (const int type : {CV_16UC3, CV_32FC3, CV_8SC3, CV_8UC2}) {
        expectError([&] { alignCrop(Mat(100, 100, type), face, crop, standard()); }, {"src", cv::typeToString(type)});
    }
    const Mat picture(100, 100, CV_8UC3, cv::Scalar::all(9));
    for (const int size : {0, -5, 100000}) {
        expectError([&] { alignCrop(picture, face, crop, standard(size)); },
                    {"alignment", cv::format("size %d", size)});
    }
    Alignment bad = standard();
    bad.eyeMouth = 0;
    expectError([&] { alignCrop(picture, face, crop, bad); }, {"eyeMouth 0"});
    bad = standard();
    bad.eyes.x = std::numeric_limits<float>::quiet_NaN();
    expectError([&] { alignCrop(picture, face, crop, bad); }, {"alignment", "nan"});
}

TEST(EstimateYaw, IsZeroInFrontAndSignedByTheNose) {
    EXPECT_NEAR(estimateYaw(turnedFace(Point2f(50, 50), 20, 0)), 0, 1e-3);
    EXPECT_GT(estimateYaw(turnedFace(Point2f(50, 50), 20, 0, 0.2f)), 15);
    EXPECT_LT(estimateYaw(turnedFace(Point2f(50, 50), 20, 0, -0.2f)), -15);
}

TEST(EstimateYaw, IsOddMonotonicAndBounded) {
    float last = 0;
    for (float nose = 0.02f; nose < 1; nose += 0.02f) {
        const float right = estimateYaw(turnedFace(Point2f(0, 0), 100, 0, nose));
        EXPECT_NEAR(estimateYaw(turnedFace(Point2f(0, 0), 100, 0, -nose)), -right, 1e-3);
        EXPECT_GE(right, last);
        EXPECT_LE(right, 90);
        last = right;
    }
    EXPECT_EQ(last, 90);
}

TEST(EstimateYaw, DoesNotDependOnRollScaleOrPlace) {
    const float expected = estimateYaw(turnedFace(Point2f(0, 0), 100, 0, 0.25f));
    for (const double roll : {-170.0, -60.0, 15.0, 90.0}) {
        for (const float eyeMouth : {20.f, 700.f}) {
            EXPECT_NEAR(estimateYaw(turnedFace(Point2f(300, -40), eyeMouth, roll, 0.25f)), expected, 0.05);
        }
    }
    EXPECT_FLOAT_EQ(estimateYaw(detectorRow(turnedFace(Point2f(0, 0), 100, 0, 0.25f))), expected);
}

TEST(EstimateYaw, AnAlignersRowHasItsOwn) {
    const Mat face = turnedFace(Point2f(0, 0), 100, 0, 0.25f);
    for (const float yaw : {-90.f, -3.5f, 0.f, 90.f}) EXPECT_EQ(estimateYaw(alignerRow(face, yaw)), yaw);
    expectError([&] { estimateYaw(alignerRow(face, 91)); }, {"value 15 is 91", "-90..90"});
    expectError([&] { estimateYaw(alignerRow(face, NAN)); }, {"value 15 is nan"});
}

TEST(EstimateYaw, RefusesABox) {
    expectError([] { estimateYaw(cv::Vec4i(1, 2, 30, 40)); }, {"box", "no yaw", "1x15"});
}

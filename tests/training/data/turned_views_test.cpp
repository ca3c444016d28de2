// SPDX-License-Identifier: Apache-2.0

#include "data/turned_views.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "data/prepare.hpp"
#include "imgproc.hpp"
#include "pictures.hpp"
#include "temporary_folder.hpp"

namespace drgan::data {
namespace {

using drgan::test::messageOf;
using testing::HasSubstr;

constexpr int side = 160;
constexpr float headRadius = 45;
const cv::Point2f headCenter(80, 82);

// The mesh of an ellipsoid in front of the ears: its outline in MediaPipe's order, the points that define the landmarks
// where a face has them, the rest in a spiral. z decreases towards the viewer.
FaceMesh ellipsoid() {
    static constexpr int outline[] = {10,  338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288,
                                      397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136,
                                      172, 58,  132, 93,  234, 127, 162, 21,  54,  103, 67,  109};
    const auto at = [](float x, float y) {  // in radii
        const float r = std::min(1.F, std::hypot(x, y));
        const float nose = 0.35F * std::exp(-(x * x + y * y) / 0.02F);
        return cv::Point3f(headCenter.x + x * headRadius, headCenter.y + y * headRadius,
                           -headRadius * (0.8F * std::sqrt(1 - r * r) + nose));
    };
    FaceMesh mesh;
    mesh.score = 1;
    for (int i = 0; i < 468; ++i) {
        const float r = 0.95F * std::sqrt(static_cast<float>(i) / 468);
        mesh.points.push_back(
            at(r * std::cos(2.4F * static_cast<float>(i)), r * std::sin(2.4F * static_cast<float>(i))));
    }
    for (int i = 0; i < 36; ++i) {
        const auto angle = static_cast<float>(2 * CV_PI * i / 36);
        mesh.points[outline[i]] = at(std::sin(angle), -std::cos(angle));
    }
    mesh.points[33] = at(-0.45F, -0.3F);
    mesh.points[133] = at(-0.2F, -0.3F);
    mesh.points[362] = at(0.2F, -0.3F);
    mesh.points[263] = at(0.45F, -0.3F);
    mesh.points[4] = at(0, 0);
    mesh.points[61] = at(-0.25F, 0.45F);
    mesh.points[291] = at(0.25F, 0.45F);
    return mesh;
}

// Smooth, so that resampling hardly changes it.
cv::Mat smoothPicture() {
    cv::Mat picture = drgan_test::noisePicture({side, side}, CV_8UC3, 5);
    cv::GaussianBlur(picture, picture, {0, 0}, 6);
    cv::normalize(picture, picture, 0, 255, cv::NORM_MINMAX);
    return picture;
}

// The nose's offset from the line between the middle of the eyes and of the mouth, in pixels along the head's own
// horizontal.
float noseOffset(const Landmarks& l) {
    const cv::Point2f eyes = (l[0] + l[1]) * 0.5F;
    const cv::Point2f down = (l[3] + l[4]) * 0.5F - eyes;
    const cv::Point2f nose = l[2] - eyes;
    return (nose.x * down.y - nose.y * down.x) / static_cast<float>(cv::norm(down));
}

TEST(Turn, ByZeroGivesThePictureBack) {
    const cv::Mat picture = smoothPicture();
    for (const float roll : {0.F, 0.3F}) {
        const TurnedFace turned = Relief(picture, ellipsoid(), roll).turn(0);
        cv::Mat difference;
        cv::absdiff(turned.picture, picture, difference);
        double worst = 0;
        cv::minMaxLoc(difference.reshape(1), nullptr, &worst);
        EXPECT_LE(worst, 4) << roll;
        EXPECT_LE(cv::mean(difference)[0], 0.6) << roll;
        const FaceMesh mesh = ellipsoid();
        EXPECT_NEAR(turned.landmarks[2].x, mesh.points[4].x, 1e-3);
        EXPECT_NEAR(turned.landmarks[2].y, mesh.points[4].y, 1e-3);
    }
}

TEST(Turn, PositiveTurnsTheNoseToTheImagesRight) {
    const Relief relief(smoothPicture(), ellipsoid(), 0);
    float before = noseOffset(relief.turn(-80).landmarks);
    for (const float degrees : {-50.F, -20.F, 0.F, 20.F, 50.F, 80.F}) {
        const float offset = noseOffset(relief.turn(degrees).landmarks);
        EXPECT_GT(offset, before) << degrees;
        before = offset;
    }
    EXPECT_NEAR(noseOffset(relief.turn(0).landmarks), 0, 1e-3);
    EXPECT_GT(noseOffset(relief.turn(40).landmarks), 5);
    EXPECT_LT(noseOffset(relief.turn(-40).landmarks), -5);
    // The axis is vertical, so the height does not change.
    EXPECT_NEAR(relief.turn(60).landmarks[2].y, headCenter.y, 1e-3);
}

TEST(Turn, LandmarksLieOnWhatIsDrawn) {
    cv::Mat picture(side, side, CV_8UC3, cv::Scalar::all(60));
    const FaceMesh mesh = ellipsoid();
    const cv::Point3f nose = mesh.points[4];
    cv::circle(picture, cv::Point2f(nose.x, nose.y), 2, {0, 255, 0}, cv::FILLED);
    const Relief relief(picture, mesh, 0);
    for (const float degrees : {-50.F, -25.F, 25.F, 50.F}) {
        const TurnedFace turned = relief.turn(degrees);
        cv::Mat green;
        cv::extractChannel(turned.picture, green, 1);
        const cv::Moments m = cv::moments(green > 160, true);
        ASSERT_GT(m.m00, 0) << degrees;
        EXPECT_NEAR(m.m10 / m.m00, turned.landmarks[2].x, 3) << degrees;
        EXPECT_NEAR(m.m01 / m.m00, turned.landmarks[2].y, 2) << degrees;
    }
}

TEST(Turn, TheNearSideComesIntoView) {
    // The left half of the picture is red, the right half blue. When the face turns to the image's right, its left half
    // moves to where the right one was.
    cv::Mat picture(side, side, CV_8UC3, cv::Scalar(255, 0, 0));
    picture(cv::Rect(0, 0, side / 2, side)).setTo(cv::Scalar(0, 0, 255));
    const TurnedFace turned = Relief(picture, ellipsoid(), 0).turn(75);
    const cv::Point at = turned.landmarks[0];
    ASSERT_GT(at.x, side / 2 + 5);
    EXPECT_GT(turned.picture.at<cv::Vec3b>(at)[2], 200);
    EXPECT_LT(turned.picture.at<cv::Vec3b>(at)[0], 55);
}

TEST(Turn, TheNearSideHidesTheFarOne) {
    cv::Mat picture(side, side, CV_8UC3, cv::Scalar::all(60));
    const FaceMesh mesh = ellipsoid();
    const cv::Point3f corner = mesh.points[263];  // the left eye's corner, on the image's right
    cv::circle(picture, cv::Point2f(corner.x, corner.y), 3, {0, 255, 0}, cv::FILLED);
    const Relief relief(picture, mesh, 0);
    const auto greenPixels = [&](float degrees) {
        cv::Mat green;
        cv::extractChannel(relief.turn(degrees).picture, green, 1);
        return cv::countNonZero(green > 120);
    };
    EXPECT_GT(greenPixels(0), 20);
    EXPECT_GT(greenPixels(-50), 10);
    EXPECT_EQ(greenPixels(80), 0);
}

TEST(Turn, TheBackgroundStaysBehindTheHead) {
    // A tight picture, of which only the corners are not the head. The head is red, the rest green: however far it
    // turns, the head stays in one piece.
    constexpr int tight = 126;
    const cv::Point2f offset = headCenter - cv::Point2f(tight, tight) * 0.5F;
    FaceMesh mesh = ellipsoid();
    for (cv::Point3f& p : mesh.points) {
        p -= cv::Point3f(offset.x, offset.y, 0);
    }
    cv::Mat picture(tight, tight, CV_8UC3, cv::Scalar(0, 255, 0));
    cv::circle(picture, headCenter - offset, cvRound(1.3 * headRadius), {0, 0, 255}, cv::FILLED);
    const Relief relief(picture, mesh, 0);
    for (const float degrees : {-85.F, -60.F, -30.F, 30.F, 60.F, 85.F}) {
        const cv::Mat turned = relief.turn(degrees).picture;
        cv::Mat red, labels, stats, centroids;
        cv::extractChannel(turned, red, 2);
        const int count = cv::connectedComponentsWithStats(red > 128, labels, stats, centroids, 8, CV_32S);
        EXPECT_EQ(count - 1, 1) << degrees;
    }
}

TEST(Turn, RollTurnsTheAxisWithTheHead) {
    // The vertical axis of a head rolled by 90 degrees is along the image's x: the nose moves up or down.
    FaceMesh mesh = ellipsoid();
    for (cv::Point3f& p : mesh.points) {
        const cv::Point2f d(p.x - headCenter.x, p.y - headCenter.y);
        p = {headCenter.x - d.y, headCenter.y + d.x, p.z};
    }
    const Relief relief(smoothPicture(), mesh, static_cast<float>(CV_PI / 2));
    const cv::Point2f still = relief.turn(0).landmarks[2];
    const cv::Point2f moved = relief.turn(40).landmarks[2];
    EXPECT_NEAR(moved.x, still.x, 1e-2);
    EXPECT_GT(std::abs(moved.y - still.y), 5);
    EXPECT_GT(noseOffset(relief.turn(40).landmarks), 5);
}

TEST(Turn, RefusesWhatIsNoFace) {
    const cv::Mat picture = smoothPicture();
    FaceMesh mesh = ellipsoid();
    mesh.points[7].x = std::numeric_limits<float>::quiet_NaN();
    EXPECT_THAT(messageOf([&] { Relief(picture, mesh, 0); }), HasSubstr("leaves the picture"));
    mesh = ellipsoid();
    mesh.points[7].y = 1e5F;
    EXPECT_THAT(messageOf([&] { Relief(picture, mesh, 0); }), HasSubstr("leaves the picture"));
    mesh = ellipsoid();
    for (cv::Point3f& p : mesh.points) {
        p = {5, 5, 0};
    }
    EXPECT_THAT(messageOf([&] { Relief(picture, mesh, 0); }), HasSubstr("too small"));
    mesh.points.pop_back();
    EXPECT_THAT(messageOf([&] { Relief(picture, mesh, 0); }), HasSubstr("468"));
    EXPECT_THAT(messageOf([&] { Relief(picture, ellipsoid(), 0).turn(91); }), HasSubstr("91"));
}

TEST(ChooseYaws, OneFromEachRangeMostlyGoingOn) {
    std::mt19937_64 random(1);
    int right = 0;
    constexpr int rounds = 2000;
    for (int round = 0; round < rounds; ++round) {
        std::vector<float> yaws = chooseYaws(15, 3, random);
        ASSERT_EQ(yaws.size(), 3U);
        std::sort(yaws.begin(), yaws.end(), [](float a, float b) { return std::abs(a) < std::abs(b); });
        const float bounds[] = {20, 42, 64, 88};
        for (int i = 0; i < 3; ++i) {
            EXPECT_GE(std::abs(yaws[i]), bounds[i] - 1e-4F);
            EXPECT_LE(std::abs(yaws[i]), bounds[i + 1] + 1e-4F);
            right += yaws[i] > 0 ? 1 : 0;
        }
    }
    EXPECT_NEAR(right / (3.0 * rounds), 0.75, 0.03);
    EXPECT_EQ(chooseYaws(0, 1, random).size(), 1U);
    EXPECT_EQ(chooseYaws(0, 7, random).size(), 7U);
    EXPECT_TRUE(chooseYaws(0, 0, random).empty());
}

TEST(ChooseYaws, HalfProfilesOnlyGoOnToTheirOwnSide) {
    std::mt19937_64 random(1);
    for (const float own : {-60.F, -30.F, 30.F, 45.F, 70.F, 89.F}) {
        for (int round = 0; round < 200; ++round) {
            const std::vector<float> yaws = chooseYaws(own, 3, random);
            ASSERT_EQ(yaws.size(), 3U);
            for (const float yaw : yaws) {
                EXPECT_GT(yaw * own, 0) << own;
                EXPECT_GE(std::abs(yaw), std::min(std::abs(own) + 15, 88.F) - 1e-4F);
                EXPECT_LE(std::abs(yaw), 88 + 1e-4F);
            }
        }
    }
}

TEST(AlignLandmarks, AgreesWithAlignCrop) {
    cv::drgan::Alignment alignment;
    alignment.size = 112;
    alignment.eyes = {0.5F, 0.461F};
    alignment.eyeMouth = 0.363F;
    const Landmarks landmarks = {cv::Point2f(90, 70), cv::Point2f(140, 90), cv::Point2f(112, 106), cv::Point2f(78, 112),
                                 cv::Point2f(120, 130)};
    const Landmarks aligned = alignLandmarks(landmarks, alignment);
    for (size_t i = 0; i < landmarks.size(); ++i) {
        cv::Mat picture(240, 240, CV_8UC3, cv::Scalar::all(0));
        cv::circle(picture, landmarks[i], 2, cv::Scalar::all(255), cv::FILLED);
        cv::Mat points(5, 2, CV_32F, const_cast<cv::Point2f*>(landmarks.data()));
        cv::Mat crop, plane;
        cv::drgan::alignCrop(picture, points, crop, alignment);
        cv::extractChannel(crop, plane, 0);  // not in place: OpenCV 5.0 gives arbitrary values
        const cv::Moments m = cv::moments(plane);
        ASSERT_GT(m.m00, 0) << i;
        EXPECT_NEAR(m.m10 / m.m00, aligned[i].x, 0.3) << i;
        EXPECT_NEAR(m.m01 / m.m00, aligned[i].y, 0.3) << i;
    }
}

}  // namespace
}  // namespace drgan::data

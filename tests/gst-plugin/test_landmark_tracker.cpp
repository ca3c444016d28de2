// SPDX-License-Identifier: Apache-2.0
#include "core/tracking/landmark_tracker.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <opencv2/imgproc.hpp>

#include "pictures.hpp"
#include "scripted.hpp"
#include "tiny_onnx.hpp"

namespace {

using drgan::Face;
using drgan::FrameView;
using drgan::LandmarkTracker;
using drgan::Points;
using drgan::Track;
using drgan_test::withPoints;

Face face(float x, float y, float side = 80, float score = 0.9F, float yaw = 0) {
    Face f;
    f.box = {x, y, side, side};
    f.score = score;
    f.yaw = yaw;
    return f;
}

Track track(int id, const Face& at) {
    Track t;
    t.id = id;
    t.face = at;
    t.confirmed = true;
    t.hits = 10 - id;
    return t;
}

class LandmarkTrackerTest : public testing::Test {
protected:
    cv::Ptr<drgan_test::ScriptedAligner> aligner = cv::makePtr<drgan_test::ScriptedAligner>();
    LandmarkTracker tracker{aligner};
    cv::Mat picture = drgan_test::noisePicture({320, 240}, CV_8UC3, 1);
    FrameView frame{drgan::PixelLayout::bgr, {picture}, {}};
};

TEST_F(LandmarkTrackerTest, FollowsAllVisibleTracksInOneBatch) {
    aligner->faces = {face(28, 20, 80, 0.9F, 30), face(200, 104)};
    Track away = track(3, face(100, 100));
    away.hidden = true;
    const auto found =
        tracker.follow(frame, {track(1, face(20, 20)), track(2, withPoints(face(200, 100), Points::measured)), away});
    EXPECT_EQ(aligner->calls, 1);
    EXPECT_EQ(aligner->rows, 2);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].followed, 1);
    EXPECT_NEAR(found[0].box.x, 28, 1e-3);
    EXPECT_FLOAT_EQ(found[0].yaw, 30);
    EXPECT_EQ(found[0].origin, Points::measured);
    EXPECT_EQ(found[1].followed, 2);
    EXPECT_NEAR(found[1].points[2].y, 104 + 0.6F * 80, 1e-3);
}

TEST_F(LandmarkTrackerTest, OfAStillFaceEverySecondFrameIsLookedAt) {
    aligner->faces = {face(100, 80)};
    const std::vector<Track> still = {track(1, withPoints(face(100, 80), Points::measured))};
    for (const int calls : {1, 1, 2, 2, 3}) {
        const auto found = tracker.follow(frame, still);
        EXPECT_EQ(aligner->calls, calls);
        ASSERT_EQ(found.size(), 1U);
        EXPECT_EQ(found[0].followed, 1);
        EXPECT_EQ(found[0].points, still[0].face.points);
    }
}

TEST_F(LandmarkTrackerTest, AFaceThatIsNotLookedAtHasNothingOfUpstreams) {
    aligner->faces = {face(100, 80)};
    Track still = track(1, withPoints(face(100, 80, 80, 0.9F, 12), Points::measured));
    tracker.follow(frame, {still});
    still.face.externalSlot = 3;  // a frame of upstream's, between two that are followed
    still.face.key = 7;
    const auto found = tracker.follow(frame, {still});
    EXPECT_EQ(aligner->calls, 1);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].externalSlot, -1);
    EXPECT_FALSE(found[0].key.has_value());
    EXPECT_FLOAT_EQ(found[0].yaw, 12);
}

TEST_F(LandmarkTrackerTest, AFaceIsLookedAtAgainWhereItMayNotBeAsItWas) {
    const cv::Mat other = drgan_test::noisePicture(picture.size(), CV_8UC3, 2);
    const Track sure = track(1, withPoints(face(100, 80), Points::measured));
    Track unconfirmed = sure, missed = sure, unsure = sure, box = sure, neighbour = sure;
    unconfirmed.confirmed = false;
    missed.misses = 1;
    unsure.face.score = 0.5F;
    box.face.origin = Points::none;
    neighbour.id = 2;
    neighbour.face = withPoints(face(170, 80), Points::measured);
    const struct {
        const char* what;
        std::vector<Track> then;
        const cv::Mat& on;
    } cases[] = {{"another picture", {sure}, other},     {"unconfirmed", {unconfirmed}, picture},
                 {"missed", {missed}, picture},          {"low score", {unsure}, picture},
                 {"a box alone", {box}, picture},        {"a new track", {track(3, sure.face)}, picture},
                 {"touched", {sure, neighbour}, picture}};
    for (const auto& c : cases) {
        LandmarkTracker fresh(aligner);
        aligner->faces = {face(100, 80)};
        ASSERT_EQ(fresh.follow(frame, {sure}).size(), 1U);
        aligner->calls = 0;
        fresh.follow(FrameView(drgan::PixelLayout::bgr, {c.on}, {}), c.then);
        EXPECT_EQ(aligner->calls, 1) << c.what;
    }
}

TEST_F(LandmarkTrackerTest, LowScoreJumpInSizeOrAPlaceOffThePictureEndsFollowing) {
    const Track known = track(1, withPoints(face(100, 80), Points::measured));
    aligner->faces = {face(102, 80, 80, 0.2F)};
    EXPECT_TRUE(tracker.follow(frame, {known}).empty());
    aligner->faces = {face(120, 100, 40)};
    EXPECT_TRUE(tracker.follow(frame, {known}).empty());
    aligner->faces = {face(-60, 80)};
    EXPECT_TRUE(tracker.follow(frame, {track(1, withPoints(face(-50, 80), Points::measured))}).empty());
    aligner->faces = {face(102, 80)};
    EXPECT_EQ(tracker.follow(frame, {known}).size(), 1U);
}

TEST_F(LandmarkTrackerTest, OfTwoTracksOnOneFaceTheBetterKnownStays) {
    aligner->faces = {face(100, 80)};
    std::vector<Track> tracks = {track(1, face(90, 80)), track(2, face(110, 80))};
    auto found = tracker.follow(frame, tracks);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].followed, 1);  // it was seen more often
    tracks[0].confirmed = false;
    found = tracker.follow(frame, tracks);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].followed, 2);
}

TEST_F(LandmarkTrackerTest, ABoxIsConfirmedAndGetsLandmarks) {
    aligner->faces = {face(104, 84, 80, 0.8F, -20), face(220, 20, 60, 0.4F)};
    Face upstream = face(110, 90, 70);
    upstream.externalSlot = 0;
    Face measured = withPoints(face(110, 90, 70, 0.9F, 5), Points::measured);
    std::vector<Face> faces = {face(110, 90, 70), upstream, measured, face(220, 20, 60), face(10, 150)};
    const Face asMeasured = measured;
    tracker.confirm(frame, faces);
    EXPECT_FALSE(faces[0].doubted);
    EXPECT_EQ(faces[0].origin, Points::measured);
    EXPECT_FLOAT_EQ(faces[0].yaw, -20);
    EXPECT_NEAR(faces[0].box.x, 104, 1e-3);
    EXPECT_FLOAT_EQ(faces[0].score, 0.9F);  // the detector's score decides whether one sighting is enough
    EXPECT_FLOAT_EQ(faces[1].box.x, 110);   // upstream's box is kept
    EXPECT_NEAR(faces[1].points[2].x, 144, 1e-3);
    EXPECT_FLOAT_EQ(faces[2].yaw, 5);  // landmarks that are better than ours are kept
    EXPECT_EQ(faces[2].points, asMeasured.points);
    EXPECT_TRUE(faces[3].doubted);
    EXPECT_TRUE(faces[4].doubted);
}

TEST_F(LandmarkTrackerTest, HostileBoxesCostTheOthersNothing) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const float inf = std::numeric_limits<float>::infinity();
    aligner->faces = {face(100, 80)};
    std::vector<Face> faces = {face(nan, 10), face(0, 0, 0),   face(10, inf),        face(-3e6F, 0),  face(0, 0, 0.5F),
                               face(100, 80), face(0, 0, -40), face(900000, 900000), face(0, 0, nan), face(0, 0, 9e5F)};
    faces.push_back(withPoints(face(50, 50), Points::measured));
    faces.back().points[3].x = nan;
    faces.push_back(withPoints(face(50, 50), Points::measured));
    faces.back().points = {};
    faces.push_back(face(2, 2, 1));  // a valid box, but landmarks too close together
    tracker.confirm(frame, faces);
    for (size_t i = 0; i < faces.size(); ++i) {
        EXPECT_EQ(faces[i].doubted, i != 5) << i;
    }
    std::vector<Track> tracks;
    for (size_t i = 0; i < faces.size(); ++i) {
        tracks.push_back(track(static_cast<int>(i), faces[i]));
    }
    EXPECT_EQ(tracker.follow(frame, tracks).size(), 1U);
    EXPECT_TRUE(tracker.follow(frame, {}).empty());

    // The same with a real network, which throws if any row is bad.
    LandmarkTracker real(cv::drgan::Aligner::create(drgan_test::tinyAligner()));
    real.confirm(frame, faces);
    real.follow(frame, tracks);
    const cv::Mat dot(1, 1, CV_8UC3, cv::Scalar(1, 2, 3));
    real.follow(FrameView(drgan::PixelLayout::rgb, {dot}, {}), tracks);
}

TEST_F(LandmarkTrackerTest, ShowsTheAlignerTheSameWhateverTheLayout) {
    picture = drgan_test::drawFace({640, 480}, {150, 200}, 90).picture;
    cv::blur(picture, picture, {9, 9});  // chroma has half the resolution
    cv::Mat rgb;
    cv::Mat yuv;
    cv::cvtColor(picture, rgb, cv::COLOR_BGR2RGB);
    cv::cvtColor(picture, yuv, cv::COLOR_BGR2YUV_I420);
    const std::array<cv::Mat, 3> planes = {yuv.rowRange(0, 480), cv::Mat(240, 320, CV_8UC1, yuv.ptr(480)),
                                           cv::Mat(240, 320, CV_8UC1, yuv.ptr(480) + 240 * 320)};
    const struct {
        FrameView view;
        double tolerance;  // mean grey levels
    } cases[] = {
        {{drgan::PixelLayout::bgr, {picture}, {}}, 0},
        {{drgan::PixelLayout::rgb, {rgb}, {}}, 0},
        {{drgan::PixelLayout::i420, planes, drgan::YuvConversion::create(0.299, 0.114, true)}, 6},
    };
    const float side = 80;
    for (const auto& c : cases) {
        for (const auto& at : {face(110, 160, side), face(600, 430, side), face(-40, -40, side)}) {
            aligner->seen.release();
            tracker.follow(c.view, {track(1, at)});
            ASSERT_EQ(aligner->seen.size(), picture.size());
            // Everything that a square of 1.8 x the face can cover, however it is rotated.
            const auto reach = cvCeil(1.8 * side * std::sqrt(0.5));
            const cv::Point middle(cvRound(at.box.x + side / 2), cvRound(at.box.y + side / 2));
            const cv::Rect touched =
                cv::Rect(middle - cv::Point(reach, reach), middle + cv::Point(reach, reach)) & c.view.bounds();
            const double difference = cv::norm(aligner->seen(touched), picture(touched), cv::NORM_L1);
            EXPECT_LE(difference / static_cast<double>(touched.area() * 3), c.tolerance) << at.box;
        }
    }
}

TEST(MergeDetections, RenewWhatIsFollowedAndNewOnesAreAdded) {
    Face followed = face(100, 80);
    followed.followed = 4;
    std::vector<Face> faces = {followed};
    Face doubted = face(10, 10);
    doubted.doubted = true;
    mergeDetections({face(120, 80), face(104, 80), face(90, 80), face(220, 20), face(222, 20), doubted}, faces);
    ASSERT_EQ(faces.size(), 2U);
    EXPECT_FLOAT_EQ(faces[0].box.x, 104);
    EXPECT_EQ(faces[0].followed, 4);
    EXPECT_FLOAT_EQ(faces[1].box.x, 220);
    EXPECT_EQ(faces[1].followed, -1);
}

}  // namespace

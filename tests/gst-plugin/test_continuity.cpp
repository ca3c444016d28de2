// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <opencv2/imgproc.hpp>

#include "core/frame/face_crop.hpp"
#include "core/identity/continuity.hpp"
#include "scripted.hpp"

namespace {

using drgan::Continuity;
using drgan::IdentityRules;
using drgan::millisecond;
using drgan::Picture;
using Verdict = Continuity::Verdict;

constexpr double threshold = 0.25;

/// Two unit vectors with this cosine.
cv::Mat alike(double cosine) { return (cv::Mat_<float>(1, 3) << cosine, std::sqrt(1 - cosine * cosine), 0); }

// The glimpse of a scene: equal scenes have a correlation of 1, different ones of 0.
cv::Mat scene(int which) {
    cv::Mat g(1, 400, CV_32F, cv::Scalar(0));
    g.at<float>(which) = 1;
    return g;
}

class ContinuityTest : public testing::Test {
protected:
    void SetUp() override {
        track.watch(scene(0), false, 0);
        fuse(shot(1, 0.6F));
    }

    Picture shot(double cosine, float confidence, float yaw = 0) {
        now += 80 * millisecond;
        Picture p;
        p.embedding = alike(cosine);
        p.confidence = confidence;
        p.yaw = yaw;
        p.time = now;
        return p;
    }
    void fuse(const Picture& p) {
        known.add(p.embedding, p.confidence);
        track.note(p);
    }
    void cut() { track.watch(scene(++scenes), false, now); }
    Verdict judge(const Picture& p) { return track.judge(p, known, rules, similarity); }
    size_t held(double cosine, Verdict verdict = Verdict::same) {
        return track.takeHeld(shot(cosine, 0.6F), verdict, rules, similarity).size();
    }

    IdentityRules rules = IdentityRules::of(threshold);
    drgan::Similarity similarity = [](const cv::Mat& a, const cv::Mat& b) {
        return a.dot(b) / (cv::norm(a) * cv::norm(b));
    };
    Continuity track;
    cv::drgan::Template known;
    drgan::Time now = 0;
    int scenes = 0;
};

TEST(IdentityRules, LieAroundTheThreshold) {
    const auto r = IdentityRules::of(0.25);
    EXPECT_DOUBLE_EQ(r.other, 0.25);
    EXPECT_DOUBLE_EQ(r.same, 0.5);
    EXPECT_DOUBLE_EQ(r.decide, 0.4);
    EXPECT_DOUBLE_EQ(IdentityRules::of(0.6).same, 0.8);
    EXPECT_LT(IdentityRules::of(-0.9).same, -0.9) << "everybody is the same person";
    EXPECT_GT(IdentityRules::of(1.1).same, 1) << "nobody is the same person";
}

TEST_F(ContinuityTest, AsksForAPictureWhenSomethingElseIsThere) {
    track.watch(scene(0), false, now);
    EXPECT_FALSE(track.inDoubt());
    EXPECT_FALSE(track.wantsPicture(now));
    cut();
    EXPECT_TRUE(track.inDoubt());
    EXPECT_TRUE(track.wantsPicture(now)) << "immediately";
}

TEST_F(ContinuityTest, AsksForAPictureOfWhatWasOutOfSight) {
    track.watch(scene(0), true, now);
    EXPECT_TRUE(track.inDoubt());
    EXPECT_TRUE(track.wantsPicture(now));
}

TEST_F(ContinuityTest, AsksForAPictureWhenAFaceHasSlowlyBecomeUnlikeItself) {
    for (int i = 1; i <= 10; ++i) {
        const double angle = i * 0.1;  // consecutive steps have a correlation of 0.995
        track.watch(scene(0) * std::cos(angle) + scene(1) * std::sin(angle), false, now);
        EXPECT_FALSE(track.inDoubt());
        EXPECT_EQ(track.wantsPicture(now + 1000 * millisecond), std::cos(angle) < 0.9);
    }
}

TEST_F(ContinuityTest, OneSurePictureEndsATrackAfterABreak) {
    cut();
    EXPECT_EQ(judge(shot(0.2, 0.45F)), Verdict::other);
    EXPECT_FALSE(track.inDoubt());
}

TEST_F(ContinuityTest, LessSurePicturesDoTogether) {
    cut();
    EXPECT_EQ(judge(shot(0.2, 0.39F)), Verdict::unclear);
    EXPECT_EQ(judge(shot(0.2, 0.39F)), Verdict::other);
    EXPECT_EQ(held(0.2, Verdict::other), 2U) << "both belong to the new person";
}

TEST_F(ContinuityTest, SoDoSurePicturesThatCouldBeEither) {
    for (const bool same : {true, false}) {
        cut();
        EXPECT_EQ(judge(shot(0.42, 0.6F)), Verdict::unclear);
        EXPECT_EQ(judge(shot(same ? 0.49 : 0.35, 0.6F)), same ? Verdict::same : Verdict::other);
    }
}

TEST_F(ContinuityTest, PicturesThatAreNeitherSureNorClearDecideNothing) {
    cut();
    for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(judge(shot(0.3, 0.39F)), Verdict::unclear);
    }
    EXPECT_EQ(judge(shot(0.2, 0.45F)), Verdict::other) << "a confident picture decides";
}

TEST_F(ContinuityTest, WhoFadesAwayIsNotTheNextPersons) {
    cut();
    EXPECT_EQ(judge(shot(0.45, 0.5F)), Verdict::unclear);  // halfway
    EXPECT_EQ(judge(shot(0.3, 0.39F)), Verdict::unclear);
    EXPECT_EQ(judge(shot(0.1, 0.6F)), Verdict::other);
    // Their similarities to a picture at -0.6 are 0.44, 0.58 and 0.74: the first is less similar to it than to the
    // previous person.
    EXPECT_EQ(held(-0.6, Verdict::other), 2U);
}

TEST_F(ContinuityTest, PicturesOfSmallConfidenceMustBeQuiteUnlikeAndThree) {
    cut();
    EXPECT_EQ(judge(shot(0.1, 0.35F)), Verdict::unclear);
    EXPECT_EQ(judge(shot(0.1, 0.35F)), Verdict::unclear);
    EXPECT_EQ(judge(shot(0.2, 0.35F)), Verdict::unclear) << "not consecutive";
    EXPECT_EQ(judge(shot(0.1, 0.35F)), Verdict::unclear);
    EXPECT_EQ(judge(shot(0.1, 0.35F)), Verdict::unclear);
    EXPECT_EQ(judge(shot(0.1, 0.35F)), Verdict::other);
}

TEST_F(ContinuityTest, AHandEndsNothing) {
    cut();
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(judge(shot(-0.1, 0.3F)), Verdict::unclear);
    }
    EXPECT_TRUE(track.inDoubt());
    EXPECT_EQ(judge(shot(0.9, 0.6F)), Verdict::same);
    EXPECT_EQ(held(0.9), 0U) << "pictures of what covered the face are not fused";
    EXPECT_FALSE(track.inDoubt());
}

TEST_F(ContinuityTest, WhatWasHeldBackOfTheSamePersonIsNotLost) {
    cut();
    judge(shot(0.45, 0.5F));
    judge(shot(-0.9, 0.3F));
    EXPECT_EQ(judge(shot(0.6, 0.6F)), Verdict::same);
    EXPECT_EQ(held(0.6), 1U) << "all except the dissimilar one";
}

TEST_F(ContinuityTest, HoldsAFewPicturesAlone) {
    cut();
    for (int i = 0; i < 1000; ++i) {
        judge(shot(0, 0.3F));
    }
    EXPECT_EQ(held(0), 8U);
}

TEST_F(ContinuityTest, WithoutABreakItTakesTwo) {
    EXPECT_EQ(judge(shot(0.1, 0.6F)), Verdict::unclear);
    EXPECT_EQ(judge(shot(0.1, 0.6F)), Verdict::other);
    EXPECT_EQ(judge(shot(0.1, 0.35F)), Verdict::unclear);
    EXPECT_EQ(judge(shot(0.1, 0.35F)), Verdict::unclear);
    EXPECT_EQ(judge(shot(0.1, 0.35F)), Verdict::unclear) << "pictures of medium confidence are not enough";
}

// Each view is similar only to the one before it; the head turns away and back.
TEST_F(ContinuityTest, AHeadThatTurnsIsOnePerson) {
    for (int i = 1; i <= 12; ++i) {
        const int step = i <= 6 ? i : 12 - i;
        const double angle = step * 0.35;
        const Picture p = shot(std::cos(angle), 0.5F, 15.F * static_cast<float>(step));
        ASSERT_EQ(judge(p), Verdict::same) << "step " << i;
        fuse(p);
    }
}

TEST_F(ContinuityTest, AViewNeverSeenThatComesOutOfNowhereIsHeldOut) {
    EXPECT_EQ(judge(shot(0.1, 0.6F, 75)), Verdict::unclear);
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(judge(shot(0.1, 0.6F, 75)), Verdict::unclear) << "the previous person has not left";
    }
    cut();
    EXPECT_EQ(judge(shot(0.1, 0.6F, 75)), Verdict::other);
}

TEST_F(ContinuityTest, ATrackThatHasNothingButPoorPicturesTakesBetterOnes) {
    Continuity poor;
    cv::drgan::Template blurred;
    poor.watch(scene(0), false, 0);
    const Picture first = shot(1, 0.3F);
    blurred.add(first.embedding, first.confidence);
    poor.note(first);
    EXPECT_EQ(poor.judge(shot(0.3, 0.6F), blurred, rules, similarity), Verdict::same);
    poor.watch(scene(1), false, now);
    EXPECT_EQ(poor.judge(shot(0.3, 0.6F), blurred, rules, similarity), Verdict::unclear);
    EXPECT_EQ(poor.judge(shot(0.3, 0.6F), blurred, rules, similarity), Verdict::other) << "after an interruption";
}

TEST(Glimpse, SeesAnotherFaceAndNotAnotherLight) {
    const auto at = [](const cv::Mat& picture) {
        drgan::Face f;
        f.box = {40, 40, 80, 80};
        return drgan::glimpse({drgan::PixelLayout::bgr, {picture}, {}}, f);
    };
    cv::Mat one(160, 160, CV_8UC3, cv::Scalar::all(90));
    cv::Mat other = one.clone();
    drgan_test::drawPerson(0, {100, 100}).copyTo(one(cv::Rect(30, 30, 100, 100)));
    drgan_test::drawPerson(1, {100, 100}).copyTo(other(cv::Rect(30, 30, 100, 100)));
    EXPECT_NEAR(at(one).dot(at(one)), 1, 1e-5);
    EXPECT_NEAR(at(one).dot(at(one * 0.4)), 1, 0.02);
    EXPECT_LT(at(one).dot(at(other)), 0.6);
    EXPECT_EQ(cv::norm(at(cv::Mat(160, 160, CV_8UC3, cv::Scalar::all(7)))), 0) << "a picture of one colour";
    drgan::Face outside;
    outside.box = {500, 500, 80, 80};
    EXPECT_EQ(cv::norm(drgan::glimpse({drgan::PixelLayout::bgr, {one}, {}}, outside)), 0);
}

}  // namespace

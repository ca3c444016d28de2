// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <opencv2/imgproc.hpp>

#include "core/identity/encode_policy.hpp"
#include "core/tracking/tracker.hpp"

namespace {

using drgan::EncodePolicy;
using drgan::EncodeRecord;
using drgan::Face;
using drgan::millisecond;
using drgan::Tracker;

constexpr float sure = 0.8F;

Face faceAt(float x, float y, float side = 60, float score = 0.9F) {
    Face f;
    f.box = {x, y, side, side};
    f.score = score;
    return f;
}

int visible(const Tracker& t) {
    return static_cast<int>(
        std::count_if(t.tracks().begin(), t.tracks().end(), [](const auto& k) { return !k.hidden; }));
}

TEST(Tracker, KeepsTheIdOfAMovingFaceBetweenSparseSightings) {
    Tracker tracker;
    for (int frame = 0; frame < 60; ++frame) {
        tracker.predict(frame * 40 * millisecond);
        if (frame % 5 == 0) {
            tracker.update({faceAt(10.F + 8 * frame, 50)}, sure);
        }
        ASSERT_EQ(tracker.tracks().size(), 1U) << "frame " << frame;
        EXPECT_EQ(tracker.tracks()[0].id, 1);
    }
    // 8 px a frame, 25 frames a second; four frames after the last sighting the box is still near the face.
    EXPECT_NEAR(tracker.tracks()[0].velocity.x, 200, 20);
    EXPECT_NEAR(tracker.tracks()[0].face.box.x, 10 + 8 * 59, 8);
}

TEST(Tracker, ClockThatStandsStillOrJumpsBackBreaksNothing) {
    Tracker tracker;
    for (const drgan::Time t : {1000LL, 1000LL, 1000LL, 500LL, 0LL}) {
        tracker.predict(t * millisecond);
        tracker.update({faceAt(10, 10)}, sure);
        ASSERT_EQ(tracker.tracks().size(), 1U);
        EXPECT_TRUE(std::isfinite(tracker.tracks()[0].face.box.x));
        EXPECT_EQ(tracker.tracks()[0].id, 1);
    }
}

TEST(Tracker, TwoFacesThatPassKeepTwoTracks) {
    Tracker tracker;
    for (int frame = 0; frame < 30; ++frame) {
        tracker.predict(frame * 40 * millisecond);
        tracker.update({faceAt(10.F + 10 * frame, 50), faceAt(300.F - 10 * frame, 120)}, sure);
    }
    ASSERT_EQ(visible(tracker), 2);
    EXPECT_NEAR(tracker.find(1)->face.box.x, 300, 1);
    EXPECT_NEAR(tracker.find(2)->face.box.x, 10, 1);
}

TEST(Tracker, TwoTracksNeverStayOnOneFace) {
    Tracker tracker;
    tracker.predict(0);
    tracker.update({faceAt(10, 10), faceAt(100, 10)}, sure);
    ASSERT_EQ(visible(tracker), 2);
    tracker.predict(40 * millisecond);
    tracker.update({faceAt(100, 10), faceAt(40, 10)}, sure);
    tracker.predict(80 * millisecond);
    tracker.update({faceAt(90, 10)}, sure);  // the second covers the first
    tracker.predict(120 * millisecond);
    tracker.update({faceAt(45, 10)}, sure);
    for (size_t i = 0; i < tracker.tracks().size(); ++i) {
        for (size_t k = 0; k < i; ++k) {
            const auto& a = tracker.tracks()[i];
            const auto& b = tracker.tracks()[k];
            EXPECT_TRUE(a.hidden || b.hidden || drgan::iou(a.face.box, b.face.box) < 0.4F);
        }
    }
}

TEST(Tracker, EndsAfterTheTimeoutAndNotBefore) {
    Tracker tracker;
    tracker.options.timeout = 1000 * millisecond;
    tracker.predict(0);
    tracker.update({faceAt(10, 10)}, sure);
    tracker.predict(1000 * millisecond);
    EXPECT_EQ(tracker.tracks().size(), 1U);
    tracker.predict(1001 * millisecond);
    EXPECT_TRUE(tracker.tracks().empty());
    const auto ended = tracker.takeEnded();
    ASSERT_EQ(ended.size(), 1U);
    EXPECT_EQ(ended[0].id, 1);
    EXPECT_TRUE(tracker.takeEnded().empty());
}

TEST(Tracker, ADoubtfulFaceIsBelievedWhenSeenAgain) {
    Tracker tracker;
    tracker.predict(0);
    tracker.update({faceAt(10, 10, 60, 0.5F)}, sure);
    ASSERT_EQ(tracker.tracks().size(), 1U);
    EXPECT_FALSE(tracker.tracks()[0].confirmed);
    EXPECT_TRUE(tracker.searching());
    tracker.predict(40 * millisecond);
    tracker.update({faceAt(11, 10, 60, 0.5F)}, sure);
    EXPECT_TRUE(tracker.tracks()[0].confirmed);
    EXPECT_FALSE(tracker.searching());
}

TEST(Tracker, WhatLooksLessLikeAFaceTheSecondTimeIsNotBelieved) {
    Tracker tracker;
    tracker.predict(0);
    tracker.update({faceAt(10, 10, 60, 0.7F)}, sure);
    for (int i = 1; i < 4; ++i) {
        tracker.predict(40 * i * millisecond);
        tracker.update({faceAt(10, 10, 60, 0.4F)}, sure);
        ASSERT_EQ(tracker.tracks().size(), 1U);
        EXPECT_FALSE(tracker.tracks()[0].confirmed);
    }
    tracker.predict(200 * millisecond);
    tracker.update({faceAt(10, 10, 60, 0.6F)}, sure);
    EXPECT_TRUE(tracker.tracks()[0].confirmed);
    // Where every face is sure, as upstream's are, the score does not count.
    Tracker upstream;
    upstream.predict(0);
    upstream.update({faceAt(10, 10, 60, 0)}, 0);
    EXPECT_TRUE(upstream.tracks()[0].confirmed);
}

TEST(Tracker, ADoubtfulFaceThatIsNotSeenAgainGoes) {
    Tracker tracker;
    for (int i = 0; i < 3; ++i) {
        tracker.predict(i * 40 * millisecond);
        tracker.update(i == 0 ? std::vector<Face>{faceAt(10, 10, 60, 0.5F)} : std::vector<Face>{}, sure);
    }
    EXPECT_TRUE(tracker.tracks().empty());
}

TEST(Tracker, AdoptedTrackLivesOnUnderTheOldId) {
    Tracker tracker;
    tracker.predict(0);
    tracker.update({faceAt(10, 10)}, sure);
    for (int i = 1; i < 20; ++i) {
        tracker.predict(i * 40 * millisecond);
        tracker.update({}, sure);
    }
    ASSERT_TRUE(tracker.find(1)->hidden);
    tracker.update({faceAt(200, 100)}, sure);
    ASSERT_NE(tracker.find(2), nullptr);
    tracker.continueAs(2, 1);
    ASSERT_EQ(tracker.tracks().size(), 1U);
    EXPECT_EQ(tracker.tracks()[0].id, 1);
    EXPECT_FALSE(tracker.tracks()[0].hidden);
    EXPECT_FLOAT_EQ(tracker.tracks()[0].face.box.x, 200);
    tracker.continueAs(7, 1);  // unknown ids are ignored
    EXPECT_EQ(tracker.tracks().size(), 1U);
}

TEST(Tracker, AFollowedFaceIsItsTracksWhereverItIs) {
    Tracker tracker;
    tracker.predict(0);
    tracker.update({faceAt(10, 10), faceAt(100, 10)}, sure);
    std::vector<Face> faces = {faceAt(95, 10), faceAt(300, 10)};
    faces[0].followed = 1;
    faces[1].followed = 2;
    tracker.predict(40 * millisecond);
    tracker.update(faces, sure);
    ASSERT_EQ(tracker.tracks().size(), 2U);
    EXPECT_FLOAT_EQ(tracker.find(1)->face.box.x, 95);
    EXPECT_FLOAT_EQ(tracker.find(2)->face.box.x, 300);
}

TEST(Tracker, ADoubtedFaceGoesOnATrackAndStartsNone) {
    Tracker tracker;
    Face known = faceAt(10, 10);
    known.origin = drgan::Points::measured;
    known.yaw = 40;
    tracker.predict(0);
    tracker.update({known}, sure);
    std::vector<Face> faces = {faceAt(12, 10), faceAt(200, 10)};
    faces[0].doubted = faces[1].doubted = true;
    tracker.predict(40 * millisecond);
    tracker.update(faces, sure);
    ASSERT_EQ(tracker.tracks().size(), 1U);
    EXPECT_FLOAT_EQ(tracker.tracks()[0].face.box.x, 12);
    EXPECT_FLOAT_EQ(tracker.tracks()[0].face.yaw, 40);  // a box without landmarks has no yaw
}

TEST(Tracker, ExchangedTracksKeepPlacesAndChangeIds) {
    Tracker tracker;
    tracker.predict(0);
    tracker.update({faceAt(10, 10), faceAt(100, 10)}, sure);
    tracker.predict(40 * millisecond);
    tracker.update({faceAt(10, 10)}, sure);
    tracker.swapIds(1, 2);
    tracker.swapIds(1, 9);  // unknown ids are ignored
    EXPECT_FLOAT_EQ(tracker.find(2)->face.box.x, 10);
    EXPECT_EQ(tracker.find(2)->hits, 1);
    EXPECT_FLOAT_EQ(tracker.find(1)->face.box.x, 100);
    EXPECT_EQ(tracker.find(1)->misses, 1);
    EXPECT_EQ(tracker.find(1)->lastSeen, 40 * millisecond);
}

Face keyed(Face f, drgan::Key key) {
    f.key = key;
    return f;
}

/// The id of the track seen at a place on this frame; -1: none.
int idAt(const Tracker& tracker, float x) {
    for (const auto& t : tracker.tracks()) {
        if (t.fresh && std::abs(t.face.box.x - x) < 1) {
            return t.id;
        }
    }
    return -1;
}

class Keys : public testing::Test {
protected:
    void see(const std::vector<Face>& faces) {
        tracker.predict(frame++ * 40 * millisecond);
        tracker.update(faces, 0);
    }
    Tracker tracker;
    int frame = 0;
};

TEST_F(Keys, SayWhichTrackAFaceIsOfWhereverItIs) {
    see({keyed(faceAt(10, 10), 70), keyed(faceAt(100, 10), 71)});
    EXPECT_EQ(idAt(tracker, 10), 1) << "ids are the tracker's own";
    EXPECT_EQ(idAt(tracker, 100), 2);
    EXPECT_FALSE(tracker.find(1)->interrupted);
    see({keyed(faceAt(300, 10), 70), keyed(faceAt(102, 10), 71)});
    EXPECT_EQ(idAt(tracker, 300), 1);
    EXPECT_TRUE(tracker.find(1)->interrupted) << "only upstream says that it is the same face";
    EXPECT_EQ(idAt(tracker, 102), 2);
    EXPECT_FALSE(tracker.find(2)->interrupted);
    EXPECT_EQ(tracker.find(1)->key, 70U);
}

TEST_F(Keys, AreNoIds) {
    see({faceAt(10, 10)});  // track 1
    for (int i = 0; i < 5; ++i) {
        see({faceAt(10, 10), keyed(faceAt(200, 10), 1)});
        EXPECT_EQ(idAt(tracker, 10), 1);
        EXPECT_EQ(idAt(tracker, 200), 2);
    }
    see({keyed(faceAt(10, 10), 1)});  // no face with a key was there before
    EXPECT_EQ(idAt(tracker, 10), 2);
    EXPECT_TRUE(tracker.find(2)->interrupted);
}

TEST_F(Keys, ThatTwoFacesClaimSayNothing) {
    for (int i = 0; i < 30; ++i) {
        std::vector<Face> faces = {keyed(faceAt(10, 10), 7), keyed(faceAt(200, 10), 7), keyed(faceAt(400, 10), 8)};
        if (i % 2 != 0) {
            std::reverse(faces.begin(), faces.end());
        }
        see(faces);
        EXPECT_EQ(idAt(tracker, 10), 1);
        EXPECT_EQ(idAt(tracker, 200), 2);
        EXPECT_EQ(idAt(tracker, 400), 3);
    }
}

TEST_F(Keys, MayBeMissingNowAndThen) {
    for (int i = 0; i < 20; ++i) {
        const auto f = faceAt(10.F + 3 * static_cast<float>(i), 10);
        see({i % 3 == 0 ? keyed(f, 12) : f});
        ASSERT_EQ(tracker.tracks().size(), 1U);
        EXPECT_EQ(tracker.tracks()[0].id, 1);
        EXPECT_EQ(tracker.tracks()[0].key, 12U);
    }
}

TEST_F(Keys, ThatAreNewInAPlaceMakeANewTrack) {
    see({keyed(faceAt(10, 10), 12)});
    see({keyed(faceAt(10, 10), 13)});
    EXPECT_EQ(idAt(tracker, 10), 2);
    EXPECT_TRUE(tracker.find(1)->hidden) << "it can be recognised by its embedding";
}

TEST_F(Keys, ThatComeBackContinueTheirTrackAsLongAsItLives) {
    tracker.options.timeout = 2000 * millisecond;
    see({keyed(faceAt(10, 10), 12)});
    for (int i = 0; i < 20; ++i) {
        see({keyed(faceAt(200, 10), 13)});
    }
    ASSERT_TRUE(tracker.find(1)->hidden);
    see({keyed(faceAt(300, 10), 12)});
    EXPECT_EQ(idAt(tracker, 300), 1);
    EXPECT_TRUE(tracker.find(1)->interrupted);
    for (int i = 0; i < 60; ++i) {
        see({keyed(faceAt(200, 10), 13)});
    }
    see({keyed(faceAt(200, 10), 13), keyed(faceAt(300, 10), 12)});
    EXPECT_EQ(idAt(tracker, 300), 3);
}

TEST_F(Keys, OfWholeRangeAreKept) {
    const auto large = std::numeric_limits<drgan::Key>::max();
    see({keyed(faceAt(10, 10), 0), keyed(faceAt(100, 10), large)});
    see({keyed(faceAt(10, 10), 0), keyed(faceAt(100, 10), large)});
    EXPECT_EQ(tracker.tracks().size(), 2U);
    EXPECT_EQ(tracker.find(idAt(tracker, 100))->key, large);
}

TEST_F(Keys, GoWithTheFaceWhenATrackIsParted) {
    see({keyed(faceAt(10, 10), 12)});
    see({keyed(faceAt(10, 10), 12)});
    const int fresh = tracker.split(1, 40 * millisecond);
    EXPECT_EQ(fresh, 2);
    EXPECT_TRUE(tracker.find(1)->hidden);
    EXPECT_FALSE(tracker.find(2)->hidden);
    EXPECT_EQ(tracker.find(2)->firstSeen, 40 * millisecond);
    see({keyed(faceAt(300, 10), 12)});
    EXPECT_EQ(idAt(tracker, 300), 2);
    EXPECT_EQ(tracker.split(9, 0), -1);
}

TEST(Tracker, TellsWhereAFaceWasOutOfSight) {
    Tracker tracker;
    const auto see = [&](int ms, bool there) {
        tracker.predict(ms * millisecond);
        tracker.update(there ? std::vector<Face>{faceAt(10, 10)} : std::vector<Face>{}, sure);
        return tracker.find(1)->interrupted;
    };
    EXPECT_FALSE(see(0, true));
    EXPECT_FALSE(see(40, true));
    EXPECT_FALSE(see(80, false));
    EXPECT_TRUE(see(120, true));
    EXPECT_FALSE(see(160, true));
    EXPECT_TRUE(see(760, true)) << "no frame for a long time";
}

TEST(Tracker, MemoryIsBoundedWhateverComes) {
    Tracker tracker;
    tracker.options.maxTracks = 8;
    cv::RNG rng(1);
    for (int frame = 0; frame < 200; ++frame) {
        tracker.predict(frame * millisecond);
        std::vector<Face> faces;
        for (int i = 0; i < 20; ++i) {
            faces.push_back(faceAt(rng.uniform(0.F, 4000.F), rng.uniform(0.F, 4000.F), 10));
        }
        tracker.update(faces, sure);
        EXPECT_LE(visible(tracker), 8);
        EXPECT_LE(tracker.tracks().size(), 16U);
        tracker.takeEnded();
    }
}

TEST(EncodePolicy, EncodesWhatAddsSomethingAndNothingElse) {
    using Reason = EncodePolicy::Reason;
    EncodePolicy policy;
    policy.options.interval = 200 * millisecond;
    policy.options.refresh = 2000 * millisecond;
    EncodeRecord record;
    EXPECT_EQ(policy.judge(record, 0, 0.5F, 0), Reason::first);
    policy.note(record, 0, 0.5F, 0);

    const struct {
        const char* what;
        float yaw, quality;
        int ms;
        Reason expected;
    } cases[] = {
        {"the same view", 0, 0.5F, 400, Reason::none},
        {"within the same 15 degrees", 7, 0.5F, 400, Reason::none},
        {"a new yaw", 8, 0.5F, 400, Reason::newYaw},
        {"a new yaw, too soon", 45, 0.5F, 199, Reason::none},
        {"a yaw beyond the outermost bin", -500, 0.5F, 400, Reason::newYaw},
        {"much sharper", 0, 0.66F, 400, Reason::betterView},
        {"a bit sharper", 0, 0.6F, 400, Reason::none},
        {"nothing new, but due", 0, 0.1F, 2000, Reason::refresh},
        {"the clock was set back", 0, 0.1F, -5000, Reason::refresh},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(policy.judge(record, c.yaw, c.quality, c.ms * millisecond), c.expected) << c.what;
    }
}

TEST(EncodePolicy, RateIsBoundedForEverChangingViews) {
    EncodePolicy policy;
    EncodeRecord record;
    int encodes = 0;
    for (int ms = 0; ms < 10000; ms += 10) {
        const auto yaw = static_cast<float>(ms % 180 - 90);
        const auto quality = 0.1F + static_cast<float>(ms) / 1000;
        if (policy.judge(record, yaw, quality, ms * millisecond) != EncodePolicy::Reason::none) {
            policy.note(record, yaw, quality, ms * millisecond);
            ++encodes;
        }
    }
    EXPECT_LE(encodes, 50);  // 10 s at one in 200 ms
    EXPECT_GE(encodes, 10);
}

TEST(PictureQuality, FallsWithBlurAndWithEnlargement) {
    cv::Mat sharp(96, 96, CV_8UC3);
    cv::RNG(3).fill(sharp, cv::RNG::UNIFORM, 0, 255);
    cv::Mat blurred;
    cv::blur(sharp, blurred, {5, 5});
    EXPECT_GT(drgan::pictureQuality(sharp, 100), 1.5F * drgan::pictureQuality(blurred, 100));
    EXPECT_NEAR(drgan::pictureQuality(sharp, 48), drgan::pictureQuality(sharp, 96) / 2, 1e-4);
    EXPECT_GT(drgan::pictureQuality(cv::Mat::zeros(96, 96, CV_8UC3), 100), 0);
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <set>

#include "core/encode_policy.hpp"
#include "core/tracker.hpp"

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
    tracker.update({faceAt(90, 10)}, sure);  // the first has gone behind the second
    tracker.predict(120 * millisecond);
    tracker.update({faceAt(45, 10)}, sure);
    for (size_t i = 0; i < tracker.tracks().size(); ++i) {
        for (size_t k = 0; k < i; ++k) {
            const auto& a = tracker.tracks()[i];
            const auto& b = tracker.tracks()[k];
            EXPECT_TRUE(a.hidden || b.hidden || drgan::overlap(a.face.box, b.face.box) < 0.4F);
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
    tracker.adopt(2, 1);
    ASSERT_EQ(tracker.tracks().size(), 1U);
    EXPECT_EQ(tracker.tracks()[0].id, 1);
    EXPECT_FALSE(tracker.tracks()[0].hidden);
    EXPECT_FLOAT_EQ(tracker.tracks()[0].face.box.x, 200);
    tracker.adopt(7, 1);  // unknown: nothing happens
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
    EXPECT_FLOAT_EQ(tracker.tracks()[0].face.yaw, 40);  // a plain box says nothing of it
}

TEST(Tracker, ExchangedTracksKeepPlacesAndChangeIds) {
    Tracker tracker;
    tracker.predict(0);
    tracker.update({faceAt(10, 10), faceAt(100, 10)}, sure);
    tracker.predict(40 * millisecond);
    tracker.update({faceAt(10, 10)}, sure);
    tracker.exchange(1, 2);
    tracker.exchange(1, 9);  // unknown: nothing happens
    EXPECT_FLOAT_EQ(tracker.find(2)->face.box.x, 10);
    EXPECT_EQ(tracker.find(2)->hits, 1);
    EXPECT_FLOAT_EQ(tracker.find(1)->face.box.x, 100);
    EXPECT_EQ(tracker.find(1)->misses, 1);
    EXPECT_EQ(tracker.find(1)->lastSeen, 40 * millisecond);
}

TEST(Tracker, UpstreamIdsWinOverPlacesAndStayUnique) {
    Tracker tracker;
    Face a = faceAt(10, 10);
    Face b = faceAt(100, 10);
    a.externalId = 70;
    b.externalId = 71;
    tracker.predict(0);
    tracker.update({a, b}, 0);
    std::swap(a.box, b.box);
    tracker.predict(40 * millisecond);
    tracker.update({a, b}, 0);
    EXPECT_FLOAT_EQ(tracker.find(70)->face.box.x, 100);
    EXPECT_FLOAT_EQ(tracker.find(71)->face.box.x, 10);

    Face c = faceAt(300, 10);
    c.externalId = 70;  // claimed twice in one frame
    tracker.predict(80 * millisecond);
    tracker.update({a, b, c}, 0);
    std::set<int> ids;
    for (const auto& t : tracker.tracks()) {
        ids.insert(t.id);
    }
    EXPECT_EQ(ids.size(), 3U);
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

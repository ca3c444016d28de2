// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/tracking/occlusions.hpp"

namespace {

using drgan::isIdSwitch;
using drgan::millisecond;
using drgan::Occlusions;
using drgan::Track;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr drgan::Time interval = 200 * millisecond;

Track track(int id, float x) {
    Track t;
    t.id = id;
    t.face.box = {x, 10, 60, 60};
    t.confirmed = t.fresh = true;
    return t;
}

Track hidden(Track t) {
    t.hidden = true;
    t.fresh = false;
    t.misses = 1;
    return t;
}

TEST(Occlusions, AskAboutAPairOnceAfterItHasParted) {
    Occlusions occlusions;
    occlusions.update({track(3, 0), track(7, 100)});
    EXPECT_FALSE(occlusions.isUnresolved(3, 0));
    const std::vector<Track> touching = {track(3, 0), track(7, 40)};
    occlusions.update(touching);
    EXPECT_THAT(occlusions.takeResolvable(touching, 0, interval), IsEmpty());
    EXPECT_TRUE(occlusions.isUnresolved(3, 0));
    EXPECT_TRUE(occlusions.isUnresolved(7, 0));
    EXPECT_FALSE(occlusions.isUnresolved(8, 0));

    std::vector<Track> parted = {track(3, 100), track(7, 0)};
    parted[0].fresh = false;  // not visible on this frame
    occlusions.update(parted);
    EXPECT_THAT(occlusions.takeResolvable(parted, 0, interval), IsEmpty());
    parted[0].fresh = true;
    occlusions.update(parted);
    EXPECT_THAT(occlusions.takeResolvable(parted, 0, interval), ElementsAre(Occlusions::Pair(3, 7)));
    EXPECT_FALSE(occlusions.isUnresolved(3, 0));
    occlusions.update(parted);
    EXPECT_THAT(occlusions.takeResolvable(parted, 0, interval), IsEmpty());
}

TEST(Occlusions, AskAgainAndAgainAboutAFaceThatHidesAnother) {
    Occlusions occlusions;
    std::vector<Track> tracks = {track(1, 0), hidden(track(2, 20))};
    int asked = 0;
    for (drgan::Time now = 0; now < 1000 * millisecond; now += 40 * millisecond) {
        occlusions.update(tracks);
        asked += static_cast<int>(occlusions.takeResolvable(tracks, now, interval).size());
        tracks[0].face.box.x += 5;  // it may move anywhere
        ++tracks[1].misses;
        EXPECT_TRUE(occlusions.isUnresolved(1, now + 1));
    }
    EXPECT_EQ(asked, 5);
    tracks.pop_back();  // the hidden one has timed out
    occlusions.update(tracks);
    EXPECT_FALSE(occlusions.isUnresolved(1, -1));
}

TEST(Occlusions, AreMistakenByUpstreamsTrackersToo) {
    Occlusions occlusions;
    std::vector<Track> tracks = {track(1, 0), track(2, 20)};
    tracks[0].key = 5;
    tracks[1].key = 6;
    occlusions.update(tracks);
    EXPECT_TRUE(occlusions.isUnresolved(1, 0));
}

TEST(IsIdSwitch, GoesByWhatFitsBetterEitherWayRound) {
    const std::optional<double> none;
    const struct {
        const char* what;
        drgan::PairSimilarity similarity;
        bool expected;
    } cases[] = {
        {"nothing known", {none, none, none, none}, false},
        {"both as they were", {0.8, 0.1, 0.1, 0.7}, false},
        {"both swapped", {0.1, 0.8, 0.7, 0.1}, true},
        {"one like both, the other says swapped", {0.5, 0.5, 0.8, 0.1}, true},
        {"nearly the same either way", {0.5, 0.55, 0.55, 0.5}, false},
        {"a hides b", {0.8, 0.1, none, none}, false},
        {"b hides a and goes on as a", {0.1, 0.8, none, none}, true},
        {"somebody else stands there", {0.0, 0.3, none, none}, false},
        {"b was never encoded, and its face is a's", {0.1, none, 0.8, none}, true},
        {"b was never encoded, and nothing has happened", {0.8, none, 0.1, none}, false},
        {"a was never encoded, and its face is b's", {none, 0.8, none, 0.1}, true},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(isIdSwitch(c.similarity, 0.4), c.expected) << c.what;
    }
}

}  // namespace

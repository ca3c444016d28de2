// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/tracking/crossings.hpp"

namespace {

using drgan::Crossings;
using drgan::haveSwapped;
using drgan::millisecond;
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

TEST(Crossings, AskAboutAPairOnceAfterItHasParted) {
    Crossings crossings;
    crossings.update({track(3, 0), track(7, 100)});
    EXPECT_FALSE(crossings.isOpen(3, 0));
    const std::vector<Track> touching = {track(3, 0), track(7, 40)};
    crossings.update(touching);
    EXPECT_THAT(crossings.takeDue(touching, 0, interval), IsEmpty());
    EXPECT_TRUE(crossings.isOpen(3, 0));
    EXPECT_TRUE(crossings.isOpen(7, 0));
    EXPECT_FALSE(crossings.isOpen(8, 0));

    std::vector<Track> parted = {track(3, 100), track(7, 0)};
    parted[0].fresh = false;  // not to be seen right now
    crossings.update(parted);
    EXPECT_THAT(crossings.takeDue(parted, 0, interval), IsEmpty());
    parted[0].fresh = true;
    crossings.update(parted);
    EXPECT_THAT(crossings.takeDue(parted, 0, interval), ElementsAre(Crossings::Pair(3, 7)));
    EXPECT_FALSE(crossings.isOpen(3, 0));
    crossings.update(parted);
    EXPECT_THAT(crossings.takeDue(parted, 0, interval), IsEmpty());
}

TEST(Crossings, AskAgainAndAgainAboutAFaceThatHidesAnother) {
    Crossings crossings;
    std::vector<Track> tracks = {track(1, 0), hidden(track(2, 20))};
    int asked = 0;
    for (drgan::Time now = 0; now < 1000 * millisecond; now += 40 * millisecond) {
        crossings.update(tracks);
        asked += static_cast<int>(crossings.takeDue(tracks, now, interval).size());
        tracks[0].face.box.x += 5;  // wherever it goes
        ++tracks[1].misses;
        EXPECT_TRUE(crossings.isOpen(1, now + 1));
    }
    EXPECT_EQ(asked, 5);
    tracks.pop_back();  // the hidden one has timed out
    crossings.update(tracks);
    EXPECT_FALSE(crossings.isOpen(1, -1));
}

TEST(Crossings, AreMistakenByUpstreamsTrackersToo) {
    Crossings crossings;
    std::vector<Track> tracks = {track(1, 0), track(2, 20)};
    tracks[0].key = 5;
    tracks[1].key = 6;
    crossings.update(tracks);
    EXPECT_TRUE(crossings.isOpen(1, 0));
}

TEST(HaveSwapped, GoesByWhatFitsBetterEitherWayRound) {
    const std::optional<double> none;
    const struct {
        const char* what;
        drgan::Likeness likeness;
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
        EXPECT_EQ(haveSwapped(c.likeness, 0.4), c.expected) << c.what;
    }
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "roster.hpp"

namespace {

using drgan::people::Roster;
using drgan::people::Track;
using testing::ElementsAre;
using testing::IsEmpty;

Track seen(unsigned id, unsigned images = 1, const std::string& name = "") {
    Track track;
    track.id = id;
    track.images = images;
    track.name = name;
    track.similarity = name.empty() ? 0 : 0.9;
    return track;
}

Track pictured(unsigned id, const std::string& face, double confidence) {
    Track track = seen(id);
    track.face = face;
    track.confidence = confidence;
    return track;
}

std::vector<unsigned> ids(const std::vector<Track>& tracks) {
    std::vector<unsigned> out;
    for (const Track& track : tracks) {
        out.push_back(track.id);
    }
    return out;
}

/// A track that comes, is seen once and goes.
void visit(Roster& roster, unsigned id, std::int64_t at, const std::string& name = "") {
    roster.take("track-new", seen(id, 0), at);
    roster.take("track-updated", seen(id, 1, name), at + 1);
    roster.take("track-lost", seen(id, 1, name), at + 2);
}

TEST(Roster, KnowsWhoIsThereAndWhoWas) {
    Roster roster;
    EXPECT_THAT(roster.present(), IsEmpty());
    roster.take("track-new", seen(1, 0), 1000);
    roster.take("track-new", seen(2, 0), 2000);
    roster.take("track-updated", seen(1, 3, "Ada"), 3000);
    EXPECT_THAT(ids(roster.present()), ElementsAre(1, 2));
    EXPECT_THAT(roster.past(), IsEmpty());
    EXPECT_TRUE(roster.isPresent(1));
    roster.take("track-lost", seen(1, 4, "Ada"), 5000);
    EXPECT_THAT(ids(roster.present()), ElementsAre(2));
    ASSERT_THAT(ids(roster.past()), ElementsAre(1));
    EXPECT_FALSE(roster.isPresent(1));
    const Track& ada = roster.past().front();
    EXPECT_EQ(ada.name, "Ada");
    EXPECT_EQ(ada.images, 4U);
    EXPECT_EQ(ada.first, 1000);
    EXPECT_EQ(ada.last, 5000);
    EXPECT_EQ(roster.find(1), &ada);
    EXPECT_EQ(roster.find(3), nullptr);
}

TEST(Roster, TakesTheNewestNameAlsoNone) {
    Roster roster;
    roster.take("track-new", seen(1, 0), 0);
    roster.take("track-updated", seen(1, 1, "Ada"), 1);
    EXPECT_EQ(roster.find(1)->name, "Ada");
    EXPECT_EQ(roster.find(1)->similarity, 0.9);
    Track visitor = seen(1, 2);
    visitor.visitor = "visitor 7";
    roster.take("track-updated", visitor, 2);
    EXPECT_EQ(roster.find(1)->name, "");
    EXPECT_EQ(roster.find(1)->visitor, "visitor 7");
}

TEST(Roster, KeepsTheBestFaceAndTheNewestFrontalView) {
    Roster roster;
    roster.take("track-new", seen(1, 0), 0);
    EXPECT_EQ(roster.find(1)->pictures, 0U);
    roster.take("track-updated", pictured(1, "dim", 0.3), 1);
    roster.take("track-updated", pictured(1, "sharp", 0.8), 2);
    const unsigned version = roster.find(1)->pictures;
    roster.take("track-updated", pictured(1, "blurred", 0.5), 3);
    roster.take("track-updated", pictured(1, "", 0.9), 4);
    EXPECT_EQ(roster.find(1)->face, "sharp");
    EXPECT_EQ(roster.find(1)->confidence, 0.8);
    EXPECT_EQ(roster.find(1)->pictures, version);
    Track drawn = seen(1);
    drawn.frontal = "first";
    roster.take("track-updated", drawn, 5);
    drawn.frontal = "second";
    roster.take("track-updated", drawn, 6);
    EXPECT_EQ(roster.find(1)->frontal, "second");
    EXPECT_NE(roster.find(1)->pictures, version);
}

TEST(Roster, DoesNotListTracksWithoutAPicture) {
    Roster roster;
    roster.take("track-new", seen(1, 0), 0);
    roster.take("track-lost", seen(1, 0), 1);
    EXPECT_THAT(roster.present(), IsEmpty());
    EXPECT_THAT(roster.past(), IsEmpty());
}

TEST(Roster, KnowsNothingOfWhomItForgot) {
    Roster roster;
    roster.take("track-new", seen(1, 0), 0);
    roster.take("track-updated", seen(1, 1, "Ada"), 1);
    visit(roster, 2, 10);
    EXPECT_TRUE(roster.forget(1));
    EXPECT_TRUE(roster.forget(2));
    EXPECT_FALSE(roster.forget(2));
    // messages that were on their way
    roster.take("track-updated", seen(1, 2, "Ada"), 20);
    roster.take("track-lost", seen(1, 2, "Ada"), 21);
    EXPECT_THAT(roster.present(), IsEmpty());
    EXPECT_THAT(roster.past(), IsEmpty());
}

TEST(Roster, FollowsTheElementThatWasToldToForget) {
    Roster roster;
    roster.take("track-new", seen(1, 0), 0);
    roster.take("track-updated", seen(1, 5, "Ada"), 1);
    roster.take("track-lost", seen(1, 0), 2);
    EXPECT_EQ(roster.find(1), nullptr);
}

TEST(Roster, NamesOfThePastFollowTheGallery) {
    Roster roster;
    visit(roster, 1, 0, "Ada");
    visit(roster, 2, 10, "Grace");
    visit(roster, 3, 20);
    roster.rename("Ada", "Ada Lovelace");
    EXPECT_EQ(roster.find(1)->name, "Ada Lovelace");
    EXPECT_EQ(roster.find(2)->name, "Grace");
    EXPECT_EQ(roster.find(3)->name, "");
    roster.rename("Grace", "");
    EXPECT_EQ(roster.find(2)->name, "");
    EXPECT_TRUE(roster.name(3, "Alan"));
    EXPECT_EQ(roster.find(3)->name, "Alan");
    EXPECT_FALSE(roster.name(4, "Alan"));
}

TEST(Roster, DropsOldTracks) {
    Roster roster(3);
    for (unsigned id = 1; id <= 5; ++id) {
        visit(roster, id, 100 * id);
    }
    EXPECT_THAT(ids(roster.past()), ElementsAre(5, 4, 3));
    roster.dropBefore(402);
    EXPECT_THAT(ids(roster.past()), ElementsAre(5, 4));
    roster.dropBefore(403);
    EXPECT_THAT(ids(roster.past()), ElementsAre(5));
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
//
// One person has one track and one track is one person, whatever keys upstream gives and whoever replaces whom.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "core/pipeline.hpp"
#include "scripted.hpp"
#include "tiny_onnx.hpp"

namespace {

using drgan::Event;
using drgan::Face;
using drgan::millisecond;
using drgan::Pipeline;
using testing::IsEmpty;

struct Person {
    int who;
    float x;
    std::optional<drgan::Key> key{};
};

class WhoIsWho : public testing::Test {
protected:
    void SetUp() override {
        options.trackTimeout = 2000 * millisecond;
        options.detectInterval = 0;
        options.frontals = false;
        Pipeline::Models models;
        models.encoder = encoder;
        models.decoder = cv::drgan::Decoder::create(drgan_test::tinyDecoder());
        models.matchThreshold = 0.3F;
        models.gallery = gallery;
        pipeline = std::make_unique<Pipeline>(std::move(models), options);
    }

    /// A frame in which upstream reports each person's face. @return the id at each place; -1: none
    std::vector<int> see(const std::vector<Person>& people, bool mayInfer = true) {
        cv::Mat picture(240, 640, CV_8UC3, cv::Scalar::all(90));
        std::vector<Face> faces;
        for (const auto& p : people) {
            const cv::Rect place(cvRound(p.x) - 20, 60, side + 40, side + 40);
            drgan_test::drawPerson(p.who, place.size()).copyTo(picture(place));
            Face f;
            f.box = {p.x, 80, side, side};
            f.score = 1;
            f.key = p.key;
            f.externalSlot = static_cast<int>(faces.size());
            faces.push_back(f);
        }
        last = pipeline->process({drgan::PixelLayout::bgr, {picture}, {}}, now, faces, mayInfer);
        std::vector<int> ids(people.size(), -1);
        for (const auto& t : last.tracks) {
            if (t.slot >= 0) {
                ids[static_cast<size_t>(t.slot)] = t.id;
                shown[people[static_cast<size_t>(t.slot)].who].insert(t.id);
            }
        }
        names.assign(people.size(), "");
        for (const auto& t : last.tracks) {
            if (t.slot >= 0) {
                names[static_cast<size_t>(t.slot)] = t.label;
            }
        }
        events.insert(events.end(), last.events.begin(), last.events.end());
        now += 40 * millisecond;
        return ids;
    }

    std::vector<int> see(int frames, const std::vector<Person>& people) {
        std::vector<int> ids;
        for (int i = 0; i < frames; ++i) {
            ids = see(people);
        }
        return ids;
    }

    /// The people in a template: each person's pictures lie on an axis of their own.
    static std::set<int> peopleIn(const cv::Mat& embedding) {
        std::set<int> out;
        for (int i = 0; i < 8; ++i) {
            if (i != 6 && !embedding.empty() && std::abs(embedding.at<float>(i)) > 1e-4F) {
                out.insert(i);
            }
        }
        return out;
    }

    void expectPureTemplates() {
        const auto ended = pipeline->finish();
        events.insert(events.end(), ended.begin(), ended.end());
        for (const auto& e : events) {
            EXPECT_LE(peopleIn(e.track.embedding).size(), 1U) << "track " << e.track.id;
        }
    }

    const drgan::TrackInfo& track(int id) const {
        return *std::find_if(last.tracks.begin(), last.tracks.end(), [&](const auto& t) { return t.id == id; });
    }

    static constexpr float side = 60;
    Pipeline::Options options;
    cv::Ptr<drgan_test::ColourEncoder> encoder = cv::makePtr<drgan_test::ColourEncoder>();
    cv::Ptr<cv::drgan::Gallery> gallery;
    std::unique_ptr<Pipeline> pipeline;
    Pipeline::Result last;
    std::map<int, std::set<int>> shown;  ///< ids of each person
    std::vector<std::string> names;      ///< on the newest frame
    std::vector<Event> events;
    drgan::Time now = 0;
};

// As from DL Streamer: only boxes, with new ids on every frame (which the core does not even get).
TEST_F(WhoIsWho, FacesWithoutKeysAreFollowedAndFused) {
    options.encodeInterval = options.refreshInterval = 0;
    pipeline->setOptions(options);
    see(30, {{0, 50}, {1, 300}});
    EXPECT_EQ(shown[0], std::set<int>{1});
    EXPECT_EQ(shown[1], std::set<int>{2});
    EXPECT_EQ(track(1).images, 30);
    EXPECT_EQ(track(2).images, 30);
    expectPureTemplates();
}

TEST_F(WhoIsWho, AKeyThatChangesOnEveryFrameChangesNothing) {
    for (drgan::Key i = 0; i < 30; ++i) {
        see({{0, 50, 1000 + 2 * i}, {1, 300, 1001 + 2 * i}});
    }
    EXPECT_EQ(shown[0], std::set<int>{1});
    EXPECT_EQ(shown[1], std::set<int>{2});
    EXPECT_EQ(track(1).key, 1058U);
    expectPureTemplates();
}

// More faces than are encoded on one frame.
TEST_F(WhoIsWho, KeysThatAllChangeAtOnceChangeNothing) {
    const auto all = [](drgan::Key first) {
        std::vector<Person> out;
        for (int i = 0; i < drgan_test::people; ++i) {
            out.push_back({i, 20.F + 103 * static_cast<float>(i), first + static_cast<drgan::Key>(i)});
        }
        return out;
    };
    const auto before = see(10, all(1));
    EXPECT_EQ(see(5, all(100)), before);
    std::set<int> alive;
    for (const auto& e : events) {
        if (e.kind == Event::Kind::created) {
            alive.insert(e.track.id);
        } else if (e.kind == Event::Kind::lost) {
            EXPECT_EQ(alive.erase(e.track.id), 1U);
            EXPECT_EQ(e.track.images, 0);
        }
    }
    EXPECT_EQ(alive.size(), before.size());
    expectPureTemplates();
}

TEST_F(WhoIsWho, AKeyThatEqualsAnIdOfOursIsAnotherFace) {
    see({{0, 50}});
    see(30, {{0, 50}, {1, 300, 1}});
    see(10, {{0, 50}, {1, 300, 2}});
    EXPECT_EQ(shown[0], std::set<int>{1});
    EXPECT_EQ(shown[1], std::set<int>{2});
    EXPECT_FALSE(track(1).key.has_value());
    expectPureTemplates();
}

TEST_F(WhoIsWho, AKeyOfTwoFacesIsNobodys) {
    see(30, {{0, 50, 7}, {1, 300, 7}});
    EXPECT_EQ(shown[0], std::set<int>{1});
    EXPECT_EQ(shown[1], std::set<int>{2});
    see(2, {{0, 50, 7}});  // one of them leaves, the other keeps the key
    EXPECT_EQ(shown[0], std::set<int>{1});
    expectPureTemplates();
}

TEST_F(WhoIsWho, AKeyThatIsUsedAgainIsAnotherPerson) {
    see(10, {{0, 50, 7}});
    see(20, {});
    EXPECT_EQ(see({{1, 300, 7}}).at(0), 2) << "the first person could still come back";
    see(9, {{1, 300, 7}});
    see(100, {});
    see(10, {{2, 300, 7}});
    EXPECT_EQ(shown[0], std::set<int>{1});
    EXPECT_EQ(shown[1], std::set<int>{2});
    EXPECT_EQ(shown[2], std::set<int>{3});
    expectPureTemplates();
}

TEST_F(WhoIsWho, AKeyThatIsHandedOnIsAnotherPerson) {
    see(10, {{0, 50, 7}});
    EXPECT_EQ(see({{1, 50, 7}}).at(0), 2) << "immediately";
    see(10, {{1, 50, 7}});
    EXPECT_EQ(see({{0, 50, 7}}).at(0), 1) << "a person who comes back within the timeout is recognised";
    expectPureTemplates();
}

TEST_F(WhoIsWho, KeysThatAreSwappedStayWithThePeople) {
    see(10, {{0, 50, 7}, {1, 300, 8}});
    see(10, {{0, 50, 8}, {1, 300, 7}});
    EXPECT_EQ(shown[0], std::set<int>{1});
    EXPECT_EQ(shown[1], std::set<int>{2});
    EXPECT_EQ(track(1).key, 8U);
    expectPureTemplates();
}

TEST_F(WhoIsWho, ACutEndsTheTrackAtOnce) {
    for (int who = 0; who < 5; ++who) {
        for (int i = 0; i < 25; ++i) {
            EXPECT_EQ(see({{who, 50}}).at(0), who + 1) << "frame " << i;
        }
    }
    EXPECT_EQ(track(5).firstSeen, 100 * 40 * millisecond);
    expectPureTemplates();
    std::map<int, int> lost;
    for (const auto& e : events) {
        if (e.kind == Event::Kind::lost) {
            ++lost[e.track.id];
            EXPECT_GE(e.track.images, 1);
            EXPECT_EQ(peopleIn(e.track.embedding), std::set<int>{e.track.id - 1});
        }
    }
    EXPECT_EQ(lost, (std::map<int, int>{{1, 1}, {2, 1}, {3, 1}, {4, 1}, {5, 1}}));
}

TEST_F(WhoIsWho, AFlashOfSomebodyElseLeavesNothing) {
    see(10, {{0, 50}});
    see(1, {{1, 50}});
    see(10, {{0, 50}});
    EXPECT_EQ(shown[0], std::set<int>{1});
    expectPureTemplates();
}

// The encoder sees a hand: a different embedding, but a low confidence.
TEST_F(WhoIsWho, AHandBeforeTheFaceSplitsNothing) {
    options.encodeInterval = options.refreshInterval = 0;
    pipeline->setOptions(options);
    see(10, {{0, 50}});
    const int images = track(1).images;
    see(30, {{-1, 50}});
    EXPECT_EQ(shown[-1], std::set<int>{1});
    EXPECT_EQ(track(1).images, images) << "the hand was not fused";
    see(10, {{0, 50}});
    EXPECT_EQ(shown[0], std::set<int>{1});
    EXPECT_GT(track(1).images, images);
    expectPureTemplates();
}

TEST_F(WhoIsWho, WhoComesBackIsKnownByTheFaceAndNotByThePlace) {
    see(10, {{0, 50}});
    see(20, {});
    EXPECT_EQ(see({{1, 50}}).at(0), 2);
    see(20, {});
    EXPECT_EQ(see({{0, 300}}).at(0), 1);
    expectPureTemplates();
}

TEST_F(WhoIsWho, NothingOfALateFrameIsDrawn) {
    options.frontals = true;
    options.encodeInterval = options.refreshInterval = 0;
    options.updateThreshold = 1000;  // so the view is not drawn again
    pipeline->setOptions(options);
    see(10, {{0, 50}});
    now += 3000 * millisecond;
    see({}, false);
    ASSERT_EQ(last.events.size(), 1U);
    EXPECT_EQ(last.events[0].kind, Event::Kind::lost);
    EXPECT_FALSE(last.report.times[static_cast<size_t>(drgan::Stage::decode)].has_value());
}

class OneName : public WhoIsWho {
protected:
    OneName() {
        options.updateThreshold = 1000;
        options.encodeInterval = options.refreshInterval = 0;
        gallery = cv::drgan::Gallery::createEmpty(8, "tiny");
        cv::Mat ann(1, 8, CV_32F, cv::Scalar(0));
        ann.at<float>(0) = 1;
        ann.at<float>(1) = 0.6F;  // person 1 is similar to her, too, but less so
        gallery->add("Ann", ann, 1);
    }
    std::vector<std::string> news() {
        std::vector<std::string> out;
        for (const auto& e : last.events) {
            out.push_back(std::to_string(e.track.id) + " " + e.track.label);
        }
        return out;
    }
};

TEST_F(OneName, IsTheirsWhoAreMostAlike) {
    see(3, {{1, 50}});
    EXPECT_EQ(names.at(0), "Ann");
    see({{1, 50}, {0, 300}});
    EXPECT_EQ(names, (std::vector<std::string>{"", "Ann"}));
    EXPECT_THAT(news(), testing::IsSupersetOf({"1 ", "2 Ann"}));
    for (int i = 0; i < 20; ++i) {
        see({{1, 50}, {0, 300}});
        EXPECT_EQ(names, (std::vector<std::string>{"", "Ann"}));
        EXPECT_THAT(news(), IsEmpty()) << "the name does not flicker";
    }
    see(60, {{1, 50}});  // the better match has left
    EXPECT_EQ(names.at(0), "Ann");
}

TEST_F(OneName, OfTwoWhoAreAlikeGoesToTheFirst) {
    for (int i = 0; i < 20; ++i) {
        see({{0, 50}, {0, 300}});
        EXPECT_EQ(names, (std::vector<std::string>{"Ann", ""})) << "frame " << i;
    }
    see(60, {{0, 300}});
    EXPECT_EQ(names.at(0), "Ann");
    see(20, {{0, 50}, {0, 300}});
    EXPECT_EQ(names, (std::vector<std::string>{"", "Ann"})) << "the track that has the name keeps it";
}

TEST_F(OneName, IsNotShownWhileItIsNotKnownWhoIsThere) {
    see(5, {{0, 50}});
    ASSERT_EQ(names.at(0), "Ann");
    see(4, {{-1, 50}});
    EXPECT_EQ(names.at(0), "Ann");
    see(4, {{-1, 50}});
    EXPECT_EQ(names.at(0), "");
    see(1, {{0, 50}});
    EXPECT_EQ(names.at(0), "Ann");
}

TEST_F(OneName, IsNoStrangers) {
    see(5, {{0, 50}});
    EXPECT_EQ(names.at(0), "Ann");
    see(1, {{2, 50}});
    EXPECT_EQ(names.at(0), "");
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
//
// The pipeline with an aligner: which faces are followed, when the detector runs, which id a face keeps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>

#include "core/pipeline.hpp"
#include "pictures.hpp"
#include "scripted.hpp"
#include "tiny_onnx.hpp"

namespace {

using drgan::Event;
using drgan::Face;
using drgan::millisecond;
using drgan::Pipeline;

// People at given places in a picture, each drawn in their own colour, which the tiny encoder distinguishes.
class FollowingTest : public testing::Test {
protected:
    struct Person {
        int who;
        float x, y;
        float score = 0.95F;  // the aligner's
    };

    void SetUp() override {
        Pipeline::Models models;
        models.encoder = encoder;
        models.decoder = cv::drgan::Decoder::create(drgan_test::tinyDecoder(), models.encoder);
        models.matchThreshold = 0.5F;
        models.finder = finder;
        models.aligner = aligner;
        options.detectInterval = 25;
        options.trackTimeout = 2000 * millisecond;
        options.encodeInterval = 80 * millisecond;
        options.refreshInterval = 80 * millisecond;
        pipeline = std::make_unique<Pipeline>(std::move(models), options);
    }

    static Face face(float x, float y) {
        Face f;
        f.box = {x, y, side, side};
        f.score = 0.9F;
        return f;
    }

    static cv::Scalar colour(int who) { return who == 0 ? cv::Scalar(0, 255, 0) : cv::Scalar(0, 0, 255); }

    static std::vector<unsigned char> encoderBytes() {
        drgan_test::TinyOptions o;
        o.seed = 4;  // tells green from red
        return drgan_test::tinyEncoder(o);
    }

    /// Earlier people cover later ones. @param detected whether the detector detects them if it runs
    Pipeline::Result step(const std::vector<Person>& people, bool detected = true,
                          const std::vector<Face>& upstream = {}, bool mayInfer = true) {
        picture.setTo(cv::Scalar::all(90));
        aligner->faces.clear();
        finder->faces.clear();
        for (size_t i = people.size(); i-- > 0;) {
            const cv::Rect whole(cvRound(people[i].x) - margin, cvRound(people[i].y) - margin, side + 2 * margin,
                                 side + 2 * margin);
            picture(whole & cv::Rect({}, picture.size())).setTo(colour(people[i].who));
        }
        for (size_t i = 0; i < people.size(); ++i) {
            Face f = face(people[i].x, people[i].y);
            f.score = people[i].score;
            // A covered face cannot be detected.
            const bool covered =
                std::any_of(people.begin(), people.begin() + static_cast<std::ptrdiff_t>(i),
                            [&](const Person& other) { return drgan::iou(f.box, face(other.x, other.y).box) > 0.15F; });
            if (!covered) {
                aligner->faces.push_back(f);
                if (detected) {
                    finder->faces.push_back(face(people[i].x, people[i].y));
                }
            }
        }
        const drgan::FrameView view(drgan::PixelLayout::bgr, {picture}, {});
        auto result = pipeline->process(view, frame++ * 40 * millisecond, upstream, mayInfer);
        events.insert(events.end(), result.events.begin(), result.events.end());
        return result;
    }

    /// The id of the track at a place; -1: none
    static int idAt(const Pipeline::Result& result, float x, float y) {
        for (const auto& t : result.tracks) {
            if (drgan::iou(t.box, face(x, y).box) > 0.5F) {
                return t.id;
            }
        }
        return -1;
    }

    int count(Event::Kind kind) const {
        return static_cast<int>(
            std::count_if(events.begin(), events.end(), [&](const Event& e) { return e.kind == kind; }));
    }

    static constexpr int side = 60;   // a face's size
    static constexpr int margin = 4;  // its colour extends beyond it by this
    Pipeline::Options options;
    cv::Ptr<cv::drgan::Encoder> encoder = cv::drgan::Encoder::create(encoderBytes());
    cv::Ptr<drgan_test::ScriptedFinder> finder = cv::makePtr<drgan_test::ScriptedFinder>();
    cv::Ptr<drgan_test::ScriptedAligner> aligner = cv::makePtr<drgan_test::ScriptedAligner>();
    std::unique_ptr<Pipeline> pipeline;
    cv::Mat picture = cv::Mat(240, 320, CV_8UC3);  // a size at which the detector works on whole pixels
    std::vector<Event> events;
    int frame = 0;
};

TEST_F(FollowingTest, TheTestsPeopleCanBeToldApart) {
    cv::Mat e[2];
    for (int who = 0; who < 2; ++who) {
        float confidence = 0;
        cv::Mat crop;
        encoder->alignCrop(cv::Mat(side, side, CV_8UC3, colour(who)), cv::Mat(cv::Vec4i(0, 0, side, side)), crop);
        encoder->feature(crop, e[who], confidence);
    }
    EXPECT_LT(encoder->match(e[0], e[1]), 0);
}

TEST_F(FollowingTest, AMovingFaceIsFollowedWithFewDetections) {
    for (int i = 0; i < 101; ++i) {
        const float x = 20 + 2.F * static_cast<float>(i);
        const auto result = step({{0, x, 80}});
        ASSERT_EQ(result.tracks.size(), 1U) << "frame " << i;
        EXPECT_NEAR(result.tracks[0].box.x, x, 1) << "frame " << i;
        EXPECT_EQ(result.tracks[0].id, 1);
    }
    EXPECT_EQ(finder->calls, 5);  // frames 0, 25, 50, 75, 100
}

TEST_F(FollowingTest, LooksAtOnceForALostFaceAndOftenWhereNothingIsFollowed) {
    for (int i = 0; i < 10; ++i) {
        step({{0, 100, 80}});
    }
    EXPECT_EQ(finder->calls, 1);
    step({});
    EXPECT_EQ(finder->calls, 2);
    for (int i = 0; i < 12; ++i) {
        step({});
    }
    EXPECT_LE(finder->calls, 7);  // not on every frame
    bool found = false;
    for (int i = 0; i < 5; ++i) {
        found = !step({{0, 200, 80}}).tracks.empty();
    }
    EXPECT_TRUE(found);  // well before the next regular detection after 25 frames
}

TEST_F(FollowingTest, AFindThatTheAlignerDoubtsIsNoTrack) {
    for (int i = 0; i < 30; ++i) {
        EXPECT_TRUE(step({{0, 100, 80, 0.3F}}).tracks.empty());
    }
    EXPECT_GE(finder->calls, 2);
    EXPECT_EQ(step({}, true, {face(100, 80)}).tracks.size(), 0U);  // nor is upstream's face tracked
    EXPECT_EQ(count(Event::Kind::created), 0);
}

TEST_F(FollowingTest, UpstreamsFacesGetLandmarksAndGoOnWhileTheyAreDoubted) {
    Face upstream = face(98, 82);
    upstream.externalSlot = 0;
    const auto result = step({{0, 100, 80}}, true, {upstream});
    ASSERT_EQ(result.tracks.size(), 1U);
    EXPECT_FLOAT_EQ(result.tracks[0].box.x, 98);
    EXPECT_EQ(result.tracks[0].slot, 0);
    EXPECT_EQ(result.tracks[0].images, 1);
    frame += 10;
    const auto turned = step({{0, 100, 80, 0.2F}}, true, {upstream});
    ASSERT_EQ(turned.tracks.size(), 1U);
    EXPECT_EQ(turned.tracks[0].images, 1);  // a doubted face is not encoded
    // Between upstream's frames the aligner follows, and no detector runs.
    const auto between = step({{0, 106, 80}});
    ASSERT_EQ(between.tracks.size(), 1U);
    EXPECT_NEAR(between.tracks[0].box.x, 106, 1);
    EXPECT_EQ(between.tracks[0].slot, -1);
    EXPECT_EQ(finder->calls, 0);
}

TEST_F(FollowingTest, WithoutDetectorFacesEndAfterUpstreamHasStopped) {
    options.detectInterval = 0;
    pipeline->setOptions(options);
    step({{0, 100, 80}}, true, {face(100, 80)});
    size_t tracked = 0;
    for (int i = 0; i < 150; ++i) {
        tracked += step({{0, 100, 80}}).tracks.size();
    }
    EXPECT_GE(tracked, 50U);   // for the timeout
    EXPECT_LE(tracked, 110U);  // at most another timeout longer
    EXPECT_EQ(count(Event::Kind::lost), 1);
}

TEST_F(FollowingTest, AFaceLostForAWhileKeepsItsId) {
    for (int i = 0; i < 10; ++i) {
        step({{0, 60, 80}});
    }
    for (int i = 0; i < 30; ++i) {
        step({});
    }
    int id = -1;
    for (int i = 0; i < 6; ++i) {
        id = idAt(step({{0, 200, 100}}), 200, 100);
    }
    EXPECT_EQ(id, 1);
    EXPECT_EQ(count(Event::Kind::created), 1);
    EXPECT_EQ(count(Event::Kind::lost), 0);
}

// Person 0 moves right in front of person 1, who moves left. Both tracks meet on person 0's face, and whichever stays
// there, both people have their own ids at the end.
class CrossingTest : public FollowingTest, public testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(EitherInFront, CrossingTest, testing::Values(0, 1));

TEST_P(CrossingTest, SwapsNoIds) {
    std::set<int> ids;
    const int front = GetParam();
    Pipeline::Result last;
    int before[2] = {-1, -1};
    for (int i = 0; i < 70; ++i) {
        const float x = 4 * static_cast<float>(i) - 30;
        const std::vector<Person> people = {{front, front == 0 ? x : 250 - x, 80},
                                            {1 - front, front == 0 ? 250 - x : x, 80}};
        if (x < 0 || x > 250) {
            continue;
        }
        last = step(people);
        for (const auto& t : last.tracks) {
            ids.insert(t.id);
        }
        if (x <= 20) {
            before[0] = idAt(last, x, 80);
            before[1] = idAt(last, 250 - x, 80);
        }
        for (size_t a = 0; a < last.tracks.size(); ++a) {
            for (size_t b = 0; b < a; ++b) {
                EXPECT_LE(drgan::iou(last.tracks[a].box, last.tracks[b].box), 0.4F) << "frame " << i;
            }
        }
    }
    ASSERT_NE(before[0], -1);
    ASSERT_NE(before[1], -1);
    EXPECT_EQ(idAt(last, 246, 80), before[0]);
    EXPECT_EQ(idAt(last, 4, 80), before[1]);
    EXPECT_EQ(ids.size(), 2U);
}

TEST_F(FollowingTest, IdsThatWereSwappedAreSwappedBack) {
    for (int i = 0; i < 10; ++i) {
        step({{0, 40, 80}, {1, 100, 80}});
    }
    const auto before = step({{0, 40, 80}, {1, 86, 80}});
    const int left = idAt(before, 40, 80);
    const int right = idAt(before, 86, 80);
    for (int i = 0; i < 3; ++i) {
        step({{1, 40, 80}, {0, 86, 80}});  // they change places in one frame
    }
    Pipeline::Result last;
    for (int i = 0; i < 5; ++i) {
        last = step({{1, 20, 80}, {0, 110, 80}});
    }
    EXPECT_EQ(idAt(last, 110, 80), left);
    EXPECT_EQ(idAt(last, 20, 80), right);
}

TEST_F(FollowingTest, HostileUpstreamBoxesChangeNothing) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    std::vector<Face> upstream = {face(100, 80)};
    for (const cv::Rect2f box : {cv::Rect2f(nan, 0, 50, 50), cv::Rect2f(0, 0, nan, 50), cv::Rect2f(-5e6F, 0, 1e7F, 90),
                                 cv::Rect2f(300, 200, 900000, 900000), cv::Rect2f(0, 0, 50, 0.2F),
                                 cv::Rect2f(-900, -900, 30, 30), cv::Rect2f(0, 0, -50, -50)}) {
        Face f;
        f.box = box;
        upstream.push_back(f);
    }
    for (int i = 0; i < 3; ++i) {
        const auto result = step({{0, 100, 80}}, true, upstream);
        ASSERT_EQ(result.tracks.size(), 1U);
        EXPECT_EQ(result.tracks[0].id, 1);
    }
}

TEST_F(FollowingTest, WithoutTimeForNetworksNothingNewBegins) {
    EXPECT_TRUE(step({{0, 100, 80}}, true, {face(100, 80)}, false).tracks.empty());
    EXPECT_EQ(aligner->calls, 0);
    EXPECT_EQ(step({{0, 100, 80}}, true, {face(100, 80)}).tracks.size(), 1U);
    EXPECT_EQ(step({{0, 100, 80}}, true, {face(100, 80)}, false).tracks.size(), 1U);
    EXPECT_EQ(step({{0, 100, 80}}, true, {}, false).tracks.size(), 1U);
}

TEST_F(FollowingTest, AsksTheAlignerAboutABoundedNumberOfUpstreamsBoxes) {
    options.maxFaces = 3;
    pipeline->setOptions(options);
    std::vector<Face> upstream(10000, face(10, 10));
    for (auto& f : upstream) {
        f.box.width = f.box.height = 30;
    }
    upstream[7777] = face(200, 100);  // the largest face
    const auto result = step({{0, 200, 100}}, false, upstream);
    EXPECT_LE(aligner->rows, 4 * options.maxFaces);
    EXPECT_EQ(idAt(result, 200, 100), 1);
}

}  // namespace
